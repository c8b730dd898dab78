"""mutual doctor --url: misconfigured servers of several makes, each diagnosed; and healthy ones, with which nothing is wrong."""
import email.utils
import json
import os
import shutil
import socket
import ssl
import threading
import time

import pytest

from lab import four_stores, net, proc, store_pairs

pytestmark = pytest.mark.time_limit(120)


def diagnose(mutual, url, *args, env=None):
    """The answer in JSON; the exit status agrees with it."""
    result = mutual("doctor", "--url", url, "--json", "--connect-timeout", "2", *args, env=env)
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


def test_presented_root_into_a_store(mutual, certs, start, tmp_path):
    port = s_server(start, certs, "foreign", "-cert_chain", certs.path("other-root", "crt"))
    store = tmp_path / "it's trust.p12"
    proc.run_ok([mutual.path, "keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", certs.path("root", "crt"), "-keystore", store,
                 "-storepass", "changeit"])
    args = ["--trust-store", store, "--trust-store-password", "changeit"]
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *args)
    command = report["findings"][0]["command"].replace("mutual keytool", f"{mutual.path} keytool")
    assert "changeit" not in json.dumps(report)
    proc.run_ok(["sh", "-c", command], cwd=tmp_path, input="changeit\nyes\n")
    assert diagnose(mutual, f"https://127.0.0.1:{port}", *args)["verdict"] == "ok"


def test_stores_that_cannot_be_used(mutual, certs, start):
    """They are findings, and the server is looked at all the same."""
    port = s_server(start, certs, "expired")
    report = diagnose(mutual, f"https://127.0.0.1:{port}", "--key-store", certs.path("client", "p12"), "--key-store-password", "wrong",
                      "--trust-store", "/nonexistent/trust.p12", "--trust-store-password", "changeit")
    assert errors(report) == [("store-wrong-password", "client"), ("store-not-found", "client"), ("cert-expired", "server")], report


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


@pytest.mark.parametrize("name, options, first", [
    (None, ["-psk", "00112233445566778899aabbccddeeff", "-nocert"], "keystore-no-private-key"),
    ("server", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "cipher-keytype-mismatch"),
    ("rsa2048", ["-sigalgs", "ECDSA+SHA256"], "keystore-no-private-key"),
])
def test_nothing_is_accepted(mutual, weak, start, name, options, first):
    """Several causes remain, none of them with confidence."""
    port = s_server(start, weak, name, *options)
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(weak))
    codes = [finding["code"] for finding in report["findings"]]
    assert codes[0] == first, report
    assert {"keystore-no-private-key", "cipher-keytype-mismatch", "sigalg-mismatch"} <= set(codes), report
    if name != "server":
        assert codes[1] == "sigalg-mismatch", report
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
        report = diagnose(mutual, port.url, "--connect-timeout", "1")
    assert report["findings"][0]["code"] == code, report
    assert any(said in line for line in report["findings"][0]["evidence"]), report


class DropsLarge(Port):
    """Passes on what fits into one packet, and loses the rest, as some boxes do."""

    def __init__(self, target):
        self._target = target
        super().__init__()

    def _talk(self, connection):
        hello = connection.recv(65536)
        self._held.append(connection)
        if len(hello) > 1400:
            return
        server = socket.create_connection(("127.0.0.1", self._target))
        self._held.append(server)
        server.sendall(hello)
        threading.Thread(target=self._pump, args=(server, connection), daemon=True).start()
        self._pump(connection, server)

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_large_hello(mutual, certs, start):
    """An error if our own hello is a large one, with post-quantum groups; else a warning for those whose is."""
    with DropsLarge(s_server(start, certs, "server")) as port:
        report = diagnose(mutual, port.url, *trust(certs))
    assert [finding["code"] for finding in report["findings"]] == ["clienthello-too-large"], report


