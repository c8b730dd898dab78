"""`mutual lab`: the guide in one command, every fault and its cure, and nothing of the user's lost."""
import hashlib
import json
import os
import socket
import stat

import pytest

from lab import net, proc

STORES = ("server.p12", "server-trust.p12", "client.p12", "client-trust.p12")
RUNS = [  # what the client and the server say, in order
    ("peer-refused", "client-cert-not-sent"), (None, None), ("ca-not-trusted", "peer-refused"), (None, None),
    ("peer-refused", "client-cert-not-sent"), (None, None),
    ("ca-not-trusted", "peer-refused"), (None, None),
    ("peer-refused", "client-ca-not-trusted"), (None, None),
    ("peer-refused", "eku-missing-clientauth"), (None, None),
    ("eku-missing-serverauth", "peer-refused"), (None, None),
    ("hostname-mismatch", "peer-refused"), (None, None),
    (None, None), ("peer-refused", "client-cert-not-sent"),
    ("peer-refused", "cert-expired"), (None, None),
]


@pytest.fixture
def lab(mutual):
    """Run it on a port of its own: the guide's 8443 belongs to one test at a time."""
    return lambda *args: mutual("lab", "--port", net.free_port(), *args)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A lab that was run once: its folder and its story."""
    folder = tmp_path_factory.mktemp("lab") / "lab"
    result = proc.run_ok([os.environ["MUTUAL"], "lab", "--dir", folder, "--key-algorithm", "EC", "--json", "--trace", "--port",
                          net.free_port()])
    return folder, json.loads(result.out)


def digests(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in [*STORES, "ca/root.crt", "certs/client.crt"]}


def test_every_run_comes_out_as_the_table_says(healthy):
    _, story = healthy
    assert (story["verdict"], story["runs"], story["failed"]) == ("ok", len(RUNS), 0)
    runs = [step for step in story["steps"] if step["kind"] == "run"]
    for run, (client, server) in zip(runs, RUNS, strict=True):
        assert run["client"].endswith(f"[{client}]" if client else "HTTP status: 200"), run
        assert f" cause={server} " in run["server"] if server else run["server"] is None, run
        broken = run["trace"]["brokeAt"]
        refuser = None if not client else "server" if client == "peer-refused" else "client"
        assert (broken and (broken["message"], broken["from"])) == \
            (refuser and ("Certificate", "client" if refuser == "server" else "server")), run
    first = runs[0]
    assert first["jvm"] == "FAILED: SSLHandshakeException: (certificate_required) Received fatal alert: certificate_required"


def test_every_file_says_who_loads_it_and_what_it_proves(healthy):
    _, story = healthy
    files = [step for step in story["steps"] if step["kind"] == "file"]
    assert len(files) >= 13
    for step in files:
        assert all(step[name] for name in ("makes", "loaded_by", "proves", "command", "otherwise")), step
        assert step["command"].startswith("mutual ") and not step["kept"]


def test_the_other_way_to_do_it_does_it(healthy, jdk, tmp_path):
    """What it says openssl and the JDK's keytool would do, in a folder of their own: the same kind of stores, good for the same purposes."""
    _, story = healthy
    (tmp_path / "ca").mkdir()
    (tmp_path / "certs").mkdir()
    commands = [step["otherwise"] for step in story["steps"] if step["kind"] == "file"]
    assert {command.split()[0] for command in commands} == {"openssl", "keytool"}
    script = "\n".join([commands[0], "cp ca/root.crt certs/root-ca.crt", *commands[1:]])
    proc.run_ok(["bash", "-euc", script], cwd=tmp_path, env={"PATH": f"{jdk.bin}:{os.environ['PATH']}"})
    for who in ("server", "client"):
        proc.run_ok(["openssl", "verify", "-purpose", f"ssl{who}", "-CAfile", tmp_path / "certs/root-ca.crt", tmp_path / f"certs/{who}.crt"])
        for store in (f"{who}.p12", f"{who}-trust.p12"):
            assert "lab-root-ca" in jdk.keytool_ok("-list", "-keystore", tmp_path / store, "-storepass", "changeit").out


def test_a_jvm_loads_the_stores(healthy, jdks):
    folder, _ = healthy
    for jdk in jdks:
        for store in STORES:
            listed = jdk.keytool_ok("-list", "-keystore", folder / store, "-storepass", "changeit").out
            kinds = sorted(line.split(",")[0] + line.rstrip(", ").rsplit(",", 1)[1] for line in listed.splitlines() if "Entry" in line)
            assert kinds == (["lab-root-ca trustedCertEntry"] if "trust" in store
                             else sorted(["lab-root-ca trustedCertEntry", f"{store[:6]} PrivateKeyEntry"]))


