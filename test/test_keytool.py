"""keytool: the JDK's own is the reference. Both get the same words; status, streams and what is then in the store must be the same.

Every JDK of the machine is asked.
"""
import base64
import itertools
import re
import signal
import subprocess

import pytest
from cryptography import x509

from lab import jdk as jdks_here, proc
from lab.keytool import KeytoolServer, contents, empty, raw_extensions, words_of_25

PASSWORD = "changeit"
STORE = ["-keystore", "s.p12", "-storepass", PASSWORD]
EC = ["-keyalg", "EC", "-groupname", "secp256r1", "-sigalg", "SHA256withECDSA"]  # the defaults are not the same in all JDKs
SAID_OTHERWISE_BEFORE_25 = {"ku=", "-rfc"}  # words of a command; its status and the store count all the same
VERSIONS = [jdk.version for jdk in jdks_here.find()] or [None]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("keytool")


@pytest.fixture
def folder(work):
    """Where both run: a new folder for each test, but always the same one."""
    empty(work)
    return work


@pytest.fixture
def ours(mutual, folder):
    def run(*args, input="", plain=True):
        extra = ["-J-Dmutual.plain=true"] if plain else []
        return mutual("keytool", *args, *extra, cwd=folder, input=input)
    return run


def pytest_generate_tests(metafunc):
    """The long lists are everyday work for the newest JDK only; what they are about has a test on every JDK, too."""
    if "one_jdk" in metafunc.fixturenames:
        newest_only = metafunc.function is test_secret_keys and (VERSIONS[-1] or 0) >= 25  # where there is none it says so and is skipped
        lists = metafunc.function in (test_refused_pairs, test_extensions_are_the_jdks, test_names_are_the_jdks)
        metafunc.parametrize("one_jdk", [pytest.param(version, id=f"jdk{version}", marks=[pytest.mark.long] if late else [])
                                         for version in (VERSIONS[-1:] if newest_only else VERSIONS) for late in [lists and version != VERSIONS[-1]]],
                             indirect=True, scope="module")


@pytest.fixture(scope="module")
def one_jdk(request, jdks):
    return next(jdk for jdk in jdks if jdk.version == request.param)


@pytest.fixture(scope="module")
def server(one_jdk, peer_classes, work):
    server = KeytoolServer(one_jdk, peer_classes, work)
    yield server
    server.close()


@pytest.fixture
def theirs(server, one_jdk, folder, long_run):
    """The JDK's keytool: in one JVM for all tests, with --long as a process of its own each time."""
    if long_run:
        return lambda *args, input="": one_jdk.keytool(*args, cwd=folder, input=input)
    return server


def run_ok(tool, *args, **options):
    result = tool(*args, **options)
    assert result.status == 0, result
    return result


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def ca_files(tmp_path_factory):
    made = tmp_path_factory.mktemp("ca")
    openssl(made, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
            "-subj", "/CN=Lab CA/O=Lab", "-days", "3650")
    return {name: (made / name).read_bytes() for name in ("ca.key", "ca.crt")}


@pytest.fixture
def ca(folder, ca_files):
    for name, data in ca_files.items():
        (folder / name).write_bytes(data)


def sign(folder, csr, out, extensions="extendedKeyUsage = serverAuth\n"):
    (folder / "leaf.ext").write_text(extensions)
    openssl(folder, "x509", "-req", "-in", csr, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", out, "-days", "365",
            "-extfile", "leaf.ext")


# Other builds of the JDK speak of labels where 25.0.3 speaks of components, and check in another order.
ONE_REFUSAL = (r"IOException: DNSName .*", "IOException: DNSName is refused")


def compare(jdk, theirs, ours):
    """Ours speaks as JDK 25. For an older one its words are put in those; what it says in another way altogether only keeps its status."""
    assert ours.status == theirs.status, f"{theirs}\n{ours}"
    if jdk.version < 25 and SAID_OTHERWISE_BEFORE_25.intersection(theirs.argv):
        return
    texts = [[result.out, result.err] for result in (theirs, ours)]
    if jdk.version < 25:
        texts = [[words_of_25(text) for text in pair] for pair in texts]
    if "Get Key failed: " in theirs.out:  # by chance the padding of what a wrong password gives is right
        texts = [[re.sub(r"(Get Key failed: ).*", r"\1…", text) for text in pair] for pair in texts]
    if re.search("DNSName .*label", theirs.out):
        texts = [[re.sub(*ONE_REFUSAL, text) for text in pair] for pair in texts]
    assert texts[0] == texts[1], f"{theirs}\n{ours}"


