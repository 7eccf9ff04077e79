"""Releases under kills: letters that were held leave together, or paced, and a process is killed at fire, arm,
dot or result, again and again. What it leaves equals an undisturbed run; a kill after the dot may cost one copy
more, one before it none. N=500 and SEED=… come from the environment: a round for each 50.
"""
import collections
import math
import random
import time

from tests.crash import rig
from tests.crash.invariants import demand
from tests.flow import catchup_test, decisions_test
from tests.harness.house import equal
from tests.harness.relay import Relay

ROUNDS = max(1, rig.number("N", 25) // 50)
KILLED_LEAST = 6  # of the thirteen that are planned for a round
DOT = "dot"  # the mail server has it
FIRE = ("store.before_commit", "store.after_commit", "scheduler.before_commit", "scheduler.committed_not_told")
SEND = ("notifier.ready_not_armed", "notifier.armed_not_sent", "notifier.sent_not_reported", DOT)


def mail(relay):
    return {"channel": "smtp", "smtp_host": relay.host, "smtp_port": relay.port, "smtp_ca_file": relay.ca,
            "smtp_hello": "cirkel.example", "smtp_pause": "0s", "smtp_connections": 1, "lease": "1s"}


# ---- killing ----

class Kills:
    """Every scheduler and notifier of the story is born with the place where it is to fall, so that no other kill
    than those that are counted can have cost a copy."""

    def __init__(self, h, relay, r, moments):
        self.h, self.relay, self.moments, self.planned = h, relay, moments, {}
        self.struck, self.dots = [], collections.Counter()
        self.fire = [(point, r.choice((1, 2, 3, 5, 8))) for point in FIRE] + \
                    [(r.choice(FIRE), r.randint(1, 4)) for _ in range(4)]
        self.send = [(point, r.choice((1, 2, 3))) for point in SEND] + [(r.choice(SEND), r.randint(1, 2))]
        r.shuffle(self.fire)
        r.shuffle(self.send)

    def spawn(self, name, kills):
        self.planned[name] = kills.pop() if kills else None
        point, visit = self.planned[name] or (None, 0)
        at_a_point = point not in (None, DOT)
        rig.spawn(self.h, name, env=rig.faults(self.h, name, f"{point} {visit} kill") if at_a_point else None)
        if name == "notifier":
            self.relay.on = {"dot": self.fall(self.h.workers[name], visit)} if point == DOT else {}

    def fall(self, process, visit):
        """The notifier falls when the mail server has the visit-th letter, and before that has said so."""
        left = [visit]

        def at_the_dot(_session):
            left[0] -= 1
            if left[0] == 0:
                process.kill()
                process.wait()
        return at_the_dot

    def bury(self, name):
        """Whether it fell, and where it was to."""
        process = self.h.workers.get(name)
        if not process or process.poll() is None:
            return process is None
        equal(process.returncode, -9, f"the end of {name} at {self.planned[name]}")
        self.struck.append(self.planned[name][0])
        if name == "notifier" and self.relay.messages:
            self.dots[self.relay.messages[-1].message_id] += 1
        del self.h.workers[name]
        return True

    def go_to(self, at):
        """The moment comes while the scheduler is away; until all is done then, whoever falls is started again."""
        h, end = self.h, time.monotonic() + 60
        h.kill("scheduler")
        if not self.planned:
            h.stop("notifier")  # the only one that was born without
        h.set_clock(at)
        now = [self.fire.pop() for _ in range(math.ceil(len(self.fire) / self.moments)) if self.fire]
        self.moments -= 1
        while True:
            for name, kills in (("scheduler", now), ("notifier", self.send)):
                if self.bury(name):
                    self.spawn(name, kills)
            state = h.state(wait=True, patience=0.3)
            if state and state["quiet"] and state["now"] >= h.now and not self.bury("notifier"):
                return
            demand(time.monotonic() < end, f"not done after the kills at {self.struck}: {state}")

    def end(self):
        """Those that are idle, and were born to fall, give place to others."""
        self.h.kill("scheduler")
        self.h.start("scheduler")
        self.h.stop("notifier")
        self.h.start("notifier")
        self.relay.on = {}


# ---- what it leaves ----

def told(row):
    names = ("rule", "about_kind", "about", "person", "due", "useful", "state", "hold")
    why = "" if row["state"] == "accepted" else row.get("reason")  # what had been in doubt says so
    return (*(str(row.get(name)) for name in names), why)


def what_it_left(h):
    decisions = h.records("decision")
    settled = {d["seq"] for d in decisions if d["type"] == "delivery.settle"}
    return {"ledger": sorted(told(row) for row in h.records("ledger")),
            "decisions": [(d["seq"], d["id"], d["type"], d["status"]) for d in decisions if d["seq"] not in settled],
            "facts": sorted((f["type"], str(f.get("about")), f.get("seq", 0)) for f in h.records("fact")
                            if f.get("seq") not in settled),
            "applications": h.records("application"), "holds": h.records("hold")}


def settle_doubts(h, relay):
    """Letters of unknown fate that may not leave a third time by themselves: a person has asked the mail server."""
    for row in h.records("ledger", state="unknown"):
        demand(row.get("resends") == 1, f"unknown without a second try: {row}")
        h.say("delivery.settle", delivery=row["no"], outcome="sent" if relay.copies(row["message_id"]) else "not-sent")
    h.settle()


def check_copies(h, relay, since, dots):
    """Each letter is with the mail server, with the same bytes each time; and again only if its dot was the last
    before the notifier fell: what was not before its dot, or was known to have left, costs no copy."""
    copies, extra, letters = collections.defaultdict(list), 0, 0
    for message in relay.messages:
        copies[message.message_id].append(message.bytes)
    for row in h.records("ledger", state="accepted"):
        mine = copies.pop(row["message_id"], [])
        demand(mine or h.moment(row["ended"]) <= since, f"accepted, and not there: {row}")
        demand(len(set(mine)) <= 1, f"a copy with other bytes: {row}")
        demand(len(mine) <= 1 + row.get("resends", 0), f"{len(mine)} copies of {row}")
        demand(len(mine) <= 1 + dots[row["message_id"]], f"{len(mine)} copies, and not by a kill after its dot: {row}")
        extra += max(0, len(mine) - 1)
        letters += bool(mine) and h.moment(row["ended"]) >= since
    demand(not copies, f"letters of no row: {list(copies)[:3]}")
    return letters, extra


def go_through(h, story, r=None):
    """The story, with kills when there is a chance to take them from; what it left."""
    relay = Relay(h.folder)
    story.begin(h, mail(relay))
    since, kills = h.now, None
    moments = [h.moment(at) for at in story.moments]
    story.release(h)
    if r:
        kills = Kills(h, relay, r, len(moments))
    for at in moments:
        (kills.go_to if kills else h.clock)(at)
    if kills:
        kills.end()
    settle_doubts(h, relay)
    h.clock(moments[-1] + 30 * 60_000)
    h.verify()
    letters, extra = check_copies(h, relay, since, kills.dots if kills else collections.Counter())
    story.check(h)
    left = what_it_left(h)
    h.stop()
    relay.close()
    return left, {"letters": letters, "kills": kills and kills.struck, "copies more": extra}


def under_kills(h, story, name):
    seed = rig.seeded(name)
    expected, seen = go_through(h.another("calm"), story)
    demand(seen["letters"] >= story.letters, f"only {seen['letters']} letters")
    kills = copies = 0
    for number in range(ROUNDS):
        left, seen = go_through(h.another(f"round{number}"), story, random.Random(seed + number))
        for part, was in expected.items():
            missing, more = [one for one in was if one not in left[part]], [one for one in left[part] if one not in was]
            equal((missing, more), ([], []), f"{part} after {seen} in round {number}: missing, and more")
            equal(len(left[part]), len(was), part)
        demand(len(seen["kills"]) >= KILLED_LEAST, f"killed at {seen['kills']} only")
        kills, copies = kills + len(seen["kills"]), copies + seen["copies more"]
        print(f"{number + 1} of {ROUNDS} rounds: {kills} kills, {copies} copies more", flush=True)
        h.others.pop().close()


# ---- the stories ----

class Decisions:
    """Nine decisions of a programme, told together when their window is over."""
    letters, moments = 17, ("2022-02-28T09:10", "2022-02-28T09:11")

    def begin(self, h, settings):
        decisions_test.decided(h, **settings)

    def release(self, h):
        h.say("decision.release", id="release", programme="cirkulaere-byer", window=10)

    def check(self, h):
        rows = [row for rule in decisions_test.ANSWERS for row in h.ledger(rule=rule)]
        twice = collections.Counter((row["about"], row["person"]) for row in rows)
        equal((len(rows), set(twice.values())), (17, {1}), "each is told once")


class Catchup:
    """What an outage left, released at a pace: killed between one letter and the next."""
    letters, moments = 18, tuple(f"2022-04-04T12:0{minute}:{second}" for minute in range(4) for second in ("10", "40"))

    def begin(self, h, settings):
        catchup_test.away(h, members=10, week=8, today=10, **settings)

    def release(self, h):
        equal(h.say("catchup.release", id="go", rate=5)["released"], 18)

    def check(self, h):
        equal({row["state"] for row in h.ledger("--since", "2022-04-04T06:30", hold="catchup")}, {"accepted"})
        equal(h.record("hold")["state"], "ended")


class Letter:
    """A letter to everybody, which could be taken back for ten minutes."""
    letters, moments = 20, ("2022-03-01T09:10", "2022-03-01T09:11")

    def begin(self, h, settings):
        h.init(at="2022-03-01T09:00", **settings)
        h.start()
        h.found(members=20)
        h.settle()

    def release(self, h):
        h.say("letter.send", {"class": "news"}, id="letter", audience="members", network="net", subject="Nytt",
              text="Hej {{person.name}}!", window=10, count=20)

    def check(self, h):
        equal(collections.Counter(row["state"] for row in h.ledger(rule="letter")), {"accepted": 20})


def decisions_released_under_kills_test(h):
    under_kills(h, Decisions(), "decisions_released_under_kills_test")


def catchup_released_under_kills_test(h):
    under_kills(h, Catchup(), "catchup_released_under_kills_test")


def letter_sent_under_kills_test(h):
    under_kills(h, Letter(), "letter_sent_under_kills_test")


for test in (decisions_released_under_kills_test, catchup_released_under_kills_test, letter_sent_under_kills_test):
    test.timeout = 120 + 90 * ROUNDS
del test
