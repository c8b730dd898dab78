"""mutual ca: what it makes, judged by openssl and the JDK; what it refuses; what its ledger says."""
import concurrent.futures
import json
import os
import shutil
import sqlite3
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab import proc

PASS = "correct horse"
STORE = "changeit"


class Ca:
    """mutual ca in a folder of its own; keys are EC for speed."""

    def __init__(self, mutual, folder):
        self.mutual, self.folder, self.dir = mutual, folder, folder / "ca"
        self.password = PASS

    def __call__(self, command, *args, password=..., **options):
        password = self.password if password is ... else password
        secret = ["--ca-password", f"pass:{password}"] if password and command in ("init", "intermediate", "sign", "issue", "crl", "import", "export") else []
        return self.mutual("ca", command, "--ca", self.dir, *secret, *args, cwd=self.folder, **options)

    def ok(self, *args, **options):
        result = self(*args, **options)
        assert result.status == 0, result
        return result

    def refused(self, status, code, *args, **options):
        result = self(*args, **options)
        assert result.status == status and f"[{code}]" in result.err, result
        return result

    def issue(self, *args, store="out.p12", **options):
        return self.ok("issue", "--key-algorithm", "EC", "--key-store", store, "--key-store-password", f"pass:{STORE}", *args,
                       **options)

    def rows(self):
        return json.loads(self.ok("list", "--json").out)["certificates"]


@pytest.fixture
def empty(mutual, tmp_path):
    return Ca(mutual, tmp_path)


@pytest.fixture
def ca(empty):
    empty.ok("init", "--name", "CN=Test Root, O=Test", "--key-algorithm", "EC")
    return empty


def init_plain(ca, *args):
    """Without encryption: 600,000 iterations at every step take their time."""
    ca.password = None
    ca.ok("init", "--no-encryption", *args)


@pytest.fixture
def plain(empty):
    init_plain(empty, "--key-algorithm", "EC", "--name", "CN=Test Root, O=Test")
    return empty


def openssl_verify(ca, file, purpose, untrusted=None):
    more = ["-untrusted", untrusted] if untrusted else []
    return proc.run(["openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose, "-CAfile", ca.dir / "root.crt", *more,
                     file], cwd=ca.folder)


def extension(file, name):
    return proc.run_ok(["openssl", "x509", "-in", file, "-noout", "-ext", name]).out


