#include "ca/services.h"

#include "base/file.h"
#include "base/text.h"
#include "config/yaml.h"

#include <mutual/keystore.h>
#include <stdlib.h>
#include <string.h>

/* What a setting's value is. The order is that of mu_ca_service.text. */
enum kind { TEXT, PATH, PASSWORD };
enum setting {
    ALIAS_NAME, SAN, PROFILE, DAYS, ISSUER, KEY_ALGORITHM, KEY_STORE, KEY_STORE_PASSWORD, KEY_STORE_TYPE, TRUST_STORE,
    TRUST_STORE_PASSWORD, TRUST_STORE_TYPE, TRUST_AUTHORITY, CERTIFICATE, PRIVATE_KEY, KEY_PASSWORD, TRUST_CERTIFICATE, SETTINGS
};

static const struct {
    const char *name;
    enum kind kind;
} settings[SETTINGS] = {
    [ALIAS_NAME] = {"name", TEXT},
    [SAN] = {"san", TEXT},
    [PROFILE] = {"profile", TEXT},
    [DAYS] = {"days", TEXT},
    [ISSUER] = {"issuer", TEXT},
    [KEY_ALGORITHM] = {"key-algorithm", TEXT},
    [KEY_STORE] = {"key-store", PATH},
    [KEY_STORE_PASSWORD] = {"key-store-password", PASSWORD},
    [KEY_STORE_TYPE] = {"key-store-type", TEXT},
    [TRUST_STORE] = {"trust-store", PATH},
    [TRUST_STORE_PASSWORD] = {"trust-store-password", PASSWORD},
    [TRUST_STORE_TYPE] = {"trust-store-type", TEXT},
    [TRUST_AUTHORITY] = {"trust-authority", TEXT},
    [CERTIFICATE] = {"certificate", PATH},
    [PRIVATE_KEY] = {"certificate-private-key", PATH},
    [KEY_PASSWORD] = {"key-password", PASSWORD},
    [TRUST_CERTIFICATE] = {"trust-certificate", PATH},
};

_Static_assert(SETTINGS == sizeof((mu_ca_service *)0)->text / sizeof(char *), "one text for each setting");

/* A path that is written, to find two services that write the same. */
struct target {
    char *path;
    const char *alias;
    size_t line, column;
};

struct reading {
    mu_mistakes problems;
    size_t folder_len; /* of problems.file, with its slash */
    mu_ca_services services;
    struct target *targets;
    size_t target_count;
    const mu_yaml *defaults;
    bool nomem;
};

#define problem_at(r, node, ...) mu_mistakes_add(&(r)->problems, (node)->line, (node)->column, __VA_ARGS__)

