"""Taking part in a programme, from the welcome to the solutions: who is told what, and when."""
from tests.flow.programme_test import apply, decide, found, sent, take_part
from tests.harness.house import equal


def owed_states(h, kind):
    return {row["about"]: row["state"] for row in h.records("obligation") if row["kind"] == kind}


def welcome_and_adviser_test(h):
    found(h)
    take_part(h, "k01", named=False)
    welcome = h.letter(rule="participation-welcome")
    equal((welcome.row["person"], welcome.subject), ("k01-a", "Velkommen til Cirkulære byer"))
    assert "mindst 2 medarbejdere" in welcome.text and "onsdag den 1. juni 2022" in welcome.text, welcome.text
    told = h.letter(rule="adviser-assigned")
    equal(told.row["person"], "k01-a")
    assert "Person adviser-1" in told.text, told.text
    equal(h.letter(rule="adviser-yours").row["person"], "adviser-1")
    h.verify()


def pain_23_ladder_knows_easter_test(h):
    """Owed for fourteen days; then colleagues, adviser and lead hear, in workdays; anyone of the organisation may end it."""
    found(h)
    apply(h, "k01", "k02")
    decide(h, {"k01": "selected", "k02": "selected"}, at="2022-04-01T10:00")
    for o in ("k01", "k02"):
        h.say("offer.accept", application="a-" + o, person=o + "-a")
        h.say("adviser.assign", programme="p", participation=o, person="adviser-1")
    # Due 15 April, Good Friday; Easter Monday is the 18th: the second workday after is the 20th.
    h.clock("2022-04-20T08:59")
    equal(sent(h, "name-staff"), [("k01-a", "2022-04-08T09:00"), ("k02-a", "2022-04-08T09:00"),
                                  ("k01-a", "2022-04-14T09:00"), ("k02-a", "2022-04-14T09:00")])
    h.clock("2022-04-20T09:00")
    equal(sorted(sent(h, "name-staff")[4:]), [(p, "2022-04-20T09:00") for p in ("k01-b", "k01-c", "k02-b", "k02-c")])
    h.say("staff.name", programme="p", participation="k02", persons=["k02-b", "k02-c"])
    h.clock("2022-05-02T09:00")
    equal(sent(h, "name-staff")[8:], [("adviser-1", "2022-04-22T09:00"), ("lead", "2022-04-26T09:00")])
    equal(owed_states(h, "name-staff"), {"p/k01": "overdue", "p/k02": "met"})
    h.say("staff.name", programme="p", participation="k01", persons=["k01-a", "k01-b"])
    equal(owed_states(h, "name-staff"), {"p/k01": "met", "p/k02": "met"})
    h.verify()


def hours_are_counted_and_kept_in_pace_test(h):
    found(h)
    take_part(h, "k01")
    h.clock("2022-07-01T10:00")
    log = {"programme": "p", "participation": "k01", "person": "k01-a", "date": "2022-06-20", "kind": "preparation"}
    h.say("hours.log", log, hours="t1", minutes=300)
    h.say("hours.log", log, hours="t2", minutes=400)
    h.say("hours.correct", programme="p", participation="k01", hours="t2", minutes=420, reason="Glemt møde")
    row = h.record("hours", hours="t2")
    equal((row["minutes"], [was["minutes"] for was in row["history"]]), (420, [400]))
    equal(h.record("participation", organisation="k01")["minutes"], 720)
    h.clock("2022-09-01T09:00")
    months = h.letters(rule="hours-month")
    equal([letter.row["person"] for letter in months], ["adviser-1"] * 3)
    assert "2 %" in months[-1].text and "12 %" in months[-1].text, months[-1].text
    equal(h.letters(rule="hours-behind"), [], "ten per cent behind is no reason to write")
    h.clock("2022-12-02T09:00")
    behind = h.letters(rule="hours-behind")
    equal(sorted(letter.row["person"] for letter in behind), ["adviser-1", "k01-a", "k01-b"], "told once")
    equal({letter.row["due"][11:16] for letter in behind}, {"09:00"})
    day = behind[0].row["due"][:10]
    equal([row["rule"] for row in h.ledger(person="adviser-1") if row["due"][:10] == day], ["hours-behind"],
          "one letter about it, not two in the same minute")
    equal([row["due"][:10] for row in h.ledger(rule="hours-month")][-3:], ["2022-09-01", "2022-10-01", "2022-12-01"],
          "the monthly state goes on")
    assert behind[0].token("Registrér timer")
    h.verify()


