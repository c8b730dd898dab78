"""mutual ca revoke and crl: what openssl, the JDK, our own serve, get and verify make of the lists."""
import concurrent.futures
import json
import shutil
import sqlite3
import time

import pytest
from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID

from lab import proc
from test_ca import Ca, empty, init_plain, plain, write_csr  # noqa: F401 (fixtures)


def load(path):
    return x509.load_pem_x509_crl(path.read_bytes())


def number(path):
    return load(path).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def reasons(path):
    """{serial: reason} of a list."""
    def reason(entry):
        try:
            return entry.extensions.get_extension_for_oid(CRLEntryExtensionOID.CRL_REASON).value.reason.value
        except x509.ExtensionNotFound:
            return "unspecified"
    return {f"{entry.serial_number:x}": reason(entry) for entry in load(path)}


def serial(ca, alias):
    return [row["serial"] for row in ca.rows() if row["alias"] == alias][-1]


def leaf(ca, alias, *args, profile="client"):
    """ALIAS.crt (with its intermediates) and ALIAS.key."""
    ca.ok("issue", "--profile", profile, "--san", "dns:localhost,ip:127.0.0.1", "--key-algorithm", "EC", "--alias", alias,
          "--certificate", f"{alias}.crt", "--certificate-private-key", f"{alias}.key", *args)
    return ca.folder / f"{alias}.crt"


@pytest.fixture
def two_tier(plain):
    """Root, intermediate "mid", server and client below it, lists of both authorities in lists/."""
    plain.ok("intermediate", "mid", "--key-algorithm", "EC")
    leaf(plain, "server", profile="server")
    leaf(plain, "client")
    (plain.folder / "lists").mkdir()
    plain.ok("crl", "--out", "lists")
    return plain


# ---- the list itself ----

def test_reasons_numbers_and_identifiers(plain):
    names = "unspecified keyCompromise cACompromise affiliationChanged superseded cessationOfOperation certificateHold "\
            "privilegeWithdrawn aACompromise".split()
    for name in names:
        leaf(plain, name)
        plain.ok("revoke", "--alias", name, "--reason", name.upper())
    said = plain.ok("crl", "--days", "3").out
    path = plain.dir / "root.crl"
    crl, root = load(path), x509.load_pem_x509_certificate((plain.dir / "root.crt").read_bytes())
    assert f"root: CRL 1, {len(names)} revoked" in said
    assert reasons(path) == {serial(plain, name): name for name in names}
    assert crl.issuer == root.subject and crl.is_signature_valid(root.public_key())
    assert (crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier ==
            root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest)
    assert (crl.next_update - crl.last_update).days == 3
    plain.ok("crl", "--der", "--out", "root.der")
    der = x509.load_der_x509_crl((plain.folder / "root.der").read_bytes())
    assert der.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    proc.run_ok(["openssl", "crl", "-in", path, "-noout", "-verify", "-CAfile", plain.dir / "root.crt"])


def test_revoking_twice_and_holds(plain):
    leaf(plain, "a")
    first = plain.ok("revoke", "--alias", "a", "--reason", "keyCompromise").out
    assert first.startswith("revoked: CN=localhost")
    again = plain.ok("revoke", "--serial", serial(plain, "a").upper(), "--reason", "keyCompromise").out
    assert again == first  # with the time of the first
    plain.refused(2, "usage", "revoke", "--alias", "a", "--reason", "superseded")
    plain.refused(2, "usage", "revoke", "--alias", "a", "--reason", "removeFromCRL")
    leaf(plain, "b")
    plain.refused(2, "usage", "revoke", "--alias", "b", "--reason", "removeFromCRL")
    plain.ok("revoke", "b.crt", "--reason", "certificateHold")
    assert "on hold" in plain.ok("list").out
    plain.ok("crl")
    assert reasons(plain.dir / "root.crl")[serial(plain, "b")] == "certificateHold"
    plain.ok("revoke", "--alias", "b", "--reason", "removeFromCRL")
    plain.ok("crl")
    assert set(reasons(plain.dir / "root.crl")) == {serial(plain, "a")} and number(plain.dir / "root.crl") == 2
    row = [row for row in plain.rows() if row["alias"] == "a"][0]
    assert (row["state"], row["reason"]) == ("revoked", "keyCompromise") and row["revokedAt"]


def test_what_cannot_be_revoked(plain):
    plain.refused(2, "usage", "revoke")
    plain.refused(2, "usage", "revoke", "--serial", "1", "--alias", "a")
    plain.refused(2, "usage", "revoke", "--serial", "1")
    plain.refused(2, "usage", "revoke", "--alias", "root")
    plain.refused(2, "usage", "revoke", "--serial", "1", "--reason", "lost")
    leaf(plain, "a")
    leaf(plain, "a2", "--alias", "a")
    several = plain.refused(2, "usage", "revoke", "--alias", "a")
    assert all(row["serial"] in several.err for row in plain.rows() if row["alias"] == "a")
    other = Ca(plain.mutual, plain.folder)
    other.dir = plain.folder / "other"
    init_plain(other, "--key-algorithm", "EC")
    stranger = leaf(other, "stranger")
    plain.refused(2, "usage", "revoke", stranger)
    other.ok("revoke", stranger)


