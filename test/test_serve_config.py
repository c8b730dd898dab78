"""`mutual serve --config`: the guide's stores as Spring Boot serves them; what overrides what; what is refused."""
import os
import shutil

import pytest

from lab import net, proc, spring


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return spring.make_stores(tmp_path_factory.mktemp("serve"))


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made, tmp_path / "app")
    return tmp_path / "app"


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """The guide's own four stores, by the guide's own commands, with PEM copies below certs/."""
    folder = tmp_path_factory.mktemp("guide") / "lab"
    program = os.environ["MUTUAL_RELEASE" if os.path.isfile(os.environ.get("MUTUAL_RELEASE", "")) else "MUTUAL"]
    proc.run_ok([program, "lab", "--dir", folder, "--port", net.free_port()])
    return folder


def expected(clients, with_identity, without):
    return {(client, identity): with_identity if identity else without for client in clients for identity in (True, False)}


def test_the_guides_stores(mutual, jdks, peer_classes, guide):
    (guide / "application.properties").write_text(spring.GUIDE)
    port = spring.start_serve(mutual, guide)
    got = spring.answers(mutual, jdks, peer_classes, guide, port)
    assert got == expected(["mutual", "curl", *(f"java {jdk.version}" for jdk in jdks)], "200", "refused")


@pytest.mark.parametrize("mode", ["want", "none"])
def test_clients_without_certificate(mutual, jdk, peer_classes, folder, mode):
    (folder / "application.properties").write_text(spring.GUIDE.replace("need", mode))
    got = spring.answers(mutual, [jdk], peer_classes, folder, spring.start_serve(mutual, folder))
    assert got == expected(["mutual", "curl", f"java {jdk.version}"], "200", "200")


@pytest.mark.parametrize("mode", ["need", "want", "none"])
def test_spring_boot_does_the_same(mutual, jdks, jdk17, start, peer_classes, guide, tmp_path, mode):
    folder = tmp_path / "app"
    shutil.copytree(guide, folder)
    (folder / "application.properties").write_text(spring.GUIDE.replace("need", mode))
    boot = spring.start_boot(start, jdk17, folder)
    ours = spring.start_serve(mutual, folder)
    assert boot[1] == "https"
    assert spring.answers(mutual, jdks, peer_classes, folder, boot[0]) == spring.answers(mutual, jdks, peer_classes, folder, ours)


def curl(folder, port, *args):
    return proc.run(["curl", "-sS", "--cacert", folder / "certs/root-ca.crt", "--cert", folder / "certs/client.crt", "--key",
                     folder / "certs/client.key", *args, f"https://127.0.0.1:{port}/"])


YAML = """server:
  ssl:
    certificate: certs/server.crt
    certificate-private-key: certs/server.key
    trust-certificate: certs/root-ca.crt
    clientAuth: need
    enabled-protocols: [TLSv1.2]
    ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256]
"""


def test_pem_and_versions_from_yaml(mutual, folder):
    (folder / "application.yml").write_text(YAML)
    port = spring.start_serve(mutual, folder, config="application.yml")
    assert curl(folder, port, "-w", "%{http_code}").out == "OK200"
    assert curl(folder, port, "--tlsv1.3").status != 0
    shown = proc.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}"])
    assert "TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256" in shown.out


def test_a_jar_with_its_stores_inside(mutual, folder, tmp_path):
    classes = tmp_path / "jar/BOOT-INF/classes"
    classes.mkdir(parents=True)
    for name in ("server.p12", "server-trust.p12"):
        shutil.move(folder / name, classes)
    (classes / "application.properties").write_text(spring.GUIDE.replace("=server", "=classpath:server"))
    jar = proc.run_ok(["/usr/bin/python3", "-c", f"import shutil; print(shutil.make_archive('{tmp_path}/app', 'zip', '{tmp_path}/jar'))"])
    shutil.move(jar.out.strip(), folder / "app.jar")
    port = spring.start_serve(mutual, folder, config="app.jar")
    assert curl(folder, port).out == "OK"


def test_options_go_before_the_file(mutual, folder):
    (folder / "application.properties").write_text(
        spring.GUIDE.replace("server.p12", "missing.p12").replace("client-auth=need", "client-auth=none"))
    port = spring.start_serve(mutual, folder, "--key-store", "server.p12", "--key-store-password", "changeit", "--client-auth", "need")
    assert curl(folder, port).out == "OK"
    assert proc.run(["curl", "-sS", "--cacert", folder / "certs/root-ca.crt", f"https://127.0.0.1:{port}/"]).status != 0


def test_address_and_the_environment(mutual, folder):
    (folder / "application.properties").write_text(
        spring.GUIDE.replace("changeit", "wrong", 1) + "server.address=localhost\nserver.port=0\n")
    server = mutual.start("serve", "--config", "application.properties", cwd=folder, env={"SERVER_SSL_KEYSTOREPASSWORD": "changeit"})
    port = server.wait_for(r"^mTLS server listening on https://127\.0\.0\.1:(\d+)/$")[1]
    assert curl(folder, port).out == "OK"


@pytest.mark.parametrize("text, status, code, words", [
    ("server.port=0\n", 6, "tls-to-plaintext-port", "no key of server.ssl"),
    (spring.GUIDE + "server.ssl.enabled=false\n", 6, "tls-to-plaintext-port", "application.properties:6: server.ssl.enabled"),
    (spring.GUIDE.replace("need", "required"), 2, "config-invalid", "application.properties:5: client-auth is \"required\""),
    (spring.GUIDE.replace("changeit", "${NOT_SET}", 1), 2, "config-invalid", "application.properties:2: key-store-password needs ${NOT_SET}"),
    (spring.GUIDE.replace("changeit", "wrong-secret", 1), 3, "store-wrong-password", "server.p12"),
    (spring.GUIDE.replace("server.p12", "none.p12"), 3, "store-not-found", "none.p12"),
    ("server.ssl.key-store=server.p12\nserver.ssl.key-store-password=changeit\nserver.ssl.client-auth=need\n", 3, "truststore-empty", ""),
])
def test_what_is_refused(mutual, folder, text, status, code, words):
    (folder / "application.properties").write_text(text)
    done = mutual("serve", "--config", "application.properties", cwd=folder)
    assert (done.status, done.out) == (status, ""), done
    assert f"[{code}]" in done.err and words in done.err and "wrong-secret" not in done.err, done


def test_a_key_that_nothing_reads_is_a_warning(mutual, folder):
    (folder / "application.properties").write_text(spring.GUIDE + "server.ssl.key-alais=server\nserver.port=0\nserver.address=127.0.0.1\n")
    server = mutual.start("serve", "--config", "application.properties", cwd=folder)
    server.wait_for("^mTLS server listening")
    assert "warning: application.properties:6: nothing reads server.ssl.key-alais [property-ignored]" in server.err
