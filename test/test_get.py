"""mutual get against servers that we did not write: openssl s_server, a JVM, nginx, and sockets that misbehave."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import threading

import pytest

from lab import net, proc

VERSIONS = ["1.2", "1.3"]
PASSWORD = "pass:changeit"


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="session")
def get_pki(pki):
    """Faults of the guide's table."""
    pki.issue("get-expired", usage="client", days=1, starts_days_ago=5)
    pki.issue("get-wrong-eku", usage="server", san=["dns:client.test"])
    pki.issue("get-stranger", issuer="other-root", usage="client")
    pki.issue("get-server-expired", usage="server", san=["ip:127.0.0.1"], days=1, starts_days_ago=5)
    pki.issue("get-server-eku", usage="client", san=["ip:127.0.0.1"])
    for name in ("get-expired", "get-wrong-eku", "get-server-expired", "get-server-eku"):
        pki.key_store(name)
    pki.key_store("get-stranger", chain=["other-root"])
    return pki


@pytest.fixture
def s_server(start, pki):
    """openssl s_server; the URL it answers at."""
    def run(*options, cert="server", client_ca="root", verify="-Verify"):
        port = net.free_port()
        auth = [verify, "3", "-verify_return_error", "-CAfile", pki.path(client_ca, "crt")] if verify else []
        start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", pki.path(cert, "crt"), "-key", pki.path(cert, "key"), *auth,
               "-www", "-quiet", *options])
        net.wait_for_port(port)
        return f"https://127.0.0.1:{port}/"
    return run


@pytest.fixture
def java_server(start, get_pki, jvm_trust, peer_classes, jdk25):
    def run(mode, version, key="server"):
        args = [0, get_pki.path(key, "p12"), "changeit", jvm_trust, "changeit", mode, f"TLSv{version}"]
        server = start(jdk25.java("PeerServer", *args, classes=peer_classes))
        return server, f"https://127.0.0.1:{server.wait_for('^LISTENING ([0-9]+)$')[1]}/"
    return run


def versions(version):
    return ["--tls-min", version, "--tls-max", version]


def trust(pki, name="root"):
    return ["--trust-certificate", pki.path(name, "crt")]


def identity(pki, name="client"):
    return ["--key-store", pki.path(name, "p12"), "--key-store-password", PASSWORD]


def report(mutual, *args):
    """The JSON report and the exit status."""
    result = mutual("get", "--report", "json", *args)
    assert "\x1b" not in result.out + result.err
    return json.loads(result.out), result.status


def check_refused_by_peer(mutual, url, alert, candidate, *args):
    seen, status = report(mutual, url, *args)
    assert (seen["error"]["code"], seen["error"]["by"], status) == ("peer-refused", "peer", 5), seen
    assert seen["tls"]["alert"] == {"number": alert[0], "name": alert[1], "sent": False}
    assert candidate in seen["tls"]["candidates"]
    assert seen["status"] is None
    return seen


def check_refused_by_us(mutual, url, code, alert, *args):
    seen, status = report(mutual, url, *args)
    assert (seen["error"]["code"], seen["error"]["by"], status) == (code, "us", 4), seen
    assert seen["tls"]["alert"] == {"number": alert[0], "name": alert[1], "sent": True}
    return seen


# ---- the guide's table against OpenSSL ----

def test_accepted(mutual, s_server, pki, version):
    url = s_server()
    result = mutual("get", url, *trust(pki), *identity(pki), *versions(version))
    assert result.status == 0 and "s_server" in result.out and result.err == "", result
    seen, status = report(mutual, url, *trust(pki), *identity(pki), *versions(version))
    assert status == 0 and seen["status"] == 200 and seen["error"] is None
    assert seen["tls"]["version"] == f"TLSv{version}" and seen["tls"]["confirmed"] and seen["tls"]["identity_sent"]
    assert seen["tls"]["peer"]["subject"] == "CN=server, O=Test"


def test_pem_identity(mutual, s_server, pki):
    result = mutual("get", s_server(), *trust(pki), "--certificate", pki.path("client", "crt"), "--certificate-private-key",
                    pki.path("client", "key"))
    assert result.status == 0, result


