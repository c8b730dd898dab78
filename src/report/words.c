#include "report/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *mu_entry_kind_word(mu_entry_kind kind)
{
    static const char *const words[] = {[MU_ENTRY_KEY] = "key", [MU_ENTRY_TRUSTED] = "trusted", [MU_ENTRY_SECRET] = "secret"};
    return words[kind];
}

const char *mu_cert_use_word(const mu_cert_facts *cert)
{
    return cert->ca                       ? "CA"
           : cert->server && cert->client ? "server, client"
           : cert->server                 ? "server"
           : cert->client                 ? "client"
                                          : "neither";
}

const char *mu_days_text(int64_t not_after_s, int64_t at_s, char out[64])
{
    int64_t days = mu_days_left(not_after_s, at_s), shown = days < 0 ? -days : days;
    snprintf(out, 64, days < 0 ? "expired %" PRId64 " day%s ago" : "%" PRId64 " day%s left", shown, shown == 1 ? "" : "s");
    return out;
}

const char *mu_protection_text(const mu_protection *protection, const char *absent, char out[160])
{
    if (!protection->present)
        return absent;
    snprintf(out, 160, "%s, %ld iteration%s", *protection->algorithm ? protection->algorithm : "unknown algorithm",
             protection->iterations, protection->iterations == 1 ? "" : "s");
    return out;
}

static const char *roles(bool server, bool client)
{
    return server && client ? "server, client" : server ? "server" : client ? "client" : "nothing";
}

const char *mu_jvm_text(const mu_entry_facts *e, char out[96])
{
    const char *sun = roles(e->server[MU_JVM_SUNX509], e->client[MU_JVM_SUNX509]);
    const char *pkix = roles(e->server[MU_JVM_PKIX], e->client[MU_JVM_PKIX]);
    if (strcmp(sun, pkix) != 0)
        snprintf(out, 96, "SunX509: %s; PKIX: %s", sun, pkix);
    else
        snprintf(out, 96, "%s", strcmp(sun, "nothing") == 0 ? "" : sun);
    return out;
}
