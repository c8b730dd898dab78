"""keytool: the JDK's own is the reference; both get the same words and must give the same streams, status and stores."""
import itertools
import re
import signal
import subprocess

import pytest

from lab import proc

PASSWORD = "changeit"
STORE = ["-keystore", "s.p12", "-storepass", PASSWORD]


@pytest.fixture
def ours(mutual, tmp_path):
    def run(*args, input="", plain=True):
        extra = ["-J-Dmutual.plain=true"] if plain else []
        return mutual("keytool", *args, *extra, cwd=tmp_path, input=input)
    return run


@pytest.fixture
def theirs(jdk25, tmp_path):
    return lambda *args, input="": jdk25.keytool(*args, cwd=tmp_path, input=input)


def run_ok(tool, *args, **options):
    result = tool(*args, **options)
    assert result.status == 0, result
    return result


def openssl(tmp_path, *args):
    subprocess.run(["openssl", *args], cwd=tmp_path, check=True, capture_output=True)


@pytest.fixture
def ca(tmp_path):
    openssl(tmp_path, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Lab CA/O=Lab",
            "-days", "3650")
    return tmp_path / "ca.crt"


def sign(tmp_path, csr, out, extensions="extendedKeyUsage = serverAuth\n"):
    (tmp_path / "leaf.ext").write_text(extensions)
    openssl(tmp_path, "x509", "-req", "-in", csr, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", out, "-days", "365",
            "-extfile", "leaf.ext")


def same(ours, theirs, *args, input=""):
    a, b = theirs(*args, input=input), ours(*args, input=input)
    assert (b.status, b.out, b.err) == (a.status, a.out, a.err), f"{a}\n{b}"
    return b


# ---- without any JDK ----

def test_pair_request_and_list(ours, tmp_path):
    made = run_ok(ours, "-genkeypair", "-keyalg", "EC", "-dname", "CN=a, O=\"b, c\"", "-ext", "san=dns:a.example", *STORE)
    assert "Generating 384-bit EC (secp384r1) key pair and self-signed certificate (SHA384withECDSA) with a validity of 90 days" in made.err
    assert made.out == ""
    assert (tmp_path / "s.p12").stat().st_mode & 0o777 == 0o600
    listed = run_ok(ours, "-list", *STORE)
    assert re.fullmatch(r"Keystore type: PKCS12\nKeystore provider: SUN\n\nYour keystore contains 1 entry\n\n"
                        r"mykey, \w{3} \d+, \d{4}, PrivateKeyEntry, \nCertificate fingerprint \(SHA-256\): [0-9A-F:]{95}\n", listed.out)
    request = run_ok(ours, "-certreq", *STORE)
    assert request.out.startswith("-----BEGIN NEW CERTIFICATE REQUEST-----\r\n")
    (tmp_path / "r.csr").write_text(request.out)
    read = subprocess.run(["openssl", "req", "-in", tmp_path / "r.csr", "-verify", "-noout", "-text"], capture_output=True, text=True)
    assert read.returncode == 0 and "verify OK" in read.stderr
    assert "X509v3 Subject Key Identifier" in read.stdout and "O = \"b, c\"" in read.stdout


def test_failure_has_the_jdks_line_and_our_cause(ours):
    missing = ours("-list", "-keystore", "none.p12", plain=False)
    assert missing.status == 1
    assert missing.out == "keytool error: java.lang.Exception: Keystore file does not exist: none.p12\n"
    assert "[store-not-found]" in missing.err
    assert ours("-list", "-keystore", "none.p12").err == ""


def test_command_that_is_not_here(ours):
    refused = ours("-storepasswd", "-new", "geheim1", *STORE, plain=False)
    assert refused.status == 1
    assert refused.err.startswith("Illegal option:  -storepasswd\n")
    assert "keytool has no option or command \"-storepasswd\"" in refused.err


def test_called_by_its_name(mutual, tmp_path):
    link = tmp_path / "keytool"
    link.symlink_to(mutual.path)
    listed = subprocess.run([link, "-list", "-keystore", "none.p12", "-J-Dmutual.plain=true"], cwd=tmp_path, capture_output=True, text=True)
    assert (listed.returncode, listed.stdout) == (1, "keytool error: java.lang.Exception: Keystore file does not exist: none.p12\n")


def test_empty_name_is_refused(ours, tmp_path):
    refused = ours("-genkeypair", "-keyalg", "EC", "-dname", "", *STORE)
    assert refused.status == 1 and "must not be empty" in refused.out
    assert not (tmp_path / "s.p12").exists()


