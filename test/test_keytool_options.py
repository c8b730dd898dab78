"""Every option that JDK 25's keytool lists for these commands has a case here: what comes of its command line is what comes of it
there, and something else comes of it when the option is taken out."""
import re
import shlex

import pytest

from lab import net, proc
from lab.keytool import KeytoolServer, empty

PASSWORD = "changeit"
STORE = f"-keystore s.p12 -storepass {PASSWORD}"
NO_STORE = {"importkeystore", "printcertreq", "showinfo", "version"}  # commands without the options of a key store
HIDDEN = ["keyclone", "selfcert"]  # in no list of commands
COMMANDS = ["certreq", "changealias", "delete", "exportcert", "gencert", "gencrl", "genkeypair", "genseckey", "importcert", "importkeystore",
            "importpass", "keypasswd", "list", "printcert", "printcertreq", "printcrl", "showinfo", "storepasswd", "version", *HIDDEN]

# What a command needs besides the options of the case: so much that it succeeds.
ENOUGH = {"certreq": "-alias k -file out", "changealias": "-alias k -destalias new", "delete": "-alias k", "exportcert": "-alias k -rfc",
          "gencert": "-rfc -alias k -infile r.csr -outfile out", "gencrl": "-rfc -alias k -id 1 -file out", "genkeypair": "-alias new -keyalg EC -dname CN=new", "genseckey": "-alias new -keyalg AES -keysize 128",
          "importcert": "-alias new -file ca.crt -noprompt", "importpass": "-alias new",
          "keypasswd": "-alias k -new another", "list": "", "printcert": "-file ca.crt", "printcrl": "-file a.crl",
          "storepasswd": "-new another", "keyclone": "-alias k -destalias new", "selfcert": "-alias k"}
INPUT = {"importpass": "secret\n"}

SOURCE, DESTINATION = f"-srckeystore ca.p12 -srcstorepass {PASSWORD}", f"-destkeystore o.p12 -deststorepass {PASSWORD}"
ANEW = {"certreq": 40, "gencert": 11, "gencrl": 11}  # what they make is not the same twice: so much of it is

