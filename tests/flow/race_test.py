"""Sixteen clients say the same at the same moment: half of them under one key, as a frontend that asks
again, half under keys of their own, as people who press twice. A year of each story so leaves what it
leaves undisturbed. And where they want different things, there are never more places than there are."""
import datetime
import json

import msgpack
import zmq

from tests.flow.danish_story_test import EXPECTED as DANISH_LEDGER
from tests.flow.danish_story_test import SAMPLE as DANISH
from tests.flow.danish_story_test import lines_of, told, until
from tests.flow.swedish_story_test import EXPECTED as SWEDISH_LEDGER
from tests.flow.swedish_story_test import SAMPLE as SWEDISH
from tests.harness.house import PATIENCE, equal

CLIENTS = 16
RACED = ("application.", "offer.", "registration.")
REPEATABLE = {"application.edit", "registration.change", "registration.answer"}  # said again it is so still


class Clients:
    """As many connections to the front door, each with one request under way at a time."""

    def __init__(self, house):
        self.house = house
        self.doors = [house.dial("intake") for _ in range(CLIENTS)]
        self.poller = zmq.Poller()
        for door in self.doors:
            self.poller.register(door, zmq.POLLIN)

    def close(self):
        for door in self.doors:
            door.close()

    def say(self, requests):
        """The n-th client says the n-th request, all before any answer is read. The answers, in that order."""
        for door, said in zip(self.doors, requests):
            door.send(msgpack.packb(said))
        answers, waiting = {}, len(requests)
        while waiting:
            ready = self.poller.poll(1000 * PATIENCE)
            if not ready:
                raise self.house.error(f"{waiting} of {len(requests)} clients wait for an answer to {requests[0]}")
            for door, _ in ready:
                answers[door] = msgpack.unpackb(door.recv())
                waiting -= 1
        found = [answers[door] for door in self.doors[:len(requests)]]
        return [answer if answer["status"] in ("applied", "refused") else
                self.house.until(lambda said=said: self.house._decided(said), f"{said} is decided")
                for said, answer in zip(requests, found)]


def requests_of(line):
    """One event as all clients say it: the even ones under its own key, the odd ones under one of theirs."""
    return [{"v": 1, "id": line["id"] if n % 2 == 0 else f"{line['id']}-{n}", "type": line["type"],
             "body": line["body"]} for n in range(CLIENTS)]


def outcome(answer):
    return answer["status"], answer.get("error", {}).get("code")


def check_answers(line, answers):
    """Who asked under the same key got the same; what can be done once was done once."""
    equal({outcome(answer) for answer in answers[::2]}, {outcome(answers[0])}, f"answers to {line}")
    applied = [answer for answer in [answers[0], *answers[1::2]] if answer["status"] == "applied"]
    if line["type"] in REPEATABLE:
        assert applied, line
    else:
        equal(len(applied), 1, f"how often {line} was applied")


