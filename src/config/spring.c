#include "config/spring.h"

#include "base/file.h"
#include "base/zip.h"

#include <dirent.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (4u << 20)
#define JAR_MAX_BYTES (512u << 20)

struct reader {
    mu_spring *spring;
    mu_buf jar;
    mu_zip zip;
    const char *root;  /* what names are appended to: a folder with its slash, or that of a JAR */
    char *stem;        /* "application" */
    size_t document;
    mu_err **err;
};

/* ---- one file ---- */

char *mu_spring_relaxed(const char *name)
{
    char *key = mu_strdup(name), *out = key;
    bool index = false;
    for (const char *p = name; key && *p; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        index = c == '[' || (index && c != ']');
        if (index || c == ']' || c == '.' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            *out++ = c;
    }
    if (key)
        *out = '\0';
    return key;
}

int mu_spring_add(const mu_spring_target *target, const char *name, const char *value, const char *plain, size_t line, mu_err **err)
{
    mu_spring *s = target->spring;
    if ((s->count & (s->count - 1)) == 0) { /* at powers of two */
        mu_spring_prop *grown = realloc(s->props, (s->count ? 2 * s->count : 1) * sizeof *grown);
        if (!grown)
            return mu_fail_nomem(err);
        s->props = grown;
    }
    mu_spring_prop *prop = &s->props[s->count++];
    *prop = (mu_spring_prop){.name = mu_strdup(name), .key = mu_spring_relaxed(name), .value = mu_strdup(value),
                             .plain = plain ? mu_strdup(plain) : NULL, .file = target->file, .line = line,
                             .document = target->document, .active = true};
    return prop->name && prop->key && prop->value && (prop->plain || !plain) ? 0 : mu_fail_nomem(err);
}

static int add_file(struct reader *r, const char *path)
{
    mu_spring *s = r->spring;
    mu_mistakes *grown = realloc(s->mistakes, (s->files.count + 1) * sizeof *grown);
    if (grown)
        s->mistakes = grown;
    if (!grown || mu_strlist_add(&s->files, path) != 0)
        return mu_fail_nomem(r->err);
    grown[s->files.count - 1] = (mu_mistakes){.file = s->files.items[s->files.count - 1]};
    return 0;
}

static int parse(struct reader *r, const char *path, const mu_buf *data)
{
    const char *dot = strrchr(path, '.');
    if (add_file(r, path) != 0)
        return -1;
    size_t index = r->spring->files.count - 1;
    mu_spring_target target = {r->spring, r->spring->files.items[index], &r->spring->mistakes[index], r->document};
    int rc = (dot && strcmp(dot, ".properties") == 0 ? mu_spring_properties_parse : mu_spring_yaml_parse)(&target, data->data,
                                                                                                        data->len, r->err);
    r->document = target.document + 1;
    return rc;
}

/* @return 0 also if there is no such file, unless it has to be there */
static int read_one(struct reader *r, const char *name, bool must)
{
    const mu_zip_entry *entry = r->spring->inside ? mu_zip_find(&r->zip, name) : NULL;
    char *path = mu_asprintf("%s%s", r->root, name);
    mu_buf data;
    int rc = 0;

    mu_buf_init_secret(&data, FILE_MAX_BYTES);
    mu_buf_add(&data, "", 0);
    if (!path)
        rc = mu_fail_nomem(r->err);
    else if (r->spring->inside ? !entry : !must && access(path, F_OK) != 0)
        goto out;
    else
        rc = entry ? mu_zip_read(&r->zip, entry, &data, r->err) : mu_file_read(path, FILE_MAX_BYTES, &data, NULL, r->err);
    if (rc == 0)
        rc = parse(r, path, &data);
out:
    mu_buf_free(&data);
    free(path);
    return rc;
}

/* ---- the files of a profile, lowest precedence first ---- */

static const char *const endings[] = {"yaml", "yml", "properties"};

static int read_stage(struct reader *r, const char *profile, const char *must)
{
    static const char *const folders[] = {"", "config/"};
    const char *classes = r->spring->inside ? strstr(r->spring->inside, "!/") + 2 : "";
    int rc = 0;
    for (size_t f = 0; f < 2; f++)
        for (size_t e = 0; rc == 0 && e < sizeof endings / sizeof *endings; e++) {
            char *name =
                mu_asprintf("%s%s%s%s%s.%s", classes, folders[f], r->stem, profile ? "-" : "", profile ? profile : "", endings[e]);
            rc = name ? read_one(r, name, must && strcmp(name, must) == 0) : mu_fail_nomem(r->err);
            free(name);
        }
    return rc;
}

static bool holds(const mu_strlist *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], word) == 0)
            return true;
    return false;
}

static int add_words(mu_strlist *list, const char *text, const char *separators, mu_err **err)
{
    char *copy = mu_strdup(text), *rest = copy;
    int rc = copy ? 0 : mu_fail_nomem(err);
    for (char *word = copy ? strtok_r(copy, separators, &rest) : NULL; word && rc == 0; word = strtok_r(NULL, separators, &rest))
        if (!holds(list, word) && mu_strlist_add(list, word) != 0)
            rc = mu_fail_nomem(err);
    free(copy);
    return rc;
}