# The option the case is about, with its value, stands between brackets.
EVERYWHERE = {
    "-keystore": f"{{enough}} -storepass {PASSWORD} [-keystore s.p12]",
    "-storepass": "{enough} -keystore s.p12 [-storepass changeit]",
    "-storetype": f"{{enough}} {STORE} [-storetype JCEKS]",
    "-providername": f"{{enough}} {STORE} [-providername SunEC]",
    "-addprovider": f"{{enough}} {STORE} [-addprovider Nobody]",
    "-addprovider -providerarg": f"{{enough}} {STORE} -addprovider SUN [-providerarg x]",
    "-providerclass": f"{{enough}} {STORE} [-providerclass org.example.Nobody]",
    "-providerclass -providerarg": f"{{enough}} {STORE} -providerclass sun.security.provider.Sun [-providerarg x]",
    "-providerpath": f"{{enough}} {STORE} -providerclass org.example.Nobody [-providerpath x.jar]",
    "-protected": f"{{enough}} {STORE} [-protected]",
    "-cacerts": "{enough} -storetype PKCS12 [-cacerts]",
    "-keypass": f"{{enough}} {STORE} [-keypass another]",
    "-v": f"{{enough}} {STORE} [-v]",
}
OWN = {
    "certreq": {"-alias": f"{STORE} [-alias k]", "-sigalg": f"-alias k {STORE} [-sigalg foo]", "-file": f"-alias k {STORE} [-file /no/where]",
                "-dname": f"-alias k {STORE} [-dname x]", "-ext": f"-alias k {STORE} [-ext foo]"},
    "changealias": {"-alias": f"-destalias new {STORE} [-alias k]", "-destalias": f"-alias k {STORE} [-destalias new]",
                    "-cacerts": "-alias nobody -destalias new -storepass changeit [-cacerts]"},
    "delete": {"-alias": f"{STORE} [-alias k]", "-cacerts": "-alias nobody -storepass changeit [-cacerts]"},
    "exportcert": {"-rfc": f"-alias k -file out {STORE} [-rfc]", "-alias": f"-rfc {STORE} [-alias k]", "-file": f"-alias k -rfc {STORE} [-file out]",
                   "-cacerts": "-alias nobody -storepass changeit [-cacerts]", "-v": f"-alias nobody {STORE} [-v]"},
    "gencert": {"-rfc": f"-alias k -infile r.csr -outfile out {STORE} [-rfc]", "-infile": f"-alias k {STORE} [-infile nothing]",
                "-outfile": f"-alias k -infile r.csr {STORE} [-outfile /no/where]", "-alias": f"-infile r.csr {STORE} [-alias w]",
                "-sigalg": f"-alias k -infile r.csr {STORE} [-sigalg foo]", "-dname": f"-alias k -infile r.csr {STORE} [-dname x]",
                "-startdate": f"-alias k -infile r.csr {STORE} [-startdate x]", "-ext": f"-alias k -infile r.csr {STORE} [-ext foo]",
                "-validity": f"-alias k -infile r.csr {STORE} [-validity 0]", "-v": f"-alias nobody -infile r.csr {STORE} [-v]"},
    "gencrl": {"-rfc": f"-alias k -id 1 -file out {STORE} [-rfc]", "-file": f"-alias k -id 1 {STORE} [-file /no/where]",
               "-id": f"-alias k {STORE} [-id x]", "-alias": f"-id 1 {STORE} [-alias w]", "-sigalg": f"-alias k -id 1 {STORE} [-sigalg foo]",
               "-v": f"-alias k -id x {STORE} [-v]"},
    "genkeypair": {"-keystore": "-keyalg EC -dname CN=x -storepass abc [-keystore s.p12]",  # nothing must come to be in the home folder
                   "-alias": f"-keyalg EC -dname CN=x {STORE} [-alias k]", "-keyalg": f"-dname CN=x {STORE} [-keyalg EC]",
                   "-keysize": f"-keyalg RSA -dname CN=x {STORE} [-keysize 1024]",
                   "-groupname": f"-keyalg EC -dname CN=x {STORE} [-groupname secp521r1]",
                   "-sigalg": f"-keyalg EC -dname CN=x {STORE} [-sigalg SHA256withECDSA]", "-dname": f"-keyalg EC {STORE} [-dname CN=x]",
                   "-startdate": f"-keyalg EC -dname CN=x {STORE} [-startdate x]", "-ext": f"-keyalg EC -dname CN=x {STORE} [-ext foo]",
                   "-validity": f"-keyalg EC -dname CN=x {STORE} [-validity 7]", "-signer": f"-keyalg EC -dname CN=x {STORE} [-signer k]",
                   "-signerkeypass": f"-keyalg EC -dname CN=x -signer k {STORE} [-signerkeypass another]"},
    "genseckey": {"-keystore": "-keyalg DES -storepass abc [-keystore s.p12]", "-alias": f"-keyalg DES {STORE} [-alias k]",
                  "-keyalg": f"-keysize 128 {STORE} [-keyalg AES]", "-keysize": f"-keyalg HmacSHA256 {STORE} [-keysize 1200]"},
    "importcert": {"-keystore": "-alias new -file ca.crt -storepass abc [-keystore s.p12]",
                   "-noprompt": f"-alias new -file ca.crt {STORE} [-noprompt]", "-alias": f"-file ca.crt -noprompt {STORE} [-alias w]",
                   "-trustcacerts": f"-alias new -file root.crt {STORE} [-trustcacerts]", "-file": f"-alias new -noprompt {STORE} [-file ca.crt]"},
    "importkeystore": {
        "-srckeystore": f"-srcstorepass {PASSWORD} {DESTINATION} [-srckeystore ca.p12]", "-srcstorepass": f"-srckeystore ca.p12 {DESTINATION} [-srcstorepass changeit]",
        "-destkeystore": f"{SOURCE} -deststorepass abc [-destkeystore s.p12]",  # nothing must come to be in the home folder
        "-deststorepass": f"{SOURCE} -srcalias ca -destkeystore s.p12 [-deststorepass changeit]", "-srcalias": f"{SOURCE} {DESTINATION} [-srcalias ca]",
        **{option: f"{SOURCE} {DESTINATION} [{option}{value}]" for option, value in (
            ("-srcstoretype", " FOO"), ("-deststoretype", " FOO"), ("-srcprotected", ""), ("-destprotected", ""), ("-srcprovidername", " Nope"),
            ("-destprovidername", " Nope"), ("-destkeypass", " abc"), ("-addprovider", " Nobody"), ("-providerclass", " org.example.Nobody"), ("-v", ""))},
        "-srckeypass": f"{SOURCE} {DESTINATION} -srcalias ca [-srckeypass another]",
        "-destalias": f"{SOURCE} -destkeystore s.p12 -deststorepass {PASSWORD} -srcalias ca -noprompt [-destalias k]",
        "-noprompt": f"{SOURCE} -destkeystore s.p12 -deststorepass {PASSWORD} -srcalias ca -destalias k [-noprompt]",
        "-addprovider -providerarg": f"{SOURCE} {DESTINATION} -addprovider SUN [-providerarg x]",
        "-providerclass -providerarg": f"{SOURCE} {DESTINATION} -providerclass sun.security.provider.Sun [-providerarg x]",
        "-providerpath": f"{SOURCE} {DESTINATION} -providerclass org.example.Nobody [-providerpath x.jar]"},
    "importpass": {"-keystore": "-storepass abc [-keystore s.p12]", "-alias": f"{STORE} [-alias k]",
                   "-keyalg": f"{STORE} [-keyalg PBEWithMD5AndDES]", "-keysize": f"-keyalg AES {STORE} [-keysize 128]"},
    "keypasswd": {"-keypass": "-protected [-keypass another]", "-new": f"-alias k {STORE} [-new abc]",
                  "-storetype": "-keystore s.p12 -new another -storepass changeit [-storetype JCEKS]", "-v": f"-alias k -new another {STORE} [-v]"},
    "list": {"-rfc": f"{STORE} [-rfc]", "-alias": f"{STORE} [-alias w]", "-cacerts": "-alias nobody -storepass changeit [-cacerts]"},
    "printcert": {"-rfc": "-file ca.crt [-rfc]", "-file": "[-file two.crt]", "-sslserver": "[-sslserver {server}]", "-jarfile": "[-jarfile signed.jar]",
                  "-keystore": "-file w.crt [-keystore clear.p12]", "-storepass": "-file w.crt -keystore s.p12 [-storepass changeit]",
                  "-trustcacerts": "-file root.crt [-trustcacerts]", "-v": "-file nothing [-v]"},
    "printcertreq": {"-file": "[-file r.csr]", "-v": "-file nothing [-v]"},
    "printcrl": {"-file": "[-file a.crl]", "-keystore": "-file a.crl [-keystore clear.p12]",
                 "-storepass": "-file a.crl -keystore s.p12 [-storepass changeit]", "-trustcacerts": "-file a.crl [-trustcacerts]",
                 "-v": "-file nothing [-v]"},
    "showinfo": {"-tls": "[-tls]", "-v": "-tls [-v]"},
    "storepasswd": {"-new": f"{STORE} [-new another]"},
    "keyclone": {"-alias": f"-destalias new {STORE} [-alias k]", "-destalias": f"-alias k {STORE} [-destalias new]",
                 "-new": f"-alias k -destalias new {STORE} [-new abc]"},
    "selfcert": {"-alias": f"{STORE} [-alias k]", "-sigalg": f"-alias k {STORE} [-sigalg foo]", "-dname": f"-alias k {STORE} [-dname x]",
                 "-startdate": f"-alias k {STORE} [-startdate x]", "-ext": f"-alias k {STORE} [-ext foo]", "-validity": f"-alias k {STORE} [-validity 0]"},
}