def test_an_expired_certificate_leaves_after_one_list_more(plain):
    leaf(plain, "a")
    plain.ok("revoke", "--alias", "a")
    plain.ok("crl")
    with sqlite3.connect(plain.dir / "ledger.db") as db:  # it ends now, after the list just made
        db.execute("UPDATE certificate SET not_after_s = ? WHERE alias = 'a'", (int(time.time()),))
    time.sleep(1.1)  # the ledger counts in seconds
    plain.ok("crl")
    assert len(load(plain.dir / "root.crl")) == 1
    time.sleep(1.1)
    plain.ok("crl")
    assert len(load(plain.dir / "root.crl")) == 0 and number(plain.dir / "root.crl") == 3


# ---- every level, every peer ----

def openssl(ca, cert, crls, *options):
    result = proc.run(["openssl", "verify", "-crl_check_all", "-CAfile", ca.dir / "root.crt", "-untrusted", cert, "-CRLfile", crls,
                       *options, cert], cwd=ca.folder)
    return result.status, result.out + result.err


def bundle(ca):
    """All lists in one file."""
    ca.ok("crl", "--out", "all.crl")
    return ca.folder / "all.crl"


def our_verify(ca, cert, *crls):
    options = [word for crl in crls for word in ("--crl", crl)]
    result = ca.mutual("verify", "--json", "--trust", ca.dir / "root.crt", "--purpose", "any", *options, cert, cwd=ca.folder)
    return json.loads(result.out)


def test_every_level_is_checked(two_tier):
    ca, cert = two_tier, two_tier.folder / "client.crt"
    assert our_verify(ca, cert, "lists")["verdict"] == "ok"
    assert our_verify(ca, cert, ca.dir)["code"] == "store-not-found"  # the lists went elsewhere
    missing = our_verify(ca, cert, "lists/root.crl")
    assert (missing["code"], missing["depth"]) == ("crl-unavailable", 0)
    missing = our_verify(ca, cert, "lists/mid.crl")
    assert (missing["code"], missing["depth"]) == ("crl-unavailable", 1)
    late = ca.mutual("verify", "--json", "--trust", ca.dir / "root.crt", "--purpose", "any", "--crl", "lists", "--at",
                     str(int(time.time()) + 31 * 86400), cert, cwd=ca.folder)
    assert json.loads(late.out)["code"] == "crl-expired"
    assert openssl(ca, cert, bundle(ca))[0] == 0
    ca.ok("revoke", "--alias", "mid", "--reason", "cACompromise")  # the intermediate itself
    ca.ok("crl", "root", "--out", "lists")
    refused = our_verify(ca, cert, "lists")
    assert (refused["code"], refused["depth"]) == ("cert-revoked", 1)
    status, said = openssl(ca, cert, bundle(ca))
    assert status == 2 and "error 23 at 1 depth" in said
    ca.refused(4, "cert-revoked", "issue", "--issuer", "mid", "--profile", "client", "--key-store", "x.p12", "--key-store-password", "changeit")
    leaf(ca, "next")  # the root issues again
    assert [row["issuer"] for row in ca.rows()][-1] == "root"


def test_serve_get_openssl_and_the_jdk_refuse_the_revoked(two_tier, jdks, peer_classes):
    ca, lists = two_tier, two_tier.folder / "lists"
    pair = lambda name: ["--certificate", ca.folder / f"{name}.crt", "--certificate-private-key", ca.folder / f"{name}.key",
                         "--trust-certificate", ca.dir / "root.crt"]

    def exchange(server_crl=(), client_crl=()):
        server = ca.mutual.start("serve", "--listen", "127.0.0.1:0", *pair("server"), *server_crl)
        url = server.wait_for(r"listening on (\S+)")[1]
        result = ca.mutual("get", *pair("client"), *client_crl, "--report", "json", url)
        server.stop()
        return result.status, json.loads(result.out), server.err

    def jdk_says(name):
        return {proc.run(jdk.java("CrlPath", ca.folder / f"{name}.crt", ca.dir / "root.crt", *sorted(lists.glob("*.crl")),
                                  classes=peer_classes)).out.strip() for jdk in jdks}

    both = dict(server_crl=["--crl", lists], client_crl=["--crl", lists])
    assert exchange(**both)[0] == 0
    assert jdk_says("client") == jdk_says("server") == {"OK"}
    status, _, log = exchange(server_crl=["--crl", lists / "root.crl"])  # the list of a level is missing
    assert status == 5 and "cause=crl-unavailable" in log
    status, answer, _ = exchange(client_crl=["--crl", lists / "mid.crl"])
    assert (status, answer["error"]["code"]) == (4, "crl-unavailable")

    for name in ("client", "server"):
        ca.ok("revoke", "--alias", name, "--reason", "keyCompromise")
        ca.ok("crl", "--out", lists)
        assert jdk_says(name) == {"0 REVOKED"}
        assert our_verify(ca, ca.folder / f"{name}.crt", lists)["code"] == "cert-revoked"
        status, said = openssl(ca, ca.folder / f"{name}.crt", bundle(ca))
        assert status == 2 and "error 23 at 0 depth" in said
        if name == "client":
            status, answer, log = exchange(**both)
            assert (status, answer["error"]["code"], answer["tls"]["alert"]["name"]) == (5, "peer-refused", "certificate_revoked")
            assert "cert-revoked" in answer["tls"]["candidates"] and "cause=cert-revoked" in log
        else:
            status, answer, _ = exchange(client_crl=["--crl", lists])
            assert (status, answer["error"]["code"]) == (4, "cert-revoked")


