"""`mutual serve`: clients of all kinds, refusals and how they are told, limits, the end."""
import concurrent.futures
import datetime
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab import proc, web

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GET_CLOSE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture
def serve(mutual, pki):
    return lambda *args, **options: web.Server(options.pop("program", mutual), pki, *args, **options)


def curl(server, *args, client="client"):
    pki = server.pki
    identity = ["--cert", pki.path(client, "crt"), "--key", pki.path(client, "key")] if client else []
    url = f"https://127.0.0.1:{server.port}/" if server.port else "https://localhost/"
    return proc.run(["curl", "-sS", "--cacert", pki.path("root", "crt"), *identity, *args, url])


# ---- peers that are welcome ----

@pytest.mark.parametrize("version", ["--tlsv1.3", "--tls-max=1.2"])
def test_curl(serve, version):
    server = serve()
    version = version.split("=")
    assert curl(server, *version).out == "OK"
    head = curl(server, *version, "-I").out
    assert head.startswith("HTTP/1.1 200 OK\r\nDate: ") and "Content-Length: 2\r\n" in head and head.endswith("\r\n\r\n")
    assert curl(server, *version, "-X", "DELETE").out == "OK"
    assert curl(server, *version, "-d", "x" * 100000).out == "OK"
    assert curl(server, *version, "-d", "x" * 100, "-H", "Expect: 100-continue", "-v").err.count("HTTP/1.1 100 Continue") == 1
    assert curl(server, *version, "-d", "x" * 100, "-H", "Transfer-Encoding: chunked").out == "OK"
    assert curl(server, *version, "--http1.0", "--no-alpn", "-w", "%{http_code}").out == "OK200"
    assert server.process.err == ""


def test_respond(serve):
    server = serve("--respond", "hello\nworld ✓")
    assert curl(server, "--path-as-is", "--request-target", "/any/../path?x").out == "hello\nworld ✓"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_s_client(serve, pki, version):
    server = serve()
    done = proc.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", version, "-quiet", "-verify_return_error",
                     "-verify_ip", "127.0.0.1", "-CAfile", pki.path("root", "crt"),
                     "-cert", pki.path("client", "crt"), "-key", pki.path("client", "key")],
                    input=GET_CLOSE)
    assert done.status == 0 and done.out.endswith("\r\n\r\nOK"), done


def test_ipv6_and_several_listeners(serve, pki):
    pki.issue("serve-ipv6", san=["ip:::1", "ip:127.0.0.1"])
    server = serve("--listen", "[::1]:0", identity="serve-ipv6")
    port6 = server.process.wait_for(r"^mTLS server listening on https://\[::1\]:(\d+)/$")[1]
    assert curl(server).out == "OK"
    raw = socket.create_connection(("::1", int(port6)), 30)
    with web.context(pki, "client").wrap_socket(raw, server_hostname="::1") as tls:
        tls.sendall(GET)
        assert web.read_response(tls)[0] == 200


def test_unix_socket(serve, mutual, pki, tmp_path):
    path = tmp_path / "s"
    server = serve("--workers", "2", listen=f"unix:{path}", announced=rf"^mTLS server listening on unix:{path}$")
    for _ in range(5):
        assert curl(server, "--unix-socket", path).out == "OK"
    second = mutual("serve", "--listen", f"unix:{path}", "--certificate", pki.path("server", "crt"), "--certificate-private-key",
                    pki.path("server", "key"), "--trust-certificate", pki.path("root", "crt"))
    assert second.status == 6 and "[port-in-use]" in second.err
    assert server.process.stop().status == 0
    assert not path.exists()


# ---- HTTP on one connection ----

