/* Steps 1 to 4 of the guide: a root CA, two identities, two trust stores. What is there and still good is kept. */
#include "lab/lab_internal.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <mutual/mutual.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASS " -storepass " MU_LAB_PASSWORD
#define ROOT_NAME "CN=Lab mTLS Root CA, O=Mutual Lab, C=US"

#define OPENSSL_SIGN(who, san)                                                                                                             \
    "openssl x509 -req -in certs/" who ".csr -CA ca/root.crt -CAkey ca/root.key -CAcreateserial -days 365 -out certs/" who ".crt"           \
    " -extfile <(printf \"" san "\\nextendedKeyUsage=" who "Auth\")"

static const mu_lab_step steps[] = {
    {"A private root CA", "ca/root.crt", "ca/ (certificate, key and ledger)", "nobody: the key signs, only the certificate travels",
     "both sides can trust one issuer that is theirs",
     "mutual ca init --ca ca --name \"" ROOT_NAME "\" --key-algorithm {root} --days 3650 --no-encryption",
     "openssl req -x509 {openssl} -noenc -keyout ca/root.key -out ca/root.crt -days 3650 -subj \"/C=US/O=Mutual Lab/CN=Lab mTLS Root CA\""
     " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign"},

    {"The server's identity", "server.p12", "server.p12 with alias server: a key, still with a self-signed certificate",
     "the server (KeyManagerFactory, --key-store)", "the key is made where it is used and never travels",
     "mutual keytool -genkeypair -alias server {key} -validity 365 -keystore server.p12 -storetype PKCS12" PASS
     " -dname \"CN=mtls-server.lab.local, O=Mutual Lab, C=US\" -ext san=dns:mtls-server.lab.local,ip:127.0.0.1", NULL},
    {NULL, "certs/server.csr", "certs/server.csr", "the CA", "what the CA signs is a public key and a name",
     "mutual keytool -certreq -alias server -keystore server.p12" PASS " -file certs/server.csr", NULL},
    {NULL, "certs/server.crt", "certs/server.crt with extendedKeyUsage serverAuth and its names", "server.p12, next",
     "the address 127.0.0.1 and the name are in the certificate, so clients can check them",
     "mutual ca sign --ca ca --csr certs/server.csr --profile server --san dns:mtls-server.lab.local,ip:127.0.0.1 --days 365"
     " --out certs/server.crt",
     OPENSSL_SIGN("server", "subjectAltName=DNS:mtls-server.lab.local,IP:127.0.0.1")},
    {NULL, "server.p12:lab-root-ca", "the root in server.p12, so that the reply finds its issuer", "the server", "the chain can be built",
     "mutual keytool -importcert -alias lab-root-ca -keystore server.p12" PASS " -file certs/root-ca.crt -noprompt", NULL},
    {NULL, "server.p12:server", "the signed certificate in place of the self-signed one", "the server",
     "server.p12 now proves a name that the CA vouches for",
     "mutual keytool -importcert -alias server -keystore server.p12" PASS " -file certs/server.crt -noprompt", NULL},

    {"The client's identity", "client.p12", "client.p12 with alias client", "the client (KeyManagerFactory, javax.net.ssl.keyStore)",
     "the client has something to show",
     "mutual keytool -genkeypair -alias client {key} -validity 365 -keystore client.p12 -storetype PKCS12" PASS
     " -dname \"CN=mtls-client.lab.local, O=Mutual Lab, C=US\" -ext san=dns:mtls-client.lab.local -ext eku=clientAuth", NULL},
    {NULL, "certs/client.csr", "certs/client.csr", "the CA", "as for the server",
     "mutual keytool -certreq -alias client -keystore client.p12" PASS " -file certs/client.csr", NULL},
    {NULL, "certs/client.crt", "certs/client.crt with extendedKeyUsage clientAuth", "client.p12, next",
     "this certificate may be used by a client, and by nothing else",
     "mutual ca sign --ca ca --csr certs/client.csr --profile client --san dns:mtls-client.lab.local --days 365 --out certs/client.crt",
     OPENSSL_SIGN("client", "subjectAltName=DNS:mtls-client.lab.local")},
    {NULL, "client.p12:lab-root-ca", "the root in client.p12", "the client", "the chain can be built",
     "mutual keytool -importcert -alias lab-root-ca -keystore client.p12" PASS " -file certs/root-ca.crt -noprompt", NULL},
    {NULL, "client.p12:client", "the signed certificate in client.p12", "the client", "the client can prove who it is",
     "mutual keytool -importcert -alias client -keystore client.p12" PASS " -file certs/client.crt -noprompt", NULL},

    {"Whom each side trusts", "server-trust.p12", "server-trust.p12: the root, no key", "the server (TrustManagerFactory, --trust-store)",
     "the server can judge clients",
     "mutual keytool -importcert -alias lab-root-ca -keystore server-trust.p12" PASS " -file certs/root-ca.crt -noprompt", NULL},
    {NULL, "client-trust.p12", "client-trust.p12: the same", "the client (javax.net.ssl.trustStore)", "the client can judge the server",
     "mutual keytool -importcert -alias lab-root-ca -keystore client-trust.p12" PASS " -file certs/root-ca.crt -noprompt", NULL},
};

