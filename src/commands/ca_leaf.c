/* What mutual ca sign and mutual ca issue have in common. */
#include "base/clock.h"
#include "base/file.h"
#include "commands/ca.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_DAYS 365
#define AUTHORITY_DAYS 1825

int mu_ca_leaf_begin(const mu_ca_leaf_options *o, mu_ca **ret_ca, mu_ca_request *request, mu_err **err)
{
    static const mu_profile profiles[] = {MU_PROFILE_SERVER, MU_PROFILE_CLIENT, MU_PROFILE_PEER, MU_PROFILE_INTERMEDIATE,
                                          MU_PROFILE_CLIENT_INTERMEDIATE}; /* as MU_CA_SIGN_PROFILES */
    request->profile = profiles[o->profile];
    request->now_s = mu_now_s();
    request->days = o->days ? (int)o->days : request->profile >= MU_PROFILE_SERVER ? LEAF_DAYS : AUTHORITY_DAYS;
    request->alias = o->alias;
    if (mu_ca_command_open(o->ca, ret_ca, err) != 0 ||
        mu_ca_choose_issuer(*ret_ca, o->issuer, request->profile, request->now_s, &request->issuer, err) != 0)
        return -1;
    return mu_ca_command_unlock(*ret_ca, request->issuer, o->ca_password, NULL, err);
}

int mu_ca_write_pem(const char *path, const char *pem, mu_err **err)
{
    const mu_file_replace_options options = {.new_mode = mu_file_mode(false)};
    if (path)
        return mu_file_replace(path, pem, strlen(pem), &options, err);
    fputs(pem, stdout);
    return 0;
}

int mu_ca_write_sent(const char *path, const STACK_OF(X509) *chain, mu_err **err)
{
    char *pem = NULL;
    int rc = mu_ca_sent_pem(chain, &pem, err);
    if (rc == 0)
        rc = mu_ca_write_pem(path, pem, err);
    OPENSSL_free(pem);
    return rc;
}

void mu_ca_leaf_tell(FILE *stream, const mu_ca_request *request, const X509 *cert)
{
    char *serial = mu_cert_serial(cert), *subject = mu_name_text(X509_get_subject_name(cert)), *names = mu_cert_san_text(cert);
    char until[32];
    fprintf(stream, "issued by %s: %s\n", request->issuer, subject ? subject : "?");
    fprintf(stream, "  serial       %s\n", serial ? serial : "?");
    fprintf(stream, "  profile      %s\n", mu_profile_name(request->profile));
    fprintf(stream, "  names        %s\n", names && *names ? names : "none");
    fprintf(stream, "  valid until  %s\n", mu_time_text(mu_cert_not_after_s(cert), until));
    free(serial);
    free(subject);
    free(names);
}

mu_ca_outputs_spec mu_ca_files_spec(const mu_ca_files_options *f, const char *alias)
{
    return (mu_ca_outputs_spec){
        .alias = alias, .trust_authority = f->trust_authority,
        .key_store = f->key_store, .key_store_password = f->key_store_password, .key_store_type = f->key_store_type,
        .certificate = f->certificate, .certificate_private_key = f->certificate_private_key, .key_password = f->key_password,
        .trust_store = f->trust_store, .trust_store_password = f->trust_store_password, .trust_store_type = f->trust_store_type,
        .trust_certificate = f->trust_certificate,
    };
}

static void tell_file(const char *path, const char *what)
{
    char shown[MU_SHOWN_SIZE];
    if (path)
        printf("  %-12s %s\n", what, mu_escape_to(shown, path));
}

void mu_ca_files_tell(const mu_ca_outputs_spec *spec)
{
    tell_file(spec->alias, "alias");
    tell_file(spec->key_store, "key store");
    tell_file(spec->trust_store, "trust store");
    tell_file(spec->certificate, "certificate");
    tell_file(spec->certificate_private_key, "private key");
    tell_file(spec->trust_certificate, "trust");
}
