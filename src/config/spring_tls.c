/* How Spring Boot's server speaks TLS by its configuration: which keys count, and where files are. */
#include "config/spring.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct key {
    const char *server, *jks, *pem;
} keys[MU_SPRING_KEYS] = {
#define MU_SPRING_KEY(id, server, jks, pem) [MU_SPRING_##id] = {server, jks, pem},
#include "config/spring_keys.def"
#undef MU_SPRING_KEY
};

const char *mu_spring_key_name(mu_spring_key key)
{
    return keys[key].server;
}

static bool has_text(const mu_spring_value *value)
{
    return value->text && *value->text;
}

/* ---- places ---- */

static bool is_file(const char *path)
{
    const char *bang = strstr(path, "!/");
    mu_buf data;
    bool found = access(path, F_OK) == 0;
    mu_buf_init_secret(&data, 64u << 20);
    if (!found && bang) /* in a JAR: it has to be looked for there */
        found = mu_file_read(path, 64u << 20, &data, NULL, NULL) == 0;
    mu_buf_free(&data);
    return found;
}

/* Takes the path. @return is there a file? Then it is the place */
static bool settle(mu_spring_place *place, char *path)
{
    bool found = !place->found && path && is_file(path);
    if (found || (!place->path && path)) {
        free(place->path);
        place->path = path;
        place->found = found;
    } else {
        free(path);
    }
    return place->found;
}

/* "…/src/main/resources/" or "…/config/" stand below the folder that the application is started from. */
static char *project_of(const char *folder)
{
    static const char *const below[] = {"src/main/resources/config/", "src/main/resources/", "config/"};
    size_t len = strlen(folder);
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        size_t end = strlen(below[i]);
        if (len >= end && strcmp(folder + len - end, below[i]) == 0 && (len == end || folder[len - end - 1] == '/'))
            return mu_strndup(folder, len - end);
    }
    return NULL;
}

static bool is_resources(const char *folder)
{
    return strstr(folder, "src/main/resources/") || strstr(folder, "target/classes/");
}

static void find_file(const mu_spring *spring, const char *name, mu_spring_place *place)
{
    char *project = project_of(spring->folder);
    settle(place, mu_strdup(name));
    if (*name != '/' && project)
        settle(place, mu_asprintf("%s%s", project, name));
    if (*name != '/' && *spring->folder && !is_resources(spring->folder))
        settle(place, mu_asprintf("%s%s", spring->folder, name));
    free(project);
}

static void find_resource(const mu_spring *spring, const char *name, mu_spring_place *place)
{
    char *project = project_of(spring->folder);
    name += strspn(name, "/");
    if (spring->inside)
        settle(place, mu_asprintf("%s%s", spring->inside, name));
    else if (is_resources(spring->folder))
        settle(place, mu_asprintf("%ssrc/main/resources/%s", project ? project : "", name));
    if (!spring->inside) {
        settle(place, mu_asprintf("%s%s", spring->folder, name));
        settle(place, mu_asprintf("%ssrc/main/resources/%s", project ? project : spring->folder, name));
        settle(place, mu_asprintf("src/main/resources/%s", name));
    }
    free(project);
}

/* A namesake of a missing file, where Spring Boot would have looked had the location been written otherwise. */
static void look_elsewhere(const mu_spring *spring, const char *name, mu_spring_place *place)
{
    const char *slash = strrchr(name, '/');
    mu_spring_place other = {0};
    const char *const tries[] = {name + strspn(name, "/"), slash ? slash + 1 : name};
    for (size_t i = 0; i < 2 && !other.found; i++) {
        find_resource(spring, tries[i], &other);
        find_file(spring, tries[i], &other);
    }
    if (other.found)
        place->elsewhere = other.path;
    else
        free(other.path);
}

/* PEM in the configuration itself: as a file that nobody else can open and that is gone with this process. */
static int inline_pem(const char *text, mu_spring_place *place, mu_err **err)
{
    FILE *file = tmpfile();
    int fd = file ? dup(fileno(file)) : -1;
    bool written = file && fputs(text, file) >= 0 && fflush(file) == 0;
    if (file)
        fclose(file);
    if (!written || fd < 0 || lseek(fd, 0, SEEK_SET) != 0 || !(place->path = mu_asprintf("/dev/fd/%d", fd))) {
        if (fd >= 0)
            close(fd);
        return mu_fail_nomem(err);
    }
    place->inlined_fd = fd;
    place->found = true;
    return 0;
}

