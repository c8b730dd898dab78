/** Dates as Java prints and keytool reads them, in the local time zone. */
#ifndef MU_KEYTOOL_DATES_H
#define MU_KEYTOOL_DATES_H

#include "keytool/kt.h"

#define MU_KT_DATE_MAX 80

/** "Mon Nov 23 12:40:29 UTC 2026" */
void mu_kt_date_long(int64_t time_s, char out[MU_KT_DATE_MAX]);
/** "Nov 23, 2026" */
void mu_kt_date_medium(int64_t time_s, char out[MU_KT_DATE_MAX]);
/** -startdate: "+1d-2H" from now, or "yyyy/mm/dd", "HH:MM:SS", or both. NULL: now. @return 0, or -1 after mu_kt_throw */
int mu_kt_start_date(mu_kt *kt, const char *text, int64_t *ret_s);

#endif
