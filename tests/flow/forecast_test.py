"""What will go out, and what would be different if."""
import json
import os
import shutil

import icalendar

from tests.harness.house import equal


def forecast(h, *args, code=0):
    return [json.loads(line) for line in h.run_cirkel("forecast", "--json", *args, code=code).lines]


def why(h, *args):
    return json.loads(h.run_cirkel("why", "--json", *args))["lines"]


def write_events(h, name, *lines):
    path = os.path.join(h.folder, name)
    with open(path, "w") as file:
        file.writelines(json.dumps({"type": type, "body": body}) + "\n" for type, body in lines)
    return path


def heads(lines, **filter):
    found = [line for line in lines if all(line.get(k) == v for k, v in filter.items())]
    return sorted(line["person"] for line in found)


def what_goes_out_is_what_was_forecast_test(h):
    """The forecast of a month, and then the month: the same people, letters, languages and moments; also what does
    not go, and why."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=6)
    h.join("net", "dk", language="da")
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02", "m03", "dk")
    h.say("person.restrict", person="m03", on=True)
    h.settle()
    before = max(row["no"] for row in h.ledger())

    seen = forecast(h, "--until", "2022-04-01")
    equal(heads(seen, rule="meeting-week-before", state="goes"), ["dk", "m01", "m02"])
    equal([line["at"] for line in seen if line["rule"] == "meeting-week-before"], ["2022-03-15T09:00:00+01:00"] * 4)
    equal([(line["person"], line["reason"]) for line in seen if line["state"] == "suppressed"][0],
          ("m03", "restricted processing"))
    equal({line["language"] for line in seen if line["person"] == "dk"}, {"da"})
    equal(forecast(h, "--until", "2022-04-01", "--person", "dk"), [line for line in seen if line["person"] == "dk"])
    unknown = h.run_cirkel("forecast", "--until", "2022-04-01", "--about", "m2", code=1).errors
    equal("nothing has the id m2" in unknown, True, unknown)
    equal(len(forecast(h, "--until", "2022-04-01", "--about", "meeting:m1")), len(seen))

    entries = icalendar.Calendar.from_ical(h.run_cirkel("forecast", "--until", "2022-04-01", "--ics")).walk("VEVENT")
    week = [e for e in entries if e["SUMMARY"].startswith("meeting-week-before")]
    equal([(e["DTSTART"].dt.isoformat(), e["DESCRIPTION"].split("\n")[1:]) for e in week],
          [("2022-03-15T08:00:00+00:00", ["dk", "m01", "m02"])])

    equal(os.listdir(h.path("run")).count("cirkel-forecast"), 0)
    equal(max(row["no"] for row in h.ledger()), before)
    h.clock("2022-04-01T00:00")
    came = [(row["due"], row["rule"], row["person"], row["language"], row["state"]) for row in h.ledger()
            if row["no"] > before]
    equal(sorted((line["due"], line["rule"], line["person"], line["language"],
                  "accepted" if line["state"] == "goes" else line["state"]) for line in seen), sorted(came))


def if_the_meeting_moves_test(h):
    """Twelve are registered and got the week's reminder; four of the invited said no. If the meeting moves by two
    weeks, the day's and the hour's reminders move, and everyone who was told gets one correction."""
    h.init(at="2022-03-01T09:00")
    h.start()
    people = h.found(members=16)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", *people[:12])
    h.clock("2022-03-16T09:00")
    move = write_events(h, "move.jsonl", ("meeting.move", {"meeting": "m1", "starts": "2022-04-05T09:00"}))

    lines = forecast(h, "--until", "60d", "--with", move)
    sums = lines.pop()
    equal(heads(lines, change="moved", rule="meeting-day-before"), people[:12])
    equal({(line["was"], line["at"]) for line in lines if line["rule"] == "meeting-day-before"},
          {("2022-03-21T09:00:00+01:00", "2022-04-04T09:00:00+02:00")})
    equal(heads(lines, change="corrected"), people)
    equal(heads(lines, change="added", rule="meeting-week-before"), people[:12])  # there is a week before it again
    equal((sums["corrected"], sums["dropped"], sums["refused"]), (16, 0, 0))

    text = h.run_cirkel("forecast", "--until", "60d", "--with", move)
    assert "16 corrections would go, to people who were told something else:" in text, text
    assert "m01, m02, m03, m04, m05, m06, m07, m08 and 8 more" in text, text

    cancel = write_events(h, "cancel.jsonl", ("meeting.cancel", {"meeting": "m1", "reason": "R"}),
                          ("meeting.cancel", {"meeting": "m9", "reason": "R"}))
    lines = forecast(h, "--until", "60d", "--with", cancel, code=3)
    equal([(line["line"], line["code"]) for line in lines if line["change"] == "refused"], [(2, "not-found")])
    equal(heads(lines, change="dropped", rule="meeting-day-before"), people[:12])
    equal(heads(lines, change="corrected", rule="meeting-cancelled"), people)

    bad = os.path.join(h.folder, "bad.jsonl")
    with open(bad, "w") as file:
        file.write('{"type": "meeting.move", "body": 7}\n{"tipe": "x"}\n')
    wrong = h.run_cirkel("forecast", "--with", bad, code=2).errors
    assert ":1: " in wrong and ":2: " in wrong, wrong

    equal(h.record("meeting")["state"], "called")  # nothing of it happened
    h.say("meeting.move", meeting="m1", starts="2022-04-05T09:00")
    h.settle()
    equal(sorted(row["person"] for row in h.ledger(rule="meeting-moved", state="accepted")), people)


def moved_beyond_the_look_test(h):
    """A look of a week at a meeting that moves by a month: its letters are moved, not dropped; and back into the week
    again, not added. Who would not get them says why."""
    h.init(at="2022-03-14T09:00")
    h.start()
    h.found(members=4)
    h.call("m1", starts="2022-03-22T09:00")
    h.call("m2", starts="2022-05-22T09:00")
    h.register("m1", "m01", "m02", "m03")
    h.register("m2", "m01")
    h.settle()
    change = write_events(h, "change.jsonl", ("meeting.move", {"meeting": "m1", "starts": "2022-04-22T09:00"}),
                          ("registration.cancel", {"meeting": "m1", "person": "m03"}),
                          ("meeting.move", {"meeting": "m2", "starts": "2022-03-25T09:00"}),
                          ("meeting.cancel", {"meeting": "m9", "reason": "R"}),
                          ("meeting.cancel", {"meeting": "m9", "reason": "R"}), ("meeting.cancel", {"meeting": "m1"}))
    lines = forecast(h, "--until", "5d", "--with", change, code=3)
    week = [line for line in lines if line.get("rule") == "meeting-week-before"]
    equal({(line["person"], line["change"], line["was"][:10], line["at"][:10]) for line in week if "was" in line},
          {("m01", "moved", "2022-03-15", "2022-04-15"), ("m02", "moved", "2022-03-15", "2022-04-15"),
           ("m01", "moved", "2022-05-15", "2022-03-18")})
    equal([(line["person"], line["change"], line["reason"]) for line in week if "was" not in line],
          [("m03", "dropped", "not in registered: the registration is cancelled since 2022-03-14")])
    equal((lines[-1]["moved"], lines[-1]["dropped"], lines[-1]["refused"]), (3, 1, 3))
    text = h.run_cirkel("forecast", "--until", "5d", "--with", change, code=3)
    for words in ("Line 4 would be refused: not-found, meeting", "Line 5 would be refused: not-found, meeting",
                  "Line 6 would be refused: missing, reason", "1 letter would not go any more:",
                  "3 letters would go at another time:", "7 corrections would go, to people who were told"):
        assert words in text, text


def by_another_channel_test(h):
    """A letter that would go by mail is the same letter; and a calendar of no letters is none."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.settle()
    h.clock("2022-03-01T10:00")
    nothing = h.run_cirkel("forecast", "--ics")
    assert "Nothing falls due" in nothing.errors and not nothing, nothing
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.settle()
    new = os.path.join(h.folder, "new")
    for part in ("rules", "letters"):
        shutil.copytree(h.path(part), os.path.join(new, part))
    with open(h.path("cirkel.conf")) as file, open(os.path.join(new, "cirkel.conf"), "w") as to:
        to.writelines(line for line in file if not line.startswith("channel"))
        to.write('channel = "smtp"\n')
    *lines, sums = forecast(h, "--with-config", new)
    equal({(line["change"], line["channel"]) for line in lines}, {("rerouted", "smtp")})
    equal((sums["rerouted"], sums["dropped"], sums["added"]), (len(lines), 0, 0))
    assert "letters would go at the same time, by another channel:" in h.run_cirkel("forecast", "--with-config", new)


