"""Faults in the system calls of a command that writes: one call of a run fails, or the process dies there, and what is left behind is
judged. strace injects; only runs in which it says that it did count."""
import collections
import concurrent.futures
import dataclasses
import functools
import itertools
import re
import shutil
import signal
import subprocess
import tempfile

from . import proc

CALLS = ("openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "close", "rename", "renameat", "renameat2", "link", "linkat",
         "unlink", "unlinkat", "chmod", "fchmod", "mkdir")
FAULTS = ("ENOSPC", "EIO", "EINTR", "KILL")
MAIN = r"fcntl\(0, F_GETFD\)"  # the first thing mutual does: what comes before is the loader's
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")
ERROR = re.compile(r"^(?!  because: ).*\[[a-z0-9-]+\]$", re.M)
_TEMPORARY = re.compile(r"\..*\.mutual-[a-z2-7]{6}")


class Lost(Exception):
    """Neither the old content nor the new is there."""


@functools.cache
def why_not():
    """Why no fault can be injected here, or None."""
    if not shutil.which("strace"):
        return "no strace"
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(["strace", "-f", "-o", out.name, "-e", "trace=close", "-e", "inject=close:error=EIO:when=1",
                               "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        injected = "INJECTED" in out.read().decode()
    return None if injected else f"strace may not trace here: {done.stderr.strip()[-200:]}"


@dataclasses.dataclass(frozen=True)
class Call:
    """The when-th call of that name in its thread."""
    name: str
    when: int
    text: str


@dataclasses.dataclass
class Command:
    """A command to be run in a copy of `template`."""
    name: str
    argv: list
    template: object
    judge: object            # judge(folder): "old", "new", or "partial" (a part is new, all of it sound); raises Lost
    boast: str = r"\x00"     # words that are true only when all is written
    again: list = None       # once more after a kill: succeeds, leaves no temporary file of what it writes; if it is argv, completes it
    stuck: str = r"\x00"     # words with which that may be refused
    files: bool = True       # false: writes the ledger alone
    start: str = MAIN        # the line of the trace from which on calls count
    told: bool = True        # failures are told in our manner


@dataclasses.dataclass
class Outcome:
    command: str
    fault: str
    call: Call
    kind: str                # "sound"; "loss", "false success", "crash", "untold", "misreported", "leftover", "stuck"
    facts: str = ""

    def __str__(self):
        return f"{self.command}: {self.fault} at {self.call.name} #{self.call.when} {self.call.text[:100]}: {self.kind}\n{self.facts}"


def _run(argv, folder, trace, inject):
    words = ["strace", "-f", "-qq", "-s", "60", "-o", trace, "-e", f"trace=fcntl,{','.join(CALLS)}", *inject, *argv]
    result = proc.run(words, cwd=folder, env={"MUTUAL_STORE_PASSWORD": "changeit"})
    return result, trace.read_text(errors="replace")


def calls_of(trace, start):
    """The calls from the line on that matches start."""
    counts, found, begun = collections.Counter(), [], False
    for line in trace.splitlines():
        match = _LINE.match(line)
        begun = begun or re.search(start, line) is not None
        if match and match[2] in CALLS:
            counts[match[1], match[2]] += 1
            if begun:
                found.append(Call(match[2], counts[match[1], match[2]], match[3]))
    return found


def temporaries(folder):
    return [path.name for path in folder.rglob(".*") if _TEMPORARY.fullmatch(path.name)]


def inodes(folder):
    return {path: path.stat().st_ino for path in folder.rglob("*")}


class Runner:
    def __init__(self, work):
        self.work = work
        self._numbers = itertools.count()

    def _fresh(self, command):
        folder = self.work / f"run-{next(self._numbers)}"
        shutil.copytree(command.template, folder, symlinks=True)
        return folder, folder.with_suffix(".trace")

    def control(self, command):
        """Without a fault it succeeds. Its trace, and the calls that can fail."""
        folder, trace = self._fresh(command)
        result, text = _run(command.argv, folder, trace, [])
        assert result.status == 0 and command.judge(folder) == "new" and not temporaries(folder), (command.name, result)
        if command.boast != Command.boast:
            assert re.search(command.boast, result.out + result.err), result
        shutil.rmtree(folder)
        return text, calls_of(text, command.start)

    def inject(self, command, call, fault):
        """The outcome, or None if the fault did not happen."""
        folder, trace = self._fresh(command)
        what = "signal=KILL" if fault == "KILL" else f"error={fault}"
        result, text = _run(command.argv, folder, trace, ["-e", f"inject={call.name}:{what}:when={call.when}"])
        happened = result.status == -signal.SIGKILL if fault == "KILL" else "(INJECTED)" in text
        kind, facts = self._judge(command, call, fault, folder, result) if happened else (None, "")
        shutil.rmtree(folder)
        trace.unlink()
        return Outcome(command.name, fault, call, kind, f"{facts}\n{result}" if kind != "sound" else "") if kind else None

    def _judge(self, command, call, fault, folder, result):
        try:
            state = command.judge(folder)
        except Lost as lost:
            return "loss", str(lost)
        shown = result.out + result.err
        if fault == "KILL":
            return self._once_more(command, folder)
        if result.status < 0 or result.status > 128:
            return "crash", ""
        if result.status == 0 and state != "new" or result.status != 0 and re.search(command.boast, shown):
            return "false success", f"state {state}"
        if not command.told or call.text.startswith("2, "):  # what it says cannot be seen
            return "sound", ""
        if result.status != 0 and len(ERROR.findall(result.err)) != 1:
            return "untold", ""
        if result.status != 0 and state == "new" and not re.search("is written|standard output|was issued", shown):
            return "misreported", "all of the new content is there"
        if temporaries(folder) and not call.name.startswith("unlink"):
            return "leftover", str(temporaries(folder))
        return "sound", ""

    def _once_more(self, command, folder):
        if not command.again:
            return "sound", ""
        before = inodes(folder)
        after = proc.run(command.again, cwd=folder, env={"MUTUAL_STORE_PASSWORD": "changeit"})
        if after.status != 0:
            return ("sound", "") if re.search(command.stuck, after.err) else ("stuck", f"once more:\n{after}")
        if command.again == command.argv and command.judge(folder) != "new":
            return "loss", f"not completed once more:\n{after}"
        written = {path.name for path, inode in inodes(folder).items() if before.get(path) != inode}
        left = [name for name in temporaries(folder) if name[1:].rpartition(".mutual-")[0] in written]
        return ("leftover", str(left)) if left else ("sound", "")

    def all(self, chosen):
        """Outcomes of (command, call, fault), two at a time."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return [outcome for outcome in pool.map(lambda one: self.inject(*one), chosen) if outcome]


def sample(rng, faults, count):
    """That many, of every command and kind of call alike: there are many more openat than fsync."""
    groups = collections.defaultdict(list)
    for fault in faults:
        groups[fault[0].name, fault[1].name].append(fault)
    for group in groups.values():
        rng.shuffle(group)
    turns = [list(turn) for turn in itertools.zip_longest(*groups.values())]
    for turn in turns:
        rng.shuffle(turn)
    return [fault for fault in itertools.chain(*turns) if fault][:count]


def summary(outcomes):
    kinds = collections.Counter(outcome.kind for outcome in outcomes)
    return f"{len(outcomes)} faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