def test_foreign_text_is_escaped(ours, tmp_path):
    (tmp_path / "evil.cnf").write_text("[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=utf8only\n[dn]\nCN=a\\nb\x1b[31m\n")
    openssl(tmp_path, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-out", "evil.crt",
            "-config", "evil.cnf")
    run_ok(ours, "-importcert", "-alias", "evil", "-file", "evil.crt", "-noprompt", *STORE)
    listed = run_ok(ours, "-list", "-v", *STORE)
    assert "\x1b" not in listed.out and "\\x1B[31m" in listed.out


def test_reply_without_its_issuer(ours, ca, tmp_path):
    run_ok(ours, "-genkeypair", "-keyalg", "EC", "-dname", "CN=a", *STORE)
    run_ok(ours, "-certreq", "-file", "r.csr", *STORE)
    sign(tmp_path, "r.csr", "a.crt")
    refused = ours("-importcert", "-file", "a.crt", *STORE, plain=False)
    assert refused.status == 1
    assert refused.out == "keytool error: java.lang.Exception: Failed to establish chain from reply\n"
    assert "[reply-chain-incomplete]" in refused.err
    run_ok(ours, "-importcert", "-alias", "ca", "-file", "ca.crt", "-noprompt", *STORE)
    assert run_ok(ours, "-importcert", "-file", "a.crt", *STORE).err == "Certificate reply was installed in keystore\n"
    assert "Certificate chain length: 2" in run_ok(ours, "-list", "-v", "-alias", "mykey", *STORE).out


# ---- against JDK 25 ----

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
def test_usage_errors(ours, theirs, words):
    same(ours, theirs, *words)


@pytest.mark.parametrize("words", [["-keyalg", "EC", "-dname", "CN=x", *pair] for pair in PAIRS] +
                         [["-keyalg", "EC", "-dname", name] for name in NAMES] +
                         [["-keyalg", "EC", "-dname", "CN=x", "-ext", ext] for ext in EXTENSIONS_REFUSED],
                         ids=lambda words: " ".join(words[2:]))
def test_refused_pairs(ours, theirs, words, tmp_path):
    repeated = words.count("-keyalg") > 1
    words = [word for i, word in enumerate(words) if not (repeated and i < 2)]
    assert same(ours, theirs, "-genkeypair", "-alias", "a", *STORE, *words).status == 1
    assert not (tmp_path / "s.p12").exists()


EXTENSIONS = [
    ["bc"], ["BC"], ["bc:c=0"], ["bc=ca:false"], ["bc=ca:true,pathlen:2"], ["bc=pathlen:1"], ["bc=-1"], ["BasicC"], ["bc:cr"], ["bc=0", "bc=1"],
    ["ku=dS"], ["KU:c=ds,kCS,cRLs"], ["ku=contentC"], ["ku=keyAgreement,decipherOnly"], ["eku=sA,cA"], ["eku=any,1.2.3,OCSP,t"],
    ["san=dns:a.b,ip:1.2.3.4,ip:2001:db8::1,uri:http://x/y,email:a@b,oid:1.2.3"], ["san:c=dns:*.a"], ["ian=d:x"],
    ["aia=ocsp:uri:http://o,caI:uri:http://i,1.2.3:dns:x"], ["sia=caR:uri:http://r,t:dns:x"], ["crl=uri:http://c/a.crl,uri:http://d"],
    ["1.2.3"], ["1.2.3:c=05:00"], ["2.5.29.14=0401"], ["2.5.29.19=3000"], ["honored=all"],
    ["san=dns:a", "2.1=02", "1.10.3=04", "1.2.3=01", "ku=kCS", "eku=sA"],
]


def der_extensions(pem):
    from cryptography import x509
    cert = x509.load_pem_x509_certificate(pem.encode())
    return [(e.oid.dotted_string, e.critical, e.value.public_bytes()) for e in cert.extensions
            if e.oid.dotted_string != "2.5.29.14" or len(e.value.public_bytes()) < 22]


@pytest.mark.parametrize("asked", EXTENSIONS, ids=" ".join)
def test_extensions_are_the_jdks(ours, theirs, jdk25, asked, tmp_path):
    words = list(itertools.chain.from_iterable(("-ext", ext) for ext in asked))
    blocks = []
    for tool in (theirs, ours):
        (tmp_path / "s.p12").unlink(missing_ok=True)
        run_ok(tool, "-genkeypair", "-keyalg", "EC", "-dname", "CN=x", *words, *STORE)
        blocks.append(run_ok(theirs, "-list", "-rfc", *STORE).out)
    pems = [re.search(r"-----BEGIN.*-----END CERTIFICATE-----", block, re.S)[0].replace("\r", "") for block in blocks]
    if "2.5.29.14=0401" in asked:  # not a subjectKeyIdentifier that cryptography reads: compare the raw bytes
        assert all(b"\x06\x03\x55\x1d\x0e\x04\x02\x04\x01" in der(pem) for pem in pems)
        return
    assert der_extensions(pems[1]) == der_extensions(pems[0])


