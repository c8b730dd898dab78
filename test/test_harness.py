"""What the sanitizers find fails a test, whatever it expected: shown on programs that misbehave on purpose."""
import pytest

from lab import proc

FAULTS = {
    "leak": ("address", "int main(void) { void *volatile p = malloc(10); p = 0; return p != 0; }"),
    "overflow": ("address", "int main(int c, char **v) { char *p = malloc(10); p[9 + c] = 1; free(p); return v == 0; }"),
    "undefined": ("undefined", "int main(int c, char **v) { int big = 0x7fffffff; return v == 0 ? 0 : (big + c) == 0; }"),
    "race": ("thread", "static int n; static void *add(void *p) { n++; return p; }"
             "int main(void) { pthread_t t; pthread_create(&t, 0, add, 0); n++; return pthread_join(t, 0); }"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_finding_is_noticed(tmp_path, fault):
    sanitizer, code = FAULTS[fault]
    (tmp_path / "x.c").write_text(f"#include <stdlib.h>\n#include <pthread.h>\n{code}\n")
    proc.run_ok(["cc", f"-fsanitize={sanitizer}", "-g", "-pthread", "-o", tmp_path / "x", tmp_path / "x.c"])
    with pytest.raises(AssertionError, match="a sanitizer found something"):
        proc.run([tmp_path / "x"])
    process = proc.Process([tmp_path / "x"])
    with pytest.raises(AssertionError, match="a sanitizer found something"):
        process.wait()


def test_time_limit(tmp_path):
    with pytest.raises(AssertionError, match="not finished after 1 s"):
        proc.run(["sleep", "60"], timeout=1)
    assert proc.run(["sh", "-c", "echo out; echo err >&2; exit 3"]) == proc.Result(
        ["sh", "-c", "echo out; echo err >&2; exit 3"], 3, "out\n", "err\n")
