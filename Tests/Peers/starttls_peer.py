#!/usr/bin/python3
"""Servers that begin TLS in the middle of another protocol, and some that misbehave. Arguments: CERT KEY (PEM).

Prints {"event": "listening", NAME: PORT, ...} and then events. Ends when stdin does. Each NAME is a port of 127.0.0.1
and of ::1:
  smtp imap pop3 ftp postgres mysql ldap xmpp   the dialog as it should be, then TLS, then each line is sent back
  smtp-refuse, ...      the same servers when they will not
  smtp-absent ...       smtp, xmpp, mysql: they do not offer it; imap: logged in already; ftp, pop3: a bad greeting
  smtp-inject, ...      plain text in the same segment as the last word before TLS (not mysql: the client has it)
  silent                accepts and never speaks; event "silent" for each connection
  garbage               bytes of no protocol
  endless               one line without end;  chatter  lines without end, each good in smtp and ftp
  close                 closes at once;  half  "220 hal" and closes;  mute  a greeting of smtp, then nothing
  smtp-once             as smtp, and from the second connection on as silent
  tls-silent            smtp's dialog, then no handshake; event "tls"
  tls-garbage           smtp's dialog, then no TLS;  tls-close  closes;  tls-reset  resets
"""
import json
import socket
import ssl
import struct
import sys
import threading

seen = set()
INJECTED = b"* 220 +OK injected\r\n"


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


class Gone(Exception):
    pass


