"""mutual doctor --fix: repaired copies of stores, with which the handshake works that failed; and nothing else is touched."""
import hashlib
import json
import random
import re
import shlex
import ssl

from lab import four_stores, proc, store_files, store_pairs
from lab.four_stores import OTHER, PASSWORD

FIXED = "repaired"


def shuffle_chain(world, side):
    """JKS keeps chains as they were set: leaf, root, issuing CA."""
    leaf, *cas = side.entry.chain
    side.entry.chain = [leaf, *reversed(cas)]
    return {"chain-order-wrong"}


def turn_chain_round(world, side):
    side.entry.chain.reverse()
    return {"chain-order-wrong"}


def other_letters(world, side):
    side.options["key-store-alias"] = side.name.upper()
    return {"server-alias-not-found"}


def other_type(world, side):
    side.options["key-store-type"] = "JKS" if world.form == "p12" else "PKCS12"
    return {"store-wrong-type"}


def fault(name):
    return lambda world, side: {code for code, _ in four_stores.FAULTS[name].plant(world, side)}


# what is planted, the files' form, tiers, which setting is another one afterwards, whether JVMs refused before
REPAIRS = {
    "no-java-attribute": (fault("trust-store-without-java-attribute"), "p12", 2, "trust-store", True),
    "ca-missing-p12": (fault("ca-not-trusted"), "p12", 2, "trust-store", True),
    "ca-missing-jks": (fault("ca-not-trusted"), "jks", 1, "trust-store", True),
    "ca-missing-pem": (fault("ca-not-trusted"), "pem", 2, "trust-store", None),
    "ca-made-anew": (fault("former-ca-still-trusted"), "p12", 1, "trust-store", True),
    "nothing-trusted": (fault("trust-store-empty"), "jks", 2, "trust-store", True),
    "intermediate-missing-p12": (fault("intermediate-missing"), "p12", 2, "key-store", True),
    "intermediate-missing-jks": (fault("intermediate-missing-before-root"), "jks", 2, "key-store", True),
    "intermediate-missing-pem": (fault("intermediate-missing"), "pem", 2, "key-store", None),
    "chain-shuffled": (shuffle_chain, "jks", 2, "key-store", False),
    "chain-turned-round": (turn_chain_round, "jks", 2, "key-store", True),
    "declared-as-jceks": (fault("declared-as-jceks"), "p12", 1, "key-store", True),
    "trust-declared-as-jceks": (fault("trust-declared-as-jceks"), "p12", 1, "trust-store", True),
    "declared-as-jks": (other_type, "p12", 2, "key-store", False),
    "declared-as-pkcs12": (other_type, "jks", 2, "key-store", False),
    "alias-not-there": (fault("alias-not-there"), "p12", 1, "key-store", True),
    "alias-in-other-letters": (other_letters, "p12", 1, "key-alias", True),
}


