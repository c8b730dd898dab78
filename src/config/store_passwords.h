/** Passwords for many stores: a list of patterns for file names, each with the password of the stores that it fits. */
#ifndef MU_CONFIG_STORE_PASSWORDS_H
#define MU_CONFIG_STORE_PASSWORDS_H

#include "base/secret.h"
#include "base/text.h"

typedef struct mu_store_password {
    char *pattern, *spec; /* spec as in config/password.h; wiped when freed */
    mu_secret value;
    bool resolved;
} mu_store_password;

/** A zeroed struct is empty. The first pattern that fits wins. */
typedef struct mu_store_passwords {
    mu_store_password *items;
    size_t count;
} mu_store_passwords;

/**
 * Append the lines of a file: a pattern as in a shell (*, ?, [...]; a backslash takes the next character as it is), blanks, and the
 * password to the end of the line. A pattern without a slash is compared with the file's base name, one with a slash with the whole
 * path as it is given; `*` matches slashes too. Empty lines and lines that begin with # do not count.
 * @param warnings gets a line if everybody can read the file and there are passwords in it; may be NULL
 * @return 0, or -1 with MU_E_CONFIG_INVALID (file:line) and what mu_file_read says
 */
int mu_store_passwords_read(mu_store_passwords *list, const char *path, mu_strlist *warnings, mu_err **err);
/** Append one pattern. @return 0, or -1 out of memory */
int mu_store_passwords_add(mu_store_passwords *list, const char *pattern, const char *spec, mu_err **err);
/**
 * The password for a store, asked for or read when it is first needed.
 * @param ret_password borrowed; NULL if no pattern fits
 * @return 0, or -1 as mu_password_resolve
 */
int mu_store_passwords_find(mu_store_passwords *list, const char *path, const char **ret_password, mu_err **err);
void mu_store_passwords_free(mu_store_passwords *list);

#endif
