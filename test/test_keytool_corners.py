"""What the JDK's own tests of its keytool look at and random sequences seldom meet, on the JDK's keytool and on ours."""
import shlex
import zipfile

import pytest

from lab import proc
from lab.keytool import KeytoolServer
from lab.keytool_pair import GENERATES, Pair

STORE = "-keystore s.p12 -storepass changeit"
JKS = "-keystore s.jks -storetype JKS -storepass changeit"
SMALL = "-genkeypair -keyalg RSA -keysize 1024 -sigalg SHA256withRSA"
SHA1 = "-genkeypair -keyalg RSA -keysize 2048 -sigalg SHA1withRSA"
EC = "-genkeypair -keyalg EC -groupname secp256r1"


@pytest.fixture(scope="module")
def theirs(jdks, peer_classes, tmp_path_factory):
    """JDK 25's keytool in one JVM, and its folder."""
    fitting = [jdk for jdk in jdks if jdk.version >= 25]
    if not fitting:
        pytest.skip("no JDK 25")
    folder = tmp_path_factory.mktemp("theirs")
    server = KeytoolServer(fitting[-1], peer_classes, folder)
    yield server, folder
    server.close()


@pytest.fixture
def ours(mutual, tmp_path):
    return lambda *words, input="": mutual("keytool", *words, "-J-Dmutual.plain=true", cwd=tmp_path, input=input)


@pytest.fixture
def same(theirs, ours, tmp_path, rng):
    """Each line on both; they go on with what one of them has made. A line may come with what is answered."""
    server, folder = theirs
    pair = Pair(server, folder, ours, tmp_path)
    pair.begin({})

    def run(*lines):
        results = []
        for line in lines:
            line, answers = (line, "") if isinstance(line, str) else line
            results.append(pair(*shlex.split(line), input=answers))
            if results[-1].status == 0 and any(word.lstrip("-") in GENERATES for word in line.split()):
                pair.share(rng)
        return results
    run.pair = pair
    return run


def test_a_clone_asks_for_its_password(same):
    clone = f"-keyclone -alias k {JKS}"
    results = same(f"{EC} -alias k -dname CN=k {JKS} -keypass keypass",
                   (f"{clone} -dest same", "keypass\n\n"), (f"{clone} -dest own", "keypass\nnew\nnewpass\nother\nnewpass\nnewpass\n"),
                   (f"{clone} -dest none -keypass keypass", "new\nnew\nnew\n"), f"{clone} -dest given -keypass keypass -new another",
                   *[f"-certreq -file r -alias {alias} -keypass {word} {JKS}" for alias, word in (("same", "keypass"), ("own", "newpass"), ("given", "another"))],
                   f"{EC} -alias k -dname CN=k {STORE}", f"-keyclone -alias k -dest c {STORE}")
    assert [result.status for result in results] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_weak_certificates_under_their_labels(same):
    """Numbered or not, issuers by their alias, SHA-1 that is to sign code."""
    results = same(f"{SHA1} -alias ca -dname CN=ca -ext bc=1 -ext eku=cs {STORE}", f"{SHA1} -alias leaf -dname CN=leaf -ext eku=cs -signer ca {STORE}",
                   f"-list {STORE}", f"-list -v {STORE}", f"-list -alias leaf {STORE}", f"-list -v -alias leaf {STORE}",
                   f"-exportcert -alias ca -file ca.crt {STORE}", "-printcert -file ca.crt",
                   f"{SMALL} -alias root -dname CN=root -ext bc {STORE}", f"{SMALL} -alias user -dname CN=user {STORE}",
                   f"-certreq -alias user -file user.csr {STORE}", f"-gencert -alias root -infile user.csr -outfile user.crt {STORE}",
                   f"-importcert -alias user -file user.crt {STORE}", f"{SMALL} -alias end -dname CN=end {STORE}",
                   f"-certreq -alias end -file end.csr {STORE}", f"-gencert -alias user -infile end.csr -outfile end.crt {STORE}",
                   f"-genseckey -keyalg DES -alias des {STORE}", f"-list -alias des {STORE}")
    assert "and cannot be used to sign JARs after 20" in results[2].err and "SHA1withRSA (disabled)" in results[3].out
    assert "Issuer <root> uses a 1024-bit RSA key" in results[12].err


