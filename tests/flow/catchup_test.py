"""The catch-up sheet: what fell due while nothing could leave waits until somebody has seen it."""
import json

from tests.harness.house import equal

ASKING = """
rule "ask-first" {
  about = "meeting"
  when = { "starts - 2d at 09:00", "starts - 1d at 09:00" }
  only = { "state = called" }
  to = "registered"
  letter = "meeting-week-before"
  class = "service"
  useful = "starts - 1h"
  late = "ask"
}
"""


def sheet(h):
    """The one that is open."""
    found = [s for s in json.loads(h.run_cirkel("catchup", "--json"))["sheets"] if s["state"] == "open"]
    equal(len(found), 1, "open sheets")
    return found[0]


def of_rule(of, rule):
    return {k: v for k, v in next(r for r in of["rules"] if r["rule"] == rule).items() if v and k not in ("rule", "missed_after")}


def is_in_time(h):
    for row in h.records("ledger", state="accepted"):
        if row.get("useful"):
            assert h.moment(row["ended"]) <= h.moment(row["useful"]), f"left when it was of no use: {row}"


def away(h, *, members=50, week=40, today=47, **settings):
    """From six to noon on 4 April; 50 letters of the day before, 40 of the week, 47 of the hour before."""
    h.init(at="2022-03-20T09:00", **settings)
    h.start()
    people = h.found(members=members)
    for meeting, starts, count in (("tomorrow", "2022-04-05T09:00", members), ("week", "2022-04-11T09:00", week),
                                   ("today", "2022-04-04T10:00", today)):
        h.call(meeting, starts=starts)
        h.register(meeting, *people[:count])
    h.clock("2022-04-04T06:00")
    h.kill()
    h.set_clock("2022-04-04T12:00")
    h.start()
    h.settle()


def catchup_outage_of_137_letters_test(h):
    """137 fell due in six hours: 90 are still of use and wait, 47 are past. Some go, paced; the rest is left out."""
    away(h)
    before = len(h.letters())
    now = sheet(h)
    equal((now["letters"], now["held"], now["past"], now["cause"]), (137, 90, 47, "outage"))
    equal((of_rule(now, "meeting-day-before"), of_rule(now, "meeting-week-before"), of_rule(now, "meeting-hour-before")),
          ({"held": 50}, {"held": 40}, {"past": 47}))
    equal(len(h.ledger(state="held", hold="catchup", hold_no=now["sheet"])), 90)
    said = h.run_cirkel("catchup")
    for words in ("137 letters fell due", "90 still of use", "47 past", "cirkel release --rate"):
        assert words in said, said
    queues = h.run_cirkel("queues")
    assert "catch-up sheet WAITS" in queues and "90 letters" in queues, queues
    equal(json.loads(h.run_cirkel("queues", "--json"))["catchup"]["held"], 90)
    why = h.run_cirkel("why", "m01", "tomorrow")
    assert "catch-up sheet 1; missed after 2022-04-05T08:00" in why, why

    h.clock("2022-04-04T12:30")
    equal(len(h.letters()), before, "nothing leaves by itself")
    h.run_cirkel("release", "--rule", "no-such-rule", code=3)
    h.run_cirkel("release", "--rate", "many", code=2)
    said = h.run_cirkel("release", "--rule", "meeting-day-before", "--rate", "10/min")
    assert "released       50" in said, said
    h.clock("2022-04-04T12:32")
    equal(len(h.letters()), before + 21, "ten a minute, the first at once")
    letter = h.letter(rule="meeting-day-before", about="tomorrow", person="m01")
    assert "senare än det skulle" in letter.text, letter.text
    h.clock("2022-04-04T12:40")
    equal(len(h.letters()), before + 50)

    h.run_cirkel("skip", code=2)
    said = h.run_cirkel("skip", "--all")
    assert "skipped        40" in said, said
    equal({r["reason"] for r in h.ledger(rule="meeting-week-before", state="withdrawn")}, {"skipped on the catch-up sheet"})
    assert "No catch-up sheet is open" in h.run_cirkel("catchup")
    assert "WAITS" not in h.run_cirkel("queues")
    h.run_cirkel("release", code=3)
    h.clock("2022-04-05T12:00")
    equal(len(h.letters(rule="meeting-hour-before", about="tomorrow")), 50, "life goes on")
    equal(len(h.ledger(rule="meeting-hour-before", about="today", state="missed")), 47, "missed ones are seen for ever")
    is_in_time(h)
    h.verify()