class Link:
    """A connection, read to exact ends so that nothing of TLS is swallowed."""

    def __init__(self, raw):
        self.raw = raw

    def send(self, data):
        self.raw.sendall(data.encode() if isinstance(data, str) else data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.raw.recv(count - len(data))
            if not more:
                raise Gone
            data += more
        return data

    def until(self, end):
        data = b""
        while not data.endswith(end):
            data += self.exactly(1)
        return data

    def line(self):
        return self.until(b"\n").decode().strip()


def smtp(link, how):
    link.send("220-mail.probe.test ESMTP\r\n220 ready\r\n" if how != "absent" else "220 old.probe.test\r\n")
    while True:
        command = link.line()
        if command.upper().startswith("EHLO"):
            emit("ehlo", line=command)
            link.send("250-mail.probe.test\r\n250-PIPELINING\r\n")
            link.send("250 HELP\r\n" if how == "absent" else "250-STARTTLS\r\n250 8BITMIME\r\n")
        elif command.upper() == "STARTTLS":
            return "454 4.7.0 TLS not available\r\n" if how == "refuse" else "220 2.0.0 go ahead\r\n"
        else:
            link.send("502 what?\r\n")


def ftp(link, how):
    if how == "absent":
        return "421 too many users\r\n"
    link.send("220-Welcome\r\n 220 this is no end\r\n220 ftp.probe.test\r\n")
    while True:
        command = link.line().upper()
        if command == "FEAT":
            link.send("211-Features\r\n AUTH TLS\r\n211 End\r\n")
        elif command == "AUTH TLS":
            return "534 no\r\n" if how == "refuse" else "234 go\r\n"


def imap(link, how):
    link.send("* PREAUTH hello\r\n" if how == "absent" else "* OK [CAPABILITY IMAP4rev1 STARTTLS] imap.probe.test\r\n")
    while True:
        tag, command = link.line().split(" ", 1)
        if command.upper() == "CAPABILITY":
            link.send(f"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n")
        elif command.upper() == "STARTTLS":
            return f"{tag} NO not now\r\n" if how == "refuse" else f"* OK still here\r\n{tag} OK begin\r\n"


def pop3(link, how):
    if how == "absent":
        return "-ERR busy\r\n"
    link.send("+OK pop3.probe.test <1.2@x>\r\n")
    while link.line().upper() != "STLS":
        link.send("-ERR what?\r\n")
    return "-ERR no TLS\r\n" if how == "refuse" else "+OK begin\r\n"


def postgres(link, how):
    assert link.exactly(8) == bytes.fromhex("0000000804d2162f")
    return "N" if how == "refuse" else "S"


def mysql(link, how):
    if how == "refuse":
        packet = b"\xff" + struct.pack("<H", 1130) + b"Host is not allowed to connect"
        return struct.pack("<I", len(packet)) + packet
    flags = 0xF7FF if how == "absent" else 0xFFFF
    packet = b"\x0a8.0.36-probe\0" + struct.pack("<I", 7) + b"saltsalt\0" + struct.pack("<HBHH", flags, 45, 2, 0xDFFF)
    packet += b"\x15" + b"\0" * 10 + b"moresaltsalt\0" + b"mysql_native_password\0"
    link.send(struct.pack("<I", len(packet)) + packet)
    head = link.exactly(4)
    request = link.exactly(head[0] | head[1] << 8)
    assert head[3] == 1 and len(request) == 32 and struct.unpack("<I", request[:4])[0] & 0x800, request
    return b""


def ldap(link, how):
    head = link.exactly(2)
    assert b"1.3.6.1.4.1.1466.20037" in link.exactly(head[1])
    words = b"no TLS here" if how == "refuse" else b""
    body = b"\x0a\x01" + (b"\x34" if how == "refuse" else b"\0") + b"\x04\0\x04" + bytes([len(words)]) + words
    message = b"\x02\x01\x01\x78" + bytes([len(body)]) + body
    # OpenLDAP writes lengths in the long form.
    return b"\x30\x84" + struct.pack(">I", len(message)) + message


def xmpp(link, how):
    header = link.until(b"streams'") + link.until(b">")
    emit("stream", line=header.decode())
    link.send(
        "<?xml version='1.0'?>\n<stream:stream xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams' id='1' from='probe.test' version='1.0'>\n")
    offer = "" if how == "absent" else "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    link.send(f"<stream:features>{offer}<mechanisms><mechanism>PLAIN</mechanism></mechanisms></stream:features>")
    assert b"starttls" in link.until(b">")
    if how == "refuse":
        return "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    return "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


DIALOGS = {f.__name__: f for f in (smtp, ftp, imap, pop3, postgres, mysql, ldap, xmpp)}


def encode(data):
    return data.encode() if isinstance(data, str) else data


def speak(name, raw):
    """One connection of the port `name`, up to the moment at which TLS begins; False when it does not."""
    link = Link(raw)
    proto, _, how = name.partition("-")
    is_first = name not in seen
    seen.add(name)
    if name == "silent" or (how == "once" and not is_first):
        emit("silent")
        link.exactly(1 << 20)
    elif name == "garbage":
        link.send(bytes(range(1, 256)) * 4 + b"\n")
        link.exactly(1 << 20)
    elif name == "endless":
        while True:
            link.send(b"220-" + b"x" * 65536)
    elif name == "chatter":
        while True:
            link.send(b"220-and on and on\r\n" * 1000)
    elif name == "half":
        link.send("220 hal")
    elif name == "mute":
        link.send("220 mail.probe.test\r\n")
        link.line()
        emit("mute")
        link.exactly(1 << 20)
    elif proto == "tls":
        link.send(smtp(link, ""))
        # The ClientHello to its end: a close with unread bytes would be a reset.
        link.exactly(struct.unpack("!3xH", link.exactly(5))[0])
        emit("tls")
        if how == "silent":
            link.exactly(1 << 20)
        elif how == "garbage":
            link.send("250 what do you mean by that?\r\n")
            link.exactly(1 << 20)
        elif how == "reset":
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif proto in DIALOGS:
        last = encode(DIALOGS[proto](link, how))
        link.send(last + INJECTED if how == "inject" else last)
        return how in ("", "inject", "once")
    return False


def serve(name, raw, context):
    try:
        if speak(name, raw):
            with context.wrap_socket(raw, server_side=True) as tls:
                emit("handshake", port=name, version=tls.version())
                while data := tls.recv(4096):
                    tls.sendall(data)
    except (Gone, OSError, AssertionError, ValueError) as error:
        emit("ended", port=name, error=f"{type(error).__name__} {error}")
    finally:
        try:
            raw.close()
        except OSError:
            pass


def accept(name, listener, context):
    while True:
        raw, _ = listener.accept()
        raw.settimeout(60)
        threading.Thread(target=serve, args=(name, raw, context), daemon=True).start()


def listen(name, context):
    """The same port on both families; another program may hold it on one."""
    for _ in range(50):
        four = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = four.getsockname()[1]
        try:
            six = socket.create_server(("::1", port), family=socket.AF_INET6, backlog=64)
        except OSError:
            four.close()
            continue
        for listener in (four, six):
            threading.Thread(target=accept, args=(name, listener, context), daemon=True).start()
        return port
    raise SystemExit("no port free on both families")


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    names = [f"{proto}{how}" for proto in DIALOGS for how in ("", "-refuse", "-absent", "-inject")]
    names += ["silent", "garbage", "endless", "chatter", "close", "half", "mute", "smtp-once"]
    names += ["tls-silent", "tls-garbage", "tls-close", "tls-reset"]
    emit("listening", **{name: listen(name, context) for name in names})
    sys.stdin.read()


main()