CLIENT_FAULTS = [
    ("get-expired", "root", (45, "certificate_expired"), "cert-expired"),
    ("get-wrong-eku", "root", (43, "unsupported_certificate"), "eku-missing-clientauth"),
    ("get-stranger", "root", (48, "unknown_ca"), "client-ca-not-trusted"),
    ("client", "other-root", (48, "unknown_ca"), "client-ca-not-trusted"),
]


@pytest.mark.parametrize("name, client_ca, alert, candidate", CLIENT_FAULTS)
def test_client_is_refused(mutual, s_server, get_pki, version, name, client_ca, alert, candidate):
    url = s_server(client_ca=client_ca)
    seen = check_refused_by_peer(mutual, url, alert, candidate, *trust(get_pki), *identity(get_pki, name), *versions(version))
    assert seen["tls"]["identity_sent"]


def test_no_identity(mutual, s_server, pki, version):
    alert = (116, "certificate_required") if version == "1.3" else (40, "handshake_failure")
    seen = check_refused_by_peer(mutual, s_server(), alert, "client-cert-not-sent", *trust(pki), *versions(version))
    assert seen["tls"]["candidates"] == ["client-cert-not-sent"]
    assert seen["tls"]["cert_requested"] and not seen["tls"]["identity_sent"]


SERVER_FAULTS = [
    ("get-server-expired", "root", "cert-expired", (45, "certificate_expired")),
    ("get-server-eku", "root", "eku-missing-serverauth", (43, "unsupported_certificate")),
    ("server", "other-root", "ca-not-trusted", (48, "unknown_ca")),
]


@pytest.mark.parametrize("cert, root, code, alert", SERVER_FAULTS)
def test_server_is_refused(mutual, s_server, get_pki, version, cert, root, code, alert):
    check_refused_by_us(mutual, s_server(cert=cert), code, alert, *trust(get_pki, root), *identity(get_pki), *versions(version))


def test_names(mutual, s_server, pki, version):
    port = s_server().rsplit(":", 1)[1]
    args = [*trust(pki), *identity(pki), *versions(version)]
    for name in ("localhost", "server.test", "SERVER.test", "server.test."):
        seen, status = report(mutual, f"https://{name}:{port}", "--resolve", f"{name}:{port.rstrip('/')}:127.0.0.1", *args)
        assert status == 0 and seen["status"] == 200, seen
    check_refused_by_us(mutual, f"https://other.test:{port}", "hostname-mismatch", (42, "bad_certificate"), "--resolve",
                        f"other.test:{port.rstrip('/')}:127.0.0.1", *args)
    check_refused_by_us(mutual, f"https://127.0.0.2:{port}", "ip-san-missing", (42, "bad_certificate"), "--resolve",
                        f"127.0.0.2:{port.rstrip('/')}:127.0.0.1", *args)


def test_want_and_none(mutual, s_server, pki):
    for verify in ("-verify", None):
        url = s_server(verify=verify)
        seen, status = report(mutual, url, *trust(pki))
        assert status == 0 and seen["status"] == 200 and seen["tls"]["cert_requested"] == (verify is not None), seen
    seen, _ = report(mutual, url, *trust(pki), *identity(pki))
    assert "did not ask" in seen["tls"]["identity_note"]


# ---- parameters ----

def test_parameters(mutual, s_server, pki):
    old = s_server("-tls1_2", verify=None)
    assert report(mutual, old, *trust(pki))[1] == 0
    check_refused_by_peer(mutual, old, (70, "protocol_version"), "protocol-version-mismatch", *trust(pki), "--tls-min", "1.3")
    suite = s_server("-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384", verify=None)
    assert report(mutual, suite, *trust(pki), "--ciphers", "TLS_AES_256_GCM_SHA384")[0]["tls"]["cipher"] == "TLS_AES_256_GCM_SHA384"
    check_refused_by_peer(mutual, suite, (40, "handshake_failure"), "cipher-mismatch", *trust(pki), "--ciphers", "TLS_AES_128_GCM_SHA256")
    group = s_server("-tls1_3", "-groups", "P-384", verify=None)
    assert report(mutual, group, *trust(pki), "--groups", "secp384r1")[0]["tls"]["group"] == "secp384r1"
    check_refused_by_peer(mutual, group, (40, "handshake_failure"), "named-group-mismatch", *trust(pki), "--groups", "x25519")


