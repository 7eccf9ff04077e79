"""A programme from its call to its places: who is told what, and when."""
import random

from tests.flow.places_test import at_once
from tests.harness.house import equal

CRITERIA = [
    {"criterion": "staff", "text": {"da": "Mindst to medarbejdere"}, "kind": "must"},
    {"criterion": "ambition", "text": {"da": "Høje ambitioner"}, "kind": "score", "weight": 3, "highest": 5},
    {"criterion": "problem", "text": {"da": "Konkret udfordring"}, "kind": "score", "weight": 1, "highest": 5}]
QUESTIONS = [
    {"question": "problem", "text": {"da": "Hvilken udfordring?"}, "required": True},
    {"question": "partners", "text": {"da": "Hvem er med?"}}]


def found(h, organisations=3, places=2, at="2022-03-01T09:00", **call):
    """An office with a lead, two advisers and two assessors; a programme `p` whose call `c` is open until
    31 March; organisations k01, k02 … each with the people k01-a, k01-b and k01-c."""
    h.zone = "Europe/Copenhagen"
    h.init(at=at)
    h.start()
    people = [("lead", "host"), ("adviser-1", "host"), ("adviser-2", "host"), ("assessor-1", "host"),
              ("assessor-2", "host")]
    names = [f"k{n:02}" for n in range(1, organisations + 1)]
    h.say_all([("organisation.register", {"organisation": o, "name": o.upper() + " Kommune", "kind": "municipality",
                                          "country": "DK"}) for o in ["host", *names]])
    people += [(f"{o}-{x}", o) for o in names for x in "abc"]
    h.say_all([("person.register", {"person": p, "name": "Person " + p, "email": p + "@kommune.example",
                                    "language": "da", "organisation": o}) for p, o in people])
    h.say("programme.open", {
        "programme": "p", "name": {"da": "Cirkulære byer", "en": "Circular cities"}, "hosts": ["host"],
        "lead": "lead", "funder": "Fonden", "places": places, "starts": "2022-06-01", "ends": "2024-05-31",
        "budget_minutes": 36000, "least_staff": 2, "zone": "Europe/Copenhagen", "languages": ["da", "en"],
        "phases": [{"phase": "scope", "name": {"da": "Afgræns"}}, {"phase": "test", "name": {"da": "Test"}}]})
    h.say("call.open", {"call": "c", "programme": "p", "opens": "2022-03-01T08:00", "closes": "2022-03-31T23:59",
                        "answer_by": "2022-04-20", "accept_days": 14, "criteria": CRITERIA, "questions": QUESTIONS,
                        **call})
    return names


def begin(h, organisation, contact=None, **fields):
    """A draft that is complete."""
    application = "a-" + organisation
    h.say("application.start", application=application, call="c", organisation=organisation,
          contact=contact or organisation + "-a")
    h.say("application.edit", {"application": application, "answers": {"problem": "Byggeaffald"},
                               "staff": [organisation + "-a", organisation + "-b"], "budget_accepted": True, **fields})
    return application


def apply(h, *organisations):
    for organisation in organisations:
        h.say("application.submit", application=begin(h, organisation))


def decide(h, outcomes, at="2022-04-08T10:00", release=True):
    """Outcomes by organisation: "selected", "declined", or the rank of a reserve."""
    h.clock("2022-04-01T09:00")
    for organisation in outcomes:
        h.say("application.judge_eligible", application="a-" + organisation, ok=True)
    h.clock(at)
    for organisation, outcome in outcomes.items():
        rank = {"rank": outcome} if isinstance(outcome, int) else {}
        h.say("decision.make", {"application": "a-" + organisation, "outcome": "reserve" if rank else outcome,
                                "reasons": {"da": "Samlet vurdering."}, **rank})
    if release:
        h.say("decision.release", programme="p")
        h.settle()


def take_part(h, *organisations, named=True, at="2022-04-11T10:00", submitted=False):
    """These have a place, an adviser and, when `named`, their staff."""
    if not submitted:
        apply(h, *organisations)
    decide(h, {o: "selected" for o in organisations})
    h.clock(at)
    for o in organisations:
        h.say("offer.accept", application="a-" + o, person=o + "-a")
        h.say("adviser.assign", programme="p", participation=o, person="adviser-1")
        if named:
            h.say("staff.name", programme="p", participation=o, persons=[o + "-a", o + "-b"])
    h.settle()


