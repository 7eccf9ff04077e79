"""Meetings and who comes to them: times, places, waiting lists and offers."""
import datetime

from tests.model.letters import Letters
from tests.model.subjects import OUT
from tests.model.times import HOUR, MINUTE, instant, wall, wall_text

MEETING_TIMES = ("called", "moved", "move_told", "mode_changed", "mode_told", "postponed", "decided", "cancelled", "held")
REGISTRATION_TIMES = ("answered", "registered", "waiting", "offered", "offer_expires", "declined", "cancelled", "lapsed")


class Refused(Exception):
    pass


def need(holds, code):
    if not holds:
        raise Refused(code)


class Meetings(Letters):
    def known(self, table, id_, *states):
        need(id_ in table, "not-found")
        need(not states or table[id_]["state"] in states, "wrong-state")
        return table[id_]

    def person(self, id_):
        return self.known(self.people, id_, "active")

    # ---- meetings ----

    def at(self, m, field):
        return instant(wall(m[field]), m["zone"]) if m[field] else 0

    def check_times(self, m):
        starts = self.at(m, "starts")
        need(self.at(m, "registration_closes") <= starts + m["minutes"] * MINUTE, "conflict")
        need(self.at(m, "room_opens") <= starts and self.at(m, "decide_by") <= starts, "conflict")
        need(m["minimum"] or not m["decide_by"], "missing")
        need(not m["capacity"] or m["minimum"] <= m["capacity"], "conflict")

    def meeting_plan(self, meeting, network, **given):
        need(meeting not in self.meetings, "already")
        self.plan_meeting(meeting, self.known(self.networks, network, "open")["zone"], network=network, **given)

    def plan_meeting(self, meeting, its_zone, **given):
        m = {k: None for k in ("zone", "place", "link", "decide_by", "registration_closes", "room_opens", "decision",
                               "was_starts")}
        m.update({k: 0 for k in ("capacity", "minimum", "revision", "queue") + MEETING_TIMES})
        m.update(given, meeting=meeting, state="tentative")
        m["zone"] = m["zone"] or its_zone
        need(self.at(m, "starts") >= self.said, "too-late")
        self.check_times(m)
        self.meetings[meeting] = m
        self.derive("meeting", meeting)

    def change(self, meeting, *states):
        """A copy to work on: a refusal changes nothing."""
        return dict(self.known(self.meetings, meeting, *states))

    def put_meeting(self, m):
        self.meetings[m["meeting"]] = m
        self.derive("meeting", m["meeting"])

    def meeting_update(self, meeting, audience=None, **given):
        m = self.change(meeting, "tentative", "called")
        need(not audience or m["state"] == "tentative", "wrong-state")
        need(given.get("capacity", 10 ** 6) >= self.taken(m), "conflict")
        m.update({k: v for k, v in given.items() if k != "text"}, audience=audience or m["audience"])
        self.check_times(m)
        self.meetings[meeting] = m
        self.offer_free(m)
        self.put_meeting(m)

    def meeting_call(self, meeting):
        m = self.change(meeting)
        need(m["state"] != "called", "already")
        need(m["state"] == "tentative", "wrong-state")
        need(self.at(m, "starts") >= self.said, "too-late")
        m.update(state="called", called=self.said)
        self.put_meeting(m)

    def meeting_record(self, meeting):
        m = self.change(meeting)
        need(m["state"] != "held", "already")
        need(m["state"] == "called", "wrong-state")
        need(self.at(m, "starts") <= self.said, "too-early")
        m.update(state="held", held=self.said)
        self.put_meeting(m)

    def new_time(self, m, starts, zone=None, minutes=None, **given):
        by = wall(starts) - wall(m["starts"])
        m["was_starts"] = m["starts"]
        for field in ("room_opens", "registration_closes", "decide_by"):
            moved = wall_text(wall(m[field]) + by) if m[field] else None
            m[field] = given.get(field) or moved
        m.update(starts=starts, zone=zone or m["zone"], minutes=minutes or m["minutes"])
        need(self.at(m, "starts") >= self.said, "too-late")
        self.check_times(m)

    def revise(self, m, why):
        """Everybody who knows of it is owed the news; what tells how it was does not leave."""
        if m["state"] in ("called", "cancelled"):
            m["revision"] += 1
            self.stop("superseded", why, meeting=m["meeting"], below=m["revision"] + 1)
        self.meetings[m["meeting"]] = m
        self.offer_free(m)

    def note(self, m, field):
        """Now; later than what it was, so that two changes are two."""
        m[field] = self.said if self.said > m[field] else m[field] + 1

    def when_told(self, m):
        """The first edit is told at once, those within ten minutes at their end, and none waits in the last hour."""
        last = max(m["move_told"], m["mode_told"], m["postponed"])
        end = last if last > self.said else last + self.settings.merge_edits
        starts, was = self.at(m, "starts"), self.at(m, "was_starts")
        first = was if self.said < was < starts else starts
        return end if last and self.said < end <= first - HOUR else self.said

    def tell(self, m, field):
        """Of a move, or of another place; one letter says both."""
        self_at = self.when_told(m)
        self.note(m, {"move_told": "moved", "mode_told": "mode_changed"}[field])
        if m["move_told"] > self.said:
            field = "move_told"
        if self_at > self.said or m[field] > self.said:
            m[field] = self_at
        else:
            self.note(m, field)
        if field == "move_told" and m["mode_told"] > self.said:
            m["mode_told"] = 0

    def tell_nothing_else(self, m):
        for field in ("move_told", "mode_told"):
            if m[field] > self.said:
                m[field] = 0

    def meeting_move(self, meeting, starts, zone=None, minutes=None, **given):
        m = self.change(meeting, "tentative", "called")
        same = starts == m["starts"] and zone in (None, m["zone"]) and minutes in (None, m["minutes"])
        need(not same, "already")
        self.new_time(m, starts, zone, minutes, **given)
        if m["state"] == "called":
            self.tell(m, "move_told")
        self.revise(m, "the meeting was moved")
        self.put_meeting(m)

    def set_place(self, m, mode=None, place=None, link=None):
        before = m["mode"], m["place"], m["link"]
        after = mode or m["mode"], place or m["place"], link or m["link"]
        m.update(mode=after[0], place=None if after[0] == "video" else after[1],
                 link=None if after[0] == "room" else after[2])
        return before != after

    def meeting_set_mode(self, meeting, **given):
        m = self.change(meeting, "tentative", "called")
        need(self.set_place(m, **given), "already")
        if m["state"] == "called":
            self.tell(m, "mode_told")
        self.revise(m, "the meeting's mode or place changed")
        self.put_meeting(m)

    def meeting_decide(self, meeting, decision, starts=None, mode=None, place=None, link=None, **given):
        m = self.change(meeting, "called")
        need(self.at(m, "starts") >= self.said, "too-late")
        m["decision"] = decision
        if decision == "postpone":
            need(starts, "missing")
            need(starts != m["starts"], "conflict")
            self.new_time(m, starts, **given)
            self.set_place(m, mode, place, link)
            if m["mode"] == "undecided":
                m.update(place=place, link=link)
            self.note(m, "postponed")
            self.tell_nothing_else(m)
            self.revise(m, "the meeting was postponed")
        else:
            need(not starts, "conflict")
            need(decision == "go" or link or m["link"], "missing")
            changed = self.set_place(m, "video" if decision == "video" else mode, place, link)
            self.note(m, "decided")
            if changed:
                self.tell(m, "mode_told")
                self.revise(m, "the meeting's mode or place changed")
        self.put_meeting(m)

    def meeting_cancel(self, meeting, **_):
        m = self.change(meeting)
        need(m["state"] != "cancelled", "already")
        need(m["state"] in ("tentative", "called"), "wrong-state")
        need(self.at(m, "starts") >= self.said, "too-late")
        was_called = m["state"] == "called"
        m.update(state="cancelled", cancelled=self.said if was_called else 0)
        self.tell_nothing_else(m)
        if was_called:
            self.revise(m, "the meeting was cancelled")
        self.put_meeting(m)

    # ---- places ----

    @staticmethod
    def needs_none(m, r):
        return m["mode"] == "hybrid" and r["mode"] == "video"

    def of(self, m, *states):
        return [r for k, r in sorted(self.registrations.items()) if k[0] == m["meeting"] and r["state"] in states]

    def taken(self, m):
        return sum(not self.needs_none(m, r) for r in self.of(m, "registered", "offered"))

    def is_free(self, m):
        return not m["capacity"] or (self.taken(m) < m["capacity"] and not self.of(m, "waiting"))

    def put(self, r):
        self.registrations[r["meeting"], r["person"]] = r
        self.derive("registration", f"{r['meeting']}/{r['person']}")

    def offer_free(self, m):
        """A place that is free is for the first in line, while there is time to answer."""
        starts = self.at(m, "starts")
        while (m["state"] == "called" and starts > self.now and (line := self.of(m, "waiting"))
               and (not m["capacity"] or self.taken(m) < m["capacity"])):
            r = min(line, key=lambda r: r["queue"])
            r.update(state="offered", offered=self.now, offer_expires=min(self.now + self.settings.offer_holds, starts))
            self.put(r)

    def due_offer(self, meeting, person):
        r, m = self.registrations[meeting, person], self.meetings[meeting]
        r.update(state="lapsed", offer_expires=0, lapsed=self.now if m["state"] == "called" else 0)
        self.put(r)
        self.offer_free(m)

    def check_open(self, m, coming):
        need(m["state"] != "tentative", "too-early")
        need(m["state"] != "cancelled", "wrong-state")
        over = instant(wall(m["starts"]) + datetime.timedelta(minutes=m["minutes"]), m["zone"])
        need(m["state"] != "held" and over > self.said, "too-late")
        closes = self.at(m, "registration_closes")
        need(not (coming and closes and self.said >= closes + MINUTE), "too-late")

    def check_mode(self, m, mode):
        need(not mode or m["mode"] in ("hybrid", mode), "conflict")

    def check_entitled(self, m, person):
        may = self.is_member(self.networks.get(m.get("network")), person)
        need(may or self.is_in(m["audience"], self.subject("meeting", m["meeting"]), person), "not-entitled")

    def registration(self, meeting, person):
        fresh = {"meeting": meeting, "person": person, "state": None, "mode": None, "zone": None, "queue": 0}
        fresh.update({k: 0 for k in REGISTRATION_TIMES})
        return dict(self.registrations.get((meeting, person), fresh))

    def both(self, meeting, person, coming=False):
        m = self.known(self.meetings, meeting)
        need((meeting, person) in self.registrations, "not-found")
        self.check_open(m, coming)
        return m, self.registration(meeting, person)

    def come(self, r):
        self.put(r)
        self.joined_later(r["meeting"], r["person"])

    def take_place(self, m, r):
        need(r["state"] in (None, "undecided") + OUT, "wrong-state")
        place = self.needs_none(m, r) or self.is_free(m)
        m["queue"] += not place
        r.update({k: 0 for k in REGISTRATION_TIMES}, zone=m["zone"], answered=self.said,
                 state="registered" if place else "waiting", queue=0 if place else m["queue"])
        r["registered" if place else "waiting"] = self.said
        self.put(r)
        self.answered(r)
        if place:
            self.joined_later(r["meeting"], r["person"])

    def not_there(self, r):
        need(r["state"] not in ("registered", "waiting", "offered", "attended"), "already")

    def registration_make(self, meeting, person, mode=None):
        m = self.known(self.meetings, meeting)
        self.person(person)
        r = self.registration(meeting, person)
        self.not_there(r)
        self.check_open(m, True)
        self.check_mode(m, mode)
        self.check_entitled(m, person)
        r["mode"] = mode
        self.take_place(m, r)

    def registration_change(self, meeting, person, mode):
        m, r = self.both(meeting, person)
        need(r["state"] in ("registered", "waiting", "offered"), "wrong-state")
        self.check_mode(m, mode)
        needed = not self.needs_none(m, r)
        r["mode"] = mode
        needs = not self.needs_none(m, r)
        need(needed or not needs or self.is_free(m), "full")
        if r["state"] == "waiting" and not needs:
            r.update(state="registered", registered=self.said, waiting=0, queue=0)
            self.come(r)
        else:
            self.put(r)
        self.offer_free(m)

    def leave(self, m, r):
        r.update(offer_expires=0, queue=0, answered=self.said)
        self.stop("superseded", "they do not come", person=r["person"], meeting=r["meeting"], below=10 ** 9)
        self.put(r)
        self.offer_free(m)

    def registration_cancel(self, meeting, person):
        m, r = self.both(meeting, person)
        need(r["state"] != "cancelled", "already")
        need(r["state"] in ("registered", "waiting", "offered"), "wrong-state")
        r.update(state="cancelled", cancelled=self.said)
        self.leave(m, r)

    def accept(self, r):
        need(r["state"] != "lapsed" and not (r["state"] == "offered" and r["offer_expires"] <= self.said), "too-late")
        need(r["state"] != "registered", "already")
        need(r["state"] == "offered", "wrong-state")
        r.update(state="registered", registered=self.said, answered=self.said, offer_expires=0, queue=0)
        self.come(r)

    def registration_accept_offer(self, meeting, person):
        self.accept(self.both(meeting, person)[1])

    def decline(self, m, r):
        need(r["state"] not in ("attended", "absent"), "wrong-state")
        r.update(state="declined", declined=self.said, zone=m["zone"])
        self.leave(m, r)

    def registration_decline_offer(self, meeting, person):
        m, r = self.both(meeting, person)
        need(r["state"] == "offered", "wrong-state")
        self.decline(m, r)

    def registration_answer(self, meeting, person, answer):
        m = self.known(self.meetings, meeting)
        self.person(person)
        r = self.registration(meeting, person)
        self.check_open(m, answer != "no")
        if not r["state"]:
            self.check_entitled(m, person)
        if answer == "no":
            return self.decline(m, r)
        if answer == "yes" and r["state"] == "offered":
            return self.accept(r)
        if answer == "yes" and r["state"] != "registered":
            self.not_there(r)
            return self.take_place(m, r)
        if answer == "maybe" and r["state"] != "registered":
            need(r["state"] in (None, "undecided"), "wrong-state")
            r["state"] = "undecided"
        if answer == "maybe":
            r["zone"] = m["zone"]
        if answer == "yes" or r["state"] == "undecided":
            r["answered"] = self.said
        self.put(r)
        if answer == "yes":
            self.answered(r)

    def attendance_record(self, meeting, entries):
        m = self.known(self.meetings, meeting, "called", "held")
        need(self.at(m, "starts") <= self.said, "too-early")
        for i, e in enumerate(entries):
            self.person(e["person"])
            need(e["person"] not in [later["person"] for later in entries[i + 1:]], "conflict")
        there = {e["person"]: e["minutes"] for e in entries}
        for person, minutes in there.items():
            r = self.registration(meeting, person)
            if minutes or r["state"] in ("registered", "attended", "absent"):
                self.put({**r, "state": "attended" if minutes else "absent", "zone": m["zone"], "offer_expires": 0})
        for r in self.of(m, "registered"):
            if r["person"] not in there:
                self.put({**r, "state": "absent", "zone": m["zone"], "offer_expires": 0})