@pytest.fixture
def same(ours, theirs, one_jdk):
    """Run both; status and text are the same."""
    def check(*args, input=""):
        a, b = theirs(*args, input=input), ours(*args, input=input)
        compare(one_jdk, a, b)
        return b
    return check


@pytest.fixture
def from_both(ours, theirs, folder, one_jdk):
    """Run both on the same store (bytes; None: no file). Status, text and what the JDK then finds in the store are the same."""
    def check(before, *args, input=""):
        seen = []
        for tool in (theirs, ours):
            if before is None:
                (folder / "s.p12").unlink(missing_ok=True)
            else:
                (folder / "s.p12").write_bytes(before)
            done = tool(*args, *STORE, input=input)
            listed = run_ok(theirs, "-list", "-v", *STORE).out if (folder / "s.p12").exists() else None
            seen.append((done, listed and contents(listed)))
        (a, in_a), (b, in_b) = seen
        compare(one_jdk, a, b)
        assert in_b == in_a, f"{a}\n{b}"
        return b, listed
    return check


# ---- without any JDK ----

def test_pair_request_and_list(ours, folder):
    made = run_ok(ours, "-genkeypair", "-keyalg", "EC", "-dname", "CN=a, O=\"b, c\"", "-ext", "san=dns:a.example", *STORE)
    assert "Generating 384-bit EC (secp384r1) key pair and self-signed certificate (SHA384withECDSA) with a validity of 90 days" in made.err
    assert made.out == ""
    assert (folder / "s.p12").stat().st_mode & 0o777 == 0o600
    listed = run_ok(ours, "-list", *STORE)
    assert re.fullmatch(r"Keystore type: PKCS12\nKeystore provider: SUN\n\nYour keystore contains 1 entry\n\n"
                        r"mykey, \w{3} \d+, \d{4}, PrivateKeyEntry, \nCertificate fingerprint \(SHA-256\): [0-9A-F:]{95}\n", listed.out)
    request = run_ok(ours, "-certreq", *STORE)
    assert request.out.startswith("-----BEGIN NEW CERTIFICATE REQUEST-----\r\n")
    (folder / "r.csr").write_text(request.out)
    openssl(folder, "req", "-in", "r.csr", "-verify", "-noout")
    csr = x509.load_pem_x509_csr(request.out.encode())
    assert csr.is_signature_valid and csr.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert [part.value for part in csr.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)] == ["b, c"]


def test_failure_has_the_jdks_line_and_our_cause(ours):
    missing = ours("-list", "-keystore", "none.p12", plain=False)
    assert missing.status == 1
    assert missing.out == "keytool error: java.lang.Exception: Keystore file does not exist: none.p12\n"
    assert "[store-not-found]" in missing.err
    assert ours("-list", "-keystore", "none.p12").err == ""


def test_command_that_is_not_here(ours):
    refused = ours("-nonsense", "-new", "geheim1", *STORE, plain=False)
    assert refused.status == 1
    assert refused.err.startswith("Illegal option:  -nonsense\n")
    assert "keytool has no option or command \"-nonsense\"" in refused.err


def test_called_by_its_name(mutual, folder):
    link = folder / "keytool"
    link.symlink_to(mutual.path)
    listed = subprocess.run([link, "-list", "-keystore", "none.p12", "-J-Dmutual.plain=true"], cwd=folder, capture_output=True, text=True)
    assert (listed.returncode, listed.stdout) == (1, "keytool error: java.lang.Exception: Keystore file does not exist: none.p12\n")


def test_empty_name_is_refused(ours, folder):
    refused = ours("-genkeypair", "-keyalg", "EC", "-dname", "", *STORE)
    assert refused.status == 1 and "must not be empty" in refused.out
    assert not (folder / "s.p12").exists()


