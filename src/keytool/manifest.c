#include "keytool/manifest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_VALUE 65536

/* @return behind the line's end, which is CR LF, LF or CR */
static size_t line_end(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] != '\n' && text[at] != '\r')
        at++;
    if (at < len)
        at += text[at] == '\r' && at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
    return at;
}

static bool is_empty_line(const char *text, size_t len, size_t at)
{
    return at < len && (text[at] == '\n' || text[at] == '\r');
}

bool mu_kt_section_next(const char *text, size_t len, size_t *at, mu_kt_section *ret)
{
    size_t begin = *at, p = begin;

    while (p < len && !is_empty_line(text, len, p))
        p = line_end(text, len, p);
    while (is_empty_line(text, len, p))
        p = line_end(text, len, p);
    *at = p;
    *ret = (mu_kt_section){text + begin, p - begin};
    return p > begin;
}

char *mu_kt_section_value(const mu_kt_section *section, const char *name)
{
    size_t name_len = strlen(name), next;
    mu_buf value;
    bool found = false;

    mu_buf_init(&value, MAX_VALUE);
    for (size_t at = 0; at < section->len; at = next) {
        const char *line = section->text + at;
        next = line_end(section->text, section->len, at);
        size_t len = strcspn(line, "\r\n");
        bool more = *line == ' ';
        if (found && !more)
            break;
        if (found)
            mu_buf_add(&value, line + 1, len - 1);
        else if (!more && len > name_len + 1 && strncasecmp(line, name, name_len) == 0 && line[name_len] == ':' &&
                 line[name_len + 1] == ' ' && (found = true))
            mu_buf_add(&value, line + name_len + 2, len - name_len - 2);
    }
    char *text = found ? mu_buf_steal(&value) : NULL;
    mu_buf_free(&value);
    return text;
}

int mu_kt_section_digest(const mu_kt_section *section, const char *suffix, const void *data, size_t len, const char **ret_digest)
{
    static const char *const digests[] = {"SHA-512", "SHA-384", "SHA-256", "SHA1", "SHA-1", "MD5"};

    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        char *name = mu_asprintf("%s%s", digests[i], suffix), *given = name ? mu_kt_section_value(section, name) : NULL;
        unsigned char md[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
        size_t md_len = 0;
        bool fits = given && EVP_Q_digest(NULL, digests[i], NULL, data, len, md, &md_len) == 1 &&
                    EVP_EncodeBlock(text, md, (int)md_len) > 0 && strcmp((const char *)text, given) == 0;
        bool none = !given;
        free(given);
        free(name);
        if (none)
            continue;
        *ret_digest = digests[i];
        return fits ? 1 : 0;
    }
    return -1;
}
