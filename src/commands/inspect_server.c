#include "commands/inspect_server.h"

#include "client/url.h"
#include "net/line.h"

#include <stdlib.h>
#include <string.h>

bool mu_inspect_is_server(const char *name)
{
    const char *colon = strrchr(name, ':');
    long port;
    return mu_str_has_prefix(name, "https://") ||
           (colon && colon > name && !strchr(name, '/') && mu_str_to_long(colon + 1, 1, 65535, &port));
}

static int parse(const char *name, mu_url *ret_url, mu_err **err)
{
    if (mu_str_has_prefix(name, "https://"))
        return mu_url_parse(name, ret_url, err);
    char *text = mu_asprintf("https://%s", name);
    int rc = text ? mu_url_parse(text, ret_url, err) : mu_fail_nomem(err);
    free(text);
    return rc;
}

int mu_inspect_server(const char *name, const mu_inspect_server_options *options, mu_server_facts *ret, mu_err **err)
{
    const mu_dial_options dial = {.resolve = options->resolve, .timeout_ms = options->timeout_ms};
    mu_line line;
    mu_url url = {0};
    mu_err *reason = NULL;

    int rc = parse(name, &url, err);
    if (rc == 0 && mu_line_open(url.host, url.port, &dial, &line, &reason) != 0) {
        rc = mu_server_facts_unreachable(name, reason, ret, err);
    } else if (rc == 0) {
        rc = mu_server_facts_read(options->libctx, &line, name, url.host, options->at_s, ret, err);
        mu_line_close(&line);
    }
    mu_url_done(&url);
    return rc;
}