def test_secrets_are_private_whatever_the_umask(lab, tmp_path):
    old = os.umask(0)
    try:
        assert lab("--dir", tmp_path / "lab", "--key-algorithm", "EC", "--quiet").status == 0
    finally:
        os.umask(old)
    for path in (tmp_path / "lab").rglob("*"):
        holds_key = path.suffix == ".key" or path.suffix == ".p12" and "trust" not in path.name
        if path.is_file() and holds_key:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_again_it_keeps_what_is_good(lab, healthy):
    folder, _ = healthy
    before = digests(folder)
    story = json.loads(lab("--dir", folder, "--json").out)
    assert digests(folder) == before
    assert all(step["kept"] for step in story["steps"] if step["kind"] == "file")
    assert story["verdict"] == "ok"


def copy_of(healthy, folder):
    proc.run_ok(["cp", "-a", healthy[0], folder])
    return folder


def test_a_swapped_trust_store_is_noticed(lab, healthy, tmp_path):
    folder = copy_of(healthy, tmp_path / "lab")
    assert lab("--dir", folder, "--quiet").status == 0
    (folder / "server-trust.p12").write_bytes((folder / "broken/other-ca/root.crt").read_bytes())
    result = lab("--dir", folder)
    assert result.status == 1, result
    assert "[lab-unexpected]" in result.err and "client-ca-not-trusted" in result.out, result


def test_somebody_elses_store_is_left_alone(lab, healthy, tmp_path):
    folder = copy_of(healthy, tmp_path / "lab")
    proc.run_ok(["openssl", "pkcs12", "-export", "-inkey", folder / "certs/client.key", "-in", folder / "certs/client.crt", "-name", "x",
                 "-passout", "pass:other-password", "-out", folder / "client.p12"])
    before = digests(folder)
    result = lab("--dir", folder)
    assert result.status == 3 and "[store-wrong-password]" in result.err, result
    assert digests(folder) == before


def test_stores_without_their_ca(lab, healthy, tmp_path):
    folder = copy_of(healthy, tmp_path / "lab")
    proc.run_ok(["rm", "-r", folder / "ca"])
    result = lab("--dir", folder)
    assert result.status == 3 and "[store-not-found]" in result.err, result


def test_the_guides_port_is_the_default(mutual, healthy, port_8443):
    assert json.loads(mutual("lab", "--dir", healthy[0], "--json").out)["port"] == 8443
    with socket.create_server(("127.0.0.1", 8443)):
        story = json.loads(mutual("lab", "--dir", healthy[0], "--json").out)
    assert story["verdict"] == "ok" and story["port"] != 8443


def test_a_taken_port(mutual, healthy):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = mutual("lab", "--dir", healthy[0], "--port", str(port))
        assert result.status == 6 and "[port-in-use]" in result.err, result
    assert mutual("lab", "--dir", healthy[0], "--port", str(net.free_port()), "--quiet").status == 0


def test_serve_leaves_the_healthy_server_running(mutual, healthy, free_port):
    folder, _ = healthy
    port = free_port()
    server = mutual.start("lab", "--dir", folder, "--port", port, "--quiet", "--serve")
    server.wait_for(f"^mTLS server listening on https://127.0.0.1:{port}/$")
    url = f"https://127.0.0.1:{port}/"
    args = ["--trust-store", folder / "client-trust.p12", url]
    env = {"MUTUAL_STORE_PASSWORD": "changeit"}
    accepted = mutual("get", "--key-store", folder / "client.p12", *args, env=env)
    assert (accepted.status, accepted.out) == (0, "OK"), accepted
    assert mutual("get", *args, env=env).status == 5
    assert server.stop().status == 0


def test_a_tool_reads_the_pem_copies(healthy):
    folder, _ = healthy
    for who in ("server", "client"):
        proc.run_ok(["openssl", "verify", "-x509_strict", "-purpose", f"ssl{who}", "-CAfile", folder / "certs/root-ca.crt",
                     folder / f"certs/{who}.crt"])
        key = proc.run_ok(["openssl", "pkey", "-in", folder / f"certs/{who}.key", "-pubout"]).out
        assert key == proc.run_ok(["openssl", "x509", "-in", folder / f"certs/{who}.crt", "-noout", "-pubkey"]).out
