/**
 * A handshake message as facts for people: what was offered, what was chosen, which certificates were shown.
 *
 * The bytes are the peer's, so nothing about them is believed: every length is checked, every text escaped, every list bounded. No
 * secret is shown: of tickets, key shares, signatures and finished messages only lengths or algorithms.
 *
 * Source: RFC 8446 section 4, RFC 5246 section 7.4, RFC 8422 section 5.4.
 */
#ifndef MU_TLS_MESSAGE_H
#define MU_TLS_MESSAGE_H

#include "base/text.h"

#define MU_MESSAGE_FACTS_MAX 16
#define MU_FACT_ITEMS_MAX 64

enum {
    MU_MESSAGE_CLIENT_HELLO = 1,
    MU_MESSAGE_SERVER_HELLO = 2,
    MU_MESSAGE_TICKET = 4,
    MU_MESSAGE_ENCRYPTED_EXTENSIONS = 8,
    MU_MESSAGE_CERTIFICATE = 11,
    MU_MESSAGE_SERVER_KEY_EXCHANGE = 12,
    MU_MESSAGE_CERTIFICATE_REQUEST = 13,
    MU_MESSAGE_CERTIFICATE_VERIFY = 15,
    MU_MESSAGE_CLIENT_KEY_EXCHANGE = 16,
    MU_MESSAGE_FINISHED = 20,
    MU_MESSAGE_KEY_UPDATE = 24
};

typedef struct mu_fact {
    const char *label; /* "groups"; static */
    bool detail;       /* of interest only to who wants everything */
    mu_strlist items;  /* safe to show */
    size_t left_out;   /* items beyond the bound */
} mu_fact;

typedef struct mu_message {
    const char *name; /* "ClientHello"; static */
    mu_fact facts[MU_MESSAGE_FACTS_MAX];
    size_t count;
    bool damaged;     /* cut off, or not what the RFCs say: the facts are those that could be read before */
    bool failed;      /* memory ran out */
} mu_message;

/**
 * @param data the message with its header of four bytes, or its beginning
 * @param tls13 the version that the connection has come to; before the server's answer it does not matter
 * @param ret  overwritten; mu_message_done is due
 */
void mu_message_decode(const uint8_t *data, size_t len, bool tls13, mu_message *ret);
void mu_message_done(mu_message *message);
/** How many bytes of a message of that type and length are worth keeping: not those of tickets and of what proves the keys. */
size_t mu_message_shown_bytes(unsigned type, size_t len);
/** NULL: it says nothing about that. */
const mu_fact *mu_message_fact(const mu_message *message, const char *label);

#endif
