"""The troubleshooting table between two real processes, under TLS 1.2 and 1.3: the refusing side names the exact cause, the other side says
who refused, by which alert, and has the cause among its candidates."""
import datetime
import json
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from lab import proc

NEED = ["--client-auth", "need"]


@pytest.fixture(scope="module")
def table(pki):
    """What the rows need beside a healthy root, server and client."""
    pki.issue("as-server", usage="server", san=["dns:client.test"])
    pki.issue("as-client", usage="client", san=["ip:127.0.0.1", "dns:localhost"])
    pki.issue("expired", usage="client", san=["dns:client.test"], days=1, starts_days_ago=3)
    pki.issue("expired-server", usage="server", san=["ip:127.0.0.1"], days=1, starts_days_ago=3)
    pki.issue("stranger", issuer="other-root", usage="client", san=["dns:client.test"])
    pki.issue("second", usage="client", san=["dns:second.test"])
    pki.issue("dns-only", usage="server", san=["dns:localhost", "dns:*.wild.test"])
    return pki


def identity(pki, name):
    return ["--certificate", pki.path(name, "crt"), "--certificate-private-key", pki.path(name, "key")] if name else []


def trust(pki, name):
    return ["--trust-certificate", pki.path(name, "crt")] if name else []


class Table:
    def __init__(self, mutual, pki, tls):
        self.mutual, self.pki, self.tls = mutual, pki, tls

    def serve(self, name="server", trusts="root", mode="need", extra=()):
        process = self.mutual.start("serve", "--listen", "127.0.0.1:0", *identity(self.pki, name), *trust(self.pki, trusts), "--client-auth", mode, *extra)
        self.server, self.port = process, int(process.wait_for(r"listening on https://127\.0\.0\.1:(\d+)/")[1])
        return self

    def get(self, name="client", trusts="root", host="127.0.0.1"):
        result = self.mutual("get", *identity(self.pki, name), *trust(self.pki, trusts), "--tls-min", self.tls, "--tls-max", self.tls,
                             "--report", "json", "--resolve", f"{host}:{self.port}:127.0.0.1", f"https://{host}:{self.port}/")
        answer = json.loads(result.out)
        return result, answer

    def log(self):
        """The fields of the server's line about the handshake just refused."""
        line = self.server.wait_for(r"^.*event=handshake-refused.*$", stream="err")[0]
        return dict(re.findall(r'(\S+?)=("(?:[^"\\]|\\.)*"|\S+)', line))

    def assert_accepted(self, **options):
        result, answer = self.get(**options)
        assert (result.status, answer["error"], answer["status"], answer["tls"]["code"]) == (0, None, 200, "ok"), result


@pytest.fixture(params=["1.2", "1.3"])
def sides(request, mutual, table):
    return Table(mutual, table, request.param)


SERVER_REFUSES = [  # cause, the client's identity, whom the server trusts, depth, alert in 1.3, in 1.2
    ("client-cert-not-sent", None, "root", None, "certificate_required", "handshake_failure"),
    ("client-ca-not-trusted", "stranger", "root", "0", "unknown_ca", "unknown_ca"),
    ("client-ca-not-trusted", "client", "other-root", "0", "unknown_ca", "unknown_ca"),
    ("eku-missing-clientauth", "as-server", "root", "0", "unsupported_certificate", "unsupported_certificate"),
    ("cert-expired", "expired", "root", "0", "certificate_expired", "certificate_expired"),
]


@pytest.mark.parametrize("cause, name, trusts, depth, alert13, alert12", SERVER_REFUSES, ids=lambda value: str(value))
def test_the_server_refuses(sides, cause, name, trusts, depth, alert13, alert12):
    alert = alert13 if sides.tls == "1.3" else alert12
    sides.serve(trusts=trusts)
    sides.assert_accepted(name="client" if trusts == "root" else "stranger")
    result, answer = sides.get(name=name)
    assert (result.status, answer["error"]["code"], answer["tls"]["by"]) == (5, "peer-refused", "peer"), result
    assert (answer["tls"]["alert"]["name"], answer["tls"]["alert"]["sent"]) == (alert, False), result
    assert cause in answer["tls"]["candidates"], result
    log = sides.log()
    assert (log["cause"], log["by"], log["alert"], log["alert_direction"]) == (cause, "us", alert, "sent"), log
    assert log.get("depth") == depth, log