def test_foreign_text_is_escaped(ours, folder):
    (folder / "evil.cnf").write_text("[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=utf8only\n[dn]\nCN=a\\nb\x1b[31m\n")
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-out", "evil.crt",
            "-config", "evil.cnf")
    run_ok(ours, "-importcert", "-alias", "evil", "-file", "evil.crt", "-noprompt", *STORE)
    listed = run_ok(ours, "-list", "-v", *STORE)
    assert "\x1b" not in listed.out and "\\x1B[31m" in listed.out


def test_reply_without_its_issuer(ours, ca, folder):
    run_ok(ours, "-genkeypair", "-keyalg", "EC", "-dname", "CN=a", *STORE)
    run_ok(ours, "-certreq", "-file", "r.csr", *STORE)
    sign(folder, "r.csr", "a.crt")
    refused = ours("-importcert", "-file", "a.crt", *STORE, plain=False)
    assert refused.status == 1
    assert refused.out == "keytool error: java.lang.Exception: Failed to establish chain from reply\n"
    assert "[reply-chain-incomplete]" in refused.err
    run_ok(ours, "-importcert", "-alias", "ca", "-file", "ca.crt", "-noprompt", *STORE)
    assert run_ok(ours, "-importcert", "-file", "a.crt", *STORE).err == "Certificate reply was installed in keystore\n"
    assert "Certificate chain length: 2" in run_ok(ours, "-list", "-v", "-alias", "mykey", *STORE).out


# ---- against the JDKs ----

USAGE = [
    ["-list", "-foo"], ["-list", "-keystore"], ["-list", "-importcert"], ["-list", "-v", "-rfc"], ["-list", "-help"], ["-certreq", "-help"],
    ["-genkey", "-help"], ["-import", "--help"], ["-list", "-storepass:env", "NO_SUCH", "-keystore", "x"],
    ["-list", "-storepass:file", "nofile"], ["-list", "-storepass:foo", "x"], ["-list", "-cacerts", "-keystore", "x"],
    ["-list", "-keystore", "/tmp"], ["-list", "-keystore", "x", "-storetype", "pkcs11"], ["-list", "-protected", "-storepass", "x"],
    ["-genkeypair", *STORE], ["-genkeypair", "-keyalg", "EC", "-keystore", "s.p12", "-storepass", "chan", "-dname", "CN=x"],
]
PAIRS = [
    ["-keysize", "256", "-groupname", "secp256r1"], ["-groupname", "P-256"], ["-groupname", "secp256k1"], ["-groupname", "x25519"],
    ["-keysize", "abc"], ["-validity", "abc"], ["-validity", "0"], ["-startdate", "x"], ["-startdate", "-1d2H"], ["-keypass", "abc"],
    ["-sigalg", "foo"], ["-sigalg", "SHA256withRSA"], ["-signer", "nope"], ["-keyalg", "foo"], ["-keyalg", "X25519"],
    ["-keyalg", "Ed25519", "-keysize", "448"], ["-keyalg", "RSA", "-keysize", "255"],
]
NAMES = ["x", "CN=x,,OU=y", "FOO=x", "CN=#zz", "CN=#1", 'CN=a"b', 'CN="a', "CN=a+b", "CN=<a>", "CN=a,", ",CN=a", "CN=a+", "CN", "=a",
         'CN="a"b', "CN=a\\", "CN=a\\zb", "FOO BAR=x"]
EXTENSIONS_REFUSED = [
    "", "=x", "ku", "ku=", "ku=k", "ku=kC", "ku=,dS", "bc=foo", "bc=ca", "s", "san", "san=dns", "san=foo:a", "san=dns:", "san=dns:a_b",
    "san=dns:-a", "ian=dns:*.a", "san=dns:.a", "san=dns:a..b", "san=dns:a b", "san=uri:foo", "san=oid:foo", "san=email:", "eku=foo",
    "aia:c=ocsp:uri:http://o", "aia=foo:uri:x", "aia=ocsp:uri", "1.2.3=050", "iA=dns:x", "foo"]





@pytest.mark.parametrize("words", USAGE, ids=" ".join)
def test_usage_errors(same, words):
    same(*words)


@pytest.mark.parametrize("words", [["-keyalg", "EC", "-dname", "CN=x", *pair] for pair in PAIRS] +
                         [["-keyalg", "EC", "-dname", name] for name in NAMES] +
                         [["-keyalg", "EC", "-dname", "CN=x", "-ext", ext] for ext in EXTENSIONS_REFUSED],
                         ids=lambda words: " ".join(words[2:]))
