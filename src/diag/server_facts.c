#include "diag/server_facts.h"

#include <openssl/ssl.h>
#include <stdlib.h>

static void check_protocol(const mu_probe *p, mu_server_facts *f)
{
    if (p->version < TLS1_2_VERSION)
        mu_problems_add(&f->problems, MU_E_PROTOCOL_VERSION_MISMATCH, false, -1, "its highest version is %s", f->version);
    else if (p->version == TLS1_2_VERSION && !p->renegotiation_secure)
        mu_problems_add(&f->problems, MU_E_LEGACY_RENEGOTIATION, false, -1, "it does not announce RFC 5746");
    if (!p->done && !(p->requested && p->alert >= 0)) {
        mu_err *reason = NULL;
        mu_probe_fail(p, f->where, &reason);
        mu_problems_add(&f->problems, reason->code, false, -1, "after its certificate the handshake failed: %s%s%s", reason->msg,
                        reason->detail ? ": " : "", reason->detail ? reason->detail : "");
        mu_err_free(reason);
    }
}

static void check_name(const char *host, mu_server_facts *f)
{
    bool ip = !mu_is_dns_name(host);
    mu_err *err = NULL;
    if (mu_cert_check_name(f->chain.certs[0].cert, ip ? NULL : host, ip ? host : NULL, &err) != 0 &&
        !mu_problems_have(&f->problems, err->code))
        mu_problems_add(&f->problems, err->code, false, 0, "%s%s%s", err->msg, err->detail ? ": " : "",
                        err->detail ? err->detail : "");
    mu_err_free(err);
}

static int read_issuers(const mu_probe *p, mu_server_facts *f, mu_err **err)
{
    for (int i = 0; i < sk_X509_NAME_num(p->issuers); i++) {
        char *name = mu_name_text(sk_X509_NAME_value(p->issuers, i));
        int rc = name ? mu_strlist_add(&f->issuers, name) : -1;
        free(name);
        if (rc != 0)
            return mu_fail_nomem(err);
    }
    return 0;
}

static char *copy(const char *text)
{
    return text ? mu_strdup(text) : NULL;
}

static int collect(const mu_probe *p, const char *host, int64_t at_s, mu_server_facts *f, mu_err **err)
{
    if (!p->chain) {
        mu_probe_fail(p, f->where, &f->err);
        return 0;
    }
    f->version = mu_strdup(p->version_name);
    f->cipher = copy(p->cipher);
    f->group = copy(*p->group ? p->group : NULL);
    f->cert_requested = p->requested;
    if (!f->version)
        return mu_fail_nomem(err);
    if (mu_chain_facts_read(p->chain, &f->chain, err) != 0 || read_issuers(p, f, err) != 0)
        return -1;
    check_protocol(p, f);
    mu_chain_problems(&f->chain, MU_ROLE_SERVER, at_s, &f->problems);
    check_name(host, f);
    return f->problems.failed ? mu_fail_nomem(err) : 0;
}

int mu_server_facts_read(OSSL_LIB_CTX *libctx, mu_line *line, const char *where, const char *host, int64_t at_s,
                         mu_server_facts *ret, mu_err **err)
{
    const mu_probe_plan plan = {.sni = mu_is_dns_name(host) ? host : NULL, .wide = MU_WIDE};
    mu_probe probe;
    mu_err *reason = NULL;
    int rc = 0;

    *ret = (mu_server_facts){.where = mu_strdup(where)};
    if (!ret->where)
        return mu_fail_nomem(err);
    if (mu_probe_run(libctx, line, &plan, &probe, &reason) == 0)
        rc = collect(&probe, host, at_s, ret, err);
    else if (reason->code == MU_E_USAGE)
        ret->err = reason;
    else
        rc = mu_err_pass(err, reason);
    mu_probe_done(&probe);
    return rc;
}

int mu_server_facts_unreachable(const char *where, mu_err *reason, mu_server_facts *ret, mu_err **err)
{
    *ret = (mu_server_facts){.where = mu_strdup(where), .err = reason};
    return ret->where ? 0 : mu_fail_nomem(err);
}

void mu_server_facts_done(mu_server_facts *facts)
{
    free(facts->where);
    free(facts->version);
    free(facts->cipher);
    free(facts->group);
    mu_err_free(facts->err);
    mu_chain_facts_done(&facts->chain);
    mu_strlist_free(&facts->issuers);
    mu_problems_free(&facts->problems);
    *facts = (mu_server_facts){0};
}
