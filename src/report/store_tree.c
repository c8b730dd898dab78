#include "report/store_tree.h"

#include "base/clock.h"
#include "base/term.h"
#include "report/words.h"

#include <stdlib.h>

#define LINE_COLUMNS 400 /* of one text of a certificate: ten thousand names are for --json */

static void print_clipped(FILE *stream, const char *before, const char *text, const char *after)
{
    char *clipped = mu_clip(text, LINE_COLUMNS);
    fprintf(stream, "%s%s%s", before, clipped ? clipped : "", after);
    free(clipped);
}

void mu_problems_print(FILE *stream, const mu_problems *problems, int indent)
{
    for (size_t i = 0; i < problems->count; i++) {
        const mu_problem *p = &problems->items[i];
        fprintf(stream, "%*s%s%s%s [%s]", indent, "", mu_style_on(stream, p->warning ? MU_STYLE_WARN : MU_STYLE_BAD),
                p->warning ? "warning" : "error", mu_style_off(stream), mu_code_name(p->code));
        print_clipped(stream, ": ", p->detail, "\n");
        fprintf(stream, "%*s  fix: %s\n", indent, "", mu_code_fix(p->code));
    }
}

void mu_chain_tree_print(FILE *stream, const mu_chain_facts *chain, int64_t at_s, int indent)
{
    char until[32], days[64];
    for (size_t i = 0; i < chain->count; i++, indent += 2) {
        const mu_cert_facts *c = &chain->certs[i];
        fprintf(stream, "%*s", indent, "");
        print_clipped(stream, i ? "`- " : "", *c->subject ? c->subject : "(no subject)", "\n");
        indent += i == 1 ? 3 : 0; /* below the words, not below the branch */
        fprintf(stream, "%*s  ", indent, "");
        print_clipped(stream, c->self_signed ? "signed by itself" : "issued by ", c->self_signed ? "" : c->issuer, "");
        fprintf(stream, ", until %.10s (%s)\n", mu_time_text(c->not_after_s, until), mu_days_text(c->not_after_s, at_s, days));
        fprintf(stream, "%*s  %s, signed with %s\n", indent, "", c->key, c->signature);
        fprintf(stream, "%*s  for ", indent, "");
        print_clipped(stream, "", mu_cert_use_word(c), " (");
        print_clipped(stream, "keyUsage ", c->key_usage, "; ");
        print_clipped(stream, "extendedKeyUsage ", c->ext_usage, ")\n");
        if (*c->names) {
            fprintf(stream, "%*s  ", indent, "");
            print_clipped(stream, "names ", c->names, "\n");
        }
        indent -= i == 1 ? 3 : 0;
    }
}

static const char *long_kind(mu_entry_kind kind)
{
    return kind == MU_ENTRY_KEY ? "private key" : kind == MU_ENTRY_TRUSTED ? "trusted certificate" : "secret key";
}

static void print_entry(FILE *stream, const mu_entry_facts *e, int64_t at_s)
{
    char shown[MU_SHOWN_SIZE], created[32], text[160];
    fprintf(stream, "  %s%s%s: %s", mu_style_on(stream, MU_STYLE_BOLD), mu_escape_to(shown, e->alias), mu_style_off(stream),
            long_kind(e->kind));
    if (e->created_ms >= 0)
        fprintf(stream, " of %.10s", mu_time_text(e->created_ms / 1000, created));
    if (e->kind != MU_ENTRY_TRUSTED)
        fprintf(stream, "; %s", mu_protection_text(&e->protection, "not encrypted", text));
    fputc('\n', stream);
    if (*mu_jvm_text(e, text))
        fprintf(stream, "    a JVM picks it as %s\n", text);
    if (e->kind == MU_ENTRY_KEY && e->chain.count > 0)
        print_clipped(stream, e->chain.complete ? "    the chain is complete" : "    the chain lacks ",
                      e->chain.missing ? e->chain.missing : "", "\n");
    mu_chain_tree_print(stream, &e->chain, at_s, 4);
    mu_problems_print(stream, &e->problems, 4);
}

void mu_store_tree_print(FILE *stream, const mu_store_facts *store, int64_t at_s)
{
    char shown[MU_SHOWN_SIZE], mac[160], certs[160];
    fprintf(stream, "%s%s%s: ", mu_style_on(stream, MU_STYLE_BOLD), mu_escape_to(shown, store->path), mu_style_off(stream));
    if (store->err) {
        mu_err_print(stream, store->err);
        return;
    }
    fprintf(stream, "%s, %zu %s", mu_store_type_name(store->type), store->count, store->count == 1 ? "entry" : "entries");
    if (store->type == MU_STORE_PKCS12)
        fprintf(stream, "; MAC: %s; certificates: %s", mu_protection_text(&store->mac, "none", mac),
                mu_protection_text(&store->cert_protection, "not encrypted", certs));
    fputc('\n', stream);
    mu_problems_print(stream, &store->problems, 2);
    for (size_t i = 0; i < store->count; i++)
        print_entry(stream, &store->entries[i], at_s);
    if (store->loose.count > 0)
        fputs("  loose certificates, neither trusted nor in the chain of a key:\n", stream);
    for (size_t i = 0; i < store->loose.count; i++)
        mu_chain_tree_print(stream, &(mu_chain_facts){.certs = &store->loose.certs[i], .count = 1}, at_s, 4);
}
