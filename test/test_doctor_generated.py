"""Sets of four stores with faults planted: mutual doctor finds each and no other, and foresees what real pairs do with them."""
import json
import os
import random

import pytest

from lab import four_stores, proc, store_files, store_pairs

pytestmark = pytest.mark.time_limit(3600)

SETS, SETS_LONG = 40, 2000
HEALTHY, HEALTHY_LONG = 10, 200
TRUTHS, TRUTHS_LONG = 12, 300


@pytest.fixture
def seed(rng, long_run):
    """A fresh one each time under --long; pytest prints it with a failure."""
    fresh = random.SystemRandom().randrange(1 << 32) if long_run else rng.randrange(1 << 32)
    print("seed", fresh)
    return fresh


def examine(program, folder, world):
    return ask(program, folder, world.write(folder))


def ask(program, folder, words):
    answer = program("doctor", "--json", *words, cwd=folder, env=four_stores.ENVIRONMENT)
    report = json.loads(answer.out)
    assert "findings" in report, answer
    assert answer.status == {"ok": 0, "fail": 4}[report["verdict"]], answer
    return report


def errors(report):
    found = {}
    for finding in report["findings"]:
        if finding["severity"] == "error":
            found.setdefault(finding["code"], set()).add(finding["side"])
    return found


def mistake(report, expected):
    found = errors(report)
    right = found.keys() == expected.keys() and all(found[code] & (sides | {"both"}) for code, sides in expected.items())
    return None if right else f"expected {expected}, found {found}"


def planted(seed, count):
    """Every kind in turn, then one or two at random."""
    names = sorted(four_stores.FAULTS)
    start = seed % len(names)
    for i in range(count):
        rng = random.Random(f"{seed} {i}")
        yield four_stores.make(rng, [names[(start + i) % len(names)]] if i % 2 else None)


def test_there_are_forty_kinds():
    assert len(four_stores.FAULTS) >= 40


def test_planted_faults_are_found_and_no_other(mutual, mutual_release, seed, long_run, tmp_path):
    program, wrong = mutual_release if long_run else mutual, []
    for i, (world, faults, expected) in enumerate(planted(seed, SETS_LONG if long_run else SETS)):
        why = mistake(examine(program, tmp_path / str(i), world), expected)
        if why:
            wrong.append(f"{i} ({world.form}, {world.tiers} tiers): {faults}: {why}")
    assert not wrong, f"seed {seed}:\n" + "\n".join(wrong)


def test_healthy_sets_are_healthy(mutual, mutual_release, seed, long_run, tmp_path):
    program, wrong = mutual_release if long_run else mutual, []
    for i in range(HEALTHY_LONG if long_run else HEALTHY):
        world = four_stores.World(random.Random(f"{seed} {i}"))
        report = examine(program, tmp_path / str(i), world)
        if report["findings"] or not all(pair["ok"] for pair in report["predictions"].values()):
            wrong.append(f"{i}: {report}")
    assert not wrong, f"seed {seed}:\n" + "\n".join(wrong)


def test_unusual_and_sound(mutual_release, jdks, peer_classes, seed, long_run, tmp_path):
    """No error, exactly the warnings that are due, and real pairs do as foreseen."""
    sets, wrong = [], []
    variants = list(four_stores.VARIANTS.items()) * (10 if long_run else 1)
    random.Random(seed).shuffle(variants)
    for i, (name, change) in enumerate(variants):
        world = four_stores.World(random.Random(f"{seed} {i}"))
        warnings = change(world)
        report = examine(mutual_release, tmp_path / str(i), world)
        sets.append((tmp_path / str(i), world, report, name))
        found = {finding["code"] for finding in report["findings"]}
        if errors(report) or found != warnings:
            wrong.append(f"{i} {name} ({world.form}, {world.tiers} tiers): expected {warnings}, found {report['findings']}")
    for i, truth in store_pairs.java(jdks[-1], peer_classes, [one[:2] for one in (sets if long_run else sets[:8])]).items():
        wrong += differences(sets[i][2], "jvm", truth, f"JVM, {i} {sets[i][3]}")
    for folder, world, report, name in sets if long_run else sets[:5]:
        wrong += differences(report, "openssl", store_pairs.openssl(folder, world) or {}, f"openssl, {folder.name} {name}")
    assert not wrong, f"seed {seed}:\n" + "\n".join(wrong)


TYPED = {"key-password-differs": "another one\n"}  # for a command that asks: the key's own password
CURED = ["ca-not-trusted", "former-ca-still-trusted", "intermediate-missing", "intermediate-missing-before-root", "self-signed",
         "pin-of-another-certificate", "trust-store-empty", "trust-store-without-java-attribute", "alias-not-there", "key-password-differs",
         "a-jvm-takes-the-other-key"]


def run_command(program, folder, finding):
    tools = folder / "tools"
    tools.mkdir()
    (tools / "mutual").symlink_to(program.path)
    return proc.run_ok(["bash", "-ec", finding["command"]], cwd=folder, input=TYPED.get(finding["code"], ""),
                       env={**four_stores.ENVIRONMENT, "PATH": f"{tools}:{os.environ['PATH']}"})


def test_commands_cure(mutual, seed, long_run, tmp_path):
    """Every command that is printed, for every kind that has one."""
    told, wrong = set(), []
    names = sorted(four_stores.FAULTS)
    for i, name in enumerate(names * 10 if long_run else CURED):
        folder = tmp_path / str(i)
        world, faults, expected = four_stores.make(random.Random(f"{seed} {i}"), [name])
        report, words = examine(mutual, folder, world), None
        for finding in report["findings"]:
            if finding["command"] and finding["severity"] == "error":
                told.add(name)
                run_command(mutual, folder, finding)
                words = [f"{word}.new.p12" if f"{word}.new.p12" in finding["command"] else word for word in world.words()]
                after = ask(mutual, folder, words)
                if after["verdict"] != "ok":
                    wrong.append(f"{faults}, {world.form}: {finding['command']}: {errors(after)}")
    assert not wrong, f"seed {seed}:\n" + "\n".join(wrong)
    assert told >= set(CURED) if long_run else len(told) > len(CURED) // 2, set(CURED) - told


