#include "tls/alert.h"

#include "base/text.h"

#include <stdlib.h>

/* RFC 8446 section 6 and RFC 5246 section 7.2; 112 RFC 6066; 114 and 113 RFC 6066; 115 RFC 4279; 120 RFC 7301; 121 RFC 9849. */
static const mu_alert_info alerts[] = {
    {0, "close_notify", "The sender will send nothing more: the proper end of a connection."},
    {10, "unexpected_message", "A message came that has no place here; stacks also answer plaintext with it."},
    {20, "bad_record_mac", "A record could not be decrypted: altered on the way, or the sides disagree about keys."},
    {21, "decryption_failed", "As bad_record_mac, from old stacks."},
    {22, "record_overflow", "A record is longer than allowed."},
    {30, "decompression_failure", "Compressed data could not be expanded, from old stacks."},
    {40, "handshake_failure", "No set of parameters is acceptable; in TLS 1.2 also the answer to a missing client certificate."},
    {41, "no_certificate", "SSL 3.0: the client has no certificate."},
    {42, "bad_certificate", "A certificate is wrong in some way, or not what was expected."},
    {43, "unsupported_certificate", "A certificate is of a kind or for a purpose that is not accepted."},
    {44, "certificate_revoked", "A certificate was revoked by its issuer."},
    {45, "certificate_expired", "A certificate, or what proves it current, is past its last day."},
    {46, "certificate_unknown", "A certificate was refused for a reason that the sender does not tell; Java's usual answer."},
    {47, "illegal_parameter", "A value in the handshake contradicts another, or is not allowed."},
    {48, "unknown_ca", "No path from the certificate to a certificate authority that the sender trusts."},
    {49, "access_denied", "The certificate is valid, and its owner is not let in."},
    {50, "decode_error", "A message could not be read."},
    {51, "decrypt_error", "A signature in the handshake or on a certificate does not verify."},
    {60, "export_restriction", "Export grade cryptography, from old stacks."},
    {70, "protocol_version", "None of the offered TLS versions is enabled at the sender."},
    {71, "insufficient_security", "What was offered is weaker than the sender demands."},
    {80, "internal_error", "The sender failed for a reason of its own."},
    {86, "inappropriate_fallback", "The client came back with a lower version than both sides have."},
    {90, "user_canceled", "The sender gave up for a reason that is not the protocol's."},
    {100, "no_renegotiation", "The sender does not renegotiate."},
    {109, "missing_extension", "An extension that must be there is not."},
    {110, "unsupported_extension", "An extension came that had not been offered."},
    {111, "certificate_unobtainable", "A certificate named by its address could not be fetched."},
    {112, "unrecognized_name", "The server serves no such name (SNI)."},
    {113, "bad_certificate_status_response", "The stapled OCSP answer is missing or wrong."},
    {114, "bad_certificate_hash_value", "A certificate fetched by its address has another hash."},
    {115, "unknown_psk_identity", "The pre-shared key or ticket is not known."},
    {116, "certificate_required", "The server demands a client certificate and got none."},
    {120, "no_application_protocol", "No application protocol (ALPN) in common."},
    {121, "ech_required", "The server demands an encrypted ClientHello."},
};

const mu_alert_info *mu_alert_table(size_t *ret_count)
{
    *ret_count = sizeof alerts / sizeof *alerts;
    return alerts;
}

const mu_alert_info *mu_alert_find(int alert)
{
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (alerts[i].alert == alert)
            return &alerts[i];
    return NULL;
}

const char *mu_alert_name(int alert)
{
    const mu_alert_info *info = mu_alert_find(alert);
    return info ? info->name : "unknown";
}

int mu_alert_from_name(const char *name)
{
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (mu_str_eq_nocase(alerts[i].name, name))
            return alerts[i].alert;
    return -1;
}

const char *mu_alert_phase_text(mu_alert_phase phase)
{
    static const char *const texts[] = {
        [MU_PHASE_HELLO] = "before certificates were exchanged",
        [MU_PHASE_NO_CERT] = "after a certificate was asked for and none was sent",
        [MU_PHASE_CERT] = "after our certificate was sent",
    };
    return texts[phase];
}

enum { HELLO = 1 << MU_PHASE_HELLO, NO_CERT = 1 << MU_PHASE_NO_CERT, CERT = 1 << MU_PHASE_CERT, ALWAYS = HELLO | NO_CERT | CERT };
enum { CLIENT = 1 << MU_SIDE_CLIENT, SERVER = 1 << MU_SIDE_SERVER, BOTH = CLIENT | SERVER };

