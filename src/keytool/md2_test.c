#include "keytool/md2.h"
#include "keytool/testing.h"

#include <string.h>

static void digests_are_those_of_rfc_1319(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "8350e5a3e24c153df2275c9f80692773"},
        {"abc", "da853b0d3f88d99b30283a69e6ded6bb"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890", "d5976f79d83d3a0dc9806c3c66f3efd8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t md[MU_KT_MD2_LEN];
        char hex[2 * MU_KT_MD2_LEN + 1];
        mu_kt_md2((const uint8_t *)cases[i].text, strlen(cases[i].text), md);
        for (size_t k = 0; k < sizeof md; k++)
            snprintf(hex + 2 * k, 3, "%02x", md[k]);
        assert_string_equal(hex, cases[i].hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(digests_are_those_of_rfc_1319)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
