#!/usr/bin/python3
"""A web server that counts: each request is reported before it is answered, so that a job run twice is seen.

Prints {"event": "listening", "port": N} and then {"event": "request", "id": ID} for each. Ends when stdin does.
  /now/ID          answers at once
  /after/MS/ID     answers after MS milliseconds
  /never/ID        says nothing until the other side has gone
  /large/ID        100,000 bytes that do not repeat
"""
import asyncio
import json
import random
import sys

LARGE = random.Random(1).randbytes(50_000).hex().encode()


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


async def serve(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b" ", 2)[1].decode().strip("/").split("/")
        emit("request", id=words[-1])
        if words[0] == "never":
            await reader.read()
            return
        if words[0] == "after":
            await asyncio.sleep(int(words[1]) / 1000)
        body = LARGE if words[0] == "large" else b"ok\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    emit("listening", port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
