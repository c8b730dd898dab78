#include "pki/chain_internal.h"

#include "base/clock.h"
#include "base/ossl.h"
#include "base/text.h"
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* Facts about certificates, appended to a line: every one begins with ", ". */

static void add_name(mu_buf *out, const char *what, const X509_NAME *name)
{
    char *text = mu_name_text(name);
    mu_buf_addf(out, ", %s \"%s\"", what, text ? text : "");
    free(text);
}

static void add_bytes(mu_buf *out, const char *what, const ASN1_OCTET_STRING *bytes)
{
    mu_buf_addf(out, ", %s ", what);
    if (!bytes)
        mu_buf_add_str(out, "none");
    for (int i = 0; bytes && i < ASN1_STRING_length(bytes); i++)
        mu_buf_addf(out, "%02x", ASN1_STRING_get0_data(bytes)[i]);
}

static void add_oid(mu_buf *out, const ASN1_OBJECT *oid)
{
    char text[80];
    int nid = OBJ_obj2nid(oid);
    if (nid == NID_undef)
        OBJ_obj2txt(text, sizeof text, oid, 1);
    mu_buf_add_str(out, nid == NID_undef ? text : OBJ_nid2sn(nid));
}

static void add_eku(mu_buf *out, const X509 *cert)
{
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    mu_buf_add_str(out, eku ? ", has extendedKeyUsage" : ", has no extendedKeyUsage");
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
        mu_buf_add_str(out, i ? ", " : " ");
        add_oid(out, sk_ASN1_OBJECT_value(eku, i));
    }
    EXTENDED_KEY_USAGE_free(eku);
}

static void add_key_usage(mu_buf *out, X509 *cert)
{
    static const char *const names[] = {"encipherOnly", "cRLSign", "keyCertSign", "keyAgreement",
                                        "dataEncipherment", "keyEncipherment", "nonRepudiation", "digitalSignature"};
    uint32_t usage = X509_get_key_usage(cert);
    bool first = true;

    mu_buf_add_str(out, usage == UINT32_MAX ? ", has no keyUsage" : ", has keyUsage");
    for (int i = 7; usage != UINT32_MAX && i >= 0; i--)
        if (usage & (1u << i)) {
            mu_buf_addf(out, "%s%s", first ? " " : ", ", names[i]);
            first = false;
        }
}

static void add_dates(mu_buf *out, const X509 *cert, int64_t at_s)
{
    char from[32], until[32], at[32];
    mu_buf_addf(out, ", valid from %s until %s, judged at %s", mu_time_text(mu_cert_not_before_s(cert), from),
                mu_time_text(mu_cert_not_after_s(cert), until), mu_time_text(at_s, at));
}

static void add_asked(mu_buf *out, const mu_verify_params *params, const X509 *cert)
{
    const char *asked = params->host ? params->host : params->ip ? params->ip : params->email;
    char *names = mu_cert_san_text(cert);

    mu_buf_add_str(out, ", asked for \"");
    mu_escape(out, asked ? asked : "", asked ? strlen(asked) : 0);
    mu_buf_addf(out, "\", has %s", names && *names ? names : "no subjectAltName");
    free(names);
}

static void add_key(mu_buf *out, X509 *cert)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    char *text = key ? mu_key_describe(key) : NULL;
    mu_buf_addf(out, ", key %s", text ? text : "of unknown kind");
    free(text);
}

static void add_critical(mu_buf *out, const X509 *cert)
{
    for (int i = 0; i < X509_get_ext_count(cert); i++) {
        const X509_EXTENSION *extension = X509_get_ext(cert, i);
        if (!X509_EXTENSION_get_critical(extension) || X509_supported_extension((X509_EXTENSION *)extension))
            continue;
        mu_buf_add_str(out, ", critical extension ");
        add_oid(out, X509_EXTENSION_get_object((X509_EXTENSION *)extension));
    }
}

static X509 *find_subject(const STACK_OF(X509) *certs, const X509_NAME *name)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_NAME_cmp(X509_get_subject_name(sk_X509_value(certs, i)), name) == 0)
            return sk_X509_value(certs, i);
    return NULL;
}