def digests(folder):
    return {path.relative_to(folder): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*")) if path.is_file() and FIXED not in path.parts}


def doctor(program, folder, words, *more, status=None):
    answer = program("doctor", "--json", *words, *more, cwd=folder, env=four_stores.ENVIRONMENT)
    assert status is None or answer.status == status, answer
    return json.loads(answer.out)


def plant(rng, name):
    """A set with that fault, its codes, and the setting that has to be another one afterwards."""
    change, form, tiers, where, _ = REPAIRS[name]
    world = four_stores.World(rng, form, tiers, shared=name.startswith("intermediate"))  # then the peer's chain has what is missing
    side = world.sides[rng.choice(("server", "client"))]
    codes = change(world, side)
    return world, codes, (OTHER[side.name] if name.startswith("ca-") else side.name, where)


def adopt(world, report):
    """The settings that --fix tells; @return their names."""
    changed = []
    for line in report["repaired"]["use"]:
        option, value = shlex.split(line)
        side, what = re.fullmatch("--(server|client)-(.*)", option).groups()
        changed.append((side, what))
        if what == "key-alias":
            world.sides[side].options["key-store-alias"] = value
        else:
            world.sides[side].told["key" if what == "key-store" else "trust"] = value
    return changed


def jvm_refuses(jdk, classes, sets):
    """{name: {protocol: who}} of those sets that a JVM can be given."""
    truth = store_pairs.java(jdk, classes, [(folder, world) for folder, world, *_ in sets.values()])
    names = list(sets)
    return {names[i]: {protocol: who for protocol, (who, _) in of.items()} for i, of in truth.items()}


def python_accepts(folder, world):
    """A handshake of Python's ssl, which is OpenSSL given PEM files as they are."""
    def context(name, kind):
        side = world.sides[name]
        made = ssl.SSLContext(kind)
        made.load_cert_chain(folder / side.told.get("key", side.names["key"]))
        made.load_verify_locations(folder / side.told.get("trust", side.names["trust"]))
        made.check_hostname, made.verify_mode = kind is ssl.PROTOCOL_TLS_CLIENT, ssl.CERT_REQUIRED
        return made

    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context("client", ssl.PROTOCOL_TLS_CLIENT).wrap_bio(down, up, server_hostname=world.host)
    server = context("server", ssl.PROTOCOL_TLS_SERVER).wrap_bio(up, down, server_side=True)
    waiting = {client, server}
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.discard(end)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return False
    return not waiting


def test_each_repair(mutual, jdks, peer_classes, rng, long_run, tmp_path):
    """The fault is found and a JVM pair fails of it; with the new file nothing is found and the pair works; the old files are as they were."""
    sets = {}
    for name in REPAIRS:
        world, codes, setting = plant(random.Random(f"{rng.random()} {name}"), name)
        folder = tmp_path / name
        sets[name] = folder, world, world.write(folder), codes, setting
    truth = jvm_refuses(jdks[-1], peer_classes, sets)
    for name, (folder, world, words, codes, setting) in sets.items():
        before, refused = digests(folder), REPAIRS[name][4]
        plain = doctor(mutual, folder, words)
        assert {f["code"] for f in plain["findings"]} == codes and plain["repaired"] is None, (name, plain)
        assert set(truth[name].values()) - {None} != set() if refused else refused is None or set(truth[name].values()) == {None}, (name, truth)
        if name in truth:
            assert store_pairs.predicted(plain, "jvm") == truth[name], (name, truth[name], plain)
        if world.form == "pem":
            assert not python_accepts(folder, world), name
        report = doctor(mutual, folder, words, "--fix", FIXED)
        assert {f["code"]: bool(f["repaired"]) for f in report["findings"]} == dict.fromkeys(codes, True), (name, report)
        assert report["repaired"]["verdict"] == "ok" and report["repaired"]["findings"] == [], (name, report["repaired"])
        assert adopt(world, report) == [setting], (name, report["repaired"])
        assert digests(folder) == before, name
        again = doctor(mutual, folder, world.words(), status=0)
        assert again["findings"] == [] and again["predictions"] == report["repaired"]["predictions"], (name, again)
        assert len(report["repaired"]["files"]) == (0 if setting[1] == "key-alias" else 1)
        for path in report["repaired"]["files"]:
            keys = setting[1] == "key-store"
            assert (folder / path).stat().st_mode & 0o777 == (0o600 if keys else 0o644), name
            if path.endswith(".p12"):
                proc.run_ok(["openssl", "pkcs12", "-in", folder / path, "-nodes", "-passin", f"pass:{PASSWORD}"])
        if world.form == "pem":
            assert python_accepts(folder, world), name
    for jdk in jdks if long_run else jdks[-1:]:
        for name, answers in jvm_refuses(jdk, peer_classes, sets).items():
            assert set(answers.values()) == {None}, (jdk, name, answers)


def one(rng, tmp_path, name):
    world, _, _ = plant(rng, name)
    return tmp_path, world, world.write(tmp_path)


def test_nothing_is_overwritten(mutual, rng, tmp_path):
    folder, world, words = one(rng, tmp_path, "no-java-attribute")
    report = doctor(mutual, folder, words, "--fix", FIXED, status=4)
    path = folder / report["repaired"]["files"][0]
    written = path.read_bytes(), path.stat().st_mtime_ns
    for where in (FIXED, "."):  # in its own folder the old file is in the way
        again = doctor(mutual, folder, words, "--fix", where, status=2)
        assert again["error"]["code"] == "usage" and "is there already" in again["error"]["message"], again
    path.rename(folder / "kept")
    path.symlink_to("nowhere")
    doctor(mutual, folder, words, "--fix", FIXED, status=2)
    assert not (folder / "nowhere").exists() and (folder / "kept").read_bytes() == written[0]
    assert (folder / "kept").stat().st_mtime_ns == written[1]


def test_what_no_store_can_cure_is_left(mutual, rng, tmp_path):
    """No new file, not even the folder; the fix and the command are as without."""
    for name in ("leaf-expired", "leaf-wrong-purpose", "host-not-named", "key-store-password-wrong", "self-signed", "ca-not-trusted"):
        world = four_stores.World(rng, "p12", 1, shared=False)
        side = world.sides["server"]
        four_stores.FAULTS[name].plant(world, side)
        if name == "ca-not-trusted":
            side.entry.chain = [side.leaf]  # so that the CA is in none of the files
        folder = tmp_path / name
        words = [*world.write(folder), "--at", four_stores.NOW.strftime("%Y-%m-%dT%H:%M:%SZ")]
        plain, report = doctor(mutual, folder, words, status=4), doctor(mutual, folder, words, "--fix", FIXED, status=4)
        assert report == plain and report["repaired"] is None and not (folder / FIXED).exists(), (name, report)


def test_what_cures_nothing_is_not_kept(mutual, rng, tmp_path):
    """Stores know aliases in lower case only: a key that is called as it was asked for would still not be found by Spring Boot."""
    world = four_stores.World(rng, "p12", 1)
    world.sides["server"].options["key-store-alias"] = "Tomcat"
    words = world.write(tmp_path)
    report = doctor(mutual, tmp_path, words, "--fix", FIXED, status=4)
    assert [f["repaired"] for f in report["findings"]] == [None] and report["repaired"] is None and not (tmp_path / FIXED).exists(), report
    assert any("did not cure it" in note for note in report["notes"]), report["notes"]


def test_what_is_left_is_told(mutual, rng, tmp_path):
    folder, world, _ = one(rng, tmp_path, "ca-missing-p12")
    late = ["--at", "2050-01-01"]
    report = doctor(mutual, folder, world.words(), *late, "--fix", FIXED, status=4)
    left = {(f["code"], f["severity"]) for f in report["repaired"]["findings"]}
    assert report["repaired"]["verdict"] == "fail" and left == {("cert-expired", "error")}, report["repaired"]
    assert {f["code"]: bool(f["repaired"]) for f in report["findings"]}["cert-expired"] is False
    (folder / FIXED).rename(folder / "kept")
    answer = mutual("doctor", *world.words(), *late, "--fix", FIXED, cwd=folder, env=four_stores.ENVIRONMENT)
    assert re.search(r'repaired: repaired/\S+: it trusts "CN=.*Root CA.*", SHA-256 ', answer.out), answer
    assert re.search(r"with these: the stores still have cert-expired .*\nuse: +--(server|client)-trust-store repaired/", answer.out), answer


def entries(jdk, path, key_password=None):
    """What keytool says of every entry: alias, date, kind, certificates."""
    out = jdk.keytool_ok("-list", "-v", "-keystore", path, "-storepass", PASSWORD).out
    return dict(re.findall(r"Alias name: (.*)\n((?:.*\n)*?)\n\*{10}", out))


def test_the_rest_of_a_store_stays(mutual, jdk, rng, tmp_path):
    """A secret key, another key and trusted certificates with their dates, in a store that gets a chain; a JKS key's own password."""
    folder, world, words = one(rng, tmp_path, "intermediate-missing-p12")
    side = next(x for x in world.sides.values() if len(x.entry.chain) == 1)
    store = folder / side.names["key"]
    jdk.keytool_ok("-genseckey", "-alias", "seal", "-keyalg", "AES", "-keysize", "256", "-keystore", store, "-storepass", PASSWORD)
    jdk.keytool_ok("-genkeypair", "-alias", "zz", "-keyalg", "EC", "-dname", "CN=zz", "-keystore", store, "-storepass", PASSWORD)
    report = doctor(mutual, folder, words, "--fix", FIXED)
    assert report["findings"][0]["repaired"], report
    old, new = (entries(jdk, path) for path in (store, folder / report["repaired"]["files"][0]))
    assert old.keys() == new.keys() == {side.name, "seal", "zz"}
    assert old["seal"] == new["seal"] and old["zz"] == new["zz"] and "length: 3" in new[side.name] and "length: 3" not in old[side.name]


def test_a_key_keeps_its_own_password(mutual, jdks, peer_classes, rng, tmp_path):
    world, _, _ = plant(rng, "intermediate-missing-jks")
    side = next(x for x in world.sides.values() if len(x.entry.chain) == 2 and x.leaf.issuer not in x.entry.chain)
    side.entry.password, side.options["key-password"] = "another one", "pass:another one"
    words = world.write(tmp_path)
    report = doctor(mutual, tmp_path, words, "--fix", FIXED)
    adopt(world, report)
    assert {f["code"] for f in doctor(mutual, tmp_path, world.words(), status=0)["findings"]} == {"key-password-differs"}
    truth = store_pairs.java(jdks[-1], peer_classes, [(tmp_path, world)])[0]
    assert {who for who, _ in truth.values()} == {None}, truth


def test_settings_are_named_as_they_were_given(mutual, rng, tmp_path):
    """Options, Spring Boot's properties, Java's."""
    world = four_stores.World(rng, "p12", 1, shared=False)
    server, client = world.sides.values()
    four_stores.FAULTS["ca-not-trusted"].plant(world, client)  # the server trusts another CA
    client.java_trust = False
    world.write(tmp_path)
    (tmp_path / "application.properties").write_text(
        f"server.ssl.keyStore=server.p12\nserver.ssl.key-store-password={PASSWORD}\nserver.ssl.trust-store=server-trust.p12\n"
        f"server.ssl.trust-store-password={PASSWORD}\nserver.ssl.client-auth=need\n")
    command = (f"java -Djavax.net.ssl.keyStore=client.p12 -Djavax.net.ssl.keyStorePassword={PASSWORD} "
               f"-Djavax.net.ssl.trustStore=client-trust.p12 -Djavax.net.ssl.trustStorePassword={PASSWORD} -jar c.jar")
    (tmp_path / "c.jar").touch()
    words = ["--config", "application.properties", "--command", command, "--host", world.host, "--fix", FIXED]
    report = doctor(mutual, tmp_path, words, status=4)
    assert report["repaired"]["verdict"] == "ok", report
    assert report["repaired"]["use"] == [f"server.ssl.trust-store=file:{FIXED}/server-trust.p12",
                                         f"-Djavax.net.ssl.trustStore={FIXED}/client-trust.p12"]
    assert PASSWORD not in json.dumps(report)


def test_pem_in_two_files(mutual, rng, tmp_path):
    """A certificate file with its chain the wrong way round; the key beside it is not touched."""
    world = four_stores.World(rng, "pem", 2, shared=True)
    side = world.sides["server"]
    chain = [cert.der() for cert in side.entry.chain]
    world.write(tmp_path)
    (tmp_path / "chain.pem").write_bytes(store_files.pem(*reversed(chain)))
    (tmp_path / "key.pem").write_bytes(store_files.pem(side.entry.key))
    words = ["--server-certificate", "chain.pem", "--server-certificate-private-key", "key.pem", "--client-trust-store", "client-trust.pem",
             "--host", world.host]
    report = doctor(mutual, tmp_path, words, "--fix", FIXED, status=4)
    assert {f["code"] for f in report["findings"]} == {"chain-order-wrong"} and report["repaired"]["verdict"] == "ok", report
    assert report["repaired"]["use"] == [f"--server-certificate {FIXED}/chain.pem"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / FIXED / "chain.pem", tmp_path / "key.pem")
    assert (tmp_path / FIXED / "chain.pem").read_bytes() == store_files.pem(*chain)


def test_usage(mutual, pki, tmp_path):
    answer = mutual("doctor", "--fix", tmp_path, "--log", "-")
    assert answer.status == 2 and "--fix repairs stores" in answer.err, answer
