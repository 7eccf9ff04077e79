"""Why somebody was written to, or was not: the whole chain, in sentences and as JSON."""
import json
import os
import time

from tests.flow import programme_test as programme
from tests.flow.apply_test import other_config
from tests.harness.house import equal


def why(h, *args):
    return json.loads(h.run_cirkel("why", *args, "--json"))["lines"]


def rule(lines, name):
    found = [line for line in lines if line.get("rule") == name]
    equal(len(found), 1)
    return found[0]


def pain_11_why_she_did_not_get_it_test(h):
    """Four people and one meeting: registered, not registered, no member any more, and one whose rules do not
    match. Each gets the first reason, and the event that brought it."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=4)
    h.plan("m1", starts="2022-03-22T09:00")
    h.say("meeting.call", meeting="m1", id="the-call")
    h.register("m1", "m01", "m02")
    h.settle()
    h.say("registration.cancel", meeting="m1", person="m02")
    h.say("membership.end", network="net", person="m03")
    h.clock("2022-03-16T09:00")

    got = why(h, "m01", "m1")
    words = " ".join(line["text"] for line in got)
    assert "meeting-week-before, about meeting m1: due 2022-03-15T09:00:00+01:00" in words, words
    week = next(line["ledger"] for line in got if line.get("ledger", {}).get("rule") == "meeting-week-before")
    brought = next(line for line in got if line["text"].startswith(f"Letter {week['no']} was brought by event"))
    assert "meeting.call of office at 2022-03-01T09:00:00+01:00, under the key the-call." in brought["text"], brought
    equal((brought["type"], brought["owner"], brought["id"]), ("meeting.call", "office", "the-call"))

    line = rule(why(h, "m02", "m1"), "meeting-week-before")
    equal((line["plan"], line["in_audience"]), ("fired", False))
    equal(line["because"], "not in registered: the registration is cancelled since 2022-03-01")
    equal((line["type"], line["id"]), ("meeting.call", "the-call"))
    equal(rule(why(h, "m04", "m1"), "meeting-day-before")["because"], "not in registered: there is no registration")

    h.call("m2", starts="2022-04-22T09:00")
    text = h.run_cirkel("why", "m03", "m2")
    assert "not in members: the membership of net is ended since 2022-03-01" in text, text
    line = rule(why(h, "m04", "m2"), "meeting-cancelled")
    equal((line["plan"], line["because"]), ("none", "it speaks only if state = cancelled; that is called"))
    assert line["because"] in h.run_cirkel("why", "m04", "m2")
    equal(rule(why(h, "m04", "m2"), "meeting-moved")["plan"], "none")
    h.refused("not-found", "plan.skip", plan="meeting/m2/none/0/x")
    wrong = h.run_cirkel("why", "m01", "no-such-thing", code=1).errors
    assert "nothing has the id no-such-thing" in wrong, wrong

    text = h.run_cirkel("why", "m04", "meeting:m2")  # of a kind, if the id alone is not enough
    assert "Rule meeting-nudge" in text and "Rule registration-" not in text, text
    row = next(line["ledger"] for line in got if line["what"] == "letter" and "week-before" in line["text"])
    equal((row["rule"], row["state"], row["about"]), ("meeting-week-before", "accepted", "m1"))
    equal(len(set(text.lines)), len(text.lines))
    equal([row["rule"] for row in h.ledger("--about", "m1/m02")], ["registration-confirmed", "registration-cancelled"])
    h.run_cirkel("ledger", "--about", "m9", code=1)
    h.run_cirkel("ledger", "--person", "nobody", code=1)
    h.run_cirkel("ledger", "--state", "lost", code=2)
    equal(h.run_cirkel("ledger", "--since", "2030-01-01").lines, ["Nobody was considered for such a letter."])


def why_since_when_test(h):
    """What is no more is so since it ended, not since it began; who was erased has no name that could be told."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.call("m1", starts="2022-04-22T09:00")
    h.register("m1", "m01", "m02", "m03")
    h.clock("2022-03-05T09:00")
    h.say("registration.cancel", meeting="m1", person="m01")
    h.say("membership.end", network="net", person="m01")
    h.say("person.erase", person="m03")
    text = h.run_cirkel("why", "m01", "m1")
    for words in ("Membership of net is ended, since 2022-03-05T09:00:00+01:00.",
                  "For m1: cancelled, since 2022-03-05T09:00:00+01:00", "the registration is cancelled since 2022-03-05"):
        assert words in text, text
    text = h.run_cirkel("why", "m02", "m1")
    assert "For m1: registered, since 2022-03-01" in text and "is active, since 2022-03-01" in text, text
    equal(h.run_cirkel("why", "m03", "m1").lines[0],
          "m03 was erased: name and address are gone, what was decided is kept.")