static int count_pins(const STACK_OF(X509) *trusted)
{
    int pins = 0;
    for (int i = 0; i < sk_X509_num(trusted); i++)
        pins += !mu_cert_is_ca(sk_X509_value(trusted, i));
    return pins;
}

static void add_issuer(mu_buf *out, const mu_verify_params *params, X509 *cert)
{
    int trusted = sk_X509_num(params->trusted), pins = count_pins(params->trusted);
    const X509 *same = find_subject(params->trusted, X509_get_issuer_name(cert));

    add_name(out, "issuer", X509_get_issuer_name(cert));
    mu_buf_addf(out, ", trusted: %d CA%s and %d pinned", trusted < 0 ? 0 : trusted - pins, trusted - pins == 1 ? "" : "s", pins);
    if (same) {
        add_bytes(out, "issuer's key identifier", X509_get0_authority_key_id(cert));
        add_bytes(out, "the trusted one's", X509_get0_subject_key_id((X509 *)same));
    }
}

static void add_facts(mu_buf *out, const mu_verify_params *params, const mu_finding *finding, X509 *cert)
{
    switch (finding->code) {
    case MU_E_CERT_EXPIRED:
    case MU_E_CERT_NOT_YET_VALID:
        add_dates(out, cert, params->at_s);
        break;
    case MU_E_EKU_MISSING_CLIENTAUTH:
    case MU_E_EKU_MISSING_SERVERAUTH:
    case MU_E_EKU_CA_CHAIN:
        add_eku(out, cert);
        break;
    case MU_E_KEY_USAGE_WRONG:
    case MU_E_CA_USED_AS_LEAF:
    case MU_E_ISSUER_NOT_A_CA:
        mu_buf_addf(out, ", %s", X509_check_ca(cert) ? "is a CA" : "is no CA");
        add_key_usage(out, cert);
        break;
    case MU_E_HOSTNAME_MISMATCH:
    case MU_E_SAN_MISSING:
    case MU_E_IP_SAN_MISSING:
    case MU_E_PEER_IDENTITY_MISMATCH:
        add_asked(out, params, cert);
        break;
    case MU_E_WEAK_KEY_SIZE:
        add_key(out, cert);
        break;
    case MU_E_WEAK_SIGNATURE_DIGEST:
        mu_buf_addf(out, ", signed with %s", OBJ_nid2sn(X509_get_signature_nid(cert)));
        break;
    case MU_E_PATHLEN_EXCEEDED:
        mu_buf_addf(out, ", pathlen %ld", X509_get_pathlen(cert));
        break;
    case MU_E_UNKNOWN_CRITICAL_EXTENSION:
        add_critical(out, cert);
        break;
    default:
        add_issuer(out, params, cert);
    }
}

char *mu_finding_detail(const mu_path *path, const mu_verify_params *params, const mu_finding *finding)
{
    int depth = finding->depth < path->count ? finding->depth : path->count - 1;
    X509 *cert = path->certs[depth];
    mu_buf out;

    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    mu_buf_addf(&out, "depth %d", depth);
    add_name(&out, "subject", X509_get_subject_name(cert));
    mu_buf_addf(&out, ", %s (%d)", mu_x509_error_name(finding->x509_error), finding->x509_error);
    add_facts(&out, params, finding, cert);
    mu_ossl_clear();
    return mu_buf_steal(&out);
}

