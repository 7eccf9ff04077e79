"""What a letter is about, what belongs with that, and whom it concerns: audiences."""
import collections

from tests.model import rules as rulebook
from tests.model.owing import country_of

IN_PROGRAMME = ("call", "application", "assessment", "participation", "milestone", "evidence", "solution", "obligation")
OUT = ("declined", "cancelled", "lapsed")
PAIRS = {"registration": ("meeting", "person"), "membership": ("network", "person"), "digest": ("person", "window"),
         "assessment": ("application", "person"), "participation": ("programme", "organisation")}

# `about`: what people say it is about. `owned_by`: the organisation that owns it, for which `owner` speaks, or
# else anybody of it.
Subject = collections.namedtuple("Subject", "record zone network meeting owner audience about lead adviser owned_by "
                                 "application participation programme country")
Subject.__new__.__defaults__ = (None,) * 7


class Subjects:
    def subject(self, kind, id_):
        parts = tuple(id_.split("/"))
        r = self.table(kind)[parts if len(parts) == 2 else id_]
        if kind in IN_PROGRAMME:
            return self.in_programme(kind, id_, r)
        meeting = r if kind == "meeting" else self.meetings.get(r.get("meeting"))
        network = self.networks.get((meeting or r).get("network") or r.get("network"))
        owner, audience = r.get("person") or r.get("from"), r.get("audience")
        about = {"registration": ("meeting", parts[0]), "membership": ("network", parts[0])}.get(kind, (kind, id_))
        if kind == "letter":
            about = ("meeting", r["meeting"]) if r["meeting"] else ("network", r["network"])
            audience = meeting and meeting["audience"]
        programme = self.programmes.get((meeting or r).get("programme"))
        lead = (network or programme or {}).get("lead")
        return Subject(r, r["zone"], network, meeting, owner, audience, about, lead, programme=programme)

    def table(self, kind):
        return {"meeting": self.meetings, "registration": self.registrations, "membership": self.members,
                "material": self.materials, "poll": self.polls, "digest": self.digests, "letter": self.letters,
                "call": self.calls, "application": self.applications, "assessment": self.assessments,
                "participation": self.participations, "obligation": self.owed}[kind]

    # ---- of a programme ----

    def in_programme(self, kind, id_, r):
        """What is owed belongs where its subject does, and is its own owner's."""
        of_kind, of_id = r["about"] if kind == "obligation" else (kind, id_)
        parts = tuple(of_id.split("/"))
        of = self.table(of_kind)[parts if len(parts) == 2 else of_id]
        programme = self.programmes[of["programme"]]
        application = of if of_kind == "application" else self.applications.get(of.get("application"))
        of_one = of_kind in ("participation", "milestone", "evidence", "solution")
        participation = self.participations.get((of["programme"], of["organisation"])) if of_one else None
        organisation = r.get("organisation") if kind not in ("call", "assessment") else None
        owner = r.get("person")
        if organisation and not owner:
            owner = self.speaker((participation or application)["contact"], organisation)
        about = ("application", parts[0]) if of_kind == "assessment" else (of_kind, of_id)
        return Subject(r, r["zone"], None, None, owner, None, about, programme["lead"],
                       participation and participation["adviser"], None if r.get("person") else organisation,
                       application, participation, programme, r.get("country"))

    def people_of(self, organisation):
        return [k for k, p in self.people.items() if organisation in p["organisations"]]

    def speaker(self, contact, organisation):
        """A contact who left is passed over if anybody is left."""
        others = self.people_of(organisation)
        active = self.people[contact]["state"] == "active"
        return contact if active and (contact in others or not others) else None

    def staff_of(self, subject):
        t = subject.participation
        if t:
            is_still = t["state"] == "running" or subject.record is t or "solution" in subject.record
            return t["staff"] if is_still else []
        running = [t for t in self.participations.values() if t["state"] == "running"]
        return [k for t in running for k in t["staff"]] if subject.programme else []

    def cohort_of(self, programme):
        """Who left is of it no more."""
        return [k for t in self.participations.values() for k in t["staff"]
                if t["programme"] == programme["programme"] and t["state"] in ("running", "completed")]

    # ---- whom it concerns ----

    def is_member(self, network, person):
        if not network or network["state"] == "closed":
            return False
        own = self.members.get((network["network"], person), {}).get("state")
        if own in ("active", "ended"):  # who has left inherits nothing
            return own == "active"
        return any(self.wholes.get((network["network"], o), {}).get("state") == "active"
                   for o in self.people[person]["organisations"])

    def wants_news(self, person):
        return self.wishes.get(person, {}).get("on", True)

    def is_owner(self, subject, person):
        if subject.owner or not subject.owned_by:
            return person == subject.owner
        return subject.owned_by in self.people[person]["organisations"]

    def is_in(self, expression, subject, person):
        network, meeting = subject.network, subject.meeting
        registration = self.registrations.get((meeting["meeting"], person)) if meeting else None
        state = registration and registration["state"]

        def is_told():
            revision, heard = self.told.get((meeting["meeting"], person), (0, None))
            otherwise = 0 < revision < meeting["revision"] + 1 and heard != self.what(meeting)
            return otherwise and state not in OUT

        def not_answered():
            if not registration:
                return self.is_in(subject.audience, subject, person)
            since = registration["answered"] or registration["registered"]
            return state == "undecided" or (state == "registered" and since < meeting["postponed"])

        def is_colleague():
            return (subject.owner and person != subject.owner
                    and subject.owned_by in self.people[person]["organisations"])

        def has(term):
            word, _, argument = term.partition(":")
            if word in ("registered", "waiting", "offered", "undecided", "attended", "absent"):
                return state == word
            if word == "topic":
                m = self.members.get((network["network"], person), {}) if network else {}
                return network and network["state"] == "open" and m.get("state") == "active" and argument in m["topics"]
            return {"audience": lambda: self.is_in(subject.audience, subject, person),
                    "members": lambda: self.is_member(network, person),
                    "subscribers": lambda: self.is_member(network, person) and self.wants_news(person),
                    "function": lambda: argument in self.people[person]["functions"],
                    "operators": lambda: "operator" in self.people[person]["functions"],
                    "told": is_told, "not-answered": not_answered, "owner": lambda: self.is_owner(subject, person),
                    "owner.colleagues": is_colleague, "adviser": lambda: person == subject.adviser,
                    "staff": lambda: person in self.staff_of(subject),
                    "applicant": lambda: person in [subject.application["contact"]] + subject.application["staff"],
                    "cohort": lambda: subject.programme and person in self.cohort_of(subject.programme),
                    "group": lambda: person in self.groups.get(argument, ()), "lead": lambda: person == subject.lead}[word]()

        return rulebook.audience(expression, has)
