"""`mutual doctor --config` and `--command`: what is healthy is told so, each planted fault is found, with its place, and nothing else."""
import itertools
import json
import shutil

import pytest

from lab import spring


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return spring.make_stores(tmp_path_factory.mktemp("config"))


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made, tmp_path / "app")
    return tmp_path / "app"


@pytest.fixture
def doctor(mutual, folder):
    def run(*args, env=None):
        done = mutual("doctor", *args, "--json", cwd=folder, env=env)
        answer = json.loads(done.out)
        assert done.status == {"ok": 0, "fail": 4, "unknown": 1}[answer["verdict"]], done
        assert "changeit" not in done.out + done.err and "s3cret" not in done.out + done.err, done
        return answer
    return run


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


# ---- healthy ----

# The five settings in the spellings, formats and places that Spring Boot takes. {x}: what stands for "changeit".
SPELLINGS = [
    ("key-store", "key-store-password", "trust-store", "trust-store-password", "client-auth"),
    ("keyStore", "keyStorePassword", "trustStore", "trustStorePassword", "clientAuth"),
    ("key_store", "key_store_password", "trust_store", "trust_store_password", "client_auth"),
    ("KEYSTORE", "KEY-STORE-PASSWORD", "TRUSTSTORE", "TRUSTSTOREPASSWORD", "CLIENTAUTH"),
]
PASSWORDS = [("changeit", {}), ("${PW}", {"PW": "changeit"}), ("${NOBODY:changeit}", {}), ("${a.b}", {}), ("${NOBODY:${PW:x}}", {"PW": "changeit"})]
EXTRA = ["a.b=changeit", "logging.level.root=info", "spring.datasource.url=jdbc:x", "management.server.ssl.enabled=false",
         "server.tomcat.threads.max=10", "server.servlet.context-path=/x", "spring.kafka.ssl.key-store-location=x", "my.ssl.key-store=y"]


def as_yaml(lines):
    """Nested maps of "a.b.c=v" lines."""
    tree = {}
    for line in lines:
        name, _, value = line.partition("=")
        node, *rest = tree, *name.split(".")
        for part in rest[:-1]:
            node = node.setdefault(part, {})
        node[rest[-1]] = value

    def text(node, indent):
        return "".join(f"{indent}{key}:\n{text(value, indent + '  ')}" if isinstance(value, dict) else f"{indent}{key}: {value}\n"
                       for key, value in node.items())
    return text(tree, "")