def test_refused_pairs(same, folder, words):
    repeated = words.count("-keyalg") > 1
    words = [word for i, word in enumerate(words) if not (repeated and i < 2)]
    assert same("-genkeypair", "-alias", "a", *STORE, *words).status == 1
    assert not (folder / "s.p12").exists()


EXTENSIONS = [
    ["bc"], ["BC"], ["bc:c=0"], ["bc=ca:false"], ["bc=ca:true,pathlen:2"], ["bc=pathlen:1"], ["bc=-1"], ["BasicC"], ["bc:cr"], ["bc=0", "bc=1"],
    ["ku=dS"], ["KU:c=ds,kCS,cRLs"], ["ku=contentC"], ["ku=keyAgreement,decipherOnly"], ["eku=sA,cA"], ["eku=any,1.2.3,OCSP,t"],
    ["san=dns:a.b,ip:1.2.3.4,ip:2001:db8::1,uri:http://x/y,email:a@b,oid:1.2.3"], ["san:c=dns:*.a"], ["ian=d:x"],
    ["aia=ocsp:uri:http://o,caI:uri:http://i,1.2.3:dns:x"], ["sia=caR:uri:http://r,t:dns:x"], ["crl=uri:http://c/a.crl,uri:http://d"],
    ["1.2.3"], ["1.2.3:c=05:00"], ["2.5.29.14=0401"], ["2.5.29.19=3000"], ["honored=all"],
    ["san=dns:a", "2.1=02", "1.10.3=04", "1.2.3=01", "ku=kCS", "eku=sA"],
]



def certificates(listing):
    """The DER of the certificates in the text of -list -rfc."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----\r?\n(.*?)-----END CERTIFICATE-----", listing, re.S)
    return [base64.b64decode(block) for block in blocks]


@pytest.mark.parametrize("asked", EXTENSIONS, ids=" ".join)
def test_extensions_are_the_jdks(ours, theirs, folder, asked):
    words = list(itertools.chain.from_iterable(("-ext", ext) for ext in asked))
    made = []
    for tool in (theirs, ours):
        (folder / "s.p12").unlink(missing_ok=True)
        run_ok(tool, "-genkeypair", *EC, "-dname", "CN=x", *words, *STORE)
        cert, = certificates(run_ok(theirs, "-list", "-rfc", *STORE).out)
        made.append(raw_extensions(cert))
    assert made[1] == made[0]


NAMES_READ = ['CN=a, O="x, y", C=DE', "cn=a;ou=b", "CN=a+OU=b,O=c", "CN=a\\,b", "CN=a\\ ", "CN= a ", "CN=a  b", "CN=#0c0161", "1.2.3.4=foo",
              "T=x,DNQ=y,GENERATION=z,SURNAME=s,GIVENNAME=g,INITIALS=i,UID=u,SERIALNUMBER=1,STREET=s,DC=d,EMAIL=a@b,S=st,L=l",
              "CN=a/b*c@_", 'CN="a\\"b"', "CN=a\\41b", "CN=a=b", "CN=a#b", "CN=\\#b", "C=DEU", "CN =a", "O=a\\\\b", "CN=a\\;b;O=c", "IP=1.2.3.4",
              "CN=", "CN=,O=b", 'CN=""', "CN= +OU=a"]



@pytest.mark.parametrize("name", NAMES_READ)
def test_names_are_the_jdks(ours, theirs, from_both, name):
    made, listed = from_both(None, "-genkeypair", *EC, "-dname", name)
    assert made.status == 0
    assert contents(run_ok(ours, "-list", "-v", *STORE).out) == contents(listed)


def test_a_name_and_extensions_of_every_kind(from_both):
    extensions = ["bc=ca:true,pathlen:2", "KU:c=dS,kCS", "eku=sA,1.2.3", "san=dns:a.b,ip:1.2.3.4,ip:2001:db8::1,uri:http://x/y,email:a@b,oid:1.2.3",
                  "ian=d:x", "aia=ocsp:uri:http://o,caI:uri:http://i", "sia=caR:uri:http://r", "crl=uri:http://c/a.crl", "1.2.3:c=05:00"]
    words = itertools.chain.from_iterable(("-ext", ext) for ext in extensions)
    assert from_both(None, "-genkeypair", *EC, "-dname", 'CN=a\\,b+OU="x  y",T=x,DC=d,EMAIL=a@b,1.2.3.4=foo', *words)[0].status == 0
    assert from_both(None, "-genkeypair", *EC, "-dname", "FOO=x")[0].status == 1
    assert from_both(None, "-genkeypair", *EC, "-dname", "CN=x", "-ext", "eku=foo")[0].status == 1


def test_defaults_of_a_pair(from_both, one_jdk):
    """Ours are JDK 25's."""
    cases = [["-keyalg", "Ed25519"], ["-keyalg", "Ed448"], ["-keyalg", "RSA", "-keysize", "1024", "-sigalg", "SHA256withRSA"]]
    if one_jdk.version >= 25:
        cases += [["-keyalg", "EC"], ["-keyalg", "RSA"], ["-keyalg", "RSASSA-PSS", "-keysize", "2048"], ["-keyalg", "EC", "-keysize", "256"]]
    for words in cases:
        assert from_both(None, "-genkeypair", *words, "-dname", "CN=x")[0].status == 0


