#!/usr/bin/python3
"""Proxies that work, and some that do not.

Prints {"event": "listening", "http": N, ...} and then an event for each request that reaches one. Ends when stdin does.
  http      CONNECT and absolute URLs; wants user "user" and password "pa:ss" on port `auth`
  tls       the same as http, spoken over TLS (arguments: certificate chain and key)
  socks     SOCKS5 without authentication, addresses and names (names go to 127.0.0.1)
  socksauth the same, wants user "user" and password "pa:ss"
  slow      as http, but it thinks 200 ms about each CONNECT
  garbage   answers anything with bytes that are no protocol;  hang  reads and says nothing
  closing   closes at once;  deny  answers 403 to everything;  broken  502
  socksdeny SOCKS5 whose rules forbid everything
"""
import asyncio
import base64
import json
import socket
import ssl
import struct
import sys

CREDENTIALS = base64.b64encode(b"user:pa:ss").decode()


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def join(reader, writer, host, port, first=b""):
    # Names are this proxy's to resolve: all are this machine.
    address = host if host.replace(".", "").isdigit() or ":" in host else "127.0.0.1"
    there = await asyncio.open_connection(address, port)
    there[1].write(first)
    await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))


def http(wants=None, delay=0, deny=None):
    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.strip().split("\r\n")
        method, target, _ = line.split(" ")
        given = {n.lower(): v.strip() for n, v in (f.split(":", 1) for f in fields)}
        emit("request", method=method, target=target, names=sorted(given))
        if deny:
            writer.write(f"HTTP/1.1 {deny}\r\nContent-Length: 0\r\n\r\n".encode())
        elif wants and given.get("proxy-authorization") != "Basic " + wants:
            writer.write(
                b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n'
                b"Content-Length: 0\r\n\r\n")
        elif method == "CONNECT":
            await asyncio.sleep(delay)
            host, _, port = target.rpartition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\nX-From: the proxy\r\n\r\n")
            await join(reader, writer, host.strip("[]"), int(port))
        else:
            authority, _, path = target.split("://", 1)[1].partition("/")
            host, _, port = authority.partition(":")
            kept = [f for f in fields if not f.lower().startswith("proxy-")]
            first = "\r\n".join([f"{method} /{path} HTTP/1.1", *kept, "Connection: close"]) + "\r\n\r\n"
            await join(reader, writer, host, int(port or 80), first.encode("latin-1"))
        await writer.drain()
        writer.close()

    return serve


def socks(wants=None, deny=None):
    async def serve(reader, writer):
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        if wants and 2 not in methods:
            writer.write(b"\x05\xff")
            return writer.close()
        writer.write(b"\x05\x02" if wants else b"\x05\x00")
        if wants:
            _, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            if base64.b64encode(user + b":" + password).decode() != wants:
                writer.write(b"\x01\x01")
                return writer.close()
            writer.write(b"\x01\x00")
        _, _, _, kind = await reader.readexactly(4)
        if kind == 1:
            host = socket.inet_ntop(socket.AF_INET, await reader.readexactly(4))
        elif kind == 4:
            host = socket.inet_ntop(socket.AF_INET6, await reader.readexactly(16))
        else:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        port = struct.unpack("!H", await reader.readexactly(2))[0]
        emit("request", method="SOCKS", target=f"{host}:{port}", kind=kind)
        if deny:
            writer.write(bytes([5, deny]) + b"\x00\x01\0\0\0\0\0\0")
            await writer.drain()
            return writer.close()
        try:
            writer.write(b"\x05\x00\x00\x01\0\0\0\0\0\0")
            await join(reader, writer, host, port)
        except OSError:
            pass

    return serve


async def garbage(reader, writer):
    await reader.read(4096)
    writer.write(bytes(range(128, 256)) * 8)
    writer.close()


async def hang(reader, writer):
    try:
        while await reader.read(4096):
            emit("waiting")
    finally:
        # A reset is an exception.
        emit("left")
        writer.close()


async def closing(reader, writer):
    writer.close()


def quiet(serve):
    async def run(reader, writer):
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, OSError, ValueError):
            writer.close()

    return run


async def main():
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    kinds = {
        "http": http(), "auth": http(wants=CREDENTIALS), "slow": http(delay=0.2), "deny": http(deny="403 Forbidden"), "broken": http(deny="502 Bad Gateway"),
        "socks": socks(), "socksdeny": socks(deny=2), "socksauth": socks(CREDENTIALS), "garbage": garbage, "hang": hang, "closing": closing,
        "tls": http(),
    }
    ports = {}
    for name, serve in kinds.items():
        server = await asyncio.start_server(
            quiet(serve), "127.0.0.1", 0, ssl=context if name == "tls" else None)
        ports[name] = server.sockets[0].getsockname()[1]
    emit("listening", **ports)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
