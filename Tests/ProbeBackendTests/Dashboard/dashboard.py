#!/usr/bin/python3
"""dashboard.py SETTINGS: uses the dashboard in Chromium as a user does, step by step, and says each step.

SETTINGS is a JSON object: url and token of the backend, agent (the node's program), ports (as demo-peers.py tells them)
and certificate (PEM) of the servers to measure, artefacts (a folder for screenshots)."""
import json
import subprocess
import sys
import urllib.request

from browser import Browser, Keys

SETTINGS = json.loads(sys.argv[1])
HOSTILE = '<img src=x onerror="window.pwned=1">'
NODES = []
AGENTS = {}


def step(text):
    print("step: " + text, flush=True)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def register(token, name, region, tags=()):
    """As a node does. Its program starts at once."""
    body = {"registration_token": token, "name": name, "hostname": "host-" + region, "region": region, "version": "1.0.0",
            "supported_tools": {"ping": True, "dns": True}, "max_concurrent_probes": 16}
    request = urllib.request.Request(SETTINGS["url"] + "/probe-nodes/register", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        node = json.load(answer)
    NODES.append(node["node_uuid"])
    AGENTS[name] = subprocess.Popen(
        [SETTINGS["agent"], "run", "--backend", SETTINGS["url"], "--uuid", node["node_uuid"], "--key", node["api_key"],
         "--heartbeat", "1", "--reconnect-initial", "0.2", "--reconnect-max", "0.5",
         "--allow", "127.0.0.0/8", "--allow", "::1/128"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sign_in(page, key):
    page.fill("dialog input[name=key]", key)
    page.click("dialog button[type=submit]")


def signing_in(page):
    step("nobody is in without a key")
    page.open()
    page.one("dialog h2", "Sign in")
    sign_in(page, "wrong")
    page.one("dialog .note.bad", "unauthorized")
    page.press(Keys.ESCAPE)
    page.one("dialog h2", "Sign in")
    sign_in(page, SETTINGS["token"])
    page.gone("dialog")
    page.one("main h1", "Nodes")
    expect(page.js("return document.cookie") == "", "the session's cookie can be read by scripts")
    # Whatever comes from here on comes without a reload.
    page.js("window.sameDocument = true")


def two_nodes(page):
    step("a registration token is made, and two nodes come with it")
    page.go("#/access")
    page.click("button", "New token")
    page.fill("dialog input[name=uses]", "2")
    page.fill("dialog input[name=name]", "two nodes")
    page.click("dialog button[type=submit]")
    token = page.one("dialog .secret code").text
    expect(token.startswith("pnrt_"), token)
    page.click("dialog button", "Done")
    page.one("td", "two nodes")
    page.go("#/nodes")
    page.one("main h1", "Nodes")
    register(token, "alpha", "eu-west")
    register(token, HOSTILE, "us-east")
    for name in AGENTS:
        page.until(f"{name} online", lambda: any(
            name in row.text and "online" in row.text for row in page.all("tbody tr")))
    page.until("a load", lambda: page.all("svg.spark"))
    page.screenshot("nodes")


def run(page, tool, target, parameters=None, nodes=None):
    """Fills in the form. `nodes`: "All", or a name."""
    page.go("#/jobs")
    page.one("main h1", "History")
    page.go("#/run?tool=" + tool)
    page.one("main h1", "Run")
    expect(page.one("select[name=tool]").get_attribute("value") == tool, "the address's tool is not chosen")
    page.fill("input[name=target]", target)
    if nodes == "All":
        page.click(".segments label", "All")
    elif nodes:
        page.click(".segments label", "Chosen")
        page.click(".node-list .chip", nodes)
    for name, value in (parameters or {}).items():
        if name != "json":
            page.fill(f"[name='parameter-{name}']", str(value))
    if (parameters or {}).get("json"):
        page.click(".parameters summary", "More parameters")
        page.fill("textarea[name=json]", json.dumps(parameters["json"]))
    page.click(".run-form button[type=submit]")


def every_tool(page):
    ports, url = SETTINGS["ports"], SETTINGS["url"]
    name_server = f"127.0.0.1:{ports['dns']}"
    pinned = {"json": {"ca_pem": SETTINGS["certificate"]}, "port": ports["tls"]}
    jobs = [
        ("ping", "127.0.0.1", {"count": 6, "interval_ms": 100}, "svg circle.dot"),
        ("traceroute", "127.0.0.1", {}, ".path svg circle.dot"),
        ("mtr", "127.0.0.1", {"cycles": 3, "interval_ms": 100}, ".path svg circle.dot"),
        ("path_mtu", "127.0.0.1", {}, ".bars .bar.good"),
        ("dns", "demo.example", {"resolver": name_server}, "caption"),
        ("reverse_dns", "192.0.2.10", {"resolver": name_server}, ".figures"),
        ("http", url + "/healthz", {}, ".waterfall .phase-wait"),
        ("tls", "127.0.0.1", pinned, ".certificate .days"),
        ("port_check", "127.0.0.1", {"ports": f"{ports['tcp']},{ports['whois']},1"}, ".port.open"),
        ("tcp", "127.0.0.1", {"port": ports["tcp"], "steps": "expect:^220\nsend:HELO me\\r\\n\nexpect:250"}, ".waterfall"),
        ("whois", "demo.example", {"server": f"127.0.0.1:{ports['whois']}"}, "pre"),
        ("ntp", "127.0.0.1", {"port": ports["ntp"]}, "svg.offset"),
        ("websocket", f"ws://127.0.0.1:{ports['ws']}/", {"message": "hello"}, ".waterfall"),
    ]
    for tool, target, parameters, drawing in jobs:
        step(f"{tool} runs, and its result is drawn")
        run(page, tool, target, parameters)
        page.one(".results .state", "finished")
        page.one(".results .result " + drawing)
        expect(not page.all(".results .note.bad"), f"{tool}: {page.text('.results')}")
        page.click(".results details.raw summary")
        # It is filled when it is first opened.
        raw = json.loads(page.one(".results details.raw pre", "{").text)
        expect(raw["tool"] == tool and raw["success"] is True, raw)
        page.screenshot("run-" + tool)


def streaming(page):
    step("cycles appear while an mtr runs")
    run(page, "mtr", "127.0.0.1", {"cycles": 20, "interval_ms": 300}, nodes="alpha")
    page.one(".results .waiting", "known so far")
    page.one(".results .path svg circle.dot")
    cycles = lambda: int(page.one(".results .figures div:last-child dd").text)
    few = cycles()
    expect(few < 20, "the first cycle came with the last one")
    page.until("a further cycle", lambda: cycles() > few)
    page.one(".results .state", "finished")
    page.until("all cycles", lambda: cycles() == 20)

    step("one measurement compares all nodes")
    run(page, "ping", "127.0.0.1", {"count": 3, "interval_ms": 100}, nodes="All")
    page.until("bars of both nodes", lambda: len(page.all(".compare .bar")) == 2)
    page.one(".results .state", "finished")
    page.click("details.job summary", HOSTILE)
    page.one("details.job[open] svg .dot")
    page.screenshot("comparison")

    step("a failure has its code and its sentence")
    run(page, "dns", "no-such-name.example", {"resolver": f"127.0.0.1:{SETTINGS['ports']['dns']}"})
    page.one(".results .note.bad", "resolve_")
    page.screenshot("failure-of-a-target")
    run(page, "ping", "127.0.0.1", {"json": {"count": 1000}})
    page.one(".results .note.bad", "invalid_parameters")


def history(page):
    def rows():
        return [[cell.text for cell in row.find_elements("css selector", "td")] for row in page.all("tbody tr")]

    step("history is filtered")
    page.go("#/jobs")
    page.one("main h1", "History")
    page.choose("select[name=tool]", "dns")
    page.until("dns only", lambda: rows() and all(row[0] == "dns" for row in rows()))
    page.choose("select[name=success]", "false")
    page.until("only the failure", lambda: [row[1] for row in rows()] == ["no-such-name.example"])
    expect("tool=dns" in page.js("return location.hash"), "the filters are not in the address")
    page.screenshot("history-filtered")
    page.choose("select[name=tool]", "")
    page.choose("select[name=success]", "")
    page.press(Keys.ESCAPE)
    page.js("document.activeElement.blur()")
    page.press("/")
    expect(page.js("return document.activeElement.name") == "target", "/ does not lead to the search")
    page.press(SETTINGS["url"] + "/healthz")
    page.until("http only", lambda: rows() and all(row[0] == "http" for row in rows()))

    step("more than a page of jobs comes piece by piece")
    page.fetch("POST", "/api/v1/jobs?wait=60", [
        {"tool": "ping", "target": f"127.0.9.{number}", "parameters": {"count": 1}} for number in range(1, 61)])
    page.fill("input[name=target]", "")
    page.until("a full page", lambda: len(rows()) == 50)
    page.click("button", "Show more")
    page.until("the next page", lambda: len(rows()) > 60)

    step("a job has an address")
    job = page.fetch("GET", "/api/v1/jobs?tool=mtr")[1]["jobs"][0]["request_id"]
    page.go("#/jobs/" + job)
    page.one("main h1", "mtr")
    page.one(".result .path")
    page.screenshot("job")


def nodes(page):
    step("a node is renamed and tagged")
    page.go("#/nodes/" + NODES[0])
    page.one("main h1", "alpha")
    page.click("button", "Edit")
    page.fill("dialog input[name=name]", "beta")
    page.fill("dialog input[name=tags]", "edge, ipv6")
    page.click("dialog button[type=submit]")
    page.one("main h1", "beta")
    page.one(".tag", "ipv6")
    page.screenshot("node")

    step("a disabled node's connection is closed, and comes back when it is enabled")
    before = page.fetch("GET", "/api/v1/nodes/" + NODES[0])[1]["connection_id"]
    expect(before, "the node is not connected")
    page.click("button", "Disable")
    page.click("dialog button[type=submit]")
    page.one(".head .state", "disabled")
    page.until("a closed connection", lambda: page.fetch("GET", "/api/v1/nodes/" + NODES[0])[1]["connection_id"] is None)
    page.click("button", "Enable")
    page.one(".head .state", "online")
    expect(page.fetch("GET", "/api/v1/nodes/" + NODES[0])[1]["connection_id"] not in (None, before), "it is the same connection")

    step("a new key is shown once, and Escape closes a dialog")
    page.click("button", "New key")
    page.press(Keys.ESCAPE)
    page.gone("dialog")
    page.click("button", "New key")
    page.click("dialog button[type=submit]")
    expect(page.one("dialog .secret code").text.startswith("pnode_"), "there is no key")
    page.click("dialog button", "Done")

    step("a node is deleted")
    page.go("#/nodes/" + NODES[1])
    page.click("button", "Delete")
    page.click("dialog input[name=sure]")
    page.click("dialog button[type=submit]")
    page.one("main h1", "Nodes")
    page.until("one node", lambda: [row for row in page.all("tbody tr")] and HOSTILE not in page.text())


def schedules(page):
    step("a schedule is made, runs, is turned off and deleted")
    page.go("#/schedules")
    page.click("button", "New schedule")
    page.fill("dialog input[name=name]", "every second")
    page.fill("dialog textarea[name=targets]", "127.0.0.1")
    page.fill("dialog input[name=every]", "1")
    page.fill("dialog [name=parameter-count]", "1")
    page.click("dialog button[type=submit]")
    page.one("td", "every second")
    schedule = page.fetch("GET", "/api/v1/schedules")[1]["schedules"][0]["schedule_id"]
    page.until("a run", lambda: page.fetch("GET", f"/api/v1/jobs?schedule={schedule}&state=done")[1]["jobs"])
    page.click("button", "Turn off")
    page.one("td .state", "off")
    page.screenshot("schedules")
    page.click("button", "Delete")
    page.click("dialog button[type=submit]")
    page.one(".empty", "Nothing is scheduled")


def roles(page):
    step("an expired session asks for the key and loses nothing")
    page.go("#/run?tool=ping")
    page.fill("input[name=target]", "127.0.0.1")
    page.fetch("DELETE", "/api/v1/session")
    page.click(".run-form button[type=submit]")
    page.one("dialog", "session is over")
    page.screenshot("session-over")
    sign_in(page, SETTINGS["token"])
    page.one(".results .state", "finished")
    expect(page.one("input[name=target]").get_attribute("value") == "127.0.0.1", "the form was lost")

    step("a reader sees no way to change things")
    page.go("#/access")
    page.click("button", "New key")
    page.fill("dialog input[name=name]", "reader")
    page.click("dialog button[type=submit]")
    key = page.one("dialog .secret code").text
    page.click("dialog button", "Done")
    page.screenshot("access")
    page.click("#sign-out")
    page.one("dialog h2", "Sign in")
    sign_in(page, key)
    page.one("#who", "reader")
    expect(not page.one("nav").text.count("Run") and "Access" not in page.one("nav").text, "a reader is offered more")
    page.click("#sign-out")
    sign_in(page, SETTINGS["token"])
    page.one("#who", "admin")


def looks(page):
    step("pages fit 360 pixels, in the dark as well, and can be used by keys")
    job = page.fetch("GET", "/api/v1/jobs?tool=mtr")[1]["jobs"][0]["request_id"]
    certificate = page.fetch("GET", "/api/v1/jobs?tool=tls")[1]["jobs"][0]["request_id"]
    measurement = page.fetch("GET", "/api/v1/measurements")[1]["measurements"][0]["measurement_id"]
    for width, dark in ((360, False), (360, True), (1280, True)):
        page.look(width, 800, dark)
        for name in ("nodes", "run", "jobs", "measurements", "schedules", "access", "nodes/" + NODES[0], "jobs/" + job,
                     "jobs/" + certificate, "measurements/" + measurement):
            page.go("#/" + name)
            page.until("the page", lambda: page.all("main h1, main h2"))
            page.until("its content", lambda: page.all("main .empty, main table, main .result, main form"))
            kind = name.replace("/" + name.split("/")[-1], "-one") if "/" in name else name
            if name.endswith(certificate):
                kind = "certificate"
            beyond = page.screenshot(f"{kind}-{width}{'-dark' if dark else ''}")
            expect(beyond == 0, f"{name} is {beyond} pixels wider than {width}")
    page.look(1280, 900)
    page.driver.refresh()
    page.one("main h1, main h2")
    page.press(Keys.TAB)
    expect(page.js("return document.activeElement.id") == "skip", "the first key does not lead to the skip link")
    expect(page.js("return getComputedStyle(document.activeElement).outlineStyle") != "none", "the focus is not seen")
    page.press(Keys.ENTER)
    expect(page.js("return document.activeElement.id") == "main", "the skip link does not skip")
    page.click("#theme")
    expect(page.js("return document.documentElement.dataset.theme") == "dark", "the colours do not change")
    page.screenshot("theme")


def main():
    page = Browser(SETTINGS["url"], SETTINGS["artefacts"])
    try:
        signing_in(page)
        two_nodes(page)
        every_tool(page)
        streaming(page)
        history(page)
        nodes(page)
        schedules(page)
        roles(page)
        expect(page.js("return window.sameDocument") is True, "the page was loaded anew")
        looks(page)
        step("nothing that was said by others became a part of the page")
        expect(page.js("return window.pwned") is None, "a node's name was run as a script")
        expect(not page.complaints(), "\n".join(page.complaints()))
    finally:
        page.close()
        for agent in AGENTS.values():
            agent.terminate()
            agent.wait()
    step("all done")


main()
