"""Stores between mutual and everybody else: what we write others open, what others write we open."""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from lab import proc

PASSWORD = "changeit"


@dataclasses.dataclass
class Entry:
    kind: str
    state: str  # of a key: "pair", or the code it fails with
    hidden: bool
    dated: bool
    protection: str
    alias: str
    chain: list


@dataclasses.dataclass
class Store:
    head: str = ""
    error: str = ""
    entries: list = dataclasses.field(default_factory=list)
    loose: list = dataclasses.field(default_factory=list)

    def entry(self, alias):
        return next(entry for entry in self.entries if entry.alias == alias)

    def summary(self):
        return [(entry.kind, entry.state, entry.alias, len(entry.chain)) for entry in self.entries]


class Tool:
    """test/tools/store_tool of the build under test."""

    def __init__(self, path):
        self.path = path

    def run(self, *args):
        return proc.run([self.path, *args])

    def ok(self, *args):
        return proc.run_ok([self.path, *args])

    def list(self, password, *paths):
        return list(_parse(self.run("list", "-" if password is None else password, *paths).out))

    def one(self, password, path):
        return self.list(password, path)[0]


def _parse(text):
    store = certs = None
    for line in text.splitlines():
        if line.startswith("file "):
            if store:
                yield store
            store = Store()
        elif line.startswith("type "):
            store.head = line[5:]
        elif line.startswith("error "):
            store.error = line[6:]
        elif line.startswith("loose "):
            certs = store.loose
        elif line.startswith("  cert "):
            certs.append(line.split()[1])
        else:
            kind, state, hidden, dated, protection, alias = re.match(r'(\w+) (\S+)( hidden)? dated=(\d) \[(.*?)\] "(.*)"$', line).groups()
            store.entries.append(Entry(kind, state, bool(hidden), dated == "1", protection, alias, []))
            certs = store.entries[-1].chain
    if store:
        yield store


@pytest.fixture(scope="session")
def tool():
    path = pathlib.Path(os.environ["MUTUAL"]).resolve().parent / "test/tools/store_tool"
    if not path.is_file():
        pytest.skip("store_tool is not built")
    return Tool(path)


def needs(*programs):
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}")


def fingerprint(path):
    data = path.read_bytes()
    cert = x509.load_pem_x509_certificate(data) if b"BEGIN" in data else x509.load_der_x509_certificate(data)
    return ":".join(f"{byte:02X}" for byte in cert.fingerprint(hashes.SHA256()))


@pytest.fixture(scope="session")
def family(pki):
    """A leaf two levels below its root, as files: NAME.crt, NAME.key, and leaf.pem with everything."""
    pki.ca("store-root")
    pki.ca("store-mid", issuer="store-root")
    pki.issue("store-leaf", issuer="store-mid", san=["dns:store.test"])
    together = [pki.path("store-leaf", "key"), *(pki.path(name, "crt") for name in ("store-leaf", "store-mid", "store-root"))]
    pki.path("store-leaf", "pem").write_bytes(b"".join(path.read_bytes() for path in together))
    return pki


@pytest.fixture(scope="session")
def prints(family):
    return {name: fingerprint(family.path(f"store-{name}", "crt")) for name in ("leaf", "mid", "root")}


@pytest.fixture(scope="session")
def ours(tool, family, tmp_path_factory):
    """A store written by us: key Server with its chain, trusted Lab-Root."""
    path = tmp_path_factory.mktemp("ours") / "ours.p12"
    tool.ok("make", PASSWORD, path, f"key=Server:{family.path('store-leaf', 'pem')}",
            f"trusted=Lab-Root:{family.path('store-root', 'crt')}")
    return path


def key_of(path):
    return serialization.load_pem_private_key(path.read_bytes(), None).private_numbers()


# ---- ours, read by others ----

def test_ours_by_every_jdk(ours, jdks, prints):
    for jdk in jdks:
        listing = jdk.keytool_ok("-list", "-v", "-keystore", ours, "-storepass", PASSWORD).out
        assert "Your keystore contains 2 entries" in listing
        entries = re.findall(r"Alias name: (.*)\n.*\nEntry type: (.*)", listing)
        assert sorted(entries) == [("lab-root", "trustedCertEntry"), ("server", "PrivateKeyEntry")]
        assert "Certificate chain length: 3" in listing and prints["mid"] in listing
        # a request is signed by the key: so the JDK could decrypt it
        request = jdk.keytool_ok("-certreq", "-alias", "server", "-keystore", ours, "-storepass", PASSWORD).out
        assert "BEGIN NEW CERTIFICATE REQUEST" in request


