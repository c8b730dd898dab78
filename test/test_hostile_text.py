"""One certificate whose names attack terminals, logs, JSON readers and browsers, through every output: nothing but escaped text."""
import datetime
import json
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab import proc

EVIL = 'evil"\'\\\r\nforged cause=ok\x1b[31m\x00\x07\x7f\u0085\u009b1m\u202e\u2028<b>&amp;,CN=x'  # at most 64 characters fit a CN
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
PEM = re.compile(r"-----BEGIN CERTIFICATE-----\r\n(?:[A-Za-z0-9+/=]+\r\n)+-----END CERTIFICATE-----\r\n")  # JDK 25 ends its lines so


def assert_harmless(result, *, evidence=True):
    """Only printable text; the attack's lines stay inside the line that quotes them."""
    for stream in (PEM.sub("", result.out), result.err):
        assert not FORBIDDEN.search(stream), ascii(stream)
        for line in stream.splitlines():
            assert not line.startswith("forged"), ascii(stream)
    if evidence:
        assert "evil" in result.out + result.err, result


def der_san(text):
    """A subjectAltName that no decent library would write: the attack as dNSName, URI and e-mail."""
    data = text.encode("utf-8")
    names = b"".join(bytes([tag]) + _length(data) + data for tag in (0x82, 0x86, 0x81))
    return b"\x30" + _length(names) + names


def _length(data):
    size = len(data)
    return bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])


