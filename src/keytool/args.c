#include "keytool/kt.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

const char *mu_kt_get(const mu_kt *kt, mu_kt_slot slot)
{
    return kt->value[slot];
}

bool mu_kt_is_set(const mu_kt *kt, mu_kt_slot slot)
{
    return kt->value[slot] != NULL;
}

const char *mu_kt_property(const mu_kt *kt, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = kt->properties.count; i-- > 0;) {
        const char *p = kt->properties.items[i];
        if (strncmp(p, name, len) == 0 && (p[len] == '=' || !p[len]))
            return p[len] ? p + len + 1 : p + len;
    }
    return NULL;
}

static const mu_kt_command *find_command(const char *word)
{
    for (const mu_kt_command *c = mu_kt_commands; c->name; c++)
        if (mu_kt_same_name(word, c->name) || (c->legacy && mu_kt_same_name(word, c->legacy)))
            return c;
    return NULL;
}

static bool is_help(const char *word)
{
    return mu_kt_same_name(word, "help") || mu_kt_same_name(word, "h") || mu_kt_same_name(word, "?");
}

/* The JDK compares the words themselves here, lower-cased: "--alias" and "-alias" are not the same one. */
static int note_repeated(mu_kt *kt, mu_strlist *seen, const char *word, bool repeatable)
{
    char *lower = mu_strdup(word);
    int rc = 0;

    if (!lower)
        return mu_fail_nomem(&kt->err);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    bool found = false;
    for (size_t i = 0; i < seen->count; i++)
        found |= strcmp(seen->items[i], lower) == 0;
    if (!found)
        rc = mu_strlist_add(seen, lower);
    else if (!repeatable)
        mu_kt_warn(kt, "The %s option is specified multiple times. All except the last one will be ignored.", lower);
    free(lower);
    return rc;
}

static int set_command(mu_kt *kt, const mu_kt_command *command)
{
    if (kt->command)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Only one command is allowed: both -%s and -%s were specified.",
                           kt->command->name, command->name);
    kt->command = command;
    return 0;
}

static int password_from_file(mu_kt *kt, const char *path, char **ret)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;

    if (!f)
        return mu_kt_usage(kt, "Cannot find file: %s", path);
    ssize_t len = getline(&line, &cap, f);
    fclose(f);
    if (len < 0)
        len = 0;
    *ret = mu_strndup(line ? line : "", strcspn(line ? line : "", "\r\n"));
    if (line)
        OPENSSL_cleanse(line, cap);
    free(line);
    return *ret ? 0 : mu_fail_nomem(&kt->err);
}

/* A word after a password option, as its modifier (NULL: none) says. */
static int password_value(mu_kt *kt, const char *modifier, const char *word, char **ret)
{
    const char *value = word;
    if (modifier && strcasecmp(modifier, "file") == 0)
        return password_from_file(kt, word, ret);
    if (modifier && strcasecmp(modifier, "env") == 0) {
        value = getenv(word);
        if (!value)
            return mu_kt_usage(kt, "Cannot find environment variable: %s", word);
    } else if (modifier) {
        return mu_kt_usage(kt, "Unknown password type: %s", modifier);
    }
    *ret = mu_strdup(value);
    return *ret ? 0 : mu_fail_nomem(&kt->err);
}

static int set_value(mu_kt *kt, const mu_kt_option *option, const char *modifier, char *word)
{
    char *value = NULL;

    if (option->kind == MU_KT_LIST)
        return mu_strlist_add(option->slot == MU_KT_EXT ? &kt->ext : &kt->ids, word) == 0 ? 0 : mu_fail_nomem(&kt->err);
    if (option->kind == MU_KT_PASSWORD) {
        if (password_value(kt, modifier, word, &value) != 0)
            return -1;
        OPENSSL_cleanse(word, strlen(word));
    } else if (!(value = mu_strdup(option->kind == MU_KT_FLAG ? "" : word))) {
        return mu_fail_nomem(&kt->err);
    }
    mu_kt_wipe(kt->value[option->slot]);
    kt->value[option->slot] = value;
    return 0;
}

/* "-storepass:env" is the option "-storepass" with the modifier "env". The colon of "-J-Da=b:c" never gets here. */
static int parse_word(mu_kt *kt, mu_strlist *seen, int argc, char **argv, int *index, bool *help)
{
    char *word = argv[*index];
    char *colon = strchr(word, ':');
    char *name = mu_strndup(word, colon && colon > word ? (size_t)(colon - word) : strlen(word));
    const char *modifier = colon && colon > word ? colon + 1 : NULL;
    const mu_kt_option *option = NULL;
    const mu_kt_command *command = NULL;
    int rc = -1;

    if (!name) {
        mu_fail_nomem(&kt->err);
        goto out;
    }
    if (*name == '-') {
        option = mu_kt_option_find(name);
        command = find_command(name);
    }
    if (note_repeated(kt, seen, word, option && option->repeatable) != 0)
        goto out;
    if (command) {
        rc = set_command(kt, command);
    } else if (*name == '-' && is_help(name)) {
        *help = true;
        rc = 0;
    } else if (!option) {
        rc = mu_kt_usage(kt, "Illegal option:  %s", name);
    } else if (option->kind == MU_KT_FLAG) {
        rc = set_value(kt, option, NULL, word);
    } else if (*index + 1 == argc) {
        rc = mu_kt_usage(kt, "Command option %s needs an argument.", word);
    } else {
        rc = set_value(kt, option, modifier, argv[++*index]);
    }
out:
    free(name);
    return rc;
}

/* What is not a command here gets the JDK's answer to an unknown word; this says which commands there are. */
static void explain_unknown(mu_kt *kt, const char *word)
{
    char *name = mu_strndup(word, strcspn(word, ":"));
    bool known = name && mu_kt_option_find(name);

    free(name);
    if (known)
        return;
    char shown[MU_SHOWN_SIZE];
    mu_fail_by(&kt->err, MU_E_USAGE, MU_BY_CALLER, "keytool has no option or command \"%s\"", mu_escape_to(shown, word));
    mu_err_hint(&kt->err, "The commands that are here: -certreq, -gencert, -gencrl, -genkeypair, -importcert, -list.");
}

/* The java launcher takes its own words away before keytool sees any, even from between an option and its value. */
static int take_launcher_words(mu_kt *kt, int *argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        if (strncmp(argv[i], "-J", 2) != 0)
            argv[kept++] = argv[i];
        else if (strncmp(argv[i], "-J-D", 4) == 0 && mu_strlist_add(&kt->properties, argv[i] + 4) != 0)
            return mu_fail_nomem(&kt->err);
    }
    *argc = kept;
    return 0;
}

int mu_kt_args(mu_kt *kt, int argc, char **argv)
{
    mu_strlist seen = {0};
    int rc = take_launcher_words(kt, &argc, argv);
    bool help = argc == 0;

    for (int i = 0; i < argc && rc == 0; i++) {
        const char *word = argv[i];
        rc = parse_word(kt, &seen, argc, argv, &i, &help);
        if (rc != 0 && !kt->thrown && !kt->err)
            explain_unknown(kt, word);
    }
    if (rc == 0 && help) {
        mu_kt_help(kt);
        rc = mu_kt_stop(kt, 0);
    } else if (rc == 0 && !kt->command) {
        rc = mu_kt_usage(kt, "Usage error: no command provided");
    }
    mu_strlist_free(&seen);
    return rc;
}