def healthy():
    for (number, names), (password, env), yaml in itertools.product(enumerate(SPELLINGS), PASSWORDS, (False, True)):
        location = ("", "file:", "file:./", "")[number]
        values = (f"{location}server.p12", password, f"{location}server-trust.p12", password, ("need", "NEED", "Need", "need")[number])
        lines = [f"server.ssl.{name}={value}" for name, value in zip(names, values)] + EXTRA
        name = "application.yml" if yaml else "application.properties"
        yield {name: as_yaml(lines) if yaml else "\n".join(lines)}, env, []
    guide = spring.GUIDE
    pem = ("server.ssl.certificate=certs/server.crt\nserver.ssl.certificate-private-key=certs/server.key\n"
           "server.ssl.trust-certificate=certs/root-ca.crt\nserver.ssl.client-auth=need\n")
    bundle = ("server.ssl.bundle=web-1\nserver.ssl.client-auth=need\nspring.ssl.bundle.jks.web-1.keystore.location=server.p12\n"
              "spring.ssl.bundle.jks.web-1.keystore.password=changeit\nspring.ssl.bundle.jks.web-1.keystore.type=PKCS12\n"
              "spring.ssl.bundle.jks.web-1.key.alias=server\nspring.ssl.bundle.jks.web-1.truststore.location=server-trust.p12\n"
              "spring.ssl.bundle.jks.web-1.truststore.password=changeit\nspring.ssl.bundle.jks.web-1.options.ciphers=TLS_AES_128_GCM_SHA256\n")
    pem_bundle = ("server.ssl.bundle=p\nserver.ssl.client-auth=need\nspring.ssl.bundle.pem.p.keystore.certificate=certs/server.crt\n"
                  "spring.ssl.bundle.pem.p.keystore.private-key=certs/server-encrypted.key\n"
                  "spring.ssl.bundle.pem.p.keystore.private-key-password=changeit\n"
                  "spring.ssl.bundle.pem.p.truststore.certificate=certs/root-ca.crt\n")
    properties = "application.properties"
    yield {properties: pem}, {}, []
    yield {properties: bundle}, {}, []
    yield {properties: pem_bundle}, {}, []
    yield {properties: bundle.replace("changeit", "x")}, {"SPRING_SSL_BUNDLE_JKS_WEB1_KEYSTORE_PASSWORD": "changeit",
                                                          "SPRING_SSL_BUNDLE_JKS_WEB_1_TRUSTSTORE_PASSWORD": "changeit"}, []
    yield {properties: guide.replace("server.p12", "nope")}, {"SERVER_SSL_KEYSTORE": "server.p12"}, []
    yield {properties: guide.replace("need", "none"), "application-prod.properties": "server.ssl.client-auth=need\n"}, {}, ["--profile", "prod"]
    yield {properties: guide.replace("need", "none") + "#---\nspring.config.activate.on-profile=prod & !eu\nserver.ssl.client-auth=need\n"}, {
        "SPRING_PROFILES_ACTIVE": "prod"}, []
    yield {"application.yml": as_yaml(guide.split()) + "---\nspring.config.activate.on-profile: test\nserver.ssl.key-store: nope\n"}, {}, []
    yield {"application.yml": "x: &a\n  key-store: nope\n  key-store-password: changeit\ny: &b {trust-store: server-trust.p12}\nserver:\n  ssl:\n"
           "    <<: [*a, *b]\n    trust-store-password: 'changeit'\n    key-store: server.p12\n    client-auth: \"need\"\n"}, {}, []
    yield {properties: guide, "src/main/resources/application.yml": as_yaml(guide.split())}, {}, []
    yield {properties: guide.replace("key-store=", "key-store:\\\n   ") + "\n! a comment\nx\\u0041=\\u0042\n"}, {}, []
    yield {properties: guide + "spring.profiles.active=a\nspring.profiles.group.a=b,c\n", "application-c.yaml": "server.ssl.key-alias: server\n"}, {}, []


HEALTHY = list(healthy())


def test_there_are_fifty():
    assert len(HEALTHY) >= 50


@pytest.mark.parametrize("quarter", range(4))
def test_healthy(doctor, folder, quarter):
    client = ["--client-key-store", "client.p12", "--client-key-store-password", "file:pw", "--client-trust-store", "client-trust.p12",
              "--client-trust-store-password", "file:pw", "--host", "127.0.0.1"]
    (folder / "pw").write_text("changeit\n")
    for number, (files, env, args) in enumerate(HEALTHY[quarter::4]):
        write(folder, files)
        answer = doctor("--config", next(iter(files)), *args, *(client if number == 0 else []), env=env)
        assert (answer["verdict"], answer["findings"]) == ("ok", []), (files, env, answer)
        for name in files:
            (folder / name).unlink()


def test_classpath(doctor, folder):
    """In the project and in the JAR."""
    write(folder, {"src/main/resources/application.properties": spring.GUIDE.replace("=server", "=classpath:tls/server")})
    (folder / "src/main/resources/tls").mkdir()
    for name in ("server.p12", "server-trust.p12"):
        shutil.move(folder / name, folder / "src/main/resources/tls")
    assert doctor("--config", "src/main/resources/application.properties")["findings"] == []
    shutil.move(folder / "src/main/resources", folder / "jar/BOOT-INF/classes")
    shutil.move(shutil.make_archive(folder / "app", "zip", folder / "jar"), folder / "app.jar")
    answer = doctor("--config", "app.jar")
    assert answer["findings"] == [] and answer["notes"][0] == "app.jar!/BOOT-INF/classes/application.properties"
    [found] = doctor("--config", "app.jar", env={"SERVER_SSL_KEYALIAS": "nobody"})["findings"]
    assert (found["code"], found["command"]) == ("server-alias-not-found", None)
    assert "the environment variable SERVER_SSL_KEYALIAS: key-alias" in found["evidence"], found


