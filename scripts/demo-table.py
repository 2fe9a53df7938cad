#!/usr/bin/python3
"""Reads the backend's answer {"jobs": [...]} on stdin, prints a table, and ends with 0 if every job
was done and successful."""
import json
import sys


def number(value):
    return "-" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def ping(result):
    rtt = "/".join(number(result.get(key)) for key in ("min_ms", "avg_ms", "max_ms"))
    received, sent = result.get("packets_received"), result.get("packets_sent")
    return f"{received} of {sent} replies, min/avg/max {rtt} ms"


def dns(result):
    records = [f"{r['type']} {r['value']} (ttl {r['ttl']})" for r in result.get("records", [])]
    return f"{result.get('rcode')}: {', '.join(records)}, query {number(result.get('query_ms'))} ms"


def http(result):
    phases = result.get("phases", {})
    shown = [f"{name} {number(phases[name + '_ms'])}" for name in ("connect", "wait", "total") if name + "_ms" in phases]
    return f"status {result.get('status_code')}, {result.get('body_bytes')} bytes, {', '.join(shown)} ms"


def path(result):
    return f"{result.get('hop_count')} hops, reached {str(result.get('reached')).lower()}"


def tls(result):
    days = (result.get("chain") or [{}])[0].get("days_left")
    took = number(result.get("handshake_ms"))
    return f"{result.get('protocol')}, {result.get('cipher')}, {number(days)} days left, handshake {took} ms"


def whois(result):
    parsed = result.get("parsed") or {}
    return f"registrar {parsed.get('registrar')}, expires {parsed.get('expires')}"


MEASURED = {
    "ping": ping,
    "traceroute": path,
    "mtr": path,
    "path_mtu": lambda result: f"{result.get('mtu')} bytes, {len(result.get('steps') or [])} sizes tried",
    "dns": dns,
    "reverse_dns": lambda result: f"{result.get('hostname')}, forward confirmed {str(result.get('forward_confirmed')).lower()}",
    "http": http,
    "tls": tls,
    "port_check": lambda result: f"{result.get('open')} open, {result.get('closed')} closed, {result.get('filtered')} filtered",
    "tcp": lambda result: f"{len(result.get('steps') or [])} steps, connect {number(result.get('connect_ms'))} ms",
    "whois": whois,
    "ntp": lambda result: f"offset {number(result.get('offset_ms'))} ms, stratum {result.get('stratum')}",
    "websocket": lambda result: f"handshake {number(result.get('handshake_ms'))} ms, echo {number(result.get('echo_ms'))} ms",
}


def row(job):
    result = job.get("result") or {}
    good = job.get("state") == "done" and bool(result.get("success"))
    if good:
        what = MEASURED[job["tool"]](result) if job["tool"] in MEASURED else ""
    else:
        what = f"{result.get('error_code') or job.get('state')}: {result.get('error') or 'no result'}"
    took = f"{1000 * job['execution_time']:.1f} ms" if job.get("execution_time") is not None else "-"
    return good, (job["tool"], job["target"], "ok" if good else "FAILED", took, what)


def main():
    jobs = json.load(sys.stdin)["jobs"]
    rows = [row(job) for job in jobs]
    lines = [("TOOL", "TARGET", "RESULT", "TOOK", "MEASURED")] + [cells for _, cells in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)) + "  " + line[4])
    failed = sum(not good for good, _ in rows)
    print(f"\n{len(rows) - failed} of {len(rows)} jobs succeeded")
    return 1 if failed or not rows else 0


sys.exit(main())
