"""People: who asked, who does not want, who must not be found, and who is one and the same."""
from tests.harness.house import equal

PERSON = {"name": "Anna Ny", "email": "anna.ny@kommun.example", "language": "sv"}


def people(letters):
    return sorted(letter.row["person"] for letter in letters)


def membership_by_link_test(h):
    """Asked for by form, confirmed by the link in the letter; reminded once; lapses after fourteen days."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1, topics=[{"topic": "mobler", "name": "Möbler"}])
    anna = h.say("membership.request", {"network": "net", "topics": ["mobler"], **PERSON})["person"]
    bo = h.say("membership.request", {"network": "net", "name": "Bo", "email": "bo@kommun.example",
                                      "language": "da"})["person"]
    h.call("m1", starts="2022-03-22T09:00")
    equal(people(h.letters(rule="meeting-invitation")), ["m01"], "a request is no membership yet")
    h.clock("2022-03-02T09:00")
    letter = h.letter(rule="membership-confirm", person=anna)
    equal(letter.to, PERSON["email"])
    token = letter.token("Bekräfta min adress")
    h.letter(rule="membership-confirm", person=bo).token("Bekræft min adresse")

    equal(h.refused("bad-value", "membership.confirm", token=token[:-1] + ("a" if token[-1] != "a" else "b"))["field"],
          "token")
    h.say("membership.confirm", token=token)
    equal(h.record("membership", person=anna)["state"], "active")
    h.refused("already", "membership.confirm", token=token)
    h.settle()
    equal(people(h.letters(rule="membership-welcome", person=anna)), [anna])

    h.clock("2022-03-20T09:00")
    equal(len(h.letters(rule="membership-confirm", person=anna)), 1, "confirmed, so not reminded")
    reminders = h.letters(rule="membership-confirm", person=bo)
    equal([h.moment(letter.row["due"]) for letter in reminders],
          [h.moment("2022-03-01T09:00"), h.moment("2022-03-04T09:00")])
    equal(h.record("membership", person=bo)["state"], "lapsed")
    h.refused("too-late", "membership.confirm", token=reminders[1].token("Bekræft min adresse"))

    h.say("membership.end", network="net", person=anna)
    h.settle()
    equal(people(h.letters(rule="membership-ended")), [anna])
    h.say("membership.request", network="net", person=bo)
    h.settle()
    equal(h.record("membership", person=bo)["state"], "requested", "asked again after it lapsed")
    h.verify()


def whole_organisation_test(h):
    """An organisation is a member: its people are, and whoever leaves it is not any more."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found()
    h.say("organisation.register", organisation="boras", name="Borås stad", kind="municipality", country="SE")
    for person in ("p1", "p2"):
        h.say("person.register", person=person, name=person, email=person + "@boras.example", language="sv",
              organisation="boras")
    h.say("membership.grant", network="net", organisation="boras", source="decision 2022")
    h.call("m1", starts="2022-03-22T09:00")
    equal(people(h.letters(rule="meeting-invitation")), ["p1", "p2"])
    h.say("person.update", person="p2", organisations=["host"])
    h.call("m2", starts="2022-03-29T09:00")
    equal(people(h.letters(rule="meeting-invitation", about="m2")), ["p1"])

    # She leaves, although the organisation stays a member: no more invitations, as the letter says, until she is back.
    h.refused("not-found", "membership.end", network="net", person="p2")
    h.say("membership.end", network="net", person="p1")
    h.settle()
    assert "inga fler inbjudningar" in h.letter(rule="membership-ended", person="p1").text
    h.call("m3", starts="2022-04-05T09:00")
    equal(people(h.letters(rule="meeting-invitation", about="m3")), [])
    h.refused("not-entitled", "registration.make", meeting="m3", person="p1")
    h.refused("wrong-state", "membership.end", network="net", person="p1")
    assert "ended" in h.run_cirkel("why", "p1", "m3"), "why says that she left"
    h.say("membership.grant", network="net", person="p1", source="she asked")
    h.call("m4", starts="2022-04-12T09:00")
    equal(people(h.letters(rule="meeting-invitation", about="m4")), ["p1"])
    h.verify()


