"""mutual doctor --url: misconfigured servers of several makes, each diagnosed; and healthy ones, with which nothing is wrong."""
import json
import socket
import subprocess
import threading

import pytest
from cryptography import x509

from lab import net, proc

pytestmark = pytest.mark.time_limit(120)


def diagnose(mutual, url, *args, env=None):
    """The answer in JSON; the exit status agrees with it."""
    result = mutual("doctor", "--url", url, *args, "--json", "--connect-timeout", "2", env=env)
    assert result.status in (0, 1, 4), result
    report = json.loads(result.out)
    assert result.status == {"ok": 0, "unknown": 1, "fail": 4}[report["verdict"]], result
    return report


def errors(report):
    """(code, side) of the most likely cause of each failure."""
    first = {}
    for finding in report["findings"]:
        if finding["severity"] == "error":
            first.setdefault(finding["failure"], (finding["code"], finding["side"]))
    return list(first.values())


def warnings(report):
    return [finding["code"] for finding in report["findings"] if finding["severity"] == "warning"]


@pytest.fixture(scope="session")
def certs(pki):
    """The certificates of this file's servers and clients, beside those of every test."""
    pki.ca("mid", issuer="root")
    san = ["ip:127.0.0.1", "dns:localhost", "dns:server.test"]
    pki.issue("by-mid", issuer="mid", san=san)
    pki.issue("expired", san=san, days=5, starts_days_ago=10)
    pki.issue("future", san=san, days=50, starts_days_ago=-10)
    pki.issue("soon", san=san, days=365, starts_days_ago=355)
    pki.issue("for-clients", usage="client", san=san)
    pki.issue("elsewhere", san=["dns:elsewhere.test", "ip:192.0.2.1"])
    pki.issue("no-ip", san=["dns:server.test"])
    pki.issue("cn-only")
    pki.issue("foreign", issuer="other-root", san=san)
    pki.issue("foreign-client", issuer="other-root", usage="client")
    pki.issue("client-expired", usage="client", days=5, starts_days_ago=10)
    pki.issue("client-no-eku", usage="server")
    pki.issue("client-by-mid", issuer="mid", usage="client")
    pki.chain = lambda name, *cas: _join(pki, name, cas)
    return pki


def _join(pki, name, cas):
    """NAME-CA….pem: the certificates in that order."""
    path = pki.path("-".join([name, *cas]), "pem")
    path.write_bytes(b"".join(pki.path(one, "crt").read_bytes() for one in (name, *cas)))
    return path


def s_server(start, certs, name, *options, key=None, www=True):
    """openssl s_server; its port."""
    port = net.free_port()
    cert = certs.path(name, "crt") if isinstance(name, str) else name
    words = ["-key", certs.path(key or name, "key"), "-cert", cert] if name else []
    start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *words, *(["-www"] if www else []), *options]).wait_for("ACCEPT")
    return port


def client(certs, name, chain=()):
    cert = certs.chain(name, *chain) if chain else certs.path(name, "crt")
    return ["--certificate", cert, "--certificate-private-key", certs.path(name, "key")]


def trust(certs, name="root"):
    return ["--trust-certificate", certs.path(name, "crt")]


# ---- certificates of the server ----

@pytest.mark.parametrize("name, expected", [
    ("expired", [("cert-expired", "server")]),
    ("future", [("cert-not-yet-valid", "server")]),
    ("for-clients", [("eku-missing-serverauth", "server")]),
    ("elsewhere", [("ip-san-missing", "server")]),
    ("no-ip", [("ip-san-missing", "server")]),
    ("cn-only", [("san-missing", "server")]),
    ("foreign", [("ca-not-trusted", "client")]),
])
def test_server_certificates(mutual, certs, start, name, expected):
    port = s_server(start, certs, name)
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs))
    assert errors(report) == expected, report


