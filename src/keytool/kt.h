/** What the files of keytool share: the state of one run, its errors, its questions. */
#ifndef MU_KEYTOOL_KT_H
#define MU_KEYTOOL_KT_H

#include "base/text.h"
#include "keytool/options.h"

#include <mutual/keystore.h>
#include <stdio.h>

#define MU_KT_MIN_PASSWORD 6
#define MU_KT_TRIES 3

typedef struct mu_kt mu_kt;

/** What a command has to do with the key store. */
typedef enum mu_kt_use {
    MU_KT_NO_STORE, /* nothing */
    MU_KT_MAY_READ, /* looks into it if it is there, and never asks for its password */
    MU_KT_READS,    /* asks for the password once, and an empty answer means "do not check" */
    MU_KT_CHANGES,  /* asks for a good one, three times */
    MU_KT_CREATES   /* the same; a missing key store is made */
} mu_kt_use;

/** One command: its file has run, commands.c has the table. */
typedef struct mu_kt_command {
    const char *name;         /* "genkeypair" */
    const char *legacy;       /* "genkey"; NULL: none */
    const char *summary;      /* for the list of commands */
    const char *file_help;    /* what -file is to this command */
    const mu_kt_slot *usage;  /* its options in the order of the usage text, ended by MU_KT_SLOT_COUNT */
    mu_kt_use store;
    bool hidden;              /* not in the list of commands */
    int (*run)(mu_kt *kt);    /* 0, or -1 after mu_kt_throw, mu_kt_usage or mu_kt_stop */
} mu_kt_command;

extern const mu_kt_command mu_kt_commands[];

struct mu_kt {
    const mu_kt_command *command;
    char *value[MU_KT_SLOT_COUNT];   /* owned; NULL: not given; flags have "" */
    mu_strlist ext, ids;             /* the -ext and -id options in order */
    mu_strlist properties;           /* "name=value" of -J-D options, in order */
    mu_strlist security;             /* "name=value" of the file of -J-Djava.security.properties, once mu_kt_protection has read it */
    mu_strlist providers;            /* -addprovider and -providerclass in order, as mu_kt_provider_add keeps them */
    long days;                       /* -validity, or 90 */
    mu_strlist warnings;             /* lines of the final block */
    int64_t now_ms;
    OSSL_LIB_CTX *libctx;

    mu_store *store;                 /* open, or new and empty; NULL: there is none, and the command does without */
    mu_store *cacerts;               /* the JDK's, under -trustcacerts; NULL: not wanted or not there */
    char *store_file;                /* owned */
    char *shown_type;                /* "PKCS12": as asked for, else as found; owned */
    bool store_exists;               /* the file was there */
    bool in_place;                   /* -importkeystore into its source: a new store takes the place of the file */
    char *last_warning;              /* what ends the final block; owned */

    char *thrown;                    /* "java.lang.Exception: …", escaped; NULL: nothing was thrown */
    int status;                      /* exit status of a run that returned -1 without having thrown */
    mu_err *err;                     /* our own view of the failure */
};

/** @return the value of an option or NULL; a flag that is set has "" */
const char *mu_kt_get(const mu_kt *kt, mu_kt_slot slot);
bool mu_kt_is_set(const mu_kt *kt, mu_kt_slot slot);
/** The value of a -J-Dname=value option ("" without "="), or NULL. The last one wins. */
const char *mu_kt_property(const mu_kt *kt, const char *name);

/* ---- args.c ---- */

/**
 * Parse the words of the command line. Passwords in argv are overwritten.
 * @return 0, or -1 after mu_kt_throw, mu_kt_usage, or help (status 0)
 */
int mu_kt_args(mu_kt *kt, int argc, char **argv);

/** Words may be passwords: wiped and freed. */
void mu_kt_words_free(mu_strlist *words);

/* ---- conf.c ---- */

/**
 * Put the words of a pre-configured options file (-conf) before the others: those of "keytool.all", then of "keytool.COMMAND".
 * @param words  in: the command line; out: the whole. Both own their words
 * @return 0, or -1 after mu_kt_throw
 */