def test_not_reached(mutual):
    assert errors(diagnose(mutual, f"https://127.0.0.1:{net.free_port()}")) == [("connection-refused", "server")]
    assert errors(diagnose(mutual, "https://no-such-host.invalid:8443")) == [("name-not-resolved", "client")]


# ---- nginx, HAProxy, stunnel, a JVM: each one process with many ports ----

def program(*names):
    path = os.environ["PATH"] + ":/usr/sbin"
    found = next((full for name in names if (full := shutil.which(name, path=path))), None)
    return found or pytest.skip(f"no {names[0]}")


@pytest.fixture(scope="session")
def running():
    """Programs that are ended with the session."""
    processes = []

    def run(argv, **options):
        processes.append(proc.Process(argv, **options))
        return processes[-1]
    yield run
    for process in processes:
        process.stop()


def ports_for(*names):
    return {name: net.free_port() for name in names}


def urls(ports):
    for port in ports.values():
        net.wait_for_port(port)
    return {name: f"https://127.0.0.1:{port}" for name, port in ports.items()}


@pytest.fixture(scope="session")
def revoked(certs):
    """root's CRL, with the client's certificate."""
    database = certs.path("crl", "txt")
    serial = proc.run_ok(["openssl", "x509", "-in", certs.path("client", "crt"), "-noout", "-serial"]).out.strip().partition("=")[2]
    database.write_text(f"R\t350101000000Z\t200101000000Z\t{serial}\tunknown\t/CN=client\n")
    certs.path("crl", "cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\ndefault_md=sha256\ndefault_crl_days=30\n")
    proc.run_ok(["openssl", "ca", "-gencrl", "-config", certs.path("crl", "cnf"), "-cert", certs.path("root", "crt"), "-keyfile",
                 certs.path("root", "key"), "-out", certs.path("root", "crl")])
    return certs.path("root", "crl")


@pytest.fixture(scope="session")
def nginx(running, certs, revoked, tmp_path_factory):
    binary, folder = program("nginx"), tmp_path_factory.mktemp("nginx")
    pem = lambda name: f"ssl_certificate {certs.path(name, 'crt')}; ssl_certificate_key {certs.path(name, 'key')};"
    root, other = certs.path("root", "crt"), certs.path("other-root", "crt")
    servers = {
        "none": pem("server"),
        "need": f"{pem('server')} ssl_client_certificate {root}; ssl_verify_client on;",
        "want": f"{pem('server')} ssl_client_certificate {root}; ssl_verify_client optional;",
        "other-ca": f"{pem('server')} ssl_client_certificate {other}; ssl_verify_client on;",
        "depth": f"{pem('server')} ssl_client_certificate {root}; ssl_verify_client on; ssl_verify_depth 0;",
        "crl": f"{pem('server')} ssl_client_certificate {root}; ssl_verify_client on; ssl_crl {revoked};",
        "old": f"{pem('server')} ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;",
        "tls12": f"{pem('server')} ssl_protocols TLSv1.2;",
        "tls13": f"{pem('server')} ssl_protocols TLSv1.3;",
        "chain": f"ssl_certificate {certs.chain('by-mid', 'mid')}; ssl_certificate_key {certs.path('by-mid', 'key')};",
        "wrong-chain": f"ssl_certificate {certs.chain('by-mid', 'other-root')}; ssl_certificate_key {certs.path('by-mid', 'key')};",
        "403": pem("server") + " return 403;",
        "403-with-cert": f"{pem('server')} ssl_client_certificate {root}; ssl_verify_client on; return 403;",
    }
    ports = ports_for(*servers, "plain", "names", "strict")
    listen = lambda name, tls="ssl": f"listen 127.0.0.1:{ports[name]} {tls};"
    answer = 'location / { return 200 "hello"; }'
    blocks = [f"server {{ {listen(name)} {text} {'' if 'return' in text else answer} }}" for name, text in servers.items()]
    blocks += [f"server {{ {listen('plain', '')} {answer} }}",
               f"server {{ {listen('names', 'ssl default_server')} {pem('elsewhere')} {answer} }}",
               f"server {{ {listen('names')} server_name server.test; {pem('no-ip')} {answer} }}",
               f"server {{ {listen('strict', 'ssl default_server')} ssl_reject_handshake on; }}",
               f"server {{ {listen('strict')} server_name server.test; {pem('server')} {answer} }}"]
    config = folder / "nginx.conf"
    config.write_text(f"""daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
        uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
        {"".join(blocks)} }}""")
    running([binary, "-c", config, "-p", folder])
    return urls(ports)


