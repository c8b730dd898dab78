/* What the lab tells: as text while it happens, or as one JSON document at the end. */
#include "lab/lab_internal.h"

#include "base/term.h"

#include <stdio.h>
#include <string.h>

static bool prints(const mu_lab *lab)
{
    return !lab->options->json && !lab->options->quiet;
}

static void note(mu_lab *lab, json_t *entry)
{
    json_array_append_new(lab->steps, entry);
}

static void styled(mu_style style, const char *text)
{
    fputs(mu_style_on(stdout, style), stdout);
    fputs(text, stdout);
    fputs(mu_style_off(stdout), stdout);
}

static void field(const char *name, const char *text)
{
    if (text && *text)
        printf("   %-10s %s\n", name, text);
}

void mu_lab_say_begin(const mu_lab *lab)
{
    if (prints(lab))
        printf("Commands run in \"%s\", with MUTUAL_STORE_PASSWORD=" MU_LAB_PASSWORD ". To repeat one by hand, do the same.\n",
               lab->options->dir);
}

void mu_lab_say_title(mu_lab *lab, const char *title)
{
    lab->title = title;
    if (!prints(lab))
        return;
    printf("\n%d. ", ++lab->title_count);
    styled(MU_STYLE_BOLD, title);
    putchar('\n');
    fflush(stdout);
}

void mu_lab_say_command(mu_lab *lab, const char *command)
{
    if (lab->options->json)
        note(lab, json_pack("{s:s, s:s*, s:o}", "kind", "command", "title", lab->title, "command", mu_json_text(command)));
    if (!prints(lab))
        return;
    fputs("   $ ", stdout);
    styled(MU_STYLE_DIM, command);
    putchar('\n');
    fflush(stdout);
}

void mu_lab_say_step(mu_lab *lab, const mu_lab_step *step, const char *command, const char *otherwise, bool kept)
{
    if (step->title)
        mu_lab_say_title(lab, step->title);
    note(lab, json_pack("{s:s, s:s*, s:s, s:s, s:s, s:o, s:o, s:b}", "kind", "file", "title", lab->title, "makes", step->makes, "loaded_by",
                        step->loaded_by, "proves", step->proves, "command", mu_json_text(command), "otherwise", mu_json_text(otherwise),
                        "kept", kept));
    if (!prints(lab))
        return;
    printf("\n   %-10s %s%s\n", "makes", step->makes, kept ? " (kept from the last time)" : "");
    field("loaded by", step->loaded_by);
    field("proves", step->proves);
    fputs("   $ ", stdout);
    styled(MU_STYLE_DIM, command);
    printf("\n   or: %s\n", step->otherwise ? otherwise : "the JDK's keytool, in the same words");
    fflush(stdout);
}

/* Lines of another program, indented; empty ones are left out. */
static void print_lines(const char *text)
{
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        if (len)
            printf("   %.*s\n", (int)len, text);
    }
}

void mu_lab_say_run(mu_lab *lab, const char *title, const char *proves, const mu_lab_seen *seen)
{
    lab->run_count++;
    lab->failed_count += seen->why_not != NULL;
    note(lab, json_pack("{s:s, s:s*, s:s, s:o, s:o, s:o, s:o, s:i, s:o, s:O*}", "kind", "run", "title", lab->title, "run", title, "command",
                        mu_json_text(seen->command), "client", mu_json_text(seen->client_line), "jvm", mu_json_text(seen->jvm_line),
                        "server", mu_json_text(seen->server_line), "exit_status", seen->exit_status, "unexpected",
                        mu_json_text(seen->why_not), "trace", seen->trace));
    if (lab->options->json || (lab->options->quiet && !seen->why_not))
        return;
    printf("\n   %s%s%s\n   $ mutual get%s ", title, proves ? ": " : "", proves ? proves : "", lab->options->trace);
    styled(MU_STYLE_DIM, seen->command);
    putchar('\n');
    if (seen->ladder)
        print_lines(seen->ladder);
    field("client", seen->client_line);
    field("a JVM", seen->jvm_line);
    field("server", seen->server_said);
    fputs("   ", stdout);
    styled(seen->why_not ? MU_STYLE_BAD : MU_STYLE_GOOD, seen->why_not ? "not as it should be" : "as it should be");
    printf("%s%s\n", seen->why_not ? ": " : "", seen->why_not ? seen->why_not : "");
    fflush(stdout);
}

int mu_lab_say_end(mu_lab *lab, mu_err **err)
{
    if (lab->options->json)
        return mu_json_print(stdout,
                             json_pack("{s:s, s:s, s:i, s:i, s:i, s:O}", "verdict", lab->failed_count ? "fail" : "ok", "dir",
                                       lab->options->dir, "port", lab->port, "runs", lab->run_count, "failed", lab->failed_count, "steps",
                                       lab->steps),
                             err);
    if (lab->failed_count == 0)
        printf("%s%d of %d runs came out as they should. The four stores are in \"%s\", password " MU_LAB_PASSWORD ".\n",
               lab->options->quiet ? "" : "\n", lab->run_count, lab->run_count, lab->options->dir);
    return 0;
}
