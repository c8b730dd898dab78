/* Bytes to lines: any chunks, any line breaks, UTF-16, lines of any length. */
#include "diag/log_internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN_CODING, BYTES, UTF16_LITTLE, UTF16_BIG };

mu_log *mu_log_new(void)
{
    mu_log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    mu_buf_init(&log->pending, 2 * MU_LOG_LINE_MAX);
    if (mu_log_phrases(log) != 0) {
        mu_log_free(log);
        return NULL;
    }
    return log;
}

void mu_log_free(mu_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < log->failure_count; i++)
        for (size_t j = 0; j < log->failures[i].count; j++)
            free(log->failures[i].facts[j].quote);
    for (size_t i = 0; i < MU_FACT_COUNT; i++)
        free(log->hints[i].quote);
    for (size_t i = 0; i < log->source_count; i++)
        free(log->sources[i].name);
    mu_matcher_free(log->matcher);
    mu_buf_free(&log->pending);
    free(log->progress);
    free(log->progress_end);
    free(log->printed);
    free(log);
}

int mu_log_begin(mu_log *log, const char *name, mu_found_at side)
{
    size_t phrases;
    if (log->source_count == MU_LOG_SOURCES_MAX)
        return -1;
    mu_log_source *source = &log->sources[log->source_count];
    *source = (mu_log_source){.name = mu_strdup(name), .side = side, .odds = 1};
    if (!source->name)
        return -1;
    log->source_count++;
    mu_says_table(&phrases);
    memset(log->progress, 0, phrases * sizeof *log->progress);
    memset(log->printed, 0, phrases * sizeof *log->printed);
    memset(log->recent, 0, sizeof log->recent);
    log->opened = NULL;
    log->state = (mu_match_state){0};
    mu_matcher_run(log->matcher, &log->state, (const uint8_t *)"\n", 1, mu_log_found, log); /* words begin after something */
    log->alert.context = 0;
    log->offset = 0;
    log->line = 1;
    log->utf16 = UNKNOWN_CODING;
    log->held = -1;
    return 0;
}

/* A line with its break, or a piece of one that is too long. */
static void read_piece(mu_log *log, const uint8_t *text, size_t len)
{
    log->text = text;
    log->text_len = len;
    if (log->opened)
        mu_log_take_opened(log);
    mu_matcher_run(log->matcher, &log->state, text, len, mu_log_found, log);
    mu_log_take_matches(log);
    log->offset += len;
    log->line += len > 0 && text[len - 1] == '\n';
}

static void feed_bytes(mu_log *log, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t room = MU_LOG_LINE_MAX - log->pending.len, most = len < room ? len : room;
        const uint8_t *end = memchr(data, '\n', most);
        size_t taken = end ? (size_t)(end - data) + 1 : most;
        bool complete = end || taken == room;
        if (complete && log->pending.len == 0) {
            read_piece(log, data, taken);
        } else {
            mu_buf_add(&log->pending, data, taken);
            if (complete) {
                read_piece(log, log->pending.data, log->pending.len);
                mu_buf_reset(&log->pending);
            }
        }
        data += taken;
        len -= taken;
    }
}

/* What is not ASCII separates words, so it need not be kept. */
static void feed_utf16(mu_log *log, const uint8_t *data, size_t len)
{
    uint8_t text[4096];
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        if (log->held < 0) {
            log->held = data[i];
            continue;
        }
        int low = log->utf16 == UTF16_LITTLE ? log->held : data[i], high = log->utf16 == UTF16_LITTLE ? data[i] : log->held;
        text[count++] = (uint8_t)(high == 0 && low < 0x80 ? low : '?');
        log->held = -1;
        if (count == sizeof text) {
            feed_bytes(log, text, count);
            count = 0;
        }
    }
    feed_bytes(log, text, count);
}

/* The first two bytes tell. @return how many of these belong to the mark or are held back */
static size_t find_coding(mu_log *log, const uint8_t *data, size_t len)
{
    uint8_t first[2];
    if (log->held < 0 && len < 2) {
        log->held = data[0];
        return 1;
    }
    first[0] = log->held >= 0 ? (uint8_t)log->held : data[0];
    first[1] = log->held >= 0 ? data[0] : data[1];
    size_t used = log->held >= 0 ? 1 : 2;
    log->held = -1;
    log->utf16 = first[0] == 0xff && first[1] == 0xfe ? UTF16_LITTLE : first[0] == 0xfe && first[1] == 0xff ? UTF16_BIG : BYTES;
    if (log->utf16 == BYTES)
        feed_bytes(log, first, 2);
    return used;
}

void mu_log_feed(mu_log *log, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    if (log->utf16 == UNKNOWN_CODING && len > 0) {
        size_t used = find_coding(log, bytes, len);
        bytes += used;
        len -= used;
    }
    if (log->utf16 == BYTES)
        feed_bytes(log, bytes, len);
    else if (log->utf16 != UNKNOWN_CODING)
        feed_utf16(log, bytes, len);
}

void mu_log_end(mu_log *log)
{
    if (log->utf16 == UNKNOWN_CODING && log->held >= 0) {
        uint8_t only = (uint8_t)log->held;
        feed_bytes(log, &only, 1);
    }
    if (log->pending.len > 0 || !log->state.between)
        feed_bytes(log, (const uint8_t *)"\n", 1);
    log->failed = log->failed || log->pending.failed;
    log->sources[log->source_count - 1].lines = log->line - 1;
}
