"""CAs that change house: offline roots by request, other products' CAs and histories taken over, ours handed on."""
import resource
import sqlite3
import statistics
import time

import pytest

from lab import proc
from lab.pki import Pki
from test_ca import Ca, empty, init_plain, openssl_verify, plain, write_csr  # noqa: F401 (fixtures)
from test_ca_crl import leaf, load, number, reasons


@pytest.fixture
def other(plain):
    """A second folder of the same program."""
    ca = Ca(plain.mutual, plain.folder)
    ca.dir, ca.password = plain.folder / "online", None
    return ca


@pytest.fixture
def foreign(tmp_path):
    made = Pki(tmp_path)
    made.ca("root")
    made.issue("old", usage="server", san=["dns:old.test"])
    return made


def test_an_offline_root_signs_the_request_of_an_online_folder(plain, other):
    other.ok("intermediate", "issuing", "--key-algorithm", "EC", "--csr", "issuing.csr", "--no-encryption")
    other.refused(3, "store-not-found", "list")  # no root yet
    other.refused(2, "usage", "intermediate", "issuing", "--key-algorithm", "EC", "--csr", "again.csr", "--no-encryption")
    plain.ok("sign", "--csr", "issuing.csr", "--profile", "intermediate", "--out", "issuing.crt")
    plain.ok("intermediate", "m", "--key-algorithm", "EC")
    key = (other.dir / "issuing.key").read_bytes()
    other.refused(2, "usage", "import", plain.dir / "m.crt", plain.dir / "m.key", plain.dir / "root.crt", "--name", "issuing", "--no-encryption")
    assert (other.dir / "issuing.key").read_bytes() == key  # the request's
    other.refused(4, "chain-missing-intermediate", "import", "issuing.crt")
    assert (other.dir / "issuing.csr").exists()
    said = other.ok("import", "issuing.crt", plain.dir / "root.crt").out
    assert said.startswith("issuing: ") and "private key  here" in said and not (other.dir / "issuing.csr").exists()
    cert = leaf(other, "web", profile="server")  # the root's key is not here: the intermediate is chosen
    assert openssl_verify(plain, cert, "sslserver", cert).status == 0
    assert [row["issuer"] for row in other.rows()] == ["root", "root", "issuing"]
    other.ok("crl")
    assert number(other.dir / "issuing.crl") == 1
    other.refused(3, "store-not-found", "issue", "--issuer", "root", "--profile", "client", "--key-store", "x.p12", "--key-store-password", "changeit")
    plain.ok("revoke", "issuing.crt")  # the root's ledger knows it
    other.refused(2, "usage", "import", "issuing.crt", plain.dir / "root.crt")  # nothing new


def test_openssl_signs_our_request_and_we_sign_openssls(plain, other, foreign):
    other.ok("intermediate", "--key-algorithm", "EC", "--csr", "ours.csr", "--no-encryption")
    (plain.folder / "ext").write_text("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
                                      "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    proc.run_ok(["openssl", "x509", "-req", "-in", "ours.csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-days", "100",
                 "-extfile", "ext", "-out", "ours.crt"], cwd=plain.folder)
    other.ok("import", "root.crt", "ours.crt")
    cert = leaf(other, "web", profile="server")
    assert proc.run(["openssl", "verify", "-CAfile", "root.crt", "-untrusted", cert, cert], cwd=plain.folder).status == 0

    proc.run_ok(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "theirs.key",
                 "-subj", "/CN=Theirs", "-out", "theirs.csr"], cwd=plain.folder)
    plain.ok("sign", "--csr", "theirs.csr", "--profile", "client-intermediate", "--out", "theirs.crt")
    proc.run_ok(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key",
                 "-subj", "/CN=leaf", "-out", "leaf.csr"], cwd=plain.folder)
    (plain.folder / "ext").write_text("extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n")
    proc.run_ok(["openssl", "x509", "-req", "-in", "leaf.csr", "-CA", "theirs.crt", "-CAkey", "theirs.key", "-CAcreateserial", "-extfile",
                 "ext", "-out", "leaf.crt"], cwd=plain.folder)
    assert proc.run(["openssl", "verify", "-purpose", "sslclient", "-CAfile", plain.dir / "root.crt", "-untrusted", "theirs.crt",
                     "leaf.crt"], cwd=plain.folder).status == 0
    assert plain.rows()[-1]["profile"] == "client-intermediate"