@pytest.mark.time_limit(3600)
def test_spring_boot_starts_with_them(start, jdk17, folder, long_run):
    """A sample of the healthy ones; with --long all."""
    for files, env, args in HEALTHY if long_run else HEALTHY[::9]:
        write(folder, files)
        boot = spring.start_boot(start, jdk17, folder, *(f"--spring.profiles.active={word}" for word in args[1:]), env=env)
        assert boot and boot[1] == "https", files
        for name in files:
            (folder / name).unlink()


# ---- planted faults ----

G = spring.GUIDE
K = "server.ssl.key-store=server.p12\nserver.ssl.key-store-password=changeit\n"
T = "server.ssl.trust-store=server-trust.p12\nserver.ssl.trust-store-password=changeit\n"
PEM = "server.ssl.certificate=certs/server.crt\nserver.ssl.certificate-private-key=certs/server.key\n"
PT = "server.ssl.trust-certificate=certs/root-ca.crt\nserver.ssl.client-auth=need\n"
B = "server.ssl.bundle=web\nspring.ssl.bundle.jks.web.keystore.location=server.p12\nspring.ssl.bundle.jks.web.keystore.password=changeit\n"
A = "application.properties"
Y = "server:\n  ssl:\n    key-store: server.p12\n    key-store-password: changeit\n"

