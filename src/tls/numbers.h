/** IANA's numbers of TLS as text: versions, cipher suites, groups, signature schemes, extensions, messages. NULL: no name. */
#ifndef MU_TLS_NUMBERS_H
#define MU_TLS_NUMBERS_H

#include <stdint.h>

typedef const char *(*mu_number_name)(unsigned number);

const char *mu_tls_version_name(unsigned version);
const char *mu_tls_suite_name(unsigned suite);
const char *mu_tls_group_name(unsigned group);
const char *mu_tls_sigalg_name(unsigned sigalg);
const char *mu_tls_extension_name(unsigned extension);
/** Handshake messages: "ClientHello" for 1. */
const char *mu_tls_message_name(unsigned type);

#endif
