"""A CA whose processes are killed and whose disk fails while four of them issue: what is handed out is in the ledger, and it goes on."""
import collections
import concurrent.futures
import contextlib
import itertools
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab import faults, proc

EC = ("--key-algorithm", "EC")
KILLS, KILLS_LONG = 20, 300
SETTLED_S = 2
# Where a process dies: anywhere, but often between the two commits of an issuance, which are few of its calls.
MOMENTS = [("pwrite64", 17)] * 8 + [("fdatasync", 6), ("openat", 32), ("fcntl", 60), ("write", 4), ("close", 30), ("linkat", 2), ("fsync", 4)]


class Shop:
    """A CA in `dir`, and the files it hands out in `out`. prefix: how commands are started; there: the CA's folder as we see it."""

    def __init__(self, program, folder, prefix=(), there=None, dir="ca"):
        self.out, self.prefix, self.dir, self.there = folder / "out", [*prefix], dir, there or folder / dir
        self.program, self.folder = program, folder
        self.out.mkdir()
        self.attempts = {}

    def ca(self, command, *args, inject=()):
        argv = [self.program, "ca", command, "--ca", self.dir, *args]
        return proc.run([*self.prefix, *inject, *argv], cwd=self.folder)

    def issue(self, alias, *fault):
        inject = ["strace", "-f", "-qq", "-o", "/dev/null", *(word for one in fault for word in ("-e", f"inject={one}"))] if fault else []
        result = self.ca("issue", *EC, "--profile", "client", "--alias", alias, "--certificate", self.out / f"{alias}.crt",
                         "--certificate-private-key", self.out / f"{alias}.key", inject=inject)
        self.attempts[alias] = result
        return result

    def rows(self):
        """Read from a copy: SQLite would follow /proc/N/root, where another mount namespace is looked into, to our own."""
        with tempfile.TemporaryDirectory() as copy:
            for suffix in ("", "-wal"):
                if (self.there / f"ledger.db{suffix}").exists():
                    shutil.copy(self.there / f"ledger.db{suffix}", copy)
            with contextlib.closing(sqlite3.connect(f"{copy}/ledger.db")) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                self.settles = "'abandoned'" in db.execute("SELECT sql FROM sqlite_master WHERE name = 'certificate'").fetchone()[0]
                return db.execute("SELECT issuer, serial, alias, state, certificate FROM certificate").fetchall()

    def check(self):
        """What holds whatever happened. How many reservations were left."""
        rows = self.rows()
        assert len({(issuer, serial) for issuer, serial, *_ in rows}) == len(rows)
        by_alias = {alias: (state, certificate) for _, _, alias, state, certificate in rows}
        for alias, result in self.attempts.items():
            file = self.out / f"{alias}.crt"
            state, certificate = by_alias.get(alias, ("none", None))
            if file.exists():
                leaf = x509.load_pem_x509_certificate(file.read_bytes())
                assert state == "issued" and leaf.public_bytes(serialization.Encoding.DER) == certificate, (alias, state, result)
            if result.status == 0:
                assert file.exists(), result
            elif result.status > 0:
                assert re.search(r"\[(write-failed|store-locked|file-permission|store-damaged)\]", result.err), result
        return sum(by_alias.get(alias, ("none",))[0] in ("reserved", "abandoned") for alias in self.attempts)

    def goes_on(self):
        """The next start settles what was left, by itself and at once."""
        started = time.monotonic()
        assert self.ca("list").status == 0
        took_s = time.monotonic() - started
        assert took_s < SETTLED_S
        states = {state for _, _, _, state, _ in self.rows()}
        assert "reserved" not in states or not self.settles
        assert self.issue("afterwards").status == 0
        self.check()
        return took_s


@pytest.fixture(autouse=True)
def traced():
    if faults.why_not():
        pytest.skip(faults.why_not())


def make_shop(program, folder, **options):
    shop = Shop(program, folder, **options)
    assert shop.ca("init", *EC, "--no-encryption").status == 0
    return shop


def attempts(shop, plans):
    """Issue by four processes at a time, each with its fault. How many were killed."""
    names = itertools.count(len(shop.attempts))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda one: shop.issue(f"a{one[0]}", *one[1]), zip(names, plans)))
    return sum(result.status in (-signal.SIGKILL, 128 + signal.SIGKILL) for result in results)


def moments(rng, count, error="signal=KILL"):
    for _ in range(count):
        name, last = rng.choice(MOMENTS)
        yield [f"{name}:{error}:when={rng.randint(1, last)}"]


def kill(shop, rng, wanted):
    killed = 0
    while killed < wanted:
        killed += attempts(shop, list(moments(rng, 20)))
        assert len(shop.attempts) < 4 * wanted + 40
    return killed


@pytest.mark.time_limit(1500)
def test_killed_at_any_moment(mutual_release, tmp_path, rng, long_run, capsys):
    shop = make_shop(mutual_release.path, tmp_path)
    killed = kill(shop, rng, KILLS_LONG if long_run else KILLS)
    reserved = shop.check()
    took_s = shop.goes_on()
    with capsys.disabled():
        print(f"\n    {killed} kills in {len(shop.attempts)} issuances, {reserved} left a reservation; settled in {took_s:.2f} s")
    assert reserved >= (30 if long_run else 1)


def test_a_sync_that_fails(mutual_release, tmp_path, rng, long_run):
    """Now and then for ever, as a dying disk does: `when=N+`. Nothing is issued after the failure."""
    shop = make_shop(mutual_release.path, tmp_path)
    plans = [[f"fdatasync:error=EIO:when={rng.randint(1, 6)}{rng.choice(['', '+'])}",
              f"fsync:error=EIO:when={rng.randint(1, 4)}{rng.choice(['', '+'])}"] for _ in range(100 if long_run else 12)]
    attempts(shop, plans)
    assert collections.Counter(result.status == 0 for result in shop.attempts.values())[False] > len(plans) // 3
    shop.check()
    shop.goes_on()


@contextlib.contextmanager
def small_file_system(folder, kib):
    """A tmpfs in a mount namespace of its own: the words that run a command there, and the folder as seen from here."""
    mount = folder / "small"
    mount.mkdir()
    holder = subprocess.Popen(["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o "size=$1k" none "$0" && echo ready; cat', mount, str(kib)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if holder.stdout.readline() != b"ready\n":
            pytest.skip("a mount namespace needs root and CAP_SYS_ADMIN")
        yield ["nsenter", "-t", str(holder.pid), "-m", "-r", "sh", "-c", 'cd "$0" && exec "$@"', folder], pathlib.Path(f"/proc/{holder.pid}/root{mount}")
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(20)


def test_a_full_file_system_under_the_ledger(mutual_release, tmp_path, rng, long_run):
    with small_file_system(tmp_path, 1024) as (prefix, there):
        shop = make_shop(mutual_release.path, tmp_path, prefix=prefix, there=there / "ca", dir="small/ca")
        for round in range(10 if long_run else 3):
            free = rng.choice([0, 4, 12, 20, 36])
            with contextlib.suppress(OSError), open(there / ".fill", "wb", buffering=0) as fill:
                while fill.write(bytes(4096)):
                    pass
            size = (there / ".fill").stat().st_size
            with open(there / ".fill", "r+b") as fill:
                fill.truncate(size - free * 1024)
            attempts(shop, [[]] * 4 + list(moments(rng, 8)))
            (there / ".fill").unlink()
            shop.check()
        assert any("[write-failed]" in result.err for result in shop.attempts.values())
        shop.goes_on()