CLIENT_REFUSES = [  # cause, the server's identity, whom the client trusts, host, alert
    ("ca-not-trusted", "server", "other-root", "127.0.0.1", "unknown_ca"),
    ("eku-missing-serverauth", "as-client", "root", "127.0.0.1", "unsupported_certificate"),
    ("cert-expired", "expired-server", "root", "127.0.0.1", "certificate_expired"),
    ("hostname-mismatch", "dns-only", "root", "elsewhere.test", "bad_certificate"),
    ("hostname-mismatch", "dns-only", "root", "a.b.wild.test", "bad_certificate"),
    ("ip-san-missing", "dns-only", "root", "127.0.0.1", "bad_certificate"),
]


@pytest.mark.parametrize("cause, name, trusts, host, alert", CLIENT_REFUSES, ids=lambda value: str(value))
def test_the_client_refuses(sides, cause, name, trusts, host, alert):
    sides.serve(name=name)
    if cause not in ("eku-missing-serverauth", "cert-expired"):  # those have no healthy counterpart on the same server
        sides.assert_accepted(host="localhost" if name == "dns-only" else "127.0.0.1")
    result, answer = sides.get(trusts=trusts, host=host)
    assert (result.status, answer["error"]["code"], answer["tls"]["by"]) == (4, cause, "us"), result
    assert (answer["tls"]["alert"]["name"], answer["tls"]["alert"]["sent"], answer["tls"]["depth"]) == (alert, True, 0), result
    log = sides.log()
    assert (log["cause"], log["by"], log["alert"], log["alert_direction"]) == ("peer-refused", "peer", alert, "received"), log
    assert cause in log["candidates"].strip('"').split(","), log


def test_names_that_fit(sides):
    sides.serve(name="dns-only")
    for host in ("localhost", "a.wild.test"):
        sides.assert_accepted(host=host)


def test_want(sides):
    """Nobody is let in by a certificate that is not trusted, but those without one are."""
    sides.serve(mode="want")
    sides.assert_accepted()
    sides.assert_accepted(name=None)
    result, answer = sides.get(name="stranger")
    assert (result.status, answer["error"]["code"], answer["tls"]["alert"]["name"]) == (5, "peer-refused", "unknown_ca"), result
    assert sides.log()["cause"] == "client-ca-not-trusted"


def test_none_is_one_way_tls(sides):
    sides.serve(trusts=None, mode="none")
    for name in ("client", None, "stranger"):
        sides.assert_accepted(name=name)


def test_a_pin_admits_that_certificate_alone(sides):
    sides.serve(trusts="client")
    sides.assert_accepted()
    result, answer = sides.get(name="second")
    assert (result.status, answer["error"]["code"]) == (5, "peer-refused"), result
    assert "pin-mismatch" in answer["tls"]["candidates"], result
    assert sides.log()["cause"] == "pin-mismatch"


def crl(pki, folder, *revoked, days=30):
    """A CRL of the root by Python cryptography; days below zero: it is past its next update."""
    now = datetime.datetime.now(datetime.timezone.utc)
    issuer = x509.load_pem_x509_certificate(pki.path("root", "crt").read_bytes())
    key = serialization.load_pem_private_key(pki.path("root", "key").read_bytes(), None)
    builder = (x509.CertificateRevocationListBuilder().issuer_name(issuer.subject).last_update(now - datetime.timedelta(days=60))
               .next_update(now + datetime.timedelta(days=days)))
    for name in revoked:
        number = x509.load_pem_x509_certificate(pki.path(name, "crt").read_bytes()).serial_number
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build())
    path = folder / "root.crl"
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def test_revocation(sides, tmp_path):
    """--crl on the server: the revoked client is refused, others are not; a CRL past its time or of another CA admits nobody."""
    pki = sides.pki
    (tmp_path / "stale").mkdir()
    for cause, alert, crls in (("cert-revoked", "certificate_revoked", crl(pki, tmp_path, "second")),
                               ("crl-expired", "certificate_expired", crl(pki, tmp_path / "stale", days=-1))):
        sides.serve(extra=["--crl", crls])
        if cause == "cert-revoked":
            sides.assert_accepted()
        result, answer = sides.get(name="second")
        assert (result.status, answer["error"]["code"], answer["tls"]["alert"]["name"]) == (5, "peer-refused", alert), result
        assert cause in answer["tls"]["candidates"], result
        assert sides.log()["cause"] == cause


