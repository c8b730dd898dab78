"""Nothing lost and nothing claimed: each system call of a command that writes fails once, or the process dies there."""
import collections
import datetime
import errno
import json
import os
import pathlib
import re
import shutil
import sqlite3
import tempfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from lab import faults, proc
from lab.faults import Command, Lost, Runner

PASSWORD = b"changeit"
STORED = ["-storepass", "changeit"]
EVERYDAY, LONG = 100, 1000  # faults
FILE_STEPS = r" (?:p?write|pwrite64)\(.* fsync\(.* fchmod\(.* (?:renameat|linkat)\(.* fsync\("
UNFINISHED = r"is not finished: .*\n.*remove the folder"  # a new CA that was killed half-way
LEDGER_STEPS = r" pwrite64\(.* fdatasync\("


@pytest.fixture
def traced():
    if faults.why_not():
        pytest.skip(faults.why_not())


# ---- what is there ----

def content(path):
    return path.read_bytes() if path.exists() else None


def p12_names(data, password=PASSWORD):
    """What is in the store, if its MAC fits: it covers everything."""
    try:
        store = pkcs12.load_pkcs12(data, password)
    except ValueError as error:
        raise Lost(f"not readable: {error}") from None
    certs = [store.cert, *store.additional_certs]
    return sorted(cert.friendly_name.decode() for cert in certs if cert and cert.friendly_name)


def store_judge(file, template, names, password=PASSWORD):
    """A judge of a store that is to have entries of those names."""
    old = content(template / file)

    def judge(folder):
        data = content(folder / file)
        if data == old:
            return "old"
        if data is None:
            raise Lost(f"{file} is gone")
        if (found := p12_names(data, password)) != names:
            raise Lost(f"{file} has {found}")
        return "new"
    return judge