# name: text (of application.properties, or .yml if it has a line that ends in ":"), code, severity, evidence, whether Spring Boot starts
FAULTS = {
    "misspelt": (G + "server.ssl.key-stor=x\n", "property-ignored", "error", f"{A}:6: nothing reads server.ssl.key-stor", True),
    "misspelt in YAML": (Y + "    key-alais: x\n", "property-ignored", "error", "application.yml:5: nothing reads server.ssl.key-alais", True),
    "a dot too many": (G + "server.ssl.key.alias=server\n", "property-ignored", "error", f"{A}:6: nothing reads", True),
    "ssl left out": (G + "server.key-alias=server\n", "property-ignored", "error", f"{A}:6: nothing reads", True),
    "server left out": (G + "ssl.key-alias=server\n", "property-ignored", "error", f"{A}:6: nothing reads", True),
    "sever": (G + "sever.ssl.key-alias=server\n", "property-ignored", "error", f"{A}:6: nothing reads", True),
    "unknown": (G + "server.ssl.stapling=true\n", "property-ignored", "warning", f"{A}:6: nothing reads", True),
    "bundle misspelt": (B + "spring.ssl.bundle.jks.web.keystor.type=x\n", "property-ignored", "error", f"{A}:4: nothing reads", True),
    "JVM property": (G + "javax.net.ssl.trustStore=x\n", "property-ignored", "error", f"{A}:6: javax.net.ssl.trustStore", True),
    "twice": (G + "server.ssl.client-auth=none\nserver.ssl.client-auth=need\n", "property-ignored", "warning",
              f"{A}:6: server.ssl.client-auth does not count: {A}:7", True),
    "no TLS": ("server.servlet.context-path=/x\n", "tls-to-plaintext-port", "error", "no key of server.ssl", True),
    "switched off": (G + "server.ssl.enabled=false\n", "tls-to-plaintext-port", "error", f"{A}:6: server.ssl.enabled is false", True),
    "switched off in YAML": (Y + "    enabled: off\n", "tls-to-plaintext-port", "error", "application.yml:5:", True),
    "enabled is a word": (G + "server.ssl.enabled=maybe\n", "config-invalid", "error", f"{A}:6: server.ssl.enabled is", False),
    "client-auth is a word": (K + T + "server.ssl.client-auth=required\n", "config-invalid", "error", f"{A}:5: client-auth is", False),
    "client-auth is off": (Y + "    client-auth: off\n", "config-invalid", "error", "application.yml:5: client-auth is", False),
    "no trust": (K + "server.ssl.client-auth=need\n", "client-ca-not-trusted", "error", f"{A}:3: client-auth is need", True),
    "no client-auth": (K + T, "server-does-not-request", "error", f"{A}:3: trust-store is set", True),
    "client-auth none": (K + T + "server.ssl.client-auth=none\n", "server-does-not-request", "warning", f"{A}:5: client-auth is none", True),
    "want": (K + T + "server.ssl.client-auth=want\n", "client-auth-optional", "warning", f"{A}:5: client-auth is want", True),
    "no identity": (T + "server.ssl.client-auth=need\n", "keystore-no-private-key", "error", "neither a key store nor", False),
    "half PEM": ("server.ssl.certificate=certs/server.crt\n" + PT, "keystore-no-private-key", "error", f"{A}:1: certificate is set", False),
    "half PEM beside a store": (K + "server.ssl.certificate=certs/server.crt\n", "property-ignored", "warning", f"{A}:3: certificate", True),
    "PEM and store": (G + PEM, "config-invalid", "error", f"{A}:2: certificate and private key", False),
    "PEM and a password": (PEM + PT + "server.ssl.key-password=s3cret\n", "config-invalid", "error", f"{A}:5: certificate and", False),
    "PEM trust and store": (G + PT, "property-ignored", "warning", f"{A}:3: trust-store is not read", True),
    "encrypted PEM key": (PEM.replace("server.key", "server-encrypted.key") + PT, "pem-key-encrypted", "error", f"{A}:2: certificate", False),
    "bundle and store": (B + "server.ssl.key-alias=x\n", "property-ignored", "warning", f"{A}:4: server.ssl.key-alias is not read", True),
    "no such bundle": ("server.ssl.bundle=Web\n" + B.partition("\n")[2], "config-invalid", "error", f"{A}:1: there is no bundle", False),
    "bundle not named": (B.partition("\n")[2], "tls-to-plaintext-port", "error", f"{A}:1: a bundle is described", True),
    "no value": (G.replace("changeit", "${NOT_SET}", 1), "config-invalid", "error", f"{A}:2: key-store-password needs ${{NOT_SET}}", False),
    "leads back": (G.replace("=server.p12", "=${a}") + "a=${b}\nb=${a}\n", "config-invalid", "error", "lead back to themselves", False),
    "missing": (G.replace("server.p12", "servr.p12"), "store-not-found", "error", f'{A}:1: key-store is "servr.p12"', False),
    "missing trust": (G.replace("server-trust", "trust"), "store-not-found", "error", f"{A}:3: trust-store is", False),
    "missing resource": (G.replace("=server.p12", "=classpath:x/server.p12"), "store-not-found", "error", 'there is one at "server.p12"', False),
    "two slashes": (G.replace("=server.p12", "=file://server.p12"), "store-not-found", "error", 'there is one at "server.p12"', False),
    "blank at the end": (G.replace("server.p12", "server.p12 "), "store-not-found", "error", "the value ends in a blank", False),
    "wrong password": (G.replace("changeit", "s3cret", 1), "store-wrong-password", "error", f"{A}:2: key-store-password", False),
    "password with a blank": (G.replace("changeit", "changeit ", 1), "store-wrong-password", "error", "which ends in a blank", False),
    "password is a number": (Y.replace("changeit", "0123"), "store-wrong-password", "error", "put it between quotes", False),
    "password is a word": (Y.replace("changeit", "yes"), "store-wrong-password", "error", "put it between quotes", False),
    "no password": (G.replace("server.ssl.key-store-password=changeit\n", ""), "store-wrong-password", "error",
                    "key-store-password is not set", False),
    "trust without password": (G.replace("server.ssl.trust-store-password=changeit\n", ""), "p12-read-without-password", "error",
                               f"{A}:3: trust-store", False),
    "key password": (G + "server.ssl.key-password=s3cret\n", "key-password-differs", "error", f"{A}:6: key-password", False),
    "empty alias": (G + "server.ssl.key-alias=\n", "server-alias-not-found", "error", f"{A}:6: key-alias is set and empty", False),
    "alias": (G + "server.ssl.key-alias=nobody\n", "server-alias-not-found", "error", f"{A}:6: key-alias", False),
    "swapped": (G.replace("server-trust.p12", "x").replace("server.p12", "server-trust.p12").replace("=x", "=server.p12"), "store-swapped",
                "error", f"{A}:1: key-store", False),
    "type": (G + "server.ssl.key-store-type=P12\n", "config-invalid", "error", f"{A}:6: Java knows no type", False),
    "other type": (G + "server.ssl.key-store-type=JCEKS\n", "store-wrong-type", "error", f"{A}:6: key-store-type", False),
    "old protocol": (G + "server.ssl.enabled-protocols=TLSv1.1\n", "protocol-version-mismatch", "error", f"{A}:6: only versions", True),
    "no protocol": (G + "server.ssl.enabled-protocols=TLS1.2\n", "config-invalid", "error", f"{A}:6: Java knows not all", False),
    "one protocol": (G + "server.ssl.enabled-protocols=TLSv1.2,TLS1.3\n", "property-ignored", "warning", f"{A}:6: Java knows not all", True),
    "protocol": (G + "server.ssl.protocol=TLS1.2\n", "config-invalid", "error", f"{A}:6: Java knows no protocol", False),
    "no suite": (G + "server.ssl.ciphers=TLS_AES_128\n", "config-invalid", "error", f'{A}:6: "TLS_AES_128" is no cipher suite', False),
    "port": (G + "server.port=84433\n", "config-invalid", "error", f"{A}:6: server.port is", False),
    "duplicate in YAML": (Y + "  ssl:\n    client-auth: none\n", "config-invalid", "error", 'application.yml:5:3: "ssl" stands here', False),
    "tab in YAML": (Y + "\tx: y\n", "config-invalid", "error", "application.yml:5:1:", False),
    "unknown alias in YAML": (Y + "x: *nobody\n", "config-invalid", "error", "application.yml:5:4:", False),
    "profile in a profile": (Y + "---\nspring.config.activate.on-profile: a\nspring.profiles.active: b\n", "config-invalid", "error",
                             "application.yml:7: profiles cannot", False),
    "old profiles key": (Y + "---\nspring:\n  profiles: prod\n", "config-invalid", "error", "application.yml:7: Spring Boot 2.4", False),
}


