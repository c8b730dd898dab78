/** What the unit tests of keytool share. */
#ifndef MU_KEYTOOL_TESTING_H
#define MU_KEYTOOL_TESTING_H

#include "keytool/kt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEST_NOW_MS 1769860800000 /* 2026-01-31 12:00:00 UTC */

static inline mu_kt test_kt(void)
{
    return (mu_kt){.now_ms = TEST_NOW_MS, .status = -1};
}

/* What was thrown, if anything, is this; the state is as new afterwards. */
static inline void assert_thrown(mu_kt *kt, const char *expected)
{
    if (expected)
        assert_string_equal(kt->thrown ? kt->thrown : "nothing", expected);
    else
        assert_null(kt->thrown);
    free(kt->thrown);
    mu_err_free(kt->err);
    *kt = test_kt();
}

#endif
