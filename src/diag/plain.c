#include "diag/plain.h"

#include <string.h>

enum { HTTP, SMTP, FTP, POP3, IMAP, SSH, MYSQL, POSTGRESQL, REDIS, LDAP };

static const mu_plain_protocol protocols[] = {
    [HTTP] = {"HTTP", NULL},   [SMTP] = {"SMTP", "smtp"}, [FTP] = {"FTP", "ftp"},       [POP3] = {"POP3", "pop3"},
    [IMAP] = {"IMAP", "imap"}, [SSH] = {"SSH", NULL},     [MYSQL] = {"MySQL", "mysql"}, [POSTGRESQL] = {"PostgreSQL", "postgres"},
    [REDIS] = {"Redis", NULL}, [LDAP] = {"LDAP", "ldap"},
};

/* MySQL's first packet: three bytes of length, number 0, protocol 10 (or an error, 255), then the version as text. */
static bool is_mysql(const char *text, size_t len)
{
    return len > 5 && text[2] == 0 && text[3] == 0 && (text[4] == 10 || (uint8_t)text[4] == 255);
}

/* A reply of three digits: mail and files both greet with 220. */
static int by_reply(const char *text)
{
    return strcasestr(text, "ftp") && !strcasestr(text, "smtp") ? FTP : SMTP;
}

const mu_plain_protocol *mu_plain_recognize(const void *bytes, size_t len)
{
    static const struct {
        const char *prefix;
        int protocol;
    } greetings[] = {{"HTTP/", HTTP}, {"<!DOCTYPE", HTTP}, {"<html", HTTP}, {"<HTML", HTTP}, {"SSH-", SSH},    {"+OK", POP3},
                     {"-ERR ", REDIS}, {"* OK", IMAP},     {"* BYE", IMAP}, {"* PREAUTH", IMAP}, {"\x30\x24\x02\x01", LDAP}};
    char text[256];
    size_t size = len < sizeof text - 1 ? len : sizeof text - 1;

    memcpy(text, bytes, size);
    text[size] = '\0';
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++)
        if (size >= strlen(greetings[i].prefix) && memcmp(text, greetings[i].prefix, strlen(greetings[i].prefix)) == 0)
            return &protocols[greetings[i].protocol];
    if (size >= 4 && strspn(text, "0123456789") == 3 && (text[3] == ' ' || text[3] == '-'))
        return &protocols[by_reply(text)];
    return is_mysql(text, size) ? &protocols[MYSQL] : NULL;
}

/* @return the bytes of the answer */
static size_t ask(mu_line *line, const char *question, size_t question_len, char *answer, size_t size)
{
    const mu_tls_io io = mu_line_io(line);
    ssize_t len = io.write(io.arg, question, question_len) == (ssize_t)question_len ? io.read(io.arg, answer, size) : -1;
    return len > 0 ? (size_t)len : 0;
}

const mu_plain_protocol *mu_plain_ask_http(mu_line *line)
{
    static const char question[] = "GET / HTTP/1.0\r\n\r\n";
    char answer[256];
    return mu_plain_recognize(answer, ask(line, question, sizeof question - 1, answer, sizeof answer));
}

/* SSLRequest: PostgreSQL answers one letter, S or N, and nothing else does. */
const mu_plain_protocol *mu_plain_ask_postgresql(mu_line *line)
{
    static const char question[] = "\0\0\0\x08\x04\xd2\x16\x2f";
    char answer[256];
    size_t len = ask(line, question, sizeof question - 1, answer, sizeof answer);
    return len == 1 && (answer[0] == 'S' || answer[0] == 'N') ? &protocols[POSTGRESQL] : mu_plain_recognize(answer, len);
}
