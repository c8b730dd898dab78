"""Certificates made by somebody else's code (Python cryptography) and stores made by the openssl command."""
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import proc

PASSWORD = "changeit"
_USAGES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


class Pki:
    """A folder with NAME.key, NAME.crt, NAME.p12 for each name issued; keys are EC P-256, for speed."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self._issued = {}

    def ca(self, name, *, issuer=None, days=3650, starts_days_ago=1):
        """A CA; without issuer a root. Returns NAME.crt."""
        return self._make(name, issuer, days, starts_days_ago, [
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (_key_usage(key_cert_sign=True, crl_sign=True), True)])

    def issue(self, name, *, issuer="root", usage="server", san=(), days=365, starts_days_ago=1):
        """A leaf. usage: words of "server client" or "" for no extendedKeyUsage; san: "dns:…", "ip:…". Returns NAME.crt."""
        extensions = [(x509.BasicConstraints(ca=False, path_length=None), True), (_key_usage(digital_signature=True), True)]
        if usage:
            extensions.append((x509.ExtendedKeyUsage([_USAGES[word] for word in usage.split()]), False))
        if san:
            extensions.append((x509.SubjectAlternativeName([_general_name(text) for text in san]), False))
        return self._make(name, issuer, days, starts_days_ago, extensions)

    def _make(self, name, issuer, days, starts_days_ago, extensions):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer_cert, issuer_key = self._issued[issuer] if issuer else (None, key)
        start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None) - datetime.timedelta(days=starts_days_ago)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer_cert.subject if issuer_cert else subject)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(start).not_valid_after(start + datetime.timedelta(days=days))
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        cert = builder.sign(issuer_key, hashes.SHA256())
        self._issued[name] = (cert, key)
        self.path(name, "key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.path(name, "crt").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        return self.path(name, "crt")

    def path(self, name, ending):
        return self.dir / f"{name}.{ending}"

    def key_store(self, name, *, chain=("root",), password=PASSWORD, alias=None):
        """NAME.p12 with the key and its chain, by openssl."""
        extra = self.path(name, "chain")
        extra.write_bytes(b"".join(self.path(ca, "crt").read_bytes() for ca in chain))
        store = self.path(name, "p12")
        proc.run_ok(["openssl", "pkcs12", "-export", "-inkey", self.path(name, "key"), "-in", self.path(name, "crt"), "-certfile", extra,
                     "-name", alias or name, "-passout", f"pass:{password}", "-out", store])
        return store

    def trust_store(self, jdk, store, *names, password=PASSWORD):
        """A PKCS12 truststore that a JVM honours (openssl 3.0 cannot mark entries as trusted), by keytool."""
        for name in names:
            jdk.keytool_ok("-importcert", "-noprompt", "-alias", name, "-file", self.path(name, "crt"), "-keystore", self.dir / store,
                           "-storetype", "PKCS12", "-storepass", password)
        return self.dir / store


def _general_name(text):
    kind, _, value = text.partition(":")
    return x509.DNSName(value) if kind == "dns" else x509.IPAddress(ipaddress.ip_address(value))


def _key_usage(**on):
    names = ("digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
             "encipher_only decipher_only").split()
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})
