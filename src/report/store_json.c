#include "report/store_json.h"

#include "base/clock.h"
#include "base/json.h"
#include "report/cert_json.h"
#include "report/words.h"

json_t *mu_problems_json(const mu_problems *problems)
{
    json_t *list = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const mu_problem *p = &problems->items[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:s}", "code", mu_code_name(p->code), "severity",
                                              p->warning ? "warning" : "error", "depth",
                                              p->depth < 0 ? json_null() : json_integer(p->depth), "detail",
                                              mu_json_text(p->detail), "fix", mu_code_fix(p->code)));
    }
    return list;
}

static json_t *cert_json(const mu_cert_facts *c, int64_t at_s)
{
    json_t *value = mu_cert_json(c->cert);
    json_object_set_new(value, "daysLeft", json_integer(mu_days_left(c->not_after_s, at_s)));
    json_object_set_new(value, "ca", json_boolean(c->ca));
    json_object_set_new(value, "selfSigned", json_boolean(c->self_signed));
    json_object_set_new(value, "keyUsage", mu_json_text(c->key_usage));
    json_object_set_new(value, "extendedKeyUsage", mu_json_text(c->ext_usage));
    json_object_set_new(value, "key", mu_json_text(c->key));
    json_object_set_new(value, "signature", mu_json_text(c->signature));
    return value;
}

json_t *mu_chain_facts_json(const mu_chain_facts *chain, int64_t at_s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < chain->count; i++)
        json_array_append_new(list, cert_json(&chain->certs[i], at_s));
    return list;
}

static json_t *protection_json(const mu_protection *p)
{
    return p->present ? json_pack("{s:s, s:I}", "algorithm", p->algorithm, "iterations", (json_int_t)p->iterations) : json_null();
}

static json_t *roles_json(const mu_entry_facts *e, mu_jvm_manager manager)
{
    json_t *list = json_array();
    if (e->server[manager])
        json_array_append_new(list, json_string("server"));
    if (e->client[manager])
        json_array_append_new(list, json_string("client"));
    return list;
}

static json_t *entry_json(const mu_entry_facts *e, int64_t at_s)
{
    char created[32];
    bool has_chain = e->kind == MU_ENTRY_KEY && e->chain.count > 0;
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o}", "alias", mu_json_text(e->alias), "kind",
                     mu_entry_kind_word(e->kind), "created",
                     e->created_ms < 0 ? json_null() : json_string(mu_time_text(e->created_ms / 1000, created)), "encryption",
                     protection_json(&e->protection), "chain", mu_chain_facts_json(&e->chain, at_s), "complete",
                     has_chain ? json_boolean(e->chain.complete) : json_null(), "missing",
                     has_chain ? mu_json_text(e->chain.missing) : json_null(), "jvm", "SunX509", roles_json(e, MU_JVM_SUNX509),
                     "PKIX", roles_json(e, MU_JVM_PKIX), "problems", mu_problems_json(&e->problems));
}

json_t *mu_store_json(const mu_store_facts *store, int64_t at_s)
{
    json_t *entries = json_array();
    if (store->err) {
        json_decref(entries);
        return json_pack("{s:o, s:s, s:o}", "path", mu_json_text(store->path), "state", "unreadable", "error",
                         mu_json_error(store->err));
    }
    for (size_t i = 0; i < store->count; i++)
        json_array_append_new(entries, entry_json(&store->entries[i], at_s));
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "path", mu_json_text(store->path), "state",
                     store->skipped ? "partly" : "read", "type", mu_store_type_name(store->type), "mac",
                     protection_json(&store->mac),
                     "certificateEncryption", protection_json(&store->cert_protection), "entries", entries, "loose",
                     mu_chain_facts_json(&store->loose, at_s), "problems", mu_problems_json(&store->problems));
}
