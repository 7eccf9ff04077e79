"""Every way to be told no in a programme: the code, and that nothing changed."""
from tests.flow.programme_test import application_states, apply, begin, decide, found, take_part
from tests.harness.house import equal


def late_application_at_midnight_test(h):
    """The call closes 31 March 2022 at 23:59, Danish summer time; the minute it names still counts."""
    found(h)
    for o in ("k01", "k02"):
        begin(h, o)
    h.refused("already", "application.start", call="c", organisation="k01", contact="k01-b")
    h.clock("2022-03-31T23:59:59")
    h.say("application.submit", application="a-k01")
    h.clock("2022-04-01T00:00:00")
    h.refused("too-late", "application.submit", application="a-k02")
    h.refused("too-late", "application.edit", application="a-k02", problem="Nyt")
    h.refused("too-late", "application.start", call="c", organisation="k03", contact="k03-a")
    equal(application_states(h), {"k01": "submitted", "k02": "draft"})
    h.verify()


def too_early_and_incomplete_test(h):
    found(h, opens="2022-03-10T09:00")
    h.refused("too-early", "application.start", call="c", organisation="k01", contact="k01-a")
    h.clock("2022-03-10T09:00")
    h.refused("not-found", "application.start", call="nowhere", organisation="k01", contact="k01-a")
    h.refused("not-entitled", "application.start", call="c", organisation="k01", contact="k02-a")
    h.say("application.start", application="a1", call="c", organisation="k01", contact="k01-a")
    h.refused("missing", "application.submit", application="a1")
    h.refused("not-found", "application.edit", application="a1", answers={"weather": "Fint"})
    h.refused("too-long", "application.edit", application="a1", problem="x" * 30000)
    h.refused("wrong-state", "application.judge_eligible", application="a1", ok=True)
    h.refused("too-early", "decision.make", application="a1", outcome="selected", reasons={"da": "Ja"})
    h.refused("conflict", "call.open", call="c2", programme="p", opens="2022-03-10T09:00", closes="2022-04-30T09:00",
              accept_days=7, criteria=[{"criterion": "x", "text": {"da": "X"}, "kind": "must"}])
    h.refused("conflict", "call.extend", call="c", closes="2022-03-20T09:00")
    h.verify()


def assessor_in_conflict_test(h):
    found(h)
    apply(h, "k01")
    h.clock("2022-04-04T09:00")
    h.say("application.judge_eligible", application="a-k01", ok=True)
    scores = {"ambition": 5, "problem": 3}
    h.refused("conflict", "assessor.assign", application="a-k01", person="k01-c", due="2022-04-22T12:00")
    h.say("assessor.assign", application="a-k01", person="assessor-1", due="2022-04-22T12:00")
    h.say("assessor.assign", application="a-k01", person="assessor-2", due="2022-04-22T12:00")
    h.refused("already", "assessor.assign", application="a-k01", person="assessor-1", due="2022-04-22T12:00")
    h.say("assessment.declare_conflict", application="a-k01", person="assessor-1", reason="Tidligere ansat")
    assessment = {"application": "a-k01", "recommendation": "select"}
    h.refused("not-allowed", "assessment.submit", assessment, person="assessor-1", scores=scores)
    h.refused("not-entitled", "assessment.submit", assessment, person="adviser-1", scores=scores)
    h.refused("missing", "assessment.submit", assessment, person="assessor-2", scores={"ambition": 5})
    h.refused("bad-value", "assessment.submit", assessment, person="assessor-2", scores={"ambition": 6, "problem": 3})
    h.refused("bad-value", "assessment.submit", assessment, person="assessor-2", scores={**scores, "style": 3})
    h.say("assessment.submit", assessment, person="assessor-2", scores=scores)
    equal(h.record("application", application="a-k01")["state"], "assessed", "who is in conflict is not waited for")
    h.verify()


