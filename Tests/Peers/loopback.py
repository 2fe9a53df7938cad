"""What the peers share: events on standard output, and one free port for both families."""
import json
import socket
import struct
import sys


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def bound(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, kind)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if kind == socket.SOCK_STREAM:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    return s


def both_families(kind):
    """A free port, and the sockets that have it on 127.0.0.1 and ::1."""
    for _ in range(50):
        four = bound(kind, "127.0.0.1", 0)
        port = four.getsockname()[1]
        try:
            return port, [four, bound(kind, "::1", port)]
        except OSError:
            four.close()
    raise SystemExit("no free port")


def reset(writer):
    """Ends a connection by RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