/* "file:x", "file:/x", "file:///x"; "classpath:x"; a plain path; with a scheme that we do not follow unreadable. */
static int find_place(const mu_spring *spring, const char *location, mu_spring_place *place, mu_err **err)
{
    const char *name = location, *colon = strchr(location, ':');
    if (strstr(location, "-----BEGIN "))
        return inline_pem(location, place, err);
    if (mu_str_has_prefix(location, "classpath:")) {
        name = location + 10;
        find_resource(spring, name, place);
    } else if (mu_str_has_prefix(location, "file:")) {
        name = location + (mu_str_has_prefix(location, "file:///") ? 7 : 5);
        find_file(spring, name, place); /* what follows "file://" is a host, so nothing is found */
        name += mu_str_has_prefix(name, "//") ? 2 : 0;
    } else if (colon && colon > location + 1 && !strchr("/.", *location) &&
               strspn(location, "abcdefghijklmnopqrstuvwxyz*") == (size_t)(colon - location)) {
        place->unreadable = true;
    } else {
        find_file(spring, name, place);
    }
    if (!place->found && !place->unreadable)
        look_elsewhere(spring, name, place);
    return place->path || place->unreadable ? 0 : mu_fail_nomem(err);
}

/* ---- keys ---- */

static int get(const mu_spring *spring, const char *prefix, const char *key, mu_spring_value *ret, mu_err **err)
{
    char *name = mu_asprintf("%s.%s", prefix, key);
    int rc = name ? mu_spring_get(spring, name, ret, err) : mu_fail_nomem(err);
    free(name);
    return rc;
}

/* The name of a bundle counts as it is written. */
static bool has_bundle(const mu_spring *spring, const char *kind, const char *bundle)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "spring.ssl.bundle.%s.", kind);
    for (size_t i = 0; i < spring->count; i++) {
        const char *rest = spring->props[i].name;
        if (!spring->props[i].active || !mu_str_has_prefix(spring->props[i].key, prefix))
            continue;
        for (int dots = 0; dots < 4 && rest; dots++)
            rest = strchr(rest, '.') ? strchr(rest, '.') + 1 : NULL;
        if (rest && mu_str_has_prefix(rest, bundle) && rest[strlen(bundle)] == '.')
            return true;
    }
    return false;
}

static int read_bundle(const mu_spring *spring, mu_spring_tls *tls, mu_err **err)
{
    const char *bundle = tls->server[MU_SPRING_BUNDLE].text;
    tls->bundle_jks = has_bundle(spring, "jks", bundle);
    tls->bundle_pem = has_bundle(spring, "pem", bundle);
    char *prefix = mu_asprintf("spring.ssl.bundle.%s.%s", tls->bundle_pem ? "pem" : "jks", bundle);
    int rc = prefix ? 0 : mu_fail_nomem(err);
    for (size_t k = 0; rc == 0 && k < MU_SPRING_KEYS; k++) {
        const char *key = tls->bundle_pem ? keys[k].pem : keys[k].jks;
        rc = key ? get(spring, prefix, key, &tls->bundle[k], err) : 0;
    }
    free(prefix);
    return rc;
}

/* With a bundle only these of server.ssl still count (WebServerSslBundle): the password of the key and how clients are asked. */
static bool counts_beside_bundle(mu_spring_key key)
{
    return key == MU_SPRING_ENABLED || key == MU_SPRING_BUNDLE || key == MU_SPRING_CLIENT_AUTH || key == MU_SPRING_KEY_PASSWORD;
}

static void choose(mu_spring_tls *tls)
{
    bool bundle = has_text(&tls->server[MU_SPRING_BUNDLE]);
    for (size_t k = 0; k < MU_SPRING_KEYS; k++) {
        bool own = !bundle || (counts_beside_bundle(k) && tls->server[k].text);
        tls->used[k] = own ? &tls->server[k] : &tls->bundle[k];
        tls->configured = tls->configured || tls->server[k].text;
    }
    const char *enabled = tls->server[MU_SPRING_ENABLED].text;
    tls->enabled = tls->configured && !(enabled && (mu_str_eq_nocase(enabled, "false") || mu_str_eq_nocase(enabled, "off") ||
                                                    mu_str_eq_nocase(enabled, "no") || strcmp(enabled, "0") == 0));
    tls->pem_key = has_text(tls->used[MU_SPRING_CERTIFICATE]) && has_text(tls->used[MU_SPRING_CERTIFICATE_PRIVATE_KEY]);
    tls->pem_trust = has_text(tls->used[MU_SPRING_TRUST_CERTIFICATE]);
}

