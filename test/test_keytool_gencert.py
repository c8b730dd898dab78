"""keytool -gencert and -gencrl: the JDK 25's own are the reference, step by step over the same files."""
import itertools
import re
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab import proc
from lab.keytool import KeytoolServer, empty
from lab.keytool_pair import Pair

PASSWORD = "changeit"
STORE = ["-keystore", "s.p12", "-storepass", PASSWORD]
EC = ["-keyalg", "EC", "-groupname", "secp256r1"]


@pytest.fixture(scope="module")
def their_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("theirs")


@pytest.fixture(scope="module")
def server(jdk25, peer_classes, their_folder):
    server = KeytoolServer(jdk25, peer_classes, their_folder)
    yield server
    server.close()


@pytest.fixture(scope="module")
def files(server, their_folder):
    """A CA, one below it, a weak one, a certificate of the first; requests of every kind."""
    def made(*words):
        result = server(*words, *STORE)
        assert result.status == 0, result
    empty(their_folder)
    made("-genkeypair", "-alias", "ca", *EC, "-dname", "CN=ca", "-ext", "bc")
    made("-genkeypair", "-alias", "sub", *EC, "-dname", "CN=sub", "-signer", "ca", "-ext", "bc", "-ext", "2.5.29.14=04024142")
    made("-genkeypair", "-alias", "weak", "-keyalg", "RSA", "-keysize", "1024", "-sigalg", "SHA1withRSA", "-dname", "CN=weak")
    made("-genkeypair", "-alias", "leaf", *EC, "-dname", "CN=leaf, O=x")
    made("-exportcert", "-alias", "ca", "-file", "ca.crt")
    made("-importcert", "-alias", "trusted", "-file", "ca.crt", "-noprompt")
    made("-exportcert", "-rfc", "-alias", "ca", "-file", "ca.pem")
    made("-certreq", "-alias", "leaf", "-file", "leaf.csr", "-ext", "san=dns:a.b", "-ext", "ku:c=dS", "-ext", "1.2.3=0500", "-ext", "bc")
    made("-certreq", "-alias", "leaf", "-file", "aki.csr", "-ext", "2.5.29.35=3003800143")
    made("-certreq", "-alias", "ca", "-file", "ca.csr")
    made("-certreq", "-alias", "weak", "-file", "weak.csr", "-sigalg", "SHA1withRSA")
    proc.run_ok(["openssl", "req", "-in", "leaf.csr", "-outform", "DER", "-out", "leaf.der"], cwd=their_folder)
    proc.run_ok(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-out", "bare.csr",
                 "-subj", "/CN=bare"], cwd=their_folder)
    text = (their_folder / "leaf.csr").read_text()
    (their_folder / "wordy.csr").write_text("hello\n" + text.replace("NEW ", "").replace("\r", "") + "bye\n")
    der = bytearray(ssl.PEM_cert_to_DER_cert(re.sub(" NEW CERTIFICATE REQUEST", " CERTIFICATE", text.replace("\r", ""))))
    der[-1] ^= 1  # in the middle of a number: the signature can still be decoded
    (their_folder / "altered.csr").write_bytes(der)
    (their_folder / "mislabelled.csr").write_text(text.replace("NEW CERTIFICATE REQUEST", "ANYTHING"))
    (their_folder / "text").write_text("hello\n")
    (their_folder / "empty").touch()
    return {path.name: path.read_bytes() for path in their_folder.iterdir()}


@pytest.fixture
def pair(server, their_folder, files, mutual, tmp_path):
    pair = Pair(server, their_folder, lambda *words, input="": mutual("keytool", *words, "-J-Dmutual.plain=true", cwd=tmp_path, input=input),
                tmp_path)
    pair.known_keys = {key(files[name]) for name in ("leaf.csr", "ca.csr", "weak.csr", "bare.csr")}
    pair.begin(files)
    return pair


