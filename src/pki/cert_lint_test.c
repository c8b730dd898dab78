#include "pki/testing.h"

#include <openssl/rsa.h>

/* Certificates as others make them: any extensions, dates and digests. */
struct making {
    const char *subject;
    EVP_PKEY *key;
    X509 *issuer;
    EVP_PKEY *issuer_key;
    int from_days, to_days; /* from TEST_NOW_S; both 0: yesterday to in ten days */
    const EVP_MD *digest;   /* NULL: SHA-256 */
    const char *exts[8][2]; /* names and values as in openssl.cnf; ended by NULL */
};

static X509 *make(const struct making *m)
{
    X509 *cert = X509_new();
    X509_NAME *name = test_name(m->subject);
    bool dated = m->from_days || m->to_days;
    X509_set_version(cert, X509_VERSION_3);
    X509_set_subject_name(cert, name);
    X509_set_issuer_name(cert, m->issuer ? X509_get_subject_name(m->issuer) : name);
    X509_set_pubkey(cert, m->key);
    ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(TEST_NOW_S + (dated ? m->from_days : -1) * TEST_DAY_S));
    ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(TEST_NOW_S + (dated ? m->to_days : 10) * TEST_DAY_S));
    for (int i = 0; m->exts[i][0]; i++) {
        X509_EXTENSION *ext = X509V3_EXT_conf(NULL, NULL, m->exts[i][0], m->exts[i][1]);
        assert_non_null(ext);
        X509_add_ext(cert, ext, -1);
        X509_EXTENSION_free(ext);
    }
    assert_true(X509_sign(cert, m->issuer ? m->issuer_key : m->key, m->digest ? m->digest : EVP_sha256()) > 0);
    X509_NAME_free(name);
    return cert;
}

static EVP_PKEY *ca_key, *key, *weak_key;
static X509 *ca;

static int set_up(void **state)
{
    (void)state;
    ca_key = test_key("EC");
    key = test_key("EC");
    weak_key = EVP_RSA_gen(1024);
    ca = test_cert(MU_PROFILE_ROOT, "CN=CA", NULL, ca_key, NULL, NULL, 100);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(weak_key);
    return 0;
}

static void lint_made(mu_code expected, mu_profile profile, const struct making *m)
{
    X509 *cert = make(m);
    if (expected == MU_OK)
        assert_ok(mu_cert_lint(cert, profile, m->issuer, TEST_NOW_S, &err));
    else
        assert_code(expected, mu_cert_lint(cert, profile, m->issuer, TEST_NOW_S, &err));
    X509_free(cert);
}

#define SAN {"subjectAltName", "DNS:a.example"}

