"""What real pairs do with four_stores' sets: two JVMs, and openssl's s_server and s_client, over TCP."""
import re
import subprocess

from . import net, proc, store_files
from .four_stores import OTHER

PROTOCOLS = ("TLSv1.2", "TLSv1.3")


def _java_fields(folder, world, name):
    side, words = world.sides[name], {}
    for which in ("key", "trust"):
        words[which] = str(folder / side.told.get(which, side.names[which])), side.given[which] or ""
    option = side.options.get
    return [*words["key"], option("key-store-type", ""), option("key-store-alias", ""), option("key-password", "").removeprefix("pass:"),
            *words["trust"], option("trust-store-type", "")]


def java(jdk, classes, sets):
    """sets: (folder, world). Yields for each {protocol: (ok, who refused)}; PEM is not for a JVM."""
    lines = [[str(i), protocol, world.host or "", *_java_fields(folder, world, "server"), *_java_fields(folder, world, "client")]
             for i, (folder, world) in enumerate(sets) if world.form != "pem" for protocol in PROTOCOLS]
    result = proc.run(jdk.java("StorePairs", classes=classes), input="".join("\t".join(line) + "\n" for line in lines), timeout=600)
    answers = [line.split("\t") for line in result.out.splitlines()]
    assert len(answers) == len(lines), result
    found = {}
    for line, (number, server, client) in zip(lines, answers):
        assert line[0] == number
        found.setdefault(int(number), {})[line[1]] = _who(server, client), f"server: {server}; client: {client}"
    return found


def _who(server, client):
    if server == client == "ok":
        return None
    for name, outcome in (("server", server), ("client", client)):
        if outcome.startswith(("start", "refused")):
            return name
    return "unknown"


# ---- openssl ----

def _pem_files(folder, world, name):
    """The certificates of the files that the doctor was told, in PEM; None if one of them cannot be read."""
    side, files = world.sides[name], {}
    owners = {x.names[which]: (x, which) for x in world.sides.values() for which in ("key", "trust")}
    for which in ("key", "trust"):
        owner, part = owners[side.told.get(which, side.names[which])]
        if part in owner.spoil or side.given[which] != owner.passwords[part]:
            return None
        entries = owner.entries if part == "key" else []
        certs = [cert.der() for entry in entries for cert in entry.chain]
        certs += [cert.der() for _, cert in (owner.key_trusted if part == "key" else owner.trusted)]
        files[which] = entries, certs
    entries = files["key"][0]
    if not entries or any(e.password or "key-password" in side.options for e in entries) or len(entries) > 1 or not files["trust"][1]:
        return None
    paths = {word: folder / f"{name}-openssl-{word}.pem" for word in ("cert", "chain", "key", "ca")}
    chain = [cert.der() for cert in entries[0].chain]
    paths["cert"].write_bytes(store_files.pem(chain[0]))
    paths["chain"].write_bytes(store_files.pem(*chain[1:]))
    paths["key"].write_bytes(store_files.pem(entries[0].key))
    paths["ca"].write_bytes(store_files.pem(*files["trust"][1]))
    own = ["-cert", paths["cert"], "-key", paths["key"], "-CAfile", paths["ca"], "-no-CApath", "-no-CAstore",
           "-verify_return_error"]
    return own + (["-cert_chain", paths["chain"]] if chain[1:] else [])


def openssl(folder, world):
    """{protocol: (who refused or None, text)}, or None if openssl cannot be given these stores."""
    server, client = (_pem_files(folder, world, name) for name in ("server", "client"))
    if not server or not client:
        return None
    asked = [] if not world.host else ["-verify_ip" if world.host[0].isdigit() else "-verify_hostname", world.host]
    found = {}
    for protocol in PROTOCOLS:
        flag, port = "-" + protocol.lower().replace("v", "").replace(".", "_"), net.free_port()
        words = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-naccept", "1", "-Verify", "9", flag, *server]
        serving = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace")
        begun = ""
        while "ACCEPT" not in begun and (line := serving.stdout.readline()):
            begun += line
        words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-verify", "9", flag, *asked, *client]
        asking = proc.run(words, input="Q\n") if "ACCEPT" in begun else None
        if asking is None or asking.status:
            serving.kill()
        told = begun + serving.communicate(timeout=60)[0]
        heard = asking.out + asking.err if asking else ""
        found[protocol] = _openssl_who(told, heard), f"server: {told}\nclient: {heard}"
    return found


def _openssl_who(server, client):
    refusal = re.compile(r"verify error:num|certificate verify failed|peer did not return a certificate|no shared cipher|"
                         r"no suitable signature")
    if "ACCEPT" not in server or refusal.search(server):
        return "server"
    if refusal.search(client) or "unable to load" in client or not client or "CONNECTED" not in client:
        return "client"
    return None


def predicted(report, pair):
    """{protocol: who refuses or None} of a doctor's report."""
    answer = report["predictions"].get(pair)
    if answer is None:
        return None
    who = lambda one: None if one["ok"] else one["refusedBy"]
    return {"TLSv1.3": who(answer), "TLSv1.2": who(answer.get("TLSv1.2", answer))}