def write_csr(path, *, cn="csr.example", san=(), more=(), key=None, damage=False):
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)]))
    if san:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in san]), False)
    for ext in more:
        builder = builder.add_extension(ext, True)
    der = bytearray(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
    if damage:
        der[-1] ^= 1
    path.write_bytes(der)
    return path


# ---- what it makes ----

@pytest.mark.parametrize("algorithm", ["RSA:2048", "EC:P-384", "Ed25519"])
def test_chains_are_accepted_by_the_strict_rules(empty, algorithm):
    init_plain(empty, "--key-algorithm", algorithm)
    purposes = {"server": (0, 2), "client": (2, 0), "peer": (0, 0)}
    for issuer in ("root", "mid"):
        if issuer == "mid":
            empty.ok("intermediate", "mid", "--key-algorithm", algorithm)
        for profile, (as_server, as_client) in purposes.items():
            cert = empty.folder / f"{profile}-{issuer}.crt"
            empty.ok("issue", "--profile", profile, "--san", "dns:a.example,ip:127.0.0.1", "--key-algorithm", algorithm,
                     "--certificate", cert, "--certificate-private-key", cert.with_suffix(".key"))
            assert openssl_verify(empty, cert, "sslserver", cert).status == as_server
            assert openssl_verify(empty, cert, "sslclient", cert).status == as_client
            assert cert.read_text().count("BEGIN CERTIFICATE") == (1 if issuer == "root" else 2)
            # the key belongs to the certificate
            public = proc.run_ok(["openssl", "pkey", "-in", cert.with_suffix(".key"), "-pubout"]).out
            assert public == proc.run_ok(["openssl", "x509", "-in", cert, "-noout", "-pubkey"]).out


def test_extensions_are_the_guides(plain):
    plain.issue("--profile", "server", "--san", "ip:127.0.0.1,dns:mtls-server.lab.local", "--certificate", "s.crt",
             "--certificate-private-key", "s.key", "--issuer", "root")
    cert = plain.folder / "s.crt"
    assert "IP Address:127.0.0.1, DNS:mtls-server.lab.local" in extension(cert, "subjectAltName")
    assert "TLS Web Server Authentication" in extension(cert, "extendedKeyUsage")
    assert "TLS Web Client Authentication" not in extension(cert, "extendedKeyUsage")
    assert "CA:FALSE" in extension(cert, "basicConstraints")
    assert extension(cert, "keyUsage").split("\n")[:2] == ["X509v3 Key Usage: critical", "    Digital Signature"]
    root = plain.dir / "root.crt"
    assert extension(root, "basicConstraints").split("\n")[:2] == ["X509v3 Basic Constraints: critical", "    CA:TRUE"]
    assert "Certificate Sign, CRL Sign" in extension(root, "keyUsage")


def test_keytool_lists_the_stores(plain, jdks):
    plain.ok("intermediate", "--client-only", "--key-algorithm", "EC")
    plain.issue("--profile", "server", "--san", "dns:a.example", "--alias", "server", "--trust-store", "trust.p12",
             "--trust-store-password", f"pass:{STORE}", store="server.p12")
    plain.issue("--profile", "client", "--alias", "Client", store="client.p12")
    for jdk in jdks:
        def listed(store):
            return jdk.keytool_ok("-list", "-v", "-keystore", store, "-storepass", STORE, cwd=plain.folder).out
        server, client, trust = listed("server.p12"), listed("client.p12"), listed("trust.p12")
        assert "Your keystore contains 1 entry" in server and "Entry type: PrivateKeyEntry" in server
        assert "Certificate chain length: 2" in server and "Alias name: server" in server
        assert "Certificate chain length: 3" in client and "Alias name: client" in client  # through the client-only intermediate
        assert "Entry type: trustedCertEntry" in trust and "Alias name: root" in trust and "Owner: CN=Test Root, O=Test" in trust


def test_a_store_gets_one_entry_more(plain, jdk):
    plain.issue("--profile", "client", "--alias", "a", store="both.p12")
    plain.issue("--profile", "client", "--alias", "b", store="both.p12")
    text = jdk.keytool_ok("-list", "-keystore", "both.p12", "-storepass", STORE, cwd=plain.folder).out
    assert "a, " in text and "b, " in text and "contains 2 entries" in text
    certs = proc.run_ok(["openssl", "pkcs12", "-nokeys", "-in", "both.p12", "-passin", f"pass:{STORE}"], cwd=plain.folder).out
    assert certs.count("BEGIN CERTIFICATE") == 3  # their issuer stands there once
    before = (plain.folder / "both.p12").read_bytes()
    plain.refused(3, "duplicate-alias", "issue", "--profile", "client", "--alias", "B", "--key-store", "both.p12",
                  "--key-store-password", STORE)
    result = plain.refused(3, "store-wrong-password", "issue", "--profile", "client", "--alias", "c", "--key-store", "both.p12",
               "--key-store-password", "wrong")
    assert result.err.startswith('cannot read the store "both.p12": ') and "because" not in result.err, result  # said once
    assert (plain.folder / "both.p12").read_bytes() == before
    assert len(plain.rows()) == 3  # nothing was issued for the two that could not be written


def test_nothing_outlives_its_issuer(empty):
    init_plain(empty, "--key-algorithm", "EC", "--days", "10")
    empty.ok("intermediate", "--key-algorithm", "EC")
    empty.issue("--profile", "client", "--days", "400")
    rows = empty.rows()
    assert [row["profile"] for row in rows] == ["root", "intermediate", "client"]
    assert len({row["notAfter"] for row in rows}) == 1
    assert len({row["notBefore"] for row in rows}) <= 3 and all(row["notBefore"] >= rows[0]["notBefore"] for row in rows)


def test_the_issuer_is_chosen(plain):
    def issuer_of(profile, *args):
        plain.issue("--profile", profile, "--san", "dns:a.example", "--alias", "x", *args)
        os.unlink(plain.folder / "out.p12")
        return plain.rows()[-1]["issuer"]
    assert issuer_of("server") == issuer_of("client") == "root"
    plain.ok("intermediate", "--client-only", "--key-algorithm", "EC")
    assert issuer_of("client") == "clients"
    assert issuer_of("server") == issuer_of("peer") == "root"
    plain.ok("intermediate", "--key-algorithm", "EC")
    assert issuer_of("server") == issuer_of("peer") == issuer_of("client") == "intermediate"
    assert issuer_of("client", "--issuer", "clients") == "clients"
    assert issuer_of("client", "--issuer", "root") == "root"
    plain.refused(2, "usage", "issue", "--profile", "client", "--issuer", "nobody", "--key-store", "x.p12")


# ---- requests ----

def test_a_request_is_signed_and_told_what_it_does_not_get(plain):
    csr = write_csr(plain.folder / "a.csr", san=["evil.example"], more=[
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), x509.BasicConstraints(ca=True, path_length=None)])
    result = plain.ok("sign", "--csr", csr, "--profile", "server", "--san", "dns:good.example", "--out", "a.crt")
    assert "names dns:evil.example" in result.err and "Extended Key Usage" in result.err and "Basic Constraints" in result.err
    cert = plain.folder / "a.crt"
    assert "DNS:good.example" in extension(cert, "subjectAltName") and "evil" not in extension(cert, "subjectAltName")
    assert "Code Signing" not in extension(cert, "extendedKeyUsage") and "CA:FALSE" in extension(cert, "basicConstraints")
    assert openssl_verify(plain, cert, "sslserver").status == 0


