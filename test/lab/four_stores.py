"""Sets of four stores, healthy or with faults planted into them: what the doctor has to find, and no more.

A set begins as a plan of certificates and stores (World); a fault changes the plan; then the files are written. Everything comes from
the random numbers handed in, except keys and the present time.
"""
import dataclasses
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import store_files
from .der import oid, seq, tlv
from .keytool import der_items

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
EKU = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
OTHER = {"server": "client", "client": "server"}
BITS = ("digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign encipher_only "
        "decipher_only").split()
PASSWORD = "changeit"
ENVIRONMENT = {"STORE_PASSWORD": PASSWORD}  # that the doctor is to be run with


class Keys:
    """A pool: making an RSA key takes a second."""

    def __init__(self):
        self._rsa = {}

    def ec(self):
        return ec.generate_private_key(ec.SECP256R1())

    def rsa(self, bits=2048):
        if bits not in self._rsa:
            self._rsa[bits] = rsa.generate_private_key(65537, bits)
        return self._rsa[bits]


KEYS = Keys()


SIGNATURES = {("rsa", "md5"): seq(oid("1.2.840.113549.1.1.4"), tlv(5, b"")), ("rsa", "sha1"): seq(oid("1.2.840.113549.1.1.5"), tlv(5, b"")),
              ("ec", "sha1"): seq(oid("1.2.840.10045.4.1"))}


def _sign_again(certificate, key, digest):
    """DER with a digest that cryptography's builder is too prudent for."""
    kind = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ec"
    algorithm = SIGNATURES[kind, digest.name]
    version, serial, _, *rest = (whole for _, _, whole in der_items(next(der_items(certificate.tbs_certificate_bytes))[1]))
    tbs = seq(version, serial, algorithm, *rest)
    signature = key.sign(tbs, *([padding.PKCS1v15(), digest] if kind == "rsa" else [ec.ECDSA(digest)]))
    return seq(tbs, algorithm, tlv(3, b"\0" + signature))


