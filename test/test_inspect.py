"""mutual inspect: facts of stores as JSON and text, expiry for cron, passwords for many stores, folders; the JVM's choice in test_jvm_choice.py."""
import datetime
import json
import os
import shutil

import pytest

from lab import proc

PASSWORD = "changeit"
P = ["--key-store-password", PASSWORD]


def at(days):
    """A time so many days from now, for --at."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def inspected(mutual, *args, status=0):
    result = mutual("inspect", *args, "--json")
    assert result.status == status, result
    return json.loads(result.out)


def one_store(mutual, path, *args, status=0):
    stores = inspected(mutual, path, *args, status=status)["stores"]
    assert len(stores) == 1
    return stores[0]


def codes(problems):
    return [(problem["code"], problem["severity"], problem["depth"]) for problem in problems]


def entry(store, alias):
    return next(entry for entry in store["entries"] if entry["alias"] == alias)


# ---- what is told ----

def test_every_fact_of_a_key_store(mutual, pki):
    """Exact, but for what every run makes anew."""
    answer = inspected(mutual, pki.path("server", "p12"), *P, "--at", at(0.5))
    store = answer["stores"][0]
    for cert in entry(store, "server")["chain"]:
        for name in ("serial", "notBefore", "notAfter", "sha256"):
            cert.pop(name)
    iterations = store["mac"]["iterations"]
    assert iterations == 2048  # openssl's
    pbes2 = {"algorithm": "PBES2 AES-256-CBC HmacSHA256", "iterations": iterations}
    assert store == {
        "path": str(pki.path("server", "p12")), "state": "read", "type": "PKCS12", "mac": {"algorithm": "HmacSHA256", "iterations": iterations},
        "certificateEncryption": pbes2, "loose": [], "problems": [],
        "entries": [{
            "alias": "server", "kind": "key", "created": None, "encryption": pbes2, "complete": True, "missing": None, "problems": [],
            "jvm": {"SunX509": ["server", "client"], "PKIX": ["server", "client"]},
            "chain": [
                {"subject": "CN=server, O=Test", "issuer": "CN=root, O=Test", "names": "ip:127.0.0.1,dns:localhost,dns:server.test",
                 "daysLeft": 363, "ca": False, "selfSigned": False, "keyUsage": "digitalSignature", "extendedKeyUsage": "serverAuth",
                 "key": "256-bit EC (secp256r1)", "signature": "ecdsa-with-SHA256"},
                {"subject": "CN=root, O=Test", "issuer": "CN=root, O=Test", "names": "", "daysLeft": 3648, "ca": True, "selfSigned": True,
                 "keyUsage": "keyCertSign, cRLSign", "extendedKeyUsage": "any", "key": "256-bit EC (secp256r1)",
                 "signature": "ecdsa-with-SHA256"}]}]}


def test_text_says_the_same(mutual, pki):
    tree = mutual("inspect", pki.path("server", "p12"), *P)
    assert tree.status == 0, tree
    for words in ("PKCS12, 1 entry; MAC: HmacSHA256, 2048 iterations", "server: private key", "a JVM picks it as server, client",
                  "the chain is complete", "names ip:127.0.0.1,dns:localhost,dns:server.test", "`- CN=root, O=Test", "signed by itself"):
        assert words in tree.out, tree
    table = mutual("inspect", pki.path("server", "p12"), pki.path("client", "p12"), *P)
    rows = [line.split("  ") for line in table.out.splitlines()]
    assert table.status == 0 and len(rows) == 3 and rows[0][0].strip() == "STORE", table
    assert "complete" in table.out and "CN=client, O=Test" in table.out
    forced = mutual("inspect", pki.path("server", "p12"), *P, "--view", "table")
    assert forced.out.startswith("STORE"), forced
    assert "private key" in mutual("inspect", pki.path("server", "p12"), pki.path("client", "p12"), *P, "--view", "tree").out


@pytest.fixture(scope="module")
def faulty(tmp_path_factory, pki):
    """Identities with one fault each, as NAME.p12."""
    pki.issue("insp-expired", usage="client", days=10, starts_days_ago=20)
    pki.issue("insp-future", usage="client", starts_days_ago=-10)
    pki.issue("insp-nameless", usage="server")
    pki.ca("insp-sub", issuer="root")
    pki.issue("insp-below", issuer="insp-sub", usage="client")
    for name in ("insp-expired", "insp-future", "insp-nameless"):
        pki.key_store(name)
    pki.key_store("insp-below", chain=("other-root",))
    folder = tmp_path_factory.mktemp("faulty")
    make = lambda name, *options: proc.run_ok(["openssl", "req", "-x509", "-nodes", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
                                               "-out", folder / f"{name}.crt", *options])
    make("weak", "-newkey", "rsa:1024", "-addext", "basicConstraints=CA:FALSE")
    make("sha1ca", "-newkey", "rsa:2048", "-sha1")
    make("coder", "-newkey", "rsa:2048", "-addext", "basicConstraints=CA:FALSE", "-addext", "extendedKeyUsage=codeSigning",
         "-addext", "keyUsage=keyAgreement", "-addext", "1.2.3.4=critical,DER:0500")
    return folder


@pytest.mark.parametrize("name, expected", [
    ("insp-expired", [("cert-expired", "error", 0)]),
    ("insp-future", [("cert-not-yet-valid", "error", 0)]),
    ("insp-nameless", [("san-missing", "error", 0)]),
    ("insp-below", [("chain-missing-intermediate", "warning", None)]),
    ("client", []),
])
def test_problems_of_identities(mutual, pki, faulty, name, expected):
    found = entry(one_store(mutual, pki.path(name, "p12"), *P), name)
    assert codes(found["problems"]) == expected
    assert found["complete"] is (name != "insp-below") and found["missing"] == ("CN=insp-sub, O=Test" if name == "insp-below" else None)
    tree = mutual("inspect", pki.path(name, "p12"), *P).out
    for code, severity, _ in expected:
        assert f"{severity} [{code}]: " in tree and "  fix: " in tree


def test_problems_of_algorithms_and_extensions(mutual, faulty):
    """PEM, leaf and key in one file."""
    def of(name):
        both = faulty / f"{name}.pem"
        both.write_bytes((faulty / f"{name}.crt").read_bytes() + (faulty / f"{name}.key").read_bytes())
        return codes(one_store(mutual, both)["entries"][0]["problems"])
    assert of("weak") == [("weak-key-size", "error", 0)]
    assert of("sha1ca") == [("ca-used-as-leaf", "warning", 0)]  # its own signature proves nothing, so SHA-1 is no matter
    assert of("coder") == [("unknown-critical-extension", "error", 0), ("eku-missing-serverauth", "error", 0), ("key-usage-wrong", "error", 0)]


def test_a_path_that_does_not_hold(mutual, pki, tmp_path):
    """The signature in the middle is damaged: only following the path shows it."""
    pki.ca("insp-mid", issuer="root")
    pki.issue("insp-leaf", issuer="insp-mid", usage="client")
    whole = tmp_path / "whole.pem"
    parts = [pki.path(*words).read_bytes() for words in (("insp-leaf", "key"), ("insp-leaf", "crt"), ("insp-mid", "crt"), ("root", "crt"))]
    whole.write_bytes(b"".join(parts))
    assert codes(one_store(mutual, whole)["entries"][0]["problems"]) == []
    proc.run_ok(["openssl", "x509", "-in", pki.path("insp-leaf", "crt"), "-outform", "DER", "-out", tmp_path / "leaf.der"])
    data = bytearray((tmp_path / "leaf.der").read_bytes())
    data[-1] ^= 1
    (tmp_path / "leaf.der").write_bytes(data)
    proc.run_ok(["openssl", "x509", "-in", tmp_path / "leaf.der", "-inform", "DER", "-out", tmp_path / "leaf.pem"])
    whole.write_bytes(parts[0] + (tmp_path / "leaf.pem").read_bytes() + parts[2] + parts[3])
    assert codes(one_store(mutual, whole)["entries"][0]["problems"]) == [("signature-invalid", "error", 0)]


def test_trust_stores(mutual, pki, jdk, tmp_path):
    pki.ca("insp-inter", issuer="root")
    alone = pki.trust_store(jdk, "insp-alone.p12", "insp-inter")
    assert codes(entry(one_store(mutual, alone, *P), "insp-inter")["problems"]) == [("intermediate-only-anchor", "warning", 0)]
    both = pki.trust_store(jdk, "insp-both.p12", "insp-inter", "root")
    assert [codes(found["problems"]) for found in one_store(mutual, both, *P)["entries"]] == [[], []]
    # openssl 3.0 cannot mark certificates as trusted: a JVM sees an empty store
    proc.run_ok(["openssl", "pkcs12", "-export", "-nokeys", "-in", pki.path("root", "crt"), "-passout", "pass:changeit", "-out",
                 tmp_path / "openssl.p12"])
    store = one_store(mutual, tmp_path / "openssl.p12", *P)
    assert store["entries"] == [] and store["loose"][0]["subject"] == "CN=root, O=Test"
    assert codes(store["problems"]) == [("p12-no-java-trust", "error", None)]


def test_stores_of_every_keytool(mutual, jdks, tmp_path):
    """Key, chain, trusted certificate and secret key; protection as each JDK writes it."""
    for jdk in jdks:
        store = tmp_path / f"{jdk.version}.p12"
        common = ["-keystore", store, "-storetype", "PKCS12", "-storepass", PASSWORD]
        jdk.keytool_ok("-genkeypair", "-alias", "Mine", "-keyalg", "EC", "-dname", "CN=mine", *common)
        jdk.keytool_ok("-genseckey", "-alias", "hidden", "-keyalg", "AES", "-keysize", "128", *common)
        jdk.keytool_ok("-exportcert", "-alias", "mine", "-file", tmp_path / "mine.crt", *common)
        jdk.keytool_ok("-importcert", "-noprompt", "-alias", "friend", "-file", tmp_path / "mine.crt", *common)
        facts = one_store(mutual, store, *P)
        assert [(found["alias"], found["kind"], len(found["chain"])) for found in facts["entries"]] == \
            [("mine", "key", 1), ("hidden", "secret", 0), ("friend", "trusted", 1)]
        assert facts["mac"]["iterations"] == 10000 and facts["certificateEncryption"]["iterations"] == 10000
        assert entry(facts, "mine")["encryption"]["iterations"] == 10000 and entry(facts, "hidden")["encryption"]["iterations"] == 10000


def test_check_keys(mutual, pki, tmp_path):
    """Only then are keys decrypted: a key under another password, and one that belongs to another certificate."""
    assert entry(one_store(mutual, pki.path("server", "p12"), *P, "--check-keys"), "server")["problems"] == []
    proc.run_ok(["openssl", "pkey", "-in", pki.path("server", "key"), "-aes256", "-passout", "pass:other", "-out", tmp_path / "enc.key"])
    mixed = tmp_path / "mixed.pem"
    mixed.write_bytes((tmp_path / "enc.key").read_bytes() + pki.path("client", "crt").read_bytes())
    assert codes(one_store(mutual, mixed)["entries"][0]["problems"]) == [("chain-missing-intermediate", "warning", None)]
    wrong = one_store(mutual, mixed, *P, "--check-keys")["entries"][0]
    assert "pem-key-encrypted" in [code for code, _, _ in codes(wrong["problems"])]
    pair = one_store(mutual, mixed, "--key-store-password", "other", "--check-keys")["entries"][0]
    assert "key-cert-mismatch" in [code for code, _, _ in codes(pair["problems"])]


# ---- what cannot be read ----

def test_unreadable_stores_do_not_stop_the_others(mutual, pki, tmp_path):
    (tmp_path / "cut.p12").write_bytes(pki.path("server", "p12").read_bytes()[:200])
    (tmp_path / "text.txt").write_text("no store")
    missing = tmp_path / "missing.p12"
    stores = inspected(mutual, tmp_path / "cut.p12", missing, tmp_path / "text.txt", tmp_path, pki.path("client", "p12"), *P,
                       status=3)["stores"]
    assert [store["error"]["code"] if store["state"] == "unreadable" else store["state"] for store in stores] == \
        ["store-damaged", "store-not-found", "store-wrong-type", "store-damaged", "read"]
    wrong = one_store(mutual, pki.path("client", "p12"), "--key-store-password", "wrong", status=3)
    assert wrong["error"]["code"] == "store-wrong-password"
    text = mutual("inspect", pki.path("client", "p12"), "--key-store-password", "wrong")
    assert text.status == 3 and "[store-wrong-password]" in text.out and "hint:" in text.out, text


def test_without_a_password(mutual, pki):
    """What can be seen without it is shown."""
    store = one_store(mutual, pki.path("client", "p12"), status=3)
    assert store["state"] == "partly" and codes(store["problems"]) == [("p12-read-without-password", "error", None)]
    assert [(found["alias"], found["kind"], found["chain"], found["problems"]) for found in store["entries"]] == [("client", "key", [], [])]
    assert mutual("inspect", pki.path("client", "p12"), env={"MUTUAL_STORE_PASSWORD": PASSWORD}).status == 0
    shown, echo = proc.on_terminal([mutual.path, "inspect", pki.path("client", "p12")], ("Password of", PASSWORD + "\n"))
    assert shown.status == 0 and echo and "the chain is complete" in shown.out, shown


def test_cacerts_needs_no_password(mutual, jdks, tmp_path):
    """changeit is tried for the JDK's own file, and for no other."""
    cacerts = tmp_path / "lib" / "security" / "cacerts"
    cacerts.parent.mkdir(parents=True)
    trust = jdks[-1].keytool_ok  # a store like it, protected by the well-known password
    trust("-genkeypair", "-alias", "a", "-keyalg", "EC", "-dname", "CN=a", "-keystore", cacerts, "-storetype", "PKCS12", "-storepass", PASSWORD)
    assert one_store(mutual, cacerts)["state"] == "read"
    shutil.copy(cacerts, tmp_path / "cacerts")
    assert one_store(mutual, tmp_path / "cacerts", status=3)["state"] == "partly"


