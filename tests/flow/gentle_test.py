"""Gentleness: news waits for the morning, is gathered for who wants it so, and is never too much. Service and
duty pass, and say why they come."""
import re

from tests.harness.house import equal


def poll(h, name, closes="2022-04-20T12:00", **fields):
    h.say("poll.open", {"poll": name, "network": "net", "closes": closes, "audience": "members",
                        "question": {"sv": f"Fråga {name}?", "da": f"Spørgsmål {name}?", "en": f"Question {name}?"},
                        "options": [{"option": "a", "text": "Ja"}, {"option": "b", "text": "Nej"}], **fields})
    h.settle()


def states(h, person, rule="poll-opened"):
    return [row["state"] for row in h.ledger(rule=rule, person=person)]


def quiet_in_her_own_zone_test(h):
    """Night in Nuuk is not night in Borås; service passes both."""
    h.init(at="2022-04-01T09:00")
    h.start()
    h.found(members=3)
    h.say("person.update", person="m02", zone="America/Nuuk")
    for person in ("m01", "m02"):
        h.say("quiet.set", person=person, **{"from": "21:00", "to": "07:00"})
    h.clock("2022-04-01T22:00")
    poll(h, "q1")
    poll(h, "q2", closes="2022-04-02T06:00")
    h.call("m1", starts="2022-04-19T09:00")
    equal(states(h, "m01"), ["queued", "missed"], "asleep; and in the morning the second is of no use")
    equal(states(h, "m02"), ["accepted", "accepted"], "six in the afternoon in Nuuk")
    equal(states(h, "m03"), ["accepted", "accepted"])
    assert "quiet hours" in h.ledger(rule="poll-opened", person="m01", state="missed")[0]["reason"]
    invitation = h.letter(rule="meeting-invitation", person="m01")
    assert "Du får brevet för att" in invitation.text, "service comes at night, and says why"
    h.clock("2022-04-02T06:59")
    equal(states(h, "m01"), ["queued", "missed"])
    h.clock("2022-04-02T07:00")
    equal(states(h, "m01"), ["accepted", "missed"])
    assert "quiet hours" in h.run_cirkel("why", "m01", "q2")
    h.verify()


def digest_test(h):
    """One letter a day with everything in it, in the reader's language, with the links that answer."""
    h.init(at="2022-04-01T09:00")
    h.start()
    h.found(members=1)
    h.join("net", "dansk", language="da")
    h.join("net", "english", language="en")
    people = ("m01", "dansk", "english")
    for person in people:
        h.say("preference.set", {"person": person, "class": "news", "on": True, "digest": "daily"})
    poll(h, "q1")
    poll(h, "q2")
    for person in people:
        equal(states(h, person), ["digested", "digested"])
    queues = h.run_cirkel("queues")
    assert "digested" in queues, queues
    assert "digest" in h.run_cirkel("why", "m01")
    h.clock("2022-04-02T08:00")
    for person, words, question in (("m01", "Nytt från", "Fråga q2?"), ("dansk", "Nyt fra", "Spørgsmål q2?"),
                                    ("english", "News from", "Question q2?")):
        letter = h.letter(rule="digest", person=person)
        assert words in letter.subject and question in letter.text, letter.plain
        equal(letter.html.count("<h2>"), 2, "items")
        equal([letter.text.count(greeting) for greeting in ("Hej", "Hello")],
              [1, 0] if person != "english" else [0, 1], "greetings")
        assert letter.message["List-Unsubscribe"], "news can be refused with one click"
        equal(states(h, person), ["accepted", "accepted"])
        row = h.ledger(rule="poll-opened", person=person)[0]
        equal(row["reason"], f"in the digest, letter {letter.row['no']}: accepted")
    links = [address for words, address in h.letter(rule="digest", person="m01").links.items() if "Svara" in words]
    assert links, h.letter(rule="digest", person="m01").links
    equal(len(h.letters(rule="poll-opened")), 0, "none came alone")
    h.clock("2022-04-05T08:00")
    equal(len(h.ledger(rule="digest")), 3, "no empty digests")
    h.verify()


