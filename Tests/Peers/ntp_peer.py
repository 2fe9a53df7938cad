#!/usr/bin/python3
"""Time servers, each with a port of its own and wrong in one way. Ends when stdin does.

Prints {"event": "listening", "good": N, ...} and the events "query" and "answered". All but "good" are 1.5 s ahead, too.
  good             stratum 2, time from 192.0.2.9; its clock is 1.5 s ahead of this machine's
  behind           37 s late;  slow  holds each query for 60 ms, and says so
  clock            stratum 1, from GPS;  old  answers in version 3
  deny  rate       kiss codes;  unsynchronized  leap 3, stratum 16
  silent           no answer;  late-second  answers only the second query
  wrong-origin  wrong-mode  short  zero  garbage    no answer to the query
  wrong-then-right three of those, then the right one;  flood  a hundred wrong ones, then the right one
"""
import asyncio
import socket
import struct
import sys
import time

from loopback import both_families, emit

AHEAD = 1.5
EPOCH = 2208988800


def stamp(seconds):
    return struct.pack("!Q", int((seconds + EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF)


def packet(query, received, leap=0, version=4, mode=4, stratum=2, reference=bytes([192, 0, 2, 9]), origin=None):
    head = struct.pack("!BBbb", leap << 6 | version << 3 | mode, stratum, 6, -20)
    head += struct.pack("!II", int(0.010 * 65536), int(0.025 * 65536)) + reference
    reference_time = stamp(received - 100)
    body = reference_time + (query[40:48] if origin is None else origin) + stamp(received)
    return head + body


def finish(head, ahead):
    """The transmit stamp is taken last."""
    return head + stamp(time.time() + ahead)


class Server(asyncio.DatagramProtocol):
    def __init__(self, name):
        self.name = name
        self.count = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, peer):
        ahead = -37.0 if self.name == "behind" else AHEAD
        received = time.time() + ahead
        self.count += 1
        emit("query", server=self.name, number=self.count, size=len(query), hex=query.hex())
        for answer in self.answers(query, received, ahead):
            self.transport.sendto(answer, peer)
        emit("answered", server=self.name, number=self.count)

    def answers(self, query, received, ahead):
        def right(**changes):
            return finish(packet(query, received, **changes), ahead)

        wrong = right(origin=bytes(8)), right(mode=3), right()[:47], b"", bytes(range(48))
        if self.name == "slow":
            time.sleep(0.06)
        name = self.name
        if name == "late-second":
            return [right()] if self.count == 2 else []
        if name == "flood":
            return [wrong[0]] * 100 + [right()]
        return {
            "good": lambda: [right()],
            "behind": lambda: [right()],
            "slow": lambda: [right()],
            "clock": lambda: [right(stratum=1, reference=b"GPS\0")],
            "old": lambda: [right(version=3)],
            "deny": lambda: [right(stratum=0, reference=b"DENY", leap=3)],
            "rate": lambda: [right(stratum=0, reference=b"RATE", leap=3)],
            "unsynchronized": lambda: [right(leap=3, stratum=16, reference=b"INIT")],
            "silent": lambda: [],
            "wrong-origin": lambda: [wrong[0]],
            "wrong-mode": lambda: [wrong[1]],
            "short": lambda: [wrong[2]],
            "zero": lambda: [packet(query, received) + bytes(8)],
            "garbage": lambda: [wrong[4]],
            "wrong-then-right": lambda: [wrong[0], wrong[1], wrong[2], right()],
        }[name]()


NAMES = (
    "good behind slow clock old deny rate unsynchronized silent late-second "
    "wrong-origin wrong-mode short zero garbage wrong-then-right flood"
).split()


async def main():
    loop = asyncio.get_running_loop()
    ports = {}
    for name in NAMES:
        ports[name], sockets = both_families(socket.SOCK_DGRAM)
        for s in sockets:
            await loop.create_datagram_endpoint(lambda: Server(name), sock=s)
    emit("listening", **ports)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