# ---- passwords for many ----

def test_password_file(mutual, pki, tmp_path):
    for name, password in (("a.p12", "first"), ("b.p12", "second one"), ("c.p12", "third"), ("d e.p12", "fourth")):
        pki.key_store("client", password=password)
        (tmp_path / "in").mkdir(exist_ok=True)
        shutil.move(pki.path("client", "p12"), tmp_path / "in" / name)
    pki.key_store("client")
    (tmp_path / "third").write_text("third\n")
    passwords = tmp_path / "passwords"
    passwords.write_text("# stores of the team\n\na*.p12   first\n*/in/b.p12\tpass:second one\r\nc.p12 file:%s\nd\\ e.p12 env:FOURTH\n* wrong\n" %
                         (tmp_path / "third"))
    passwords.chmod(0o600)
    run = lambda *args: mutual("inspect", tmp_path / "in", "--password-file", passwords, *args, env={"FOURTH": "fourth"})
    result = run("--json")
    assert result.status == 0 and result.err == "", result
    assert [store["state"] for store in json.loads(result.out)["stores"]] == ["read"] * 4
    passwords.chmod(0o644)
    assert "warning: everybody can read the passwords" in run().err
    passwords.write_text("a.p12\n")
    bad = run()
    assert bad.status == 2 and "[config-invalid]" in bad.err and f"{passwords}:1" in bad.err, bad
    passwords.write_text("*.p12 env:NO_SUCH_VARIABLE\n")
    assert run().status == 2


