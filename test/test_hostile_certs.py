"""Certificates made to cost the one who looks at them: verify, inspect, a server and a client spend little, name what refuses them,
and go on."""
import contextlib
import datetime
import pathlib
import re
import socket
import ssl
import threading

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab import proc, web
from lab.der import ctx, integer, octets, oid, seq, set_of, tlv

CPU_S = 1  # far above what is measured (docs/evidence.md), far below what these certificates are made for
START = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
SHA256_ECDSA = seq(oid("1.2.840.10045.4.3.2"))
RAW = {"san": "2.5.29.17", "constraints": "2.5.29.30", "policies": "2.5.29.32", "mappings": "2.5.29.33", "eku": "2.5.29.37"}


def dn(text):
    return seq(set_of(seq(oid("2.5.4.3"), tlv(12, text.encode())))) if isinstance(text, str) else text


def spki(key):
    return key if isinstance(key, bytes) else key.public_key().public_bytes(serialization.Encoding.DER,
                                                                           serialization.PublicFormat.SubjectPublicKeyInfo)


def when(days):
    return tlv(0x17, (START + datetime.timedelta(days=days)).strftime("%y%m%d%H%M%SZ").encode())


def make(subject, key, issuer, issuer_key, *, ca=False, serial=7, **raw):
    """DER of a certificate, put together by hand so that nothing is too odd for it. issuer_key None: the signature is noise.
    Further arguments are extensions by name (or dotted as _1_2_3): their DER."""
    extensions = [seq(oid("2.5.29.19"), tlv(1, b"\xff"), octets(seq(tlv(1, b"\xff")) if ca else seq()))]
    extensions += [seq(oid(RAW[name]), octets(value)) if name in RAW else value for name, value in raw.items()]
    tbs = seq(ctx(0, integer(2)), integer(serial), SHA256_ECDSA, dn(issuer), seq(when(0), when(300)), dn(subject), spki(key),
              ctx(3, seq(*extensions)))
    signature = issuer_key.sign(tbs, ec.ECDSA(hashes.SHA256())) if issuer_key else b"\x30\x06\x02\x01\x05\x02\x01\x05"
    return seq(tbs, SHA256_ECDSA, tlv(3, b"\0" + signature))


def big_rsa(bits):
    """A public key; nobody can sign with it, but everybody can try to verify."""
    number = (1 << (bits - 1)) | (0x1234567 << (bits // 2)) | 1
    return seq(seq(oid("1.2.840.113549.1.1.1"), tlv(5, b"")), tlv(3, b"\0" + seq(integer(number), integer(65537))))


def explicit_curve(key):
    """P-256 by its numbers instead of its name."""
    p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff
    b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
    n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
    g = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b"
                      "315ececbb6406837bf51f5")
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    curve = seq(octets((p - 3).to_bytes(32, "big")), octets(b.to_bytes(32, "big")))
    parameters = seq(integer(1), seq(oid("1.2.840.10045.1.1"), integer(p)), curve, octets(g), integer(n), integer(1))
    return seq(seq(oid("1.2.840.10045.2.1"), parameters), tlv(3, b"\0" + point))


def sans(count, ending=""):
    return seq(*(tlv(0x82, f"{i:05}{ending}".encode()) for i in range(count)))


def policy_bomb(key, root_key, depth):
    """Each level maps each of ten policies to all ten: ten to the depth nodes, unless someone counts."""
    issuer, issuer_key, chain = "Root", root_key, []
    policies = [oid(f"1.3.{i}") for i in range(1, 11)]
    listed = seq(*(seq(policy) for policy in policies))
    for level in range(depth):
        mappings = seq(*(seq(a, b) for a in policies for b in policies))
        chain.insert(0, make(f"P{level}", key, issuer, issuer_key, ca=True, policies=listed, mappings=mappings))
        issuer, issuer_key = f"P{level}", key
    return [make("leaf", key, issuer, issuer_key, policies=listed), *chain]


def constrained(key, root_key, names, subtrees):
    """That many names, each of which is compared with that many subtrees: only the last of them permits it."""
    permitted = b"".join(seq(tlv(0x82, f"{i:05}.y".encode())) for i in range(subtrees - 1)) + seq(tlv(0x82, b"z"))
    return [make("leaf", key, "N", key, san=sans(names, ".z")),
            make("N", key, "Root", root_key, ca=True, constraints=seq(tlv(0xa0, permitted)))]


LIMIT, LARGE, UNTRUSTED = "store-limit-exceeded", "handshake-message-too-large", "client-ca-not-trusted"


def bombs(key, root_key):
    """Name, chain (leaf first), what verify says, what a server says to it."""
    def leaf(issuer="Root", issuer_key=root_key, **options):
        return make(options.pop("subject", "leaf"), options.pop("key", key), issuer, issuer_key, **options)

    def ca(subject, issuer="Root", issuer_key=root_key, **options):
        return make(subject, options.pop("key", key), issuer, issuer_key, ca=True, **options)

    def long_oid(size):
        return tlv(6, b"\x2a" + b"\x86" * size + b"\x01")

    yield "10,000 names, 81 kB", [leaf(san=sans(10_000, "x"))], "ok", LARGE
    yield "10,000 names, 211 kB", [leaf(san=sans(10_000, ".host.example.org"))], "ok", LARGE
    yield "7,000 names, 56 kB", [leaf(san=sans(7_000, "x"))], "ok", "ok"
    links = [ca(f"C{i}", f"C{i - 1}" if i else "Root", key if i else root_key) for i in range(100)]
    yield "chain of 100", [leaf("C99", key), *reversed(links)], "verify-depth-too-small", "verify-depth-too-small"
    yield "loop", [leaf("A", key), ca("A", "B", key), ca("B", "A", key)], "ca-not-trusted", UNTRUSTED
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(90)]
    yield "90 CAs of one name", [leaf("A", key), *(ca("A", "A", one, key=one) for one in keys)], "ca-not-trusted", UNTRUSTED
    yield "RSA 16384 above", [leaf("Big", None), ca("Big", key=big_rsa(16384))], "ca-not-trusted", UNTRUSTED
    yield "explicit curve", [leaf(key=explicit_curve(key))], "algorithm-unavailable", "algorithm-unavailable"
    yield "explicit curve above", [leaf("X", key), ca("X", key=explicit_curve(key))], "algorithm-unavailable", "algorithm-unavailable"
    yield "OID of 1 MB", [leaf(bomb=seq(long_oid(1_000_000), octets(b"\5\0")))], "ok", LARGE
    yield "OID of 50 kB", [leaf(bomb=seq(long_oid(50_000), octets(b"\5\0")))], "ok", "ok"
    yield "OID of 50 kB as a purpose", [leaf(eku=seq(long_oid(50_000)))], "ok", "eku-missing-clientauth"
    yield "OID of 50 kB in the name", [leaf(subject=seq(set_of(seq(long_oid(50_000), tlv(12, b"x")))))], "ok", "ok"
    yield "10,000 arcs in the name", [leaf(subject=seq(set_of(seq(tlv(6, b"\x2a" + b"\3" * 10_000), tlv(12, b"x")))))], "ok", "ok"
    yield "2,000 parts of a name", [leaf(subject=seq(*(set_of(seq(oid("2.5.4.3"), tlv(12, b"x"))) for _ in range(2_000))))], "ok", "ok"
    yield "serial number of 50 kB", [leaf(serial=1 << 400_000)], "ok", "ok"
    yield "a million comparisons of names", constrained(key, root_key, 700, 1_400), "ok", "ok"
    yield "two million comparisons of names", constrained(key, root_key, 1_400, 1_500), LIMIT, LIMIT
    yield "ten policies mapped to ten, eight times", policy_bomb(key, root_key, 8), LIMIT, LIMIT


