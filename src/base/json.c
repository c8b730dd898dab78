#include "base/json.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

json_t *mu_json_text(const char *text)
{
    size_t len;
    mu_buf out;
    json_t *value;

    if (!text)
        return json_null();
    mu_buf_init(&out, SIZE_MAX);
    for (len = strlen(text); len > 0;) {
        uint32_t point;
        size_t used = mu_utf8_decode((const uint8_t *)text, len, &point);
        if (used)
            mu_buf_add(&out, text, used);
        else
            mu_buf_addf(&out, "\\x%02X", (unsigned char)*text);
        used = used ? used : 1;
        text += used;
        len -= used;
    }
    value = json_string(mu_buf_text(&out));
    mu_buf_free(&out);
    return value;
}

static const char *by_name(mu_by by)
{
    static const char *const names[] = {"us", "peer", "os", "caller"};
    return names[by];
}

static json_t *one_error(const mu_err *err)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:i}", "code", mu_code_name(err->code), "message", mu_json_text(err->msg),
                     "detail", mu_json_text(err->detail), "fix", mu_json_text(err->hint ? err->hint : mu_code_fix(err->code)), "by",
                     by_name(err->by), "file", err->file, "line", err->line);
}

json_t *mu_json_error(const mu_err *err)
{
    json_t *error = one_error(err), *causes = json_array();
    for (err = err->cause; err; err = err->cause)
        json_array_append_new(causes, one_error(err));
    json_object_set_new(error, "causes", causes);
    return error;
}

/* JSON_ENSURE_ASCII leaves DEL, which a terminal must not see either; it can only stand inside a string. */
static void print_text(FILE *stream, const char *text)
{
    for (; *text; text++)
        if (*text == 0x7f)
            fputs("\\u007f", stream);
        else
            putc(*text, stream);
}

int mu_json_print(FILE *stream, json_t *value, mu_err **err)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    json_decref(value);
    if (!text)
        return mu_fail_nomem(err);
    print_text(stream, text);
    putc('\n', stream);
    free(text);
    if (fflush(stream) != 0 || ferror(stream))
        return mu_fail_errno(err, MU_E_WRITE_FAILED, errno, "cannot write the output");
    return 0;
}
