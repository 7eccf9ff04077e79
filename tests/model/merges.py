"""Two records of one person: what the one that ends had, the one that stays has."""
from tests.model.meetings import need
from tests.model.mornings import Mornings

# the more it says the later it stands; of two registrations for one meeting that one stays
SAYS = ("cancelled", "lapsed", "declined", "undecided", "waiting", "offered", "registered", "absent", "attended")
# decided against the one record, which says nothing of the other
NEVER_GOT = ("failed", "expired", "withdrawn", "suppressed", "superseded", "missed", "not-due")


class Merges(Mornings):
    def now_is(self, person):
        """Whoever was merged is now somebody else."""
        while person in self.people and self.people[person]["state"] == "merged":
            person = self.people[person]["into"]
        return person

    def subject(self, kind, id_):
        s = super().subject(kind, id_)
        return s._replace(owner=self.now_is(s.owner), lead=self.now_is(s.lead), adviser=self.now_is(s.adviser),
                          owned_by=self.goes_on_as(s.owned_by))

    def goes_on_as(self, organisation):
        while organisation and (into := self.organisations[organisation].get("into")):
            organisation = into
        return organisation

    def speaker(self, contact, organisation):
        return super().speaker(self.now_is(contact), self.goes_on_as(organisation))

    def person_merge(self, person, into):
        need(person != into, "conflict")
        was, now = self.person(person), self.person(into)
        self.merge_memberships(person, into)
        self.merge_registrations(person, into)
        self.merge_letters(person, into)
        self.merge_wishes(person, into)
        self.merge_mentions(person, into)
        flags = [(f, reason) for f, reason in (("protected", "protected identity"), ("restricted", "restricted processing"))
                 if was[f] and not now[f]]
        for what in ("organisations", "functions"):  # she speaks for all that she spoke for
            now[what] = [*now[what], *(o for o in was[what] if o not in now[what])]
        was.update(state="merged", into=into, email=None, organisations=[], functions=[], protected=False, restricted=False)
        for flag, reason in flags:
            self.flag(into, True, flag, reason)

    def merge_memberships(self, person, into):
        """Nobody is told farewell: she has not left."""
        for (network, who), m in sorted(self.members.items()):
            if who == person and m["state"] in ("active", "requested"):
                if self.members.get((network, into), {}).get("state") != "active":
                    self.put_member({**m, "person": into})
                m.update(state="ended", ended=0, lapses=0)
                self.put_member(m)

    def merge_registrations(self, person, into):
        for (meeting, who), r in sorted(self.registrations.items()):
            if who == person:
                there = self.registrations.get((meeting, into))
                self.put({**r, "state": "cancelled", "cancelled": 0, "offer_expires": 0, "queue": 0})
                if not there or self.says(r) > self.says(there):
                    self.put({**r, "person": into})
                self.offer_free(self.meetings[meeting])

    @staticmethod
    def says(registration):
        return SAYS.index(registration["state"])

    def merge_letters(self, person, into):
        """The one letter she got twice she gets once; what the one was told the other is owed corrections of."""
        for row in self.rows:
            if row.person != person:
                continue
            same = any(r.of == row.of and r.person == into and r.state not in NEVER_GOT for r in self.rows)
            if same and row.state in ("queued", "deferred", "held", "digested"):
                self.end(row, "withdrawn", "the person was merged")
                self.came["a letter withdrawn by a merge"] += 1
            self.came["a letter moved by a merge"] += 1
            if self.by_key.get((row.of, person)) is row and (row.of, into) not in self.by_key:
                self.by_key[row.of, into] = self.by_key.pop((row.of, person))  # considered with it, and not again
            if row.state in ("queued", "deferred", "held", "digested"):
                self.readdress(row, self.people[person]["email"])
            row.person, row.merged = into, True
        for meeting, who in list(self.told):
            if who == person:
                heard = self.told.pop((meeting, person))
                self.told[meeting, into] = max(heard, self.told.get((meeting, into), heard), key=lambda h: h[0])
        self.news.setdefault(into, []).extend(self.news.pop(person, []))

    def merge_wishes(self, person, into):
        wish = self.wishes.pop(person, {"on": True})
        if not wish["on"] or wish.get("digest") or wish.get("most"):
            self.wishes[into] = wish

    def merge_mentions(self, person, into):
        for people in self.groups.values():
            if person in people:
                people[:] = [p for p in people if p not in (person, into)] + [into]
        for kind, table, fields in (("case", self.cases, ("person", "adviser")), ("idea", self.ideas, ("person",)),
                                    ("material", self.materials, ("from",)), (None, self.networks, ("lead",)),
                                    (None, self.programmes, ("lead",))):
            for id_, r in sorted(table.items()):
                named = [f for f in fields if r.get(f) == person]
                r.update({f: into for f in named})
                if named and kind:
                    self.derive(kind, id_)