def pem_certs(data):
    try:
        return [x509.load_pem_x509_certificate(block) for block in
                re.findall(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", data, re.S)] if data.endswith(b"-----\n") else []
    except ValueError:
        return []


def file_judge(file, template, holds):
    """A judge of a file whose new content holds(data, folder); ValueError: it is cut off."""
    def judge(folder):
        data = content(folder / file)
        if data == content(template / file):
            return "old"
        try:
            good = holds(data, folder)
        except ValueError:
            good = False
        if not good:
            raise Lost(f"{file} is cut off")
        return "new"
    return judge


def together(*judges):
    def judge(folder):
        states = {judge(folder) for judge in judges}
        return states.pop() if len(states) == 1 else "partial"
    return judge


# ---- the commands ----

def make_cert(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
            .not_valid_before(datetime.datetime(2020, 1, 1)).not_valid_after(datetime.datetime(2049, 1, 1)).sign(key, hashes.SHA256()))
    (folder / f"{name}.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                           serialization.NoEncryption()))
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    (folder / f"{name}.csr").write_bytes(csr.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def template(mutual_release, tmp_path):
    """A folder with certificates, a truststore with two entries and a key store with one."""
    folder = tmp_path / "template"
    folder.mkdir()
    for name in ("one", "two", "three"):
        make_cert(folder, name)
    run = lambda *args: proc.run_ok([mutual_release.path, "keytool", *args, *STORED], cwd=folder)
    for name in ("one", "two"):
        run("-importcert", "-noprompt", "-alias", name, "-file", f"{name}.pem", "-keystore", "trust.p12")
    run("-genkeypair", "-keyalg", "EC", "-dname", "CN=first", "-alias", "first", "-keystore", "keys.p12")
    return folder


def reading_keytool_commands(program, template):
    """Those that write a file but no store. There is an older one."""
    by_first = ("-alias", "first", "-keystore", "keys.p12", *STORED)
    exporting = [*program, "-exportcert", "-file", "two.pem", *by_first]
    signing = [*program, "-gencert", "-rfc", "-infile", "one.csr", "-outfile", "two.pem", *by_first]
    requesting = [*program, "-certreq", "-v", "-file", "two.csr", *by_first]
    first = lambda data, folder: x509.load_der_x509_certificate(data).public_bytes(serialization.Encoding.DER) == data
    yield Command("certreq", requesting, template,
                  file_judge("two.csr", template, lambda data, folder: x509.load_pem_x509_csr(data).is_signature_valid),
                  "stored in file", requesting)
    yield Command("exportcert", exporting, template, file_judge("two.pem", template, first), "stored in file", exporting)
    yield Command("gencert", signing, template,
                  file_judge("two.pem", template, lambda data, folder: pem_certs(data.replace(b"\r", b""))), again=signing)


def keytool_commands(program, template):
    def importing(file, alias):
        return [*program, "-importcert", "-noprompt", "-v", "-alias", alias, "-file", "three.pem", "-keystore", file, *STORED]

    def generating(file, alias):
        return [*program, "-genkeypair", "-v", "-keyalg", "EC", "-dname", "CN=a", "-alias", alias, "-keystore", file, *STORED]

    def deleting(alias):
        return [*program, "-delete", "-v", "-alias", alias, "-keystore", "trust.p12", *STORED]

    def renaming(alias):
        return [*program, "-changealias", "-v", "-alias", alias, "-destalias", f"{alias}-new", "-keystore", "trust.p12", *STORED]

    added, stored = r"was added to keystore|\[Storing", r"\[Storing"
    yield Command("importcert into a store", importing("trust.p12", "three"), template,
                  store_judge("trust.p12", template, ["one", "three", "two"]), added, importing("trust.p12", "four"))
    yield Command("importcert into a new store", importing("new.p12", "three"), template, store_judge("new.p12", template, ["three"]),
                  added, importing("new.p12", "four"))
    yield Command("genkeypair into a store", generating("keys.p12", "second"), template,
                  store_judge("keys.p12", template, ["first", "second"]), stored, generating("keys.p12", "third"))
    yield Command("genkeypair into a new store", generating("new.p12", "second"), template,
                  store_judge("new.p12", template, ["second"]), stored, generating("new.p12", "third"))
    yield Command("delete", deleting("two"), template, store_judge("trust.p12", template, ["one"]), stored, deleting("one"))
    yield Command("changealias", renaming("two"), template, store_judge("trust.p12", template, ["one", "two-new"]), stored, renaming("one"))
    yield Command("storepasswd", [*program, "-storepasswd", "-v", "-new", "another", "-keystore", "keys.p12", *STORED], template,
                  store_judge("keys.p12", template, ["first"], b"another"), stored)
    yield from reading_keytool_commands(program, template)


def rows(folder):
    """alias to (state, certificate) in the ledger; of one that was renewed, the newest."""
    with sqlite3.connect(folder / "ca/ledger.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = db.execute("SELECT alias, state, certificate FROM certificate ORDER BY id").fetchall()
    db.close()
    return {alias: (state, certificate) for alias, state, certificate in found}


def handed_out(data):
    """The leaf certificate in a store or PEM file, DER."""
    if data.startswith(b"-----"):
        certs = pem_certs(data)
        if not certs:
            raise Lost("cut off")
        return certs[0].public_bytes(serialization.Encoding.DER)
    p12_names(data)
    return pkcs12.load_pkcs12(data, PASSWORD).cert.certificate.public_bytes(serialization.Encoding.DER)


def ca_judge(template, alias, leaves, others=()):
    """leaves: files with the new certificate; others: further files. No certificate is out that the ledger does not have as issued."""
    def judge(folder):
        changed = {file for file in (*leaves, *others) if content(folder / file) != content(template / file)}
        state, certificate = rows(folder).get(alias, ("none", None))
        for file in changed & set(leaves):
            if state != "issued" or handed_out(content(folder / file)) != certificate:
                raise Lost(f"{file} is out, the ledger has {state}")
        if any(not content(folder / file) for file in changed):
            raise Lost(f"emptied: {changed}")
        return "new" if len(changed) == len(leaves) + len(others) else "partial" if changed else "old"
    return judge


def authority_judge(name, ca="ca"):
    """An authority is there with key and certificate, or it is not."""
    def judge(folder):
        ledger = folder / ca / "ledger.db"
        if not ledger.exists() or ledger.stat().st_size == 0:
            return "old"
        with sqlite3.connect(ledger) as db:
            try:
                found = db.execute("SELECT certificate FROM authority JOIN certificate ON certificate_id = certificate.id WHERE name = ?",
                                   (name,)).fetchone()
            except sqlite3.OperationalError:
                return "old"
        db.close()
        if not found:
            return "old"
        cert = x509.load_der_x509_certificate(found[0])
        key = serialization.load_pem_private_key(content(folder / f"{ca}/{name}.key"), None)
        if key.public_key().public_numbers() != cert.public_key().public_numbers():
            raise Lost("the key is another")
        there = content(folder / f"{ca}/{name}.crt")
        return "new" if there and pem_certs(there) == [cert] else "partial"
    return judge


def of_ledger(folder, query):
    with sqlite3.connect(folder / "ca/ledger.db") as db:
        found = db.execute(query).fetchone()[0]
    db.close()
    return found


def is_list(data, folder):
    """A whole list, whose number the ledger will not draw again."""
    crl = x509.load_pem_x509_crl(data)
    issuer = x509.load_pem_x509_certificate(content(folder / "ca/root.crt"))
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    drawn = of_ledger(folder, "SELECT crl_number FROM authority WHERE name = 'root'")
    return crl.is_signature_valid(issuer.public_key()) and number <= drawn


def is_revoked(folder):
    return "new" if of_ledger(folder, "SELECT revoked_s FROM certificate WHERE alias = 'a'") else "old"


def is_key(data, folder):
    return data == content(folder / "ca/root.key")


SERVICES = """\
defaults: {profile: client, key-algorithm: EC}
services:
  x: {key-store: x.p12, key-store-password: env:MUTUAL_STORE_PASSWORD, trust-store: xt.p12, trust-store-password: env:MUTUAL_STORE_PASSWORD}
  y: {certificate: y.crt, certificate-private-key: y.key}
"""


def make_sub(ca, template):
    """sub.crt and sub.key of an intermediate below the CA's root, and a folder "other" that knows that root."""
    shutil.copytree(template / "ca", template / "source")
    proc.run_ok(ca("intermediate", "sub", "--key-algorithm", "EC", "--ca", "source"), cwd=template)
    for suffix in ("crt", "key"):
        (template / f"source/sub.{suffix}").rename(template / f"sub.{suffix}")
    shutil.rmtree(template / "source")
    proc.run_ok(ca("import", "ca/root.crt", "--ca", "other"), cwd=template)


def later_ca_commands(ca, template):
    """What is done with a CA that is there: it has issued "a" into c.p12, and made a list."""
    def export(name):
        return ca("export", "--private-key", f"{name}.key", "--no-encryption", "--certificate", f"{name}.crt")

    proc.run_ok(ca("crl"), cwd=template)
    make_sub(ca, template)
    (template / "services.yaml").write_text(SERVICES)
    revoke, bulk = ca("revoke", "--alias", "a"), ca("issue", "--from", "services.yaml")
    renew = ca("renew", "--key-store", "c.p12", "--key-store-password", "changeit")
    sub = ca("import", "sub.crt", "sub.key", "--name", "sub", "--no-encryption", "--ca", "other")
    root = ca("import", "ca/root.crt", "ca/root.key", "--no-encryption", "--ca", "imported")
    yield Command("ca revoke", revoke, template, is_revoked, "(?m)^revoked: ", revoke, files=False)
    yield Command("ca crl", ca("crl"), template, file_judge("ca/root.crl", template, is_list), "root: CRL", ca("crl"))
    yield Command("ca renew", renew, template, ca_judge(template, "a", ["c.p12"]), "issued by", renew)
    yield Command("ca issue --from", bulk, template, together(ca_judge(template, "x", ["x.p12"], ["xt.p12"]),
                  ca_judge(template, "y", ["y.crt"], ["y.key"])), "2 issued", bulk)
    yield Command("ca export", export("out"), template, together(file_judge("out.key", template, is_key), file_judge(
        "out.crt", template, lambda data, folder: pem_certs(data))), "whoever goes on", export("again"))
    yield Command("ca import", sub, template, authority_judge("sub", "other"), "next CRL", sub)
    yield Command("ca import into a new folder", root, template, authority_judge("root", "imported"), "next CRL", root, UNFINISHED)


def ca_commands(program, template):
    def ca(command, *args):
        return [*program, "ca", command, *(() if "--ca" in args else ("--ca", "ca")), *args]

    ec_key = ("--key-algorithm", "EC")
    proc.run_ok(ca("init", *ec_key, "--no-encryption"), cwd=template)
    proc.run_ok(ca("issue", *ec_key, "--profile", "client", "--alias", "a", "--key-store", "c.p12", "--key-store-password", "changeit"),
                cwd=template)

    def to_stores(alias):
        return ca("issue", *ec_key, "--profile", "client", "--alias", alias, "--key-store", "new.p12", "--key-store-password", "changeit",
                  "--trust-store", "new-trust.p12", "--trust-store-password", "changeit")

    def to_files(alias):
        return ca("issue", *ec_key, "--profile", "server", "--san", "dns:a.example", "--alias", alias, "--certificate", f"{alias}.crt",
                  "--certificate-private-key", f"{alias}.key", "--trust-certificate", "root.crt")

    def sign(alias):
        return ca("sign", "--csr", "one.csr", "--profile", "client", "--alias", alias, "--out", "one.pem")

    boast = "issued by"
    yield Command("ca issue to stores", to_stores("x"), template, ca_judge(template, "x", ["new.p12"], ["new-trust.p12"]), boast,
                  to_stores("y"))
    yield Command("ca issue to files", to_files("x"), template, ca_judge(template, "x", ["x.crt"], ["x.key", "root.crt"]), boast,
                  to_files("y"))
    yield Command("ca sign", sign("x"), template, ca_judge(template, "x", ["one.pem"]), boast, sign("y"))
    yield Command("ca intermediate", ca("intermediate", "mid", *ec_key), template, authority_judge("mid"), "valid until",
                  ca("intermediate", "other", *ec_key))
    empty = template.with_name("empty")
    empty.mkdir()
    init = ca("init", *ec_key, "--no-encryption")
    yield Command("ca init", init, empty, authority_judge("root"), "valid until", init, f"there is a CA in|{UNFINISHED}")
    yield from later_ca_commands(ca, template)


@pytest.mark.time_limit(3000)
def test_each_call_fails_once(mutual_release, template, traced, rng, long_run, tmp_path, capsys):
    program = [mutual_release.path]
    runner, every = Runner(tmp_path), []
    for command in all_commands(program, template):
        trace, calls = runner.control(command)
        steps = FILE_STEPS if command.files else LEDGER_STEPS
        assert re.search(f"(?s){steps}", trace), trace
        assert not re.search(r'openat\([^)]*\.mutual-[^)]*O_CREAT[^)]*, 0(?!600\))', trace), trace  # nobody else reads it meanwhile
        every += [(command, call, fault) for call in calls for fault in faults.FAULTS]
    outcomes = runner.all(every if long_run else faults.sample(rng, every, EVERYDAY + 20))
    with capsys.disabled():
        print(f"\n    {faults.summary(outcomes)}")
    assert len(outcomes) >= (LONG if long_run else EVERYDAY)
    bad = [outcome for outcome in outcomes if outcome.kind != "sound"]
    if bad:
        pytest.fail("\n".join(map(str, bad)))


@pytest.mark.parametrize("error, code", [("EIO", "write-failed"), ("ENOSPC", "write-failed"), ("EMFILE", "write-failed"),
                                         ("EACCES", "file-permission")])
def test_a_ledger_that_cannot_be_opened_has_the_systems_reason(mutual_release, traced, template, error, code):
    argv = [mutual_release.path, "ca", "list", "--ca", "ca"]
    proc.run_ok([mutual_release.path, "ca", "init", "--key-algorithm", "EC", "--no-encryption", "--ca", "ca"], cwd=template)
    proc.run_ok(argv, cwd=template)
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", template / "ca/ledger.db", "-e", f"inject=openat:error={error}"]
    once = proc.run([*failing[:-1], f"{failing[-1]}:when=1", *argv], cwd=template)  # SQLite tries again, for reading only
    assert once.status == 3 and "[write-failed]" in once.err, once
    refused = proc.run([*failing, *argv], cwd=template)
    assert refused.status == 3 and f"[{code}]" in refused.err and os.strerror(getattr(errno, error)) in refused.err, refused


def peers_losses(command, tmp_path, kinds=faults.FAULTS):
    """Faults at the first write after the store was opened for writing."""
    runner = Runner(tmp_path)
    call = next(call for call in runner.control(command)[1] if call.name == "write")
    return collections.Counter(outcome.kind for outcome in runner.all((command, call, fault) for fault in kinds))


def test_the_runner_finds_what_the_jdk_loses(traced, template, jdks, tmp_path):
    for jdk in jdks:
        argv = [jdk.bin / "keytool", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-importcert", "-noprompt", "-alias", "three",
                "-file", "three.pem", "-keystore", "trust.p12", *STORED]
        command = Command(f"keytool {jdk.version}", argv, template, store_judge("trust.p12", template, ["one", "three", "two"]),
                          start=r'"trust.p12", O_WRONLY', told=False)
        assert peers_losses(command, tmp_path, ("ENOSPC", "KILL"))["loss"] == 2


def test_the_runner_finds_what_openssl_loses(traced, template, tmp_path):
    for name in ("first", "second"):
        argv = ["openssl", "pkcs12", "-export", "-in", f"{name}.pem", "-inkey", f"{name}.key", "-name", name, "-out", "out.p12", "-passout",
                "pass:changeit"]
        if name == "first":
            make_cert(template, "first")
            proc.run_ok(argv, cwd=template)
    make_cert(template, "second")
    command = Command("openssl pkcs12 -export", argv, template, store_judge("out.p12", template, ["second"]), start=r'"out.p12", O_WRONLY',
                      told=False)
    assert peers_losses(command, tmp_path)["loss"] >= 3


@pytest.mark.parametrize("name, fault, why", [("write", "retval={len}", "is not what was written"), ("fsync", "error=EIO", "syncing its new content")])
def test_what_a_disk_loses_does_not_replace(mutual_release, traced, template, tmp_path, name, fault, why):
    """The system says that all was written, and nothing was: only who reads it back knows. Or it says so when asked to sync."""
    for command, file in replacing([mutual_release.path], template):
        trace, calls = Runner(tmp_path).control(command)
        temp_fd = re.findall(r"fchmod\((\d+), ", trace)[-1]
        call = next(call for call in calls if call.name == name and re.match(rf"{temp_fd}\b", call.text))
        inject = f"inject={name}:{fault.format(len=call.text.rpartition('= ')[2])}:when={call.when}"
        folder = prepared(command, tmp_path, name)
        result = proc.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject, *command.argv], cwd=folder)
        check_refused(command, folder, result, "write-failed", why)


# ---- short writes ----

def in_mounts(script, folder, *words):
    """sh -c script in a mount namespace; skips where that is not allowed. Its $0 and on are the words."""
    if proc.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status != 0:
        pytest.skip("a mount namespace needs root and CAP_SYS_ADMIN")
    return proc.run(["unshare", "-m", "sh", "-c", script, *words], cwd=folder, env={"MUTUAL_STORE_PASSWORD": "changeit"})


def check_short(command, folder, result):
    state = command.judge(folder)
    assert (result.status == 0) == (state == "new"), (state, result)
    if state == "new":
        return True
    assert len(re.findall(r"\[(?:write-failed|store-locked|file-permission)\]", result.err.split("because")[0])) == 1, result
    assert not re.search(command.boast, result.out + result.err), result
    assert not faults.temporaries(folder), result
    return False


def all_commands(program, template):
    return [*keytool_commands([*program, "keytool"], template), *ca_commands(program, template)]


def some_commands(program, template, rng, long_run):
    """Ten of them every day."""
    commands = all_commands(program, template)
    return commands if long_run else rng.sample(commands, 10)


def test_a_limit_on_file_sizes(mutual_release, template, tmp_path, long_run, rng):
    for command in some_commands([mutual_release.path], template, rng, long_run):
        limits = [0, 1, 100, 511, 800, 4095, 4096, 8192, 12000, 30000, 10 ** 6]
        done = []
        for limit in limits if long_run else [*rng.sample(limits[:-1], 2), limits[-1]]:
            folder = tmp_path / f"{command.name} {limit}"
            shutil.copytree(command.template, folder)
            result = proc.run(["prlimit", f"--fsize={limit}", *command.argv], cwd=folder, env={"MUTUAL_STORE_PASSWORD": "changeit"})
            done.append(check_short(command, folder, result))
        assert done[-1] and not (long_run and done[0])


def test_a_full_file_system(mutual_release, template, tmp_path, long_run, rng):
    # copies the template into a small file system, leaves $1 KiB of it, runs the command, and copies what there is back
    script = """mount -t tmpfs -o size=2m none "$0" && cp -a "$PWD/." "$0" || exit 77
        work=$PWD; free=$1; shift; cd "$0"
        dd if=/dev/zero of=.fill bs=1k count=$(($(df --output=avail -k . | tail -1) - free)) 2>&-
        "$@"; status=$?; rm -f .fill; rm -rf "$work"; mkdir "$work"; cp -a . "$work"; exit $status"""
    for command in some_commands([mutual_release.path], template, rng, long_run):
        done = []
        for number, free in enumerate([0, 4, 8, 16, 40, 60, 1000] if long_run else [0, 8, 1000]):
            folder, mount = tmp_path / f"full-{command.name}-{number}".replace(" ", "-"), tmp_path / "mount"
            shutil.copytree(command.template, folder)
            mount.mkdir(exist_ok=True)
            result = in_mounts(script, folder, mount, str(free), *command.argv)
            done.append(check_short(command, folder, result))
        assert done[-1] and not done[0], (command.name, done)


# ---- where a file can be ----

def replacing(program, template):
    """Commands that replace a file that is there, with its name."""
    by_name = {command.name: command for command in all_commands(program, template)}
    return [(by_name["importcert into a store"], "trust.p12"), (by_name["genkeypair into a store"], "keys.p12"), (by_name["ca sign"], "one.pem")]


def prepared(command, tmp_path, situation):
    folder = tmp_path / f"{command.name} {situation}".replace(" ", "-")
    shutil.copytree(command.template, folder)
    return folder


def check_refused(command, folder, result, code, hint):
    assert result.status in (1, 3) and f"[{code}]" in result.err and hint in result.err, result
    assert command.judge(folder) == "old" and not faults.temporaries(folder), result
    assert not re.search(command.boast, result.out + result.err), result


def test_a_symbolic_link_is_followed(mutual_release, template, tmp_path):
    for command, file in replacing([mutual_release.path], template):
        folder = prepared(command, tmp_path, "link")
        (folder / "real").mkdir()
        (folder / file).rename(folder / "real" / file)
        (folder / "link").symlink_to(f"real/{file}")
        (folder / file).symlink_to("link")
        assert proc.run_ok(command.argv, cwd=folder) and command.judge(folder) == "new"
        assert (folder / file).is_symlink() and (folder / "link").is_symlink() and not (folder / "real" / file).is_symlink()
        (folder / "real" / file).unlink()  # a link to what is not there yet, where a store is made
    folder = prepared(command, tmp_path, "dangling")
    (folder / "real").mkdir()
    (folder / "new.p12").symlink_to("real/new.p12")
    made = next(command for command in keytool_commands([mutual_release.path, "keytool"], template) if "new store" in command.name)
    assert proc.run_ok(made.argv, cwd=folder) and made.judge(folder) == "new" and (folder / "new.p12").is_symlink()


def test_another_device_is_refused(mutual_release, traced, template, tmp_path):
    for command, file in replacing([mutual_release.path], template):
        folder = prepared(command, tmp_path, "exdev")
        result = proc.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=renameat:error=EXDEV", *command.argv], cwd=folder)
        check_refused(command, folder, result, "write-failed", "file system")


def test_a_file_that_is_a_mount_is_refused(mutual_release, template, tmp_path):
    for command, file in replacing([mutual_release.path], template):
        folder = prepared(command, tmp_path, "bind")
        result = in_mounts('cp -a "$0" mounted && mount --bind mounted "$0" && exec "$@"', folder, file, *command.argv)
        check_refused(command, folder, result, "write-failed", "mount")


def test_a_file_system_mounted_read_only_is_refused(mutual_release, template, tmp_path):
    for command, file in replacing([mutual_release.path], template):
        folder = prepared(command, tmp_path, "ro")
        script = 'mount --bind . . && cd "$PWD" && mount --bind ca ca && mount -o remount,bind,ro . && exec "$@"'
        result = in_mounts(script, folder, file, *command.argv)
        check_refused(command, folder, result, "write-failed", "read-only")


@pytest.fixture
def reachable():
    """A folder that others reach by its path: pytest's own lie below one that is the user's alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_directory_without_permission_is_refused(mutual_release, template, reachable):
    for command, file in replacing([mutual_release.path], template):
        folder = prepared(command, reachable, "mode")
        proc.run_ok(["chown", "-R", "65534:65534", folder])
        folder.chmod(0o555)
        result = proc.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command.argv], cwd=folder)
        check_refused(command, folder, result, "file-permission", "directory")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for another owner")
def test_owner_mode_acl_and_attributes_are_kept(mutual_release, template, tmp_path):
    shown = lambda folder, file: [proc.run_ok(words, cwd=folder).out for words in
                                  (["stat", "-c", "%u %g %a", file], ["getfacl", "-n", file], ["getfattr", "-d", file])]
    for command, file in replacing([mutual_release.path], template):
        folder = prepared(command, tmp_path, "kept")
        os.chown(folder / file, 65534, 65533)
        (folder / file).chmod(0o640)
        for words in (["setfacl", "-m", "u:1234:r", file], ["setfattr", "-n", "user.purpose", "-v", "test", file]):
            if proc.run(words, cwd=folder).status != 0:
                pytest.skip("this file system has no ACL or attributes")
        before = shown(folder, file)
        assert "65534 65533 640" in before[0] and "user:1234:r--" in before[1] and 'user.purpose="test"' in before[2]
        assert proc.run_ok(command.argv, cwd=folder) and command.judge(folder) == "new" and shown(folder, file) == before
