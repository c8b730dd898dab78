"""JKS, JCEKS and secret keys: what we write the JDKs, pyjks, openssl and NSS read; what the JDKs and pyjks write we read."""
import os
import re
import shutil
import subprocess

import pytest

from lab.keytool import KeytoolServer, empty, words_of_25
from test_stores import PASSWORD, family, needs, prints, tool  # noqa: F401 (fixtures)

TYPES = ["JKS", "JCEKS"]
SECRETS = {"aes": ("AES", "00112233445566778899aabbccddeeff"), "mac": ("HmacSHA256", "ab" * 40)}
SUITE_PASSWORDS = {"custom_entry_passwords": "store_password", "empty": "", "truststore": "trustpass"}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("jks")


@pytest.fixture
def folder(work):
    empty(work)
    return work


@pytest.fixture(scope="module")
def servers(jdks, peer_classes, work):
    """keytool of every JDK, each in one JVM; all in the same folder."""
    started = {jdk.version: KeytoolServer(jdk, peer_classes, work) for jdk in jdks}
    yield started
    for server in started.values():
        server.close()


@pytest.fixture
def ours(mutual, folder):
    return lambda *args, input="": mutual("keytool", *args, "-J-Dmutual.plain=true", cwd=folder, input=input)


def ok(tool_run, *args, **options):
    result = tool_run(*args, **options)
    assert result.status == 0, result
    return result


def make(tool, family, path, store_type, *more):
    """Key under its own password, trusted root, and secrets where the type has them."""
    secrets = [] if store_type == "JKS" else [f"secret={alias}/{algorithm}:{key}" for alias, (algorithm, key) in SECRETS.items()]
    tool.ok("make", PASSWORD, path, f"type={store_type}", f"key=Leaf:{family.path('store-leaf', 'pem')}",
            f"trusted=Root:{family.path('store-root', 'crt')}", *secrets, *more)


def states(store):
    return {entry.alias: entry.state for entry in store.entries}


@pytest.mark.parametrize("store_type", [*TYPES, "PKCS12"])
def test_every_jdk_reads_ours(tool, servers, family, prints, folder, store_type, monkeypatch):
    make(tool, family, folder / "ours", store_type, *([] if store_type == "PKCS12" else ["protect=leaf:own-password"]))
    expected = ["leaf", "root"] if store_type == "JKS" else ["aes", "leaf", "mac", "root"]
    monkeypatch.setenv("KEY_PASSWORD", "own-password")
    for version, keytool in servers.items():
        listing = ok(keytool, "-list", "-v", "-keystore", "ours", "-storepass", PASSWORD).out
        assert re.findall(r"^Alias name: (.*)$", listing, re.M) == expected, listing
        assert [prints[name] for name in ("leaf", "mid", "root")] == re.findall(r"SHA256: (\S+)", listing)[:3]
        own = [] if store_type == "PKCS12" else ["-srckeypass", "own-password", "-destkeypass", "own-password"]
        ok(keytool, "-importkeystore", "-srckeystore", "ours", "-srcstorepass", PASSWORD, "-srcalias", "leaf", *own,
           "-destkeystore", f"key-{version}", "-deststoretype", "JCEKS", "-deststorepass", PASSWORD)
        if store_type != "JKS":
            for alias in SECRETS:
                ok(keytool, "-importkeystore", "-srckeystore", "ours", "-srcstorepass", PASSWORD, "-srcalias", alias,
                   "-destkeystore", f"key-{version}", "-deststoretype", "JCEKS", "-deststorepass", PASSWORD)
        assert states(tool.one(PASSWORD, folder / f"key-{version}"))["leaf"] == ("pair" if own else "key-password-differs")
        monkeypatch.delenv("KEY_PASSWORD")
        read = states(tool.one(PASSWORD, folder / f"key-{version}"))
        monkeypatch.setenv("KEY_PASSWORD", "own-password")
        if store_type != "JKS":
            assert {alias: read[alias] for alias in SECRETS} == {alias: ":".join(value) for alias, value in SECRETS.items()}


