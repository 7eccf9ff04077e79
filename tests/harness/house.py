"""A house of the real programs in a folder of its own, on a clock that the story moves.

    h.init(at="2022-03-01T09:00"); h.start()
    h.found("net", members=3)
    h.call("m1", starts="2022-03-22T09:00", mode="video", link="https://video.example/m1")
    h.clock("2022-03-15T09:00")
    h.letters(rule="meeting-week-before", person="m01")

Times without an offset are wall times in `h.zone`. Workers run directly, without a supervisor, so that a
story can kill one and start it again; what they log is in FOLDER/NAME.log and is shown when a story fails.
"""
import datetime
import email
import email.policy
import itertools
import json
import mmap
import os
import re
import signal
import struct
import subprocess
import time
import zoneinfo

import icalendar
import msgpack
import zmq

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORKERS = ("scheduler", "intake", "notifier")  # in the order they start
STOP_ORDER = ("gateway", "intake", "notifier", "scheduler")
PATIENCE = 30  # seconds of real time for anything
LOG_SHOWN = 4000  # characters of each log when a story fails

CLOCK_MAGIC = 0x4B4C4331  # common/clock.c
CLOCK_FORMAT = "=II3q3q"


class HouseError(AssertionError):
    pass


class Letter:
    """One letter as it lies in outgoing/new."""

    def __init__(self, path, row):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.path, self.row = path, row
        self.message = email.message_from_bytes(self.bytes, policy=email.policy.default)
        self.to = self.message["To"].addresses[0].addr_spec
        self.subject = self.message["Subject"]
        self.message_id = self.message["Message-ID"]
        self.plain = self._part("text/plain")
        self.text = " ".join(self.plain.split())  # without its line breaks
        self.html = self._part("text/html")

    def _part(self, kind):
        for part in self.message.walk():
            if part.get_content_type() == kind:
                return part.get_content()
        return None

    @property
    def calendar(self):
        """The calendar part, None when there is none."""
        part = self._part("text/calendar")
        return None if part is None else icalendar.Calendar.from_ical(part)

    @property
    def event(self):
        return self.calendar.walk("VEVENT")[0]

    @property
    def method(self):
        return str(self.calendar["METHOD"])

    @property
    def links(self):
        """Words of the link to its address, from the HTML part."""
        found = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', self.html, flags=re.S)
        return {re.sub(r"<[^>]+>|\s+", " ", words).strip(): address for address, words in found}

    def token(self, words):
        """What stands after the link base in the link whose words begin so."""
        for name, address in self.links.items():
            if name.startswith(words):
                return address.rsplit("/", 1)[1]
        raise HouseError(f"no link {words!r} in {self.subject!r}; there are {sorted(self.links)}")

    def __repr__(self):
        return f"<{self.row['rule'] if self.row else '?'} to {self.to}: {self.subject!r}>"


