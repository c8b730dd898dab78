"""The command line itself: exit statuses, help, manual pages, completion, and arguments nobody should read."""
import json
import re
import shutil
import subprocess

import pytest

HOSTILE = "a\r\n\x1b[31m\"'`\u202e\u200b\\b"


def commands(mutual):
    """The names that the overview lists."""
    overview = mutual("help")
    assert overview.status == 0, overview
    return re.findall(r"^  (\w+)  ", overview.out.split("commands\n")[1].split("\n\n")[0], re.M)


def test_version_and_help_succeed(mutual):
    assert re.fullmatch(r"mutual \d+\.\d+\.\d+\n", mutual("--version").out)
    for words in (["--help"], ["-h"], ["help"], ["help", "help"], ["help", "--help"]):
        result = mutual(*words)
        assert (result.status, result.err) == (0, ""), result
        assert "usage: mutual" in result.out


@pytest.mark.parametrize("words, says", [
    ([], "usage: mutual COMMAND"),
    (["hlep"], 'there is no command "mutual hlep" [usage]\n  hint:   did you mean: mutual help\n'),
    (["help", "no-such"], 'there is no command "mutual no-such" [usage]\n'),
    (["help", "--complete", "bash"], 'unknown option "--complete" [usage]\n  hint:   did you mean --completion?'),
    (["help", "--completion", "tcsh"], 'there is no completion for "tcsh" [usage]'),
    (["explain"], "something is missing: mutual explain WORD... [usage]"),
    (["explain", "quatsch"], 'nothing is known about "quatsch" [usage]'),
])
def test_mistakes_end_with_status_2_and_a_hint(mutual, words, says):
    result = mutual(*words)
    assert (result.status, result.out) == (2, ""), result
    assert says in result.err


@pytest.mark.parametrize("words", [[HOSTILE], ["help", HOSTILE], ["help", f"--{HOSTILE}"], ["explain", HOSTILE]])
def test_hostile_words_are_escaped(mutual, words):
    result = mutual(*words)
    assert result.status == 2, result
    shown = result.err.replace("\n", "")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b\u202e]", shown), result
    assert r"a\x0D\x0A\x1B[31m\"\'\`\u{202E}\u{200B}\\b" in shown


def test_every_command_helps_itself(mutual):
    names = commands(mutual)
    assert {"explain", "help"} <= set(names)
    for name in names:
        if name == "keytool":  # has the JDK's own help
            continue
        result = mutual(name, "--help")
        assert (result.status, result.err) == (0, ""), result
        assert result.out == mutual("help", name).out
        assert result.out.startswith(f"mutual {name}: ")


def test_output_that_cannot_be_written_is_a_failure(mutual):
    assert mutual("help").status == 0
    for target in (">/dev/full", ">&-"):
        done = subprocess.run(["sh", "-c", f'exec "$1" help {target}', "sh", mutual.path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, done
        assert "[write-failed]" in done.stderr


def test_explain_answers_programs(mutual):
    result = mutual("explain", "--json", "48")
    assert result.status == 0, result
    alert, x509 = json.loads(result.out)["explanations"]
    assert (alert["kind"], alert["name"]) == ("alert", "unknown_ca")
    assert alert["received_by"]["client_with_certificate"][0] == "client-ca-not-trusted"
    assert alert["received_by"]["server"][0] == "ca-not-trusted"
    assert (x509["kind"], x509["codes"]) == ("x509", ["name-constraints"])
    unknown = mutual("explain", "--json", "quatsch")
    assert unknown.status == 2
    assert json.loads(unknown.out)["error"]["code"] == "usage"
    for words in (["explain", "--json", "--nonsense"], ["verify", "--max-depth", "--json"], ["explain", "--json", "--alert"]):
        wrong = mutual(*words)
        assert wrong.status == 2 and wrong.err == "" and json.loads(wrong.out)["error"]["code"] == "usage", wrong
    plain = mutual("explain", "--", "--json")  # a word to be explained
    assert plain.status == 2 and plain.out == "" and "[usage]" in plain.err, plain


def test_manual_pages_are_clean(mutual, tmp_path):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    pages = {"mutual": mutual("help", "--man").out}
    pages |= {name: mutual("help", "--man", name).out for name in commands(mutual)}
    for name, text in pages.items():
        page = tmp_path / f"{name}.1"
        page.write_text(text)
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, timeout=60)
        found = [line for line in lint.stdout.splitlines() if "missing date" not in line]  # a date would change with every build
        assert not found, found
    rendered = subprocess.run(["mandoc", "-T", "ascii", tmp_path / "mutual.1"], capture_output=True, text=True, timeout=60).stdout
    plain = re.sub(".\b", "", rendered)
    assert not [name for name, text in pages.items() if re.search(r"[^\n]\\&", text)]  # escapes only where they are needed
    for word in ("EXIT STATUS", "client-cert-not-sent (4)", "MUTUAL_STORE_PASSWORD", "mutual-help(1)"):
        assert word in plain


def complete(mutual, *words):
    script = mutual("help", "--completion", "bash").out + (
        f"\nCOMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; _mutual; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = subprocess.run(["bash", "-u", "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    return set(done.stdout.split())


def test_bash_completes_commands_options_and_choices(mutual):
    assert complete(mutual, "mutual", "hel") == {"help"}
    assert set(commands(mutual)) | {"--help", "--version"} == complete(mutual, "mutual", "")
    assert complete(mutual, "mutual", "help", "--") == {"--help", "--man", "--completion"}
    assert complete(mutual, "mutual", "help", "") == set()
    names = commands(mutual)
    if "serve" in names:
        assert complete(mutual, "mutual", "serve", "--client-auth", "") == {"none", "want", "need"}
    if "ca" in names:
        assert {"init", "sign", "issue"} <= complete(mutual, "mutual", "ca", "")
        assert "--ca" in complete(mutual, "mutual", "ca", "init", "--")