def by_name(url, name):
    """The same server by this name."""
    port = url.rpartition(":")[2]
    return [f"https://{name}:{port}", "--resolve", f"{name}:{port}:127.0.0.1"]


def good_client(certs):
    return [*trust(certs), *client(certs, "client")]


@pytest.mark.parametrize("server, with_cert, expected, other", [
    ("none", True, [("server-does-not-request", "server")], []),
    ("need", False, [("client-cert-not-sent", "client")], []),
    ("want", True, [], ["client-auth-optional"]),
    ("want", False, [], ["client-auth-optional"]),
    ("other-ca", True, [("client-ca-not-trusted", "server")], []),
    ("crl", True, [("cert-revoked", "client")], []),
    ("old", False, [("protocol-version-mismatch", "server")], []),
    ("plain", False, [("tls-to-plaintext-port", "client")], []),
    ("wrong-chain", False, [("chain-missing-intermediate", "server")], ["chain-order-wrong"]),
    ("names", False, [("ip-san-missing", "server")], []),
    ("strict", False, [("sni-missing", "client")], []),
    ("403-with-cert", True, [("server-refuses-all", "server")], []),
])
def test_nginx(mutual, certs, nginx, server, with_cert, expected, other):
    report = diagnose(mutual, nginx[server], *(good_client(certs) if with_cert else trust(certs)))
    assert (errors(report), warnings(report)) == (expected, other), report


def test_nginx_depth(mutual, certs, nginx):
    report = diagnose(mutual, nginx["depth"], *trust(certs), *client(certs, "client-by-mid", ["mid"]))
    assert errors(report) == [("verify-depth-too-small", "server")], report
    assert errors(diagnose(mutual, nginx["need"], *trust(certs), *client(certs, "client-expired"))) == [("cert-expired", "client")]


def test_nginx_by_name(mutual, certs, nginx):
    unknown = diagnose(mutual, *by_name(nginx["strict"], "unknown.test"), *trust(certs))
    assert errors(unknown) == [("sni-unrecognized", "server")], unknown
    default = diagnose(mutual, *by_name(nginx["names"], "unknown.test"), *trust(certs))
    assert errors(default) == [("hostname-mismatch", "server")], default
    for name in ("strict", "names"):
        assert diagnose(mutual, *by_name(nginx[name], "server.test"), *trust(certs))["verdict"] == "ok"
        assert diagnose(mutual, nginx[name], "--sni", "server.test", *trust(certs))["verdict"] == "ok"


@pytest.mark.parametrize("server, with_cert", [("none", False), ("need", True), ("tls12", False), ("tls13", False), ("chain", False),
                                               ("403", False), ("depth", True)])
def test_healthy_nginx(mutual, certs, nginx, server, with_cert):
    report = diagnose(mutual, nginx[server], *(good_client(certs) if with_cert else trust(certs)))
    assert (report["verdict"], report["findings"]) == ("ok", []), report


