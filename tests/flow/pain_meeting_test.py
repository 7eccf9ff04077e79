"""What goes wrong with meetings and people elsewhere (21 to 25): double booking, waiting lists, nudges, calendars, mass letters."""
import os

from tests.flow.pain import begin, due, people, told
from tests.flow.places_test import at_once
from tests.harness.house import equal

CALENDAR_RULES = ("meeting-invitation", "meeting-moved", "meeting-mode-changed", "meeting-cancelled")


def pain_21_double_booking_test(h):
    """Five places, forty people on sixteen connections, who come, go and come again: never a sixth."""
    begin(h, members=40)
    h.call("m1", starts="2022-03-22T09:00", capacity=5)
    names = [f"m{n:02}" for n in range(1, 41)]

    def visit(person):
        def work():
            first = h.send("registration.make", id=f"{person}-in", meeting="m1", person=person)
            if int(person[1:]) % 3 == 0:
                h.send("registration.cancel", id=f"{person}-out", meeting="m1", person=person)
                h.send("registration.make", id=f"{person}-again", meeting="m1", person=person)
            return first["status"]
        return work

    equal(set(at_once(16, [visit(person) for person in names])), {"applied"})
    states = list(h.states("m1").values())
    equal(len(states), 40)
    taken = states.count("registered") + states.count("offered")
    equal((taken, states.count("waiting")), (5, 35))
    meeting = h.record("meeting", meeting="m1")
    equal((meeting["registered"], meeting["waiting"]), (5, 35), "a place that is offered is taken")
    h.verify()


def pain_22_waiting_list_test(h):
    """A free place is offered to the next in line, with its place explained, a way to decline, and an end."""
    begin(h, members=5)
    h.call("m1", starts="2022-03-22T09:00", capacity=1)
    answers = [h.say("registration.make", meeting="m1", person=f"m{n:02}") for n in range(1, 6)]
    equal([answer["state"] for answer in answers], ["registered"] + ["waiting"] * 4)
    equal([answer.get("place") for answer in answers[1:]], [1, 2, 3, 4], "each is told its place in line")
    h.settle()
    h.say("registration.cancel", meeting="m1", person="m01")
    h.settle()
    offer = h.letter(rule="registration-offered")
    equal(offer.row["person"], "m02")
    assert offer.token("Ja") and offer.token("Nej"), "an offer can be declined with one click"
    h.say("registration.cancel", meeting="m1", person="m03")
    h.clock("2022-03-03T09:30")
    equal(h.states("m1"), {"m01": "cancelled", "m02": "lapsed", "m03": "cancelled", "m04": "offered", "m05": "waiting"})
    h.say("registration.decline_offer", meeting="m1", person="m04")
    h.settle()
    h.refused("wrong-state", "registration.accept_offer", meeting="m1", person="m04")
    h.say("registration.accept_offer", meeting="m1", person="m05")
    # An offer is not given twice, and who let it lapse may stand in line again, last.
    again = h.say("registration.make", meeting="m1", person="m02")
    equal((again["state"], again["place"]), ("waiting", 1))
    equal(people(h.letters(rule="registration-offered")), ["m02", "m04", "m05"])
    h.verify()


def pain_23_nudge_who_has_not_answered_test(h):
    """Only who still owes an answer is chased; when that does not help the lead hears; what comes stops it for all."""
    begin(h, members=3)
    h.call("m1", starts="2022-03-22T09:00", registration_closes="2022-03-20T12:00")
    h.say("registration.answer", meeting="m1", person="m01", answer="no")
    h.register("m1", "m02")
    h.clock("2022-03-17T12:00")
    equal(people(h.letters(rule="meeting-nudge")), ["m03"])
    # The speaker's slides: asked, asked again, then the lead hears; the moment they come, silence.
    h.say("material.expect", {"material": "slides", "meeting": "m1", "from": "m02", "due": "2022-03-25",
                              "title": {"sv": "Möbler"}})
    h.clock("2022-03-22T12:00")
    h.say("meeting.record", meeting="m1")
    h.clock("2022-03-28T10:00")
    equal(people(h.letters(rule="slides-missing")), ["m02"])
    equal(due(h, rule="slides-missing"), [h.moment("2022-03-28T09:00")])
    h.say("material.publish", material="slides", meeting="m1", kind="presentation", visibility="public",
          title={"sv": "Möbler"}, link="https://files.example/slides.pdf")
    before = len(h.ledger(person="lead"))
    h.clock("2022-04-08T08:59")
    equal(people(h.letters(rule="slides-missing")), ["m02"], "asked after they came")
    # Another one's never come: asked twice, and then it is the lead's.
    h.say("material.expect", {"material": "notes", "meeting": "m1", "from": "m03", "due": "2022-04-10",
                              "title": {"sv": "Textil"}})
    h.clock("2022-04-30T09:00")
    equal(people(h.letters(rule="slides-missing")), ["m02", "m03", "m03"])
    equal([letter.row["about"] for letter in h.letters(rule="slides-missing-lead")], ["notes"])
    equal(len(h.ledger(person="lead")), before + 1, "the lead is told of slides that are there")
    h.verify()