/* Leaves under a good CA: what is wrong is in the certificate itself. */
static void leaves(void **state)
{
    static const struct {
        mu_code expected;
        mu_profile profile;
        struct making made;
    } cases[] = {
        {MU_OK, MU_PROFILE_SERVER, {.subject = "CN=a", .exts = {SAN}}},
        {MU_OK, MU_PROFILE_SERVER, {.subject = "CN=a", .exts = {SAN, {"extendedKeyUsage", "serverAuth"}}}},
        {MU_OK, MU_PROFILE_PEER, {.subject = "CN=a", .exts = {SAN, {"extendedKeyUsage", "serverAuth,clientAuth"}}}},
        {MU_OK, MU_PROFILE_CLIENT, {.subject = "CN=a", .exts = {{"extendedKeyUsage", "clientAuth"}}}},
        {MU_OK, MU_PROFILE_SERVER, {.subject = "CN=a", .exts = {{"subjectAltName", "IP:10.0.0.1"}}}},
        {MU_OK, MU_PROFILE_SERVER, {.subject = "CN=a", .exts = {{"subjectAltName", "URI:spiffe://a/b"}}}},
        {MU_E_SAN_MISSING, MU_PROFILE_SERVER, {.subject = "CN=a.example"}},
        {MU_E_SAN_MISSING, MU_PROFILE_PEER, {.subject = "CN=a", .exts = {{"subjectAltName", "email:a@b.example"}}}},
        {MU_E_EKU_MISSING_SERVERAUTH, MU_PROFILE_SERVER, {.subject = "CN=a", .exts = {SAN, {"extendedKeyUsage", "clientAuth"}}}},
        {MU_E_EKU_MISSING_SERVERAUTH, MU_PROFILE_SERVER,
         {.subject = "CN=a", .exts = {SAN, {"extendedKeyUsage", "anyExtendedKeyUsage"}}}},
        {MU_E_EKU_MISSING_CLIENTAUTH, MU_PROFILE_CLIENT, {.subject = "CN=a", .exts = {{"extendedKeyUsage", "serverAuth"}}}},
        {MU_E_EKU_MISSING_CLIENTAUTH, MU_PROFILE_PEER, {.subject = "CN=a", .exts = {SAN, {"extendedKeyUsage", "serverAuth"}}}},
        {MU_E_KEY_USAGE_WRONG, MU_PROFILE_CLIENT, {.subject = "CN=a", .exts = {{"keyUsage", "keyEncipherment"}}}},
        {MU_E_CA_USED_AS_LEAF, MU_PROFILE_CLIENT, {.subject = "CN=a", .exts = {{"basicConstraints", "CA:TRUE"}}}},
        {MU_E_SUBJECT_EQUALS_ISSUER, MU_PROFILE_CLIENT, {.subject = "CN=ca"}}, /* names compare without case */
        {MU_E_CERT_EXPIRED, MU_PROFILE_CLIENT, {.subject = "CN=a", .from_days = 2, .to_days = 1}},
        {MU_E_CERT_EXPIRED, MU_PROFILE_CLIENT, {.subject = "CN=a", .from_days = 1, .to_days = 101}},
        {MU_E_CERT_NOT_YET_VALID, MU_PROFILE_CLIENT, {.subject = "CN=a", .from_days = -2, .to_days = 1}},
        {MU_E_WEAK_SIGNATURE_DIGEST, MU_PROFILE_CLIENT, {.subject = "CN=a", .digest = (const EVP_MD *)-1}},
        {MU_E_UNKNOWN_CRITICAL_EXTENSION, MU_PROFILE_CLIENT, {.subject = "CN=a", .exts = {{"1.2.3.4", "critical,DER:0500"}}}},
        {MU_OK, MU_PROFILE_CLIENT, {.subject = "CN=a", .exts = {{"1.2.3.4", "DER:0500"}}}},
    };
    X509 *old_ca = make(&(struct making){"CN=CA", ca_key, .from_days = -1, .to_days = 100,
                                         .exts = {{"basicConstraints", "critical,CA:TRUE"}}});
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct making made = cases[i].made;
        made.key = key;
        made.issuer = old_ca;
        made.issuer_key = ca_key;
        if (made.digest)
            made.digest = EVP_sha1();
        lint_made(cases[i].expected, cases[i].profile, &made);
    }
    lint_made(MU_E_WEAK_KEY_SIZE, MU_PROFILE_CLIENT, &(struct making){"CN=a", weak_key, old_ca, ca_key});
    X509_free(old_ca);
}

