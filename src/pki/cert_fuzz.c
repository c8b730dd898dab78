/*
 * Certificates in DER: described, linted for every profile, judged as leaf and as anchor.
 * Covers: src/pki/cert_print.c src/pki/cert_info.c src/pki/cert_lint.c src/pki/chain_name.c src/pki/chain_own.c
 */
#include "base/fuzzing.h"
#include "pki/internal.h"
#include "pki/print.h"

#include <string.h>

static void describe(const X509 *cert)
{
    mu_buf out;
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    mu_cert_print(&out, cert, mu_cert_not_before_s(cert), 2);
    for (size_t i = 0; i < out.len; i++)
        FUZZ_REQUIRE(out.data[i] == '\n' || out.data[i] >= 0x20);
    mu_buf_free(&out);
    free(mu_cert_fingerprint(cert));
    free(mu_cert_serial(cert));
    free(mu_cert_san_text(cert));
    mu_cert_is_ca(cert);
    mu_cert_is_self_signed(cert);
}

static void lint(X509 *cert)
{
    for (mu_profile profile = MU_PROFILE_ROOT; profile <= MU_PROFILE_PEER; profile++) {
        mu_cert_lint(cert, profile, NULL, mu_cert_not_before_s(cert), NULL);
        mu_cert_lint(cert, profile, cert, mu_cert_not_before_s(cert), NULL);
    }
    mu_cert_check_name(cert, "a.example", NULL, NULL);
    mu_cert_check_name(cert, NULL, "10.0.0.1", NULL);
}

static void judge(X509 *cert, mu_rules rules, mu_purpose purpose)
{
    STACK_OF(X509) *trusted = sk_X509_new_null();
    mu_chain_verdict verdict;
    mu_verify_params params = {.trusted = trusted, .untrusted = trusted, .purpose = purpose, .rules = rules, .host = "a.example",
                               .at_s = mu_cert_not_before_s(cert), .max_depth = -1, .security_level = -1};
    FUZZ_REQUIRE(sk_X509_push(trusted, cert));
    FUZZ_REQUIRE(mu_chain_verify(cert, &params, &verdict, NULL) == 0);
    FUZZ_REQUIRE(verdict.code == MU_OK || verdict.detail);
    mu_chain_verdict_done(&verdict);
    sk_X509_free(trusted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *p = data;
    X509 *cert = d2i_X509(NULL, &p, (long)size);
    if (!cert)
        return 0;
    describe(cert);
    lint(cert);
    judge(cert, MU_RULES_OPENSSL, MU_PURPOSE_SERVER);
    judge(cert, MU_RULES_STRICT, MU_PURPOSE_CLIENT);
    judge(cert, MU_RULES_JSSE, MU_PURPOSE_ANY);
    X509_free(cert);
    return 0;
}
