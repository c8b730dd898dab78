/* Runs a fuzz driver once over each file of the folders that it is given: how corpora are replayed without libFuzzer. */
#include "base/fuzzing.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    if (!file || fstat(fileno(file), &st) != 0)
        return -1;
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1); /* no byte more: a sanitizer sees what reads beyond */
    int rc = data && fread(data, 1, size, file) == size ? 0 : -1;
    fclose(file);
    if (rc == 0) {
        fprintf(stderr, "%s\n", path); /* the last one printed is the one that crashed */
        LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    return rc;
}

static long run_folder(const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);
    long ran = 0;
    char path[4096];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && ran >= 0)
            ran = run_file(path) == 0 ? ran + 1 : -1;
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return count < 0 ? -1 : ran;
}

#pragma weak LLVMFuzzerInitialize

int main(int argc, char **argv)
{
    long ran = 0;
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        long count = run_folder(argv[i]);
        if (count < 0) {
            fprintf(stderr, "cannot read %s\n", argv[i]);
            return 1;
        }
        ran += count;
    }
    printf("%ld inputs\n", ran);
    return 0;
}
