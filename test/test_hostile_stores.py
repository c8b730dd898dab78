"""Stores made to waste time and memory, or to be understood differently by every reader: each answered with a cause, within bounds."""
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lab import der, proc
from lab.der import ctx, integer, octets, oid, seq, set_of, tlv

PASSWORD = "changeit"
CPU_S, MEMORY = 2, 256 << 20
DATA, ENCRYPTED = oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.7.6")
NULL = tlv(5, b"")
SHA256 = seq(oid("2.16.840.1.101.3.4.2.1"), NULL)
HMAC_SHA256 = seq(oid("1.2.840.113549.2.9"), NULL)
ABSURD = {"0": 0, "negative": -1, "5,000,001": 5_000_001, "2^31-1": 2**31 - 1, "2^63": 2**63}
LIMIT, DAMAGED = "store-limit-exceeded", "store-damaged"


def pbkdf2(iterations, salt=octets(b"saltsalt"), key_len=b""):
    return seq(oid("1.2.840.113549.1.5.12"), seq(salt, integer(iterations), key_len, HMAC_SHA256))


def pbes2(iterations, **options):
    return seq(oid("1.2.840.113549.1.5.13"), seq(pbkdf2(iterations, **options), seq(oid("2.16.840.1.101.3.4.1.42"), octets(b"i" * 16))))


def pbmac1(key_len, iterations=1):
    return seq(oid("1.2.840.113549.1.5.14"), seq(pbkdf2(iterations, key_len=key_len), HMAC_SHA256))


def mac(algorithm=SHA256, salt=b"saltsalt", iterations=1):
    return seq(seq(algorithm, octets(b"m" * 32)), octets(salt), integer(iterations))


def encrypted(iterations, **options):
    return seq(ENCRYPTED, ctx(0, seq(integer(0), seq(DATA, pbes2(iterations, **options), tlv(0x80, b"\x11" * 32)))))


def plain(*bags):
    return seq(DATA, ctx(0, octets(seq(*bags))))


def pfx(*parts, mac=b""):
    return seq(integer(3), seq(DATA, ctx(0, octets(seq(*parts)))), mac)


def bag(kind, value, *attributes):
    return seq(oid("1.2.840.113549.1.12.10.1." + kind), ctx(0, value), set_of(*attributes) if attributes else b"")


def name(text):
    return seq(oid("1.2.840.113549.1.9.20"), set_of(tlv(0x1e, text)))


def cert_bag(cert, *attributes):
    return bag("3", seq(oid("1.2.840.113549.1.9.22.1"), ctx(0, octets(cert))), *attributes)


def key_bag(iterations, alias):
    return bag("2", seq(pbes2(iterations), octets(b"\x11" * 32)), name(alias.encode("utf-16-be")))


TRUSTED = seq(oid("2.16.840.1.113894.746875.1.1"), set_of(oid("2.5.29.37.0")))


def in_ber(cert):
    """The same store as others write it: indefinite lengths, and the content cut in two."""
    content = seq(plain(cert_bag(cert, TRUSTED)))
    cut = der.indefinite(0x24, octets(content[:99]), octets(content[99:]))
    return der.indefinite(0x30, integer(3), der.indefinite(0x30, DATA, der.indefinite(0xa0, cut)))