def is_yaml(text):
    return any(line.endswith(":") for line in text.split("\n"))


@pytest.mark.parametrize("name", FAULTS)
def test_planted(doctor, folder, name):
    text, code, severity, evidence, _ = FAULTS[name]
    config = "application.yml" if is_yaml(text) else A
    write(folder, {config: text})
    answer = doctor("--config", config)
    assert [(found["code"], found["severity"], found["side"]) for found in answer["findings"]] == [(code, severity, "server")], answer
    assert evidence in "\n".join(answer["findings"][0]["evidence"]), answer
    assert answer["verdict"] == ("fail" if severity == "error" else "ok")


@pytest.mark.time_limit(3600)
def test_spring_boot_says_the_same(start, jdk17, folder, long_run):
    """Does it start with the planted faults?"""
    for name, (text, _, _, _, starts) in list(FAULTS.items())[:: 1 if long_run else 12]:
        config = "application.yml" if is_yaml(text) else A
        write(folder, {config: text})
        arguments = [] if name == "port" else ["--server.port=0"]
        assert bool(spring.start_boot(start, jdk17, folder, *arguments, port=False)) == starts, name
        (folder / config).unlink()


def test_two_formats(doctor, folder):
    write(folder, {A: G, "application.yml": Y.replace("server.p12", "other.p12")})
    answer = doctor("--config", A)
    [found] = answer["findings"]
    assert (answer["verdict"], found["code"]) == ("ok", "property-ignored")
    assert found["evidence"] == [f"application.yml:3: server.ssl.key-store does not count: {A}:1 sets it otherwise"]
    assert doctor("--config", "application.yml") == answer


def test_a_profile_that_is_not_active(doctor, folder):
    write(folder, {A: "x=y\n", "application-tls.properties": G})
    [found] = doctor("--config", A)["findings"]
    assert found["code"] == "tls-to-plaintext-port" and "profile tls is not active; with --profile it is read, too" in found["evidence"]
    assert doctor("--config", A, "--profile", "tls")["findings"] == []


def test_inline_pem(doctor, folder):
    indented = "".join(f"      {line}\n" for line in (folder / "certs/server.crt").read_text().splitlines())
    key = "".join(f"      {line}\n" for line in (folder / "certs/server.key").read_text().splitlines())
    write(folder, {"application.yml": f"server:\n  ssl:\n    certificate: |\n{indented}    certificate-private-key: |\n{key}"})
    assert doctor("--config", "application.yml")["findings"] == []


