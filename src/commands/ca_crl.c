/* mutual ca crl */
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "commands/ca.h"
#include "config/password.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct crl_options {
    char *ca, *ca_password, *out;
    long days;
    bool der;
};

struct listing {
    const struct crl_options *o;
    mu_ca *ca;
    int64_t now_s;
    bool into_folder; /* --out names one */
    mu_buf together;  /* the lists for one file */
    mu_secret password;
};

static int encode(X509_CRL *crl, bool der, mu_buf *out, mu_err **err)
{
    unsigned char *bytes = NULL;
    char *pem = NULL;
    int len = 0, rc = 0;
    if (der && (len = i2d_X509_CRL(crl, &bytes)) <= 0)
        return mu_fail_nomem(err);
    if (!der && (rc = mu_crl_pem(crl, &pem, err)) == 0)
        len = (int)strlen(pem);
    if (rc == 0)
        mu_buf_add(out, der ? (void *)bytes : pem, (size_t)len);
    OPENSSL_free(bytes);
    OPENSSL_free(pem);
    return rc == 0 && out->failed ? mu_fail_nomem(err) : rc;
}

static int write_list(const char *path, const mu_buf *data, mu_err **err)
{
    const mu_file_replace_options options = {.new_mode = mu_file_mode(false)};
    return mu_file_replace(path, data->data, data->len, &options, err);
}

static void tell(const struct listing *l, const char *name, const X509_CRL *crl, const char *path)
{
    char until[32], shown[MU_SHOWN_SIZE];
    printf("%s: CRL %lld, %d revoked, valid until %s, %s\n", name, (long long)mu_crl_number(crl),
           sk_X509_REVOKED_num(X509_CRL_get_REVOKED((X509_CRL *)crl)), mu_time_text(mu_time_from_asn1(X509_CRL_get0_nextUpdate(crl)), until),
           mu_escape_to(shown, path ? path : l->o->out));
}

static int make_list(struct listing *l, const char *name, mu_err **err)
{
    X509_CRL *crl = NULL;
    mu_buf own;
    char *path = !l->o->out        ? mu_ca_path(l->ca, name, "crl")
                 : l->into_folder ? mu_asprintf("%s/%s.crl", l->o->out, name)
                                  : NULL;
    int rc = path || (l->o->out && !l->into_folder) ? 0 : mu_fail_nomem(err);

    mu_buf_init(&own, SIZE_MAX / 2);
    if (rc == 0)
        rc = mu_ca_crl(l->ca, name, l->o->days ? (int)l->o->days : 30, l->now_s, &crl, err);
    if (rc == 0)
        rc = encode(crl, l->o->der, path ? &own : &l->together, err);
    if (rc == 0 && path)
        rc = write_list(path, &own, err);
    if (rc == 0)
        tell(l, name, crl, path);
    mu_buf_free(&own);
    X509_CRL_free(crl);
    free(path);
    return rc;
}

/* One passphrase opens all authorities of a folder; it is asked for once. */
static int unlock(struct listing *l, const char *name, mu_err **err)
{
    bool locked;
    if (mu_ca_is_locked(l->ca, name, &locked, err) != 0)
        return -1;
    if (locked && !l->password.value && mu_password_resolve(l->o->ca_password, "the CA key", &l->password, err) != 0)
        return -1;
    return mu_ca_unlock(l->ca, name, locked ? l->password.value : NULL, err);
}

