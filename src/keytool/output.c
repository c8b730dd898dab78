#include "base/file.h"
#include "keytool/print.h"

#include <errno.h>
#include <stdlib.h>
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

int mu_kt_output(mu_kt *kt, const char *path, const void *data, size_t len)
{
    if (!path)
        return fwrite(data, 1, len, stdout) == len ? 0 : mu_kt_throw(kt, MU_E_WRITE_FAILED, MU_KT_IO, "Write error");
    if (to_file(kt, path, data, len) == 0)
        return 0;
    return mu_kt_throw_file(kt, path);
}

int mu_kt_output_der(mu_kt *kt, const char *path, const char *label, const uint8_t *der, size_t len)
{
    char *text = NULL;
    size_t text_len = 0;
    FILE *memory = label ? open_memstream(&text, &text_len) : NULL;
    int rc;

    if (!label)
        return mu_kt_output(kt, path, der, len);
    if (memory)
        mu_kt_print_pem_block(memory, label, der, len);
    rc = memory && fclose(memory) == 0 ? mu_kt_output(kt, path, text, text_len) : mu_fail_nomem(&kt->err);
    free(text);
    return rc;
}

void mu_kt_say_file(const char *what, const char *file)
{
    fprintf(stderr, "%s <", what);
    mu_kt_show(stderr, file);
    fputs(">\n", stderr);
}
