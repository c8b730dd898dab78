"""What the guide and the README show is what happens."""
import os
import re
import subprocess

from lab import proc
from lab.env import ROOT

GUIDE = ROOT / "docs/guide.md"
BLOCK = re.compile(r"^```(sh|text)(?: fails=(\d+))?\n(.*?)^```$", re.M | re.S)


def steps(text):
    """(commands, expected exit status of the last, the output shown below or "") for each sh block."""
    blocks = BLOCK.findall(text)
    for i, (kind, status, body) in enumerate(blocks):
        if kind == "sh":
            shown = blocks[i + 1][2] if i + 1 < len(blocks) and blocks[i + 1][0] == "text" else ""
            yield body, int(status or 0), shown


def script(text, port):
    """One shell session with a mark behind each step's output."""
    lines = []
    for i, (commands, status, _) in enumerate(steps(text)):
        commands = commands.replace("8443", str(port))
        if commands.rstrip().endswith("&"):
            commands = commands.rstrip()[:-1].replace("mutual serve", f"mutual serve --listen 127.0.0.1:{port}")
            lines.append(f"{{ {commands} > serve.out & }}\nSERVER=$!\nuntil grep -q listening serve.out; do kill -0 $SERVER; sleep 0.05; done\ncat serve.out")
        else:
            lines.append(f"set +e\n{{ {commands}}}\nstatus=$?\nset -e\n[ $status = {status} ] || {{ echo step {i}: status $status; exit 90; }}")
        lines.append(f"echo '== end of {i}'")
    return "set -eu\n" + "\n".join(lines) + "\nkill $SERVER\nwait $SERVER\n"


def test_the_guide_runs(mutual, tmp_path, free_port):
    text = GUIDE.read_text()
    assert len(list(steps(text))) >= 9
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/mutual").symlink_to(mutual.path)
    port = free_port()
    result = proc.run_ok(["bash", "-c", script(text, port)], cwd=tmp_path, timeout=250, env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    outputs = re.split(r"== end of \d+\n", result.out)
    for (commands, _, shown), output in zip(steps(text), outputs):
        assert shown.replace("8443", str(port)) in output, commands


def test_the_readme_shows_what_happens(mutual, tmp_path, free_port):
    """Its transcript, in a folder made by `mutual lab` with the lab's server running."""
    transcript = re.search(r"^```console\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)[1]
    port = free_port()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/mutual").symlink_to(mutual.path)
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "MUTUAL_STORE_PASSWORD": "changeit"}
    server = mutual.start("lab", "--dir", tmp_path / "lab", "--key-algorithm", "EC", "--quiet", "--serve", "--port", port)
    server.wait_for("^mTLS server listening")
    runs = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", transcript, re.M)
    assert len(runs) == 2
    for command, shown in runs:
        said = subprocess.run(["bash", "-c", command.replace("8443", str(port)) + " 2>&1"], cwd=tmp_path / "lab", env={**os.environ, **env},
                              capture_output=True, text=True, check=False).stdout
        assert said.rstrip("\n") == shown.rstrip("\n")
