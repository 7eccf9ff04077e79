"""Both stories played while each process is killed by its name, and somebody asks the gateway all the time: the
ledger and the decisions are those of an undisturbed play, and whoever asked got every answer, once the gateway was
back. N=500 and SEED=… come from the environment: a play for each 50, the first ones with one victim each.
"""
import collections
import json
import os
import random
import signal
import struct
import subprocess
import threading
import time

import msgpack
import zmq

from tests.crash import rig
from tests.crash.invariants import demand
from tests.flow import danish_story_test as stories
from tests.harness.house import CLOCK_FORMAT, ROOT, equal

ROUNDS = max(1, rig.number("N", 25) // 50)
VICTIMS = ("scheduler", "intake", "notifier", "gateway", "cirkel")  # cirkel: the supervisor
KILLS_AT_ONCE = 8  # of a play
SILENCE = 0.4  # seconds until the same is asked again
PATIENCE = 100  # seconds for a process to be there again, or to answer


class Asker(threading.Thread):
    """Reads the facts from the first on, page by page, as they come into being; asks the same again after silence."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.path, self.over = house.path("run/gateway.ipc"), threading.Event()
        self.facts, self.answers, self.again, self.trouble = [], 0, 0, None
        self.start()

    def run(self):
        context = zmq.Context()
        door = context.socket(zmq.DEALER)
        door.linger = 0
        door.connect("ipc://" + self.path)
        number = 0
        while not self.over.is_set() and not self.trouble:
            number += 1
            self.ask(door, number)
        context.destroy(linger=0)

    def ask(self, door, number):
        asked = {"v": 1, "id": f"f-{number}", "query": "facts.since", "limit": 50,
                 "body": {"no": self.facts[-1]["no"] if self.facts else 0}}
        door.send(msgpack.packb(asked))
        while not self.over.is_set():
            if not door.poll(int(1000 * SILENCE)):
                self.again += 1
                door.send(msgpack.packb(asked))
                continue
            answer = msgpack.unpackb(door.recv())
            if answer["id"] != asked["id"]:
                continue  # the second answer to what was asked twice
            if answer["status"] == "ok":
                self.answers += 1
                self.facts += answer["rows"]
                time.sleep(0.002)  # the machine is for the play
            elif answer["status"] != "retry":
                self.trouble = answer
            return

    def finish(self):
        self.over.set()
        self.join()


class Play:
    """`cirkel play` of these lines, begun again from the first when it ended before its time. It is given them in
    parts, and cannot come to one that was not given yet."""

    def __init__(self, h, lines, parts):
        self.h, self.out = h, os.path.join(h.folder, "play.out")
        self.lines = [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines]
        self.ends = [len(lines) * part // parts for part in range(parts + 1)]
        self.part = 1
        self.begin()

    def begin(self):
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                [self.h.program("cirkel"), "play", "-", "--home", self.h.home], stdin=subprocess.PIPE, stdout=out,
                stderr=out, cwd=ROOT, bufsize=0)
        os.set_blocking(self.process.stdin.fileno(), False)
        self.said = 0
        self.h.workers["play"] = self.process  # so that it ends when the test does

    def goes_on(self):
        """False when the story is told."""
        code = self.process.poll()
        if code == 0:
            demand(self.said == len(self.lines), "the play was over before its last line")
            return False
        if code:
            self.process.stdin.close()
            self.begin()
        self.say()
        return True

    def say(self):
        """As many whole lines as the pipe takes, and after the last one its end."""
        pipe = self.process.stdin
        try:
            while not pipe.closed and self.said < self.ends[self.part] and pipe.write(self.lines[self.said]):
                self.said += 1
        except BrokenPipeError:
            pass  # it has ended
        if self.said == len(self.lines):
            pipe.close()

    def moment(self, r):
        """One of the part that it was given last."""
        line = r.choice(self.lines[self.ends[self.part - 1]:self.ends[self.part]])
        return self.h.moment(json.loads(line)["at"])

    def kill(self, name):
        """Whether it was there to be killed: the process that was noted last under that name, if it is still that."""
        try:
            with open(self.h.path("run", name + ".pid")) as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                args = file.read().decode().split("\0")
        except (OSError, ValueError):
            return False
        if is_dead(pid) or os.path.basename(args[0]) != name or self.h.home not in args:
            return False
        os.kill(pid, signal.SIGKILL)
        while not is_dead(pid):
            time.sleep(0.001)
        if name == "cirkel":
            self.process.stdin.close()  # so that a play that waits for its next line sees that it is alone
        return True


def is_dead(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def clock_of(h):
    """Where the story is; 0 before it has begun."""
    try:
        with open(h.path("run/clock"), "rb") as file:
            _, turn, *settings = struct.unpack(CLOCK_FORMAT, file.read())
        return settings[3 * (turn % 2)]
    except (OSError, struct.error):
        return 0


def play_and_kill(h, lines, r, victims):
    """Until the story is told: a kill in each part of it but the last, at a moment of that part or some time after the
    kill before, whichever comes first. The gateway is killed again only when it has answered again: twice, for the
    first answer may have been under way. Returns the asker, who goes on."""
    asker, play, answers = Asker(h), Play(h, lines, len(victims) + 1), 0
    for name in victims:
        moment, later = play.moment(r), time.monotonic() + r.uniform(0.1, 0.7)
        end = time.monotonic() + PATIENCE
        while not ((clock_of(h) >= moment or time.monotonic() >= later)
                   and (name != "gateway" or asker.answers >= answers + 2) and play.kill(name)):
            demand(not asker.trouble, f"an answer to a query: {asker.trouble}")
            demand(time.monotonic() < end,
                   f"no {name} to kill in {PATIENCE} s; since the last gateway {asker.answers - answers} answers")
            demand(play.goes_on(), f"the play was over before {name} was killed")
            time.sleep(0.005)
        if name == "gateway":
            answers = asker.answers
        play.part += 1
    end = time.monotonic() + PATIENCE
    while play.goes_on():
        demand(time.monotonic() < end, "the play does not end")
        time.sleep(0.02)
    del h.workers["play"]
    with open(play.out, errors="replace") as out:
        demand(", 0 refused" in out.read(), "something was refused")
    return asker


def read_to_the_end(h, asker, facts):
    """The programs run once more, for the asker to read every fact."""
    h.now, answers = clock_of(h), asker.answers
    h.start("scheduler", "gateway")
    h.until(lambda: asker.trouble or (asker.answers >= answers + 2 and len(asker.facts) >= len(facts)),
            "all facts are read")
    h.stop()
    asker.finish()
    demand(not asker.trouble, f"an answer to a query: {asker.trouble}")
    equal([(fact["no"], fact["type"]) for fact in asker.facts], [(fact["no"], fact["type"]) for fact in facts],
          "facts that were read, in order")


def round_of(h, number, r):
    if ROUNDS > 1 and number < len(VICTIMS):
        victims = [VICTIMS[number]] * 4
    else:
        victims = [*VICTIMS, *r.choices(VICTIMS[:4], k=KILLS_AT_ONCE - len(VICTIMS))]
        r.shuffle(victims)
    asker = play_and_kill(h, stories.both_merged(h)[0], r, victims)
    h.verify()
    rows = [json.loads(row) for row in stories.told(h)]
    stories.same_as_alone(rows, without=("no", "ended"))
    equal(stories.decisions(h), stories.lines_of(stories.DECISIONS), "decisions")
    read_to_the_end(h, asker, h.records("fact"))
    killed = collections.Counter(victims)
    print(f"{number + 1} of {ROUNDS}: {dict(killed)}; {len(rows)} rows, {asker.answers} answers to queries, "
          f"{asker.again} asked again", flush=True)
    return killed


def both_stories_with_kills_test(h):
    seed = rig.seeded("both_stories_with_kills_test")
    killed = collections.Counter()
    for number in range(ROUNDS):
        killed += round_of(h.another(f"round{number}"), number, random.Random(seed + number))
    print(f"{ROUNDS} plays, killed: {dict(killed)}")


both_stories_with_kills_test.timeout = 100 + 120 * ROUNDS
