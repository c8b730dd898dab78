#include "keytool/kt.h"

#include <stdlib.h>
#include <string.h>

/* mu_escape would also escape quotes and backslashes, which the JDK's forms are made of. */
void mu_kt_show_bytes(FILE *out, const void *data, size_t len)
{
    const char *p = data, *end = p + len;
    while (p < end) {
        const char *stop = p;
        while (stop < end && (*stop == '\0' || !strchr("\"'`\\", *stop)))
            stop++;
        if (stop == p) {
            fputc(*p++, out);
            continue;
        }
        char *safe = mu_escape_dup(p, (size_t)(stop - p));
        fputs(safe ? safe : "?", out);
        free(safe);
        p = stop;
    }
}

void mu_kt_show(FILE *out, const char *text)
{
    mu_kt_show_bytes(out, text, strlen(text));
}

void mu_kt_show_hex(FILE *out, const uint8_t *data, size_t len, const char *separator)
{
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%s%02X", i ? separator : "", data[i]);
}
