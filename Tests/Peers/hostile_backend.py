#!/usr/bin/python3
"""A control plane that means harm. It writes its frames byte by byte, with no WebSocket library in between.

Prints {"event": "listening", "port": N}, {"event": "ready"} for each authenticated connection, and for each command
{"event": "done", "id": ..., results}. Commands are JSON lines on stdin, carried out one after the other; it ends when
stdin does. "target" is the port of a chaos_target.py.

  frames    count, seed: random and mutated messages; one in `break_every` breaks the framing, which ends the connection
  flood     count: that many jobs as fast as they go out; waits for an answer to each
  same      count: one id again and again, while its job runs and after it was answered
  cancels   count: jobs that are cancelled at once, twice, before they were sent, or by ids that never were
  giants    messages that are as large or as deep as can be, and a bit more
  unsettled count: floods a node whose answers are read and never acknowledged; reports the answers that came
  witness   count: jobs that are cut after 3 s, sent before an attack; `witnesses` reports how late they were
"""
import argparse
import asyncio
import base64
import collections
import hashlib
import json
import random
import struct
import sys
import time

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def frame(payload, opcode=TEXT, first=None):
    size = len(payload)
    head = bytes([0x80 | opcode if first is None else first])
    if size < 126:
        return head + bytes([size]) + payload
    if size < 1 << 16:
        return head + struct.pack("!BH", 126, size) + payload
    return head + struct.pack("!BQ", 127, size) + payload


def job(request_id, tool="ping", target="127.0.0.1", parameters=None, **more):
    message = {"type": "diagnostic_job", "request_id": request_id, "tool": tool, "target": target, **more}
    return {**message, "parameters": {"count": 1} if parameters is None else parameters}


def text(message):
    return json.dumps(message).encode()


def seeds():
    tools = [
        ("ping", "127.0.0.1", {"count": 2, "interval_ms": 200}), ("dns", "x.test", {"resolver": "127.0.0.1:1"}),
        ("http", "http://127.0.0.1:1/", {"method": "GET", "headers": {"A": "b"}}), ("tcp", "127.0.0.1:1", {}),
        ("traceroute", "127.0.0.1", {"max_hops": 3}), ("mtr", "127.0.0.1", {"count": 1}),
        ("port_check", "127.0.0.1", {"ports": "1-9"}), ("tls", "127.0.0.1:1", {"verify_tls": False}),
        ("whois", "example.test", {"server": "127.0.0.1:1"}), ("reverse_dns", "127.0.0.1", {}),
        ("curl", "http://127.0.0.1:1/", {}), ("nmap", "127.0.0.1", {"ports": [1, 2]}),
    ]
    jobs = [job("r%d", *tool, timeout=0.5, priority=i, progress=True) for i, tool in enumerate(tools)]
    others = [
        {"type": "cancel_job", "request_id": "r%d"}, {"type": "heartbeat_ack", "server_time": "2026-01-01T00:00:00Z"},
        {"status": "ok", "type": "result_received", "request_id": "r%d"}, {"type": "ping"},
        {"status": "connected", "message": "again", "reconnect": {"min_delay": 1, "max_delay": 2}},
        {"type": "error", "message": "no"}, {"status": "error", "message": "no", "details": "\ud83d\ude00"},
    ]
    return [text(message) for message in jobs + others]


WORDS = [
    b'"', b"{", b"}", b"[", b"]", b":", b",", b"null", b"true", b"1e999", b"-0", b"\\u0000", b"\\ud800", b"\\", b" ",
    b'"timeout":0.1', b'"request_id":', b'"parameters":{', b"99999999999999999999", b"0.0000000001", b"\x7f",
]