def a_rank_is_given_once_test(h):
    found(h, organisations=4, places=1)
    apply(h, "k01", "k02", "k03", "k04")
    decide(h, {"k01": "selected", "k02": 1}, release=False)
    for o in ("k03", "k04"):
        h.say("application.judge_eligible", application="a-" + o, ok=True)
    reserve = {"outcome": "reserve", "reasons": {"da": "Samlet vurdering."}}
    h.refused("conflict", "decision.make", reserve, application="a-k03", rank=1)
    h.refused("missing", "decision.make", reserve, application="a-k03")
    h.refused("full", "decision.make", application="a-k03", outcome="selected", reasons={"da": "Ja."})
    h.say("decision.make", reserve, application="a-k03", rank=2)
    h.say("decision.make", application="a-k04", outcome="declined", reasons={"da": "Nej."})
    h.say("decision.release", programme="p")
    equal(application_states(h), {"k01": "selected", "k02": "reserve", "k03": "reserve", "k04": "declined"})
    h.verify()


def decisions_are_released_once_test(h):
    found(h)
    apply(h, "k01", "k02")
    h.refused("too-early", "decision.release", programme="p")
    decide(h, {"k01": "selected", "k02": "declined"})
    told = len(h.letters())
    h.refused("already", "decision.release", programme="p")
    h.refused("already", "decision.make", application="a-k02", outcome="selected", reasons={"da": "Alligevel."})
    h.settle()
    equal(len(h.letters()), told, "nobody is told twice")
    h.verify()


def offer_accepted_twice_and_after_it_lapsed_test(h):
    found(h, organisations=3, places=1)
    apply(h, "k01", "k02", "k03")
    decide(h, {"k01": "selected", "k02": 1, "k03": 2})
    h.refused("not-entitled", "offer.accept", application="a-k01", person="k02-a")
    h.refused("wrong-state", "offer.accept", application="a-k02", person="k02-a")
    # Offered on 8 April for 14 days: the last minute of the 22nd still counts.
    h.clock("2022-04-23T00:00:00", quiet=False)
    h.refused("too-late", "offer.accept", application="a-k01", person="k01-a")
    h.settle()
    equal(application_states(h), {"k01": "lapsed", "k02": "selected", "k03": "reserve"})
    h.say("offer.accept", application="a-k02", person="k02-a")
    h.refused("already", "offer.accept", application="a-k02", person="k02-b")
    h.refused("wrong-state", "offer.refuse", application="a-k02", person="k02-b")
    equal(application_states(h)["k03"], "reserve")
    h.verify()


def last_minute_of_an_offer_test(h):
    found(h, organisations=2, places=1)
    apply(h, "k01", "k02")
    decide(h, {"k01": "selected", "k02": 1})
    h.clock("2022-04-22T23:59:59")
    h.say("offer.accept", application="a-k01", person="k01-a")
    h.clock("2022-04-24T09:00")
    equal(application_states(h), {"k01": "accepted", "k02": "reserve"})
    h.verify()


def hours_in_the_future_test(h):
    found(h)
    take_part(h, "k01")
    h.clock("2022-07-01T10:00")
    hours = {"programme": "p", "participation": "k01", "kind": "workshop"}
    h.say("hours.log", hours, hours="t1", person="k01-a", date="2022-07-01", minutes=60)
    h.refused("too-early", "hours.log", hours, person="k01-a", date="2022-07-02", minutes=60)
    h.refused("too-late", "hours.log", hours, person="k01-a", date="2022-05-31", minutes=60)
    h.refused("not-entitled", "hours.log", hours, person="k01-c", date="2022-06-20", minutes=60)
    h.refused("conflict", "hours.log", hours, person="k01-a", date="2022-07-01", minutes=1400)
    h.refused("already", "hours.log", hours, hours="t1", person="k01-a", date="2022-06-20", minutes=60)
    h.refused("not-found", "hours.correct", hours="t9", programme="p", participation="k01", minutes=5, reason="Fejl")
    h.refused("bad-value", "hours.log", hours, person="k01-a", date="2022-06-31", minutes=60)
    equal(h.record("participation", organisation="k01")["minutes"], 60)
    h.verify()


