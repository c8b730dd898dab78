"""mutual ca issue --from and mutual ca renew: what is made, judged by openssl and the JDK; what is left alone; what is refused."""
import json
import os
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from lab import proc
from lab.env import ROOT

STORE = "changeit"
ENV = {"STORE_PASSWORD": STORE}

YAML = """\
defaults:
  key-algorithm: EC
  key-store-password: env:STORE_PASSWORD
  trust-store-password: env:STORE_PASSWORD
  days: 90
services:
  orders:
    san: [dns:orders.example, ip:10.0.0.5]
    profile: peer
    key-store: "{alias}.p12"
    trust-store: "{alias}-trust.p12"
  billing:
    profile: client
    name: CN={alias}, O=Test
    certificate: billing.crt
    certificate-private-key: billing.key
    trust-certificate: billing-ca.crt
"""


class Bulk:
    def __init__(self, mutual, folder):
        self.mutual, self.folder, self.yaml = mutual, folder, folder / "services.yaml"
        self.run("init", "--no-encryption", "--key-algorithm", "EC", "--name", "CN=Test Root, O=Test")

    def run(self, command, *args, status=0, code=None):
        result = self.mutual("ca", command, "--ca", "ca", *args, cwd=self.folder, env=ENV)
        assert result.status == status and (code is None or f"[{code}]" in result.err), result
        return result

    def issue(self, text=None, *args, **options):
        if text is not None:
            self.yaml.write_text(text)
        return self.run("issue", "--from", "services.yaml", *args, **options)

    def actions(self, *args, **options):
        return {s["alias"]: s["action"] for s in json.loads(self.issue(None, "--json", *args, **options).out)["services"]}

    def rows(self):
        return json.loads(self.run("list", "--json").out)["certificates"]

    def files(self):
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in self.folder.iterdir()
                if path.is_file()}

    def store(self, name):
        return pkcs12.load_pkcs12((self.folder / name).read_bytes(), STORE.encode())


@pytest.fixture
def bulk(mutual, tmp_path):
    return Bulk(mutual, tmp_path)


