/* Source: java.util.Properties.load. */
#include "keytool/kt.h"

#include <string.h>

static void add_point(mu_buf *out, unsigned point)
{
    if (point < 0x80) {
        mu_buf_add_byte(out, (uint8_t)point);
    } else if (point < 0x800) {
        mu_buf_add_byte(out, (uint8_t)(0xc0 | point >> 6));
        mu_buf_add_byte(out, (uint8_t)(0x80 | (point & 0x3f)));
    } else {
        mu_buf_add_byte(out, (uint8_t)(0xe0 | point >> 12));
        mu_buf_add_byte(out, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
        mu_buf_add_byte(out, (uint8_t)(0x80 | (point & 0x3f)));
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static bool is_end(char c)
{
    return c == '\n' || c == '\r' || c == '\0';
}

/* A backslash at the end of a line joins it to the next one without its blanks. @return true if p was moved over one */
static bool skip_join(const char **p)
{
    if (**p != '\\' || !is_end((*p)[1]) || !(*p)[1])
        return false;
    *p += (*p)[1] == '\r' && (*p)[2] == '\n' ? 3 : 2;
    while (is_blank(**p))
        ++*p;
    return true;
}

void mu_kt_properties_char(const char **p, mu_buf *out)
{
    static const char letters[] = "tnrf", meant[] = "\t\n\r\f";
    const char *at;
    unsigned point;

    if (**p != '\\') {
        add_point(out, (unsigned char)*(*p)++);
        return;
    }
    ++*p;
    if (**p == 'u' && sscanf(*p + 1, "%4x", &point) == 1 && strspn(*p + 1, "0123456789abcdefABCDEF") >= 4) {
        add_point(out, point);
        *p += 5;
    } else if (**p && (at = strchr(letters, **p))) {
        mu_buf_add_byte(out, (uint8_t)meant[at - letters]);
        ++*p;
    } else if (**p) {
        add_point(out, (unsigned char)*(*p)++);
    }
}

bool mu_kt_properties_next(const char **p, mu_buf *name, mu_buf *value)
{
    mu_buf_reset(name);
    mu_buf_reset(value);
    while (is_blank(**p) || (**p && is_end(**p)) || **p == '#' || **p == '!') {
        if (**p == '#' || **p == '!')
            *p += strcspn(*p, "\r\n");
        else
            ++*p;
    }
    if (!**p)
        return false;
    while (!is_end(**p) && !is_blank(**p) && **p != '=' && **p != ':')
        if (!skip_join(p))
            mu_kt_properties_char(p, name);
    while (is_blank(**p) || skip_join(p))
        *p += is_blank(**p);
    if (**p == '=' || **p == ':')
        ++*p;
    while (is_blank(**p) || skip_join(p))
        *p += is_blank(**p);
    while (!is_end(**p))
        if (!skip_join(p))
            mu_kt_properties_char(p, value);
    return true;
}