int mu_kt_conf(mu_kt *kt, const char *path, mu_strlist *words);

/* ---- properties.c ---- */

/** The next "name=value" line of a Java properties file, a NUL-terminated text. @return false: the end */
bool mu_kt_properties_next(const char **p, mu_buf *name, mu_buf *value);
/** One character of a name or a value, which are ISO 8859-1 with escapes. */
void mu_kt_properties_char(const char **p, mu_buf *out);

/* ---- protection.c ---- */

/** Whether a new PKCS12 is to have neither protected certificates nor a MAC: then no password is asked for. */
bool mu_kt_wants_no_password(mu_kt *kt);
/** How kt->store is to be written: the keystore.pkcs12.* properties, and -keyalg of -importpass. Strings are kt's. */
int mu_kt_protection(mu_kt *kt, mu_store_write_options *ret_options);
/** mu_store_save has failed: the JDK's words for an algorithm that does not exist. @return -1 after mu_kt_throw; 0: it was not that */
int mu_kt_protection_blame(mu_kt *kt, const mu_store_write_options *options);

/* ---- check.c ---- */

/** What the options contradict, before any file is touched. Every command. */
int mu_kt_check(mu_kt *kt);

/* ---- provider.c ---- */

/** Note a provider to be added. @param option MU_KT_ADD_PROVIDER or MU_KT_PROVIDER_CLASS; arg: its -providerarg, or NULL */
int mu_kt_provider_add(mu_kt *kt, mu_kt_slot option, const char *name, const char *arg);
/** The JDK's own providers are there, in name; others are refused. */
int mu_kt_providers_check(mu_kt *kt);
/** -providername: whether that provider holds stores. */
int mu_kt_provider_name_check(mu_kt *kt);

/* ---- help.c ---- */

/** The usage text of kt->command, or the general one without a command, on stderr. */
void mu_kt_help(const mu_kt *kt);
/** One line on stderr, then the usage text; exit status 1. Returns -1. */
int mu_kt_usage(mu_kt *kt, const char *fmt, ...) MU_PRINTF(2, 3);

/* ---- fail.c ---- */

#define MU_KT_EXCEPTION "java.lang.Exception"
#define MU_KT_RUNTIME "java.lang.RuntimeException"
#define MU_KT_IO "java.io.IOException"
#define MU_KT_ILLEGAL_ARGUMENT "java.lang.IllegalArgumentException"
#define MU_KT_UNSUPPORTED "java.lang.UnsupportedOperationException"
#define MU_KT_STORE_FAULT "java.security.KeyStoreException"

/**
 * Fail as the JDK does: "keytool error: CLASS: message" on stdout, exit status 1. If kt->err is set (a library function failed), it
 * stays as the cause; otherwise it becomes an error of that code. fmt NULL: the class alone. Returns -1.
 */
int mu_kt_throw(mu_kt *kt, mu_code code, const char *java_class, const char *fmt, ...) MU_PRINTF(4, 5);
/** A library function has set kt->err and the JDK has no words of its own: its message becomes the exception's. Returns -1. */
int mu_kt_throw_err(mu_kt *kt, const char *java_class);
/** kt->err tells of a file that could not be opened or written: "java.io.FileNotFoundException: F (No such file or directory)". */
int mu_kt_throw_file(mu_kt *kt, const char *path);
/** End without an exception. Returns -1. */
int mu_kt_stop(mu_kt *kt, int status);
/** A line of the final warning block. */
void mu_kt_warn(mu_kt *kt, const char *fmt, ...) MU_PRINTF(2, 3);
/** The block so far, on stderr; empty afterwards. With `before_question` a blank line follows. */
void mu_kt_print_warnings(mu_kt *kt, bool before_question);

/* ---- show.c ---- */