# The classes of docs/keytool.md that show here.
STACK_TRACE = {(command, "-v") for command in ("exportcert", "gencert", "gencrl", "keypasswd", "printcert", "printcertreq", "printcrl")}
JAVA_CODE = {(command, "-providerpath") for command in COMMANDS}
NO_EFFECT = {("showinfo", "-v"): "nor in the JDK", ("keypasswd", "-alias"): "the JDK refuses the command before, on PKCS12",
             ("keypasswd", "-storepass"): "the same"}
SHOWN_OTHERWISE = {("selfcert", "-v"): "the JDK shows the new certificate in a form of its own"}


def cases():
    for command in COMMANDS:
        general = {} if command in NO_STORE else EVERYWHERE
        for option in sorted({*general, *OWN.get(command, {})}):
            line = OWN.get(command, {}).get(option) or general[option]
            yield pytest.param(command, option, line.replace("{enough}", ENOUGH.get(command, "")), id=f"{command} {option}")


def words(command, line, *, option):
    """The command line with or without what stands between the brackets."""
    return ["-" + command, *shlex.split(re.sub(r"[\[\]]", "", line) if option else re.sub(r"\[.*\]", "", line))]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("options")


@pytest.fixture(scope="module")
def theirs(jdk25, peer_classes, work):
    server = KeytoolServer(jdk25, peer_classes, work)
    yield server
    server.close()


