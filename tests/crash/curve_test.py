"""The door to the net under attack: nobody without a key gets in, and only intake feels it."""
import os
import resource
import socket
import statistics
import time

import msgpack
import zmq

from tests.crash import rig
from tests.crash.invariants import demand
from tests.harness.curve import COMMAND, LONG, METADATA, MORE, Curve, Wire
from tests.harness.house import WORKERS, equal
from tests.harness.ports import free_port

IDLE, SLOW = 2000, 100
REVOKED_WITHIN = 5  # seconds
LATE = 15  # seconds; a scheduler that nobody tells of the time looks each second
MEMORY = 600 << 20  # of who listens, while a peer does its worst
STRANGERS_MEMORY = 64 << 20  # what those may cost who never got in
GREETING = bytes.fromhex("ff00000000000000017f0300") + b"NULL".ljust(20, b"\0") + b"\0" * 32


def open_door(h, **settings):
    """A house that listens; the endpoint and the key of a frontend."""
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    h.init(listen=endpoint, **settings)
    h.run_cirkel("key", "new", "web", "--types", "person.*,preference.*", "--out", h.folder)
    h.start()
    h.found("net", members=10)
    with open(os.path.join(h.folder, "web.key")) as file:
        return endpoint, dict(line.strip().split(" = ", 1) for line in file if " = " in line)


def dial(h, endpoint, key=None, server=None, plain=False):
    door = h.zmq.socket(zmq.DEALER)
    door.linger = 0
    if key:
        door.curve_publickey, door.curve_secretkey = key
        door.curve_serverkey = server
    if plain:
        door.plain_username, door.plain_password = b"web", b"secret"
    door.connect(endpoint)
    return door


def friend(h, endpoint, key):
    return dial(h, endpoint, (key["public"].encode(), key["secret"].encode()), key["server"].encode())


def request(id):
    return msgpack.packb({"v": 1, "id": id, "type": "preference.set",
                          "body": {"person": "m01", "class": "news", "on": True}})


def ask(door, id, patience=5.0):
    """(answer, seconds); answers to others are passed over."""
    began = time.monotonic()
    door.send(request(id), zmq.DONTWAIT)
    while door.poll(max(0, int(1000 * (began + patience - time.monotonic())))):
        answer = msgpack.unpackb(door.recv())
        if answer["id"] == id:
            return answer, time.monotonic() - began
    return None, time.monotonic() - began


def is_served(h, door, id):
    h.until(lambda: (ask(door, id)[0] or {}).get("status") == "applied", "a friend is served")


def strangers_test(h):
    endpoint, key = open_door(h)
    server = key["server"].encode()
    strangers = {"an unknown key": dial(h, endpoint, zmq.curve_keypair(), server),
                 "no mechanism": dial(h, endpoint),
                 "a password": dial(h, endpoint, plain=True),
                 "another's server key": dial(h, endpoint, (key["public"].encode(), key["secret"].encode()),
                                              zmq.curve_keypair()[0]),
                 "a stolen public key": dial(h, endpoint, (key["public"].encode(), zmq.curve_keypair()[1]), server)}
    for n in range(20):
        for name, door in strangers.items():
            try:
                door.send(request(f"{name}-{n}"), zmq.DONTWAIT)
            except zmq.Again:
                pass
    time.sleep(2)
    for name, door in strangers.items():
        demand(not door.poll(0), f"{name} was answered")
        door.close()
    said = [d["id"] for d in h.records("decision") if not d["id"].startswith("h-")]
    equal(said, [], "events of strangers")
    demand('"refused_at_the_door":0' in h.run_cirkel("queues", "--json"), "a frame of a stranger came in")
    is_served(h, friend(h, endpoint, key), "good-1")
    h.stop()


strangers_test.timeout = 60


def revoked_while_connected_test(h):
    endpoint, key = open_door(h)
    door = friend(h, endpoint, key)
    is_served(h, door, "before")
    h.run_cirkel("key", "revoke", "web")
    revoked, last, refused, n = time.monotonic(), 0.0, 0, 0
    while time.monotonic() - revoked < REVOKED_WITHIN + 2 or n <= 20:
        n, asked = n + 1, time.monotonic() - revoked
        answer, _ = ask(door, f"after-{n}", 0.3)
        if answer and answer["status"] in ("applied", "accepted"):
            last = asked
        elif answer:
            refused += 1
        time.sleep(0.05)
    demand(last <= REVOKED_WITHIN, f"a revoked key was still good after {last:.1f} s")
    print(f"revoked: last good after {last:.1f} s of {n} tries, {refused} refusals")
    h.stop()


