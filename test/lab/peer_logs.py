"""A set of four_stores behind real programs: each pair of a server and a client connects once, and what both print is kept."""
import os
import pathlib
import re
import shutil
import time
import subprocess

from . import net, proc, store_pairs

_NODE_SERVER = """
const fs = require('fs'), [port, cert, key, ca] = process.argv.slice(1);
require('https').createServer({cert: fs.readFileSync(cert), key: fs.readFileSync(key), ca: fs.readFileSync(ca), requestCert: true,
    rejectUnauthorized: true}, (request, answer) => answer.end('OK'))
    .on('tlsClientError', error => console.error(error)).listen(port, '127.0.0.1');
"""
_NODE_CLIENT = """
const fs = require('fs'), [host, port, cert, key, ca] = process.argv.slice(1);
require('https').get({host, port, lookup: (name, options, done) => options.all ? done(null, [{address: '127.0.0.1', family: 4}])
    : done(null, '127.0.0.1', 4), cert: fs.readFileSync(cert), key: fs.readFileSync(key), ca: fs.readFileSync(ca)},
    answer => { console.log('HTTP status: ' + answer.statusCode); answer.resume(); }).on('error', error => console.error(error));
"""
_PYTHON_SERVER = """
import socket, ssl, sys, traceback
port, cert, key, ca = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
context.load_verify_locations(ca)
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    connection, _ = listener.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(4096)
            tls.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nOK")
    except OSError:
        traceback.print_exc()
"""
_PYTHON_CLIENT = """
import http.client, socket, ssl, sys
host, port, cert, key, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(cert, key)
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname=host) as tls:
    tls.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    answer = http.client.HTTPResponse(tls)
    answer.begin()
    print("HTTP status:", answer.status)
"""


class Files:
    """A side of a set in PEM: certificate and chain in one file, key, CAs."""

    def __init__(self, folder, world, name):
        self.words = store_pairs._pem_files(folder, world, name)
        self.side, self.folder = world.sides[name], folder
        path = lambda word: folder / f"{name}-openssl-{word}.pem"
        self.cert, self.key, self.ca = folder / f"{name}-all.pem", path("key"), path("ca")
        self.cert.write_bytes(path("cert").read_bytes() + path("chain").read_bytes())

    @property
    def pem(self):
        return [self.cert, self.key, self.ca]

    def properties(self):
        words = []
        for which, word in (("key", "keyStore"), ("trust", "trustStore")):
            words += [f"-Djavax.net.ssl.{word}={self.folder / self.side.names[which]}", f"-Djavax.net.ssl.{word}Password={self.side.given[which]}"]
        return words


def find(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")


# ---- servers: the argument vector; files are written first ----

def _nginx(files, port, folder):
    (folder / "nginx.conf").write_text(f"""daemon off; master_process off; pid {folder}/pid; error_log stderr info;
events {{ }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
        uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
        server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {files.cert}; ssl_certificate_key {files.key};
                  ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate {files.ca}; ssl_verify_client on; ssl_verify_depth 9;
                  location / {{ return 200 OK; }} }} }}""")
    return [find("nginx"), "-c", folder / "nginx.conf", "-p", folder]


def _haproxy(files, port, folder):
    (folder / "haproxy.pem").write_bytes(files.cert.read_bytes() + files.key.read_bytes())
    (folder / "haproxy.cfg").write_text(f"""global
  log stdout format raw local0 debug
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend tls
  bind 127.0.0.1:{port} ssl crt {folder}/haproxy.pem verify required ca-file {files.ca}
  http-request return status 200 content-type text/plain string OK
""")
    return [find("haproxy"), "-f", folder / "haproxy.cfg", "-db"]


SERVERS = {
    "openssl": lambda files, port, folder: ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-Verify", "9", "-www", *files.words],
    "nginx": _nginx,
    "haproxy": _haproxy,
    "node": lambda files, port, folder: ["node", "-e", _NODE_SERVER, port, *files.pem],
    "python": lambda files, port, folder: ["/usr/bin/python3", "-u", "-c", _PYTHON_SERVER, port, *files.pem],
}

# ---- clients ----

CLIENTS = {
    "openssl": lambda files, host, port: ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-verify", "9", "-ign_eof",
                                          *(["-verify_ip", host] if host[0].isdigit() else ["-servername", host, "-verify_hostname", host]),
                                          *files.words],
    "curl": lambda files, host, port: ["curl", "-v", "-sS", "--resolve", f"{host}:{port}:127.0.0.1", "--cert", files.cert, "--key", files.key,
                                       "--cacert", files.ca, f"https://{host}:{port}/"],
    "node": lambda files, host, port: ["node", "-e", _NODE_CLIENT, host, port, *files.pem],
    "python": lambda files, host, port: ["/usr/bin/python3", "-c", _PYTHON_CLIENT, host, port, *files.pem],
}


def _java_server(jdk, classes, files, port):
    """PeerServer, with the JDK's own log; it prints the exception, too."""
    java = jdk.java("PeerServer", port, files.folder / files.side.names["key"], files.side.given["key"],
                    files.folder / files.side.names["trust"], files.side.given["trust"], "need", classes=classes)
    return [java[0], "-Djavax.net.debug=ssl,handshake", *java[1:]]


def _java_client(jdk, classes, files, host, port):
    hosts = files.folder / "hosts"
    hosts.write_text(f"127.0.0.1 {host}\n")
    java = jdk.java("PeerClient", f"https://{host}:{port}/", classes=classes)
    return [java[0], "-Djavax.net.debug=ssl,handshake", f"-Djdk.net.hosts.file={hosts}", *files.properties(), *java[1:]]


def serves(name):
    return name == "java" or find(name if name != "python" else "/usr/bin/python3") is not None


def _wait_for_listener(port, process, timeout=30):
    """By the kernel's table: a connection would leave its own trace in the log. False if the program has ended."""
    deadline, entry = time.monotonic() + timeout, re.compile(rf":{port:04X} 0+:0000 0A ")
    while not any(entry.search(pathlib.Path(f"/proc/net/{table}").read_text()) for table in ("tcp", "tcp6")):
        if not process.running:
            return False
        assert time.monotonic() < deadline, process.result()
        time.sleep(0.05)
    return True


def _settle(process, quiet_s=0.4, timeout=5):
    """Until it has written nothing for a while: the server may learn of its refusal later than the client."""
    deadline, seen, since = time.monotonic() + timeout, -1, 0
    while time.monotonic() < deadline and (len(process.out + process.err) != seen or time.monotonic() - since < quiet_s):
        if len(process.out + process.err) != seen:
            seen, since = len(process.out + process.err), time.monotonic()
        time.sleep(0.05)


def run(folder, world, server, client, jdk=None, classes=None):
    """Returns (did it get through, the server's output, the client's), or None if the server does not start with these stores."""
    ours, theirs = Files(folder, world, "server"), Files(folder, world, "client")
    port = net.free_port()
    words = _java_server(jdk, classes, ours, port) if server == "java" else SERVERS[server](ours, port, folder)
    process = proc.Process(words)
    try:
        if not _wait_for_listener(port, process):
            return None
        words = _java_client(jdk, classes, theirs, world.host, port) if client == "java" else CLIENTS[client](theirs, world.host, port)
        asked = proc.run(words, input="GET / HTTP/1.0\r\n\r\n", timeout=60)
        _settle(process)
    finally:
        if process.running:
            process._kill()
    heard = asked.out + asked.err
    through = re.search(r"HTTP status: 200|HTTP/1\.[01] 200", heard) is not None
    return through, process.out + process.err, heard