class Folder:
    """Where the files are, in the shape that web.Server asks for."""

    def __init__(self, folder):
        self.folder = folder
        self.key, self.root_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.put("root", [make("Root", self.root_key, "Root", self.root_key, ca=True)])
        self.put("server", [make("server", self.key, "Root", self.root_key, san=seq(tlv(0x87, b"\x7f\0\0\1")))])
        self.put("client", [make("client", self.key, "Root", self.root_key)])
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        for name in ("server", "client", "bomb"):
            self.path(name, "key").write_bytes(key)
        self.bombs = list(bombs(self.key, self.root_key))

    def path(self, name, ending):
        return self.folder / f"{name}.{ending}"

    def put(self, name, chain):
        self.path(name, "crt").write_text("".join(ssl.DER_cert_to_PEM_cert(cert) for cert in chain))
        return self.path(name, "crt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return Folder(tmp_path_factory.mktemp("hostile"))


def bounded(program, *args):
    """Run under a limit that the kernel keeps."""
    return proc.run(["prlimit", f"--cpu={CPU_S}", program.path, *args])


def causes(result):
    return set(re.findall(r"\[([a-z0-9-]+)\]", result.out + result.err))


def test_verify_and_inspect(mutual_release, folder):
    for label, chain, code, _ in folder.bombs:
        path = folder.put("bomb", chain)
        result = bounded(mutual_release, "verify", path, "--trust", folder.path("root", "crt"))
        assert result.status == (0 if code == "ok" else 4) and code in causes(result), (label, str(result)[:2000])
        for options in ([], ["--json"]):
            assert bounded(mutual_release, "inspect", *options, path).status in (0, 4), label


def spent_s(pid):
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def ask(server, identity):
    """What a client gets that shows that certificate: "200", or nothing after a refusal."""
    try:
        with web.connect(server, identity) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return str(web.read_response(tls)[0])
    except (ssl.SSLError, ConnectionError):
        return None


@pytest.mark.parametrize("part", range(3))
def test_a_server_says_why_and_serves_the_next(mutual_release, folder, part):
    """A third of them for each server, which logs ten refusals a second."""
    server = web.Server(mutual_release, folder, "--workers", "1")
    refused = []
    assert ask(server, "client") == "200"
    for label, chain, _, code in folder.bombs[part::3]:
        folder.put("bomb", chain)
        before_s = spent_s(server.pid)
        assert ask(server, "bomb") == ("200" if code == "ok" else None), label
        refused += [] if code == "ok" else [code]
        assert not refused or [line["cause"] for line in server.refusals(len(refused))] == refused, label
        assert spent_s(server.pid) - before_s < CPU_S, label
        assert ask(server, "client") == "200", label


def test_a_client_says_why(mutual_release, folder):
    as_client = {"ok": "ip-san-missing", UNTRUSTED: "ca-not-trusted", "eku-missing-clientauth": "eku-missing-serverauth"}
    for label, chain, _, code in folder.bombs:
        folder.put("bomb", chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder.path("bomb", "crt"), folder.path("bomb", "key"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve_once, args=(listener, context))
            thread.start()
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            result = bounded(mutual_release, "get", url, "--trust-certificate", folder.path("root", "crt"))
            thread.join()
        assert as_client.get(code, code) in causes(result), (label, str(result)[:2000])


def serve_once(listener, context):
    raw, _ = listener.accept()
    with raw, contextlib.suppress(OSError):
        with context.wrap_socket(raw, server_side=True) as tls:
            tls.recv(1000)
