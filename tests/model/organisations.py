"""Two records of one organisation: what the one that ends applied for, takes part in, spent and owes is the other's.

Where domain.md is silent: which of two refusals comes first."""
import bisect

from tests.model import owing
from tests.model.meetings import need
from tests.model.merges import Merges
from tests.model.programme import WITHDRAWABLE

LIVE = WITHDRAWABLE + ("accepted",)


class Organisations(Merges):
    def organisation_merge(self, organisation, into):
        need(organisation != into, "conflict")
        was = self.known(self.organisations, organisation, "active")
        self.known(self.organisations, into, "active")
        applications, parts = self.what_moves(organisation, into)
        for (network, of), whole in sorted(self.wholes.items()):
            if of == organisation and whole["state"] == "active":
                self.wholes[network, into] = {"state": "active"}
                whole["state"] = "ended"
        for p in self.people.values():
            there = into in p["organisations"]
            p["organisations"] = [into if o == organisation else o for o in p["organisations"]
                                  if o != organisation or not there]
        was.update(state="merged", into=into)
        for t in parts:
            self.move_participation(t, into)
        for a in applications:
            self.move_application(a, into)

    def what_moves(self, organisation, into):
        """What goes on can go over only where the other has nothing, what is over stays where the other has something."""
        applications, parts = [], []
        for a in [a for a in self.applications.values() if a["organisation"] == organisation]:
            there = any(b["organisation"] == into for b in self.applied(self.calls[a["call"]]))
            goes_on = a["state"] in LIVE and self.programmes[a["programme"]]["state"] != "ended"
            need(not goes_on or not there, "conflict")
            applications += [a] if not there or a["state"] == "withdrawn" else []
        for t in [t for t in self.participations.values() if t["organisation"] == organisation]:
            there = (t["programme"], into) in self.participations
            need(t["state"] != "running" or not there, "conflict")
            parts += [t] if not there else []
        return applications, parts

    def move_application(self, a, into):
        a["organisation"] = into
        for e in self.evidence.values():
            if e["application"] == a["application"]:
                self.move_evidence(e, into)
        self.put_application(a)
        self.move_owed(("application", a["application"]), ("application", a["application"]), into)
        self.came["an application went over"] += 1

    def move_evidence(self, e, into):
        e["organisation"] = into
        self.derive("evidence", e["evidence"])
        self.move_owed(("evidence", e["evidence"]), ("evidence", e["evidence"]), into)

    def move_participation(self, t, into):
        was, key = self.about(t), (t["programme"], t["organisation"])
        evidence = [e for e in self.evidence.values() if self.is_of(e, t)]
        for table in (self.milestones, self.solutions):
            for r in table.values():
                if self.is_of(r, t):
                    r["organisation"] = into
        for programme, organisation, id_ in [k for k in self.hours if k[:2] == key]:
            self.hours[programme, into, id_] = self.hours.pop((programme, organisation, id_))
        del self.participations[key]
        t["organisation"] = into
        self.participations[t["programme"], into] = t
        self.goes_by(*was, self.about(t)[1])
        for e in evidence:
            self.move_evidence(e, into)
        self.put_participation(t)
        self.move_owed(was, self.about(t), into)
        self.came["a participation went over"] += 1

    def move_owed(self, was, now, into):
        """It is the same that is owed, by another name."""
        for key, r in sorted(self.owed.items()):
            if r["about"] == was and r["organisation"]:
                del self.owed[key]
                id_ = owing.name(r["kind"], *now, None, into)
                r.update(obligation=id_, about=now, organisation=into)
                self.owed[id_] = r
                self.goes_by("obligation", key, id_)
                self.derive("obligation", id_)

    def goes_by(self, kind, was, now):
        """Its plans and letters go along."""
        plans = self.plans.pop((kind, was), {})
        self.plans[kind, now] = plans
        for due in [d for d in self.ahead if d[1:4] == ("plan", kind, was)]:
            self.ahead.remove(due)
            bisect.insort(self.ahead, due[:3] + (now,) + due[4:])
        for of, person in [k for k, row in self.by_key.items() if row.rule.about == kind and row.of[1] == was]:
            row = self.by_key.pop((of, person))
            row.of = (of[0], now) + of[2:]
            self.by_key[row.of, person] = row
        for row in self.rows:
            if row.about == (kind, was):
                row.about = (kind, now)
