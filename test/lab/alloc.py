"""Allocations that fail: tools/alloc_fail.c, preloaded into a program and told through a shared file which one."""
import contextlib
import mmap
import os
import shutil
import struct

from . import proc
from .env import ROOT

SOURCE = ROOT / "test/tools/alloc_fail.c"


def build(folder):
    """The library, or None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    library = folder / "alloc_fail.so"
    if compiler:
        proc.run_ok([compiler, "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fno-builtin", "-shared", "-o", library, SOURCE])
    return library if compiler else None


class Allocations:
    """One process' allocations, as its environment `env` makes them."""

    def __init__(self, library, path, fail=0, record=False):
        """fail: the number of the one that fails. record: for sites()."""
        self.path = path
        path.write_bytes(struct.pack("5Q", 0, fail, 0, 0, record))
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 0)
        self.env = {"LD_PRELOAD": library, "ALLOC_FAIL": path}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._shared.close()
        for suffix in ("", ".trace", ".sites"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.path}{suffix}")

    def _read(self, index, form="Q"):
        return struct.unpack_from(form, self._shared, 8 * index)[0]

    @property
    def count(self):
        return self._read(0)

    @property
    def failed(self):
        return self._read(2)

    @property
    def own(self):
        """Live allocations of the program itself; at its end: what it did not free."""
        return self._read(3, "q")

    def fail_after(self, number):
        """The number-th allocation from now on fails."""
        struct.pack_into("QQ", self._shared, 8, self.count + number, 0)

    def sites(self):
        """The number of the first allocation of each call stack."""
        return [int(line) for line in open(f"{self.path}.sites")]

    def trace(self):
        """The call stacks of the allocation that failed, and of a crash after it."""
        return open(f"{self.path}.trace").read() if os.path.exists(f"{self.path}.trace") else ""
