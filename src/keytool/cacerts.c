#include "keytool/kt.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *under_home(const char *home)
{
    char *path = mu_asprintf("%s/lib/security/cacerts", home);
    if (path && access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* HOME/bin/java, wherever the links lead. */
static char *of_java(const char *directory)
{
    char *java = mu_asprintf("%s/java", *directory ? directory : "."), *real = java ? realpath(java, NULL) : NULL;
    char *path = NULL;

    free(java);
    for (int up = 0; real && up < 2; up++) {
        char *slash = strrchr(real, '/');
        if (slash)
            *slash = '\0';
    }
    if (real)
        path = under_home(real);
    free(real);
    return path;
}

char *mu_kt_cacerts_path(void)
{
    const char *home = getenv("JAVA_HOME"), *search = getenv("PATH");
    char *path = home && *home ? under_home(home) : NULL;
    char *copy = mu_strdup(search ? search : ""), *save = NULL;

    for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir && !path; dir = strtok_r(NULL, ":", &save))
        path = of_java(dir);
    free(copy);
    return path;
}