def test_names_of_the_request_only_on_demand(plain):
    csr = write_csr(plain.folder / "a.csr", san=["a.example", "b.example"])
    result = plain.refused(4, "san-missing", "sign", "--csr", csr, "--profile", "server")
    assert "--san-from-csr" in result.err
    result = plain.ok("sign", "--csr", csr, "--profile", "server", "--san-from-csr", "--san", "ip:10.0.0.1")
    assert result.out.startswith("-----BEGIN CERTIFICATE-----") and "not taken" not in result.err
    extensions = x509.load_pem_x509_certificate(result.out.encode()).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]
    hostile = write_csr(plain.folder / "b.csr", san=["a.example\r\n,dns:b"])
    plain.refused(2, "usage", "sign", "--csr", hostile, "--profile", "server", "--san-from-csr")


def test_bad_requests_are_refused_by_cause(plain):
    folder = plain.folder
    args = ("--profile", "client")
    plain.ok("sign", "--csr", write_csr(folder / "good.csr"), *args)
    plain.refused(4, "signature-invalid", "sign", "--csr", write_csr(folder / "forged.csr", damage=True), *args)
    (folder / "cut.csr").write_bytes((folder / "good.csr").read_bytes()[:-9])
    plain.refused(3, "store-damaged", "sign", "--csr", "cut.csr", *args)
    (folder / "text.csr").write_text("hello")
    plain.refused(3, "pem-garbage", "sign", "--csr", "text.csr", *args)
    plain.refused(3, "store-not-found", "sign", "--csr", "none.csr", *args)
    plain.refused(2, "usage", "sign", *args)


# ---- the lint ----

def test_what_would_not_work_is_refused_by_cause(plain):
    weak = write_csr(plain.folder / "weak.csr", key=rsa.generate_private_key(65537, 1024))
    same = write_csr(plain.folder / "same.csr", cn="Same")
    good = write_csr(plain.folder / "good.csr")
    plain.ok("intermediate", "same", "--name", "CN=Same", "--key-algorithm", "EC")
    plain.ok("intermediate", "--client-only", "--key-algorithm", "EC")
    before = plain.rows()
    plain.refused(4, "san-missing", "sign", "--csr", good, "--profile", "server")
    plain.refused(4, "weak-key-size", "sign", "--csr", weak, "--profile", "client")
    plain.refused(4, "subject-equals-issuer", "sign", "--csr", same, "--profile", "client", "--issuer", "same")
    plain.refused(4, "eku-ca-chain", "sign", "--csr", good, "--profile", "server", "--san", "dns:a", "--issuer", "clients")
    plain.refused(4, "eku-ca-chain", "sign", "--csr", good, "--profile", "peer", "--san", "dns:a", "--issuer", "clients")
    assert plain.rows() == before  # not even reserved
    plain.ok("sign", "--csr", good, "--profile", "client", "--issuer", "clients")
    assert len(plain.rows()) == len(before) + 1


