"""What operators order, and what they and mail servers know of letters that have left."""
import math

from tests.model import rules as rulebook
from tests.model.letters import WAITING, Row
from tests.model.meetings import Meetings, need
from tests.model.times import MINUTE, instant, wall


class Orders(Meetings):
    # ---- all sending ----

    def sending_pause(self, **_):
        need(not self.paused, "already")
        self.paused = self.said

    def sending_resume(self, **_):
        need(self.paused, "already")
        since, self.paused = self.paused, 0
        if self.now - since > self.settings.outage_after:
            self.ask_about(since)

    def ask_about(self, since):
        """Of what fell due since then and would leave now: many wait until somebody has seen them."""
        rows = [r for r in self.waiting if r.state == "queued" and not r.attempts and r.next_try <= self.now
                and self.is_asked(r, since) and self.has_content(r)]
        if len(rows) <= self.settings.catchup_ask:
            rows = [r for r in rows if self.is_asking(r)]
        if not rows:
            return
        sheet = self.new_hold("catchup")
        for row in sorted(rows, key=lambda r: (r.next_try, r.no)):
            if row.rule.about == "digest":
                row.useful = self.use_of(self.still_in(self.digest_of(row)))
            self.take(row, sheet, "a pause")
            if row.useful and self.now > row.useful:
                self.end(row, "missed", "past its use while nothing could leave")
            else:
                self.overtake(row)
        self.open_or_pass(sheet)
        self.came["a sheet after a pause"] += sheet["open"]

    def is_asked(self, row, since):
        """It fell due by itself since then, a letter to many with its window; what somebody let go is not asked about."""
        if row.sheet and row.sheet["kind"] == "letter":
            return row.sheet["until"] >= since and not row.sheet.get("released") and not row.reason
        return row.decided >= since and (not row.sheet or row.sheet["passed"])

    def has_content(self, row):
        """Of a digest that is empty it is found when it is to leave."""
        return row.rule.about != "digest" or bool(self.still_in(self.digest_of(row)))

    def take(self, row, sheet, cause):
        """From where it waited onto a sheet."""
        if row.sheet:
            row.sheet["rows"].remove(row)
        row.sheet = sheet
        sheet["rows"].append(row)
        self.end(row, "held", f"fell due in {cause}; catch-up sheet {sheet['no']}")

    # ---- catch-up sheets ----

    def pick(self, sheet, rule):
        """The most urgent first; what is always of use comes last."""
        sheets = [s for s in self.holds if s["kind"] == "catchup" and s["open"] and sheet in (None, s["no"])]
        rows = [r for s in sheets for r in s["rows"] if r.state == "held" and rule in (None, r.rule.name)]
        need(rows, "not-found")
        return sorted(rows, key=lambda r: (r.useful or math.inf, r.no))

    def catchup_release(self, sheet=None, rule=None, rate=None):
        rate, released = self.settings.release_rate if rate is None else rate, 0
        for row in self.pick(sheet, rule):
            at = self.now + (released * MINUTE // rate if rate else 0)
            if row.useful and at > row.useful:
                self.came["a release would be too slow"] += 1
                continue
            released += 1
            self.came["a release was paced"] += at > self.now
            self.let_go(row, at, "released from the catch-up sheet")

    def catchup_skip(self, sheet=None, rule=None):
        for row in self.pick(sheet, rule):
            self.end(row, "withdrawn", "skipped on the catch-up sheet")

    # ---- single letters ----

    def letter(self, no):
        need(0 < no <= len(self.rows), "not-found")
        return self.rows[no - 1]

    def delivery_retry(self, delivery):
        row = self.letter(delivery)
        need(row.state in ("held", "failed", "unknown", "deferred"), "wrong-state")
        if row.state == "held":
            return self.let_go(row, self.now, "an operator asked for it")
        row.resends = min(row.resends + (row.state == "unknown"), 10)
        row.next_try, row.deferred = self.now, None
        self.end(row, "queued", "an operator asked for it")

    def delivery_withdraw(self, delivery):
        row = self.letter(delivery)
        need(row.state in WAITING + ("held", "digested"), "wrong-state")
        need(row.state != "digested" or not self.is_in_flight(row), "wrong-state")
        self.end(row, "withdrawn", "an operator took it back")

    def hold_release(self, delivery=None, hold=None):
        if hold:
            hold = self.hold_of(hold)
            if hold["kind"] == "decisions":
                return self.release_held(hold)
            hold.update(until=self.now, released=True)
            return
        row = self.letter(delivery)
        need(row.state == "held", "wrong-state")
        self.let_go(row, self.now, "an operator released it")

    # ---- letters to an audience ----

    def letter_send(self, letter, audience, network=None, meeting=None, window=None, send_at=None, count=None, **given):
        """Held until its window is over: so long it can be taken back."""
        need(letter not in self.letters, "already")
        about = self.known(self.networks, network, "open") if network else self.known(self.meetings, meeting)
        zone = about["zone"]
        until = instant(wall(send_at), zone) if send_at else self.said + (window or 10) * MINUTE
        need(until > self.said, "too-late")
        need(not window or until >= self.said + window * MINUTE, "conflict")
        rule = rulebook.once("letter", audience, given["class"])
        self.letters[letter] = r = {"letter": letter, "network": network, "meeting": meeting, "zone": zone, "rule": rule}
        if count and count != self.reach(rule, self.subject("letter", letter), until):
            del self.letters[letter]
            need(False, "conflict")
        r["hold"] = self.new_hold("letter")
        r["hold"].update(open=True, until=until, letter=letter)
        self.plans["letter", letter] = {}
        self.set_plan("letter", letter, ("letter", 0, "ordered"), ["planned", self.said, None, zone, rule])

    def reach(self, rule, subject, at):
        return sum(self.would_reach(rule, k, at, None) for k, p in self.people.items()
                   if p["state"] == "active" and self.is_in(rule.to, subject, k))

    def would_reach(self, rule, person, at, useful):
        """Whether she really hears of what leaves then; nothing of it stays."""
        now, came, there = self.now, self.came.copy(), set(self.digests)
        row = Row(rule=rule, person=person, due=at, useful=useful, state="queued")
        if not self.why_not(rule, person):
            self.now = at
            self.place(row, at)
        if row.digest:
            row.digest["items"].remove(row)
            row.digest["count"] -= 1
        for fresh in set(self.digests) - there:
            del self.digests[fresh]
        self.now, self.came = now, came
        return not self.why_not(rule, person) and row.state in ("queued", "digested")

    def write_letter(self, letter):
        r, key = self.letters[letter], ("letter", 0, "ordered")
        plan, subject = self.plans["letter", letter][key], self.subject("letter", letter)
        for person in sorted(self.people):
            if self.people[person]["state"] == "active" and self.is_in(r["rule"].to, subject, person):
                self.consider(r["rule"], subject, key, plan, person, "held", "it can still be taken back", r["hold"])
        self.set_plan("letter", letter, key, ["fired"] + plan[1:])

    def hold_of(self, no):
        need(0 < no <= len(self.holds), "not-found")
        hold = self.holds[no - 1]
        need(hold["kind"] != "catchup", "wrong-state")
        need(hold["open"], "already" if hold.get("undone") else "too-late")
        return hold

    def due_hold(self, no):
        if self.holds[no - 1]["kind"] == "decisions":
            return self.decisions_over(self.holds[no - 1])
        if self.plans["letter", self.holds[no - 1]["letter"]][("letter", 0, "ordered")][0] == "planned":
            self.came["a letter released at once"] += 1
            self.write_letter(self.holds[no - 1]["letter"])
        sheet = self.sheet_of(self.holds[no - 1]["until"], False)
        for row in list(self.holds[no - 1]["rows"]):
            if row.state == "held" and sheet:
                self.take(row, sheet, "an outage")
                self.came["a letter's window ended in an outage"] += 1
            elif row.state == "held":
                self.let_go(row, self.now)
        self.holds[no - 1]["open"] = False

    def hold_undo(self, hold):
        hold = self.hold_of(hold)
        need(self.said < hold["until"], "too-late")
        if hold["kind"] == "decisions":
            return self.take_back_decisions(hold)
        hold.update(open=False, undone=True)
        key = ("letter", 0, "ordered")
        if self.plans["letter", hold["letter"]][key][0] == "planned":
            self.set_plan("letter", hold["letter"], key, None)
        for row in hold["rows"]:
            if row.state == "held":
                self.end(row, "withdrawn", "an operator took the letter back")

    # ---- plans ----

    def plan_skip(self, plan):
        kind, id_, *key = plan.split("/")
        key = (key[0], int(key[1]), key[2])
        plans = self.plans.get((kind, id_), {})
        need(key in plans, "not-found")
        need(plans[key][0] == "planned", "wrong-state")
        self.set_plan(kind, id_, key, ["skipped"] + plans[key][1:])

    # ---- after it has left ----

    def delivery_settle(self, delivery, outcome):
        row = self.letter(delivery)
        is_open = row.state == "unknown" or (row.state in WAITING and row.resends)
        need(is_open or row.settled == outcome, "wrong-state")
        row.settled = outcome
        if is_open and outcome == "sent":
            self.end(row, "accepted", "a person knows that it arrived")
        elif row.state == "unknown":
            row.next_try, row.left = self.now, None
            self.end(row, "queued", "a person knows that it did not leave")
            self.came["sent again, because somebody knows"] += 1
        elif is_open:
            row.left = None

    def delivery_report(self, delivery, kind):
        row = self.letter(delivery)
        need(row.attempts, "wrong-state")
        open_ = row.state == "unknown" or row.state in WAITING
        if kind in ("hard", "soft"):
            if open_ or row.state == "accepted":
                self.end(row, "failed", "it came back" + (": the address was refused for good" if kind == "hard" else ""))
        elif open_:
            self.end(row, "accepted", "its fate was unknown; a report settled it")
        kind = "soft" if kind == "delayed" else kind
        if row.address and kind in ("hard", "soft", "complaint"):
            self.address_report(row, kind)

    def suppression_lift(self, suppression, **_):
        need(suppression in self.people, "not-found")
        a = self.addresses.get(self.people[suppression]["email"])
        need(a, "not-found")
        need(not a["lifted"], "already")
        a["complained"] = False
        self.lift(a)
