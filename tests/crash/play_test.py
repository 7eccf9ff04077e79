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


class Play:
    """`cirkel play` of the file, begun again from its first line when it ended before its time."""

    def __init__(self, h, path):
        self.h, self.path, self.out = h, path, os.path.join(h.folder, "play.out")
        self.begin()

    def begin(self):
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                [self.h.program("cirkel"), "play", self.path, "--home", self.h.home], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, cwd=ROOT)
        self.h.workers["play"] = self.process  # so that it ends when the test does

    def is_over(self):
        if self.process.poll() is None:
            return False
        if self.process.returncode:
            self.begin()
        return self.process.poll() == 0

    def kill(self, name):
        """Whether it was there to be killed: the process that was noted last under that name, if it is still that."""
        try:
            with open(self.h.path("run", name + ".pid")) as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                args = file.read().decode().split("\0")
            with open(f"/proc/{pid}/stat") as file:
                is_dead = file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except (OSError, ValueError):
            return False
        if is_dead or os.path.basename(args[0]) != name or self.h.home not in args:
            return False
        os.kill(pid, signal.SIGKILL)
        return True


def play_and_kill(h, path, r, victims):
    """Until the story is told; how often each was killed, and what was asked meanwhile."""
    killed, asker, play = collections.Counter(), Asker(h), Play(h, path)
    end, waiting = time.monotonic() + 100 + 20 * len(victims), list(victims)
    while not play.is_over():
        demand(time.monotonic() < end, f"the play does not end; killed: {dict(killed)}")
        time.sleep(r.uniform(0.1, 0.7))
        asked = asker.answers
        if waiting and (waiting[0] != "gateway" or asked) and play.kill(waiting[0]):
            killed[waiting.pop(0)] += 1
    del h.workers["play"]
    asker.finish()
    demand(not asker.trouble, f"an answer to a query: {asker.trouble}")
    demand(not waiting, f"the play was over before {waiting} were killed")
    with open(play.out, errors="replace") as out:
        demand(", 0 refused" in out.read(), "something was refused")
    return killed, asker


def round_of(h, number, r):
    if ROUNDS > 1 and number < len(VICTIMS):
        victims = [VICTIMS[number]] * 4
    else:
        victims = [*VICTIMS, *r.choices(VICTIMS[:4], k=KILLS_AT_ONCE - len(VICTIMS))]
        r.shuffle(victims)
    path = stories.both_merged(h)[1]
    killed, asker = play_and_kill(h, path, r, victims)
    h.verify()
    rows = [json.loads(row) for row in stories.told(h)]
    stories.same_as_alone(rows, without=("no", "ended"))
    equal(stories.decisions(h), stories.lines_of(stories.DECISIONS), "decisions")
    facts = h.records("fact")
    equal([fact["no"] for fact in asker.facts], list(range(1, len(asker.facts) + 1)), "facts that were read, in order")
    told = [(fact["no"], fact["type"]) for fact in facts[:len(asker.facts)]]
    equal([(fact["no"], fact["type"]) for fact in asker.facts], told, "facts that were read")
    demand(len(asker.facts) > len(facts) // 10, f"{len(asker.facts)} of {len(facts)} facts were read")  # it is killed, too
    demand(asker.again >= killed["gateway"], f"asked again {asker.again} times for {killed['gateway']} kills")
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
