"""Meetings of a programme and of its groups: who may come, the hours they are, and who keeps away from them.

Where domain.md is silent: which of two refusals comes first."""
import itertools
import re

from tests.model.leaving import Leaving
from tests.model.meetings import need
from tests.model.participation import DAY_MINUTES

IN_A_ROW = 3


class Activities(Leaving):
    def meeting_plan(self, meeting, network=None, programme=None, group=None, **given):
        if network:
            need(not programme and not group, "conflict")
            return super().meeting_plan(meeting, network, **given)
        need(meeting not in self.meetings, "already")
        need(programme or group, "missing")
        programme = programme or self.known(self.group_of, group)
        p = self.known(self.programmes, programme)
        need(group or p["state"] != "ended", "wrong-state")  # its groups outlive it
        if group:
            need(self.known(self.group_of, group) == programme, "conflict")
        self.plan_meeting(meeting, p["zone"], programme=programme, group=group, **given)

    def check_entitled(self, m, person):
        """Who is invited, whoever takes part or did to the end, and who is of the group."""
        p = self.programmes.get(m.get("programme"))
        if person not in self.groups.get(m.get("group"), ()) and not (p and person in self.cohort_of(p)):
            super().check_entitled(m, person)

    def end(self, row, state, reason=None):
        super().end(row, state, reason)
        if state == "accepted" and row.about[0] == "meeting" and self.meetings[row.about[1]].get("programme"):
            self.came["of a programme: " + row.rule.name] += 1

    # ---- who was there ----

    def attendance_record(self, meeting, entries):
        super().attendance_record(meeting, entries)
        m = self.meetings[meeting]
        if not m.get("programme"):
            return
        for e in entries:
            self.count_hours(m, e["person"], e["minutes"])
        m["recorded"] = True
        if self.is_activity(m):
            for t in self.participations.values():
                if t["state"] == "running" and t["staff"]:
                    self.count_absence(t)

    def count_hours(self, m, person, minutes):
        """For one of those that named her; what was said before of the same meeting no longer counts. Of no day more
        than there are."""
        date, id_ = m["starts"][:10], f"{m['meeting']}/{person}"
        all_ = [t for _, t in sorted(self.participations.items())]
        known = [t for t in all_ if (t["programme"], t["organisation"], id_) in self.hours]
        named = [t for t in all_ if person in t["staff"] and minutes and t["starts"] <= date <= t["ends"]]
        for t in (known or named)[:1]:
            fresh = {"person": person, "date": date, "minutes": 0}
            r = self.hours.setdefault((t["programme"], t["organisation"], id_), fresh)
            left = DAY_MINUTES - self.day_of(person, r["date"]) + r["minutes"]
            self.came["a meeting was hours"] += minutes > 0
            self.spend(t, id_, min(minutes, left))

    def is_activity(self, m):
        """That its staff were meant for, and it is known who was there."""
        known = m.get("programme") and m.get("recorded") and m["state"] != "cancelled" and self.at(m, "starts") <= self.said
        return known and re.search(r"\b(staff|cohort)\b", m["audience"])

    def count_absence(self, t):
        """Nobody who is or was of its staff was at any of the last ones; whoever comes begins anew."""
        last = sorted(((self.at(m, "starts"), k) for k, m in self.meetings.items() if self.is_activity(m)), reverse=True)
        missed = itertools.takewhile(lambda at: at[0] >= t["began"] and not self.was_there(at[1], t), last)
        t["absent"] = 0 if len(list(missed)) < IN_A_ROW else t["absent"] or self.said
        self.came["kept away"] += t["absent"] == self.said
        self.put_participation(t)

    def was_there(self, meeting, t):
        return any(r["state"] == "attended" for (m, who), r in self.registrations.items()
                   if m == meeting and who in {*t["staff"], *t["was"]})