def test_revoked(mutual, s_server, pki, tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    import datetime
    root, key = pki._issued["root"]
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)

    def crl(name, *revoked, next_day=7):
        builder = x509.CertificateRevocationListBuilder().issuer_name(root.subject).last_update(now - datetime.timedelta(days=9))
        builder = builder.next_update(now + datetime.timedelta(days=next_day))
        for cert in revoked:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(cert.serial_number)
                                                      .revocation_date(now - datetime.timedelta(days=1)).build())
        path = tmp_path / name
        path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    url = s_server(verify=None)
    server = pki._issued["server"][0]
    assert report(mutual, url, *trust(pki), "--crl", crl("none.pem"))[1] == 0
    check_refused_by_us(mutual, url, "cert-revoked", (44, "certificate_revoked"), *trust(pki), "--crl", crl("revoked.pem", server))
    check_refused_by_us(mutual, url, "crl-expired", (45, "certificate_expired"), *trust(pki), "--crl", crl("old.pem", next_day=-1))
    assert report(mutual, url, *trust(pki), "--crl", pki.path("root", "crt"))[1] == 3


# ---- a JVM as server ----

def test_java(mutual, java_server, get_pki, version):
    server, url = java_server("need", version)
    seen, status = report(mutual, url, *trust(get_pki), *identity(get_pki))
    assert status == 0 and seen["status"] == 200, seen
    server.wait_for("^ACCEPTED CN=client,O=Test$")
    alert = (116, "certificate_required") if version == "1.3" else (40, "handshake_failure")
    for _ in range(5):
        check_refused_by_peer(mutual, url, alert, "client-cert-not-sent", *trust(get_pki))
    for name, candidate in (("get-stranger", "client-ca-not-trusted"), ("get-expired", "cert-expired"),
                            ("get-wrong-eku", "eku-missing-clientauth")):
        seen = check_refused_by_peer(mutual, url, (46, "certificate_unknown"), candidate, *trust(get_pki), *identity(get_pki, name))
        assert seen["tls"]["candidates"][0] == candidate
    check_refused_by_us(mutual, url, "ca-not-trusted", (48, "unknown_ca"), *trust(get_pki, "other-root"))
    # In TLS 1.3 OpenSSL 3.0 sends this alert before it has switched to the handshake keys, and a JVM does not take it as one.
    server.wait_for("^REFUSED SSLHandshakeException: .*Received fatal alert: unknown_ca" if version == "1.2" else
                    "^REFUSED SSL(HandshakeException: .*Received fatal alert: unknown_ca|ProtocolException: Unexpected exception)")


# ---- the words of a Java client: the same runs by both ----

def java_line(jdk, peer_classes, url, properties):
    line = proc.run_ok(jdk.java("PeerClient", url, 1, properties=properties, classes=peer_classes)).out.splitlines()[0]
    return line.removesuffix(" (connect failed)")  # so some builds of JDK 25, not all


def test_same_words_as_java(mutual, s_server, get_pki, jvm_trust, jdk25, peer_classes, tmp_path):
    trusting = {"javax.net.ssl.trustStore": jvm_trust, "javax.net.ssl.trustStorePassword": "changeit",
                "javax.net.ssl.trustStoreType": "PKCS12"}
    full = trusting | {"javax.net.ssl.keyStore": get_pki.path("client", "p12"), "javax.net.ssl.keyStorePassword": "changeit",
                       "javax.net.ssl.keyStoreType": "PKCS12"}
    wrong = get_pki.trust_store(jdk25, tmp_path / "get-wrong-trust.p12", "other-root")
    good, refused = s_server(), "http://127.0.0.1"
    port = good.rsplit(":", 1)[1].rstrip("/")
    cases = [
        (good, full, 0), (good, trusting, 5), (good, {}, 4),
        (good, trusting | {"javax.net.ssl.trustStore": wrong}, 4),
        (f"https://127.0.0.2:{port}/", full, 6),
        (s_server("-tls1_2"), trusting, 5),
        (s_server(cert="get-server-expired"), full, 4),
        (s_server(cert="get-server-eku"), full, 4),
    ]
    for url, properties, status in cases:
        result = mutual("get", "--report", "jsse", url, *[f"-D{name}={value}" for name, value in properties.items()])
        assert result.status == status, result
        assert result.out.rstrip("\n") == java_line(jdk25, peer_classes, url, properties), (url, properties, result)


# ---- properties ----