def test_keep_alive_and_pipelining(serve):
    with web.connect(serve()) as tls:
        for _ in range(3):
            tls.sendall(GET)
            assert web.read_response(tls)[0] == 200
        head = GET.replace(b"GET", b"HEAD")
        post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /"
        tls.sendall(GET + head + post + GET_CLOSE)
        for request in (GET, head, post, GET_CLOSE):
            status, fields, body = web.read_response(tls, head_only=request is head)
            assert (status, body) == (200, b"" if request is head else b"OK")
            assert ("connection" in fields) == (request is GET_CLOSE)
        assert tls.recv(1) == b""


def test_pipelined_flood(serve):
    """More requests than one turn of the event loop allows, while nobody reads the answers."""
    with web.connect(serve("--workers", "1")) as tls:
        tls.sendall(GET * 3000 + GET_CLOSE)
        assert web.read_all(tls).count(b"HTTP/1.1 200 OK\r\n") == 3001


def test_request_byte_by_byte(serve):
    with web.connect(serve()) as tls:
        for byte in b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            tls.sendall(bytes([byte]))
        assert web.read_response(tls)[0] == 200


def test_expect_continue(serve):
    with web.connect(serve()) as tls:
        tls.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert web.read_response(tls)[0] == 100
        tls.sendall(b"abc" + GET)
        assert web.read_response(tls)[0] == 200
        assert web.read_response(tls)[0] == 200


def test_http10_keep_alive(serve):
    server = serve()
    with web.connect(server) as tls:
        tls.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert web.read_response(tls)[1]["connection"] == "keep-alive"
        tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert web.read_response(tls)[1]["connection"] == "close"
        assert tls.recv(1) == b""


# ---- files ----

