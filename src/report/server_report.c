#include "report/server_report.h"

#include "base/json.h"
#include "base/term.h"
#include "report/store_json.h"
#include "report/store_tree.h"

#include <stdlib.h>

#define SHOWN_ISSUERS 10

static void print_request(FILE *stream, const mu_server_facts *s)
{
    if (!s->cert_requested) {
        fputs("  it asks for no client certificate\n", stream);
        return;
    }
    fprintf(stream, "  it asks for a client certificate%s\n", s->issuers.count ? ", issued by" : " of any issuer");
    for (size_t i = 0; i < s->issuers.count && i < SHOWN_ISSUERS; i++) {
        char *name = mu_clip(s->issuers.items[i], 400);
        fprintf(stream, "    %s\n", name ? name : "");
        free(name);
    }
    if (s->issuers.count > SHOWN_ISSUERS)
        fprintf(stream, "    and %zu more\n", s->issuers.count - SHOWN_ISSUERS);
}

void mu_server_print(FILE *stream, const mu_server_facts *s, int64_t at_s)
{
    char shown[MU_SHOWN_SIZE];
    fprintf(stream, "%s%s%s: ", mu_style_on(stream, MU_STYLE_BOLD), mu_escape_to(shown, s->where), mu_style_off(stream));
    if (s->err) {
        mu_err_print(stream, s->err);
        return;
    }
    fprintf(stream, "%s, %s%s%s\n", s->version, s->cipher ? s->cipher : "no suite", s->group ? ", " : "", s->group ? s->group : "");
    print_request(stream, s);
    fprintf(stream, "  presented, and not judged here:\n");
    mu_chain_tree_print(stream, &s->chain, at_s, 4);
    mu_problems_print(stream, &s->problems, 2);
}

json_t *mu_server_json(const mu_server_facts *s, int64_t at_s)
{
    if (s->err)
        return json_pack("{s:o, s:s, s:o}", "server", mu_json_text(s->where), "state", "unreachable", "error",
                         mu_json_error(s->err));
    json_t *issuers = json_array();
    for (size_t i = 0; i < s->issuers.count; i++)
        json_array_append_new(issuers, mu_json_text(s->issuers.items[i]));
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:{s:b, s:o}, s:o}", "server", mu_json_text(s->where), "state", "read",
                     "version", mu_json_text(s->version), "cipher", mu_json_text(s->cipher), "group", mu_json_text(s->group),
                     "chain", mu_chain_facts_json(&s->chain, at_s), "clientCertificate", "requested", s->cert_requested, "issuers",
                     issuers, "problems", mu_problems_json(&s->problems));
}