@pytest.mark.parametrize("form", ["PEM", "encrypted PEM", "PKCS12"])
def test_a_foreign_ca_is_taken_over(empty, foreign, form):
    files, secret = ["root.crt", "root.key"], ["--key-password", "old"]
    if form == "encrypted PEM":
        proc.run_ok(["openssl", "pkcs8", "-topk8", "-in", "root.key", "-passout", "pass:old", "-out", "enc.key"], cwd=empty.folder)
        files[1] = "enc.key"
    elif form == "PKCS12":
        proc.run_ok(["openssl", "pkcs12", "-export", "-inkey", "root.key", "-in", "root.crt", "-passout", "pass:old", "-out", "ca.p12"],
                    cwd=empty.folder)
        files = ["ca.p12"]
    if form != "PEM":
        empty.refused(3, "store-wrong-password" if form == "PKCS12" else "pem-key-encrypted", "import", *files, "--key-password", "no")
    empty.ok("import", *files, *(secret if form != "PEM" else []))
    assert "BEGIN ENCRYPTED PRIVATE KEY" in (empty.dir / "root.key").read_text()
    cert = leaf(empty, "new", profile="server")
    assert proc.run(["openssl", "verify", "-CAfile", "root.crt", cert], cwd=empty.folder).status == 0
    empty.ok("revoke", "old.crt", "--reason", "superseded")  # signed before there was this ledger
    empty.ok("crl")
    assert list(reasons(empty.dir / "root.crl").values()) == ["superseded"]


def openssl_ca(folder, *args):
    return proc.run_ok(["openssl", "ca", "-config", "ca.cnf", "-batch", *args], cwd=folder)


def test_a_history_goes_on(empty, foreign):
    """openssl ca's index, certificates and crlnumber: everything it revoked is in our first list, under the next number."""
    folder = empty.folder
    (folder / "newcerts").mkdir()
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("0A\n")
    (folder / "crlnumber").write_text("2F\n")
    (folder / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=index.txt\nnew_certs_dir=newcerts\nserial=serial\ncrlnumber=crlnumber\n"
                                   "default_md=sha256\ncertificate=root.crt\nprivate_key=root.key\ndefault_days=90\ndefault_crl_days=9\n"
                                   "policy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
    for name in ("a", "b", "c"):
        proc.run_ok(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "x.key", "-subj",
                     f"/CN={name}", "-out", "x.csr"], cwd=folder)
        openssl_ca(folder, "-in", "x.csr", "-out", f"{name}.crt")
    openssl_ca(folder, "-revoke", "a.crt", "-crl_reason", "keyCompromise")
    openssl_ca(folder, "-revoke", "b.crt", "-crl_hold", "holdInstructionReject")
    openssl_ca(folder, "-gencrl", "-out", "theirs.crl")
    (folder / "newcerts" / "0C.pem").unlink()
    empty.ok("import", "root.crt", "root.key", "--index", "index.txt")
    rows = {row["serial"]: (row["state"], row["reason"], row["subject"]) for row in empty.rows() if row["serial"] in ("a", "b", "c")}
    assert rows == {"a": ("revoked", "keyCompromise", "CN=a"), "b": ("on hold", "certificateHold", "CN=b"), "c": ("imported", None, "/CN=c")}
    empty.ok("crl")
    ours, theirs = empty.dir / "root.crl", folder / "theirs.crl"
    assert reasons(ours) == reasons(theirs) == {"a": "keyCompromise", "b": "certificateHold"}
    assert (number(theirs), number(ours)) == (0x2F, 0x30)
    empty.ok("revoke", "--serial", "0C")
    empty.ok("import", "root.crt", "root.key", "--index", "index.txt")  # again: nothing is lost
    empty.ok("crl")
    assert set(reasons(ours)) == {"a", "b", "c"} and number(ours) == 0x31
    # a list alone carries revocations and number, too
    second = Ca(empty.mutual, folder)
    second.dir = folder / "second"
    second.ok("import", "root.crt", "root.key", "--crl", ours)
    second.ok("crl")
    assert reasons(second.dir / "root.crl") == reasons(ours) and number(second.dir / "root.crl") == 0x32


@pytest.mark.parametrize("line", ["V\t300101000000Z\t\t01\tunknown", "X\t300101000000Z\t\t01\tunknown\t/CN=a",
                                  "V\tsoon\t\t01\tunknown\t/CN=a", "V\t300101000000Z\t\t0x\tunknown\t/CN=a",
                                  "R\t300101000000Z\t200101000000Z,lost\t01\tunknown\t/CN=a", "R\t300101000000Z\t\t01\tunknown\t/CN=a",
                                  "V\t300101000000Z\t\t01\tunknown\t/CN=a\tmore"])
