/* Numbers on the command line, with Java's words for what is none. */
#include "keytool/number.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

#define GROUP 9 /* digits that BigInteger reads at a time, what is left over first */

static int throw_number(mu_kt *kt, const char *text, size_t len)
{
    return mu_kt_throw(kt, MU_E_USAGE, "java.lang.NumberFormatException", "For input string: \"%.*s\"", (int)len, text);
}

static int parse(mu_kt *kt, const char *text, long min, long max, long *ret)
{
    const char *digits = *text == '+' && text[1] != '-' && text[1] != '+' ? text + 1 : text;
    return mu_str_to_long(digits, min, max, ret) ? 0 : throw_number(kt, text, strlen(text));
}

int mu_kt_parse_int(mu_kt *kt, const char *text, long *ret)
{
    return parse(kt, text, INT32_MIN, INT32_MAX, ret);
}

int mu_kt_parse_long(mu_kt *kt, const char *text, long *ret)
{
    return parse(kt, text, INT64_MIN / 2, INT64_MAX / 2, ret);
}

static int check_digits(mu_kt *kt, const char *digits)
{
    size_t len, group;

    if (!*digits)
        return mu_kt_throw(kt, MU_E_USAGE, "java.lang.NumberFormatException", "Zero length BigInteger");
    if (strpbrk(digits, "+-"))
        return mu_kt_throw(kt, MU_E_USAGE, "java.lang.NumberFormatException", "Illegal embedded sign character");
    digits += strspn(digits, "0");
    for (len = strlen(digits); len > 0; digits += group, len -= group) {
        group = len % GROUP ? len % GROUP : GROUP;
        if (strspn(digits, "0123456789") < group)
            return throw_number(kt, digits, group);
    }
    return 0;
}

const char *mu_kt_count_text(unsigned long number, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lu", number), at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
    return out;
}

int mu_kt_parse_integer(mu_kt *kt, const char *text, ASN1_INTEGER **ret)
{
    bool negative = *text == '-';
    const char *digits = text + (negative || *text == '+');
    BIGNUM *number = NULL;
    int rc = check_digits(kt, digits);

    if (rc != 0)
        return rc;
    if (BN_dec2bn(&number, digits)) {
        BN_set_negative(number, negative);
        *ret = BN_to_ASN1_INTEGER(number, NULL);
    }
    BN_free(number);
    return *ret ? 0 : mu_fail_nomem(&kt->err);
}
