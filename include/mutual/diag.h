/**
 * The cause behind what programs log when mutual TLS fails: of Java, OpenSSL, Go, Node, Python, .NET, nginx and others.
 *
 * A log is fed in pieces of any size, in bounded memory; the findings name causes with their evidence and with how sure they are.
 * Text from logs is hostile: every text that comes out of here is escaped and without secrets.
 */
#ifndef MUTUAL_DIAG_H
#define MUTUAL_DIAG_H

#include <mutual/err.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whose certificate, store or configuration is to be changed; or who refused. */
typedef enum mu_found_at { MU_AT_UNKNOWN, MU_AT_CLIENT, MU_AT_SERVER, MU_AT_BOTH } mu_found_at;

#define MU_CONFIDENT 0.8 /* from here on a cause is told as the cause, below it as one of those that are possible */

/** One or several logs of one event, read in turn. */
typedef struct mu_log mu_log;

#define MU_LOG_SOURCES_MAX 16

/** @return NULL when out of memory */
MU_API mu_log *mu_log_new(void);
MU_API void mu_log_free(mu_log *log);
/**
 * Another log begins: its lines count from 1.
 * @param name as evidence is to name it, safe to show; copied
 * @param side whose log it is; MU_AT_UNKNOWN: its words may tell
 * @return 0, or -1 when out of memory or after MU_LOG_SOURCES_MAX logs
 */
MU_API int mu_log_begin(mu_log *log, const char *name, mu_found_at side);
/** The next bytes: text of any kind, or not text at all. UTF-16 is known by its mark. */
MU_API void mu_log_feed(mu_log *log, const void *data, size_t len);
/** The log is complete; its last line need not end in a line break. */
MU_API void mu_log_end(mu_log *log);

/** Immutable; outlives the log. */
typedef struct mu_findings mu_findings;

typedef enum mu_doctor_verdict { MU_DOCTOR_OK, MU_DOCTOR_FAIL, MU_DOCTOR_UNKNOWN } mu_doctor_verdict;

/** A cause that is possible. The texts belong to the findings. */
typedef struct mu_finding_view {
    size_t failure; /* findings with the same number are alternatives of one failure, the most likely first */
    mu_code code;
    bool warning;   /* it does not make the verdict MU_DOCTOR_FAIL */
    mu_found_at side;
    mu_found_at refused_by; /* MU_AT_UNKNOWN also when nobody did */
    double confidence;      /* 0 to 1 */
    const char *const *evidence; /* a line each */
    size_t evidence_count;
    const char *fix;        /* never NULL */
    const char *command;    /* to be pasted into a shell; NULL: none is known */
} mu_finding_view;

/** What the logs tell. @return NULL when out of memory */
MU_API mu_findings *mu_log_diagnose(const mu_log *log);
/** MU_DOCTOR_UNKNOWN: something failed, or may have, and no cause can be named. */
MU_API mu_doctor_verdict mu_findings_verdict(const mu_findings *findings);
/** The i-th, failures in the order in which they were met. @return false past the last one */
MU_API bool mu_findings_view(const mu_findings *findings, size_t i, mu_finding_view *ret);
MU_API void mu_findings_release(mu_findings *findings);

#ifdef __cplusplus
}
#endif
#endif