/* Without names: everybody whose key is here. An offline root makes its list where its key is. */
static int choose(const struct listing *l, const mu_strlist *args, mu_strlist *names, mu_err **err)
{
    for (size_t i = 0; i < args->count; i++)
        if (mu_strlist_add(names, args->items[i]) != 0)
            return mu_fail_nomem(err);
    for (size_t i = 0; args->count == 0 && mu_ca_authority(l->ca, i); i++) {
        const char *name = mu_ca_authority(l->ca, i)->name;
        if (!mu_ca_has_key(l->ca, name))
            fprintf(stderr, "note: no list of \"%s\": its key is not here\n", name);
        else if (mu_strlist_add(names, name) != 0)
            return mu_fail_nomem(err);
    }
    if (names->count == 0)
        return mu_fail_by(err, MU_E_STORE_NOT_FOUND, MU_BY_CALLER, "this folder has no key to sign a list with");
    if (names->count > 1 && l->o->der && l->o->out && !l->into_folder) {
        mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "a DER file holds one list only");
        return mu_err_hint(err, "Name one authority, or let --out be a folder.");
    }
    return 0;
}

/* The folder is held until all is written, or an older list could replace a newer. */
static int make_all(struct listing *l, const mu_strlist *args, mu_err **err)
{
    mu_strlist names = {0};
    struct stat st;
    const char *issuer;
    int rc = 0;

    l->into_folder = l->o->out && stat(l->o->out, &st) == 0 && S_ISDIR(st.st_mode);
    rc = choose(l, args, &names, err);
    for (size_t i = 0; rc == 0 && i < names.count; i++)
        if ((rc = mu_ca_choose_issuer(l->ca, names.items[i], MU_PROFILE_SERVER, l->now_s, &issuer, err)) == 0)
            rc = unlock(l, issuer, err);
    if (rc == 0 && (rc = mu_ca_hold(l->ca, err)) == 0)
        l->now_s = mu_now_s();
    for (size_t i = 0; rc == 0 && i < names.count; i++)
        rc = make_list(l, names.items[i], err);
    if (rc == 0 && l->together.len)
        rc = write_list(l->o->out, &l->together, err);
    mu_strlist_free(&names);
    return rc;
}

static int run(const mu_command *command, void *options, const mu_strlist *args)
{
    struct listing l = {.o = options, .now_s = mu_now_s()};
    mu_err *err = NULL;
    (void)command;

    mu_buf_init(&l.together, SIZE_MAX / 2);
    int rc = mu_ca_command_open(l.o->ca, &l.ca, &err);
    if (rc == 0)
        rc = make_all(&l, args, &err);
    mu_ca_close(l.ca);
    mu_secret_clear(&l.password);
    mu_buf_free(&l.together);
    return rc == 0 ? 0 : mu_cli_fail(false, err);
}

static const mu_opt table[] = {
    MU_OPT_CA_DIR(struct crl_options, ca),
    MU_OPT_CA_PASSWORD(struct crl_options, ca_password),
    {"days", 0, MU_OPT_NUMBER, offsetof(struct crl_options, days), "N",
     "Days until the next list must be there; the default is 30.", 1, 3650},
    {"out", 'o', MU_OPT_TEXT, offsetof(struct crl_options, out), "FILE|DIR",
     "Where to write: a folder for NAME.crl of each, or one file for all; the default is the CA's folder.", 0, 0},
    {"der", 0, MU_OPT_FLAG, offsetof(struct crl_options, der), NULL, "DER instead of PEM.", 0, 0},
    {0},
};

static const mu_example examples[] = {
    {"every list, for a folder that servers read with --crl DIR", "mutual ca crl --days 7 --out /srv/crl"},
    {"the root's, by hand, twice a year", "mutual ca crl root --days 200 --out root.crl"},
    {0},
};

const mu_command mu_command_ca_crl = {
    .name = "ca crl",
    .summary = "make the revocation lists (CRLs)",
    .synopsis = "[NAME…] [options]",
    .description = "Makes the list of each authority named, or of all whose keys are here: who checks revocation needs one for every "
                   "CA of the chain. Each list has a number that only grows. Make them anew after each revocation, and on a timer "
                   "well before they end: a list past its time means that nobody is accepted (crl-expired).",
    .options = table,
    .examples = examples,
    .options_size = sizeof(struct crl_options),
    .max_args = -1,
    .run = run,
};