def why_on_the_machines_clock_test(h):
    """A trial home need not have a clock of its own."""
    h.init()
    os.unlink(h.path("run/clock"))
    h.start("intake", clock=False)
    h.start("scheduler", clock=False)
    h.now = int(time.time() * 1000)
    h.found(members=1)
    h.say("meeting.plan", meeting="m1", network="net", kind="network", minutes=90, mode="video", audience="members",
          starts=f"{time.localtime().tm_year + 1}-06-01T09:00", link="https://video.example/m1", title="T")
    equal(rule(why(h, "m01", "m1"), "meeting-cancelled")["plan"], "none")


def why_a_rule_of_two_values_test(h):
    """Where any of several values would do, the reason names them all; what a letter waits for is said, too."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.say("support.request", case="c1", network="net", person="m01", topic="mobler", text="T")
    h.say("support.close", case="c1", minutes=5)
    h.settle()
    because = rule(why(h, "lead", "c1"), "support-unanswered")["because"]
    equal(because, "it speaks only if state = open or assigned; that is closed")

    h.say("letter.send", audience="members", network="net", subject="S", text="T", window=5, **{"class": "service"})
    h.say("sending.pause", reason="R")
    h.clock("2022-03-01T09:10")
    text = h.run_cirkel("why", "m01")
    assert "it waits to leave, not before 2022-03-01T09:05:00+01:00" in text, text
    h.say("sending.resume")
    h.settle()
    assert "1 person was considered" in h.run_cirkel("why", "m02", "c1"), h.run_cirkel("why", "m02", "c1")


def told(h, person, about):
    """The rules of the letters that `why` tells of; it never says of those rules that they passed her by."""
    lines = why(h, person, about)
    got = [line["ledger"]["rule"] for line in lines if "ledger" in line]
    assert not [line for line in lines if line["what"] == "rule" and line["rule"] in got and
                line["plan"] == "fired"], lines
    assert not got or "Nothing was ever decided" not in h.run_cirkel("why", person, about)
    return got


def foreseen(h, about, until="2022-05-01"):
    lines = [json.loads(line) for line in h.run_cirkel("forecast", "--until", until, "--json", "--about", about).lines]
    text = h.run_cirkel("forecast", "--until", until, "--about", about)
    assert bool(lines) != text.startswith("Nothing falls due"), text
    return [(line["rule"], line["person"]) for line in lines]


def about_a_registration_or_membership_test(h):
    """People say that a confirmation is about the meeting; it is found by the registration as well, and there alone."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.call("m1", starts="2022-04-22T09:00")
    h.register("m1", "m01", "m02")
    h.settle()
    for about in ("registration:m1/m01", "m1/m01"):
        equal(told(h, "m01", about), ["registration-confirmed"])
        equal([(row["rule"], row["person"], row["about"]) for row in h.ledger("--about", about)],
              [("registration-confirmed", "m01", "m1")])
        equal([(row["rule"], row["person"]) for row in h.ledger("--about", about, "--person", "m01")],
              [("registration-confirmed", "m01")])
        equal(h.ledger("--about", about, "--person", "m02"), [])
        assert "registration-confirmed" in h.run_cirkel("ledger", "--about", about)
    equal([row["person"] for row in h.ledger("--about", "registration:m1")], ["m01", "m02"])
    equal(told(h, "m01", "registration:m1"), ["registration-confirmed"])
    equal([row["rule"] for row in h.ledger("--about", "membership:net/m01")], ["membership-welcome"])
    equal(told(h, "m01", "membership:net/m01"), ["membership-welcome"])
    equal(len(h.ledger("--about", "membership:net")), 3)
    equal(h.ledger("--about", "net"), h.ledger("--about", "network:net"))
    equal(sorted(set(told(h, "m01", "m1"))), ["meeting-invitation", "registration-confirmed"])
    equal([row["no"] for row in h.ledger("--about", "m1")], sorted(row["no"] for row in h.ledger(about="m1")))

    h.say("membership.request", network="net", name="N", email="n@x.example", language="da")
    asked = h.record("membership", state="requested")["person"]
    equal(foreseen(h, f"membership:net/{asked}"), [("membership-confirm", asked)])
    equal(foreseen(h, f"net/{asked}", "2022-03-03"), [])
    equal([person for _, person in foreseen(h, "network:net")], [asked])
    equal(foreseen(h, "membership:net/m01"), [])