def test_properties(mutual, s_server, pki, jvm_trust):
    url = s_server(verify=None)
    base = [url, f"-Djavax.net.ssl.trustStore={jvm_trust}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    assert mutual("get", *base).status == 0
    assert report(mutual, *base, "-Djdk.tls.client.protocols=TLSv1.2")[0]["tls"]["version"] == "TLSv1.2"
    assert report(mutual, *base, "-Dhttps.protocols=TLSv1.2", "-Djdk.tls.client.protocols=TLSv1.3")[0]["tls"]["version"] == "TLSv1.2"
    assert report(mutual, *base, "-Djdk.tls.client.cipherSuites=TLS_AES_128_GCM_SHA256")[0]["tls"]["cipher"] == "TLS_AES_128_GCM_SHA256"
    assert report(mutual, *base, "-Djdk.tls.namedGroups=secp384r1,secp256r1")[0]["tls"]["group"] in ("secp384r1", "secp256r1")
    for ignored in ("javax.net.debug=record", "user.language=de", "jdk.tls.server.protocols=TLSv1.2"):
        result = mutual("get", *base, f"-D{ignored}")
        assert result.status == 0 and "property-ignored" in result.err and ignored.split("=")[0] in result.err, result
    for refused in ("com.sun.net.ssl.checkRevocation=true", "jdk.tls.client.disableExtensions=server_name",
                    "javax.net.ssl.keyStoreProvider=SunPKCS11", "javax.net.ssl.trustStorePasword=x", "jdk.tls.client.protocols=FOO"):
        result = mutual("get", *base, f"-D{refused}")
        assert result.status == 2 and refused.split("=")[0] in result.err and "config-invalid" in result.err, result
    assert "Did you mean -Djavax.net.ssl.trustStorePassword" in mutual("get", *base, "-Djavax.net.ssl.trustStorePasword=x").err
    assert mutual("get", *base, "-Dcom.sun.net.ssl.checkRevocation=false").status == 0


def test_property_stores(mutual, s_server, pki, jvm_trust, tmp_path):
    url = s_server()
    for properties, code in [
        ({"trustStore": tmp_path / "missing.p12"}, "store-not-found"),
        ({"trustStore": jvm_trust, "trustStorePassword": "wrong"}, "store-wrong-password"),
        ({"trustStore": jvm_trust}, "p12-read-without-password"),
        ({"trustStore": "NONE"}, "truststore-empty"),
        ({"trustStore": jvm_trust, "trustStorePassword": "changeit", "keyStore": jvm_trust, "keyStorePassword": "changeit"},
         "keystore-no-private-key"),
        ({"trustStore": pki.path("client", "p12"), "trustStorePassword": "changeit"}, "store-swapped"),
        ({"keyStore": jvm_trust, "keyStorePassword": "changeit", "trustStore": pki.path("client", "p12"), "trustStorePassword": "changeit"},
         "store-swapped"),
        ({"trustStore": jvm_trust, "trustStorePassword": "changeit", "trustStoreType": "JKS"}, None),
    ]:
        seen, status = report(mutual, url, *[f"-Djavax.net.ssl.{name}={value}" for name, value in properties.items()])
        if code:
            assert (seen["error"]["code"], status) == (code, 3), seen
        else:
            assert seen["tls"]["handshake_done"], seen


def test_default_trust(mutual, s_server, pki, tmp_path):
    """What nobody is told to trust is refused, also where there are no roots at all; JAVA_HOME's store comes first."""
    url = s_server(verify=None)
    empty = {"JAVA_HOME": tmp_path, "PATH": "/nonexistent", "SSL_CERT_FILE": None}
    result = mutual("get", "--report", "jsse", url, env=empty)
    assert result.status == 4 and "ca-not-trusted" in result.err and "PKIX path building failed" in result.out, result
    assert mutual("get", url, env=empty | {"SSL_CERT_FILE": pki.path("root", "crt")}).status == 0
    security = tmp_path / "lib/security"
    security.mkdir(parents=True)
    shutil.copy(pki.path("root", "crt"), security / "cacerts")
    assert mutual("get", url, env=empty).status == 0
    for store_type in ("JKS", "PKCS12"):  # as Debian has it, and as the JDK comes
        (security / "cacerts").unlink()
        assert mutual("keytool", "-importcert", "-noprompt", "-alias", "root", "-file", pki.path("root", "crt"), "-storetype", store_type,
                      "-keystore", security / "cacerts", "-storepass", "changeit").status == 0
        result = mutual("get", url, env=empty)
        assert result.status == 0 and "passed over" not in result.err, result
    shutil.copy(pki.path("other-root", "crt"), security / "jssecacerts")
    result = mutual("get", url, env=empty)
    assert result.status == 4 and "jssecacerts" in result.err, result


# ---- HTTP and the network ----

class Script(threading.Thread):
    """A TLS server that answers every connection with the same bytes, and keeps what it was asked."""

    def __init__(self, pki, answer, close_notify=True):
        super().__init__(daemon=True)
        import ssl
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki.path("server", "crt"), pki.path("server", "key"))
        self.answer, self.close_notify, self.asked = answer, close_notify, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.start()

    def run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
                conn = self.context.wrap_socket(plain, server_side=True)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += conn.recv(65536)
                length = re.search(rb"Content-Length: (\d+)", head)
                while length and len(head.split(b"\r\n\r\n", 1)[1]) < int(length[1]):
                    head += conn.recv(65536)
                self.asked.append(head)
                conn.sendall(self.answer)
                if self.close_notify:
                    conn.unwrap().close()
                else:
                    os.close(conn.detach())
            except OSError:
                if self.listener.fileno() < 0:
                    return


