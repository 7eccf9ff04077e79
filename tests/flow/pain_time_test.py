"""What goes wrong with time and reminders elsewhere (1 to 8): late ones, lost ones, stale ones, an hour off."""
import collections
import json
import os
import signal
import subprocess

from tests.flow.pain import begin, due, people, told
from tests.flow.places_test import at_once
from tests.harness.house import equal, lives

ALARM = 4  # what `cirkel queues` ends with when something is broken
ADDED_LATE = """
rule "books-to-read" {
  about = "meeting"
  when = { "starts - 14d at 09:00", "starts - 2d at 09:00" }
  only = { "state = called" }
  to = "registered"
  letter = "meeting-week-before"
  class = "service"
  useful = "starts"
  late = "send"
  tells = true
}
"""


def pain_01_late_registrants_test(h):
    """A reminder whose moment has passed goes to nobody who came after it; nor does a rule that came after it."""
    begin(h, members=4)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.clock("2022-03-15T09:00")
    equal(people(h.letters(rule="meeting-week-before")), ["m01", "m02"])
    h.clock("2022-03-21T12:00")
    h.register("m1", "m03")
    h.clock("2022-03-21T14:00")
    equal(people(h.letters(rule="meeting-week-before")), ["m01", "m02"], "the week letter on the last day")
    equal(people(h.letters(rule="meeting-day-before")), ["m01", "m02"], "the day letter of that morning")
    for rule in ("meeting-week-before", "meeting-day-before"):
        row, = h.ledger(rule=rule, person="m03")
        equal(row["state"], "not-due")
        assert "joined" in row["reason"], row

    # A copy of the meeting, planned on the day before it is held: none of its past reminders is caught up.
    h.call("copy", starts="2022-03-22T15:00")
    h.register("copy", "m01")
    h.settle()
    equal([row["rule"] for row in h.ledger(about="copy", person="m01", state="accepted")],
          ["meeting-invitation", "registration-confirmed"])

    # A rule added today: its moments before today are nobody's, those to come are everybody's.
    h.call("m2", starts="2022-03-29T09:00")
    h.register("m2", "m01", "m04")
    h.stop()
    with open(h.path("rules/late.conf"), "w") as file:
        file.write(ADDED_LATE)
    h.start()
    h.clock("2022-03-26T09:00")
    equal(h.letters(rule="books-to-read"), [], "fourteen days before was before the rule")
    h.clock("2022-03-28T09:00")
    equal(people(h.letters(rule="books-to-read")), ["m01", "m04"])
    equal(due(h, rule="books-to-read"), [h.moment("2022-03-27T09:00")])
    h.verify()


def pain_02_failed_run_leaves_no_copies_test(h):
    """Mail does not work for a day while runs go on failing: when it works again everyone gets one letter, once."""
    begin(h, members=8)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", *(f"m{n:02}" for n in range(1, 9)))
    h.settle()
    h.stop("notifier")
    for hour in range(9, 21):
        h.clock(f"2022-03-15T{hour:02}:00", quiet=False)
        if hour % 3 == 0:
            h.kill("scheduler")
            h.start("scheduler")
    h.until(lambda: len(h.ledger(rule="meeting-week-before")) == 8, "the week letters are decided")
    equal({row["state"] for row in h.ledger(rule="meeting-week-before")}, {"queued"})
    h.start("notifier")
    h.clock("2022-03-16T09:00")
    letters = h.letters(rule="meeting-week-before")
    equal(collections.Counter(people(letters)), collections.Counter(f"m{n:02}" for n in range(1, 9)))
    h.verify()


def pain_03_missed_run_test(h):
    """Off over the moment of a reminder: it is late or visibly missed, never lost; and the next day's does not drift."""
    begin(h, members=3)
    for day in (22, 23, 24):
        h.call(f"m{day}", starts=f"2022-03-{day}T09:00")
        h.register(f"m{day}", "m01", "m02")
    h.clock("2022-03-20T12:00")
    h.kill()
    h.set_clock("2022-03-21T16:00")  # the day letter of m22 was due at nine
    h.start()
    h.settle()
    equal(people(h.letters(rule="meeting-day-before", about="m22")), ["m01", "m02"], "late, and still of use")
    h.kill()
    h.set_clock("2022-03-23T09:30")  # the day letter of m23 was due, and m23 has begun
    h.start()
    h.settle()
    rows = h.ledger(rule="meeting-day-before", about="m23")
    equal([(row["person"], row["state"]) for row in rows], [("m01", "missed"), ("m02", "missed")])
    assert all(row["reason"] for row in rows), rows
    h.clock("2022-03-24T12:00")
    equal(due(h, rule="meeting-day-before"), [h.moment(f"2022-03-{day}T09:00") for day in (21, 22, 23)],
          "the hour it is due never moves")
    equal(people(h.letters(rule="meeting-hour-before", about="m24")), ["m01", "m02"])
    h.verify()


