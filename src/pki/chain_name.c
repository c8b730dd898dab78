#include "pki/chain_internal.h"

#include "base/ossl.h"
#include "base/text.h"
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 9525 6.3: no CN, and a wildcard only as the whole left-most label. */
#define HOST_FLAGS (X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)

static bool is_ip(const char *text)
{
    ASN1_OCTET_STRING *ip = a2i_IPADDRESS(text);
    ASN1_OCTET_STRING_free(ip);
    mu_ossl_clear();
    return ip != NULL;
}

static bool has_names(const X509 *cert)
{
    return X509_get_ext_by_NID(cert, NID_subject_alt_name, -1) >= 0;
}

/* A final dot says "absolute" to a resolver; certificates never have it. */
static bool matches_host(X509 *cert, const char *host)
{
    size_t len = strlen(host);
    if (len > 1 && host[len - 1] == '.')
        len--;
    return len > 0 && X509_check_host(cert, host, len, HOST_FLAGS, NULL) == 1;
}

static bool check_host(X509 *cert, const char *host, mu_finding *ret)
{
    if (is_ip(host))
        return X509_check_ip_asc(cert, host, 0) == 1 || mu_found(ret, MU_E_IP_SAN_MISSING, 0, X509_V_ERR_IP_ADDRESS_MISMATCH);
    if (matches_host(cert, host))
        return true;
    return mu_found(ret, has_names(cert) ? MU_E_HOSTNAME_MISMATCH : MU_E_SAN_MISSING, 0, X509_V_ERR_HOSTNAME_MISMATCH);
}

bool mu_leaf_check_names(X509 *leaf, const mu_verify_params *params, mu_finding *ret)
{
    if (params->host && !check_host(leaf, params->host, ret))
        return false;
    if (params->ip && X509_check_ip_asc(leaf, params->ip, 0) != 1)
        return mu_found(ret, MU_E_IP_SAN_MISSING, 0, X509_V_ERR_IP_ADDRESS_MISMATCH);
    if (params->email && X509_check_email(leaf, params->email, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) != 1)
        return mu_found(ret, MU_E_PEER_IDENTITY_MISMATCH, 0, X509_V_ERR_EMAIL_MISMATCH);
    return true;
}

int mu_cert_check_name(const X509 *cert, const char *host, const char *ip, mu_err **err)
{
    const mu_verify_params params = {.host = host, .ip = ip};
    mu_finding finding;
    X509 *leaf = (X509 *)cert; /* X509_check_host takes const, X509_get_extension_flags does not; both only read */

    if (mu_leaf_check_names(leaf, &params, &finding))
        return 0;
    char *asked = mu_escape_dup(host ? host : ip, strlen(host ? host : ip)), *names = mu_cert_san_text(cert);
    mu_fail(err, finding.code, "certificate is not for \"%s\"", asked ? asked : "");
    mu_err_detail(err, names && *names ? "has %s" : "has no subjectAltName", names);
    free(asked);
    free(names);
    return -1;
}

/* ---- as the JDK's HostnameChecker does for HTTPS ---- */

/* A '*' stands for any part of one label, in the left-most label only. */
static bool jdk_label_matches(const char *pattern, size_t pattern_len, const char *label, size_t label_len)
{
    const char *star = memchr(pattern, '*', pattern_len);
    if (!star)
        return pattern_len == label_len && strncasecmp(pattern, label, label_len) == 0;
    size_t head = (size_t)(star - pattern), tail = pattern_len - head - 1;
    return label_len >= head + tail && strncasecmp(pattern, label, head) == 0 &&
           strncasecmp(star + 1, label + label_len - tail, tail) == 0;
}

static bool jdk_matches(const ASN1_STRING *pattern_string, const char *host)
{
    const char *pattern = (const char *)ASN1_STRING_get0_data(pattern_string);
    size_t len = (size_t)ASN1_STRING_length(pattern_string), host_len = strlen(host);
    const char *dot = memchr(pattern, '.', len), *host_dot = strchr(host, '.');

    if (len == 0 || memchr(pattern, '\0', len))
        return false;
    if (!memchr(pattern, '*', len))
        return len == host_len && strncasecmp(pattern, host, len) == 0;
    if (!dot || !host_dot) /* a bare "*" */
        return false;
    size_t rest = len - (size_t)(dot - pattern), host_rest = host_len - (size_t)(host_dot - host);
    return rest == host_rest && !memchr(dot, '*', rest) && strncasecmp(dot, host_dot, rest) == 0 &&
           jdk_label_matches(pattern, (size_t)(dot - pattern), host, (size_t)(host_dot - host));
}

/* The CN counts only if there is no dNSName at all; the last one in DER is the most specific. */
static bool jdk_matches_subject(const X509 *leaf, const char *host)
{
    const X509_NAME *subject = X509_get_subject_name(leaf);
    int at = -1;
    for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
        at = i;
    return at >= 0 && jdk_matches(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), host);
}

bool mu_leaf_check_names_jsse(X509 *leaf, const mu_verify_params *params, mu_finding *ret)
{
    mu_verify_params others = *params;
    bool found = false, any = false;

    if (!params->host || is_ip(params->host))
        return mu_leaf_check_names(leaf, params, ret);
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        any = any || type == GEN_DNS;
        found = found || (type == GEN_DNS && jdk_matches(value, params->host));
    }
    GENERAL_NAMES_free(names);
    mu_ossl_clear();
    if (!found && (any || !jdk_matches_subject(leaf, params->host)))
        return mu_found(ret, any ? MU_E_HOSTNAME_MISMATCH : MU_E_SAN_MISSING, 0, X509_V_ERR_HOSTNAME_MISMATCH);
    others.host = NULL;
    return mu_leaf_check_names(leaf, &others, ret);
}
