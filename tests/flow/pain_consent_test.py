"""What goes wrong with consent elsewhere (19): an opt-out that hides too much or too little."""
from tests.flow.pain import begin, people
from tests.harness.house import equal


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
