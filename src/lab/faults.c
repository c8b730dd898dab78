/* The guide's troubleshooting table: each fault is planted, seen from both sides, cured by a command, and seen to be cured. */
#include "lab/lab_internal.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASS " -storepass " MU_LAB_PASSWORD
#define URL "https://127.0.0.1:{port}/"
#define WRONG_NAME "wrong.lab.local"
#define RIGHT_NAME "mtls-server.lab.local"
#define AS_NAME(name) "--resolve " name ":{port}:127.0.0.1 https://" name ":{port}/"
#define CLIENT " --key-store client.p12 --trust-store client-trust.p12"
#define SERVER "--key-store server.p12 --trust-store server-trust.p12"
#define REISSUE(who, san)                                                                                                                  \
    "mutual ca sign --ca ca --csr certs/" who ".csr --profile " who " --san " san " --days 365 --out broken/" who "-cured.crt"
#define INSTALL(who, store) "mutual keytool -importcert -alias " who " -file broken/" who "-cured.crt -keystore broken/" store PASS " -noprompt"
#define TRUST_ROOT(store) "mutual keytool -importcert -alias lab-root-ca -file certs/root-ca.crt -keystore broken/" store PASS " -noprompt"
#define SERVER_SAN "dns:mtls-server.lab.local,ip:127.0.0.1"
#define CLIENT_SAN "dns:mtls-client.lab.local"

/* What the faults need, made anew each time in broken/. */
static const char *const preparations[] = {
    "mutual ca init --ca broken/other-ca --name \"CN=Some Other CA, O=Mutual Lab, C=US\" --key-algorithm EC:P-256 --no-encryption",
    "mutual keytool -importcert -alias other-ca -file broken/other-ca/root.crt -keystore broken/server-trust.p12" PASS " -noprompt",
    "mutual keytool -importcert -alias other-ca -file broken/other-ca/root.crt -keystore broken/client-trust.p12" PASS " -noprompt",
    "mutual ca sign --ca ca --csr certs/client.csr --profile server --san " CLIENT_SAN " --out broken/client-eku.crt",
    "mutual keytool -importcert -alias client -file broken/client-eku.crt -keystore broken/client-eku.p12" PASS " -noprompt",
    "mutual ca sign --ca ca --csr certs/server.csr --profile client --san " SERVER_SAN " --out broken/server-eku.crt",
    "mutual keytool -importcert -alias server -file broken/server-eku.crt -keystore broken/server-eku.p12" PASS " -noprompt",
    "mutual keytool -importcert -alias client -file broken/client-expired.crt -keystore broken/client-expired.p12" PASS " -noprompt",
};

static const struct fault {
    const char *title, *cause;         /* what is planted, and what the table calls it */
    const char *server, *client;       /* arguments of serve and get while it is broken */
    mu_lab_expect broken;
    const char *cures[2];              /* commands that mend it */
    const char *cured_server, *cured_client;
    mu_lab_expect cured;
} faults[] = {
    {"The client has no identity", "the server needs a certificate and the client has no keystore", SERVER,
     URL " --trust-store client-trust.p12", {5, "peer-refused", "client-cert-not-sent", "certificate_required"},
     {NULL}, SERVER, URL CLIENT, {0}},
    {"The client does not trust the server's CA", "the root is not in client-trust.p12", SERVER,
     URL " --key-store client.p12 --trust-store broken/client-trust.p12", {4, "ca-not-trusted", "peer-refused", "unknown_ca"},
     {TRUST_ROOT("client-trust.p12")}, SERVER, URL " --key-store client.p12 --trust-store broken/client-trust.p12", {0}},
    {"The server does not trust the client's CA", "the root is not in server-trust.p12",
     "--key-store server.p12 --trust-store broken/server-trust.p12", URL CLIENT,
     {5, "peer-refused", "client-ca-not-trusted", "unknown_ca"},
     {TRUST_ROOT("server-trust.p12")}, "--key-store server.p12 --trust-store broken/server-trust.p12", URL CLIENT, {0}},
    {"The client's certificate is for servers", "extendedKeyUsage lacks clientAuth", SERVER,
     URL " --key-store broken/client-eku.p12 --trust-store client-trust.p12",
     {5, "peer-refused", "eku-missing-clientauth", "unsupported_certificate"},
     {REISSUE("client", CLIENT_SAN), INSTALL("client", "client-eku.p12")}, SERVER,
     URL " --key-store broken/client-eku.p12 --trust-store client-trust.p12", {0}},
    {"The server's certificate is for clients", "extendedKeyUsage lacks serverAuth",
     "--key-store broken/server-eku.p12 --trust-store server-trust.p12", URL CLIENT,
     {4, "eku-missing-serverauth", "peer-refused", "unsupported_certificate"},
     {REISSUE("server", SERVER_SAN), INSTALL("server", "server-eku.p12")},
     "--key-store broken/server-eku.p12 --trust-store server-trust.p12", URL CLIENT, {0}},
    {"The client calls the server by another name", "the name in the URL is not in the certificate", SERVER, AS_NAME(WRONG_NAME) CLIENT,
     {4, "hostname-mismatch", "peer-refused", "bad_certificate"},
     {NULL}, SERVER, AS_NAME(RIGHT_NAME) CLIENT, {0}},
    {"The server lets anybody in", "want instead of need: an anonymous client gets 200", SERVER " --client-auth want",
     URL " --trust-store client-trust.p12", {0},
     {NULL}, SERVER " --client-auth need", URL " --trust-store client-trust.p12",
     {5, "peer-refused", "client-cert-not-sent", "certificate_required"}},
    {"The client's certificate has expired", "notAfter was yesterday", SERVER,
     URL " --key-store broken/client-expired.p12 --trust-store client-trust.p12",
     {5, "peer-refused", "cert-expired", "certificate_expired"},
     {REISSUE("client", CLIENT_SAN), INSTALL("client", "client-expired.p12")}, SERVER,
     URL " --key-store broken/client-expired.p12 --trust-store client-trust.p12", {0}},
};

