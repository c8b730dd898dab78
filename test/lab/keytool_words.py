"""Random command lines for keytool: mostly sensible, sometimes wrong, as people write them."""
import itertools

PASSWORD = "changeit"
STORES = {"s.p12": PASSWORD, "trust.p12": PASSWORD, "other.p12": "another1"}
ALIASES = ["ec", "rsa", "ed", "ca", "leaf", "trusted", "weak", "secret", "new1", "new2"]
FILES = ["ca.crt", "leaf.crt", "leaf.der", "chain.pem", "reply.crt", "ec.csr", "list.crl", "text", "empty", "missing", "o.crt", "o.csr", "o.crl", "o.pem"]
SIGNATURES = {"ec": ["SHA256withECDSA", "SHA512withECDSA", "SHA1withECDSA"], "rsa": ["SHA256withRSA", "SHA512withRSA", "MD5withRSA", "RSASSA-PSS"]}
NAMES = ["CN=a", "CN=a, O=\"b, c\", C=DE", "cn=x;ou=y", "CN=ä", "CN=a+OU=b", "x", "CN=a,,O=b"]
EXTENSIONS = ["bc", "bc:c=1", "ku=dS,kCS", "ku:c=kA", "eku=sA,cA", "san=dns:a.b,ip:10.0.0.1", "san:c=uri:http://x/y", "ian=email:a@b", "1.2.3=0500",
              "aia=ocsp:uri:http://o", "crl=uri:http://c", "ku=foo", "san=dns:a_b", "s", "honored=all"]
# The same keys on every JDK: their defaults are not the same.
KEYS = [["-keyalg", "EC", "-groupname", "secp256r1", "-sigalg", "SHA256withECDSA"], ["-keyalg", "Ed25519"], ["-keyalg", "Ed448"],
        ["-keyalg", "EC", "-groupname", "secp384r1", "-sigalg", "SHA384withECDSA"],
        ["-keyalg", "RSA", "-keysize", "1024", "-sigalg", "SHA256withRSA"], ["-keyalg", "RSA", "-keysize", "1024", "-sigalg", "SHA1withRSA"]]
KEYS_25 = [["-keyalg", "EC"], ["-keyalg", "EC", "-keysize", "256"], ["-keyalg", "foo"], ["-keyalg", "X25519"], ["-keyalg", "EC", "-groupname", "foo"],
           ["-keyalg", "EC", "-groupname", "secp521r1"], ["-keyalg", "RSA", "-keysize", "abc"], ["-keyalg", "EC", "-sigalg", "SHA256withRSA"], []]


COMMANDS = ["genkeypair", "certreq", "gencert", "gencrl", "importcert", "list", "exportcert", "delete", "changealias", "keyclone", "storepasswd",
            "keypasswd", "selfcert", "genseckey", "importpass", "importkeystore", "printcert", "printcertreq", "printcrl"]