# ---- passphrases ----

def test_wrong_and_missing_passphrases(ca):
    issue = ("issue", "--profile", "client", "--key-algorithm", "EC", "--key-store", "x.p12", "--key-store-password", STORE)
    result = ca.refused(3, "store-wrong-password", *issue, password="wrong")
    assert "wrong" not in result.out + result.err.replace("store-wrong-password", "").replace("maybe wrong password", "")
    ca.refused(2, "usage", *issue, password=None)
    ca.refused(3, "store-wrong-password", "intermediate", "--key-algorithm", "EC", password="wrong")
    assert not (ca.folder / "x.p12").exists() and len(ca.rows()) == 1
    (ca.folder / "pass").write_text(PASS + "\n")
    ca.ok(*issue, "--ca-password", "file:pass", password=None)


def test_keys_are_encrypted_at_rest(ca):
    ca.ok("intermediate", "--key-algorithm", "EC")
    for name in ("root", "intermediate"):
        text = proc.run_ok(["openssl", "asn1parse", "-in", ca.dir / f"{name}.key"]).out
        assert "PBES2" in text and "PBKDF2" in text and "hmacWithSHA256" in text and "aes-256-cbc" in text
        assert ":0927C0\n" in text  # 600,000
        assert proc.run(["openssl", "pkey", "-in", ca.dir / f"{name}.key", "-noout", "-passin", f"pass:{PASS}"]).status == 0


def test_no_encryption_is_said_aloud(empty):
    result = empty.ok("init", "--key-algorithm", "EC", "--no-encryption", password=None)
    assert "not encrypted" in result.err
    assert (empty.dir / "root.key").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    empty.ok("intermediate", "--key-algorithm", "EC", password=None)
    assert (empty.dir / "intermediate.key").read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_bad_beginnings(ca, tmp_path):
    ca.refused(2, "usage", "init", "--key-algorithm", "EC")
    other = Ca(ca.mutual, tmp_path)
    other.dir = tmp_path / "full"
    other.dir.mkdir()
    (other.dir / "file").touch()
    other.refused(2, "usage", "init", "--key-algorithm", "EC")
    other.dir = tmp_path / "missing" / "ca"
    other.refused(3, "store-not-found", "init", "--key-algorithm", "EC")
    other.refused(3, "store-not-found", "list")
    other.dir = tmp_path / "new"
    for args in (["--key-algorithm", "DSA"], ["--name", "nonsense"], ["--days", "0"], ["--no-encryption"]):
        other.refused(2, "usage", "init", *args)
    other.refused(2, "usage", "init", "--key-algorithm", "EC", password="")
    assert not other.dir.exists()
    other.dir = tmp_path / "damaged"
    shutil.copytree(ca.dir, other.dir)
    (other.dir / "ledger.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    other.refused(3, "store-damaged", "list")
    (other.dir / "ledger.db").unlink()
    with sqlite3.connect(other.dir / "ledger.db") as db:
        db.execute("CREATE TABLE x (y)")
    other.refused(3, "store-wrong-type", "list")


def test_one_that_was_killed_half_way_is_told_alike_by_every_command(plain):
    ledger = plain.dir / "ledger.db"
    with sqlite3.connect(ledger) as db:
        db.execute("DELETE FROM authority")
    db.close()
    for left in (ledger.read_bytes(), b""):
        ledger.write_bytes(left)
        for command in (["init", "--no-encryption", "--key-algorithm", "EC"], ["list"]):
            refused = plain.refused(3, "store-not-found", *command)
            assert "is not finished" in refused.err and "remove the folder" in refused.err, refused
    shutil.rmtree(plain.dir)
    init_plain(plain, "--key-algorithm", "EC")


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".x", "a b", "x" * 65])
def test_names_of_authorities_are_file_names(plain, name):
    plain.refused(2, "usage", "intermediate", name, "--key-algorithm", "EC")
    assert sorted(os.listdir(plain.dir)) == ["ledger.db", "ledger.db.lock", "root.crt", "root.key"]