char *mu_lab_path(const mu_lab *lab, const char *name)
{
    return mu_asprintf("%s/%s", lab->options->dir, name);
}

int mu_lab_copy(mu_lab *lab, const char *from, const char *to, mu_err **err)
{
    char *source = mu_lab_path(lab, from), *target = mu_lab_path(lab, to);
    mu_buf content;
    int rc = -1;

    mu_buf_init_secret(&content, 1u << 20);
    if (!source || !target) {
        mu_fail_nomem(err);
    } else if (mu_file_read(source, content.max, &content, NULL, err) == 0) {
        const mu_file_replace_options options = {.new_mode = mu_file_mode(strstr(to, ".p12") != NULL)};
        rc = mu_file_replace(target, content.data, content.len, &options, err);
    }
    mu_buf_free(&content);
    free(source);
    free(target);
    return rc;
}

static int open_store(mu_lab *lab, const char *name, mu_store **ret_store, mu_err **err)
{
    const mu_store_options options = {.password = MU_LAB_PASSWORD};
    char *path = mu_lab_path(lab, name);
    int rc = path ? mu_store_open(NULL, path, &options, ret_store, err) : mu_fail_nomem(err);
    free(path);
    if (rc < 0)
        mu_err_hint(err, "it is not this lab's: move it away, or choose another folder with --dir");
    return rc;
}

int mu_lab_read_cert(mu_lab *lab, const char *name, X509 **ret_cert, mu_err **err)
{
    char *path = mu_lab_path(lab, name);
    STACK_OF(X509) *certs = NULL;
    mu_buf content;
    int rc = -1;

    mu_buf_init(&content, 1u << 20);
    if (!path)
        mu_fail_nomem(err);
    else if (mu_file_read(path, content.max, &content, NULL, err) == 0)
        rc = mu_certs_parse(NULL, content.data, content.len, &certs, err);
    if (rc == 0)
        *ret_cert = sk_X509_shift(certs);
    sk_X509_pop_free(certs, X509_free);
    mu_buf_free(&content);
    free(path);
    return rc;
}