/* The same good client certificate under issuers of which each has one fault. */
static void issuers(void **state)
{
    static const struct {
        mu_code expected;
        mu_profile profile;
        struct making issuer;
    } cases[] = {
        {MU_OK, MU_PROFILE_CLIENT, {.exts = {{"basicConstraints", "CA:TRUE"}}}},
        {MU_OK, MU_PROFILE_CLIENT, {.exts = {{"basicConstraints", "CA:TRUE"}, {"extendedKeyUsage", "clientAuth"}}}},
        {MU_OK, MU_PROFILE_CLIENT, {.exts = {{"basicConstraints", "CA:TRUE"}, {"nameConstraints", "permitted;DNS:.example"}}}},
        {MU_OK, MU_PROFILE_CLIENT, {.exts = {{"basicConstraints", "CA:TRUE,pathlen:0"}}}},
        {MU_E_ISSUER_NOT_A_CA, MU_PROFILE_CLIENT, {.exts = {{"basicConstraints", "CA:FALSE"}}}},
        {MU_E_ISSUER_NOT_A_CA, MU_PROFILE_CLIENT, {.exts = {{"keyUsage", "keyCertSign"}}}},
        {MU_E_KEY_USAGE_WRONG, MU_PROFILE_CLIENT, {.exts = {{"basicConstraints", "CA:TRUE"}, {"keyUsage", "cRLSign"}}}},
        {MU_E_EKU_CA_CHAIN, MU_PROFILE_CLIENT, {.exts = {{"basicConstraints", "CA:TRUE"}, {"extendedKeyUsage", "serverAuth"}}}},
        {MU_E_EKU_CA_CHAIN, MU_PROFILE_PEER, {.exts = {{"basicConstraints", "CA:TRUE"}, {"extendedKeyUsage", "clientAuth"}}}},
        {MU_E_NAME_CONSTRAINTS, MU_PROFILE_CLIENT,
         {.exts = {{"basicConstraints", "CA:TRUE"}, {"nameConstraints", "permitted;DNS:.org"}}}},
        {MU_E_NAME_CONSTRAINTS, MU_PROFILE_CLIENT,
         {.exts = {{"basicConstraints", "CA:TRUE"}, {"nameConstraints", "excluded;DNS:a.example"}}}},
        {MU_E_CERT_EXPIRED, MU_PROFILE_CLIENT, {.from_days = -9, .to_days = -1, .exts = {{"basicConstraints", "CA:TRUE"}}}},
        {MU_E_CERT_NOT_YET_VALID, MU_PROFILE_CLIENT, {.from_days = 1, .to_days = 9, .exts = {{"basicConstraints", "CA:TRUE"}}}},
        {MU_E_PATHLEN_EXCEEDED, MU_PROFILE_INTERMEDIATE, {.exts = {{"basicConstraints", "CA:TRUE,pathlen:0"}}}},
        {MU_OK, MU_PROFILE_INTERMEDIATE, {.exts = {{"basicConstraints", "CA:TRUE,pathlen:1"}}}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool ca_wanted = cases[i].profile == MU_PROFILE_INTERMEDIATE;
        struct making made = cases[i].issuer;
        made.subject = "CN=Issuer";
        made.key = ca_key;
        X509 *issuer = make(&made);
        struct making leaf = {"CN=leaf", key, issuer, ca_key,
                              .exts = {SAN, {"basicConstraints", ca_wanted ? "critical,CA:TRUE" : "CA:FALSE"}}};
        lint_made(cases[i].expected, cases[i].profile, &leaf);
        X509_free(issuer);
    }
    X509 *weak = make(&(struct making){"CN=Issuer", weak_key, .exts = {{"basicConstraints", "CA:TRUE"}}});
    lint_made(MU_E_WEAK_KEY_SIZE, MU_PROFILE_CLIENT, &(struct making){"CN=leaf", key, weak, weak_key});
    X509_free(weak);
}

static void cas_must_be_cas(void **state)
{
    struct making good = {"CN=Root", ca_key, .exts = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "keyCertSign"}}};
    struct making no_ca = {"CN=Root", ca_key, .exts = {{"keyUsage", "keyCertSign"}}};
    struct making no_usage = {"CN=Root", ca_key, .exts = {{"basicConstraints", "CA:TRUE"}, {"keyUsage", "digitalSignature"}}};
    (void)state;
    lint_made(MU_OK, MU_PROFILE_ROOT, &good);
    lint_made(MU_E_ISSUER_NOT_A_CA, MU_PROFILE_ROOT, &no_ca);
    lint_made(MU_E_KEY_USAGE_WRONG, MU_PROFILE_ROOT, &no_usage);
}

/* mu_cert_prepare stops at the same faults, with nothing made. */
static void preparing_is_linted(void **state)
{
    X509_NAME *name = test_name("CN=leaf"), *same = test_name("CN=CA");
    mu_cert_spec good = {MU_PROFILE_CLIENT, name, key, NULL, ca, ca_key, TEST_NOW_S, TEST_NOW_S + TEST_DAY_S, -1}, bad;
    X509 *client_ca = test_cert(MU_PROFILE_CLIENT_INTERMEDIATE, "CN=Clients", NULL, ca_key, ca, ca_key, 50), *cert = NULL;
    (void)state;
    assert_ok(mu_cert_prepare(NULL, &good, &cert, &err));
    X509_free(cert);
    cert = NULL;
    bad = good;
    bad.profile = MU_PROFILE_SERVER;
    assert_code(MU_E_SAN_MISSING, mu_cert_prepare(NULL, &bad, &cert, &err));
    bad = good;
    bad.subject = same;
    assert_code(MU_E_SUBJECT_EQUALS_ISSUER, mu_cert_prepare(NULL, &bad, &cert, &err));
    bad = good;
    bad.public_key = weak_key;
    assert_code(MU_E_WEAK_KEY_SIZE, mu_cert_prepare(NULL, &bad, &cert, &err));
    bad = good;
    bad.not_after_s = bad.not_before_s;
    assert_code(MU_E_CERT_EXPIRED, mu_cert_prepare(NULL, &bad, &cert, &err));
    bad = good;
    bad.issuer = client_ca;
    assert_ok(mu_cert_prepare(NULL, &bad, &cert, &err));
    X509_free(cert);
    cert = NULL;
    bad.profile = MU_PROFILE_CLIENT_INTERMEDIATE;
    assert_code(MU_E_PATHLEN_EXCEEDED, mu_cert_prepare(NULL, &bad, &cert, &err));
    assert_null(cert);
    X509_free(client_ca);
    X509_NAME_free(name);
    X509_NAME_free(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves),
        cmocka_unit_test(issuers),
        cmocka_unit_test(cas_must_be_cas),
        cmocka_unit_test(preparing_is_linted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
