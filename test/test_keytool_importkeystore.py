"""-importkeystore on JDK 25's keytool and on ours: what both say, which files are there afterwards, and that both read both stores."""
import shlex

import pytest

from lab import proc
from lab.keytool import KeytoolServer, empty
from lab.keytool_pair import Pair

PASSWORD, OTHER = "changeit", "another1"
EC = "-keyalg EC -groupname secp256r1 -sigalg SHA256withECDSA"
SOURCES = {"a.p12": "PKCS12", "a.jks": "JKS", "a.jceks": "JCEKS"}


@pytest.fixture(scope="module")
def theirs(jdk25, peer_classes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    server = KeytoolServer(jdk25, peer_classes, folder)
    yield server, folder
    server.close()


@pytest.fixture(scope="module")
def files(theirs, jdk25):
    """Stores of three types with keys, secret keys and certificates; a JKS with 40 certificates; one without a password."""
    server, folder = theirs

    def keytool(line):
        assert (result := server(*shlex.split(line))).status == 0, result
    for name, kind in SOURCES.items():
        store = f"-keystore {name} -storepass {PASSWORD} -storetype {kind}"
        keytool(f"-genkeypair -alias ca {EC} -dname CN=ca -ext bc -keypass {PASSWORD} {store}")
        keytool(f"-genkeypair -alias leaf {EC} -dname CN=leaf -signer ca -keypass {PASSWORD} {store}")
        keytool(f"-genkeypair -alias weak -keyalg RSA -keysize 1024 -sigalg SHA1withRSA -dname CN=weak -keypass {PASSWORD} {store}")
        if kind != "JKS":
            keytool(f"-genseckey -alias aes -keyalg AES -keysize 256 -keypass {PASSWORD} {store}")
            keytool(f"-genseckey -alias des -keyalg DESede -keypass {PASSWORD} {store}")
        keytool(f"-exportcert -alias weak -file weak.crt {store}")
        keytool(f"-exportcert -alias leaf -file leaf.crt {store}")
        keytool(f"-importcert -noprompt -alias trusted -file leaf.crt {store}")
    keytool(f"-genkeypair -alias own {EC} -dname CN=own -keypass {OTHER} -keystore own.jks -storepass {PASSWORD} -storetype JKS")
    keytool(f"-genseckey -alias blow -keyalg Blowfish -keysize 128 -keypass {PASSWORD} -keystore blow.jceks -storepass {PASSWORD} -storetype JCEKS")
    keytool(f"-genkeypair -alias LEAF {EC} -dname CN=other -keystore dest.p12 -storepass {OTHER}")
    keytool(f"-genkeypair -alias aes {EC} -dname CN=other -keystore dest.p12 -storepass {OTHER}")
    keytool(f"-genkeypair -alias trusted {EC} -dname CN=other -keystore dest.p12 -storepass {OTHER}")
    for i in range(30):
        keytool(f"-importcert -noprompt -alias t{i * 37 % 101}-ä{chr(97 + i % 7)} -file weak.crt -keystore many.jks -storepass {PASSWORD} -storetype JKS")
        keytool(f"-importcert -noprompt -alias t{i * 37 % 101} -file weak.crt -keystore many.jceks -storepass {PASSWORD} -storetype JCEKS")
    proc.run_ok([jdk25.bin / "keytool", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE", "-J-Dkeystore.pkcs12.macAlgorithm=NONE",
                 "-importcert", "-noprompt", "-alias", "t", "-file", "weak.crt", "-keystore", "clear.p12"], cwd=folder)
    (folder / "empty").touch()
    (folder / "text").write_text("no store\n")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def pair(theirs, files, mutual, tmp_path):
    server, folder = theirs
    made = Pair(server, folder, lambda *words, input="": mutual("keytool", *words, "-J-Dmutual.plain=true", cwd=tmp_path, input=input), tmp_path)
    made.begin(files)
    return made


S, D = f"-srcstorepass {PASSWORD}", f"-deststorepass {OTHER}"
P12 = f"-srckeystore a.p12 {S}"
LINES = [
    *(f"-srckeystore {name} {S} -destkeystore n -deststoretype {kind} {more}" for name in SOURCES for kind in SOURCES.values()
      for more in (f"{D} -noprompt", f"-deststorepass {PASSWORD} -srcalias leaf") if name != "a.p12" or kind == "PKCS12" or "-srcalias" in more),
    f"-srckeystore many.jks {S} -destkeystore n {D}", f"-srckeystore many.jceks {S} -destkeystore n {D}",
    f"-srckeystore many.jceks {S} -srcstoretype JCEKS -destkeystore n {D}",
    f"{P12} -destkeystore n {D} -srcalias LEAF -destalias New", f"{P12} -destkeystore n {D} -destalias x", f"{P12} -destkeystore n {D} -srcalias nobody",
    f"{P12} -destkeystore n {D} -srcalias leaf -v", f"{P12} -destkeystore n {D} -srckeypass {PASSWORD}",
    f"{P12} -destkeystore n {D} -srcalias leaf -srckeypass {OTHER}", f"{P12} -destkeystore n {D} -destkeypass {PASSWORD}",
    f"{P12} -destkeystore n {D} -deststoretype JKS -destkeypass another2 -srcalias leaf", f"{P12} -destkeystore n -deststorepass abc",
    f"{P12} -destkeystore n {D} -destkeypass abc", f"{P12} -destkeystore dest.p12 {D} -noprompt", f"{P12} -destkeystore dest.p12 {D} -srcalias leaf",
    f"{P12} -destkeystore dest.p12 -deststorepass wrong1", f"-srckeystore a.p12 -srcstorepass wrong1 -destkeystore n {D}",
    f"-srckeystore a.jks -srcstorepass wrong1 -destkeystore n {D}", f"-srckeystore missing {S} -destkeystore n {D}", f"-destkeystore n {D}",
    f"-srckeystore empty {S} -destkeystore n {D}", f"-srckeystore text {S} -destkeystore n {D}", f"{P12} -destkeystore empty {D}",
    f"{P12} -destkeystore text {D}", f"-srckeystore . {S} -destkeystore n {D}", f"-srckeystore missing {S} -destkeystore missing {D}",
    f"{P12} -srcprotected -destkeystore n {D}", f"-srckeystore a.jks -srcprotected -destkeystore n {D} -noprompt -srcalias trusted",
    f"{P12} -srcstoretype JKS -destkeystore n {D} -noprompt", f"{P12} -srcstoretype JCEKS -destkeystore n {D}", f"{P12} -srcstoretype foo -destkeystore n {D}",
    f"{P12} -destkeystore n {D} -deststoretype foo", f"-srckeystore x -srcstoretype PKCS11 -destkeystore n {D}",
    f"-srckeystore NONE -srcstoretype PKCS11 -destkeystore n {D}", f"{P12} -srcprovidername SunJCE -destkeystore n {D}", f"{P12} -srcprovidername SUN -destkeystore n {D} -noprompt",
    f"{P12} -srcprovidername Nope -destkeystore n {D}", f"-srckeystore clear.p12 -destkeystore n {D}",
    f"-srckeystore own.jks {S} -srcalias own -srckeypass {OTHER} -destkeystore n {D}",
    f"-srckeystore own.jks {S} -srcalias own -srckeypass {OTHER} -destkeystore n {D} -deststoretype JKS",
    f"-srckeystore own.jks {S} -srcalias own -srckeypass wrong1 -destkeystore n {D}", f"-srckeystore blow.jceks {S} -destkeystore n {D}",
    f"-keystore n -storepass {OTHER} -srckeystore a.p12 {S} -alias leaf",
    # in place
    f"-srckeystore a.jks {S} -destkeystore a.jks -deststoretype pkcs12", f"{P12} -destkeystore a.p12", f"{P12} -destkeystore ./a.p12 {D} -v",
    f"{P12} -destkeystore a.p12 -deststoretype JKS -noprompt",
]


@pytest.mark.parametrize("line", LINES)
def test_same_as_the_jdk(pair, line):
    words = shlex.split(line)
    pair("-importkeystore", *words)
    pair.cross_read(words[words.index("-destkeystore") + 1] if "-destkeystore" in words else "n")