def attendance_logs_itself_and_absence_shows_test(h):
    found(h)
    take_part(h, "k01", "k02")
    h.clock("2022-06-01T09:00")
    for n in (1, 2, 3):
        h.say("meeting.plan", meeting=f"w{n}", programme="p", kind="workshop", title={"da": f"Workshop {n}"},
              starts=f"2022-06-{7 * n:02}T09:00", minutes=360, mode="room", place="BLOX", audience="staff")
        h.say("meeting.call", meeting=f"w{n}")
    h.settle()
    invited = h.letters(rule="meeting-invitation", person="k01-a")
    equal(len(invited), 3)
    assert "Brevet kommer fra Cirkulære byer, som drives af HOST Kommune, med støtte fra Fonden." in invited[0].text, invited[0].text
    for n in (1, 2, 3):
        h.register(f"w{n}", "k01-a", "k01-b")
        h.clock(f"2022-06-{7 * n:02}T16:00")
        h.say("meeting.record", meeting=f"w{n}")
        h.say("attendance.record", meeting=f"w{n}", entries=[{"person": "k01-a", "minutes": 360},
                                                             {"person": "k01-b", "minutes": 0}])
    h.settle()
    equal(h.record("participation", organisation="k01")["minutes"], 1080)
    equal({(row["person"], row["meeting"], row["minutes"]) for row in h.records("hours")},
          {("k01-a", f"w{n}", 360) for n in (1, 2, 3)})
    absent = h.letter(rule="staff-absent")
    equal((absent.row["person"], absent.subject), ("adviser-1", "K02 Kommune har været fraværende tre gange i træk"))
    h.verify()


def milestones_are_reminded_and_climb_test(h):
    found(h)
    take_part(h, "k01")
    h.clock("2022-06-01T09:00")
    for name, due in (("m1", "2022-07-01"), ("m2", "2022-07-01"), ("m3", "2022-07-01")):
        h.say("milestone.plan", milestone=name, programme="p", participation="k01", phase="scope",
              title={"da": "Mål " + name}, due=due)
    h.clock("2022-06-17T09:00")
    equal(sorted(sent(h, "milestone-due")), sorted([(p, "2022-06-17T09:00") for p in ("k01-a", "k01-b")] * 3))
    h.say("milestone.reach", milestone="m1")
    h.say("milestone.move", milestone="m2", due="2022-08-01", reason="Ferie")
    h.clock("2022-07-11T09:00")
    equal(sent(h, "milestone-overdue"), [("adviser-1", "2022-07-04T09:00")])
    equal(sent(h, "milestone-overdue-lead"), [("lead", "2022-07-08T09:00")])
    equal({row["milestone"]: row["state"] for row in h.records("milestone")},
          {"m1": "reached", "m2": "planned", "m3": "overdue"})
    h.say("milestone.reach", milestone="m3")
    h.clock("2022-07-18T09:00")
    equal(len(sent(h, "milestone-due")), 8, "the moved one is reminded of its new day")
    h.verify()


def backing_that_runs_out_is_asked_for_again_test(h):
    found(h)
    take_part(h, "k01")
    h.say("evidence.add", evidence="e1", programme="p", participation="k01", kind="political-backing",
          text="Udvalgsbeslutning", valid_until="2022-12-31")
    h.clock("2022-12-02T09:00")
    dues = {due for _, due in sent(h, "backing-expires")}
    equal(dues, {"2022-11-01T09:00", "2022-12-01T09:00"})
    assert "lørdag den 31. december 2022" in h.letters(rule="backing-expires")[0].text
    h.clock("2023-01-01T09:00")
    equal(h.record("evidence", evidence="e1")["state"], "expired")
    # Nothing came: who owes it on the next workday, then the adviser; new backing ends it.
    h.clock("2023-01-12T09:00")
    equal(sent(h, "renew-backing"), [("k01-a", "2023-01-02T09:00"), ("adviser-1", "2023-01-06T09:00")])
    h.say("evidence.add", evidence="e2", programme="p", participation="k01", kind="political-backing",
          text="Ny udvalgsbeslutning", valid_until="2024-05-31")
    h.clock("2023-02-01T09:00")
    equal(len(sent(h, "renew-backing")), 2, "the lead need not hear of it")
    h.verify()