def test_dates_of_a_pair(ours, theirs, folder):
    for start in ("2026/01/02 03:04:05", "2026/01/31", "2026/01/31 00:00:00"):
        times = []
        for tool in (theirs, ours):
            (folder / "s.p12").unlink(missing_ok=True)
            run_ok(tool, "-genkeypair", *EC, "-dname", "CN=x", "-startdate", start, "-validity", "400", *STORE)
            times.append(re.search("Valid from: (.*)", run_ok(theirs, "-list", "-v", *STORE).out)[1])
        clock = r"\d\d:\d\d:\d\d" if len(start) < 19 else "always"
        assert re.sub(clock, "", times[1]) == re.sub(clock, "", times[0])


def test_signed_by_another_entry(theirs, from_both, folder):
    run_ok(theirs, "-genkeypair", "-alias", "root", *EC, "-dname", "CN=root", "-ext", "bc", *STORE)
    before = (folder / "s.p12").read_bytes()
    made, listed = from_both(before, "-genkeypair", "-alias", "leaf", *EC, "-dname", "CN=leaf", "-ext", "eku=sA", "-signer", "root")
    assert made.status == 0 and "Certificate chain length: 2" in listed
    for alg in ("X25519", "X448"):
        made, listed = from_both(before, "-genkeypair", "-alias", "leaf", "-keyalg", alg, "-dname", "CN=leaf", "-signer", "root", "-sigalg",
                                 "SHA256withECDSA")
        assert made.status == 0 and f"Subject Public Key Algorithm: {alg} key" in words_of_25(listed)


def test_requests(ours, theirs, folder):
    from cryptography import x509
    run_ok(theirs, "-genkeypair", *EC, "-dname", "CN=srv, OU=a", "-ext", "san=dns:not.asked", *STORE)
    for words in ([], ["-dname", "CN=other"], ["-ext", "san=dns:a.b,ip:10.0.0.1", "-ext", "ku:c=dS"], ["-sigalg", "SHA512withECDSA"]):
        requests = [x509.load_pem_x509_csr(run_ok(tool, "-certreq", "-sigalg", "SHA256withECDSA", *words, *STORE).out.replace(
            "NEW CERTIFICATE", "CERTIFICATE").encode()) for tool in (theirs, ours)]
        for csr in requests:
            assert csr.is_signature_valid
        a, b = ([csr.subject.public_bytes(), csr.signature_algorithm_oid, csr.public_key().public_numbers(),
                 [(e.oid, e.critical, e.value.public_bytes()) for e in csr.extensions]] for csr in requests)
        assert b == a


LISTED = {"rsa": ["-keyalg", "RSA", "-keysize", "2048"], "ec": ["-keyalg", "EC", "-groupname", "secp521r1"], "ed": ["-keyalg", "Ed25519"],
          "ed448": ["-keyalg", "Ed448"], "weak": ["-keyalg", "RSA", "-keysize", "1024"],
          "md5": ["-keyalg", "RSA", "-keysize", "2048", "-sigalg", "MD5withRSA"], "pss": ["-keyalg", "RSASSA-PSS", "-keysize", "2048"],
          "sha1": ["-keyalg", "EC", "-sigalg", "SHA1withECDSA"]}


