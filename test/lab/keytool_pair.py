"""Two keytools side by side: the JDK's and ours, each in a folder of its own with the same files. Every step of theirs is compared."""
import base64
import re
import shlex

from .keytool import contents, empty, words_of_25
from .keytool_files import PEM, describe

GENERATES = {"genkeypair", "genkey", "certreq", "gencert", "gencrl", "selfcert", "genseckey", "importpass", "importpassword"}
_DAY = re.compile(r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2}, \d{4}\b")

PASSWORDS = ["changeit", "another1"]  # one of them opens any store
_TRACE = re.compile(r"(keytool error: )((?:.*\n)+?)\2(?:\tat .*\n|Caused by: .*\n|\t\.\.\. .*\n)+")

_DNS_NAME = re.compile(r"DNSName \w+ must .*")  # in other words with other builds of the same JDK
_PARSERS = re.compile(r"java\.security\.cert\.(?:Certificate(?:Parsing)?|CRL)Exception|java\.io\.(?:IO|EOF)Exception: (?:Too short|not enough content|"
                      r"DerValue|DerInput|Sequence|ObjectIdentifier\(\) -- Invalid DER|Invalid encod|Short read)|Illegal base64|Failed to parse input|not (?:a )?PKCS #10")

# What docs/keytool.md says is different on purpose, by the words of its first column: how it shows in what the JDK says.
DIFFERENCES = {
    "a `NullPointerException`": re.compile("NullPointerException|ClassCastException|@[0-9a-f]{6,}").search,
    "the words of Java's parsers about damaged input": _PARSERS.search,
    "`-selfcert -v` prints Java's own dump": re.compile(r"New certificate \(self-signed\)").search,
}

LOSES = "`-protected` writes a PKCS12 without the certificates"  # where we refuse


def _by_chance(theirs, ours):
    return ours.status == 1 and "UnrecoverableKeyException" in theirs.out and "not properly padded" in ours.out


def is_documented(theirs, ours):
    both_fail = ours.status == 1 and ours.out.startswith("keytool error: ")
    return theirs.status == ours.status and (both_fail or "(self-signed)" in theirs.err) and \
        (any(shows(theirs.out + theirs.err) for shows in DIFFERENCES.values()) or _by_chance(theirs, ours))


class Difference(AssertionError):
    pass


def is_store(data):
    """PKCS12, JKS or JCEKS."""
    return data[:4] in (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce") or b"\x02\x01\x03" in data[2:9] and data[:1] == b"\x30"


class Pair:
    """theirs and ours: functions that run keytool's words in their folder."""

    def __init__(self, theirs, their_folder, ours, our_folder, version=25):
        self.tools, self.folders, self.version = (theirs, ours), (their_folder, our_folder), version
        self.known_keys, self.log = (), []

    def begin(self, files):
        """Both folders have these files and no others."""
        self.log = []
        self._start = dict(files)
        for folder in self.folders:
            empty(folder)
            for name, data in files.items():
                (folder / name).write_bytes(data)

    def __call__(self, *words, input=""):
        """Both run it. Status, both streams and every file but stores are the same. Our result."""
        self.log.append((words, input))
        theirs, ours = (tool(*words, input=input) for tool in self.tools)
        if theirs.status == 0 and ours.status == 1 and "writing it would lose certificates" in ours.out and "-protected" in words:
            self._take_back()
        elif not is_documented(theirs, ours):
            self._compare(theirs, ours)
        if ours.status != 0:
            self._drop_emptied()
        self._compare_files()
        return ours

    def _compare(self, theirs, ours):
        self._same("the status", f"{theirs.status}\n{theirs}", f"{ours.status}\n{ours}", theirs.status, ours.status)
        if self.version < 25:
            return
        for stream in ("out", "err"):
            texts = [self._text(getattr(result, stream)) for result in (theirs, ours)]
            self._same(f"std{stream}", *texts)

    def _text(self, text):
        """Without dates and a stack trace; PEM of something new field by field."""
        text = _DNS_NAME.sub("DNSName is refused", _TRACE.sub(r"\1\2", _DAY.sub("DATE", text)))
        if any(word.lstrip("-").lower() in GENERATES for word in self.log[-1][0]) and "-----BEGIN" in text:
            text = PEM.sub(lambda match: repr(describe(match[0], self.known_keys)).encode(), text.encode()).decode()
        return text

    def _take_back(self):
        """What the JDK has written, and we have not."""
        for path in self.folders[1].iterdir():
            (self.folders[0] / path.name).write_bytes(path.read_bytes())

    def _drop_emptied(self):
        """An output file that a failed command of the JDK's has begun; we leave the old one or none."""
        for path in self.folders[0].iterdir():
            ours = self.folders[1] / path.name
            if path.stat().st_size == 0 and not (ours.exists() and ours.stat().st_size == 0):
                path.write_bytes(ours.read_bytes()) if ours.exists() else path.unlink()

    def _compare_files(self):
        names = [sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) for folder in self.folders]
        self._same("the files", *names)
        for name in names[0]:
            files = [(folder / name).read_bytes() for folder in self.folders]
            if files[0] != files[1] and not is_store(files[0]):
                self._same(f"the file {name}", *(describe(data, self.known_keys) for data in files))

    def _same(self, what, theirs, ours, *compared):
        first, second = compared or (theirs, ours)
        if first != second:
            raise Difference(f"{what} differs:\n--- the JDK {self.version}:\n{theirs}\n--- ours:\n{ours}\n--- to see it again:\n{self.script()}")

    def share(self, rng):
        """What one of them has made is from now on what both have: the other one has to read it."""
        source, target = rng.sample(self.folders, 2)
        for path in source.iterdir():
            (target / path.name).write_bytes(path.read_bytes())

    def cross_read(self, store):
        """The store that each has written is in the eyes of both the same, if anybody has changed it."""
        if not (self.folders[0] / store).exists() or all((f / store).read_bytes() == self._start.get(store) for f in self.folders):
            return
        words = next((["-storepass", word] for word in PASSWORDS if
                      self.tools[0]("-list", "-keystore", store, "-storepass", word).status == 0), ["-storepass", PASSWORDS[0]])
        seen = []
        for reader, folder in zip(self.tools, self.folders):
            own = (folder / store).read_bytes()
            for writer in self.folders:
                data = (writer / store).read_bytes()
                (folder / store).write_bytes(data)
                seen.append(reader("-list", "-v", "-keystore", store, *words))
                (folder / store).write_bytes(own)
        texts = [(result.status, contents(words_of_25(text) if self.version < 25 else text))
                 for result in seen for text in [_TRACE.sub(r"\1\2", result.out)]]
        for text in texts[1:]:
            self._same(f"what is in {store}", texts[0], text)

    def script(self):
        """A shell script that does the same again with $KEYTOOL."""
        lines = ["# KEYTOOL=keytool sh this; KEYTOOL='mutual keytool' sh this", "cd $(mktemp -d)"]
        used = " ".join(word for words, _ in self.log for word in words)
        for name, data in self._start.items():
            if name in used:
                lines.append(f"base64 -d >{name} <<END\n{base64.encodebytes(data).decode()}END")
        for words, input in self.log:
            lines.append(f"printf %s {shlex.quote(input)} | $KEYTOOL {shlex.join(words)}; echo status $?")
        return "\n".join(lines)