def what_was_said_before_is_not_done_again_test(h):
    """A file of which the first lines were sent already: only the others do something, as when it is sent again. An id
    that has been used for something else is a conflict, and so is one that is twice in the file."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.call("m1", starts="2022-03-22T09:00")
    path = os.path.join(h.folder, "events.jsonl")

    def write(*events):
        with open(path, "w") as file:
            for id, body in events:
                file.write(json.dumps({"id": id, "type": "registration.make", "body": body}) + "\n")

    anna, bo, cilla = ({"meeting": "m1", "person": p, "diet": "å ä ö"} for p in ("m01", "m02", "m03"))
    write(("e-1", anna))
    h.run_cirkel("send", "-f", path)
    h.say("registration.cancel", meeting="m1", person="m01")
    h.settle()
    write(("e-1", anna), ("e-2", bo), ("e-2", bo))
    *lines, sums = forecast(h, "--with", path)
    equal([line["line"] for line in lines if line["change"] == "again"], [1, 3])
    equal((set(line["person"] for line in lines if line["change"] == "added"), sums["again"]), ({"m02"}, 2))
    assert "2 of the events were said before" in h.run_cirkel("forecast", "--with", path)
    write(("e-1", bo), ("e-3", bo), ("e-3", cilla))
    *lines, sums = forecast(h, "--with", path, code=3)
    equal([(line["line"], line["code"], line["field"]) for line in lines if line["change"] == "refused"],
          [(1, "conflict", "id"), (3, "conflict", "id")])
    equal((set(line["person"] for line in lines if line["change"] == "added"), sums["refused"]), ({"m02"}, 2))
    sent = h.run_cirkel("send", "-f", path, "--keep-going", code=3)
    assert "1 taken" in sent and "2 refused" in sent, sent


def a_digest_is_one_letter_test(h):
    """If somebody had her news once a day, the letter of today would be in tomorrow's digest: that is one letter, and
    what it gathers is none."""
    h.init(at="2022-03-01T09:00")
    h.start()
    people = h.found(members=4)
    for meeting in ("m1", "m2", "m3"):
        h.plan(meeting, starts="2022-03-22T09:00", registration_closes="2022-03-19T09:00")
    for meeting in ("m1", "m2"):
        h.say("meeting.call", meeting=meeting)
        h.register(meeting, *people[:3])
    h.settle()
    daily = write_events(h, "daily.jsonl", ("preference.set", {"person": "m04", "class": "news", "on": True,
                                                               "digest": "daily"}), ("meeting.call", {"meeting": "m3"}))
    *lines, sums = forecast(h, "--with", daily, "--person", "m04")
    equal([(line["change"], line["about"], line["reason"]) for line in lines if line["rule"] == "meeting-nudge"],
          [("dropped", "m1", "in a digest, 2022-03-17T08:00:00+01:00"),
           ("dropped", "m2", "in a digest, 2022-03-17T08:00:00+01:00"), ("gathered", "m3", "in a digest")])
    equal((sums["added"], sums["dropped"], sums["gathered"]), (2, 2, 1))  # m3's invitation, and the digest
    text = h.run_cirkel("forecast", "--with", daily, "--person", "m04")
    assert "2 letters would go besides:" in text and "1 item would be in digests besides:" in text, text

    h.say("preference.set", {"person": "m04", "class": "news", "on": True, "digest": "daily"})
    h.settle()
    seen = forecast(h)
    goes = [line for line in seen if line["state"] == "goes" and not line.get("in_digest")]
    equal(len([line for line in seen if line.get("in_digest")]), 2)
    assert f"{len(goes)} letters to 4 people, with 2 items in digests" in h.run_cirkel("forecast"), seen

    cancel = write_events(h, "cancel.jsonl", ("meeting.cancel", {"meeting": "m1", "reason": "R"}))
    sums = forecast(h, "--with", cancel)[-1]
    h.run_cirkel("pause", "ferie")
    equal(["sending is paused: ferie" in line["reason"] for line in forecast(h) if line.get("in_digest")], [True] * 2)
    paused = forecast(h, "--with", cancel)[-1]
    equal({**paused, **sums}, paused)  # a pause makes no difference to it
    assert "0 letters to 0 people; " in h.run_cirkel("forecast"), paused
    h.run_cirkel("resume")
    h.settle()
    before = len(h.letters())
    h.clock("2022-03-31T09:00")
    equal(len(h.letters()) - before, len(goes))


def forecast_asked_for_wrongly_test(h):
    """What lies behind, whom nobody knows and what cannot be read is said, and not answered with an empty page."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.settle()
    for args, code, words in (
            (["--until", "2022-02-28"], 2, "--until 2022-02-28 lies behind: here it is 2022-03-01T09:00:00+01:00"),
            (["--until", "-3d"], 2, "lies behind"), (["--until", "soon"], 2, "a span like 30d"),
            (["--until", "3000-01-01"], 2, "a hundred years"), (["--person", "nobody"], 1, "no person nobody"),
            (["--person", ""], 2, "need an id"), (["--about", "m9"], 1, "nothing has the id m9"),
            (["--with", "no.jsonl"], 2, "No such file"), (["--with-config", h.folder], 2, "rules")):
        wrong = h.run_cirkel("forecast", *args, code=code).errors
        assert words in wrong and "usage:" not in wrong, (args, wrong)
    equal(h.run_cirkel("forecast", "--until", "0d").lines, ["Nothing falls due until then."])
    text = h.run_cirkel("forecast", "--until", "2022-03-20")
    assert "1 letter to 1 person." in text, text
    new = write_events(h, "new.jsonl", ("person.register", {"person": "new", "name": "N", "email": "n@k.example",
                                                            "language": "en"}),
                       ("membership.grant", {"network": "net", "person": "new", "source": "R"}))
    equal(heads(forecast(h, "--with", new, "--person", "new"), change="added", rule="membership-welcome"), ["new"])


