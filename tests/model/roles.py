"""What somebody is in a programme when two records are one, or when one is erased: staff, contact, adviser, assessor.

Where domain.md is silent: which of two refusals comes first."""
from tests.model import owing
from tests.model.organisations import Organisations
from tests.model.participation import DAY_MINUTES

# of two assessments of one application the later here stays: whoever is partial is so under either name
SAYS = ("asked", "submitted", "conflict")


def exchange(people, person, into):
    return sorted({into if p == person else p for p in people})


class Roles(Organisations):
    def merge_mentions(self, person, into):
        super().merge_mentions(person, into)
        self.merge_hours(person, into)
        for _, t in sorted(self.participations.items()):
            if person in (t["adviser"], t["contact"], *t["staff"], *t["was"]):
                self.came["one of the staff is somebody else now"] += person in t["staff"]
                t.update({k: into for k in ("adviser", "contact") if t[k] == person})
                before, t["staff"] = len(t["staff"]), exchange(t["staff"], person, into)
                t["was"] = set(exchange(t["was"], person, into)) - set(t["staff"])
                self.put_participation(t)
                if t["state"] == "running" and len(t["staff"]) < before:
                    self.came["two of the staff were one"] += 1
                    self.owe_staff(t)
        for _, a in sorted(self.applications.items()):
            if person in (a["contact"], *a["staff"]):
                a.update(contact=into if a["contact"] == person else a["contact"], staff=exchange(a["staff"], person, into))
                self.put_application(a)
        self.merge_assessments(person, into)

    def merge_hours(self, person, into):
        """Written down for both at one meeting, the longer stay counts; a day has no more hours than it has."""
        for key, r in sorted(self.hours.items()):
            if r["person"] != person:
                continue
            now, t = key[:2] + (key[2].replace("/" + person, "/" + into),), self.participations[key[:2]]
            minutes = r["minutes"]
            if now != key and now in self.hours:
                there = self.hours.pop(now)
                t["minutes"] -= there["minutes"]
                minutes = max(minutes, there["minutes"])
            minutes = min(minutes, DAY_MINUTES - self.day_of(into, r["date"]))
            t["minutes"] += minutes - r["minutes"]
            del self.hours[key]
            self.hours[now] = {**r, "person": into, "minutes": minutes}
            self.put_participation(t)

    def merge_assessments(self, person, into):
        for (application, who), s in sorted(self.assessments.items()):
            if who != person:
                continue
            a, there = self.applications[application], self.assessments.get((application, into))
            del self.assessments[application, person]
            if there:
                self.drop_plans("assessment", s["assessment"])
            if there and SAYS.index(there["state"]) >= SAYS.index(s["state"]):
                s = there
            elif there:
                s.update(person=into, assessment=there["assessment"])
            else:
                self.goes_by("assessment", s["assessment"], f"{application}/{into}")
                s.update(person=into, assessment=f"{application}/{into}")
            self.assessments[application, into] = s
            self.put_assessment(s, a)
            self.came["an assessor is somebody else now"] += 1
        self.merge_owed(person, into)

    def merge_owed(self, person, into):
        for key, r in sorted(self.owed.items()):
            if r["person"] != person:
                continue
            about = (r["about"][0], r["about"][1].removesuffix(person) + into)
            id_ = owing.name(r["kind"], *about, into)
            del self.owed[key]
            if id_ not in self.owed:
                r.update(obligation=id_, about=about, person=into)
                self.owed[id_] = r
                self.goes_by("obligation", key, id_)
                self.derive("obligation", id_)
            else:
                self.drop_plans("obligation", key)

    # ---- erased ----

    def forget(self, person):
        """Others are named in her place; what she judged stays, what she was asked to is nobody's."""
        for _, t in sorted(self.participations.items()):
            if t["state"] == "running" and person in (t["adviser"], *t["staff"]):
                if t["adviser"] == person:
                    t.update(adviser=None, adviser_assigned=0)
                self.came["one of the staff was erased"] += person in t["staff"]
                before, left = len(t["staff"]), [p for p in t["staff"] if p != person]
                self.set_staff(t, left)
                if len(left) < before:
                    self.owe_staff(t)
        for _, a in sorted(self.applications.items()):
            if person in a["staff"]:
                a["staff"] = [p for p in a["staff"] if p != person]
                self.put_application(a)
        for (application, who), s in sorted(self.assessments.items()):
            if who == person and s["state"] == "asked":
                s["state"] = "conflict"
                self.put_assessment(s, self.applications[application])
                self.end_owed("moot", ("assessment", s["assessment"]), "submit-assessment")
