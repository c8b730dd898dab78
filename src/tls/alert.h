/** TLS alerts: names, meanings, and which causes each can stand for. One table, for verdicts and for `mutual explain`. */
#ifndef MU_TLS_ALERT_H
#define MU_TLS_ALERT_H

#include <mutual/tls.h>

typedef struct mu_alert_info {
    int alert;
    const char *name;    /* as in RFC 8446 section 6 */
    const char *meaning; /* one sentence */
} mu_alert_info;

/** NULL if the number has no name. */
const mu_alert_info *mu_alert_find(int alert);
/** All of them, in the order of their numbers. */
const mu_alert_info *mu_alert_table(size_t *ret_count);

/** When an alert arrived, seen from the side that received it. */
typedef enum mu_alert_phase {
    MU_PHASE_HELLO,   /* before the peer could judge a certificate of ours: it is about versions, suites, groups, names */
    MU_PHASE_NO_CERT, /* client: the server had asked for a certificate and got none */
    MU_PHASE_CERT     /* the peer had a certificate of ours */
} mu_alert_phase;

/** The phase's meaning for people: "before certificates were exchanged" … */
const char *mu_alert_phase_text(mu_alert_phase phase);

/** What the alert can mean to the side that received it then, most likely first. @return how many were stored */
size_t mu_alert_candidates(int alert, mu_side receiver, mu_alert_phase phase, mu_code out[MU_MAX_CANDIDATES]);

#endif
