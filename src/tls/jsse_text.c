/*
 * The verdict in the words of HttpsURLConnection on JDK 25, as its client prints them: alert names in parentheses are the JDK's own
 * choice, which often is another than the alert that OpenSSL sends for the same finding.
 */
#include "base/text.h"
#include "tls/alert.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BUILDING                                                                                                              \
    "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: "                                      \
    "unable to find valid certification path to requested target"
#define PATH_VALIDATION "PKIX path validation failed: java.security.cert.CertPathValidatorException: "

/* Findings of the client about the server; a server says certificate_unknown for every one of them. */
static const struct {
    mu_code code;
    const char *alert, *text;
} findings[] = {
    {MU_E_CA_NOT_TRUSTED, "certificate_unknown", PATH_BUILDING},
    {MU_E_CLIENT_CA_NOT_TRUSTED, "certificate_unknown", PATH_BUILDING},
    {MU_E_CHAIN_MISSING_INTERMEDIATE, "certificate_unknown", PATH_BUILDING},
    {MU_E_SELF_SIGNED, "certificate_unknown", PATH_BUILDING},
    {MU_E_PIN_MISMATCH, "certificate_unknown", PATH_BUILDING},
    {MU_E_CA_REGENERATED, "certificate_unknown", PATH_BUILDING},
    {MU_E_CERT_EXPIRED, "certificate_expired", PATH_VALIDATION "validity check failed"},
    {MU_E_CERT_NOT_YET_VALID, "bad_certificate", PATH_VALIDATION "validity check failed"},
    {MU_E_SIGNATURE_INVALID, "bad_certificate", PATH_VALIDATION "signature check failed"},
    {MU_E_EKU_MISSING_SERVERAUTH, "certificate_unknown", "Extended key usage does not permit use for TLS server authentication"},
    {MU_E_EKU_MISSING_CLIENTAUTH, "certificate_unknown", "Extended key usage does not permit use for TLS client authentication"},
    {MU_E_KEY_USAGE_WRONG, "certificate_unknown", "KeyUsage does not allow digital signatures"},
    {MU_E_PATHLEN_EXCEEDED, "certificate_unknown",
     PATH_VALIDATION "basic constraints check failed: pathLenConstraint violated - this cert must be the last cert in the "
                     "certification path"},
    {MU_E_ISSUER_NOT_A_CA, "certificate_unknown", PATH_VALIDATION "basic constraints check failed: this is not a CA certificate"},
    {MU_E_NAME_CONSTRAINTS, "certificate_unknown", PATH_VALIDATION "name constraints check failed"},
    {MU_E_UNKNOWN_CRITICAL_EXTENSION, "certificate_unknown", PATH_VALIDATION "unrecognized critical extension(s)"},
    {MU_E_CERT_REVOKED, "certificate_revoked", PATH_VALIDATION "Certificate has been revoked"},
    {MU_E_CRL_UNAVAILABLE, "certificate_unknown", PATH_VALIDATION "Could not determine revocation status"},
    {MU_E_CRL_EXPIRED, "certificate_unknown", PATH_VALIDATION "Could not determine revocation status"},
    {MU_E_WEAK_SIGNATURE_DIGEST, "unsupported_certificate",
     PATH_VALIDATION "Algorithm constraints check failed on disabled algorithm"},
    {MU_E_WEAK_KEY_SIZE, "unsupported_certificate", PATH_VALIDATION "Algorithm constraints check failed on keysize limits"},
};

/* JDK sun.security.ssl.Alert: those that can also come outside a handshake are not SSLHandshakeException. */
static const char *class_of_alert(int alert)
{
    switch (alert) {
    case SSL_AD_UNEXPECTED_MESSAGE:
        return "SSLProtocolException";
    case SSL_AD_CLOSE_NOTIFY:
    case SSL_AD_BAD_RECORD_MAC:
    case SSL_AD_DECRYPTION_FAILED:
    case SSL_AD_RECORD_OVERFLOW:
    case SSL_AD_DECOMPRESSION_FAILURE:
    case SSL_AD_INTERNAL_ERROR:
    case SSL_AD_INAPPROPRIATE_FALLBACK:
    case SSL_AD_USER_CANCELLED:
        return "SSLException";
    default:
        return "SSLHandshakeException";
    }
}

/* JDK sun.security.util.HostnameChecker. peer_names is in the form "dns:a,ip:b". */
static char *name_text(const mu_verdict *v)
{
    const char *host = v->host ? v->host : "", *names = v->peer_names ? v->peer_names : "";
    const char *prefix = "SSLHandshakeException: (certificate_unknown) ";
    bool is_ip = strchr(host, ':') || (*host && strspn(host, "0123456789.") == strlen(host));
    if (is_ip)
        return !*names ? mu_asprintf("%sNo subject alternative names present", prefix)
                       : mu_asprintf("%sNo subject alternative names matching IP address %s found", prefix, host);
    return strstr(names, "dns:") ? mu_asprintf("%sNo subject alternative DNS name matching %s found.", prefix, host)
                                 : mu_asprintf("%sNo name matching %s found", prefix, host);
}

static char *finding_text(const mu_verdict *v)
{
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
        if (findings[i].code == v->code)
            return mu_asprintf("SSLHandshakeException: (%s) %s",
                               v->side == MU_SIDE_SERVER ? "certificate_unknown" : findings[i].alert, findings[i].text);
    return NULL;
}

static const char *missing_cert_alert(const mu_verdict *v)
{
    return v->version && strcmp(v->version, "TLSv1.3") == 0 ? "certificate_required" : "handshake_failure";
}

char *mu_verdict_jsse_text(const mu_verdict *v)
{
    char *text;
    switch (v->code) {
    case MU_OK:
        return NULL;
    case MU_E_PEER_REFUSED:
        return mu_asprintf("%s: (%s) Received fatal alert: %s", class_of_alert(v->alert), mu_alert_name(v->alert),
                           mu_alert_name(v->alert));
    case MU_E_HOSTNAME_MISMATCH:
    case MU_E_IP_SAN_MISSING:
    case MU_E_SAN_MISSING:
        return name_text(v);
    case MU_E_CLIENT_CERT_NOT_SENT:
        return mu_asprintf("SSLHandshakeException: (%s) Empty client certificate chain", missing_cert_alert(v));
    case MU_E_TLS_TO_PLAINTEXT_PORT:
    case MU_E_PLAINTEXT_TO_TLS_PORT:
        return mu_strdup("SSLException: Unsupported or unrecognized SSL message");
    case MU_E_PEER_CLOSED:
        if (v->handshake_done)
            return mu_strdup(v->by == MU_BY_OS ? "SocketException: Connection reset"
                                               : "SocketException: Unexpected end of file from server");
        return mu_strdup(v->by == MU_BY_OS ? "SocketException: Connection reset"
                                           : "SSLHandshakeException: Remote host terminated the handshake");
    case MU_E_CIPHER_MISMATCH:
    case MU_E_CIPHER_KEYTYPE_MISMATCH:
    case MU_E_NAMED_GROUP_MISMATCH:
        return mu_strdup("SSLHandshakeException: (handshake_failure) no cipher suites in common");
    case MU_E_PROTOCOL_VERSION_MISMATCH:
        return mu_strdup("SSLHandshakeException: (protocol_version) The protocol version of the peer is not accepted");
    default:
        text = finding_text(v);
        return text ? text : mu_asprintf("SSLException: %s", mu_code_meaning(v->code));
    }
}