def test_a_jdk_changes_our_store_and_we_read_it_again(tool, ours, jdks, family, prints, tmp_path):
    for jdk in jdks:
        path = tmp_path / f"jdk{jdk.version}.p12"
        shutil.copy(ours, path)
        jdk.keytool_ok("-importcert", "-noprompt", "-alias", "Mid", "-file", family.path("store-mid", "crt"), "-keystore", path,
                       "-storepass", PASSWORD)
        store = tool.one(PASSWORD, path)
        assert sorted(store.summary()) == [
            ("key", "pair", "server", 3), ("trusted", "-", "Lab-Root", 1), ("trusted", "-", "Mid", 1)]
        assert store.entry("server").chain == [prints["leaf"], prints["mid"], prints["root"]]
        assert store.entry("server").dated and not store.loose


@needs("openssl")
def test_ours_by_openssl(ours, family, tmp_path):
    info = proc.run_ok(["openssl", "pkcs12", "-info", "-noout", "-in", ours, "-passin", f"pass:{PASSWORD}"])
    assert "MAC: sha256, Iteration 10000" in info.err
    assert info.err.count("PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256") == 2
    key = tmp_path / "key.pem"
    proc.run_ok(["openssl", "pkcs12", "-nocerts", "-nodes", "-in", ours, "-passin", f"pass:{PASSWORD}", "-out", key])
    assert key_of(key) == key_of(family.path("store-leaf", "key"))


def test_ours_by_python(ours, family, prints):
    bundle = pkcs12.load_pkcs12(ours.read_bytes(), PASSWORD.encode())
    assert bundle.key.private_numbers() == key_of(family.path("store-leaf", "key"))
    assert bundle.cert.friendly_name == b"server"
    names = {cert.friendly_name for cert in bundle.additional_certs}
    assert {b"Lab-Root", b"CN=store-mid,O=Test"} <= names


@needs("pk12util", "certutil")
def test_ours_by_nss(ours, tmp_path):
    proc.run_ok(["certutil", "-N", "-d", f"sql:{tmp_path}", "--empty-password"])
    proc.run_ok(["pk12util", "-i", ours, "-d", f"sql:{tmp_path}", "-W", PASSWORD])
    listing = proc.run_ok(["certutil", "-K", "-d", f"sql:{tmp_path}"])
    assert re.search(r"ec\s+[0-9a-f]{40}\s+server", listing.out)


@needs("certtool")
def test_ours_by_gnutls(ours):
    info = proc.run_ok(["certtool", "--p12-info", "--inder", "--infile", ours, "--password", PASSWORD]).out
    assert "Friendly name: server" in info and "Friendly name: Lab-Root" in info
    assert info.count("BEGIN CERTIFICATE") == 4


def test_our_pbmac1_and_password_less_stores(tool, family, jdk, tmp_path):
    root = f"trusted=ca:{family.path('store-root', 'crt')}"
    tool.ok("make", PASSWORD, tmp_path / "pbmac1.p12", root, "pbmac1")
    assert tool.one(PASSWORD, tmp_path / "pbmac1.p12").head.startswith("PKCS12; MAC PBMAC1 HmacSHA256 10000 iterations")
    tool.ok("make", "-", tmp_path / "open.p12", root)
    listing = jdk.keytool_ok("-list", "-keystore", tmp_path / "open.p12", input="\n").out
    assert "ca, " in listing and "trustedCertEntry" in listing


# ---- others', read by us ----

def export(family, path, *options, name="Named"):
    names = ["-name", name] if name is not None else []
    proc.run_ok(["openssl", "pkcs12", "-export", "-inkey", family.path("store-leaf", "key"), "-in",
                 family.path("store-leaf", "crt"), "-certfile", family.path("store-mid", "crt"), "-passout", f"pass:{PASSWORD}",
                 "-out", path, *names, *options])
    return path