@pytest.fixture
def script(pki):
    made = []

    def run(answer, **options):
        made.append(Script(pki, answer, **options))
        return made[-1]
    yield run
    for server in made:
        server.listener.close()


@pytest.mark.parametrize("answer, body", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "no"),
    (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\nContent-Length: 0\r\n\r\n", ""),
])
def test_bodies(mutual, script, pki, answer, body):
    result = mutual("get", script(answer).url, *trust(pki))
    assert (result.status, result.out, result.err) == (0, body, ""), result


@pytest.mark.parametrize("answer, code", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "peer-closed"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", "peer-closed"),
    (b"HTTP/1.1 200", "peer-closed"),
    (b"", "peer-closed"),
    (b"garbage without end\r\n\r\n", "protocol-error"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "protocol-error"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n", "protocol-error"),
])
def test_broken_answers(mutual, script, pki, answer, code):
    seen, status = report(mutual, script(answer).url, *trust(pki))
    assert (seen["error"]["code"], status) == (code, 6), seen


def test_truncation_is_noticed(mutual, script, pki):
    """A body that ends with the connection must end with close_notify."""
    answer = b"HTTP/1.0 200 OK\r\n\r\nuntil the end"
    assert report(mutual, script(answer).url, *trust(pki))[1] == 0
    seen, status = report(mutual, script(answer, close_notify=False).url, *trust(pki))
    assert (seen["error"]["code"], status) == ("peer-closed", 6), seen


@pytest.mark.parametrize("code", [401, 403])
def test_refusal_by_http(mutual, script, pki, code):
    result = mutual("get", script(f"HTTP/1.1 {code} No\r\nContent-Length: 4\r\n\r\nno!\n".encode()).url, *trust(pki))
    assert result.status == 5 and result.out == "no!\n" and "server-refuses-all" in result.err, result


