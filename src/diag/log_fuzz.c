/*
 * What a program wrote: any bytes, in pieces. The first byte tells how long the pieces are.
 * Covers: src/diag/log_failure.c src/diag/log_findings.c src/diag/log_phrase.c src/diag/log_quote.c src/diag/log_read.c
 *         src/diag/log_weigh.c
 */
#include "base/fuzzing.h"
#include "diag/log.h"

#include <string.h>

static void check(const mu_findings *findings)
{
    double sum[64] = {0};
    FUZZ_REQUIRE(!findings->failed && findings->failures <= 64);
    FUZZ_REQUIRE(findings->undetermined == (findings->count == 0));
    for (size_t i = 0; i < findings->count; i++) {
        const mu_finding *finding = &findings->items[i];
        FUZZ_REQUIRE(finding->confidence > 0 && finding->confidence <= 1.0000001 && finding->failure < findings->failures);
        sum[finding->failure] += finding->confidence;
        FUZZ_REQUIRE(sum[finding->failure] < 1.0000001);
        for (size_t j = 0; j < finding->evidence.count; j++)
            for (const char *p = finding->evidence.items[j]; *p; p++)
                FUZZ_REQUIRE((unsigned char)*p >= ' ' && *p != 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mu_findings findings = {0};
    size_t piece = size > 0 ? data[0] + 1u : 1;
    mu_log *log = mu_log_new();
    FUZZ_REQUIRE(log && mu_log_begin(log, "fuzz", (mu_found_at)(size % 3)) == 0);
    for (size_t i = 1; i < size; i += piece)
        mu_log_feed(log, data + i, size - i < piece ? size - i : piece);
    mu_log_end(log);
    mu_log_findings(log, &findings);
    check(&findings);
    mu_findings_free(&findings);
    mu_log_free(log);
    return 0;
}