/** Print foreign text: as it is, but for control, invisible and invalid characters, which are escaped. */
void mu_kt_show(FILE *out, const char *text);
/** The same for bytes that may hold NUL. */
void mu_kt_show_bytes(FILE *out, const void *data, size_t len);
/** "45:4E:…" of any bytes, with that separator. */
void mu_kt_show_hex(FILE *out, const uint8_t *data, size_t len, const char *separator);

/* ---- ask.c ---- */

/**
 * Ask for a password on stderr and read a line from stdin; if that is a terminal, ask there, without echo.
 * @return owned by the caller (mu_kt_wipe); NULL after an empty line or the end of input
 */
char *mu_kt_ask_password(const char *prompt);
/**
 * Ask for a new password, twice, up to three times. @param what "keystore password"; old: must differ from it
 * @return 0, or -1 after mu_kt_throw. *ret is owned by the caller (mu_kt_wipe)
 */
int mu_kt_ask_new_password(mu_kt *kt, const char *what, const char *old, char **ret);
/**
 * Ask for the value of -alias or -destalias if it was not given. When the input has ended there is still none: as in the JDK, that
 * is noticed where it is used (mu_kt_need_alias). @param which "alias" or "destination alias"
 */
int mu_kt_ask_alias(mu_kt *kt, mu_kt_slot slot, const char *which);
/** "Must specify alias" if it is none. */
int mu_kt_need_alias(mu_kt *kt, const char *alias, const char *which);
/** Ask up to 20 times for yes or no; nothing is no. @param ret_yes */
int mu_kt_ask_yes(mu_kt *kt, const char *question, bool *ret_yes);
/** A line from stdin without its end; NULL at the end of input. Owned by the caller (mu_kt_wipe). */
char *mu_kt_read_line(void);
/** Wipe and free; NULL is fine. */
void mu_kt_wipe(char *secret);


/* ---- key_password.c ---- */

/** Ask for the password of a new key, twice. *ret NULL: what the hint says of RETURN (hint NULL: it is none); else wipe with mu_kt_wipe. */
int mu_kt_ask_key_password(mu_kt *kt, const char *alias, const char *hint, const char *failure, char **ret);
/** The password of a key that is about to be made: -keypass, else what is answered becomes that. Nothing to do in PKCS12. */
int mu_kt_choose_key_password(mu_kt *kt, const char *alias);
/** Put a new key under -keypass, or what is answered; nothing to do in PKCS12. */
int mu_kt_protect_key(mu_kt *kt, const char *alias);

/* ---- store.c ---- */

/** Open the key store that the options name, or begin a new one; asks for the password if need be. */
int mu_kt_store_open(mu_kt *kt);
/**
 * Write it back.
 * @param success the JDK's line about what was done, or "": printed when it is true, together with "[Storing F]" under -v that the
 *        JDK prints after it
 */
int mu_kt_store_save(mu_kt *kt, const char *success);
/** Settle kt->store_file. mu_kt_store_open does it, unless it has been done. */
int mu_kt_store_name(mu_kt *kt);
/** What -storetype says, also for kt->shown_type; MU_STORE_AUTO: nothing. */
int mu_kt_store_parse_type(mu_kt *kt, mu_store_type *ret_type);
/** Read kt->store_file with that password, or unverified without one (NULL). */
int mu_kt_store_read(mu_kt *kt, mu_store_type type, const char *password, mu_store **ret_store);
/** As the JDK sees it: nothing to be checked, nothing encrypted but keys. */
bool mu_kt_is_passwordless(const mu_store *store);
/** PKCS12 has one password: another one for a key in that slot becomes the store's, with a warning. */
void mu_kt_drop_key_password(mu_kt *kt, mu_kt_slot slot, const char *option);
/** The banner about a store that was read without a password. @param in "your keystore"; which "your keystore password." */
void mu_kt_show_unverified(const char *in, const char *which);
/** -alias, or "mykey". */
const char *mu_kt_alias(const mu_kt *kt);

/* ---- store_key.c ---- */

