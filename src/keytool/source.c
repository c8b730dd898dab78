/* The key store that -importkeystore reads: opened much like any other, but asked for and refused in words of its own. */
#include "keytool/kt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int mu_kt_source_begin(mu_kt *kt, mu_kt *ret_source)
{
    static const struct {
        mu_kt_slot slot, from;
    } options[] = {{MU_KT_STORE_PASS, MU_KT_SRC_STORE_PASS}, {MU_KT_STORE_TYPE, MU_KT_SRC_STORE_TYPE},
                   {MU_KT_KEY_PASS, MU_KT_SRC_KEY_PASS},     {MU_KT_PROTECTED, MU_KT_SRC_PROTECTED},
                   {MU_KT_KEY_STORE, MU_KT_SRC_KEY_STORE},   {MU_KT_PROVIDER_NAME, MU_KT_SRC_PROVIDER_NAME}};
    *ret_source = (mu_kt){.command = kt->command, .now_ms = kt->now_ms, .libctx = kt->libctx, .status = -1};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *value = mu_kt_get(kt, options[i].from);
        if (value && !(ret_source->value[options[i].slot] = mu_strdup(value)))
            return mu_fail_nomem(&kt->err);
    }
    return mu_kt_get(ret_source, MU_KT_KEY_STORE) ? mu_kt_store_name(ret_source) : 0;
}

void mu_kt_source_blame(mu_kt *kt, mu_kt *source)
{
    if (!source->err && source->status < 0)
        return;
    free(kt->thrown);
    mu_err_free(kt->err);
    kt->thrown = source->thrown;
    kt->err = source->err;
    kt->status = source->status;
    source->thrown = NULL;
    source->err = NULL;
}

/* A token is no file. */
static int check_token(mu_kt *source)
{
    const char *type = mu_kt_get(source, MU_KT_STORE_TYPE), *file = mu_kt_get(source, MU_KT_KEY_STORE);

    if (!type || strcasecmp(type, "PKCS11") != 0 || (file && strcmp(file, "NONE") == 0))
        return 0;
    fputs("-keystore must be NONE if -storetype is PKCS11\n", stderr);
    return mu_kt_usage(source, "%s", "");
}

/* A missing file comes before what is wrong with a type or provider. */
static int check_file(mu_kt *source)
{
    const char *type = mu_kt_get(source, MU_KT_STORE_TYPE);
    bool token = type && strcasecmp(type, "PKCS11") == 0;
    FILE *file = token ? NULL : fopen(source->store_file, "rb");
    mu_buf none;
    int rc = 0;

    if (file)
        fclose(file);
    if (file || token)
        return 0;
    mu_buf_init(&none, 0);
    if (mu_kt_input(source, source->store_file, &none) != 0)
        rc = -1;
    mu_buf_free(&none);
    return rc;
}

/* @param ret_open the type is found out by reading the file, which is then done unless a password is to be asked for */
static int probe(mu_kt *source, mu_store_type type, bool *ret_open)
{
    *ret_open = false;
    if (mu_kt_is_set(source, MU_KT_STORE_TYPE) || mu_kt_is_set(source, MU_KT_PROVIDER_NAME)) {
        if (!source->shown_type && !(source->shown_type = mu_strdup("pkcs12")))
            return mu_fail_nomem(&source->err);
        return 0;
    }
    if (mu_kt_store_read(source, type, mu_kt_get(source, MU_KT_STORE_PASS), &source->store) != 0)
        return -1;
    source->shown_type = mu_strdup(mu_store_type_name(mu_store_get_type(source->store)));
    *ret_open = mu_kt_is_set(source, MU_KT_STORE_PASS) || mu_kt_is_passwordless(source->store);
    return source->shown_type ? 0 : mu_fail_nomem(&source->err);
}

int mu_kt_source_open(mu_kt *source)
{
    mu_store_type type;
    bool is_open;

    if (check_token(source) != 0 || check_file(source) != 0 || mu_kt_provider_name_check(source) != 0 ||
        mu_kt_store_parse_type(source, &type) != 0 || probe(source, type, &is_open) != 0)
        return -1;
    if (!is_open && !mu_kt_is_set(source, MU_KT_STORE_PASS) && !mu_kt_is_set(source, MU_KT_PROTECTED))
        source->value[MU_KT_STORE_PASS] = mu_kt_ask_password("Enter source keystore password:  ");
    mu_kt_drop_key_password(source, MU_KT_KEY_PASS, "-srckeypass");
    if (!is_open) {
        mu_store_free(source->store);
        source->store = NULL;
        if (mu_kt_store_read(source, type, mu_kt_get(source, MU_KT_STORE_PASS), &source->store) != 0)
            return -1;
        if (!mu_kt_is_set(source, MU_KT_STORE_PASS))
            mu_kt_show_unverified("the srckeystore", "the srckeystore password.");
    }
    return 0;
}