OPENSSL = {
    "default": ([], "Named", "PKCS12; MAC HmacSHA256 2048 iterations; certificates PBES2 AES-256-CBC HmacSHA256 2048 iterations"),
    "legacy": (["-legacy"], "Named", "PKCS12; MAC HmacSHA1 2048 iterations; certificates PBE-SHA1-RC2-40 2048 iterations"),
    "nomac": (["-nomac"], "Named", "PKCS12; no MAC; certificates not encrypted"),
    "unnamed": ([], None, None),
    "empty-name": ([], "", None),
    "aes192": (["-keypbe", "AES-192-CBC", "-certpbe", "AES-192-CBC"], "Named", None),
    "aes128": (["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"], "Named", None),
    "3des-sha1": (["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"], "Named", None),
    "rc4": (["-legacy", "-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-SHA1-RC2-128"], "Named", None),
    **{digest: (["-macalg", digest], "Named", None) for digest in ("sha224", "sha384", "sha512", "sha512-224", "sha512-256")},
}


@needs("openssl")
@pytest.mark.parametrize("variant", OPENSSL)
def test_by_openssl(tool, family, prints, tmp_path, variant):
    options, name, head = OPENSSL[variant]
    path = export(family, tmp_path / "o.p12", *options, name=name)
    store = tool.one(PASSWORD, path)
    alias = "1" if name is None else name.lower()
    assert store.summary() == [("key", "pair", alias, 2)]
    assert store.entries[0].chain == [prints["leaf"], prints["mid"]]
    assert not store.loose
    assert head is None or store.head == head
    if variant != "nomac":
        assert tool.one("wrong", path).error == "store-wrong-password"


@needs("openssl")
def test_rewriting_keeps_the_protection(tool, family, tmp_path):
    for variant in ("legacy", "nomac", "default"):
        options, name, head = OPENSSL[variant]
        path = export(family, tmp_path / f"{variant}.p12", *options, name=name)
        tool.ok("set", PASSWORD, path, f"trusted=ca:{family.path('store-root', 'crt')}")
        store = tool.one(PASSWORD, path)
        assert store.head == head
        assert store.summary() == [("key", "pair", "named", 3), ("trusted", "-", "ca", 1)]  # the chain now reaches the root


@needs("openssl")
def test_certificates_without_trust_are_loose_and_kept(tool, family, prints, tmp_path):
    proc.run_ok(["openssl", "pkcs12", "-export", "-nokeys", "-in", family.path("store-root", "crt"), "-passout", f"pass:{PASSWORD}",
                 "-out", tmp_path / "certs.p12"])
    store = tool.one(PASSWORD, tmp_path / "certs.p12")
    assert (store.entries, store.loose) == ([], [prints["root"]])
    tool.ok("copy", PASSWORD, tmp_path / "certs.p12", tmp_path / "again.p12")
    assert tool.one(PASSWORD, tmp_path / "again.p12").loose == [prints["root"]]
    assert tool.one(None, tmp_path / "certs.p12").head.startswith("PKCS12 skipped")


@needs("pk12util", "certutil")
def test_by_nss(tool, ours, prints, tmp_path):
    database = f"sql:{tmp_path}"
    proc.run_ok(["certutil", "-N", "-d", database, "--empty-password"])
    proc.run_ok(["pk12util", "-i", ours, "-d", database, "-W", PASSWORD])
    proc.run_ok(["pk12util", "-o", tmp_path / "nss.p12", "-n", "server", "-d", database, "-W", PASSWORD])
    assert (tmp_path / "nss.p12").read_bytes()[:2] == b"\x30\x80"  # BER, indefinite lengths
    store = tool.one(PASSWORD, tmp_path / "nss.p12")
    assert store.summary() == [("key", "pair", "server", 3)]
    assert store.entries[0].chain == [prints["leaf"], prints["mid"], prints["root"]]


@needs("certtool")
def test_by_gnutls(tool, family, prints, tmp_path):
    path = tmp_path / "gnutls.p12"
    proc.run_ok(["certtool", "--to-p12", "--load-privkey", family.path("store-leaf", "key"), "--load-certificate",
                 family.path("store-leaf", "crt"), "--p12-name", "Gnu", "--password", PASSWORD, "--outder", "--outfile", path])
    store = tool.one(PASSWORD, path)
    assert store.summary() == [("key", "pair", "gnu", 1)]
    assert store.entries[0].chain == [prints["leaf"]]