/** The entry of that alias: "Alias <a> does not exist". NULL after mu_kt_throw. */
mu_entry *mu_kt_store_entry(mu_kt *kt, const char *alias);
/** Its first certificate, borrowed; NULL if it has none. */
X509 *mu_kt_entry_cert(const mu_entry *entry);
/** A private or secret key that was opened. A zeroed one is empty. */
typedef struct mu_kt_key {
    EVP_PKEY *key;
    char *algorithm; /* of a secret key */
    uint8_t *secret;
    size_t secret_len;
    char *password; /* what opened it; NULL: nothing was needed */
} mu_kt_key;
void mu_kt_key_clear(mu_kt_key *key);
/**
 * The key of an entry with that password, or with the store's; the key's own is asked for where the JDK does. A trusted entry has none.
 * @return 0, or -1 after mu_kt_throw
 */
int mu_kt_store_recover(mu_kt *kt, mu_entry *entry, const char *alias, const char *password, mu_kt_key *ret_key);
/**
 * Can the key of this entry (if it has one) be had with -keypass or the store's password? The key is asked for where the JDK does.
 * @return 0, or -1 after mu_kt_throw
 */
int mu_kt_store_unlock(mu_kt *kt, mu_entry *entry, const char *alias);
/** The private key of an entry; asks for its password if the store's does not fit. "Alias <a> does not exist", "… has no key". */
int mu_kt_store_key(mu_kt *kt, const char *alias, const char *password, EVP_PKEY **ret_key);

/* ---- source.c ---- */

/** The key store that -importkeystore reads, as a run of its own: its options are the -src ones. To be released with mu_kt_done. */
int mu_kt_source_begin(mu_kt *kt, mu_kt *ret_source);
/** Open it. What fails is in the source. */
int mu_kt_source_open(mu_kt *source);
/** A run has failed within the source: that is the failure of kt. */
void mu_kt_source_blame(mu_kt *kt, mu_kt *source);

/* ---- hash_order.c ---- */

/**
 * The entries in the order in which a JVM goes through them: PKCS12 as in the file, JKS and JCEKS as java.util.Hashtable has them.
 * @param ret free; mu_store_count() of them
 * @return 0, or -1 with MU_E_OUT_OF_MEMORY
 */
int mu_kt_hash_order(const mu_store *store, bool read_twice, mu_entry ***ret, mu_err **err);

/* ---- keytool.c ---- */

/** Release all that a run holds. */
void mu_kt_done(mu_kt *kt);

/* ---- real_type.c ---- */

/** By content; MU_STORE_AUTO if it is none, or not there. */
mu_store_type mu_kt_real_type(const char *path);
/** The JDK's warning about a JKS or JCEKS store with keys, as it is on the disk now. */
void mu_kt_advise_pkcs12(mu_kt *kt);

/* ---- output.c ---- */

/** Write to that file, or to stdout if path is NULL. */
int mu_kt_output(mu_kt *kt, const char *path, const void *data, size_t len);
/** The same, as PEM under that label; label NULL: as it is. */
int mu_kt_output_der(mu_kt *kt, const char *path, const char *label, const uint8_t *der, size_t len);
/** "WHAT <file>" on stderr. */
void mu_kt_say_file(const char *what, const char *file);

/* ---- input.c ---- */

#define MU_KT_INPUT_MAX (16u << 20)

/** Read that file, or stdin if path is NULL. @param input begun with MU_KT_INPUT_MAX */
int mu_kt_input(mu_kt *kt, const char *path, mu_buf *input);

/* ---- cacerts.c ---- */

/** Path of the JDK's cacerts file, or NULL if no JDK is found. Owned by the caller (free). */
char *mu_kt_cacerts_path(void);
/** Is that the JDK's cacerts file, under whatever name? */
bool mu_kt_is_cacerts(const char *path);
/** Opens kt->cacerts if -trustcacerts wants it for this command. That it cannot be read is said on stderr, and no failure. */
void mu_kt_cacerts_open(mu_kt *kt);

#endif