# ---- folders ----

def test_folder(mutual, pki, tmp_path):
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)
    shutil.copy(pki.path("server", "p12"), deep / "no-suffix")
    shutil.copy(pki.path("root", "crt"), tmp_path / "root.txt")
    proc.run_ok(["openssl", "x509", "-in", pki.path("root", "crt"), "-outform", "DER", "-out", tmp_path / "root.bin"])
    proc.run_ok(["openssl", "x509", "-in", pki.path("root", "crt"), "-text", "-out", tmp_path / "a" / "with-text"])
    (tmp_path / "readme.md").write_text("first\n")
    (tmp_path / "script.py").write_text('X = """-----BEGIN CERTIFICATE-----\nMII\n"""\n')
    (tmp_path / "zeros").write_text("0" * 100)  # as DER: a sequence
    (tmp_path / "empty.p12").write_bytes(b"")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / ".hidden.p12").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.p12").symlink_to(deep / "no-suffix")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    answer = inspected(mutual, tmp_path, *P, "-v", status=3)
    relative = lambda items: [os.path.relpath(item["path"], tmp_path) for item in items]
    assert relative(answer["stores"]) == ["a/b/c/no-suffix", "a/with-text", "empty.p12", "link.p12", "root.bin", "root.txt"]
    assert answer["stores"][2]["error"]["code"] == "store-damaged"
    assert relative(answer["others"]) == ["dangling", "empty", "loop", "pipe", "readme.md", "script.py", "zeros"]
    assert "others" not in inspected(mutual, tmp_path, *P, status=3)
    text = mutual("inspect", tmp_path, *P)
    assert "readme.md" not in text.out and "readme.md: no store by its content" in mutual("inspect", tmp_path, *P, "-v").out


