#!/usr/bin/python3
"""A scriptable control plane, made with Debian's python3-websockets, not with this project's code.

Reads commands from stdin and writes events to stdout, one JSON object a line. Every command may
carry an "id", answered by {"event": "done", "id": ...} or {"event": "failed", "id": ..., "error": ...}
once it has taken effect. Every event carries "t", seconds of the monotonic clock. The process ends
when stdin does.

Commands:
  policy        how connections are treated from now on; any of
                handshake: accept | reject | garbage | hang | close
                status, headers, body: the answer of `reject`;  garbage: the bytes of `garbage`
                auth: accept | refuse | silent;  auth_reply: fields merged into the answer
                acknowledge: answer each diagnostic_response by result_received
                heartbeat_ack: answer each heartbeat
                echo: report each received message as an event (off for floods)
  send          message: an object, or text: a string, as one text frame
  fragments     text, size: one text message in frames of `size` bytes; ping: true puts a ping between
  frame         opcode (name or number), fin, and text (times `repeat`) or hex
  ping          payload
  raw           text or hex, written to the TCP connection as they are
  close         code, reason: the closing handshake
  abort         reset the TCP connection
  pause         stop reading the connection;  resume: read again
  load          jobs, window: send many, report a tally (load.py)
Commands about a connection act on the newest one, or on "connection": n.

Events: listening, opened (TCP), connected (WebSocket), authentication, message, binary, ping, pong,
closed, rejected, load_progress, load_done, done, failed.
"""
import argparse
import asyncio
import http
import json
import socket
import ssl
import struct
import sys
import time

import websockets
from websockets.frames import Opcode
from websockets.legacy.server import WebSocketServerProtocol

from load import Load

POLICY = {
    "handshake": "accept",
    "status": 503,
    "headers": {},
    "body": "unavailable",
    "garbage": "SSH-2.0-OpenSSH_9.2p1 not a web server\r\n",
    "auth": "accept",
    "auth_reply": {},
    "acknowledge": True,
    "heartbeat_ack": True,
    "echo": True,
}


def emit(event, **fields):
    line = json.dumps({"event": event, "t": time.monotonic(), **fields}, ensure_ascii=False)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def payload(command):
    if "hex" in command:
        return bytes.fromhex(command["hex"])
    return (command.get("text", "") * command.get("repeat", 1)).encode()


def opcode(value):
    return Opcode[value.upper()] if isinstance(value, str) else Opcode(value)