@pytest.mark.parametrize("order", ["leaf middle root", "leaf middle middle root", "leaf middle root middle root root", "root leaf middle middle leaf root"])
def test_a_reply_repeats_certificates(same, order):
    same.pair.begin({})
    steps = [f"{EC} -alias {name} -dname CN={name} {STORE}" for name in ("root", "middle", "leaf")]
    for name, issuer in (("middle", "root"), ("leaf", "middle")):
        steps += [f"-certreq -alias {name} -file csr {STORE}", f"-gencert -rfc -alias {issuer} -infile csr -outfile reply {STORE}",
                  f"-importcert -alias {name} -file reply {STORE}"]
    same(*steps, *[f"-exportcert -rfc -alias {name} -file {name} {STORE}" for name in ("root", "middle", "leaf")])
    for folder in same.pair.folders:
        (folder / "all").write_bytes(b"".join((folder / name).read_bytes() for name in order.split()))
    installed, listed = same(f"-importcert -alias leaf -file all {STORE}", f"-list -v -alias leaf {STORE}")
    assert installed.status == 0 and "Certificate chain length: 3" in listed.out


def test_keys_of_dh_and_dsa(same, theirs):
    refused = ["-keyalg DH -keysize 1000", "-keyalg DH -keysize 1088", "-keyalg DH -groupname ffdhe2048", "-keyalg DSA -keysize 56", "-keyalg DSA -keysize 4096"]
    made = ["-keyalg DH", "-keyalg DiffieHellman -keysize 1024", "-keyalg 1.2.840.113549.1.3.1 -keysize 2048"]
    new = f"-genkeypair -dname CN=dh {STORE}"
    results = same(f"{EC} -alias ca -dname CN=ca {STORE}", *[f"{new} -alias x -signer ca {words}" for words in refused],
                   f"{new} -alias x -keyalg DH", f"{new} -alias x -keyalg DH -sigalg SHA256withRSA",
                   *[f"{new} -alias dh{i} -signer ca {words}" for i, words in enumerate(made)], f"-certreq -alias dh0 {STORE}", f"-list -v {STORE}")
    assert [result.status for result in results] == [0] + [1] * 7 + [0] * 3 + [1, 0]
    for i in range(len(made)):
        assert theirs[0]("-importkeystore", "-srckeystore", "s.p12", "-srcstorepass", "changeit", "-srcalias", f"dh{i}", "-destkeystore", "n.jks",
                         "-deststorepass", "changeit", "-deststoretype", "JKS").status == 0  # the JDK opens the key


def test_md2_is_made_when_asked_for(same):
    results = same(f"{SMALL.replace('SHA256', 'MD2')} -alias k -dname CN=k {STORE}", f"-list -v {STORE}", f"-certreq -alias k -file csr {STORE}",
                   f"{SMALL} -alias ca -dname CN=ca {STORE}", f"-gencert -alias ca -infile csr -outfile crt -sigalg MD2withRSA {STORE}",
                   "-printcert -file crt")
    assert [result.status for result in results] == [0] * 6 and "MD2withRSA (disabled)" in results[5].out


def test_a_crl_shows_the_parameters_of_pss(same):
    new = f"-genkeypair -dname CN=k -keyalg RSA -keysize 2048 {STORE}"
    results = same(f"{new} -alias k -sigalg RSASSA-PSS", f"-gencrl -alias k -id 1 -sigalg RSASSA-PSS -file crl {STORE}", f"-printcrl -file crl {STORE}")
    assert "PSSParameterSpec[hashAlgorithm=SHA-384, " in results[2].out


