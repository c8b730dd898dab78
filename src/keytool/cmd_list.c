#include "base/clock.h"
#include "keytool/algorithm.h"
#include "keytool/commands.h"
#include "keytool/dates.h"
#include "keytool/number.h"
#include "keytool/print.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define STARS "*******************************************\n"

/* Stores that keep no date for an entry show today's. */
static void entry_date(const mu_kt *kt, const mu_entry *entry, char out[MU_KT_DATE_MAX])
{
    int64_t created_ms = mu_entry_created_ms(entry);
    mu_kt_date_medium((created_ms >= 0 ? created_ms : kt->now_ms) / 1000, out);
}

static bool in_detail(const mu_kt *kt)
{
    return mu_kt_is_set(kt, MU_KT_VERBOSE) || mu_kt_is_set(kt, MU_KT_RFC);
}

static void print_cert(const mu_kt *kt, const X509 *cert)
{
    if (mu_kt_is_set(kt, MU_KT_RFC))
        mu_kt_print_pem(stdout, cert);
    else
        mu_kt_print_cert(kt, stdout, cert);
}

static void print_fingerprint(const X509 *cert)
{
    fputs("Certificate fingerprint (SHA-256): ", stdout);
    mu_kt_print_fingerprint(stdout, cert, EVP_sha256());
    fputc('\n', stdout);
}

static void print_chain(mu_kt *kt, const char *label, const STACK_OF(X509) *chain)
{
    int count = sk_X509_num(chain);

    fputs(in_detail(kt) ? "Entry type: PrivateKeyEntry\n" : "PrivateKeyEntry, \n", stdout);
    if (count <= 0) {
        fputs("Certificate chain length: 0\n", stdout);
    } else if (in_detail(kt)) {
        printf("Certificate chain length: %d\n", count);
        for (int i = 0; i < count; i++) {
            printf("Certificate[%d]:\n", i + 1);
            print_cert(kt, sk_X509_value(chain, i));
            mu_kt_check_weak_detail(kt, label, chain, i);
        }
    } else {
        print_fingerprint(sk_X509_value(chain, 0));
    }
    if (!in_detail(kt))
        mu_kt_check_weak_chain(kt, label, chain);
}

static void print_trusted(mu_kt *kt, const char *label, const X509 *cert)
{
    fputs(in_detail(kt) ? "Entry type: trustedCertEntry\n\n" : "trustedCertEntry, \n", stdout);
    if (in_detail(kt))
        print_cert(kt, cert);
    else
        print_fingerprint(cert);
    mu_kt_check_weak(kt, label, cert);
}

/* JDK 25 looks at secret keys, too, as far as the store's password opens them. */
static void check_weak_secret(mu_kt *kt, const char *label, mu_entry *entry)
{
    char *algorithm = NULL;
    uint8_t *key = NULL;
    size_t len = 0;

    if (mu_entry_get1_secret(entry, mu_kt_get(kt, MU_KT_STORE_PASS), &algorithm, &key, &len, NULL) != 0)
        return;
    mu_kt_check_weak_secret(kt, label, algorithm);
    free(algorithm);
    OPENSSL_clear_free(key, len);
}

/* single: the one that -alias asks for; the JDK has other words for it in its warnings, a secret key or not. */
static int print_entry(mu_kt *kt, const char *shown_alias, bool single, mu_entry *entry)
{
    char date[MU_KT_DATE_MAX];
    char *label = single ? mu_strdup("The certificate") : mu_asprintf("<%s>", shown_alias);

    if (!label)
        return mu_fail_nomem(&kt->err);
    entry_date(kt, entry, date);
    if (in_detail(kt))
        fputs("Alias name: ", stdout);
    mu_kt_show(stdout, shown_alias);
    printf(in_detail(kt) ? "\nCreation date: %s\n" : ", %s, ", date);
    switch (mu_entry_get_kind(entry)) {
    case MU_ENTRY_KEY: print_chain(kt, label, mu_entry_get0_chain(entry)); break;
    case MU_ENTRY_TRUSTED: print_trusted(kt, label, sk_X509_value(mu_entry_get0_chain(entry), 0)); break;
    case MU_ENTRY_SECRET:
        fputs(in_detail(kt) ? "Entry type: SecretKeyEntry\n" : "SecretKeyEntry, \n", stdout);
        check_weak_secret(kt, label, entry);
        break;
    }
    free(label);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(mu_entry_java_alias(*(mu_entry *const *)a), mu_entry_java_alias(*(mu_entry *const *)b));
}

static int print_all(mu_kt *kt)
{
    size_t count = mu_store_count(kt->store);
    char shown[32];
    mu_entry **entries = calloc(count + 1, sizeof *entries);
    int rc = entries ? 0 : mu_fail_nomem(&kt->err);

    printf("Keystore type: %s\nKeystore provider: %s\n\nYour keystore contains %s %s\n\n", kt->shown_type,
           strcmp(kt->shown_type, "JCEKS") == 0 ? "SunJCE" : "SUN", mu_kt_count_text(count, shown), count == 1 ? "entry" : "entries");
    for (size_t i = 0; entries && i < count; i++)
        entries[i] = mu_store_entry(kt->store, i);
    if (entries)
        qsort(entries, count, sizeof *entries, compare);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = print_entry(kt, mu_entry_java_alias(entries[i]), false, entries[i]);
        if (in_detail(kt))
            fputs("\n\n" STARS STARS "\n\n", stdout);
    }
    free(entries);
    return rc;
}

int mu_kt_list(mu_kt *kt)
{
    const char *alias = mu_kt_get(kt, MU_KT_ALIAS);
    mu_entry *entry;

    if (mu_kt_store_open(kt) != 0)
        return -1;
    if (!alias)
        return print_all(kt);
    entry = mu_kt_store_entry(kt, alias);
    return entry ? print_entry(kt, alias, true, entry) : -1;
}
