"""mutual doctor on the stores of a server and its client: everything that is wrong, and nothing else."""
import json
import os
import subprocess

import pytest

from lab import proc

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
    run.path = mutual.path
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


def named(folder, report):
    return {note.split(": ")[0]: note.split(": ")[1] for note in report["notes"] if note.startswith("the ")}


def test_dir_by_name_and_by_content(doctor, pki, trust, tmp_path):
    places = {"server.p12": pki.path("server", "p12"), "server-trust.pem": trust("root"), "client.p12": pki.path("client", "p12"),
              "client-trust.pem": trust("root")}
    for order, names in (("name", list(places)), ("content", ["a.p12", "b.pem", "c.p12", "d.pem"])):
        folder = tmp_path / order
        folder.mkdir()
        for name, path in zip(names, places.values()):
            (folder / name).write_bytes(path.read_bytes())
        report = doctor("--dir", folder, "--host", "server.test", status=0)
        found = named(folder, report)
        assert found["the server's key store"] == f"{folder}/{names[0]}, by its {order}"
        assert found["the client's key store"] == f"{folder}/{names[2]}, by its {order}"
        assert report["predictions"]["mutual"]["ok"]


def test_dir_says_what_it_did_not_find(doctor, pki, tmp_path):
    (tmp_path / "server.p12").write_bytes(pki.path("server", "p12").read_bytes())
    report = doctor("--dir", tmp_path, status=0)
    assert named(tmp_path, report)["the client's trust store"].startswith("nothing in that folder")
    assert report["predictions"] == {}


def test_dir_without_a_store(doctor, tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        assert doctor("--dir", folder, status=3)["error"]["code"] == "store-not-found"


def test_a_trust_store_alone(doctor, trust):
    assert doctor("--client-trust-store", trust("root"), status=0)["findings"] == []
    findings = doctor("--client-trust-store", trust("root"), "--at", "2050-01-01", status=0)["findings"]
    assert [(f["code"], f["severity"], f["side"]) for f in findings] == [("cert-expired", "warning", "client")]


def test_dir_with_a_link_that_leads_nowhere(doctor, tmp_path):
    (tmp_path / "server.p12").symlink_to("nowhere")
    assert errors(doctor("--dir", tmp_path, status=4)) == {("store-not-found", "server")}


def test_no_password_is_not_another_password(mutual, pki, trust):
    report = json.loads(mutual("doctor", "--json", *four(pki, trust)).out)
    assert errors(report) == {("store-wrong-password", "server"), ("store-wrong-password", "client")}
    assert "--server-key-store-password" in report["findings"][0]["fix"], report


def test_host_as_a_url_has_it(doctor, pki, trust):
    for host in ("server.test.", "SERVER.test"):
        report = doctor(*four(pki, trust, host=host), status=0)
        assert report["findings"] == [] and report["predictions"]["openssl"]["ok"], report


def test_old_and_new_protection_is_a_warning(doctor, pki, trust, shared, tmp_path):
    """RC2 and PBMAC1: readable here, not everywhere."""
    old = tmp_path / "old.p12"
    proc.run_ok(["openssl", "pkcs12", "-export", "-legacy", "-inkey", pki.path("client", "key"), "-in", pki.path("client", "crt"),
                 "-certfile", pki.path("root", "crt"), "-name", "client", "-passout", f"pass:{PASSWORD}", "-out", old])
    report = doctor(*four(pki, trust, **{"client-key-store": old}), status=0)
    assert [(f["code"], f["side"]) for f in report["findings"]] == [("p12-legacy-rc2", "client")]
    subprocess.run(["bash", "-ec", f"cd {tmp_path}; PATH={tmp_path}:$PATH; ln -s {doctor.path} mutual; {report['findings'][0]['command']}"],
                   check=True, env={**os.environ, "MUTUAL_STORE_PASSWORD": PASSWORD}, capture_output=True)
    assert doctor(*four(pki, trust, **{"client-key-store": f"{old}.new.p12"}), status=0)["findings"] == []
    pbmac1 = shared / "suites/pkcs12/openssl-pbmac1_512_512.good.p12"
    report = doctor("--client-key-store", pbmac1, "--client-key-store-password", "1234", status=4)  # it has expired, too
    assert "p12-algorithm-too-new" in {f["code"] for f in report["findings"]}


def test_what_ca_issue_makes_is_healthy(doctor, mutual, tmp_path):
    """Two tiers; PKCS12, JKS and PEM, also with a certificate and its key in two files."""
    def ca(*args):
        answer = mutual("ca", *args, "--ca", tmp_path / "ca", env={"MUTUAL_STORE_PASSWORD": PASSWORD})
        assert answer.status == 0, answer

    ca("init", "--key-algorithm", "EC", "--no-encryption")
    ca("intermediate", "--name", "CN=Issuing", "--key-algorithm", "EC")
    for form in ("PKCS12", "JKS", "PEM"):
        words = []
        for name in ("server", "client"):
            keys, trusts = tmp_path / f"{form}-{name}", tmp_path / f"{form}-{name}-trust"
            more = ["--san", "dns:orders.test"] if name == "server" else ["--name", "CN=client"]
            ca("issue", "--profile", name, "--alias", f"{name}-{form}", "--key-algorithm", "EC", *more, "--key-store", keys,
               "--key-store-type", form, "--trust-store", trusts, "--trust-store-type", form)
            pem = form == "PEM" and name == "client"
            words += [f"--{name}-{'certificate' if pem else 'key-store'}", keys, f"--{name}-trust-store", trusts]
        assert doctor(*words, "--host", "orders.test", status=0)["findings"] == []


def test_passwords_do_not_appear(mutual, pki, trust):
    words = four(pki, trust, **{"server-key-store-password": "pass:wrong-and-secret", "client-trust-store": trust("other-root")})
    for json_too in ([], ["--json"]):
        answer = mutual("doctor", *json_too, *words, env={"MUTUAL_STORE_PASSWORD": PASSWORD})
        assert "store-wrong-password" in answer.out and "wrong-and-secret" not in answer.out + answer.err
        assert PASSWORD not in answer.out + answer.err