def test_a_damaged_index_imports_nothing(empty, foreign, line):
    init = ("import", "root.crt", "root.key", "--no-encryption", "--index", "index.txt")
    empty.password = None
    good = "V\t300101000000Z\t\t02\tunknown\t/CN=b\n"
    (empty.folder / "index.txt").write_text(good + line + "\n")
    assert "index.txt:2: " in empty.refused(3, "store-damaged", *init).err
    (empty.folder / "index.txt").write_text(good)
    empty.ok(*init)
    assert [row["serial"] for row in empty.rows()][1:] == ["2"]


def test_what_does_not_fit_is_refused(plain, foreign):
    foreign.ca("stranger")
    plain.refused(3, "key-cert-mismatch", "import", "root.crt", "stranger.key")
    plain.refused(2, "usage", "import", "stranger.crt", "stranger.key")  # another root
    plain.refused(4, "issuer-not-a-ca", "import", "old.crt", "root.crt")
    plain.refused(2, "usage", "import", plain.dir / "root.crt")
    assert [row["alias"] for row in plain.rows()] == ["root"]


def test_export(plain, other, jdk):
    plain.ok("intermediate", "mid", "--key-algorithm", "EC")
    assert plain.ok("export", "mid").out == (plain.dir / "mid.crt").read_text() + (plain.dir / "root.crt").read_text()
    for wrong in (["--private-key", "k.pem"], ["--private-key", "k.pem", "--key-password", "x", "--no-encryption"], ["--key-password", "x"]):
        plain.refused(2, "usage", "export", *wrong)
    plain.ok("crl", "mid")
    said = plain.ok("export", "mid", "--key-store", "mid.p12", "--key-store-password", "changeit")
    assert "lists from 2" in said.err
    plain.refused(2, "usage", "export", "mid", "--key-store", "mid.p12", "--key-store-password", "changeit")
    assert "Certificate chain length: 2" in jdk.keytool_ok("-list", "-v", "-keystore", "mid.p12", "-storepass", "changeit", cwd=plain.folder).out
    plain.ok("export", "--private-key", "r.key", "--key-password", "secret", "--certificate", "r.crt")
    assert "BEGIN ENCRYPTED" in (plain.folder / "r.key").read_text()
    public = proc.run_ok(["openssl", "pkey", "-in", "r.key", "-passin", "pass:secret", "-pubout"], cwd=plain.folder).out
    assert public == proc.run_ok(["openssl", "x509", "-in", "r.crt", "-noout", "-pubkey"], cwd=plain.folder).out
    other.ok("import", "mid.p12", "--key-password", "changeit", "--name", "mid", "--no-encryption")  # and back
    leaf(other, "x")
    assert [row["issuer"] for row in other.rows()] == ["root", "root", "mid"]


def test_a_list_of_somebody_else_is_not_taken_over(plain, other, foreign):
    plain.ok("crl")
    other.refused(4, "signature-invalid", "import", "root.crt", "root.key", "--no-encryption", "--crl", plain.dir / "root.crl")
    with sqlite3.connect(other.dir / "ledger.db") as db:
        assert db.execute("SELECT count(*) FROM certificate").fetchone() == (0,)
    assert load(plain.dir / "root.crl") is not None


@pytest.mark.long
def test_the_cost_does_not_grow_with_the_ledger(mutual_release, tmp_path):
    """`ca sign` in a loop against an empty ledger and one of 100,000 rows, turn by turn."""
    foreign = Pki(tmp_path)
    foreign.ca("root")
    (tmp_path / "index.txt").write_text("".join(f"{'R' if i % 50 == 0 else 'V'}\t300101000000Z\t{'250101000000Z' if i % 50 == 0 else ''}\t"
                                                f"{i + 16:06X}\tunknown\t/CN=service-{i}\n" for i in range(100_000)))
    write_csr(tmp_path / "a.csr")
    folders = {}
    for name, more in (("empty", []), ("full", ["--index", "index.txt"])):
        ca = folders[name] = Ca(mutual_release, tmp_path)
        ca.dir, ca.password = tmp_path / name, None
        ca.ok("import", "root.crt", "root.key", "--no-encryption", *more)
    assert sqlite3.connect(folders["full"].dir / "ledger.db").execute("SELECT count(*) FROM certificate").fetchone()[0] == 100_001
    spent = {"empty": [], "full": []}
    for _ in range(41):
        for name, ca in folders.items():
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            ca.ok("sign", "--csr", "a.csr", "--profile", "client", "--out", "a.crt")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent[name].append((time.perf_counter() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    wall, cpu = ({name: statistics.median(times[i] for times in spent[name][1:]) for name in spent} for i in (0, 1))
    print({name: f"{wall[name] * 1000:.1f} ms, CPU {cpu[name] * 1000:.1f} ms" for name in spent})
    assert cpu["full"] < cpu["empty"] * 1.25 + 0.002, (wall, cpu)
