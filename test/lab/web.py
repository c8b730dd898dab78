"""Our server under test, and clients that say exactly the bytes they are told to."""
import re
import socket
import ssl

LISTENING = r"^mTLS server listening on https://(?:127\.0\.0\.1|\[::1\]):(\d+)/$"


class Server:
    """`mutual serve` on a free port. fields() splits its log lines."""

    def __init__(self, program, pki, *args, identity="server", trust="root", listen="127.0.0.1:0", announced=LISTENING, **options):
        words = ["serve", "--listen", listen, "--certificate", pki.path(identity, "crt"),
                 "--certificate-private-key", pki.path(identity, "key")]
        if trust:
            words += ["--trust-certificate", pki.path(trust, "crt")]
        self.pki = pki
        self.process = program.start(*words, *args, **options)
        match = self.process.wait_for(announced)
        self.port = int(match[1]) if match.groups() else None
        self.pid = self.process.pid

    def refusals(self, count):
        """The fields of the first `count` handshake-refused lines, once they are there."""
        self.process.wait_for(r"event=handshake-refused .*\n", stream="err", count=count)
        return [fields(line) for line in self.process.err.splitlines() if "event=handshake-refused" in line]

    def refusal(self):
        [line] = self.refusals(1)
        return line


def fields(line):
    """A logfmt line as a dictionary; fails on anything that is not exactly the documented form."""
    pair = r'([a-z0-9_]+)=("(?:[^"\\\x00-\x1f\x7f]|\\.)*"|[^" \x00-\x1f\x7f]+)'
    assert re.fullmatch(rf"{pair}(?: {pair})*", line), line
    return {name: value[1:-1] if value[0] == '"' else value for name, value in re.findall(pair, line)}


def context(pki, client=None, *, trust="root", version=None, chain=()):
    """A Python TLS client that has the named identity and trusts the named root."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(pki.path(trust, "crt"))
    if version:
        made.minimum_version = made.maximum_version = version
    if client:
        made.load_cert_chain(pki.path(client, "crt"), pki.path(client, "key"))
    return made


def connect(server, client="client", *, timeout=30, **options):
    raw = socket.create_connection(("127.0.0.1", server.port), timeout)
    return context(server.pki, client, **options).wrap_socket(raw, server_hostname="127.0.0.1")


def read_response(tls, *, head_only=False):
    """(status, fields, body) of one response; fails if the connection ends before."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = tls.recv(1)
        assert more, f"ended after {data!r}"
        data += more
    lines = data.decode("latin-1").split("\r\n")[:-2]
    got = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
    length = 0 if head_only else int(got.get("content-length", 0))
    body = b""
    while len(body) < length:
        more = tls.recv(length - len(body))
        assert more, f"ended after {data + body!r}"
        body += more
    return int(lines[0].split(" ")[1]), got, body


def exchange(server, data, client="client"):
    """Send the bytes, say no more, and give back all that comes until the server ends the connection."""
    with connect(server, client) as tls:
        tls.sendall(data)
        return read_all(tls)


def read_all(tls):
    data = b""
    try:
        while True:
            more = tls.recv(65536)
            if not more:
                return data
            data += more
    except ssl.SSLZeroReturnError:
        return data
