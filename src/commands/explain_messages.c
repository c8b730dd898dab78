/* What Java, Go and OpenSSL write, if it is neither an alert nor an X.509 code's text: the causes, likely first. */
#include "commands/explain_lookup.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *part;
    mu_code codes[4];
} messages[] = {
    {"unable to find valid certification path", {MU_E_CA_NOT_TRUSTED, MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_TLS_INTERCEPTED}},
    {"PKIX path building failed", {MU_E_CA_NOT_TRUSTED, MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_TLS_INTERCEPTED}},
    {"signed by unknown authority", {MU_E_CA_NOT_TRUSTED, MU_E_CHAIN_MISSING_INTERMEDIATE, MU_E_TLS_INTERCEPTED}},
    {"validity check failed", {MU_E_CERT_EXPIRED, MU_E_CERT_NOT_YET_VALID, MU_E_CLOCK_SKEW}},
    {"trustAnchors parameter must be non-empty", {MU_E_TRUSTSTORE_EMPTY, MU_E_P12_NO_JAVA_TRUST, MU_E_P12_READ_WITHOUT_PASSWORD,
                                                  MU_E_STORE_SWAPPED}},
    {"Empty client certificate chain", {MU_E_CLIENT_CERT_NOT_SENT, MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED, MU_E_KEYTYPE_MISMATCH,
                                        MU_E_PROPERTY_IGNORED}},
    {"peer did not return a certificate", {MU_E_CLIENT_CERT_NOT_SENT, MU_E_CLIENT_CERT_ISSUER_NOT_ACCEPTED}},
    {"does not permit use for TLS client authentication", {MU_E_EKU_MISSING_CLIENTAUTH}},
    {"does not permit use for TLS server authentication", {MU_E_EKU_MISSING_SERVERAUTH}},
    {"No subject alternative DNS name matching", {MU_E_HOSTNAME_MISMATCH}},
    {"No name matching", {MU_E_HOSTNAME_MISMATCH, MU_E_SAN_MISSING}},
    {"No subject alternative names matching IP address", {MU_E_IP_SAN_MISSING}},
    {"No subject alternative names present", {MU_E_SAN_MISSING, MU_E_IP_SAN_MISSING}},
    {"no cipher suites in common", {MU_E_CIPHER_KEYTYPE_MISMATCH, MU_E_NAMED_GROUP_MISMATCH, MU_E_KEYSTORE_NO_PRIVATE_KEY,
                                    MU_E_CIPHER_MISMATCH}},
    {"no shared cipher", {MU_E_CIPHER_KEYTYPE_MISMATCH, MU_E_NAMED_GROUP_MISMATCH, MU_E_KEYSTORE_NO_PRIVATE_KEY,
                          MU_E_CIPHER_MISMATCH}},
    {"No available authentication scheme", {MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_E_SIGALG_MISMATCH}},
    {"No appropriate protocol", {MU_E_PROTOCOL_VERSION_MISMATCH}},
    {"Unsupported or unrecognized SSL message", {MU_E_TLS_TO_PLAINTEXT_PORT, MU_E_PLAINTEXT_TO_TLS_PORT}},
    {"wrong version number", {MU_E_TLS_TO_PLAINTEXT_PORT, MU_E_PLAINTEXT_TO_TLS_PORT}},
    {"keystore password was incorrect", {MU_E_STORE_WRONG_PASSWORD, MU_E_STORE_WRONG_TYPE, MU_E_P12_ALGORITHM_TOO_NEW}},
    {"Keystore was tampered with", {MU_E_STORE_WRONG_PASSWORD, MU_E_STORE_WRONG_TYPE}},
    {"Cannot recover key", {MU_E_KEY_PASSWORD_DIFFERS}},
    {"Get Key failed", {MU_E_KEY_PASSWORD_DIFFERS}},
    {"key values mismatch", {MU_E_KEY_CERT_MISMATCH, MU_E_CHAIN_ORDER_WRONG}},
};

bool mu_explain_occurs(const char *text, const char *part)
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

size_t mu_explain_message(const char *text, mu_code out[MU_MESSAGE_CODES_MAX])
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (mu_explain_occurs(text, messages[i].part)) {
            size_t count = 0;
            while (count < MU_MESSAGE_CODES_MAX && messages[i].codes[count] != MU_OK) {
                out[count] = messages[i].codes[count];
                count++;
            }
            return count;
        }
    return 0;
}
