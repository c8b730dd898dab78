"""PKCS12 and JKS files written by hand, right or with one thing wrong, in a millisecond and without a tool.

Source: RFC 7292 and the attributes that the JDK adds; OpenJDK's JavaKeyStore.
"""
import base64
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import ciphers, hashes, serialization
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from .der import ctx, integer, octets, oid, seq, set_of, tlv

_ROUNDS = 1000
_DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_KEY_BAG, _SHROUDED, _CERT_BAG = "1.2.840.113549.1.12.10.1.1", "1.2.840.113549.1.12.10.1.2", "1.2.840.113549.1.12.10.1.3"
_X509 = "1.2.840.113549.1.9.22.1"
_FRIENDLY, _LOCAL, _TRUST = "1.2.840.113549.1.9.20", "1.2.840.113549.1.9.21", "2.16.840.1.113894.746875.1.1"
_SHA256 = seq(oid("2.16.840.1.101.3.4.2.1"), tlv(5, b""))


def der(cert):
    return cert if isinstance(cert, bytes) else cert.public_bytes(serialization.Encoding.DER)


def pkcs8(key, password=None):
    how = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, how)


def _attribute(name, *values):
    return seq(oid(name), set_of(*values))


def _attributes(alias=None, local=None, trusted=False):
    found = []
    if alias is not None:
        found.append(_attribute(_FRIENDLY, tlv(0x1e, alias.encode("utf-16-be"))))
    if local is not None:
        found.append(_attribute(_LOCAL, octets(local)))
    if trusted:
        found.append(_attribute(_TRUST, oid("2.5.29.37.0")))
    return set_of(*found) if found else b""


def _bag(kind, value, attributes):
    return seq(oid(kind), ctx(0, value), attributes)


def _cert_bag(cert, **attributes):
    return _bag(_CERT_BAG, seq(oid(_X509), ctx(0, octets(der(cert)))), _attributes(**attributes))


def _encrypt(data, password):
    salt, iv = hashlib.sha256(data).digest()[:16], hashlib.sha256(data + b"iv").digest()[:16]
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, _ROUNDS).derive(password.encode())
    pad = 16 - len(data) % 16
    engine = ciphers.Cipher(ciphers.algorithms.AES(key), ciphers.modes.CBC(iv)).encryptor()
    kdf = seq(oid("1.2.840.113549.1.5.12"), seq(octets(salt), integer(_ROUNDS), seq(oid("1.2.840.113549.2.9"), tlv(5, b""))))
    scheme = seq(oid("1.2.840.113549.1.5.13"), seq(kdf, seq(oid("2.16.840.1.101.3.4.1.42"), octets(iv))))
    return scheme, engine.update(data + bytes([pad]) * pad) + engine.finalize()


def _mac_key(password, salt):
    """RFC 7292 B.2 for a MAC, with SHA-256."""
    secret = password.encode("utf-16-be") + b"\0\0"
    fill = lambda text: (text * 64)[:64 * -(-len(text) // 64)] if text else b""
    value = bytes([3]) * 64 + fill(salt) + fill(secret)
    for _ in range(_ROUNDS):
        value = hashlib.sha256(value).digest()
    return value


def pkcs12(keys=(), trusted=(), *, password="changeit", java_trust=True):
    """keys: (alias, key, chain, password of the key or None) each; trusted: (alias, certificate)."""
    certs, shrouded = [], []
    for alias, key, chain, own in keys:
        local = hashlib.sha1(alias.encode()).digest()
        scheme, secret = _encrypt(pkcs8(key), own or password)
        shrouded.append(_bag(_SHROUDED, seq(scheme, octets(secret)), _attributes(alias=alias, local=local)))
        certs += [_cert_bag(cert, **({"alias": alias, "local": local} if i == 0 else {})) for i, cert in enumerate(chain)]
    certs += [_cert_bag(cert, alias=alias, trusted=java_trust) for alias, cert in trusted]
    safes = []
    if certs:
        scheme, secret = _encrypt(seq(*certs), password)
        safes.append(seq(oid(_ENCRYPTED), ctx(0, seq(integer(0), seq(oid(_DATA), scheme, tlv(0x80, secret))))))
    if shrouded:
        safes.append(seq(oid(_DATA), ctx(0, octets(seq(*shrouded)))))
    content = seq(*safes)
    salt = hashlib.sha256(content).digest()[:20]
    mac = hmac.new(_mac_key(password, salt), content, hashlib.sha256).digest()
    return seq(integer(3), seq(oid(_DATA), ctx(0, octets(content))), seq(seq(_SHA256, octets(mac)), octets(salt), integer(_ROUNDS)))


def _utf(text):
    return struct.pack(">H", len(text.encode())) + text.encode()


def _block(data):
    return struct.pack(">I", len(data)) + data


def _jks_protect(plain, password):
    secret, salt = password.encode("utf-16-be"), hashlib.sha1(plain).digest()
    stream, last = b"", salt
    while len(stream) < len(plain):
        last = hashlib.sha1(secret + last).digest()
        stream += last
    hidden = bytes(a ^ b for a, b in zip(plain, stream))
    return seq(seq(oid("1.3.6.1.4.1.42.2.17.1.1"), tlv(5, b"")), octets(salt + hidden + hashlib.sha1(secret + plain).digest()))


def jks(keys=(), trusted=(), *, password="changeit", java_trust=True):
    assert java_trust
    body = struct.pack(">III", 0xfeedfeed, 2, len(keys) + len(trusted))
    for alias, key, chain, own in keys:
        body += struct.pack(">I", 1) + _utf(alias) + struct.pack(">Q", 1700000000000) + _block(_jks_protect(pkcs8(key), own or password))
        body += struct.pack(">I", len(chain)) + b"".join(_utf("X.509") + _block(der(cert)) for cert in chain)
    for alias, cert in trusted:
        body += struct.pack(">I", 2) + _utf(alias) + struct.pack(">Q", 1700000000000) + _utf("X.509") + _block(der(cert))
    return body + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def pem(*parts):
    """Certificates (also as DER) and private keys."""
    out = ""
    for part in parts:
        private = hasattr(part, "private_bytes")
        text = base64.encodebytes(pkcs8(part) if private else der(part)).decode().replace("\n", "")
        label = "PRIVATE KEY" if private else "CERTIFICATE"
        lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
        out += f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
    return out.encode()