def application_states(h):
    return {row["organisation"]: row["state"] for row in h.records("application")}


def sent(h, rule):
    """Who got it, and when by the wall clock, in the order of the ledger."""
    return [(row["person"], row["due"][:16]) for row in h.ledger(rule=rule, state="accepted")]


# ---- the call and the application ----

def draft_is_reminded_until_it_is_submitted_test(h):
    found(h)
    begin(h, "k01")
    begin(h, "k02")
    h.clock("2022-03-24T09:00")
    equal(sent(h, "complete-application"), [("k01-a", "2022-03-24T09:00"), ("k02-a", "2022-03-24T09:00")])
    letter = h.letter(rule="complete-application", person="k01-a")
    equal(letter.subject, "Husk jeres ansøgning: fristen er torsdag den 31. marts 2022")
    assert "K01 Kommune" in letter.text and "Cirkulære byer" in letter.text and letter.token("Fortsæt"), letter.text
    h.say("application.submit", application="a-k01")
    h.settle()
    receipt = h.letter(rule="application-received")
    equal((receipt.row["person"], receipt.subject), ("k01-a", "Vi har modtaget jeres ansøgning til Cirkulære byer"))
    assert "onsdag den 20. april 2022" in receipt.text, receipt.text
    h.clock("2022-03-29T09:00")
    equal(sent(h, "complete-application")[2:], [("k02-a", "2022-03-29T09:00")], "what is submitted needs no reminder")
    h.verify()


def extension_tells_those_with_drafts_test(h):
    found(h)
    begin(h, "k01")
    apply(h, "k02")
    h.clock("2022-03-30T10:00")
    before = len(sent(h, "complete-application"))
    h.say("call.extend", call="c", closes="2022-04-10T23:59")
    h.settle()
    letter = h.letter(rule="application-extended")
    equal(letter.row["person"], "k01-a")
    assert "torsdag den 31. marts 2022 kl. 23.59" in letter.text and "søndag den 10. april 2022 kl. 23.59" in letter.text
    h.clock("2022-04-11T10:00")
    equal(sent(h, "complete-application")[before:], [("k01-a", "2022-04-03T09:00"), ("k01-a", "2022-04-08T09:00")])
    h.refused("too-late", "application.submit", application="a-k01")
    h.verify()


def more_is_asked_and_answered_test(h):
    found(h)
    apply(h, "k01", "k02")
    h.clock("2022-04-01T09:00")
    for o in ("k01", "k02"):
        h.say("application.ask_more", application="a-" + o, questions={"da": "Opbakning mangler."}, due="2022-04-06T12:00")
    h.settle()
    asked = h.letter(rule="application-more-asked", person="k01-a")
    assert "Opbakning mangler." in asked.text and "onsdag den 6. april 2022 kl. 12.00" in asked.text, asked.text
    h.clock("2022-04-05T09:00")
    equal(sent(h, "answer-more-soon"), [("k01-a", "2022-04-05T09:00"), ("k02-a", "2022-04-05T09:00")])
    h.say("application.edit", application="a-k01", partners=["k03"])
    h.say("application.answer_more", application="a-k01", text="Vedlagt.")
    # Overdue: whoever owes it the next workday, then the colleagues, then the lead.
    h.clock("2022-04-12T10:00")
    equal(sent(h, "answer-more"), [("k02-a", "2022-04-07T09:00"), ("k02-b", "2022-04-08T09:00"),
                                   ("k02-c", "2022-04-08T09:00"), ("lead", "2022-04-11T09:00")])
    equal(application_states(h), {"k01": "submitted", "k02": "more-asked"})
    h.verify()


# ---- assessing ----

