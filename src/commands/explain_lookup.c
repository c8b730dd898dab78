#include "commands/explain_lookup.h"

#include "base/text.h"
#include "diag/log.h"

#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#define X509_ERROR_MAX 200 /* beyond what any OpenSSL has */
#define MESSAGE_CODES_MAX 6

struct found {
    mu_explained *out;
    size_t count;
};

static void add(struct found *found, mu_explained_kind kind, int number)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->out[i].kind == kind && found->out[i].number == number)
            return;
    if (found->count < MU_EXPLAINED_MAX)
        found->out[found->count++] = (mu_explained){kind, number};
}

/* "X509_V_ERR_CERT_HAS_EXPIRED", also without the prefix. */
static bool is_x509_name(int error, const char *word)
{
    static const char prefix[] = "X509_V_ERR_";
    const char *name = mu_x509_error_name(error);
    return mu_str_has_prefix(name, prefix) && (mu_str_eq_nocase(name, word) || mu_str_eq_nocase(name + sizeof prefix - 1, word));
}

static void find_number(struct found *found, int number)
{
    if (mu_alert_find(number))
        add(found, MU_EXPLAINED_ALERT, number);
    if (mu_str_has_prefix(mu_x509_error_name(number), "X509_V_ERR_"))
        add(found, MU_EXPLAINED_X509, number);
}

static void find_name(struct found *found, const char *word)
{
    if (mu_alert_from_name(word) >= 0)
        add(found, MU_EXPLAINED_ALERT, mu_alert_from_name(word));
    if (mu_code_from_name(word) != MU_OK)
        add(found, MU_EXPLAINED_CAUSE, (int)mu_code_from_name(word));
    for (int error = 1; error <= X509_ERROR_MAX; error++)
        if (is_x509_name(error, word))
            add(found, MU_EXPLAINED_X509, error);
}

/* In whatever case. */
static bool occurs(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (; strlen(text) >= len; text++) {
        char *start = mu_strndup(text, len);
        bool same = start && mu_str_eq_nocase(start, part);
        free(start);
        if (same)
            return true;
    }
    return false;
}

/* OpenSSL's texts, as "certificate has expired". One that is part of a longer one that fits too is left out. */
static void find_texts(struct found *found, const char *text)
{
    int fitting[X509_ERROR_MAX + 1], count = 0;
    for (int error = 1; error <= X509_ERROR_MAX; error++)
        if (mu_str_has_prefix(mu_x509_error_name(error), "X509_V_ERR_") &&
            occurs(text, X509_verify_cert_error_string(error)))
            fitting[count++] = error;
    for (int i = 0; i < count; i++) {
        bool part = false;
        const char *own = X509_verify_cert_error_string(fitting[i]);
        for (int j = 0; j < count; j++)
            part = part || (strlen(X509_verify_cert_error_string(fitting[j])) > strlen(own) &&
                            occurs(X509_verify_cert_error_string(fitting[j]), own));
        if (!part)
            add(found, MU_EXPLAINED_X509, fitting[i]);
    }
}

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* As OpenSSL names an alert in a line: "tlsv13 alert certificate required", TLSV13_ALERT_CERTIFICATE_REQUIRED. */
static void find_alert_lines(struct found *found, const char *line)
{
    char *text = mu_strdup(line);
    for (char *p = text; p && *p; p++)
        *p = *p == '_' ? ' ' : *p;
    size_t count;
    const mu_alert_info *alerts = mu_alert_table(&count);
    for (size_t i = 0; text && i < count; i++) {
        char *phrase = mu_asprintf("alert %s", alerts[i].name);
        for (char *p = phrase; p && *p; p++)
            *p = *p == '_' ? ' ' : *p;
        if (phrase && occurs(text, phrase))
            add(found, MU_EXPLAINED_ALERT, alerts[i].alert);
        free(phrase);
    }
    free(text);
}