SECRETS = [("AES", 128), ("DES", None), ("TripleDES", 112), ("Blowfish", 40), ("RC4", 48), ("RC2", 41), ("HmacSHA1", 1), ("HmacSHA512/224", 50),
           ("HmacSHA3-512", 1201), ("oid.2.16.840.1.101.3.4.1", 192)]
NO_SECRETS = [("AES", 100), ("AES", None), ("foo", 128), ("", 128), ("ChaCha20", 256), ("ChaCha20", 128), ("HmacMD5", 8), ("HmacSHA256", 39),
              ("HmacSHA1", 0), ("RC4", 39), ("Blowfish", 33), ("TripleDES", None), ("DES", 64)]
PASSWORDS = ["PBE", "PBEWithMD5AndDES", "PBEWithSHA1AndRC4_40", "PBEWithHmacSHA512/224AndAES_256"]


def test_secret_keys(ours, theirs, one_jdk, folder):
    """Every key generator of the JDK, the same refusals; and the JDK reads what we have made."""
    if one_jdk.version < 25:
        pytest.skip("says it otherwise, warns of none and knows fewer algorithms")

    def both(*words, input=""):
        results = []
        for tool, store in ((theirs, "theirs"), (ours, "ours")):
            results.append(tool(*words, "-keystore", store, "-storepass", PASSWORD, input=input))
        compare(one_jdk, *results)
        return results[1]
    for i, (algorithm, size) in enumerate(SECRETS + NO_SECRETS):
        result = both("-genseckey", "-alias", f"k{i}", "-keyalg", algorithm, *(["-keysize", size] if size is not None else []))
        assert (result.status == 0) == (i < len(SECRETS)), result
    for algorithm in PASSWORDS:
        assert both("-importpass", "-alias", algorithm, "-keyalg", algorithm, input="secret\n").status == 0
    assert both("-importpass", "-alias", "foo", "-keyalg", "PBEfoo", input="secret\n").status == 1
    both("-list")
    for text in ("", "\n", "schlüssel\n"):
        assert ours("-importpass", "-alias", "none", "-keystore", "ours", "-storepass", PASSWORD, input=text).status == 1
    copied = run_ok(theirs, "-importkeystore", "-srckeystore", "ours", "-srcstorepass", PASSWORD, "-destkeystore", "copy", "-deststoretype", "JCEKS",
                    "-deststorepass", PASSWORD)
    assert f"{len(SECRETS) + len(PASSWORDS)} entries successfully imported, 0 entries failed" in copied.err


@pytest.fixture(scope="module")
def listed_store(server, work, ca_files):
    empty(work)
    (work / "ca.crt").write_bytes(ca_files["ca.crt"])
    for alias, words in LISTED.items():
        run_ok(server, "-genkeypair", "-alias", alias, "-dname", "CN=" + alias, "-ext", "san=dns:a", *words, *STORE)
    run_ok(server, "-genseckey", "-alias", "secret", "-keyalg", "AES", "-keysize", "256", *STORE)
    run_ok(server, "-importcert", "-alias", "CA", "-file", "ca.crt", "-noprompt", *STORE)
    return (work / "s.p12").read_bytes()


def test_lists(same, listed_store, folder):
    (folder / "s.p12").write_bytes(listed_store)
    for words in ([], ["-v"], ["-rfc"], ["-alias", "RSA"], ["-v", "-alias", "ca"], ["-alias", "none"], ["-nowarn"], ["-storetype", "jks"],
                  ["-storetype", "FOO"], ["-alias", "ec", "-alias", "ed"], ["-providername", "SUN"], ["-providername", "Foo"]):
        same("-list", *STORE, *words)
    same("-list", "-keystore", "s.p12", "-storepass", "wrong!")
    same("-list", "-keystore", "s.p12")
    same("-list", "-keystore", "s.p12", input=PASSWORD + "\n")
    (folder / "empty").touch()
    (folder / "text").write_text("hello\n")
    (folder / "cut").write_bytes((folder / "s.p12").read_bytes()[:200])
    for name in ("empty", "text", "cut"):
        same("-list", "-keystore", name, "-storepass", PASSWORD)