def solution_is_owed_and_reaches_the_community_test(h):
    found(h)
    take_part(h, "k01", "k02")
    h.say("test.record", programme="p", participation="k01", hypothesis={"da": "Det kan lade sig gøre."},
          result={"da": "Det kunne det."})
    h.clock("2024-05-02T09:00")
    equal(sorted(sent(h, "publish-solution")), [("k01-a", "2024-05-01T09:00"), ("k02-a", "2024-05-01T09:00")])
    solution = {"solution": "s1", "programme": "p", "participation": "k01", "title": {"da": "Genbrugte mursten"},
                "text": {"da": "Sådan gør I."}, "links": ["https://example.org/mursten"], "visibility": "public"}
    h.say("solution.publish", solution)
    h.settle()
    published = h.letters(rule="solution-published")
    equal(sorted(letter.row["person"] for letter in published), ["k02-a", "k02-b"])
    assert "Genbrugte mursten" in published[0].text and "https://example.org/mursten" in published[0].text
    h.say("solution.publish", solution, text={"da": "Rettet."})
    h.settle()
    equal(h.record("solution", solution="s1")["version"], 2)
    equal(len(h.letters(rule="solution-published")), 2, "a further version is not announced again")
    h.clock("2024-06-10T09:00")
    rest = sent(h, "publish-solution")[2:]
    equal({person for person, _ in rest}, {"k02-a", "adviser-1", "lead"}, "only the one that is missing")
    h.verify()


def follow_up_group_has_its_own_rhythm_test(h):
    found(h)
    take_part(h, "k01")
    h.say("group.create", group="politicians", programme="p", name={"da": "Følgegruppen"})
    h.say("group.add", group="politicians", person="k01-c")
    h.say("group.add", group="politicians", person="k02-c")
    h.say("meeting.plan", meeting="f1", group="politicians", programme="p", kind="follow-up",
          title={"da": "Følgegruppemøde 1"}, starts="2022-05-18T15:00", minutes=120, mode="video",
          link="https://video.example/f1", audience="group:politicians")
    h.say("meeting.call", meeting="f1")
    h.clock("2022-05-06T09:00")
    materials = h.letters(rule="follow-up-materials")
    equal(sorted(letter.row["person"] for letter in materials), ["k01-c", "k02-c"])
    assert "onsdag den 18. maj 2022 kl. 15.00–17.00" in materials[0].text, materials[0].text
    h.clock("2022-05-18T18:00")
    h.say("meeting.update", meeting="f1", text={"da": "Byerne er kommet godt fra start."})
    h.say("meeting.record", meeting="f1")
    h.clock("2022-05-19T10:00")
    summary = h.letters(rule="follow-up-summary")
    assert "Byerne er kommet godt fra start." in summary[0].text, summary[0].text
    equal({letter.row["due"][:16] for letter in summary}, {"2022-05-19T09:00"})
    equal(sorted(letter.row["person"] for letter in summary), ["k01-c", "k02-c"])
    equal(h.record("meeting", meeting="f1")["state"], "held")
    h.verify()


def letters_in_three_languages_test(h):
    """The same decision in Swedish and English: no letter of the programme is without its words."""
    found(h, organisations=2)
    h.say("person.update", person="k01-a", language="sv")
    h.say("person.update", person="k02-a", language="en")
    take_part(h, "k01", "k02")
    swedish = h.letter(rule="application-selected", person="k01-a")
    english = h.letter(rule="application-selected", person="k02-a")
    assert swedish.token("Ja tack") and english.token("Yes please")
    equal(english.subject, "You are offered a place in Circular cities")
    assert "Cirkulære byer" in swedish.subject or "Circular cities" in swedish.subject, swedish.subject
    equal(h.letter(rule="participation-welcome", person="k02-a").subject, "Welcome to Circular cities")
    h.verify()


def community_outlives_the_programme_test(h):
    found(h)
    take_part(h, "k01", "k02")
    h.say("group.create", group="community", programme="p", name={"da": "Fællesskabet"})
    h.say("group.add", group="community", person="k03-a")
    h.clock("2024-06-01T09:00")
    h.say("programme.end", programme="p")
    equal({row["state"] for row in h.records("participation")}, {"completed"})
    h.refused("wrong-state", "hours.log", programme="p", participation="k01", person="k01-a", date="2024-05-01",
              minutes=60, kind="meeting")
    h.say("solution.publish", solution="s1", programme="p", participation="k01", title={"da": "Genbrugte mursten"},
          text={"da": "Sådan gør I."}, visibility="public")
    h.settle()
    equal(sorted(letter.row["person"] for letter in h.letters(rule="solution-published")), ["k02-a", "k02-b", "k03-a"])
    h.clock("2024-09-01T09:00")
    equal([row for row in h.ledger(rule="hours-month") if row["due"] > "2024-06-02"], [], "no pace after the end")
    h.verify()