def test_we_read_every_jdks(tool, servers, family, prints, folder, monkeypatch):
    root = family.path("store-root", "crt")
    for version, keytool in servers.items():
        for store_type in TYPES:
            store = ["-keystore", f"{store_type}-{version}", "-storetype", store_type, "-storepass", PASSWORD]
            ok(keytool, "-genkeypair", "-keyalg", "EC", "-alias", "Own", "-dname", "CN=x", "-keypass", "own-password", *store)
            ok(keytool, "-genkeypair", "-keyalg", "EC", "-alias", "Same", "-dname", "CN=x", "-keypass", PASSWORD, *store)
            ok(keytool, "-importcert", "-noprompt", "-alias", "Root", "-file", root, *store)
            for alias, algorithm, size in [("a", "AES", 256), ("d", "DESede", 168), ("m", "HmacSHA512", 512)]:
                if store_type == "JCEKS":
                    ok(keytool, "-genseckey", "-keyalg", algorithm, "-keysize", size, "-alias", alias, "-keypass", PASSWORD, *store)
                    ok(keytool, "-importkeystore", "-srckeystore", f"JCEKS-{version}", "-srcstorepass", PASSWORD, "-srcalias", alias,
                       "-destkeystore", f"{version}.p12", "-deststoretype", "PKCS12", "-deststorepass", PASSWORD)
            found = tool.one(PASSWORD, folder / f"{store_type}-{version}")
            state = states(found)
            assert (state["own"], state["same"]) == ("key-password-differs", "pair"), state
            assert found.entry("root").chain == [prints["root"]] and all(entry.dated for entry in found.entries)
            if store_type == "JCEKS":
                assert [state[alias].split(":")[0] for alias in "adm"] == ["AES", "DESede", "HmacSHA512"]
                assert {alias: state[alias] for alias in "adm"} == states(tool.one(PASSWORD, folder / f"{version}.p12"))
            monkeypatch.setenv("KEY_PASSWORD", "own-password")
            assert states(tool.one(PASSWORD, folder / f"{store_type}-{version}"))["own"] == "pair"
            monkeypatch.delenv("KEY_PASSWORD")
            # written again under another password: keys stay under theirs, and the JDK reads it
            tool.ok("copy", PASSWORD, folder / f"{store_type}-{version}", folder / "copy", "changed")
            for alias, key_password in [("own", "own-password"), ("same", PASSWORD)]:
                ok(keytool, "-certreq", "-alias", alias, "-keypass", key_password, "-keystore", "copy", "-storepass", "changed")
            (folder / "copy").unlink()


@pytest.mark.parametrize("store_type", TYPES)
def test_pyjks(tool, family, prints, tmp_path, store_type):
    jks = pytest.importorskip("jks", reason="no pyjks (python3-pyjks)")
    make(tool, family, tmp_path / "ours", store_type)
    store = jks.KeyStore.load(tmp_path / "ours", PASSWORD)
    leaf = store.private_keys["leaf"]
    assert [len(leaf.cert_chain), list(store.certs)] == [3, ["root"]]
    read = {alias: (key.algorithm, key.key.hex()) for alias, key in store.secret_keys.items()}
    assert read == ({} if store_type == "JKS" else SECRETS)
    if store_type == "JCEKS":  # it writes JKS only
        return
    entry = jks.PrivateKeyEntry.new("theirs", [cert for _, cert in leaf.cert_chain], leaf.pkey_pkcs8)
    theirs = jks.KeyStore.new("jks", [entry, jks.TrustedCertEntry.new("trusted", store.certs["root"].cert)])
    theirs.save(tmp_path / "theirs", PASSWORD)
    assert sorted(tool.one(PASSWORD, tmp_path / "theirs").summary()) == [("key", "pair", "theirs", 3), ("trusted", "-", "trusted", 1)]


@needs("openssl", "pk12util")
def test_secret_bags_disturb_nobody(tool, family, tmp_path):
    path = tmp_path / "s.p12"
    make(tool, family, path, "PKCS12")
    shown = subprocess.run(["openssl", "pkcs12", "-in", path, "-passin", f"pass:{PASSWORD}", "-nodes"], capture_output=True, text=True,
                           check=True).stdout
    assert shown.count("BEGIN PRIVATE KEY") == 1, shown
    shown = subprocess.run(["pk12util", "-l", path, "-W", PASSWORD], capture_output=True, text=True, check=True).stdout
    assert "store-leaf" in shown, shown


