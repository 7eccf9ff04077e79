"""Ideas that are sent to a network, and cases: who asks for support, and who answers."""
from tests.model.activities import Activities
from tests.model.meetings import need

GOES_ON = ("open", "assigned", "answered")


class Cases(Activities):
    def __init__(self, rules):
        super().__init__(rules)
        self.ideas, self.cases = {}, {}

    def table(self, kind):
        return {"idea": self.ideas, "case": self.cases}[kind] if kind in ("idea", "case") else super().table(kind)

    def subject(self, kind, id_):
        subject = super().subject(kind, id_)
        if kind != "case":
            return subject
        return subject._replace(adviser=subject.record["adviser"])

    # ---- ideas ----

    def put_idea(self, r, **news):
        r.update(news)
        self.ideas[r["idea"]] = r
        self.derive("idea", r["idea"])

    def idea_send(self, idea, network, person=None, **_):
        """Of somebody who left only an address nothing more is known: there is nobody to write to."""
        need(idea not in self.ideas, "already")
        n = self.known(self.networks, network, "open")
        if person:
            self.person(person)
        self.put_idea({"idea": idea, "network": network, "zone": n["zone"], "person": person}, state="received",
                      received=self.said)

    def idea_answer(self, idea, **_):
        r = self.known(self.ideas, idea, "received", "answered")
        self.put_idea(r, state="answered", answered=self.said)

    def idea_promote(self, idea, to, topic=None, case=None):
        r = self.known(self.ideas, idea, "received", "answered")
        if to == "topic":
            need(topic, "missing")
            need(topic in self.networks[r["network"]]["topics"], "not-found")
        else:  # also after the network has closed: what came before is dealt with
            need(r["person"], "missing")
            self.person(r["person"])
            need(case not in self.cases, "already")
            self.open_case(case, r)
        self.put_idea(r, state=to, promoted=self.said)

    def idea_close(self, idea):
        r = self.known(self.ideas, idea, "received", "answered", "topic", "case")
        self.put_idea(r, state="closed", closed=self.said)

    # ---- support ----

    def put_case(self, r, **news):
        r.update(news)
        self.cases[r["case"]] = r
        self.derive("case", r["case"])

    def support_request(self, case, network, person, organisation=None, **_):
        """On any topic: it need not be one of the network's."""
        need(case not in self.cases, "already")
        n = self.known(self.networks, network, "open")
        self.person(person)
        if organisation:
            self.known(self.organisations, organisation, "active")
        self.open_case(case, {"network": network, "zone": n["zone"], "person": person})

    def open_case(self, case, of):
        kept = {k: of[k] for k in ("network", "zone", "person")}
        self.put_case({**kept, "case": case, "adviser": None}, state="open", requested=self.said)

    def support_assign(self, case, person, next_step_by=None):
        r = self.known(self.cases, case, *GOES_ON)
        self.person(person)
        if next_step_by:  # another adviser takes over what was to be done by then
            r["next_step_by"] = next_step_by
        self.put_case(r, state="assigned", adviser=person, assigned=self.said)

    def support_answer(self, case, **_):
        r = self.known(self.cases, case, *GOES_ON)
        self.put_case(r, state="answered", answered=self.said)

    def support_note(self, case, **_):
        self.known(self.cases, case, *GOES_ON)

    def support_close(self, case, **_):
        r = self.known(self.cases, case, *GOES_ON)
        self.put_case(r, state="closed", closed=self.said)