class House:
    def __init__(self, bin_dir, folder):
        self.bin, self.folder = os.path.abspath(bin_dir), os.path.abspath(folder)
        self.home = os.path.join(self.folder, "home")
        self.zone = "Europe/Stockholm"
        self.workers, self.others = {}, []
        self.within = []  # a command that programs are started by
        self.zmq = zmq.Context()
        self.numbers = itertools.count(1)
        self.now = None

    # ---- the folder and the programs ----

    def another(self, name):
        """A second house beside this one."""
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        self.others.append(House(self.bin, folder))
        return self.others[-1]

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def init(self, at="2022-03-01T09:00", trial=True, **settings):
        self.run_cirkel("init", *(["--trial"] if trial else []), self.home)
        self.configure(**settings)
        self.set_clock(at)

    def configure(self, **settings):
        """For whoever starts from now on."""
        with open(self.path("cirkel.conf"), "a") as file:
            for name, value in settings.items():
                file.write(f'{name} = "{value}"\n' if isinstance(value, str) else f"{name} = {value}\n")

    def program(self, name):
        path = os.path.join(self.bin, name)
        if not os.path.exists(path):
            raise HouseError(f"{path} was not built")
        return path

    def start(self, *names, clock=True):
        for name in names or WORKERS:
            if name in self.workers:
                raise HouseError(f"{name} is running already")
            log = open(os.path.join(self.folder, name + ".log"), "ab")
            self.workers[name] = subprocess.Popen(
                [*self.within, self.program(name), "--home", self.home] + (["--clock"] if clock else []) +
                (["--sink"] if name == "notifier" else []),  # its mail servers are ours
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
            log.close()
        if "scheduler" in self.workers:
            self.until(lambda: self.state(wait=False, patience=1), "the scheduler answers")
        if "intake" in self.workers:
            self.until(lambda: os.path.exists(self.path("run/intake.ipc")), "intake is there")

    def stop(self, *names):
        """Asks them to stop; every one must end in order."""
        for name in [n for n in STOP_ORDER if n in (names or self.workers)]:
            process = self.workers.pop(name)
            self.until(lambda: process.poll() is not None or hears(process.pid, signal.SIGTERM), f"{name} can be asked")
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise self.error(f"{name} did not stop within {PATIENCE} s")
            if code != 0:
                raise self.error(f"{name} stopped with {code}, not 0")

    def kill(self, *names):
        """kill -9, as a power cut would."""
        for name in names or list(self.workers):
            process = self.workers.pop(name)
            process.kill()
            process.wait()

    def close(self):
        """Whatever is left; for whoever ran the story."""
        for house in self.others:
            house.close()
        self.kill()
        self.zmq.destroy(linger=0)

    def run_cirkel(self, *args, code=0, env=None, text=None):
        """Runs the command to its end; what it printed, as one text with its stderr in .errors."""
        args = [str(a) for a in args]
        if args[0] not in ("init", "help", "settings", "protocol", "restore") and "--home" not in args:
            args += ["--home", self.home]
        done = subprocess.run([self.program("cirkel"), *args], input=text, text=True, cwd=ROOT, capture_output=True,
                              timeout=None if args[0] == "play" else 4 * PATIENCE, env={**os.environ, **(env or {})})
        if code is not None and done.returncode != code:
            raise self.error(f"cirkel {' '.join(args)}: exit {done.returncode}, not {code}\n"
                             f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return Output(done)

    def verify(self):
        self.run_cirkel("verify")

    def until(self, condition, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while True:
            value = condition()
            if value:
                return value
            for name, process in self.workers.items():
                if process.poll() is not None:
                    raise self.error(f"{name} ended with {process.returncode} while waiting until {what}")
            if time.monotonic() > end:
                raise self.error(f"waited {patience} s in vain until {what}")
            time.sleep(0.02)

    def error(self, text):
        """An error that carries what the programs logged."""
        for name in STOP_ORDER:
            try:
                with open(os.path.join(self.folder, name + ".log"), errors="replace") as file:
                    text += f"\n---- {name}.log\n{file.read()[-LOG_SHOWN:].rstrip()}"
            except FileNotFoundError:
                pass
        return HouseError(text)

    # ---- time ----

    def moment(self, at):
        """Milliseconds of "2022-03-01T09:00" (in the zone) or "2022-03-01T09:00:00+01:00"."""
        if isinstance(at, int):
            return at
        parsed = datetime.datetime.fromisoformat(at.replace("Z", "+00:00"))
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=zoneinfo.ZoneInfo(self.zone))
        return round(parsed.timestamp() * 1000)

    def set_clock(self, at):
        """Moves the virtual clock and tells nobody."""
        self.now = self.moment(at)
        boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        path = self.path("run/clock")
        if not os.path.exists(path) or os.path.getsize(path) != struct.calcsize(CLOCK_FORMAT):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(struct.pack(CLOCK_FORMAT, CLOCK_MAGIC, 0, self.now, boot, 0, 0, 0, 0))
            return
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            turn = struct.unpack_from("=I", memory, 4)[0] + 1
            struct.pack_into("=3q", memory, 8 + 24 * (turn % 2), self.now, boot, 0)
            struct.pack_into("=I", memory, 4, turn)

    def clock(self, at, quiet=True):
        """Moves the clock there, stopping at every moment at which something falls due."""
        at = self.moment(at)
        while quiet:
            due = self.settle().get("next")
            if not due or due >= at or due <= self.now:
                break
            self.set_clock(due)
        self.set_clock(at)
        return self.settle() if quiet else None

    def settle(self, patience=PATIENCE):
        """Waits until nothing is left to do at this moment; the scheduler's state."""
        end = time.monotonic() + patience
        while True:
            state = self.state(wait=True, patience=min(2, patience))
            if state and state["quiet"] and state["now"] >= self.now:
                return state
            for name, process in self.workers.items():
                if process.poll() is not None:
                    raise self.error(f"{name} ended with {process.returncode}")
            if time.monotonic() > end:
                raise self.error(f"not quiet after {patience} s: {state}")

    def state(self, wait=True, patience=PATIENCE):
        """What the scheduler says of itself; None when it does not answer."""
        with self.dial("scheduler") as door:
            door.send(msgpack.packb({"t": "tick", "now": self.now}))
            door.send(msgpack.packb({"t": "ask-state", "wait": True} if wait else {"t": "ask-state"}))
            end = time.monotonic() + patience
            while door.poll(max(0, int(1000 * (end - time.monotonic())))):
                frame = msgpack.unpackb(door.recv())
                if frame["t"] == "state":
                    return {"quiet": False, **frame}
        return None

    # ---- the front door ----

    def dial(self, process):
        door = self.zmq.socket(zmq.DEALER)
        door.linger = 0
        door.connect("ipc://" + self.path("run", process + ".ipc"))
        return door

    def request(self, body, patience=PATIENCE):
        """One frame in, one frame out; bytes go as they are. None when there is no answer."""
        with self.dial("intake") as door:
            door.send(body if isinstance(body, bytes) else msgpack.packb(body))
            return msgpack.unpackb(door.recv()) if door.poll(int(1000 * patience)) else None

    def send(self, type, body=None, id=None, **fields):
        """Says it and waits for what became of it: the answer. It is asked again under the same key
        while it is only accepted."""
        said = {"v": 1, "id": id or f"h-{next(self.numbers)}", "type": type, "body": {**(body or {}), **fields}}
        return self.until(lambda: self._decided(said), f"{type} is decided")

    def _decided(self, said):
        answer = self.request(said)
        if answer is None:
            raise self.error(f"no answer to {said}")
        return None if answer["status"] in ("accepted", "retry", "unknown") else answer

    def say(self, type, body=None, id=None, **fields):
        """Says what must be applied; its result."""
        answer = self.send(type, body, id, **fields)
        if answer["status"] != "applied":
            raise self.error(f"{type} {body or ''}{fields or ''}: {answer}")
        return answer.get("result") or {}

    def refused(self, code, type, body=None, id=None, **fields):
        """Says what must be refused with this code; the error."""
        answer = self.send(type, body, id, **fields)
        if answer["status"] != "refused" or answer["error"]["code"] != code:
            raise self.error(f"{type} {body or ''}{fields or ''}: not refused as {code}: {answer}")
        return answer["error"]

    def say_all(self, messages):
        """Many (type, body) at once, each of which must be applied; their results."""
        results, messages = [], list(messages)
        while messages:
            part = [{"v": 1, "id": f"h-{next(self.numbers)}", "type": type, "body": body}
                    for type, body in messages[:200]]
            messages = messages[200:]
            answers = self.request(part)
            if answers is None:
                raise self.error(f"no answer to {part[0]} and {len(part) - 1} more")
            for said, answer in zip(part, answers):
                answer = answer if answer["status"] == "applied" else self.until(
                    lambda: self._decided(said), f"{said['type']} is decided")
                if answer["status"] != "applied":
                    raise self.error(f"{said['type']} {said['body']}: {answer}")
                results.append(answer.get("result") or {})
        return results

    def play(self, what, until=None):
        """Lines (or a file of them) with their `at`. A house that is not running lets `cirkel play` do it;
        else they are said one after the other on the moving clock. The answers, by id."""
        if isinstance(what, str):
            with open(what) as file:
                lines = [json.loads(line) for line in file]
        else:
            lines = list(what)
        if not self.workers:
            path = os.path.join(self.folder, "play.jsonl")
            with open(path, "w") as file:
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            return self.run_cirkel("play", path, *(["--until", until] if until else []))
        answers = {}
        for line in lines:
            self.clock(line["at"])
            answers[line["id"]] = self.send(line["type"], line["body"], line["id"])
        if until:
            self.clock(until)
        return answers

    # ---- what became of it ----

    def ledger(self, *args, **filter):
        """Rows of `cirkel ledger --json`, oldest first; filter by field: rule=…, person=…, state=…."""
        rows = [json.loads(line) for line in self.run_cirkel("ledger", "--json", *args).lines]
        return [row for row in rows if all(row.get(name) == value for name, value in filter.items())]

    def records(self, kind, **filter):
        """Records of `cirkel list KIND --json`."""
        rows = [json.loads(line) for line in self.run_cirkel("list", kind, "--json").lines]
        return [row for row in rows if all(row.get(name) == value for name, value in filter.items())]

    def record(self, kind, **filter):
        rows = self.records(kind, **filter)
        if len(rows) != 1:
            raise self.error(f"{len(rows)} records of {kind} with {filter}, not one: {rows}")
        return rows[0]

    def letters(self, **filter):
        """The letters that left, in the order of the ledger; filter as for the ledger."""
        rows = {row["message_id"]: row for row in self.ledger() if row.get("message_id")}
        folder = self.path("outgoing/new")
        found = [Letter(os.path.join(folder, name), None) for name in sorted(os.listdir(folder))]
        for letter in found:
            letter.row = rows.get(letter.message_id)
            if letter.row is None:
                raise self.error(f"{letter.path} is a letter of no row: {letter.message_id}")
        found.sort(key=lambda letter: letter.row["no"])
        return [f for f in found if all(f.row.get(name) == value for name, value in filter.items())]

    def letter(self, **filter):
        found = self.letters(**filter)
        if len(found) != 1:
            raise self.error(f"{len(found)} letters with {filter}, not one: {found}")
        return found[0]

    # ---- to begin with ----

    def found(self, network="net", members=0, language="sv", **fields):
        """A host, a lead and an open network, with members m01, m02 … of the organisation host."""
        self.say_all([
            ("organisation.register", {"organisation": "host", "name": "Värdorganisationen", "kind": "research",
                                       "country": "SE"}),
            ("person.register", {"person": "lead", "name": "Lina Ledare", "email": "lead@host.example",
                                 "language": language, "organisation": "host"}),
            ("network.open", {"network": network, "name": {"sv": "Nätverket", "da": "Netværket", "en": "The network"},
                              "host": "host", "lead": "lead", "zone": self.zone, **fields})])
        return self.join(network, *[f"m{n:02}" for n in range(1, members + 1)], language=language)

    def join(self, network, *people, language="sv"):
        """People become known, and members by grant."""
        self.say_all(("person.register", {"person": p, "name": f"Person {p}", "email": f"{p}@kommun.example",
                                          "language": language}) for p in people)
        self.say_all(("membership.grant", {"network": network, "person": p, "source": "test"}) for p in people)
        return list(people)

    def plan(self, meeting="m1", network="net", starts="2022-04-05T09:00", **fields):
        return self.say("meeting.plan", {
            "meeting": meeting, "network": network, "kind": "network", "starts": starts, "minutes": 90,
            "mode": "video", "audience": "members",
            "title": {"sv": "Träff om möbler", "da": "Møde om møbler", "en": "Meeting on furniture"},
            **({"link": "https://video.example/" + meeting} if fields.get("mode", "video") == "video" else {}),
            **fields})

    def call(self, meeting="m1", **fields):
        """Plans a meeting and calls it."""
        self.plan(meeting, **fields)
        self.say("meeting.call", meeting=meeting)
        self.settle()

    def register(self, meeting, *people):
        return self.say_all(("registration.make", {"meeting": meeting, "person": p}) for p in people)

    def states(self, meeting):
        """Person to state of their registration."""
        return {row["person"]: row["state"] for row in self.records("registration", meeting=meeting)}


class Output(str):
    def __new__(cls, done):
        self = super().__new__(cls, done.stdout)
        self.errors, self.code = done.stderr, done.returncode
        return self

    @property
    def lines(self):
        return [line for line in self.split("\n") if line.strip()]


def hears(pid, number):
    """Whether it has begun to listen to that signal."""
    try:
        with open(f"/proc/{pid}/status") as file:
            caught = next(line for line in file if line.startswith("SigCgt:"))
    except FileNotFoundError:
        return True
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def equal(actual, expected, what=""):
    """Says both when they differ."""
    if actual != expected:
        raise AssertionError(f"{what or 'value'}\n     is {actual!r}\n not as {expected!r}")