def test_a_store_of_another_type_than_it_is_taken_for(same):
    """The name decides which passwords change: a PKCS12 taken for a JKS has two, a JKS taken for a PKCS12 one."""
    results = same(f"{EC} -alias k -dname CN=k {STORE}", f"-storepasswd -new newpass -storetype JKS {STORE}",
                   "-certreq -alias k -file csr -keystore s.p12 -storetype JKS -storepass newpass -keypass changeit",
                   "-keypasswd -alias k -keypass changeit -new newpass -keystore s.p12 -storetype JKS -storepass newpass",
                   "-certreq -alias k -file csr -keystore s.p12 -storepass newpass",
                   f"{EC} -alias k -dname CN=k {JKS} -keypass changeit", f"-storepasswd -new newpass {JKS} -storetype PKCS12",
                   "-certreq -alias k -file csr -keystore s.jks -storepass newpass -keypass newpass")
    assert [result.status for result in results] == [0] * 8


def test_the_jdk_opens_what_changed_its_password(ours, theirs, tmp_path):
    for step in (f"{EC} -alias k -dname CN=k {STORE}", f"-storepasswd -new newpass -storetype JKS {STORE}",
                 f"{EC} -alias k -dname CN=k {JKS} -keypass changeit", f"-storepasswd -new newpass {JKS} -storetype PKCS12"):
        assert ours(*shlex.split(step)).status == 0, step
    for name in ("s.p12", "s.jks"):
        (theirs[1] / name).write_bytes((tmp_path / name).read_bytes())
    for words in ("-keystore s.p12 -storetype JKS -keypass changeit", "-keystore s.jks -keypass newpass"):
        assert theirs[0](*shlex.split(f"-certreq -alias k -file r -storepass newpass {words}")).status == 0, words


def test_names_of_files_are_the_jdks(same):
    assert same("-printcrl -file no//where///", "-printcert -file a//b/")[0].out.endswith("no/where (No such file or directory)\n")


def test_a_jar_signed_with_md5(same, jdk25, tmp_path):
    same(f"{SMALL} -alias k -dname CN=k {STORE}")
    with zipfile.ZipFile(tmp_path / "a.jar", "w") as jar:
        jar.writestr("hello", "hello")
    (tmp_path / "s.p12").write_bytes((same.pair.folders[0] / "s.p12").read_bytes())
    proc.run_ok([jdk25.bin / "jarsigner", "-keystore", "s.p12", "-storepass", "changeit", "-sigalg", "MD5withRSA", "-digestalg", "MD5", "a.jar", "k"],
                cwd=tmp_path)
    (same.pair.folders[0] / "a.jar").write_bytes((tmp_path / "a.jar").read_bytes())
    assert "Signer #1:" in same("-printcert -jarfile a.jar")[0].out


# ---- how a PKCS12 is protected: the expected lines are those that JDK 25 leads to ----

AES = "PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256"
MAC = "sha256, Iteration 10000"
PROTECTIONS = {
    "": (AES, AES, MAC),
    "legacy": ("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 50000", "pbeWithSHA1And40BitRC2-CBC, Iteration 50000", "sha1, Iteration 100000"),
    "legacy=false macAlgorithm=NONE": ("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 50000", "pbeWithSHA1And40BitRC2-CBC, Iteration 50000", "sha1, Iteration 100000"),
    "certProtectionAlgorithm=none macAlgorithm=NONE": (AES, None, None),
    "certProtectionAlgorithm=NONE": (AES, None, MAC),
    "keyProtectionAlgorithm=pbeWithSHA1AndRC4_128 keyPbeIterationCount=5": ("pbeWithSHA1And128BitRC4, Iteration 5", AES, MAC),
    "certProtectionAlgorithm=PBEWithHmacSHA512/224AndAES_128 certPbeIterationCount=6":
        (AES, "PBES2, PBKDF2, AES-128-CBC, Iteration 6, PRF hmacWithSHA512-224", MAC),
    "certProtectionAlgorithm=PBEWithMD5AndDES": (AES, "pbeWithMD5AndDES-CBC, Iteration 10000", MAC),
    "keyProtectionAlgorithm=1.2.840.113549.1.12.1.3": ("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 10000", AES, MAC),
    "macAlgorithm=HmacPBESHA512 macIterationCount=7": (AES, AES, "sha512, Iteration 7"),
    "macAlgorithm= keyProtectionAlgorithm=": (AES, AES, MAC),
}