def test_names_of_a_server(mutual, certs, start):
    """Wrong name, by name; the proposed command gets through."""
    port = s_server(start, certs, "elsewhere")
    resolve = ["--resolve", f"wrong.test:{port}:127.0.0.1"]
    report = diagnose(mutual, f"https://wrong.test:{port}/", *resolve, *trust(certs))
    assert errors(report) == [("hostname-mismatch", "server")], report
    assert any("default" in line for line in report["findings"][0]["evidence"]), report
    cure = proc.run_ok(["sh", "-c", report["findings"][0]["command"].replace("mutual", str(mutual.path), 1)])
    assert "Ciphers" in cure.out or cure.out, cure
    assert diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs), "--sni", "elsewhere.test")["verdict"] == "ok"


def test_chains_of_a_server(mutual, certs, start):
    port = s_server(start, certs, "by-mid")
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs))
    assert errors(report) == [("chain-missing-intermediate", "server")], report
    port = s_server(start, certs, "by-mid", "-cert_chain", certs.chain("root", "mid"))
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs))
    assert (report["verdict"], warnings(report)) == ("ok", ["chain-order-wrong"]), report


def test_presented_root(mutual, certs, start, tmp_path):
    """The root that the server presents is not trusted: the proposed command takes it in, and cures it."""
    port = s_server(start, certs, "foreign", "-cert_chain", certs.path("other-root", "crt"))
    mine = tmp_path / "my trust.pem"
    mine.write_bytes(certs.path("root", "crt").read_bytes())
    args = ["--trust-certificate", mine]
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *args)
    assert errors(report) == [("ca-not-trusted", "client")], report
    proc.run_ok(["sh", "-c", report["findings"][0]["command"]], cwd=tmp_path)
    assert diagnose(mutual, f"https://127.0.0.1:{port}", *args)["verdict"] == "ok"


def test_public_server_with_a_private_trust(mutual, certs, start):
    port = s_server(start, certs, "foreign")
    env = {"SSL_CERT_FILE": certs.path("other-root", "crt"), "JAVA_HOME": "/nonexistent", "PATH": "/usr/bin"}
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs), env=env)
    assert errors(report) == [("truststore-replaces-default", "client")], report


def test_self_signed_server(mutual, certs, start, tmp_path):
    san = "subjectAltName=IP:127.0.0.1"
    proc.run_ok(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=self", "-addext", san,
                 "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", tmp_path / "self.key", "-out", tmp_path / "self.crt"])
    port = net.free_port()
    start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", tmp_path / "self.key", "-cert", tmp_path / "self.crt",
           "-www"]).wait_for("ACCEPT")
    url = f"https://127.0.0.1:{port}"
    assert errors(diagnose(mutual, url, *trust(certs))) == [("self-signed", "client")]
    alone = diagnose(mutual, url)
    assert (alone["verdict"], warnings(alone)) == ("ok", ["self-signed"]), alone
    assert diagnose(mutual, url, "--trust-certificate", tmp_path / "self.crt")["verdict"] == "ok"


@pytest.fixture(scope="session")
def weak(certs):
    """A key of RSA-1024, and a chain signed with SHA-1."""
    certs.path("weak", "cnf").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    def sign(name, csr_options, *options):
        proc.run_ok(["openssl", "req", "-new", "-nodes", *csr_options, "-subj", f"/CN={name}", "-keyout", certs.path(name, "key"),
                     "-out", certs.path(name, "csr")])
        proc.run_ok(["openssl", "x509", "-req", "-in", certs.path(name, "csr"), "-CA", certs.path("root", "crt"), "-CAkey",
                     certs.path("root", "key"), "-days", "365", "-extfile", certs.path("weak", "cnf"), "-out", certs.path(name, "crt"), *options])
    sign("rsa1024", ["-newkey", "rsa:1024"])
    sign("rsa2048", ["-newkey", "rsa:2048"])
    sign("sha1", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "-sha1")
    return certs


@pytest.mark.parametrize("name, code", [("rsa1024", "weak-key-size"), ("sha1", "weak-signature-digest")])
def test_weak_certificates(mutual, weak, start, name, code):
    port = s_server(start, weak, name, "-cipher", "DEFAULT:@SECLEVEL=0")
    assert errors(diagnose(mutual, f"https://127.0.0.1:{port}", *trust(weak))) == [(code, "server")]