def assessors_are_reminded_and_the_lead_hears_test(h):
    found(h)
    apply(h, "k01")
    h.clock("2022-04-04T09:00")
    h.say("application.judge_eligible", application="a-k01", ok=True)
    for assessor in ("assessor-1", "assessor-2"):
        h.say("assessor.assign", application="a-k01", person=assessor, due="2022-04-22T12:00")
    h.clock("2022-04-04T09:15")
    equal(sorted(p for p, _ in sent(h, "assessment-asked")), ["assessor-1", "assessor-2"])
    assert h.letter(rule="assessment-asked", person="assessor-1").token("Læs og bedøm")
    h.clock("2022-04-06T12:00")
    h.say("assessment.submit", application="a-k01", person="assessor-1", recommendation="select",
          scores={"ambition": 5, "problem": 3})
    h.clock("2022-04-30T09:00")
    equal(sent(h, "assessment-half"), [("assessor-2", "2022-04-13T09:00")])
    equal(sent(h, "submit-assessment-soon"), [("assessor-2", "2022-04-20T09:00")])
    equal(sent(h, "submit-assessment"), [("assessor-2", "2022-04-25T09:00"), ("lead", "2022-04-26T09:00")])
    h.say("assessment.submit", application="a-k01", person="assessor-2", recommendation="reserve",
          scores={"ambition": 3, "problem": 3})
    row = h.record("application", application="a-k01")
    equal((row["state"], row["assessments"]), ("assessed", 2))
    # (3*5+3)/4 of the first, (3*3+3)/4 of the second: weighted by what each may reach.
    assert row["mean"] and row["spread"], row
    h.verify()


def many_applications_are_one_letter_test(h):
    """Who is asked to read three gets one letter that lists them; who is asked for one, gets that one."""
    found(h)
    for town in ("k01", "k02", "k03"):
        apply(h, town)
    h.clock("2022-04-04T09:00")
    for town in ("k01", "k02", "k03"):
        h.say("application.judge_eligible", application=f"a-{town}", ok=True)
        h.say("assessor.assign", application=f"a-{town}", person="assessor-1", due="2022-04-22T12:00")
    h.say("assessor.assign", application="a-k01", person="assessor-2", due="2022-04-22T12:00")
    h.clock("2022-04-04T09:15")
    equal([(letter.row["rule"], letter.subject) for letter in h.letters(person="assessor-1")],
          [("assessments-asked", "3 ansøgninger til dig")])
    one = h.letter(rule="assessments-asked", person="assessor-1")
    equal(one.text.count("Læs og bedøm ansøgningen"), 3)
    equal(one.text.count("Tak, fordi du bedømmer"), 1)
    equal(one.text.count("Brevet kommer fra"), 1)
    equal([letter.row["rule"] for letter in h.letters(person="assessor-2")], ["assessment-asked"])
    equal({row["state"] for row in h.ledger(rule="assessment-asked")}, {"accepted"})
    h.clock("2022-04-13T09:30")
    equal(h.letter(rule="assessments-waiting", person="assessor-1").subject, "Husk dine 3 bedømmelser")
    equal([letter.row["rule"] for letter in h.letters(person="assessor-2")], ["assessment-asked", "assessment-half"])
    h.verify()


def answers_are_due_and_the_lead_is_told_test(h):
    found(h)
    apply(h, "k01")
    h.clock("2022-04-22T09:00")
    equal(sent(h, "decisions-due"), [("lead", "2022-04-08T09:00"), ("lead", "2022-04-19T09:00")],
          "five workdays and one before: Easter is none")
    h.verify()


# ---- decisions and places ----

def decisions_are_told_together_test(h):
    found(h, organisations=4)
    apply(h, "k01", "k02", "k03", "k04")
    decide(h, {"k01": "selected", "k02": "selected", "k03": 1, "k04": "declined"}, release=False)
    h.clock("2022-04-10T09:00")
    told = ("application-selected", "application-reserve", "application-declined")
    equal([row for row in h.ledger() if row["rule"] in told], [], "nobody hears before the release")
    h.say("decision.release", programme="p")
    h.settle()
    letters = {letter.row["person"]: letter for rule in told for letter in h.letters(rule=rule)}
    equal(sorted(letters), sorted(o + x for o in ("k01", "k02", "k03", "k04") for x in ("-a", "-b")))
    equal({letter.row["due"] for letter in letters.values()}, {"2022-04-10T09:00:00+02:00"}, "all at once")
    assert letters["k01-a"].token("Ja tak") and letters["k01-a"].token("Nej tak")
    assert "søndag den 24. april 2022" in letters["k01-a"].text, letters["k01-a"].text
    equal(letters["k03-a"].subject, "I er nummer 1 på reservelisten til Cirkulære byer")
    assert "Samlet vurdering." in letters["k04-a"].text and "desværre" in letters["k04-a"].text
    h.verify()