@pytest.fixture(scope="module")
def evil(tmp_path_factory, pki):
    """Folder with evil.crt, evil.key and evil.p12: self-signed, so that everybody refuses it and says why."""
    folder = tmp_path_factory.mktemp("evil")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, EVIL), x509.NameAttribute(NameOID.ORGANIZATION_NAME, EVIL)])
    now = datetime.datetime.now(datetime.timezone.utc)
    san = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), der_san(EVIL))
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30)).add_extension(san, False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .sign(key, hashes.SHA256()))
    (folder / "evil.crt").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (folder / "evil.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                        serialization.NoEncryption()))
    proc.run_ok(["openssl", "pkcs12", "-export", "-inkey", folder / "evil.key", "-in", folder / "evil.crt", "-name", "evil\r\n\x1b[31m",
                 "-passout", "pass:changeit", "-out", folder / "evil.p12"])
    return folder


def test_the_attack_is_one(evil):
    """openssl with raw output shows that the bytes are really there."""
    shown = proc.run_ok(["openssl", "x509", "-in", evil / "evil.crt", "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus"])
    assert FORBIDDEN.search(shown.out), ascii(shown.out)


def test_verify(mutual, evil, pki):
    for extra in ([], ["--json"], ["--rules", "jsse"], ["--rules", "strict"], ["--host", "a.example", "--purpose", "server"],
                  ["--host", "a.example", "--json"]):
        assert_harmless(mutual("verify", evil / "evil.crt", "--trust", pki.path("root", "crt"), *extra))
        trusting = mutual("verify", evil / "evil.crt", "--trust", evil / "evil.crt", *extra)
        assert_harmless(trusting)
        if "--json" in extra:
            json.loads(trusting.out)


def test_keytool(mutual, evil, tmp_path):
    store = ["-keystore", tmp_path / "evil-trust.p12", "-storepass", "changeit"]
    assert_harmless(mutual("keytool", "-importcert", "-alias", "x\r\n\x1b[31m", "-file", evil / "evil.crt", *store, input="no\n"))
    assert mutual("keytool", "-importcert", "-noprompt", "-alias", "x\r\n\x1b[31m", "-file", evil / "evil.crt", *store).status == 0
    for extra in ([], ["-v"], ["-rfc"]):
        assert_harmless(mutual("keytool", "-list", *extra, *store), evidence=extra == ["-v"])
        assert_harmless(mutual("keytool", "-list", *extra, "-keystore", evil / "evil.p12", "-storepass", "changeit"))


def test_inspect(mutual, evil, tmp_path):
    """Certificates, aliases, file names, and what a server presents."""
    folder = tmp_path / "x\r\nforged\x1b[31m\u202e"
    folder.mkdir()
    for name in ("evil.crt", "evil.p12"):
        (folder / f"{name}\x1b[31m").write_bytes((evil / name).read_bytes())
    (folder / "cut\x1b[31m.p12").write_bytes((evil / "evil.p12").read_bytes()[:100])
    (folder / "no\x1b[31m").write_text("no store")
    server = mutual.start("serve", "--listen", "127.0.0.1:0", "--certificate", evil / "evil.crt", "--certificate-private-key",
                          evil / "evil.key", "--trust-certificate", evil / "evil.crt")
    url = server.wait_for(r"listening on (\S+)")[1]
    for extra in (["--view", "tree"], ["--view", "table"], ["--json"], ["--expiring", "60"], ["-v"], ["--check-keys", "--json", "-v"]):
        shown = mutual("inspect", folder, url, "--key-store-password", "changeit", *extra)
        assert shown.status == (4 if "--expiring" in extra else 3), shown
        assert_harmless(shown)
        if "--json" in extra:
            answer = json.loads(shown.out)
            assert [store["state"] for store in answer["stores"]] == ["unreadable", "read", "read"]
            assert "evil" in answer["servers"][0]["chain"][0]["subject"] and "evil" in answer["servers"][0]["clientCertificate"]["issuers"][0]


def test_doctor(mutual, evil, pki, tmp_path):
    """Certificates, aliases and file names in findings, and in the commands that are printed."""
    folder = tmp_path / "x\r\nforged\x1b[31m\u202e'$(touch pwned)"
    folder.mkdir()
    trust = folder / "trust\x1b[31m.pem"
    trust.write_bytes(pki.path("root", "crt").read_bytes())
    (folder / "evil.p12").write_bytes((evil / "evil.p12").read_bytes())
    words = ["--server-key-store", folder / "evil.p12", "--client-trust-store", trust, "--client-key-store", folder / "evil.p12",
             "--server-trust-store", trust, "--host", "a.example"]
    for extra in ([], ["--json"], ["--server-key-store-alias", "no\r\n\x1b[31m"], ["--server-key-store-type", "T\x1b[31m"]):
        shown = mutual("doctor", *words, *extra, env={"MUTUAL_STORE_PASSWORD": "changeit"})
        assert shown.status in (2, 4), shown
        assert_harmless(shown)
    assert_harmless(mutual("doctor", *words[:-1], "a.example\x1b[31m"), evidence=False)
    assert_harmless(mutual("doctor", "--dir", folder, env={"MUTUAL_STORE_PASSWORD": "changeit"}), evidence=False)


def test_ca(mutual, evil, tmp_path):
    run = lambda *args: mutual("ca", *args, "--ca", tmp_path / "ca")
    assert run("init", "--name", "CN=Root", "--key-algorithm", "EC", "--no-encryption").status == 0
    proc.run_ok(["openssl", "req", "-new", "-key", evil / "evil.key", "-utf8", "-subj", "/CN=evil\x1b[31m<b>\"", "-out", tmp_path / "evil.csr"])
    signed = run("sign", "--csr", tmp_path / "evil.csr", "--profile", "client", "--out", tmp_path / "signed.crt")
    assert signed.status == 0, signed
    assert_harmless(signed, evidence=False)
    for extra in ([], ["--json"]):
        assert_harmless(run("list", *extra))
    serial = proc.run_ok(["openssl", "x509", "-in", tmp_path / "signed.crt", "-noout", "-serial"]).out.strip().split("=")[1]
    assert_harmless(run("show", serial.lower()))


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_handshake_logs_and_reports(mutual, evil, pki, tls):
    """The client refuses the evil server, the server the evil client."""
    def identity(certificate, key):
        return ["--certificate", certificate, "--certificate-private-key", key]

    trust = ["--trust-certificate", pki.path("root", "crt")]
    healthy, hostile = (identity(pki.path("server", "crt"), pki.path("server", "key")), identity(evil / "evil.crt", evil / "evil.key"))
    servers = [mutual.start("serve", "--listen", "127.0.0.1:0", *ours, *trust, "--tls-max", tls) for ours in (hostile, healthy)]
    urls = [server.wait_for(r"listening on (\S+)")[1] for server in servers]
    for report in ("human", "json", "jsse"):
        refused = mutual("get", urls[0], *trust, "--report", report)
        assert refused.status == 4, refused
        assert_harmless(refused)
        suffered = mutual("get", urls[1], *trust, *hostile, "--report", report)
        assert suffered.status == 5, suffered
        assert_harmless(suffered, evidence=False)
    servers[1].wait_for(r"evil", stream="err", count=3)
    for server in servers:
        result = server.stop()
        assert_harmless(result, evidence=server is servers[1])
        assert all(line.startswith("time=") for line in result.err.splitlines()), result