def what_was_held_comes_in_order_of_time_test(h):
    """What an outage left on a sheet is missed by itself, between the letters that leave: the list goes by time."""
    h.init(at="2022-03-01T09:00", catchup_ask=1)
    h.start()
    people = h.found(members=3)
    h.call("m1", starts="2022-03-22T09:00")
    h.call("m2", starts="2022-04-22T09:00")
    h.register("m1", *people)
    h.settle()
    h.stop("scheduler")
    h.set_clock("2022-03-17T12:00")
    h.start("scheduler")
    h.settle()
    equal({row["state"] for row in h.ledger(rule="meeting-week-before")}, {"held"})
    seen = forecast(h, "--until", "60d")
    equal(heads(seen, rule="meeting-week-before", state="missed"), people)
    equal([h.moment(line["at"]) for line in seen], sorted(h.moment(line["at"]) for line in seen))


def what_waits_is_forecast_too_test(h):
    """A forecast begins with what was accepted and not applied yet, and with letters that wait to leave."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.say("sending.pause", reason="R")
    h.call("m1", starts="2022-03-22T09:00")
    seen = forecast(h, "--until", "2022-04-01", "--about", "m1")
    equal([(line["person"], line["state"]) for line in seen], [("m01", "queued"), ("m02", "queued")])
    h.kill("scheduler")
    for type, body in (("sending.resume", {}), ("registration.make", {"meeting": "m1", "person": "m02"})):
        equal(h.request({"v": 1, "id": type, "type": type, "wait": "accepted", "body": body})["status"], "accepted")
    seen = forecast(h, "--until", "2022-04-01", "--about", "m1")
    equal(heads(seen, rule="meeting-invitation", state="goes"), ["m01", "m02"])
    equal(heads(seen, rule="meeting-day-before"), ["m02"])


def add_rule(h):
    """A folder with the home's configuration and one rule more: all members, three days before."""
    coming = os.path.join(h.folder, "coming")
    for name in ("rules", "letters"):
        shutil.copytree(h.path(name), os.path.join(coming, name))
    with open(os.path.join(coming, "rules", "more.conf"), "w") as file:
        file.write("""rule "three-days-before" {
  about = "meeting"
  when = { "starts - 3d at 09:00" }
  only = { "state = called" }
  to = "members"
  letter = "meeting-invitation"
  class = "service"
  useful = "starts"
  late = "send"
}
""")
    return coming


