"""Fixtures of all suites. The helpers behind them are in lab/."""
import contextlib
import os
import pathlib
import random
import signal

import pytest

from lab import env, jdk as jdks_here, net, proc
from lab.pki import Pki

TIME_LIMIT_S = 300  # of one test with its fixtures

env.prepare()


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the tests that take long, too")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long"):
        late = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=late)
        items[:] = [item for item in items if item not in late]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """A test that hangs fails by itself, and says where."""
    marker = item.get_closest_marker("time_limit")
    limit_s = marker.args[0] if marker else TIME_LIMIT_S

    def expired(*_):
        raise AssertionError(f"the test took longer than {limit_s} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(limit_s)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def long_run(request):
    """True under --long: for tests whose numbers are larger then."""
    return request.config.getoption("--long")


@pytest.fixture
def rng(request):
    """Random numbers that are the same in every run of this test."""
    return random.Random(f"{os.environ['MUTUAL_TEST_SEED']} {request.node.nodeid}")


@pytest.fixture(scope="session")
def shared():
    """The folder with third-party suites; the test is skipped without it."""
    folder = os.environ.get("MUTUAL_SHARED")
    if not folder:
        pytest.skip("no third-party data (MUTUAL_SHARED or ../shared)")
    return pathlib.Path(folder)


class Program:
    """A build of mutual: call it to run it to its end, start() it to keep it running until the test ends."""

    def __init__(self, path, started):
        self.path = path
        self._started = started

    def __call__(self, *args, **options):
        return proc.run([self.path, *args], **options)

    def start(self, *args, **options):
        process = proc.Process([self.path, *args], **options)
        self._started.append(process)
        return process


@pytest.fixture
def started():
    """Processes that are ended with the test; what a sanitizer reports at their end fails it."""
    processes = []
    yield processes
    with contextlib.ExitStack() as stack:  # all are stopped, also if one of them fails
        for process in processes:
            stack.callback(process.stop)


def _program(variable, started):
    path = pathlib.Path(os.environ.get(variable, ""))
    if not path.is_file():
        pytest.skip(f"{variable} does not name a built program")
    return Program(path.resolve(), started)


@pytest.fixture
def mutual(started):
    """The program under test, in script/test the build with address and undefined-behaviour sanitizers."""
    return _program("MUTUAL", started)


@pytest.fixture
def mutual_release(started):
    """The build users get, for figures and for what sanitizers disturb."""
    return _program("MUTUAL_RELEASE", started)


@pytest.fixture
def mutual_tsan(started):
    """The build with ThreadSanitizer."""
    return _program("MUTUAL_TSAN", started)


@pytest.fixture
def start(started):
    """Start another program (argument vector) until the test ends."""
    def run(argv, **options):
        process = proc.Process(argv, **options)
        started.append(process)
        return process
    return run


@pytest.fixture
def free_port():
    """A function that gives a port nobody listens on."""
    return net.free_port


@pytest.fixture
def port_8443():
    """The guide's port, for this test alone."""
    with net.fixed_port(8443) as port:
        yield port


@pytest.fixture(scope="session")
def jdks():
    """All JDKs of this machine, oldest first."""
    found = jdks_here.find()
    if not found:
        pytest.skip("no JDK")
    return found


def _newest(jdks, what, fits):
    fitting = [jdk for jdk in jdks if fits(jdk.version)]
    if not fitting:
        pytest.skip(f"no JDK {what}, only {', '.join(str(jdk.version) for jdk in jdks)}")
    return fitting[-1]


@pytest.fixture(scope="session")
def jdk(jdks):
    """The newest JDK."""
    return jdks[-1]


@pytest.fixture(scope="session")
def jdk25(jdks):
    return _newest(jdks, "25 or later", lambda version: version >= 25)


@pytest.fixture(scope="session")
def jdk17(jdks):
    return _newest(jdks, "17", lambda version: version == 17)


@pytest.fixture(scope="session")
def peer_classes(jdks, tmp_path_factory):
    """Folder with our own Java peers, compiled for every JDK from 11."""
    folder = tmp_path_factory.mktemp("classes")
    jdks[0].compile(sorted(jdks_here.SOURCES.glob("*.java")), folder)
    return folder


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """A root, server and client certificates with good and bad properties, and stores with the keys. Add to it under names of your own."""
    made = Pki(tmp_path_factory.mktemp("pki"))
    made.ca("root")
    made.ca("other-root")
    made.issue("server", usage="server", san=["ip:127.0.0.1", "dns:localhost", "dns:server.test"])
    made.issue("client", usage="client", san=["dns:client.test"])
    for name in ("server", "client"):
        made.key_store(name)
    return made


@pytest.fixture(scope="session")
def jvm_trust(pki, jdks):
    """A PKCS12 truststore with the root, as a JVM wants it."""
    return pki.trust_store(jdks[-1], "trust.p12", "root")