static int find_setting(const char *name)
{
    for (int i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return i;
    return -1;
}

static void unknown_key(struct reading *r, const mu_yaml *item, const char *const *known, size_t count, const char *where)
{
    char shown[MU_SHOWN_SIZE];
    const char *nearest = NULL;
    int best = 3;
    for (size_t i = 0; i < count; i++) {
        int distance = mu_str_distance(item->key, known[i]);
        if (distance < best) {
            best = distance;
            nearest = known[i];
        }
    }
    mu_mistakes_add(&r->problems, item->key_line, item->key_column, "%s has no setting \"%s\"%s%s%s", where,
                    mu_escape_to(shown, item->key), nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                    nearest ? "\"?" : "");
}

/* A map of settings, its shape only: what the values mean shows in each service. */
static void check_shape(struct reading *r, const mu_yaml *map, const char *where)
{
    const char *names[SETTINGS];
    for (int i = 0; i < SETTINGS; i++)
        names[i] = settings[i].name;
    if (map->kind != MU_YAML_MAP) {
        problem_at(r, map, "%s must be a map of settings, not %s", where, mu_yaml_describe(map));
        return;
    }
    for (size_t i = 0; i < map->count; i++) {
        const mu_yaml *item = map->items[i];
        int setting = find_setting(item->key);
        if (setting < 0)
            unknown_key(r, item, names, SETTINGS, where);
        else if (setting == SAN && item->kind == MU_YAML_LIST) {
            for (size_t k = 0; k < item->count; k++)
                if (item->items[k]->kind != MU_YAML_TEXT || mu_yaml_is_null(item->items[k]))
                    problem_at(r, item->items[k], "a name must be text, not %s", mu_yaml_describe(item->items[k]));
        } else if (item->kind != MU_YAML_TEXT || mu_yaml_is_null(item))
            problem_at(r, item, "%s must be %s, not %s", item->key, setting == SAN ? "text or a list" : "text",
                       mu_yaml_describe(item));
    }
}

/* ---- a value ---- */

static void add_expanded(mu_buf *out, const char *text, const char *alias)
{
    for (const char *at; (at = strstr(text, "{alias}")); text = at + strlen("{alias}")) {
        mu_buf_add(out, text, (size_t)(at - text));
        mu_buf_add_str(out, alias);
    }
    mu_buf_add_str(out, text);
}

/* "{alias}" replaced, a list joined, a relative path put behind the file's folder. */
static char *value_of(const struct reading *r, enum kind kind, const mu_yaml *node, const char *alias)
{
    mu_buf out;
    const char *text = node->kind == MU_YAML_TEXT ? node->text : "";
    mu_buf_init(&out, MU_YAML_MAX_BYTES);
    if (kind == PASSWORD && mu_str_has_prefix(text, "file:")) {
        mu_buf_add_str(&out, "file:");
        text += strlen("file:");
        kind = PATH;
    }
    if (kind == PATH && *text != '/')
        mu_buf_add(&out, r->problems.file, r->folder_len);
    for (size_t i = 0; i < node->count; i++) {
        mu_buf_add_str(&out, i ? "," : "");
        add_expanded(&out, node->items[i]->text ? node->items[i]->text : "", alias);
    }
    add_expanded(&out, text, alias);
    char *value = mu_buf_steal(&out);
    mu_buf_free(&out);
    return value;
}

/* "a//b/./c" and "a/x/../b/c" are the same file. Symbolic links are not followed: the files need not exist yet. */
static char *normalized(const char *path)
{
    char *out = mu_asprintf("%s", *path == '/' ? "/" : ""), *copy = mu_strdup(path), *rest = copy, *part;
    while (out && rest && (part = strsep(&rest, "/"))) {
        char *slash = strrchr(out, '/'), *last = slash ? slash + 1 : out, *longer;
        if (!*part || strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0 && *last && strcmp(last, "..") != 0) {
            *(slash && slash != out ? slash : last) = '\0';
            continue;
        }
        longer = mu_asprintf("%s%s%s", out, *out && strcmp(out, "/") != 0 ? "/" : "", part);
        free(out);
        out = longer;
    }
    free(copy);
    return out;
}

static void note_target(struct reading *r, const mu_yaml *node, const mu_ca_service *s, const char *path)
{
    struct target target = {normalized(path), s->alias, node->line, node->column};
    if ((r->target_count & (r->target_count - 1)) == 0) {
        struct target *grown = realloc(r->targets, (r->target_count ? 2 * r->target_count : 1) * sizeof *grown);
        if (grown)
            r->targets = grown;
        r->nomem = r->nomem || !grown;
    }
    r->nomem = r->nomem || !target.path;
    if (r->nomem)
        free(target.path);
    else
        r->targets[r->target_count++] = target;
}

static void check_password(struct reading *r, const mu_yaml *node)
{
    if (!mu_str_has_prefix(node->text, "env:") && !mu_str_has_prefix(node->text, "file:"))
        problem_at(r, node, "%s must be env:NAME or file:PATH: a password does not stand in this file", node->key);
}

/* What the text of a setting means, into the service. An error is a problem at node. */
static void understand(struct reading *r, mu_ca_service *s, int setting, const char *text, const mu_yaml *node)
{
    mu_err *err = NULL;
    mu_store_type type;
    long days;
    int rc = 0;

    if (setting == SAN)
        rc = mu_san_parse(text, &s->names, &err);
    else if (setting == PROFILE &&
             ((rc = mu_profile_parse(text, &s->wanted.profile, &err)) != 0 || s->wanted.profile < MU_PROFILE_SERVER)) {
        mu_err_free(err);
        err = NULL;
        rc = mu_fail(&err, MU_E_USAGE, "profile must be server, client or peer");
    } else if (setting == KEY_ALGORITHM)
        rc = mu_key_spec_parse(text, &s->wanted.key, &err);
    else if (setting == KEY_STORE_TYPE || setting == TRUST_STORE_TYPE)
        rc = mu_store_type_parse(text, &type, &err);
    else if (setting == DAYS && (!node->plain || !mu_str_to_long(text, 1, 36500, &days)))
        rc = mu_fail(&err, MU_E_USAGE, "days must be a number from 1 to 36500");
    else if (setting == DAYS)
        s->days = (int)days;
    else if (settings[setting].kind == PASSWORD)
        check_password(r, node);
    else if (settings[setting].kind == PATH)
        note_target(r, node, s, text);
    if (rc != 0)
        mu_mistakes_add_err(&r->problems, node->line, node->column, err);
}

/* ---- a service ---- */

static bool needs_password(const mu_ca_service *s, int store, int type, int password)
{
    return s->text[store] && !s->text[password] && !(s->text[type] && mu_str_eq_nocase(s->text[type], "PEM"));
}

static void check_service(struct reading *r, mu_ca_service *s, const mu_yaml *node)
{
    mu_err *err = NULL;
    const char *lacks = needs_password(s, KEY_STORE, KEY_STORE_TYPE, KEY_STORE_PASSWORD)         ? "key-store-password"
                        : needs_password(s, TRUST_STORE, TRUST_STORE_TYPE, TRUST_STORE_PASSWORD) ? "trust-store-password"
                                                                                                 : NULL;
    if (mu_ca_outputs_check(&s->outputs, &err) != 0)
        mu_mistakes_add_err(&r->problems, node->key_line, node->key_column, err);
    else if (lacks)
        mu_mistakes_add(&r->problems, node->key_line, node->key_column,
                        "%s is missing (here or in defaults): env:NAME or file:PATH", lacks);
    if (!s->text[SAN] && s->wanted.profile != MU_PROFILE_CLIENT)
        mu_mistakes_add(&r->problems, node->key_line, node->key_column, "a %s needs names: san",
                        mu_profile_name(s->wanted.profile));
    err = NULL;
    if (mu_ca_subject(s->text[ALIAS_NAME], s->names, s->alias, &s->subject, &err) != 0)
        mu_mistakes_add_err(&r->problems, node->key_line, node->key_column, err);
}

/* The texts into the structures that the rest of the CA knows. */
static void connect(mu_ca_service *s)
{
    char *const *t = s->text;
    s->wanted.alias = s->alias;
    s->wanted.issuer = t[ISSUER];
    s->outputs = (mu_ca_outputs_spec){
        .alias = s->alias, .trust_authority = t[TRUST_AUTHORITY], .key_store = t[KEY_STORE],
        .key_store_password = t[KEY_STORE_PASSWORD], .key_store_type = t[KEY_STORE_TYPE],
        .certificate = t[CERTIFICATE], .certificate_private_key = t[PRIVATE_KEY],
        .key_password = t[KEY_PASSWORD], .trust_store = t[TRUST_STORE], .trust_store_password = t[TRUST_STORE_PASSWORD],
        .trust_store_type = t[TRUST_STORE_TYPE], .trust_certificate = t[TRUST_CERTIFICATE],
    };
}

static bool is_alias(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    return len > 0 && len <= 64 && !text[len] && *text != '.';
}

static void read_service(struct reading *r, const mu_yaml *node, mu_ca_service *s)
{
    size_t before = r->problems.count + r->problems.dropped;
    s->line = node->key_line;
    s->days = MU_CA_DEFAULT_DAYS;
    s->wanted.profile = MU_PROFILE_SERVER;
    s->wanted.key = (mu_key_spec){MU_KEY_RSA, 2048};
    if (!is_alias(node->key))
        mu_mistakes_add(&r->problems, node->key_line, node->key_column, 
                        "an alias has 1 to 64 letters, digits, \".\", \"-\" and \"_\"");
    check_shape(r, node, "a service");
    if (r->problems.count + r->problems.dropped > before || r->nomem)
        return;
    r->nomem = !(s->alias = mu_strdup(node->key));
    for (int i = 0; i < SETTINGS && !r->nomem; i++) {
        const mu_yaml *own = mu_yaml_get(node, settings[i].name), *value = own ? own : mu_yaml_get(r->defaults, settings[i].name);
        if (!value || (value->kind == MU_YAML_TEXT && mu_yaml_is_null(value)))
            continue;
        if ((s->text[i] = value_of(r, settings[i].kind, value, s->alias)))
            understand(r, s, i, s->text[i], value);
        r->nomem = r->nomem || !s->text[i];
    }
    connect(s);
    if (r->problems.count + r->problems.dropped == before && !r->nomem)
        check_service(r, s, node);
    s->wanted.subject = s->subject;
    s->wanted.names = s->names;
}

static int by_path(const void *a, const void *b)
{
    const struct target *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : x->line != y->line ? (x->line > y->line) - (x->line < y->line) : strcmp(x->alias, y->alias);
}

static void check_targets(struct reading *r)
{
    char shown[MU_SHOWN_SIZE];
    if (r->target_count)
        qsort(r->targets, r->target_count, sizeof *r->targets, by_path);
    for (size_t i = 1; i < r->target_count; i++) {
        const struct target *first = &r->targets[i - 1], *second = &r->targets[i];
        if (strcmp(first->path, second->path) == 0)
            mu_mistakes_add(&r->problems, second->line, second->column,
                            "\"%s\" is written by \"%s\" too: \"{alias}\" in a path keeps them apart",
                            mu_escape_to(shown, second->path), strcmp(first->alias, second->alias) ? first->alias : "this service");
    }
}

static void read_root(struct reading *r, const mu_yaml *root)
{
    static const char *const sections[] = {"defaults", "services"};
    const mu_yaml *services = mu_yaml_get(root, "services");
    if (root->kind != MU_YAML_MAP) {
        problem_at(r, root, "the file must be a map with the section \"services\", not %s", mu_yaml_describe(root));
        return;
    }
    for (size_t i = 0; i < root->count; i++)
        if (strcmp(root->items[i]->key, sections[0]) != 0 && strcmp(root->items[i]->key, sections[1]) != 0)
            unknown_key(r, root->items[i], sections, 2, "the file");
    size_t before = r->problems.count;
    r->defaults = mu_yaml_get(root, "defaults");
    if (r->defaults)
        check_shape(r, r->defaults, "defaults");
    if (r->problems.count > before)
        r->defaults = NULL; /* told once, not again in each service */
    if (!services || services->kind != MU_YAML_MAP || services->count == 0) {
        problem_at(r, services ? services : root, "the section \"services\" must be a map of services by alias");
        return;
    }
    r->services.items = calloc(services->count, sizeof *r->services.items);
    r->nomem = !r->services.items;
    for (size_t i = 0; i < services->count && !r->nomem; i++)
        read_service(r, services->items[i], &r->services.items[r->services.count++]);
    check_targets(r);
}

int mu_ca_services_parse(const char *path, const uint8_t *data, size_t len, mu_ca_services *ret_services, mu_err **err)
{
    const char *slash = strrchr(path, '/');
    struct reading r = {.problems = {.file = path}, .folder_len = slash ? (size_t)(slash - path) + 1 : 0};
    mu_yaml *root = NULL;
    int rc = mu_yaml_parse(data, len, &r.problems, &root, err);

    if (rc == 0 && root)
        read_root(&r, root);
    if (rc == 0)
        rc = r.nomem ? mu_fail_nomem(err) : mu_mistakes_fail(&r.problems, err);
    if (rc == 0)
        *ret_services = r.services;
    else
        mu_ca_services_done(&r.services);
    for (size_t i = 0; i < r.target_count; i++)
        free(r.targets[i].path);
    free(r.targets);
    mu_mistakes_done(&r.problems);
    mu_yaml_free(root);
    return rc;
}

int mu_ca_services_load(const char *path, mu_ca_services *ret_services, mu_err **err)
{
    mu_buf data;
    mu_buf_init(&data, MU_YAML_MAX_BYTES + 1);
    int rc = mu_file_read(path, MU_YAML_MAX_BYTES, &data, NULL, err);
    if (rc == 0)
        rc = mu_ca_services_parse(path, data.data ? data.data : (const uint8_t *)"", data.len, ret_services, err);
    mu_buf_free(&data);
    return rc;
}

void mu_ca_services_done(mu_ca_services *services)
{
    for (size_t i = 0; i < services->count; i++) {
        mu_ca_service *s = &services->items[i];
        for (int k = 0; k < SETTINGS; k++)
            free(s->text[k]);
        X509_NAME_free(s->subject);
        GENERAL_NAMES_free(s->names);
        free(s->alias);
    }
    free(services->items);
    *services = (mu_ca_services){0};
}