def while_nothing_leaves_test(h):
    """Sending is paused for the holidays. What a move, a cancellation and a new rule would change is shown all the
    same, and that nothing leaves; the forecast, why and the ledger name the pause, and the end of each letter's use.
    When sending is resumed, the new rule's letters go to whom it said."""
    h.init(at="2022-03-01T09:00")
    h.start()
    people = h.found(members=4)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.settle()
    h.run_cirkel("pause", "ferie")

    seen = forecast(h)
    equal({(line["rule"], line["state"], line["reason"]) for line in seen},
          {(rule, "queued", f"sending is paused: ferie; past its use after {until}:00+01:00")
           for rule, until in (("meeting-week-before", "2022-03-21T09:00"), ("meeting-day-before", "2022-03-22T08:00"),
                               ("meeting-hour-before", "2022-03-22T09:00"))})
    equal({line["reason"] for line in forecast(h, "--until", "2022-03-16")}, {"sending is paused: ferie"})
    entry = icalendar.Calendar.from_ical(h.run_cirkel("forecast", "--ics")).walk("VEVENT")[0]
    assert "sending is paused: ferie" in entry["DESCRIPTION"], entry
    told = [line for line in why(h, "m01", "m1") if line.get("rule") == "meeting-week-before"][0]
    equal((told["because"], told["in_audience"]), ("sending is paused: ferie", True))
    assert "it is for this person, but does not leave: sending is paused: ferie." in told["text"], told

    move = write_events(h, "move.jsonl", ("meeting.move", {"meeting": "m1", "starts": "2022-03-24T09:00"}))
    lines = forecast(h, "--with", move)
    equal({(line["rule"], line["state"]) for line in lines if line["change"] == "moved"},
          {(rule, "queued") for rule in ("meeting-week-before", "meeting-day-before", "meeting-hour-before")})
    equal(heads(lines, change="corrected"), people)
    equal((lines[-1]["moved"], lines[-1]["held"], lines[-1]["regardless"]), (6, "sending is paused: ferie", True))
    cancel = write_events(h, "cancel.jsonl", ("meeting.cancel", {"meeting": "m1", "reason": "R"}))
    sums = forecast(h, "--with", cancel)[-1]
    equal((sums["dropped"], sums["corrected"]), (6, 4))
    text = h.run_cirkel("apply", add_rule(h), "--yes")
    for words in ("Nothing leaves now: sending is paused: ferie.", "4 letters would go besides:", "6 stay as they are"):
        assert words in text, text

    h.clock("2022-03-21T10:00")
    equal([(row["state"], row["reason"]) for row in h.ledger(rule="meeting-week-before")],
          [("queued", "sending is paused: ferie; past its use after 2022-03-21T09:00:00+01:00")] * 2)
    equal({row["reason"] for row in h.ledger(rule="three-days-before")}, {"sending is paused: ferie"})
    said = [line["text"] for line in why(h, "m01", "m1") if "meeting-week-before, about" in line["text"]][0]
    assert "it waits, and will not go; because: sending is paused: ferie; past its use after 2022-03-21T09:00" in said, said

    resume = write_events(h, "resume.jsonl", ("sending.resume", {}))
    lines = forecast(h, "--with", resume)
    equal(heads(lines, change="added", rule="three-days-before"), people)
    equal((heads(lines, rule="meeting-week-before"), lines[-1]["dropped"], lines[-1]["regardless"]), ([], 0, False))
    h.run_cirkel("resume")
    h.settle()
    equal(sorted(row["person"] for row in h.ledger(rule="three-days-before", state="accepted")), people)
    pause = write_events(h, "pause.jsonl", ("sending.pause", {"reason": "again"}))
    equal({line["reason"] for line in forecast(h, "--with", pause) if line["change"] == "dropped"},
          {"sending is paused: again"})


