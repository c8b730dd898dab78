"""Programs under control: both streams captured, bounded in time, ended with the test, no sanitizer finding overlooked."""
import dataclasses
import fcntl
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import termios
import threading
import time

from .env import SANITIZER_STATUS

_FINDING = re.compile(r"^.*(?:ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer has encountered)", re.M)


@dataclasses.dataclass
class Result:
    argv: list
    status: int  # negative: ended by that signal
    out: str
    err: str

    def __str__(self):
        return f"$ {shlex.join(self.argv)}\n[status {self.status}]\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def _check_sanitizers(result):
    if result.status == SANITIZER_STATUS or _FINDING.search(result.err):
        raise AssertionError(f"a sanitizer found something:\n{result}")


def _environment(extra):
    env = dict(os.environ)
    for name, value in (extra or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = str(value)
    return env


PIPE_HOLDS = 4096


def _filled_pipe(data):
    """What is there before a program looks: keytool tells whether input is waiting."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return reading


def run(argv, *, input="", timeout=120, env=None, cwd=None):
    """Run to the end. env: added to the environment, None removes. Bytes that are not UTF-8 show as \\xHH in the result."""
    argv = [str(word) for word in argv]
    data = input if isinstance(input, bytes) else input.encode()
    stdin = _filled_pipe(data) if len(data) <= PIPE_HOLDS else subprocess.PIPE
    process = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(env), cwd=cwd,
                               start_new_session=True)
    try:
        out, err = process.communicate(data if stdin == subprocess.PIPE else None, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"not finished after {timeout} s:\n{Result(argv, process.returncode, _text(out), _text(err))}") from None
    finally:
        if stdin != subprocess.PIPE:
            os.close(stdin)
    result = Result(argv, process.returncode, _text(out), _text(err))
    _check_sanitizers(result)
    return result


def run_ok(argv, **options):
    """Run a helper (openssl, keytool…) that has to succeed."""
    result = run(argv, **options)
    assert result.status == 0, result
    return result


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job inherits it ignored


def on_terminal(argv, *talk, env=None, cwd=None, timeout=60):
    """Run on a terminal of its own. talk: pairs of a text that must appear and what is typed then.
    Result, whose out is what the terminal showed, and whether the terminal echoes in the end."""
    main, side = pty.openpty()
    process = subprocess.Popen([str(word) for word in argv], stdin=side, stdout=side, stderr=side, env=_environment(env), cwd=cwd,
                               start_new_session=True, preexec_fn=_take_terminal)
    shown, deadline = b"", time.monotonic() + timeout
    try:
        for expected, typed in [*talk, (None, None)]:
            heard = len(shown)
            while expected is None or expected.encode() not in shown[heard:]:
                if not select.select([main], [], [], 0.05)[0]:
                    if process.poll() is not None:
                        assert expected is None, (expected, shown)
                        break
                    assert time.monotonic() < deadline, (expected, shown)
                else:
                    shown += os.read(main, 4096)
            if typed:
                os.write(main, typed.encode())
        echo = bool(termios.tcgetattr(main)[3] & termios.ECHO)
    finally:
        process.kill()
        process.wait()
        os.close(main)
        os.close(side)
    result = Result([str(word) for word in argv], process.returncode, _text(shown), "")
    _check_sanitizers(result)
    return result, echo


def _text(data):
    return data.decode("utf-8", "backslashreplace")


class Process:
    """A running program whose lines can be waited for. End it with stop()."""

    def __init__(self, argv, *, env=None, cwd=None):
        self.argv = [str(word) for word in argv]
        self._changed = threading.Condition()
        self._text = {"out": "", "err": ""}
        self._popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env=_environment(env), cwd=cwd, start_new_session=True)
        self.pid = self._popen.pid
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in (("out", self._popen.stdout), ("err", self._popen.stderr))]
        for reader in self._readers:
            reader.start()

    def _read(self, name, stream):
        for line in stream:
            with self._changed:
                self._text[name] += _text(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def out(self):
        return self._text["out"]

    @property
    def err(self):
        return self._text["err"]

    @property
    def running(self):
        return self._popen.poll() is None

    def result(self):
        return Result(self.argv, self._popen.returncode, self.out, self.err)

    def wait_for(self, pattern, *, stream="out", timeout=60, count=1):
        """The count-th match of the pattern in what the program has written so far, or will have written in time."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                matches = list(re.finditer(pattern, self._text[stream], re.M))
                if len(matches) >= count:
                    return matches[count - 1]
                ended = not any(reader.is_alive() for reader in self._readers)
                if ended or time.monotonic() > deadline:
                    why = "ended without" if ended else f"did not within {timeout} s write"
                    raise AssertionError(f"{why} {count} x {pattern!r} on std{stream}:\n{self.result()}")
                self._changed.wait(0.2)

    def wait(self, timeout=60):
        """Wait for the end by itself."""
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._kill()
            raise AssertionError(f"not finished after {timeout} s:\n{self.result()}") from None
        for reader in self._readers:
            reader.join()
        _check_sanitizers(self.result())
        return self.result()

    def send(self, number):
        self._popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=60):
        """Ask it to end, wait for that; the result. May be called again."""
        if self.running:
            self.send(number)
        return self.wait(timeout)

    def _kill(self):
        os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        for reader in self._readers:
            reader.join()