# ---- the hello ----

@pytest.mark.parametrize("name, options, expected", [
    ("server", ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"], "protocol-version-mismatch"),
    ("server", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], "cipher-mismatch"),
    ("server", ["-groups", "X448"], "named-group-mismatch"),
    ("server", ["-groups", "brainpoolP256r1", "-tls1_2"], "named-group-mismatch"),
    ("rsa2048", ["-sigalgs", "RSA+SHA1", "-tls1_2", "-cipher", "DEFAULT:@SECLEVEL=0"], "sigalg-mismatch"),
    ("rsa2048", ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", "dh1024"], "dh-parameters-weak"),
    (None, ["-nocert", "-tls1_2", "-cipher", "ADH:@SECLEVEL=0"], "keystore-no-private-key"),
])
def test_hello(mutual, weak, start, tmp_path, name, options, expected):
    if "dh1024" in options:
        dh = tmp_path / "dh.pem"
        dh.write_text(DH_1024)
        options = [dh if word == "dh1024" else word for word in options]
    port = s_server(start, weak, name, *options)
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(weak))
    assert errors(report) == [(expected, "server")], report
    assert report["findings"][0]["confidence"] >= 0.9


# RFC 2409 section 6.2, the second Oakley group
DH_1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""


@pytest.mark.parametrize("options", [["-psk", "00112233445566778899aabbccddeeff", "-nocert"],
                                     ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]])
def test_nothing_is_accepted(mutual, certs, start, options):
    """Several causes remain, none of them with confidence."""
    port = s_server(start, certs, None if "-nocert" in options else "server", *options)
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs))
    codes = [finding["code"] for finding in report["findings"]]
    assert {"keystore-no-private-key", "cipher-keytype-mismatch", "sigalg-mismatch"} <= set(codes), report
    assert all(finding["confidence"] < 0.8 for finding in report["findings"]), report


def test_server_names(mutual, certs, start):
    port = s_server(start, certs, "server", "-servername", "other.test", "-cert2", certs.path("elsewhere", "crt"), "-key2",
                    certs.path("elsewhere", "key"), "-servername_fatal")
    resolve = ["--resolve", f"server.test:{port}:127.0.0.1"]
    report = diagnose(mutual, f"https://server.test:{port}", *resolve, *trust(certs))
    assert errors(report)[0] == ("sni-unrecognized", "server"), report


# ---- client authentication ----

@pytest.mark.parametrize("tls", ["-tls1_2", "-tls1_3"])
def test_client_authentication(mutual, certs, start, tls):
    """none, want, need; with no identity, a good one, and bad ones."""
    verify = ["-CAfile", certs.path("root", "crt"), "-verify_return_error"]
    need = f"https://127.0.0.1:{s_server(start, certs, 'server', '-Verify', '5', *verify, tls)}"
    want = f"https://127.0.0.1:{s_server(start, certs, 'server', '-verify', '5', *verify, tls)}"
    none = f"https://127.0.0.1:{s_server(start, certs, 'server', tls)}"
    ok = [*trust(certs), *client(certs, "client")]
    assert (diagnose(mutual, need, *ok)["verdict"], warnings(diagnose(mutual, need, *ok))) == ("ok", [])
    assert errors(diagnose(mutual, need, *trust(certs))) == [("client-cert-not-sent", "client")]
    report = diagnose(mutual, want, *ok)
    assert (report["verdict"], warnings(report)) == ("ok", ["client-auth-optional"]), report
    assert warnings(diagnose(mutual, want, *trust(certs))) == ["client-auth-optional"]
    assert diagnose(mutual, none, *trust(certs))["verdict"] == "ok"
    assert errors(diagnose(mutual, none, *ok)) == [("server-does-not-request", "server")]
    for name, expected in [("foreign-client", ("client-ca-not-trusted", "server")), ("client-expired", ("cert-expired", "client")),
                           ("client-no-eku", ("eku-missing-clientauth", "client"))]:
        report = diagnose(mutual, need, *trust(certs), *client(certs, name))
        assert errors(report) == [expected], (name, report)
        assert report["findings"][0]["confidence"] >= 0.9, report