def test_root(serve, tmp_path):
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (root / "index.html").write_text("home")
    (root / "sub/a.txt").write_text("text")
    (root / ".hidden").write_text("hidden")
    (root / "out").symlink_to("../secret")
    big = os.urandom(3 << 20)
    (root / "big.bin").write_bytes(big)
    server = serve("--root", root)
    with web.connect(server) as tls:
        def ask(target, method="GET"):
            tls.sendall(f"{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            return web.read_response(tls, head_only=method == "HEAD")
        status, fields, body = ask("/")
        assert (status, fields["content-type"], body) == (200, "text/html; charset=utf-8", b"home")
        status, fields, body = ask("/sub/a.txt", "HEAD")
        assert (status, fields["content-type"], fields["content-length"]) == (200, "text/plain; charset=utf-8", "4")
        assert ask("/big.bin")[2] == big
        for target in ["/../secret", "/%2e%2e/secret", "/sub/../../secret", "/sub/..%2f..%2fsecret", "/out", "/.hidden",
                       "//../secret", "/sub", "/nothing", "/sub/a.txt/"]:
            status, _, body = ask(target)
            assert (status, body) == (404, b"404 Not Found\n"), target
        assert ask("/a%00")[0] == 400
        status, fields, _ = ask("/", "POST")
        assert (status, fields["allow"]) == (405, "GET, HEAD")
        assert ask("/")[0] == 200


# ---- peers that are not ----

@pytest.fixture(scope="module")
def strangers(pki):
    """Client identities, each with one thing wrong."""
    pki.issue("serve-expired", usage="client", days=5, starts_days_ago=10)
    pki.issue("serve-early", usage="client", starts_days_ago=-5)
    pki.issue("serve-serverish", usage="server")
    pki.issue("serve-foreign", issuer="other-root", usage="client")
    return pki


def attempt(server, client, **options):
    """What a Python client is told: the name of the alert, or the status of the answer."""
    try:
        with web.connect(server, client, **options) as tls:
            tls.sendall(GET)
            return web.read_response(tls)[0]
    except ssl.SSLError as error:
        found = re.search(r"ALERT_(\w+)", error.reason or "")
        assert found or error.reason == "SSLV3_ALERT_BAD_CERTIFICATE", error
        return found[1].lower()


REFUSED = [
    # client, cause, alert in TLS 1.3, alert in TLS 1.2, depth
    (None, "client-cert-not-sent", "certificate_required", "handshake_failure", None),
    ("serve-expired", "cert-expired", "certificate_expired", "certificate_expired", "0"),
    ("serve-early", "cert-not-yet-valid", "bad_certificate", "bad_certificate", "0"),
    ("serve-serverish", "eku-missing-clientauth", "unsupported_certificate", "unsupported_certificate", "0"),
    ("serve-foreign", "client-ca-not-trusted", "unknown_ca", "unknown_ca", "0"),
]


@pytest.mark.parametrize("version", [V12, V13], ids=["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("client,cause,alert13,alert12,depth", REFUSED, ids=[row[1] for row in REFUSED])
def test_refused(serve, strangers, client, cause, alert13, alert12, depth, version):
    alert = alert13 if version == V13 else alert12
    server = serve()
    assert attempt(server, "client", version=version) == 200
    assert attempt(server, client, version=version) == alert
    line = server.refusal()
    assert (line["cause"], line["by"], line["alert"], line["alert_direction"]) == (cause, "us", alert, "sent")
    assert line["version"] == ("TLSv1.3" if version == V13 else "TLSv1.2")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"]) and re.fullmatch(r"127\.0\.0\.1:\d+", line["peer"])
    if client:
        cert = x509.load_pem_x509_certificate(strangers.path(client, "crt").read_bytes())
        assert line["subject"] == f"CN={client}, O=Test" and int(line["serial"], 16) == cert.serial_number
        assert line["depth"] == depth and int(line["x509_error"]) > 0 and line["x509_text"]
    else:
        assert "subject" not in line and "depth" not in line
    assert attempt(server, "client", version=version) == 200


def test_client_refuses_us(serve, pki):
    server = serve()
    with pytest.raises(ssl.SSLCertVerificationError):
        web.connect(server, trust="other-root")
    line = server.refusal()
    assert (line["cause"], line["by"], line["alert"], line["alert_direction"]) == ("peer-refused", "peer", "unknown_ca", "received")


def test_no_common_version(serve):
    server = serve("--tls-min", "1.3")
    assert attempt(server, "client") == 200
    assert attempt(server, "client", version=V12) == "protocol_version"
    line = server.refusal()
    assert (line["cause"], line["alert"], line["alert_direction"]) == ("protocol-version-mismatch", "protocol_version", "sent")


def test_plain_http(serve):
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), 30) as raw:
        raw.sendall(GET)
        while raw.recv(4096):
            pass
    assert server.refusal()["cause"] == "plaintext-to-tls-port"
    assert curl(server).out == "OK"


@pytest.mark.parametrize("version", [V12, V13], ids=["TLSv1.2", "TLSv1.3"])
def test_want_and_none(serve, strangers, version):
    want = serve("--client-auth", "want")
    assert attempt(want, None, version=version) == 200
    assert attempt(want, "client", version=version) == 200
    assert attempt(want, "serve-foreign", version=version) == "unknown_ca"
    assert want.refusal()["cause"] == "client-ca-not-trusted"
    none = serve("--client-auth", "none", trust=None)
    assert attempt(none, None, version=version) == 200
    assert attempt(none, "serve-foreign", version=version) == 200
    assert none.process.err == ""


@pytest.fixture(scope="module")
def hostile(pki):
    """A certificate whose names try to break out of wherever they are shown."""
    text = 'x" cause=ok\r\nevent=fake\x1b[31m\x07<b>&amp;</b>\u202e\u2028\\'
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    start = datetime.datetime(2020, 1, 1)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
            .not_valid_before(start).not_valid_after(datetime.datetime(2049, 1, 1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("a\r\nb.example")]), False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False).sign(key, hashes.SHA256()))
    pki.path("serve-hostile", "crt").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    pki.path("serve-hostile", "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                             serialization.NoEncryption()))
    return "serve-hostile"


def test_hostile_certificate_in_log(serve, hostile):
    server = serve()
    assert attempt(server, hostile) == "unknown_ca"
    line = server.refusal()
    assert line["event"] == "handshake-refused" and line["cause"] != "ok"
    assert server.process.err.count("\n") == 1
    assert all(" " <= c <= "~" for c in server.process.err.rstrip("\n"))
    assert line["detail"].startswith(r'depth 0, subject \"CN=x\" cause=ok\0D\0Aevent=fake\1B[31m'), line["detail"]  # escaped once


def test_log_is_rate_limited(serve):
    server = serve("--workers", "1")
    for _ in range(40):
        assert attempt(server, None) == "certificate_required"
    server.process.stop()
    lines = server.process.err.splitlines()
    told = [web.fields(line) for line in lines if "event=handshake-refused" in line]
    left_out = [int(web.fields(line)["lines"]) for line in lines if "event=log-suppressed" in line]
    assert len(told) + sum(left_out) == 40 and left_out
    starts = [line["time"] for line in told]
    assert all(starts.count(second) <= 20 for second in starts)


# ---- limits and time-outs ----

def ends_within(sock, seconds):
    """Everything that still comes before the end of the stream."""
    sock.settimeout(seconds)
    data = b""
    while True:
        more = sock.recv(4096)
        if not more:
            return data
        data += more


def test_handshake_timeout(serve):
    server = serve("--handshake-timeout", "1")
    with socket.create_connection(("127.0.0.1", server.port), 30) as silent:
        ends_within(silent, 20)
    assert server.refusal()["cause"] == "handshake-timeout"
    assert curl(server).out == "OK"


def test_header_timeout(serve):
    with web.connect(serve("--header-timeout", "1", "--workers", "1")) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        started = time.monotonic()
        tls.settimeout(0.3)
        with pytest.raises((ssl.SSLError, OSError, StopIteration)):  # one byte at a time does not extend it
            for _ in range(100):
                tls.sendall(b"x")
                try:
                    if tls.recv(1):
                        raise StopIteration
                except socket.timeout:
                    continue
        assert time.monotonic() - started < 10


def test_header_timeout_answers_408(serve):
    with web.connect(serve("--header-timeout", "1")) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        status, fields, _ = web.read_response(tls)
        assert (status, fields["connection"]) == (408, "close")
        assert tls.recv(1) == b""


def test_idle_timeout(serve):
    with web.connect(serve("--idle-timeout", "1")) as tls:
        tls.sendall(GET)
        assert web.read_response(tls)[0] == 200
        assert ends_within(tls, 20) == b""


def wait_until_welcome(server):
    deadline = time.monotonic() + 30
    while True:
        try:
            with web.connect(server) as tls:
                tls.sendall(GET)
                return web.read_response(tls)[0]
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.mark.parametrize("option", ["--max-connections", "--max-connections-per-address"])
def test_connection_limits(serve, option):
    server = serve(option, "2", "--workers", "1")
    first, second = web.connect(server), web.connect(server)
    with pytest.raises(OSError):
        web.connect(server)
    server.process.wait_for("event=connection-refused .*cause=connection-limit", stream="err")
    for tls in (first, second):  # nobody else noticed
        tls.sendall(GET)
        assert web.read_response(tls)[0] == 200
    first.close()
    assert wait_until_welcome(server) == 200
    second.close()


def test_out_of_descriptors(mutual_release, pki, start):
    """Accepting pauses while there are no descriptors left, and goes on when there are."""
    class Limited:
        def start(self, *args, **options):
            return start(["prlimit", "--nofile=40:40", mutual_release.path, *args], **options)
    server = web.Server(Limited(), pki, "--workers", "1")
    idle = [socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(60)]
    waiting = socket.create_connection(("127.0.0.1", server.port), 30)
    before = cpu_ms(server.pid)
    time.sleep(1)
    assert cpu_ms(server.pid) - before < 300  # it does not spin
    for sock in idle:
        sock.close()
    with web.context(pki, "client").wrap_socket(waiting, server_hostname="127.0.0.1") as tls:
        tls.sendall(GET)
        assert web.read_response(tls)[0] == 200


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) * 1000 // os.sysconf("SC_CLK_TCK")