def differences(report, pair, truth, what):
    foreseen = store_pairs.predicted(report, pair)
    return [f"{what}, {protocol}: foreseen {foreseen and foreseen[protocol]}, but {who}: {text}"
            for protocol, (who, text) in truth.items() if foreseen is None or foreseen[protocol] != who]


def made(program, seed, count, folder):
    """(folder, world, report, faults); every tenth set is healthy."""
    sets = []
    for i, (world, faults, _) in enumerate(planted(seed, count)):
        if i % 10 == 9:
            world, faults = four_stores.World(random.Random(f"{seed} healthy {i}")), "healthy"
        where = folder / str(i)
        sets.append((where, world, examine(program, where, world), faults))
    return sets


def test_jvms_do_as_foreseen(mutual_release, jdks, peer_classes, seed, long_run, tmp_path):
    sets = made(mutual_release, seed, TRUTHS_LONG if long_run else TRUTHS, tmp_path)
    wrong = []
    for jdk in jdks if long_run else jdks[-1:]:
        if jdk.version < 17:
            continue
        for i, truth in store_pairs.java(jdk, peer_classes, [one[:2] for one in sets]).items():
            wrong += differences(sets[i][2], "jvm", truth, f"JDK {jdk.version}, {i} {sets[i][3]}")
    assert not wrong, f"seed {seed}:\n" + "\n".join(wrong)


def test_openssl_does_as_foreseen(mutual_release, seed, long_run, tmp_path):
    wrong, told = [], 0
    for i, (folder, world, report, faults) in enumerate(made(mutual_release, seed, TRUTHS_LONG if long_run else TRUTHS, tmp_path)):
        truth = store_pairs.openssl(folder, world)
        told += truth is not None
        wrong += differences(report, "openssl", truth or {}, f"{i} {faults}")
    assert told > 3 and not wrong, f"seed {seed}:\n" + "\n".join(wrong)


def test_what_openssl_refuses_is_not_called_an_anchor(mutual, tmp_path):
    """The former CA stands in the chain of a key in the trust store: a JVM does not trust it, OpenSSL takes it for the issuer."""
    world = next(world for i in range(100) if not (world := four_stores.World(random.Random(i), "jks", 1, shared=False)).identifiers)
    root = world.sides["server"].cas()[-1]
    former = root.again(key=four_stores.KEYS.ec(), starts=-400, ends=root.ends + 100)
    own = four_stores.Cert("own", four_stores.KEYS.ec(), former, identifiers=False)
    words = world.write(tmp_path)
    (tmp_path / "client-trust.jks").write_bytes(store_files.jks([("a", own.key, [own.der(), former.der()], None)], [("ca", root.der())]))
    report = ask(mutual, tmp_path, words)
    assert report["predictions"]["mutual"]["ok"] and report["predictions"]["jvm"]["ok"] and not report["predictions"]["openssl"]["ok"], report
    (finding,) = report["findings"]
    assert finding["severity"] == "warning" and finding["code"] == report["predictions"]["openssl"]["code"] != "intermediate-only-anchor"
    assert "OpenSSL's programs refuse server.jks" in finding["evidence"][0], report
    (tmp_path / "ca.pem").write_bytes(store_files.pem(own.der(), former.der(), root.der()))
    (tmp_path / "leaf.pem").write_bytes(store_files.pem(world.sides["server"].leaf.der()))
    real = proc.run(["openssl", "verify", "-no-CApath", "-CAfile", tmp_path / "ca.pem", tmp_path / "leaf.pem"])
    assert real.status != 0 and "certificate signature failure" in real.err, real


def test_a_client_key_store_without_a_key(mutual, tmp_path):
    """s_client does not start with it; a JVM presents nothing."""
    world = four_stores.World(random.Random(1), "p12", 1, shared=True)
    four_stores.FAULTS["no-private-key"].plant(world, world.sides["client"])
    report = examine(mutual, tmp_path, world)
    assert errors(report) == {"keystore-no-private-key": {"client"}}
    assert report["predictions"]["openssl"] == {"ok": False, "refusedBy": "client", "code": "keystore-no-private-key"}
    assert report["predictions"]["jvm"]["refusedBy"] == "server"
    pem = proc.run_ok(["openssl", "pkcs12", "-in", tmp_path / "client.p12", "-nodes", "-passin", f"pass:{four_stores.PASSWORD}"]).out
    (tmp_path / "client.pem").write_text(pem)
    real = proc.run(["openssl", "s_client", "-connect", "127.0.0.1:1", "-cert", tmp_path / "client.pem"])
    assert real.status != 0 and "private key" in real.err and "connect" not in real.err.lower(), real


def test_fixes_name_the_doctors_options(mutual, tmp_path):
    for i, (name, form) in enumerate([("key-password-differs", "p12"), ("key-password-wrong", "jks"), ("other-keys-password-differs", "jks"),
                                      ("pem-key-encrypted", "pem")]):
        world = four_stores.World(random.Random(1), form, 1)
        four_stores.FAULTS[name].plant(world, world.sides["server"])
        fixes = [finding["fix"] for finding in examine(mutual, tmp_path / str(i), world)["findings"]]
        assert len(fixes) == 1 and " --key-password" not in fixes[0], fixes
        assert "--server-key-password" in fixes[0] or name == "other-keys-password-differs", fixes
