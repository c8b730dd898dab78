/*
 * HTTP/1 messages as a server and as a client read them. Whether the bytes come at once or one by one, the story is the same.
 * Covers: src/http/parse.c src/http/guard.c src/http/policy.c
 */
#include "base/fuzzing.h"
#include "http/http.h"

#include <string.h>

static void on_body(void *story, const void *data, size_t len)
{
    mu_buf_add(story, data, len);
}

static void tell_head(mu_buf *story, mu_http_kind kind, const mu_http_parser *parser)
{
    if (kind == MU_HTTP_REQUEST)
        mu_buf_addf(story, "[%s %s", mu_http_method(parser), mu_http_target(parser));
    else
        mu_buf_addf(story, "[%d %s", mu_http_status(parser), mu_http_reason(parser));
    mu_buf_addf(story, " 1.%d %d%d", mu_http_minor_version(parser), mu_http_keep_alive(parser), mu_http_expects_continue(parser));
    for (size_t i = 0; i < mu_http_field_count(parser); i++)
        mu_buf_addf(story, "|%s:%s", mu_http_field_name(parser, i), mu_http_field_value(parser, i));
    mu_buf_add_str(story, "]");
}

/* Which of several faults is named depends on how many bytes were there, so it is not told. */
static void tell(mu_buf *story, mu_http_kind kind, const mu_http_parser *parser, mu_http_event event)
{
    int status = 0;
    if (event == MU_HTTP_HEAD)
        tell_head(story, kind, parser);
    else if (event == MU_HTTP_DONE)
        mu_buf_add_str(story, "[done]");
    else if (event == MU_HTTP_BAD)
        mu_buf_add_str(story, "[bad]");
    FUZZ_REQUIRE(event != MU_HTTP_BAD || (mu_http_problem(parser, &status) && status >= 400));
}

/* At most `step` bytes a call. */
static void run(mu_buf *story, mu_http_kind kind, const uint8_t *data, size_t size, size_t step)
{
    mu_buf_init(story, MU_BUF_TEXT_MAX);
    mu_http_parser *parser = mu_http_parser_new(kind, NULL, on_body, story);
    mu_http_event event = MU_HTTP_MORE;
    size_t used;
    FUZZ_REQUIRE(parser);
    for (size_t pos = 0; event != MU_HTTP_BAD && (pos < size || event == MU_HTTP_HEAD); pos += used) {
        size_t len = size - pos < step ? size - pos : step;
        event = mu_http_parse(parser, data + pos, len, &used);
        FUZZ_REQUIRE(used <= len && (event != MU_HTTP_MORE || used == len));
        tell(story, kind, parser, event);
    }
    if (event != MU_HTTP_BAD && !mu_http_is_idle(parser))
        tell(story, kind, parser, mu_http_parse_end(parser));
    mu_http_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kind = MU_HTTP_REQUEST; kind <= MU_HTTP_RESPONSE; kind++) {
        mu_buf once, slowly;
        run(&once, (mu_http_kind)kind, data, size, size);
        run(&slowly, (mu_http_kind)kind, data, size, 1);
        FUZZ_REQUIRE(once.len == slowly.len && (once.len == 0 || memcmp(once.data, slowly.data, once.len) == 0));
        mu_buf_free(&once);
        mu_buf_free(&slowly);
    }
    return 0;
}