def test_by_python(tool, family, prints, tmp_path):
    load = lambda name: x509.load_pem_x509_certificate(family.path(f"store-{name}", "crt").read_bytes())
    key = serialization.load_pem_private_key(family.path("store-leaf", "key").read_bytes(), None)
    data = pkcs12.serialize_key_and_certificates("Größe".encode(), key, load("leaf"), [load("mid"), load("root")],
                                                 serialization.BestAvailableEncryption("pässwörd".encode()))
    (tmp_path / "py.p12").write_bytes(data)
    store = tool.one("pässwörd", tmp_path / "py.p12")
    assert store.summary() == [("key", "pair", "größe", 3)]
    assert store.entries[0].chain == [prints["leaf"], prints["mid"], prints["root"]]


def genkey(jdk, path, alias, *options, password=PASSWORD):
    jdk.keytool_ok("-genkeypair", "-alias", alias, "-keyalg", "EC", "-dname", f"CN={alias}", "-keystore", path,
                   "-storetype", "PKCS12", "-storepass", password, *options)


LEGACY = "-J-Dkeystore.pkcs12.legacy"
OPEN = ("-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE", "-J-Dkeystore.pkcs12.macAlgorithm=NONE")


def test_by_every_jdk(tool, jdks, family, prints, tmp_path):
    for jdk in jdks:
        path = tmp_path / f"{jdk.version}.p12"
        genkey(jdk, path, "One")
        genkey(jdk, path, "two")
        jdk.keytool_ok("-importcert", "-noprompt", "-alias", "Root", "-file", family.path("store-root", "crt"), "-keystore", path,
                       "-storepass", PASSWORD)
        jdk.keytool_ok("-genseckey", "-alias", "secret", "-keyalg", "AES", "-keysize", "256", "-keystore", path,
                       "-storepass", PASSWORD)
        store = tool.one(PASSWORD, path)
        secret = store.entry("secret").state
        assert re.fullmatch("AES:[0-9a-f]{64}", secret)
        expected = [("key", "pair", "one", 1), ("key", "pair", "two", 1), ("secret", secret, "secret", 0), ("trusted", "-", "Root", 1)]
        assert sorted(store.summary()) == expected
        assert store.entry("Root").chain == [prints["root"]]
        assert store.entry("one").dated and store.entry("secret").dated
        assert store.head == "PKCS12; MAC HmacSHA256 10000 iterations; certificates PBES2 AES-256-CBC HmacSHA256 10000 iterations"
        assert store.entry("one").protection == store.entry("secret").protection == "PBES2 AES-256-CBC HmacSHA256 10000"
        assert store.entry("Root").protection == " 0"
        # rewritten by us under another password: the JDK still reads all of it, the secret key too
        tool.ok("copy", PASSWORD, path, tmp_path / f"{jdk.version}-new.p12", "another")
        listing = jdk.keytool_ok("-list", "-keystore", tmp_path / f"{jdk.version}-new.p12", "-storepass", "another").out
        assert sorted(re.findall(r"^(\w+), .*, (\w+),", listing, re.M)) == [
            ("one", "PrivateKeyEntry"), ("root", "trustedCertEntry"), ("secret", "SecretKeyEntry"), ("two", "PrivateKeyEntry")]
        jdk.keytool_ok("-certreq", "-alias", "two", "-keystore", tmp_path / f"{jdk.version}-new.p12", "-storepass", "another")
        jdk.keytool_ok("-importkeystore", "-srckeystore", tmp_path / f"{jdk.version}-new.p12", "-srcstorepass", "another",
                       "-srcalias", "secret", "-destkeystore", tmp_path / f"{jdk.version}-secret.p12", "-deststorepass", PASSWORD)


def test_legacy_and_password_less_stores_of_a_jdk(tool, jdk, family, tmp_path):
    genkey(jdk, tmp_path / "legacy.p12", "old", LEGACY)
    store = tool.one(PASSWORD, tmp_path / "legacy.p12")
    assert store.summary() == [("key", "pair", "old", 1)]
    assert store.head == "PKCS12; MAC HmacSHA1 100000 iterations; certificates PBE-SHA1-RC2-40 50000 iterations"
    genkey(jdk, tmp_path / "open.p12", "open", *OPEN)
    store = tool.one(PASSWORD, tmp_path / "open.p12")
    assert store.summary() == [("key", "pair", "open", 1)]
    assert store.head == "PKCS12; no MAC; certificates not encrypted"
    assert tool.one(None, tmp_path / "open.p12").summary() == [("key", "key-password-differs", "open", 1)]
    # we keep the old protection, and the JDK reads what we made of it
    for name in ("legacy", "open"):
        tool.ok("set", PASSWORD, tmp_path / f"{name}.p12", f"trusted=ca:{family.path('store-root', 'crt')}")
        listing = jdk.keytool_ok("-list", "-keystore", tmp_path / f"{name}.p12", "-storepass", PASSWORD).out
        assert "Your keystore contains 2 entries" in listing


