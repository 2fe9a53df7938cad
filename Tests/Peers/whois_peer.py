#!/usr/bin/python3
"""Whois servers that refer to each other, and an RDAP service with its bootstrap; what is asked for says how they
behave. Ends when stdin does.

Prints {"event": "listening", "hop0": N, ... "hop6": N, "closed": N, "rdap": N}, then {"event": "query", "hop": 0,
"line": "..."} a query and {"event": "rdap", "path": "..."} a request. hop0 is the root, hop1 the registry, hop2 the
registrar. Names are below whois.test; the first label is the behaviour:

good           root -> registry -> registrar;  named  the same by the host name www.probe.test
dead           the registrar's server is not there;  dead-registry  the registry's is not
loop           root -> registry -> root;  self  the registrar refers to itself
deep           hop N -> hop N + 1;  bad-referrals  other protocols and no hosts, then text
nomatch        the registry has no such name
silent empty reset  the root says nothing, closes, resets
latin1 nul binary   other bytes than UTF-8 text;  open  does not close;  cut  resets after its answer
huge           300 KiB;  endless;  drip  a byte at a time
Addresses: root -> registry, which has abuse@example.net. AS numbers: the same.

RDAP, /bootstrap/{dns,ipv4,ipv6,asn}.json and /rdap/...: good  nomatch (404)  broken (no JSON)  deep-json
large (1.5 MiB)  busy (429)  moved (302 to good)  stray (no object);  names below norepo.test have no service.
"""
import asyncio
import json
import socket
import sys

from loopback import both_families, emit, reset

HOPS = 7
PORTS = {}

ROOT = """% IANA WHOIS server

refer:        {referral}

domain:       TEST

organisation: Example Registry
status:       ACTIVE
created:      1985-01-01
changed:      2026-01-01
source:       IANA
"""

REGISTRY = """   Domain Name: {name}
   Registry Domain ID: 1_DOMAIN_COM-VRSN
   Registrar WHOIS Server: {referral}
   Updated Date: 2025-08-14T07:01:34Z
   Creation Date: 1995-08-14T04:00:00Z
   Registry Expiry Date: 2031-08-13T04:00:00Z
   Registrar: Thin Registrar Inc.
   Domain Status: clientDeleteProhibited https://icann.org/epp#clientDeleteProhibited
   Name Server: A.EXAMPLE-SERVERS.NET
   Name Server: B.EXAMPLE-SERVERS.NET
>>> Last update of whois database: 2026-11-20T10:00:00Z <<<
"""

REGISTRAR = """Domain Name: {name}
Registrar WHOIS Server: {referral}
Updated Date: 2025-08-15T07:01:34+02:00
Registrar: Full Registrar, Inc.
Registrar Abuse Contact Email: abuse@registrar.example
Registrant Name: REDACTED
"""

NETWORK = """% Abuse contact for '192.0.2.0 - 192.0.2.255' is 'abuse@example.net'

inetnum:        192.0.2.0 - 192.0.2.255
netname:        EXAMPLE-NET
status:         ASSIGNED PA
created:        2004-07-01T10:00:00Z
last-modified:  2019-03-04T09:08:07Z
source:         EXAMPLE
"""


def behaviour(line):
    word = line.split()[-1].removesuffix("/e").lower() if line.split() else ""
    return (word.split(".")[0] if word.endswith("whois.test") else "address"), word


def hop(number):
    return f"whois://127.0.0.1:{PORTS[f'hop{number}']}"


def answer(number, how, name):
    """The text of a hop that behaves."""
    if how == "deep":
        return f"refer: {hop((number + 1) % HOPS)}\n"
    if how == "nomatch" and number == 1:
        return f"No match for \"{name.upper()}\".\r\n"
    if how == "address":
        return ROOT.format(referral=hop(1)) if number == 0 else NETWORK
    if number == 0:
        if how == "bad-referrals":
            return (
                "ReferralServer: rwhois://rwhois.example.net:4321\nReferralServer: https://www.example.net\n"
                f"Registrar WHOIS Server: none\nrefer: -x y\nrefer: a..b\nDomain Name: {name}\nRegistrar: Root\n"
            )
        to = {"named": f"www.probe.test:{PORTS['hop1']}", "dead-registry": f"127.0.0.1:{PORTS['closed']}"}
        return ROOT.format(referral=to.get(how, hop(1)))
    if number == 1:
        to = {"loop": hop(0), "dead": f"127.0.0.1:{PORTS['closed']}"}
        return REGISTRY.format(name=name.upper(), referral=to.get(how, hop(2)))
    return REGISTRAR.format(name=name, referral=hop(number))


