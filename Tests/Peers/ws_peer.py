#!/usr/bin/python3
"""WebSocket servers. Ends when stdin does.

    ws_peer.py [CHAIN KEY]

Prints {"event": "listening", "good": N, "secure": N, "bad": N} and events.
good, and secure (TLS, with CHAIN and KEY): Python's websockets. The path says what becomes of a message:
  /echo  /binary (the same as bytes)  /fragments (in three frames)  /other (another text)  /ping (a ping first)
  /close (1008 "not here")  /silent;  the subprotocol "chat" is spoken; a "headers" event tells what came
bad: handshakes and frames against the rules, by hand:
  /status/CODE  /redirect  /garbage  /long-line  /many-fields  /eof  /reset  /hang
  /no-upgrade  /no-connection  /wrong-accept  /no-accept  /extension  /subprotocol
after the handshake and one message:
  /masked  /reserved  /opcode  /long-ping  /cut-ping  /utf8  /continuation  /interleaved  /huge  /huger  /long-form
  /close-1005  /close-1  /close-utf8  /frame-eof  /no-close (ends)  /drop (reset)  /pings (without end)  /no-goodbye
"""
import asyncio
import base64
import hashlib
import socket
import ssl
import struct
import sys

import websockets

from loopback import both_families, emit, reset


async def good(connection, path):
    emit("headers", path=path, headers=list(connection.request_headers.raw_items()))
    try:
        async for message in connection:
            emit("message", path=path, length=len(message), text=isinstance(message, str))
            if path == "/binary":
                await connection.send(message.encode())
            elif path == "/fragments":
                third = max(1, len(message) // 3)
                await connection.send([message[:third], message[third : 2 * third], message[2 * third :]])
            elif path == "/other":
                await connection.send("something else")
            elif path == "/ping":
                pong = await connection.ping(b"are you there?")
                await pong
                await connection.send(message)
            elif path == "/close":
                await connection.close(1008, "not here")
            elif path != "/silent":
                await connection.send(message)
    except websockets.ConnectionClosed:
        pass
    emit("closed", path=path, code=connection.close_code)


def frame(opcode, payload=b"", first=0x80, mask=False, length=None):
    head = bytes([first | opcode])
    size = len(payload) if length is None else length
    flag = 0x80 if mask else 0
    if size < 126:
        head += bytes([flag | size])
    elif size < 1 << 16:
        head += bytes([flag | 126]) + struct.pack("!H", size)
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", size)
    return head + (bytes(4) if mask else b"") + payload


FRAMES = {
    "masked": frame(1, b"hello", mask=True),
    "reserved": frame(1, b"hello", first=0xC0),
    "opcode": frame(3, b"hello"),
    "long-ping": frame(9, b"x" * 126),
    "cut-ping": frame(9, b"x", first=0),
    "utf8": frame(1, b"\xff\xfe"),
    "continuation": frame(0, b"x"),
    "interleaved": frame(1, b"x", first=0) + frame(1, b"y"),
    "huge": frame(2, length=1 << 40),
    "huger": frame(2, length=1 << 63),
    "long-form": b"\x81\x7e\x00\x05hello",
    "close-1005": frame(8, struct.pack("!H", 1005)),
    "close-1": frame(8, b"\x03"),
    "close-utf8": frame(8, struct.pack("!H", 1000) + b"\xff"),
    "frame-eof": frame(1, b"hello", length=100),
    "no-close": b"",
    "drop": b"",
}


def accept(key):
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return base64.b64encode(digest).decode()


def handshake(how, key):
    fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept(key)}
    if how == "no-upgrade":
        del fields["Upgrade"]
    if how == "no-connection":
        fields["Connection"] = "keep-alive"
    if how == "wrong-accept":
        fields["Sec-WebSocket-Accept"] = accept(key + "x")
    if how == "no-accept":
        del fields["Sec-WebSocket-Accept"]
    if how == "extension":
        fields["Sec-WebSocket-Extensions"] = "permessage-deflate"
    if how == "subprotocol":
        fields["Sec-WebSocket-Protocol"] = "superchat"
    lines = ["HTTP/1.1 101 Switching Protocols"] + [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def refuse(parts, reader, writer):
    """Handshakes that fail. Whether it was one of them."""
    how = parts[0]
    if how == "status":
        writer.write(f"HTTP/1.1 {parts[1]} Status\r\nContent-Length: 0\r\n\r\n".encode())
    elif how == "redirect":
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: wss://elsewhere.example/\r\n\r\n")
    elif how == "garbage":
        writer.write(bytes(range(128, 256)) * 20 + b"\n")
    elif how == "long-line":
        writer.write(b"HTTP/1.1 101 OK\r\nX: " + b"x" * 100_000)
    elif how == "many-fields":
        writer.write(b"HTTP/1.1 101 OK\r\n" + b"X: y\r\n" * 1000)
    elif how == "eof":
        pass
    elif how == "reset":
        reset(writer)
    elif how == "hang":
        emit("hanging")
        await reader.read()
    else:
        return False
    return True


async def answer(how, writer):
    if how == "pings":
        while True:
            writer.write(frame(9, b"again") * 100)
            await writer.drain()
    elif how == "no-goodbye":
        writer.write(frame(1, b"hello"))
    elif how == "drop":
        reset(writer)
    else:
        writer.write(FRAMES[how])


async def bad(reader, writer):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lookup = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:] if line}
        parts = head[0].split(" ")[1].strip("/").split("/")
        emit("request", line=head[0], headers=lookup)
        if await refuse(parts, reader, writer):
            await writer.drain()
            return
        writer.write(handshake(parts[0], lookup["sec-websocket-key"]))
        await writer.drain()
        # The message, or the close, that the client sends.
        first = await reader.readexactly(2)
        emit("frame", first=first[0], masked=bool(first[1] & 0x80))
        await reader.readexactly((first[1] & 0x7F) + 4)
        await answer(parts[0], writer)
        await writer.drain()
        if parts[0] not in ("frame-eof", "no-close", "drop"):
            await reader.read()
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        emit("ended", error=type(error).__name__)
    finally:
        writer.close()


async def main():
    ports, context = {}, None
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    for name, tls in (("good", None), ("secure", context)):
        if name == "secure" and context is None:
            continue
        ports[name], sockets = both_families(socket.SOCK_STREAM)
        for s in sockets:
            await websockets.serve(
                good, sock=s, ssl=tls, subprotocols=["chat"], max_size=1 << 24, ping_interval=None, compression=None
            )
    ports["bad"], sockets = both_families(socket.SOCK_STREAM)
    for s in sockets:
        await asyncio.start_server(bad, sock=s)
    emit("listening", **ports)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
