#include "tls/message.h"

#include "base/clock.h"
#include "pki/print.h"
#include "tls/numbers.h"

#include <mutual/pki.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading: past the end everything is empty and `bad` is set ---- */

struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct reader *in, size_t len)
{
    const uint8_t *at = in->at;
    if (in->bad || len > in->left) {
        in->bad = true;
        return NULL;
    }
    in->at += len;
    in->left -= len;
    return at;
}

static unsigned number(struct reader *in, size_t bytes)
{
    const uint8_t *at = take(in, bytes);
    unsigned value = 0;
    for (size_t i = 0; at && i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* A vector with its length before it. One that is longer than what there is holds what there is, and is bad. */
static struct reader vector(struct reader *in, size_t length_bytes)
{
    size_t len = number(in, length_bytes);
    struct reader inner = {.at = in->at, .left = in->bad ? 0 : len < in->left ? len : in->left, .bad = in->bad};
    if (len > in->left)
        in->bad = inner.bad = true, in->left = 0;
    else
        take(in, len);
    return inner;
}

static bool has_more(const struct reader *in)
{
    return !in->bad && in->left > 0;
}

/* ---- writing ---- */

/* @return NULL when there are too many: no honest message has so many. Nothing is added to it then. */
static mu_fact *add_fact(mu_message *m, const char *label, bool detail)
{
    if (m->count == MU_MESSAGE_FACTS_MAX) {
        m->damaged = true;
        return NULL;
    }
    m->facts[m->count] = (mu_fact){.label = label, .detail = detail};
    return &m->facts[m->count++];
}

static void add_item(mu_message *m, mu_fact *fact, const char *text)
{
    if (!fact)
        return;
    if (fact->items.count >= MU_FACT_ITEMS_MAX)
        fact->left_out++;
    else if (!text || mu_strlist_add(&fact->items, text) != 0)
        m->failed = true;
}

/* Takes the text. */
static void add_owned(mu_message *m, mu_fact *fact, char *text)
{
    add_item(m, fact, text);
    free(text);
}

static void add_number(mu_message *m, mu_fact *fact, unsigned value, mu_number_name name_of)
{
    char hex[16];
    const char *name = name_of(value);
    snprintf(hex, sizeof hex, "0x%04x", value);
    add_item(m, fact, name ? name : hex);
}

static void fill_numbers(mu_message *m, mu_fact *fact, struct reader list, mu_number_name name_of)
{
    while (has_more(&list)) {
        unsigned value = number(&list, 2);
        if (!list.bad)
            add_number(m, fact, value, name_of);
    }
    m->damaged |= list.bad;
}

static void add_numbers(mu_message *m, const char *label, bool detail, struct reader list, mu_number_name name_of)
{
    fill_numbers(m, add_fact(m, label, detail), list, name_of);
}

static void add_hex(mu_message *m, const char *label, const uint8_t *data, size_t len)
{
    mu_fact *fact = add_fact(m, label, true);
    mu_buf text;
    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    for (size_t i = 0; data && i < len; i++)
        mu_buf_addf(&text, "%02x", data[i]);
    add_owned(m, fact, mu_buf_steal(&text));
    mu_buf_free(&text);
}

static void add_length(mu_message *m, const char *label, size_t len)
{
    mu_fact *fact = add_fact(m, label, true);
    add_owned(m, fact, mu_asprintf("%zu bytes", len));
}

/* RFC 5280 names; what is none of them is shown as such. */
static void add_issuers(mu_message *m, struct reader list)
{
    mu_fact *fact = add_fact(m, "accepted issuers", false);
    while (has_more(&list)) {
        struct reader der = vector(&list, 2);
        const unsigned char *at = der.at;
        if (!fact || fact->items.count >= MU_FACT_ITEMS_MAX) {
            add_item(m, fact, "");
            continue;
        }
        X509_NAME *name = der.bad ? NULL : d2i_X509_NAME(NULL, &at, (long)der.left);
        if (name)
            add_owned(m, fact, mu_name_text(name));
        else
            add_item(m, fact, "(unreadable)");
        X509_NAME_free(name);
    }
    ERR_clear_error();
    m->damaged |= list.bad;
    if (fact && fact->items.count == 0)
        add_item(m, fact, "any (nobody is named)");
}

/* ---- extensions ---- */

static void read_server_name(mu_message *m, struct reader body)
{
    mu_fact *fact = add_fact(m, "SNI", false);
    struct reader list = {0};
    if (body.left > 0) /* a server's answer is empty */
        list = vector(&body, 2);
    else
        add_item(m, fact, "known");
    while (has_more(&list)) {
        unsigned type = number(&list, 1);
        struct reader name = vector(&list, 2);
        if (type == 0 && !name.bad)
            add_owned(m, fact, mu_escape_dup(name.at, name.left));
    }
    m->damaged |= list.bad;
}

static void read_alpn(mu_message *m, struct reader body)
{
    mu_fact *fact = add_fact(m, "ALPN", false);
    struct reader list = vector(&body, 2);
    while (has_more(&list)) {
        struct reader protocol = vector(&list, 1);
        if (!protocol.bad)
            add_owned(m, fact, mu_escape_dup(protocol.at, protocol.left));
    }
    m->damaged |= list.bad;
}


/* The group only: the share itself helps nobody. */
static void read_key_share(mu_message *m, struct reader body, bool from_client)
{
    mu_fact *fact = add_fact(m, from_client ? "key shares" : "group", from_client);
    struct reader list = from_client ? vector(&body, 2) : body;
    while (has_more(&list)) {
        unsigned group = number(&list, 2);
        if (!list.bad)
            add_number(m, fact, group, mu_tls_group_name);
        if (list.left > 0)
            vector(&list, 2);
    }
    m->damaged |= list.bad;
}

/* In a hello's first place; no other message has one. */
static mu_fact *version_fact(mu_message *m)
{
    return strncmp(m->facts[0].label, "version", 7) == 0 ? &m->facts[0] : NULL;
}

static void read_extension(mu_message *m, unsigned type, struct reader body, bool from_client)
{
    switch (type) {
    case 0:
        return read_server_name(m, body);
    case 10:
        return add_numbers(m, "groups", !from_client, vector(&body, 2), mu_tls_group_name);
    case 13:
        return add_numbers(m, "signatures", false, vector(&body, 2), mu_tls_sigalg_name);
    case 16:
        return read_alpn(m, body);
    case 41:
        add_item(m, add_fact(m, "session", false), from_client ? "offers to resume one" : "resumed");
        return;
    case 43:
        return fill_numbers(m, version_fact(m), from_client ? vector(&body, 1) : body, mu_tls_version_name);
    case 47:
        return add_issuers(m, vector(&body, 2));
    case 50:
        return add_numbers(m, "signatures in certificates", true, vector(&body, 2), mu_tls_sigalg_name);
    case 51:
        return read_key_share(m, body, from_client);
    default:
        return;
    }
}

static void read_extensions(mu_message *m, struct reader *in, bool from_client)
{
    struct reader list = vector(in, 2), again = list;
    mu_fact *names = add_fact(m, "extensions", true);
    while (has_more(&again)) {
        unsigned type = number(&again, 2);
        vector(&again, 2);
        add_number(m, names, type, mu_tls_extension_name);
    }
    while (has_more(&list)) {
        unsigned type = number(&list, 2);
        struct reader body = vector(&list, 2);
        read_extension(m, type, body, from_client);
    }
    m->damaged |= list.bad;
}

/* ---- messages ---- */

static void read_client_hello(mu_message *m, struct reader *in)
{
    unsigned legacy = number(in, 2);
    const uint8_t *random = take(in, 32);
    struct reader session = vector(in, 1), suites = vector(in, 2);
    vector(in, 1);
    mu_fact *versions = add_fact(m, "versions", false);
    add_numbers(m, "suites", false, suites, mu_tls_suite_name);
    add_hex(m, "random", random, 32);
    add_length(m, "session id", session.left);
    if (has_more(in))
        read_extensions(m, in, true);
    if (versions->items.count == 0 && !in->bad)
        add_number(m, versions, legacy, mu_tls_version_name);
    if (!mu_message_fact(m, "SNI"))
        add_item(m, add_fact(m, "SNI", false), "none");
}

/* SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3). */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static void read_server_hello(mu_message *m, struct reader *in)
{
    unsigned legacy = number(in, 2);
    const uint8_t *random = take(in, 32);
    struct reader session = vector(in, 1);
    unsigned suite = number(in, 2);
    number(in, 1);
    if (random && memcmp(random, retry_random, sizeof retry_random) == 0)
        m->name = "HelloRetryRequest";
    mu_fact *version = add_fact(m, "version", false);
    if (!in->bad)
        add_number(m, add_fact(m, "suite", false), suite, mu_tls_suite_name);
    add_hex(m, "random", random, 32);
    add_length(m, "session id", session.left);
    if (has_more(in))
        read_extensions(m, in, false);
    if (version->items.count == 0 && !in->bad)
        add_number(m, version, legacy, mu_tls_version_name);
}

static void read_certificate_request(mu_message *m, struct reader *in, bool tls13)
{
    if (tls13) {
        vector(in, 1);
        read_extensions(m, in, false);
        if (!mu_message_fact(m, "accepted issuers"))
            add_issuers(m, (struct reader){0});
        return;
    }
    static const char *const kinds[] = {[1] = "RSA", [2] = "DSA", [64] = "ECDSA"};
    struct reader types = vector(in, 1);
    mu_fact *fact = add_fact(m, "keys", true);
    while (has_more(&types)) {
        unsigned type = number(&types, 1);
        if (type < sizeof kinds / sizeof *kinds && kinds[type])
            add_item(m, fact, kinds[type]);
    }
    add_numbers(m, "signatures", false, vector(in, 2), mu_tls_sigalg_name);
    add_issuers(m, vector(in, 2));
}

static void add_cert(mu_message *m, const char *label, const X509 *cert)
{
    char until[32], from[32];
    char *subject = mu_name_text(X509_get_subject_name(cert)), *issuer = mu_name_text(X509_get_issuer_name(cert));
    char *names = mu_cert_san_text(cert), *usage = mu_cert_ext_usage_text(cert);
    mu_fact *fact = add_fact(m, label, false);
    add_item(m, fact, subject && *subject ? subject : "(no subject)");
    add_owned(m, fact, mu_asprintf("issued by %s", issuer ? issuer : "?"));
    if (names && *names)
        add_owned(m, fact, mu_asprintf("names %s", names));
    if (!mu_cert_is_ca(cert))
        add_owned(m, fact, mu_asprintf("for %s", usage ? usage : "?"));
    mu_time_text(mu_cert_not_before_s(cert), from);
    mu_time_text(mu_cert_not_after_s(cert), until);
    add_owned(m, fact, mu_asprintf("valid %s to %s", from, until));
    free(subject);
    free(issuer);
    free(names);
    free(usage);
}

static void read_certificate(mu_message *m, struct reader *in, bool tls13)
{
    static const char *const labels[] = {"certificate", "issuer 1", "issuer 2", "issuer 3", "issuer 4",
                                         "issuer 5",    "issuer 6", "issuer 7", "issuer 8", "issuer 9"};
    size_t count = 0;
    if (tls13)
        vector(in, 1);
    struct reader list = vector(in, 3);
    while (has_more(&list)) {
        struct reader der = vector(&list, 3);
        const unsigned char *at = der.at;
        if (tls13 && has_more(&list))
            vector(&list, 2);
        if (count < sizeof labels / sizeof *labels) {
            X509 *cert = der.bad ? NULL : d2i_X509(NULL, &at, (long)der.left);
            if (cert)
                add_cert(m, labels[count], cert);
            else
                add_item(m, add_fact(m, labels[count], false), "(unreadable)");
            X509_free(cert);
        }
        count++;
    }
    ERR_clear_error();
    m->damaged |= list.bad;
    if (count == 0 && !in->bad)
        add_item(m, add_fact(m, "certificate", false), "none");
    else if (count > sizeof labels / sizeof *labels)
        add_owned(m, add_fact(m, "chain", false), mu_asprintf("%zu certificates", count));
}

static void add_signature(mu_message *m, struct reader *in)
{
    unsigned sigalg = number(in, 2);
    vector(in, 2);
    if (!in->bad)
        add_number(m, add_fact(m, "signature", false), sigalg, mu_tls_sigalg_name);
}

/* RFC 8422 5.4: 3 is "named curve"; the length of a prime of RFC 5246 7.4.3 can begin with it, too, and then does not fit. */
static void read_server_key_exchange(mu_message *m, struct reader *in)
{
    struct reader ecdhe = *in;
    unsigned type = number(&ecdhe, 1), group = number(&ecdhe, 2);
    struct reader point = vector(&ecdhe, 1);
    if (!ecdhe.bad && type == 3 && point.left >= 32) {
        add_number(m, add_fact(m, "group", false), group, mu_tls_group_name);
        *in = ecdhe;
    } else {
        struct reader prime = vector(in, 2);
        vector(in, 2);
        vector(in, 2);
        if (!in->bad)
            add_owned(m, add_fact(m, "group", false), mu_asprintf("DHE of %zu bits", prime.left * 8));
    }
    add_signature(m, in);
}

static void read_ticket(mu_message *m, struct reader *in)
{
    unsigned lifetime_s = number(in, 4);
    if (!in->bad)
        add_owned(m, add_fact(m, "lifetime", false), mu_asprintf("%u s", lifetime_s));
}

static void read_body(mu_message *m, unsigned type, struct reader *in, bool tls13)
{
    switch (type) {
    case MU_MESSAGE_CLIENT_HELLO:
        return read_client_hello(m, in);
    case MU_MESSAGE_SERVER_HELLO:
        return read_server_hello(m, in);
    case MU_MESSAGE_TICKET:
        return read_ticket(m, in);
    case MU_MESSAGE_ENCRYPTED_EXTENSIONS:
        return read_extensions(m, in, false);
    case MU_MESSAGE_CERTIFICATE:
        return read_certificate(m, in, tls13);
    case MU_MESSAGE_SERVER_KEY_EXCHANGE:
        return read_server_key_exchange(m, in);
    case MU_MESSAGE_CERTIFICATE_REQUEST:
        return read_certificate_request(m, in, tls13);
    case MU_MESSAGE_CERTIFICATE_VERIFY:
        return add_signature(m, in);
    default:
        return;
    }
}

/* What follows the header, or a ticket's lifetime, resumes or decrypts something, and tells a reader nothing. */
static bool is_withheld(unsigned type)
{
    return type == MU_MESSAGE_TICKET || type == MU_MESSAGE_CLIENT_KEY_EXCHANGE || type == MU_MESSAGE_FINISHED;
}

void mu_message_decode(const uint8_t *data, size_t len, bool tls13, mu_message *ret)
{
    struct reader in = {.at = data, .left = len};
    unsigned type = number(&in, 1);
    struct reader body = vector(&in, 3);

    *ret = (mu_message){.name = in.bad && len == 0 ? NULL : mu_tls_message_name(type)};
    if (!ret->name)
        ret->name = "unknown message";
    read_body(ret, type, &body, tls13);
    ret->damaged |= body.bad && (len < 4 || !is_withheld(type));
}

size_t mu_message_shown_bytes(unsigned type, size_t len)
{
    size_t shown = type == MU_MESSAGE_TICKET ? 8 : is_withheld(type) ? 4 : len;
    return shown < len ? shown : len;
}

void mu_message_done(mu_message *message)
{
    for (size_t i = 0; i < message->count; i++)
        mu_strlist_free(&message->facts[i].items);
    *message = (mu_message){0};
}

const mu_fact *mu_message_fact(const mu_message *message, const char *label)
{
    for (size_t i = 0; i < message->count; i++)
        if (strcmp(message->facts[i].label, label) == 0)
            return &message->facts[i];
    return NULL;
}
