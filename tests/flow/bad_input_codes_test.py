"""Every code with which an office says no: one plain case of each at the front door, exact in code and field,
and none of them changes anything. The list is codes.def's, so a new code asks for its case here."""
import re

from tests.flow.programme_test import apply, begin, decide, found
from tests.harness.house import ROOT, equal

AT_THE_DOOR = {"unknown-type", "unknown-field", "malformed", "too-large"}  # door_test


def codes():
    with open(f"{ROOT}/proto/codes.def") as file:
        return set(re.findall(r'^CODE\(\w+, +"([a-z-]+)"', file.read(), flags=re.M))


def refuse_each(h, cases):
    """(code, field, type, body) one after another; the books grow by their refusals and nothing else."""
    before = {kind: h.records(kind) for kind in ("application", "participation", "obligation", "hours", "membership")}
    for code, field, type, body in cases:
        equal(h.refused(code, type, body).get("field"), field, f"{type} {body}")
    equal({kind: h.records(kind) for kind in before}, before, "a refusal changes nothing")


def every_code_has_its_case_test(h):
    """Seven towns, six places; the call closes 31 March at 23:59; it is the evening before, and the day after."""
    found(h, organisations=7, places=6)
    h.say("network.open", network="net", name="Netværk", host="host", lead="lead", zone="Europe/Copenhagen")
    seen = set()

    def refuse(*cases):
        refuse_each(h, cases)
        seen.update(code for code, *_ in cases)

    towns = [f"k{n:02}" for n in range(1, 8)]
    refuse(("too-early", "programme", "decision.release", {"programme": "p"}),
           ("not-found", "call", "application.start", {"call": "nowhere", "organisation": "k01", "contact": "k01-a"}),
           ("not-entitled", "contact", "application.start", {"call": "c", "organisation": "k01", "contact": "k02-a"}),
           ("bad-value", "language", "person.register", {"name": "X", "email": "x@x.example", "language": "de"}),
           ("missing", "email", "person.register", {"name": "X", "language": "da"}),
           ("too-long", "name", "person.register", {"name": "x" * 501, "email": "x@x.example", "language": "da"}),
           ("conflict", "into", "person.merge", {"person": "lead", "into": "lead"}),
           ("conflict", "into", "organisation.merge", {"organisation": "host", "into": "host"}))
    apply(h, *towns)
    begin(h, "host", contact="lead", staff=["lead", "adviser-1"])
    refuse(("already", "organisation", "application.start", {"call": "c", "organisation": "k01", "contact": "k01-a"}),
           ("wrong-state", "application", "offer.accept", {"application": "a-k01", "person": "k01-a"}))
    # The minute that the closing names still counts, in Danish summer time; the next does not.
    h.clock("2022-03-31T23:59:59")
    h.say("application.edit", application="a-host", problem="I sidste øjeblik")
    h.clock("2022-04-01T00:00:00")
    refuse(("too-late", "call", "application.submit", {"application": "a-host"}))

    # An assessor in conflict; the seventh of six places; a rank given twice.
    h.clock("2022-04-01T09:00")
    h.say("application.judge_eligible", application="a-k07", ok=True)
    h.say("assessor.assign", application="a-k07", person="assessor-1", due="2022-04-05T12:00")
    h.say("assessment.declare_conflict", application="a-k07", person="assessor-1", reason="Gift med borgmesteren")
    refuse(("not-allowed", "person", "assessment.submit",
            {"application": "a-k07", "person": "assessor-1", "scores": {"ambition": 5, "problem": 5},
             "recommendation": "select"}))
    decide(h, {town: "selected" for town in towns[:6]}, release=False)
    refuse(("full", "outcome", "decision.make",
            {"application": "a-k07", "outcome": "selected", "reasons": {"da": "Også dem."}}))
    h.say("decision.make", application="a-k07", outcome="reserve", rank=1, reasons={"da": "Samlet vurdering."})
    h.say("decision.release", programme="p")
    refuse(("already", "programme", "decision.release", {"programme": "p"}),
           ("already", "application", "decision.make",
            {"application": "a-k07", "outcome": "declined", "reasons": {"da": "Alligevel ikke."}}))
    equal(seen | AT_THE_DOOR, codes(), "codes without a case")
    h.verify()


def a_confirmation_link_is_good_once_and_for_a_while_test(h):
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found()
    for name in ("anna", "bo"):
        h.say("membership.request", network="net", name=name.title(), email=f"{name}@by.example", language="sv")
    h.settle()
    once, late = (next(letter.token("Bekräfta min adress") for letter in h.letters(rule="membership-confirm")
                       if letter.to.startswith(name)) for name in ("anna", "bo"))
    h.say("membership.confirm", token=once)
    equal(h.refused("already", "membership.confirm", token=once)["field"], "token")
    h.clock("2022-04-15T09:00")
    equal(h.refused("too-late", "membership.confirm", token=late)["field"], "token")
    h.verify()


def a_protected_person_is_found_by_no_audience_test(h):
    """Neither as a member, nor by function, pledge, region or group; and she is told so in the ledger."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.say("organisation.register", organisation="city", name="Staden", kind="municipality", country="SE", region="west")
    h.say("person.update", person="m01", organisations=["city"], functions=["buyer"])
    h.say("pledge.record", organisation="city", pledge="ten", years=[2022])
    h.say("group.create", group="board", network="net", name="Styrgrupp")
    h.say("group.add", group="board", person="m01")
    h.settle()
    welcomed = len(h.letters(person="m01"))
    h.say("person.protect", person="m01", on=True)
    for n, audience in enumerate(("members", "function:buyer", "pledge:ten", "region:west", "group:board")):
        h.call(f"meeting-{n}", starts=f"2022-03-2{n}T09:00", audience=audience)
        [row] = h.ledger(rule="meeting-invitation", about=f"meeting-{n}", person="m01")
        equal((row["state"], row["reason"]), ("suppressed", "protected identity"), audience)
    equal(len(h.letters(person="m01")), welcomed)
    h.verify()