def test_both_sides_meet(doctor, folder):
    """The client's command line against the server's configuration."""
    write(folder, {A: G})
    properties = {"trustStore": "client-trust.p12", "trustStorePassword": "changeit", "keyStore": "client.p12", "keyStorePassword": "changeit"}
    command = "java " + " ".join(f"-Djavax.net.ssl.{name}={value}" for name, value in properties.items()) + " -jar client.jar"
    answer = doctor("--config", A, "--command", command, "--host", "127.0.0.1")
    assert (answer["verdict"], answer["findings"]) == ("ok", [])
    answer = doctor("--config", A, "--command", command.replace("client.p12", "server.p12"), "--host", "127.0.0.1")
    assert [(found["code"], found["side"]) for found in answer["findings"]] == [("eku-missing-clientauth", "client")]


# ---- command lines ----

J = "-Djavax.net.ssl."
TRUST = f"{J}trustStore=client-trust.p12 {J}trustStorePassword=changeit"
KEYS = f"{J}keyStore=client.p12 {J}keyStorePassword=changeit"


@pytest.mark.parametrize("command", [
    f"java {TRUST} {KEYS} -jar app.jar",
    f"/usr/bin/java -Xmx1g {TRUST} {KEYS} -cp 'a b:c' Main x -y",
    f"cd /srv && exec java '{J}trustStore=client-trust.p12' \"{J}trustStorePassword=changeit\" {KEYS} \\\n  -jar app.jar > log 2>&1",
    f"PW=changeit java {TRUST.replace('changeit', '$PW')} {KEYS.replace('changeit', '${PW}')} Main",
    f"JAVA_TOOL_OPTIONS='{TRUST}' nohup java {KEYS} -jar app.jar &",
    f"env JDK_JAVA_OPTIONS=\"{TRUST} {KEYS}\" java -m app/x.Main",
    f"java {J}keyStore=nope _X {KEYS} Main".replace("_X ", "").replace(f"{J}keyStore=nope ", "") + f" -Dother=1 --server.port=1",
    f"sudo -E -u java /opt/jdk-21/bin/java {TRUST} {KEYS} -jar app.jar",
    f"nice -n 5 env -i JAVA_TOOL_OPTIONS='{TRUST}' /usr/bin/java {KEYS} -jar app.jar",
    f"docker run --rm --name java -e PW=1 --env='JDK_JAVA_OPTIONS={TRUST}' image:21 java {KEYS} -jar app.jar",
    f"'C:\\\\Program Files\\\\jdk\\\\bin\\\\java.exe' {TRUST} {KEYS} -jar app.jar",
    f"java {TRUST} {KEYS} -Dhttps.protocols=TLSv1.3 -Djdk.tls.client.protocols=TLSv1.2,TLSv1.3 -Dfile.encoding=UTF-8 -jar a.jar",
])
def test_healthy_command(doctor, command):
    answer = doctor("--command", command)
    assert (answer["verdict"], answer["findings"]) == ("ok", []), answer


