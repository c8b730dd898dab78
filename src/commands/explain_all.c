/* docs/causes.md: every cause, with what stacks print for it, from the tables that the doctor reads logs by. */
#include "commands/explain_lookup.h"

#include "diag/log_rules.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_FROM 15 /* percent of the failures with these words that have this cause */

/* The phrase as it is looked for: parts that follow each other have "…" between them. */
static void print_phrase(const char *text)
{
    fputs(" `", stdout);
    for (; *text; text++)
        fputs(*text == '*' ? " … " : (char[]){*text, 0}, stdout);
    fputs("`", stdout);
}

/* One phrase of each stack. */
static void print_says(mu_fact fact)
{
    size_t count;
    const char *before = ":", *stack = NULL;
    const mu_says *says = mu_says_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (says[i].fact != fact || (stack && strcmp(stack, says[i].stack) == 0))
            continue;
        bool shown = false;
        for (size_t j = 0; j < i; j++)
            shown = shown || (says[j].fact == fact && strcmp(says[j].stack, says[i].stack) == 0);
        if (shown)
            continue;
        stack = says[i].stack;
        printf("%s %s", before, *stack ? stack : "several:");
        print_phrase(says[i].text);
        before = ";";
    }
}

static void print_fact(const mu_means *means, const char **last_apart)
{
    const mu_fact_info *fact = mu_fact_info_of(means->fact);
    const char *who = means->printer == MU_CLIENT ? ", at the client" : means->printer == MU_SERVER ? ", at the server" : "";
    printf("- %s%s", fact->meaning, who);
    print_says(means->fact);
    fputc('\n', stdout);
    if (fact->apart && means->percent < 85 && *last_apart != fact->apart)
        printf("  To tell: %s\n", fact->apart);
    *last_apart = fact->apart;
}

/* The fact's row with the highest share that was not taken yet. */
static const mu_means *next_fact(mu_code code, bool *taken)
{
    size_t count;
    const mu_means *means = mu_means_table(&count), *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (means[i].code == code && means[i].percent >= SHOWN_FROM && !taken[means[i].fact] && (!best || means[i].percent > best->percent))
            best = &means[i];
    if (best)
        taken[best->fact] = true;
    return best;
}

static void print_alerts(mu_code code)
{
    size_t count;
    const char *before = "- The other side may get the alert ";
    const mu_alert_info *alerts = mu_alert_table(&count);
    for (size_t i = 0; i < count; i++)
        if (mu_explain_alert_can_mean(alerts[i].alert, code)) {
            printf("%s%s (%d)", before, alerts[i].name, alerts[i].alert);
            before = ", ";
        }
    fputs(*before == ',' ? ".\n" : "", stdout);
}

void mu_explain_print_all(void)
{
    printf("# Causes\n\nPrinted by `mutual explain --all`, from the tables by which `mutual doctor --log` reads logs. Upper and lower case "
           "and punctuation do not\ncount in what is printed; `…` stands for anything.\n");
    for (int c = MU_OK + 1; c < MU_CODE_COUNT; c++) {
        mu_code code = (mu_code)c;
        bool taken[MU_FACT_COUNT] = {false};
        const char *apart = NULL;
        const mu_means *means;
        printf("\n## %s\n\n%s\n\n**Fix:** %s\n\n", mu_code_name(code), mu_code_meaning(code), mu_code_fix(code));
        while ((means = next_fact(code, taken)))
            print_fact(means, &apart);
        print_alerts(code);
        printf("- Exit status of mutual's commands: %d.\n", mu_code_exit_status(code));
    }
}