char *mu_finding_hint(const mu_path *path, const mu_verify_params *params, const mu_finding *finding)
{
    int depth = finding->depth < path->count ? finding->depth : path->count - 1;
    char *issuer = mu_name_text(X509_get_issuer_name(path->certs[depth])), *hint = NULL;
    const char *who = params->purpose == MU_PURPOSE_CLIENT ? "client" : params->purpose == MU_PURPOSE_SERVER ? "server" : "sender";

    switch (finding->code) {
    case MU_E_CA_NOT_TRUSTED:
    case MU_E_CLIENT_CA_NOT_TRUSTED:
        hint = mu_asprintf("if \"%s\" should be trusted, import its certificate into the trust store; if it is an intermediate CA, "
                           "the %s must send it", issuer, who);
        break;
    case MU_E_CHAIN_MISSING_INTERMEDIATE:
        hint = mu_asprintf("the %s must send the certificate of \"%s\" after its own; if that is a root, import it into the trust "
                           "store", who, issuer);
        break;
    case MU_E_CA_REGENERATED:
        hint = mu_asprintf("\"%s\" is trusted with another key: distribute the CA's new certificate, or issue this one again",
                           issuer);
        break;
    case MU_E_PIN_MISMATCH:
        hint = mu_strdup("if this certificate is a renewed one, import it in place of the old; or trust its issuer instead");
        break;
    case MU_E_STORE_LIMIT_EXCEEDED:
        hint =
            mu_strdup(finding->x509_error == X509_V_ERR_OUT_OF_MEM ? "its certificate policies and their mappings multiply too much"
                      : finding->x509_error == X509_V_ERR_UNSPECIFIED
                          ? "it has too many names for so many name constraints above it"
                          : "too many certificates of the same name were offered: send only the leaf and its issuers");
        break;
    default:
        break; /* the cause's own fix says it */
    }
    free(issuer);
    return hint;
}

/* ---- the exact cause ---- */

static bool eku_lacks(X509 *cert, mu_purpose purpose)
{
    uint32_t has = X509_get_extended_key_usage(cert);
    return has != UINT32_MAX && !(has & (purpose == MU_PURPOSE_CLIENT ? XKU_SSL_CLIENT : XKU_SSL_SERVER));
}

static mu_code refine_purpose(X509 *cert, int depth, mu_purpose purpose)
{
    if (eku_lacks(cert, purpose))
        return mu_code_from_x509(X509_V_ERR_INVALID_PURPOSE, depth, purpose);
    if (depth > 0)
        return MU_E_ISSUER_NOT_A_CA;
    return X509_get_extension_flags(cert) & EXFLAG_CA ? MU_E_CA_USED_AS_LEAF : MU_E_KEY_USAGE_WRONG;
}

/* Key identifiers that agree say that this is the key that was meant, so the signature itself is bad. */
static mu_code refine_signature(const mu_path *path, int depth)
{
    if (depth + 2 != path->count) /* the issuer is not the anchor */
        return MU_E_SIGNATURE_INVALID;
    const ASN1_OCTET_STRING *wanted = X509_get0_authority_key_id(path->certs[depth]);
    const ASN1_OCTET_STRING *has = X509_get0_subject_key_id(path->certs[depth + 1]);
    return wanted && has && ASN1_OCTET_STRING_cmp(wanted, has) == 0 ? MU_E_SIGNATURE_INVALID : MU_E_CA_REGENERATED;
}

/*
 * A path may lead from a self-signed CA to an anchor of the same name, with another key. There the library stops, or goes back and
 * tries the anchor as the issuer of what that CA has signed.
 */
static bool left_the_path(const mu_path *path, int depth)
{
    return depth + 2 < path->count && mu_cert_signed_by(path->certs[depth], path->certs[depth + 1]);
}