COMMANDS = {
    "after -jar": (f"java {TRUST} -jar app.jar {KEYS}", [("property-ignored", "error")] * 2, 'stands after "app.jar"'),
    "after the class": (f"java {KEYS} Main {J}trustStore=client-trust.p12", [("property-ignored", "error")], 'stands after "Main"'),
    "case": (f"java {KEYS} {J}truststore=client-trust.p12 -jar a.jar", [("property-ignored", "error")], "-Djavax.net.ssl.truststore is not read"),
    "letter": (f"java {TRUST} {KEYS} {J}keyStorType=x -jar a.jar", [("property-ignored", "error")], "keyStorType is not read"),
    "java.net": (f"java {TRUST} -Djava.net.ssl.keyStore=client.p12 -jar a.jar", [("property-ignored", "error")], "-Djava.net.ssl.keyStore is"),
    "bare": (f"java {KEYS} -DtrustStore=client-trust.p12 -jar a.jar", [("property-ignored", "error")], "-DtrustStore is not read"),
    "unknown": (f"java {TRUST} {KEYS} -Djdk.tls.whatever.else=1 -jar a.jar", [("property-ignored", "warning")], "jdk.tls.whatever.else"),
    "twice": (f"java {J}trustStore=x {TRUST} {KEYS} -jar a.jar", [("property-ignored", "warning")], "stands there twice"),
    "no such trust": (f"java {KEYS} {TRUST.replace('client-t', 't')} Main", [("store-not-found", "error")], "trusts its default roots instead"),
    "no such keys": (f"java {TRUST} {KEYS.replace('client', 'clint')} Main", [("store-not-found", "error")], 'names "clint.p12"'),
    "URL": (f"java {KEYS} {TRUST.replace('client-t', 'file:client-t')} Main", [("store-not-found", "error")], "takes a path, not a URL"),
    "tilde": (f"java {KEYS} {TRUST.replace('client-t', '~/client-t')} Main", [("store-not-found", "error")], "write $HOME"),
    "keys without password": (f"java {TRUST} {J}keyStore=client.p12 Main", [("store-wrong-password", "error")], "without javax.net.ssl.keyStoreP"),
    "trust without password": (f"java {KEYS} {J}trustStore=client-trust.p12 Main", [("p12-read-without-password", "error")], "client-trust.p12"),
    "empty variable": (f"java {TRUST.replace('changeit', '$NOT_SET')} {KEYS} Main", [("config-invalid", "error")], "a variable that is empty"),
    "empty variable as file": (f"java {KEYS} {J}trustStore=$NOT_SET Main", [("config-invalid", "error")], "a variable that is empty"),
    "two words": (f"java {KEYS} {J}trustStore client-trust.p12 Main", [("config-invalid", "error")], "has no value"),
    "-D alone": (f"java {TRUST} {KEYS} -D x", [("config-invalid", "error")], '-D stands alone, so "x" after it'),
    "wrong password": (f"java {TRUST} {KEYS.replace('changeit', 's3cret')} Main", [("store-wrong-password", "error")], "client.p12"),
    "no identity": (f"java {TRUST} Main", [("client-cert-not-sent", "warning")], "it has none to present"),
    "type": (f"java {TRUST} {KEYS} {J}keyStoreType=P12 Main", [("config-invalid", "error")], "Java knows no such type"),
    "other type": (f"java {TRUST} {KEYS} {J}keyStoreType=JCEKS Main", [("store-wrong-type", "error")], 'declared as "JCEKS"'),
    "old protocol": (f"java {TRUST} {KEYS} -Djdk.tls.client.protocols=TLSv1.1 Main", [("protocol-version-mismatch", "error")], "no version"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_planted_in_a_command(doctor, name):
    command, expected, evidence = COMMANDS[name]
    answer = doctor("--command", command)
    assert [(found["code"], found["severity"]) for found in answer["findings"]] == expected, answer
    assert evidence in "\n".join(answer["findings"][0]["evidence"]), answer
    assert {found["side"] for found in answer["findings"]} == {"client"}


def test_a_container_has_files_of_its_own(doctor):
    notes = doctor("--command", f"docker run image java {TRUST} {KEYS} -jar app.jar")["notes"]
    assert "the command runs in a container: the files that it names were looked for here" in notes
    assert not any("container" in note for note in doctor("--command", f"java {TRUST} {KEYS} -jar app.jar")["notes"])


@pytest.mark.parametrize("args, words", [
    (["--command", "python x.py"], "there is no java in it"),
    (["--command", "sudo -u java /opt/app/start.sh"], "there is no java in it"),
    (["--command", "docker run --env=JAVA_TOOL_OPTIONS=-Dx image"], "Give the line that starts the JVM"),
    (["--command", "java -Dx='y"], "a quote in it does not end"),
    (["--config", A, "--server-key-store", "x"], "leave --server-"),
    (["--config", "x.txt"], "is no .properties, .yml, .yaml or .jar"),
])
def test_usage(mutual, folder, args, words):
    write(folder, {A: G})
    done = mutual("doctor", *args, cwd=folder)
    assert done.status == 2 and words in done.err, done
