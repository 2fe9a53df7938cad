"""What is measured: servers on free ports of this machine, started for one benchmark and stopped with it."""
import json
import os
import socket
import subprocess
import time

from . import places
from .processes import Invalid, Program


def free_port():
    """Free for TCP and UDP at the moment of asking."""
    for _ in range(100):
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise Invalid("no free port")


def wait_for_port(port, program, within=20, address="127.0.0.1"):
    end = time.monotonic() + within
    while time.monotonic() < end:
        program.check()
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Invalid(f"{program.name} took no connection within {within} s; its log is {program.log_path}")


NGINX = """
daemon off;
# One process: it leaves the other core to who measures.
master_process off;
pid {folder}/nginx.pid;
worker_rlimit_nofile 16384;
events {{ worker_connections 12000; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    # The server closes first, so that no local port of a client stays behind in TIME_WAIT.
    keepalive_timeout 0;
    server {{
        listen {address}:{port} backlog=8192;
        location / {{ return 200 "hello\\n"; }}
    }}
}}
"""

NSD = """
server:
    ip-address: {address}@{port}
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    pidfile: "{folder}/nsd.pid"
    logfile: "{folder}/nsd.log"
    zonesdir: "{folder}"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    cookie-secret-file: "{folder}/cookies"
    rrl-ratelimit: 0
    receive-buffer-size: 8388608
    send-buffer-size: 8388608
    tcp-count: 1000
remote-control:
    control-enable: no
zone:
    name: "bench.test"
    zonefile: "{folder}/bench.test.zone"
"""

ZONE = """$ORIGIN bench.test.
$TTL 300
@ SOA ns hostmaster 1 3600 900 604800 5
  NS ns
ns A 127.0.0.1
* A 192.0.2.1
"""


class Targets:
    """nginx for http, nsd for dns, a bare acceptor for tcp. Loopback itself answers ping."""

    def __init__(self, folder, address="127.0.0.1", prefix=()):
        self.folder, self.address, self.prefix = folder, address, list(prefix)
        os.makedirs(folder, exist_ok=True)
        self.http_port, self.dns_port, self.tcp_port = free_port(), free_port(), free_port()
        self.programs = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self):
        values = {"folder": self.folder, "address": self.address}
        self._write("nginx.conf", NGINX.format(port=self.http_port, **values))
        self._write("nsd.conf", NSD.format(port=self.dns_port, **values))
        self._write("bench.test.zone", ZONE)
        self.nginx = self._program(
            ["/usr/sbin/nginx", "-p", self.folder, "-c", f"{self.folder}/nginx.conf", "-e", f"{self.folder}/nginx.log"],
            "nginx")
        self.nsd = self._program(["/usr/sbin/nsd", "-d", "-c", f"{self.folder}/nsd.conf"], "nsd")
        self.acceptor = self._program([places.c_program("acceptor"), self.address, str(self.tcp_port)], "acceptor")
        if not self.prefix:
            wait_for_port(self.http_port, self.nginx, address=self.address)
            wait_for_port(self.dns_port, self.nsd, address=self.address)
            wait_for_port(self.tcp_port, self.acceptor, address=self.address)

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def _program(self, arguments, name):
        program = Program(self.prefix + arguments, os.path.join(self.folder, f"{name}.out"))
        self.programs.append(program)
        return program

    def stop(self):
        for program in self.programs:
            program.stop()

    def __exit__(self, *_):
        self.stop()


def in_real_time():
    """Before a command: real-time priority where it is allowed. A late server would be taken for a lying node."""
    command = ["chrt", "-f", "50"]
    return command if subprocess.run([*command, "true"], capture_output=True).returncode == 0 else []


class DelayServers:
    """The servers of ground truth: dns and http that answer after exactly so many milliseconds."""

    def __init__(self, folder, delays, prefix=()):
        os.makedirs(folder, exist_ok=True)
        self.ports = {(kind, delay): free_port() for kind in ("dns", "http") for delay in delays}
        arguments = [f"{kind}:{port}:{delay}" for (kind, delay), port in self.ports.items()]
        self.program = Program(
            [*prefix, *in_real_time(), places.c_program("delay_server"), *arguments],
            os.path.join(folder, "delay.log"), stdin=True)
        self.program.line(10)

    def finish(self):
        """How late its own answers were."""
        self.program.close_input()
        return json.loads(self.program.line(30))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()
