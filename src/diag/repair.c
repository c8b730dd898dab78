#include "diag/repair.h"

#include "diag/repair_edit.h"
#include "diag/repair_files.h"

#include <stdlib.h>
#include <string.h>

struct attempt {
    size_t finding;
    mu_repair_file *file; /* NULL: a setting */
    char *done;
    bool gone;
};

struct repair {
    mu_pair *pair;
    int64_t now_ms;
    mu_findings *findings;
    mu_repair_files files;
    char *key_alias[2]; /* of the server, of the client: to be asked for instead */
    struct attempt *attempts;
    size_t count;
};

static mu_pair_side *side_of(struct repair *r, mu_found_at at)
{
    return at == MU_AT_SERVER ? &r->pair->server : &r->pair->client;
}

/* ---- changes in memory ---- */

static int add_attempt(struct repair *r, size_t finding, mu_repair_file *file, char *done, mu_err **err)
{
    struct attempt *attempts = realloc(r->attempts, (r->count + 1) * sizeof *attempts);
    if (!attempts) {
        free(done);
        return mu_fail_nomem(err);
    }
    r->attempts = attempts;
    attempts[r->count++] = (struct attempt){.finding = finding, .file = file, .done = done};
    return 0;
}

static int take_edit(struct repair *r, size_t index, mu_repair_file *file, mu_edit *edit, mu_err **err)
{
    const bool server = r->findings->items[index].side == MU_AT_SERVER;
    file->changed = file->changed || !edit->key_alias;
    file->renew_protection = file->renew_protection || edit->renew_protection;
    if (edit->certs) {
        sk_X509_pop_free(file->certs, X509_free);
        file->certs = edit->certs;
    }
    if (edit->key_alias) {
        free(r->key_alias[!server]);
        r->key_alias[!server] = edit->key_alias;
    }
    return add_attempt(r, index, edit->key_alias ? NULL : file, edit->done, err);
}

static int try(struct repair *r, size_t index, bool conversions, mu_err **err)
{
    const mu_finding *finding = &r->findings->items[index];
    mu_pair_side *side = side_of(r, finding->side);
    bool one_side = finding->side == MU_AT_SERVER || finding->side == MU_AT_CLIENT;
    mu_given *given = one_side && mu_edit_is_conversion(finding) == conversions ? mu_edit_file(side, finding) : NULL;
    mu_repair_file *file = given ? mu_repair_files_of(&r->files, given) : NULL;
    mu_err *reason = NULL;
    if (!file || file->spoilt || mu_str_has_prefix(given->path, "/dev/fd/")) /* text in a configuration */
        return 0;
    mu_edit edit = {.pair = r->pair,
                    .side = side,
                    .other = side_of(r, side->at == MU_AT_SERVER ? MU_AT_CLIENT : MU_AT_SERVER),
                    .file = file->given,
                    .now_ms = r->now_ms};
    if (mu_edit_apply(&edit, finding, &reason) == 0)
        return edit.done ? take_edit(r, index, file, &edit, err) : 0;
    file->spoilt = !conversions; /* that leaves the store alone when it fails */
    sk_X509_pop_free(edit.certs, X509_free);
    if (reason->code == MU_E_OUT_OF_MEMORY)
        return mu_err_pass(err, reason);
    mu_findings_note(r->findings, "not repaired: %s: %s", mu_code_name(finding->code), mu_err_root(reason)->msg);
    mu_err_free(reason);
    return 0;
}

/* ---- judged again ---- */

static const char *path_now(const struct repair *r, size_t i)
{
    const mu_repair_file *file = &r->files.items[r->files.items[i].owner];
    return file->path ? file->path : r->files.items[i].given ? r->files.items[i].given->path : NULL;
}

static bool set_text(char **field, const char *prefix, const char *text)
{
    return !text || (*field = mu_asprintf("%s%s", prefix, text)) != NULL;
}