def refusal_promotes_the_reserve_test(h):
    found(h, organisations=4)
    apply(h, "k01", "k02", "k03", "k04")
    decide(h, {"k01": "selected", "k02": "selected", "k03": 1, "k04": 2})
    h.clock("2022-04-12T10:00")
    h.say("offer.refuse", application="a-k01", person="k01-b", reason="Vi har for travlt.")
    h.settle()
    equal(application_states(h), {"k01": "refused", "k02": "selected", "k03": "selected", "k04": "reserve"})
    promoted = h.letter(rule="application-selected", person="k03-a")
    equal(promoted.row["due"], "2022-04-12T10:00:00+02:00", "at once")
    assert "reservelisten, og nu er en plads" in promoted.text, promoted.text
    assert "tirsdag den 26. april 2022" in promoted.text, promoted.text
    # A withdrawal frees a place as well.
    h.say("application.withdraw", application="a-k02")
    equal(application_states(h)["k04"], "selected")
    h.say("offer.accept", application="a-k03", person="k03-a")
    h.say("offer.accept", application="a-k04", person="k04-a")
    equal(h.record("programme", programme="p")["taken"], 2)
    equal({row["organisation"] for row in h.records("participation")}, {"k03", "k04"})
    h.verify()


def lapsed_offer_goes_to_the_next_test(h):
    found(h, organisations=3, places=1)
    apply(h, "k01", "k02", "k03")
    decide(h, {"k01": "selected", "k02": 1, "k03": 2})
    h.clock("2022-04-21T09:00")
    equal(sent(h, "answer-offer"), [("k01-a", "2022-04-15T09:00"), ("k01-a", "2022-04-21T09:00")])
    h.clock("2022-04-22T23:58")
    equal(application_states(h)["k01"], "selected")
    h.clock("2022-04-23T08:00")
    equal(application_states(h), {"k01": "lapsed", "k02": "selected", "k03": "reserve"})
    equal([person for person, _ in sent(h, "application-offer-lapsed")], ["k01-a", "k01-b"])
    h.letter(rule="application-selected", person="k02-a")
    h.refused("too-late", "offer.accept", application="a-k01", person="k01-a")
    h.say("offer.accept", application="a-k02", person="k02-a")
    equal(h.record("programme", programme="p")["taken"], 1)
    h.verify()


def six_places_never_seven_test(h):
    """Sixteen clients accept, refuse and withdraw all at once, again and again."""
    names = found(h, organisations=14, places=6)
    apply(h, *names)
    decide(h, {o: "selected" if n < 6 else n - 5 for n, o in enumerate(names)})
    chance = random.Random(2022)
    for _ in range(6):
        work = [(kind, o) for o in names for kind in ("offer.accept", "offer.refuse", "application.withdraw")]
        chance.shuffle(work)
        work = [w for w in work if w[0] == "offer.accept" or chance.random() < 0.25]

        def call(kind, organisation):
            body = {"application": "a-" + organisation}
            if kind != "application.withdraw":
                body["person"] = organisation + "-b"
            return lambda: h.send(kind, body)["status"]

        assert set(at_once(16, [call(*w) for w in work])) <= {"applied", "refused"}
        h.settle()
        states = list(application_states(h).values())
        have = states.count("accepted") + states.count("selected")
        assert have <= 6, states
        assert have == 6 or "reserve" not in states, states
        equal(h.record("programme", programme="p").get("taken", 0), have)
        equal(len(h.records("participation")), states.count("accepted"))
    # At no moment between were there seven: the facts are in order.
    have = set()
    for fact in h.records("fact"):
        about = fact.get("about")
        if fact["type"] == "offer.made":
            have.add(about)
        elif fact["type"] in ("offer.ended", "application.withdrawn"):
            have.discard(about)
        assert len(have) <= 6, fact
    h.verify()


six_places_never_seven_test.timeout = 240


def yes_and_no_for_one_person_stops_the_release_test(h):
    found(h, organisations=2)
    h.say("person.register", person="both", name="Begge", email="both@kommune.example", language="da",
          organisations=["k01", "k02"])
    for o in ("k01", "k02"):
        h.say("application.submit", application=begin(h, o, contact="both"))
    decide(h, {"k01": "selected", "k02": "declined"}, release=False)
    assert "both" in h.refused("conflict", "decision.release", programme="p")["text"]
    h.settle()
    equal(h.letters(rule="application-selected"), [])
    h.say("decision.release", programme="p", anyway=True)
    h.settle()
    equal([len(h.letters(rule="application-" + what, person="both")) for what in ("selected", "declined")], [1, 1])
    h.verify()