def test_an_output_file_waits_for_the_answer(mutual, script, pki, tmp_path):
    out, folder = tmp_path / "out", tmp_path / "folder"
    folder.mkdir()
    out.write_text("precious, and longer than what comes")
    refused = mutual("get", script(b"garbage without end\r\n\r\n").url, *trust(pki), "-o", out)
    assert refused.status == 6 and out.read_text().startswith("precious"), refused
    server = script(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert mutual("get", server.url, *trust(pki), "-o", out).status == 0 and out.read_text() == "ok"
    assert mutual("get", server.url, *trust(pki), "-o", "/dev/null").status == 0
    full = mutual("get", server.url, *trust(pki), "-o", "/dev/full")
    assert full.status == 3 and "[write-failed]" in full.err and "No space left" in full.err, full
    for path in (folder, tmp_path / "none" / "out"):
        result = mutual("get", server.url, *trust(pki), "-o", path)
        assert result.status == 3 and "[store-not-found]" in result.err and "free space" not in result.err, result


def test_request(mutual, script, pki, tmp_path):
    server = script(b"HTTP/1.1 200 OK\r\nX-A: \xc2\x9b31m \"x\"\r\nContent-Length: 2\r\n\r\nok")
    body = tmp_path / "body"
    out = tmp_path / "out"
    body.write_bytes(b"a\0b" * 30000)
    args = [server.url + "a/b?c=d#e", *trust(pki), "-H", "X-One: 1", "-H", "user-agent: me"]
    assert mutual("get", *args, "-X", "PUT", "-d", f"@{body}", "-o", out, "-i").status == 0
    head, sent = server.asked[-1].split(b"\r\n\r\n", 1)
    assert head.startswith(b"PUT /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:") and sent == body.read_bytes()
    assert b"\r\nX-One: 1" in head and b"\r\nuser-agent: me" in head and b"mutual/" not in head and b"Content-Length: 90000" in head
    assert out.read_bytes() == b'HTTP/1.1 200 OK\r\nX-A: \\u{9B}31m \\"x\\"\r\nContent-Length: 2\r\n\r\nok'
    assert mutual("get", *args, "-d", "x=1").status == 0
    assert server.asked[-1].startswith(b"POST ") and server.asked[-1].endswith(b"\r\n\r\nx=1")
    assert mutual("get", *args, "-X", "HEAD").out == ""
    for bad in (["-H", "no colon"], ["-H", "A: b\r\nC: d"], ["-H", "Content-Length: 1"], ["-X", "GE T"], ["--resolve", "a:b"],
                ["--resolve", "a:1:notanip"]):
        result = mutual("get", server.url, *trust(pki), *bad)
        assert result.status == 2 and "[usage]" in result.err, result


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ftp://x/", "https://", "https://a b/", "https://u:p@h/", "https://h:0/", "https://h:99999/",
                                 "https://[::1/", "https://b\u00fccher.test/", "nothing"])
def test_urls(mutual, url):
    result = mutual("get", url)
    assert result.status == 2 and "[usage]" in result.err, result


def test_plaintext_port(mutual, pki):
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        conn, _ = listener.accept()
        conn.recv(65536)
        conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):  # the client may have gone with our answer half read
            conn.recv(65536)
        conn.close()
    threading.Thread(target=answer, daemon=True).start()
    seen, status = report(mutual, f"https://127.0.0.1:{listener.getsockname()[1]}/", *trust(pki))
    listener.close()
    assert (seen["error"]["code"], status) == ("tls-to-plaintext-port", 6), seen
    assert '"HTTP/' in seen["tls"]["detail"]  # OpenSSL 3.5 looks at the first five bytes only


def test_network(mutual, pki):
    port = net.free_port()
    assert report(mutual, f"https://127.0.0.1:{port}/", *trust(pki))[0]["error"]["code"] == "connection-refused"
    seen, status = report(mutual, "https://nowhere.invalid/", *trust(pki))
    assert (seen["error"]["code"], status) == ("name-not-resolved", 6)
    silent = socket.create_server(("127.0.0.1", port))
    seen, status = report(mutual, f"https://127.0.0.1:{port}/", *trust(pki), "--max-time", "1")
    silent.close()
    assert (seen["error"]["code"], status) == ("handshake-timeout", 6)


# ---- nginx ----

@pytest.fixture
def nginx(start, pki, tmp_path):
    binary = shutil.which("nginx") or ("/usr/sbin/nginx" if pathlib.Path("/usr/sbin/nginx").exists() else None)
    if not binary:
        pytest.skip("no nginx")
    port = net.free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(f"""
daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;
events {{ }}
http {{
    access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p; fastcgi_temp_path {tmp_path}/f;
    uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
    server {{
        listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {pki.path("server", "crt")}; ssl_certificate_key {pki.path("server", "key")};
        ssl_client_certificate {pki.path("root", "crt")}; ssl_verify_client on;
        location / {{ return 200 "hello $ssl_client_s_dn"; }}
    }}
}}
""")
    start([binary, "-c", config, "-p", tmp_path])
    net.wait_for_port(port)
    return f"https://127.0.0.1:{port}/"


def test_nginx(mutual, nginx, pki, version):
    result = mutual("get", nginx, *trust(pki), *identity(pki), *versions(version))
    assert (result.status, result.out) == (0, "hello CN=client,O=Test"), result
    # nginx lets the handshake pass and answers 400: a success of HTTP, with the server's own words
    result = mutual("get", nginx, *trust(pki), *versions(version))
    assert result.status == 0 and "No required SSL certificate was sent" in result.out, result
