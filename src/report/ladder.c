#include "report/ladder.h"

#include "base/json.h"
#include "base/term.h"
#include "report/table.h"
#include "tls/alert.h"

#include <stdlib.h>
#include <string.h>

#define RAILS 46       /* columns of "  |--- name ------>|  " */
#define INNER 40       /* between the rails */
#define FACT_COLUMNS 34 /* that a fact needs beside them; with less it goes below */
#define ITEMS_BRIEF 4  /* of a long list */
#define ITEM_COLUMNS 160

struct ladder {
    mu_buf *out;
    FILE *stream;
    const mu_trace *trace;
    const mu_verdict *verdict;
    int level, columns;
    bool line_open; /* the first fact goes beside the name */
};

static const char *side_name(mu_side side)
{
    return side == MU_SIDE_CLIENT ? "client" : "server";
}

static mu_side sender(const mu_trace *trace, size_t step)
{
    return trace->steps[step].sent ? trace->side : trace->side == MU_SIDE_CLIENT ? MU_SIDE_SERVER : MU_SIDE_CLIENT;
}

static const char *other_side(const mu_trace *trace)
{
    return side_name(trace->side == MU_SIDE_CLIENT ? MU_SIDE_SERVER : MU_SIDE_CLIENT);
}

static int columns_of(const char *text, size_t len)
{
    int columns = 0;
    for (size_t i = 0; i < len; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

/* Words from `column` on; further lines begin with `lead`, at `indent` columns. */
static void add_wrapped(struct ladder *l, const char *text, int column, const char *lead, int indent)
{
    bool first = true;
    while (*text) {
        size_t spaces = strspn(text, " "), len = strcspn(text + spaces, " ");
        int needed = columns_of(text + spaces, len) + !first;
        text += spaces;
        if (!first && column + needed > l->columns) {
            mu_buf_addf(l->out, "\n%s", lead);
            column = indent;
            first = true;
            needed--;
        }
        mu_buf_addf(l->out, "%s%.*s", first ? "" : " ", (int)len, text);
        column += needed;
        first = false;
        text += len;
    }
    mu_buf_add_byte(l->out, '\n');
}

static void add_field(struct ladder *l, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    mu_buf_addf(l->out, "  %-10s", label);
    add_wrapped(l, text, 12, "            ", 12);
}

static void add_owned_field(struct ladder *l, const char *label, char *text)
{
    add_field(l, label, text);
    free(text);
}

/* ---- the rungs ---- */

static void add_rung(struct ladder *l, size_t step, bool broken)
{
    char name[64];
    bool right = sender(l->trace, step) == MU_SIDE_CLIENT;
    int dashes;
    mu_trace_step_name(l->trace, step, name);
    dashes = INNER - 6 - (int)strlen(name);
    mu_buf_addf(l->out, "  |%s %s%s%s ", right ? "---" : "<--",
                mu_style_on(l->stream, broken                                           ? MU_STYLE_BAD
                                       : l->trace->steps[step].kind == MU_TRACE_ALERT ? MU_STYLE_WARN
                                                                                        : MU_STYLE_BOLD),
                name, mu_style_off(l->stream));
    for (int i = 0; i < dashes; i++)
        mu_buf_add_byte(l->out, '-');
    mu_buf_addf(l->out, "%s|", right ? ">" : "-");
    if (broken)
        mu_buf_addf(l->out, "  %s<== it broke here%s", mu_style_on(l->stream, MU_STYLE_BAD), mu_style_off(l->stream));
    l->line_open = !broken;
    if (broken)
        mu_buf_add_byte(l->out, '\n');
}

static void end_rung(struct ladder *l)
{
    if (l->line_open)
        mu_buf_add_byte(l->out, '\n');
    l->line_open = false;
}

static void add_fact(struct ladder *l, const char *text)
{
    static const char rails[] = "  |                                        |  ", narrow[] = "  |    ";
    bool wide = l->columns >= RAILS + FACT_COLUMNS;
    if (wide && l->line_open)
        mu_buf_add_str(l->out, "  ");
    else
        end_rung(l);
    if (!wide || !l->line_open)
        mu_buf_add_str(l->out, wide ? rails : narrow);
    l->line_open = false;
    int column = wide ? (int)sizeof rails - 1 : (int)sizeof narrow - 1;
    char *lead = mu_asprintf("%s  ", wide ? rails : narrow);
    add_wrapped(l, text, column, lead ? lead : "", column + 2);
    free(lead);
}

/* Names have commas in them. */
static const char *separator(const mu_strlist *items)
{
    for (size_t i = 0; i < items->count; i++)
        if (strchr(items->items[i], ','))
            return "; ";
    return ", ";
}

/* "suites: A, B, and 7 more" */
static void add_message_fact(struct ladder *l, const mu_fact *fact)
{
    bool all = l->level == MU_LADDER_VERBOSE;
    size_t shown = !all && fact->items.count > ITEMS_BRIEF + 1 ? ITEMS_BRIEF : fact->items.count;
    size_t more = fact->items.count - shown + fact->left_out;
    mu_buf text;
    if (fact->detail && !all)
        return;
    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    mu_buf_addf(&text, "%s: ", fact->label);
    for (size_t i = 0; i < shown; i++) {
        char *item = mu_clip(fact->items.items[i], all ? 10 * ITEM_COLUMNS : ITEM_COLUMNS);
        mu_buf_addf(&text, "%s%s", i ? separator(&fact->items) : "", item ? item : "");
        free(item);
    }
    if (more)
        mu_buf_addf(&text, ", and %zu more", more);
    add_fact(l, mu_buf_text(&text));
    mu_buf_free(&text);
}

static void add_step_facts(struct ladder *l, size_t step)
{
    const mu_trace_step *s = &l->trace->steps[step];
    mu_message message;
    char text[80];
    if (s->kind == MU_TRACE_DATA) {
        snprintf(text, sizeof text, "%zu bytes in %zu record%s", s->len, s->records, s->records == 1 ? "" : "s");
        add_fact(l, text);
    }
    mu_trace_decode(l->trace, step, &message);
    for (size_t i = 0; i < message.count; i++)
        add_message_fact(l, &message.facts[i]);
    if (message.failed)
        add_fact(l, "(memory ran out)");
    else if (message.damaged)
        add_fact(l, s->kept < mu_message_shown_bytes(s->type, s->len) ? "(longer than what is kept)" : "(damaged)");
    if (s->kind == MU_TRACE_MESSAGE && l->level == MU_LADDER_VERBOSE) {
        snprintf(text, sizeof text, "length: %zu bytes", s->len);
        add_fact(l, text);
    }
    mu_message_done(&message);
}

static void add_rungs(struct ladder *l, size_t broken)
{
    mu_buf_addf(l->out, "  client%*sserver\n", INNER - 10, "");
    for (size_t i = 0; i < l->trace->count; i++) {
        add_rung(l, i, i == broken);
        add_step_facts(l, i);
        end_rung(l);
    }
    if (l->trace->left_out)
        mu_buf_addf(l->out, "  (and %zu more)\n", l->trace->left_out);
}

/* ---- stores ---- */

/* The client's own account is more exact than ours; a server always shows its certificate. */
static void add_stores(struct ladder *l)
{
    const mu_trace *t = l->trace;
    const mu_verdict *v = l->verdict;
    bool peer_shown = v->peer_subject != NULL;
    if (v->identity_note)
        add_field(l, "identity", v->identity_note);
    else if (t->identity)
        add_owned_field(l, "identity", mu_asprintf("%s%s", t->identity, v->identity_sent ? ", sent" : ", not sent"));
    else
        add_field(l, "identity", "none");
    if (!t->trust)
        add_field(l, "trust", t->side == MU_SIDE_SERVER ? "none: client certificates are not asked for"
                                                        : "not asked: the server is looked at, not judged");
    else if (!peer_shown)
        add_owned_field(l, "trust", mu_asprintf("%s, not asked: the %s has shown no certificate", t->trust, other_side(t)));
    else if (v->code != MU_OK && v->by == MU_BY_US && mu_code_class(v->code) == MU_CLASS_TRUST)
        add_owned_field(l, "trust", mu_asprintf("%s, judged %s and refused it", t->trust, v->peer_subject));
    else
        add_owned_field(l, "trust", mu_asprintf("%s, accepted %s", t->trust, v->peer_subject));
}

/* ---- the end ---- */

static void add_accepted(struct ladder *l)
{
    const mu_verdict *v = l->verdict;
    const mu_trace *t = l->trace;
    bool server_asked = mu_trace_find(t, MU_MESSAGE_CERTIFICATE_REQUEST, t->side == MU_SIDE_SERVER, t->count) < t->count;
    add_owned_field(l, "result",
                    mu_asprintf("accepted%s: %s, %s, %s", v->confirmed ? "" : " by us; the server has not said so yet",
                                v->version ? v->version : "?", v->cipher ? v->cipher : "?", v->group ? v->group : "?"));
    if (mu_trace_find(t, MU_MESSAGE_CERTIFICATE, t->side == MU_SIDE_SERVER, t->count) == t->count)
        add_field(l, "session", "resumed: the certificates were judged when it began");
    else if (!server_asked)
        add_field(l, "note", "the server asks no client for a certificate (client-auth none)");
    else if (mu_trace_client_cert_empty(t) && v->confirmed)
        add_owned_field(l, "warning",
                        mu_asprintf("the client sent no certificate, and TLS lets it in: the server asks for one and does not "
                                    "need it (client-auth want) [%s]", mu_code_name(MU_E_CLIENT_AUTH_OPTIONAL)));
}

static char *candidates(const mu_verdict *v)
{
    mu_buf list;
    mu_buf_init(&list, MU_BUF_TEXT_MAX);
    for (size_t i = 0; i < v->candidate_count; i++)
        mu_buf_addf(&list, "%s%s", i ? ", " : "", mu_code_name(v->candidates[i]));
    return mu_buf_steal(&list);
}

/* "Certificate of the client, refused by the server with alert unknown_ca (48)" */
static char *where(const struct ladder *l, size_t broken)
{
    const mu_verdict *v = l->verdict;
    char name[64] = "";
    bool empty = broken < l->trace->count && mu_trace_client_cert_empty(l->trace) && sender(l->trace, broken) == MU_SIDE_CLIENT &&
                 l->trace->steps[broken].type == MU_MESSAGE_CERTIFICATE;
    const char *who = v->code == MU_E_PEER_REFUSED || v->by != MU_BY_US ? other_side(l->trace) : side_name(l->trace->side);
    if (broken >= l->trace->count)
        return mu_strdup("before the first message");
    mu_trace_step_name(l->trace, broken, name);
    if (v->code == MU_OK || v->code == MU_E_HANDSHAKE_TIMEOUT)
        return mu_asprintf("after %s of the %s: nothing more came", name, side_name(sender(l->trace, broken)));
    if (v->code == MU_E_PEER_CLOSED)
        return mu_asprintf("after %s of the %s%s: the %s closed the connection", name, side_name(sender(l->trace, broken)),
                           empty ? " (with none in it)" : "", other_side(l->trace));
    return mu_asprintf("%s of the %s%s, refused by the %s%s%s%s", name, side_name(sender(l->trace, broken)),
                       empty ? " (with none in it)" : "", who, v->alert >= 0 ? " with alert " : "",
                       v->alert >= 0 ? mu_alert_name(v->alert) : "", v->alert >= 0 ? "" : " without an alert");
}

static void add_broken(struct ladder *l, size_t broken)
{
    const mu_verdict *v = l->verdict;
    add_owned_field(l, "broke at", where(l, broken));
    if (v->code == MU_E_PEER_REFUSED || v->code == MU_E_PEER_CLOSED) {
        if (v->candidate_count > 0)
            add_owned_field(l, v->candidate_count == 1 ? "cause" : "one of", candidates(v));
    } else if (v->code != MU_OK) {
        add_owned_field(l, "cause", mu_asprintf("%s: %s", mu_code_name(v->code), mu_code_meaning(v->code)));
    }
}

void mu_ladder_add(mu_buf *out, FILE *stream, const mu_trace *trace, const mu_verdict *verdict, const char *peer, int level)
{
    struct ladder l = {out, stream, trace, verdict, level, mu_term_columns(stream), false};
    size_t broken = mu_trace_broken_step(trace, verdict);
    char shown[MU_SHOWN_SIZE];
    mu_buf_addf(out, "TLS handshake with %s, seen from the %s:\n", mu_escape_to(shown, peer), side_name(trace->side));
    add_rungs(&l, broken);
    add_stores(&l);
    if (verdict->code == MU_OK && verdict->handshake_done)
        add_accepted(&l);
    else
        add_broken(&l, broken);
    mu_buf_add_byte(out, '\n');
}

void mu_ladder_print(void *level, const mu_trace *trace, const mu_verdict *verdict, const char *peer)
{
    mu_buf text;
    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    mu_ladder_add(&text, stderr, trace, verdict, peer, *(const int *)level);
    if (!text.failed)
        fwrite(text.data, 1, text.len, stderr);
    mu_buf_free(&text);
}

/* ---- for programs ---- */

static json_t *facts_json(const mu_message *message)
{
    json_t *facts = json_object();
    for (size_t i = 0; i < message->count; i++) {
        json_t *items = json_array();
        for (size_t j = 0; j < message->facts[i].items.count; j++)
            json_array_append_new(items, mu_json_text(message->facts[i].items.items[j]));
        json_object_set_new(facts, message->facts[i].label, items);
    }
    return facts;
}

static json_t *step_json(const mu_trace *trace, size_t step)
{
    char name[64];
    mu_message message;
    mu_trace_decode(trace, step, &message);
    json_t *value = json_pack("{s:s, s:s, s:i, s:o}", "from", side_name(sender(trace, step)), "message",
                              mu_trace_step_name(trace, step, name), "bytes", (int)trace->steps[step].len, "facts",
                              facts_json(&message));
    mu_message_done(&message);
    return value;
}

json_t *mu_ladder_json(const mu_trace *trace, const mu_verdict *verdict)
{
    json_t *steps = json_array();
    char name[64];
    size_t broken = mu_trace_broken_step(trace, verdict);
    for (size_t i = 0; i < trace->count; i++)
        json_array_append_new(steps, step_json(trace, i));
    return json_pack("{s:o, s:o}", "steps", steps, "brokeAt",
                     broken < trace->count
                         ? json_pack("{s:i, s:s, s:s}", "step", (int)broken, "from", side_name(sender(trace, broken)), "message",
                                     mu_trace_step_name(trace, broken, name))
                         : json_null());
}
