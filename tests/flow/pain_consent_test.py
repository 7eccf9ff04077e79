"""What goes wrong with consent elsewhere (17, 19, 20): scanners that follow links, an opt-out that hides too much or too
little, and erasure."""
import os

from tests.flow.gateway_test import ask, start
from tests.flow.pain import begin, people
from tests.harness.house import equal

LOOKS = ("preferences.own", "registrations.own", "memberships.own", "meetings.coming")


def pain_17_link_scanners_test(h):
    """Whoever follows every link of every letter changes nothing; a link is good for its one thing; off can be on again."""
    h.init(at="2022-03-01T09:00")
    start(h)
    h.found(members=2)
    asked = h.say("membership.request", network="net", name="Ny Person", email="ny@kommun.example", language="sv")
    h.say("poll.open", poll="tema", network="net", question={"sv": "Vilket tema?"}, audience="members",
          closes="2022-03-20T12:00", options=[{"option": "a", "text": "Ja"}, {"option": "b", "text": "Nej"}])
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m02")
    h.settle()
    tokens = [(letter.row["person"], words, letter.token(words))
              for letter in h.letters() for words, address in letter.links.items() if "/l/" in address]
    assert len(tokens) >= 15, tokens

    def all_there_is():
        return {kind: h.run_cirkel("list", kind, "--json")
                for kind in ("decision", "membership", "registration", "preference", "ledger", "poll")}

    before = all_there_is()
    for _, _, token in tokens:
        for look in LOOKS:
            ask(h, look, token=token)
    equal(all_there_is(), before, "what is kept, after every link was looked at")

    # Its one thing: a link to leave the news confirms no membership, whoever sends it where.
    leave = next(token for person, words, token in tokens if words == "Tacka nej till alla" and person == "m01")
    for _, words, token in tokens:
        if words != "Bekräfta min adress":
            h.refused("bad-value", "membership.confirm", token=token)
    equal(h.record("membership", person=asked["person"])["state"], "requested")
    assert ask(h, "preferences.own", token=leave)["status"] == "ok", "it shows what it would change"
    h.say("preference.set", person="m01", **{"class": "news", "on": False})
    h.say("preference.set", person="m01", **{"class": "news", "on": True})
    h.say("poll.open", poll="igen", network="net", question={"sv": "Och nu?"}, audience="members",
          closes="2022-03-20T12:00", options=[{"option": "a", "text": "Ja"}, {"option": "b", "text": "Nej"}])
    h.settle()
    equal(people(h.letters(rule="poll-opened", about="igen")), ["m01", "m02"], "undone")
    h.verify()


def pain_19_opt_out_test(h):
    """Off means off for news, and never hides what one asked for or must do; the letter says which it is."""
    begin(h, members=3)
    h.say("preference.set", person="m01", **{"class": "news", "on": False})
    h.call("m1", starts="2022-03-22T09:00", registration_closes="2022-03-20T12:00")
    h.register("m1", "m01")
    h.settle()
    h.say("registration.cancel", meeting="m1", person="m01")
    h.clock("2022-03-17T12:00")
    equal(people(h.letters(rule="meeting-invitation")), ["m01", "m02", "m03"], "service is sent to all")
    equal(people(h.letters(rule="registration-confirmed")), ["m01"], "what one asked for")
    equal(people(h.letters(rule="meeting-nudge")), ["m02", "m03"], "a nudge is news")
    h.say("preference.set", person="m02", **{"class": "news", "on": False})
    h.clock("2022-03-22T12:00")
    h.say("meeting.record", meeting="m1")
    h.say("material.publish", material="film", meeting="m1", kind="recording", visibility="members",
          title={"sv": "Inspelning"}, link="https://video.example/rec/m1")
    h.clock("2022-03-23T09:00")
    rows = {row["person"]: row for row in h.ledger(rule="recording-published")}
    equal({person: row["state"] for person, row in rows.items()},
          {"m01": "suppressed", "m02": "suppressed", "m03": "accepted"})
    assert "news" in rows["m01"]["reason"], rows["m01"]
    assert "Du får brevet för att" in h.letters(rule="registration-confirmed")[0].text, "why it comes"
    assert "Tacka nej till alla" in h.letters(rule="recording-published")[0].links, "how to leave"
    assert h.letters(rule="recording-published")[0].message["List-Unsubscribe"], "news can be left"
    assert not h.letters(rule="registration-confirmed")[0].message["List-Unsubscribe"], "service cannot"
    h.verify()


def in_inbox(h, *words):
    """The files in which one of these stands."""
    found = []
    for name in os.listdir(h.path("inbox")):
        with open(h.path("inbox", name), "rb") as file:
            data = file.read()
        found += [name for word in words if word.encode() in data]
    return found


def pain_20_erasure_test(h):
    """Erased: name and address are in no record of any kind and, when events are not kept any longer, in no event;
    what was sent stays counted under the id."""
    begin(h, members=3)
    h.say("person.update", person="m01", name="Ingeborg Överklint", email="ingeborg.overklint@kommun.example")
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.say("idea.send", network="net", person="m01", text="Jag, Ingeborg Överklint, föreslår en verkstad.")
    h.say("support.request", network="net", person="m01", organisation="host", topic="mobler",
          text="Ring Ingeborg Överklint.")
    h.clock("2022-03-16T09:00")
    before = len(h.ledger(person="m01"))
    assert before >= 4, before
    h.say("person.erase", person="m01")
    h.settle()
    equal(len(h.ledger(person="m01")), before, "what was sent stays counted")
    h.clock("2022-04-20T09:00")
    equal([row for row in h.ledger(person="m01") if h.moment(row["decided"]) > h.moment("2022-03-16T10:00")
           and row["state"] == "accepted"], [])
    kinds = h.run_cirkel("list", code=2).errors.split("needs one of:")[1].split()
    assert len(kinds) > 40, kinds
    for kind in kinds:
        shown = h.run_cirkel("list", kind, "--json")
        for word in ("Ingeborg", "verklint", "overklint"):
            assert word not in shown, f"{word} in {kind}"
    assert "was erased: name and address are gone" in h.run_cirkel("why", "m01")
    h.say("idea.send", network="net", person="m02", text="En verkstad?")
    h.until(lambda: not in_inbox(h, "Ingeborg", "overklint"), "its events are let go of", patience=60)
    h.verify()
