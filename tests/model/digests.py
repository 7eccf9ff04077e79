"""Gentleness: quiet hours, one nudge a day, so many letters of news a week, and what is gathered into one letter."""
import datetime

from tests.model.times import DAY, HOUR, MINUTE, clock, instant, minutes_of, rfc3339, wall_text

OFFICE_ZONE = "Europe/Copenhagen"
CLOSES_AT, ITEMS_MOST = 8 * 60, 100  # eight o'clock
WAITING = ("queued", "deferred")
DAYS_TRIED = 14
# what becomes of the items when that becomes of the letter they are in
FOLLOWS = {"accepted": "accepted", "failed": "failed", "expired": "expired", "suppressed": "suppressed",
           "withdrawn": "withdrawn", "missed": "expired"}


class Digests:
    # ---- when a letter goes ----

    def own_zone(self, p):
        return p["quiet_zone"] or p["zone"] or OFFICE_ZONE

    def quiet_until(self, p, at):
        if not p["quiet"] or p["quiet"][0] == p["quiet"][1]:
            return at
        begins, ends = map(minutes_of, p["quiet"])
        zone = self.own_zone(p)
        w = clock(at, zone)
        now = w.hour * 60 + w.minute
        if not (begins <= now < ends if begins < ends else now >= begins or now < ends):
            return at
        if begins > ends and now >= begins:
            w += datetime.timedelta(days=1)
        over = instant(w.replace(hour=ends // 60, minute=ends % 60), zone)
        return over if over > at else over + HOUR

    def place(self, row, at):
        """When a letter that may go then goes: news when she wants it, gathered if she wants it so."""
        row.state, row.next_try = "queued", self.now
        p, wish = self.people[row.person], self.wishes.get(row.person, {})
        gathered = row.rule.about != "digest"
        late = gathered and at - row.due > self.settings.late_after and row.rule.late == "digest"
        if late:
            weekly = row.rule.news and wish.get("digest") == "weekly"
            self.came["late, and gathered"] += self.join(row, p, weekly, "it is late", row.rule.class_)
        elif row.rule.together:
            self.join_kind(row, p)
        if not row.rule.news or row.state != "queued":
            return
        if gathered and not late and wish.get("digest") and self.join(row, p, wish["digest"] == "weekly"):
            return
        self.place_in_time(row, p)
        if row.state == "queued" and gathered:
            self.keep_within_cap(row, p, row.next_try)

    def place_in_time(self, row, p):
        """After quiet hours, and one nudge a day."""
        at, nudge, why = self.slot(row, p)
        row.next_try = at
        self.came["a nudge put off to another day"] += nudge
        self.came["news put off by quiet hours"] += at > self.now and not nudge
        if nudge:
            row.reason = "nudge: one a day"
        if why:
            row.state, row.reason = "suppressed" if nudge else "missed", why

    def keep_within_cap(self, row, p, at, left_only=False):
        """What is more than she wants in a week goes with others at the week's end."""
        most = self.wishes.get(row.person, {}).get("most") or self.settings.news_a_week
        if most and self.is_full(row, at, most, left_only):
            why = f"cap: {most} letter{'s' * (most != 1)} of news a week"
            joined = self.join(row, p, True, why)
            self.came["gathered, being too much"] += joined
            if not joined:
                row.state, row.reason = "suppressed", why + ", and no digest takes it while it is of use"

    def slot(self, row, p, left_only=False):
        """When it may go, whether it had to wait for another day, and why it is of no use then."""
        zone, at, nudge = self.own_zone(p), self.quiet_until(p, self.now), False
        for _ in range(DAYS_TRIED):
            if not row.rule.nudge or (row.useful and at > row.useful):
                break
            if not self.was_nudged(row, at, zone, left_only and at == self.now):
                break
            nudge, at = True, self.quiet_until(p, instant(clock(at, zone) + datetime.timedelta(days=1), zone))
        else:
            return at, nudge, f"nudge: one a day, and none is free until {rfc3339(at, zone)[:10]}"
        if not row.useful or at <= row.useful:
            return at, nudge, None
        when = rfc3339(at, zone)
        return at, nudge, (f"nudge: one a day, and on {when[:10]} it is of no use" if nudge
                           else f"its use ends within quiet hours, which last until {when}")

    def may_leave_now(self, row, p):
        """What left meanwhile is in its way, what only waits is not."""
        at, nudge, why = self.slot(row, p, left_only=True)
        if why:
            self.end(row, "expired", why)
        elif at != self.now:
            row.next_try = at
            self.end(row, row.state, "nudge: one a day" if nudge else "quiet hours")
            self.came["a nudge had left meanwhile" if nudge else "quiet hours had begun meanwhile"] += 1
        elif row.rule.about != "digest":
            was = row.state
            self.keep_within_cap(row, p, self.now, left_only=True)
            if row.state != was:
                self.end(row, row.state, row.reason)
                self.came["a week was full meanwhile"] += 1
                return False
        return not why and at == self.now

    # ---- what left lately, or is to leave ----

    def others(self, row, left_only):
        """The moments of her other news."""
        return [(r.left or r.next_try, r) for r in self.news.get(row.person, [])
                if r is not row and (r.left or (r.state in WAITING and not left_only))]

    def was_nudged(self, row, at, zone, left_only):
        return any(r.rule.nudge and clock(when, zone).date() == clock(at, zone).date()
                   for when, r in self.others(row, left_only))

    def is_full(self, row, at, most, left_only):
        """Whether some seven days with that moment in them have as many already."""
        moments = [when for when, _ in self.others(row, left_only)] + [at]
        return any(sum(last - 7 * DAY < m <= last for m in moments) > most
                   for last in moments if at <= last < at + 7 * DAY)

    # ---- digests ----

    def closes(self, zone, weekly):
        day = clock(self.now, zone).replace(hour=CLOSES_AT // 60, minute=CLOSES_AT % 60)
        while instant(day, zone) <= self.now or (weekly and day.isoweekday() != self.settings.digest_day):
            day += datetime.timedelta(days=1)
        return day

    def join(self, row, p, weekly, why=None, kind="news"):
        """Into the digest that closes next; not when that is too late for it."""
        zone = self.own_zone(p)
        joined = self.join_one(row, kind, zone, instant(self.closes(zone, weekly), zone), why)
        self.came["gathered for " + ("a week" if weekly else "a day")] += joined
        return joined

    def join_kind(self, row, p):
        """Others of the same rule to the same person: the first waits so long, the next ones go with it."""
        zone, kind = self.own_zone(p), "rule." + row.rule.name
        end = self.now + row.rule.together + MINUTE - 1
        open_ = [d["until"] for (who, _), d in self.digests.items()
                 if who == row.person and d["kind"] == kind and d["state"] == "open" and d["until"] > self.now]
        self.came["gathered with its kind"] += self.join_one(row, kind, zone, min(open_, default=end - end % MINUTE))

    def join_one(self, row, kind, zone, at, why=None):
        window = f"{kind}.{wall_text(clock(at, zone))}"
        if row.useful and row.useful < at:
            return False
        fresh = {"person": row.person, "window": window, "kind": kind, "state": "open", "zone": zone, "until": at,
                 "class": row.rule.class_, "rule": row.rule.name if kind.startswith("rule.") else None,
                 "closed": 0, "count": 0, "items": [], "useful": None, "letter": None}
        d = self.digests.setdefault((row.person, window), fresh)
        if d["state"] != "open" or d["count"] >= ITEMS_MOST:
            return False
        d["count"] += 1
        d["items"].append(row)
        row.state, row.digest = "digested", d
        row.reason = (f"{why}; " if why else "") + "it goes with others at " + rfc3339(d["until"], zone)
        return True

    def due_digest(self, person, window):
        self.close(self.digests[person, window])

    def close(self, d):
        """With what it has now and is still of use; a rule writes the letter, if there is anything."""
        items = sorted((r for r in d["items"] if r.state == "digested"), key=lambda r: r.no)
        for row in items:
            if row.useful and self.now > row.useful:
                self.end(row, "expired", "past its use before its digest left")
            elif not self.is_still_for(row):
                self.end(row, "suppressed", "not in its audience any more")
        d["items"] = [r for r in items if r.state == "digested"]
        if d["rule"] and len(d["items"]) == 1:  # it found no company
            alone, d["items"] = d["items"][0], []
            alone.next_try, alone.digest = self.now, None
            self.end(alone, "queued")
            self.came["alone after all"] += 1
        d["useful"] = self.use_of(d["items"])
        d.update(state="closed", count=len(d["items"]), closed=max(self.now, d["closed"] + 1) if d["closed"] else d["until"], letter=None)
        self.derive("digest", f"{d['person']}/{d['window']}")

    @staticmethod
    def use_of(items):
        """As long as any of them is."""
        return max(r.useful for r in items) if items and all(r.useful for r in items) else None

    @staticmethod
    def still_in(d):
        return [r for r in d["items"] if r.state == "digested" and r.digest is d]

    def item_left(self, d):
        """What is held without it may be of use no longer than the rest."""
        letter, items = d["letter"], self.still_in(d)
        if not letter or letter.state != "held":
            return
        until = self.use_of(items)
        if not items or until and self.now > until:
            self.came["nothing in a digest on a sheet was of use"] += 1
            return self.end(letter, "missed", "nothing in it is of use any more")
        self.came["a digest on a sheet is of use for another time"] += until != letter.useful
        letter.useful = until

    def written(self, d, letter):
        d["letter"] = letter
        self.follow(letter)

    def digest_of(self, letter):
        """That it is the letter of; None, when another has taken its place."""
        d = self.digests[tuple(letter.about[1].split("/"))]
        return d if d["letter"] is letter else None

    def follow(self, letter):
        """What becomes of the letter becomes of what is in it."""
        d = self.digest_of(letter)
        for row in d["items"] if d else []:
            came_back = letter.state == "failed" and row.state == "accepted"
            if letter.state == "armed":
                self.note_told(row, None)
            if letter.state == "queued" and row.state == "failed":
                self.end(row, "digested", self.in_digest(letter))
            elif letter.state in FOLLOWS and (row.state == "digested" or came_back):
                self.end(row, FOLLOWS[letter.state], self.in_digest(letter))
            elif row.state == "digested" and row.digest is d:
                row.reason = self.in_digest(letter)

    @staticmethod
    def in_digest(letter):
        return f"in the digest, letter {letter.no}: {letter.state}"

    def is_in_flight(self, row):
        """In a digest that may have left."""
        letter = row.digest["letter"]
        return letter and letter.state in ("armed", "unknown")

    def is_outdated(self, letter):
        """It no longer says what is so: what is left of it goes in another letter."""
        d = self.digest_of(letter)
        if d and not any(r.state != "digested" or (r.useful and self.now > r.useful) or not self.is_still_for(r)
                         for r in d["items"]):
            return False
        if d:
            self.close(d)
        return True