def listings(folder, names, ours, keytool, *more):
    """-list of each file by both, where they differ."""
    for name, password in names:
        words = ["-list", *more, "-keystore", name, "-storepass", password]
        them, us = keytool(*words), ours(*words)
        if (words_of_25(them.out), them.status, words_of_25(them.err)) != (us.out, us.status, us.err):
            yield f"{them}\n{us}"


def test_suites_are_read_as_by_the_jdk(shared, ours, servers, jdk25, folder):
    """pyjks's own samples, listed by both."""
    samples = []
    for path in sorted((shared / "suites/jks").iterdir()):
        shutil.copy(path, folder / path.name)
        samples += [(path.name, SUITE_PASSWORDS.get(path.stem, "12345678")), (path.name, "wrong-password")]
    assert len(samples) == 34
    assert list(listings(folder, samples, ours, servers[jdk25.version])) == []
    assert list(listings(folder, samples[::2], ours, servers[jdk25.version], "-v")) == []


def test_suites_hold_what_pyjks_says(shared, tool, monkeypatch):
    jks = pytest.importorskip("jks", reason="no pyjks (python3-pyjks)")
    for path in sorted((shared / "suites/jks").iterdir()):
        password = SUITE_PASSWORDS.get(path.stem, "12345678")
        own = {"private": "private_password", "secret": "secret_password"} if path.stem.startswith("custom") else {}
        theirs = jks.KeyStore.load(path, password, try_decrypt_keys=not own)
        for alias, key_password in own.items():
            if alias in theirs.entries:
                theirs.entries[alias].decrypt(key_password)
        for alias, entry in theirs.entries.items():
            monkeypatch.setenv("KEY_PASSWORD", own.get(alias, password))
            found = tool.one(password, path).entry(alias)
            kind = {"PrivateKeyEntry": "key", "TrustedCertEntry": "trusted", "SecretKeyEntry": "secret"}[type(entry).__name__]
            expected = {"key": "pair", "trusted": "-"}.get(kind) or f"{entry.algorithm}:{entry.key.hex()}"
            assert (found.kind, found.state) == (kind, expected), (path.name, alias)
            assert len(found.chain) == {"key": len(entry.cert_chain) if kind == "key" else 0, "trusted": 1, "secret": 0}[kind]


def same(them, us):
    assert (us.status, us.out, us.err) == (them.status, them.out, them.err), f"{them}\n{us}"


@pytest.mark.parametrize("store_type", TYPES)
def test_keytool_speaks_as_the_jdk(ours, servers, jdk25, family, folder, store_type):
    keytool, root = servers[jdk25.version], family.path("store-root", "crt")
    for words, answers in [
        (["-genkeypair", "-keyalg", "EC", "-dname", "CN=x", "-alias", "One", "-keypass", "key-password"], ""),
        (["-genkeypair", "-keyalg", "EC", "-dname", "CN=x", "-alias", "two"], "\n"),
        (["-genkeypair", "-keyalg", "EC", "-dname", "CN=x", "-alias", "three"], "short\nlong-enough\nlong-enough\n"),
        (["-genkeypair", "-keyalg", "EC", "-dname", "CN=x", "-alias", "four"], "long-enough\nother-answer\n\n"),
        (["-genkeypair", "-keyalg", "EC", "-dname", "CN=x", "-alias", "five"], "a\nb\nc\n"),
        (["-importcert", "-noprompt", "-alias", "Root", "-file", root], ""),
        (["-importcert", "-noprompt", "-alias", "ONE", "-file", root], ""),
    ]:
        tail = ["-keystore", "s.jks", "-storetype", store_type, "-storepass", PASSWORD]
        results = []
        for tool_run, backup in [(keytool, "theirs"), (ours, "ours")]:
            if (folder / backup).exists():
                shutil.copy(folder / backup, folder / "s.jks")
            results.append(tool_run(*words, *tail, input=answers))
            if (folder / "s.jks").exists():
                (folder / "s.jks").rename(folder / backup)
        same(*results)
    shutil.copy(folder / "ours", folder / "s.jks")
    (folder / "cut").write_bytes((folder / "s.jks").read_bytes()[:200])
    # one wrong password in 256 finds a padding by chance, and the JDK then speaks of what the garbage looks like
    tail = ["-keystore", "s.jks", "-storepass", PASSWORD]
    wrong = next(f"not-this-{n}" for n in range(9) if not (store_type == "JCEKS" and "padded" not in keytool("-certreq", "-alias", "one",
                                                                                                          "-keypass", f"not-this-{n}", *tail).out))
    for words in [["-list"], ["-list", "-v"], ["-list", "-storepass", "wrong-one"], ["-list", "-storetype", "JKS"], ["-list", "-alias", "ROOT"],
                  ["-list", "-storetype", "JCEKS"], ["-list", "-storetype", "PKCS12"], ["-list", "-keystore", "cut"],
                  ["-certreq", "-alias", "one", "-keypass", wrong], ["-certreq", "-alias", "one"]]:
        words = words + [word for pair in (("-keystore", "s.jks"), ("-storepass", PASSWORD)) if pair[0] not in words for word in pair]
        same(keytool(*words), ours(*words))
    for run in (keytool, ours):
        ok(run, "-keypasswd", "-alias", "one", "-keypass", "key-password", "-new", "new-password", "-keystore", "s.jks", "-storepass", PASSWORD)
        ok(run, "-keypasswd", "-alias", "one", "-keypass", "new-password", "-new", "key-password", "-keystore", "s.jks", "-storepass", PASSWORD)
        ok(run, "-changealias", "-alias", "root", "-destalias", "moved", "-keystore", "s.jks", "-storepass", PASSWORD)
        ok(run, "-changealias", "-alias", "MOVED", "-destalias", "root", "-keystore", "s.jks", "-storepass", PASSWORD)
        ok(run, "-storepasswd", "-new", "another", "-keystore", "s.jks", "-storepass", PASSWORD)
        ok(run, "-storepasswd", "-new", PASSWORD, "-keystore", "s.jks", "-storepass", "another")
    ok(ours, "-certreq", "-alias", "one", "-keypass", "key-password", "-keystore", "s.jks", "-storepass", PASSWORD)
    ok(keytool, "-certreq", "-alias", "one", "-keypass", "key-password", "-keystore", "s.jks", "-storepass", PASSWORD)


