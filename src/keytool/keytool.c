#include "keytool/keytool.h"
#include "base/clock.h"
#include "base/term.h"
#include "cli/cli.h"
#include "keytool/kt.h"

#include <stdlib.h>
#include <string.h>

/* The JDK writes its errors to stdout. Only our own texts have line breaks in them (the list of an ambiguous word). */
static void print_thrown(const mu_kt *kt)
{
    char *text = mu_strdup(kt->thrown), *save = NULL;
    fputs("keytool error: ", stdout);
    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        mu_kt_show(stdout, line);
        fputc('\n', stdout);
    }
    free(text);
    fflush(stdout);
}

/* Under -v with the places in mutual's source, where the JDK has its stack trace. */
static void explain(const mu_kt *kt)
{
    mu_err_print(stderr, kt->err);
    for (const mu_err *e = mu_kt_is_set(kt, MU_KT_VERBOSE) ? kt->err : NULL; e; e = e->cause)
        if (e->file)
            fprintf(stderr, "  where:  %s:%d\n", e->file, e->line);
}

static int finish(mu_kt *kt, int rc)
{
    const char *plain = mu_kt_property(kt, "mutual.plain");

    if (rc != 0 && kt->err)
        mu_cli_blame_memory(&kt->err);
    if (rc != 0 && kt->err && !kt->thrown && kt->status < 0)
        mu_kt_throw_err(kt, MU_KT_EXCEPTION);
    if (kt->thrown)
        print_thrown(kt);
    else
        mu_kt_advise_pkcs12(kt);
    if (kt->last_warning && !kt->thrown)
        mu_kt_warn(kt, "%s", kt->last_warning);
    mu_kt_print_warnings(kt, false);
    if (kt->err && !(plain && strcasecmp(plain, "true") == 0))
        explain(kt);
    if (fflush(stdout) != 0) /* a full disk must not look like success */
        return 1;
    return rc == 0 ? 0 : kt->status;
}

void mu_kt_done(mu_kt *kt)
{
    for (int i = 0; i < MU_KT_SLOT_COUNT; i++)
        mu_kt_wipe(kt->value[i]);
    mu_strlist_free(&kt->ext);
    mu_strlist_free(&kt->ids);
    mu_strlist_free(&kt->properties);
    mu_strlist_free(&kt->security);
    mu_strlist_free(&kt->providers);
    mu_strlist_free(&kt->warnings);
    mu_store_free(kt->store);
    mu_store_free(kt->cacerts);
    free(kt->store_file);
    free(kt->shown_type);
    free(kt->last_warning);
    free(kt->thrown);
    mu_err_free(kt->err);
}

int mu_keytool_main(int argc, char **argv)
{
    mu_kt kt = {.now_ms = mu_now_ms(), .status = -1};
    int rc = mu_kt_args(&kt, argc, argv);
    if (rc == 0)
        rc = mu_kt_check(&kt);
    if (rc == 0)
        rc = kt.command->run(&kt);
    rc = finish(&kt, rc);
    mu_kt_done(&kt);
    return rc;
}
