"""ssrf_peer.py ADDRESS4: servers that try to turn a node against its own network; prints "ready".

On port 53, UDP: *.rebind.test answers ADDRESS4 the first time a name is asked for and 169.254.169.254 from then on;
meta.test, mixed.test, alias.test (a CNAME to inner.test, which is 127.0.0.1), carried.test (::ffff:169.254.169.254),
mapped.test (64:ff9b::a9fe:a9fe), near.test (the node's own address, 10.78.0.1), good.test (ADDRESS4).
On port 80: GET /to?URL redirects to the URL; anything else is a 200 with a body.
On port 43: a whois referral to 169.254.169.254.
"""
import ipaddress
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

OWN = sys.argv[1]
META = "169.254.169.254"
NAMES = {
    "meta.test": [META], "mixed.test": [OWN, "127.0.0.1"], "carried.test": ["::ffff:" + META],
    "mapped.test": ["64:ff9b::a9fe:a9fe"], "near.test": ["10.78.0.1"], "good.test": [OWN], "inner.test": ["127.0.0.1"],
}
asked = {}


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(name, kind, data):
    return encode(name) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def answers(name, kind):
    if name.endswith(".rebind.test"):
        if kind == 1:
            asked[name] = asked.get(name, 0) + 1
        addresses = [OWN if asked.get(name, 1) == 1 else META]
    elif name == "alias.test":
        return [record(name, 5, encode("inner.test"))] + answers("inner.test", kind)
    else:
        addresses = NAMES.get(name, [])
    packed = [ipaddress.ip_address(address).packed for address in addresses]
    return [record(name, kind, data) for data in packed if len(data) == (4 if kind == 1 else 16)]


def dns(server):
    while True:
        query, peer = server.recvfrom(4096)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        records = answers(".".join(labels), kind)
        head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0)
        server.sendto(head + query[12:at + 5] + b"".join(records), peer)


def whois(server):
    while True:
        connection, _ = server.accept()
        with connection:
            connection.recv(512)
            connection.sendall(f"refer: {META}\r\nwhois: {META}\r\n".encode())


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        where = self.path.partition("/to?")[2]
        self.send_response(302 if where else 200)
        if where:
            self.send_header("Location", unquote(where))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((OWN, 53))
tcp = socket.create_server((OWN, 43))
http = ThreadingHTTPServer((OWN, 80), Pages)
for run in [lambda: dns(udp), lambda: whois(tcp), http.serve_forever]:
    threading.Thread(target=run, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
