#include "keytool/kt.h"
#include "keytool/number.h"

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
static int note_repeated(mu_kt *kt, mu_strlist *seen, const char *word)
{
    const mu_kt_option *option = mu_kt_option_find(word);
    char *lower = mu_strdup(word);
    bool found = false;
    int rc = 0;

    if (!lower)
        return mu_fail_nomem(&kt->err);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    for (size_t i = 0; i < seen->count; i++)
        found |= strcmp(seen->items[i], lower) == 0;
    if (!found)
        rc = mu_strlist_add(seen, lower);
    else if (!(option && option->repeatable && strcmp(option->name, lower + 1) == 0) && strcmp(lower, "-providerarg") != 0)
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

/* First the JDK looks for the command and -conf in all words, be they values of options or not. */
static int find_command_and_conf(mu_kt *kt, const mu_strlist *words, const char **ret_conf)
{
    mu_strlist seen = {0};
    int rc = 0;

    for (size_t i = 0; i < words->count && rc == 0; i++) {
        const char *word = words->items[i];
        const mu_kt_command *command = *word == '-' ? find_command(word) : NULL;
        if (*word != '-')
            continue;
        rc = note_repeated(kt, &seen, word);
        if (rc == 0 && mu_kt_same_name(word, "conf")) {
            if (++i == words->count)
                rc = mu_kt_usage(kt, "Command option %s needs an argument.", word);
            else
                *ret_conf = words->items[i];
        } else if (rc == 0 && command) {
            rc = set_command(kt, command);
        }
    }
    mu_strlist_free(&seen);
    return rc;
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

static int set_value(mu_kt *kt, const mu_kt_option *option, const char *modifier, const char *word)
{
    char *value = NULL;
    long number; /* wrong ones are refused here, before anything else is looked at */

    if (option->kind == MU_KT_LIST)
        return mu_strlist_add(option->slot == MU_KT_EXT ? &kt->ext : &kt->ids, word) == 0 ? 0 : mu_fail_nomem(&kt->err);
    if (option->slot == MU_KT_KEY_SIZE && mu_kt_parse_int(kt, word, &number) != 0)
        return -1;
    if (option->slot == MU_KT_VALIDITY && mu_kt_parse_long(kt, word, &number) != 0)
        return -1;
    if (option->kind == MU_KT_PASSWORD) {
        if (password_value(kt, modifier, word, &value) != 0)
            return -1;
    } else if (!(value = mu_strdup(option->kind == MU_KT_FLAG ? "" : word))) {
        return mu_fail_nomem(&kt->err);
    }
    mu_kt_wipe(kt->value[option->slot]);
    kt->value[option->slot] = value;
    return 0;
}

/* A provider and, right behind it, its argument. */
static int set_provider(mu_kt *kt, const mu_kt_option *option, const mu_strlist *words, size_t *index)
{
    const char *name = words->items[*index], *arg = NULL;

    if (*index + 1 < words->count && *words->items[*index + 1] == '-' && mu_kt_same_name(words->items[*index + 1], "providerarg")) {
        if (*index + 2 == words->count)
            return mu_kt_usage(kt, "Command option %s needs an argument.", words->items[*index + 1]);
        arg = words->items[*index += 2];
    }
    return mu_kt_provider_add(kt, option->slot, name, arg);
}

static int set_option(mu_kt *kt, const mu_kt_option *option, const char *modifier, const mu_strlist *words, size_t *index)
{
    if (option->kind == MU_KT_FLAG)
        return set_value(kt, option, NULL, words->items[*index]);
    if (*index + 1 == words->count)
        return mu_kt_usage(kt, "Command option %s needs an argument.", words->items[*index]);
    ++*index;
    return option->kind == MU_KT_PROVIDER ? set_provider(kt, option, words, index)
                                          : set_value(kt, option, modifier, words->items[*index]);
}

/* What is not known gets the JDK's answer to an unknown word; this says it in our words. */
static int refuse_word(mu_kt *kt, const char *word, const char *name)
{
    char shown[MU_SHOWN_SIZE];
    mu_kt_usage(kt, "Illegal option:  %s", name);
    mu_fail_by(&kt->err, MU_E_USAGE, MU_BY_CALLER, "keytool has no option or command \"%s\"", mu_escape_to(shown, word));
    return mu_err_hint(&kt->err, "keytool -help lists the commands, keytool -COMMAND -help the options of one.");
}

/* "-storepass:env" is the option "-storepass" with the modifier "env". */
static int parse_word(mu_kt *kt, const mu_strlist *words, size_t *index, bool *help)
{
    const char *word = words->items[*index], *colon = strchr(word, ':'), *modifier = NULL;
    char *name = mu_strndup(word, colon && colon > word ? (size_t)(colon - word) : strlen(word));
    const mu_kt_option *option = NULL;
    int rc = 0;

    if (!name)
        return mu_fail_nomem(&kt->err);
    if (colon && colon > word)
        modifier = colon + 1;
    if (*name == '-' && find_command(name))
        kt->command = find_command(name);
    else if (*name == '-' && is_help(name))
        *help = true;
    else if (*name == '-' && (option = mu_kt_option_find(name)))
        rc = set_option(kt, option, modifier, words, index);
    else
        rc = refuse_word(kt, word, name);
    free(name);
    return rc;
}

/* The java launcher takes its own words away before keytool sees any, even from between an option and its value. */
static int take_words(mu_kt *kt, int argc, char **argv, mu_strlist *words)
{
    for (int i = 0; i < argc; i++) {
        bool property = strncmp(argv[i], "-J-D", 4) == 0, launcher = strncmp(argv[i], "-J", 2) == 0;
        if ((property && mu_strlist_add(&kt->properties, argv[i] + 4) != 0) || (!launcher && mu_strlist_add(words, argv[i]) != 0))
            return mu_fail_nomem(&kt->err);
    }
    return 0;
}

/* A password may stand behind any word that looks like an option for one; others can see our arguments. */
static void wipe_passwords(int argc, char **argv)
{
    for (int i = 0; i + 1 < argc; i++) {
        char *name = mu_strndup(argv[i], strcspn(argv[i], ":"));
        const mu_kt_option *option = name && *name == '-' ? mu_kt_option_find(name) : NULL;
        if (option && option->kind == MU_KT_PASSWORD)
            OPENSSL_cleanse(argv[i + 1], strlen(argv[i + 1]));
        free(name);
    }
}

void mu_kt_words_free(mu_strlist *words)
{
    for (size_t i = 0; i < words->count; i++)
        OPENSSL_cleanse(words->items[i], strlen(words->items[i]));
    mu_strlist_free(words);
}

int mu_kt_args(mu_kt *kt, int argc, char **argv)
{
    mu_strlist words = {0};
    const char *conf = NULL;
    int rc = take_words(kt, argc, argv, &words);
    bool help = words.count == 0;

    wipe_passwords(argc, argv);
    if (rc == 0)
        rc = find_command_and_conf(kt, &words, &conf);
    if (rc == 0 && conf && kt->command)
        rc = mu_kt_conf(kt, conf, &words);
    for (size_t i = 0; i < words.count && rc == 0; i++)
        rc = parse_word(kt, &words, &i, &help);
    if (rc == 0 && help) {
        mu_kt_help(kt);
        rc = mu_kt_stop(kt, 0);
    } else if (rc == 0 && !kt->command) {
        rc = mu_kt_usage(kt, "Usage error: no command provided");
    }
    mu_kt_words_free(&words);
    return rc;
}
