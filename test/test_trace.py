"""--trace: the ladder names the step that the handshake broke at, for every row of the troubleshooting table, on either side, under TLS
1.2 and 1.3, and shows no secret."""
import contextlib
import fcntl
import json
import os
import pty
import re
import socket
import ssl
import stat
import struct
import subprocess
import termios

import pytest

from lab import proc
from test_get import get_pki, java_server, nginx, s_server  # noqa: F401 (fixtures)
from test_table import Table, identity, table, trust  # noqa: F401 (table is a fixture)


class Traced(Table):
    """The table's two sides, both with --trace."""
    def serve(self, *args, **options):
        return super().serve(*args, extra=["--trace"], **options)

    def get(self, name="client", trusts="root", host="127.0.0.1", level="--trace"):
        result = self.mutual("get", *identity(self.pki, name), *trust(self.pki, trusts), "--tls-min", self.tls, "--tls-max", self.tls,
                             "--report", "json", level, "--resolve", f"{host}:{self.port}:127.0.0.1", f"https://{host}:{self.port}/")
        return result, json.loads(result.out)

    def server_ladder(self):
        """The one ladder of the connection before."""
        self.server.wait_for(r"(?s)TLS handshake with 127\.0\.0\.1:\d+, seen from the server:\n.*?\n\n", stream="err")
        ladder = self.server.err[self.server.err.rindex("TLS handshake with"):]
        assert self.server.err.count("TLS handshake with") == 1, self.server.err
        return ladder


@pytest.fixture(params=["1.2", "1.3"])
def sides(request, mutual, table):  # noqa: F811
    return Traced(mutual, table, request.param)


def broken_rung(ladder):
    """The line that is marked, as "<-- Certificate": the arrow tells who sent it."""
    marked = re.findall(r"^  \|(---|<--) (.*?) -*[->]\|  <== it broke here$", ladder, re.M)
    assert len(marked) <= 1, ladder
    return " ".join(marked[0]) if marked else None


def field(ladder, name):
    """A field of the ladder's end on one line."""
    match = re.search(rf"^  {name} +(.*(?:\n   .*)*)$", ladder, re.M)
    return re.sub(r"\s+", " ", match[1]) if match else None


ROWS = [  # cause, the rung that breaks, who refuses, alert in 1.2, in 1.3 (None: the same), and what is wrong
    ("client-cert-not-sent", "--- Certificate", "server", "handshake_failure", "certificate_required", {"name": None}),
    ("ca-not-trusted", "<-- Certificate", "client", "unknown_ca", None, {"trusts": "other-root"}),
    ("client-ca-not-trusted", "--- Certificate", "server", "unknown_ca", None, {"name": "stranger"}),
    ("eku-missing-clientauth", "--- Certificate", "server", "unsupported_certificate", None, {"name": "as-server"}),
    ("eku-missing-serverauth", "<-- Certificate", "client", "unsupported_certificate", None, {"server": "as-client"}),
    ("cert-expired", "--- Certificate", "server", "certificate_expired", None, {"name": "expired"}),
    ("hostname-mismatch", "<-- Certificate", "client", "bad_certificate", None, {"server": "dns-only", "host": "elsewhere.test"}),
    ("ip-san-missing", "<-- Certificate", "client", "bad_certificate", None, {"server": "dns-only"}),
]