def test_folder_is_bounded(mutual, pki, tmp_path):
    deep = tmp_path.joinpath(*"123456789")
    deep.mkdir(parents=True)
    shutil.copy(pki.path("root", "crt"), deep)
    shutil.copy(pki.path("root", "crt"), deep.parent / "root.crt")
    stores = inspected(mutual, tmp_path, status=3)["stores"]
    assert [store.get("error", {}).get("code", store["state"]) for store in stores] == ["store-limit-exceeded", "read"]


# ---- expiry ----

def test_expiring(mutual, pki):
    store = pki.path("server", "p12")  # 364 days
    quiet = mutual("inspect", store, *P, "--expiring", "30")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", ""), quiet
    loud = mutual("inspect", store, *P, "--expiring", "30", "--at", at(340.5))
    assert loud.status == 4 and loud.out.count("\n") == 1 and "server: CN=server, O=Test, until" in loud.out and "(23 days left)" in loud.out, loud
    gone = mutual("inspect", store, *P, "--expiring", "0", "--at", at(365.5))
    assert gone.status == 4 and "(expired 2 days ago)" in gone.out, gone
    answer = inspected(mutual, store, *P, "--expiring", "30", "--at", at(340.5), status=4)
    assert [(item["alias"], item["depth"], item["subject"], item["daysLeft"]) for item in answer["expiring"]] == \
        [("server", 0, "CN=server, O=Test", 23)]
    assert inspected(mutual, store, *P, "--expiring", "30")["expiring"] == []
    assert mutual("inspect", store, *P, "--expiring", "x").status == 2


def test_expiring_to_the_second(mutual, pki):
    end = proc.run_ok(["openssl", "x509", "-in", pki.path("root", "crt"), "-noout", "-enddate", "-dateopt", "iso_8601"]).out.strip().split("=")[1]
    last = int(datetime.datetime.strptime(end, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp())
    run = lambda time: mutual("inspect", pki.path("root", "crt"), "--expiring", "10", "--at", str(time)).status
    assert [run(last - 864000 - 1), run(last - 864000), run(last + 1)] == [0, 4, 4]


def test_expiring_and_unreadable(mutual, pki):
    """What expires counts for more; what cannot be read is told in any case."""
    files = [pki.path("server", "p12"), pki.path("nothing", "p12")]
    soon = mutual("inspect", *files, *P, "--expiring", "30", "--at", at(340.5))
    assert soon.status == 4 and "[store-not-found]" in soon.out, soon
    well = mutual("inspect", *files, *P, "--expiring", "30")
    assert well.status == 3 and well.out.count("\n") == 1 and "[store-not-found]" in well.out, well
