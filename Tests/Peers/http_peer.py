#!/usr/bin/python3
"""A web server that misbehaves: the path of the request says how.

Prints {"event": "listening", "http": N, "silent": N, "backlog": N} and then events. Ends when stdin does.
  http     the paths below, HTTP/1.1
  silent   accepts any number of connections and never writes; event "silent" gives the number open
  backlog  accepts nothing and its queue is full, so that a connect neither succeeds nor fails

/echo               method, path, headers and body as JSON
/delay/MS           answers after MS milliseconds
/redirect?to=URL    302 to it;  /redirect/N  a chain of N;  /redirect-loop;  /redirect-bad (no URL);  /redirect-none
/endless            a body without end;  /drip/N/MS  N bytes, one each MS milliseconds
/hang               reads the request and says nothing;  /hang-body  headers, then nothing
/empty              closes without an answer;  /reset  resets after the headers
/short              closes before Content-Length is reached;  /no-length  body ends with the connection
/bad-chunk  /bad-status  /bad-header  /garbage  /nul  /http09
/huge-header        one header of 1 MiB;  /many-headers  10,000 of them;  /endless-headers  one each 10 ms for ever
/bomb               200 MB of zeros in 200 KB of gzip;  /bad-gzip
/json               {"state": "up", "count": 5, "ratio": 1.5, "ok": true, "none": null, "list": [{"a/b": "x~y"}], "": 1}
/aaa                5,000 times "a" and a "!"
/cookie             sets two cookies and repeats them in its body;  /cookie-redirect  sets one and leads there
/continue           several 1xx answers before the real one
"""
import asyncio
import gzip
import json
import resource
import socket
import struct
import sys
import urllib.parse
import zlib

REASONS = {200: "OK", 302: "Found", 404: "Not Found"}


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def response(body=b"", status=200, headers=(), length=True):
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", "Content-Type: text/plain", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def bomb():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = bytes(1 << 20)
    return b"".join(packer.compress(megabyte) for _ in range(200)) + packer.flush()


def redirect(to):
    return response(b"moved\n", 302, [("Location", to)])


JSON = json.dumps({
    "state": "up", "count": 5, "ratio": 1.5, "ok": True, "none": None, "list": [{"a/b": "x~y"}], "": 1}).encode()
FIXED = {
    "/": lambda: response(b"hello\n"),
    "/redirect-loop": lambda: redirect("/redirect-loop"),
    "/redirect-bad": lambda: redirect("http://[::1"),
    "/redirect-none": lambda: response(b"moved\n", 302),
    "/cookie": lambda: response(
        b"you get sid=5ecret-of-server; Path=/ and more", headers=[
            ("Set-Cookie", "sid=5ecret-of-server; Path=/"), ("Set-Cookie", "second=5ecret-too"), ("X-Plain", "shown")]),
    "/cookie-redirect": lambda: response(
        b"moved\n", 302, [("Location", "/cookie"), ("Set-Cookie", "first=5ecret-of-redirect")]),
    "/empty": lambda: b"",
    "/short": lambda: response(length=False, headers=[("Content-Length", "100")]) + b"ten bytes.",
    "/no-length": lambda: response(length=False) + b"until the end\n",
    "/bad-chunk": lambda: response(length=False, headers=[("Transfer-Encoding", "chunked")]) + b"zz\r\nhello\r\n",
    "/bad-status": lambda: b"HTTP/1.1 abc what\r\n\r\n",
    "/bad-header": lambda: b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: -5\r\n\r\n",
    "/garbage": lambda: bytes(range(128, 256)) * 20,
    "/nul": lambda: b"HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 0\r\n\r\n",
    "/http09": lambda: b"<html>no status line</html>\n",
    "/huge-header": lambda: response(headers=[("X-Huge", "x" * (1 << 20))]),
    "/many-headers": lambda: response(headers=[(f"X-{i}", "y") for i in range(10_000)]),
    "/bomb": lambda: response(bomb(), headers=[("Content-Encoding", "gzip")]),
    "/bad-gzip": lambda: response(gzip.compress(b"hello")[:-9] + b"junkjunk", headers=[("Content-Encoding", "gzip")]),
    "/json": lambda: response(JSON),
    "/aaa": lambda: response(b"a" * 5000 + b"!"),
    "/continue": lambda: b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + response(b"at last\n"),
}


