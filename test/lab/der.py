"""DER, and BER that nobody should write, put together by hand."""


def tlv(tag, value, length=None):
    """length: claimed instead of the real one."""
    size = len(value) if length is None else length
    if size < 128:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def seq(*values):
    return tlv(0x30, b"".join(values))


def set_of(*values):
    return tlv(0x31, b"".join(values))


def octets(value):
    return tlv(4, value)


def ctx(number, value):
    return tlv(0xa0 | number, value)


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    out = b""
    for arc in [first * 40 + second, *rest]:
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.append(0x80 | (arc & 127))
        out += bytes(reversed(groups))
    return tlv(6, out)


def indefinite(tag, *values):
    return bytes([tag, 0x80]) + b"".join(values) + b"\0\0"
