"""The model of the office: what may be said, and what follows from it. Letters are in letters.py."""
from tests.model.applying import Applying
from tests.model.links import read
from tests.model.meetings import Refused, need
from tests.model.roles import Roles
from tests.model.times import instant, wall



class Office(Applying, Roles):
    def say(self, type_, body):
        """None, or the code of the refusal."""
        self.since = self.said
        try:
            getattr(self, type_.replace(".", "_"))(**body)
        except Refused as refused:
            return str(refused)
        return None

    # ---- people ----

    def organisation_register(self, organisation, country, **_):
        need(organisation not in self.organisations, "already")
        self.organisations[organisation] = {"state": "active", "country": country}

    def person_register(self, person, email, language, organisation=None, functions=(), zone=None, **_):
        need(person not in self.people, "already")
        if organisation:
            self.known(self.organisations, organisation, "active")
        self.people[person] = {"state": "active", "email": email, "language": language, "functions": functions, "zone": zone,
                               "organisations": [organisation] if organisation else [], "protected": False,
                               "restricted": False, "quiet": None, "quiet_zone": None}

    def person_update(self, person, organisations=None, **given):
        p = self.person(person)
        for o in organisations or []:
            self.known(self.organisations, o, "active")
        if organisations is not None:
            gone = [o for o in p["organisations"] if o not in organisations]
            p["organisations"] = organisations
            for o in gone:
                self.leave_organisation(person, o)
        p.update({k: v for k, v in given.items() if k in ("email", "language", "functions", "zone")})
        self.vouch(given.get("email"))

    def flag(self, person, on, name, reason):
        p = self.person(person)
        if on:
            self.stop("suppressed", reason, person=person)
        p[name] = on

    def person_protect(self, person, on):
        self.flag(person, on, "protected", "protected identity")

    def person_restrict(self, person, on):
        self.flag(person, on, "restricted", "restricted processing")

    def person_erase(self, person):
        p = self.person(person)
        self.stop("suppressed", "the person was erased", person=person)
        for key, m in sorted(self.members.items()):
            if key[1] == person and m["state"] in ("active", "requested"):
                self.end_membership(m)
        for key, r in sorted(self.registrations.items()):
            if key[1] == person and r["state"] in ("registered", "waiting", "offered"):
                r.update(state="cancelled", cancelled=self.said, offer_expires=0)
                self.put(r)
                self.offer_free(self.meetings[key[0]])
        self.forget(person)
        self.wishes.pop(person, None)
        for row in self.rows:
            if row.person == person:
                row.address = None
        email = p["email"]
        p.update(state="erased", email=None, protected=False, restricted=False, quiet=None, organisations=[], functions=[])
        if not any(other["email"] == email for other in self.people.values()):
            self.addresses.pop(email, None)

    def preference_set(self, person, **wish):
        self.person(person)
        self.wishes[person] = wish

    def quiet_set(self, person, zone=None, to=None, **given):
        p = self.person(person)
        p.update(quiet=(given["from"], to) if to else None, quiet_zone=zone)

    # ---- networks ----

    def network_open(self, network, host, lead, zone, topics=(), **_):
        need(network not in self.networks, "already")
        self.known(self.organisations, host, "active")
        self.person(lead)
        self.networks[network] = {"network": network, "state": "open", "lead": lead, "zone": zone,
                                  "topics": [t["topic"] for t in topics]}

    def network_close(self, network):
        self.known(self.networks, network, "open")["state"] = "closed"

    def put_member(self, m):
        self.members[m["network"], m["person"]] = m
        self.derive("membership", f"{m['network']}/{m['person']}")

    def membership_request(self, network, person, topics=()):
        n = self.known(self.networks, network, "open")
        need(set(topics) <= set(n["topics"]), "not-found")
        self.person(person)
        was = self.members.get((network, person), {"topics": []})
        need(was.get("state") != "active", "already")
        self.put_member({"network": network, "person": person, "state": "requested", "zone": n["zone"],
                         "topics": topics or was["topics"], "requested": self.said, "confirmed": 0, "granted": 0, "ended": 0,
                         "lapses": self.said + self.settings.confirm_within})

    def membership_confirm(self, token):
        link = read(token)
        need(link and link[0] == "membership.confirm", "bad-value")
        _, network, person, _, expires = link
        m = self.members.get((network, person), {"state": None, "lapses": 0})
        need(m["state"] != "active", "already")
        late = m["state"] == "lapsed" or (expires and expires < self.said) or (m["lapses"] and m["lapses"] <= self.said)
        need(not late, "too-late")
        need(m["state"], "not-found")
        need(m["state"] == "requested", "wrong-state")
        self.put_member({**m, "state": "active", "confirmed": self.said, "lapses": 0})

    def membership_grant(self, network, person=None, organisation=None, topics=(), **_):
        n = self.known(self.networks, network, "open")
        if organisation:
            self.known(self.organisations, organisation, "active")
            need(self.wholes.get((network, organisation), {}).get("state") != "active", "already")
            self.wholes[network, organisation] = {"state": "active"}
            return
        self.person(person)
        need(set(topics) <= set(n["topics"]), "not-found")
        was = self.members.get((network, person), {"topics": [], "requested": 0, "confirmed": 0})
        need(was.get("state") != "active", "already")
        self.put_member({**was, "network": network, "person": person, "state": "active", "zone": n["zone"],
                         "topics": topics or was["topics"], "granted": self.said, "ended": 0, "lapses": 0})

    def membership_end(self, network, person=None, organisation=None):
        if organisation:
            self.known(self.wholes, (network, organisation), "active")["state"] = "ended"
        else:
            own = self.members.get((network, person), {}).get("state")
            if own in (None, "lapsed"):  # a member through an organisation can leave, too
                n = self.known(self.networks, network, "open")
                need(person in self.people and self.is_member(n, person), "not-found")
                was = self.members.get((network, person), {"topics": [], "requested": 0, "granted": 0})
                self.put_member({**was, "network": network, "person": person, "state": "active", "zone": n["zone"]})
            self.end_membership(self.known(self.members, (network, person), "requested", "active"))

    def end_membership(self, m):
        m.update(state="ended", ended=self.said, lapses=0)
        self.put_member(m)

    def due_lapse(self, network, person):
        m = self.members[network, person]
        m.update(state="lapsed", lapses=0, ended=0)
        self.put_member(m)

    # ---- material and polls ----

    def put_material(self, r):
        self.materials[r["material"]] = r
        self.derive("material", r["material"])

    def material_expect(self, material, meeting, due, **given):
        need(material not in self.materials, "already")
        m = self.known(self.meetings, meeting)
        self.person(given["from"])
        self.put_material({**self.from_meeting(m), "material": material, "state": "expected", "kind": "presentation",
                           "from": given["from"], "due": due, "expected": self.said})

    @staticmethod
    def from_meeting(m):
        return {k: m.get(k) for k in ("meeting", "network", "programme", "zone")}

    def material_publish(self, material, kind, visibility, meeting=None, network=None, programme=None, **_):
        was = self.materials.get(material, {"material": material, "state": None})
        need(was["state"] != "published", "already")
        belongs = self.from_meeting(was)
        if meeting:
            belongs = self.from_meeting(self.known(self.meetings, meeting))
        elif programme and not was.get("meeting"):
            p = self.known(self.programmes, programme)
            need(p["state"] != "ended", "wrong-state")
            belongs = {"programme": programme, "network": None, "zone": p["zone"]}
        elif not was.get("meeting"):
            belongs = {"network": network, "programme": None, "zone": self.known(self.networks, network, "open")["zone"]}
        need(visibility != "members" or belongs.get("network"), "conflict")  # a network has members, a programme a cohort
        need(visibility != "cohort" or belongs.get("programme"), "conflict")
        self.put_material({**was, **belongs, "state": "published", "kind": kind, "published": self.said})

    def material_withdraw(self, material):
        r = self.known(self.materials, material, "expected", "published")
        self.put_material({**r, "state": "withdrawn"})
        self.tell_no_more("material", material, "it was withdrawn")

    def poll_open(self, poll, network, options, audience, closes, **_):
        need(poll not in self.polls, "already")
        n = self.known(self.networks, network, "open")
        need(instant(wall(closes), n["zone"]) > self.said, "too-late")
        self.polls[poll] = {"poll": poll, "network": network, "state": "open", "zone": n["zone"], "opened": self.said,
                            "audience": audience, "closes": closes, "options": [o["option"] for o in options]}
        self.derive("poll", poll)

    def poll_answer(self, poll, person, option):
        p = self.known(self.polls, poll)
        need(p["state"] == "open" and instant(wall(p["closes"]), p["zone"]) > self.said, "too-late")
        self.person(person)
        need(option in p["options"], "not-found")
        need(self.is_in(p["audience"], self.subject("poll", poll), person), "not-entitled")

    def poll_close(self, poll):
        p = self.known(self.polls, poll)
        need(p["state"] == "open", "already")
        self.close_poll(p)
        self.tell_no_more("poll", poll, "the poll is closed")

    def due_poll(self, poll):
        self.close_poll(self.polls[poll])

    def close_poll(self, p):
        p.update(state="closed", closed=self.said)
        self.derive("poll", p["poll"])
