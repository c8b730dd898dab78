"""Random sequences of keytool commands on the JDK's keytool and on ours, over stores with the same keys: every step says and does the same.

What a step makes anew is compared field by field; then one of the two goes on with what the other has made. In the end both read both
stores. What may differ is in docs/keytool.md, and lab/keytool_pair.py knows it by name.
"""
import os
import random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab import env, proc
from lab.keytool import KeytoolServer, empty
from lab.keytool_pair import DIFFERENCES, GENERATES, LOSES, Pair
from lab.keytool_words import COMMANDS, PASSWORD, STORES, Words

CHUNK = 10
EVERYDAY, LONG, LONG_17 = 40, 3000, 500
STORE = ["-keystore", "s.p12", "-storepass", PASSWORD]
EC = ["-keyalg", "EC", "-groupname", "secp256r1", "-sigalg", "SHA256withECDSA"]


def pytest_generate_tests(metafunc):
    if "chunk" in metafunc.fixturenames:
        cases = [pytest.param((25, i), id=f"jdk25-{i * CHUNK}", marks=[] if i < EVERYDAY // CHUNK else pytest.mark.long) for i in range(LONG // CHUNK)]
        cases += [pytest.param((17, i), id=f"jdk17-{i * CHUNK}", marks=pytest.mark.long) for i in range(LONG_17 // CHUNK)]
        metafunc.parametrize("chunk", cases)


@pytest.fixture(scope="module")
def servers(jdks, peer_classes, tmp_path_factory):
    """The keytool of a JDK in one JVM, and its folder; begun when it is needed."""
    running = {}

    def get(version):
        fitting = [jdk for jdk in jdks if (jdk.version >= 25 if version == 25 else jdk.version == version)]
        if not fitting:
            pytest.skip(f"no JDK {version}")
        if version not in running:
            folder = tmp_path_factory.mktemp("theirs")
            running[version] = KeytoolServer(fitting[-1], peer_classes, folder), folder
        return running[version]
    yield get
    for server, _ in running.values():
        server.close()


@pytest.fixture(scope="module")
def files(jdks, servers):
    """Three stores with entries of every kind, and files that people give to keytool."""
    server, folder = servers(jdks[-1].version if jdks[-1].version >= 25 else 17)

    def made(*words, store="s.p12"):
        result = server(*words, "-keystore", store, "-storepass", STORES[store])
        assert result.status == 0, result

    def openssl(*words):
        proc.run_ok(["openssl", *words], cwd=folder)

    empty(folder)
    made("-genkeypair", "-alias", "ca", *EC, "-dname", "CN=ca", "-ext", "bc")
    made("-genkeypair", "-alias", "ec", *EC, "-dname", "CN=ec, O=\"x, y\"", "-ext", "san=dns:a.b")
    made("-genkeypair", "-alias", "rsa", "-keyalg", "RSA", "-keysize", "2048", "-sigalg", "SHA256withRSA", "-dname", "CN=rsa")
    made("-genkeypair", "-alias", "ed", "-keyalg", "Ed25519", "-dname", "CN=ed")
    made("-genkeypair", "-alias", "weak", "-keyalg", "RSA", "-keysize", "1024", "-sigalg", "SHA1withRSA", "-dname", "CN=weak")
    made("-genkeypair", "-alias", "leaf", *EC, "-dname", "CN=leaf", "-signer", "ca")
    made("-genseckey", "-alias", "secret", "-keyalg", "AES", "-keysize", "256")
    made("-exportcert", "-rfc", "-alias", "ca", "-file", "ca.crt")
    made("-exportcert", "-rfc", "-alias", "leaf", "-file", "leaf.crt")
    made("-exportcert", "-alias", "leaf", "-file", "leaf.der")
    made("-certreq", "-alias", "ec", "-file", "ec.csr", "-ext", "san=dns:c.d", "-ext", "ku:c=dS")
    made("-gencert", "-rfc", "-alias", "ca", "-infile", "ec.csr", "-outfile", "reply.crt")
    made("-gencrl", "-alias", "ca", "-id", "5:1", "-file", "list.crl")
    (folder / "chain.pem").write_bytes((folder / "ca.crt").read_bytes() + (folder / "reply.crt").read_bytes())
    made("-importcert", "-alias", "ca", "-file", "ca.crt", "-noprompt", store="trust.p12")
    made("-importcert", "-alias", "Trusted", "-file", "leaf.crt", "-noprompt", store="trust.p12")
    made("-genkeypair", "-alias", "rsa", *EC, "-dname", "CN=other", store="other.p12")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-out", "own.crt", "-subj", "/CN=own")
    made("-importcert", "-alias", "trusted", "-file", "own.crt", "-noprompt")
    (folder / "text").write_text("hello\n")
    (folder / "empty").touch()
    (folder / "pass").write_text(PASSWORD + "\n")
    (folder / "pass2").write_text("another1")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "k"}


def keys(files):
    """Those that are there from the beginning: certificates and requests with them are compared whole."""
    found = [x509.load_pem_x509_csr(files["ec.csr"].replace(b"NEW ", b"")).public_key()]
    found += [x509.load_pem_x509_certificate(files[name]).public_key() for name in ("ca.crt", "leaf.crt", "own.crt", "reply.crt")]
    return {key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) for key in found}


@pytest.fixture
def known(mutual):
    """The commands that our keytool has."""
    return [name for name in COMMANDS if mutual("keytool", f"-{name}", "-help").status == 0]


def test_sequences(chunk, servers, files, mutual, known, tmp_path):
    version, number = chunk
    server, folder = servers(version)
    pair = Pair(server, folder, lambda *words, input="": mutual("keytool", *words, "-J-Dmutual.plain=true", cwd=tmp_path, input=input),
                tmp_path, version)
    pair.known_keys = keys(files)
    for i in range(number * CHUNK, (number + 1) * CHUNK):
        sequence(random.Random(f"{os.environ['MUTUAL_TEST_SEED']} {version} {i}"), pair, files, known, version)


def sequence(rng, pair, files, known, version):
    pair.begin(files)
    words = Words(rng, version)
    for _ in range(rng.randint(4, 7)):
        command = rng.choice(known)
        line, text = words(command)
        pair(*line, input=text)
        if command in GENERATES or rng.random() < 0.2:
            pair.share(rng)
    for store in sorted({*STORES, "n.p12"}):
        pair.cross_read(store)


def test_differences_are_documented():
    text = (env.ROOT / "docs/keytool.md").read_text()
    assert [name for name in (*DIFFERENCES, LOSES) if f"| {name}" not in text] == []
