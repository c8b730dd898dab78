#include "cli/opt.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parser {
    const mu_command *command;
    int argc, next; /* next word of argv */
    char **argv;
    char *options;
    mu_err **err;
};

/* So that `ps` no longer shows it. */
static void wipe_word(char *word)
{
    size_t len = strlen(word);
    OPENSSL_cleanse(word, len);
    if (len)
        word[0] = '*';
}

static const mu_opt *find_name(const mu_command *command, const char *name, size_t len)
{
    for (const mu_opt *opt = command->options; opt && opt->name; opt++)
        if (strlen(opt->name) == len && memcmp(opt->name, name, len) == 0 && opt->kind != MU_OPT_DEFINE)
            return opt;
    return NULL;
}

static const mu_opt *find_letter(const mu_command *command, char letter)
{
    for (const mu_opt *opt = command->options; opt && opt->name; opt++)
        if (opt->letter == letter)
            return opt;
    return NULL;
}

/* The known option whose name is meant: shortened, or with a few letters wrong. */
static const mu_opt *find_nearest(const mu_command *command, const char *name)
{
    const mu_opt *best = NULL;
    int best_distance = strlen(name) > 5 ? 4 : 3;
    for (const mu_opt *opt = command->options; opt && opt->name; opt++) {
        int distance = mu_str_distance(name, opt->name);
        if (opt->kind == MU_OPT_DEFINE)
            continue;
        if (strlen(name) >= 3 && mu_str_has_prefix(opt->name, name))
            distance = 1;
        if (distance < best_distance) {
            best = opt;
            best_distance = distance;
        }
    }
    return best;
}

#define fail_usage(p, ...)                                                                                                         \
    (mu_fail_by((p)->err, MU_E_USAGE, MU_BY_CALLER, __VA_ARGS__),                                                                  \
     mu_err_hint((p)->err, "see: mutual %s --help", (p)->command->name))

/* Only the name is shown: what follows "=" may be a password. */
static int fail_unknown(struct parser *p, const char *word)
{
    size_t len = strcspn(word, "=");
    char shown[MU_SHOWN_SIZE], *name = mu_strndup(word, len);
    const mu_opt *near = name ? find_nearest(p->command, name + strspn(name, "-")) : NULL;

    fail_usage(p, "unknown option \"%s\"", mu_escape_to(shown, name ? name : ""));
    if (near)
        mu_err_hint(p->err, "did you mean --%s? All options: mutual %s --help", near->name, p->command->name);
    free(name);
    return -1;
}

static int set_choice(struct parser *p, const mu_opt *opt, const char *value)
{
    char shown[MU_SHOWN_SIZE];
    int index = opt->kind == MU_OPT_LEVEL ? 2 : 0;
    for (const char *choice = opt->arg;; index++) {
        size_t len = strcspn(choice, "|");
        if (strlen(value) == len && memcmp(choice, value, len) == 0) {
            *(int *)(void *)(p->options + opt->offset) = index + (int)opt->min;
            return 0;
        }
        if (!choice[len])
            break;
        choice += len + 1;
    }
    fail_usage(p, "\"%s\" is not possible here", mu_escape_to(shown, value));
    return mu_err_hint(p->err, "--%s is one of %s", opt->name, opt->arg);
}

static int set_number(struct parser *p, const mu_opt *opt, const char *value)
{
    char shown[MU_SHOWN_SIZE];
    if (mu_str_to_long(value, opt->min, opt->max, (long *)(void *)(p->options + opt->offset)))
        return 0;
    fail_usage(p, "\"%s\" is not possible here", mu_escape_to(shown, value));
    return mu_err_hint(p->err, "--%s is a whole number from %ld to %ld", opt->name, opt->min, opt->max);
}