def der(pem):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


NAMES_READ = ['CN=a, O="x, y", C=DE', "cn=a;ou=b", "CN=a+OU=b,O=c", "CN=a\\,b", "CN=a\\ ", "CN= a ", "CN=a  b", "CN=#0c0161", "1.2.3.4=foo",
              "T=x,DNQ=y,GENERATION=z,SURNAME=s,GIVENNAME=g,INITIALS=i,UID=u,SERIALNUMBER=1,STREET=s,DC=d,EMAIL=a@b,S=st,L=l",
              "CN=a/b*c@_", 'CN="a\\"b"', "CN=a\\41b", "CN=a=b", "CN=a#b", "CN=\\#b", "C=DEU", "CN =a", "O=a\\\\b", "CN=a\\;b;O=c", "IP=1.2.3.4"]


@pytest.mark.parametrize("name", NAMES_READ)
def test_names_are_the_jdks(ours, theirs, name, tmp_path):
    seen = []
    for tool in (theirs, ours):
        (tmp_path / "s.p12").unlink(missing_ok=True)
        made = run_ok(tool, "-genkeypair", "-keyalg", "EC", "-dname", name, *STORE)
        listed = run_ok(theirs, "-list", "-v", *STORE).out
        assert run_ok(ours, "-list", "-v", *STORE).out == listed
        seen.append((made.err, re.search(r"Owner: .*", listed)[0]))
    assert seen[1] == seen[0]


def test_lists(ours, theirs, ca, tmp_path):
    for alias, words in {"rsa": ["-keyalg", "RSA", "-keysize", "2048"], "ec": ["-keyalg", "EC", "-groupname", "secp521r1"],
                         "ed": ["-keyalg", "Ed25519"], "ed448": ["-keyalg", "Ed448"], "weak": ["-keyalg", "RSA", "-keysize", "1024"],
                         "md5": ["-keyalg", "RSA", "-keysize", "2048", "-sigalg", "MD5withRSA"],
                         "pss": ["-keyalg", "RSASSA-PSS", "-keysize", "2048"], "sha1": ["-keyalg", "EC", "-sigalg", "SHA1withECDSA"]}.items():
        run_ok(theirs, "-genkeypair", "-alias", alias, "-dname", "CN=" + alias, "-ext", "san=dns:a", *words, *STORE)
    run_ok(theirs, "-genseckey", "-alias", "secret", "-keyalg", "AES", "-keysize", "256", *STORE)
    run_ok(theirs, "-importcert", "-alias", "CA", "-file", "ca.crt", "-noprompt", *STORE)
    for words in ([], ["-v"], ["-rfc"], ["-alias", "RSA"], ["-v", "-alias", "ca"], ["-alias", "none"], ["-nowarn"], ["-storetype", "jks"],
                  ["-storetype", "FOO"], ["-alias", "ec", "-alias", "ed"], ["-providername", "SUN"], ["-providername", "Foo"]):
        same(ours, theirs, "-list", *STORE, *words)
    same(ours, theirs, "-list", "-keystore", "s.p12", "-storepass", "wrong!")
    same(ours, theirs, "-list", "-keystore", "s.p12")
    same(ours, theirs, "-list", "-keystore", "s.p12", input=PASSWORD + "\n")
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "cut").write_bytes((tmp_path / "s.p12").read_bytes()[:200])
    for name in ("empty", "text", "cut"):
        same(ours, theirs, "-list", "-keystore", name, "-storepass", PASSWORD)


def test_imports(ours, theirs, ca, tmp_path):
    run_ok(theirs, "-genkeypair", "-alias", "server", "-keyalg", "EC", "-dname", "CN=srv", *STORE)
    run_ok(theirs, "-certreq", "-alias", "server", "-file", "s.csr", *STORE)
    sign(tmp_path, "s.csr", "s.crt")
    (tmp_path / "chain.pem").write_text((tmp_path / "ca.crt").read_text() + (tmp_path / "s.crt").read_text())
    (tmp_path / "text").write_text("hello\n")
    base = (tmp_path / "s.p12").read_bytes()

    def both(*words, input=""):
        results, lists = [], []
        for tool in (theirs, ours):
            (tmp_path / "s.p12").write_bytes(base)
            results.append(tool("-importcert", *words, *STORE, input=input))
            lists.append(run_ok(theirs, "-list", "-v", *STORE).out)
        assert (results[1].status, results[1].out, results[1].err) == (results[0].status, results[0].out, results[0].err)
        assert lists[1] == lists[0]

    for answer in ("y\n", "n\n", ""):
        both("-alias", "ca", "-file", "ca.crt", input=answer)
        both("-alias", "server", "-file", "chain.pem", input=answer)
    both("-alias", "ca", "-file", "ca.crt", "-noprompt", "-v")
    both("-alias", "server", "-file", "s.crt", "-noprompt")
    both("-alias", "server", "-file", "chain.pem", "-noprompt")
    both("-alias", "server", "-file", "ca.crt")
    for alias in ("server", "new"):
        both("-alias", alias, "-file", "text")
        both("-alias", alias, "-file", "nofile")
    run_ok(theirs, "-importcert", "-alias", "ca", "-file", "ca.crt", "-noprompt", *STORE)
    base = (tmp_path / "s.p12").read_bytes()
    both("-alias", "server", "-file", "s.crt")
    both("-alias", "server", "-file", "chain.pem")
    both("-alias", "leaf", "-file", "s.crt")
    both("-alias", "ca", "-file", "ca.crt")
    both("-alias", "again", "-file", "ca.crt", input="y\n")