def catchup_all_of_it_past_test(h):
    """Thirty letters fell due while nobody was there, and none is of use any more: nothing waits, and it is not silent."""
    h.init(at="2022-03-20T09:00")
    h.start()
    people = h.found(members=30)
    h.call("today", starts="2022-04-04T10:00")
    h.register("today", *people[:30])
    h.clock("2022-04-04T06:00")
    assert "missed" not in h.run_cirkel("queues")
    h.kill()
    h.set_clock("2022-04-04T12:00")
    h.start()
    h.settle()
    equal(len(h.ledger(rule="meeting-hour-before", state="missed")), 30)
    said = h.run_cirkel("catchup")
    assert "No catch-up sheet is open" in said and "Earlier sheets:" in said, said
    one, = json.loads(h.run_cirkel("catchup", "--json"))["sheets"]
    equal((one["state"], one["cause"], one["letters"], one["past"], one["held"]), ("passed", "outage", 30, 30, 0))
    equal([(rule["rule"], rule["past"]) for rule in one["rules"]], [("meeting-hour-before", 30)])
    said = h.run_cirkel("queues")
    assert "30 of them missed: cirkel ledger --state missed" in said, said
    equal(json.loads(h.run_cirkel("queues", "--json"))["ended_in_the_last"]["missed"], 30)
    h.verify()


def catchup_left_alone_test(h):
    """Nobody looks: what is held is missed by itself when it is of no use any more, and the sheet ends."""
    away(h)
    h.clock("2022-04-05T08:00")
    equal(len(h.ledger(rule="meeting-day-before", state="held")), 50, "of use until eight")
    said = json.loads(h.run_cirkel("release", "--rule", "meeting-day-before", "--json", code=None))
    equal(said["result"]["released"], 1, "at this pace only the first is in time")
    equal(said["result"]["left"], 49)
    h.clock("2022-04-05T08:01")
    equal(len(h.ledger(rule="meeting-day-before", state="missed")), 49)
    reason = {r["reason"] for r in h.ledger(rule="meeting-day-before", state="missed")}
    equal(reason, {"nobody released it while it was of use"})
    equal(len(h.ledger(rule="meeting-week-before", state="held")), 40)
    number = h.ledger(rule="meeting-week-before", state="held")[0]["no"]
    h.run_cirkel("release", number)
    h.settle()
    equal(len(h.letters(rule="meeting-week-before", about="week")), 1, "a single letter")
    h.run_cirkel("release", number, code=3)
    h.clock("2022-04-12T09:00")
    equal(len(h.ledger(rule="meeting-week-before", state="missed")), 39)
    equal(h.records("hold")[0]["state"], "ended")
    is_in_time(h)
    h.verify()


def catchup_digests_test(h):
    """A digest on a sheet is of use as long as anything in it is; then it is missed by itself, with what is in it."""
    h.init(at="2022-03-20T09:00", catchup_ask=2)
    h.start()
    for person in h.found(members=3):
        h.say("preference.set", {"person": person, "class": "news", "on": True, "digest": "daily"})
    for name, closes in (("q1", "2022-03-22T12:00"), ("q2", "2022-03-23T12:00")):
        h.say("poll.open", {"poll": name, "network": "net", "closes": closes, "audience": "members",
                            "question": {"sv": f"Fråga {name}?"},
                            "options": [{"option": "a", "text": "Ja"}, {"option": "b", "text": "Nej"}]})
    h.settle()
    h.stop()
    h.set_clock("2022-03-21T20:00")
    h.start()
    h.settle()
    equal(sheet(h)["held"], 3)
    assert sheet(h)["missed_after"].startswith("2022-03-23T12:00"), "of use as long as the second question"
    held = h.ledger(rule="digest", person="m01", state="held")[0]["no"]
    equal([row["reason"] for row in h.ledger(rule="poll-opened", person="m01")], [f"in the digest, letter {held}: held"] * 2)

    h.clock("2022-03-22T13:00")
    h.run_cirkel("release", h.ledger(rule="digest", person="m03", state="held")[0]["no"])
    h.settle()
    letter = h.letter(rule="digest", person="m03")
    equal(["q1" in letter.text, "q2" in letter.text], [False, True], "what is left of it")
    equal(of_rule(sheet(h), "digest"), {"held": 2, "released": 1})

    h.clock("2022-03-23T12:01")
    assert "No catch-up sheet is open" in h.run_cirkel("release", code=3)
    before = json.loads(h.run_cirkel("catchup", "--json"))["sheets"][0]
    equal([before[k] for k in ("state", "past", "released", "overtaken")], ["ended", 2, 1, 0])
    equal([(row["state"], row["reason"]) for row in h.ledger(rule="poll-opened", person="m01")],
          [("expired", f"in the digest, letter {held}: missed")] * 2)
    h.verify()