void mu_finding_refine(const mu_path *path, const mu_verify_params *params, mu_finding *finding)
{
    if (finding->x509_error == X509_V_ERR_INVALID_PURPOSE)
        finding->code = refine_purpose(path->certs[finding->depth], finding->depth, params->purpose);
    if (finding->x509_error == X509_V_ERR_CERT_SIGNATURE_FAILURE && left_the_path(path, finding->depth))
        mu_found(finding, MU_E_CA_REGENERATED, finding->depth + 1, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    else if (finding->x509_error == X509_V_ERR_CERT_SIGNATURE_FAILURE)
        finding->code = refine_signature(path, finding->depth);
    else if (finding->x509_error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN && finding->depth + 1 < path->count)
        finding->code = MU_E_CA_REGENERATED;
    if (finding->x509_error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT && path->count > 1)
        finding->code = MU_E_SUBJECT_EQUALS_ISSUER;
}

static bool is_pin_mismatch(const mu_verify_params *params, X509 *leaf)
{
    int trusted = sk_X509_num(params->trusted), pins = count_pins(params->trusted);
    if (pins == trusted)
        return pins > 0;
    for (int i = 0; i < trusted; i++) {
        X509 *pin = sk_X509_value(params->trusted, i);
        if (!mu_cert_is_ca(pin) && X509_NAME_cmp(X509_get_issuer_name(pin), X509_get_issuer_name(leaf)) == 0)
            return true;
    }
    return false;
}

static bool same_organisation(const X509_NAME *a, const X509_NAME *b)
{
    int at_a = X509_NAME_get_index_by_NID(a, NID_organizationName, -1);
    int at_b = X509_NAME_get_index_by_NID(b, NID_organizationName, -1);
    return at_a >= 0 && at_b >= 0 &&
           ASN1_STRING_cmp(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(a, at_a)),
                           X509_NAME_ENTRY_get_data(X509_NAME_get_entry(b, at_b))) == 0;
}

static bool common_name_has(const X509_NAME *name, const char *word)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *text = NULL;
    bool has = at >= 0 && ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))) >= 0 &&
               strcasestr((const char *)text, word);
    OPENSSL_free(text);
    return has;
}

/*
 * The issuer's certificate is nowhere. Whether it is an intermediate below one of our anchors, or a CA that we do not know, only
 * that certificate could tell; but the key identifier may name the issuer's issuer, and CAs are named for what they are.
 */
static bool intermediate_is_missing(const mu_verify_params *params, X509 *cert)
{
    const X509_NAME *issuer = X509_get_issuer_name(cert);
    const GENERAL_NAMES *above = X509_get0_authority_issuer(cert);
    bool related = false;

    for (int i = 0; i < sk_X509_num(params->trusted); i++) {
        const X509_NAME *anchor = X509_get_subject_name(sk_X509_value(params->trusted, i));
        for (int j = 0; j < sk_GENERAL_NAME_num(above); j++) {
            int type;
            const void *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(above, j), &type);
            if (type == GEN_DIRNAME && X509_NAME_cmp(name, anchor) == 0)
                return true;
        }
        related = related || same_organisation(issuer, anchor);
    }
    if (common_name_has(issuer, "root"))
        return false;
    return related || common_name_has(issuer, "intermediate") || common_name_has(issuer, "issuing");
}

void mu_finding_dead_end(mu_path *path, const mu_verify_params *params, mu_finding *finding)
{
    X509 *last = mu_path_last(path), *same = find_subject(params->trusted, X509_get_issuer_name(last));
    int depth = path->count - 1, error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    bool self_issued = X509_NAME_cmp(X509_get_subject_name(last), X509_get_issuer_name(last)) == 0;

    if (self_issued)
        error = depth == 0 ? X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT : X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
    if (same && !mu_cert_is_ca(same) && path->count < MU_PATH_MAX && mu_cert_signed_by(last, same)) {
        path->certs[path->count++] = same;
        mu_found(finding, MU_E_ISSUER_NOT_A_CA, depth + 1, X509_V_ERR_INVALID_CA);
    } else if (is_pin_mismatch(params, path->certs[0]))
        mu_found(finding, MU_E_PIN_MISMATCH, 0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    else if (same && mu_cert_is_ca(same))
        mu_found(finding, MU_E_CA_REGENERATED, depth, error);
    else if (self_issued && depth == 0)
        mu_found(finding, mu_cert_is_self_signed(last) ? MU_E_SELF_SIGNED : MU_E_SUBJECT_EQUALS_ISSUER, 0, error);
    else if (!self_issued && intermediate_is_missing(params, last))
        mu_found(finding, MU_E_CHAIN_MISSING_INTERMEDIATE, depth,
                 depth == 0 ? X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE : X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    else
        mu_found(finding, mu_code_from_x509(error, depth, params->purpose), depth, error);
}