@pytest.fixture(scope="module")
def files(theirs, jdk25, work):
    """The state in which every case begins: name, content."""
    def keytool(line):
        result = theirs(*shlex.split(line))
        assert result.status == 0, result
        return result

    def crt(name, alias, store=STORE):
        keytool(f"-exportcert -rfc -alias {alias} {store} -file {name}")
        return (work / name).read_bytes()
    keytool(f"-genkeypair -alias k -keyalg EC -groupname secp256r1 -dname CN=k -ext bc {STORE}")
    keytool(f"-genkeypair -alias ca -keyalg EC -groupname secp256r1 -dname CN=ca -ext bc -keystore ca.p12 -storepass {PASSWORD}")
    keytool(f"-genkeypair -alias w -keyalg RSA -keysize 2048 -sigalg SHA1withRSA -dname CN=w -keystore ca.p12 -storepass {PASSWORD}")
    crt("ca.crt", "ca", f"-keystore ca.p12 -storepass {PASSWORD}")
    (work / "two.crt").write_bytes(crt("w.crt", "w", f"-keystore ca.p12 -storepass {PASSWORD}") + crt("k.crt", "k"))
    keytool(f"-importcert -noprompt -alias w -file w.crt {STORE}")
    keytool(f"-certreq -alias k -file r.csr {STORE}")
    keytool(f"-gencrl -alias k -id 17:1 -file a.crl {STORE}")
    roots = keytool("-list -v -cacerts -storepass changeit").out  # one whose signature is weak but for being trusted
    alias = re.search(r"Alias name: (\S+)\n(?:(?!Alias name).*\n)*?Signature algorithm name: SHA1withRSA\n", roots)[1]
    crt("root.crt", alias, "-cacerts -storepass changeit")
    (work / "a.txt").write_text("signed\n")
    proc.run_ok([jdk25.bin / "jar", "cf", "signed.jar", "a.txt"], cwd=work)
    proc.run_ok([jdk25.bin / "jarsigner", "-keystore", "s.p12", "-storepass", PASSWORD, "signed.jar", "k"], cwd=work)
    for alias in ("w", "k"):  # without a password, so that nothing asks for one
        proc.run_ok([jdk25.bin / "keytool", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE", "-J-Dkeystore.pkcs12.macAlgorithm=NONE",
                     "-importcert", "-noprompt", "-alias", alias, "-file", f"{alias}.crt", "-keystore", "clear.p12"], cwd=work)
    return {path.name: path.read_bytes() for path in work.iterdir()}


