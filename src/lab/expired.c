/* A certificate whose time is over. No command issues one, so the lab asks the CA for it in-process. */
#include "lab/lab_internal.h"

#include "base/clock.h"
#include "base/file.h"
#include "ca/ca.h"

#include <mutual/mutual.h>
#include <stdlib.h>
#include <string.h>

static int write_cert(mu_lab *lab, const char *name, X509 *cert, mu_err **err)
{
    const mu_file_replace_options options = {.new_mode = mu_file_mode(false)};
    char *path = mu_lab_path(lab, name), *pem = NULL;
    int rc = path ? mu_cert_pem(cert, &pem, err) : mu_fail_nomem(err);

    if (rc == 0)
        rc = mu_file_replace(path, pem, strlen(pem), &options, err);
    OPENSSL_free(pem);
    free(path);
    return rc;
}

static int issue(mu_ca *ca, X509 *client, X509 **ret_cert, mu_err **err)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(client, NID_subject_alt_name, NULL, NULL);
    const int64_t from_s = mu_cert_not_before_s(mu_ca_root(ca));
    const mu_ca_request request = {
        .issuer = "root",
        .profile = MU_PROFILE_CLIENT,
        .subject = X509_get_subject_name(client),
        .names = names,
        .public_key = X509_get0_pubkey(client),
        .alias = "client-expired",
        .now_s = mu_now_s(),
        .not_before_s = from_s,
        .not_after_s = from_s + 60, /* CAs are backdated by more than that, so it is over even when the root is new */
    };
    int rc = mu_ca_unlock(ca, "root", NULL, err) == 0 ? mu_ca_issue(ca, &request, ret_cert, err) : -1;
    GENERAL_NAMES_free(names);
    return rc;
}

int mu_lab_issue_expired(mu_lab *lab, mu_err **err)
{
    char *dir = mu_lab_path(lab, "ca");
    mu_ca *ca = NULL;
    X509 *client = NULL, *cert = NULL;
    int rc = -1;

    if (!dir)
        mu_fail_nomem(err);
    else if (mu_lab_read_cert(lab, "certs/client.crt", &client, err) == 0 && mu_ca_open(NULL, dir, &ca, err) == 0 &&
             issue(ca, client, &cert, err) == 0)
        rc = write_cert(lab, "broken/client-expired.crt", cert, err);
    X509_free(cert);
    X509_free(client);
    mu_ca_close(ca);
    free(dir);
    return rc;
}
