#include "commands/doctor.h"

#include "base/clock.h"
#include "base/ossl.h"
#include "diag/pair_dir.h"
#include "diag/repair.h"
#include "report/ladder.h"

#include <stdlib.h>

static bool side_given(const mu_store_settings *s)
{
    return s->key_store || s->certificate || s->trust_store || s->trust_certificate;
}

bool mu_doctor_stores_given(const mu_doctor_options *o)
{
    return o->dir || side_given(&o->server) || side_given(&o->client);
}

static int check_options(const char *name, const mu_store_settings *s, mu_err **err)
{
    if (s->key_store && s->certificate)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--%s-key-store and --%s-certificate name one identity: give one of them",
                          name, name);
    if (s->trust_store && s->trust_certificate)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "give one of --%s-trust-store and --%s-trust-certificate", name, name);
    if (s->certificate_private_key && !s->certificate)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--%s-certificate-private-key needs --%s-certificate", name, name);
    return 0;
}

/* What the folder has goes where nothing was named; its password where none was given. */
static int look_into_dir(OSSL_LIB_CTX *libctx, const mu_doctor_options *o, mu_store_settings sides[2], mu_strlist *owned,
                         mu_findings *findings, mu_err **err)
{
    if (o->dir && mu_pair_dir_find(libctx, o->dir, o->dir_password, &sides[0], &sides[1], owned, findings, err) != 0)
        return -1;
    for (int i = 0; o->dir && i < 2; i++) {
        mu_store_settings *s = &sides[i];
        if (s->certificate)
            s->key_store = NULL; /* PEM that was named goes before what was found */
        if (s->trust_certificate)
            s->trust_store = NULL;
        if (s->key_store && !s->key_store_password)
            s->key_store_password = o->dir_password;
        if (s->trust_store && !s->trust_store_password)
            s->trust_store_password = o->dir_password;
    }
    return 0;
}

static int examine(const mu_doctor_options *o, mu_pair *pair, mu_findings *findings, mu_store_settings ret_changed[2], mu_err **err)
{
    size_t from = findings->count;
    if (mu_pair_examine(pair, findings, err) != 0)
        return -1;
    return o->fix ? mu_pair_repair(pair, o->fix, mu_now_ms(), from, findings, ret_changed, err) : 0;
}

int mu_doctor_stores(const mu_doctor_options *o, int64_t at_s, mu_findings *findings, mu_store_settings ret_changed[2],
                     mu_err **err)
{
    char *host = o->host ? mu_bare_host(o->host) : NULL;
    mu_pair pair = {.host = host,
                    .at_s = at_s,
                    .server_trust_alias = o->server_trust_alias,
                    .client_trust_alias = o->client_trust_alias};
    mu_store_settings sides[] = {o->server, o->client}; /* borrow everything */
    mu_strlist owned = {0};
    int rc = -1, level = o->trace;

    if (o->host && !host)
        return mu_fail_nomem(err);
    if (o->trace) {
        pair.on_trace = mu_ladder_print;
        pair.on_trace_arg = &level;
    }
    if (check_options("server", &o->server, err) == 0 && check_options("client", &o->client, err) == 0 &&
        mu_ossl_ctx_new(&pair.libctx, err) == 0 && look_into_dir(pair.libctx, o, sides, &owned, findings, err) == 0 &&
        mu_pair_read(&pair, &sides[0], &sides[1], err) == 0)
        rc = examine(o, &pair, findings, ret_changed, err);
    OSSL_LIB_CTX *libctx = pair.libctx;
    mu_pair_done(&pair);
    OSSL_LIB_CTX_free(libctx);
    mu_strlist_free(&owned);
    free(host);
    return rc;
}