def properties(text):
    return [f"-J-Dkeystore.pkcs12.{item}" for item in text.split()]


def protection(folder, name="s.p12"):
    """What OpenSSL says of the key, the certificates and the MAC; None: nothing protects them."""
    result = proc.run(["openssl", "pkcs12", "-in", name, "-info", "-noout", "-passin", "pass:changeit", "-legacy"], cwd=folder)
    lines = result.err.splitlines()

    def after(start):
        return next((line[len(start):] for line in lines if line.startswith(start)), None)
    return after("Shrouded Keybag: "), after("PKCS7 Encrypted data: "), after("MAC: ")


@pytest.mark.parametrize("text", PROTECTIONS)
def test_properties_protect_a_new_store(ours, theirs, tmp_path, text):
    assert ours(*shlex.split(f"{EC} -alias k -dname CN=k {STORE}"), *properties(text)).status == 0
    assert protection(tmp_path) == PROTECTIONS[text]
    (theirs[1] / "s.p12").write_bytes((tmp_path / "s.p12").read_bytes())
    assert theirs[0](*shlex.split(f"-certreq -alias k -file csr {STORE}")).status == 0


def test_a_store_keeps_its_protection(ours, tmp_path):
    """New keys are protected as is asked for now, all else as before."""
    new = f"{EC} -dname CN=k {STORE}"
    assert ours(*shlex.split(f"{new} -alias a"), *properties("certProtectionAlgorithm=NONE macAlgorithm=NONE keyPbeIterationCount=3")).status == 0
    assert ours(*shlex.split(f"{new} -alias b"), *properties("legacy")).status == 0
    assert protection(tmp_path) == (AES.replace("10000", "3"), None, None)
    listed = ours("-list", "-keystore", "s.p12")
    assert listed.status == 0 and listed.err == "" and "2 entries" in listed.out


def test_security_properties_come_from_a_file(ours, tmp_path):
    (tmp_path / "x.conf").write_text("# later ones count\nkeystore.pkcs12.macAlgorithm = HmacPBESHA1\nkeystore.pkcs12.macAlgorithm : HmacPBESHA384\n"
                                     "keystore.PKCS12.keyProtectionAlgorithm=PBEWithSHA1AndRC2_128\nkeystore.pkcs12.certProtectionAlgorithm=NONE\n")
    for file in ("x.conf", f"file:{tmp_path}/x.conf"):
        (tmp_path / "s.p12").unlink(missing_ok=True)
        assert ours(*shlex.split(f"{EC} -alias k -dname CN=k {STORE}"), f"-J-Djava.security.properties={file}").status == 0
        assert protection(tmp_path) == ("pbeWithSHA1And128BitRC2-CBC, Iteration 10000", None, "sha384, Iteration 10000")
    (tmp_path / "s.p12").unlink()  # a system property counts before the file, also an empty one
    assert ours(*shlex.split(f"{EC} -alias k -dname CN=k {STORE}"), "-J-Djava.security.properties=x.conf", *properties("macAlgorithm="),
                "-J-Dkeystore.PKCS12.keyProtectionAlgorithm=PBEWithSHA1AndRC4_40").status == 0
    assert protection(tmp_path) == ("pbeWithSHA1And40BitRC4, Iteration 10000", None, MAC)


UNKNOWN = "getPBEAlgorithmParameters failed: Foo AlgorithmParameters not available"
KEY_FAULT = ("java.security.KeyStoreException: Key protection algorithm not found: java.security.UnrecoverableKeyException: "
             "Encrypt Private Key failed: ")