def pain_04_meeting_moved_test(h):
    """Moved: nothing at the old time, everything again at the new one, and who was told is told, at once."""
    begin(h, members=4)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.say("registration.answer", meeting="m1", person="m03", answer="no")
    h.clock("2022-03-21T10:00")
    equal(people(h.letters(rule="meeting-day-before")), ["m01", "m02"])
    h.join("net", "m05")
    h.say("meeting.move", meeting="m1", starts="2022-03-25T13:00")
    h.settle()
    equal(told(h, "meeting-moved"), ["m01", "m02", "m04"], "who knew the old time and had not said no")
    equal(due(h, rule="meeting-moved"), [h.moment("2022-03-21T10:00")])
    before = len(h.letters())
    h.clock("2022-03-22T12:00")
    equal(len(h.letters()), before, "letters at the old time")
    h.clock("2022-03-25T13:00")
    equal(due(h, rule="meeting-day-before"), [h.moment("2022-03-21T09:00"), h.moment("2022-03-24T09:00")])
    equal(due(h, rule="meeting-hour-before"), [h.moment("2022-03-25T12:00")])
    for person in ("m01", "m02"):
        order = [letter.row["rule"] for letter in h.letters(person=person) if letter.row["about"] == "m1"]
        equal(order, ["meeting-invitation", "registration-confirmed", "meeting-week-before", "meeting-day-before",
                      "meeting-moved", "meeting-day-before", "meeting-hour-before"])
        sequences = [letter.event["SEQUENCE"] for letter in h.letters(person=person) if letter.calendar]
        equal(sequences, sorted(sequences), "the calendar never goes back")
    h.verify()


