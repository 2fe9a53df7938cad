#!/usr/bin/python3
"""The demo's own internet: servers on free ports of 127.0.0.1 for the jobs that need one. The first
line that it prints is a JSON object with their ports.

  dns     A, AAAA, TXT, SOA of demo.example and PTR of 192.0.2.10, over UDP
  tls     a TLS server with the certificate and key that are the arguments
  whois   what a registry says of demo.example
  ntp     this machine's own time
  tcp     greets, and answers HELO
  ws      a WebSocket server that sends each message back
"""
import base64
import hashlib
import json
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time

ZONE = (b"demo", b"example")
REVERSE = (b"10", b"2", b"0", b"192", b"in-addr", b"arpa")
A, SOA, PTR, TXT, AAAA = 1, 6, 12, 16, 28
NXDOMAIN, REFUSED = 3, 5
TEXT = b"said by the demo's own name server"


def encoded(*labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


SOA_DATA = encoded(b"ns", *ZONE) + encoded(b"hostmaster", *ZONE) + struct.pack("!5I", 2026010101, 3600, 900, 604800, 60)
RECORDS = {
    A: bytes([192, 0, 2, 10]),
    AAAA: socket.inet_pton(socket.AF_INET6, "2001:db8::10"),
    TXT: bytes([len(TEXT)]) + TEXT,
    SOA: SOA_DATA,
}


def parse(wire):
    """The labels of the question, its type, and its bytes."""
    labels, at = [], 12
    while wire[at]:
        labels.append(wire[at + 1 : at + 1 + wire[at]].lower())
        at += 1 + wire[at]
    (type_,) = struct.unpack("!H", wire[at + 1 : at + 3])
    return tuple(labels), type_, wire[12 : at + 5]


def record(owner, type_, data):
    return owner + struct.pack("!HHIH", type_, 1, 60, len(data)) + data


def answer(wire):
    id_, flags = struct.unpack("!HH", wire[:4])
    labels, type_, question = parse(wire)
    rcode, answers, authority = 0, b"", b""
    if labels == REVERSE:
        answers = record(b"\xc0\x0c", PTR, encoded(*ZONE)) if type_ == PTR else b""
    elif labels[-2:] != ZONE:
        rcode = REFUSED
    elif labels == ZONE and type_ in RECORDS:
        answers = record(b"\xc0\x0c", type_, RECORDS[type_])
    else:
        rcode = 0 if labels == ZONE else NXDOMAIN
        authority = record(encoded(*ZONE), SOA, SOA_DATA)
    # An authoritative answer; the question's "recursion desired" is given back.
    head = struct.pack("!6H", id_, 0x8400 | (flags & 0x0100) | rcode, 1, bool(answers), bool(authority), 0)
    return head + question + answers + authority


class NameServer(socketserver.BaseRequestHandler):
    def handle(self):
        wire, server = self.request
        try:
            server.sendto(answer(wire), self.client_address)
        except (IndexError, struct.error):
            pass  # not a query


class TimeServer(socketserver.BaseRequestHandler):
    """RFC 5905: mode 4 (server), stratum 2, the times of now; the client's transmit time comes back."""

    def handle(self):
        wire, server = self.request
        if len(wire) < 48:
            return
        now = int((time.time() + 2208988800) * (1 << 32)).to_bytes(8, "big")
        head = struct.pack("!BBBbII4s", 0x24, 2, 6, -20, 0x100, 0x100, bytes([127, 0, 0, 1]))
        server.sendto(head + now + wire[40:48] + now + now, self.client_address)


class Whois(socketserver.StreamRequestHandler):
    def handle(self):
        name = self.rfile.readline(1000).strip().decode("ascii", "replace")
        if name.lower().split()[-1:] != ["demo.example"]:
            self.wfile.write(b"No match for that domain.\r\n")
            return
        self.wfile.write(
            b"Domain Name: DEMO.EXAMPLE\r\nRegistrar: The Demo Registrar\r\n"
            b"Creation Date: 2020-02-20T20:20:20Z\r\nUpdated Date: 2025-01-02T03:04:05Z\r\n"
            b"Registry Expiry Date: 2030-02-20T20:20:20Z\r\nName Server: NS.DEMO.EXAMPLE\r\n"
            b"Domain Status: ok\r\n"
        )


class Greeter(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 demo ready\r\n")
        while line := self.rfile.readline(1000):
            self.wfile.write(b"250 hello\r\n" if line.startswith(b"HELO") else b"500 what?\r\n")


class WebSocket(socketserver.StreamRequestHandler):
    """RFC 6455 as far as short unfragmented messages go."""

    def handle(self):
        key = ""
        while line := self.rfile.readline(4096).decode("latin-1").strip():
            name, _, value = line.partition(":")
            if name.lower() == "sec-websocket-key":
                key = value.strip()
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        while len(head := self.rfile.read(2)) == 2:
            length, mask = head[1] & 127, self.rfile.read(4)
            if length > 125 or len(mask) < 4:
                return
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(length)))
            self.wfile.write(bytes([head[0], length]) + payload)
            if head[0] & 15 == 8:
                return


class TLSServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def get_request(self):
        connection, address = super().get_request()
        # The handshake comes with the first read, on the connection's own thread.
        return CONTEXT.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        pass  # a client that leaves in the middle is no news


class Handshake(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(1)


class QuietServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def main():
    CONTEXT.load_cert_chain(sys.argv[1], sys.argv[2])
    servers = {
        "dns": socketserver.ThreadingUDPServer(("127.0.0.1", 0), NameServer),
        "ntp": socketserver.ThreadingUDPServer(("127.0.0.1", 0), TimeServer),
        "tls": TLSServer(("127.0.0.1", 0), Handshake),
        "whois": QuietServer(("127.0.0.1", 0), Whois),
        "tcp": QuietServer(("127.0.0.1", 0), Greeter),
        "ws": QuietServer(("127.0.0.1", 0), WebSocket),
    }
    threads = [threading.Thread(target=server.serve_forever) for server in servers.values()]
    for thread in threads:
        thread.start()
    print(json.dumps({name: server.server_address[1] for name, server in servers.items()}), flush=True)
    for thread in threads:
        thread.join()


main()
