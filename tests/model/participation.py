"""Who takes part: staff that comes and goes, hours, and the pace at which they are spent.

Where domain.md is silent: which of two refusals comes first; at what hour the pace is looked at (eight, of each first);
that time is counted in whole days and per cents; how long there is to name staff anew (a fortnight)."""
import datetime

from tests.model.meetings import need
from tests.model.programme import Programme
from tests.model.times import clock, instant

DAY_MINUTES, BEHIND, NAME_WITHIN = 1440, 15, 14
ONE = datetime.timedelta(days=1)


class Participation(Programme):
    def __init__(self, rules):
        super().__init__(rules)
        self.hours = {}  # (programme, organisation, id)

    def begin_participation(self, a, p):
        t = {"programme": p["programme"], "organisation": a["organisation"], "state": "running", "contact": a["contact"],
             "application": a["application"], "began": self.said, "zone": p["zone"], "staff": [], "was": set(),
             "adviser": None, "minutes": 0, "budget_minutes": 0}
        t.update({k: p[k] for k in ("starts", "ends", "least_staff")})
        t.update({k: 0 for k in ("adviser_assigned", "month", "behind", "fell_behind", "staff_left", "left", "absent")})
        self.participations[t["programme"], t["organisation"]] = t
        t["next_look"] = self.next_look(t)
        self.put_participation(t)
        self.owe_staff(t)
        self.owe_by("publish-solution", t, p["ends"])

    def owe_by(self, kind, t, date):
        self.owe(kind, self.about(t), date + "T23:59", t["zone"], t["programme"], organisation=t["organisation"])

    @staticmethod
    def about(t):
        return "participation", f"{t['programme']}/{t['organisation']}"

    def put_participation(self, t):
        p = self.programmes[t["programme"]]
        t["budget_minutes"] = p["budget_minutes"] * (len(t["staff"]) if p["budget_per"] == "person" else 1)
        self.derive(*self.about(t))

    def participation(self, programme, organisation, *states):
        self.known(self.programmes, programme)
        return self.known(self.participations, (programme, organisation), *states)

    def adviser_assign(self, programme, participation, person):
        t = self.participation(programme, participation, "running")
        self.person(person)
        need(t["adviser"] != person, "already")
        t.update(adviser=person, adviser_assigned=self.said)
        self.put_participation(t)

    # ---- staff ----

    def owe_staff(self, t):
        if len(t["staff"]) < t["least_staff"]:
            day = clock(self.said, t["zone"]) + NAME_WITHIN * ONE
            self.owe_by("name-staff", t, day.strftime("%Y-%m-%d"))

    def set_staff(self, t, persons):
        t["was"] = (t["was"] | set(t["staff"])) - set(persons)
        t["staff"] = sorted(persons)
        self.put_participation(t)
        if len(persons) >= t["least_staff"]:
            self.end_owed("met", self.about(t), "name-staff", t["organisation"])

    def staff_name(self, programme, participation, persons):
        t = self.participation(programme, participation, "running")
        need(len(persons) >= max(1, t["least_staff"]), "bad-value" if persons else "missing")
        for person in persons:
            self.check_speaks(person, participation)
        need(len(set(persons)) == len(persons), "conflict")
        need(sorted(persons) != t["staff"], "already")
        self.set_staff(t, persons)

    def staff_replace(self, programme, participation, person, by):
        t = self.participation(programme, participation, "running")
        need(person in t["staff"], "not-found")
        need(by not in t["staff"], "already")
        self.check_speaks(by, participation)
        self.set_staff(t, [p for p in t["staff"] if p != person] + [by])

    def leave_organisation(self, person, organisation):
        """Others are named in her place."""
        for t in self.participations.values():
            if t["organisation"] == organisation and t["state"] == "running" and person in t["staff"]:
                self.came["one of the staff left"] += 1
                t["staff_left"] = self.said
                self.set_staff(t, [p for p in t["staff"] if p != person])
                self.owe_staff(t)

    # ---- hours ----

    def day_of(self, person, date):
        return sum(r["minutes"] for r in self.hours.values() if (r["person"], r["date"]) == (person, date))

    def hours_log(self, hours, programme, participation, person, date, minutes, **_):
        t = self.participation(programme, participation, "running")
        self.person(person)
        need(person in t["was"] or person in t["staff"], "not-entitled")
        need(date <= clock(self.said, t["zone"]).strftime("%Y-%m-%d"), "too-early")
        need(t["starts"] <= date <= t["ends"], "too-late")
        need((programme, participation, hours) not in self.hours, "already")
        need(self.day_of(person, date) + minutes <= DAY_MINUTES, "conflict")
        self.hours[programme, participation, hours] = {"person": person, "date": date, "minutes": 0}
        self.spend(t, hours, minutes)

    def spend(self, t, hours, minutes):
        """It is so long now."""
        r = self.hours[t["programme"], t["organisation"], hours]
        t["minutes"] += minutes - r["minutes"]
        r["minutes"] = minutes
        self.put_participation(t)

    def hours_correct(self, programme, participation, hours, minutes, **_):
        t = self.participation(programme, participation, "running")
        r = self.known(self.hours, (programme, participation, hours))
        need(r["minutes"] != minutes, "already")
        need(self.day_of(r["person"], r["date"]) - r["minutes"] + minutes <= DAY_MINUTES, "conflict")
        self.spend(t, hours, minutes)

    # ---- pace ----

    def next_look(self, t):
        """The first of each month at eight; domain.md is silent: not yet in the month in which they begin."""
        w = clock(self.said, t["zone"]).replace(day=1, hour=8, minute=0) + 31 * ONE
        return instant(w.replace(day=1), t["zone"])

    def due_pace(self, programme, organisation):
        t = self.participations[programme, organisation]
        today, starts, ends = (datetime.date.fromisoformat(d) for d in
                               (clock(self.said, t["zone"]).strftime("%Y-%m-%d"), t["starts"], t["ends"]))
        elapsed = min(100, 100 * (today - starts).days // ((ends - starts).days + 1))
        if elapsed > 0:  # domain.md is silent: of nothing gone nothing is told
            self.look(t, elapsed)
        t["next_look"] = 0 if today > ends else self.next_look(t)
        self.put_participation(t)

    def look(self, t, elapsed):
        budget = t["budget_minutes"]
        behind = budget and elapsed - 100 * t["minutes"] // budget >= BEHIND
        t.update(month=self.said, fell_behind=behind and not t["behind"])
        self.came["fell behind"] += t["fell_behind"]
        self.came["caught up"] += t["behind"] and not behind
        t["behind"] = (t["behind"] or self.said) if behind else 0
