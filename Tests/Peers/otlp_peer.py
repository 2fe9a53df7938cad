#!/usr/bin/python3
"""A receiver of OTLP/HTTP metrics in JSON that knows the schema: the protobuf messages of opentelemetry-proto.

Arguments: the statuses of its answers, in order; the last one goes on.

Prints {"event": "listening", "port": N}, then {"event": "request", "path", "headers", "size", "error", "resource", "metrics"}
for each request: metrics as [{"name", "unit", "kind", "points": [{"attributes", "value", "count", "time", "start"}]}].
"""
import http.server
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2

STATUSES = [int(word) for word in sys.argv[1:]] or [200]


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def attributes(pairs):
    return {pair.key: pair.value.string_value for pair in pairs}


def point(one):
    fields = {"attributes": attributes(one.attributes), "time": one.time_unix_nano, "start": one.start_time_unix_nano}
    if hasattr(one, "bucket_counts"):
        assert len(one.bucket_counts) == len(one.explicit_bounds) + 1 and sum(one.bucket_counts) == one.count
        return fields | {"value": one.sum, "count": one.count}
    return fields | {"value": getattr(one, one.WhichOneof("value"))}


def metric(one):
    kind = one.WhichOneof("data")
    data = getattr(one, kind)
    if kind != "gauge":
        assert data.aggregation_temporality == 2
    points = [point(entry) for entry in data.data_points]
    return {"name": one.name, "unit": one.unit, "kind": kind, "points": points}


def read(body):
    # Strict: unknown names and wrong types are errors.
    request = json_format.Parse(body, metrics_service_pb2.ExportMetricsServiceRequest())
    (resource,) = request.resource_metrics
    (scope,) = resource.scope_metrics
    return {
        "resource": attributes(resource.resource.attributes),
        "scope": scope.scope.name,
        "metrics": [metric(one) for one in scope.metrics],
    }


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = STATUSES.pop(0) if len(STATUSES) > 1 else STATUSES[0]
        try:
            fields = read(body) | {"error": None}
        except Exception as error:  # whatever it is, the test says so
            fields, status = {"error": repr(error)}, 400
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")
        emit("request", path=self.path, headers=headers, size=len(body), **fields)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
emit("listening", port=server.server_address[1])
server.serve_forever()
