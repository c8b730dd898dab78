#include "server/respond.h"

#include "server/server_internal.h"
#include <stdio.h>
#include <string.h>

#define TEXT_TYPE "text/plain; charset=utf-8"

void mu_reply_error(int status, const char *problem, mu_reply *reply)
{
    *reply = (mu_reply){.status = status, .type = TEXT_TYPE, .file_fd = -1};
    snprintf(reply->text, sizeof reply->text, "%d %s%s%s\n", status, mu_http_reason_phrase(status), problem ? ": " : "",
             problem ? problem : "");
    reply->body = reply->text;
    reply->length = strlen(reply->text);
}

static void reply_with_file(int root_fd, const char *method, const char *target, mu_reply *reply)
{
    mu_served_file file;
    int status;

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        mu_reply_error(405, NULL, reply);
        reply->allow = "GET, HEAD";
    } else if ((status = mu_served_file_open(root_fd, target, &file)) != 200)
        mu_reply_error(status, NULL, reply);
    else
        *reply = (mu_reply){.status = 200, .type = file.type, .length = file.size, .file_fd = file.fd};
}

void mu_reply_make(const mu_server *server, const char *method, const char *target, mu_reply *reply)
{
    if (server->root_fd >= 0)
        reply_with_file(server->root_fd, method, target, reply);
    else
        *reply = (mu_reply){.status = 200, .type = TEXT_TYPE, .file_fd = -1, .body = server->respond,
                            .length = strlen(server->respond)};
}
