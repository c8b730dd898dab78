"""The environment every program under test gets."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SANITIZER_STATUS = 99  # no exit status of ours, so that a finding cannot pass for an expected failure

_SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:print_legend=0",
    "LSAN_OPTIONS": "",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "second_deadlock_stack=1",
}
_UNWANTED = ("MUTUAL_STORE_PASSWORD", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS",
             "COLUMNS", "NO_COLOR", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID")


def prepare():
    """Make os.environ what the tests expect: fixed seeds, one locale, findings that end the program, nothing inherited that changes it."""
    for name in _UNWANTED:
        os.environ.pop(name, None)
    os.environ.update(LC_ALL="C.UTF-8", TZ="UTC", PYTHONHASHSEED="0")
    os.environ.setdefault("MUTUAL_TEST_SEED", "20261123")
    for name, options in _SANITIZERS.items():
        os.environ[name] = f"halt_on_error=1:exitcode={SANITIZER_STATUS}:{options}".rstrip(":")
    os.environ.setdefault("MUTUAL", str(ROOT / "build/mutual"))
    os.environ.setdefault("MUTUAL_RELEASE", str(ROOT / "build/mutual"))
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        os.environ.setdefault("MUTUAL_SHARED", str(shared))