def test_an_authority_name_is_used_once(plain):
    plain.ok("intermediate", "a", "--key-algorithm", "EC")
    key = (plain.dir / "a.key").read_bytes()
    plain.refused(2, "usage", "intermediate", "a", "--key-algorithm", "EC")
    plain.refused(2, "usage", "intermediate", "root", "--key-algorithm", "EC")
    assert (plain.dir / "a.key").read_bytes() == key


def test_a_key_may_be_kept_elsewhere(plain):
    plain.ok("intermediate", "--key-algorithm", "EC")
    (plain.dir / "root.key").rename(plain.folder / "offline.key")
    plain.issue("--profile", "client")
    plain.refused(3, "store-not-found", "intermediate", "b", "--key-algorithm", "EC")
    (plain.folder / "offline.key").rename(plain.dir / "root.key")
    plain.ok("intermediate", "b", "--key-algorithm", "EC")
    shutil.copy(plain.dir / "b.key", plain.dir / "intermediate.key")
    plain.refused(3, "key-cert-mismatch", "issue", "--profile", "client", "--issuer", "intermediate", "--key-store", "y.p12",
                  "--key-store-password", STORE)


def test_a_new_password_is_asked_for_twice(mutual, tmp_path):
    make = [mutual.path, "ca", "init", "--ca", "ca", "--key-algorithm", "EC"]
    first, again, differ = "New password of the new CA: ", "The same again: ", "They differ. " + "New password of the new CA: "
    typed = [(first, "rihgt\n"), (again, "right\n"), (differ, "right\n"), (again, "right\n")]
    result, _ = proc.on_terminal(make, *typed, env={"MUTUAL_STORE_PASSWORD": None}, cwd=tmp_path)
    assert result.status == 0, result
    issue = ["ca", "issue", "--ca", "ca", "--profile", "client", "--key-algorithm", "EC", "--certificate", "c.crt",
             "--certificate-private-key", "c.key"]
    result = mutual(*issue, "--ca-password", "rihgt", cwd=tmp_path)
    assert result.status == 3 and "[store-wrong-password]" in result.err, result
    result, _ = proc.on_terminal([mutual.path, *issue], ("Password of the CA key: ", "right\n"), env={"MUTUAL_STORE_PASSWORD": None},
                                 cwd=tmp_path)
    assert result.status == 0, result


# ---- files ----

@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_modes_whatever_the_umask(mutual, tmp_path, umask):
    ca = Ca(mutual, tmp_path)
    def under(*args):
        words = " ".join(f"'{word}'" for word in [mutual.path, "ca", *args])
        return proc.run_ok(["sh", "-c", f"umask {umask:03o}; exec {words}"], cwd=tmp_path)
    under("init", "--ca", "ca", "--key-algorithm", "EC", "--no-encryption")
    under("intermediate", "--ca", "ca", "--key-algorithm", "EC")
    under("issue", "--ca", "ca", "--profile", "client", "--key-algorithm", "EC", "--key-store", "c.p12",
          "--key-store-password", "changeit", "--certificate", "c.crt", "--certificate-private-key", "c.key")
    mode = lambda path: stat.S_IMODE(path.stat().st_mode)
    assert mode(ca.dir) == 0o700
    public = [tmp_path / "c.crt", *ca.dir.glob("*.crt")]
    assert len(public) == 3 and {mode(path) for path in public} == {0o666 & ~umask}
    assert {path.name: oct(mode(path)) for path in ca.dir.iterdir() if path not in public and mode(path) != 0o600} == {}
    assert mode(tmp_path / "c.p12") == mode(tmp_path / "c.key") == 0o600


def test_a_full_disk_leaves_nothing_in_the_way(empty):
    limited = lambda blocks: proc.run(["sh", "-c", f"ulimit -f {blocks}; exec '{empty.mutual.path}' ca init --ca ca --key-algorithm EC "
                                       "--no-encryption"], cwd=empty.folder)
    full = limited(8)
    assert full.status == 3 and "[write-failed]" in full.err and os.listdir(empty.dir) == [], full
    assert limited(1000).status == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_ca_of_somebody_else_is_not_called_missing(plain):
    for folder in (plain.folder, *plain.folder.parents[:2]):
        folder.chmod(0o755)
    result = proc.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", plain.mutual.path, "ca", "list", "--ca", plain.dir])
    assert result.status == 3 and "[file-permission]" in result.err and "ca init" not in result.err, result
    assert plain("list").status == 0


