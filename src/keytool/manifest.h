/** The manifest of a JAR file and its signature files: sections of "Name: value" lines. Source: JAR File Specification. */
#ifndef MU_KEYTOOL_MANIFEST_H
#define MU_KEYTOOL_MANIFEST_H

#include "base/text.h"

/** A section as it stands in the file, its empty line included; borrowed. */
typedef struct mu_kt_section {
    const char *text;
    size_t len;
} mu_kt_section;

/** @param at 0 at first, for the main section. @return false: there is none left */
bool mu_kt_section_next(const char *text, size_t len, size_t *at, mu_kt_section *ret);
/** The value of a name (any case), its continuation lines joined, or NULL. Owned by the caller (free). */
char *mu_kt_section_value(const mu_kt_section *section, const char *name);
/**
 * Does a digest that the section has under "SHA-256SUFFIX" or the like fit the data?
 * @return 1 it does, 0 it does not, -1 there is none
 */
int mu_kt_section_digest(const mu_kt_section *section, const char *suffix, const void *data, size_t len, const char **ret_digest);

#endif
