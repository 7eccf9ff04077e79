"""Both stories played while each process is killed by its name, and somebody asks the gateway all the time: the
ledger and the decisions are those of an undisturbed play, and whoever asked got every answer, once the gateway was
back. N=500 and SEED=… come from the environment: a play for each 50, the first ones with one victim each.
"""
import collections
import json
import os
import random
import signal
import subprocess
import threading
import time

import msgpack
import zmq

from tests.crash import rig
from tests.crash.invariants import demand
from tests.flow import danish_story_test as stories
from tests.harness.house import ROOT, equal
from tests.harness.play import Play, clock_of

ROUNDS = max(1, rig.number("N", 25) // 50)
VICTIMS = ("scheduler", "intake", "notifier", "gateway", "cirkel")  # cirkel: the supervisor
KILLS_AT_ONCE = 8  # of a play
SILENCE = 0.4  # seconds until the same is asked again


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


def play_and_kill(h, lines, r, victims):
    """Until the story is told. The gateway is killed again only when it has answered again: twice, for the first answer
    may have been under way. Returns the asker, who goes on."""
    asker, play, answers = Asker(h), Play(h, lines, len(victims) + 1), 0

    def has_answered():
        demand(not asker.trouble, f"an answer to a query: {asker.trouble}")
        return asker.answers >= answers + 2

    for name in victims:
        play.strike(r, lambda: play.kill(name), has_answered if name == "gateway" else lambda: True)
        if name == "gateway":
            answers = asker.answers
    demand(", 0 refused" in play.to_the_end(), "something was refused")
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


def said_when_something_falls_due():
    """Somebody becomes a member at the very moment of a reminder, and a minute later something else is said."""
    lines = []

    def say(at, type, **body):
        lines.append({"id": f"l{len(lines)}", "at": at + ":00+01:00", "type": type, "body": body})

    def member(at, person):
        say(at, "person.register", person=person, name=person, email=f"{person}@kommun.example", language="sv")
        say(at, "membership.grant", network="net", person=person, source="test")

    say("2022-03-01T09:00", "organisation.register", organisation="host", name="Host", kind="research", country="SE")
    say("2022-03-01T09:00", "person.register", person="lead", name="Lead", email="lead@host.example", language="sv")
    say("2022-03-01T09:00", "network.open", network="net", name={"sv": "Nätverket"}, host="host", lead="lead",
        zone="Europe/Stockholm")
    member("2022-03-01T09:00", "m1")
    say("2022-03-01T09:00", "meeting.plan", meeting="m", network="net", kind="network", starts="2022-03-09T09:00",
        minutes=90, mode="video", link="https://video.example/", audience="lead", title={"sv": "Träff"})
    say("2022-03-01T09:00", "meeting.call", meeting="m")
    say("2022-03-01T09:00", "registration.make", meeting="m", person="m1")
    member("2022-03-02T09:00", "m2")  # a week before
    say("2022-03-02T09:01", "idea.send", network="net", person="m1", text="En idé")
    member("2022-03-08T09:00", "m3")  # a day before
    say("2022-03-08T09:01", "idea.send", network="net", person="m1", text="En till")
    return lines


def played_by_fits_and_starts_test(h):
    """The scheduler stands still in each commit for longer than the player waits before it asks again: asked twice it
    answers twice, and the second answer is not taken for one to what is said next."""
    lines, path = said_when_something_falls_due(), os.path.join(h.folder, "lines.jsonl")
    again = h.another("again")
    again.play(lines)
    with open(path, "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    play = subprocess.Popen([h.program("cirkel"), "play", path, "--home", h.home], stdout=subprocess.DEVNULL, cwd=ROOT,
                            env={**os.environ, **rig.faults(h, "scheduler", *(f"scheduler.before_commit {n} stop"
                                                                              for n in range(20, 48)))})
    h.workers["play"] = play  # so that it ends when the test does
    stops = 0
    while play.poll() is None:
        stops += go_on_after(h.path("run/scheduler.pid"), 1.1)
        time.sleep(0.01)
    equal(h.workers.pop("play").returncode, 0)
    for row, wanted in zip(stories.told(h), stories.told(again)):
        equal(row, wanted, "a row of the ledger")
    equal(len(stories.told(h)), len(stories.told(again)), "rows")
    print(f"{stops} stops")


played_by_fits_and_starts_test.timeout = 150


def go_on_after(path, seconds):
    """Whoever stands still there goes on; whether it stood."""
    try:
        with open(path) as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/stat") as file:
            stopped = file.read().rsplit(")", 1)[1].split()[0] == "T"
    except (OSError, ValueError):
        return False  # it does not run yet, or any more
    if stopped:
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
    return stopped


def both_stories_with_kills_test(h):
    seed = rig.seeded("both_stories_with_kills_test")
    killed = collections.Counter()
    for number in range(ROUNDS):
        killed += round_of(h.another(f"round{number}"), number, random.Random(seed + number))
    print(f"{ROUNDS} plays, killed: {dict(killed)}")


both_stories_with_kills_test.timeout = 100 + 120 * ROUNDS
