#include "config/default_trust.h"

#include "base/file.h"
#include "base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUNDLE_MAX_BYTES (16u << 20)

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Alpine */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem", /* SUSE */
    "/etc/ssl/cert.pem",      /* macOS, BSD */
};

static void add_note(struct mu_strlist *notes, const char *path, const mu_err *err)
{
    char shown[MU_SHOWN_SIZE];
    char *text = mu_asprintf("default trust: \"%s\" was passed over: %s", mu_escape_to(shown, path),
                             err ? err->msg : "it holds no certificate");
    if (notes && text)
        mu_strlist_add(notes, text);
    free(text);
}

static mu_trust *from_store(OSSL_LIB_CTX *libctx, const char *path, struct mu_strlist *notes)
{
    /* The password of the JDK's own cacerts is no secret; newer JDKs write it without any. */
    static const char *const passwords[] = {"changeit", NULL};
    mu_trust *trust = NULL;
    mu_err *err = NULL;

    if (access(path, F_OK) != 0)
        return NULL;
    for (size_t i = 0; i < 2 && !trust; i++) {
        mu_store_options options = {.password = passwords[i]};
        mu_store *store = NULL;
        mu_err_free(err);
        err = NULL;
        if (mu_store_open(libctx, path, &options, &store, &err) == 0 && mu_trust_new(path, &trust, &err) == 0 &&
            mu_trust_add_store(trust, store, &err) != 0) {
            mu_trust_free(trust);
            trust = NULL;
        }
        mu_store_free(store);
    }
    if (!trust)
        add_note(notes, path, err);
    mu_err_free(err);
    return trust;
}

static mu_trust *from_pem(OSSL_LIB_CTX *libctx, const char *path, struct mu_strlist *notes)
{
    mu_trust *trust = NULL;
    STACK_OF(X509) *certs = NULL;
    mu_err *err = NULL;
    mu_buf file;

    if (!path || access(path, F_OK) != 0)
        return NULL;
    mu_buf_init(&file, BUNDLE_MAX_BYTES);
    if (mu_file_read(path, BUNDLE_MAX_BYTES, &file, NULL, &err) == 0 &&
        mu_certs_parse(libctx, file.data, file.len, &certs, &err) == 0 && sk_X509_num(certs) > 0 &&
        mu_trust_new(path, &trust, &err) == 0) {
        for (int i = 0; trust && i < sk_X509_num(certs); i++)
            if (mu_trust_add_cert(trust, sk_X509_value(certs, i), &err) != 0) {
                mu_trust_free(trust);
                trust = NULL;
            }
    }
    if (!trust)
        add_note(notes, path, err);
    mu_err_free(err);
    sk_X509_pop_free(certs, X509_free);
    mu_buf_free(&file);
    return trust;
}

/* The first `java` on PATH, links followed: its home is two folders up. NULL if there is none. */
static char *java_home_from_path(void)
{
    const char *path = getenv("PATH");
    char real[PATH_MAX];
    while (path && *path) {
        size_t len = strcspn(path, ":");
        char *candidate = mu_asprintf("%.*s/java", (int)len, path);
        bool found = len > 0 && candidate && access(candidate, X_OK) == 0 && realpath(candidate, real);
        free(candidate);
        if (found) {
            char *bin = strrchr(real, '/');
            *bin = '\0';
            char *home = strrchr(real, '/');
            if (home && strcmp(home, "/bin") == 0) {
                *home = '\0';
                return mu_strdup(real);
            }
            return NULL;
        }
        path += len + (path[len] == ':');
    }
    return NULL;
}

static mu_trust *from_java(OSSL_LIB_CTX *libctx, struct mu_strlist *notes)
{
    /* JDK 9 and later, then JDK 8. */
    static const char *const files[] = {"lib/security/jssecacerts", "lib/security/cacerts", "jre/lib/security/jssecacerts",
                                        "jre/lib/security/cacerts"};
    const char *given = getenv("JAVA_HOME");
    char *home = given && *given ? mu_strdup(given) : java_home_from_path();
    mu_trust *trust = NULL;
    for (size_t i = 0; home && !trust && i < sizeof files / sizeof *files; i++) {
        char *path = mu_asprintf("%s/%s", home, files[i]);
        trust = path ? from_store(libctx, path, notes) : NULL;
        free(path);
    }
    free(home);
    return trust;
}

int mu_default_trust(OSSL_LIB_CTX *libctx, struct mu_strlist *notes, mu_trust **ret_trust, mu_err **err)
{
    mu_trust *trust = from_java(libctx, notes);
    if (!trust)
        trust = from_pem(libctx, getenv("SSL_CERT_FILE"), notes);
    for (size_t i = 0; !trust && i < sizeof bundles / sizeof *bundles; i++)
        trust = from_pem(libctx, bundles[i], notes);
    if (!trust)
        return mu_trust_new("the default trust, which is empty on this machine", ret_trust, err);
    *ret_trust = trust;
    return 0;
}