@pytest.mark.parametrize("text, error", [
    ("keyProtectionAlgorithm=NONE", KEY_FAULT + UNKNOWN.replace("Foo", "NONE")),
    ("certProtectionAlgorithm=Foo", f"java.io.IOException: {UNKNOWN}"),
    ("macAlgorithm=HmacPBEMD5", "java.io.IOException: calculateMac failed: java.security.NoSuchAlgorithmException: Algorithm HmacPBEMD5 not available"),
    ("keyPbeIterationCount=0", KEY_FAULT + "Invalid keystore.pkcs12.keyPbeIterationCount: 0"),
    ("certPbeIterationCount=abc", "java.lang.IllegalArgumentException: keystore.pkcs12.certPbeIterationCount is not a number: abc"),
    ("macIterationCount=5000001", "java.lang.IllegalArgumentException: Invalid keystore.pkcs12.macIterationCount: 5000001"),
])
def test_protections_that_do_not_exist(ours, tmp_path, text, error):
    result = ours(*shlex.split(f"{EC} -alias k -dname CN=k {STORE}"), *properties(text))
    assert (result.status, result.out) == (1, f"keytool error: {error}\n") and not (tmp_path / "s.p12").exists()


def test_an_imported_password_is_protected_as_asked(ours, theirs, tmp_path):
    """The OID stands in the file as it is: of PBEWithMD5AndDES, or of the cipher."""
    for name, oid in (("PBEWithMD5AndDES", "2a864886f70d010503"), ("PBEWithHmacSHA1AndAES_128", "608648016503040102"), ("PBE", "60864801650304012a")):
        (tmp_path / "s.p12").unlink(missing_ok=True)
        assert ours(*shlex.split(f"-importpass -alias p -keyalg {name} {STORE}"), input="secret1\nsecret1\n").status == 0
        data = (tmp_path / "s.p12").read_bytes()
        assert bytes.fromhex(oid) in data
        (theirs[1] / "s.p12").write_bytes(data)
        assert theirs[0](*shlex.split(f"-list {STORE}")).status == 0


def test_a_new_store_without_a_password(ours, same, theirs, tmp_path):
    """Its keys have one each, which is asked for; both keytools go on with it."""
    none, new = properties("certProtectionAlgorithm=NONE macAlgorithm=NONE"), f"{EC} -dname CN=k -keystore s.p12"
    made = ours(*shlex.split(f"{new} -alias a"), *none, input="short\nkeypass\nkeypass\n")
    assert made.status == 0 and made.err.endswith("Enter key password for <a>Key password is too short - must be at least 6 characters\n"
                                                  "Enter key password for <a>Re-enter new password: "), made
    (theirs[1] / "s.p12").write_bytes((tmp_path / "s.p12").read_bytes())
    results = same((f"{new} -alias b", "keypass2\nkeypass2\n"), "-list -keystore s.p12", ("-certreq -alias a -file r -keystore s.p12", "keypass\n"),
                   "-certreq -alias b -file r -keystore s.p12 -keypass keypass2", "-exportcert -alias b -file b.crt -keystore s.p12",
                   (f"{new} -alias c", "\n"))
    assert [result.status for result in results] == [0] * 5 + [1] and protection(tmp_path) == (AES, None, None)
    assert ours(*shlex.split("-importcert -noprompt -alias t -file b.crt -keystore t.p12"), *none, *properties("keyPbeIterationCount=x")).status == 0
    assert protection(tmp_path, "t.p12") == (None, None, None)


def test_cacerts_under_its_own_name(mutual, jdk25, tmp_path):
    """The JDK tells of its option; also behind a link."""
    (tmp_path / "link").symlink_to(jdk25.home / "lib/security/cacerts")
    for words in (["-list", "-alias", "nobody", "-keystore", "link"], ["-exportcert", "-alias", "nobody", "-keystore", jdk25.home / "lib/security/cacerts"]):
        theirs = jdk25.keytool(*words, "-storepass", "changeit", cwd=tmp_path)
        ours = mutual("keytool", *words, "-storepass", "changeit", "-J-Dmutual.plain=true", cwd=tmp_path, env={"JAVA_HOME": jdk25.home})
        assert (ours.status, ours.out, ours.err) == (theirs.status, theirs.out, theirs.err) and "use -cacerts" in ours.err


def test_nothing_on_standard_input(same):
    assert [result.status for result in same("-printcert", f"-importcert -alias k -noprompt {STORE}")] == [1, 1]