/*
 * The first row that fits is taken. What stacks send for which finding was read from the sources of OpenSSL, OpenJDK and Go:
 * OpenSSL tells findings apart, Java says certificate_unknown for nearly all of them, Go's clients say bad_certificate for all.
 */
static const struct rule {
    int alert;
    unsigned receivers, phases;
    mu_code candidates[MU_MAX_CANDIDATES];
} rules[] = {
    {10, CLIENT, HELLO, {MU_E_PLAINTEXT_TO_TLS_PORT, MU_E_TLS_TO_PLAINTEXT_PORT, MU_E_TLS_INTERCEPTED}},
    {10, BOTH, ALWAYS, {MU_E_TLS_INTERCEPTED, MU_E_LEGACY_RENEGOTIATION}},
    {20, BOTH, ALWAYS, {MU_E_TLS_INTERCEPTED}},
    {22, BOTH, ALWAYS, {MU_E_HANDSHAKE_MESSAGE_TOO_LARGE, MU_E_TLS_INTERCEPTED}},
    {40, CLIENT, NO_CERT, {MU_E_CLIENT_CERT_NOT_SENT}},
    {40, CLIENT, CERT,
     {MU_E_SIGALG_MISMATCH, MU_E_KEYTYPE_MISMATCH, MU_E_CLIENT_CA_NOT_TRUSTED, MU_E_EKU_MISSING_CLIENTAUTH, MU_E_CERT_EXPIRED}},
    {40, CLIENT, HELLO,
     {MU_E_CIPHER_MISMATCH, MU_E_CIPHER_KEYTYPE_MISMATCH, MU_E_NAMED_GROUP_MISMATCH, MU_E_PROTOCOL_VERSION_MISMATCH,
      MU_E_SIGALG_MISMATCH, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_E_SNI_MISSING, MU_E_SERVER_ALIAS_NOT_FOUND}},
    {40, SERVER, ALWAYS,
     {MU_E_SIGALG_MISMATCH, MU_E_CIPHER_MISMATCH, MU_E_NAMED_GROUP_MISMATCH, MU_E_WEAK_KEY_SIZE, MU_E_DH_PARAMETERS_WEAK,
      MU_E_LEGACY_RENEGOTIATION}},
    {42, CLIENT, NO_CERT, {MU_E_CLIENT_CERT_NOT_SENT}},
    {42, CLIENT, ALWAYS,
     {MU_E_CERT_NOT_YET_VALID, MU_E_CLOCK_SKEW, MU_E_CLIENT_CA_NOT_TRUSTED, MU_E_PIN_MISMATCH, MU_E_EKU_MISSING_CLIENTAUTH,
      MU_E_WEAK_KEY_SIZE, MU_E_WEAK_SIGNATURE_DIGEST, MU_E_KEY_USAGE_WRONG}},
    {42, SERVER, ALWAYS,
     {MU_E_HOSTNAME_MISMATCH, MU_E_IP_SAN_MISSING, MU_E_SAN_MISSING, MU_E_CERT_NOT_YET_VALID, MU_E_PIN_MISMATCH,
      MU_E_CA_NOT_TRUSTED, MU_E_WEAK_KEY_SIZE, MU_E_WEAK_SIGNATURE_DIGEST}},
    {43, CLIENT, ALWAYS,
     {MU_E_EKU_MISSING_CLIENTAUTH, MU_E_EKU_CA_CHAIN, MU_E_KEY_USAGE_WRONG, MU_E_KEYTYPE_MISMATCH, MU_E_WEAK_SIGNATURE_DIGEST,
      MU_E_WEAK_KEY_SIZE}},
    {43, SERVER, ALWAYS,
     {MU_E_EKU_MISSING_SERVERAUTH, MU_E_EKU_CA_CHAIN, MU_E_KEY_USAGE_WRONG, MU_E_WEAK_SIGNATURE_DIGEST, MU_E_WEAK_KEY_SIZE}},
    {44, BOTH, ALWAYS, {MU_E_CERT_REVOKED}},
    {45, BOTH, ALWAYS, {MU_E_CERT_EXPIRED, MU_E_CLOCK_SKEW, MU_E_CRL_EXPIRED, MU_E_EXPIRED_CROSS_ROOT}},
    {46, CLIENT, NO_CERT, {MU_E_CLIENT_CERT_NOT_SENT}},
    {46, CLIENT, ALWAYS,
     {MU_E_CLIENT_CA_NOT_TRUSTED, MU_E_EKU_MISSING_CLIENTAUTH, MU_E_CERT_EXPIRED, MU_E_CHAIN_MISSING_INTERMEDIATE,
      MU_E_CERT_NOT_YET_VALID, MU_E_KEY_USAGE_WRONG, MU_E_PIN_MISMATCH, MU_E_CRL_UNAVAILABLE}},
    {46, SERVER, ALWAYS,
     {MU_E_CA_NOT_TRUSTED, MU_E_HOSTNAME_MISMATCH, MU_E_IP_SAN_MISSING, MU_E_SAN_MISSING, MU_E_EKU_MISSING_SERVERAUTH,
      MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_PIN_MISMATCH, MU_E_KEY_USAGE_WRONG}},
    {47, BOTH, ALWAYS, {MU_E_SIGALG_MISMATCH, MU_E_NAMED_GROUP_MISMATCH, MU_E_KEYTYPE_MISMATCH}},
    {48, CLIENT, NO_CERT, {MU_E_CLIENT_CERT_NOT_SENT}},
    {48, CLIENT, ALWAYS,
     {MU_E_CLIENT_CA_NOT_TRUSTED, MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_SELF_SIGNED, MU_E_PIN_MISMATCH,
      MU_E_INTERMEDIATE_ONLY_ANCHOR, MU_E_CA_REGENERATED, MU_E_CRL_UNAVAILABLE, MU_E_PATHLEN_EXCEEDED}},
    {48, SERVER, ALWAYS,
     {MU_E_CA_NOT_TRUSTED, MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_SELF_SIGNED, MU_E_PIN_MISMATCH, MU_E_INTERMEDIATE_ONLY_ANCHOR,
      MU_E_CA_REGENERATED, MU_E_CRL_UNAVAILABLE, MU_E_PATHLEN_EXCEEDED}},
    {49, CLIENT, ALWAYS, {MU_E_SERVER_REFUSES_ALL, MU_E_PEER_IDENTITY_MISMATCH, MU_E_PIN_MISMATCH, MU_E_CLIENT_CA_NOT_TRUSTED}},
    {50, BOTH, ALWAYS, {MU_E_HANDSHAKE_MESSAGE_TOO_LARGE, MU_E_TLS_INTERCEPTED}},
    {51, BOTH, ALWAYS, {MU_E_SIGNATURE_INVALID, MU_E_CA_REGENERATED, MU_E_KEY_CERT_MISMATCH, MU_E_TLS_INTERCEPTED}},
    {70, BOTH, ALWAYS, {MU_E_PROTOCOL_VERSION_MISMATCH}},
    {71, BOTH, ALWAYS, {MU_E_CIPHER_MISMATCH, MU_E_DH_PARAMETERS_WEAK, MU_E_WEAK_KEY_SIZE}},
    {80, BOTH, ALWAYS,
     {MU_E_TRUSTSTORE_EMPTY, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_E_PRIVATE_KEY_INACCESSIBLE, MU_E_SESSION_RESUMPTION}},
    {86, BOTH, ALWAYS, {MU_E_PROTOCOL_VERSION_MISMATCH}},
    {100, BOTH, ALWAYS, {MU_E_LEGACY_RENEGOTIATION, MU_E_POST_HANDSHAKE_AUTH_UNSUPPORTED}},
    {109, BOTH, ALWAYS, {MU_E_NAMED_GROUP_MISMATCH, MU_E_SIGALG_MISMATCH, MU_E_SNI_MISSING}},
    {112, CLIENT, ALWAYS, {MU_E_SNI_UNRECOGNIZED, MU_E_SNI_MISSING}},
    {113, BOTH, ALWAYS, {MU_E_OCSP_BAD_RESPONSE, MU_E_OCSP_UNREACHABLE, MU_E_CERT_REVOKED}},
    {115, BOTH, ALWAYS, {MU_E_SESSION_RESUMPTION}},
    {116, CLIENT, NO_CERT, {MU_E_CLIENT_CERT_NOT_SENT}},
    {116, CLIENT, ALWAYS,
     {MU_E_CLIENT_CERT_NOT_SENT, MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED, MU_E_SIGALG_MISMATCH, MU_E_PROPERTY_IGNORED}},
};

size_t mu_alert_candidates(int alert, mu_side receiver, mu_alert_phase phase, mu_code out[MU_MAX_CANDIDATES])
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *rule = &rules[i];
        size_t count = 0;
        if (rule->alert != alert || !(rule->receivers & 1u << receiver) || !(rule->phases & 1u << phase))
            continue;
        while (count < MU_MAX_CANDIDATES && rule->candidates[count] != MU_OK) {
            out[count] = rule->candidates[count];
            count++;
        }
        return count;
    }
    return 0;
}