def test_imports(theirs, from_both, ca, folder):
    run_ok(theirs, "-genkeypair", "-alias", "server", *EC, "-dname", "CN=srv", *STORE)
    run_ok(theirs, "-certreq", "-alias", "server", "-file", "s.csr", *STORE)
    sign(folder, "s.csr", "s.crt")
    (folder / "chain.pem").write_text((folder / "ca.crt").read_text() + (folder / "s.crt").read_text())
    (folder / "text").write_text("hello\n")
    alone = (folder / "s.p12").read_bytes()
    run_ok(theirs, "-importcert", "-alias", "CA", "-file", "ca.crt", "-noprompt", *STORE)
    with_ca = (folder / "s.p12").read_bytes()

    def both(before, *words, **options):
        return from_both(before, "-importcert", *words, **options)

    for answer in ("y\n", "n\n", ""):
        both(alone, "-alias", "ca", "-file", "ca.crt", input=answer)
        both(alone, "-alias", "server", "-file", "chain.pem", input=answer)
    both(alone, "-alias", "CA", "-file", "ca.crt", "-noprompt", "-v")
    both(alone, "-alias", "server", "-file", "s.crt", "-noprompt")
    both(alone, "-alias", "server", "-file", "chain.pem", "-noprompt")
    both(alone, "-alias", "server", "-file", "ca.crt")
    for alias in ("server", "new"):
        both(alone, "-alias", alias, "-file", "text")
        both(alone, "-alias", alias, "-file", "nofile")
    both(with_ca, "-alias", "Server", "-file", "s.crt")
    both(with_ca, "-alias", "SERVER", "-file", "chain.pem")
    both(with_ca, "-alias", "leaf", "-file", "s.crt")
    both(with_ca, "-alias", "Ca", "-file", "ca.crt")
    both(with_ca, "-alias", "again", "-file", "ca.crt", input="y\n")
    both(with_ca, "-alias", "again", "-file", "ca.crt", input="n\n")


def test_aliases_in_messages(same, theirs, ca, folder):
    run_ok(theirs, "-genkeypair", "-alias", "Server", *EC, "-dname", "CN=srv", *STORE)
    run_ok(theirs, "-importcert", "-alias", "RootCA", "-file", "ca.crt", "-noprompt", *STORE)
    same("-genkeypair", "-alias", "SERVER", *EC, "-dname", "CN=x", *STORE)
    same("-genkeypair", "-alias", "New", *EC, "-dname", "CN=x", "-signer", "NoOne", *STORE)
    same("-importcert", "-alias", "ROOTca", "-file", "ca.crt", "-noprompt", *STORE)
    same("-importcert", "-alias", "Other", "-file", "ca.crt", *STORE)
    same("-certreq", "-alias", "NoOne", *STORE)
    same("-certreq", "-alias", "RootCA", *STORE)
    same("-list", "-alias", "NoOne", *STORE)


@pytest.fixture
def opens(one_jdk, peer_classes, folder):
    """Whether a JVM opens the key of s.p12 with that password."""
    return lambda alias, password: own_password(one_jdk, peer_classes, folder, "opens", alias, password) == "true\n"


def own_password(jdk, classes, folder, what, alias, password):
    return proc.run_ok(jdk.java("OwnKeyPassword", what, "s.p12", PASSWORD, alias, password, classes=classes), cwd=folder).out


def test_key_with_its_own_password_stays_as_it_is(theirs, ours, from_both, opens, one_jdk, peer_classes, ca, folder):
    run_ok(theirs, "-genkeypair", "-alias", "own", *EC, "-dname", "CN=own", *STORE)
    run_ok(theirs, "-certreq", "-alias", "own", "-file", "own.csr", *STORE)
    sign(folder, "own.csr", "own.crt")
    assert opens("own", PASSWORD)
    own_password(one_jdk, peer_classes, folder, "set", "own", "differs")
    assert opens("own", "differs") and not opens("own", PASSWORD)
    before = (folder / "s.p12").read_bytes()
    assert from_both(before, "-genkeypair", "-alias", "more", *EC, "-dname", "CN=more")[0].status == 0
    assert opens("own", "differs") and not opens("own", PASSWORD) and opens("more", PASSWORD)
    assert from_both(before, "-importcert", "-alias", "ca", "-file", "ca.crt", "-noprompt")[0].status == 0
    assert opens("own", "differs")
    before = (folder / "s.p12").read_bytes()
    done, listed = from_both(before, "-importcert", "-alias", "own", "-file", "own.crt", input="\ndiffers\n")
    assert done.status == 0 and "Certificate chain length: 2" in listed
    assert opens("own", "differs") and not opens("own", PASSWORD)
    assert from_both(before, "-importcert", "-alias", "own", "-file", "own.crt", input="wrong\n")[0].status == 1
    assert from_both(before, "-importcert", "-alias", "own", "-file", "own.crt", input="\n\n\n")[0].status == 1