# ---- the number ----

def test_numbers_grow_across_processes_and_crashes(plain):
    if not shutil.which("strace"):
        pytest.skip("no strace")
    path = plain.dir / "root.crl"
    plain.ok("crl")
    seen = number(path)
    argv = [plain.mutual.path, "ca", "crl", "--ca", plain.dir]
    for moment in range(1, 8):  # killed at each rename or sync in turn: a number may be lost, never used twice
        calls = "fsync,fdatasync,rename,renameat"
        proc.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:when={moment}", *argv],
                 env={"ASAN_OPTIONS": "detect_leaks=0"})
        assert number(path) >= seen
        seen = number(path)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda _: plain.ok("crl").out, range(9)))
    numbers = [int(line.split("CRL ")[1].split(",")[0]) for line in said]
    assert len(set(numbers)) == 9 and min(numbers) > seen
    assert number(path) == max(numbers)  # the file that stayed is the newest


def test_lists_go_where_they_are_wanted(two_tier):
    ca = two_tier
    assert sorted(path.name for path in (ca.folder / "lists").iterdir()) == ["mid.crl", "root.crl"]
    assert bundle(ca).read_text().count("BEGIN X509 CRL") == 2
    ca.refused(2, "usage", "crl", "--der", "--out", "all.der")
    ca.refused(2, "usage", "crl", "nobody")
    (ca.dir / "root.key").rename(ca.folder / "offline.key")
    result = ca.ok("crl")
    assert "mid: CRL 3" in result.out and 'no list of "root": its key is not here' in result.err
    ca.refused(3, "store-not-found", "crl", "root")
    (ca.dir / "mid.key").unlink()
    ca.refused(3, "store-not-found", "crl")


def test_the_passphrase_is_asked_for_once(empty):
    empty.ok("init", "--key-algorithm", "EC")
    empty.ok("intermediate", "--key-algorithm", "EC")
    result = empty("crl", "--ca-password", "stdin", password=None, input=empty.password + "\n")
    assert result.status == 0 and result.out.count("CRL 1") == 2, result
    empty.refused(3, "store-wrong-password", "crl", password="wrong")


# ---- the disk ----

def test_a_failed_sync_refuses_to_sign(mutual_release, tmp_path):
    """Each sync of `ca sign` fails in turn, also that of the folder, which SQLite does not look at: nothing is handed out then."""
    if not shutil.which("strace"):
        pytest.skip("no strace")
    ca = Ca(mutual_release, tmp_path)
    init_plain(ca, "--key-algorithm", "EC")
    write_csr(tmp_path / "a.csr")
    outcomes = []
    for call, moment in [("fsync", i) for i in range(1, 5)] + [("fdatasync", i) for i in range(1, 10)]:
        alias, trace = f"{call}-{moment}", tmp_path / "trace"
        out = tmp_path / f"{alias}.crt"
        result = proc.run(["strace", "-f", "-qq", "-y", "-o", trace, "-e", "trace=fsync,fdatasync", "-e",
                           f"inject={call}:error=EIO:when={moment}", mutual_release.path, "ca", "sign", "--ca", ca.dir, "--csr",
                           tmp_path / "a.csr", "--profile", "client", "--alias", alias, "--out", out])
        injected = [line for line in trace.read_text().splitlines() if "(INJECTED)" in line]
        row = [row["state"] for row in ca.rows() if row["alias"] == alias]
        place = "none" if not injected else "folder" if f"<{ca.dir}>" in injected[0] else "log" if "-wal>" in injected[0] else "output"
        outcomes.append((call, place, result.status))
        assert result.status == 0 or (result.status == 3 and "[write-failed]" in result.err), (result, injected)
        assert row in ([], ["abandoned"], ["issued"]), row
        if result.status == 0 or out.exists():
            assert row == ["issued"] and out.exists(), (result, injected)
    assert ("fsync", "folder", 3) in outcomes  # ours
    assert ("fdatasync", "log", 3) in outcomes and ("fsync", "output", 3) in outcomes
    assert ("fsync", "none", 0) in outcomes and ("fdatasync", "none", 0) in outcomes  # the controls