/* As given, with the new files in place of the old ones and the passwords that are known by now. */
static int settings_now(const struct repair *r, bool client, mu_store_settings *ret, mu_err **err)
{
    const mu_pair_side *side = client ? &r->pair->client : &r->pair->server;
    const mu_store_settings *s = side->settings;
    const char *keys = path_now(r, client ? 2 : 0), *trusts = path_now(r, client ? 3 : 1);
    bool in_one = s->certificate && s->certificate_private_key && strcmp(s->certificate, s->certificate_private_key) == 0;
    *ret = (mu_store_settings){.no_questions = true};
    return set_text(s->certificate ? &ret->certificate : &ret->key_store, "", keys) &&
                   set_text(s->trust_store ? &ret->trust_store : &ret->trust_certificate, "", trusts) &&
                   set_text(&ret->certificate_private_key, "", in_one ? keys : s->certificate_private_key) &&
                   set_text(&ret->key_store_type, "", s->key_store_type) &&
                   set_text(&ret->trust_store_type, "", s->trust_store_type) &&
                   set_text(&ret->key_alias, "", r->key_alias[client] ? r->key_alias[client] : s->key_alias) &&
                   set_text(&ret->key_store_password, "pass:", side->keys.password.value) &&
                   set_text(&ret->trust_store_password, "pass:", side->trusts.password.value) &&
                   set_text(&ret->key_password, "pass:", side->key_password.value)
               ? 0
               : mu_fail_nomem(err);
}

static bool is_same(struct repair *r, const mu_finding *old, mu_pair *now, const mu_finding *left)
{
    mu_pair_side *then = side_of(r, old->side), *side = old->side == MU_AT_SERVER ? &now->server : &now->client;
    return old->code == left->code && old->side == left->side && old->refused_by == left->refused_by &&
           (mu_pair_file_of(then, old) == &then->keys) == (mu_pair_file_of(side, left) == &side->keys);
}

/* Which findings are gone? Of a new file that cannot be read, none. */
static void compare(struct repair *r, mu_pair *now, const mu_findings *after)
{
    const mu_given *given[] = {&now->server.keys, &now->server.trusts, &now->client.keys, &now->client.trusts};
    for (size_t i = 0; i < r->count; i++) {
        struct attempt *a = &r->attempts[i];
        a->gone = !a->file || (a->file->path && given[a->file - r->files.items]->store);
        for (size_t k = 0; k < after->count; k++)
            a->gone = a->gone && !is_same(r, &r->findings->items[a->finding], now, &after->items[k]);
    }
}

static int judge(struct repair *r, mu_findings *after, mu_err **err)
{
    mu_store_settings settings[2] = {{0}, {0}};
    mu_pair now = *r->pair;
    now.on_trace = NULL;
    now.server = now.client = (mu_pair_side){0};
    int rc = -1;
    if (settings_now(r, false, &settings[0], err) == 0 && settings_now(r, true, &settings[1], err) == 0 &&
        mu_pair_read(&now, &settings[0], &settings[1], err) == 0 && mu_pair_examine(&now, after, err) == 0) {
        compare(r, &now, after);
        mu_findings_rank(after);
        rc = 0;
    }
    mu_pair_done(&now);
    mu_store_settings_free(&settings[0]);
    mu_store_settings_free(&settings[1]);
    return rc;
}

/* Remove what cured nothing. @return whether there was such a thing */
static bool drop_useless(struct repair *r)
{
    bool any = false;
    for (size_t f = 0; f < MU_REPAIR_FILES; f++) {
        bool useful = !r->files.items[f].path;
        for (size_t i = 0; i < r->count; i++)
            useful = useful || (r->attempts[i].file == &r->files.items[f] && r->attempts[i].gone);
        if (!useful) {
            mu_repair_file_drop(&r->files.items[f]);
            any = true;
        }
    }
    return any;
}

