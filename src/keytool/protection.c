/* The keystore.pkcs12.* properties: -J-Dname=value before the file of -J-Djava.security.properties. Source: java.security of JDK 25. */
#include "base/file.h"
#include "keytool/kt.h"

#include <string.h>
#include <strings.h>

#define MAX_FILE_BYTES (1u << 20)
#define MAX_ITERATIONS 5000000
#define PREFIX "keystore.pkcs12."
#define KEY_FAULT "Key protection algorithm not found: java.security.UnrecoverableKeyException: Encrypt Private Key failed: "

/* Without a file nothing is said, as in the JDK. */
static int read_security(mu_kt *kt)
{
    const char *path = mu_kt_property(kt, "java.security.properties"), *p;
    mu_buf file, name, value;
    int rc = 0;

    if (!path || kt->security.count > 0)
        return 0;
    path += *path == '='; /* instead of the JDK's own, of which we have none */
    path += mu_str_has_prefix(path, "file:") ? strlen("file:") : 0;
    mu_buf_init(&file, MAX_FILE_BYTES);
    mu_buf_init(&name, MAX_FILE_BYTES);
    mu_buf_init(&value, 4 * MAX_FILE_BYTES);
    p = mu_file_read(path, MAX_FILE_BYTES, &file, NULL, NULL) == 0 ? mu_buf_text(&file) : "";
    while (rc == 0 && mu_kt_properties_next(&p, &name, &value)) {
        char *both = mu_asprintf("%s=%s", mu_buf_text(&name), mu_buf_text(&value));
        rc = both && mu_strlist_add(&kt->security, both) == 0 ? 0 : mu_fail_nomem(&kt->err);
        free(both);
    }
    mu_buf_free(&file);
    mu_buf_free(&name);
    mu_buf_free(&value);
    return rc;
}

static const char *in_file(const mu_kt *kt, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = kt->security.count; i-- > 0;)
        if (strncmp(kt->security.items[i], name, len) == 0 && kt->security.items[i][len] == '=')
            return kt->security.items[i] + len + 1;
    return NULL;
}

/* NULL: the default, which an empty value asks for, too. The capital name is older and counts after the other one. */
static const char *lookup(const mu_kt *kt, const char *name, const char *capital)
{
    const char *value = mu_kt_property(kt, name);
    if (!value && capital)
        value = mu_kt_property(kt, capital);
    if (!value)
        value = in_file(kt, name);
    if (!value && capital)
        value = in_file(kt, capital);
    return value && *value ? value : NULL;
}

/* key: the JDK meets this one when it encrypts a key. */
static int read_count(mu_kt *kt, const char *name, bool key, int *ret)
{
    const char *value = lookup(kt, name, NULL), *java = key ? MU_KT_STORE_FAULT : MU_KT_ILLEGAL_ARGUMENT, *before = key ? KEY_FAULT : "";
    long count;

    *ret = 0;
    if (!value)
        return 0;
    if (!mu_str_to_long(value, INT32_MIN, INT32_MAX, &count))
        return mu_kt_throw(kt, MU_E_USAGE, java, "%s%s is not a number: %s", before, name, value);
    if (count < 1 || count > MAX_ITERATIONS)
        return mu_kt_throw(kt, MU_E_USAGE, java, "%sInvalid %s: %s", before, name, value);
    *ret = (int)count;
    return 0;
}

/* A file that is there keeps its protection: then only keys are looked at. */
static int read_counts(mu_kt *kt, mu_store_write_options *ret)
{
    bool anew = !kt->store_exists || kt->in_place;
    bool keys = strcmp(kt->command->name, "importcert") != 0 && strcmp(kt->command->name, "delete") != 0;
    if (keys && read_count(kt, PREFIX "keyPbeIterationCount", true, &ret->key_iterations) != 0)
        return -1;
    return anew && (read_count(kt, PREFIX "certPbeIterationCount", false, &ret->cert_iterations) != 0 ||
                    read_count(kt, PREFIX "macIterationCount", false, &ret->mac_iterations) != 0)
               ? -1
               : 0;
}

bool mu_kt_wants_no_password(mu_kt *kt)
{
    const char *certs, *mac;

    if (mu_kt_property(kt, PREFIX "legacy") || read_security(kt) != 0)
        return false;
    certs = lookup(kt, PREFIX "certProtectionAlgorithm", NULL);
    mac = lookup(kt, PREFIX "macAlgorithm", NULL);
    return certs && mac && strcasecmp(certs, "NONE") == 0 && strcasecmp(mac, "NONE") == 0;
}

int mu_kt_protection(mu_kt *kt, mu_store_write_options *ret)
{
    const char *alg = mu_kt_get(kt, MU_KT_KEY_ALG);

    *ret = (mu_store_write_options){.password = mu_kt_get(kt, MU_KT_STORE_PASS),
                                    .keep_key_passwords = strcasecmp(kt->shown_type, "PKCS12") != 0};
    if (mu_store_get_type(kt->store) != MU_STORE_PKCS12)
        return 0;
    if (mu_kt_property(kt, PREFIX "legacy")) { /* whatever it says */
        ret->key_algorithm = "PBEWithSHA1AndDESede";
        ret->cert_algorithm = "PBEWithSHA1AndRC2_40";
        ret->mac_algorithm = "HmacPBESHA1";
        ret->key_iterations = ret->cert_iterations = 50000;
        ret->mac_iterations = 100000;
    } else if (read_security(kt) != 0 || read_counts(kt, ret) != 0) {
        return -1;
    } else {
        ret->key_algorithm = lookup(kt, PREFIX "keyProtectionAlgorithm", "keystore.PKCS12.keyProtectionAlgorithm");
        ret->cert_algorithm = lookup(kt, PREFIX "certProtectionAlgorithm", NULL);
        ret->mac_algorithm = lookup(kt, PREFIX "macAlgorithm", NULL);
    }
    if (strcmp(kt->command->name, "importpass") == 0 && alg && strncasecmp(alg, "PBEWith", 7) == 0)
        ret->key_algorithm = alg;
    return 0;
}

int mu_kt_protection_blame(mu_kt *kt, const mu_store_write_options *options)
{
    const char *key = options->key_algorithm, *cert = options->cert_algorithm, *mac = options->mac_algorithm;

    if (!mu_err_has(kt->err, MU_E_ALGORITHM_UNAVAILABLE))
        return 0;
    if (key && !mu_store_knows_protection(key))
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_STORE_FAULT,
                           KEY_FAULT "getPBEAlgorithmParameters failed: %s AlgorithmParameters not available", key);
    if (cert && strcasecmp(cert, "NONE") != 0 && !mu_store_knows_protection(cert))
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_IO,
                           "getPBEAlgorithmParameters failed: %s AlgorithmParameters not available", cert);
    if (mac && !mu_store_knows_mac(mac))
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, MU_KT_IO,
                           "calculateMac failed: java.security.NoSuchAlgorithmException: Algorithm %s not available", mac);
    return 0;
}
