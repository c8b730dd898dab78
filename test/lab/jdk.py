"""The JVMs of this machine."""
import dataclasses
import glob
import os
import pathlib
import re

from . import proc
from .env import ROOT

SOURCES = ROOT / "test/peers/java"
# A JVM that starts fast and leaves the second core alone: our JVMs live for a second.
_LEAN = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx256m"]


@dataclasses.dataclass(frozen=True)
class Jdk:
    version: int
    home: pathlib.Path

    @property
    def bin(self):
        return self.home / "bin"

    def java(self, main, *args, properties=None, classes, options=()):
        """The argument vector that runs a main class."""
        defines = [f"-D{name}={value}" for name, value in (properties or {}).items()]
        return [str(word) for word in [self.bin / "java", *_LEAN, *options, *defines, "-cp", classes, main, *args]]

    def keytool(self, *args, cwd=None, input="", env=None):
        """Run this JDK's keytool; the result, whatever its status. In English: keytool follows the locale."""
        return proc.run([self.bin / "keytool", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", *args], cwd=cwd, input=input, env=env)

    def keytool_ok(self, *args, **options):
        result = self.keytool(*args, **options)
        assert result.status == 0, result
        return result

    def compile(self, sources, folder):
        proc.run_ok([self.bin / "javac", "-J-XX:TieredStopAtLevel=1", "-Xlint:-options", "--release", "11", "-d", folder, *sources])


def _version(home):
    banner = proc.run([home / "bin/java", "-version"])
    found = re.search(r'version "(?:1\.)?(\d+)', banner.err)
    return int(found[1]) if banner.status == 0 and found else None


def find():
    """Every JDK (with javac) of this machine, oldest first, one a version: JAVA_HOME's, the one on PATH, those in /usr/lib/jvm."""
    homes = [os.environ.get("JAVA_HOME", "")]
    homes += [os.path.dirname(os.path.dirname(os.path.realpath(javac))) for folder in os.environ.get("PATH", "").split(":")
              if os.path.isfile(javac := f"{folder}/javac")]
    homes += sorted(glob.glob("/usr/lib/jvm/*"))
    jdks = {}
    for home in dict.fromkeys(os.path.realpath(home) for home in homes if home):
        if os.access(f"{home}/bin/javac", os.X_OK):
            version = _version(pathlib.Path(home))
            if version:
                jdks.setdefault(version, Jdk(version, pathlib.Path(home)))
    return [jdks[version] for version in sorted(jdks)]
