"""Spring Boot, where it can be had, and configurations for it."""
import os
import pathlib
import re

import pytest

from . import net, proc

STORES = """server.ssl.key-store=server.p12
server.ssl.key-store-password=changeit
server.ssl.trust-store=server-trust.p12
server.ssl.trust-store-password=changeit
"""
# As the guide maps its stores.
GUIDE = STORES + "server.ssl.client-auth=need\n"


def make_stores(folder):
    """The four stores with EC keys, PEM copies below certs/, also of the keys encrypted."""
    mutual, ca = os.environ["MUTUAL"], folder / "ca"
    proc.run_ok([mutual, "ca", "init", "--ca", ca, "--no-encryption", "--key-algorithm", "EC"])
    (folder / "certs").mkdir()
    for name, other in (("server", "client"), ("client", "server")):
        server = ["--san", "dns:localhost,ip:127.0.0.1", "--trust-certificate", folder / "certs/root-ca.crt"] if name == "server" else []
        proc.run_ok([mutual, "ca", "issue", "--ca", ca, "--profile", name, "--alias", name, "--key-algorithm", "EC", *server,
                     "--key-store", folder / f"{name}.p12", "--key-store-password", "changeit",
                     "--trust-store", folder / f"{other}-trust.p12", "--trust-store-password", "changeit",
                     "--certificate", folder / f"certs/{name}.crt", "--certificate-private-key", folder / f"certs/{name}.key"])
        proc.run_ok(["openssl", "pkey", "-in", folder / f"certs/{name}.key", "-aes256", "-passout", "pass:changeit",
                     "-out", folder / f"certs/{name}-encrypted.key"])
    return folder


def boot_jar():
    """test/peers/spring, packed by somebody with a Maven repository at hand (mvn package): MUTUAL_SPRING_BOOT names the JAR."""
    jar = pathlib.Path(os.environ.get("MUTUAL_SPRING_BOOT", ""))
    if not jar.is_file():
        pytest.skip("no Spring Boot: MUTUAL_SPRING_BOOT names no JAR")
    return jar.resolve()


def start_boot(start, jdk, folder, *args, env=None, port=True):
    """Spring Boot in that folder. Returns (port, "http" or "https"), or None if it did not start."""
    any_port = ["--server.port=0"] if port else []
    process = start([jdk.bin / "java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", boot_jar(), *any_port, *args], cwd=folder, env=env)
    match = process.wait_for(r"Tomcat started on port (\d+) \((https?)\)|Application run failed|APPLICATION FAILED TO START", timeout=120)
    if match[1]:
        return int(match[1]), match[2]
    return None


def start_serve(mutual, folder, *args, config="application.properties", env=None):
    """`mutual serve --config` in that folder, on a port of its own. Returns the port."""
    port = net.free_port()
    process = mutual.start("serve", "--config", config, *args, cwd=folder, env={**(env or {}), "SERVER_PORT": port})
    process.wait_for(rf"^mTLS server listening on https://0\.0\.0\.0:{port}/$")
    return port


def answers(mutual, jdks, classes, folder, port):
    """What each client gets with and without identity: "200" or the alert that it was refused with."""
    url = f"https://127.0.0.1:{port}/"
    got = {}
    for identity in (True, False):
        key_store = ["--key-store", folder / "client.p12", "--key-store-password", "changeit"] if identity else []
        done = mutual("get", url, "--trust-store", folder / "client-trust.p12", "--trust-store-password", "changeit", "--report", "jsse",
                      *key_store)
        got["mutual", identity] = _short(done.out)
        pem = ["--cert", folder / "certs/client.crt", "--key", folder / "certs/client.key"] if identity else []
        done = proc.run(["curl", "-sS", "--cacert", folder / "certs/root-ca.crt", *pem, "-w", "HTTP status: %{http_code}", url])
        got["curl", identity] = _short(done.out + done.err)
        for jdk in jdks:
            stores = {"trustStore": "client-trust.p12", **({"keyStore": "client.p12"} if identity else {})}
            properties = {f"javax.net.ssl.{name}": folder / store for name, store in stores.items()}
            properties.update({f"javax.net.ssl.{name}Password": "changeit" for name in stores})
            done = proc.run_ok(jdk.java("PeerClient", url, properties=properties, classes=classes))
            got[f"java {jdk.version}", identity] = _short(done.out)
    return got


def _short(text):
    return "200" if "HTTP status: 200" in text else "refused" if re.search("alert|reset|Broken pipe|terminated", text, re.I) else text