def key(request):
    request = x509.load_pem_x509_csr(request.replace(b"NEW ", b""))
    return request.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def signed(pair, *words, **options):
    """-gencert of leaf.csr by ca into o.crt, unless the words say otherwise."""
    defaults = [["-alias", "ca"], ["-infile", "leaf.csr"], ["-outfile", "o.crt"]]
    more = itertools.chain.from_iterable(option for option in defaults if option[0] not in words)
    return pair("-gencert", *words, *more, *STORE, **options)


CERTIFICATES = [
    [], ["-rfc"], ["-v"], ["-alias", "SUB"], ["-alias", "sub", "-rfc"], ["-infile", "ca.csr"], ["-infile", "weak.csr"],
    ["-alias", "weak", "-infile", "weak.csr"], ["-alias", "weak", "-infile", "weak.csr", "-nowarn"], ["-infile", "wordy.csr"],
    ["-infile", "bare.csr"], ["-infile", "bare.csr", "-ext", "honored=foo"], ["-dname", "CN=x, O=y"], ["-validity", "5"],
    ["-startdate", "2040/01/01 00:00:00"], ["-startdate", "+1d-2H"], ["-startdate", "2049/12/31", "-validity", "3000"],
    ["-sigalg", "SHA512withECDSA"], ["-sigalg", "SHA1withECDSA"], ["-keypass", "other1"], ["-ext", "san=dns:c.d", "-ext", "eku=sA"],
    ["-ext", "2.5.29.35=3003800142"], ["-ext", "2.5.29.14=04024243"], ["-infile", "aki.csr", "-ext", "honored=all"],
    ["-infile", "aki.csr", "-ext", "honored=all,-2.5.29.35"]]
HONORED = ["all", "ALL", "san", "SAN", "san:critical", "san:c", "ku:non-critical", "ku,ku:n", "all,-san", "-san,all", "all,-san,san", "san,-san",
           "1.2.3", "1.2.3:c", "all,-1.2.3", "2.5.29.14", "-2.5.29.14", "-2.5.29.35", "all,san:c,-san,san"]
NOT_HONORED = ["", "none", "san:foo", "san:", "-san", "-eku", "-1.2.3", "eku", "crl", "1.2.4", "a", "s", "all:c", "bc,,san", ",san", "san ,ku", "-all",
               "-san:critical", "san=x", "SubjectKeyIdentifier", "1", "9.9", "1.2.", "1.99999999999999999999", ":c", "-", "san:c:x"]
REFUSED = [
    ["-alias", "nope"], ["-alias", "trusted"], ["-infile", "nope"], ["-outfile", "/nope/x"], ["-validity", "0"], ["-validity", "x"],
    ["-startdate", "x"], ["-dname", "x"], ["-sigalg", "foo"], ["-sigalg", "SHA256withRSA"], ["-infile", "s.p12"], ["-infile", "leaf.der"],
    ["-infile", "text"], ["-infile", "empty"], ["-infile", "altered.csr"], ["-ext", "foo"], ["-infile", "nope", "-startdate", "x"],
    ["-infile", "text", "-startdate", "x"], ["-infile", "text", "-dname", "x"], ["-infile", "text", "-sigalg", "foo"],
    ["-ext", "foo", "-dname", "x"], ["-sigalg", "foo", "-ext", "foo"], ["-alias", "nope", "-startdate", "x"]]


@pytest.fixture
def some(rng, long_run):
    """Everyday a part of a list is enough: another one with each seed."""
    return lambda cases, count=10: cases if long_run else rng.sample(cases, count)


def test_certificates(pair, some):
    for words in some(CERTIFICATES):
        assert signed(pair, *words).status == 0, words
    request = (pair.folders[0] / "leaf.csr").read_text()
    for where in ([], ["-rfc"]):
        made = pair("-gencert", "-alias", "ca", "-rfc", *where, *STORE, input=request)
        assert made.status == 0 and made.out.count("BEGIN") == 1
    assert signed(pair, "-alias", "sub").status == 0
    assert re.search("issuer=CN ?= ?sub", proc.run_ok(["openssl", "x509", "-inform", "DER", "-in", pair.folders[1] / "o.crt", "-noout",
                                                        "-issuer"]).out)