@pytest.fixture(scope="session")
def haproxy(running, certs, tmp_path_factory):
    binary, folder = program("haproxy"), tmp_path_factory.mktemp("haproxy")
    pem = folder / "server.pem"
    pem.write_bytes(certs.path("server", "crt").read_bytes() + certs.path("server", "key").read_bytes())
    root, other, crt = certs.path("root", "crt"), certs.path("other-root", "crt"), f"ssl crt {pem}"
    binds = {"none": crt, "need": f"{crt} verify required ca-file {root}", "want": f"{crt} verify optional ca-file {root}",
             "other-ca": f"{crt} verify required ca-file {other}", "strict": f"{crt} strict-sni", "plain": "",
             "tls12": f"{crt} verify required ca-file {root} force-tlsv12", "nobody": f"{crt}"}
    ports = ports_for(*binds)
    lines = ["defaults", "  mode http", "  timeout connect 5s", "  timeout client 5s", "  timeout server 5s"]
    for name, words in binds.items():
        answer = "http-request return status 200 content-type text/plain string hello" if name != "nobody" else "default_backend nobody"
        lines += [f"frontend {name}", f"  bind 127.0.0.1:{ports[name]} {words}", f"  {answer}"]
    lines += ["backend nobody", f"  server none 127.0.0.1:{net.free_port()}"]
    config = folder / "haproxy.cfg"
    config.write_text("\n".join(lines) + "\n")
    running([binary, "-f", config, "-db"])
    return urls(ports)


@pytest.mark.parametrize("server, with_cert, expected, other", [
    ("none", True, [("server-does-not-request", "server")], []),
    ("need", False, [("client-cert-not-sent", "client")], []),
    ("tls12", False, [("client-cert-not-sent", "client")], []),
    ("want", True, [], ["client-auth-optional"]),
    ("other-ca", True, [("client-ca-not-trusted", "server")], []),
    ("strict", False, [("sni-missing", "client")], []),
    ("plain", False, [("tls-to-plaintext-port", "client")], []),
])
def test_haproxy(mutual, certs, haproxy, server, with_cert, expected, other):
    report = diagnose(mutual, haproxy[server], *(good_client(certs) if with_cert else trust(certs)))
    assert (errors(report), warnings(report)) == (expected, other), report


def test_haproxy_and_bad_clients(mutual, certs, haproxy):
    for name, expected in [("client-expired", ("cert-expired", "client")), ("client-no-eku", ("eku-missing-clientauth", "client")),
                           ("foreign-client", ("client-ca-not-trusted", "server"))]:
        report = diagnose(mutual, haproxy["need"], *trust(certs), *client(certs, name))
        assert errors(report) == [expected], (name, report)


@pytest.mark.parametrize("server, with_cert", [("none", False), ("need", True), ("tls12", True), ("nobody", False)])
def test_healthy_haproxy(mutual, certs, haproxy, server, with_cert):
    report = diagnose(mutual, haproxy[server], *(good_client(certs) if with_cert else trust(certs)))
    assert (report["verdict"], report["findings"]) == ("ok", []), report
    assert diagnose(mutual, *by_name(haproxy["strict"], "server.test"), *trust(certs))["verdict"] == "ok"


@pytest.fixture(scope="session")
def stunnel(running, certs, nginx, jvm, tmp_path_factory):
    """TLS ends here; what is behind expects TLS (an HTTP server and one that says it in TLS), or does not."""
    binary, folder = program("stunnel4", "stunnel"), tmp_path_factory.mktemp("stunnel")
    targets = {"tls": jvm["need"].rpartition(":")[2], "nginx-tls": nginx["need"].rpartition(":")[2], "nginx-plain": nginx["plain"].rpartition(":")[2]}
    ports = ports_for(*targets, "client")
    config = folder / "stunnel.conf"
    config.write_text("foreground = yes\npid =\n" + "".join(
        f"[{name}]\naccept = 127.0.0.1:{ports[name]}\nconnect = 127.0.0.1:{target}\ncert = {certs.path('server', 'crt')}\n"
        f"key = {certs.path('server', 'key')}\n" for name, target in targets.items()) +
        f"[client]\nclient = yes\naccept = 127.0.0.1:{ports['client']}\nconnect = 127.0.0.1:{nginx['none'].rpartition(':')[2]}\n")
    running([binary, config])
    return urls(ports)