class Mutator:
    """Mutated messages are text all the same: what is not ends the connection, which `broken` is for."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seeds = seeds()
        self.number = 0

    def message(self):
        choose = self.random
        self.number += 1
        if choose.random() < 0.03:
            return bytes(choose.randrange(32, 127) for _ in range(choose.randrange(200)))
        data = bytearray(choose.choice(self.seeds).replace(b"%d", b"%d" % self.number))
        for _ in range(choose.randrange(4)):
            self.change(data)
        return bytes(data)

    def change(self, data):
        choose = self.random
        at = choose.randrange(len(data) + 1)
        what = choose.randrange(5)
        if what == 0 and at < len(data):
            data[at] = choose.randrange(1, 128)
        elif what == 1:
            del data[at : at + choose.randrange(1, 12)]
        elif what == 2:
            data[at:at] = choose.choice(WORDS)
        elif what == 3:
            data[at:at] = data[at : at + choose.randrange(1, 40)]
        else:
            other = choose.choice(self.seeds)
            data[at:] = other[choose.randrange(len(other)) :]

    def broken(self):
        choose = self.random
        payload = self.message()
        kind = choose.randrange(8)
        if kind == 0:
            first = choose.randrange(256)
            # A message in pieces breaks nothing, and would do so only with the next message: its last piece follows.
            return frame(payload, first=first) + (frame(b"", first=0x80) if first in (TEXT, BINARY) else b"")
        if kind == 1:
            return frame(b"\xff\xfe" + payload)
        if kind == 2:
            return frame(payload, BINARY)
        if kind == 3:
            return frame(struct.pack("!H", choose.randrange(65536)) + payload[:100], CLOSE)
        if kind == 4:
            return b"\x81" + struct.pack("!BQ", 127, choose.randrange(1 << 63))
        if kind == 5:
            return b"\x81\x85maskhello"
        if kind == 6:
            return frame(b"x" * 200, PING)
        return bytes(choose.randrange(256) for _ in range(choose.randrange(1, 60)))


class Backend:
    def __init__(self, target):
        self.target = target
        self.writer = None
        self.settles = True
        self.connections = 0
        self.ready = asyncio.Event()
        self.news = asyncio.Event()
        self.pongs = set()
        self.answers = collections.Counter()
        self.codes = collections.Counter()
        self.asked_at = {}
        self.late = {}
        self.run = 0

    # The connection

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            key = next(l.split(b":")[1].strip() for l in head.split(b"\r\n") if l.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            await self.read_frame(reader)
            writer.write(frame(text({"status": "connected", "message": "welcome"})))
            self.connections += 1
            self.writer = writer
            self.ready.set()
            self.news.set()
            emit("ready")
            while True:
                opcode, payload = await self.read_frame(reader)
                if opcode == TEXT:
                    self.received(payload)
                elif opcode == PONG:
                    self.pongs.add(payload)
                    self.news.set()
                elif opcode == PING and self.settles:
                    writer.write(frame(payload, PONG))
                elif opcode == CLOSE:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, StopIteration):
            pass
        finally:
            if self.writer is writer:
                self.ready.clear()
                self.news.set()
            writer.close()

    @staticmethod
    async def read_frame(reader):
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await reader.readexactly(8))
        mask = await reader.readexactly(4)
        payload = await reader.readexactly(size)
        key = (mask * (size // 4 + 1))[:size]
        plain = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
        return first & 0x0F, plain.to_bytes(size, "big")

    def received(self, payload):
        if b'"diagnostic_response"' not in payload:
            return
        message = json.loads(payload)
        request_id = message["request_id"]
        self.answers[request_id] += 1
        if self.settles and self.writer:
            self.writer.write(frame(text({"status": "ok", "type": "result_received", "request_id": request_id})))
        code = message["result"].get("error_code") or "ok"
        self.codes[code] += 1
        if request_id in self.asked_at and request_id not in self.late:
            timing = message["result"].get("timing", {})
            spent = (timing.get("queued_ms") or 0) + (timing.get("run_ms") or 0)
            arrived = time.monotonic() - self.asked_at[request_id]
            self.late[request_id] = {"code": code, "node": spent / 1000 - 3, "wire": arrived - 3}
        self.news.set()

    async def send(self, data):
        """When the connection ends, the rest goes over the next one."""
        while True:
            await self.ready.wait()
            writer = self.writer
            writer.write(data)
            try:
                await writer.drain()
                return
            except ConnectionError:
                if self.writer is writer:
                    self.ready.clear()

    async def answered(self, ids, limit=300, since=None):
        """Those of the ids that have no answer after `limit` seconds without a new one, or, where `since` is the number
        of a connection, once there is another one and its first answers are in."""
        left = set(ids)
        while left := {i for i in left if not self.answers[i]}:
            if since not in (None, self.connections):
                await asyncio.sleep(2)
                return {i for i in left if not self.answers[i]}
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), limit)
                await asyncio.sleep(0.1)
            except asyncio.TimeoutError:
                break
        return left

    def ids(self, name, count):
        self.run += 1
        return [f"{name}-{self.run}-{i}" for i in range(count)]

    async def send_all(self, messages):
        """In pieces, as a flood arrives."""
        pieces, size = [], 0
        for message in messages:
            pieces.append(frame(text(message)))
            size += len(pieces[-1])
            if size > 1 << 16:
                await self.send(b"".join(pieces))
                pieces, size = [], 0
        await self.send(b"".join(pieces))

    async def send_until_answered(self, ids, messages):
        """A slow node may take a connection for dead that only waits its turn; what it has not read then is sent again."""
        left, connection = ids, None
        while left and connection != self.connections:
            connection = self.connections
            await self.send_all(messages(left))
            left = await self.answered(left, since=connection)
        return left

    def tally(self, ids, before):
        codes = {code: count - before[code] for code, count in self.codes.items() if count > before[code]}
        copies = sum(self.answers[i] - 1 for i in ids if self.answers[i])
        return {"codes": codes, "copies": copies, "connections": self.connections}

    # Attacks

    async def frames(self, count, seed, break_every):
        """In batches, of which each is known to be read before the next: by a pong, or by the end that it provoked."""
        mutator, before, ended = Mutator(seed), self.codes.copy(), 0
        for start in range(0, count, break_every):
            size = min(break_every, count - start)
            await self.ready.wait()
            connection, mark = self.connections, b"mark %d" % start
            for _ in range(size - 1):
                self.writer.write(frame(mutator.message()))
                # Making them takes longer than the node waits for a pong, on a busy machine.
                await asyncio.sleep(0)
            self.writer.write(frame(mark, PING))
            while mark not in self.pongs:
                if self.connections != connection or not self.ready.is_set():
                    raise AssertionError(f"the node ended the connection in the messages after {start}")
                await self.next_news()
            self.writer.write(mutator.broken() + frame(b"end", PING))
            while b"end" not in self.pongs and self.connections == connection and self.ready.is_set():
                await self.next_news()
            ended += b"end" not in self.pongs
            self.pongs.clear()
        return {"ended": ended, **self.tally([], before)}

    async def next_news(self):
        self.news.clear()
        await self.news.wait()

    async def flood(self, count):
        before, ids = self.codes.copy(), self.ids("flood", count)
        left = await self.send_until_answered(ids, lambda left: (job(i) for i in left))
        return {"unanswered": len(left), **self.tally(ids, before)}

    async def same(self, count):
        before, (name,) = self.codes.copy(), self.ids("same", 1)
        # Half of them while it runs (1 s), half after its answer.
        again = job(name, "ping", "127.0.0.1", {"count": 6, "interval_ms": 200})
        await self.send_all(again for _ in range(count // 2))
        left = await self.answered([name])
        while_running = self.answers[name]
        await self.send_all(again for _ in range(count // 2))
        (last,) = self.ids("after", 1)
        await self.send(frame(text(job(last))))
        left |= await self.answered([last])
        return {"unanswered": len(left), "while_running": while_running, "answers": self.answers[name],
                **self.tally([name], before)}

    async def cancels(self, count):
        before, ids = self.codes.copy(), self.ids("cancel", count)

        def storm(left):
            for number, i in enumerate(left):
                cancel = {"type": "cancel_job", "request_id": i}
                if number % 3 == 0:
                    yield cancel
                yield job(i, "http", f"http://127.0.0.1:{self.target}/never/{i}", {}, timeout=20)
                yield cancel
                yield cancel
                yield {"type": "cancel_job", "request_id": f"never-{i}"}

        left = await self.send_until_answered(ids, storm)
        return {"unanswered": len(left), **self.tally(ids, before)}

    async def giants(self):
        before, ids = self.codes.copy(), self.ids("giant", 6)
        mebi = 1 << 20
        fitting = [
            text(job(ids[0], parameters={"x": "y" * (mebi - 400)})),
            text(job(ids[1], parameters={f"k{i}": i for i in range(60_000)})),
            text(job(ids[2], "port_check", parameters={"ports": ",".join(str(i % 65535 + 1) for i in range(150_000))},
                     timeout=5)),
            text(job(ids[3], "http", "http://127.0.0.1:1/" + "a" * (mebi - 400), {})),
            text(job(ids[4], "http", "http://127.0.0.1:1/", {"headers": {f"H{i}": "v" for i in range(50_000)}})),
            text(job(ids[5], "dns", "a." * 400_000, {})),
        ]
        for number, payload in enumerate(fitting):
            assert len(payload) <= mebi, len(payload)
            await self.ask(ids[number], payload)
        for deep in (b"[", b'{"a":', b'{"type":"diagnostic_job","request_id":"d","parameters":['):
            await self.send(frame(deep * (mebi // len(deep))))
        for too_long in (frame(b"x" * (mebi + 1)), b"\x01\x01{" + b"\x00\x01 " * 100_000):
            before_it = self.connections
            await self.send(too_long)
            while self.connections == before_it:
                await self.next_news()
        ids += self.ids("after", 1)
        await self.ask(ids[-1], text(job(ids[-1])))
        left = await self.answered(ids, limit=1)
        return {"unanswered": len(left), **self.tally(ids, before)}

    async def ask(self, request_id, payload):
        """Again while there is no answer: the connection may end before the node has read it."""
        for _ in range(10):
            await self.send(frame(payload))
            if not await self.answered([request_id], limit=10):
                return

    async def unsettled(self, count):
        self.settles = False
        before, ids = self.codes.copy(), self.ids("unsettled", count)
        # From a task of its own: a node that takes no more must not stop us here.
        sending = asyncio.create_task(self.send_all(job(i) for i in ids))
        answers = -1
        while answers < (answers := sum(1 for i in ids if self.answers[i])) or answers == 0:
            for _ in range(8):
                # Else the node takes the connection for dead.
                self.writer.write(frame(text({"type": "heartbeat_ack"})))
                await asyncio.sleep(0.5)
        sent_in_time = sending.done()
        self.settles = True
        # What was read before is sent again over the next connection, and then acknowledged.
        self.writer.close()
        await sending
        # What the node had not read when it, or we, ended a connection, it does not know.
        left = await self.answered(ids, limit=5)
        for _ in range(10):
            await self.send_all(job(i) for i in sorted(left))
            left = await self.answered(left, limit=5)
        return {"sent_in_time": sent_in_time, "answers": answers, "unanswered": len(left), **self.tally(ids, before)}

    async def witness(self, count):
        ids = self.ids("witness", count)
        for i in ids:
            self.asked_at[i] = time.monotonic()
            url = f"http://127.0.0.1:{self.target}/never/{i}"
            await self.send(frame(text(job(i, "http", url, {}, timeout=3, priority=9))))
        return {}

    async def witnesses(self):
        ids = list(self.asked_at)
        left = await self.answered(ids, limit=20)
        found = [self.late[i] for i in ids if i in self.late]
        cut = [each for each in found if each["code"] == "deadline_exceeded"]
        self.asked_at, self.late = {}, {}
        return {
            "unanswered": len(left), "on_their_way": len(cut),
            "node_late": max((each["node"] for each in cut), default=0),
            "wire_late": max((each["wire"] for each in cut), default=0),
        }


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", type=int, required=True)
    backend = Backend(parser.parse_args().target)
    server = await asyncio.start_server(backend.serve, "127.0.0.1", 0, limit=4 << 20)
    emit("listening", port=server.sockets[0].getsockname()[1])
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        method = getattr(backend, command.pop("cmd"))
        request = command.pop("id")
        started = time.monotonic()
        result = await method(**command)
        emit("done", id=request, seconds=round(time.monotonic() - started, 2), **result)


asyncio.run(main())
