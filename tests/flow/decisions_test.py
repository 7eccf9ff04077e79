"""Decisions are looked at, released, taken back, and released again; nothing is said before the window is over."""
import json
import re

from tests.harness.house import equal

SAMPLE = "config/samples/cirkulaere-byer.jsonl"
ANSWERS = ("application-selected", "application-reserve", "application-declined")


def decided(h, **settings):
    """The Danish programme on the morning of its release."""
    lines = []
    with open(SAMPLE) as file:
        for line in map(json.loads, file):
            if line["type"] == "decision.release":
                break
            lines.append(line)
    h.zone = "Europe/Copenhagen"
    h.play(lines, until="1h")
    h.configure(**settings)
    h.set_clock("2022-02-28T09:00")
    h.start()
    h.settle()


def told(h):
    return [letter for rule in ANSWERS for letter in h.letters(rule=rule)]


def states(h):
    return sorted({a["state"] for a in h.records("application") if a.get("outcome")})


def decisions_taken_back_test(h):
    decided(h)
    before = states(h)
    said = h.run_cirkel("decisions", "cirkulaere-byer")
    assert "9 decisions of cirkulaere-byer are made and not told" in said and "--count 9" in said, said
    assert "ans-kolding" in said and "application-declined" in said and "kolding-klima" in said, said
    for letter in ANSWERS:
        equal(said.count(f"---- {letter} in da, as "), 1, said)
    assert "Tak for ansøgningen fra Eksempel C Kommune" in said and "{{" not in said, said
    links = set(re.findall(r"https?://\S+", said))
    assert links and all(link.rstrip(">)").endswith("/l/sample") for link in links), links
    look = json.loads(h.run_cirkel("decisions", "cirkulaere-byer", "--json"))
    samples = {(s["letter"], s["language"]): s for s in look["samples"]}
    equal(set(samples), {(line["letter"], line["language"]) for line in look["letters"] if line["state"] == "goes"})
    equal(len(told(h)), 0, "a look says nothing")
    h.run_cirkel("decisions", "cirkulaere-byer", "--count", "8", code=3)
    h.run_cirkel("decisions", "cirkulaere-byer", "--count", "9", "--window", "10 days", code=2)
    h.refused("not-found", "hold.undo", hold=7)

    said = h.run_cirkel("decisions", "cirkulaere-byer", "--count", "9", "--window", "10m")
    assert "2022-02-28T09:10:00+01:00" in said, said
    hold = h.records("hold")[-1]
    equal((hold["kind"], hold["state"], hold["count"]), ("decisions", "open", 9))
    queues = h.run_cirkel("queues")
    assert "9 decisions of cirkulaere-byer are told at 2022-02-28T09:10:00+01:00" in queues, queues
    h.clock("2022-02-28T09:09")
    equal((states(h), len(told(h))), (before, 0), "nobody hears anything")
    h.refused("wrong-state", "decision.release", programme="cirkulaere-byer")
    h.refused("wrong-state", "decision.make", application="ans-kolding", outcome="declined", reasons="r")
    h.run_cirkel("undo", hold["no"])
    h.run_cirkel("undo", hold["no"], code=3)
    h.clock("2022-02-28T12:00")
    equal((states(h), len(told(h))), (before, 0), "taken back: as if it had not been said")
    h.verify()

    h.run_cirkel("decisions", "cirkulaere-byer", "--count", "9")
    hold = h.records("hold")[-1]["no"]
    h.kill("scheduler")
    h.start("scheduler")
    h.clock("2022-02-28T12:10")
    equal(len(told(h)), 17, "told together when the window was over")
    for sample in samples.values():
        letter = h.letter(rule=sample["letter"], person=sample["person"])
        equal(letter.subject, sample["subject"], "the sample is the letter")
        dead = re.escape(" ".join(sample["text"].split()))
        assert re.fullmatch(dead.replace("/l/sample", r"/l/\S+"), letter.text), (letter.text, sample["text"])
    h.refused("too-late", "hold.undo", hold=hold)
    offers = {h.moment(a["offered"]) for a in h.records("application", state="selected")}
    equal(offers, {h.moment("2022-02-28T12:10:00")}, "offers run from when they were told")
    h.run_cirkel("decisions", "cirkulaere-byer", code=3)
    h.verify()


def decisions_before_the_end_test(h):
    """A hold may be told before its window is over; and what stands against it by then stops it, with the reason."""
    decided(h)
    h.say("decision.release", programme="cirkulaere-byer", window=60)
    h.say("programme.update", programme="cirkulaere-byer", places=5)
    h.clock("2022-02-28T10:00")
    hold = h.records("hold")[-1]
    equal((hold["state"], len(told(h))), ("undone", 0))
    assert "5 places" in hold["reason"], hold
    h.say("programme.update", programme="cirkulaere-byer", places=6)
    h.say("decision.release", programme="cirkulaere-byer", window=60)
    h.run_cirkel("release", "hold:%d" % h.records("hold")[-1]["no"])
    h.settle()
    equal(len(told(h)), 17)
    h.clock("2022-02-28T12:00")
    equal(len(told(h)), 17)
    h.verify()