def test_passwords_that_are_not_ascii_by_a_jdk(tool, jdk25, tmp_path):
    for name, options in (("new", []), ("legacy", [LEGACY])):
        genkey(jdk25, tmp_path / f"{name}.p12", "Schlüssel", *options, password="pässwört")
        assert tool.one("pässwört", tmp_path / f"{name}.p12").summary() == [("key", "pair", "schlüssel", 1)]
        assert tool.one("passwort", tmp_path / f"{name}.p12").error == "store-wrong-password"


def test_cacerts_without_a_password(tool, jdks):
    for jdk in jdks:
        path = (jdk.bin / "java").resolve().parents[1] / "lib/security/cacerts"
        assert len(tool.one(None, path).entries) > 50  # whether PKCS12 or JKS


# ---- suites of others ----

BORINGSSL = {
    "empty_password": ("", "1"), "empty_password_ber": ("", "1"), "null_password": ("", "1"), "no_encryption": ("foo", "1"),
    "nss": ("foo", "internet widgits pty ltd"), "openssl": ("foo", "1"), "pbes2_sha1": ("foo", "1"), "pbes2_sha256": ("foo", "1"),
    "unicode_password": ("Hello, 世界", "1"), "windows": ("foo", "ee6d8805-06d9-42e2-8b68-feab5ef28270"),
}


def test_boringssl_samples(tool, shared):
    for name, (password, alias) in BORINGSSL.items():
        store = tool.one(password, shared / f"suites/pkcs12/boringssl-{name}.p12")
        assert store.summary() == [("key", "pair", alias, 1)], name
        assert store.entries[0].hidden == (name == "no_encryption")  # a key that is not encrypted is none for a JVM
        assert tool.one("wrong", shared / f"suites/pkcs12/boringssl-{name}.p12").error == "store-wrong-password"
    # an OCTET STRING in pieces of pieces: BoringSSL refuses it, too
    assert tool.one("", shared / "suites/pkcs12/boringssl-empty_password_ber_nested.p12").error == "store-limit-exceeded"


PBMAC1 = {"rfc9579-a1": "", "rfc9579-a2": "", "rfc9579-a3": "", "openssl-pbmac1_512_512.good": "",
          "rfc9579-a4": "store-wrong-password", "rfc9579-a5": "store-wrong-password", "rfc9579-a6": "store-damaged"}


def test_pbmac1_vectors(tool, shared):
    for name, error in PBMAC1.items():
        store = tool.one("1234", shared / f"suites/pkcs12/{name}.p12")
        assert store.error == error, name
        assert store.summary() == ([] if error else [("key", "pair", "1", 1)]), name


def test_old_certificates_of_openssl(tool, shared):
    for name in ("RC2", "TDES"):
        store = tool.one("v3-certs", shared / f"suites/pkcs12/v3-certs-{name}.p12")
        assert (store.error, store.entries, len(store.loose)) == ("", [], 2)


def test_pkits(tool):
    vectors = pytest.importorskip("cryptography_vectors")
    folder = pathlib.Path(vectors.__file__).parent / "x509/PKITS_data"
    paths = sorted((folder / "pkcs12").glob("*.p12"))
    assert len(paths) == 405
    stores = tool.list("password", *paths)
    assert len(stores) == 405
    for path, store in zip(paths, stores):
        # the DSA parameters of two certificates are their issuer's: mu_key_check_pair has nothing to compare, the store has
        state = "no-pair" if path.stem in ("DSAParametersInheritedCACert", "ValidDSAParameterInheritanceTest5EE") else "pair"
        assert [(entry.kind, entry.state) for entry in store.entries] == [("key", state)], path
        der = (folder / "certs" / f"{path.stem}.crt").read_bytes()
        assert store.entries[0].chain[0] == _der_print(der), path


def _der_print(der):
    import hashlib
    return ":".join(f"{byte:02X}" for byte in hashlib.sha256(der).digest())
