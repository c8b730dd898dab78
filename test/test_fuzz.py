"""Fuzz drivers: every corpus runs through its driver, on the build with sanitizers; with --long libFuzzer has a minute for each."""
import re

import pytest

from lab import proc
from lab.env import ROOT

CORPORA = ROOT / "test/corpus"
DRIVER = re.compile(r"'([a-z0-9-]+)': files\('[a-z0-9_]+_fuzz\.c'\)")
TARGETS = sorted(name for build in ROOT.glob("src/*/meson.build") for name in DRIVER.findall(build.read_text()))


@pytest.mark.parametrize("target", TARGETS)
def test_corpus(mutual, target):
    driver = mutual.path.parent / f"fuzz-{target}"
    if not driver.is_file():
        pytest.skip("the fuzz drivers are not built")
    inputs = [path for path in (CORPORA / target).iterdir() if not path.name.startswith(".")]
    assert len(inputs) >= 10
    assert proc.run_ok([driver, CORPORA / target]).out == f"{len(inputs)} inputs\n"


def test_every_driver_has_a_corpus():
    assert len(TARGETS) >= 10
    assert {path.name for path in CORPORA.iterdir()} == set(TARGETS)
    assert len(TARGETS) == len(list(ROOT.glob("src/*/*_fuzz.c")))


@pytest.mark.long
@pytest.mark.time_limit(900)
@pytest.mark.parametrize("target", TARGETS)
def test_a_minute(target):
    """Fails on a crash, a hang or a leak, and when less than 85 % of a parser's lines are covered."""
    done = proc.run([ROOT / "script/fuzz", target, "60"], timeout=850)
    assert done.status == 0, done.out + done.err