def test_a_server_is_warned_of_its_own_certificate(mutual, table):
    for name, doubt in (("as-client", "its extendedKeyUsage lacks serverAuth"), ("expired-server", "it expired on ")):
        server = mutual.start("serve", "--listen", "127.0.0.1:0", *identity(table, name), "--client-auth", "none")
        server.wait_for(r"listening on")
        assert doubt in server.err and "warning: clients will refuse" in server.err
    healthy = mutual.start("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), "--client-auth", "none")
    healthy.wait_for(r"listening on")
    assert healthy.err == ""


def test_a_jvm_is_admitted_by_a_pin(mutual, table, jdk, jvm_trust, peer_classes, jdks):
    server = mutual.start("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), *trust(table, "client"))
    url = server.wait_for(r"listening on (\S+)")[1]
    for name, answer in (("client", "HTTP status: 200"), ("second", "FAILED: ")):
        store = table.key_store(name)
        properties = {"javax.net.ssl.trustStore": jvm_trust, "javax.net.ssl.trustStorePassword": "changeit",
                      "javax.net.ssl.keyStore": store, "javax.net.ssl.keyStorePassword": "changeit"}
        for one in jdks:
            said = proc.run(one.java("PeerClient", url, properties=properties, classes=peer_classes)).out
            assert said.startswith(answer), said
    server.wait_for("cause=pin-mismatch", stream="err")


def test_a_client_only_intermediate_as_the_only_anchor(mutual, tmp_path, jdks, peer_classes):
    """`ca intermediate --client-only`, as the guide recommends: its certificate in the server's trust, a JVM client below it."""
    run = lambda *args: proc.run_ok([mutual.path, *args], cwd=tmp_path, env={"MUTUAL_STORE_PASSWORD": "changeit"})
    run("ca", "init", "--ca", "ca", "--name", "CN=Root", "--key-algorithm", "EC", "--no-encryption")
    run("ca", "issue", "--ca", "ca", "--profile", "server", "--san", "ip:127.0.0.1", "--alias", "server", "--key-store", "server.p12",
        "--trust-store", "root-trust.p12")
    run("ca", "intermediate", "--ca", "ca", "--client-only", "--name", "CN=Clients", "--key-algorithm", "EC")
    run("ca", "issue", "--ca", "ca", "--profile", "client", "--san", "dns:client.test", "--alias", "client", "--key-store", "client.p12")
    anchor = next(path for path in (tmp_path / "ca").glob("*.crt") if path.name != "root.crt")
    server = mutual.start("serve", "--listen", "127.0.0.1:0", "--key-store", "server.p12", "--trust-certificate", anchor, cwd=tmp_path,
                          env={"MUTUAL_STORE_PASSWORD": "changeit"})
    url = server.wait_for(r"listening on (\S+)")[1]
    properties = {"javax.net.ssl.trustStore": "root-trust.p12", "javax.net.ssl.trustStorePassword": "changeit",
                  "javax.net.ssl.keyStore": "client.p12", "javax.net.ssl.keyStorePassword": "changeit"}
    for jdk in jdks:
        assert proc.run(jdk.java("PeerClient", url, properties=properties, classes=peer_classes), cwd=tmp_path).out == "HTTP status: 200\n"


def test_start_errors(mutual, table, tmp_path):
    """Client certificates asked for, and nobody to judge them by: no server."""
    (tmp_path / "empty.pem").write_text("")
    for mode in ("want", "need"):
        started = mutual("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), "--client-auth", mode)
        assert started.status in (2, 3) and re.search(r"\[(truststore-empty|usage)\]", started.err), started
        empty = mutual("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), "--trust-store", tmp_path / "empty.pem", "--client-auth", mode)
        assert empty.status == 3, empty
