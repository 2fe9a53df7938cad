#!/usr/bin/python3
"""A name server for the demo, so that it needs no internet: A, AAAA, TXT and SOA of demo.example
over UDP on a free port of 127.0.0.1, which is the first line that it prints."""
import socket
import struct

ZONE = (b"demo", b"example")
A, SOA, TXT, AAAA = 1, 6, 16, 28
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
    if labels[-2:] != ZONE:
        rcode = REFUSED
    elif labels == ZONE and type_ in RECORDS:
        answers = record(b"\xc0\x0c", type_, RECORDS[type_])
    else:
        rcode = 0 if labels == ZONE else NXDOMAIN
        authority = record(encoded(*ZONE), SOA, SOA_DATA)
    # An authoritative answer; the question's "recursion desired" is given back.
    head = struct.pack("!6H", id_, 0x8400 | (flags & 0x0100) | rcode, 1, bool(answers), bool(authority), 0)
    return head + question + answers + authority


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        wire, peer = server.recvfrom(4096)
        try:
            server.sendto(answer(wire), peer)
        except (IndexError, struct.error):
            pass  # not a query


main()
