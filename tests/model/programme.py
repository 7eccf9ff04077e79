"""A programme: its call, applications, assessments, decisions and places."""
import datetime

from tests.model.meetings import Refused, need
from tests.model.orders import Orders
from tests.model.times import MINUTE, clock, instant, wall, wall_text

CANDIDATE = ("eligible", "assessed")
WITHDRAWABLE = ("draft", "submitted", "more-asked", "eligible", "assessed", "selected", "reserve", "ineligible")


class Programme(Orders):
    # ---- the programme and its call ----

    def programme_open(self, programme, hosts, lead, zone, **given):
        need(programme not in self.programmes, "already")
        for host in hosts:
            self.known(self.organisations, host, "active")
        self.person(lead)
        absent = {"least_staff": 0, "budget_minutes": 0, "budget_per": None}
        self.programmes[programme] = {**absent, **given, "programme": programme, "lead": lead, "zone": zone,
                                      "state": "planned", "taken": 0, "releasing": None}

    def put_call(self, c):
        self.calls[c["call"]] = c
        self.derive("call", c["call"])

    def call_open(self, call, programme, **given):
        need(call not in self.calls, "already")
        p = self.known(self.programmes, programme)
        c = {"answer_by": None, **given, "call": call, "programme": programme, "state": "planned", "zone": p["zone"],
             "opened": 0, "closed": 0}
        need(all(other["state"] == "decided" for other in self.calls.values()), "conflict")
        need(p["state"] == "planned", "wrong-state")
        need(self.at(c, "opens") < self.at(c, "closes"), "conflict")
        need(self.ends(c) > self.said, "too-late")
        self.put_call(c)
        if self.at(c, "opens") <= self.said:
            self.due_call_open(call)

    def ends(self, c):
        """The minute it names still counts."""
        return self.at(c, "closes") + MINUTE

    def due_call_open(self, call):
        c = self.calls[call]
        c.update(state="open", opened=self.said)
        self.programmes[c["programme"]]["state"] = "calling"
        self.put_call(c)

    def due_call_close(self, call):
        """Nobody owes a draft any more."""
        c = self.calls[call]
        c.update(state="closed", closed=self.said)
        self.programmes[c["programme"]]["state"] = "assessing"
        for a in self.applied(c):
            if a["state"] == "draft":
                self.end_owed("moot", ("application", a["application"]), "complete-application")
        self.put_call(c)

    def call_extend(self, call, closes):
        c = self.known(self.calls, call, "planned", "open", "closed")
        p = self.programmes[c["programme"]]
        need(p["state"] != "ended", "wrong-state")
        need(closes > c["closes"], "conflict")
        need(self.at({**c, "closes": closes}, "closes") + MINUTE > self.said, "too-late")
        if c["state"] == "closed":
            p["state"] = "calling"
        c.update(closes=closes, closed=0, state="planned" if c["state"] == "planned" else "open")
        self.put_call(c)
        for a in self.applied(c):
            if a["state"] == "draft":
                a.update(closes=closes, extended=self.said)
                self.put_application(a)
                self.owe_draft(a)

    # ---- applications ----

    def applied(self, c):
        rows = [a for a in self.applications.values() if a["call"] == c["call"] and a["state"] != "withdrawn"]
        return sorted(rows, key=lambda a: a["organisation"])

    def put_application(self, a):
        self.derive("application", a["application"])

    def application(self, id_, *states):
        a = self.known(self.applications, id_)
        need(not states or a["state"] in states, "wrong-state")
        return a

    def owe_draft(self, a):
        self.owe_of("complete-application", a, a["closes"])

    def owe_of(self, kind, a, due):
        self.owe(kind, ("application", a["application"]), due, a["zone"], a["programme"], organisation=a["organisation"])

    def check_speaks(self, person, organisation):
        need(self.speaks(self.person(person), organisation), "not-entitled")

    def speaks(self, p, organisation):
        """Also for what her organisation was once."""
        while organisation not in p["organisations"] and organisation:
            organisation = self.organisations[organisation].get("into")
        return bool(organisation)

    def check_call_open(self, c):
        need(self.said >= self.at(c, "opens"), "too-early")
        need(self.said < self.ends(c) and c["state"] != "decided", "too-late")

    def application_start(self, application, call, organisation, contact):
        need(application not in self.applications, "already")
        c = self.known(self.calls, call)
        need(self.programmes[c["programme"]]["state"] != "ended", "wrong-state")
        self.known(self.organisations, organisation, "active")
        self.check_speaks(contact, organisation)
        self.check_call_open(c)
        need(organisation not in [a["organisation"] for a in self.applied(c)], "already")
        a = {k: 0 for k in ("extended", "submitted", "more_asked", "offered", "offer_expires", "released", "lapsed", "over",
                            "rank", "outcome", "more_due")}
        a.update(application=application, state="draft", call=call, programme=c["programme"], zone=c["zone"],
                 organisation=organisation, contact=contact, closes=c["closes"], staff=[], budget_accepted=False)
        self.applications[application] = a
        self.put_application(a)
        self.owe_draft(a)

    def application_edit(self, application, contact=None, staff=None, budget_accepted=False):
        a = self.application(application, "draft", "more-asked")
        if a["state"] == "draft":
            self.check_call_open(self.calls[a["call"]])
        else:
            need(self.said < self.at(a, "more_due") + MINUTE, "too-late")
        if contact:
            self.check_speaks(contact, a["organisation"])
        for i, person in enumerate(staff or []):
            self.person(person)
            need(person not in staff[i + 1:], "conflict")
        a.update(contact=contact or a["contact"], staff=a["staff"] if staff is None else staff,
                 budget_accepted=a["budget_accepted"] or budget_accepted)  # domain.md is silent: nobody takes that back
        self.put_application(a)

    def check_complete(self, a):
        p = self.programmes[a["programme"]]
        need(a["staff"] or not p["least_staff"], "missing")
        need(a["budget_accepted"] or not p["budget_minutes"], "missing")

    def application_submit(self, application):
        a = self.application(application)
        need(a["state"] != "submitted", "already")
        need(a["state"] == "draft", "wrong-state")
        self.check_call_open(self.calls[a["call"]])
        self.check_complete(a)
        a.update(state="submitted", submitted=self.said)
        self.put_application(a)
        self.end_owed("met", ("application", application), "complete-application")

    def application_ask_more(self, application, due, **_):
        a = self.application(application, "submitted")
        need(instant(wall(due), a["zone"]) > self.said, "too-late")
        a.update(state="more-asked", more_due=due, more_asked=self.said)
        self.put_application(a)
        self.owe_of("answer-more", a, due)

    def application_answer_more(self, application, **_):
        a = self.application(application, "more-asked")
        self.check_complete(a)
        a["state"] = "submitted"
        self.put_application(a)
        self.end_owed("met", ("application", application), "answer-more")

    def application_judge_eligible(self, application, ok, reasons=None):
        a = self.application(application)
        was = a["state"]
        need(was != ("eligible" if ok else "ineligible") and not (ok and was == "assessed"), "already")
        need(not a["outcome"], "too-late")
        need(ok or reasons, "missing")
        need(was in (("submitted", "ineligible") if ok else ("submitted", "more-asked") + CANDIDATE), "wrong-state")
        a["state"] = "eligible" if ok else "ineligible"
        if ok and self.all_assessed(a):
            a["state"] = "assessed"
        self.put_application(a)
        if not ok:
            self.stop_assessors(a)
            self.end_owed("moot", ("application", application), "answer-more")
        elif was == "ineligible":
            for s in self.asked(a):
                self.owe_assessment(s)

    def application_withdraw(self, application, **_):
        a = self.application(application)
        was = a["state"]
        need(was != "withdrawn", "already")
        need(was in WITHDRAWABLE, "wrong-state")
        a["state"] = "withdrawn"
        self.put_application(a)
        self.end_owed("moot", ("application", application))
        self.stop_assessors(a)
        if was == "selected":
            self.free_place(a["programme"])

    # ---- assessments ----

    def of_application(self, a):
        return [s for k, s in sorted(self.assessments.items()) if k[0] == a["application"]]

    def asked(self, a):
        return [s for s in self.of_application(a) if s["state"] == "asked"]

    def all_assessed(self, a):
        return not self.asked(a) and any(s["state"] == "submitted" for s in self.of_application(a))

    def stop_assessors(self, a):
        for s in self.asked(a):
            self.end_owed("moot", ("assessment", s["assessment"]), "submit-assessment")

    def owe_assessment(self, s):
        self.owe("submit-assessment", ("assessment", s["assessment"]), s["due"], s["zone"], s["programme"],
                 person=s["person"])

    def put_assessment(self, s, a):
        """And the application with what it comes to now."""
        if a["state"] in CANDIDATE and self.all_assessed(a):
            a["state"] = "assessed"
        self.derive("assessment", s["assessment"])
        self.put_application(a)

    def check_assessable(self, a):
        need(not a["outcome"], "too-late")
        need(a["state"] in ("submitted",) + CANDIDATE, "wrong-state")

    def is_partial(self, person, a):
        """She belongs to the applicants; by a merge also later than she was asked."""
        return self.speaks(self.people[person], a["organisation"]) or person in [a["contact"]] + a["staff"]

    def assessor_assign(self, application, person, due):
        a = self.application(application)
        self.check_assessable(a)
        self.person(person)
        need((application, person) not in self.assessments, "already")
        need(not self.is_partial(person, a), "conflict")
        at = instant(wall(due), a["zone"])
        need(at > self.said, "too-late")
        s = {"application": application, "person": person, "assessment": f"{application}/{person}", "state": "asked",
             "programme": a["programme"], "zone": a["zone"], "due": due, "asked": self.said,
             "half": self.said + (at - self.said) // 2}
        self.assessments[application, person] = s
        self.derive("assessment", s["assessment"])
        self.owe_assessment(s)

    def assessment(self, application, person):
        a = self.application(application)
        self.person(person)
        need((application, person) in self.assessments, "not-entitled")
        return a, self.assessments[application, person]

    def assessment_declare_conflict(self, application, person, **_):
        a, s = self.assessment(application, person)
        need(s["state"] != "conflict", "already")
        need(s["state"] == "asked", "wrong-state")
        s["state"] = "conflict"
        self.put_assessment(s, a)
        self.end_owed("moot", ("assessment", s["assessment"]), "submit-assessment")

    def assessment_submit(self, application, person, scores, **_):
        a, s = self.assessment(application, person)
        need(s["state"] != "conflict", "not-allowed")
        self.check_assessable(a)
        need(not self.is_partial(person, a), "not-allowed")
        need("c1" in scores, "missing")
        need(scores["c1"] <= 5, "bad-value")
        s["state"] = "submitted"
        self.put_assessment(s, a)
        self.end_owed("met", ("assessment", s["assessment"]), "submit-assessment", person)

    # ---- decisions ----

    @staticmethod
    def is_untold(a):
        return a["outcome"] and not a["released"] and a["state"] in CANDIDATE + ("ineligible",)

    def decision_make(self, application, outcome, rank=0, **_):
        a = self.application(application)
        p, c = self.programmes[a["programme"]], self.calls[a["call"]]
        need(p["state"] != "ended" and not p["releasing"], "wrong-state")
        need(self.said >= self.ends(c), "too-early")
        need(not a["released"], "already")
        need(a["state"] in CANDIDATE or (a["state"] == "ineligible" and outcome == "declined"), "wrong-state")
        need(rank or outcome != "reserve", "missing")
        need(not rank or outcome == "reserve", "conflict")
        others = [b for b in self.applied(c) if b is not a and (b["state"] == "reserve" or self.is_untold(b))]
        need(not rank or rank not in [b["rank"] for b in others if b["outcome"] == "reserve"], "conflict")
        promised = sum(b["outcome"] == "selected" for b in others if self.is_untold(b))
        need(outcome != "selected" or p["taken"] + promised < p["places"], "full")
        a.update(outcome=outcome, rank=rank)
        self.put_application(a)
        self.stop_assessors(a)

    def check_release(self, programme):
        p = self.known(self.programmes, programme)
        need(p["state"] != "ended", "wrong-state")
        need(self.calls, "not-found")
        c = list(self.calls.values())[-1]
        need(c["state"] == "decided" or self.said >= self.ends(c), "too-early")
        for a in self.applied(c):
            need(a["state"] not in ("submitted", "more-asked"), "missing")
            need(a["state"] not in CANDIDATE or a["outcome"], "missing")
        untold = [a for a in self.applied(c) if self.is_untold(a)]
        need(c["state"] != "decided" or untold, "already")
        need(p["taken"] + sum(a["outcome"] == "selected" for a in untold) <= p["places"], "full")
        return p, c, untold

    def decision_release(self, programme, window=0, count=None):
        p, c, untold = self.check_release(programme)
        need(not p["releasing"], "wrong-state")
        need(not count or count == len(untold), "conflict")
        if not window:
            return self.tell_decisions(p, c, untold)
        p["releasing"] = self.new_hold("decisions")
        p["releasing"].update(open=True, until=self.said + window * MINUTE, programme=programme)
        self.came["decisions in a window"] += 1

    def tell_decisions(self, p, c, untold):
        if c["state"] == "open":
            self.due_call_close(c["call"])
        need(c["state"] in ("closed", "decided"), "wrong-state")
        c["state"], p["state"], p["releasing"] = "decided", "running", None
        for a in untold:
            a["released"] = self.said
            if a["outcome"] == "selected":
                self.offer_place(p, a, self.said)
            else:
                a["state"] = a["outcome"]
                self.put_application(a)
        self.put_call(c)

    def release_held(self, hold):
        self.tell_decisions(*self.check_release(hold["programme"]))
        hold["open"] = False

    def take_back_decisions(self, hold):
        self.programmes[hold["programme"]]["releasing"] = None
        hold.update(open=False, undone=True)

    def decisions_over(self, hold):
        """Its window is over; what stands against it now takes it back."""
        try:
            self.release_held(hold)
        except Refused:
            self.came["decisions taken back by themselves"] += 1
            self.take_back_decisions(hold)

    # ---- places ----

    def offer_place(self, p, a, offered):
        p["taken"] += 1
        days = self.calls[a["call"]]["accept_days"]
        last = (clock(offered, a["zone"]) + datetime.timedelta(days=days)).replace(hour=23, minute=59)
        a.update(state="selected", offered=offered, offer_expires=instant(last, a["zone"]))
        self.put_application(a)
        self.owe_of("answer-offer", a, wall_text(last))

    def offer_next(self, p):
        reserves = [a for a in self.applications.values() if a["state"] == "reserve"]
        if reserves:
            self.came["a reserve moved up"] += 1
            self.offer_place(p, min(reserves, key=lambda a: a["rank"]), self.now)
        return reserves

    def free_place(self, programme):
        p = self.programmes[programme]
        p["taken"] -= 1
        if p["state"] == "running" and p["taken"] < p["places"]:
            self.offer_next(p)

    def offer_make(self, programme):
        p = self.known(self.programmes, programme, "running")
        need(p["taken"] < p["places"], "full")
        need(self.offer_next(p), "not-found")

    def offered(self, application, person):
        a = self.application(application)
        self.check_speaks(person, a["organisation"])
        late = a["state"] == "selected" and self.said >= a["offer_expires"] + MINUTE
        need(a["state"] != "lapsed" and not late, "too-late")
        return a

    def offer_accept(self, application, person):
        a = self.offered(application, person)
        need(a["state"] != "accepted", "already")
        need(a["state"] == "selected", "wrong-state")
        a["state"] = "accepted"
        self.put_application(a)
        self.end_owed("met", ("application", application), "answer-offer")
        self.begin_participation(a, self.programmes[a["programme"]])

    def offer_refuse(self, application, person, **_):
        a = self.offered(application, person)
        need(a["state"] != "refused", "already")
        need(a["state"] == "selected", "wrong-state")
        a["state"] = "refused"
        self.put_application(a)
        self.end_owed("met", ("application", application), "answer-offer")
        self.free_place(a["programme"])

    def due_place(self, application):
        a = self.applications[application]
        a.update(state="lapsed", lapsed=self.said)
        self.put_application(a)
        self.end_owed("moot", ("application", application), "answer-offer")
        self.free_place(a["programme"])

    # ---- what is owed ----

    def obligation_waive(self, obligation, **_):
        r = self.known(self.owed, obligation, "open", "overdue")
        r["state"] = "waived"
        self.derive("obligation", obligation)
        self.remind_no_more(obligation, "it is owed no more")
