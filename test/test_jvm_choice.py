"""What inspect says a JVM picks is what real JVMs pick: SunX509 and PKIX, stores with one key and with many."""
import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab import proc

PASSWORD = "changeit"
FEW_ITERATIONS = {"keystore.pkcs12.keyPbeIterationCount": "100", "keystore.pkcs12.certPbeIterationCount": "100",
                  "keystore.pkcs12.macIterationCount": "100", "jdk.jceks.iterationCount": "10000"}  # the order is what matters here
SERVER, CLIENT, CODE, ANY = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CODE_SIGNING,
                             ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
SGC = x509.ObjectIdentifier("2.16.840.1.113730.4.1")
EXTENDED = [None, [SERVER], [CLIENT], [SERVER, CLIENT], [CODE], [ANY], [SGC]]
USAGES = [None, "digital_signature", "digital_signature key_agreement", "key_encipherment", "key_agreement"]
DAYS = [(-1, 30), (-10, -5), (5, 10)]
BITS = ("digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign encipher_only "
        "decipher_only").split()
LETTERS = "abcdefghijklmnopqrstuvwxyz-_.0123456789 äß漢😀"


def make_part(path, key, extended, usage, days, *, trusted=False):
    """PATH.crt, self-signed, and PATH.p8 unless it is to be trusted."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, path.name)])
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
               .not_valid_before(now + datetime.timedelta(days=days[0])).not_valid_after(now + datetime.timedelta(days=days[1])))
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), False)
    if usage:
        builder = builder.add_extension(x509.KeyUsage(**{bit: bit in usage.split() for bit in BITS}), True)
    cert = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    path.with_suffix(".crt").write_bytes(cert.public_bytes(serialization.Encoding.DER))
    if not trusted:
        path.with_suffix(".p8").write_bytes(key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                                              serialization.NoEncryption()))


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Every mixture of purpose, usage and dates, for keys of three types: {path: is a key}"""
    folder = tmp_path_factory.mktemp("parts")
    keys = {"ec": ec.generate_private_key(ec.SECP256R1()), "ed": ed25519.Ed25519PrivateKey.generate(),
            "rsa": rsa.generate_private_key(65537, 2048)}
    made = {}
    for kind, key in keys.items():
        for e, extended in enumerate(EXTENDED):
            for u, usage in enumerate(USAGES):
                for d, days in enumerate(DAYS):
                    path = folder / f"{kind}{e}{u}{d}"
                    make_part(path, key, extended, usage, days)
                    made[path] = True
    make_part(folder / "trusted", keys["ec"], None, None, DAYS[0], trusted=True)
    return made | {folder / "trusted": False}


def make_list(rng, parts, path, kind, count):
    """Lines for AliasChoice: random names for random keys, and some trusted certificates, which count in the order of a JKS."""
    keys = [part for part, is_key in parts.items() if is_key]
    trusted = next(part for part, is_key in parts.items() if not is_key)
    aliases = {}
    while len(aliases) < count:
        alias = "".join(rng.choice(LETTERS) for _ in range(rng.randrange(1, 9))).strip() or "x"
        aliases[alias] = trusted if aliases and rng.random() < 0.2 else rng.choice(keys)
    return [f"{path}\t{kind}\t{alias}\t{part}\n" for alias, part in aliases.items()]


def predicted(mutual, paths):
    """{(store, type, manager): "server alias|client alias"}, without those that name none."""
    result = mutual("inspect", *paths, "--key-store-password", PASSWORD, "--json")
    assert result.status == 0, result
    choices = {}
    for store in json.loads(result.out)["stores"]:
        for entry in store["entries"]:
            if entry["kind"] != "key":
                continue
            words = entry["chain"][0]["key"].split()
            for manager, roles in entry["jvm"].items():
                pair = choices.setdefault((store["path"], "EdDSA" if words[0].startswith("Ed") else words[1], manager), ["-", "-"])
                for i, role in enumerate(("server", "client")):
                    if role in roles:
                        assert pair[i] == "-", store
                        pair[i] = entry["alias"]
    return {key: "|".join(pair) for key, pair in choices.items()}


def chosen(jdk, peer_classes, paths):
    utf8 = {"file.encoding": "UTF-8", "stdout.encoding": "UTF-8", "sun.stdout.encoding": "UTF-8"}
    result = proc.run_ok(jdk.java("AliasChoice", "choose", PASSWORD, *paths, classes=peer_classes, properties=utf8))
    lines = [line.split(" ", 3) for line in result.out.splitlines()]
    return {(path, kind, manager): aliases for path, kind, manager, aliases in lines if aliases != "-|-"}


@pytest.mark.parametrize("kind, suffix", [("PKCS12", "p12"), ("JKS", "jks"), pytest.param("JCEKS", "jceks", marks=pytest.mark.long)])
def test_choice_is_the_jvms(mutual, jdks, peer_classes, parts, rng, tmp_path, long_run, kind, suffix):
    sizes = [1, 2, 2, 3, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 20, 26, 40, 60] * (20 if long_run else 1)
    paths = [str(tmp_path / f"{number}.{suffix}") for number in range(len(sizes))]
    plan = tmp_path / "plan"
    plan.write_text("".join(line for path, size in zip(paths, sizes) for line in make_list(rng, parts, path, kind, size)))
    quick = {f"keystore.pkcs12.{what}IterationCount": 10 for what in ("keyPbe", "certPbe", "mac")}
    proc.run_ok(jdks[-1].java("AliasChoice", "make", PASSWORD, plan, classes=peer_classes, properties={"file.encoding": "UTF-8", **quick}))
    ours = predicted(mutual, paths)
    assert len(ours) > len(paths)
    for jdk in jdks:
        theirs = chosen(jdk, peer_classes, paths)
        assert {key: (ours.get(key), theirs.get(key)) for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)} == {}, jdk