def test_jks_declared_as_jceks_is_written_as_such(ours, servers, jdk25, family, folder):
    for run, name in [(servers[jdk25.version], "theirs"), (ours, "ours")]:
        for store_type, alias in [("JKS", "a"), ("JCEKS", "b")]:
            ok(run, "-importcert", "-noprompt", "-alias", alias, "-file", family.path("store-root", "crt"), "-keystore", name,
               "-storetype", store_type, "-storepass", PASSWORD)
    assert (folder / "theirs").read_bytes()[:4] == (folder / "ours").read_bytes()[:4] == b"\xce" * 4


def test_ca_issues_into_jks(mutual, tool, servers, tmp_path):
    ca = ["--ca", tmp_path / "ca", "--ca-password", "pass:of-the-ca"]
    ok(mutual, "ca", "init", *ca, "--name", "CN=root")
    ok(mutual, "ca", "issue", *ca, "--profile", "server", "--san", "dns:a.test", "--alias", "web",
       "--key-store", tmp_path / "k.jks", "--key-store-type", "JKS", "--key-store-password", PASSWORD,
       "--trust-store", tmp_path / "t.jceks", "--trust-store-type", "JCEKS", "--trust-store-password", PASSWORD)
    assert [entry.state for entry in tool.one(PASSWORD, tmp_path / "k.jks").entries] == ["pair"]
    assert oct(os.stat(tmp_path / "k.jks").st_mode & 0o777) == "0o600"
    for keytool in servers.values():
        assert "web, " in ok(keytool, "-list", "-keystore", tmp_path / "k.jks", "-storepass", PASSWORD).out
        assert "trustedCertEntry" in ok(keytool, "-list", "-keystore", tmp_path / "t.jceks", "-storepass", PASSWORD).out


def test_the_machines_cacerts_may_be_jks(mutual, ours, tmp_path):
    """Debian's is: with its password, and without any."""
    path = "/etc/ssl/certs/java/cacerts"
    if not os.path.isfile(path) or open(path, "rb").read(4) != b"\xfe\xed\xfe\xed":
        pytest.skip(f"no JKS at {path}")
    listing = ok(ours, "-list", "-keystore", path, "-storepass", "changeit").out
    assert int(re.search(r"contains ([\d,]+) entr", listing)[1].replace(",", "")) == listing.count("trustedCertEntry") > 10
    assert ok(ours, "-list", "-keystore", path, input="\n").out == listing
