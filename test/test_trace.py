"""--trace: the ladder names the step that the handshake broke at, for every row of the troubleshooting table, on either side, under TLS
1.2 and 1.3, and shows no secret."""
import json
import re

import pytest

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


def test_levels(mutual):
    refused = mutual("get", "--trace=everything", "https://127.0.0.1:1/")
    assert refused.status == 2 and "--trace is one of verbose" in refused.err
    assert "--trace[=verbose]" in mutual("get", "--help").out