@pytest.fixture
def begin(files, work):
    """A function that puts the folder into the state in which every case begins."""
    def restore():
        empty(work)
        for name, data in files.items():
            (work / name).write_bytes(data)
    return restore


@pytest.fixture(scope="module")
def java_home(jdk25, tmp_path_factory):
    """With the JDK's cacerts as PKCS12, which every build of mutual reads."""
    folder = tmp_path_factory.mktemp("home") / "lib/security"
    folder.mkdir(parents=True)
    proc.run_ok([jdk25.bin / "keytool", "-importkeystore", "-noprompt", "-srckeystore", jdk25.home / "lib/security/cacerts", "-srcstorepass",
                 "changeit", "-destkeystore", folder / "cacerts", "-deststorepass", "changeit", "-deststoretype", "PKCS12",
                 "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE", "-J-Dkeystore.pkcs12.macAlgorithm=NONE"])
    return folder.parent.parent


@pytest.fixture
def mutual(mutual_release):
    """Hundreds of runs, and text is what they compare: the sanitizers watch the same code in test_keytool.py and in the sequences."""
    return mutual_release


@pytest.fixture
def ours(mutual, begin, work, java_home):
    def run(argv, plain, input=""):
        begin()
        result = mutual("keytool", *argv, *(["-J-Dmutual.plain=true"] if plain else []), cwd=work, env={"JAVA_HOME": str(java_home)},
                        input=input)
        return result, made(work)
    return run


def made(folder):
    """What a command has written."""
    return (folder / "out").read_bytes() if (folder / "out").exists() else b""


@pytest.fixture
def tls_server(files, work, tmp_path, start):
    """HOST:PORT of a TLS server with two certificates."""
    proc.run_ok(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key",
                 "-out", tmp_path / "crt", "-subj", "/CN=server"])
    (tmp_path / "chain").write_bytes(files["k.crt"])
    port = net.free_port()
    start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", tmp_path / "key", "-cert", tmp_path / "crt", "-cert_chain",
           tmp_path / "chain", "-quiet"])
    net.wait_for_port(port)
    return f"127.0.0.1:{port}"


def seen(result, made=b""):
    return result.status, result.out, result.err, made


@pytest.mark.parametrize("command, option, line", cases())
def test_option(request, theirs, ours, begin, work, command, option, line):
    if "{server}" in line:
        line = line.replace("{server}", request.getfixturevalue("tls_server"))
    with_it, without = (words(command, line, option=option) for option in (True, False))
    case = command, option
    begin()
    given = INPUT.get(command, "")
    reference = theirs(*with_it, input=given)
    reference_made = made(work)
    plain = case not in STACK_TRACE | JAVA_CODE
    (result, result_made), (other, other_made) = ours(with_it, plain, given), ours(without, plain, given)
    assert (seen(result, result_made) == seen(other, other_made)) == (case in NO_EFFECT), f"{result}\n{other}"
    if case in NO_EFFECT:
        begin()
        assert seen(theirs(*without)) == seen(reference)
    if case in STACK_TRACE:
        assert "\tat java.base/" in reference.out and "  where:  " in result.err
        assert result.out == reference.out.split("\n")[0] + "\n" and result.status == reference.status
    elif case in JAVA_CODE:
        assert (result.status, result.out) == (reference.status, reference.out) and "-providerpath" in result.err
    elif case in SHOWN_OTHERWISE:
        assert result.status == reference.status and result.err.endswith("[Storing s.p12]\n") == reference.err.endswith("[Storing s.p12]\n")
    elif command in ANEW and reference.status == 0:
        size = ANEW[command]
        assert (result.status, result.err, result.out[:size], result_made[:size]) == \
            (reference.status, reference.err, reference.out[:size], reference_made[:size])
    else:
        assert seen(result, result_made) == seen(reference, reference_made), f"{reference}\n{result}"


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_is_forgotten(theirs, ours, command):
    """What JDK 25 lists has a case, and ours lists the same."""
    listed, option = set(), None
    reference = theirs("-" + command, "-help")
    for name in re.findall(r"^ +\[?(-\w+)", reference.err, re.M):
        option = name if name != "-providerarg" else option
        listed.add(name if name != "-providerarg" else f"{option} {name}")
    have = {case.values[1] for case in cases() if case.values[0] == command}
    assert listed - have - {name for owner, name in NO_EFFECT if owner == command} == set()
    assert seen(ours(["-" + command, "-help"], True)[0]) == seen(reference)


