"""mutual doctor --log: what stacks print is understood, wherever it stands and whatever stands around it. The logs are our own words
around the standard messages."""
import json
import random
import resource
import string
import subprocess

import pytest

CA = "sun.security.validator.ValidatorException: PKIX path building failed: unable to find valid certification path to requested target"


@pytest.fixture
def doctor(mutual, tmp_path):
    def run(text, *args, status=4, option="--log"):
        path = tmp_path / "a.log"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        answer = mutual("doctor", option, path, "--json", *args, timeout=60)
        assert answer.status == status, answer
        return json.loads(answer.out)
    return run


def first(report):
    return [next(f for f in report["findings"] if f["failure"] == n)["code"] for n in sorted({f["failure"] for f in report["findings"]})]


def evidence(report):
    return "\n".join(line for finding in report["findings"] for line in finding["evidence"])


# One failure of each kind a line, with the words of its stack.
LINES = [
    ("javax.net.ssl.SSLHandshakeException: " + CA + "\n\tat com.example.Caller.checkServerTrusted(Caller.java:7)", "ca-not-trusted", "client"),
    ("javax.net.ssl.SSLHandshakeException: " + CA + "\n\tat com.example.Listener.checkClientTrusted(Listener.java:7)",
     "client-ca-not-trusted", "server"),
    ("http: TLS handshake error from 192.0.2.7:4711: tls: failed to verify client certificate: x509: certificate signed by unknown authority",
     "client-ca-not-trusted", "server"),
    ("curl: (60) SSL certificate problem: self-signed certificate", "self-signed", "client"),
    ("curl: (60) SSL certificate problem: certificate has expired", "cert-expired", "client"),
    ("2026/11/23 16:00:00 [info] 7#7: *1 client sent no required SSL certificate while reading client request headers",
     "client-cert-not-sent", "server"),
    ("java.io.IOException: keystore password was incorrect", "store-wrong-password", None),
    ("java.security.cert.CertificateException: No subject alternative DNS name matching orders.example.com found.", "hostname-mismatch", "client"),
]


@pytest.mark.parametrize("line,code,_side", LINES)
def test_what_stacks_print(doctor, line, code, _side):
    report = doctor(f"starting\n{line}\n")
    assert first(report)[0] == code
    assert "a.log:2: " in evidence(report)


def test_who_refused_and_whose_store_it_is(doctor):
    finding = doctor(LINES[0][0])["findings"][0]
    assert (finding["refusedBy"], finding["side"]) == ("client", "client")
    finding = doctor(LINES[1][0])["findings"][0]
    assert (finding["refusedBy"], finding["side"]) == ("server", "server")


def test_whose_log_it_is_decides(doctor):
    alert = "fatal alert: unknown_ca was received\nReceived fatal alert: unknown_ca\n"
    assert first(doctor(alert, option="--client-log")) == ["client-ca-not-trusted"]
    assert first(doctor(alert, option="--server-log")) == ["ca-not-trusted"]


def filler(rng, count):
    return "".join(f"2026-11-23 16:00:{i % 60:02} INFO worker-{rng.randrange(9)} handled request {rng.randrange(10**6)} in 7 ms\n"
                   for i in range(count))


def test_several_failures_in_a_long_log_stay_apart(doctor, rng):
    text, expected = "", []
    for line, code, _ in (LINES[6], LINES[4], LINES[7], LINES[5]):
        text += filler(rng, 3000)
        expected.append((code, text.count("\n") + 1))
        text += line + "\n"
    report = doctor(text)
    assert first(report) == [code for code, _ in expected]
    for _, number in expected:
        assert f"a.log:{number}: " in evidence(report)


def test_a_stack_trace_is_one_failure(doctor):
    text = ("org.springframework.web.client.ResourceAccessException: I/O error on GET request for \"https://orders.example.com\"\n"
            + "".join(f"\tat com.example.Layer{i}.call(Layer{i}.java:{i})\n" for i in range(60))
            + f"Caused by: javax.net.ssl.SSLHandshakeException: {CA}\n" + "\tat com.example.X.y(X.java:1)\n" * 30
            + "Caused by: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path\n")
    assert first(doctor(text)) == ["ca-not-trusted"]


def test_the_same_again_is_one_failure(doctor):
    report = doctor((CA + "\n" + "nothing of interest\n" * 500) * 20)
    assert len(first(report)) == 1
    assert "19 more lines say the same" in evidence(report)