def on_hold_as_a_copy_test(h):
    """A restored home is on hold: what would be different there is told, and the hold is named as the reason."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.settle()
    h.run_cirkel("backup", os.path.join(h.folder, "kept"))
    copy = h.another("copy")
    shutil.rmtree(copy.home, ignore_errors=True)
    h.run_cirkel("restore", os.path.join(h.folder, "kept"), copy.home)
    copy.set_clock("2022-03-01T09:00")
    errors = copy.run_cirkel("apply", add_rule(h), code=3, text="n\n").errors
    assert errors.count("when it starts, it is on hold") == 1 and "cirkel release --hold" in errors, errors
    copy.start()
    copy.settle()
    cancel = write_events(h, "cancel.jsonl", ("meeting.cancel", {"meeting": "m1", "reason": "R"}))
    sums = forecast(copy, "--with", cancel)[-1]
    equal((sums["dropped"], sums["corrected"], sums["held"].split(",")[0]),
          (3, 2, "sending is on hold for copied data: restored from a backup"))
    equal({line["reason"].split(",")[0] for line in forecast(copy)},
          {"sending is on hold for copied data: restored from a backup"})


def said_after_the_end_test(h):
    """What is to be said only after the end of the look is no part of it, and that is told."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.call("m1", starts="2022-03-22T09:00")
    h.settle()
    path = os.path.join(h.folder, "later.jsonl")
    with open(path, "w") as file:
        for at in ("2022-03-18T09:00:00+01:00", "2022-03-02T09:00:00+01:00"):
            file.write(json.dumps({"type": "meeting.cancel", "at": at, "body": {"meeting": "m9", "reason": "R"}}) + "\n")
    run = h.run_cirkel("forecast", "--until", "5d", "--json", "--with", path, code=3)
    lines = [json.loads(line) for line in run.lines]
    equal([(line["line"], line["at"]) for line in lines if line["change"] == "unsaid"],
          [(1, "2022-03-18T09:00:00+01:00")])
    equal((lines[-1]["unsaid"], lines[-1]["refused"]), (1, 1))
    for errors in (run.errors, h.run_cirkel("forecast", "--until", "5d", "--with", path, code=3).errors):
        assert "1 line of the file is left out" in errors and "line 1 is to be said at 2022-03-18" in errors, errors