def pain_05_cancelled_meeting_test(h):
    """Cancelled a second before the reminder leaves, or while it waits for the mail server: it does not leave."""
    begin(h, members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.clock("2022-03-21T08:59:59")
    h.say("meeting.cancel", meeting="m1", reason={"sv": "Sjukdom."})
    h.clock("2022-03-22T12:00")
    equal(h.ledger(rule="meeting-day-before"), [])
    equal(people(h.letters(rule="meeting-cancelled")), ["m01", "m02"])

    h.call("m2", starts="2022-03-29T09:00")
    h.register("m2", "m01", "m02")
    h.settle()
    h.stop("notifier")
    h.clock("2022-03-28T09:30", quiet=False)
    h.until(lambda: len(h.ledger(rule="meeting-day-before", about="m2", state="queued")) == 2, "the letters wait")
    h.say("meeting.cancel", meeting="m2", reason={"sv": "Sjukdom."})
    h.start("notifier")
    h.clock("2022-03-30T09:00")
    rows = h.ledger(rule="meeting-day-before", about="m2")
    equal({row["state"] for row in rows}, {"superseded"})
    assert all(row["reason"] for row in rows), rows
    equal(people(h.letters(rule="meeting-cancelled", about="m2")), ["m01", "m02"])
    h.verify()


def pain_06_recorded_and_never_executed_test(h):
    """Nothing waits unseen: the age of the oldest is shown, and when something waits and nothing succeeds, an alarm."""
    begin(h, members=2)
    h.stop("notifier")
    h.plan("m1", starts="2022-03-22T09:00")
    h.say("meeting.call", meeting="m1")
    h.clock("2022-03-01T12:00", quiet=False)
    h.until(lambda: len(h.ledger(rule="meeting-invitation", state="queued")) == 2, "the invitations wait")
    queues = json.loads(h.run_cirkel("queues", "--json", code=ALARM))
    equal((queues["outbox"]["maildir"]["queued"], queues["outbox"]["maildir"]["oldest_s"]), (2, 3 * 3600))
    alarm, = queues["alarms"]
    equal((alarm["alarm"], alarm["text"]), ("nothing-leaves", "2 letters wait, and none has left for 3 h"))
    said = h.run_cirkel("queues", code=ALARM)
    assert "ALARM" in said and alarm["do"] in said, said
    h.start("notifier")
    h.clock("2022-03-01T12:05")
    queues = json.loads(h.run_cirkel("queues", "--json"))
    equal((queues["outbox"]["maildir"]["queued"], queues["alarms"]), (0, []))
    # Events that nobody applies are one too.
    h.stop("scheduler")
    h.request({"v": 1, "id": "waits", "type": "idea.send", "wait": "accepted",
               "body": {"network": "net", "person": "m01", "text": "En verkstad?"}})
    h.set_clock("2022-03-01T12:10")
    equal([alarm["alarm"] for alarm in json.loads(h.run_cirkel("queues", "--json", code=ALARM))["alarms"]],
          ["events-wait"])
    h.start("scheduler")
    h.settle()
    equal(json.loads(h.run_cirkel("queues", "--json"))["alarms"], [])
    # What is planned can be seen beforehand: the day, the hour and the person.
    h.register("m1", "m01")
    planned = h.run_cirkel("forecast", "--until", "30d")
    assert "meeting-day-before" in planned and "m01" in planned, planned
    h.verify()


def pain_06_a_program_that_does_not_run_test(h):
    """With nothing to do yet nothing waits; that a program is gone, or all of them, is told all the same."""
    h.init(trial=False)
    run = subprocess.Popen([h.program("cirkel"), "run", "--home", h.home], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=open(os.path.join(h.folder, "cirkel.log"), "w"))
    try:
        h.until(lambda: os.path.exists(h.path("run/intake.ipc")) and h.state(wait=False, patience=1), "it runs")
        h.until(lambda: os.path.exists(h.path("run/gateway.ipc")), "all of it")
        equal(json.loads(h.run_cirkel("queues", "--json"))["not_running"], [])
        pids = {name: int(open(h.path("run", name + ".pid")).read()) for name in ("scheduler", "intake", "notifier", "gateway")}
        run.kill()  # or it would start again what ends
        run.wait()
        os.kill(pids["notifier"], signal.SIGKILL)
        h.until(lambda: not lives(pids["notifier"]), "the notifier is gone")
        said = h.run_cirkel("queues", code=ALARM)
        assert "notifier does not run, though the rest of the service does" in said, said
        for name in ("intake", "gateway", "scheduler"):
            os.kill(pids[name], signal.SIGTERM)
        h.until(lambda: len(json.loads(h.run_cirkel("queues", "--json", code=None))["not_running"]) == 4, "all have ended")
        said = h.run_cirkel("queues", code=ALARM)
        assert "the service does not run" in said and "cirkel run" in said, said
    finally:
        run.kill()
        run.wait()


def ask(h, name):
    return "poll.open", {"poll": name, "network": "net", "closes": "2022-03-20T12:00", "audience": "members",
                         "question": {"sv": f"Fråga {name}?"},
                         "options": [{"option": "a", "text": "Ja"}, {"option": "b", "text": "Nej"}]}


def pain_07_digest_test(h):
    """Things said at the same instant, on eight connections, over a crash, are in one digest, each once, none lost."""
    begin(h, members=2)
    for person in ("m01", "m02"):
        h.say("preference.set", {"person": person, "class": "news", "on": True, "digest": "daily"})
    names = [f"q{n}" for n in range(16)]
    at_once(8, [lambda name=name: h.say(*ask(h, name), id="ask-" + name) for name in names])
    h.settle()
    equal({row["state"] for row in h.ledger(rule="poll-opened")}, {"digested"})
    h.set_clock("2022-03-02T08:00")
    h.kill("scheduler", "notifier")
    h.start("scheduler", "notifier")
    h.settle()
    for person in ("m01", "m02"):
        digest = h.letter(rule="digest", person=person)
        equal([digest.text.count(f"Fråga {name}?") >= 1 for name in names], [True] * 16, "what was asked is in it")
        equal(digest.html.count("<h2>"), 16, "and each once")
    h.say(*ask(h, "next"))
    h.clock("2022-03-05T12:00")
    equal([letter.html.count("<h2>") for letter in h.letters(rule="digest", person="m01")], [16, 1])
    equal({row["state"] for row in h.ledger(rule="poll-opened")}, {"accepted"})
    equal(h.letters(rule="poll-opened"), [], "and none alone beside it")
    h.verify()


def pain_08_clock_changes_test(h):
    """Nine o'clock is nine o'clock on both sides of the last Sundays of March and October, in both zones."""
    for zone in ("Europe/Stockholm", "Europe/Copenhagen"):
        house = h.another(zone.split("/")[1].lower())
        house.zone = zone
        begin(house, members=1, at="2022-03-10T09:00")
        for meeting, starts in (("spring", "2022-03-28T09:00"), ("autumn", "2022-10-31T09:00")):
            house.call(meeting, starts=starts)
            house.register(meeting, "m01")
        house.clock("2022-11-01T09:00")
        for meeting, hours in (("spring", ("2022-03-21T08:00Z", "2022-03-27T07:00Z", "2022-03-28T06:00Z")),
                               ("autumn", ("2022-10-24T07:00Z", "2022-10-30T08:00Z", "2022-10-31T07:00Z"))):
            for rule, hour in zip(("week", "day", "hour"), hours):
                equal(due(house, rule=f"meeting-{rule}-before", about=meeting), [house.moment(hour)],
                      f"{rule} before {meeting} in {zone}")
            invitation = house.letter(rule="meeting-invitation", about=meeting).event["DTSTART"]
            equal((invitation.dt.hour, invitation.params["TZID"]), (9, zone))
        house.verify()
        house.stop()