def test_a_private_key_is_never_overwritten(plain):
    key = plain.folder / "c.key"
    args = ("issue", "--profile", "client", "--key-algorithm", "EC", "--certificate", "c.crt", "--certificate-private-key", key)
    plain.ok(*args)
    before = key.read_bytes()
    plain.refused(2, "usage", *args)
    assert key.read_bytes() == before and len(plain.rows()) == 2


def test_nothing_is_issued_for_files_that_cannot_be_written(plain):
    folder = plain.folder
    plain.issue("--profile", "client", "--alias", "a", store="good.p12")  # the control
    before = plain.rows()
    pem = ["--certificate", "c.crt", "--certificate-private-key", "c.key"]
    client = ["issue", "--profile", "client", "--key-algorithm", "EC", "--key-store-password", STORE]
    plain.refused(3, "store-not-found", *client, "--key-store", "none/x.p12", *pem)
    plain.refused(3, "store-not-found", *client, *pem, "--trust-certificate", "none/ca.crt")
    plain.refused(2, "usage", *client, "--key-store", "x.p12", "--certificate", "./x.p12", "--certificate-private-key", "c.key")
    (folder / "dir").mkdir()
    plain.refused(3, "file-permission" if os.geteuid() else "store-not-found", *client, "--key-store", "x.p12", *pem[:3], "dir/")
    assert plain.rows() == before
    limited = " ".join(f"'{word}'" for word in [plain.mutual.path, "ca", *client, "--ca", plain.dir, "--key-store", "big.p12"])
    (folder / "big.crt").write_bytes(b"#" * 200_000)
    full = proc.run(["sh", "-c", f"ulimit -f 200; exec {limited} --certificate big.crt --certificate-private-key c.key"],
                    cwd=folder)
    assert full.status == 0, full  # what is there may be larger than the limit: it is replaced
    (folder / "c.key").unlink()
    assert sorted(path.name for path in folder.iterdir()) == ["big.crt", "big.p12", "ca", "dir", "good.p12"]


@pytest.mark.parametrize("exists", [False, True])
def test_processes_that_write_one_store_wait_for_each_other(plain, exists, jdk):
    """Each gets its entry, or is told that nothing was issued: no certificate without its key."""
    if exists:
        plain.issue("--profile", "client", "--alias", "first", store="one.p12")

    def issue(number):
        return plain("issue", "--profile", "client", "--key-algorithm", "EC", "--alias", f"c{number}", "--key-store", "one.p12",
                     "--key-store-password", STORE)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        results = list(pool.map(issue, range(6)))
    done = sorted(f"c{number}" for number, result in enumerate(results) if result.status == 0)
    assert done and all(result.status == 0 or "[store-locked]" in result.err for result in results), results
    assert sorted(row["alias"] for row in plain.rows() if row["alias"].startswith("c")) == done
    listed = jdk.keytool_ok("-list", "-keystore", "one.p12", "-storepass", STORE, cwd=plain.folder).out
    assert all(f"{alias}, " in listed for alias in done) and f"contains {len(done) + exists} entr" in listed


# ---- the ledger ----

def test_list_and_show(plain):
    plain.issue("--profile", "server", "--san", "dns:a.example", "--alias", "web")
    row = plain.rows()[-1]
    assert (row["state"], row["profile"], row["issuer"], row["alias"], row["subject"], row["names"]) == (
        "issued", "server", "root", "web", "CN=a.example", "dns:a.example")
    for which in ("web", row["serial"], row["serial"].upper(), "00" + row["serial"]):
        shown = plain.ok("show", which).out
        assert f"serial       {row['serial']}\n" in shown and "purposes     serverAuth\n" in shown
    pem = plain.ok("show", "web", "--pem").out
    assert f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}" == row["serial"]
    assert json.loads(plain.ok("show", "root", "--json").out)["profile"] == "root"
    assert row["serial"] in plain.ok("list").out
    plain.refused(2, "usage", "show", "nobody")


