"""Includes run downwards only: the list of docs/architecture.md, where a file may include its own folder and the rows above it."""
import re

import pytest

from lab.env import ROOT

LAYERS = [["base"], ["pki"], ["keystore"], ["tls", "http"], ["config", "net"], ["client", "ca", "server"], ["diag"], ["report"], ["cli"],
          ["keytool", "lab"], ["commands"]]
RANK = {folder: rank for rank, row in enumerate(LAYERS) for folder in row}
PUBLIC = {"err": "base", "mutual": "diag"}  # of include/mutual; the others are named after their folder
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def layer_of(path):
    if path.parts[0] == "include":
        return PUBLIC.get(path.stem, path.stem)
    return path.parts[1] if len(path.parts) > 2 else "main"


def resolve(name, source):
    """The file of ours that an include means, or None."""
    for folder in (source.parent, ROOT / "include", ROOT / "src"):
        if (folder / name).is_file():
            return (folder / name).resolve().relative_to(ROOT)
    return None


def allowed(source_layer, target_layer):
    return source_layer == "main" or source_layer == target_layer or RANK[target_layer] < RANK[source_layer]


def violations(files):
    found = []
    for path in files:
        source_layer = layer_of(path.relative_to(ROOT))
        for name in INCLUDE.findall(path.read_text()):
            target = resolve(name, path)
            if target and not allowed(source_layer, layer_of(target)):
                found.append(f"{path.relative_to(ROOT)} ({source_layer}) includes {target} ({layer_of(target)})")
    return found


def test_includes_run_downwards():
    files = [path for folder in ("src", "include") for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    assert len(files) > 10
    assert violations(files) == []


def test_every_folder_has_a_layer():
    assert {path.name for path in (ROOT / "src").iterdir() if path.is_dir()} <= set(RANK)


@pytest.mark.parametrize("pair", ["pki keystore", "http tls", "tls http", "base pki", "server commands", "keystore tls", "lab keytool",
                                  "keytool commands"])
def test_upwards_and_sideways_is_refused(pair):
    assert not allowed(*pair.split())


def test_library_does_not_read_the_clock():
    clock = re.compile(r"\b(mu_now_s|mu_now_ms|mu_mono_ms|clock_gettime|gettimeofday|time)\((?!\))")
    sources = [path for folder in ("pki", "keystore", "tls", "diag") for path in (ROOT / "src" / folder).glob("*.c")
               if not path.stem.endswith("_test")]
    assert [f"{path.relative_to(ROOT)}: {call[0]}" for path in sources for call in clock.finditer(path.read_text())] == []
