"""Corrections: at once, in order, one for edits that follow closely, none for what is taken back."""
import itertools
import threading
import time

from tests.harness.house import equal
from tests.harness.relay import Relay
from tests.flow.smtp_test import begin

LINK = "https://video.example/"


def corrections(h, person="m01"):
    """When, and by which rule, this reader was corrected."""
    return [(row["rule"].removeprefix("meeting-"), row["due"][11:16]) for row in h.ledger(person=person, state="accepted")
            if row["rule"] in ("meeting-moved", "meeting-mode-changed", "meeting-postponed", "meeting-cancelled")]


def rapid_edits_are_one_test(h):
    """The first goes at once; what follows within ten minutes is one letter, with the last that was said."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.say("meeting.move", meeting="m1", starts="2022-03-23T09:00")
    h.clock("2022-03-01T09:02")
    h.say("meeting.move", meeting="m1", starts="2022-03-24T09:00")
    h.clock("2022-03-01T09:05")
    h.say("meeting.set_mode", meeting="m1", mode="room", place="Rådhuset")
    h.kill("scheduler")
    h.start("scheduler")
    h.clock("2022-03-01T09:09")
    equal(corrections(h), [("moved", "09:00")])
    h.clock("2022-03-01T09:30")
    equal(corrections(h), [("moved", "09:00"), ("moved", "09:10")])
    last = h.letters(rule="meeting-moved", person="m01")[-1]
    assert "24 mars" in last.text and "Rådhuset" in last.text, last.plain
    events = [letter.event for letter in h.letters(rule="meeting-moved", person="m01")]
    equal([event["SEQUENCE"] for event in events], [1, 3])
    equal(events[0]["UID"], events[1]["UID"])

    h.say("meeting.set_mode", meeting="m1", mode="room", place="Kulturhuset")
    h.clock("2022-03-01T09:31")
    h.say("meeting.set_mode", meeting="m1", mode="room", place="Biblioteket")
    h.clock("2022-03-01T09:32")
    h.say("meeting.set_mode", meeting="m1", mode="room", place="Kulturhuset")
    h.clock("2022-03-01T10:00")
    equal(corrections(h)[2:], [("mode-changed", "09:30")], "taken back before anybody heard of it")
    h.verify()


def within_a_day_test(h):
    """The link changes the evening before, and again an hour before: everybody is told, and in time."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.call("m1", starts="2022-03-22T09:00", link=LINK + "one")
    h.register("m1", "m01", "m02")
    h.say("registration.answer", meeting="m1", person="m03", answer="no")
    h.clock("2022-03-21T20:00")
    h.say("meeting.set_mode", meeting="m1", mode="video", link=LINK + "two")
    h.clock("2022-03-22T08:10")
    h.say("meeting.set_mode", meeting="m1", mode="video", link=LINK + "three")
    h.clock("2022-03-22T08:12")
    h.say("meeting.set_mode", meeting="m1", mode="video", link=LINK + "four")
    h.clock("2022-03-22T09:00")
    for person in ("m01", "m02"):
        equal(corrections(h, person), [("mode-changed", "20:00"), ("mode-changed", "08:10"), ("mode-changed", "08:12")],
              "in the last hour nobody waits")
    equal(corrections(h, "m03"), [], "she does not come")
    letters = h.letters(rule="meeting-mode-changed", person="m01")
    equal([LINK + word in letter.text for word, letter in zip(("two", "three", "four"), letters)], [True] * 3)
    h.verify()


def cancelled_in_a_hurry_test(h):
    """A cancellation waits for nothing, and nothing comes after it."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.call("m1", starts="2022-03-22T09:00")
    h.say("meeting.move", meeting="m1", starts="2022-03-23T09:00")
    h.clock("2022-03-01T09:01")
    h.say("meeting.move", meeting="m1", starts="2022-03-24T09:00")
    h.clock("2022-03-01T09:02")
    h.say("meeting.cancel", meeting="m1", reason={"sv": "Ingen talare."})
    h.clock("2022-03-25T09:00")
    equal(corrections(h), [("moved", "09:00"), ("cancelled", "09:02")])
    sequences = [int(letter.event["SEQUENCE"]) for letter in h.letters(person="m01") if letter.calendar]
    equal(sequences, sorted(sequences), "SEQUENCE of invitation, correction and cancellation")
    h.verify()


def a_stopped_letter_is_owed_test(h):
    """The reminder has not left yet when the meeting is moved away and back: its reader is told once how it is, though
    that is what she knew; whoever lost nothing hears nothing."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.clock("2022-03-15T08:00")
    h.run_cirkel("pause", "the relay is repaired")
    h.clock("2022-03-15T09:30")
    h.say("meeting.move", meeting="m1", starts="2022-03-29T09:00")
    h.clock("2022-03-15T09:50")
    h.say("meeting.move", meeting="m1", starts="2022-03-22T09:00")
    h.settle()
    h.run_cirkel("resume")
    h.clock("2022-03-16T09:00")
    equal([(row["rule"], row["reason"]) for row in h.ledger(person="m01", state="superseded")],
          [("meeting-week-before", "the meeting was moved"), ("meeting-moved", "the meeting was moved")])
    equal(corrections(h), [("moved", "09:50")])
    assert "22 mars" in h.letters(rule="meeting-moved", person="m01")[0].text
    equal(corrections(h, "m02"), [], "she is not registered: no letter of hers was stopped")
    h.clock("2022-03-22T12:00")
    equal([row["rule"] for row in h.ledger(person="m01", state="accepted") if "before" in row["rule"]],
          ["meeting-day-before", "meeting-hour-before"])
    h.verify()


def correction_after_the_original_test(h):
    """The mail server thinks about one of two invitations. The correction to it waits, on whichever connection; the
    other one does not."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_connections=4, smtp_reply_timeout="60s")
    h.join("net", "m01", "m02")
    h.settle()
    before, dots, thought = len(relay.messages), itertools.count(), threading.Event()
    relay.on["dot"] = lambda session: None if next(dots) else thought.wait(40) and None
    h.plan("m1", starts="2022-03-22T09:00", audience="members and not topic:x")
    h.say("meeting.call", meeting="m1")
    h.until(lambda: len(relay.messages) >= before + 2, "both invitations are there")
    h.say("meeting.move", meeting="m1", starts="2022-03-23T09:00")
    h.until(lambda: sum(bool(message.answer) for message in relay.messages[before:]) == 2,
            "one invitation and its correction are taken")
    time.sleep(1)
    equal(len(relay.messages), before + 3, "letters that came meanwhile, and the one that is thought about")
    thought.set()
    h.settle()
    rows = {row["message_id"]: row for row in h.ledger(about="m1")}
    rules = {}
    for message in relay.messages[before:]:
        row = rows[message.message_id]
        rules.setdefault(row["person"], []).append(row["rule"])
    equal(rules, {person: ["meeting-invitation", "meeting-moved"] for person in ("m01", "m02")})
    h.verify()