def about_an_obligation_or_assessment_test(h):
    """The same of what is owed about an application, and of one assessor's assessment of it."""
    programme.found(h)
    programme.begin(h, "k01")
    owed = next(row["obligation"] for row in h.records("obligation") if row["kind"] == "complete-application")
    soon = [("complete-application", "k01-a")]
    for about in (owed, f"obligation:{owed}"):
        equal(foreseen(h, about)[:1], soon)
        equal(h.ledger("--about", about), [])
    equal(told(h, "k01-a", owed), [])
    h.clock("2022-03-24T09:00")
    for about in (owed, f"obligation:{owed}"):
        equal(told(h, "k01-a", about), ["complete-application"])
        equal([(row["rule"], row["person"]) for row in h.ledger("--about", about)], soon)
    h.say("application.submit", application="a-k01")
    h.clock("2022-04-04T09:00")
    h.say("application.judge_eligible", application="a-k01", ok=True)
    for person in ("assessor-1", "assessor-2"):
        h.say("assessor.assign", application="a-k01", person=person, due="2022-04-22T12:00")
    h.clock("2022-04-14T09:00")
    asked = [row["rule"] for row in h.ledger("--about", "assessment:a-k01/assessor-1")]
    equal(asked, ["assessment-asked", "assessment-half"])
    equal(told(h, "assessor-1", "assessment:a-k01/assessor-1"), asked)
    equal({row["about"] for row in h.ledger("--about", "a-k01/assessor-1")}, {"a-k01"})
    equal(len(h.ledger("--about", "assessment:a-k01")), 4)