@pytest.mark.parametrize("cause, rung, refuser, alert12, alert13, wrong", ROWS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_row_on_either_side(sides, cause, rung, refuser, alert12, alert13, wrong):
    alert = alert13 or alert12 if sides.tls == "1.3" else alert12
    wrong = dict(wrong)
    sides.serve(name=wrong.pop("server", "server"))
    result, answer = sides.get(**wrong)
    assert answer["error"], result
    sender = "client" if rung.startswith("---") else "server"
    for side, ladder in (("client", result.err), ("server", sides.server_ladder())):
        assert f"seen from the {side}:\n" in ladder
        assert broken_rung(ladder) == rung, ladder
        none = " (with none in it)" if cause == "client-cert-not-sent" else ""
        assert field(ladder, "broke at") == f"Certificate of the {sender}{none}, refused by the {refuser} with alert {alert}", ladder
        assert re.search(rf"^  \|({'---' if refuser == 'client' else '<--'}) alert {alert} ", ladder, re.M), ladder
        causes = field(ladder, "cause") or field(ladder, "one of")
        assert causes.startswith(cause + ":") if side == refuser else cause in causes, ladder
    assert (answer["trace"]["brokeAt"]["from"], answer["trace"]["brokeAt"]["message"]) == (sender, "Certificate")


def test_a_server_that_lets_anybody_in(sides):
    """The table's last row: nothing breaks, and that is the fault."""
    sides.serve(mode="want")
    result, answer = sides.get(name=None)
    assert result.status == 0 and answer["trace"]["brokeAt"] is None
    for ladder in (result.err, sides.server_ladder()):
        assert broken_rung(ladder) is None
        assert "[client-auth-optional]" in field(ladder, "warning"), ladder
        assert field(ladder, "result").startswith(f"accepted: TLSv{sides.tls}, TLS_"), ladder


def test_what_was_offered_and_chosen_and_by_which_store(sides):
    sides.serve()
    result, answer = sides.get(host="localhost")
    assert result.status == 0
    facts = {step["message"]: step["facts"] for step in answer["trace"]["steps"]}
    hello, chosen = facts["ClientHello"], facts["ServerHello"]
    assert hello["versions"] == [f"TLSv{sides.tls}"] and hello["SNI"] == ["localhost"] and hello["ALPN"] == ["http/1.1"]
    assert chosen["suite"] == [answer["tls"]["cipher"]] and chosen["version"] == [f"TLSv{sides.tls}"]
    assert chosen["suite"][0] in hello["suites"]
    group = (chosen if sides.tls == "1.3" else facts["ServerKeyExchange"])["group"][0]
    assert group in hello["groups"] and group.lower() == answer["tls"]["group"].lower()
    assert facts["CertificateRequest"]["accepted issuers"] == ["CN=root, O=Test"]
    assert facts["CertificateVerify"]["signature"][0] in facts["CertificateRequest"]["signatures"]
    assert facts["Certificate"]["certificate"][0] == "CN=client, O=Test"
    for ladder, own, peers in ((result.err, "client", "server"), (sides.server_ladder(), "server", "client")):
        assert f"{own}.crt" in field(ladder, "identity") and "not sent" not in field(ladder, "identity"), ladder
        assert re.search(rf"root\.crt, accepted .*{peers}", field(ladder, "trust")), ladder
        assert "application data" in ladder


def test_the_body_stays_clean(sides):
    sides.serve(mode="none", trusts=None)
    plain = ["get", *trust(sides.pki, "root"), f"https://127.0.0.1:{sides.port}/"]
    assert sides.mutual(*plain).err == ""
    for option in ("--trace", "-Djavax.net.debug=ssl,handshake", "-Djavax.net.debug=all", "-Djavax.net.debug=SSL:handshake:verbose"):
        result = sides.mutual(*plain, option)
        assert (result.status, result.out) == (0, "OK") and "ClientHello" in result.err, result
        assert ("random:" in result.err) == ("all" in option or "verbose" in option), result
    assert "asks no client" in field(result.err, "note")
    ignored = sides.mutual(*plain, "-Djavax.net.debug=record")
    assert ignored.status == 0 and "property-ignored" in ignored.err and "ClientHello" not in ignored.err


# ---- peers that we did not write ----

CLIENT_ROWS = [  # whom the client shows and trusts, the rung that breaks, the cause that is named
    (None, "root", "--- Certificate", "client-cert-not-sent"),
    ("stranger", "root", "--- Certificate", "client-ca-not-trusted"),
    ("as-server", "root", "--- Certificate", "eku-missing-clientauth"),
    ("client", "other-root", "<-- Certificate", "ca-not-trusted"),
]


def check_our_client(mutual, pki, url, tls):
    for name, trusts, rung, cause in CLIENT_ROWS:
        result = mutual("get", "--trace", *identity(pki, name), *trust(pki, trusts), "--tls-min", tls, "--tls-max", tls, url)
        assert result.status in (4, 5), result
        assert broken_rung(result.err) == rung, result
        assert cause in (field(result.err, "cause") or field(result.err, "one of")), result
    result = mutual("get", "--trace", *identity(pki, "client"), *trust(pki, "root"), "--tls-min", tls, "--tls-max", tls, url)
    assert result.status == 0 and field(result.err, "result").startswith(f"accepted: TLSv{tls}"), result


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_our_client_and_openssl(mutual, table, s_server, tls):  # noqa: F811
    check_our_client(mutual, table, s_server(), tls)


@pytest.mark.parametrize("tls", [pytest.param("1.2", marks=pytest.mark.long), "1.3"])
def test_our_client_and_a_jvm(mutual, table, java_server, tls):  # noqa: F811
    check_our_client(mutual, table, java_server("need", tls)[1], tls)


def test_our_client_and_nginx(mutual, table, nginx):  # noqa: F811
    """nginx lets a client without a certificate through TLS and refuses it in HTTP: the ladder says so."""
    for tls in ("1.2", "1.3"):
        result = mutual("get", "--trace", *trust(table, "root"), "--tls-min", tls, "--tls-max", tls, nginx)
        assert broken_rung(result.err) is None and "[client-auth-optional]" in field(result.err, "warning"), result
        result = mutual("get", "--trace", *identity(table, "client"), *trust(table, "other-root"), "--tls-min", tls, "--tls-max", tls, nginx)
        assert broken_rung(result.err) == "<-- Certificate" and result.status == 4, result


def check_our_server(server, rung, cause, seen):
    """The next ladder of a server that has told `seen` before."""
    server.wait_for(r"(?s)TLS handshake with .*?\n\n", stream="err", count=seen + 1)
    ladder = server.err.split("TLS handshake with")[seen + 1]
    assert broken_rung(ladder) == rung, ladder
    assert cause in (field(ladder, "cause") or field(ladder, "one of")), ladder


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_our_server_and_other_clients(mutual, table, tls):  # noqa: F811
    server = mutual.start("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), *trust(table, "root"), "--trace", "--tls-min", tls,
                          "--tls-max", tls)
    url = server.wait_for(r"listening on (\S+)")[1]
    seen = 0
    for name, trusts, rung, cause in CLIENT_ROWS:
        files = ["--cert", table.path(name, "crt"), "--key", table.path(name, "key")] if name else []
        proc.run(["curl", "-s", "--cacert", table.path(trusts, "crt"), *files, url])
        check_our_server(server, rung, cause, seen)
        files = [word.replace("--", "-") if isinstance(word, str) else word for word in files]
        proc.run(["openssl", "s_client", "-connect", url[8:-1], "-CAfile", table.path(trusts, "crt"), "-verify_return_error", *files], input="")
        check_our_server(server, rung, cause, seen + 1)
        seen += 2


@pytest.mark.parametrize("tls, trusts, rung, cause", [
    pytest.param("1.2", True, "--- Certificate", "client-cert-not-sent", marks=pytest.mark.long),
    ("1.3", True, "--- Certificate", "client-cert-not-sent"),
    ("1.2", False, "<-- Certificate", "ca-not-trusted"),
    pytest.param("1.3", False, "<-- Certificate", "ca-not-trusted", marks=pytest.mark.long)])
def test_our_server_and_a_jvm(mutual, table, jdk25, jvm_trust, peer_classes, tls, trusts, rung, cause):  # noqa: F811
    """A JVM may try again, so that there are two ladders."""
    server = mutual.start("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), *trust(table, "root"), "--trace")
    url = server.wait_for(r"listening on (\S+)")[1]
    properties = {"javax.net.ssl.trustStore": jvm_trust, "javax.net.ssl.trustStorePassword": "changeit"} if trusts else {}
    said = proc.run(jdk25.java("PeerClient", url, properties={**properties, "jdk.tls.client.protocols": f"TLSv{tls}"}, classes=peer_classes))
    assert said.out.startswith("FAILED: "), said
    check_our_server(server, rung, cause, 0)


# ---- doctor, lab, keys ----

def test_doctor(mutual, table):  # noqa: F811
    def doctor(client):
        return mutual("doctor", "--trace", *[f"--server-{word[2:]}" if str(word).startswith("--") else word for word in
                                             [*identity(table, "server"), *trust(table, "root")]],
                      *[f"--client-{word[2:]}" if str(word).startswith("--") else word for word in
                        [*identity(table, client), *trust(table, "root")]])
    healthy, refused = doctor("client"), doctor("as-server")
    assert healthy.status == 0 and "TLS handshake" not in healthy.out
    assert [re.search(r"accepted: (\S+),", part)[1] for part in healthy.err.split("\n\n")[:2]] == ["TLSv1.2", "TLSv1.3"], healthy
    assert refused.status == 4
    for ladder in refused.err.split("\n\n")[:2]:
        assert "seen from the server" in ladder and broken_rung(ladder) == "--- Certificate", ladder
        assert field(ladder, "cause").startswith("eku-missing-clientauth:")


def test_doctor_of_a_live_server(mutual, table, s_server):  # noqa: F811
    """Each of its connections, and what was tried with it."""
    result = mutual("doctor", "--trace", "--url", s_server(), *trust(table, "root"))
    assert result.status == 4, result
    first = result.err.split("\n\n")[0]
    assert first.startswith("TLS handshake with 127.0.0.1:") and "tried without a certificate, seen from the client:" in first, result
    assert broken_rung(first) == "--- Certificate" and field(first, "cause") == "client-cert-not-sent", first
    assert "TLS handshake" not in result.out


@pytest.mark.parametrize("program", ["mutual", "mutual_tsan"])
def test_parallel_connections_do_not_mix(request, table, program):  # noqa: F811
    """Forty connections that end at the same moment: every ladder is whole."""
    server = request.getfixturevalue(program).start("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), *trust(table, "root"), "--trace",
                                                    "--workers", "4")
    host, port = server.wait_for(r"https://(.*):(\d+)/").groups()
    context = ssl.create_default_context(cafile=table.path("root", "crt"))
    context.load_cert_chain(table.path("client", "crt"), table.path("client", "key"))
    clients = [context.wrap_socket(socket.create_connection((host, int(port)), timeout=30), server_hostname="localhost") for _ in range(40)]
    for client in clients:
        client.close()
    server.wait_for(r"(?s)TLS handshake with .*?\n\n", stream="err", count=40)
    ladders = [part for part in re.sub(r"^time=.*\n", "", server.err, flags=re.M).split("\n\n") if part.strip()]
    assert len(ladders) == 40
    whole = re.compile(r"TLS handshake with 127\.0\.0\.1:\d+, seen from the server:\n  client +server\n(  \|.*\n)+(  [ a-z]{10}.*\n?)+")
    assert all(whole.fullmatch(ladder) for ladder in ladders), server.err
    assert sum("SNI: localhost" in ladder and "accepted CN=client" in ladder for ladder in ladders) == 40
    assert len({re.search(r":(\d+), seen", ladder)[1] for ladder in ladders}) == 40


def test_no_secrets(mutual, table, tmp_path):  # noqa: F811
    """Neither keys nor what was said: the key log has the keys, and only where it was asked for."""
    keys = tmp_path / "keys.log"
    keys.write_text("# from before\n")
    keys.chmod(0o644)
    server_keys = tmp_path / "server-keys.log"
    server = mutual.start("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), *trust(table, "root"), "--trace=verbose", "--respond",
                          "the-answer-is-private", "--key-log", server_keys)
    url = server.wait_for(r"listening on (\S+)")[1]
    args = ["get", "--trace=verbose", *identity(table, "client"), *trust(table, "root"), "-d", "the-question-is-private", "--key-log", keys]
    secrets = set()
    for tls in ("1.2", "1.3"):
        result = mutual(*args, "--tls-min", tls, "--tls-max", tls, url)
        assert (result.status, result.out) == (0, "the-answer-is-private") and result.err.startswith("warning: the keys of every connection"), result
        lines = keys.read_text().splitlines()
        assert lines[0] == "# from before" and stat.S_IMODE(keys.stat().st_mode) == 0o600
        assert [line.split()[0] for line in lines[1:]].count("CLIENT_RANDOM" if tls == "1.2" else "CLIENT_TRAFFIC_SECRET_0") == 1, lines
        secrets |= {line.split()[2] for line in lines[1:]}
        assert not any(secret in result.err for secret in secrets) and "is-private" not in result.err
        assert any(line.split()[1] in result.err.replace("\n", "") for line in lines[1:])  # the random is the same: these are its keys
    server.wait_for(r"(?s)(TLS handshake with .*?\n\n)", stream="err", count=2)
    assert not any(secret in server.err for secret in secrets) and "is-private" not in server.err
    assert {line.split()[2] for line in server_keys.read_text().splitlines()} == secrets and stat.S_IMODE(server_keys.stat().st_mode) == 0o600
    refused = mutual(*args[:-1], tmp_path / "no" / "such", url)
    assert refused.status == 3 and "[store-not-found]" in refused.err and refused.out == "", refused


def test_a_hostile_client_is_told_safely(mutual, table, tmp_path):  # noqa: F811
    """A name with an escape sequence and a line break in it, as SNI: one ladder, no control character."""
    server = mutual.start("serve", "--listen", "127.0.0.1:0", *identity(table, "server"), "--client-auth", "none", "--trace=verbose")
    host, port = server.wait_for(r"https://(.*):(\d+)/").groups()
    name = b"\x1b[2J\ntime=now event=forged"
    sni = b"\0\0" + (len(name) + 5).to_bytes(2, "big") + (len(name) + 3).to_bytes(2, "big") + b"\0" + len(name).to_bytes(2, "big") + name
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(sni).to_bytes(2, "big") + sni
    hello = b"\1" + len(body).to_bytes(3, "big") + body
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(b"\x16\3\1" + len(hello).to_bytes(2, "big") + hello)
        client.recv(100)
    server.wait_for(r"(?s)TLS handshake with .*?\n\n", stream="err")
    assert "\x1b" not in server.err and "\nevent=forged" not in server.err and "\\x1B[2J\\x0Atime=now" in server.err, server.err
    assert broken_rung(server.err) == "--- ClientHello", server.err


def on_a_terminal(argv, columns, env):
    """What the program writes to standard error, a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "TERM": "xterm", **env})
    os.close(theirs)
    text = b""
    with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as terminal:  # EIO is the end
        while chunk := terminal.read(4096):
            text += chunk
    assert process.wait(30) == 0
    return text.decode().replace("\r\n", "\n")


def test_width_and_colour(sides):
    sides.serve()
    argv = [sides.mutual.path, "get", "--trace", *identity(sides.pki, "client"), *trust(sides.pki, "root"), f"https://127.0.0.1:{sides.port}/"]
    for columns, env in ((72, {"NO_COLOR": ""}), (120, {"NO_COLOR": "1"})):
        ladder = on_a_terminal(argv, columns, env)
        assert ("\x1b[" in ladder) == (columns == 72), ladder
        lines = re.sub(r"\x1b\[\d*m", "", ladder).splitlines()
        # only a word that is longer than what is left of a line may stand out
        assert all(len(line) <= columns or len(line.split()[-1]) > columns - 60 for line in lines), ladder
        assert any("versions: TLSv1" in line and "ClientHello" in line for line in lines) == (columns == 120), ladder


def test_levels(mutual):
    refused = mutual("get", "--trace=everything", "https://127.0.0.1:1/")
    assert refused.status == 2 and "--trace is one of verbose" in refused.err
    assert "--trace[=verbose]" in mutual("get", "--help").out
