/*
 * Text that people type: distinguished names, subjectAltNames, kinds of keys. What was understood is written, and the text means
 * the same. Covers: src/pki/name.c src/pki/san.c
 */
#include "base/fuzzing.h"
#include "base/text.h"
#include <mutual/pki.h>

#include <string.h>

static void name(const char *text)
{
    X509_NAME *read = NULL, *again = NULL;
    mu_err *err = NULL;
    mu_name_parse_lenient(text, &read, NULL);
    X509_NAME_free(read);
    read = NULL;
    FUZZ_REQUIRE((mu_name_parse(text, &read, &err) == 0) == (err == NULL));
    if (read) {
        char *shown = mu_name_text(read);
        FUZZ_REQUIRE(shown && mu_name_parse(shown, &again, NULL) == 0 && X509_NAME_cmp(read, again) == 0);
        free(shown);
    }
    X509_NAME_free(read);
    X509_NAME_free(again);
    mu_err_free(err);
}

static void san(const char *text)
{
    GENERAL_NAMES *read = NULL, *again = NULL;
    mu_err *err = NULL;
    FUZZ_REQUIRE((mu_san_parse(text, &read, &err) == 0) == (err == NULL));
    if (read) {
        char *shown = mu_san_text(read);
        FUZZ_REQUIRE(shown && mu_san_parse(shown, &again, NULL) == 0 && sk_GENERAL_NAME_num(again) == sk_GENERAL_NAME_num(read));
        free(shown);
    }
    GENERAL_NAMES_free(read);
    GENERAL_NAMES_free(again);
    mu_err_free(err);
}

/* Names that no text of ours leads to: their bytes are shown all the same. */
static void foreign(const uint8_t *data, size_t size)
{
    const unsigned char *p = data;
    GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &p, (long)size);
    p = data;
    X509_NAME *dn = d2i_X509_NAME(NULL, &p, (long)size);
    free(names ? mu_san_text(names) : NULL);
    free(dn ? mu_name_text(dn) : NULL);
    GENERAL_NAMES_free(names);
    X509_NAME_free(dn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mu_strndup((const char *)data, size);
    mu_key_spec spec;
    FUZZ_REQUIRE(text);
    name(text);
    san(text);
    mu_key_spec_parse(text, &spec, NULL);
    foreign(data, size);
    free(text);
    return 0;
}
