/** From a request to what is answered. */
#ifndef MU_SERVER_RESPOND_H
#define MU_SERVER_RESPOND_H

#include "server/server.h"

typedef struct mu_reply {
    int status;
    const char *type, *allow; /* static */
    const void *body;         /* length bytes, in text or in the server; NULL: none, or file_fd */
    uint64_t length;
    int file_fd;              /* the body; owned by the caller; -1: none */
    char text[160];
} mu_reply;

void mu_reply_make(const mu_server *server, const char *method, const char *target, mu_reply *ret_reply);
/** @param problem static text */
void mu_reply_error(int status, const char *problem, mu_reply *ret_reply);

#endif