def test_client_chains(mutual, certs, start):
    port = s_server(start, certs, "server", "-Verify", "5", "-CAfile", certs.path("root", "crt"), "-verify_return_error")
    url = f"https://127.0.0.1:{port}"
    assert diagnose(mutual, url, *trust(certs), *client(certs, "client-by-mid", ["mid"]))["verdict"] == "ok"
    report = diagnose(mutual, url, *trust(certs), *client(certs, "client-by-mid"))
    assert errors(report) == [("chain-missing-intermediate", "client")], report
    port = s_server(start, certs, "server", "-Verify", "5", "-verify_depth", "0", "-CAfile", certs.path("root", "crt"), "-verify_return_error")
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs), *client(certs, "client-by-mid", ["mid"]))
    assert errors(report) == [("verify-depth-too-small", "server")], report


def test_client_key_type(mutual, certs, start):
    port = s_server(start, certs, "server", "-Verify", "5", "-CAfile", certs.path("root", "crt"), "-client_sigalgs", "RSA-PSS+SHA256")
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs), *client(certs, "client"))
    assert errors(report) == [("keytype-mismatch", "client")], report


# ---- ports that do not speak TLS ----

class Port:
    """Greets, waits for something, answers, closes. None: nothing of the kind."""

    def __init__(self, greeting=None, answer=None, *, close=True, reset=False):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self._plan = greeting, answer, close, reset
        self._held = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        greeting, answer, close, reset = self._plan
        if greeting:
            connection.sendall(greeting)
        heard = connection.recv(4096) if answer or not greeting else b""
        reply = answer(heard) if callable(answer) else answer
        if reply:
            connection.sendall(reply)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if close and not greeting:
            connection.close()
        else:
            self._held.append(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self._held:
            connection.close()


def only_ssl_request(heard):
    return b"N" if heard.startswith(b"\0\0\0\x08\x04\xd2\x16\x2f") else b""


def only_http(heard):
    return b"HTTP/1.0 200 OK\r\n\r\n" if heard.startswith(b"GET") else b""


@pytest.mark.parametrize("plan, code, said", [
    ({"answer": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, "tls-to-plaintext-port", "HTTP"),
    ({"greeting": b"220 mx.test ESMTP Postfix\r\n"}, "tls-to-plaintext-port", "SMTP"),
    ({"greeting": b"220 (vsFTPd 3.0.3)\r\n"}, "tls-to-plaintext-port", "FTP"),
    ({"greeting": b"+OK POP3 ready\r\n"}, "tls-to-plaintext-port", "POP3"),
    ({"greeting": b"* OK IMAP4rev1 ready\r\n"}, "tls-to-plaintext-port", "IMAP"),
    ({"greeting": b"SSH-2.0-OpenSSH_9.2\r\n"}, "tls-to-plaintext-port", "SSH"),
    ({"greeting": b"J\0\0\0\n8.0.36\0"}, "tls-to-plaintext-port", "MySQL"),
    ({"answer": only_ssl_request}, "tls-to-plaintext-port", "PostgreSQL"),
    ({"answer": only_http}, "tls-to-plaintext-port", "HTTP"),
    ({"close": False}, "handshake-timeout", "no answer in time"),
    ({}, "peer-closed", "without a word"),
    ({"reset": True}, "peer-closed", "broken"),
    ({"answer": b"\x15\x03\x03\x00\x02\x02\x28", "close": False}, "keystore-no-private-key", "handshake_failure"),
])
def test_ports_without_tls(mutual, plan, code, said):
    with Port(**plan) as port:
        report = diagnose(mutual, port.url)
    assert report["findings"][0]["code"] == code, report
    assert any(said in line for line in report["findings"][0]["evidence"]), report


def test_not_reached(mutual):
    assert errors(diagnose(mutual, f"https://127.0.0.1:{net.free_port()}")) == [("connection-refused", "server")]
    assert errors(diagnose(mutual, "https://no-such-host.invalid:8443")) == [("name-not-resolved", "client")]