def test_issues_what_is_missing_and_then_nothing(bulk, jdks):
    planned = bulk.issue(YAML, "--dry-run")
    assert "would issue orders: there is none yet" in planned.out and "2 to issue" in planned.out
    assert sorted(bulk.files()) == ["services.yaml"] and len(bulk.rows()) == 1  # the root
    assert "2 issued, 0 restored, 0 kept, 0 failed" in bulk.issue().out
    for jdk in jdks:
        text = jdk.keytool_ok("-list", "-v", "-keystore", "orders.p12", "-storepass", STORE, cwd=bulk.folder).out
        assert "Alias name: orders" in text and "Certificate chain length: 2" in text and "DNSName: orders.example" in text
        trust = jdk.keytool_ok("-list", "-keystore", "orders-trust.p12", "-storepass", STORE, cwd=bulk.folder).out
        assert "trustedCertEntry" in trust
    proc.run_ok(["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "billing-ca.crt", "billing.crt"],
                cwd=bulk.folder)
    public = proc.run_ok(["openssl", "pkey", "-in", "billing.key", "-pubout"], cwd=bulk.folder).out
    assert public == proc.run_ok(["openssl", "x509", "-in", "billing.crt", "-noout", "-pubkey"], cwd=bulk.folder).out
    before = bulk.files()
    assert bulk.issue().out == "0 issued, 0 restored, 2 kept, 0 failed\n"
    assert bulk.files() == before and len(bulk.rows()) == 3


def test_issues_again_what_is_due_and_says_why(bulk):
    bulk.issue(YAML)
    first = bulk.store("orders.p12").cert.certificate
    untouched = {name: file for name, file in bulk.files().items() if name.startswith("billing")}
    for text, why in [(YAML.replace("ip:10.0.0.5", "ip:10.0.0.6"), "its names are"),
                      (YAML.replace("peer", "server"), "its profile is peer"),
                      (YAML.replace("profile: peer", "profile: peer\n    key-algorithm: EC:P-384"), "its key is of another kind"),
                      (YAML.replace("profile: peer", "profile: peer\n    name: CN=x"), "its subject is")]:
        assert f"would issue orders: {why}" in bulk.issue(text, "--dry-run").out
    other_order = YAML.replace("[dns:orders.example, ip:10.0.0.5]", "ip:10.0.0.5,dns:orders.example")
    assert bulk.issue(other_order).out.startswith("0 issued")
    assert bulk.actions("--renew-within", "89") == {"orders": "keep", "billing": "keep"}
    assert "issued orders: its names are" in bulk.issue(YAML.replace("ip:10.0.0.5", "ip:10.0.0.6")).out
    assert bulk.store("orders.p12").cert.certificate.public_key().public_numbers() != first.public_key().public_numbers()
    assert {name: file for name, file in bulk.files().items() if name.startswith("billing")} == untouched
    assert bulk.actions("--renew-within", "91") == {"orders": "issue", "billing": "issue"}


def test_restores_a_file_without_issuing(bulk):
    bulk.issue(YAML)
    rows = bulk.rows()
    (bulk.folder / "orders-trust.p12").unlink()
    (bulk.folder / "billing-ca.crt").write_text("something else")
    assert bulk.actions() == {"orders": "restore", "billing": "restore"} and bulk.rows() == rows
    assert bulk.actions() == {"orders": "keep", "billing": "keep"}


def test_what_a_crash_between_two_renames_leaves_is_healed(bulk):
    bulk.issue(YAML)
    old = (bulk.folder / "billing.crt").read_bytes()
    bulk.issue(None, "--renew-within", "91")
    (bulk.folder / "billing.crt").write_bytes(old)
    assert "issued billing: certificate and key are of two generations" in bulk.issue().out
    assert bulk.actions() == {"orders": "keep", "billing": "keep"}


def test_a_service_that_fails_leaves_the_others_alone(bulk):
    text = YAML.replace("key-store: \"{alias}.p12\"", "key-store: none/x.p12")
    result = bulk.issue(text, status=3)
    assert 'services.yaml:7: service "orders" failed' in result.err and "[store-not-found]" in result.err
    assert result.out.endswith("1 issued, 0 restored, 0 kept, 1 failed\n")
    assert [row["alias"] for row in bulk.rows()] == ["root", "billing"]  # nothing issued for the other
    answer = json.loads(bulk.issue(None, "--json", status=3).out)
    assert answer["services"][0]["error"]["code"] == "store-not-found" and answer["failed"] == 1 and answer["kept"] == 1


def test_a_certificate_of_another_ca_is_not_written_over(bulk, tmp_path):
    bulk.issue(YAML)
    before = bulk.files()
    os.rename(bulk.folder / "ca", bulk.folder / "old")
    bulk.run("init", "--no-encryption", "--key-algorithm", "EC")
    result = bulk.issue(status=2)
    assert result.err.count("the certificate there was not issued by this CA") == 2 and bulk.files() == before


def test_a_revoked_one_is_issued_anew_and_not_renewed(bulk):
    bulk.issue(YAML)
    bulk.run("revoke", "--alias", "orders")
    bulk.run("renew", "--key-store", "orders.p12", "--key-store-password", "env:STORE_PASSWORD", status=4, code="cert-revoked")
    assert "issued orders: revoked" in bulk.issue().out


MISTAKES = """\
defaults:
  key-store-pasword: env:A
  key-store-password: changeit
services:
  a:
    san: dns:a..b
    profile: root
    days: "9"
    key-store: x.p12
  b: &anchor
    san: {}
    key-store: ~
  a: {}
  "c/d": {}
  e:
    san: dns:e
    certificate: sub/../x.crt
    certificate-private-key: ./x.crt
other: 1
"""


def test_all_mistakes_are_told_at_once(bulk):
    result = bulk.issue(MISTAKES, status=2, code="config-invalid")
    places = re.findall(r"because: services\.yaml:(\d+):(\d+): (.*) \[config-invalid\]", result.err)
    order = [(int(line), int(column)) for line, column, _ in places]
    assert order == sorted(order)
    told = {int(line): " ".join(text for other, _, text in places if other == line) for line, _, _ in places}
    for line, words in {2: 'did you mean "key-store-password"', 6: "no subject al", 7: "server, client or peer",
                        8: "days must be a number", 10: "anchors", 11: "san must be text or a list", 12: "not nothing",
                        13: "a second time", 14: "an alias has", 18: "is written by", 19: 'no setting "other"'}.items():
        assert line in told and words in told[line], (line, told)
    assert len(bulk.rows()) == 1 and sorted(bulk.files()) == ["services.yaml"]


def test_renew(bulk, jdk):
    bulk.issue(YAML)
    first = bulk.store("orders.p12")
    store = ["--key-store", "orders.p12", "--key-store-password", "env:STORE_PASSWORD"]
    assert "not due: valid until" in bulk.run("renew", *store, "--renew-within", "30").out
    bulk.run("renew", *store, "--reuse-key")
    second = bulk.store("orders.p12")
    assert second.cert.certificate.serial_number != first.cert.certificate.serial_number
    assert second.cert.certificate.public_key().public_numbers() == first.cert.certificate.public_key().public_numbers()
    bulk.run("renew", *store, "--renew-within", "91")
    third = bulk.store("orders.p12")
    names = [one.cert.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value for one in (first, third)]
    keys = [one.cert.certificate.public_key().public_numbers() for one in (first, third)]
    assert names[0] == names[1] and keys[0] != keys[1]
    assert third.cert.friendly_name == b"orders" and len(third.additional_certs) == 1
    assert bulk.actions() == {"orders": "keep", "billing": "keep"}
    bulk.run("renew", "--certificate", "billing.crt", "--certificate-private-key", "billing.key")
    assert bulk.rows()[-1]["alias"] == "billing" and bulk.rows()[-1]["profile"] == "client"
    bulk.run("renew", "--alias", "billing", "--key-store", "new.p12", "--key-store-password", STORE)
    assert "billing, " in jdk.keytool_ok("-list", "-keystore", "new.p12", "-storepass", STORE, cwd=bulk.folder).out
    bulk.run("renew", "--alias", "nobody", "--key-store", "x.p12", "--key-store-password", STORE, status=2, code="usage")


def test_the_example_works(bulk):
    text = (ROOT / "examples/services.yaml").read_text()
    bulk.issue(text)
    assert set(bulk.actions().values()) == {"keep"}