static int judge_all(struct repair *r, mu_err **err)
{
    mu_findings *after = NULL;
    int rc = 0;
    do {
        if (after)
            mu_findings_free(after);
        else if (!(after = calloc(1, sizeof *after)))
            return mu_fail_nomem(err);
        rc = judge(r, after, err);
    } while (rc == 0 && drop_useless(r));
    r->findings->after = after; /* freed with them, also if it failed */
    return rc;
}

/* ---- what is told ---- */

static void tell(struct repair *r)
{
    char shown[MU_SHOWN_SIZE];
    for (size_t i = 0; i < r->count; i++) {
        const struct attempt *a = &r->attempts[i];
        mu_finding *finding = &r->findings->items[a->finding];
        if (a->gone && !finding->repaired && a->file)
            finding->repaired = mu_asprintf("%s: %s", mu_escape_to(shown, a->file->path), a->done);
        else if (a->gone && !finding->repaired)
            finding->repaired = mu_strdup(a->done);
        else if (!a->gone && a->file && !a->file->spoilt)
            mu_findings_note(r->findings, "not repaired: %s: a new file of %s did not cure it", mu_code_name(finding->code),
                             a->file->given->shown);
        r->findings->failed = r->findings->failed || (a->gone && !finding->repaired);
    }
    for (size_t f = 0; f < MU_REPAIR_FILES; f++)
        if (r->files.items[f].path && mu_strlist_add(&r->findings->written, r->files.items[f].path) != 0)
            r->findings->failed = true;
}

static bool changed_settings(const struct repair *r, bool client, mu_store_settings *ret)
{
    const mu_store_settings *s = client ? r->pair->client.settings : r->pair->server.settings;
    const mu_repair_file *files = &r->files.items[client ? 2 : 0];
    const char *keys = r->files.items[files[0].owner].path, *trusts = r->files.items[files[1].owner].path;
    bool in_one = s->certificate && s->certificate_private_key && strcmp(s->certificate, s->certificate_private_key) == 0;
    return set_text(s->certificate ? &ret->certificate : &ret->key_store, "", files[0].given ? keys : NULL) &&
           set_text(&ret->certificate_private_key, "", in_one ? keys : NULL) &&
           set_text(s->trust_store ? &ret->trust_store : &ret->trust_certificate, "", files[1].given ? trusts : NULL) &&
           set_text(&ret->key_alias, "", r->key_alias[client]);
}

static void repair_done(struct repair *r, bool keep)
{
    mu_repair_files_done(&r->files, keep);
    for (size_t i = 0; i < r->count; i++)
        free(r->attempts[i].done);
    free(r->attempts);
    free(r->key_alias[0]);
    free(r->key_alias[1]);
}

int mu_pair_repair(mu_pair *pair, const char *folder, int64_t now_ms, size_t from, mu_findings *findings,
                   mu_store_settings ret_changed[2], mu_err **err)
{
    struct repair r = {.pair = pair, .now_ms = now_ms, .findings = findings, .files = {.folder = folder}};
    int rc = mu_repair_files_gather(&r.files, pair, err);
    for (int conversions = 0; rc == 0 && conversions < 2; conversions++)
        for (size_t i = from; rc == 0 && i < findings->count; i++)
            rc = try(&r, i, conversions, err);
    if (rc == 0)
        rc = mu_repair_files_write(&r.files, findings, err);
    if (rc == 0 && r.count > 0 && (rc = judge_all(&r, err)) == 0) {
        tell(&r);
        if (findings->written.count == 0 && !r.key_alias[0] && !r.key_alias[1]) { /* it would be the same again */
            mu_findings_free(findings->after);
            free(findings->after);
            findings->after = NULL;
        }
        if (!changed_settings(&r, false, &ret_changed[0]) || !changed_settings(&r, true, &ret_changed[1]))
            rc = mu_fail_nomem(err);
    }
    repair_done(&r, rc == 0);
    return rc;
}
