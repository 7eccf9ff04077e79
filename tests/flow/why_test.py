"""Why somebody was written to, or was not: the whole chain, in sentences and as JSON."""
import json

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
    assert "Rule meeting-week-before about meeting m1 was brought by event" in words, words
    assert "meeting.call of office, under the key the-call" in words, words

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
    equal(why(h, "m01", "no-such-thing")[-1]["what"], "letter")  # nothing was decided, and no rule can say more