static int add_value_words(const mu_spring *spring, const char *name, mu_strlist *list, mu_err **err)
{
    mu_spring_value value = {0};
    int rc = mu_spring_get(spring, name, &value, err);
    if (rc == 0 && value.text)
        rc = add_words(list, value.text, ", \t", err);
    mu_spring_value_free(&value);
    return rc;
}

/* Groups name further profiles; the list grows while it is walked, and no name enters twice. */
static int add_groups(mu_spring *spring, mu_err **err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < spring->profiles.count && i < 100; i++) {
        char *name = mu_asprintf("spring.profiles.group.%s", spring->profiles.items[i]);
        rc = name ? add_value_words(spring, name, &spring->profiles, err) : mu_fail_nomem(err);
        free(name);
    }
    return rc;
}

static int choose_profiles(struct reader *r, const mu_strlist *given)
{
    mu_spring *s = r->spring;
    int rc = 0;
    for (size_t i = 0; given && rc == 0 && i < given->count; i++)
        rc = add_words(&s->profiles, given->items[i], ", \t", r->err);
    if (rc == 0 && s->profiles.count == 0)
        rc = add_value_words(s, "spring.profiles.active", &s->profiles, r->err);
    if (rc == 0)
        rc = add_value_words(s, "spring.profiles.include", &s->profiles, r->err);
    if (rc == 0 && s->profiles.count == 0)
        rc = add_value_words(s, "spring.profiles.default", &s->profiles, r->err);
    if (rc == 0 && s->profiles.count == 0 && mu_strlist_add(&s->profiles, "default") != 0)
        rc = mu_fail_nomem(r->err);
    return rc == 0 ? add_groups(s, r->err) : rc;
}

/* ---- documents ---- */

static bool names_profiles(const mu_spring_prop *prop)
{
    return strcmp(prop->key, "spring.config.activate.onprofile") == 0 || strcmp(prop->key, "spring.profiles") == 0;
}

static int activate_document(struct reader *r, size_t from, size_t to)
{
    mu_spring *s = r->spring;
    bool active = true;
    int rc = 0;
    for (size_t i = from; i < to; i++) {
        bool cloud = strcmp(s->props[i].key, "spring.config.activate.oncloudplatform") == 0;
        bool fits = !cloud && (!names_profiles(&s->props[i]) || mu_spring_profile_fits(s->props[i].value, &s->profiles) == 1);
        active = active && fits;
        if (!fits && !cloud && rc == 0)
            rc = add_words(&s->others, s->props[i].value, " \t!&|(),", r->err);
    }
    for (size_t i = from; i < to; i++)
        s->props[i].active = active;
    return rc;
}

static int activate_documents(struct reader *r)
{
    mu_spring *s = r->spring;
    int rc = 0;
    for (size_t from = 0, to; rc == 0 && from < s->count; from = to) {
        for (to = from; to < s->count && s->props[to].document == s->props[from].document; to++)
            ;
        rc = activate_document(r, from, to);
    }
    return rc;
}

/* Profiles that have a file of their own: "application-prod.yml". */
static int add_profile_of(struct reader *r, const char *name, mu_strlist *list)
{
    const char *dot = strrchr(name, '.');
    size_t stem = strlen(r->stem);
    if (!dot || !mu_str_has_prefix(name, r->stem) || name[stem] != '-' || dot <= name + stem + 1)
        return 0;
    for (size_t e = 0; e < sizeof endings / sizeof *endings; e++)
        if (strcmp(dot + 1, endings[e]) == 0) {
            char *profile = mu_strndup(name + stem + 1, (size_t)(dot - name) - stem - 1);
            int rc = !profile                                                     ? mu_fail_nomem(r->err)
                     : holds(list, profile) || mu_strlist_add(list, profile) == 0 ? 0
                                                                                  : mu_fail_nomem(r->err);
            free(profile);
            return rc;
        }
    return 0;
}

static int find_others(struct reader *r)
{
    mu_spring *s = r->spring;
    const char *classes = s->inside ? strstr(s->inside, "!/") + 2 : NULL;
    DIR *dir = s->inside ? NULL : opendir(*s->folder ? s->folder : ".");
    struct dirent *entry;
    mu_strlist found = {0};
    int rc = 0;

    while (dir && rc == 0 && (entry = readdir(dir)) != NULL)
        rc = add_profile_of(r, entry->d_name, &found);
    if (dir)
        closedir(dir);
    for (size_t i = 0; s->inside && rc == 0 && i < r->zip.count; i++)
        if (mu_str_has_prefix(r->zip.entries[i].name, classes))
            rc = add_profile_of(r, r->zip.entries[i].name + strlen(classes), &found);
    for (size_t i = 0; rc == 0 && i < found.count; i++)
        if (!holds(&s->profiles, found.items[i]) && !holds(&s->others, found.items[i]) &&
            mu_strlist_add(&s->others, found.items[i]) != 0)
            rc = mu_fail_nomem(r->err);
    mu_strlist_free(&found);
    return rc;
}

