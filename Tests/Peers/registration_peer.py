#!/usr/bin/python3
"""A backend's registration, right and wrong, made with Python's http.server.

usage: registration_peer.py [CERTIFICATE KEY]

Prints {"event": "listening", "port": N}, then {"event": "request", "path": ..., "body": ...} for each POST. The first part
of the path says what happens to POST /PART/probe-nodes/register:

  good      registered
  old       404 there, registered at /old/register
  used      401 as FastAPI says it
  invalid   422 with two complaints
  absent    404 everywhere
  busy      503 twice, then registered
  page      200 with a page of HTML
  keyless   200 with JSON that lacks the key
  lost      reads the request and closes without an answer; the next time 401
  long      200 and more bytes than anybody should read
"""
import http.server
import json
import ssl
import sys
import threading

LOCK = threading.Lock()
COUNTS = {}
REGISTERED = {
    "node_uuid": "0b8e6f6f-2c11-4c0f-9a51-6f1c2a340d0e",
    "api_key": "pnode_5ecret-of-the-peer",
    "status": "registered",
    "config": {"heartbeat_interval": 15},
    "message": "welcome",
}


def emit(**fields):
    with LOCK:
        sys.stdout.write(json.dumps(fields) + "\n")
        sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, status, body, kind="application/json"):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        emit(event="request", path=self.path, body=json.loads(body))
        what, _, rest = self.path.lstrip("/").partition("/")
        with LOCK:
            COUNTS[what] = COUNTS.get(what, 0) + 1
            count = COUNTS[what]
        used = (401, {"detail": "Invalid or expired registration token"})
        if what == "absent" or (what == "old" and rest != "register"):
            self.answer(404, {"detail": "Not Found"})
        elif what == "used":
            self.answer(*used)
        elif what == "invalid":
            complaints = [
                {"loc": ["body", "region"], "msg": "unknown region", "type": "value_error"},
                {"loc": ["body", "name"], "msg": "taken", "type": "value_error"},
            ]
            self.answer(422, {"detail": complaints})
        elif what == "busy" and count <= 2:
            self.answer(503, {"detail": "starting"})
        elif what == "page":
            self.answer(200, "<html>hello</html>", "text/html")
        elif what == "keyless":
            self.answer(200, {"node_uuid": "x", "status": "registered"})
        elif what == "lost" and count == 1:
            self.close_connection = True
        elif what == "lost":
            self.answer(*used)
        elif what == "long":
            self.answer(200, "x" * (8 << 20))
        else:
            self.answer(200, REGISTERED)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *words: None
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    emit(event="listening", port=server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