SECRETS = ["hunter2secret", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"]


@pytest.mark.parametrize("how", ["-Djavax.net.ssl.keyStorePassword={}", "password={}", "\"password\": \"{}\"", "Authorization: Bearer {}",
                                 "https://user:{}@orders.example.com/", "--key-password {}", "token={}", "api_key: {}",
                                 "Cookie: session={}", "Enter pass phrase: {}\\n keystore.password='{}'"])
@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_masked(mutual, doctor, how, secret):
    if "pass phrase" in how:
        how = how.split("\\n")[1]
    text = how.format(secret, secret) + " " + CA + " " + how.format(secret, secret) + "\n"
    report = doctor(text)
    assert "***" in evidence(report)
    assert secret not in json.dumps(report)
    assert secret not in mutual("doctor", "--log", "-", input=text.encode()).out


def test_keys_are_masked(doctor):
    key = "".join(random.Random(7).choices(string.ascii_letters + string.digits + "+/", k=64))
    report = doctor(f"certificate verify failed {key}\n{CA} key {key[:50]}\n")
    assert key[:50] not in json.dumps(report)


@pytest.mark.parametrize("change", [lambda t: t.encode("utf-16"), lambda t: b"\xfe\xff" + t.encode("utf-16-be"), lambda t: t.encode("utf-16-le"),
                                    lambda t: t.replace("\n", "\r\n").encode(), lambda t: t.rstrip("\n").encode(),
                                    lambda t: b"\xef\xbb\xbf" + t.encode(), lambda t: t.replace(" ", "\x1b[1;31m \x1b[0m").encode()],
                         ids=["utf-16", "utf-16-be", "no-mark", "crlf", "no-line-break", "bom", "colours"])
def test_any_encoding(doctor, change):
    report = doctor(change(f"one\n\nthree\n{CA}\n"))
    assert first(report) == ["ca-not-trusted"]
    assert "a.log:4: " in evidence(report)


def test_a_huge_line_and_a_truncated_log(doctor):
    assert first(doctor("x" * 3_000_000 + " " + CA + " " + "y " * 1_000_000)) == ["ca-not-trusted"]
    assert first(doctor(f"{CA}\n\tat com.exam")) == ["ca-not-trusted"]


def test_garbage_does_no_harm(mutual, doctor, rng):
    for size in (1, 2, 3, 1000, 300_000):
        garbage = bytes(rng.randrange(256) for _ in range(size))
        assert mutual("doctor", "--log", "-", "--json", input=garbage).status in (1, 4)
    report = doctor(bytes(rng.randrange(128, 256) for _ in range(5000)) + b"\n" + CA.encode() + b"\n")
    assert first(report) == ["ca-not-trusted"]


def test_foreign_text_is_escaped(mutual, doctor):
    hostile = "CN=\x1b[2J\x1b]0;owned\x07\u202eevil\u2028<script>\x00\x7f\"; rm -rf / \""
    text = f"{hostile} {CA} subject={hostile}\n".encode()
    shown = evidence(doctor(text)) + mutual("doctor", "--log", "-", input=text).out
    assert not set(shown) & set("\x1b\x07\u202e\u2028\x00\x7f")


@pytest.mark.parametrize("text", ["", "\n\n", "all is well\nnothing failed\n", "SSL handshake completed with TLSv1.3\n"])
def test_nothing_recognised_is_unknown(doctor, text):
    report = doctor(text, status=1)
    assert report["verdict"] == "unknown" and report["findings"] == []


def test_logs_of_both_sides(mutual, tmp_path):
    (tmp_path / "c.log").write_text("javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown\n")
    (tmp_path / "s.log").write_text(f"javax.net.ssl.SSLHandshakeException: {CA}\n")
    answer = mutual("doctor", "--client-log", tmp_path / "c.log", "--server-log", tmp_path / "s.log", "--json")
    report = json.loads(answer.out)
    assert first(report) == ["client-ca-not-trusted"]
    assert report["findings"][0]["confidence"] > 0.6
    assert "c.log:1: " in evidence(report) and "s.log:1: " in evidence(report)


def test_a_log_that_cannot_be_read(mutual, tmp_path):
    answer = mutual("doctor", "--log", tmp_path / "missing.log")
    assert answer.status == 3 and "missing.log" in answer.err
    assert mutual("doctor", "--log", tmp_path).status == 3


def with_stores(pki, tmp_path, server_trust):
    trust = tmp_path / "trust.pem"
    trust.write_bytes(pki.path("root", "crt").read_bytes())
    return [word for name, value in (("server-key-store", pki.path("server", "p12")), ("server-trust-store", pki.path(server_trust, "crt")),
                                     ("client-key-store", pki.path("client", "p12")), ("client-trust-store", trust))
            for word in (f"--{name}", str(value))]


@pytest.fixture
def both(mutual, tmp_path, pki):
    def run(text, server_trust):
        (tmp_path / "a.log").write_text(text)
        answer = mutual("doctor", "--json", "--log", tmp_path / "a.log", *with_stores(pki, tmp_path, server_trust),
                        env={"MUTUAL_STORE_PASSWORD": "changeit"})
        return json.loads(answer.out)
    return run


ALERT = "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown\n\tat com.example.HttpsURLConnection\n"


def test_what_the_stores_show_is_the_cause_in_the_log(doctor, both):
    assert doctor(ALERT)["findings"][0]["confidence"] < 0.8
    report = both(ALERT, "other-root")
    found = [f for f in report["findings"] if f["code"] == "client-ca-not-trusted"]
    assert len(found) == 1 and found[0]["confidence"] > 0.9
    assert "a.log:1: " in "\n".join(found[0]["evidence"]) and len(found[0]["evidence"]) > 1
    assert len(first(report)) == 1


def test_what_the_stores_do_not_show_is_less_likely(doctor, both):
    def of(report, code):
        return next((f["confidence"] for f in report["findings"] if f["code"] == code), 0)

    healthy = both(ALERT, "root")
    assert of(healthy, "client-ca-not-trusted") < of(doctor(ALERT), "client-ca-not-trusted") / 2


DEBUG = """javax.net.ssl|DEBUG|1D|main|2026-11-23 23:01:12.345 UTC|ClientHello.java:652|Produced ClientHello handshake message (
"ClientHello": {
  "client version"      : "TLSv1.2",
  "random"              : "5F0B6C0D0E4A7C2A5F0B6C0D0E4A7C2A5F0B6C0D0E4A7C2A5F0B6C0D0E4A7C2A",
  "cipher suites"       : "[TLS_AES_256_GCM_SHA384(0x1302), TLS_AES_128_GCM_SHA256(0x1301), TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384(0xC02C)]",
  "extensions"          : [ "server_name (0)": { type=host_name (0), value=orders.example.com } ]
}
)
  0000: 16 03 03 01 0A 01 00 01   06 03 03 5F 0B 6C 0D 0E  ..........._.l..
"""


@pytest.mark.long
def test_a_long_debug_log_in_bounded_memory(mutual_release, tmp_path):
    """200 MB: the processor's time counts, as others may be at work."""
    block = (DEBUG * 1200).encode()
    with open(tmp_path / "big.log", "wb") as out:
        for i in range(200_000_000 // len(block)):
            out.write(block + (f"Fatal (CERTIFICATE_UNKNOWN): {CA}\n".encode() if i % 50 == 25 else b""))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    limit = ["bash", "-c", 'ulimit -v 200000; exec "$@"', "bash", mutual_release.path, "doctor", "--log", tmp_path / "big.log"]
    assert subprocess.run(limit, stdout=subprocess.DEVNULL, check=False).returncode == 4
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4


def test_the_alert_at_one_side_is_the_echo_of_what_the_other_says(mutual, tmp_path):
    alert = "error:0A000418:SSL routines::tlsv1 alert unknown ca:SSL alert number 48\n"
    (tmp_path / "c.log").write_text(alert)
    (tmp_path / "s.log").write_text("verify error:num=25:path length constraint exceeded\n")
    alone = json.loads(mutual("doctor", "--client-log", tmp_path / "c.log", "--json").out)
    assert first(alone) == ["client-ca-not-trusted"]
    both = json.loads(mutual("doctor", "--client-log", tmp_path / "c.log", "--server-log", tmp_path / "s.log", "--json").out)
    assert first(both) == ["pathlen-exceeded"] and "unknown_ca" in "\n".join(both["findings"][0]["evidence"])