@dataclasses.dataclass(eq=False)
class Cert:
    """A certificate to be. usage: words of BITS or None; eku: words of "server client" or None."""
    cn: str
    key: object
    issuer: object = None
    ca: object = False
    pathlen: object = None
    usage: object = "digital_signature"
    eku: object = None
    san: tuple = ()
    starts: int = -30  # days from now
    ends: int = 300
    digest: object = None       # instead of SHA-256
    identifiers: bool = True
    critical: bool = False      # has an extension that nobody knows
    permitted: object = None    # name constraints
    tampered: bool = False
    built: object = None

    def name(self):
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, self.cn)])

    def again(self, **changes):
        return dataclasses.replace(self, built=None, **changes)

    def der(self):
        if self.built is None:
            self.built = self._build()
        return self.built

    def _build(self):
        above = self.issuer or self
        builder = (x509.CertificateBuilder().subject_name(self.name()).issuer_name(above.name()).public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(NOW + datetime.timedelta(days=self.starts))
                   .not_valid_after(NOW + datetime.timedelta(days=self.ends)))
        for extension, critical in self._extensions(above):
            builder = builder.add_extension(extension, critical)
        made = builder.sign(above.key, None if isinstance(above.key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
        made = _sign_again(made, above.key, self.digest) if self.digest else made.public_bytes(serialization.Encoding.DER)
        return made[:-1] + bytes([made[-1] ^ 1]) if self.tampered else made

    def _extensions(self, above):
        if self.ca is not None:
            yield x509.BasicConstraints(bool(self.ca), self.pathlen if self.ca else None), True
        if self.usage is not None:
            yield x509.KeyUsage(**{bit: bit in self.usage.split() for bit in BITS}), True
        if self.eku is not None:
            yield x509.ExtendedKeyUsage([EKU[word] for word in self.eku.split()]), False
        if self.san:
            yield x509.SubjectAlternativeName([_general(text) for text in self.san]), False
        if self.identifiers:
            yield x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False
            if self.issuer:
                yield x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key()), False
        if self.permitted:
            yield x509.NameConstraints([x509.DNSName(self.permitted)], None), True
        if self.critical:
            yield x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.7"), b"\x05\x00"), True


def _general(text):
    kind, _, value = text.partition(":")
    return x509.DNSName(value) if kind == "dns" else x509.IPAddress(ipaddress.ip_address(value))


@dataclasses.dataclass
class Entry:
    alias: str
    key: object
    chain: list  # of Cert, leaf first
    password: object = None


class Side:
    def __init__(self, name):
        self.name = name
        self.entries = []       # the key store's
        self.key_trusted = []   # (alias, Cert) beside them
        self.trusted = []       # (alias, Cert)
        self.java_trust = True
        self.formats = {"key": "p12", "trust": "p12"}
        self.passwords = {"key": PASSWORD, "trust": PASSWORD}  # of the files
        self.given = dict(self.passwords)                       # as the doctor is told; None: not
        self.options = {}       # "key-store-type" …
        self.spoil = {}         # "key" or "trust": bytes -> bytes, or None for no file
        self.names = {}         # of the files
        self.told = {}          # others, if the doctor is told others

    @property
    def entry(self):
        return self.entries[0]

    @property
    def leaf(self):
        return self.entry.chain[0]

    def cas(self):
        """Above the leaf, upwards."""
        found, at = [], self.leaf.issuer
        while at:
            found.append(at)
            at = at.issuer
        return found

    def content(self, which):
        form = self.formats[which]
        entries = [(e.alias, e.key, [cert.der() for cert in e.chain], e.password) for e in self.entries] if which == "key" else []
        trusted = [(alias, cert.der()) for alias, cert in (self.key_trusted if which == "key" else self.trusted)]
        if form == "pem":
            parts = [part for _, key, chain, _ in entries for part in (key, *chain)] + [cert for _, cert in trusted]
            return store_files.pem(*parts)
        write = store_files.jks if form == "jks" else store_files.pkcs12
        return write(entries, trusted, password=self.passwords[which], java_trust=self.java_trust or which == "key")


class World:
    """A healthy set, until somebody changes it."""

    def __init__(self, rng, form=None, tiers=None, shared=None):
        self.rng = rng
        self.form = form or rng.choice(["p12", "p12", "p12", "jks", "pem"])
        self.tiers = tiers or rng.choice([1, 2])
        self.shared = rng.random() < 0.5 if shared is None else shared
        self.identifiers = rng.random() < 0.8
        self.host = "orders.test"
        self.sides = {name: Side(name) for name in ("server", "client")}
        self.key = lambda: KEYS.rsa() if rng.random() < 0.15 else KEYS.ec()
        roots = {}
        for name, side in self.sides.items():
            side.formats = {"key": self.form, "trust": self.form}
            ending = {"p12": "p12", "jks": "jks", "pem": "pem"}[self.form]
            side.names = {"key": f"{name}.{ending}", "trust": f"{name}-trust.{ending}"}
            above = roots["shared"] if self.shared and roots else self._cas("Shared" if self.shared else name.title())
            roots["shared"] = above
            self.issue(side, above)
            self.sides[OTHER[name]].trusted = [("ca", above[-1])]

    def _cas(self, name):
        root = Cert(f"{name} Root CA", KEYS.ec(), ca=True, usage="key_cert_sign crl_sign", ends=3000, identifiers=self.identifiers)
        if self.tiers == 1:
            return [root]
        return [Cert(f"{name} Issuing CA", KEYS.ec(), root, ca=True, pathlen=0, usage="key_cert_sign crl_sign", ends=2000,
                     identifiers=self.identifiers), root]

    def issue(self, side, cas):
        san = ("dns:orders.test", "dns:www.orders.test", "ip:127.0.0.1") if side.name == "server" else ("dns:client.test",)
        leaf = Cert(f"{side.name}.test", self.key(), cas[0], eku=self.rng.choice([side.name, side.name, "server client"]), san=san,
                    identifiers=self.identifiers)
        side.entries = [Entry(side.name, leaf.key, [leaf, *cas])]

    def write(self, folder):
        """The files; returns the doctor's arguments."""
        folder.mkdir(parents=True, exist_ok=True)
        for side in self.sides.values():
            for which in ("key", "trust"):
                spoil = side.spoil.get(which, lambda data: data)
                if spoil:
                    (folder / side.names[which]).write_bytes(spoil(side.content(which)))
        return self.words()

    def words(self):
        words = ["--host", self.host] if self.host else []
        for name, side in self.sides.items():
            for which in ("key", "trust"):
                words += [f"--{name}-{which}-store", side.told.get(which, side.names[which])]
                given = side.given[which] if side.formats[which] != "pem" else None
                if given:
                    words += [f"--{name}-{which}-store-password", "env:STORE_PASSWORD" if given == PASSWORD else f"pass:{given}"]
            for option, value in side.options.items():
                words += [f"--{name}-{option}", value]
        return words


# ---- faults ----

@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    plant: object     # (world, side) -> codes that are found, each with the sides that may be named
    sides: tuple
    place: str        # "leaf", "path", "keys", "trust", "side", "ca", "all"
    tiers: int
    forms: tuple
    shared: object

    def involves(self, world, side):
        """What another fault must leave alone."""
        x = side.name
        if self.place == "leaf":
            return {f"{x}.leaf"}
        if self.place == "path":
            return {f"{x}.leaf", f"{x}.path"}
        if self.place == "keys":
            return {f"{x}.leaf", f"{x}.path", f"{x}.keys"}
        if self.place == "trust":
            return {f"{OTHER[x]}.path", f"{OTHER[x]}.leaf", f"{x}.trust"}
        if self.place == "side":
            return {f"{y}.{part}" for y in (x, OTHER[x]) for part in ("leaf", "path")} | {f"{x}.keys", f"{x}.trust"}
        if self.place == "ca":
            return {f"{y}.path" for y in (("server", "client") if world.shared else (x,))} | {f"{x}.leaf"}
        return {f"{y}.{part}" for y in ("server", "client") for part in ("leaf", "path", "keys", "trust")}


FAULTS = {}


def fault(name, place, *, sides=("server", "client"), tiers=0, forms=("p12", "jks", "pem"), shared=None):
    def register(plant):
        FAULTS[name] = Fault(name, plant, sides, place, tiers, forms, shared)
        return plant
    return register


def _leaf_fault(name, code, **changes):
    @fault(name, "leaf")
    def plant(world, side):
        _change_leaf(side, **changes)
        return [(code, side.name)]


def _change_leaf(side, **changes):
    for key, value in changes.items():
        setattr(side.leaf, key, value)
    side.entry.key = side.leaf.key


_leaf_fault("leaf-expired", "cert-expired", starts=-60, ends=-3)
_leaf_fault("leaf-expired-long-ago", "cert-expired", starts=-900, ends=-500)
_leaf_fault("leaf-not-yet-valid", "cert-not-yet-valid", starts=3)
_leaf_fault("leaf-without-digital-signature", "key-usage-wrong", usage="key_encipherment")
_leaf_fault("leaf-with-key-agreement-only", "key-usage-wrong", usage="key_agreement")
_leaf_fault("leaf-critical-extension", "unknown-critical-extension", critical=True)
_leaf_fault("leaf-sha1", "weak-signature-digest", digest=hashes.SHA1())


@fault("leaf-wrong-purpose", "leaf")
def _(world, side):
    _change_leaf(side, eku=OTHER[side.name])
    return [(f"eku-missing-{side.name}auth", side.name)]


@fault("leaf-rsa-1024", "leaf")
def _(world, side):
    _change_leaf(side, key=KEYS.rsa(1024))
    return [("weak-key-size", side.name)]


@fault("san-missing", "leaf", sides=("server",))
def _(world, side):
    _change_leaf(side, san=(), cn=world.rng.choice(["orders.test", "server.test"]))
    return [("san-missing", "server")]


@fault("host-not-named", "leaf", sides=("server",))
def _(world, side):
    world.host = world.rng.choice(["other.test", "a.orders.test", "orders.test.evil"])
    return [("hostname-mismatch", "server")]


@fault("wildcard-too-shallow", "leaf", sides=("server",))
def _(world, side):
    _change_leaf(side, san=("dns:*.orders.test",))
    world.host = "a.b.orders.test"
    return [("hostname-mismatch", "server")]


@fault("address-not-named", "leaf", sides=("server",))
def _(world, side):
    _change_leaf(side, san=("dns:orders.test",))
    world.host = "127.0.0.1"
    return [("ip-san-missing", "server")]


@fault("self-signed", "path")
def _(world, side):
    _change_leaf(side, issuer=None)
    side.entry.chain = [side.leaf]
    return [("self-signed", OTHER[side.name])]


@fault("leaf-is-a-ca", "path")
def _(world, side):
    _change_leaf(side, ca=True, usage="key_cert_sign crl_sign", eku=None)
    side.leaf.issuer.pathlen = None
    return [("ca-used-as-leaf", side.name)]


@fault("subject-is-the-issuers", "path", tiers=1)
def _(world, side):
    _change_leaf(side, cn=side.leaf.issuer.cn, identifiers=False, key=KEYS.ec())
    return [("subject-equals-issuer", side.name)]


@fault("name-with-a-blank", "leaf", sides=("server",))
def _(world, side):
    _change_leaf(side, san=("dns:orders.test", "dns:or ders.test"))
    return [("cert-malformed", "server")]


@fault("leaf-md5", "ca")
def _(world, side):
    side.leaf.issuer.key = KEYS.rsa()  # which alone goes with MD5
    _change_leaf(side, digest=hashes.MD5())
    return [("weak-signature-digest", side.name)]


@fault("leaf-signature-damaged", "path")
def _(world, side):
    _change_leaf(side, tampered=True)
    return [("signature-invalid", side.name)]


@fault("leaf-of-the-former-ca", "ca", tiers=1)
def _(world, side):
    """The CA was made anew; the leaf and its chain are of the old one."""
    old = side.leaf.issuer.again(key=KEYS.ec(), starts=-400)
    _change_leaf(side, issuer=old, starts=-200)
    side.entry.chain = [side.leaf, old]
    return [("ca-regenerated", side.name)]


@fault("former-ca-still-trusted", "ca", tiers=1)
def _(world, side):
    old = side.cas()[-1].again(key=KEYS.ec(), starts=-400)
    world.sides[OTHER[side.name]].trusted = [("ca", old)]
    return [("ca-regenerated", OTHER[side.name])]


def _ca_fault(name, code, depth, tiers, **changes):
    @fault(name, "ca", tiers=tiers)
    def plant(world, side):
        ca = side.cas()[depth]
        for key, value in changes.items():
            setattr(ca, key, value)
        return [(code, "both" if world.shared else side.name)]


_ca_fault("root-expired", "cert-expired", -1, 0, starts=-900, ends=-3)
_ca_fault("root-not-yet-valid", "cert-not-yet-valid", -1, 0, starts=2)
_ca_fault("intermediate-expired", "cert-expired", 0, 2, starts=-900, ends=-3)
_ca_fault("intermediate-not-yet-valid", "cert-not-yet-valid", 0, 2, starts=2)
_ca_fault("intermediate-is-no-ca", "issuer-not-a-ca", 0, 2, ca=False, pathlen=None)
_ca_fault("intermediate-may-not-sign", "issuer-not-a-ca", 0, 2, usage="digital_signature crl_sign")
_ca_fault("intermediate-critical-extension", "unknown-critical-extension", 0, 2, critical=True)
_ca_fault("intermediate-sha1", "weak-signature-digest", 0, 2, digest=hashes.SHA1())
_ca_fault("intermediate-signature-damaged", "signature-invalid", 0, 2, tampered=True)


@fault("intermediate-rsa-1024", "ca", tiers=2)
def _(world, side):
    side.cas()[0].key = KEYS.rsa(1024)
    return [("weak-key-size", side.name)]


@fault("intermediate-of-the-other-purpose", "ca", tiers=2, shared=False)
def _(world, side):
    side.cas()[0].eku = OTHER[side.name]
    return [("eku-ca-chain", side.name)]


@fault("root-path-length", "ca", tiers=2)
def _(world, side):
    side.cas()[1].pathlen = 0
    return [("pathlen-exceeded", side.name)]


@fault("intermediate-path-length", "ca", tiers=2)
def _(world, side):
    """Another CA below one that allows none."""
    upper = side.cas()[0]
    lower = upper.again(cn="Lower CA", key=KEYS.ec(), issuer=upper)
    _change_leaf(side, issuer=lower)
    side.entry.chain = [side.leaf, lower, *side.entry.chain[1:]]
    return [("pathlen-exceeded", side.name)]


@fault("name-constraints", "ca", tiers=2, shared=False)
def _(world, side):
    side.cas()[0].permitted = "elsewhere.test"
    return [("name-constraints", side.name)]


@fault("ca-not-trusted", "ca")
def _(world, side):
    judge = world.sides[OTHER[side.name]]
    judge.trusted = [("ca", Cert("Another Root CA", KEYS.ec(), ca=True, usage="key_cert_sign crl_sign"))]
    return [("ca-not-trusted" if side.name == "server" else "client-ca-not-trusted", judge.name)]


@fault("intermediate-missing", "ca", tiers=2)
def _(world, side):
    side.entry.chain = [side.leaf]
    return [("chain-missing-intermediate", side.name)]


@fault("intermediate-missing-before-root", "ca", tiers=2, forms=("p12", "jks"))
def _(world, side):
    side.entry.chain = [side.leaf, side.cas()[-1]]
    return [("chain-missing-intermediate", side.name)]


@fault("pin-of-another-certificate", "ca")
def _(world, side):
    judge = world.sides[OTHER[side.name]]
    judge.trusted = [("pin", side.leaf.again(key=KEYS.ec(), starts=-300))]
    return [("pin-mismatch", judge.name)]


# ---- files ----

def _pem_lines(change):
    return lambda data: change(data.decode()).encode()


@fault("pem-key-encrypted", "keys", forms=("pem",))
def _(world, side):
    side.spoil["key"] = lambda data: side.entry.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    ) + store_files.pem(*(cert.der() for cert in side.entry.chain))
    return [("pem-key-encrypted", side.name)]


