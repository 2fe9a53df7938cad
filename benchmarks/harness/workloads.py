"""The jobs that are compared, the same for every side. `{}` is the job's number, `{host}` two octets made from it."""
import json

TOOLS = ["ping", "dns", "tcp", "http"]


# Of a job of `ping_many`.
ECHOES = 60


def kinds(targets):
    """A job kind per tool, as `probe-bench` reads it."""
    return {
        # Addresses differ: sixty-four at once to one host would be sixty-four turns of a queue of one.
        "ping": kind("ping", "ping", "127.1.{host}", {"count": 1, "timeout_ms": 10000}, ['"packets_received":1,']),
        "dns": kind(
            "dns", "dns", "n{}.bench.test", {"resolver": f"{targets.address}:{targets.dns_port}"},
            ['"rcode":"NOERROR"', '"value":"192.0.2.1"']),
        "tcp": kind(
            "tcp", "ping", targets.address, {"count": 1, "protocol": "tcp", "port": targets.tcp_port, "timeout_ms": 10000},
            ['"packets_received":1,']),
        "http": kind(
            "http", "http", f"http://{targets.address}:{targets.http_port}/", {}, ['"status_code":200', '"body_bytes":6,']),
    }


def ping_many():
    """Sixty echoes to each host: what fping does, in jobs. An interval of 10 ms is the smallest."""
    return kind(
        "ping-many", "ping", "127.1.{host}", {"count": ECHOES, "interval_ms": 10, "timeout_ms": 10000},
        [f'"packets_received":{ECHOES},'])


def kind(name, tool, target, parameters, expect, timeout=30, field=None):
    """`expect`: texts that a right answer has in it, as they stand in its JSON."""
    made = {
        "name": name, "tool": tool, "target": target, "parameters": json.dumps(parameters, separators=(",", ":")),
        "timeout": timeout, "expect": ['"success":true', *expect],
    }
    if field:
        made["field"] = field
    return made


def expecting_failure(made, code):
    """The same job where the target is to fail."""
    return {**made, "expect": ['"success":false', f'"error_code":"{code}"']}
