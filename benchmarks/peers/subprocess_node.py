#!/usr/bin/python3
"""A node as the field has them: asyncio, websockets, and a process for each job (ping, dig, nc, curl), so many at once.

It speaks the same protocol and checks its answers, but finds out less than probe-agent does. The members of an answer
stand in the order in which the benchmarks' control plane looks for them.
"""
import argparse
import asyncio
import json
import re
import time
import urllib.parse

import websockets

SLOTS = None


async def output(*command):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    text, _ = await process.communicate()
    return process.returncode, text.decode(errors="replace")


async def ping(target, parameters):
    if parameters.get("protocol") == "tcp":
        status, _ = await output("nc", "-z", "-w", "5", target, str(parameters["port"]))
        return {"success": status == 0, "packets_received": int(status == 0), "packets_sent": 1}
    count = parameters.get("count", 4)
    status, text = await output("ping", "-n", "-q", "-c", str(count), "-W", "1", target)
    received = re.search(r"(\d+) received", text)
    times = re.search(r"= ([\d.]+)/([\d.]+)/([\d.]+)/", text)
    return {
        "success": status == 0, "packets_received": int(received[1]) if received else 0, "packets_sent": count,
        "avg_ms": float(times[2]) if times else None,
    }


async def dns(target, parameters):
    address, _, port = parameters["resolver"].rpartition(":")
    status, text = await output(
        "dig", "+noall", "+answer", "+comments", "+tries=1", f"@{address}", "-p", port, target,
        parameters.get("record_type", "A"))
    rcode = re.search(r"status: (\w+)", text)
    records = [
        {"type": fields[3], "value": fields[4], "ttl": int(fields[1])}
        for fields in (line.split(None, 4) for line in text.splitlines() if line and line[0] != ";") if len(fields) == 5]
    return {"success": status == 0, "rcode": rcode[1] if rcode else None, "records": records}


async def http(target, parameters):
    status, text = await output(
        "curl", "-sS", "-o", "/dev/null", "--max-time", "30", "-w",
        "%{http_code} %{size_download} %{time_namelookup} %{time_connect} %{time_starttransfer} %{time_total}", target)
    fields = text.split()
    return {
        "success": status == 0, "status_code": int(fields[0]) if fields else None,
        "body_bytes": int(fields[1]) if fields else None, "response_time_ms": float(fields[5]) * 1000 if fields else None,
    }


TOOLS = {"ping": ping, "dns": dns, "http": http}


async def answer(connection, job):
    async with SLOTS:
        begin = time.monotonic()
        try:
            result = await TOOLS[job["tool"]](job["target"], job.get("parameters") or {})
        except Exception as error:
            result = {"success": False, "error": str(error)}
        response = {
            "type": "diagnostic_response", "request_id": job["request_id"], "result": result, "success": True,
            "execution_time": time.monotonic() - begin, "timestamp": time.time(),
        }
    await connection.send(json.dumps(response, separators=(",", ":")))


async def main():
    global SLOTS
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--at-once", type=int, default=64)
    options = parser.parse_args()
    host = urllib.parse.urlsplit(options.url).hostname
    assert host == "127.0.0.1", "for benchmarks on this machine only"
    SLOTS = asyncio.Semaphore(options.at_once)
    async with websockets.connect(options.url, max_size=1 << 20, compression=None) as connection:
        await connection.send(json.dumps(
            {"node_uuid": "subprocess", "api_key": "benchmark", "version": "0", "hostname": "subprocess"}))
        running = set()
        async for text in connection:
            message = json.loads(text)
            if message.get("type") == "diagnostic_job":
                task = asyncio.create_task(answer(connection, message))
                running.add(task)
                task.add_done_callback(running.discard)


asyncio.run(main())
