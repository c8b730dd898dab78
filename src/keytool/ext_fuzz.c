/*
 * keytool -ext, a line each; the first line also as -dname.
 * Covers: src/keytool/ext.c src/keytool/ext_names.c src/keytool/ext_word.c src/keytool/dname.c
 */
#include "base/fuzzing.h"
#include "keytool/dname.h"
#include "keytool/ext.h"
#include "keytool/print.h"

#include <openssl/evp.h>
#include <string.h>

#define MAX_LINES 8

static EVP_PKEY *key;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    return key ? 0 : -1;
}

static void done(mu_kt *kt)
{
    free(kt->thrown);
    mu_err_free(kt->err);
    mu_strlist_free(&kt->ext);
    mu_strlist_free(&kt->warnings);
}

static void dname(const char *text)
{
    mu_kt kt = {.status = -1};
    X509_NAME *name = NULL;
    if (mu_kt_dname_parse(&kt, text, &name) == 0)
        free(mu_kt_dname_text(name));
    else
        FUZZ_REQUIRE(kt.thrown);
    X509_NAME_free(name);
    done(&kt);
}

static void print(const STACK_OF(X509_EXTENSION) *list)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    mu_kt_print_extensions(out, "Extensions:", list);
    fclose(out);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mu_strndup((const char *)data, size), *rest = text;
    mu_kt kt = {.status = -1};
    STACK_OF(X509_EXTENSION) *list = NULL;
    char *line = text ? strsep(&rest, "\n") : NULL;
    FUZZ_REQUIRE(line);
    dname(line);
    for (int i = 0; line && i < MAX_LINES; i++, line = strsep(&rest, "\n"))
        FUZZ_REQUIRE(mu_strlist_add(&kt.ext, line) == 0);
    if (mu_kt_ext_build(&kt, key, NULL, &list) == 0)
        print(list);
    else
        FUZZ_REQUIRE(kt.thrown);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    done(&kt);
    free(text);
    return 0;
}