/* What a stack prints, if it is neither an alert nor an X.509 code's text. */
static void find_messages(struct found *found, const char *text)
{
    mu_code codes[MESSAGE_CODES_MAX];
    size_t count = found->count == 0 && strchr(text, ' ') ? mu_log_causes(text, codes, MESSAGE_CODES_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        add(found, MU_EXPLAINED_CAUSE, (int)codes[i]);
}

/* In a line of many words "internal" is a word; alone it is the cause. The same holds for numbers. */
static void find_words(struct found *found, const char *text, bool numbers)
{
    bool alone = text[strcspn(text, " ")] == 0;
    while (*text) {
        size_t len = 0;
        long number;
        char *word;
        while (in_name(text[len]))
            len++;
        if (!len) {
            text++;
            continue;
        }
        if ((word = mu_strndup(text, len))) {
            if (alone || strpbrk(word, "_-"))
                find_name(found, word);
            if (numbers && mu_str_to_long(word, 0, 255, &number))
                find_number(found, (int)number);
        }
        free(word);
        text += len;
    }
}

size_t mu_explain_find(const char *text, mu_explained out[MU_EXPLAINED_MAX])
{
    struct found found = {.out = out};
    bool numbers = text[strspn(text, "0123456789 ")] == 0;
    find_texts(&found, text);
    find_alert_lines(&found, text);
    find_messages(&found, text);
    find_words(&found, text, numbers);
    return found.count;
}

/* The library's code says where its search ended; these can be behind it as well. */
static const struct behind {
    int x509_error;
    mu_code codes[3];
    const char *apart;
} behind[] = {
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     {MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_INTERMEDIATE_ONLY_ANCHOR, MU_E_TLS_INTERCEPTED},
     "Walk the chain that was presented: is the issuer of each certificate there, and that of the last one in the trust store?"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     {MU_E_CA_NOT_TRUSTED, MU_E_CLIENT_CA_NOT_TRUSTED, MU_E_TLS_INTERCEPTED},
     "Only the leaf was presented: if its issuer is an intermediate CA, that one is missing; if it is a root, trust is."},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     {MU_E_SUBJECT_EQUALS_ISSUER},
     "If the signature does not verify under the certificate's own key, a CA of the same name issued it."},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     {MU_E_TLS_INTERCEPTED, MU_E_CA_REGENERATED},
     "Look at the root at the chain's end: is it the expected one, by its key too, and the same over another network?"},
    {X509_V_ERR_CERT_HAS_EXPIRED,
     {MU_E_CLOCK_SKEW, MU_E_EXPIRED_CROSS_ROOT},
     "Compare the clock with the peer's, then look at the dates of every certificate of the chain, the root included."},
    {X509_V_ERR_CERT_NOT_YET_VALID, {MU_E_CLOCK_SKEW},
     "Compare the clock with the peer's: a certificate of today is rarely too new."},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE,
     {MU_E_CA_REGENERATED},
     "If the issuer has another key than the one the certificate names (authority key identifier), the CA was made anew."},
    {X509_V_ERR_HOSTNAME_MISMATCH, {MU_E_SAN_MISSING}, "See whether the certificate has a subjectAltName at all."},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, {MU_E_SAN_MISSING}, "See whether the certificate has a subjectAltName at all."},
};

static const struct behind *find_behind(int x509_error)
{
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        if (behind[i].x509_error == x509_error)
            return &behind[i];
    return NULL;
}

static void add_code(mu_code code, mu_code *out, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (out[i] == code)
            return;
    out[(*count)++] = code;
}

size_t mu_explain_x509_codes(int x509_error, mu_code out[MU_X509_CODES_MAX])
{
    static const mu_purpose purposes[] = {MU_PURPOSE_SERVER, MU_PURPOSE_CLIENT};
    const struct behind *more = find_behind(x509_error);
    size_t count = 0;
    for (int i = 0; i < 4; i++)
        add_code(mu_code_from_x509(x509_error, i / 2, purposes[i % 2]), out, &count);
    for (size_t i = 0; more && i < 3 && more->codes[i] != MU_OK; i++)
        add_code(more->codes[i], out, &count);
    return count;
}

const char *mu_explain_x509_apart(int x509_error)
{
    const struct behind *more = find_behind(x509_error);
    return more ? more->apart : NULL;
}

bool mu_explain_alert_can_mean(int alert, mu_code code)
{
    mu_code codes[MU_MAX_CANDIDATES];
    for (int i = 0; i < 6; i++) {
        size_t count = mu_alert_candidates(alert, i % 2 ? MU_SIDE_SERVER : MU_SIDE_CLIENT, (mu_alert_phase)(i / 2), codes);
        while (count > 0)
            if (codes[--count] == code)
                return true;
    }
    return false;
}