def digest_over_a_crash_test(h):
    """Killed at the moment it closes, again and again: each item is in exactly one letter."""
    h.init(at="2022-04-01T09:00")
    h.start()
    h.found(members=8)
    for n in range(1, 9):
        h.say("preference.set", {"person": f"m{n:02}", "class": "news", "on": True, "digest": "daily"})
    for day in range(1, 5):
        poll(h, f"q{day}a")
        poll(h, f"q{day}b")
        h.clock(f"2022-04-0{day + 1}T07:59")
        h.set_clock(f"2022-04-0{day + 1}T08:00")
        h.kill("scheduler")
        h.start("scheduler")
        h.kill("scheduler", "notifier")
        h.start("scheduler", "notifier")
        h.settle()
        equal(len({letter.row["about"] for letter in h.letters(rule="digest")}), 8 * day, "digests")
    equal({row["state"] for row in h.ledger(rule="poll-opened")}, {"accepted"})
    equal(len(h.letters(rule="poll-opened")), 0)
    for letter in h.letters(rule="digest", person="m01"):
        equal(letter.html.count("<h2>"), 2)
    h.verify()


def week_before_is_late(h, what):
    """What becomes of the letter of the week before when it is late."""
    path = h.path("rules/meeting.conf")
    with open(path) as file:
        text, found = re.subn(r'(?s)(rule "meeting-week-before" .*?late = )"\w+"', rf'\1"{what}"', file.read(), count=1)
    equal(found, 1)
    with open(path, "w") as file:
        file.write(text)


def late_letters_are_gathered_test(h):
    """After an outage what came too late to matter by itself goes with the next digest, and says so."""
    h.init(at="2022-04-01T09:00")
    week_before_is_late(h, "digest")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-04-12T09:00")
    h.call("m2", starts="2022-04-12T14:00")
    h.register("m1", "m01")
    h.register("m2", "m01")
    h.stop()
    h.set_clock("2022-04-05T15:00")
    h.start()
    h.settle()
    equal([row["state"] for row in h.ledger(rule="meeting-week-before", person="m01")], ["digested"] * 2)
    h.clock("2022-04-06T08:00")
    letter = h.letter(rule="digest-late")
    assert "kommer sent" in letter.text and letter.html.count("<h2>") == 2, letter.plain
    equal(letter.row["class"], "service")
    equal([row["state"] for row in h.ledger(rule="meeting-week-before", person="m01")], ["accepted"] * 2)
    h.verify()


def caps_and_nudges_test(h):
    """At most two letters of news a week, at most one nudge a day; what does not go says why."""
    h.init(at="2022-04-05T08:00", news_a_week=2)
    h.start()
    h.found(members=2)
    h.say("preference.set", {"person": "m02", "class": "news", "on": True, "most": 50})
    for n in range(3):
        poll(h, f"q{n}")
    poll(h, "soon", closes="2022-04-07T12:00")
    equal(states(h, "m01"), ["accepted", "accepted", "digested", "suppressed"])
    equal(states(h, "m02"), ["accepted"] * 4, "she wants more")
    assert h.ledger(person="m01", state="suppressed")[0]["reason"].startswith("cap: "), h.ledger(person="m01")
    for n in range(4):
        h.call(f"n{n}", starts="2022-04-22T09:00", registration_closes="2022-04-20T12:00")
    h.clock("2022-04-17T09:00")
    equal(sorted(states(h, "m02", "meeting-nudge")), ["accepted", "queued", "queued", "queued"])
    h.clock("2022-04-21T00:00")
    equal(sorted(states(h, "m02", "meeting-nudge")), ["accepted", "accepted", "accepted", "accepted"])
    ended = [h.moment(row["ended"]) for row in h.records("ledger", rule="meeting-nudge", person="m02")]
    equal(ended, [h.moment(f"2022-04-{day}T09:00") for day in (17, 18, 19, 20)], "one a day")
    h.verify()


