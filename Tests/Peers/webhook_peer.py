#!/usr/bin/python3
"""A receiver of webhooks. Arguments: the statuses of its answers, in order; the last one goes on.

Prints {"event": "listening", "port": N}, then {"event": "request", "method", "path", "headers", "body"} for each request.
"""
import http.server
import json
import sys

STATUSES = [int(word) for word in sys.argv[1:]] or [200]


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = STATUSES.pop(0) if len(STATUSES) > 1 else STATUSES[0]
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        emit("request", method="POST", path=self.path, headers=headers, body=body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
emit("listening", port=server.server_address[1])
server.serve_forever()