# ---- start and end ----

def start_error(mutual, pki, *args, identity=True):
    words = ["--certificate", pki.path("server", "crt"), "--certificate-private-key", pki.path("server", "key")] if identity else []
    done = mutual("serve", "--listen", "127.0.0.1:0", *words, *args)
    code = re.search(r"\[([a-z0-9-]+)\]", done.err)
    assert done.out == "" and code, done
    return done.status, code[1]


def test_start_errors(mutual, pki, tmp_path):
    trust = ["--trust-certificate", pki.path("root", "crt")]
    assert start_error(mutual, pki) == (3, "truststore-empty")
    assert start_error(mutual, pki, "--client-auth", "want") == (3, "truststore-empty")
    assert start_error(mutual, pki, *trust, identity=False) == (2, "usage")
    assert start_error(mutual, pki, *trust, "--listen", "localhost:80") == (2, "usage")
    assert start_error(mutual, pki, *trust, "--root", tmp_path / "nothing") == (3, "store-not-found")
    assert start_error(mutual, pki, *trust, "--root", tmp_path, "--respond", "x") == (2, "usage")
    assert start_error(mutual, pki, *trust, "--groups", "nonsense") == (2, "config-invalid")
    assert start_error(mutual, pki, *trust, "--user", "no-such-user") == (2, "usage")
    assert start_error(mutual, pki, "--trust-certificate", tmp_path / "nothing") == (3, "store-not-found")