async def whois(number, reader, writer):
    try:
        line = (await reader.readuntil(b"\r\n"))[:-2].decode("latin-1")
        emit("query", hop=number, line=line)
        how, name = behaviour(line)
        if how == "silent":
            await reader.read()
        elif how == "reset":
            reset(writer)
            return
        elif how == "empty":
            pass
        elif how == "latin1":
            writer.write(f"Domain Name: {name}\nRegistrar: Büro für Namen\n".encode("latin-1"))
        elif how == "nul":
            writer.write(f"Domain Name: {name}\0\r\nRegistrar: N\0ul\r\n".encode())
        elif how == "binary":
            writer.write(bytes(range(256)) * 4)
        elif how == "open":
            writer.write(f"Domain Name: {name}\nRegistrar: Open\n".encode())
            await writer.drain()
            emit("answered", hop=number)
            await reader.read()
        elif how == "huge":
            writer.write(f"Domain Name: {name}\nRegistrar: Huge\n".encode() + "é\n".encode() * 102400)
        elif how == "endless":
            while True:
                writer.write(b"more and more: and more\n" * 1000)
                await writer.drain()
        elif how == "drip":
            while True:
                writer.write(b"x")
                await writer.drain()
                emit("drip")
                await asyncio.sleep(0.01)
        else:
            writer.write(answer(number, how, name).replace("\r\n", "\n").replace("\n", "\r\n").encode())
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        emit("ended", error=type(error).__name__)
    finally:
        writer.close()


# RDAP


def services(kind):
    base = f"http://127.0.0.1:{PORTS['rdap']}/rdap/"
    keys = {
        "dns": ["whois.test"],
        "ipv4": ["192.0.2.0/24"],
        "ipv6": ["2001:db8::/32"],
        "asn": ["64496-64511"],
    }[kind]
    others = {"dns": ["test", "com"], "ipv4": ["192.0.0.0/8"], "ipv6": ["2001::/16"], "asn": ["1-64495"]}[kind]
    wrong = [others, ["http://127.0.0.1:1/wrong/"]]
    right = [keys, [base, base]]
    return {"version": "1.0", "services": [wrong, right]} if kind != "dns" else {
        "version": "1.0", "services": [[["com"], wrong[1]], right]
    }


def card(**properties):
    return ["vcard", [["version", {}, "text", "4.0"]] + [[k, {}, "text", v] for k, v in properties.items()]]


def rdap_object(kind, name):
    abuse = {"roles": ["abuse"], "vcardArray": card(fn="Abuse", email="abuse@registrar.example")}
    registrar = {"roles": ["registrar"], "vcardArray": card(fn="RDAP Registrar, Inc."), "entities": [abuse]}
    events = [
        {"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"},
        {"eventAction": "expiration", "eventDate": "2031-08-13T04:00:00.0Z"},
        {"eventAction": "last changed", "eventDate": "2025-08-14T09:01:34+02:00"},
        {"eventAction": "last update of RDAP database", "eventDate": "2026-11-20T10:00:00Z"},
    ]
    common = {"rdapConformance": ["rdap_level_0"], "events": events}
    if kind == "domain":
        return {
            **common,
            "objectClassName": "domain",
            "ldhName": name.upper(),
            "status": ["client delete prohibited", "active"],
            "entities": [registrar],
            "nameservers": [{"ldhName": "A.EXAMPLE-SERVERS.NET"}, {"ldhName": "b.example-servers.net."}],
        }
    return {**common, "objectClassName": kind, "status": ["active"], "entities": [abuse], "handle": name}


def rdap_response(path):
    """Status, extra header lines, body."""
    parts = path.strip("/").split("/")
    if parts[0] == "bootstrap":
        kind = parts[-1].removesuffix(".json")
        return (200, [], json.dumps(services(kind)).encode()) if kind in ("dns", "ipv4", "ipv6", "asn") else (404, [], b"")
    if parts[0] == "nolist":
        return 200, [], b'{"services": 5}'
    kind, name = parts[1], parts[-1]
    how = name.split(".")[0]
    if how == "nomatch":
        return 404, [], b'{"errorCode": 404}'
    if how == "broken":
        return 200, [], b"<html>no JSON</html>"
    if how == "deep-json":
        return 200, [], b"[" * 100_000
    if how == "large":
        return 200, [], b'{"a": "' + b"x" * (3 << 19) + b'"}'
    if how == "busy":
        return 429, ["Retry-After: 30"], b"{}"
    if how == "moved":
        return 302, [f"Location: http://127.0.0.1:{PORTS['rdap']}/rdap/domain/good.whois.test"], b""
    if how == "stray":
        return 200, [], b"[1, null]"
    return 200, [], json.dumps(rdap_object(kind, name)).encode()


async def web(reader, writer):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        path = head.split(" ")[1]
        emit("rdap", path=path, accept="application/rdap+json" in head)
        status, extra, body = rdap_response(path)
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", "Connection: close"] + extra
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, IndexError) as error:
        emit("ended", error=type(error).__name__)
    finally:
        writer.close()


async def main():
    listeners = []
    for number in range(HOPS):
        PORTS[f"hop{number}"], sockets = both_families(socket.SOCK_STREAM)
        for s in sockets:
            listeners.append((s, lambda r, w, n=number: whois(n, r, w)))
    PORTS["rdap"], sockets = both_families(socket.SOCK_STREAM)
    listeners += [(s, web) for s in sockets]
    PORTS["closed"], unused = both_families(socket.SOCK_STREAM)
    for s in unused:
        s.close()
    for s, handler in listeners:
        await asyncio.start_server(handler, sock=s)
    emit("listening", **PORTS)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
