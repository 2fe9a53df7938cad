#!/usr/bin/python3
"""A scriptable node, made with Debian's python3-websockets, not with this project's code.

Reads commands from stdin and writes events to stdout, one JSON object a line; every command has an
"id", answered by {"event": "done"} or {"event": "failed"} with that id. The process ends when stdin does.

Commands:
  connect     url, ca: opens a connection; commands without "connection" act on the newest
  send        message: an object, or text: a string, as one text frame
  fragments   text, size: one text message in frames of `size` bytes
  frame       opcode, fin, and text (times `repeat`) or hex: one masked frame
  raw         hex, written to the TCP connection as it is
  close       code, reason;   abort: reset the TCP connection;   pause: stop reading;   resume
  answer      every job from now on, `delay` seconds after it came; reported by "tally" only
  tally       reports {"event": "tally", jobs, distinct, acknowledged, distinct_acknowledged, errors}

Events: connected, message, ping, closed {code, reason}, tally, done, failed.
"""
import asyncio
import json
import socket
import ssl
import struct
import sys

import websockets
from websockets.frames import Frame, Opcode
from websockets.legacy.client import WebSocketClientProtocol


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def payload(command):
    if "hex" in command:
        return bytes.fromhex(command["hex"])
    return (command.get("text", "") * command.get("repeat", 1)).encode()


class Connection(WebSocketClientProtocol):
    number = 0

    def connection_lost(self, exc):
        super().connection_lost(exc)
        emit("closed", connection=self.number, code=self.close_code, reason=self.close_reason or "")

    async def read_frame(self, max_size):
        frame = await super().read_frame(max_size)
        if frame.opcode is Opcode.PING:
            emit("ping", connection=self.number)
        return frame


class Node:
    def __init__(self):
        self.connections = {}
        self.answers = None
        self.jobs = []
        self.acknowledged = []
        self.errors = 0

    async def connect(self, command):
        tls = ssl.create_default_context(cafile=command["ca"]) if "ca" in command else None
        ws = await websockets.connect(
            command["url"], ssl=tls, create_protocol=Connection, compression=None, max_size=None, max_queue=None,
            ping_interval=None, close_timeout=5,
        )
        ws.number = len(self.connections) + 1
        self.connections[ws.number] = ws
        asyncio.create_task(self.read(ws))
        emit("connected", connection=ws.number)

    async def read(self, ws):
        try:
            async for text in ws:
                await self.received(ws, json.loads(text))
        except websockets.ConnectionClosed:
            pass

    async def received(self, ws, message):
        kind = message.get("type")
        if self.answers is None:
            emit("message", connection=ws.number, message=message)
        elif kind == "diagnostic_job":
            self.jobs.append(message["request_id"])
            asyncio.create_task(self.answer(ws, message))
        elif kind == "result_received":
            self.acknowledged.append(message["request_id"])
        elif kind == "error":
            self.errors += 1

    async def answer(self, ws, job):
        await asyncio.sleep(self.answers.get("delay", 0))
        result = {"success": True, "target": job["target"], "echo": job["parameters"]}
        answer = {"type": "diagnostic_response", "request_id": job["request_id"], "result": result}
        try:
            await ws.send(json.dumps({**answer, "success": True, "execution_time": 0.001}))
        except websockets.ConnectionClosed:
            pass

    async def run(self, command):
        name = command["cmd"]
        if name == "connect":
            return await self.connect(command)
        if name == "answer":
            self.answers = command
            return None
        if name == "tally":
            return emit(
                "tally",
                jobs=len(self.jobs), distinct=len(set(self.jobs)), acknowledged=len(self.acknowledged),
                distinct_acknowledged=len(set(self.acknowledged)), errors=self.errors,
            )
        ws = self.connections[command.get("connection", len(self.connections))]
        return await getattr(self, "do_" + name)(ws, command)

    async def do_send(self, ws, command):
        await ws.send(command["text"] if "text" in command else json.dumps(command["message"]))

    async def do_fragments(self, ws, command):
        data, size = payload(command), command["size"]
        pieces = [data[i : i + size] for i in range(0, len(data), size)]
        for i, piece in enumerate(pieces):
            await ws.write_frame(i == len(pieces) - 1, Opcode.TEXT if i == 0 else Opcode.CONT, piece)

    async def do_frame(self, ws, command):
        frame = Frame(Opcode[command["opcode"].upper()], payload(command), command.get("fin", True))
        ws.transport.write(frame.serialize(mask=True))

    async def do_raw(self, ws, command):
        ws.transport.write(payload(command))

    async def do_close(self, ws, command):
        await ws.close(command.get("code", 1000), command.get("reason", ""))

    async def do_abort(self, ws, command):
        raw = ws.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ws.transport.abort()

    async def do_pause(self, ws, command):
        ws.transport.pause_reading()

    async def do_resume(self, ws, command):
        ws.transport.resume_reading()

    async def handle(self, line):
        command = {}
        try:
            command = json.loads(line)
            await self.run(command)
            emit("done", id=command.get("id"))
        except Exception as error:  # reported to the test, which decides
            emit("failed", id=command.get("id"), error=f"{type(error).__name__}: {error}")


async def main():
    node = Node()
    reader = asyncio.StreamReader(limit=256 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    while line := await reader.readline():
        # Not awaited: a send to a peer that does not read must not stop the commands after it.
        task = asyncio.create_task(node.handle(line))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
