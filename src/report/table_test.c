#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/table.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static mu_table *example(void)
{
    static const char *const headings[] = {"alias", "subject", "ends"}, *const rows[][3] = {
        {"server", "CN=localhost, O=Mutual Lab, a rather long subject", "2027-01-01"},
        {"zo\xc3\xab", NULL, "2027-02-02"},
    };
    mu_table *table = mu_table_new(headings, 3);
    assert_int_equal(mu_table_add(table, rows[0]), 0);
    assert_int_equal(mu_table_add(table, rows[1]), 0);
    return table;
}

static void files_get_everything(void **state)
{
    (void)state;
    char text[512];
    FILE *file = tmpfile();
    mu_table *table = example();
    mu_table_print(file, table);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    assert_string_equal(text, "alias   subject                                            ends\n"
                              "server  CN=localhost, O=Mutual Lab, a rather long subject  2027-01-01\n"
                              "zo\xc3\xab                                                        2027-02-02\n");
    fclose(file);
    mu_table_free(table);
}

static void a_narrow_terminal_cuts_the_widest(void **state)
{
    (void)state;
    char name[64], text[512];
    struct winsize size = {.ws_row = 24, .ws_col = 40};
    struct termios raw;
    int pty = posix_openpt(O_RDWR | O_NOCTTY);
    if (pty < 0 || grantpt(pty) < 0 || unlockpt(pty) < 0 || ptsname_r(pty, name, sizeof name) != 0)
        skip();
    FILE *terminal = fdopen(open(name, O_RDWR | O_NOCTTY), "r+");
    assert_non_null(terminal);
    setenv("NO_COLOR", "1", 1);
    ioctl(pty, TIOCSWINSZ, &size);
    tcgetattr(pty, &raw);
    cfmakeraw(&raw);
    tcsetattr(pty, TCSANOW, &raw);
    mu_table *table = example();
    mu_table_print(terminal, table);
    fflush(terminal);
    for (size_t len = 0, lines = 0; lines < 3; len++) { /* a terminal may hand them over in pieces */
        assert_int_equal(read(pty, text + len, 1), 1);
        lines += text[len] == '\n';
        text[len + 1] = 0;
    }
    assert_string_equal(text, "alias   subject               ends\n"
                              "server  CN=localhost, O=Mut…  2027-01-01\n"
                              "zo\xc3\xab                           2027-02-02\n");
    fclose(terminal);
    close(pty);
    mu_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_get_everything),
        cmocka_unit_test(a_narrow_terminal_cuts_the_widest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
