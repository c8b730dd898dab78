#include "base/term.h"
#include "keytool/kt.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
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

bool mu_kt_is_cacerts(const char *path)
{
    char *own = mu_kt_cacerts_path();
    struct stat a, b;
    bool yes = own && stat(own, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;

    free(own);
    return yes;
}

/* Other commands accept the option and judge as without it. */
static bool is_wanted(const mu_kt *kt)
{
    const char *name = kt->command->name;
    return mu_kt_is_set(kt, MU_KT_TRUST_CA_CERTS) &&
           (strcmp(name, "importcert") == 0 || strcmp(name, "printcert") == 0 || strcmp(name, "printcrl") == 0);
}

void mu_kt_cacerts_open(mu_kt *kt)
{
    const char *plain = mu_kt_property(kt, "mutual.plain");
    char *path = NULL;
    mu_err *err = NULL;

    if (!is_wanted(kt))
        return;
    path = mu_kt_cacerts_path();
    if (!path)
        mu_fail(&err, MU_E_STORE_NOT_FOUND, "-trustcacerts: no JDK was found, so there is no cacerts file");
    else if (mu_store_open(kt->libctx, path, NULL, &kt->cacerts, &err) != 0)
        mu_wrap(&err, mu_err_root(err)->code, "-trustcacerts: \"%s\" cannot be read; going on without it", path);
    if (err && !(plain && strcasecmp(plain, "true") == 0))
        mu_err_print(stderr, err);
    mu_err_free(err);
    free(path);
}
