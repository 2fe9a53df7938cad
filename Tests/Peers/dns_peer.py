#!/usr/bin/python3
"""A name server that misbehaves: the first label of the question says how.

UDP and TCP on one port of 127.0.0.1 (and ::1 where it can be bound); with the arguments CHAIN.pem KEY.pem
also TLS (RFC 7858) and HTTPS (RFC 8484) on ports of their own. Prints {"event": "listening", "port": N, "tls": N,
"https": N} and then one event a query. Ends when stdin does.

Right:    good  nodata  nxdomain  servfail  refused  notimp
Wrong:    wrong-id  wrong-question  wrong-port  wrong-then-right  query-bit
Broken:   loop  forward  garbage  short  empty  counts  rdlength  label
Cut:      truncated  truncated-no-tcp  slow-tcp  tcp-short  tcp-close  drip (a byte, and then one a second)
Late:     silent  late-MS (for example late-300)  duplicate
EDNS:     no-edns (FORMERR to any OPT)  plain (ignores it)  options (client subnet repeated with scope 16, NSID, EDE)
HTTPS:    the path says how, see PATHS.
Several queries of one name are counted: flaky-N answers only the Nth.
"""
import asyncio
import json
import socket
import ssl
import struct
import sys
from collections import Counter

A, CNAME, TXT, AAAA, OPT = 1, 5, 16, 28, 41
FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 1, 2, 3, 4, 5
NSID, CLIENT_SUBNET, EDE = 3, 8, 15
TC = 0x0200
POINTER_TO_QUESTION = b"\xc0\x0c"


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


class Query:
    def __init__(self, wire):
        self.id, self.flags, _, _, _, additional = struct.unpack("!6H", wire[:12])
        labels, at = [], 12
        while wire[at]:
            labels.append(wire[at + 1 : at + 1 + wire[at]])
            at += 1 + wire[at]
        self.labels = labels
        self.type, self.klass = struct.unpack("!HH", wire[at + 1 : at + 5])
        self.question = wire[12 : at + 5]
        self.has_edns = additional > 0
        self.options = self.read_options(wire[at + 5 :]) if additional else {}

    @staticmethod
    def read_options(opt):
        """Of an OPT record that is the only one: code to data."""
        options, data = {}, opt[11:]
        while len(data) >= 4:
            code, length = struct.unpack("!HH", data[:4])
            options[code] = data[4 : 4 + length]
            data = data[4 + length :]
        return options

    @property
    def name(self):
        return b".".join(self.labels).decode("latin-1")

    @property
    def behaviour(self):
        return self.labels[0].decode("latin-1").lower() if self.labels else "good"


def record(type_, data, ttl=60, name=POINTER_TO_QUESTION):
    return name + struct.pack("!HHIH", type_, 1, ttl, len(data)) + data


def answers(query):
    if query.type == AAAA:
        return [record(AAAA, b"\0" * 15 + b"\1")]
    if query.type == TXT:
        return [record(TXT, b"\x05hello")]
    return [record(A, bytes([127, 0, 0, 1]))]


def reply(query, records=None, rcode=0, flags=0, id_=None, question=None, counts=None):
    records = answers(query) if records is None else records
    head = struct.pack(
        "!6H",
        query.id if id_ is None else id_,
        0x8180 | flags | rcode,
        1,
        len(records) if counts is None else counts,
        0,
        0,
    )
    return head + (query.question if question is None else question) + b"".join(records)


def with_aa(wire):
    return wire[:2] + bytes([wire[2] | 0x04]) + wire[3:]


def name_at(offset):
    return struct.pack("!H", 0xC000 | offset)


def other_question(query):
    return b"\x05other\x04test\x00" + struct.pack("!HH", query.type, query.klass)


def with_options(query):
    """What was asked for, and an extended error."""
    data = b""
    if CLIENT_SUBNET in query.options:
        subnet = query.options[CLIENT_SUBNET]
        data += struct.pack("!HH", CLIENT_SUBNET, len(subnet)) + subnet[:3] + bytes([16]) + subnet[4:]
    if NSID in query.options:
        data += struct.pack("!HH", NSID, 3) + b"\0\1\xfe"
    data += struct.pack("!HH", EDE, 7) + struct.pack("!H", 3) + b"stale"
    wire = reply(query)
    opt = b"\0" + struct.pack("!HHIH", OPT, 1232, 0, len(data)) + data
    return wire[:10] + struct.pack("!H", 1) + wire[12:] + opt