def test_hostile_text_is_escaped(plain):
    evil = 'a\r\n\x1b[31m"<b>'
    csr = write_csr(plain.folder / "a.csr", cn=evil)
    results = [plain.ok("sign", "--csr", csr, "--profile", "client", "--out", "a.crt", "--alias", evil), plain.ok("list"),
               plain.ok("show", evil),
               plain.ok("list", "--json"), plain("show", evil + "x")]
    for result in results:
        text = result.out + result.err
        assert "\r" not in text and "\x1b" not in text and "\n[31m" not in text, result
    assert json.loads(results[3].out)["certificates"][-1]["subject"] == 'CN=a\\0D\\0A\\1B[31m\\"\\<b\\>'


def test_a_reserved_row_is_shown_as_such(plain):
    plain.issue("--profile", "client", "--alias", "c")
    with sqlite3.connect(plain.dir / "ledger.db") as db:
        tbs, certificate, serial = db.execute("SELECT tbs, certificate, serial FROM certificate WHERE alias = 'c'").fetchone()
        assert certificate[4:4 + len(tbs)] == tbs  # what was reserved is what was signed
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("UPDATE certificate SET state = 'reserved' WHERE alias = 'c'")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("INSERT INTO certificate (issuer, serial, state, profile, subject, names, not_before_s, not_after_s, reserved_s)"
                       " SELECT issuer, serial, 'imported', profile, subject, names, not_before_s, not_after_s, reserved_s"
                       " FROM certificate WHERE alias = 'c'")
        db.execute("UPDATE certificate SET state = 'reserved', certificate = NULL, issued_s = NULL, owner = 7 WHERE alias = 'c'")
    assert [row["serial"] for row in json.loads(plain.ok("list", "--json", "--reserved").out)["certificates"]] == [serial]
    assert plain.rows()[-1]["state"] == "abandoned"  # nobody holds owner 7: opening the CA has settled it
    assert "never confirmed" in plain.ok("show", "c").out
    plain.refused(3, "store-damaged", "show", serial, "--pem")


def test_two_processes_issue_at_once(plain):
    def issue(number):
        return plain("issue", "--profile", "client", "--key-algorithm", "EC", "--alias", f"c{number}", "--key-store",
                     f"{number}.p12", "--key-store-password", STORE)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(issue, range(12)))
    assert [result.status for result in results] == [0] * 12, results
    rows = plain.rows()
    assert len(rows) == 13 and {row["state"] for row in rows} == {"issued"}
    assert len({row["serial"] for row in rows}) == 13


def test_two_processes_make_the_same_intermediate(plain):
    def make(_):
        return plain("intermediate", "twin", "--key-algorithm", "EC")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(make, range(2)))
    assert sorted(result.status for result in results) == [0, 2], results
    plain.issue("--profile", "client", "--issuer", "twin")  # its key is the winner's


def test_killed_at_any_moment_nothing_unknown_is_handed_out(mutual_release, tmp_path):
    if not shutil.which("strace"):
        pytest.skip("no strace")
    ca = Ca(mutual_release, tmp_path)
    init_plain(ca, "--key-algorithm", "EC")
    argv = [mutual_release.path, "ca", "issue", "--ca", ca.dir, "--profile", "client", "--key-algorithm", "EC"]
    states = set()
    for moment in range(1, 60):
        out, key, alias = tmp_path / f"{moment}.crt", tmp_path / f"{moment}.key", f"at-{moment}"
        calls = "fsync,fdatasync,rename,linkat,renameat2,pwrite64"
        result = proc.run(["strace", "-f", "-qq", "-o", tmp_path / "trace", "-e", f"trace={calls}",
                           "-e", f"inject={calls}:signal=KILL:when={moment}", *argv,
                           "--alias", alias, "--certificate", out, "--certificate-private-key", key])
        rows = [row for row in ca.rows() if row["alias"] == alias]
        state = rows[0]["state"] if rows else "none"
        states.add(state)
        if out.exists() or key.exists():
            assert state == "issued"
        if result.status == 0:
            break
        assert result.status in (-9, 137), result
    assert result.status == 0 and out.exists() and moment > 5  # the control: with nothing to kill it succeeds
    assert states == {"none", "abandoned", "issued"}
