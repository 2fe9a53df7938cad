#!/usr/bin/python3
"""Servers that speak over TCP and UDP, well and badly, each on a port of its own of 127.0.0.1 (and ::1 where it says so).

tcp_peer.py [CHAIN KEY]

Prints {"event": "listening", "NAME": PORT, ...} and then events. Ends when stdin does.
  smtp      greets, answers EHLO with several lines, STARTTLS with TLS (with CHAIN and KEY), QUIT; also on ::1
  inject    as smtp, with another line in the same packet as the answer to STARTTLS
  tls       TLS at once, then as smtp (with CHAIN and KEY)
  prompt    "login: " without a line end, and "Password: " after a line
  drip      a greeting byte by byte, each in a packet of its own
  hello     the beginning of a TLS handshake record of 16 KiB, and then a byte each 100 ms
  endless   lines without end
  flood     bytes without end and without a line end
  telnet    bytes that are not UTF-8, then "login: "
  aaa       60,000 times "a" and "!", which many patterns backtrack over
  silent    accepts and says nothing; also on ::1. Event "closed" when the other side has gone
  closes    closes at once;  half  "220 half" and closes
  reset     "220 soon" and a reset
  reset_now a reset, and nothing else
  echo      sends everything back
  redis     answers PING as a Redis server does
  udp_echo  UDP: sends everything back;  udp_silent  UDP: takes everything
"""
import asyncio
import json
import socket
import ssl
import struct
import sys


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(sys.argv[1], sys.argv[2])
    return made


async def smtp(reader, writer, injection=b""):
    writer.write(b"220 mail.test ESMTP ready\r\n")
    while line := await reader.readline():
        word = line.strip().upper().split(b" ")[0]
        emit("line", text=line.decode("latin-1"), tls=writer.get_extra_info("ssl_object") is not None)
        if word == b"EHLO":
            writer.write(b"250-mail.test\r\n250-STARTTLS\r\n250 SIZE 1000\r\n")
        elif word == b"STARTTLS":
            writer.write(b"220 go ahead\r\n" + injection)
            await writer.start_tls(context())
        elif word == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        else:
            writer.write(b"502 what?\r\n")
    writer.close()


async def redis(reader, writer):
    while line := await reader.readline():
        writer.write(b"+PONG\r\n" if line == b"PING\r\n" else b"-ERR unknown command\r\n")


async def inject(reader, writer):
    await smtp(reader, writer, b"250 injected\r\n")


async def prompt(reader, writer):
    writer.write(b"\r\nlogin: ")
    await reader.readline()
    writer.write(b"Password: ")
    await reader.readline()
    writer.write(b"\r\nwelcome\r\n$ ")
    await reader.read()


async def drip(reader, writer):
    for byte in b"220 slow.test ready\r\n":
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.002)
    await reader.read()


async def hello(reader, writer):
    writer.write(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")
    while True:
        writer.write(b"\x00")
        await writer.drain()
        await asyncio.sleep(0.1)


async def without_end(writer, block):
    while not writer.is_closing():
        writer.write(block * 100)
        await writer.drain()


async def telnet(reader, writer):
    writer.write(b"\xff\xfd\x18\xff\xfd\x20\r\nhost login: ")
    await reader.read()


async def backtracked(reader, writer):
    writer.write(b"a" * 60000 + b"!\r\n")
    await reader.read()


async def silent(reader, writer):
    emit("accepted", peer=writer.get_extra_info("peername")[0])
    try:
        await reader.read()
    except ConnectionResetError:
        pass
    emit("closed")


async def closes(reader, writer):
    writer.close()


async def half(reader, writer):
    writer.write(b"220 half")
    writer.close()


async def resets(reader, writer):
    writer.write(b"220 soon\r\n")
    await writer.drain()
    # The bytes must arrive before the reset throws them away.
    await asyncio.sleep(0.3)
    reset(writer)


async def resets_now(reader, writer):
    reset(writer)


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


TCP = {
    "smtp": smtp,
    "inject": inject,
    "prompt": prompt,
    "drip": drip,
    "hello": hello,
    "endless": lambda reader, writer: without_end(writer, b"250-and more\r\n"),
    "flood": lambda reader, writer: without_end(writer, b"x"),
    "telnet": telnet,
    "aaa": backtracked,
    "silent": silent,
    "closes": closes,
    "half": half,
    "reset": resets,
    "reset_now": resets_now,
    "echo": echo,
    "redis": redis,
}
BOTH_FAMILIES = {"smtp", "silent"}


def caught(handler):
    """The other side may leave at any moment."""

    async def run(reader, writer):
        try:
            await handler(reader, writer)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    return run


class UDPEcho(asyncio.DatagramProtocol):
    def __init__(self, answers):
        self.answers = answers

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        emit("datagram", size=len(data), text=data.decode("latin-1"))
        if self.answers:
            self.transport.sendto(data, peer)


async def listen(name, handler, **options):
    server = await asyncio.start_server(caught(handler), "127.0.0.1", 0, **options)
    port = server.sockets[0].getsockname()[1]
    if name in BOTH_FAMILIES:
        try:
            await asyncio.start_server(caught(handler), "::1", port, **options)
        except OSError:
            # Somebody else has it: another one.
            server.close()
            return await listen(name, handler, **options)
    return port


async def main():
    loop = asyncio.get_running_loop()
    ports = {name: await listen(name, handler) for name, handler in TCP.items()}
    if len(sys.argv) > 2:
        ports["tls"] = await listen("tls", smtp, ssl=context())
    for name in ("udp_echo", "udp_silent"):
        transport, _ = await loop.create_datagram_endpoint(
            lambda name=name: UDPEcho(name == "udp_echo"), local_addr=("127.0.0.1", 0)
        )
        ports[name] = transport.get_extra_info("sockname")[1]
    emit("listening", **ports)
    end = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(end), sys.stdin)
    await end.read()


asyncio.run(main())
