"""Memory that runs out at each place in turn: no crash, nothing harmed, nothing left, and a cause is told."""
import collections
import concurrent.futures
import dataclasses
import re
import shutil
import time

import pytest

import test_faults
from lab import alloc, faults, proc, web
from test_faults import template  # noqa: F401 a fixture

EVERYDAY, LONG = 15, 300  # places of each command: all of them would take an hour


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    found = alloc.build(tmp_path_factory.mktemp("alloc"))
    return found or pytest.skip("no C compiler")


def commands(program, template):
    named = {command.name: command for command in test_faults.all_commands([program], template)}
    never = lambda folder: "old"
    always = lambda folder: "new"
    trust, inspect = [program, "verify", "--trust", "one.pem"], [program, "inspect"]
    return [named["importcert into a store"], named["ca issue to stores"], named["ca sign"],
            faults.Command("verify, accepted", [*trust, "one.pem"], template, always),
            faults.Command("verify, refused", [*trust, "two.pem"], template, never, r"accepted|\[ok\]"),
            faults.Command("inspect", [*inspect, "keys.p12"], template, always),
            faults.Command("doctor", [program, "doctor", "--server-key-store", "keys.p12", "--client-trust-store", "keys.p12"], template,
                           always)]


@dataclasses.dataclass
class Outcome:
    command: str
    number: int
    kind: str   # as those of faults.Outcome, and "leak"; "other cause": told, but not as out-of-memory nor as without a fault; "OpenSSL crash": inside its code
    facts: str = ""


def control(command, library, work):
    """Allocations of different call stacks, how many of its own the command does not free at its end, and its result."""
    folder = work / "control"
    shutil.copytree(command.template, folder)
    with alloc.Allocations(library, work / "control.alloc", record=True) as recorded:
        result = proc.run(command.argv, cwd=folder, env={**recorded.env, "MUTUAL_STORE_PASSWORD": "changeit"})
        assert (result.status == 0) == (command.judge(folder) == "new") and result.status in (0, 4), result
        shutil.rmtree(folder)
        return recorded.sites(), recorded.own, result


def judge(command, folder, result, memory, own, normal):
    trace = memory.trace()
    if result.status < 0 or result.status > 128:
        frames = trace.partition("crash\n")[2].splitlines()
        where = next((line for line in frames if "alloc_fail.so" not in line and "libc.so" not in line), "?")
        return ("OpenSSL crash" if re.match(r"\S*/lib(crypto|ssl)\.so", where) else "crash"), trace
    try:
        state = command.judge(folder)
    except faults.Lost as lost:
        return "loss", f"{lost}\n{trace}"
    if result.status == 0 and state != "new" or result.status != 0 and re.search(command.boast, result.out + result.err):
        return "false success", trace
    if result.status and len(faults.ERROR.findall(result.err + result.out)) != 1:
        return "untold", trace
    if faults.temporaries(folder):
        return "leftover", trace
    if memory.own > own:
        return "leak", f"{memory.own} allocations\n{trace}"
    if result.status and "[out-of-memory]" not in result.out + result.err and result.out != normal.out:
        return "other cause", trace
    return "sound", ""


def run(command, number, library, work, own, normal):
    folder = work / f"{command.name}-{number}".replace(" ", "-")
    shutil.copytree(command.template, folder)
    with alloc.Allocations(library, folder.with_suffix(".alloc"), fail=number) as memory:
        result = proc.run(command.argv, cwd=folder, env={**memory.env, "MUTUAL_STORE_PASSWORD": "changeit"})
        if not memory.failed:
            return None
        kind, facts = judge(command, folder, result, memory, own, normal)
    shutil.rmtree(folder)
    return Outcome(command.name, number, kind, f"{result}\n{facts}" if kind != "sound" else "")


@pytest.mark.time_limit(3000)
def test_each_allocation_of_a_command_fails_once(mutual_release, library, template, rng, long_run, tmp_path, capsys):
    outcomes = []
    for command in commands(mutual_release.path, template):
        sites, own, normal = control(command, library, tmp_path)
        chosen = rng.sample(sites, LONG if long_run else EVERYDAY)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            ran = pool.map(lambda number: run(command, number, library, tmp_path, own, normal), chosen)
            outcomes += [outcome for outcome in ran if outcome]
        with capsys.disabled():
            print(f"\n    {command.name}: {len(sites)} places, {len(chosen)} fail")
    with capsys.disabled():
        print(f"    {dict(collections.Counter(outcome.kind for outcome in outcomes))}")
        for outcome in outcomes:
            if outcome.kind == "OpenSSL crash":
                print(f"    {outcome.command} #{outcome.number}: {outcome.facts.rpartition('crash')[2]}")
    bad = [outcome for outcome in outcomes if outcome.kind not in ("sound", "OpenSSL crash")]
    if bad:
        pytest.fail("\n".join(f"{outcome.command} #{outcome.number}: {outcome.kind}\n{outcome.facts}" for outcome in bad))


# ---- a handshake that is served ----

def ask(server, client):
    """True: answered with 200; False: refused or broken off, within the time-out."""
    try:
        with web.connect(server, client, timeout=20) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return web.read_response(tls)[0] == 200
    except (OSError, AssertionError):
        return False


def at_rest(memory):
    """What the program holds when its last connection has ended: it no longer changes."""
    held = memory.own
    while (time.sleep(0.2), memory.own)[1] != held:
        held = memory.own
    return held


def test_each_allocation_of_a_served_handshake_fails_once(mutual_release, library, pki, tmp_path, rng, long_run, capsys):
    """A client that is welcome and one that is not, in turn. The server's memory does not grow with what fails."""
    with alloc.Allocations(library, tmp_path / "serve.alloc") as memory:
        server = web.Server(mutual_release, pki, "--workers", "1", env=memory.env)
        for _ in range(20):  # caches fill
            assert ask(server, "client") and not ask(server, None)
        own, before = at_rest(memory), memory.count
        assert ask(server, "client") and not ask(server, None)
        places, served, failed = memory.count - before, 0, 0
        chosen = range(1, places + 1) if long_run else sorted(rng.sample(range(1, places + 1), 25))
        for number in chosen:
            memory.fail_after(number)
            served += ask(server, "client")
            assert not ask(server, None), f"a client without a certificate was served when allocation {number} failed:\n{memory.trace()}"
            assert server.process.running and memory.failed <= 1, memory.trace()
            failed += memory.failed
            memory.fail_after(10 ** 12)
            assert ask(server, "client"), f"after allocation {number}:\n{memory.trace()}"
        for _ in range(20):
            assert ask(server, "client") and not ask(server, None)
        grown = at_rest(memory) - own
        result = server.process.stop()
        assert result.status == 0 and grown <= 4, (grown, result)
    with capsys.disabled():
        print(f"\n    {places} allocations of two handshakes, {failed} failed, {served} were served all the same")
