#include "base/file.h"
#include "keytool/kt.h"

#include <errno.h>
#include <unistd.h>

/* A pipe that nobody writes into is empty input to keytool, and no error. */
static int read_stdin(mu_kt *kt, mu_buf *input)
{
    uint8_t chunk[4096];
    ssize_t n;

    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            mu_buf_add(input, chunk, (size_t)n);
    if (n < 0)
        mu_fail(&kt->err, MU_E_STORE_DAMAGED, "standard input cannot be read");
    else if (input->failed)
        mu_fail(&kt->err, MU_E_STORE_LIMIT_EXCEEDED, "standard input is too long");
    return kt->err ? mu_kt_throw_err(kt, MU_KT_IO) : 0;
}

int mu_kt_input(mu_kt *kt, const char *path, mu_buf *input)
{
    if (!path)
        return read_stdin(kt, input);
    if (mu_file_read(path, MU_KT_INPUT_MAX, input, NULL, &kt->err) != 0)
        return mu_kt_throw_file(kt, path);
    return 0;
}
