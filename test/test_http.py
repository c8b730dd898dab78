"""HTTP through the running server: llhttp's corpus of requests, and that nothing follows a refused request."""
import re
import socket

import pytest

from lab import web

# Samples that the corpus accepts and we refuse, with the reason.
STRICTER = {
    "method: M-SEARCH request": "the target * belongs to OPTIONS alone",
    "method: SOURCE request with ICE": "only HTTP is spoken here",
    "method: OPTIONS request with RTSP": "only HTTP is spoken here",
    "method: ANNOUNCE request with RTSP": "only HTTP is spoken here",
    "sample: No HTTP version": "HTTP/0.9",
}
# Samples that llhttp 8.1, our floor, does not know yet.
NEWER = {"method: QUERY request", "content-length: Tabs in `Content-Length` (surrounding)"}


@pytest.fixture
def server(mutual, pki):
    return web.Server(mutual, pki)


def talk(server, data):
    """The statuses of all answers, until the server has closed. We close our half, so that an unfinished request ends too."""
    with web.connect(server) as tls:
        tls.sendall(data)
        socket.socket.shutdown(tls, socket.SHUT_WR)  # of the transport: SSLSocket's own would stop decryption
        received = web.read_all(tls)
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [^\r]*\r\nDate:", received)]


def unescape(text):
    """As in the corpus' own runner: lines end in CR LF, a backslash before the line's end joins lines."""
    text = re.sub(r"\\\n", "", text.removesuffix("\n")).replace("\n", "\r\n")
    text = text.replace(r"\r", "\r").replace(r"\n", "\n").replace(r"\t", "\t").replace(r"\f", "\f")
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text).encode("latin-1")


def with_host(data):
    """Most samples are about something else and leave Host out."""
    def add(found):
        return found[0] if re.search(rb"^host\s*:", found[2], re.M | re.I) else found[1] + b"Host: a\r\n" + found[2]
    return re.sub(rb"([A-Z-]+ [^\r\n]* HTTP/1\.[01]\r\n)((?:[^\r\n]+\r\n)*)", add, data)


def corpus(folder):
    for path in sorted(folder.glob("*.md")):
        meta = r"<!-- meta=\{ ?\"type\": ?\"([a-z-]+)\"((?!skipBody)[^\n])*\s*\n"
        sample = r"^#+ ([^\n]*)\n(?:(?!^#)[^\n]*\n)*?" + meta + r"```http\n(.*?)```\n+```log\n(.*?)```"
        for name, kind, _, text, log in re.findall(sample, path.read_text(), re.M | re.S):
            yield f"{path.stem}: {name}", kind, with_host(unescape(text)), log


def test_llhttp_corpus(server, shared):
    samples = list(corpus(shared / "suites/http1"))
    assert len(samples) >= 75, len(samples)
    stricter = []
    for name, kind, data, log in samples:
        statuses = talk(server, data)
        complete = len(re.findall(r"^off=\d+ message complete", log, re.M))
        served = sum(status == 200 for status in statuses)
        refused = bool(statuses) and statuses[-1] >= 400
        assert statuses[:served] == [200] * served and len(statuses) <= served + 1, (name, statuses)
        if "lenient" in kind:
            assert refused, (name, statuses)  # leniency is what we do not want
        elif " error code=" in log:
            assert served <= complete and (refused or served < complete or not complete), (name, statuses, log)
        elif refused:
            stricter.append(name)
        else:
            assert served == complete, (name, statuses, log)
    assert set(STRICTER) <= set(stricter) <= set(STRICTER) | NEWER, "\n".join(stricter)


# Each starts a request that must be refused; what follows it must not be taken for a request.
SMUGGLING = {
    "length and chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n",
    "list of lengths": b"Content-Length: 0, 0\r\n\r\n",
    "length with sign": b"Content-Length: +0\r\n\r\n",
    "blank before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "tab before chunked in a folded line": b"Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n",
    "vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
    "chunked, identity": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked hidden by a bare LF": b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked hidden by a bare CR": b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "field without a name": b": x\r\n\r\n",
    "second Host": b"Host: b\r\n\r\n",
    "chunk size in other notation": b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "chunk size with LF": b"Transfer-Encoding: chunked\r\n\r\n0\n\r\n",
    "chunk extension with LF": b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n",
    "folded trailer": b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n",
    "NUL": b"X: \0\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_nothing_follows_a_refused_request(server, name):
    following = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    start = b"POST / HTTP/1.1\r\nHost: a\r\n"
    assert talk(server, start + b"Content-Length: 0\r\n\r\n" + following) == [200, 200]
    statuses = talk(server, start + SMUGGLING[name] + following)
    assert len(statuses) == 1 and 400 <= statuses[0] <= 501, statuses


def test_limits(server):
    def request(target="/", fields=b"", body=b""):
        return f"POST {target} HTTP/1.1\r\nHost: a\r\n".encode() + fields + b"\r\n" + body
    assert talk(server, request("/" + "a" * 8191)) == [200]
    assert talk(server, request("/" + "a" * 8192)) == [414]
    assert talk(server, request(fields=b"X: y\r\n" * 99)) == [200]
    assert talk(server, request(fields=b"X: y\r\n" * 100)) == [431]
    assert talk(server, request(fields=b"X: " + b"y" * 16000 + b"\r\n")) == [200]
    assert talk(server, request(fields=b"X: " + b"y" * 17000 + b"\r\n")) == [431]
    assert talk(server, request(fields=b"Content-Length: 1048576\r\n", body=b"x" * 1048576)) == [200]
    assert talk(server, request(fields=b"Content-Length: 1048577\r\n")) == [413]
    assert talk(server, request(fields=b"Expect: something\r\nContent-Length: 1\r\n")) == [417]