@fault("pem-cut-off", "trust", forms=("pem",))
def _(world, side):
    side.spoil["trust"] = lambda data: data[:len(data) // 2]
    return [("pem-garbage", side.name)]


@fault("pem-key-cut-off", "keys", forms=("pem",))
def _(world, side):
    side.spoil["key"] = _pem_lines(lambda text: text.replace("-----END PRIVATE KEY-----\n", ""))
    return [("pem-garbage", side.name)]


@fault("pem-without-key", "keys", forms=("pem",))
def _(world, side):
    side.spoil["key"] = lambda data: store_files.pem(*(cert.der() for cert in side.entry.chain))
    return [("keystore-no-private-key", side.name)]


def _file_fault(name, code, which, spoil, forms=("p12", "jks", "pem")):
    @fault(name, "keys" if which == "key" else "trust", forms=forms)
    def plant(world, side):
        side.spoil[which] = spoil
        return [(code, side.name)]


for _which, _word in (("key", "key-store"), ("trust", "trust-store")):
    _file_fault(f"{_word}-not-there", "store-not-found", _which, None)
    _file_fault(f"{_word}-cut-off", "store-damaged", _which, lambda data: data[:len(data) * 2 // 3], forms=("p12",))
    _file_fault(f"{_word}-empty-file", "store-damaged", _which, lambda data: b"", forms=("p12", "jks"))
    _file_fault(f"{_word}-is-text", "store-wrong-type", _which, lambda data: b"<html><body>404</body></html>\n" * 20, forms=("p12", "jks"))


def _password_fault(which):
    @fault(f"{which}-store-password-wrong", "keys" if which == "key" else "trust", forms=("p12", "jks"))
    def plant(world, side):
        side.given[which] = "changeme"
        return [("store-wrong-password", side.name)]


_password_fault("key")
_password_fault("trust")


@fault("trust-store-without-password", "trust", forms=("p12",))
def _(world, side):
    side.given["trust"] = None
    return [("p12-read-without-password", side.name)]


@fault("trust-store-empty", "trust", forms=("p12", "jks"))
def _(world, side):
    side.trusted = []
    return [("truststore-empty", side.name)]


@fault("trust-store-without-java-attribute", "trust", forms=("p12",))
def _(world, side):
    side.java_trust = False
    return [("p12-no-java-trust", side.name)]


@fault("trust-store-is-the-key-store", "side", forms=("p12", "jks"))
def _(world, side):
    side.told["trust"] = side.names["key"]
    return [("store-swapped", side.name)]


@fault("stores-exchanged", "side", forms=("p12", "jks"))
def _(world, side):
    side.told = {"key": side.names["trust"], "trust": side.names["key"]}
    return [("store-swapped", side.name)]


@fault("key-stores-exchanged", "all", shared=False)
def _(world, side):
    """The server got the client's identity and the client the server's."""
    a, b = world.sides.values()
    a.told["key"], b.told["key"] = b.names["key"], a.names["key"]
    for x in (a, b):
        x.leaf.eku = x.name
    return [("store-swapped", "both")]


@fault("trust-stores-exchanged", "all", shared=False)
def _(world, side):
    a, b = world.sides.values()
    a.trusted, b.trusted = b.trusted, a.trusted
    return [("store-swapped", "both")]


@fault("no-private-key", "keys", forms=("p12", "jks"))
def _(world, side):
    side.key_trusted = [(side.name, side.leaf), ("ca", side.cas()[-1])]
    side.entries = []
    return [("keystore-no-private-key", side.name)]


@fault("alias-not-there", "keys", forms=("p12", "jks"))
def _(world, side):
    side.options["key-store-alias"] = "tomcat"
    return [("server-alias-not-found", side.name)]


@fault("alias-of-a-certificate", "keys", forms=("p12", "jks"))
def _(world, side):
    side.key_trusted = [("ca", side.cas()[-1])]
    side.options["key-store-alias"] = "ca"
    return [("server-alias-not-found", side.name)]


@fault("key-password-differs", "keys", forms=("p12", "jks"))
def _(world, side):
    side.entry.password = "another one"
    return [("key-password-differs", side.name)]


@fault("key-password-wrong", "keys", forms=("p12", "jks"))
def _(world, side):
    side.options["key-password"] = "pass:wrong"
    return [("key-password-differs", side.name)]


@fault("other-keys-password-differs", "keys", forms=("p12", "jks"))
def _(world, side):
    side.entries.append(Entry("zz", KEYS.ec(), [], "another one"))
    side.entries[1].chain = [side.leaf.again(key=side.entries[1].key), *side.entry.chain[1:]]
    return [("key-password-differs", side.name)]


@fault("key-of-another-certificate", "keys")
def _(world, side):
    side.entry.key = KEYS.rsa() if isinstance(side.entry.key, rsa.RSAPrivateKey) and side.entry.key is not KEYS.rsa() else KEYS.ec()
    return [("key-cert-mismatch", side.name)]


@fault("declared-as-jceks", "keys", forms=("p12",))
def _(world, side):
    side.options["key-store-type"] = "JCEKS"
    return [("store-wrong-type", side.name)]


@fault("declared-as-pem", "keys", forms=("p12", "jks"))
def _(world, side):
    side.options["key-store-type"] = "PEM"
    return [("store-wrong-type", side.name)]


@fault("trust-declared-as-jceks", "trust", forms=("p12",))
def _(world, side):
    side.options["trust-store-type"] = "JCEKS"
    return [("store-wrong-type", side.name)]


@fault("a-jvm-takes-the-other-key", "keys", forms=("p12", "jks"))
def _(world, side):
    """Of two keys SunX509 takes the one whose alias comes first in a HashMap: here an expired one."""
    side.entry.alias = "b"
    old = side.leaf.again(key=KEYS.ec() if not isinstance(side.leaf.key, rsa.RSAPrivateKey) else KEYS.rsa(), starts=-60, ends=-5)
    side.entries.append(Entry("a", old.key, [old, *side.entry.chain[1:]]))
    return [("client-cert-wrong-alias", side.name)]


# ---- unusual, but sound ----

VARIANTS = {}  # name: (world) -> codes of warnings


def variant(name):
    def register(change):
        VARIANTS[name] = change
        return change
    return register


@variant("server-pinned")
def _(world):
    world.sides["client"].trusted = [("pin", world.sides["server"].leaf)]
    return set()


@variant("client-pinned")
def _(world):
    world.sides["server"].trusted = [("pin", world.sides["client"].leaf)]
    return {"client-cert-issuer-not-accepted"} if world.form != "pem" else set()


@variant("self-signed-and-pinned")
def _(world):
    for name, side in world.sides.items():
        _change_leaf(side, issuer=None)
        side.entry.chain = [side.leaf]
        world.sides[OTHER[name]].trusted = [("pin", side.leaf)]
    return set()


@variant("intermediate-is-the-anchor")
def _(world):
    for name, side in world.sides.items():
        world.sides[OTHER[name]].trusted = [("issuing", side.leaf.issuer)]
    return {"intermediate-only-anchor"} if world.tiers == 2 else set()


@variant("root-and-intermediate-trusted-leaf-alone-sent")
def _(world):
    for name, side in world.sides.items():
        side.entry.chain = [side.leaf]
        world.sides[OTHER[name]].trusted = [(f"ca{i}", ca) for i, ca in enumerate(side.cas())]
    return set()


@variant("no-extended-key-usage")
def _(world):
    for side in world.sides.values():
        _change_leaf(side, eku=None)
    return set()


@variant("no-key-usage")
def _(world):
    for side in world.sides.values():
        _change_leaf(side, usage=None)
    return set()


@variant("many-anchors")
def _(world):
    for side in world.sides.values():
        side.trusted = side.trusted + [(f"other{i}", Cert(f"Other Root {i}", KEYS.ec(), ca=True, usage="key_cert_sign")) for i in range(5)]
    return set()


@variant("expired-anchor-beside")
def _(world):
    for side in world.sides.values():
        side.trusted = side.trusted + [("old", Cert("Old Root", KEYS.ec(), ca=True, usage="key_cert_sign", starts=-900, ends=-10))]
    return set()


@variant("former-ca-beside-the-new-one")
def _(world):
    for side in world.sides.values():
        now = side.trusted[0][1]
        side.trusted = [("former", now.again(key=KEYS.ec(), starts=-400)), *side.trusted]
    return set()


@variant("trusted-entries-beside-the-key")
def _(world):
    for side in world.sides.values():
        side.key_trusted = [("ca", side.cas()[-1])] if world.form != "pem" else []
    return set()


@variant("two-good-keys")
def _(world):
    for side in world.sides.values():
        if world.form != "pem":
            side.entries.append(Entry("second", KEYS.ec(), []))
            side.entries[1].chain = [side.leaf.again(key=side.entries[1].key), *side.entry.chain[1:]]
    return set()


@variant("p-384-and-ed25519")
def _(world):
    world.sides["server"].leaf.key = world.sides["server"].entry.key = ec.generate_private_key(ec.SECP384R1())
    world.sides["client"].leaf.key = world.sides["client"].entry.key = ed25519.Ed25519PrivateKey.generate()
    return set()


@variant("alias-in-other-letters")
def _(world):
    if world.form == "pem":
        return set()
    world.sides["server"].options["key-store-alias"] = "Server"
    return {"server-alias-not-found"}


@variant("alias-named")
def _(world):
    if world.form != "pem":
        for name, side in world.sides.items():
            side.options["key-store-alias"] = name
    return set()


@variant("key-password-of-its-own")
def _(world):
    if world.form == "pem":
        return set()
    side = world.sides["client"]
    side.entry.password = "another one"
    side.options["key-password"] = "pass:another one"
    return {"key-password-differs"}


@variant("declared-as-the-other-type")
def _(world):
    if world.form == "pem":
        return set()
    world.sides["server"].options["key-store-type"] = "JKS" if world.form == "p12" else "PKCS12"
    return {"store-wrong-type"}


@variant("no-host")
def _(world):
    world.host = None
    return set()


@variant("address")
def _(world):
    world.host = "127.0.0.1"
    return set()


@variant("wildcard")
def _(world):
    _change_leaf(world.sides["server"], san=("dns:*.orders.test",))
    world.host = "a.orders.test"
    return set()


@variant("path-lengths-that-suffice")
def _(world):
    for side in world.sides.values():
        for i, ca in enumerate(side.cas()):
            ca.pathlen = i
    return set()


@variant("name-constraints-that-hold")
def _(world):
    for side in world.sides.values():
        side.cas()[0].permitted = "test"
    return set()


# ---- sets ----

def fits(one, world):
    return one.tiers in (0, world.tiers) and world.form in one.forms and one.shared in (None, world.shared)


def make(rng, names=None, count=None):
    """A world with these faults, or with one or two at random. Returns world, names with sides, expected {code: sides}."""
    wanted = [FAULTS[name] for name in names] if names is not None else []
    while True:
        world = World(rng)
        if all(fits(one, world) for one in wanted):
            break
    planted, taken, expected = [], set(), {}
    count = len(wanted) if names is not None else count or rng.choice([1, 1, 2])
    for _ in range(200):
        if len(planted) == count:
            break
        one = wanted[len(planted)] if names is not None else rng.choice(list(FAULTS.values()))
        side = world.sides[rng.choice(one.sides)]
        if not fits(one, world) or one.involves(world, side) & taken:
            continue
        taken |= one.involves(world, side)
        planted.append((one.name, side.name))
        for code, at in one.plant(world, side):
            expected.setdefault(code, set()).add(at)
    return world, planted, expected