CONF = """# options for all
keytool.all = -keystore s.p12 \\
              -storepass:file "pass word"
keytool.list: -alias '${user.name}'
keytool.genkey -alias one
keytool.genkeypair=-alias two
keytool.delete = -alias ${no.such}
keytool.export = -alias\\u0020k -rfc
"""


@pytest.mark.parametrize("line", [
    "-conf x.conf -list", "-conf x.conf -exportcert", "-conf x.conf -genkeypair", "-conf x.conf -delete", "-conf x.conf -storepasswd -new abc",
    "-conf none -list", "-list -conf", "-conf x.conf -foo -list", "-foo -list", "-list -list", f"-list {STORE} -alias k -alias w",
    f"-list {STORE} -providerarg x", "-storetype PKCS11 -keypasswd", "-list -storetype PKCS11 -keystore x", f"-export -alias k -rfc {STORE}",
    f"-list {STORE} -addprovider SunPKCS11 -providerarg x", f"-list {STORE} -provider sun.security.provider.Sun"])
def test_command_line(theirs, mutual, begin, work, line):
    """-conf, legacy names, and what is wrong with a command line."""
    results = []
    for tool in (theirs, lambda *argv: mutual("keytool", *argv, "-J-Dmutual.plain=true", cwd=work)):
        begin()
        (work / "x.conf").write_text(CONF)
        (work / "pass word").write_text(PASSWORD + "\n")
        results.append(tool(*shlex.split(line)))
    assert seen(results[1]) == seen(results[0]), f"{results[0]}\n{results[1]}"


ANSWERS = [("-delete -keystore s.p12", "k\nchangeit\n"), ("-storepasswd -keystore s.p12", "changeit\nabc\nchangeit\nanother\nanother\n"),
           ("-changealias -keystore s.p12 -storepass changeit -alias k", "new\n"), ("-exportcert -rfc -alias k -keystore s.p12", "changeit\n"),
           ("-exportcert -rfc -alias k -keystore s.p12", "\n"), ("-list -keystore s.p12", "wrong1\n"), ("-delete " + STORE, "\n"),
           ("-selfcert -alias k -keystore s.p12 -protected", "changeit\n")]


@pytest.mark.parametrize("line, answers", ANSWERS, ids=[line for line, _ in ANSWERS])
def test_answers_from_standard_input(theirs, mutual, begin, work, line, answers):
    """The same questions and the same outcome; where the JDK loses what was piped behind an alias, what it asked up to there."""
    results, left = [], []
    for tool in (theirs, lambda *argv, **options: mutual("keytool", *argv, "-J-Dmutual.plain=true", cwd=work, **options)):
        begin()
        results.append(tool(*shlex.split(line), input=answers))
        left.append([name for name in ("changeit", "another") if theirs("-list", "-keystore", "s.p12", "-storepass", name).status == 0])
    reference, result = results
    if line == "-delete -keystore s.p12":
        assert result.err.startswith("Enter alias name:  Enter keystore password:  ") and result.status == 0
    else:
        assert seen(result) == seen(reference) and left[0] == left[1], f"{reference}\n{result}"