@pytest.mark.parametrize("server, with_cert, expected", [
    ("tls", True, [("tls-terminated-upstream", "server")]),
    ("nginx-tls", True, [("tls-terminated-upstream", "server")]),
    ("nginx-tls", False, [("tls-terminated-upstream", "server")]),
    ("nginx-plain", True, [("server-does-not-request", "server")]),
    ("client", False, [("tls-to-plaintext-port", "client")]),
    ("nginx-plain", False, []),
])
def test_stunnel(mutual, certs, stunnel, server, with_cert, expected):
    report = diagnose(mutual, stunnel[server], *(good_client(certs) if with_cert else trust(certs)))
    assert errors(report) == expected, report


@pytest.fixture(scope="session")
def jvm(running, certs, jdk, peer_classes):
    """PeerServer on many ports."""
    key, password = certs.path("server", "p12"), "changeit"
    jvm_trust, other = certs.path("live-trust", "p12"), certs.path("live-other-trust", "p12")
    for store, name in ((jvm_trust, "root"), (other, "other-root")):  # by our keytool, for its speed
        proc.run_ok([os.environ["MUTUAL"], "keytool", "-importcert", "-noprompt", "-trustcacerts", "-alias", "ca", "-file",
                     certs.path(name, "crt"), "-keystore", store, "-storepass", password])
    servers = {"need": (jvm_trust, "need"), "want": (jvm_trust, "want"), "none": (jvm_trust, "none"), "other-ca": (other, "need"),
               "need-tls12": (jvm_trust, "need", "TLSv1.2"), "other-ca-tls12": (other, "need", "TLSv1.2")}
    ports, words = ports_for(*servers, "no-key"), []
    for name, (trust_store, *rest) in servers.items():
        words += ["+", ports[name], key, password, trust_store, password, *rest]
    words += ["+", ports["no-key"], jvm_trust, password, jvm_trust, password, "none"]
    running(jdk.java("PeerServer", *words[1:], classes=peer_classes)).wait_for("LISTENING", count=len(ports))
    return {name: f"https://127.0.0.1:{port}" for name, port in ports.items()}


@pytest.mark.parametrize("server, with_cert, expected, other", [
    ("need", False, [("client-cert-not-sent", "client")], []),
    ("need-tls12", False, [("client-cert-not-sent", "client")], []),
    ("want", True, [], ["client-auth-optional"]),
    ("none", True, [("server-does-not-request", "server")], []),
    ("other-ca", True, [("client-ca-not-trusted", "server")], []),
    ("other-ca-tls12", True, [("client-ca-not-trusted", "server")], []),
    ("no-key", False, [("keystore-no-private-key", "server")], []),
])
def test_jvm(mutual, certs, jvm, server, with_cert, expected, other):
    report = diagnose(mutual, jvm[server], *(good_client(certs) if with_cert else trust(certs)))
    assert (errors(report), warnings(report)) == (expected, other), report


@pytest.mark.parametrize("server, with_cert", [("none", False), ("need", True), ("need-tls12", True)])
def test_healthy_jvm(mutual, certs, jvm, server, with_cert):
    report = diagnose(mutual, jvm[server], *(good_client(certs) if with_cert else trust(certs)))
    assert (report["verdict"], report["findings"]) == ("ok", []), report


def ours(mutual, certs, *args):
    server = mutual.start("serve", "--listen", "127.0.0.1:0", "--certificate", certs.path("server", "crt"), "--certificate-private-key",
                          certs.path("server", "key"), *args)
    return server.wait_for(r"listening on (\S+)")[1]