bool mu_lab_exists(mu_lab *lab, const char *name)
{
    char *path = mu_lab_path(lab, name);
    bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

/* Is the alias there, and, where the CA's file of the same name exists, with exactly that certificate? */
static int entry_is_good(mu_lab *lab, const char *store_name, const char *alias, bool *ret_good, mu_err **err)
{
    mu_store *store = NULL;
    X509 *issued = NULL;
    char cert_name[64];
    int rc = -1;

    snprintf(cert_name, sizeof cert_name, "certs/%s.crt", strcmp(alias, "lab-root-ca") == 0 ? "root-ca" : alias);
    if (open_store(lab, store_name, &store, err) == 0 && mu_lab_read_cert(lab, cert_name, &issued, err) == 0) {
        mu_entry *entry = mu_store_find(store, alias);
        STACK_OF(X509) *chain = entry ? mu_entry_get0_chain(entry) : NULL;
        *ret_good = chain && sk_X509_num(chain) > 0 && X509_cmp(sk_X509_value(chain, 0), issued) == 0;
        rc = 0;
    }
    mu_store_free(store);
    X509_free(issued);
    return rc;
}

/* A file is good if it can be read for what it is and, a certificate, has at least a day left. */
static int file_is_good(mu_lab *lab, const char *name, bool *ret_good, mu_err **err)
{
    const size_t len = strlen(name);
    *ret_good = mu_lab_exists(lab, name);
    if (*ret_good && strcmp(name + len - 4, ".p12") == 0) {
        mu_store *store = NULL;
        if (open_store(lab, name, &store, err) < 0)
            return -1;
        mu_store_free(store);
    } else if (*ret_good && strcmp(name + len - 4, ".crt") == 0) {
        X509 *cert = NULL;
        if (mu_lab_read_cert(lab, name, &cert, err) < 0)
            return -1;
        *ret_good = mu_cert_not_after_s(cert) > mu_now_s() + 86400;
        X509_free(cert);
    }
    return 0;
}

static int is_good(mu_lab *lab, const char *what, bool *ret_good, mu_err **err)
{
    const char *colon = strchr(what, ':');
    char store_name[64];
    if (!colon)
        return file_is_good(lab, what, ret_good, err);
    snprintf(store_name, sizeof store_name, "%.*s", (int)(colon - what), what);
    return entry_is_good(lab, store_name, colon + 1, ret_good, err);
}

static int do_step(mu_lab *lab, const mu_lab_step *step, bool kept, mu_err **err)
{
    char *command = mu_lab_expand(lab, step->command);
    /* keytool's commands are the JDK's, word for word. */
    char *otherwise = step->otherwise ? mu_lab_expand(lab, step->otherwise) : command ? mu_strdup(command + strlen("mutual ")) : NULL;
    int rc = -1;
    if (!command || !otherwise) {
        mu_fail_nomem(err);
    } else {
        mu_lab_say_step(lab, step, command, otherwise, kept);
        rc = kept ? 0 : mu_lab_do(lab, command, err);
    }
    free(command);
    free(otherwise);
    return rc;
}

/* For tools that take PEM: the key out of the store, unencrypted and 0600. */
static int write_pem_key(mu_lab *lab, const char *store_name, const char *alias, const char *to, mu_err **err)
{
    mu_store *store = NULL;
    EVP_PKEY *key = NULL;
    char *pem = NULL, *path = mu_lab_path(lab, to);
    mu_entry *entry;
    int rc = -1;

    if (!path) {
        mu_fail_nomem(err);
    } else if (open_store(lab, store_name, &store, err) == 0) {
        entry = mu_store_find(store, alias);
        if (!entry)
            mu_fail(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, "\"%s\" has no entry \"%s\"", store_name, alias);
        else if (mu_entry_get1_key(entry, NULL, &key, err) == 0 && mu_key_pem(NULL, key, NULL, 0, &pem, err) == 0) {
            const mu_file_replace_options options = {.new_mode = mu_file_mode(true)};
            rc = mu_file_replace(path, pem, strlen(pem), &options, err);
        }
    }
    if (pem)
        OPENSSL_clear_free(pem, strlen(pem));
    EVP_PKEY_free(key);
    mu_store_free(store);
    free(path);
    return rc;
}

static int make_dir(mu_lab *lab, const char *name, mu_err **err)
{
    char *path = mu_lab_path(lab, name);
    int rc = path ? 0 : mu_fail_nomem(err);
    if (rc == 0 && mkdir(path, 0777) < 0 && errno != EEXIST)
        rc = mu_fail_errno(err, mu_file_write_code(errno), errno, "cannot make the folder \"%s\"", path);
    free(path);
    return rc;
}

/* Stores without the CA that they name would only produce riddles. */
static int check_ca_is_whole(mu_lab *lab, mu_err **err)
{
    if (mu_lab_exists(lab, "ca/root.crt"))
        return 0;
    for (size_t i = 1; i < sizeof steps / sizeof steps[0]; i++)
        if (!strchr(steps[i].file, ':') && mu_lab_exists(lab, steps[i].file)) {
            mu_fail(err, MU_E_STORE_NOT_FOUND, "\"%s\" is there, but the CA in \"%s/ca\" is not", steps[i].file, lab->options->dir);
            return mu_err_hint(err, "remove that folder, or choose another one with --dir");
        }
    return 0;
}

int mu_lab_make_files(mu_lab *lab, mu_err **err)
{
    bool remade = false; /* in this group: what depends on it is made again */

    if (make_dir(lab, "", err) < 0 || check_ca_is_whole(lab, err) < 0 || make_dir(lab, "certs", err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const mu_lab_step *step = &steps[i];
        const bool issued = strncmp(step->file, "certs/", 6) == 0;
        bool good;

        if (step->title)
            remade = false;
        if (is_good(lab, step->file, &good, err) < 0)
            return -1;
        good = good && !(issued && remade);
        remade |= !good;
        if (do_step(lab, step, good, err) < 0)
            return -1;
        if (i == 0 && mu_lab_copy(lab, "ca/root.crt", "certs/root-ca.crt", err) < 0)
            return -1;
    }
    return write_pem_key(lab, "server.p12", "server", "certs/server.key", err) < 0 ||
                   write_pem_key(lab, "client.p12", "client", "certs/client.key", err) < 0
               ? -1
               : 0;
}
