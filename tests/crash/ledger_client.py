#!/usr/bin/python3
"""The outside client: says events, keeps what was answered, says the same again after silence. Never killed.

    ledger_client.py --home DIR --seed N --out FILE [--rate N]

It speaks until its standard input ends, then waits until every event is decided, and writes what it said
and every answer it got. Run by Client (below), which is what the tests use.
"""
import argparse
import json
import os
import random
import select
import subprocess
import sys
import time

import msgpack
import zmq

SILENCE = 0.5  # seconds until the same is said again
OUTSTANDING = 300
PATIENCE = 60  # seconds for what is left at the end
DECIDED = ("applied", "refused")
MEETINGS, PEOPLE = 6, 30


class Events:
    """What is said: registrations that race, cancellations, new people; the same for the same seed."""

    def __init__(self, seed):
        self.random, self.count, self.prefix = random.Random(seed), 0, f"c{seed % 100000}"

    def next(self):
        r = self.random
        self.count += 1
        person = f"m{r.randint(1, PEOPLE):02}"
        meeting = f"m{r.randint(1, MEETINGS)}"
        type, body = r.choices([
            ("registration.make", {"meeting": meeting, "person": person}),
            ("registration.cancel", {"meeting": meeting, "person": person}),
            ("preference.set", {"person": person, "class": "news", "on": r.random() < 0.5}),
            ("person.register", {"person": f"{self.prefix}-{self.count}", "name": "Ny Person",
                                 "email": f"{self.prefix}-{self.count}@ny.example", "language": "sv"}),
            ("registration.make", {"meeting": "nowhere", "person": person}),
        ], [45, 30, 10, 10, 5])[0]
        said = {"v": 1, "id": f"{self.prefix}-{self.count}", "type": type, "body": body}
        return {**said, "wait": "accepted"} if r.random() < 0.1 else said


class Talk:
    def __init__(self, home, seed, rate):
        self.events, self.rate, self.random = Events(seed), rate, random.Random(seed + 1)
        self.said, self.answers, self.waiting, self.unasked = {}, {}, {}, 0
        self.door = zmq.Context.instance().socket(zmq.DEALER)
        self.door.linger = 0
        self.door.connect(f"ipc://{home}/run/intake.ipc")
        self.frames = 0

    def say(self, ids):
        frame = [self.said[i] for i in ids]
        try:
            self.door.send(msgpack.packb(frame if len(frame) > 1 else frame[0]), zmq.DONTWAIT)
            self.frames += 1
        except zmq.Again:
            pass  # nobody is there; silence will have it said again
        for i in ids:
            self.waiting[i] = time.monotonic()

    def say_new(self):
        new = [self.events.next() for _ in range(1 if self.random.random() < 0.5 else self.random.randint(2, 20))]
        self.said.update((said["id"], said) for said in new)
        self.say([said["id"] for said in new])

    def say_old(self):
        """Something that was decided long ago: the answer must be the same."""
        if self.answers:
            self.say([self.random.choice(list(self.answers))])

    def say_again(self):
        late = [i for i, at in self.waiting.items() if time.monotonic() - at > SILENCE]
        for i in late[:OUTSTANDING]:
            self.say([i])

    def hear(self):
        while self.door.poll(0):
            answer = msgpack.unpackb(self.door.recv())
            for one in answer if isinstance(answer, list) else [answer]:
                self.take(one)

    def take(self, answer):
        i, status = answer["id"], answer["status"]
        if i not in self.said:
            self.unasked += 1
            return
        self.answers.setdefault(i, []).append(
            {"status": status, "seq": answer.get("seq", 0), "code": answer.get("error", {}).get("code"),
             "at": time.time()})
        if status in DECIDED or status == "conflict":
            self.waiting.pop(i, None)
        elif status == "accepted" and "wait" in self.said[i]:
            del self.said[i]["wait"]  # now it wants to know what became of it
            self.waiting[i] = time.monotonic() - SILENCE + 0.1
        elif i in self.waiting:
            self.waiting[i] = time.monotonic() - SILENCE / 2

    def talk(self, until):
        allowed = 0.0
        before = time.monotonic()
        while not until():
            now = time.monotonic()
            allowed, before = min(allowed + (now - before) * self.rate, 40), now
            while allowed >= 1 and len(self.waiting) < OUTSTANDING:
                said = len(self.said)
                self.say_new()
                allowed -= len(self.said) - said
                if self.random.random() < 0.05:
                    self.say_old()
            self.door.poll(10)
            self.hear()
            self.say_again()

    def finish(self):
        end = time.monotonic() + PATIENCE
        while self.waiting and time.monotonic() < end:
            self.door.poll(20)
            self.hear()
            self.say_again()


class Client:
    """The client as a process of its own."""

    def __init__(self, house, seed, rate=150):
        self.out = os.path.join(house.folder, f"client-{seed}.json")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.abspath(__file__), "--home", house.home, "--seed", str(seed), "--out",
             self.out, "--rate", str(rate)], stdin=subprocess.PIPE)

    def finish(self):
        """Waits until all is decided; what was said and answered."""
        self.process.stdin.close()
        code = self.process.wait(PATIENCE + 20)
        assert code == 0, f"the client ended with {code}"
        with open(self.out) as file:
            return json.load(file)

    def kill(self):
        self.process.kill()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--rate", type=float, default=150)
    args = parser.parse_args()
    talk = Talk(args.home, args.seed, args.rate)
    talk.talk(lambda: bool(select.select([sys.stdin], [], [], 0)[0]))
    talk.finish()
    with open(args.out, "w") as file:
        json.dump({"said": talk.said, "answers": talk.answers, "open": sorted(talk.waiting),
                   "unasked": talk.unasked, "frames": talk.frames}, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
