#include "base/file.h"
#include "keytool/kt.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A pipe or a device is written to; a file is replaced whole. */
static int to_file(mu_kt *kt, const char *path, const void *data, size_t len)
{
    struct stat st;
    FILE *f;

    if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) {
        mu_file_replace_options options = {.new_mode = mu_file_mode(false)};
        return mu_file_replace(path, data, len, &options, &kt->err);
    }
    f = fopen(path, "w");
    if (!f || fwrite(data, 1, len, f) != len) {
        int errnum = errno;
        if (f)
            fclose(f);
        return mu_fail_errno(&kt->err, MU_E_WRITE_FAILED, errnum, "cannot write the output file");
    }
    return fclose(f) == 0 ? 0 : mu_fail_errno(&kt->err, MU_E_WRITE_FAILED, errno, "cannot write the output file");
}

int mu_kt_output(mu_kt *kt, const void *data, size_t len)
{
    const char *path = mu_kt_get(kt, MU_KT_FILE);

    if (!path)
        return fwrite(data, 1, len, stdout) == len ? 0 : mu_kt_throw(kt, MU_E_WRITE_FAILED, MU_KT_IO, "Write error");
    if (to_file(kt, path, data, len) == 0)
        return 0;
    return mu_kt_throw_file(kt, path);
}