class Connection(WebSocketServerProtocol):
    """A server connection that reports what websockets itself answers silently."""

    controller = None
    number = 0

    def connection_made(self, transport):
        self.number = self.controller.register(self)
        super().connection_made(transport)
        emit("opened", connection=self.number)

    def connection_lost(self, exc):
        super().connection_lost(exc)
        emit(
            "closed",
            connection=self.number,
            code=self.close_code,
            reason=self.close_reason or "",
            clean=self.close_rcvd is not None,
        )

    async def process_request(self, path, request_headers):
        policy = self.controller.policy
        mode = policy["handshake"]
        if mode == "accept":
            return None
        emit("rejected", connection=self.number, handshake=mode, headers=dict(request_headers.raw_items()))
        if mode == "reject":
            return http.HTTPStatus(policy["status"]), policy["headers"], policy["body"].encode()
        if mode == "hang":
            await self.wait_closed()
        elif mode == "garbage":
            self.transport.write(policy["garbage"].encode("latin-1"))
            self.transport.close()
        else:
            self.transport.close()
        raise ConnectionError("ended by policy")

    async def read_frame(self, max_size):
        frame = await super().read_frame(max_size)
        if frame.opcode in (Opcode.PING, Opcode.PONG):
            emit(frame.opcode.name.lower(), connection=self.number, payload=frame.data.decode("latin-1"))
        return frame

    def abort(self):
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Controller:
    def __init__(self):
        self.policy = dict(POLICY)
        self.connections = {}
        self.count = 0
        self.load = None

    def register(self, connection):
        self.count += 1
        self.connections[self.count] = connection
        return self.count

    # Connections

    async def serve_connection(self, ws, path):
        n = ws.number
        shown = ws.transport.get_extra_info("peercert") or {}
        client = dict(pair for name in shown.get("subject", ()) for pair in name).get("commonName")
        emit("connected", connection=n, path=path, headers=dict(ws.request_headers.raw_items()), client=client)
        try:
            await self.converse(ws)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.connections.pop(n, None)

    async def converse(self, ws):
        emit("authentication", connection=ws.number, **self.parsed(await ws.recv()))
        if self.policy["auth"] == "accept":
            await self.write(ws, self.accepted(ws))
            if self.load:
                await self.load.connected(ws)
        elif self.policy["auth"] == "refuse":
            refusal = {"status": "error", "message": "Authentication failed", "details": "Invalid API key"}
            await self.write(ws, {**refusal, **self.policy["auth_reply"]})
            await ws.close(1008, "Authentication failed")
        async for frame in ws:
            if isinstance(frame, bytes):
                emit("binary", connection=ws.number, hex=frame[:4096].hex(), size=len(frame))
            else:
                await self.received(ws, frame)

    def accepted(self, ws):
        answer = {
            "status": "connected",
            "message": "Connected",
            "connection_id": f"c{ws.number}",
            "server_time": now(),
        }
        return {**answer, **self.policy["auth_reply"]}

    async def received(self, ws, text):
        parsed = self.parsed(text)
        message = parsed.get("message") or {}
        kind = message.get("type") if isinstance(message, dict) else None
        if self.policy["echo"]:
            emit("message", connection=ws.number, size=len(text.encode()), **parsed)
        if kind == "diagnostic_response":
            if self.policy["acknowledge"]:
                request_id = message.get("request_id")
                await self.write(ws, {"status": "ok", "type": "result_received", "request_id": request_id})
            if self.load:
                await self.load.answered(ws, message)
        elif kind == "heartbeat" and self.policy["heartbeat_ack"]:
            await self.write(ws, {"type": "heartbeat_ack", "timestamp": now()})

    @staticmethod
    def parsed(frame):
        try:
            return {"message": json.loads(frame)}
        except ValueError:
            return {"text": frame if isinstance(frame, str) else frame.decode("latin-1")}

    @staticmethod
    async def write(ws, message):
        await ws.send(json.dumps(message))

    # Commands

    async def run(self, command):
        name = command["cmd"]
        if name == "policy":
            unknown = set(command) - set(POLICY) - {"cmd", "id"}
            if unknown:
                raise ValueError(f"no such policy: {', '.join(sorted(unknown))}")
            self.policy.update({k: v for k, v in command.items() if k in POLICY})
            return
        if name == "load":
            self.load = Load(command["jobs"], command["window"], emit)
            for ws in self.authenticated():
                await self.load.connected(ws)
            return
        method = getattr(self, "do_" + name, None)
        if method is None:
            raise ValueError(f"no such command: {name}")
        await method(self.target(command), command)

    def authenticated(self):
        newest = self.connections.get(max(self.connections, default=0))
        return [newest] if newest is not None and newest.open else []

    def target(self, command):
        n = command.get("connection", max(self.connections, default=0))
        if n not in self.connections:
            raise ValueError(f"no connection {n}")
        return self.connections[n]

    async def do_send(self, ws, command):
        await ws.send(command["text"] if "text" in command else json.dumps(command["message"]))

    async def do_fragments(self, ws, command):
        data, size = payload(command), command["size"]
        pieces = [data[i : i + size] for i in range(0, len(data), size)] or [b""]
        for i, piece in enumerate(pieces):
            kind = Opcode.TEXT if i == 0 else Opcode.CONT
            await ws.write_frame(i == len(pieces) - 1, kind, piece)
            if command.get("ping") and i == 0:
                await ws.write_frame(True, Opcode.PING, b"between")

    async def do_frame(self, ws, command):
        await ws.write_frame(command.get("fin", True), opcode(command["opcode"]), payload(command))

    async def do_ping(self, ws, command):
        await ws.ping(command.get("payload", "ping"))

    async def do_raw(self, ws, command):
        ws.transport.write(payload(command))

    async def do_close(self, ws, command):
        await ws.close(command.get("code", 1000), command.get("reason", ""))

    async def do_abort(self, ws, command):
        ws.abort()

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


async def read_commands(controller):
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=256 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    while line := await reader.readline():
        # Not awaited: a send to a peer that does not read must not stop the commands after it.
        task = asyncio.create_task(controller.handle(line))
        running.add(task)
        task.add_done_callback(running.discard)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--client-authority", help="PEM file: clients must show a certificate by it")
    parser.add_argument("--tls", choices=["1.2", "1.3"], help="the highest version")
    parser.add_argument("--receive-buffer", type=int, help="SO_RCVBUF in bytes, for slow readers")
    arguments = parser.parse_args()

    tls = None
    if arguments.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(arguments.certificate, arguments.key)
        if arguments.client_authority:
            tls.verify_mode = ssl.CERT_REQUIRED
            tls.load_verify_locations(arguments.client_authority)
        if arguments.tls == "1.2":
            tls.maximum_version = ssl.TLSVersion.TLSv1_2

    family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if arguments.receive_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, arguments.receive_buffer)
    listener.bind((arguments.host, arguments.port))

    controller = Controller()
    Connection.controller = controller
    await websockets.serve(
        controller.serve_connection,
        sock=listener,
        ssl=tls,
        create_protocol=Connection,
        compression=None,
        max_size=None,
        max_queue=None,
        ping_interval=None,
        close_timeout=5,
    )
    emit("listening", port=listener.getsockname()[1])
    await read_commands(controller)


if __name__ == "__main__":
    asyncio.run(main())
