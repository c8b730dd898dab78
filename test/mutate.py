"""script/mutate without its preparations: one defect at a time, and whether the tests that guard its folder fail."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

from lab import env
from lab.env import ROOT
from mutations import GUARDS, MUTATIONS

TREE = ROOT / "build-mutants"
BUILD = TREE / "build"
GOAL = 0.9
CHECK_TIMEOUT_S = 900  # a defect may make a test wait for ever


def run(command, **options):
    return subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="backslashreplace", **options)


def prepare():
    """A copy of HEAD, as it is: what was edited here and not committed is not under test. Its build is kept for the next time."""
    for name in ("src", "include", "test", "examples"):
        shutil.rmtree(TREE / name, ignore_errors=True)
    TREE.mkdir(exist_ok=True)
    subprocess.run("git archive HEAD | tar -x -m -C build-mutants", shell=True, cwd=ROOT, check=True)
    if not (BUILD / "build.ninja").exists():
        done = run(["meson", "setup", "build", "-Dunit_tests=enabled", "-Dbuildtype=debug", "-Doptimization=1"])
        if done.returncode != 0:
            sys.exit(done.stdout)


def build():
    return run(["ninja", "-C", "build"])


def unit_commands():
    listing = subprocess.run(["meson", "introspect", "--tests", "build"], cwd=TREE, check=True, stdout=subprocess.PIPE)
    return {test["name"]: test["cmd"] for test in json.loads(listing.stdout)}


def commands_of(guards, units):
    """The programs and pytest selections that a folder's guards stand for, cheapest first."""
    chosen = [units[name] for name in guards["unit"]]
    for files, expression in guards["suites"]:
        select = ["-k", expression] if expression else []
        chosen.append(["/usr/bin/python3", "-m", "pytest", "-q", "-x", "-n", "2", "--dist", "loadfile", "--no-header", "--tb=line",
                       *(f"test/{name}" for name in files), *select])
    return chosen


def notice(commands):
    """The first command that fails, or None."""
    for command in commands:
        try:
            if run(command, timeout=CHECK_TIMEOUT_S).returncode != 0:
                return command
        except subprocess.TimeoutExpired:
            return command
    return None


def name_of(command):
    if "pytest" not in command:
        return os.path.basename(command[0])
    return " ".join(word.removeprefix("test/") for word in command if word.startswith("test/"))


def apply(mutation):
    """The file's text before. A mutation whose place has gone has to be brought up to date with the code."""
    path = TREE / "src" / mutation.file
    text = path.read_text()
    if text.count(mutation.old) != 1:
        sys.exit(f"test/mutations.py: {mutation.file} holds {text.count(mutation.old)} times, not once: {mutation.old}")
    path.write_text(text.replace(mutation.old, mutation.new))
    return text


def try_one(mutation, units):
    """Who noticed, "compiler" included, or None."""
    before = apply(mutation)
    try:
        if build().returncode != 0:
            return "the compiler"
        noticed = notice(commands_of(GUARDS[mutation.file.split("/")[0]], units))
        return noticed and name_of(noticed)
    finally:
        (TREE / "src" / mutation.file).write_text(before)


def check_healthy(folders, units):
    """Without a defect every guard passes: else nothing that follows would mean anything."""
    for folder in sorted(folders):
        failed = notice(commands_of(GUARDS[folder], units))
        if failed:
            sys.exit(f"without any defect this fails: {name_of(failed)}")


def main():
    parser = argparse.ArgumentParser(prog="script/mutate")
    parser.add_argument("number", type=int, nargs="*", help="only these, counted from 1")
    numbers = parser.parse_args().number or range(1, len(MUTATIONS) + 1)
    os.environ.update({name: str(BUILD / "mutual") for name in ("MUTUAL", "MUTUAL_RELEASE")})
    env.prepare()
    prepare()
    built = build()
    if built.returncode != 0:
        sys.exit(built.stdout[-4000:])
    units = unit_commands()
    chosen = [(n, MUTATIONS[n - 1]) for n in numbers]
    for _, mutation in chosen:
        (TREE / "src" / mutation.file).write_text(apply(mutation))  # all places are there
    check_healthy({mutation.file.split("/")[0] for _, mutation in chosen}, units)
    missed = 0
    for n, mutation in chosen:
        start = time.monotonic()
        who = try_one(mutation, units)
        missed += who is None
        print(f"{n:3} {'missed ' if who is None else 'noticed'} {mutation.file}: {mutation.why}"
              f" ({who or 'nobody'}, {time.monotonic() - start:.0f} s)", flush=True)
    share = 1 - missed / len(chosen)
    print(f"\n{len(chosen) - missed} of {len(chosen)} defects noticed ({100 * share:.0f} %)")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