async def read_request(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = [tuple(part.strip() for part in line.split(":", 1)) for line in head[1:] if line]
    lookup = {name.lower(): value for name, value in headers}
    if lookup.get("expect", "").lower() == "100-continue":
        return method, target, headers, b""
    return method, target, headers, await reader.readexactly(int(lookup.get("content-length", 0)))


def reset(writer):
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def misbehave(path, query, writer):
    """The behaviours that take time. Whether it was one of them."""
    parts = path.strip("/").split("/")
    if path == "/hang":
        await asyncio.sleep(3600)
    elif path == "/hang-body":
        writer.write(response(length=False, headers=[("Content-Length", "100")]))
        await asyncio.sleep(3600)
    elif path == "/endless":
        writer.write(response(length=False))
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
    elif path == "/endless-headers":
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: and more\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)
    elif path == "/reset":
        writer.write(response(length=False, headers=[("Content-Length", "100")]) + b"some")
        await writer.drain()
        # The headers must be read before the reset, which throws away what is still in flight.
        await asyncio.sleep(0.1)
        reset(writer)
    elif parts[0] == "delay":
        await asyncio.sleep(int(parts[1]) / 1000)
        writer.write(response(b"late\n"))
    elif parts[0] == "drip":
        count, pause = int(parts[1]), int(parts[2]) / 1000
        writer.write(response(length=False, headers=[("Content-Length", str(count))]))
        for _ in range(count):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(pause)
    elif parts[0] == "redirect" and "to" in query:
        writer.write(redirect(query["to"][0]))
    elif parts[0] == "redirect" and len(parts) == 2:
        left = int(parts[1])
        writer.write(redirect(f"/redirect/{left - 1}") if left > 0 else response(b"arrived\n"))
    else:
        return False
    return True


async def serve(reader, writer):
    try:
        method, target, headers, body = await read_request(reader)
        emit("request", method=method, target=target, headers=headers, body_bytes=len(body))
        url = urllib.parse.urlsplit(target)
        if url.path == "/echo":
            seen = {"method": method, "target": target, "headers": headers, "body": body.decode("latin-1")}
            writer.write(response(json.dumps(seen).encode()))
        elif url.path in FIXED:
            writer.write(FIXED[url.path]())
        elif not await misbehave(url.path, urllib.parse.parse_qs(url.query), writer):
            writer.write(response(b"no such behaviour\n", 404))
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        emit("ended", error=type(error).__name__)
    finally:
        writer.close()


class Silent(asyncio.Protocol):
    open = 0

    def connection_made(self, transport):
        # What comes is read and thrown away: only a reader learns that the other side closed.
        Silent.open += 1
        emit("silent", open=Silent.open)

    def connection_lost(self, exc):
        Silent.open -= 1
        emit("silent", open=Silent.open)


def listener(address="127.0.0.1", port=0, backlog=4096):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say they are TCP.
    s = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(backlog)
    return s


def full_backlog():
    """A listening socket whose accept queue holds as many connections as it can."""
    s = listener(backlog=0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(s.getsockname())
        fillers.append(filler)
    return s, fillers


async def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loop = asyncio.get_running_loop()
    web, silent = listener(), listener()
    backlog, fillers = full_backlog()
    await asyncio.start_server(serve, sock=web, backlog=4096)
    await loop.create_server(Silent, sock=silent, backlog=4096)
    ports = {name: s.getsockname()[1] for name, s in (("http", web), ("silent", silent), ("backlog", backlog))}
    emit("listening", **ports)
    await loop.run_in_executor(None, sys.stdin.read)
    for s in fillers:
        s.close()


if __name__ == "__main__":
    asyncio.run(main())
