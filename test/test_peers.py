"""Our own Java peers tell the outcomes apart, on every JDK: what other suites conclude from them rests on this."""
import pytest

from lab import proc

TLS = ["TLSv1.2", "TLSv1.3"]


@pytest.fixture(params=TLS)
def protocol(request):
    return request.param


@pytest.fixture
def serve(start, pki, jvm_trust, peer_classes):
    def run(jdk, mode, protocol, key="server"):
        args = [0, pki.path(key, "p12"), "changeit", jvm_trust, "changeit", mode, protocol]
        server = start(jdk.java("PeerServer", *args, classes=peer_classes))
        return server, f"https://127.0.0.1:{server.wait_for('^LISTENING ([0-9]+)$')[1]}/"
    return run


def client(jdk, peer_classes, url, runs=1, **stores):
    properties = {f"javax.net.ssl.{name}": value for name, value in stores.items()}
    properties.update({f"javax.net.ssl.{name}Password": "changeit" for name in stores})
    return proc.run_ok(jdk.java("PeerClient", url, runs, properties=properties, classes=peer_classes)).out.splitlines()


def no_certificate(jdk, protocol):
    """What a JVM tells the client that sent no certificate. Updates of old JDKs (17.0.15 is before that) took over the new alerts."""
    alert = "certificate_required" if protocol == "TLSv1.3" else "handshake_failure"
    new = f"({alert}) Received fatal alert: {alert}"
    return [new] if jdk.version >= 25 else [new, "Received fatal alert: bad_certificate"]


def test_need(jdks, serve, pki, jvm_trust, peer_classes, protocol):
    for jdk in jdks:
        server, url = serve(jdk, "need", protocol)
        assert client(jdk, peer_classes, url, 3, trustStore=jvm_trust, keyStore=pki.path("client", "p12")) == ["HTTP status: 200"] * 3
        server.wait_for("^ACCEPTED CN=client,O=Test$", count=3)
        refused = client(jdk, peer_classes, url, 3, trustStore=jvm_trust)
        assert len(set(refused)) == 1 and refused[0].removeprefix("FAILED: SSLHandshakeException: ") in no_certificate(jdk, protocol), refused
        server.wait_for("^REFUSED SSLHandshakeException: .*Empty client certificate chain", count=3)
        assert "BROKEN" not in server.out, server.out


def test_client_refuses(jdks, serve, peer_classes, protocol):
    for jdk in jdks:
        server, url = serve(jdk, "need", protocol)
        [line] = client(jdk, peer_classes, url)
        assert line.startswith("FAILED: SSLHandshakeException: ") and "PKIX path building failed" in line
        # a JVM closes with its alert; in one of ten runs the server is still writing then and never reads it
        server.wait_for("^REFUSED (SSLHandshakeException: .*Received fatal alert: certificate_unknown|SocketException: (Broken pipe|Connection reset).*)$")


@pytest.mark.parametrize("mode", ["want", "none"])
def test_anonymous(jdk, serve, jvm_trust, peer_classes, protocol, mode):
    server, url = serve(jdk, mode, protocol)
    assert client(jdk, peer_classes, url, trustStore=jvm_trust) == ["HTTP status: 200"]
    server.wait_for("^ACCEPTED anonymous$")


def test_unannounced_certificate_is_not_sent(jdk, serve, pki, jvm_trust, peer_classes, protocol):
    """A JVM with a certificate of an issuer that the server does not announce sends none, so that want admits it as anonymous."""
    pki.issue("stranger", issuer="other-root", usage="client")
    pki.key_store("stranger", chain=["other-root"])
    server, url = serve(jdk, "want", protocol)
    assert client(jdk, peer_classes, url, trustStore=jvm_trust, keyStore=pki.path("stranger", "p12")) == ["HTTP status: 200"]
    server.wait_for("^ACCEPTED anonymous$")