def pain_24_calendar_entries_test(h):
    """One UID from invitation to cancellation, a SEQUENCE that only grows, cancel never before its invite."""
    begin(h, members=2)
    h.call("m1", starts="2022-03-22T09:00", mode="room", place="Rådhuset")
    h.register("m1", "m01")
    h.say("meeting.move", meeting="m1", starts="2022-03-23T10:00")
    h.clock("2022-03-02T09:00")
    h.say("meeting.set_mode", meeting="m1", mode="video", link="https://video.example/m1")
    h.clock("2022-03-03T09:00")
    h.say("meeting.cancel", meeting="m1", reason={"sv": "Sjukdom."})
    h.clock("2022-03-04T09:00")
    for person in ("m01", "m02"):
        letters = [letter for letter in h.letters(person=person) if letter.row["rule"] in CALENDAR_RULES]
        equal([letter.row["rule"] for letter in letters][0], "meeting-invitation")
        equal([letter.row["rule"] for letter in letters][-1], "meeting-cancelled")
        events = [letter.event for letter in letters]
        equal(len({str(event["UID"]) for event in events}), 1, "one entry in the calendar")
        sequences = [int(event["SEQUENCE"]) for event in events]
        assert sequences == sorted(set(sequences)), sequences
        equal([letter.method for letter in letters], ["REQUEST"] * (len(letters) - 1) + ["CANCEL"])
        for letter in letters[:-1]:
            assert letter.calendar.walk("VTIMEZONE"), "the zone is in the entry"
            attendee = letter.event["ATTENDEE"]
            equal((str(attendee).lower(), attendee.params["RSVP"]), (f"mailto:{letter.to}", "TRUE"))
        equal(str(letters[-1].event["STATUS"]), "CANCELLED")
        equal(events[-2]["DTSTART"].dt.isoformat(), "2022-03-23T10:00:00+01:00")
    h.verify()


def pain_25_wrong_letter_taken_back_test(h):
    """Too many mails, wrong people mailed, no way back: a look, a number typed back, an undo, and a digest for staff."""
    begin(h, members=6)
    h.say("preference.set", {"person": "lead", "class": "news", "on": True, "digest": "daily"})
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.settle()
    path = os.path.join(h.folder, "practical.sv.md")
    with open(path, "w") as file:
        file.write("Subject: Praktiskt om {{meeting.title}}\n\nHej {{person.name}}! Ta med en stol.\n")

    def send(audience, *more, code=0):
        return h.run_cirkel("letter", "send", audience, path, *more, code=code)

    # Meant for the two who come, it would go to everybody: the look says so, and so does the number.
    about = ("--about", "meeting:m1")
    look = send("members", *about)
    assert "It would go to 6 people" in look, look
    assert "Subject: Praktiskt om Träff om möbler" in look and "Hej Person m01! Ta med en stol." in look, look
    send("members", *about, "--count", "2", code=3)
    equal(h.ledger(rule="letter"), [], "a wrong number sends nothing")
    # Said all the same: there is a way back until the window is over, and nothing is left of it.
    send("members", *about, "--count", "6", "--window", "10m")
    h.settle()
    h.clock("2022-03-01T09:09")
    equal({row["state"] for row in h.ledger(rule="letter")}, {"held"})
    h.run_cirkel("undo", h.records("hold")[-1]["no"])
    h.clock("2022-03-01T10:00")
    equal({row["state"] for row in h.ledger(rule="letter")}, {"withdrawn"})
    equal(told(h, "letter"), [], "nobody heard of it")

    look = send("registered", *about)
    assert "It would go to 2 people" in look and "m03" not in look, look
    send("registered", *about, "--count", "2", "--window", "10m")
    h.kill("scheduler", "notifier")
    h.start("scheduler", "notifier")
    h.clock("2022-03-01T10:10")
    h.clock("2022-03-01T12:00")
    equal(told(h, "letter"), ["m01", "m02"], "once, to those it is for")
    equal(h.letter(rule="letter", person="m02").subject, "Praktiskt om Träff om möbler")

    # The office's own people hear of all of it, in one letter a day.
    with open(path, "w") as file:
        file.write("Subject: Nytt\n\nHej {{person.name}}! Nytt från {{network.name}}.\n")
    for _ in range(3):
        send("members or lead", "--about", "network:net", "--class", "news", "--count", "7", "--window", "1m")
        h.settle()
    h.clock("2022-03-01T18:00")
    equal(told(h, "letter").count("lead"), 0)
    equal(told(h, "letter").count("m06"), 3)
    h.clock("2022-03-02T12:00")
    digests = h.letters(person="lead", rule="digest")
    equal((len(digests), digests[0].html.count("<h2>")), (1, 3), "gathered")
    assert "Nytt från Nätverket" in digests[0].text, digests[0].text
    h.verify()