def staff_milestones_and_solutions_test(h):
    found(h)
    take_part(h, "k01")
    who = {"programme": "p", "participation": "k01"}
    h.refused("bad-value", "staff.name", who, persons=["k01-a"])
    h.refused("not-entitled", "staff.name", who, persons=["k01-a", "k02-a"])
    h.refused("conflict", "staff.name", who, persons=["k01-a", "k01-a"])
    h.refused("already", "staff.name", who, persons=["k01-a", "k01-b"])
    h.refused("not-found", "staff.replace", who, person="k01-c", by="k01-a")
    h.refused("already", "adviser.assign", who, person="adviser-1")
    h.refused("not-found", "adviser.assign", programme="p", participation="k02", person="adviser-1")
    h.say("milestone.plan", who, milestone="m1", title={"da": "Mål"}, due="2022-07-01")
    h.refused("not-found", "milestone.plan", who, phase="moon", title={"da": "Mål"}, due="2022-07-01")
    h.say("milestone.reach", milestone="m1")
    h.refused("already", "milestone.reach", milestone="m1")
    h.refused("wrong-state", "milestone.move", milestone="m1", due="2022-08-01")
    solution = {"solution": "s1", "title": {"da": "Model"}, "text": {"da": "Tekst"}, "visibility": "public"}
    h.refused("not-found", "solution.publish", solution, programme="p", participation="k02")
    h.refused("bad-value", "solution.publish", solution, programme="p", participation="k01", links=["ftp:x"])
    h.verify()


def evidence_and_obligations_test(h):
    found(h)
    apply(h, "k01")
    h.refused("missing", "evidence.add", application="a-k01", kind="letter-of-intent")
    h.refused("too-late", "evidence.add", application="a-k01", kind="letter-of-intent", text="Ja", valid_until="2022-02-01")
    h.refused("not-found", "evidence.add", application="a-k09", kind="letter-of-intent", text="Ja")
    h.refused("bad-value", "evidence.add", application="a-k01", kind="promise", text="Ja")
    h.say("evidence.add", evidence="e1", application="a-k01", kind="letter-of-intent", text="Vi er med.")
    h.say("evidence.judge", evidence="e1", ok=True)
    h.refused("already", "evidence.judge", evidence="e1", ok=True)
    h.refused("not-found", "obligation.waive", obligation="nothing", reason="Nej")
    h.verify()


def waived_is_not_climbed_test(h):
    found(h)
    take_part(h, "k01", named=False, at="2022-04-11T10:00")
    owed = next(row for row in h.records("obligation") if row["kind"] == "name-staff")
    h.say("obligation.waive", obligation=owed["obligation"], reason="Aftalt på telefon")
    h.refused("wrong-state", "obligation.waive", obligation=owed["obligation"], reason="Igen")
    h.clock("2022-06-01T09:00")
    equal(h.letters(rule="name-staff"), [])
    h.verify()


def merged_person_keeps_her_part_test(h):
    found(h)
    take_part(h, "k01")
    h.clock("2022-07-01T10:00")
    h.refused("conflict", "person.merge", person="k01-a", into="k01-a")
    h.refused("conflict", "organisation.merge", organisation="k01", into="k01")
    hours = {"programme": "p", "participation": "k01", "kind": "workshop", "date": "2022-06-20"}
    h.say("hours.log", hours, person="k01-a", minutes=60)
    h.say("hours.log", hours, person="k01-b", minutes=30)
    h.say("person.merge", person="k01-a", into="k01-c")
    participation = h.record("participation", organisation="k01")
    equal((sorted(participation["staff"]), participation["contact"], participation["minutes"]),
          (["k01-b", "k01-c"], "k01-c", 90))
    equal(sorted((row["person"], row["minutes"]) for row in h.records("hours")), [("k01-b", 30), ("k01-c", 60)])
    h.refused("wrong-state", "person.merge", person="k01-a", into="k01-b")
    h.verify()


def protected_person_is_in_no_audience_test(h):
    found(h)
    h.say("person.protect", person="k01-b", on=True)
    take_part(h, "k01")
    rows = h.ledger(rule="application-selected")
    equal(sorted((row["person"], row["state"], row.get("reason")) for row in rows),
          [("k01-a", "accepted", None), ("k01-b", "suppressed", "protected identity")])
    equal(h.letters(person="k01-b"), [])
    h.verify()
