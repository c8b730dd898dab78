#include "base/file.h"
#include "keytool/kt.h"

int mu_kt_input(mu_kt *kt, const char *path, mu_buf *input)
{
    if (!path)
        return mu_file_read("/dev/stdin", MU_KT_INPUT_MAX, input, NULL, &kt->err) == 0 ? 0 : mu_kt_throw_err(kt, MU_KT_IO);
    if (mu_file_read(path, MU_KT_INPUT_MAX, input, NULL, &kt->err) != 0)
        return mu_kt_throw_file(kt, path);
    return 0;
}