def test_prompts(ours, theirs, tmp_path):
    answers = "abc\nabcdef\nabcdeg\nabcdef\nabcdef\n"
    seen = []
    for tool in (theirs, ours):
        (tmp_path / "s.p12").unlink(missing_ok=True)
        made = tool("-genkeypair", "-keyalg", "EC", "-dname", "CN=x", "-keystore", "s.p12", input=answers)
        seen.append((made.status, made.out, made.err))
    assert seen[1] == seen[0] and seen[0][0] == 0
    refused = same(ours, theirs, "-certreq", "-keystore", "s.p12", input="\n\n\n")
    assert refused.status == 0 and refused.err.endswith("Too many failures - try later\n")
    (tmp_path / "s.p12").unlink()
    dialogue = "a\n\n.\n.\n.\nDE\nno\nb\n\n\n\n\n\nyes\n"
    names = []
    for tool in (theirs, ours):
        (tmp_path / "s.p12").unlink(missing_ok=True)
        made = run_ok(tool, "-genkeypair", "-keyalg", "EC", *STORE, input=dialogue)
        names.append(made.err)
    assert names[1] == names[0]


def test_a_prompt_leaves_the_terminal_as_it_was(mutual, tmp_path):
    make = [mutual.path, "keytool", "-genkeypair", "-keyalg", "EC", "-dname", "CN=a", "-keystore", "s.p12"]
    first, again = "Enter keystore password:  ", "Re-enter new password: "
    result, echo = proc.on_terminal(make, (first, PASSWORD + "\n"), (again, "half\x03"), cwd=tmp_path)
    assert result.status == -signal.SIGINT and echo and not (tmp_path / "s.p12").exists(), result
    result, echo = proc.on_terminal(make, (first, PASSWORD + "\n"), (again, PASSWORD + "\n"), cwd=tmp_path)
    assert result.status == 0 and echo and (tmp_path / "s.p12").exists() and PASSWORD not in result.out, result


@pytest.mark.parametrize("mix", ["".join(m) for m in itertools.product("jm", repeat=4)])
def test_the_guides_sequence_in_every_mix(ours, jdks, ca, tmp_path, mix):
    """genkeypair, certreq, the CA and the reply, each by the JDK (j) or by us (m); every JDK lists what comes out."""
    newest = jdks[-1]
    tools = {"j": lambda *args: newest.keytool(*args, cwd=tmp_path), "m": ours}
    pair, request, trust, reply = (tools[m] for m in mix)
    run_ok(pair, "-genkeypair", "-alias", "server", "-keyalg", "RSA", "-keysize", "2048", "-validity", "365", "-storetype", "PKCS12",
           "-dname", "CN=mtls-server.lab.local, O=Lab, C=US", "-ext", "san=dns:mtls-server.lab.local,ip:127.0.0.1", *STORE)
    run_ok(request, "-certreq", "-alias", "server", "-storetype", "PKCS12", "-file", "s.csr", *STORE)
    sign(tmp_path, "s.csr", "s.crt", "subjectAltName = IP:127.0.0.1,DNS:mtls-server.lab.local\nextendedKeyUsage = serverAuth\n")
    run_ok(trust, "-importcert", "-alias", "lab-root-ca", "-storetype", "PKCS12", "-file", "ca.crt", "-noprompt", *STORE)
    run_ok(reply, "-importcert", "-alias", "server", "-storetype", "PKCS12", "-file", "s.crt", "-noprompt", *STORE)
    for jdk in jdks:
        listed = run_ok(lambda *args: jdk.keytool(*args, cwd=tmp_path), "-list", "-v", *STORE).out
        assert "Your keystore contains 2 entries" in listed
        assert re.search(r"Alias name: lab-root-ca\n.*\nEntry type: trustedCertEntry", listed)
        assert re.search(r"Alias name: server\n.*\nEntry type: PrivateKeyEntry\nCertificate chain length: 2", listed)
