"""What falls due, whom it is for, and what becomes of each letter: the ledger of the model.

What is due is not kept in a queue but looked up in the state: the first of all moments that are ahead of nothing."""
import collections
import json
import re

from tests.model.addresses import Addresses
from tests.model.digests import OFFICE_ZONE, Digests
from tests.model.owing import Owing
from tests.model.plans import RULE, Plans
from tests.model.settings import defaults
from tests.model.subjects import PAIRS, Subjects
from tests.model.times import MINUTE, instant, rfc3339, wall

WAITING = ("queued", "deferred")
ENDS = ("accepted", "failed", "expired", "withdrawn", "suppressed", "superseded", "missed", "not-due")
# what follows from these counts from when they fell due, however late somebody looks: nothing is silent for an outage
FROM_THEN = ("call-close", "call-open", "digest", "evidence", "milestone", "obligation", "pace", "poll")


def backoff(attempt, seed, first, longest):
    """From half a first pause to the doubled one, spread by SplitMix64 so that an attempt always waits the same."""
    mask = (1 << 64) - 1
    most = min(first * 2 ** (attempt - 1), longest)
    least = min(first // 2, most)
    x = ((seed ^ attempt << 56) + 0x9E3779B97F4A7C15) & mask
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
    return least + (x ^ x >> 31) % (most - least + 1)


def minutes_late(late):
    return f"{late // MINUTE} minute{'' if late // MINUTE == 1 else 's'} late"


class Row:
    def __init__(self, **fields):
        self.reason = self.next_try = self.ended = self.sheet = self.settled = self.digest = self.left = self.deferred = None
        self.attempts, self.resends, self.merged = 0, 0, False
        self.__dict__.update(fields)

    def line(self):
        zone = self.zone or OFFICE_ZONE
        fields = {"no": self.no, "rule": self.rule.name, "about_kind": self.about[0], "about": self.about[1],
                  "person": self.person, "language": self.language, "due": rfc3339(self.due, zone),
                  "ended": self.ended and rfc3339(self.ended, zone), "state": self.state, "reason": self.reason}
        return json.dumps({k: v for k, v in fields.items() if v is not None})


class Letters(Addresses, Digests, Owing, Plans, Subjects):
    def __init__(self, rules):
        self.settings = defaults()
        self.rules, self.config = rules, ""  # the text of the rules, when they are not the shipped ones
        self.now = self.said = self.since = self.paused = 0  # since: what lies before it is told nobody any more
        self.came = collections.Counter()  # what leaves no trace in the ledger
        self.people, self.organisations, self.networks, self.members, self.wholes = {}, {}, {}, {}, {}
        self.meetings, self.registrations, self.materials, self.polls, self.wishes, self.letters = {}, {}, {}, {}, {}, {}
        self.programmes, self.calls, self.applications, self.assessments = {}, {}, {}, {}
        self.participations, self.owed = {}, {}  # what is owed: by its name
        self.plans = {}   # (kind, id) -> {(rule, step, occurrence): [state, due, useful, zone]}
        self.ahead = []   # of those that are planned: (due, "plan", kind, id, rule, step, occurrence)
        self.rows, self.by_key, self.waiting, self.held, self.armed = [], {}, set(), set(), set()
        self.told = {}    # (meeting, person) -> (revision, what she heard; None: uncertain)
        self.knew = {}    # the same -> what she had heard before a letter to her was overtaken
        self.news = {}    # person -> her letters of news
        self.digests = {}  # (person, window)
        self.holds, self.gathering = [], None
        self.addresses = {}  # address -> what is known against it

    # ---- what is due ----

    def first_due(self):
        """(at, word, …) of what falls due first; by the same instant, in order of words and names."""
        due = self.ahead[:1]
        due += [(r["offer_expires"], "offer") + k for k, r in self.registrations.items() if r["offer_expires"]]
        due += [(m["lapses"], "lapse") + k for k, m in self.members.items() if m["lapses"]]
        due += [(instant(wall(p["closes"]), p["zone"]), "poll", k) for k, p in self.polls.items()
                if p["state"] == "open"]
        due += [(r.useful + 1, "held", r.no) for r in self.held if r.useful]
        due += [(a["until"], "suppression", k) for k, a in self.addresses.items() if a["until"]]
        due += [(d["until"], "digest") + k for k, d in self.digests.items() if d["state"] == "open"]
        for c in self.calls.values():
            due += [(self.at(c, "opens"), "call-open", c["call"])] if c["state"] == "planned" else []
            due += [(self.ends(c), "call-close", c["call"])] if c["state"] in ("planned", "open") else []
        due += [(self.owed_until(r), "obligation", k) for k, r in self.owed.items() if r["state"] == "open"]
        due += [(a["offer_expires"] + MINUTE, "place", k) for k, a in self.applications.items()
                if a["state"] == "selected"]
        due += [(t["next_look"], "pace") + k for k, t in self.participations.items() if t["next_look"]]
        if self.gathering:
            due.append((self.gathering["until"], "sheet", self.gathering["no"]))
        due += [(h["until"], "hold", h["no"]) for h in self.holds if h["kind"] != "catchup" and h["open"]]
        return min(due) if due else None

    def fire(self):
        while (due := self.first_due()) and due[0] <= self.now:
            self.said = self.now
            self.since = due[0] if due[1] in FROM_THEN else self.now
            getattr(self, "due_" + due[1].replace("-", "_"))(*due[2:])

    def due_held(self, no):
        self.end(self.rows[no - 1], "missed", "nobody released it while it was of use")

    def due_plan(self, kind, id_, name, step, occurrence):
        if kind == "letter":
            return self.write_letter(id_)
        rule, subject, key = self.rules[name], self.subject(kind, id_), (name, step, occurrence)
        plan = self.plans[kind, id_][key]
        due, useful, zone = plan[1:4]
        state = reason = None
        late = self.now - due
        if useful and self.now > useful:
            state, reason = "missed", f"past its use, which ended {rfc3339(useful, zone or OFFICE_ZONE)}"
        elif late > self.settings.late_after and rule.late == "skip":
            state, reason = "missed", minutes_late(late)
        elif late > self.settings.late_after and rule.late == "ask":
            state, reason = "held", f"{minutes_late(late)}; somebody decides"
        sheet = self.sheet_of(due, state == "held")
        if sheet and not state:
            state, reason = "held", f"fell due in an outage; catch-up sheet {sheet['no']}"
        for person in sorted(self.people):
            if self.people[person]["state"] == "active" and self.is_in(rule.to_at(step), subject, person):
                self.consider(rule, subject, key, plan, person, state, reason, sheet)
        self.set_plan(kind, id_, key, ["missed" if state == "missed" else "fired"] + plan[1:])

    def sheet_of(self, due, asked):
        """On which what fell due then is gathered, opened when need be; None: it is in time."""
        if not self.gathering and (asked or self.now - due > self.settings.outage_after):
            self.gathering = self.new_hold("catchup")
            self.gathering["until"] = self.now
        return self.gathering

    def consider(self, rule, subject, key, plan, person, state, reason, sheet):
        meeting = subject.meeting
        registration = self.registrations.get((meeting["meeting"], person)) if meeting else None
        why = self.why_not(rule, person)
        if why:
            state, reason, sheet = "suppressed", why, None
        elif (state in (None, "held") and rule.mentions("registered") and self.now != plan[1] and registration
              and registration["registered"] > plan[1]):
            state, reason, sheet = "not-due", "joined after it was due", None
        self.add(rule, subject, key, plan, person, state, reason, sheet)

    def why_not(self, rule, person):
        p = self.people[person]
        return ("protected identity" if p["protected"] else "restricted processing" if p["restricted"]
                else self.address_why(p["email"], rule.news)
                or ("does not want news" if rule.news and not self.wants_news(person) else None))

    def add(self, rule, subject, key, plan, person, state, reason, sheet=None):
        zone, meeting, about = subject.zone, subject.meeting, subject.about
        of = (rule.name, self.id_of(subject, rule)) + key[1:] + (plan[RULE].version,)
        if (of, person) in self.by_key:
            return
        p = self.people[person]
        row = Row(rule=rule, about=about, person=person, language=p["language"], address=p["email"], due=plan[1], useful=plan[2],
                  zone=zone, decided=self.now, state=state, reason=reason, of=of, sheet=sheet, to=rule.to_at(key[1]),
                  told=meeting["revision"] + 1 if rule.tells and meeting else 0,
                  what=self.what(meeting) if rule.tells and meeting else None)
        if not state:
            self.place(row, self.now)
        row.no = len(self.rows) + 1
        self.rows.append(row)
        self.by_key[of, person] = row
        self.index(row)
        if sheet:
            sheet["rows"].append(row)
        if not state and any(s["open"] and s["kind"] == "catchup" for s in self.holds):
            self.overtake(row)
        if rule.mentions("told") and row.told and not self.told.get((about[1], person), (0, True))[1]:
            self.came["taken back, and told for a letter that it stopped"] += self.knew.get((about[1], person)) == row.what
        if rule.news and rule.about != "digest":
            self.news.setdefault(person, []).append(row)
        if rule.about == "digest":
            self.written(subject.record, row)

    def id_of(self, subject, rule):
        return "/".join(subject.record[k] for k in PAIRS.get(rule.about, (rule.about,)))

    def joined_later(self, meeting, person):
        """Somebody came after letters to those who have a place had gone out: she has a row that says so."""
        subject = self.subject("meeting", meeting)
        for key in sorted(self.plans[("meeting", meeting)]):
            rule, plan = self.rules.get(key[0]), self.plans["meeting", meeting][key]
            if not rule or key[1] >= len(rule.when):
                continue
            still = rule.when[key[1]].of(subject.record, subject.zone)
            if (plan[0] == "fired" and rule.mentions("registered") and still and still[1] == key[2]
                    and self.is_in(rule.to, subject, person)):
                self.add(rule, subject, key, plan, person, "not-due", "joined after it was sent")

    # ---- states of a row ----

    def index(self, row):
        for states, among in ((WAITING, self.waiting), (("held",), self.held), (("armed",), self.armed)):
            (among.add if row.state in states else among.discard)(row)
        row.ended = self.now if row.state in ENDS else None

    def new_hold(self, kind):
        """What waits together for a word. `passed`: few, which went by themselves."""
        hold = {"no": len(self.holds) + 1, "kind": kind, "rows": [], "open": False, "passed": False}
        self.holds.append(hold)
        return hold

    def open_or_pass(self, sheet):
        sheet["open"] = any(r.state == "held" for r in sheet["rows"])
        sheet["passed"] = not sheet["open"]

    def let_go(self, row, at, reason=None):
        """Not before then, and as gently as if it were decided now."""
        row.state, row.reason, row.next_try = "queued", reason, at
        if row.of[0] == "letter" or row.of[0] in self.rules:
            row.rule = self.rules.get(row.of[0], row.rule)
            self.place(row, at)
        row.next_try = max(row.next_try, at)
        self.end(row, row.state, row.reason)

    def end(self, row, state, reason=None):
        """It goes on to that state."""
        was = row.state
        if state == "accepted" and was != "digested" and not row.left:
            row.left = self.now
        row.state, row.reason = state, reason
        self.index(row)
        if state in ("armed", "accepted", "superseded"):
            self.note_told(row, row.what if state == "accepted" else None, state != "superseded")
        if row.sheet and row.sheet["open"]:
            row.sheet["open"] = any(r.state == "held" for r in row.sheet["rows"])
        if row.rule.about == "digest":
            self.follow(row)
        if was == "digested" != state and row.digest:
            self.item_left(row.digest)
        if state in WAITING and not row.address:
            self.came["a letter came back to who was erased"] += 1
            self.end(row, "suppressed", "the person was erased")

    def note_told(self, row, heard, may_have_left=True):
        """What she heard last; None: something else, perhaps. What never left tells nothing."""
        if row.told:
            who = row.about[1], row.person
            revision, before = self.told.get(who, (0, None))
            self.told[who] = max(revision, row.told), heard if may_have_left and row.told >= revision else before

    def stop(self, state, reason, person=None, meeting=None, below=None):
        """What has not left yet and would tell something that is no more so, or somebody who may not be told."""
        for row in self.rows:
            if (self.has_not_left(row) and (not person or row.person == person)
                    and (not meeting or row.about == ("meeting", meeting))
                    and (below is None or (row.told and row.told < below))):
                self.end(row, state, reason)
                if meeting and not person and "told" not in re.findall(r"[\w.:-]+", row.to):
                    self.owe_telling(row)

    def owe_telling(self, row):
        """What was more than a correction is owed whatever she knows."""
        who = row.about[1], row.person
        self.knew[who] = self.told.get(who, (0, None))[1] or self.knew.get(who)
        self.note_told(row, None)

    def is_still_for(self, row):
        """News that waited so long that she has left whom it is for."""
        passing = {"registered", "waiting", "offered", "undecided", "attended", "absent", "told"}
        if not row.rule.news or row.rule.about == "digest" or passing & set(re.findall(r"[\w.:-]+", row.to)):
            return True
        return self.is_in(row.to, self.subject(row.rule.about, row.of[1]), row.person)

    def tell_no_more(self, kind, id_, reason):
        """What has not left about it would tell of what is over."""
        for row in self.rows:
            if row.about == (kind, id_) and self.has_not_left(row):
                self.came["told no more: " + reason] += 1
                self.end(row, "superseded", reason)

    def has_not_left(self, row):
        return row in self.waiting or row in self.held or (row.state == "digested" and not self.is_in_flight(row))

    def answered(self, r):
        """Whoever has said whether she comes is not asked any more."""
        subject = self.subject("meeting", r["meeting"])
        for row in self.rows:
            rule = self.rules.get(row.of[0])
            if (row.person == r["person"] and row.about == ("meeting", r["meeting"]) and self.has_not_left(row)
                    and rule and rule.mentions("not-answered") and not self.is_in(rule.to, subject, row.person)):
                self.came["a nudge to somebody who has answered"] += 1
                self.end(row, "superseded", "they have answered")

    def remind_no_more(self, key, reason):
        """Of what is owed no more, or by another day."""
        for row in self.rows:
            if (row.rule.about == "obligation" and row.of[1] == key and row.of[3].startswith("due=")
                    and self.has_not_left(row)):
                self.came["a reminder overtaken: " + reason] += 1
                self.end(row, "superseded", reason)

    @staticmethod
    def what(m):
        return tuple(m[k] for k in ("state", "starts", "minutes", "zone", "mode", "place", "link"))

    # ---- after an outage ----

    def overtake(self, row):
        """What a later step of the same rule says takes the place of what still waits of earlier ones."""
        name, id_, step = row.of[:3]
        for key, plan in sorted(self.plans.get((row.rule.about, id_), {}).items(), key=lambda p: p[0]):
            if key[0] == name and key[1] != step and plan[1] < row.due:
                other = self.by_key.get(((name, id_) + key[1:] + (plan[RULE].version,), row.person))
                if other in self.held:
                    self.end(other, "superseded", "overtaken by a later step of its rule")

    def is_asking(self, row):
        rule = self.rules.get(row.of[0])
        return rule and rule.late == "ask" and self.now - row.due > self.settings.late_after

    def due_sheet(self, _no):
        sheet = self.gathering
        held = sorted((r for r in sheet["rows"] if r.state == "held"), key=lambda r: r.no)
        many = held and len(sheet["rows"]) > self.settings.catchup_ask
        for row in held:
            if row.state == "held":
                self.overtake(row)
                if not many and not self.is_asking(row):
                    self.let_go(row, self.now)
        self.gathering = None
        self.open_or_pass(sheet)

    # ---- delivery ----

    def readdress(self, row, email):
        """It goes where its person is now. An address that a merged record brought is hers too."""
        if not email or row.address == email or row.merged and self.address_why(email, row.rule.news):
            return False
        row.address, row.merged = email, False
        self.came["a letter goes to an address that is new"] += 1
        return True

    def recheck(self, row):
        """Whether it may still leave."""
        p = self.people[row.person]
        moved = self.readdress(row, p["email"])
        meeting = self.meetings.get(row.about[1]) if row.about[0] == "meeting" else None
        if row.useful and self.now > row.useful:
            self.end(row, "expired", "past its use while it waited")
        elif row.state == "deferred" and self.now - row.deferred > self.settings.give_up_after:
            self.end(row, "expired", "not deliverable for too long")
        elif p["state"] == "erased":
            self.end(row, "suppressed", "the person was erased")
        elif p["protected"] or p["restricted"]:
            self.end(row, "suppressed", "protected identity" if p["protected"] else "restricted processing")
        elif row.rule.news and not self.wants_news(row.person):
            self.end(row, "suppressed", "does not want news")
        elif not self.is_still_for(row):
            self.end(row, "suppressed", "not in its audience any more")
        elif (why := self.address_why(row.address, row.rule.news)) and (
                not row.attempts or moved or row.state == "deferred" and self.addresses[row.address]["since"] >= row.deferred):
            self.came["an address spoken against while a letter was put off"] += bool(row.attempts)
            self.end(row, "suppressed", why)  # once tried it is somebody's will to try again
        elif row.told and meeting and row.told < meeting["revision"] + 1:
            self.end(row, "superseded", "the meeting has changed since")
        elif row.rule.about == "digest" and self.is_outdated(row):
            self.end(row, "superseded", "something in it is no longer so")
        else:
            return not row.rule.news or self.may_leave_now(row, p)
        return False

    def lose(self, row):
        self.end(row, "unknown", "the answer was lost; it may have left")
        if row.resends < self.settings.unknown_resends:
            row.resends, row.next_try = row.resends + 1, self.now
            self.end(row, "queued", "its fate was unknown; the same letter again")

    def try_letter(self, row, fate):
        if not self.recheck(row):
            return
        row.attempts, row.left = row.attempts + 1, self.now
        self.end(row, "armed")
        if fate == "accepted":
            self.end(row, "accepted")
        elif fate == "failed":
            self.end(row, "failed", "refused for good")
        elif fate == "bounced":
            self.end(row, "failed", "the address was refused for good")
            if row.address:
                self.address_report(row, "hard")
        elif fate == "deferred":
            row.next_try = self.now + backoff(row.attempts, row.no, self.settings.retry_first, self.settings.retry_longest)
            row.deferred = row.deferred or self.now
            row.left = row.resends and row.left  # an earlier copy of it may have
            self.end(row, "deferred", "it could not be handed over now; it is tried again")
        elif fate == "unknown":
            self.lose(row)

    def deliver(self, fate_of):
        any_, after = False, (-1, 0)
        self.said = self.since = self.now
        while not self.paused:
            ready = [(r.next_try, r.no) for r in self.waiting if after < (r.next_try, r.no) and r.next_try <= self.now]
            if not ready:
                break
            any_, after = True, min(ready)
            row = self.rows[after[1] - 1]
            self.try_letter(row, fate_of(row.person))
        lost = sorted(self.armed, key=lambda r: r.no)
        for row in lost:
            self.lose(row)
        return any_ or bool(lost)