int mu_spring_tls_read(const mu_spring *spring, mu_spring_tls *ret, mu_err **err)
{
    static const mu_spring_key locations[] = {MU_SPRING_KEY_STORE, MU_SPRING_TRUST_STORE, MU_SPRING_CERTIFICATE,
                                              MU_SPRING_CERTIFICATE_PRIVATE_KEY, MU_SPRING_TRUST_CERTIFICATE};
    *ret = (mu_spring_tls){0};
    int rc = mu_spring_get(spring, "server.port", &ret->port, err);
    if (rc == 0)
        rc = mu_spring_get(spring, "server.address", &ret->address, err);
    for (size_t k = 0; rc == 0 && k < MU_SPRING_KEYS; k++)
        rc = get(spring, "server.ssl", keys[k].server, &ret->server[k], err);
    if (rc == 0 && has_text(&ret->server[MU_SPRING_BUNDLE]))
        rc = read_bundle(spring, ret, err);
    choose(ret);
    for (size_t i = 0; rc == 0 && i < sizeof locations / sizeof *locations; i++)
        if (has_text(ret->used[locations[i]]))
            rc = find_place(spring, ret->used[locations[i]]->text, &ret->places[locations[i]], err);
    return rc;
}

void mu_spring_tls_free(mu_spring_tls *tls)
{
    mu_spring_value_free(&tls->port);
    mu_spring_value_free(&tls->address);
    for (size_t k = 0; k < MU_SPRING_KEYS; k++) {
        mu_spring_value_free(&tls->server[k]);
        mu_spring_value_free(&tls->bundle[k]);
        free(tls->places[k].path);
        free(tls->places[k].elsewhere);
        if (tls->places[k].inlined_fd > 0)
            close(tls->places[k].inlined_fd);
    }
    *tls = (mu_spring_tls){0};
}

bool mu_spring_no_password(const mu_spring_tls *tls)
{
    return !tls->pem_key && has_text(tls->used[MU_SPRING_KEY_STORE]) && !tls->used[MU_SPRING_KEY_STORE_PASSWORD]->text &&
           !tls->used[MU_SPRING_KEY_PASSWORD]->text;
}

/* ---- settings ---- */

static char *copy(const char *text, const char *prefix, bool *failed)
{
    char *made = text ? mu_asprintf("%s%s", prefix, text) : NULL;
    *failed = *failed || (text && !made);
    return made;
}

int mu_spring_settings(const mu_spring_tls *tls, mu_store_settings *ret, mu_err **err)
{
    const mu_spring_value *const *used = tls->used;
    const mu_spring_place *places = tls->places;
    bool failed = false;
    *ret = (mu_store_settings){.no_questions = true};
    if (tls->pem_key) {
        ret->certificate = copy(places[MU_SPRING_CERTIFICATE].path, "", &failed);
        ret->certificate_private_key = copy(places[MU_SPRING_CERTIFICATE_PRIVATE_KEY].path, "", &failed);
    } else if (places[MU_SPRING_KEY_STORE].path) {
        ret->key_store = copy(places[MU_SPRING_KEY_STORE].path, "", &failed);
        ret->key_store_password = copy(used[MU_SPRING_KEY_STORE_PASSWORD]->text, "pass:", &failed);
        ret->key_store_type =
            has_text(used[MU_SPRING_KEY_STORE_TYPE]) ? copy(used[MU_SPRING_KEY_STORE_TYPE]->text, "", &failed) : NULL;
        ret->key_alias = has_text(used[MU_SPRING_KEY_ALIAS]) ? copy(used[MU_SPRING_KEY_ALIAS]->text, "", &failed) : NULL;
    }
    /* server.ssl has no password for a PEM key, only a bundle has (WebServerSslBundle). */
    if (!tls->pem_key || tls->bundle_pem)
        ret->key_password =
            !has_text(used[MU_SPRING_KEY_PASSWORD]) ? NULL : copy(used[MU_SPRING_KEY_PASSWORD]->text, "pass:", &failed);
    if (tls->pem_trust) {
        ret->trust_certificate = copy(places[MU_SPRING_TRUST_CERTIFICATE].path, "", &failed);
    } else if (places[MU_SPRING_TRUST_STORE].path) {
        ret->trust_store = copy(places[MU_SPRING_TRUST_STORE].path, "", &failed);
        ret->trust_store_password = copy(used[MU_SPRING_TRUST_STORE_PASSWORD]->text, "pass:", &failed);
        ret->trust_store_type =
            has_text(used[MU_SPRING_TRUST_STORE_TYPE]) ? copy(used[MU_SPRING_TRUST_STORE_TYPE]->text, "", &failed) : NULL;
    }
    if (failed) {
        mu_store_settings_free(ret);
        return mu_fail_nomem(err);
    }
    return 0;
}