def opt_out_only_news_test(h):
    """Whoever wants no news gets no nudge and no recording; what she asked for, she gets."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.say("preference.set", {"person": "m01", "class": "news", "on": False})
    h.call("m1", starts="2022-03-22T09:00", registration_closes="2022-03-20T12:00")
    h.clock("2022-03-17T09:00")
    equal(people(h.letters(rule="meeting-invitation")), ["m01", "m02"])
    equal(people(h.letters(rule="meeting-nudge")), ["m02"])
    [row] = h.ledger(rule="meeting-nudge", person="m01")
    equal(row["state"], "suppressed")
    assert row["reason"], row
    h.register("m1", "m01")
    h.clock("2022-03-22T12:00")
    for rule in ("registration-confirmed", "meeting-day-before", "meeting-hour-before"):
        equal(people(h.letters(rule=rule)), ["m01"], rule)
    h.say("preference.set", {"person": "m01", "class": "news", "on": True})
    h.say("material.publish", material="film", meeting="m1", kind="recording", visibility="members",
          title="Inspelning", link="https://video.example/rec/m1")
    h.settle()
    equal(people(h.letters(rule="recording-published")), ["m01", "m02"])
    h.verify()


def protected_identity_test(h):
    """A protected person is in no automatic audience; a restricted one gets nothing, and nothing is lost."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.say("person.protect", person="m01", on=True)
    h.say("person.restrict", person="m02", on=True)
    h.call("m1", starts="2022-03-22T09:00")
    equal(people(h.letters(rule="meeting-invitation")), ["m03"])
    rows = {row["person"]: row for row in h.ledger(rule="meeting-invitation")}
    for person in ("m01", "m02"):
        if person in rows:
            equal(rows[person]["state"], "suppressed")
            assert rows[person]["reason"], rows[person]
    h.say("person.restrict", person="m02", on=False)
    h.call("m2", starts="2022-03-29T09:00")
    equal(people(h.letters(rule="meeting-invitation", about="m2")), ["m02", "m03"])
    h.verify()


def erased_person_test(h):
    """Erased: nothing more is sent, and no name or address is left in what the office keeps."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.say("person.erase", person="m01")
    h.clock("2022-03-22T12:00")
    equal(people(h.letters(rule="meeting-day-before")), [])
    for kind in ("person", "registration", "ledger", "occasion"):
        shown = h.run_cirkel("list", kind, "--json")
        assert "m01@kommun.example" not in shown and "Person m01" not in shown, kind
    h.verify()


def merge_person_test(h):
    """Two records, one person: places and memberships go over, and no letter comes twice."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.call("m1", starts="2022-03-22T09:00")
    h.call("m2", starts="2022-03-29T09:00")
    h.register("m1", "m01", "m02")
    h.register("m2", "m02")
    h.say("person.merge", person="m02", into="m01")
    h.clock("2022-03-29T12:00")
    equal({p for p, state in h.states("m1").items() if state == "registered"}, {"m01"})
    equal({p for p, state in h.states("m2").items() if state == "registered"}, {"m01"})
    for meeting in ("m1", "m2"):
        equal(people(h.letters(rule="meeting-day-before", about=meeting)), ["m01"], meeting)
    equal(h.record("meeting", meeting="m1")["registered"], 1)
    equal(h.record("person", person="m02")["state"], "merged")
    equal(h.send("registration.make", meeting="m1", person="m02")["status"], "refused")
    h.verify()


def merged_person_is_owed_what_was_told_test(h):
    """One record was told of a meeting, the other stays: when the meeting moves, she hears of it."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    h.say("person.register", person="same", name="Person m01", email="same@kommun.example", language="sv")
    h.say("person.merge", person="m01", into="same")
    h.say("meeting.move", meeting="m1", starts="2022-04-05T09:00")
    h.settle()
    equal(people(h.letters(rule="meeting-moved")), ["same"])
    h.verify()


def quiet_hours_test(h):
    """News waits for the morning; what somebody is waiting for does not."""
    h.init(at="2022-03-01T22:00")
    h.start()
    h.found(members=2)
    h.say("quiet.set", {"person": "m01", "from": "21:00", "to": "07:00", "zone": h.zone})
    h.say("poll.open", poll="p", network="net", question="Tema?", audience="members", closes="2022-03-05T12:00",
          options=[{"option": "a", "text": "A"}, {"option": "b", "text": "B"}])
    h.call("m1", starts="2022-03-22T09:00")
    equal(people(h.letters(rule="poll-opened")), ["m02"])
    equal(people(h.letters(rule="meeting-invitation")), ["m01", "m02"])
    h.clock("2022-03-02T07:30")
    equal(people(h.letters(rule="poll-opened")), ["m01", "m02"])
    [row] = h.records("ledger", rule="poll-opened", person="m01")
    assert h.moment(row["ended"]) >= h.moment("2022-03-02T07:00"), row
    h.verify()