def nudges_leave_one_a_day_test(h):
    """Whatever put the first off into the day of the second: on each day one leaves, and each says why it waits."""
    h.init(at="2022-04-16T08:00")
    h.start()
    h.found(members=2)
    for n in ("n1", "n2"):
        h.call(n, starts="2022-04-25T09:00", registration_closes="2022-04-20T12:00")
    h.say("sending.pause", reason="the mail server moves")
    h.clock("2022-04-17T09:00")
    equal([row["state"] for row in h.ledger(rule="meeting-nudge", person="m02")], ["queued", "queued"])
    h.clock("2022-04-18T07:30")
    h.say("sending.resume")
    h.clock("2022-04-18T09:00")
    equal([row["state"] for row in h.ledger(rule="meeting-nudge", person="m02")], ["accepted", "queued"])
    why = h.run_cirkel("why", "m02", "n2")
    assert "nudge: one a day" in why and "2022-04-19T09:00" in why, why
    h.clock("2022-04-19T09:00")
    ended = [h.moment(row["ended"]) for row in h.records("ledger", rule="meeting-nudge", person="m02")]
    equal(ended, [h.moment("2022-04-18T07:30"), h.moment("2022-04-19T09:00")])
    h.verify()


def retried_news_counts_test(h):
    """What an operator retries is news like any other: it fills a week, and waits when that is full."""
    h.init(at="2022-04-05T08:00", news_a_week=1)
    h.start()
    h.found(members=2)
    letter = ["letter.send", {"class": "news"}]
    h.say(*letter, audience="members", network="net", subject="S", text="T", window=60)
    h.settle()
    h.run_cirkel("retry", h.ledger(rule="letter", person="m01")[0]["no"])
    h.settle()
    poll(h, "q1")
    equal(states(h, "m01", "letter"), ["accepted"])
    equal((states(h, "m01"), states(h, "m02")), (["digested"], ["accepted"]))
    said = h.run_cirkel("retry", h.ledger(rule="letter", person="m02")[0]["no"])
    assert "digested" in said, said
    assert "cap: 1 letter of news a week; it goes with others" in h.run_cirkel("why", "m02", "net")
    h.clock("2022-04-11T08:00")
    equal((states(h, "m01"), states(h, "m02", "letter")), (["accepted"], ["accepted"]))
    h.verify()


def operators_morning_test(h):
    """At eight the operators hear what needs somebody, in their own language; on a quiet morning nothing comes."""
    h.init(at="2022-04-01T09:00")
    h.start()
    h.found(members=3)
    h.say("person.register", person="vagt", name="Vagten", email="vagt@host.example", language="da",
          functions=["operator"], organisation="host")
    h.say("person.register", person="watch", name="Watch", email="watch@host.example", language="en",
          functions=["operator"], organisation="host")
    poll(h, "q1")
    h.clock("2022-04-04T12:00")
    equal(h.letters(rule="operators-morning"), [], "nothing needs anybody")

    # A rule that asks when it is late: two letters are held after a night without power.
    h.stop()
    week_before_is_late(h, "ask")
    h.start()
    h.call("m1", starts="2022-04-12T09:00")
    h.register("m1", "m01", "m02")
    h.clock("2022-04-04T20:00")
    h.stop()
    h.set_clock("2022-04-05T12:00")
    h.start()
    h.settle()
    held = h.ledger(rule="meeting-week-before", state="held")
    equal(len(held), 2)
    h.clock("2022-04-06T07:59")
    equal(h.letters(rule="operators-morning"), [])
    h.clock("2022-04-06T08:00")
    danish, english = (h.letter(rule="operators-morning", person=p) for p in ("vagt", "watch"))
    assert "til nogen tager stilling: 2" in danish.text and "meeting-week-before, tilbageholdt: 2" in danish.text, danish.plain
    assert "until somebody decides: 2" in english.text, english.plain
    assert "m01" not in english.text, "nobody's name"
    h.say("delivery.retry", delivery=held[0]["no"])
    h.clock("2022-04-07T08:00")
    assert "until somebody decides: 1" in h.letters(rule="operators-morning", person="watch")[-1].text
    h.say("delivery.withdraw", delivery=held[1]["no"])
    h.clock("2022-04-12T12:00")
    equal(len(h.letters(rule="operators-morning")), 4, "settled")
    h.verify()
