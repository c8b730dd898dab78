/* mutual ca: a small certificate authority in a folder. */
#include "commands/ca.h"
#include "commands/commands.h"
#include "config/password.h"

#include <string.h>

int mu_ca_command_open(const char *dir, mu_ca **ret_ca, mu_err **err)
{
    return mu_ca_open(NULL, dir ? dir : MU_CA_DEFAULT_DIR, ret_ca, err);
}

int mu_ca_command_unlock(mu_ca *ca, const char *authority, const char *spec, mu_secret *ret_password, mu_err **err)
{
    mu_secret password = {0};
    bool locked;
    int rc = -1;

    if (mu_ca_is_locked(ca, authority, &locked, err) != 0)
        return -1;
    if (!locked || mu_password_resolve(spec, "the CA key", &password, err) == 0)
        rc = mu_ca_unlock(ca, authority, password.value, err);
    if (rc == 0 && ret_password && password.value)
        rc = mu_secret_set(ret_password, password.value, strlen(password.value), err);
    mu_secret_clear(&password);
    return rc;
}

int mu_ca_command_key_password(const char *dir, const char *spec, bool no_encryption, mu_secret *ret_password, mu_err **err)
{
    mu_ca *ca = NULL;
    mu_err *inner = NULL;
    const mu_ledger_authority *authority = NULL;
    int rc;

    if (no_encryption && spec)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--ca-password and --no-encryption exclude each other");
    if (mu_ca_command_open(dir, &ca, &inner) != 0 && !mu_err_has(inner, MU_E_STORE_NOT_FOUND))
        return mu_err_pass(err, inner);
    mu_err_free(inner);
    for (size_t i = 0; ca && (authority = mu_ca_authority(ca, i)) && !mu_ca_has_key(ca, authority->name); i++)
        continue;
    if (authority && !no_encryption)
        rc = mu_ca_command_unlock(ca, authority->name, spec, ret_password, err);
    else
        rc = no_encryption ? 0 : mu_password_resolve_new(spec, "the new key", ret_password, err);
    mu_ca_close(ca);
    return rc;
}

int mu_ca_command_key_spec(const char *text, mu_key_spec *ret_spec, mu_err **err)
{
    return mu_key_spec_parse(!text || mu_str_eq_nocase(text, "RSA") ? "RSA:4096" : text, ret_spec, err);
}

static const mu_command *const subcommands[] = {
    &mu_command_ca_init, &mu_command_ca_intermediate, &mu_command_ca_sign, &mu_command_ca_issue, &mu_command_ca_renew,
    &mu_command_ca_revoke, &mu_command_ca_crl, &mu_command_ca_import, &mu_command_ca_export, &mu_command_ca_list,
    &mu_command_ca_show, NULL,
};

const mu_command mu_command_ca = {
    .name = "ca",
    .summary = "a certificate authority of your own: make it, issue from it, look at what it issued",
    .synopsis = "init|intermediate|sign|issue|renew|revoke|crl|import|export|list|show [options]",
    .description =
        "A CA lives in one folder (--ca DIR, by default mutual-ca): a root, intermediates below it if you want them, and a ledger "
        "of every certificate that was ever signed.\n\n"
        "Its keys are encrypted under a passphrase. A certificate that would not work (no names for a server, an issuer that may "
        "not issue it, a weak key) is refused before it is signed, with the cause that a peer would report later.",
    .subcommands = subcommands,
};