def what_brought_it_test(h):
    """Every letter names the event that brought it: what was said, or what put its rule in force; also when that
    rule is another by now, or gone. What comes with time says so."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.say("poll.open", poll="p", network="net", question={"sv": "Vad?"}, audience="members", closes="2022-03-04T12:00",
          options=[{"option": "a", "text": {"sv": "A"}}, {"option": "b", "text": {"sv": "B"}}], id="the-poll")
    h.say("letter.send", audience="members", network="net", subject="S", text="T", window=5, id="the-letter",
          **{"class": "service"})
    h.plan("m1", starts="2022-03-22T09:00")
    h.say("meeting.call", meeting="m1", id="the-call")
    h.register("m1", "m01")
    h.clock("2022-03-16T09:00")

    def brought(name):
        lines = why(h, "m01")
        no = next(line["ledger"]["no"] for line in lines if "ledger" in line and line["ledger"]["rule"] == name)
        found, = [line for line in lines if line["what"] == "event" and line["text"].startswith(f"Letter {no} ")]
        assert found["text"] in h.run_cirkel("why", "m01").lines, found
        return found.get("type"), found.get("id"), found["text"].partition(" ")[2].partition(" ")[2]

    def change(name, old, new):
        folder = other_config(h, name, "")
        path = os.path.join(folder, "rules", "meeting.conf")
        with open(path) as file:
            words = file.read()
        assert old in words
        with open(path, "w") as file:
            file.write(words.replace(old, new))
        return folder

    equal(brought("poll-opened")[:2], ("poll.open", "the-poll"))
    equal(brought("poll-result"), (None, None, "came with time, and was brought by no event."))
    equal(brought("letter")[:2], ("letter.send", "the-letter"))
    for name in ("meeting-invitation", "meeting-week-before"):
        equal(brought(name)[:2], ("meeting.call", "the-call"))

    h.run_cirkel("apply", change("renamed", 'rule "meeting-day-before"', 'rule "the-day-before"'), text="y\n")
    renamed = h.records("decision")[-1]
    equal(renamed["type"], "rules.apply")
    line = rule(why(h, "m01", "m1"), "the-day-before")
    equal((line["event"], line["id"]), (renamed["seq"], renamed["id"]))
    h.run_cirkel("apply", change("another", 'rule "meeting-week-before"', 'rule "the-week-before"'), text="y\n")
    h.run_cirkel("apply", change("later", '"starts - 1h"', '"starts - 30m"'), text="y\n")
    h.clock("2022-03-23T09:00")
    type, id, words = brought("the-day-before")
    equal((type, id), ("rules.apply", renamed["id"]))
    assert words.startswith(f"was brought by configuration {renamed['about']}, which event {renamed['seq']}, "
                            "rules.apply of ") and words.endswith(f", under the key {id}, put in force."), words
    for name in ("meeting-invitation", "meeting-week-before", "meeting-hour-before"):
        equal(brought(name)[:2], ("meeting.call", "the-call"))
    h.verify()
    h.run_cirkel("verify", "--replay")


def what_reached_back_was_brought_by_its_order_test(h):
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.clock("2022-03-21T12:00")
    h.run_cirkel("apply", other_config(h, "new"), "--also-existing", "--count", "1")
    h.settle()
    line = [line for line in why(h, "m01", "m1") if line["what"] == "event"][-1]
    equal((line["type"], line["id"]), ("rules.apply", h.records("decision")[-1]["id"]))
    assert line["text"].endswith(f"under the key {line['id']}."), line


def why_of_nobody_and_of_whom_was_merged_test(h):
    """Words that are no id are told so; whoever was merged was considered under her own name, and it is not denied."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.settle()
    for args, words in (([""], "why needs a person"), (["m01", ""], "why needs a person"),
                        (["m01", "m1", "x"], "why needs a person"),
                        (["m" * 10_000], "PERSON is too long: an id has at most 64 characters, this has 10000"),
                        (["m01", "m" * 10_000], "SUBJECT is too long: it has at most 160 characters, this has 10000")):
        said = h.run_cirkel("why", *args, code=2).errors
        assert words in said, said
    assert "there is no person " + "m" * 64 in h.run_cirkel("why", "m" * 64, code=1).errors
    longest = "registration:" + "m" * 64 + "/" + "p" * 64
    assert "nothing has the id " + longest in h.run_cirkel("why", "m01", longest, code=1).errors

    equal(told(h, "m01", "m1"), ["meeting-invitation", "registration-confirmed"])
    h.say("person.merge", person="m01", into="m02")
    h.settle()
    text = h.run_cirkel("why", "m01", "m1")
    for words in ("The record was merged into m02; look there.", "What was decided for this person is told of m02 now.",
                  "Whether this person was among them is told of m02, into whose record this one was merged."):
        assert words in text, text
    assert "was not in its audience" not in text and "Nothing was ever decided" not in text, text
    assert "meeting-invitation" in told(h, "m02", "m1")