static const char *const remade[] = {"server-trust.p12", "client-trust.p12", "client-eku.p12", "server-eku.p12", "client-expired.p12"};

static int clear_broken(mu_lab *lab, mu_err **err)
{
    char *dir = mu_lab_path(lab, "broken");
    int rc = dir ? 0 : mu_fail_nomem(err);
    if (rc == 0 && mkdir(dir, 0777) < 0 && errno != EEXIST)
        rc = mu_fail_errno(err, mu_file_write_code(errno), errno, "cannot make the folder \"%s\"", dir);
    for (size_t i = 0; rc == 0 && i < sizeof remade / sizeof remade[0]; i++) {
        char *path = mu_asprintf("%s/%s", dir, remade[i]);
        if (!path)
            rc = mu_fail_nomem(err);
        else if (unlink(path) < 0 && errno != ENOENT)
            rc = mu_fail_errno(err, MU_E_WRITE_FAILED, errno, "cannot remove \"%s\"", path);
        free(path);
    }
    free(dir);
    return rc;
}

static int prepare(mu_lab *lab, mu_err **err)
{
    if (clear_broken(lab, err) < 0 || mu_lab_copy(lab, "client.p12", "broken/client-eku.p12", err) < 0 ||
        mu_lab_copy(lab, "client.p12", "broken/client-expired.p12", err) < 0 ||
        mu_lab_copy(lab, "server.p12", "broken/server-eku.p12", err) < 0 || mu_lab_issue_expired(lab, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof preparations / sizeof preparations[0]; i++) {
        /* The other CA is nobody's: one is as good as another, so it is kept. */
        if (i == 0 && mu_lab_exists(lab, "broken/other-ca/root.crt"))
            continue;
        if (mu_lab_do(lab, preparations[i], err) < 0)
            return -1;
    }
    return 0;
}

/* One server, one client, one answer. */
static int try_once(mu_lab *lab, const char *title, const char *proves, const char *server_arguments, const char *client_arguments,
                    const mu_lab_expect *expect, mu_err **err)
{
    mu_process *server = NULL;
    mu_lab_seen seen = {0};
    int rc = -1;

    if (mu_lab_server_start(lab, server_arguments, &server, err) == 0 &&
        mu_lab_client(lab, server, client_arguments, expect, &seen, err) == 0) {
        mu_lab_say_run(lab, title, proves, &seen);
        rc = 0;
    }
    mu_lab_seen_done(&seen);
    if (server)
        mu_process_stop(server);
    mu_process_free(server);
    return rc;
}

static int cure(mu_lab *lab, const struct fault *fault, mu_err **err)
{
    for (size_t i = 0; i < sizeof fault->cures / sizeof fault->cures[0] && fault->cures[i]; i++) {
        mu_lab_say_command(lab, fault->cures[i]);
        if (mu_lab_do(lab, fault->cures[i], err) < 0)
            return -1;
    }
    return 0;
}

int mu_lab_faults(mu_lab *lab, mu_err **err)
{
    if (prepare(lab, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const struct fault *fault = &faults[i];
        mu_lab_say_title(lab, fault->title);
        if (try_once(lab, "broken", fault->cause, fault->server, fault->client, &fault->broken, err) < 0 || cure(lab, fault, err) < 0 ||
            try_once(lab, "cured", NULL, fault->cured_server, fault->cured_client, &fault->cured, err) < 0)
            return -1;
    }
    return 0;
}
