"""The JDK's keytool without a JVM's start for each run, and what it says about a store in a form that two stores can share."""
import datetime
import re
import shutil
import struct
import subprocess
import tempfile

from . import proc

_OPENS = ["--add-opens", "java.base/sun.security.tools.keytool=ALL-UNNAMED"]


class KeytoolServer:
    """One JVM that runs keytool in `folder` as often as it is called (test/peers/java/KeytoolServer.java)."""

    def __init__(self, jdk, classes, folder):
        options = _OPENS + (["-Djava.security.manager=allow"] if jdk.version < 24 else [])
        self.jdk = jdk
        self._errors = tempfile.TemporaryFile()
        self._jvm = subprocess.Popen(jdk.java("KeytoolServer", classes=classes, options=options), cwd=folder, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True)

    def __call__(self, *args, input=""):
        words = [str(word).encode() for word in args]
        request = struct.pack(">i", len(words)) + b"".join(struct.pack(">i", len(text)) + text for text in [*words, input.encode()])
        self._jvm.stdin.write(request)
        self._jvm.stdin.flush()
        status, = struct.unpack(">i", self._read(4))
        out, err = (self._read(struct.unpack(">i", self._read(4))[0]).decode("utf-8", "backslashreplace") for _ in range(2))
        return proc.Result([f"keytool-{self.jdk.version}", *map(str, args)], status, out, err)

    def _read(self, count):
        data = self._jvm.stdout.read(count)
        if len(data) < count:
            self._errors.seek(0)
            raise AssertionError(f"keytool's JVM is gone:\n{self._errors.read().decode(errors='replace')}")
        return data

    def close(self):
        self._jvm.stdin.write(struct.pack(">i", -1))
        self._jvm.stdin.close()
        try:
            self._jvm.wait(20)
        except subprocess.TimeoutExpired:
            self._jvm.kill()
            self._jvm.wait()
        self._jvm.stdout.close()
        self._errors.close()


def empty(folder):
    """A JVM cannot change its folder: it stays and loses what is in it."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


# What JDK 17 words differently without meaning anything else.
_WORDS_17 = [(r"\b255[ -]bit (Ed25519) key", r"\1 key"), (r"\b448[ -]bit (Ed448) key", r"\1 key"), (r"\b456[ -]bit (Ed448) key", r"\1 key"),
             (r"\b(?:(\d+),)?(\d+) bit (\S+ (?:\(\S+\) )?key)", r"\1\2-bit \3"),
             (r"\b255-bit (?:XDH|X25519) key", "X25519 key"), (r"\b448-bit (?:XDH|X448) key", "X448 key"),
             (r"( security risk\.) This algorithm will be disabled in a future update\.", r"\1"),
             (r" This key size (will be disabled in a future update\.)", r" It \1"),
             (r"(Enter keystore password:  )\[WARNING: Input may be visible on screen\] ", r"\1"),  # which is not said at all
             (r"(IllegalArgumentException: )(Invalid key sizes)", r"\1java.security.InvalidAlgorithmParameterException: \2")]


def words_of_25(text):
    """The text of an older keytool as JDK 25's would have put it."""
    for old, new in _WORDS_17:
        text = re.sub(old, new, text)
    return text


def _days(match):
    begin, end = (datetime.datetime.strptime(text, "%a %b %d %H:%M:%S UTC %Y") for text in match.groups())
    return f"Valid for: {end - begin}"


def contents(listing):
    """The text of -list -v without what differs between two keys made a moment apart: number, fingerprints, key identifiers, the time."""
    listing = re.sub(r"(?m)^Creation date: .*\n", "", listing)
    listing = re.sub(r"(?m)^Serial number: .*\n", "", listing)
    listing = re.sub(r"(?m)^\t SHA.*\n", "", listing)
    listing = re.sub(r"(?m)^(KeyIdentifier \[\n)(?:[0-9a-f]{4}: .*\n)+", r"\1", listing)
    return re.sub(r"Valid from: (.*) until: (.*)", _days, listing)


def der_items(data):
    """(tag, content, whole) of each DER element in a row."""
    at = 0
    while at < len(data):
        tag, length, begin = data[at], data[at + 1], at + 2
        if length & 0x80:
            begin += length & 0x7F
            length = int.from_bytes(data[at + 2:begin], "big")
        yield tag, data[begin:begin + length], data[at:begin + length]
        at = begin + length


def _inside(data, tag):
    return next(content for found, content, _ in der_items(data) if found == tag)


def raw_extensions(certificate):
    """The DER of each extension in order, whatever it is worth, but for an identifier of the key itself."""
    extensions = _inside(_inside(_inside(_inside(certificate, 0x30), 0x30), 0xA3), 0x30)
    return [whole for _, content, whole in der_items(extensions)
            if not content.startswith(b"\x06\x03\x55\x1d\x0e\x04\x16\x04\x14")]