def test_our_server(mutual, certs):
    need = ours(mutual, certs, *trust(certs))
    want = ours(mutual, certs, *trust(certs), "--client-auth", "want")
    none = ours(mutual, certs, "--client-auth", "none")
    pinned = ours(mutual, certs, "--trust-certificate", certs.path("client", "crt"))
    healthy = [(need, good_client(certs)), (none, trust(certs)), (pinned, good_client(certs)),
               (need, [*trust(certs), *client(certs, "client-by-mid", ["mid"])])]
    for url, args in healthy:
        report = diagnose(mutual, url, *args)
        assert (report["verdict"], report["findings"]) == ("ok", []), report
    assert warnings(diagnose(mutual, want, *good_client(certs))) == ["client-auth-optional"]
    assert errors(diagnose(mutual, none, *good_client(certs))) == [("server-does-not-request", "server")]
    assert errors(diagnose(mutual, need, *trust(certs))) == [("client-cert-not-sent", "client")]
    assert errors(diagnose(mutual, need, *trust(certs), *client(certs, "client-expired"))) == [("cert-expired", "client")]
    assert errors(diagnose(mutual, pinned, *trust(certs), *client(certs, "foreign-client"))) == [("client-ca-not-trusted", "server")]


# ---- clocks, and servers of other kinds ----

class Clocked:
    """An HTTPS server whose Date is off by so many seconds."""

    def __init__(self, certs, name, off_s):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs.path(name, "crt"), certs.path(name, "key"))
        self.off_s = off_s
        self.listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while self.listener.fileno() >= 0:
            try:
                connection, _ = self.listener.accept()
                connection.recv(4096)
                date = email.utils.formatdate(time.time() + self.off_s, usegmt=True)
                connection.sendall(f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())
                connection.close()
            except OSError:
                continue

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@pytest.mark.parametrize("name, off_s, expected, other", [
    ("server", 0, [], []),
    ("server", 7200, [], ["clock-skew"]),
    ("server", -90000, [], ["clock-skew"]),
    ("future", 20 * 86400, [("clock-skew", "client")], []),
    ("future", 0, [("cert-not-yet-valid", "server")], []),
    ("expired", -7 * 86400, [("clock-skew", "client")], []),
    ("expired", -30, [("cert-expired", "server")], []),
    ("soon", 0, [], ["cert-expired"]),
])
def test_clocks(mutual, certs, name, off_s, expected, other):
    with Clocked(certs, name, off_s) as server:
        report = diagnose(mutual, server.url, *trust(certs))
    assert (errors(report), warnings(report)) == (expected, other), report


def test_by_another_time(mutual, certs, start):
    port = s_server(start, certs, "future")
    then = str(int(time.time()) + 12 * 86400)
    assert diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs), "--at", then)["verdict"] == "ok"


@pytest.mark.parametrize("options", [["-alpn", "h2"], ["-tls1_2", "-no_ticket"], ["-groups", "P-521"], ["-num_tickets", "0"], ["-rev"],
                                     ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"]])
def test_healthy_s_server(mutual, certs, start, options):
    """Also one that does not speak HTTP and one that speaks HTTP/2 only."""
    port = s_server(start, certs, "server", *options, www="-rev" not in options)
    report = diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs))
    assert (report["verdict"], report["findings"]) == ("ok", []), report


@pytest.mark.parametrize("algorithm", ["ed25519", "ed448", "rsa:2048", "ec:secp521r1"])
def test_healthy_keys(mutual, start, tmp_path, algorithm):
    kind, _, curve = algorithm.partition(":")
    words = ["ec", "-pkeyopt", f"ec_paramgen_curve:{curve}"] if kind == "ec" else [algorithm]
    proc.run_ok(["openssl", "req", "-x509", "-newkey", *words, "-nodes", "-subj", "/CN=any", "-addext", "basicConstraints=critical,CA:FALSE",
                 "-addext", "subjectAltName=DNS:*.server.test", "-keyout", tmp_path / "key", "-out", tmp_path / "crt"])
    port = net.free_port()
    start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", tmp_path / "key", "-cert", tmp_path / "crt", "-www"]).wait_for("ACCEPT")
    report = diagnose(mutual, *by_name(f"https://127.0.0.1:{port}", "a.server.test"), "--trust-certificate", tmp_path / "crt")
    assert (report["verdict"], report["findings"]) == ("ok", []), report