def test_prompts(same, from_both, theirs, ours, folder, one_jdk):
    seen = []
    for tool in (theirs, ours):
        (folder / "s.p12").unlink(missing_ok=True)
        seen.append(run_ok(tool, "-genkeypair", *EC, "-dname", "CN=x", "-keystore", "s.p12", input="abc\nabcdef\nabcdeg\nabcdef\nabcdef\n"))
    compare(one_jdk, *seen)
    refused = same("-certreq", "-keystore", "s.p12", input="\n\n\n")
    assert refused.status == 0 and refused.err.endswith("Too many failures - try later\n")
    if one_jdk.version >= 25:  # before, the dialogue takes "." for a value
        assert from_both(None, "-genkeypair", *EC, input="a\n\n.\n.\n.\nDE\nno\nb\n\n\n\n\n\nyes\n")[0].status == 0


def test_a_prompt_leaves_the_terminal_as_it_was(mutual, tmp_path):
    make = [mutual.path, "keytool", "-genkeypair", "-keyalg", "EC", "-dname", "CN=a", "-keystore", "s.p12"]
    first, again = "Enter keystore password:  ", "Re-enter new password: "
    result, echo = proc.on_terminal(make, (first, PASSWORD + "\n"), (again, "half\x03"), cwd=tmp_path)
    assert result.status == -signal.SIGINT and echo and not (tmp_path / "s.p12").exists(), result
    result, echo = proc.on_terminal(make, (first, PASSWORD + "\n"), (again, PASSWORD + "\n"), cwd=tmp_path)
    assert result.status == 0 and echo and (tmp_path / "s.p12").exists() and PASSWORD not in result.out, result


EVERYDAY_MIXES = ["jmjm", "mjmj"]  # every step by both, and no step by the one who did the step before


@pytest.mark.parametrize("mix", [pytest.param(mix, marks=[] if mix in EVERYDAY_MIXES else pytest.mark.long)
                                 for mix in map("".join, itertools.product("jm", repeat=4))])
def test_the_guides_sequence_in_every_mix(ours, jdks, ca, folder, mix):
    """genkeypair, certreq, the CA and the reply, each by the JDK (j) or by us (m); every JDK lists what comes out."""
    newest = jdks[-1]
    tools = {"j": lambda *args: newest.keytool(*args, cwd=folder), "m": ours}
    pair, request, trust, reply = (tools[m] for m in mix)
    run_ok(pair, "-genkeypair", "-alias", "server", "-keyalg", "RSA", "-keysize", "2048", "-validity", "365", "-storetype", "PKCS12",
           "-dname", "CN=mtls-server.lab.local, O=Lab, C=US", "-ext", "san=dns:mtls-server.lab.local,ip:127.0.0.1", *STORE)
    run_ok(request, "-certreq", "-alias", "server", "-storetype", "PKCS12", "-file", "s.csr", *STORE)
    sign(folder, "s.csr", "s.crt", "subjectAltName = IP:127.0.0.1,DNS:mtls-server.lab.local\nextendedKeyUsage = serverAuth\n")
    run_ok(trust, "-importcert", "-alias", "lab-root-ca", "-storetype", "PKCS12", "-file", "ca.crt", "-noprompt", *STORE)
    run_ok(reply, "-importcert", "-alias", "server", "-storetype", "PKCS12", "-file", "s.crt", "-noprompt", *STORE)
    for jdk in jdks:
        listed = run_ok(lambda *args: jdk.keytool(*args, cwd=folder), "-list", "-v", *STORE).out
        assert "Your keystore contains 2 entries" in listed
        assert re.search(r"Alias name: lab-root-ca\n.*\nEntry type: trustedCertEntry", listed)
        assert re.search(r"Alias name: server\n.*\nEntry type: PrivateKeyEntry\nCertificate chain length: 2", listed)