revoked_while_connected_test.timeout = 60


def cpu(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Crowd:
    """Connections that say nothing, or their greeting a byte at a time; who is sent away comes again."""

    def __init__(self, endpoint, idle, slow):
        self.address = ("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))
        self.idle, self.slow, self.again = [None] * idle, [(None, 0)] * slow, 0

    def open(self):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(self.address)
        self.again += 1
        return s

    def press(self):
        for i, s in enumerate(self.idle):
            if s is None or self.is_gone(s):
                self.idle[i] = self.open()
        for i, (s, n) in enumerate(self.slow):
            if s is None or self.is_gone(s):
                s, n = self.open(), 0
            try:
                s.send(GREETING[n % 64:n % 64 + 1])
            except OSError:
                pass
            self.slow[i] = s, n + 1

    @staticmethod
    def is_gone(s):
        try:
            gone = s.recv(256) == b""
        except BlockingIOError:
            return False
        except OSError:
            gone = True
        if gone:
            s.close()
        return gone

    def close(self):
        for s in self.idle + [s for s, _ in self.slow]:
            if s:
                s.close()


def remind(h, number):
    """A reminder falls due now; the seconds until its letters have left."""
    before, began = len(os.listdir(h.path("outgoing/new"))), time.monotonic()
    h.set_clock(f"2022-03-{14 + number}T09:00")
    h.until(lambda: len(os.listdir(h.path("outgoing/new"))) >= before + 5, "the reminders leave")
    return time.monotonic() - began


def prepare_reminders(h):
    """On each of these mornings a week-before letter to five people."""
    for i in (1, 2, 3):
        h.call(f"m{i}", starts=f"2022-03-{21 + i}T09:00")
        h.register(f"m{i}", *[f"m{n:02}" for n in range(1, 6)])
    h.settle()
    h.clock("2022-03-14T09:00")


def few_files(most):
    """As a login gives them: what a program needs beyond, it must ask for itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    demand(hard >= IDLE + SLOW + 200, f"no descriptors for this test: {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, hard), hard))


def crowd_at(h, name, ports, key, number):
    """2,000 silent connections and 100 slow handshakes at one door."""
    pids, port = {other: process.pid for other, process in h.workers.items()}, ports[name]
    calm = [serving_time(h, name, f"calm-{name}-{n}", ports, key) for n in range(20)]
    crowd = Crowd(f"tcp://127.0.0.1:{port}", IDLE, SLOW)
    crowd.press()
    used, began, took, late = {other: cpu(pid) for other, pid in pids.items()}, time.monotonic(), [], None
    door = friend(h, f"tcp://127.0.0.1:{port}", key)
    while time.monotonic() - began < 7 or late is None:
        crowd.press()
        seconds = serving_time(h, name, f"crowd-{name}-{len(took)}", ports, key, door)
        demand(seconds is not None, f"{name} does not answer in the crowd")
        took.append(seconds)
        if len(took) == 20:
            late = remind(h, number)
            demand(serves(h, name, f"newcomer-{name}", ports, key, 30), "nobody new gets in")
    share = {other: (cpu(pid) - used[other]) / (time.monotonic() - began) for other, pid in pids.items()}
    crowd.close()
    memory = resident(pids[name])
    print(f"{name}: {crowd.again} connections; median {1000 * statistics.median(calm):.0f} ms calm, "
          f"{1000 * statistics.median(took):.0f} ms in the crowd, worst {1000 * max(took):.0f} ms; reminders after "
          f"{late:.1f} s; processor {({k: round(v, 2) for k, v in share.items()})}; {memory >> 20} MiB")
    most = statistics.quantiles(took, n=10)[-1]
    demand(most < 2, f"one of ten answers took {most:.1f} s")
    demand(late < LATE, f"reminders left after {late:.1f} s")
    demand(share[name] < 0.8, f"{name} turns in circles: {share}")
    demand(memory < MEMORY, f"{name} has {memory >> 20} MiB")
    equal({other: process.pid for other, process in h.workers.items()}, pids, "workers")


def idle_connections_test(h):
    """2,000 silent connections and 100 slow handshakes: the others are served, reminders leave on time."""
    few_files(1024)
    ports, key = prepare_attack(h)
    few_files(8192)
    for number, name in enumerate(ports, 1):
        crowd_at(h, name, ports, key, number)
    h.verify()
    h.stop()


idle_connections_test.timeout = 120


PART = b"\xc0" * 3000  # less than any door takes


def prepare_attack(h):
    """A house that listens, with reminders to come; the ports of intake and gateway, and the key of a frontend."""
    ports = {"intake": free_port(), "gateway": free_port()}
    endpoint = {name: f"tcp://127.0.0.1:{port}" for name, port in ports.items()}
    h.init(listen=endpoint["intake"], gateway_listen=endpoint["gateway"])
    h.run_cirkel("key", "new", "web", "--types", "preference.*,query.*", "--out", h.folder)
    h.start(*WORKERS, "gateway")
    h.found("net", members=10)
    prepare_reminders(h)
    with open(os.path.join(h.folder, "web.key")) as file:
        key = dict(line.strip().split(" = ", 1) for line in file if " = " in line)
    return ports, key


def query(id):
    return msgpack.packb({"v": 1, "id": id, "query": "networks.list", "body": {}})


def serving_time(h, name, id, ports, key, door=None, patience=30.0):
    """Seconds until that door has answered a friend; None when it does not. A newcomer, or one who has his door."""
    began, own = time.monotonic(), door or friend(h, f"tcp://127.0.0.1:{ports[name]}", key)
    own.send(query(id) if name == "gateway" else request(id))
    answer = msgpack.unpackb(own.recv()) if own.poll(int(1000 * patience)) else {}
    if not door:
        own.close()
    return time.monotonic() - began if answer.get("status") in ("ok", "applied", "accepted") else None


def serves(h, name, id, ports, key, patience=1.0):
    return serving_time(h, name, id, ports, key, patience=patience) is not None


def press_parts(h, name, send, number):
    """A message of parts without end; how much was sent, the most memory it cost, how late reminders were."""
    sent, most, late, process = 0, 0, None, h.workers[name]
    try:
        while sent < 2 << 30:
            for _ in range(256):
                send(PART)
            sent += 256 * len(PART)
            most = max(most, resident(process.pid))
            if late is None and sent > 100 << 20:
                late = remind(h, number)
    except (OSError, FileNotFoundError):
        pass
    time.sleep(0.5)
    return sent, most, late


def until_it_serves(h, name, ports, key):
    """At its limit it may fall at any word; whenever it does it is started anew, as the supervisor would. How it ended."""
    ends, began = [], time.monotonic()
    while not serves(h, name, f"after-{time.monotonic_ns()}", ports, key):
        if h.workers[name].poll() is not None:
            ends.append(h.workers.pop(name).returncode)
            rig.spawn(h, name)
        demand(time.monotonic() - began < 30, f"{name} does not serve 30 s after: {ends}")
    return ends


def endless_multipart_test(h):
    """Peers that have got in, from this machine and over the net, send a message of parts without end: memory is
    bounded, and only the one who listens falls."""
    ports, key = prepare_attack(h)
    h.say("preference.set", person="m02", **{"class": "news"}, on=False, id="kept")
    reminders = 0
    for name, how in (("intake", "ipc"), ("intake", "tcp"), ("gateway", "tcp")):
        others = {other: p.pid for other, p in h.workers.items() if other != name}
        if how == "ipc":
            wire = Wire(h.path("run", name + ".ipc"))
            wire.greet("NULL")
            wire.frame(b"\x05READY" + METADATA, COMMAND)
            send = lambda part, w=wire: w.frame(part, MORE)
        else:
            wire = Wire(ports[name])
            wire.greet("CURVE")
            curve = Curve(wire, key["public"], key["secret"], key["server"])
            curve.enter()
            send = lambda part, c=curve: c.send(part, more=True)
        sent, most, late = press_parts(h, name, send, reminders := reminders + 1)
        wire.close()
        ends = until_it_serves(h, name, ports, key)
        print(f"{name}, {how}: {sent >> 20} MiB in one message: it had {most >> 20} MiB at most and ended {ends}; "
              f"reminders after {late} s")
        equal({other: h.workers[other].pid for other in others}, others, "the other workers")
        demand(sent > 100 << 20, f"only {sent >> 20} MiB were sent")
        demand(most < MEMORY, f"{name} had {most >> 20} MiB")
        demand(late is not None and late < LATE, f"reminders left after {late} s")
    equal(len([d for d in h.records("decision") if d["id"] == "kept"]), 1)
    h.verify()
    h.kill("intake", "gateway")  # at its limit it may fall at any word, also at the last
    h.stop()


endless_multipart_test.timeout = 150


def flood(wire, data, most=64 << 20):
    """Says it again and again until the other end has enough of it; how much it took."""
    sent, data = 0, data * max(1, (1 << 20) // len(data))
    try:
        while sent < most:
            sent += wire.socket.send(data)
    except OSError:
        pass
    return sent


def before_the_handshake(port, key):
    """(name, what a stranger does on a connection of his own); each keeps it open."""
    part = bytes([MORE | LONG]) + len(PART).to_bytes(8, "big") + PART
    giant = bytes([COMMAND | LONG]) + (1 << 30).to_bytes(8, "big")

    def on(mechanism, *said, endless=b""):
        wire = Wire(port)
        wire.greet(mechanism)
        try:
            for words in said:
                wire.write(words)
        except OSError:
            return wire, 0
        return wire, flood(wire, endless) if endless else 0

    def raw(greeting, endless):
        wire = Wire(port)
        wire.write(greeting)
        return wire, flood(wire, endless)

    def half_way(after_welcome):
        wire = Wire(port)
        wire.greet("CURVE")
        curve = Curve(wire, *(key[name] for name in ("public", "secret", "server")))
        curve.hello()
        return wire, flood(wire, after_welcome)

    def stranger(metadata):
        public, secret = (k.decode() for k in zmq.curve_keypair())
        wire = Wire(port)
        wire.greet("CURVE")
        curve = Curve(wire, public, secret, key["server"])
        curve.hello()
        curve.initiate(metadata)
        return wire, flood(wire, part)

    return [("parts without a mechanism", lambda: on("NULL", bytes([COMMAND, 6 + len(METADATA)]) + b"\x05READY" + METADATA,
                                                     endless=part)),
            ("parts instead of a HELLO", lambda: on("CURVE", endless=part)),
            ("a HELLO of a gigabyte", lambda: on("CURVE", giant, endless=PART)),
            ("commands instead of a HELLO", lambda: on("CURVE", endless=bytes([COMMAND, 100]) + b"\x05OTHER" + bytes(94))),
            ("a mechanism nobody knows", lambda: on("GSSAPI", endless=part)),
            ("zeros", lambda: raw(b"", bytes(1000))),
            ("a web browser", lambda: raw(b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Y: " + b"z" * 1000 + b"\r\n")),
            ("the old protocol", lambda: raw(bytes.fromhex("ff00000000000000017f01050000"), part)),
            ("the oldest protocol", lambda: raw(b"\x01\x00", b"\xff" + (1 << 20).to_bytes(8, "big") + b"\x01" + PART)),
            ("parts after a WELCOME", lambda: half_way(part)),
            ("an INITIATE of a gigabyte", lambda: half_way(giant + PART)),
            ("a stranger's parts", lambda: stranger(METADATA)),
            ("a stranger with much to say of himself",
             lambda: stranger(b"".join(bytes([9]) + b"%09d" % n + (1000).to_bytes(4, "big") + bytes(1000)
                                       for n in range(50))))]


def before_the_handshake_test(h):
    """Whoever never gets in may send what he likes: it costs next to nothing, and friends and reminders do not wait."""
    ports, key = prepare_attack(h)
    before = {name: resident(h.workers[name].pid) for name in ports}
    began_with = {name: p.pid for name, p in h.workers.items()}
    wires, took = [], {}
    for name, port in ports.items():
        for what, attack in before_the_handshake(port, key):
            for _ in range(5):
                try:
                    wire, sent = attack()
                    wires.append(wire)
                    took[name, what] = max(took.get((name, what), 0), sent)
                except OSError:
                    took.setdefault((name, what), 0)
        late = remind(h, 1 + list(ports).index(name))
        demand(late < LATE, f"reminders left after {late:.1f} s")
        waited = [serving_time(h, name, f"friend-{name}-{n}", ports, key) for n in range(3)]
        demand(None not in waited, f"{name} does not serve its friends")
        demand(min(waited) < 2, f"friends waited {waited} s")
    grown = {name: resident(h.workers[name].pid) - before[name] for name in ports}
    print(f"{len(wires)} connections; {({' '.join(k): v >> 20 for k, v in took.items() if v >= 1 << 20})} MiB taken; "
          f"grown by {({name: n >> 20 for name, n in grown.items()})} MiB")
    for name, n in grown.items():
        demand(n < STRANGERS_MEMORY, f"{name} grew by {n >> 20} MiB")
    equal({name: p.pid for name, p in h.workers.items()}, began_with, "workers")
    equal([d["id"] for d in h.records("decision") if not d["id"].startswith(("h-", "friend-"))], [], "events of strangers")
    for wire in wires:
        wire.close()
    h.verify()
    h.stop()


before_the_handshake_test.timeout = 150