def refused(cert):
    """What no reader may accept: name, bytes, the causes that may be named."""
    good = pfx(plain(cert_bag(cert, TRUSTED)))
    for label, count in ABSURD.items():
        code = DAMAGED if count < 1 else LIMIT
        yield f"MAC of {label} iterations", pfx(mac=mac(iterations=count)), code
        yield f"PBMAC1 of {label} iterations", pfx(mac=mac(pbmac1(integer(32), count))), code
        yield f"part of {label} iterations", pfx(encrypted(count)), code
    yield "1,000 parts just below the limit", pfx(*[encrypted(4_999_999)] * 1000), LIMIT
    yield "1,000 parts and a MAC just below the limit", pfx(*[encrypted(4_999_999)] * 1000, mac=mac(iterations=4_999_999)), LIMIT
    yield "10,000 levels", pfx(mac=b"\x30\x80" * 10_000), LIMIT
    yield "10,000 levels inside", seq(integer(3), seq(DATA, ctx(0, b"\x30\x80" * 10_000))), LIMIT
    yield "10,000 levels of strings", seq(integer(3), seq(DATA, ctx(0, b"\x24\x80" * 10_000))), LIMIT
    yield "PBMAC1 without a key length", pfx(mac=mac(pbmac1(b""))), DAMAGED
    yield "PBMAC1 with a short key", pfx(mac=mac(pbmac1(integer(8)))), DAMAGED
    yield "MAC with 1 MB of salt", pfx(mac=mac(salt=b"s" * (1 << 20))), LIMIT
    yield "part with 1 MB of salt", pfx(encrypted(1, salt=octets(b"s" * (1 << 20)))), LIMIT
    yield "length of 2^64", seq(integer(3), seq(DATA, b"\xa0\x89\x01" + b"\0" * 8 + octets(seq()))), DAMAGED
    yield "odd-length BMPString", pfx(plain(cert_bag(cert, name(b"\0a\0"), TRUSTED))), DAMAGED
    yield "a length longer than the file", tlv(0x30, good[4:], length=2**31), DAMAGED
    yield "indefinite and without end", in_ber(cert)[:-4], DAMAGED
    yield "another tag inside a string", der.indefinite(0x30, integer(3), seq(DATA, ctx(0, der.indefinite(0x24, integer(1))))), DAMAGED


def accepted(cert):
    """Odd, but with one meaning."""
    good = pfx(plain(cert_bag(cert, TRUSTED)))
    yield "as it should be", good
    yield "BER", in_ber(cert)
    yield "trailing bytes", good + b"\0" * 1000
    yield "long-form length", b"\x30\x84" + (len(good) - 4).to_bytes(4, "big") + good[4:]
    yield "1,000 keys just below the limit", pfx(plain(cert_bag(cert, TRUSTED), *[key_bag(4_999_999, f"k{i}") for i in range(1000)]))


@pytest.fixture(scope="module")
def cert(pki):
    return x509.load_pem_x509_certificate(pki.path("root", "crt").read_bytes()).public_bytes(Encoding.DER)


@pytest.fixture
def readers(mutual_release, pki, tmp_path):
    """A function: a store's bytes to the result of each command that reads it, under limits that the kernel keeps: beyond them there
    is no exit status of ours."""
    path = tmp_path / "store.p12"
    identity = ["--key-store", path, "--key-store-password", f"pass:{PASSWORD}"]
    commands = {
        "keytool": ["keytool", "-list", "-v", "-keystore", path, "-storepass", PASSWORD],
        "verify": ["verify", pki.path("server", "crt"), "--trust-store", path, "--trust-store-password", f"pass:{PASSWORD}"],
        "serve": ["serve", "--listen", "127.0.0.1:0", *identity, "--client-auth", "none"],
        "get": ["get", "https://127.0.0.1:1/", *identity, "--trust-certificate", pki.path("root", "crt")],
    }

    def run(data, *names):
        path.write_bytes(data)
        for name in names or commands:
            yield name, proc.run(["prlimit", f"--cpu={CPU_S}", f"--as={MEMORY}", mutual_release.path, *commands[name]])
    return run


def causes(result):
    return set(re.findall(r"\[([a-z0-9-]+)\]", result.out + result.err))


def test_refused_with_a_cause(readers, cert):
    for label, data, code in refused(cert):
        for command, result in readers(data):
            assert result.status == (1 if command == "keytool" else 3), (label, result)
            assert causes(result) == {code}, (label, result)


def test_odd_and_yet_clear(readers, cert):
    for label, data in accepted(cert):
        for command, result in readers(data, "keytool", "verify"):
            assert result.status == 0, (label, result)


def test_truncation(readers, cert, long_run):
    """At every byte with --long; the unit tests do that for the library every day."""
    whole = pfx(plain(cert_bag(cert, TRUSTED)), mac=mac())
    for size in range(0, len(whole), 1 if long_run else 97):
        for command, result in readers(whole[:size], "verify"):
            assert result.status == 3 and causes(result), (size, result)
