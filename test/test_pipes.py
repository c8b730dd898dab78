"""Stores that are pipes: process substitution is read once, whatever is tried with it; a pipe into which nobody writes ends in an error."""
import json
import os
import subprocess
import time

import pytest

PASSWORD = "changeit"
ENVIRONMENT = {"MUTUAL_STORE_PASSWORD": PASSWORD}


@pytest.fixture
def bash(mutual):
    """Run a line of bash, in which `mutual` is the program."""
    def run(line, cwd, **variables):
        return subprocess.run(["bash", "-c", f'mutual() {{ "$MUTUAL_HERE" "$@"; }}; {line}'], cwd=cwd, capture_output=True, text=True, timeout=60,
                              env={**os.environ, **ENVIRONMENT, "MUTUAL_HERE": str(mutual.path), **variables})
    return run


@pytest.fixture
def stores(pki, tmp_path):
    for name in ("server", "client"):
        (tmp_path / f"{name}.p12").write_bytes(pki.path(name, "p12").read_bytes())
        (tmp_path / f"{name}.pem").write_bytes(pki.path(name, "key").read_bytes() + pki.path(name, "crt").read_bytes())
    (tmp_path / "root.pem").write_bytes(pki.path("root", "crt").read_bytes())
    return tmp_path


WITHOUT_WRITER = [
    (["inspect", "pipe"], 3), (["verify", "root.pem", "--trust-store", "pipe"], 3), (["keytool", "-list", "-keystore", "pipe", "-storepass", "x"], 1),
    (["doctor", "--server-key-store", "pipe"], 4), (["doctor", "--client-trust-store", "pipe"], 4),
    (["doctor", "--server-certificate", "pipe", "--server-certificate-private-key", "server.pem"], 4),
    (["get", "https://127.0.0.1:1/", "--key-store", "pipe"], 3), (["get", "https://127.0.0.1:1/", "--key-store", "server.p12",
                                                                  "--key-store-password", "file:pipe"], 3),
]


def test_nobody_writes(mutual, stores):
    """All at once: each waits three seconds for a writer."""
    os.mkfifo(stores / "pipe")
    begun = time.monotonic()
    running = [mutual.start(*words, cwd=stores, env=ENVIRONMENT) for words, _ in WITHOUT_WRITER]
    for process, (words, status) in zip(running, WITHOUT_WRITER):
        answer = process.wait(30)
        assert answer.status == status and "is a pipe, and nobody writes into it" in answer.out + answer.err, (words, answer)
    assert time.monotonic() - begun < 25


def test_process_substitution(bash, stores):
    """Read once, although a store is tried without its password first."""
    for line in ("mutual inspect <(cat server.p12)", "mutual inspect <(sleep 4; cat server.p12)",
                 "mutual keytool -list -keystore <(cat server.p12) -storepass changeit",
                 "mutual verify <(cat server.pem) --trust-store <(cat root.pem)"):
        answer = bash(line, stores)
        assert answer.returncode == 0 and not answer.stderr, (line, answer)
    four = "--server-trust-store <(cat root.pem) --client-key-store <(cat client.p12) --client-trust-store <(cat root.pem) --host server.test"
    for own in ("--server-key-store <(cat server.p12)", "--server-certificate <(cat server.pem)",
                "--server-certificate <(cat server.pem) --server-certificate-private-key <(cat server.pem)"):
        report = json.loads(bash(f"mutual doctor --json {own} {four}", stores).stdout)
        assert report["findings"] == [] and report["predictions"]["openssl"]["ok"], (own, report)


def test_a_client_with_stores_from_pipes(bash, mutual, stores):
    server = mutual.start("serve", "--listen", "127.0.0.1:0", "--key-store", "server.p12", "--trust-store", "root.pem", cwd=stores, env=ENVIRONMENT)
    url = server.wait_for(r"(https://127\.0\.0\.1:\d+/)")[1]
    for own in ("--key-store <(cat client.p12)", "--certificate <(cat client.pem)"):
        answer = bash(f"mutual get {url} {own} --trust-store <(cat root.pem)", stores)
        assert answer.returncode == 0 and answer.stdout.startswith("OK"), (own, answer)


def test_repairs_need_files(bash, stores):
    answer = bash("mutual doctor --server-key-store <(cat server.p12) --fix repaired", stores)
    assert answer.returncode == 2 and "no regular file" in answer.stderr, answer
