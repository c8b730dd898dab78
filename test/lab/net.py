"""Ports and waiting for them."""
import contextlib
import fcntl
import os
import socket
import time

# Below the range from which the kernel takes ports for outgoing connections; each process starts elsewhere.
_FIRST, _LAST = 20000, 32000
_next = _FIRST + os.getpid() * 37 % (_LAST - _FIRST)


def free_port(host="127.0.0.1"):
    """A port nobody listens on and that is not handed out again by this process. Prefer port 0 where the program reports its port."""
    global _next
    while True:
        _next = _next + 1 if _next < _LAST else _FIRST
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            try:
                probe.bind((host, _next))
                return _next
            except OSError:
                continue


@contextlib.contextmanager
def fixed_port(port):
    """For programs that insist on one port (the guide's 8443): one test at a time, also across processes, and only once it is free."""
    with open(f"/tmp/mutual-test-port-{port}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        deadline = time.monotonic() + 120
        while not _is_free(port):
            assert time.monotonic() < deadline, f"somebody else holds port {port}"
            time.sleep(0.1)
        yield port


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for_port(port, host="127.0.0.1", timeout=60):
    """Until somebody accepts connections there."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            socket.create_connection((host, port), 5).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on {host}:{port} after {timeout} s"
            time.sleep(0.05)