class Words:
    """One method a command: its words; what it reads is in `input` then."""

    def __init__(self, rng, version=25):
        self.rng, self.version, self.input = rng, version, ""

    def maybe(self, chance, *words):
        return list(words) if self.rng.random() < chance else []

    def one(self, items):
        return self.rng.choice(list(items))

    def alias(self, option="-alias", known=0.85, given=0.93):
        name = self.one(ALIASES) if self.rng.random() < known else "nope"
        return self.maybe(given, option, self.one([name, name, name.upper(), name.title()]))

    def password(self, option, right):
        """The right one, mostly, in one of the ways to say it; or on standard input."""
        kind = self.rng.random()
        if kind < 0.75:
            return [option, right]
        if kind < 0.83:
            return [option + ":file", {PASSWORD: "pass", "another1": "pass2"}.get(right, "missing")]
        if kind < 0.88:
            return [option, "wrong-one"]
        if kind < 0.90:
            return [option + ":env", "NO_SUCH_VARIABLE"]
        self.input += self.one([right + "\n"] * 4 + ["", "bad\n", "\n" + right + "\n"])
        return []

    def store(self, create=False):
        """-keystore, -storepass and their like."""
        name = self.one(["s.p12"] * 7 + ["trust.p12", "other.p12"] + (["n.p12"] if create else ["missing.p12"]))
        words = ["-keystore", name, *self.password("-storepass", STORES.get(name, PASSWORD))]
        return words + self.maybe(0.12, "-storetype", self.one(["PKCS12", "pkcs12", "PKCS12", "FOO"])) + self.common()

    def common(self):
        return self.maybe(0.2, "-v") + self.maybe(0.1, "-nowarn") + self.maybe(0.04, "-providername", self.one(["SUN", "Nope"])) + \
            self.maybe(0.03, "-protected")

    def file(self, option, names, given=0.9):
        return self.maybe(given, option, self.one(names))

    def extensions(self):
        return list(itertools.chain.from_iterable(("-ext", self.one(EXTENSIONS)) for _ in range(self.one([0, 0, 0, 1, 1, 2]))))

    def validity(self):
        return self.maybe(0.3, "-validity", self.one(["1", "365", "3650", "0", "x"])) + \
            self.maybe(0.2, "-startdate", self.one(["2030/01/02 03:04:05", "+1d", "-1m", "x"]))

    def answer(self):
        """To the one question that may come behind a password."""
        self.input += self.one(["yes\n", "y\n", "no\n", "n\n", "", "\n"])

    def genkeypair(self):
        keys = KEYS + (KEYS_25 if self.version >= 25 else [])
        return [*self.alias(), *self.one(keys), "-dname", self.one(NAMES), *self.extensions(), *self.validity(),
                *self.maybe(0.25, "-signer", self.one(ALIASES)), *self.maybe(0.08, "-keypass", self.one([PASSWORD, "another1", "abc"])),
                *self.store(create=True)]

    def certreq(self):
        return [*self.alias(), *self.maybe(0.3, "-sigalg", self.one(sum(SIGNATURES.values(), []))), *self.maybe(0.2, "-dname", self.one(NAMES)),
                *self.extensions(), *self.file("-file", ["o.csr"], 0.6), *self.store()]

    def gencert(self):
        honored = self.maybe(0.3, "-ext", "honored=" + self.one(["all", "san", "-san", "all,-ku", "ku:c", "foo"]))
        if "-infile" not in (given := self.file("-infile", ["ec.csr", "ec.csr", "ec.csr", "o.csr", *FILES])):
            self.input = ""
        return [*self.alias(), *given, *self.file("-outfile", ["o.crt", "o.pem"], 0.6), *self.maybe(0.99, "-rfc"), *honored, *self.extensions(),
                *self.validity(), *self.maybe(0.2, "-dname", self.one(NAMES)), *self.store()]

    def gencrl(self):
        ids = itertools.chain.from_iterable(("-id", self.one(["1", "77:1", "5:9", "x", "1:0", "-5", "123456789012345678901"]))
                                            for _ in range(self.one([1, 1, 2, 3])))
        return [*self.alias(), *ids, *self.maybe(0.5, "-file", "o.crl"), "-rfc", *self.validity(), *self.store()]

    def importcert(self):
        words = [*self.alias(), *self.maybe(0.95, "-file", self.one(FILES)), *self.maybe(0.5, "-noprompt"), *self.store(create=True)]
        self.answer()
        return words

    def list(self):
        return [*self.maybe(0.4, *self.alias()), *self.maybe(0.3, self.one(["-v", "-rfc"])), *self.store()]

    def exportcert(self):
        return [*self.alias(), *self.maybe(0.6, "-rfc"), "-file", self.one(["o.crt", "o.pem"]), *self.store()]

    def delete(self):
        return [*self.alias(), *self.store()]

    def changealias(self):
        return [*self.alias(), *self.alias("-destalias", 0.6), *self.store()]

    def keyclone(self):
        return [*self.alias(), *self.maybe(0.93, "-dest", self.one(ALIASES)), *self.maybe(0.7, "-new", PASSWORD), *self.store()]

    def storepasswd(self):
        return [*self.maybe(0.95, "-new", self.one(["another1", PASSWORD, "abc"])), *self.store()]

    def keypasswd(self):
        return [*self.alias(), "-new", self.one(["another1", "abc"]), *self.store()]

    def selfcert(self):
        return [*self.alias(), *self.maybe(0.3, "-dname", self.one(NAMES)), *self.extensions(), *self.validity(), *self.store()]

    def genseckey(self):
        return [*self.alias(), *self.one([["-keyalg", "AES", "-keysize", "256"], ["-keyalg", "AES", "-keysize", "128"], ["-keyalg", "DES"],
                                          ["-keyalg", "DESede"], ["-keyalg", "HmacSHA256", "-keysize", "256"], ["-keyalg", "AES"], ["-keyalg", "foo"],
                                          ["-keyalg", "AES", "-keysize", "100"]]), *self.store(create=True)]

    def importpass(self):
        words = [*self.alias(), *self.store(create=True)]
        self.input += "geheim12\n"
        return words

    def importkeystore(self):
        source, target = self.rng.sample(["s.p12", "trust.p12", "other.p12", "n.p12"], 2)
        words = ["-srckeystore", source, *self.password("-srcstorepass", STORES.get(source, PASSWORD)), "-destkeystore", target,
                 "-deststorepass", STORES.get(target, PASSWORD), *self.maybe(0.6, *self.alias("-srcalias")),
                 *self.maybe(0.2, *self.alias("-destalias")), *self.maybe(0.8, "-noprompt")]
        self.answer()
        return words

    def printcert(self):
        return [*self.maybe(0.97, "-file", self.one(FILES)), *self.maybe(0.3, "-rfc"), *self.common()]

    def printcertreq(self):
        return [*self.maybe(0.97, "-file", self.one(FILES)), *self.maybe(0.1, "-v")]

    def printcrl(self):
        return ["-file", self.one(["list.crl", "o.crl", *FILES]), *self.maybe(0.6, *self.store())]

    def __call__(self, command):
        """(words, what stands on standard input)"""
        self.input = ""
        words = getattr(self, command)()
        if self.rng.random() < 0.03:
            words += self.one([["-foo"], ["-alias"], ["stray"], ["-list"], ["-alias", "ec", "-alias", "rsa"], ["-help"]])
        spelt = self.one([f"-{command}"] * 8 + [f"--{command}", f"-{command.upper()}"])
        return [spelt, *words], self.input