static void free_text(char **text, bool secret)
{
    if (*text && secret)
        OPENSSL_cleanse(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static int set_text(struct parser *p, const mu_opt *opt, char *value)
{
    char **text = (char **)(void *)(p->options + opt->offset);
    free_text(text, opt->kind == MU_OPT_SECRET);
    *text = mu_strdup(value);
    if (opt->kind == MU_OPT_SECRET)
        wipe_word(value);
    return *text ? 0 : mu_fail_nomem(p->err);
}

/* "javax.net.ssl.keyStorePassword=geheim": the name stays readable. */
static void wipe_definition(char *definition)
{
    char *equals = strchr(definition, '=');
    if (!equals)
        return;
    *equals = 0;
    for (char *p = definition; *p; p++)
        if (strncasecmp(p, "password", 8) == 0) {
            wipe_word(equals + 1);
            break;
        }
    *equals = '=';
}

static int set_value(struct parser *p, const mu_opt *opt, char *value)
{
    int rc;
    switch (opt->kind) {
    case MU_OPT_CHOICE:
    case MU_OPT_LEVEL:
        return set_choice(p, opt, value);
    case MU_OPT_NUMBER:
        return set_number(p, opt, value);
    case MU_OPT_LIST:
    case MU_OPT_DEFINE:
        rc = mu_strlist_add((mu_strlist *)(void *)(p->options + opt->offset), value);
        if (opt->kind == MU_OPT_DEFINE)
            wipe_definition(value);
        return rc < 0 ? mu_fail_nomem(p->err) : 0;
    default:
        return set_text(p, opt, value);
    }
}

static int take_next(struct parser *p, const mu_opt *opt)
{
    if (p->next < p->argc)
        return set_value(p, opt, p->argv[p->next++]);
    fail_usage(p, "\"--%s\" needs a value", opt->name);
    return mu_err_hint(p->err, "write --%s %s", opt->name, opt->arg);
}

static int parse_long(struct parser *p, char *word)
{
    size_t len = strcspn(word + 2, "=");
    const mu_opt *opt = find_name(p->command, word + 2, len);
    bool attached = word[2 + len] == '=';

    if (!opt && strcmp(word, "--help") == 0)
        return 1;
    if (!opt)
        return fail_unknown(p, word);
    if (opt->kind == MU_OPT_FLAG) {
        if (attached)
            return fail_usage(p, "\"--%s\" takes no value", opt->name);
        *(bool *)(p->options + opt->offset) = true;
        return 0;
    }
    if (opt->kind == MU_OPT_LEVEL && !attached) {
        *(int *)(void *)(p->options + opt->offset) = 1;
        return 0;
    }
    return attached ? set_value(p, opt, word + 3 + len) : take_next(p, opt);
}

static int parse_letters(struct parser *p, char *word)
{
    for (char *letter = word + 1; *letter; letter++) {
        const mu_opt *opt = find_letter(p->command, *letter);
        if (!opt && strcmp(word, "-h") == 0)
            return 1;
        if (!opt)
            return fail_unknown(p, word);
        if (opt->kind == MU_OPT_FLAG) {
            *(bool *)(p->options + opt->offset) = true;
            continue;
        }
        if (opt->kind == MU_OPT_DEFINE && !letter[1])
            return fail_usage(p, "\"-%c\" needs a name and value, written together", *letter);
        return letter[1] ? set_value(p, opt, letter + 1) : take_next(p, opt);
    }
    return 0;
}

static int check_count(struct parser *p, const mu_strlist *args)
{
    const mu_command *command = p->command;
    char shown[MU_SHOWN_SIZE];
    if (command->max_args >= 0 && args->count > (size_t)command->max_args)
        return fail_usage(p, "\"%s\" is one argument too many", mu_escape_to(shown, args->items[command->max_args]));
    if (args->count < (size_t)command->min_args)
        return fail_usage(p, "something is missing: mutual %s %s", command->name, command->synopsis);
    return 0;
}

int mu_opt_parse(const mu_command *command, int argc, char **argv, void *options, mu_strlist *ret_args, mu_err **err)
{
    struct parser p = {.command = command, .argc = argc, .argv = argv, .options = options, .err = err};
    bool only_args = false;
    int rc = 0;

    while (p.next < p.argc && rc == 0) {
        char *word = argv[p.next++];
        if (only_args || word[0] != '-' || !word[1])
            rc = mu_strlist_add(ret_args, word) < 0 ? mu_fail_nomem(err) : 0;
        else if (strcmp(word, "--") == 0)
            only_args = true;
        else
            rc = word[1] == '-' ? parse_long(&p, word) : parse_letters(&p, word);
    }
    return rc ? rc : check_count(&p, ret_args);
}

static void free_list(mu_strlist *list, bool secret)
{
    for (size_t i = 0; secret && i < list->count; i++)
        OPENSSL_cleanse(list->items[i], strlen(list->items[i]));
    mu_strlist_free(list);
}

void mu_opt_free(const mu_command *command, void *options)
{
    for (const mu_opt *opt = command->options; opt && opt->name; opt++) {
        void *field = (char *)options + opt->offset;
        if (opt->kind == MU_OPT_TEXT || opt->kind == MU_OPT_SECRET)
            free_text(field, opt->kind == MU_OPT_SECRET);
        else if (opt->kind == MU_OPT_LIST || opt->kind == MU_OPT_DEFINE)
            free_list(field, opt->kind == MU_OPT_DEFINE);
    }
    if (options)
        memset(options, 0, command->options_size);
}