def catchup_killed_while_released_test(h):
    """kill -9 while the release is applied and while letters leave: each letter once, the sheet exact."""
    away(h)
    h.kill("scheduler")
    h.request({"v": 1, "id": "go", "type": "catchup.release", "wait": "accepted", "body": {"rate": 30}})
    for minute in range(4):
        h.start("scheduler")
        h.clock(f"2022-04-04T12:0{minute}:30", quiet=False)
        h.kill("scheduler")
    h.start("scheduler")
    h.clock("2022-04-04T12:10")
    rows = h.ledger("--since", "2022-04-04T06:30", hold="catchup")
    equal(len(rows), 90)
    equal({r["state"] for r in rows}, {"accepted"})
    letters = [letter.message_id for letter in h.letters() if letter.row["hold"]]
    equal((len(letters), len(set(letters))), (90, 90), "one copy each")
    equal(h.say("catchup.release", id="go", rate=30)["released"], 90, "said again: the same answer")
    equal(h.records("hold")[0]["state"], "ended")
    h.verify()


def catchup_pause_of_an_hour_test(h):
    """What fell due while sending was paused: a few go when it is resumed, many wait on a sheet."""
    h.init(at="2022-04-04T08:30")
    h.start()
    people = h.found(members=25)
    for n, count in ((1, 20), (2, 25)):
        h.call(f"m{n}", starts=f"2022-04-{10 + n}T09:00")
        h.register(f"m{n}", *people[:count])
    h.settle()
    before = len(h.letters())
    h.run_cirkel("pause", "the mail server moves")
    h.clock("2022-04-04T10:00")
    h.run_cirkel("resume")
    h.settle()
    equal(len(h.letters()), before + 20, "twenty are a handful")
    h.clock("2022-04-05T08:55")
    h.run_cirkel("pause", "again")
    h.clock("2022-04-05T10:00")
    said = h.run_cirkel("resume")
    assert "sheet          " in said, said
    h.settle()
    equal(len(h.letters()), before + 20)
    now = sheet(h)
    equal((now["cause"], now["held"]), ("pause", 25))
    h.run_cirkel("release")
    h.clock("2022-04-05T10:30")
    equal(len(h.letters()), before + 45)
    h.verify()


def catchup_rule_that_asks_test(h):
    """One late letter whose rule asks is enough for a sheet; the handful of others goes. A later step overtakes it."""
    h.init(at="2022-03-20T09:00")
    with open(h.path("rules/asking.conf"), "w") as file:
        file.write(ASKING)
    h.start()
    h.found(members=3)
    h.call("m", starts="2022-04-06T12:00")
    h.register("m", "m01", "m02")
    h.call("other", starts="2022-04-11T09:00")
    h.register("other", "m03")
    h.clock("2022-04-04T06:00")
    h.kill()
    h.set_clock("2022-04-04T12:00")
    h.start()
    h.settle()
    equal({(r["rule"], r["state"], r["hold"]) for r in h.ledger("--since", "2022-04-04T06:00")},
          {("ask-first", "held", "ask"), ("meeting-week-before", "accepted", "catchup")})
    assert "somebody decides" in h.ledger(rule="ask-first")[0]["reason"]
    h.run_cirkel("release", h.ledger(rule="ask-first", person="m01")[0]["no"])
    h.clock("2022-04-05T12:00")
    rows = sorted((r["person"], r["due"][:10], r["state"]) for r in h.ledger(rule="ask-first"))
    equal(rows, [("m01", "2022-04-04", "accepted"), ("m01", "2022-04-05", "accepted"),
                 ("m02", "2022-04-04", "superseded"), ("m02", "2022-04-05", "accepted")])
    equal(h.records("hold")[0]["state"], "ended")
    h.verify()


def catchup_mass_letter_test(h):
    """A letter to everybody whose window ended while the server was off: nobody could take it back, so it is asked about."""
    h.init(at="2022-03-01T09:00", catchup_ask=3)
    h.start()
    h.found(members=5)
    say = {"audience": "members", "class": "service", "network": "net", "subject": "S", "text": "T"}
    h.say("letter.send", say, window=60)
    h.settle()
    h.kill()
    h.set_clock("2022-03-01T10:06")
    h.start()
    h.settle()
    equal(len(h.letters(rule="letter")), 0, "what is six minutes late waits")
    now = sheet(h)
    equal((now["held"], now["cause"], now["since"][:16], of_rule(now, "letter")), (5, "outage", "2022-03-01T10:00", {"held": 5}))
    why = h.run_cirkel("why", "m01", "net")
    assert "it is held; because: fell due in an outage; catch-up sheet 2" in why, why
    h.verify()
    h.run_cirkel("release", "--rule", "letter")
    h.clock("2022-03-01T10:10")
    equal(len(h.letters(rule="letter")), 5)
    h.say("letter.send", say, window=30)
    h.run_cirkel("pause", "the mail server moves")
    h.clock("2022-03-01T12:00")
    h.run_cirkel("resume")
    h.settle()
    now = sheet(h)
    equal((now["held"], now["cause"]), (5, "pause"))
    assert "it is held; because: fell due in a pause" in h.run_cirkel("why", "m01", "net")
    h.run_cirkel("skip", "--all")
    equal(len(h.letters(rule="letter")), 5, "and it can be left out")
    h.verify()
    h.run_cirkel("verify", "--replay")