def test_ipv6(mutual, certs, start):
    port = net.free_port("::1")
    certs.issue("six", san=["ip:::1"])
    start(["openssl", "s_server", "-accept", f"[::1]:{port}", "-key", certs.path("six", "key"), "-cert", certs.path("six", "crt"),
           "-www"]).wait_for("ACCEPT")
    assert diagnose(mutual, f"https://[::1]:{port}", *trust(certs))["verdict"] == "ok"


def test_bounds(mutual, certs, start):
    """A healthy server sees few connections; a silent one costs no more than the time that is granted."""
    port = s_server(start, certs, "server")
    # the second one brings a large hello, if the first one was not: OpenSSL 3.5 offers ML-KEM
    seen = "over 1 connection" if ssl.OPENSSL_VERSION_INFO >= (3, 5) else "over 2 connections"
    assert diagnose(mutual, f"https://127.0.0.1:{port}", *trust(certs))["notes"][-1].endswith(seen)
    with Port(close=False) as silent:
        began = time.monotonic()
        report = diagnose(mutual, silent.url, "--max-time", "1")
        assert time.monotonic() - began < 3 and report["findings"][0]["code"] == "handshake-timeout", report


def test_usage(mutual):
    assert mutual("doctor").status == 2
    for url in ("http://127.0.0.1:80/", "https://user@host/", "127.0.0.1:port"):
        assert mutual("doctor", "--url", url).status == 2, url
    for url in ("https://user:s3cret@host/", "http://user:s3c@ret@host/", "user:s3cret@host"):
        done = mutual("doctor", "--url", url)
        assert done.status == 2 and "s3c" not in done.err and "host" in done.err, done


# ---- the stores of generated sets, behind openssl s_server ----

def serve_set(start, folder, world):
    """A port where openssl serves the server's stores of the set; None if it cannot."""
    words = store_pairs._pem_files(folder, world, "server")
    if not words:
        return None
    port = net.free_port()
    server = start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-Verify", "9", "-www", *words])
    try:
        server.wait_for("ACCEPT")
    except AssertionError:
        return None
    return port


def client_words(world):
    side, words = world.sides["client"], []
    for which in ("key", "trust"):
        words += [f"--{which}-store", side.names[which]]
        if side.formats[which] != "pem":
            words += [f"--{which}-store-password", f"pass:{side.given[which]}"]
    return words


def test_generated_sets(mutual, start, rng, long_run, tmp_path):
    """Faults of certificates and chains, as they show in a connection; of the rest a server knows nothing."""
    # OpenSSL's servers take such a client
    names = [name for name, one in sorted(four_stores.FAULTS.items())
             if one.place in ("leaf", "path", "ca") and name != "leaf-with-key-agreement-only"]
    wrong, seen = [], 0
    for i, name in enumerate(names * 3 if long_run else rng.sample(names, 10)):
        world, faults, expected = four_stores.make(rng, [name])
        folder = tmp_path / str(i)
        world.write(folder)
        port = serve_set(start, folder, world)
        if port is None:
            continue
        seen += 1
        host = world.host
        result = mutual("doctor", "--json", "--url", f"https://{host}:{port}", "--resolve", f"{host}:{port}:127.0.0.1", *client_words(world),
                        cwd=folder)
        found = {code for code, _ in errors(json.loads(result.out))}
        if found != set(expected):
            wrong.append(f"{faults}: expected {expected}: {result}")
    assert seen > 5 and not wrong, "\n".join(wrong)


def test_sni_is_a_name(mutual):
    for name in ("a b", "", "..", "a..b", "\u00e9.test", "a/b", "x" * 300):
        answer = mutual("doctor", "--json", "--url", "https://127.0.0.1:1", "--sni", name)
        assert answer.status == 2 and "is no host name" in json.loads(answer.out)["error"]["message"], answer