/* ---- names ---- */

/* Read for TLS, or near it, beside those of the table. A "*" is one element, the bundle's name. */
static const char *const others[] = {
    "server.port", "server.address", "server.ssl.server-name-bundles", "spring.ssl.bundle.watch.file.quiet-period",
    "spring.ssl.bundle.jks.*.reload-on-update", "spring.ssl.bundle.pem.*.reload-on-update", "spring.ssl.bundle.pem.*.key.password",
    "spring.ssl.bundle.pem.*.keystore.verify-keys", "spring.ssl.bundle.pem.*.truststore.verify-keys",
    "spring.ssl.bundle.pem.*.truststore.private-key-password",
};

/* The n-th known name; NULL past the end. */
static const char *known_name(size_t n, char room[MU_SHOWN_SIZE])
{
    static const char *const prefixes[] = {"server.ssl", "spring.ssl.bundle.jks.*", "spring.ssl.bundle.pem.*"};
    if (n >= 3 * MU_SPRING_KEYS)
        return n - 3 * MU_SPRING_KEYS < sizeof others / sizeof *others ? others[n - 3 * MU_SPRING_KEYS] : NULL;
    const struct key *key = &keys[n % MU_SPRING_KEYS];
    const char *const tails[] = {key->server, key->jks, key->pem};
    size_t kind = n / MU_SPRING_KEYS;
    if (tails[kind])
        snprintf(room, MU_SHOWN_SIZE, "%s.%s", prefixes[kind], tails[kind]);
    else
        *room = '\0'; /* no such name */
    return room;
}

/* The element that "*" stands for, so that names can be compared letter by letter. */
static char *fill(const char *pattern, const char *key)
{
    const char *star = strchr(pattern, '*'), *element = key;
    for (int dots = 0; star && dots < 4 && element; dots++)
        element = strchr(element, '.') ? strchr(element, '.') + 1 : NULL;
    if (!star || !element)
        return mu_strdup(pattern);
    return mu_asprintf("%.*s%.*s%s", (int)(star - pattern), pattern, (int)strcspn(element, "."), element, star + 1);
}

static int distance_to(const char *pattern, const char *key, char room[MU_SHOWN_SIZE])
{
    char *name = fill(pattern, key), *relaxed = name ? mu_spring_relaxed(name) : NULL;
    size_t len = strcspn(key, "[");
    char *plain = mu_strndup(key, len);
    int distance = relaxed && plain ? mu_str_distance(relaxed, plain) : 4;
    if (name)
        snprintf(room, MU_SHOWN_SIZE, "%s", name);
    free(plain);
    free(relaxed);
    free(name);
    return distance;
}

/* Keys of TLS without the first element, or without the second: "ssl.key-store", "server.key-store". */
static bool lost_element(const char *key, const char *canonical)
{
    char *relaxed = mu_spring_relaxed(canonical);
    bool lost = relaxed && mu_str_has_prefix(canonical, "server.ssl.") &&
                (strcmp(key, relaxed + 7) == 0 ||
                 (mu_str_has_prefix(key, "server.") && strcmp(key + 7, relaxed + 11) == 0 && strlen(key) > 12));
    free(relaxed);
    return lost;
}

mu_spring_known mu_spring_key_known(const char *key, char room[MU_SHOWN_SIZE], const char **ret_nearest)
{
    char known[MU_SHOWN_SIZE], filled[MU_SHOWN_SIZE];
    bool ours = mu_str_has_prefix(key, "server.ssl.") || mu_str_has_prefix(key, "spring.ssl.bundle.");
    int best = ours ? 4 : 3;
    const char *name;

    *ret_nearest = NULL;
    if (mu_str_has_prefix(key, "server.ssl.servernamebundles"))
        return MU_SPRING_KNOWN;
    for (size_t n = 0; (name = known_name(n, known)) != NULL; n++) {
        int distance = *name ? distance_to(name, key, filled) : 4;
        if (distance == 0)
            return MU_SPRING_KNOWN;
        if (*name && !ours && lost_element(key, name))
            distance = 1;
        if (distance < best) {
            best = distance;
            *ret_nearest = memcpy(room, filled, MU_SHOWN_SIZE);
        }
    }
    /* Outside of the TLS keys a near name may be somebody else's: only names that speak of TLS. */
    if (*ret_nearest && !ours && !strstr(*ret_nearest, ".ssl."))
        *ret_nearest = NULL;
    return *ret_nearest ? MU_SPRING_MISSPELT : ours ? MU_SPRING_UNKNOWN : MU_SPRING_FOREIGN;
}