/* ---- everything ---- */

static int read_all(struct reader *r, const mu_strlist *profiles, const char *must)
{
    int rc = read_stage(r, NULL, must);
    if (rc == 0)
        rc = activate_documents(r);
    if (rc == 0)
        rc = choose_profiles(r, profiles);
    for (size_t i = 0; rc == 0 && i < r->spring->profiles.count; i++)
        rc = read_stage(r, r->spring->profiles.items[i], must);
    mu_strlist_free(&r->spring->others);
    if (rc == 0)
        rc = activate_documents(r);
    return rc == 0 ? find_others(r) : rc;
}

/* "conf/application-prod.yml": the folder, the stem that its siblings share, and the profile that is meant. */
static int read_files(struct reader *r, const char *path, const mu_strlist *profiles)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    mu_spring *s = r->spring;
    int rc = 0;
    if (!dot || (strcmp(dot, ".properties") != 0 && strcmp(dot, ".yml") != 0 && strcmp(dot, ".yaml") != 0)) {
        char shown[MU_SHOWN_SIZE];
        mu_fail_by(r->err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "\"%s\" is no .properties, .yml, .yaml or .jar",
                   mu_escape_to(shown, path));
        return mu_err_hint(r->err, "Name the file as Spring Boot does, so that its format is known.");
    }
    s->folder = mu_strndup(path, (size_t)(name - path));
    r->root = s->folder;
    bool specific = mu_str_has_prefix(name, "application-");
    r->stem = specific ? mu_strdup("application") : mu_strndup(name, (size_t)(dot - name));
    if (!s->folder || !r->stem)
        return mu_fail_nomem(r->err);
    if (specific) {
        char *profile = mu_strndup(name + 12, (size_t)(dot - name) - 12);
        rc = profile && mu_strlist_add(&s->profiles, profile) == 0 ? 0 : mu_fail_nomem(r->err);
        free(profile);
    }
    return rc == 0 ? read_all(r, profiles, name) : rc;
}

static int find_classes(struct reader *r, const char *path)
{
    static const char *const roots[] = {"BOOT-INF/classes/", "WEB-INF/classes/", ""};
    mu_spring *s = r->spring;
    char shown[MU_SHOWN_SIZE];
    for (size_t i = 0; !s->inside && i < sizeof roots / sizeof *roots; i++)
        for (size_t n = 0; !s->inside && n < r->zip.count; n++) {
            const char *name = r->zip.entries[n].name;
            size_t len = strlen(roots[i]);
            if (mu_str_has_prefix(name, roots[i]) &&
                (mu_str_has_prefix(name + len, "application") || mu_str_has_prefix(name + len, "config/application")))
                s->inside = mu_asprintf("%s!/%s", path, roots[i]);
        }
    if (s->inside)
        return 0;
    return mu_fail_by(r->err, MU_E_CONFIG_INVALID, MU_BY_CALLER, "\"%s\" holds no application.properties and no application.yml",
                      mu_escape_to(shown, path));
}

static int read_jar(struct reader *r, const char *path, const mu_strlist *profiles)
{
    const char *slash = strrchr(path, '/');
    mu_spring *s = r->spring;
    char *root = mu_asprintf("%s!/", path);
    int rc = -1;
    s->folder = mu_strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
    r->root = root;
    if (!s->folder || !root || !(r->stem = mu_strdup("application")))
        rc = mu_fail_nomem(r->err);
    else if (mu_file_read(path, JAR_MAX_BYTES, &r->jar, NULL, r->err) == 0 &&
             mu_zip_open(r->jar.data, r->jar.len, &r->zip, r->err) == 0 && find_classes(r, path) == 0)
        rc = read_all(r, profiles, NULL);
    free(root);
    return rc;
}

int mu_spring_read(const char *path, const mu_strlist *profiles, mu_spring *ret, mu_err **err)
{
    struct reader r = {.spring = ret, .err = err};
    const char *dot = strrchr(path, '.');
    bool jar = dot && (strcmp(dot, ".jar") == 0 || strcmp(dot, ".war") == 0);

    *ret = (mu_spring){0};
    mu_buf_init(&r.jar, JAR_MAX_BYTES);
    int rc = jar ? read_jar(&r, path, profiles) : read_files(&r, path, profiles);
    mu_zip_done(&r.zip);
    mu_buf_free(&r.jar);
    free(r.stem);
    return rc;
}

static void free_secret(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

void mu_spring_free(mu_spring *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->props[i].name);
        free(s->props[i].key);
        free_secret(s->props[i].value);
        free_secret(s->props[i].plain);
    }
    for (size_t i = 0; i < s->files.count; i++)
        mu_mistakes_done(&s->mistakes[i]);
    free(s->props);
    free(s->mistakes);
    free(s->folder);
    free(s->inside);
    mu_strlist_free(&s->files);
    mu_strlist_free(&s->profiles);
    mu_strlist_free(&s->others);
    *s = (mu_spring){0};
}