# Behaviours that are one datagram (the same goes out by TCP).
SIMPLE = {
    "nodata": lambda q: reply(q, []),
    "nxdomain": lambda q: reply(q, [], NXDOMAIN),
    "servfail": lambda q: reply(q, [], SERVFAIL),
    "refused": lambda q: reply(q, [], REFUSED),
    "notimp": lambda q: reply(q, [], NOTIMP),
    "wrong-id": lambda q: reply(q, id_=q.id ^ 0x5555),
    "wrong-question": lambda q: reply(q, question=other_question(q)),
    # The answer bit is missing: a query sent back.
    "query-bit": lambda q: struct.pack("!6H", q.id, 0x0100, 1, 0, 0, 0) + q.question,
    # A pointer to itself, where the answer's owner name begins.
    "loop": lambda q: reply(q, [record(A, b"\x7f\0\0\1", name=name_at(12 + len(q.question)))]),
    # A pointer past the end of the message.
    "forward": lambda q: reply(q, [record(A, b"\x7f\0\0\1", name=name_at(0x3FFF))]),
    "garbage": lambda q: struct.pack("!H", q.id) + bytes(range(7, 250)),
    "short": lambda q: struct.pack("!H", q.id) + b"\x81\x80\0",
    "empty": lambda q: b"",
    "counts": lambda q: reply(q, counts=65535),
    "rdlength": lambda q: reply(q)[:-6] + struct.pack("!H", 4000) + b"\x7f\0\0\1",
    # A label length with the reserved bits 01.
    "label": lambda q: reply(q, [record(A, b"\x7f\0\0\1", name=b"\x7fabc\0")]),
    "no-edns": lambda q: reply(q, [], FORMERR) if q.has_edns else reply(q),
    "options": with_options,
}


