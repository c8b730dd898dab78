"""What is built: without warnings by both compilers, a library that keeps its promises, an installation others can use."""
import os
import re
import shutil

import pytest

from lab import proc
from lab.env import ROOT


def nm(*options):
    symbols = proc.run_ok(["nm", "-D", *options, ROOT / "build/libmutual.so"]).out
    return {line.split()[-1].split("@")[0] for line in symbols.splitlines()}


@pytest.mark.time_limit(900)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_warnings(compiler):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    folder = ROOT / f"build-{compiler}"
    env = {"CC": compiler}
    if not (folder / "build.ninja").exists():
        proc.run_ok(["meson", "setup", folder, ROOT, "-Dwerror=true", "-Dunit_tests=enabled"], env=env)
    result = proc.run(["ninja", "-k", "0", "-C", folder], env=env, timeout=880)
    assert result.status == 0, "\n".join(re.findall(r"^.*error: .*$", result.out, re.M)) or str(result)


def test_library_exports_only_its_interface():
    exported = nm("--defined-only")
    assert "mu_err_free" in exported
    assert [name for name in sorted(exported) if not name.startswith("mu_")] == []


def test_library_neither_prints_nor_exits():
    forbidden = "printf vprintf puts putchar perror exit _exit abort __printf_chk __vprintf_chk".split()
    assert sorted(nm("--undefined-only") & set(forbidden)) == []


def test_installed_library_is_usable(tmp_path):
    proc.run_ok(["meson", "install", "-C", ROOT / "build", "--no-rebuild", "--destdir", tmp_path / "root"])
    [pc] = (tmp_path / "root").rglob("mutual.pc")
    env = {"PKG_CONFIG_PATH": pc.parent, "PKG_CONFIG_SYSROOT_DIR": tmp_path / "root"}
    flags = proc.run_ok(["pkg-config", "--cflags", "--libs", "mutual"], env=env).out.split()
    (tmp_path / "x.c").write_text('#include <mutual/mutual.h>\n#include <stdio.h>\n'
                                  'int main(void) { puts(mu_code_name(MU_E_USAGE)); return 0; }\n')
    proc.run_ok(["cc", "-Wall", "-Werror", "-o", tmp_path / "x", tmp_path / "x.c", *flags])
    [library] = (tmp_path / "root").rglob("libmutual.so")
    assert proc.run_ok([tmp_path / "x"], env={"LD_LIBRARY_PATH": library.parent}).out == "usage\n"
    assert os.access(tmp_path / "root/usr/local/bin/mutual", os.X_OK)