def test_port_in_use(serve, mutual, pki):
    server = serve()
    status, code = start_error(mutual, pki, "--trust-certificate", pki.path("root", "crt"), "--listen", f"127.0.0.1:{server.port}")
    assert (status, code) == (6, "port-in-use")
    assert curl(server).out == "OK"


def wait_until_refused(port):
    """Each worker closes its own listener; a connection on its way to one of them may be reset."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_graceful_stop(serve, number):
    server = serve()
    busy, idle = web.connect(server), web.connect(server)
    idle.sendall(GET)
    assert web.read_response(idle)[0] == 200
    busy.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
    server.process.send(number)
    assert ends_within(idle, 20) == b""  # by now it is stopping
    wait_until_refused(server.port)
    busy.sendall(b"bc")
    status, fields, body = web.read_response(busy)
    assert (status, fields["connection"], body) == (200, "close", b"OK")
    assert busy.recv(1) == b""
    busy.close()
    idle.close()
    assert server.process.wait().status == 0


def test_stop_does_not_wait_for_ever(serve):
    server = serve()
    with web.connect(server) as tls:
        tls.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        assert server.process.stop(timeout=30).status == 0


def test_second_signal_ends_at_once(serve):
    server = serve()
    idle = web.connect(server)
    with web.connect(server) as tls:
        tls.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        idle.sendall(GET)
        assert web.read_response(idle)[0] == 200
        server.process.send(signal.SIGTERM)
        assert ends_within(idle, 20) == b""
        started = time.monotonic()
        server.process.send(signal.SIGTERM)
        assert server.process.wait().status == -signal.SIGTERM
        assert time.monotonic() - started < 3  # of the five seconds it would have waited


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_user(serve, tmp_path):
    (tmp_path / "index.html").write_text("home")
    tmp_path.chmod(0o755)
    server = serve("--user", "nobody", "--root", tmp_path)
    with open(f"/proc/{server.pid}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert set(status["Uid"].split()) == {"65534"} and set(status["Gid"].split()) == {"65534"}
    assert status["Groups"].split() == ["65534"] and int(status["CapEff"], 16) == 0
    assert curl(server).out == "home"


def test_passwords_are_gone(mutual_release, pki, jvm_trust, jdk, tmp_path):
    """Neither environment nor arguments nor a core taken after the start hold a password. The search finds what should be there."""
    words = {"store": "Kennwort-7f3a91-store", "trust": "Kennwort-7f3a91-trust"}
    pki.issue("serve-locked", usage="server", san=["ip:127.0.0.1"])
    key_store = pki.key_store("serve-locked", password=words["store"])
    trust = tmp_path / "trust.p12"
    trust.write_bytes(jvm_trust.read_bytes())
    jdk.keytool_ok("-storepasswd", "-keystore", trust, "-storepass", "changeit", "-new", words["trust"])
    server = mutual_release.start("serve", "--listen", "127.0.0.1:0", "--respond", "Kennwort-7f3a91-kept",
                                  "--key-store", key_store, "--key-store-password", words["store"],
                                  "--trust-store", trust, "--trust-store-password", "env:TRUST_WORD",
                                  env={"TRUST_WORD": words["trust"]})
    server.wait_for(web.LISTENING)
    for name in ("environ", "cmdline"):
        with open(f"/proc/{server.pid}/{name}", "rb") as file:
            content = file.read()
        assert not any(word.encode() in content for word in words.values()), name
    proc.run_ok(["gcore", "-a", "-o", tmp_path / "core", str(server.pid)])
    core = (tmp_path / f"core.{server.pid}").read_bytes()
    assert b"Kennwort-7f3a91-kept" in core
    for name, word in words.items():
        for encoding in ("utf-8", "utf-16-be", "utf-16-le"):  # PKCS #12 derives keys from UTF-16
            assert word.encode(encoding) not in core, (name, encoding)


# ---- many ----

def test_jvm_without_identity(serve, jdk25, jvm_trust, peer_classes, pki, long_run):
    """The alert is never overtaken by a reset."""
    runs = 500 if long_run else 100
    server = serve()
    properties = {"javax.net.ssl.trustStore": jvm_trust, "javax.net.ssl.trustStorePassword": "changeit"}
    identity = {"javax.net.ssl.keyStore": pki.path("client", "p12"), "javax.net.ssl.keyStorePassword": "changeit"}
    url = f"https://127.0.0.1:{server.port}/"
    welcome = proc.run_ok(jdk25.java("PeerClient", url, 3, properties={**properties, **identity}, classes=peer_classes))
    assert welcome.out.splitlines() == ["HTTP status: 200"] * 3
    refused = proc.run_ok(jdk25.java("PeerClient", url, runs, properties=properties, classes=peer_classes), timeout=280)
    expected = "FAILED: SSLHandshakeException: (certificate_required) Received fatal alert: certificate_required"
    assert refused.out.splitlines() == [expected] * runs


def hammer(server, rounds):
    """One client after the other: good, anonymous, pipelining, rude."""
    for i in range(rounds):
        assert attempt(server, "client") == 200
        assert attempt(server, None) == "certificate_required"
        with web.connect(server) as tls:
            tls.sendall(GET * 20 + GET_CLOSE)
            assert web.read_all(tls).count(b" 200 OK") == 21
        with socket.create_connection(("127.0.0.1", server.port), 30) as raw:
            raw.sendall(b"\x16\x03\x01\x00\x05" if i % 2 else b"nonsense\r\n\r\n")


def test_concurrent_clients(mutual_tsan, pki, long_run):
    server = web.Server(mutual_tsan, pki, "--workers", "4")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(hammer, server, 20 if long_run else 4) for _ in range(8)]:
            done.result()
        stopping = [pool.submit(hammer, server, 50) for _ in range(4)]  # and while it stops
        server.process.send(signal.SIGTERM)
        for done in stopping:
            assert isinstance(done.exception(), (OSError, AssertionError))
    assert server.process.wait().status == 0
