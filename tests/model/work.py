"""What those who take part bring about: milestones, evidence of their backing, solutions, and who hears of them.

Where domain.md is silent: which of two refusals comes first; that a day lasts until midnight where the programme is."""
import datetime

from tests.model.meetings import need
from tests.model.participation import ONE, Participation
from tests.model.times import clock, instant, wall

APPLIES_NO_MORE = ("withdrawn", "refused", "lapsed", "declined")
HOLDS = ("given", "accepted")


class Work(Participation):
    def __init__(self, rules):
        super().__init__(rules)
        self.milestones, self.evidence, self.solutions, self.groups, self.group_of = {}, {}, {}, {}, {}

    def table(self, kind):
        own = {"milestone": self.milestones, "evidence": self.evidence, "solution": self.solutions}
        return own[kind] if kind in own else super().table(kind)

    def today(self, zone):
        return clock(self.said, zone).strftime("%Y-%m-%d")

    def over(self, day, zone):
        """When that day is over."""
        return instant(wall(day) + ONE, zone)

    def first_due(self):
        due = [super().first_due()]
        due += [(self.over(m["due"], m["zone"]), "milestone", k) for k, m in self.milestones.items()
                if m["state"] == "planned"]
        due += [(self.over(e["valid_until"], e["zone"]), "evidence", k) for k, e in self.evidence.items()
                if e["valid_until"] and e["state"] in HOLDS]
        return min(filter(None, due), default=None)

    # ---- milestones ----

    def check_day(self, t, day):
        need(day >= self.today(t["zone"]) and day <= t["ends"], "too-late")
        need(day >= t["starts"], "too-early")

    def milestone_plan(self, milestone, programme, participation, due, phase=None, **_):
        need(milestone not in self.milestones, "already")
        t = self.participation(programme, participation, "running")
        need(phase in (None, "f"), "not-found")
        self.check_day(t, due)
        self.milestones[milestone] = {"milestone": milestone, "state": "planned", "programme": programme, "zone": t["zone"],
                                      "organisation": participation, "due": due}
        self.derive("milestone", milestone)

    def milestone(self, id_):
        m = self.known(self.milestones, id_)
        return m, self.participations[m["programme"], m["organisation"]]

    def set_milestone(self, m, **news):
        m.update(news)
        self.derive("milestone", m["milestone"])

    def milestone_move(self, milestone, due, **_):
        m, t = self.milestone(milestone)
        need(t["state"] == "running" and m["state"] in ("planned", "overdue"), "wrong-state")
        need(due != m["due"], "already")
        self.check_day(t, due)
        self.set_milestone(m, state="planned", due=due)

    def milestone_reach(self, milestone):
        m, t = self.milestone(milestone)
        need(t["state"] == "running", "wrong-state")
        need(m["state"] != "reached", "already")
        self.came["reached late"] += m["state"] == "overdue"
        self.set_milestone(m, state="reached")

    def due_milestone(self, id_):
        self.set_milestone(self.milestones[id_], state="overdue")

    # ---- evidence ----

    def evidence_add(self, evidence, kind, application=None, programme=None, participation=None, text=None,
                     valid_until=None):
        need(evidence not in self.evidence, "already")
        if application:
            of = self.application(application)
            need(of["state"] not in APPLIES_NO_MORE, "wrong-state")
        else:
            of = self.participation(programme, participation, "running")
        need(text, "missing")
        need(not valid_until or valid_until >= self.today(of["zone"]), "too-late")
        ends = self.programmes[of["programme"]]["ends"]
        e = {"evidence": evidence, "state": "given", "kind": kind, "application": application, "zone": of["zone"],
             "programme": of["programme"], "organisation": of["organisation"], "valid_until": valid_until,
             "falls_short": valid_until and valid_until < ends}
        self.evidence[evidence] = e
        self.derive("evidence", evidence)
        if kind == "political-backing":
            for other in self.backings(e):
                self.end_owed("met", ("evidence", other["evidence"]), "renew-backing")

    def backings(self, e):
        return [o for o in self.evidence.values() if o["kind"] == "political-backing"
                and (o["programme"], o["organisation"]) == (e["programme"], e["organisation"])]

    def evidence_judge(self, evidence, ok, **_):
        e = self.known(self.evidence, evidence)
        late = e["valid_until"] and self.said >= self.over(e["valid_until"], e["zone"])
        state = "accepted" if ok else "rejected"
        need(e["state"] != state, "already")
        need(e["state"] != "expired" and not late, "too-late")
        e["state"] = state
        self.derive("evidence", evidence)

    def due_evidence(self, id_):
        e = self.evidence[id_]
        e["state"] = "expired"
        self.derive("evidence", id_)
        t = self.participations.get((e["programme"], e["organisation"]))
        if e["kind"] != "political-backing" or any(o["state"] in HOLDS for o in self.backings(e)):
            return
        if e["falls_short"] and t and t["state"] == "running":
            self.owe("renew-backing", ("evidence", id_), e["valid_until"] + "T23:59", e["zone"], e["programme"],
                     organisation=e["organisation"])

    # ---- solutions ----

    def test_record(self, programme, participation, **_):
        self.participation(programme, participation, "running")

    def solution_publish(self, solution, programme, participation, **_):
        t = self.participation(programme, participation)
        s = self.solutions.setdefault(solution, {"solution": solution, "programme": programme, "zone": t["zone"],
                                                 "organisation": participation, "version": "0"})
        need(s["organisation"] == participation, "not-allowed")
        s.update(state="published", published=self.said, version=str(int(s["version"]) + 1))
        self.derive("solution", solution)
        self.end_owed("met", self.about(t), "publish-solution")

    # ---- groups ----

    def group_create(self, group, programme, **_):
        need(group not in self.groups, "already")
        need(self.known(self.programmes, programme)["state"] != "ended", "wrong-state")
        self.groups[group], self.group_of[group] = [], programme

    def group_add(self, group, person):
        people = self.known(self.groups, group)
        self.person(person)
        need(person not in people, "already")
        people.append(person)

    def group_remove(self, group, person):
        people = self.known(self.groups, group)
        need(person in people, "not-found")
        people.remove(person)
