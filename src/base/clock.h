/** Time: the only place that reads clocks, and times as text. Everything below the commands takes times as parameters. */
#ifndef MU_BASE_CLOCK_H
#define MU_BASE_CLOCK_H

#include <mutual/err.h>
#include <stdint.h>
#include <time.h>

/** Wall clock, seconds and milliseconds since 1970 (UTC). */
int64_t mu_now_s(void);
int64_t mu_now_ms(void);
/** Monotonic clock in milliseconds, for time-outs. */
int64_t mu_mono_ms(void);

/** "2026-11-23T16:10:00Z" into a buffer of at least 32 bytes; returns it. */
const char *mu_time_text(int64_t time_s, char out[32]);
/** RFC 3339 ("2026-11-23T16:10:00Z", "2026-11-23", offsets) or seconds since 1970. @return 0, or -1 with MU_E_USAGE */
int mu_time_parse(const char *text, int64_t *ret_s, mu_err **err);
/** ASN1_TIME to seconds; INT64_MIN/INT64_MAX beyond what fits or damaged (before / after). */
struct asn1_string_st;
int64_t mu_time_from_asn1(const struct asn1_string_st *time);
/** "3 days", "5 hours": a duration for people, into a buffer of at least 32 bytes; returns it. */
const char *mu_duration_text(int64_t seconds, char out[32]);

#endif
