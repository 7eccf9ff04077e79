"""Who leaves a programme, what its end leaves of it, and what changes when it lasts longer.

Where domain.md is silent: which of two refusals comes first."""
from tests.model.meetings import need
from tests.model.programme import WITHDRAWABLE
from tests.model.work import Work


class Leaving(Work):
    def participation_leave(self, programme, participation, place=None, **_):
        t = self.participation(programme, participation)
        need(t["state"] != "left", "already")
        need(t["state"] == "running", "wrong-state")
        self.leave_programme(t, place)

    def leave_programme(self, t, place=None):
        """Nothing more is owed; before the programme's first day the place is the next one's."""
        p, a = self.programmes[t["programme"]], self.applications[t["application"]]
        self.close_participation(t, state="left", left=self.said)
        self.end_owed("moot", self.about(t))
        a["state"] = "withdrawn"
        self.put_application(a)
        self.end_owed("moot", ("application", a["application"]))
        p["taken"] -= 1
        soon = self.today(p["zone"]) < p["starts"]
        if p["taken"] < p["places"] and (place == "next" or (not place and soon)):
            self.came["a place was free for the next"] += bool(self.offer_next(p))

    def close_participation(self, t, **news):
        t.update(next_look=0, **news)
        self.put_participation(t)
        for m in self.milestones.values():
            if self.is_of(m, t) and m["state"] in ("planned", "overdue"):
                self.set_milestone(m, state="dropped")
        for e in self.evidence.values():
            if self.is_of(e, t):
                self.end_owed("moot", ("evidence", e["evidence"]), "renew-backing")

    @staticmethod
    def is_of(r, t):
        return (r["programme"], r["organisation"]) == (t["programme"], t["organisation"])

    # ---- the end ----

    def programme_end(self, programme):
        p = self.known(self.programmes, programme)
        need(p["state"] != "ended", "already")
        need(p["state"] in ("planned", "running"), "wrong-state")
        p["state"] = "ended"
        for c in self.calls.values():
            if c["state"] == "planned":
                c["state"] = "closed"
                self.put_call(c)
        for t in self.participations.values():
            if t["state"] == "running":
                self.close_participation(t, state="completed")
                self.end_owed("moot", self.about(t), "name-staff")
        for a in self.applications.values():
            self.end_application(p, a)

    def end_application(self, p, a):
        """What was open is told, once."""
        was = a["state"]
        ends = {"draft": "withdrawn", "selected": "lapsed", "reserve": "declined"}
        if was in ends:
            a.update(state=ends[was], over=self.said if was != "draft" else 0)
            self.put_application(a)
            self.end_owed("moot", ("application", a["application"]))
            p["taken"] -= was == "selected"

    def programme_update(self, programme, ends=None, places=None, lead=None):
        p = self.known(self.programmes, programme)
        need(p["state"] != "ended", "wrong-state")
        if lead:
            self.person(lead)
        need(not ends or ends > p["starts"], "conflict")
        need(not places or places >= p["taken"], "conflict")
        more = (places or p["places"]) - p["places"]
        p.update(lead=lead or p["lead"], places=places or p["places"])
        for _ in range(more):  # those that there were stay free until somebody says otherwise
            if p["state"] == "running" and p["taken"] < p["places"]:
                self.came["a place more"] += bool(self.offer_next(p))
        if ends and ends != p["ends"]:
            p["ends"] = ends
            self.move_end(p)

    def move_end(self, p):
        for t in self.participations.values():
            if t["state"] == "running":
                t["ends"] = p["ends"]
                t["next_look"] = t["next_look"] or self.next_look(t)
                self.put_participation(t)
                if not any(s["organisation"] == t["organisation"] for s in self.solutions.values()):
                    self.owe_by("publish-solution", t, p["ends"])
        for e in self.evidence.values():
            e["falls_short"] = e["valid_until"] and e["valid_until"] < p["ends"]
            self.derive("evidence", e["evidence"])

    # ---- organisations ----

    def organisation_close(self, organisation, **_):
        self.known(self.organisations, organisation, "active")["state"] = "closed"
        for (_, who), m in self.wholes.items():
            if who == organisation and m["state"] == "active":
                m["state"] = "ended"
        for t in self.participations.values():
            if t["organisation"] == organisation and t["state"] == "running":
                self.leave_programme(t)
        for a in self.applications.values():
            if a["organisation"] == organisation and a["state"] in WITHDRAWABLE:
                self.application_withdraw(a["application"])