@pytest.mark.parametrize("name, status", [("leaf.csr", 0), ("bare.csr", 0), ("mislabelled.csr", 0), ("ca.pem", 1), ("leaf.der", 1)])
def test_what_is_printed_of_requests(pair, name, status):
    assert pair("-printcertreq", "-file", name).status == status
    if not name.endswith(".der"):
        assert pair("-printcertreq", input=pair.folders[0].joinpath(name).read_text()).status == status


def test_honored(pair, some):
    for value in some(HONORED, 6):
        assert signed(pair, "-ext", f"honored={value}").status == 0, value
    for words in some([["honored"], ["HONORED=all"], ["honored:c=all"], ["honored=san", "honored=ku"], ["honored=all", "san=dns:z"],
                       ["san=dns:z", "honored=all"]], 2):
        assert signed(pair, *itertools.chain.from_iterable(("-ext", word) for word in words)).status == 0, words
    for value in some(NOT_HONORED, 6):
        assert signed(pair, "-ext", f"honored={value}").status == 1, value


def test_refused(pair, some):
    for words in some(REFUSED):
        assert signed(pair, *words).status == 1, words
    for text in ("", "hello\n"):
        assert pair("-gencert", "-alias", "ca", *STORE, input=text).status == 1
    for words in (["-gencert", "-help"], ["-gencrl", "-help"]):
        pair(*words)


CRLS = [["-id", "1"], [], ["-id", "1", "-id", "2:3"], ["-id", "2", "-id", "1"], ["-id", "1", "-id", "1:2"], ["-id", "1:11"], ["-id", "1:300"],
        ["-id", "-5"], ["-id", "0"], ["-id", "+7"], ["-id", "00012"], ["-id", "99999999999999999999999:1"], ["-id", "-12345678901234567890"],
        ["-id", "1:+3"], ["-rfc", "-id", "1"], ["-v", "-id", "1"], ["-id", "1", "-sigalg", "SHA512withECDSA"], ["-id", "1", "-sigalg", "SHA1withECDSA"],
        ["-id", "1", "-startdate", "2049/12/31 00:00:00", "-validity", "9"], ["-id", "1", "-ext", "bc"], ["-id", "1", "-alias", "weak"],
        ["-id", "1", "-alias", "weak", "-sigalg", "MD5withRSA"], ["-id", "1", "-alias", "SUB", "-keypass", "other1"]]
CRLS_REFUSED = [["-id", text] for text in ("", "x", "-", "+", "--1", "1:", "1:x", "1:0", "1:-1", "1:2:3", "0x10", ":1", " 1", "1,2", "1:2147483648",
                                           "12345678901x", "x12345678901")]
CRLS_REFUSED += [["-id", "1", *words] for words in (["-alias", "nope"], ["-alias", "trusted"], ["-sigalg", "foo"], ["-sigalg", "SHA256withRSA"],
                                                    ["-file", "/nope/x"], ["-validity", "0"], ["-startdate", "x"])]


def test_crls(pair, some):
    for words, status in [(words, 0) for words in some(CRLS)] + [(words, 1) for words in some(CRLS_REFUSED)]:
        more = [*([] if "-alias" in words else ["-alias", "ca"]), *([] if "-file" in words else ["-file", "o.crl"])]
        assert pair("-gencrl", *words, *more, *STORE).status == status, words
    assert pair("-gencrl", "-alias", "ca", "-id", "7:1", "-rfc", *STORE).out.startswith("-----BEGIN X509 CRL-----\r\n")


def test_nothing_is_overwritten_when_it_fails(ours, tmp_path):
    assert ours("-genkeypair", "-alias", "ca", *EC, "-dname", "CN=ca", *STORE).status == 0
    for command in (["-gencert", "-outfile", "kept"], ["-gencrl", "-file", "kept", "-id", "x"]):
        (tmp_path / "kept").write_text("old")
        assert ours(*command, "-alias", "ca", *STORE, input="no request").status == 1
        assert (tmp_path / "kept").read_text() == "old"


@pytest.fixture
def ours(mutual, tmp_path):
    return lambda *words, **options: mutual("keytool", *words, cwd=tmp_path, **options)
