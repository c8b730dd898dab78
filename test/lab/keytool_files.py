"""What a keytool wrote, field by field, without what is new each time: numbers, moments, signatures and, if the key is new, the key."""
import base64
import datetime
import re

from .keytool import der_items as items

PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n(.*?)-----END \1-----(\r?\n)?", re.S)
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
_KEY_ID = bytes.fromhex("551d0e")  # the OID subjectKeyIdentifier


def _tree(data):
    """[(tag, content)]; the content of what is constructed is such a list itself."""
    return [(tag, _tree(content) if tag & 0x20 else content) for tag, content, _ in items(data)]


def _show(tree, start=None):
    """Nested lists of text; a moment is what it is after the first one."""
    shown = []
    for tag, content in tree:
        if tag in _TIMES:
            moment = datetime.datetime.strptime(content.decode(), _TIMES[tag])
            start = start or moment
            shown.append(f"{tag:02x} start + {moment - start}")
        elif isinstance(content, list):
            shown.append([f"{tag:02x}", *_show(content, start)])
        else:
            shown.append(f"{tag:02x} {content.hex()}")
    return shown


def _hide_key(extension):
    """An extension; of subjectKeyIdentifier only its length."""
    tag, parts = extension
    return (tag, [*parts[:-1], (4, b"%d bytes" % len(parts[-1][1]))]) if parts[0] == (6, _KEY_ID) else extension


def _raw(whole, *path):
    """The bytes of an element: of the first element's part with that number, of its part …"""
    for number in path:
        whole = [data for _, _, data in items(next(items(whole))[1])][number]
    return whole


def _new_key(data):
    return 4, b"a new key of %d bytes" % len(data)


def _certificate(tbs, known_keys, whole):
    version, number, algorithm, issuer, validity, subject, key, (tag, ((list_tag, extensions),)) = tbs
    data = _raw(whole, 0, 6)
    assert 0 < int.from_bytes(number[1], "big", signed=True) < 1 << 64, "the serial number"
    if data not in known_keys:
        key, extensions = _new_key(data), [_hide_key(extension) for extension in extensions]
    return [version, algorithm, issuer, validity, subject, key, (tag, [(list_tag, extensions)])]


def _request(tbs, known_keys, whole):
    data = _raw(whole, 0, 2)
    if data in known_keys:
        return tbs
    version, subject, _, (tag, attributes) = tbs
    hidden = [(a, [oid, (s, [(list_tag, [_hide_key(extension) for extension in extensions]) for list_tag, extensions in lists])])
              for a, (oid, (s, lists)) in attributes]
    return [version, subject, _new_key(data), (tag, hidden)]


def _is_sequence(data):
    """One DER sequence: a signature of two numbers. An RSA signature may begin with the same byte."""
    header = 3 if data[1] == 0x81 else 2
    return data[0] == 0x30 and header + data[header - 1] == len(data)


def describe_der(data, known_keys=()):
    """One certificate, request or CRL."""
    (_, ((_, tbs), algorithm, (_, signature))), = _tree(data)
    if tbs[0][0] == 0xA0:
        tbs = _certificate(tbs, known_keys, data)
    elif tbs[0] == (2, b"\0"):
        tbs = _request(tbs, known_keys, data)
    return _show([*tbs, algorithm]) + ["an ECDSA or DSA signature" if _is_sequence(signature[1:]) else f"{len(signature)} bytes of signature"]


def _lines(body):
    """How base64 is broken into lines; not into how many, which the length of an ECDSA signature decides."""
    lines = body.splitlines(keepends=True)
    ends = {re.sub(rb"[A-Za-z0-9+/=]+", b"", line) for line in lines}
    widths = {len(line.strip()) for line in lines[:-1]}
    return sorted(ends), sorted(widths), len(lines[-1].strip()) <= max(widths)


def describe(data, known_keys=()):
    """A file: PEM blocks with their labels and line ends, DER one after the other, or any other bytes."""
    found = list(PEM.finditer(data))
    if found:
        return [(match[1], match[3], *_lines(match[2]), describe_der(base64.b64decode(match[2]), known_keys)) for match in found]
    if data[:1] == b"\x30":
        return [describe_der(whole, known_keys) for _, _, whole in items(data)]
    return data
