"""The programs in examples/ print what the guide's Java programs print."""
import os
import pathlib

import pytest

from lab import net, proc
from lab.env import ROOT

PROPERTIES = [f"-Djavax.net.ssl.{which}Store{what}={value}" for which, store in (("trust", "client-trust.p12"), ("key", "client.p12"))
              for what, value in (("", store), ("Password", "changeit"), ("Type", "PKCS12"))]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """The four stores, by `mutual lab`."""
    folder = tmp_path_factory.mktemp("examples")
    proc.run_ok([os.environ["MUTUAL"], "lab", "--dir", folder / "lab", "--key-algorithm", "EC", "--quiet", "--port",
                 net.free_port()])
    return folder / "lab"


@pytest.fixture
def example():
    folder = pathlib.Path(os.environ["MUTUAL"]).resolve().parent / "examples"
    return lambda name: folder / name


def test_they_print_what_the_guide_shows(stores, example, start, port_8443):
    server = start([example("mtls_server")], cwd=stores)
    server.wait_for("^mTLS server listening on https://127.0.0.1:8443/$")

    def run(name, *args):
        return proc.run([example(name), *args], cwd=stores).out.strip()

    assert run("mtls_client", "with-client-key") == "HTTP status: 200"
    assert run("mtls_client") == "FAILED: SSLHandshakeException: (certificate_required) Received fatal alert: certificate_required"
    server.wait_for(r"\[client-cert-not-sent\]", stream="err")
    assert run("mtls_client_props", *PROPERTIES) == "HTTP status: 200"
    if pathlib.Path("/etc/ssl/certs/ca-certificates.crt").exists():
        assert run("mtls_client_props").startswith("FAILED: SSLHandshakeException: (certificate_unknown) PKIX path building failed: ")


def test_they_are_short():
    for source in (ROOT / "examples").glob("*.c"):
        assert len(source.read_text().splitlines()) < 80, source


def test_the_cause_of_a_log(example):
    log = "2026-01-02 12:00:00 main ERROR\njavax.net.ssl.SSLHandshakeException: No subject alternative names present\n"
    assert proc.run([example("log_cause")], input="all is well\n").out.startswith("unknown\n")
    told = proc.run([example("log_cause")], input=log).out.splitlines()
    assert told[0] == "fail" and told[1].startswith("san-missing ("), told
    assert told[2].startswith("  standard input:2: ") and told[3].startswith("  fix: "), told
