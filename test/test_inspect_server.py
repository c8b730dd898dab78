"""mutual inspect HOST:PORT: what a server presents and asks for, without trusting it; and what cannot be seen, with its cause."""
import json
import socket
import threading

import pytest

from lab import proc

JSON = ["--json", "--connect-timeout", "10"]


def one_server(mutual, where, *args, status=0):
    result = mutual("inspect", where, *args, *JSON)
    assert result.status == status, result
    servers = json.loads(result.out)["servers"]
    assert len(servers) == 1
    return servers[0]


def codes(server):
    return [(problem["code"], problem["severity"], problem["depth"]) for problem in server["problems"]]


def openssl_server(start, free_port, pki, name, *options):
    """s_server with this identity; the port it listens on."""
    port = free_port()
    server = start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", pki.path(name, "key"), "-cert", pki.path(name, "crt"),
                    "-www", *options])
    server.wait_for("ACCEPT")
    return port


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("auth", ["none", "want", "need"])
def test_ours(mutual, pki, tls, auth):
    server = mutual.start("serve", "--listen", "127.0.0.1:0", "--certificate", pki.path("server", "crt"), "--certificate-private-key",
                          pki.path("server", "key"), "--trust-certificate", pki.path("root", "crt"), "--client-auth", auth, "--tls-max", tls)
    url = server.wait_for(r"listening on (\S+)")[1]
    for where in (url, url[len("https://"):].rstrip("/")):
        seen = one_server(mutual, where)
        assert (seen["server"], seen["state"], seen["version"], seen["group"] is not None) == (where, "read", f"TLSv{tls}", True)
        assert [cert["subject"] for cert in seen["chain"]] == ["CN=server, O=Test"]
        assert seen["clientCertificate"] == {"requested": auth != "none", "issuers": ["CN=root, O=Test"] if auth != "none" else []}
        assert codes(seen) == [("chain-missing-intermediate", "warning", None)]  # the leaf alone: who does not have its issuer cannot follow
    text = mutual("inspect", url)
    assert text.status == 0 and "presented, and not judged here:" in text.out, text
    assert ("it asks for no client certificate" in text.out) == (auth == "none")


def test_problems_of_a_server(mutual, pki, start, free_port):
    """Another name, another purpose, expired, an order that is none, too old."""
    pki.ca("srv-mid", issuer="root")
    pki.issue("srv-bad", issuer="srv-mid", usage="client", san=["dns:elsewhere.test"], days=5, starts_days_ago=10)
    port = openssl_server(start, free_port, pki, "srv-bad", "-cert_chain", pki.path("srv-mid", "crt"))
    assert codes(one_server(mutual, f"127.0.0.1:{port}")) == \
        [("cert-expired", "error", 0), ("eku-missing-serverauth", "error", 0), ("ip-san-missing", "error", 0)]
    assert ("hostname-mismatch", "error", 0) in codes(one_server(mutual, f"wrong.test:{port}", "--resolve", f"wrong.test:{port}:127.0.0.1"))
    port = openssl_server(start, free_port, pki, "server", "-cert_chain", pki.path("other-root", "crt"))
    assert codes(one_server(mutual, f"127.0.0.1:{port}")) == [("chain-order-wrong", "warning", 1)]
    port = openssl_server(start, free_port, pki, "server", "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0", "-cert_chain", pki.path("root", "crt"))
    old = one_server(mutual, f"127.0.0.1:{port}")
    assert old["version"] == "TLSv1.1" and codes(old) == [("protocol-version-mismatch", "error", None)]


def test_sni_is_sent(mutual, pki, start, free_port):
    port = openssl_server(start, free_port, pki, "server", "-servername", "other.test", "-cert2", pki.path("client", "crt"), "-key2",
                          pki.path("client", "key"))
    subject = lambda name: one_server(mutual, f"{name}:{port}", "--resolve", f"{name}:{port}:127.0.0.1")["chain"][0]["subject"]
    assert (subject("other.test"), subject("server.test")) == ("CN=client, O=Test", "CN=server, O=Test")


def answering(reply, *, close=True):
    """A listener that answers each connection with these bytes; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(4096)
            connection.sendall(reply)
            if close:
                connection.close()
            else:
                held.append(connection)
    held = []
    threading.Thread(target=serve, daemon=True).start()
    return listener, listener.getsockname()[1]


@pytest.mark.parametrize("reply, close, code, status", [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", True, "tls-to-plaintext-port", 6),
    (b"\x1b[31mforged\r\n", True, "tls-to-plaintext-port", 6),
    (b"", True, "peer-closed", 6),
    (b"\x15\x03\x03\x00\x02\x02\x28", True, "peer-refused", 5),
    (b"\x16\x03\x03\x40\x01" + b"x" * 20000, True, "protocol-error", 6),
    (b"\x16\x03\x03\x10\x00", False, "handshake-timeout", 6),
])
def test_what_is_no_server(mutual, reply, close, code, status):
    listener, port = answering(reply, close=close)
    with listener:
        result = mutual("inspect", f"127.0.0.1:{port}", "--json", "--connect-timeout", "2")
        assert result.status == status, result
        server = json.loads(result.out)["servers"][0]
        assert (server["state"], server["error"]["code"]) == ("unreachable", code)
        text = mutual("inspect", f"127.0.0.1:{port}", "--connect-timeout", "2")
        assert text.status == status and f"[{code}]" in text.out and "\x1b" not in text.out, text


def test_unreachable_and_stores_beside(mutual, pki, free_port):
    """The worst counts, the others are shown."""
    where = f"127.0.0.1:{free_port()}"
    assert one_server(mutual, where, status=6)["error"]["code"] == "connection-refused"
    both = mutual("inspect", pki.path("root", "crt"), "missing.p12", where)
    assert both.status == 6 and "[connection-refused]" in both.out and "CN=root, O=Test" in both.out and "store-not-found" in both.out, both
    assert mutual("inspect", "https://user@host/").status == 2
    assert mutual("inspect", where, "--resolve", "nonsense").status == 2


def test_expiring_servers(mutual, pki, start, free_port):
    port = openssl_server(start, free_port, pki, "server")
    assert mutual("inspect", f"127.0.0.1:{port}", "--expiring", "400").status == 4
    quiet = mutual("inspect", f"127.0.0.1:{port}", "--expiring", "30")
    assert (quiet.status, quiet.out) == (0, ""), quiet


def test_a_file_of_that_name_is_a_file(mutual, pki, tmp_path):
    (tmp_path / "host:443").write_bytes(pki.path("root", "crt").read_bytes())
    result = proc.run([mutual.path, "inspect", "host:443", "--json"], cwd=tmp_path)
    assert result.status == 0 and json.loads(result.out)["stores"][0]["path"] == "host:443", result