def race_a_year(h, sample, ledger):
    lines = lines_of(sample)
    first = datetime.date.fromisoformat(lines[0]["at"][:10])
    end = first.replace(year=first.year + 1).isoformat()
    lines = [line for line in lines if line["at"][:10] < end]
    h.init(at=lines[0]["at"])
    h.start()
    clients, raced = Clients(h), 0
    for line in lines:
        if h.moment(line["at"]) != h.now:
            h.clock(line["at"])
        if not line["type"].startswith(RACED):
            h.say(line["type"], line["body"], id=line["id"])
            continue
        check_answers(line, clients.say(requests_of(line)))
        raced += 1
    h.clock(end + "T00:00:00+00:00")
    clients.close()
    h.verify()
    assert raced > 60, f"{raced} events were raced only"

    rows, wanted = [json.loads(row) for row in told(h)], lines_of(ledger)
    key = lambda row: json.dumps(row, sort_keys=True)  # noqa: E731
    equal(sorted(until(rows, end), key=key), sorted(until(wanted, end), key=key), "the ledger")
    decided = {row["id"]: row["status"] for row in h.records("decision")}
    equal(len(decided), len(lines) + raced * CLIENTS // 2, "decisions: one a key")


def race_a_swedish_year_test(h):
    race_a_year(h, SWEDISH, SWEDISH_LEDGER)


def race_a_danish_year_test(h):
    race_a_year(h, DANISH, DANISH_LEDGER)
    places = h.record("programme", programme="cirkulaere-byer")
    equal((places["taken"], places["places"]), (6, 6), "places")
    equal(len(h.records("participation")), 6, "who takes part")


race_a_swedish_year_test.timeout = race_a_danish_year_test.timeout = 300


def race_for_places_test(h):
    """Sixteen people and six places, each asked for twice at once; then all change their minds at once."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=CLIENTS)
    h.call("m1", starts="2022-03-22T09:00", capacity=6)
    people, clients = [f"m{n + 1:02}" for n in range(CLIENTS)], Clients(h)

    def all_say(word, type):
        return clients.say([{"v": 1, "id": f"{word}-{person}", "type": type,
                             "body": {"meeting": "m1", "person": person}} for person in people])

    for word in ("once", "twice"):
        answers = all_say(word, "registration.make")
        equal({outcome(a) for a in answers}, {("applied", None)} if word == "once" else {("refused", "already")}, word)
    states = h.states("m1")
    equal(sorted(states.values()), ["registered"] * 6 + ["waiting"] * 10)
    queue = sorted(row["queue"] for row in h.records("registration") if row["state"] == "waiting")
    equal(len(set(queue)), 10, "numbers on the waiting list")

    # Half cancel while the others accept an offer that they may or may not have by then.
    leaving = set(people[::2])
    said = [{"v": 1, "id": f"third-{person}", "body": {"meeting": "m1", "person": person},
             "type": "registration.cancel" if person in leaving else "registration.accept_offer"} for person in people]
    answers = dict(zip(people, clients.say(said)))
    equal({outcome(answers[person]) for person in leaving}, {("applied", None)}, "who cancelled")
    meeting, states = h.record("meeting", meeting="m1"), h.states("m1")
    equal({states[person] for person in leaving}, {"cancelled"}, "who cancelled")
    have = sum(states[person] in ("registered", "offered") for person in people)
    equal((meeting["registered"], have), (6, 6), "places taken")
    equal(list(states.values()).count("waiting"), meeting["waiting"], "who waits")
    clients.close()
    h.verify()


def race_for_offers_test(h):
    """Six offers, each accepted and refused by several at once: one answer counts, reserves move up, six remain."""
    lines = lines_of(DANISH)
    release = next(n for n, line in enumerate(lines) if line["type"] == "decision.release")
    h.init(at=lines[0]["at"])
    h.start()
    for line in lines[:release + 1]:
        if h.moment(line["at"]) != h.now:
            h.clock(line["at"])
        h.say(line["type"], line["body"], id=line["id"])
    h.settle()
    offered = h.records("application", state="selected")
    equal(len(offered), 6, "offers")
    clients = Clients(h)
    for turn, application in enumerate(offered):
        body = {"application": application["application"], "person": application["contact"]}
        answers = clients.say([
            {"v": 1, "id": f"race-{turn}-{n}", "type": ("offer.accept", "offer.refuse")[(n + turn) % 2], "body": body}
            for n in range(CLIENTS)])
        equal(sum(answer["status"] == "applied" for answer in answers), 1, "answers that count")
        programme = h.record("programme", programme="cirkulaere-byer")
        states = [row["state"] for row in h.records("application")]
        have = states.count("selected") + states.count("accepted")
        equal((programme["taken"] <= 6, programme["taken"]), (True, have), f"places after {turn + 1} answers")
    clients.close()
    h.settle()
    equal(len(h.records("participation")), states.count("accepted"), "who takes part")
    h.verify()


race_for_offers_test.timeout = 240
