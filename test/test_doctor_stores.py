"""mutual doctor on the stores of a server and its client: everything that is wrong, and nothing else."""
import json

import pytest

PASSWORD = "changeit"


@pytest.fixture(scope="session")
def trust(pki, tmp_path_factory):
    """A function that gives a PEM file with these certificates."""
    folder = tmp_path_factory.mktemp("trust")

    def make(*names):
        path = folder / ("-".join(names) + ".pem")
        path.write_bytes(b"".join(pki.path(name, "crt").read_bytes() for name in names))
        return path
    return make


@pytest.fixture
def doctor(mutual):
    def run(*args, status):
        answer = mutual("doctor", "--json", *args, env={"MUTUAL_STORE_PASSWORD": PASSWORD})
        assert answer.status == status, answer
        return json.loads(answer.out)
    return run


def four(pki, trust, **changes):
    files = {"server-key-store": pki.path("server", "p12"), "server-trust-store": trust("root"),
             "client-key-store": pki.path("client", "p12"), "client-trust-store": trust("root"), "host": "server.test", **changes}
    return [word for name, value in files.items() if value for word in (f"--{name}", str(value))]


def errors(report):
    return {(finding["code"], finding["side"]) for finding in report["findings"] if finding["severity"] == "error"}


def test_healthy(doctor, pki, trust):
    report = doctor(*four(pki, trust), status=0)
    assert report["verdict"] == "ok" and report["findings"] == []
    assert report["predictions"]["mutual"] == {"ok": True, "refusedBy": None, "code": None}
    assert report["predictions"]["openssl"]["ok"]


def test_all_faults_of_both_directions_are_told(doctor, pki, trust):
    """A handshake would meet the first of these only."""
    report = doctor(*four(pki, trust, **{"host": "other.test", "server-trust-store": trust("other-root"), "at": "2036-01-01"}), status=4)
    assert {("hostname-mismatch", "server"), ("cert-expired", "server"), ("cert-expired", "client"),
            ("client-ca-not-trusted", "server")} <= errors(report)
    assert report["predictions"]["mutual"]["refusedBy"] == "client"


def test_a_store_that_cannot_be_read_is_a_finding(doctor, pki, trust, tmp_path):
    cut = tmp_path / "cut.p12"
    cut.write_bytes(pki.path("client", "p12").read_bytes()[:-100])
    report = doctor(*four(pki, trust, **{"client-key-store": cut, "client-trust-store": tmp_path / "none.p12"}), status=4)
    assert errors(report) == {("store-damaged", "client"), ("store-not-found", "client")}