class Server:
    def __init__(self):
        self.seen = Counter()

    def count(self, query, transport):
        key = (query.name.lower(), query.type, transport)
        self.seen[key] += 1
        emit(
            "query",
            name=query.name,
            type=query.type,
            id=query.id,
            transport=transport,
            edns=query.has_edns,
            recursion_desired=bool(query.flags & 0x0100),
            number=self.seen[key],
            options={str(code): data.hex() for code, data in query.options.items()},
        )
        return self.seen[key]

    def over_udp(self, wire, send, send_from_elsewhere):
        query = Query(wire)
        number = self.count(query, "udp")
        behaviour = query.behaviour
        later = asyncio.get_running_loop().call_later
        if behaviour in SIMPLE:
            send(SIMPLE[behaviour](query))
        elif behaviour in ("truncated", "truncated-no-tcp", "slow-tcp", "tcp-short", "tcp-close"):
            send(reply(query, [], flags=TC))
        elif behaviour == "silent":
            pass
        elif behaviour.startswith("late-"):
            later(int(behaviour[5:]) / 1000, send, reply(query))
        elif behaviour.startswith("flaky-"):
            if number >= int(behaviour[6:]):
                send(reply(query))
        elif behaviour == "duplicate":
            send(reply(query))
            send(reply(query))
        elif behaviour == "wrong-port":
            send_from_elsewhere(reply(query))
        elif behaviour == "wrong-then-right":
            send(reply(query, id_=query.id ^ 0x5555))
            send(reply(query, question=other_question(query)))
            send(b"\0")
            later(0.02, send, reply(query))
        else:
            send(with_aa(reply(query)))

    async def over_tcp(self, reader, writer):
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                query = Query(await reader.readexactly(length))
                self.count(query, "tcp")
                if not await self.answer_tcp(query, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer_tcp(self, query, writer):
        """Whether the connection goes on."""
        behaviour = query.behaviour
        wire = SIMPLE[behaviour](query) if behaviour in SIMPLE else with_aa(reply(query))
        framed = struct.pack("!H", len(wire)) + wire
        if behaviour in ("truncated-no-tcp", "tcp-close"):
            return False
        if behaviour == "silent":
            await asyncio.sleep(3600)
        if behaviour.startswith("late-"):
            await asyncio.sleep(int(behaviour[5:]) / 1000)
        if behaviour == "drip":
            for index in range(len(framed)):
                writer.write(framed[index : index + 1])
                await writer.drain()
                await asyncio.sleep(1)
        if behaviour == "tcp-short":
            writer.write(framed[: len(framed) // 2])
            await writer.drain()
            return False
        pieces = [framed[i : i + 1] for i in range(len(framed))] if behaviour == "slow-tcp" else [framed]
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0.002)
        return True

    async def over_https(self, reader, writer):
        """One request a connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split("\r\n")[0].split(" ")
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            query = Query(body)
            self.count(query, "https")
            emit("request", method=method, path=path, type=fields.get("content-type"), id=query.id)
            status, kind, answer = await PATHS.get(path, found)(query)
            writer.write(
                f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n"
                f"Location: /dns-query\r\nConnection: close\r\n\r\n".encode() + answer
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


MESSAGE = "application/dns-message"


async def found(query):
    return 200, MESSAGE, SIMPLE[query.behaviour](query) if query.behaviour in SIMPLE else with_aa(reply(query))


def constant(status, kind, answer=lambda query: reply(query)):
    async def respond(query):
        return status, kind, answer(query)

    return respond


async def never(query):
    await asyncio.sleep(3600)


PATHS = {
    "/missing": constant(404, "text/html", lambda query: b"<html>"),
    "/moved": constant(302, MESSAGE),
    "/text": constant(200, "text/plain"),
    "/json": constant(200, "application/dns-json", lambda query: b"{}"),
    "/parameters": constant(200, MESSAGE + "; charset=utf-8"),
    "/garbage": constant(200, MESSAGE, lambda query: b"\0\0\x81\x80" + bytes(range(200))),
    "/empty": constant(200, MESSAGE, lambda query: b""),
    "/other": constant(200, MESSAGE, lambda query: reply(query, question=other_question(query))),
    "/huge": constant(200, MESSAGE, lambda query: reply(query) + b"\0" * 70000),
    "/silent": never,
}


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server = server

    def connection_made(self, transport):
        self.transport = transport
        family = transport.get_extra_info("socket").family
        self.elsewhere = socket.socket(family, socket.SOCK_DGRAM)

    def datagram_received(self, wire, peer):
        def send(answer):
            self.transport.sendto(answer, peer)

        def send_from_elsewhere(answer):
            self.elsewhere.sendto(answer, peer)

        try:
            self.server.over_udp(wire, send, send_from_elsewhere)
        except (IndexError, struct.error):
            emit("malformed", hex=wire[:100].hex())


def bound(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, kind)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if kind == socket.SOCK_STREAM:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    listener.bind((address, port))
    return listener


def four_sockets():
    """The same free port for both transports and families."""
    for _ in range(50):
        tcp = bound(socket.SOCK_STREAM, "127.0.0.1", 0)
        port = tcp.getsockname()[1]
        others = [(socket.SOCK_DGRAM, "127.0.0.1"), (socket.SOCK_STREAM, "::1"), (socket.SOCK_DGRAM, "::1")]
        sockets = [tcp]
        try:
            for kind, address in others:
                sockets.append(bound(kind, address, port))
            return port, sockets
        except OSError:
            for s in sockets:
                s.close()
    raise SystemExit("no free port")


async def main():
    loop = asyncio.get_running_loop()
    server = Server()
    port, sockets = four_sockets()
    for s in sockets:
        if s.type == socket.SOCK_STREAM:
            await asyncio.start_server(server.over_tcp, sock=s)
        else:
            await loop.create_datagram_endpoint(lambda: Datagrams(server), sock=s)
    secure = {}
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        for name, handler in (("tls", server.over_tcp), ("https", server.over_https)):
            listener = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)
            secure[name] = listener.sockets[0].getsockname()[1]
    emit("listening", port=port, **secure)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
