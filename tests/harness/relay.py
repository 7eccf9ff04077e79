"""A mail server that does as it is told, on asyncio; it records what it was given, to the byte.

    relay = Relay(folder)                     # STARTTLS with a certificate for localhost, relay.ca
    relay.at("rcpt", "450 4.2.0 later")       # once, then as usual; always("rcpt", …) until usual("rcpt")
    relay.at("dot", RESET)                    # it has the letter, and the answer is lost
    relay.on["dot"] = lambda session: …       # called before the answer, in a thread of its own; may give an action
    relay.copies(message_id)

Steps: connect ehlo starttls tls auth mail rcpt data body dot quit. A letter counts from the dot on, unless the
answer to it is a refusal.
"""
import asyncio
import base64
import collections
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

from tests.harness.ports import free_port

LINE_MOST = 1 << 20
STEPS = ("connect", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data", "body", "dot", "quit")


class Gone(Exception):
    """This connection is over."""


async def RESET(session):
    sock = session.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    session.writer.transport.abort()
    raise Gone


async def CLOSE(session):
    session.writer.close()
    raise Gone


async def SILENT(session):
    """Says nothing until the other end gives up."""
    while await session.reader.read(LINE_MOST):
        pass
    raise Gone


async def CHATTER(session):
    """A reply that has no end, a line now and then."""
    while True:
        await session.send("250-still thinking")
        await asyncio.sleep(0.05)


async def MILLION(session):
    """A reply of a million lines."""
    for _ in range(1000):
        session.writer.write(b"250-and another thing\r\n" * 1000)
        await session.writer.drain()
    await session.send("250 that was all")


async def ENDLESS(session):
    """A line that has no end."""
    while True:
        session.writer.write(b"2" * 65536)
        await session.writer.drain()


async def GARBAGE(session):
    await session.send("hello?")


def slow(seconds, then=None):
    async def action(session):
        await asyncio.sleep(seconds)
        if then:
            await session.answer(then)
    action.usual = then is None
    return action


def drip(domain):
    """An answer about somebody there comes a byte a second and has no end; others are answered as usual."""
    async def action(session):
        while f"@{domain}>".encode() in session.line:
            session.writer.write(b"2")
            await session.writer.drain()
            await asyncio.sleep(1)
            if session.writer.is_closing():
                raise Gone
    action.usual = True
    return action


def hang_up(reply):
    """This reply, and the connection closed."""
    async def action(session):
        await session.send(reply)
        await CLOSE(session)
    return action


class Message:
    def __init__(self, session, sender, recipients, data):
        self.session, self.sender, self.recipients, self.bytes = session, sender, recipients, data
        self.answer = None

    @property
    def message_id(self):
        for line in self.bytes.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
            if line.lower().startswith(b"message-id:"):
                return line.split(b":", 1)[1].strip().decode()
        return None

    @property
    def counts(self):
        return self.answer is None or self.answer[0] not in "45"


class Session:
    def __init__(self, relay, number, reader, writer):
        self.relay, self.number, self.reader, self.writer = relay, number, reader, writer
        self.sender, self.recipients, self.logged_in = None, [], False
        self.tls, self.ended, self.letters = relay.implicit, False, 0
        self.line = b""  # what was said last
        self.last = None  # what was answered last

    async def send(self, text):
        self.last = text
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def answer(self, action, usual=None):
        if isinstance(action, str):
            await self.send(action)
        else:
            await action(self)
            if getattr(action, "usual", False) and usual:
                await self.send(usual)

    async def step(self, name, usual):
        """What was ordered for this step, or the usual reply; whether that was positive."""
        self.relay.seen.append((time.monotonic(), self.number, name))
        hook = self.relay.on.get(name)
        action = await asyncio.get_running_loop().run_in_executor(None, hook, self) if hook else None
        self.last = None
        action = action or self.relay.take(name)
        if action is None:
            if usual:
                await self.send(usual)
        else:
            await self.answer(action, usual)
        return self.last is None or self.last[0] in "23"

    async def talk(self):
        if not await self.step("connect", "220 relay.example ESMTP"):
            return
        while True:
            self.line = line = await self.reader.readline()
            if not line:
                return
            verb = line.strip().split(b" ", 1)[0].upper().decode("ascii", "replace")
            handle = getattr(self, "on_" + verb.lower(), None)
            if handle is None or not verb.isalpha():
                self.relay.strange.append(line)
                await self.send("500 5.5.1 what?")
            elif await handle(line):
                return

    async def on_ehlo(self, line):
        extensions = []
        if self.relay.starttls and not self.tls:
            extensions.append("STARTTLS")
        if self.relay.auth and self.tls:
            extensions.append("AUTH PLAIN LOGIN")
        said = ["250-relay.example", *["250-" + e for e in extensions], "250 ENHANCEDSTATUSCODES"]
        await self.step("ehlo", "\r\n".join(said))

    async def on_starttls(self, line):
        if not await self.step("starttls", "220 2.0.0 go ahead"):
            return
        action = self.relay.take("tls")
        if action:
            await self.answer(action)
            return
        await self.writer.start_tls(self.relay.context)
        self.tls = True

    async def on_auth(self, line):
        words = line.split()
        if len(words) == 2:
            await self.send("334 ")
            words.append(await self.reader.readline())
        given = base64.b64decode(words[2]).split(b"\0")
        self.logged_in = len(given) == 3 and (given[1].decode(), given[2].decode()) == self.relay.auth
        await self.step("auth", "235 2.7.0 welcome" if self.logged_in else "535 5.7.8 no such login")

    async def on_mail(self, line):
        self.sender, self.recipients = line.strip()[len(b"MAIL FROM:"):], []
        refused = self.relay.auth and not self.logged_in
        await self.step("mail", "530 5.7.0 log in first" if refused else "250 2.1.0 ok")

    async def on_rcpt(self, line):
        if await self.step("rcpt", "250 2.1.5 ok"):
            self.recipients.append(line.strip()[len(b"RCPT TO:"):])

    async def on_data(self, line):
        if not await self.step("data", "354 go on"):
            return
        await self.step("body", None)
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                self.relay.cut.append(self.number)
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        message = Message(self, self.sender, self.recipients, b"".join(lines))
        self.relay.messages.append(message)
        self.letters += 1
        try:
            await self.step("dot", "250 2.0.0 taken")
        finally:
            message.answer = self.last

    async def on_rset(self, line):
        await self.send("250 2.0.0 ok")

    async def on_quit(self, line):
        await self.step("quit", "221 2.0.0 bye")
        return True


class Relay:
    """host: where it listens. cert: "good" (for localhost), "wrong" (for another name), "expired" or "unknown"
    (of nobody we trust). auth: (user, password)."""

    def __init__(self, folder, host="127.0.0.1", starttls=True, implicit=False, cert="good", auth=None, port=0):
        self.folder, self.host, self.port = folder, host, port or free_port()
        self.starttls, self.implicit, self.auth = starttls, implicit, auth
        self.messages, self.seen, self.strange, self.cut = [], [], [], []
        self.connections, self.on = 0, {}
        self.once, self.forever = collections.defaultdict(list), {}
        self.context, self.ca = make_context(folder, cert)
        self.loop = self.server = self.thread = None
        self.open()

    # ---- orders ----

    def at(self, step, *actions):
        assert step in STEPS, step
        self.once[step].extend(actions)

    def always(self, step, action):
        assert step in STEPS, step
        self.forever[step] = action

    def usual(self, step=None):
        for name in [step] if step else STEPS:
            self.once.pop(name, None)
            self.forever.pop(name, None)

    def take(self, step):
        return self.once[step].pop(0) if self.once[step] else self.forever.get(step)

    # ---- what it was given ----

    def copies(self, message_id):
        return sum(m.message_id == message_id and m.counts for m in list(self.messages))

    def to(self, address):
        return [m for m in list(self.messages) if m.recipients == [f"<{address}>".encode()]]

    # ---- its life ----

    def open(self):
        started = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        assert started.wait(30), "the relay did not start"

    def close(self):
        """As if it were switched off: nobody listens any more, and connections are lost."""
        if self.loop:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
            self.loop = None

    def _run(self, started):
        asyncio.set_event_loop(self.loop)

        async def listen():
            self.server = await asyncio.start_server(
                self._on_connection, self.host, self.port, limit=LINE_MOST,
                ssl=self.context if self.implicit else None)
        self.loop.run_until_complete(listen())
        started.set()
        self.loop.run_forever()
        self.server.close()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    async def _on_connection(self, reader, writer):
        self.connections += 1
        session = Session(self, self.connections, reader, writer)
        try:
            await session.talk()
        except (Gone, OSError, ssl.SSLError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            session.ended = True
            writer.close()


def make_context(folder, kind):
    """A context for the server, and the file of certificates to trust."""
    key, cert = (os.path.join(folder, f"relay-{kind}.{end}") for end in ("key", "pem"))
    names = "DNS:elsewhere.example" if kind == "wrong" else "DNS:localhost,IP:127.0.0.1"
    ca = os.path.join(folder, "trusted.pem" if kind == "unknown" else os.path.basename(cert))
    for pem, its_key in {cert: key, ca: key + ".other" if kind == "unknown" else key}.items():
        if not os.path.exists(pem):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "30", "-subj", "/CN=relay", "-addext", "subjectAltName=" + names,
                            "-keyout", its_key, "-out", pem], check=True, capture_output=True)
    if kind == "expired":
        age(folder, key, cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, ca


OLD = """[ca]
default_ca = old
[old]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:localhost,IP:127.0.0.1
basicConstraints = CA:TRUE
"""


def age(folder, key, cert):
    """Signs it anew, as one that was good for a month of 2020."""
    config = os.path.join(folder, "old.conf")
    with open(config, "w") as file:
        file.write(OLD.format(folder=folder))
    open(os.path.join(folder, "index"), "w").close()
    ask = ["openssl", "req", "-new", "-key", key, "-subj", "/CN=relay", "-out", config + ".csr"]
    sign = ["openssl", "ca", "-batch", "-config", config, "-selfsign", "-keyfile", key, "-in", config + ".csr", "-notext",
            "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-out", cert]
    for command in (ask, sign):
        subprocess.run(command, check=True, capture_output=True)
