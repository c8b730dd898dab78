"""script/test without its preparations: builds, unit tests, the suites under test/, and one line that sums them up."""
import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

from lab import env
from lab.env import ROOT

BUILDS = {
    "build-asan": ["-Db_sanitize=address,undefined", "-Dunit_tests=enabled"],
    "build-tsan": ["-Db_sanitize=thread", "-Dunit_tests=disabled"],
}
UNIT_TIMEOUT_S = 300
CMOCKA_LINE = re.compile(r"^(?:(?!ok|not ok|1\.\.)(.*)\n)?(ok|not ok) \d+ (-|# SKIP) (.+)$", re.M)  # with the line before: why it is skipped


@dataclasses.dataclass
class Outcome:
    name: str
    kind: str  # "passed", "failed" or "skipped"
    detail: str = ""


def stage(what):
    print(f"[{time.strftime('%H:%M:%S')}] {what}", flush=True)


def build(folder, options):
    """None, or what went wrong."""
    commands = [["ninja", "-C", folder]]
    if not (ROOT / folder / "build.ninja").exists():
        commands.insert(0, ["meson", "setup", folder, *options])
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            return done.stdout[-8000:]
    return None


def build_all():
    failures = []
    stage("building: release")
    if subprocess.run([ROOT / "script/build"]).returncode != 0:
        failures.append(Outcome("build: release", "failed", "see above"))
    for folder, options in BUILDS.items():
        stage(f"building: {folder}")
        problem = build(folder, options)
        if problem:
            failures.append(Outcome(f"build: {folder}", "failed", problem))
    return failures


def run_unit(name, command):
    """The outcomes of one cmocka program's cases; an end that its cases do not explain is a failure of its own."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="backslashreplace", timeout=UNIT_TIMEOUT_S, env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    except subprocess.TimeoutExpired:
        return [Outcome(f"unit {name}", "failed", f"not finished after {UNIT_TIMEOUT_S} s")]
    output = done.stdout + done.stderr
    outcomes = []
    for before, verdict, mark, case in CMOCKA_LINE.findall(done.stdout):
        if mark == "# SKIP":
            outcomes.append(Outcome(f"unit {name}: {case}", "skipped", before or "the unit test gives no reason"))
        else:
            outcomes.append(Outcome(f"unit {name}: {case}", "passed" if verdict == "ok" else "failed", "" if verdict == "ok" else output))
    planned = sum(int(n) for n in re.findall(r"^1\.\.(\d+)$", done.stdout, re.M))
    explained = any(outcome.kind == "failed" for outcome in outcomes)
    if not outcomes or len(outcomes) != planned or (done.returncode != 0 and not explained):
        outcomes.append(Outcome(f"unit {name}", "failed", f"status {done.returncode}, {len(outcomes)} of {planned} cases reported\n{output}"))
    return outcomes


def unit_tests(expression):
    """Those of the sanitized build. With -k the programs whose name is or holds that word."""
    listing = subprocess.run(["meson", "introspect", "--tests", "build-asan"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    chosen = [test for test in json.loads(listing.stdout) if not expression or expression in test["name"]]
    return [outcome for test in chosen for outcome in run_unit(test["name"], test["cmd"])]


def suites(options):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.xml")
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", f"--junitxml={report}", "--tb=short", "--no-header",
                   "-o", "junit_family=xunit2", "--basetemp", os.path.join(folder, "tmp")]
        command += ["--long"] if options.long else []
        command += ["-k", options.k] if options.k else []
        status = subprocess.run(command, cwd=ROOT / "test", stdin=subprocess.DEVNULL).returncode
        outcomes = list(read_report(report)) if os.path.exists(report) else []
    explained = status == 0 or (status == 1 and any(outcome.kind == "failed" for outcome in outcomes)) or (status == 5 and options.k)
    return outcomes if explained else outcomes + [Outcome("pytest", "failed", f"ended with status {status}")]


def read_report(path):
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}: {case.get('name')}"
        bad = [child for child in case if child.tag in ("failure", "error")]
        skipped = case.find("skipped")
        if bad:
            yield Outcome(name, "failed", "\n".join(bad[0].get("message", "").splitlines()[:5]))
        elif skipped is not None:
            yield Outcome(name, "skipped", skipped.get("message", ""))
        else:
            yield Outcome(name, "passed")


def coverage():
    stage("line coverage")
    done = subprocess.run([ROOT / "script/coverage", "--check"], stdin=subprocess.DEVNULL)
    return Outcome("line coverage of keystore, pki and tls", "passed" if done.returncode == 0 else "failed", "see above")


def report(outcomes, skip_fails):
    skipped = [outcome for outcome in outcomes if outcome.kind == "skipped"]
    for reason in dict.fromkeys(outcome.detail for outcome in skipped):
        names = [outcome.name for outcome in skipped if outcome.detail == reason]
        print(f"\nskipped: {reason}")
        print("\n".join(f"    {name}" for name in names))
    failed = [outcome for outcome in outcomes if outcome.kind == "failed" or (skip_fails and outcome.kind == "skipped")]
    for outcome in failed:
        print(f"\nFAILED: {outcome.name}\n{outcome.detail}")
    counts = {"passed": sum(outcome.kind == "passed" for outcome in outcomes), "failed": len(failed),
              "skipped": 0 if skip_fails else len(skipped)}
    print("\n" + ", ".join(f"{count} {kind}" for kind, count in counts.items()), flush=True)
    return 0 if counts["passed"] and not failed else 1


def main():
    parser = argparse.ArgumentParser(prog="script/test", allow_abbrev=False)
    parser.add_argument("--long", action="store_true", help="every figure, and line coverage")
    parser.add_argument("--require", choices=["all"], help="a skip is a failure")
    parser.add_argument("-k", metavar="EXPR", help="only what matches")
    options = parser.parse_args()
    os.environ.update(MUTUAL=str(ROOT / "build-asan/mutual"), MUTUAL_RELEASE=str(ROOT / "build/mutual"),
                      MUTUAL_TSAN=str(ROOT / "build-tsan/mutual"))
    env.prepare()
    outcomes = build_all()
    if not outcomes:
        stage("unit tests")
        outcomes += unit_tests(options.k)
        stage("suites")
        outcomes += suites(options)
        if options.long and not options.k:
            outcomes.append(coverage())
    return report(outcomes, options.require == "all")


if __name__ == "__main__":
    sys.exit(main())
