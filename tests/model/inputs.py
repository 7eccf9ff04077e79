"""Random inputs of one office: so drawn that what is interesting happens often. Edits come close to reminders, the
scheduler is away when something falls due, there are two or three places, and the clocks change."""
import datetime
import random

from tests.model.inputs_activities import ActivitiesDrawing
from tests.model.inputs_cases import CasesDrawing
from tests.model.inputs_orders import OrdersDrawing
from tests.model.inputs_rules import RulesDrawing
from tests.model.inputs_settings import SettingsDrawing
from tests.model.times import DAY, HOUR, MINUTE, SECOND, clock, instant, utc, wall, wall_text

ZONES = ("Europe/Stockholm", "Europe/Copenhagen", "Europe/Helsinki", "Europe/London", "America/New_York", "Asia/Kolkata")
HOURS = ("09:00", "09:00", "10:30", "13:00", "00:30", "01:30", "02:00", "02:30", "03:00", "23:45")
AUDIENCES = ("members", "members", "members", "subscribers", "topic:t1 or function:f1", "members and not topic:t2",
             "(function:f1 or function:f2) and members", "not function:f1", "lead or topic:t2")
# on these days the clocks change
TURNS = ("2022-03-27", "2022-10-30", "2023-03-26", "2023-10-29", "2024-03-31", "2024-10-27", "2025-03-30", "2025-10-26")


class Drawing(CasesDrawing, OrdersDrawing, RulesDrawing, SettingsDrawing, ActivitiesDrawing):
    def __init__(self, seed, count):
        self.r = random.Random(seed)
        self.count, self.lines, self.meetings, self.materials, self.polls, self.letters = count, [], {}, [], [], []
        self.asked = {}  # meeting -> who was registered for it
        self.zone = self.r.choice(ZONES[:2])
        self.turn = wall(self.r.choice(TURNS))
        self.now = instant(self.turn - datetime.timedelta(days=self.r.randint(3, 30), hours=-9), self.zone)
        many = self.chance(30)  # enough for a catch-up sheet to ask
        self.people = [f"p{i}" for i in range(1, self.r.randint(22, 30) if many else self.r.randint(6, 14))]
        self.ideas, self.cases, self.asked_at = [], [], []
        self.is_away = self.is_paused = False
        self.closes, self.days = None, []  # of a programme's call
        self.logged = 0
        self.once = {}  # an organisation that goes by another name now -> what it was
        self.renamed = {}  # somebody of them who is another record now

    # ---- lines ----

    def say(self, type_, **body):
        body = {k: v for k, v in body.items() if v is not None}
        self.lines.append({"at": utc(self.now), "id": f"e{len(self.lines)}", "type": type_, "body": body})

    def do(self, what, **more):
        self.lines.append({"do": what, "at": utc(self.now), **more})

    def chance(self, percent):
        return self.r.random() * 100 < percent

    def some(self, among, percent=100):
        """One of them, or none."""
        return self.r.choice(among) if among and self.chance(percent) else None

    # ---- time ----

    def moments(self):
        """Where something is likely to fall due."""
        yield from self.programme_moments()
        yield from self.case_moments()
        for m in self.meetings.values():
            starts = instant(wall(m["starts"]), m["zone"])
            for days in (7, 1):
                day = wall(m["starts"]).replace(hour=9, minute=0) - datetime.timedelta(days=days)
                yield instant(day, m["zone"])
            yield starts - HOUR
            yield starts
            if m["closes"]:
                day = wall(m["closes"]).replace(hour=9, minute=0) - datetime.timedelta(days=3)
                yield instant(day, m["zone"])

    def pass_time(self):
        if self.took and not self.is_away and self.chance(15):
            self.now += self.r.choice((DAY, 5 * DAY, 12 * DAY))
        kind = self.r.random() * (1 if not self.is_away else 0.6) + (0.38 if self.is_away else 0)
        near = [t for t in self.moments() if self.now < t < self.now + (40 if self.took else 12) * DAY]
        if kind < 0.40:
            return
        if kind < 0.76:
            self.now += self.r.choice((SECOND, 10 * SECOND, MINUTE, 4 * MINUTE, 9 * MINUTE, 10 * MINUTE, 25 * MINUTE))
        elif kind < 0.87:
            self.now += self.r.randint(1, 12) * HOUR + self.r.randint(0, 3599) * SECOND
        elif kind < 0.97 and near:
            by = self.r.choice((-20 * MINUTE, -MINUTE, -SECOND, 0, 0, SECOND, MINUTE, 6 * MINUTE, 16 * MINUTE, 2 * HOUR))
            self.now = max(self.now, min(near[:4] if self.chance(50) else [self.r.choice(near)]) + by)
        else:
            self.now += self.r.randint(4, 60) * HOUR

    def a_wall(self, zone):
        """A start to come, often around the day on which the clocks change."""
        today = clock(self.now, zone)
        day = today + datetime.timedelta(days=self.r.choice((0, 1, 1, 2, 3, 5, 8, 9, 10, 14, 20)))
        if self.chance(30) and self.turn > today:
            day = self.turn + datetime.timedelta(days=self.r.choice((0, 0, 1, 7)))
        hours, minutes = self.r.choice(HOURS).split(":")
        return day.replace(hour=int(hours), minute=int(minutes))

    def times(self, starts, minutes):
        """Those that hang on the start; seldom ones that cannot be."""
        before = lambda least, most: wall_text(starts - datetime.timedelta(minutes=self.r.randint(least, most)))
        closes = before(-minutes, 7 * 1440) if self.chance(60) else None
        if closes and self.chance(3):
            closes = wall_text(starts + datetime.timedelta(minutes=minutes + 5))
        return {"registration_closes": closes, "room_opens": before(0, 60) if self.chance(30) else None}

    # ---- who and what there is ----

    def found(self):
        self.found_rules()
        self.found_settings()
        for o in ("o1", "o2", "o3"):
            self.say("organisation.register", organisation=o, name=o, kind="municipality", country="SE")
        for p in self.people:
            self.say("person.register", person=p, name=p, email=f"{p}@example.org", zone=self.some(ZONES, 40),
                     language=self.r.choice(("da", "sv", "en")), organisation=self.some(("o1", "o2"), 60),
                     functions=self.r.choice(([], ["f1"], ["f2"], ["f1", "f2"])) + ["operator"] * (p == self.people[-1]))
        for n in ("n1", "n2"):
            self.say("network.open", network=n, name={"en": n}, host="o1", lead="p1",
                     zone=self.zone if n == "n1" else self.r.choice(ZONES),
                     topics=[{"topic": t, "name": {"en": t}} for t in ("t1", "t2")])
            for p in self.people:
                if self.chance(70 if n == "n1" else 30):
                    self.say("membership.grant", network=n, person=p, source="from before", topics=self.topics())
        for p in self.people:
            if self.chance(30):
                self.wish(p)
        if self.chance(58):
            self.found_programme()
        if self.chance(40):
            self.say("membership.grant", network="n1", organisation="o2", source="all of them")

    def topics(self):
        return self.r.choice((None, ["t1"], ["t2"], ["t1", "t2"]))

    def network(self):
        return "n1" if self.chance(85) else "n2"

    def who(self):
        return self.r.choice(self.people) if self.chance(99) else "nobody"

    def meeting(self):
        if self.chance(1) or not self.meetings:
            return "nowhere"
        ahead = [k for k, m in self.meetings.items() if instant(wall(m["starts"]), m["zone"]) > self.now]
        return self.r.choice(ahead[-3:] if ahead and self.chance(93) else list(self.meetings)[-4:])

    def known(self, meeting=None):
        """A meeting, and mostly somebody who was registered for it lately."""
        meeting = meeting or self.meeting()
        asked = self.asked.get(meeting, [])
        person = self.r.choice(asked[-4:]) if asked and self.chance(85) else self.who_comes(meeting)
        return {"meeting": meeting, "person": person}

    # ---- what is said ----

    def plan(self):
        id_ = f"m{len(self.meetings) + 1}"
        zone = self.some(ZONES, 15)
        starts, minutes = self.a_wall(zone or self.zone), self.r.choice((30, 90, 150))
        minimum = self.some((2, 3), 40)
        decide = wall_text(starts - datetime.timedelta(hours=self.r.randint(0, 120))) if minimum else None
        self.say("meeting.plan", meeting=id_, network=self.network(), title={"en": id_}, starts=wall_text(starts),
                 kind=self.r.choice(("network", "workshop", "follow-up")), minutes=minutes, zone=zone,
                 mode=self.r.choice(("room", "video", "hybrid", "undecided")), place=self.some(("A", "B"), 50),
                 link=self.some(("https://v.example/1", "https://v.example/2"), 50), minimum=minimum,
                 capacity=self.some((2, 2, 3), 55) if not minimum else self.some((3, 4), 50), decide_by=decide,
                 audience=self.r.choice(AUDIENCES), **self.times(starts, minutes))
        closes = self.lines[-1]["body"].get("registration_closes")
        self.meetings[id_] = {"starts": wall_text(starts), "zone": zone or self.zone, "closes": closes}
        if self.chance(85):
            self.pass_time()
            self.say("meeting.call", meeting=id_)
            for _ in range(self.r.randint(0, 6)):
                self.make(id_)

    def plan_many(self):
        """Of one day, all to be answered by one hour: more nudges than there are days for."""
        starts = self.a_wall(self.zone) + datetime.timedelta(days=3)
        closes = starts.replace(hour=9, minute=5) - datetime.timedelta(days=1)
        for _ in range(5):
            id_ = f"m{len(self.meetings) + 1}"
            self.meetings[id_] = {"starts": wall_text(starts), "zone": self.zone, "closes": wall_text(closes)}
            self.say("meeting.plan", meeting=id_, network="n1", title={"en": id_}, starts=wall_text(starts), minutes=30,
                     kind="network", mode="room", audience="members", registration_closes=wall_text(closes))
            self.say("meeting.call", meeting=id_)
        nudged = instant(closes.replace(minute=0) - datetime.timedelta(days=3), self.zone)
        if nudged > self.now + MINUTE and not self.is_away and not self.is_paused and self.chance(60):
            self.now = nudged - MINUTE  # the first of them leaves on the day of the second
            self.say("sending.pause", reason="so it is")
            self.now += self.r.randint(16, 23) * HOUR
            self.say("sending.resume")

    def move(self, meeting=None):
        id_ = meeting or self.meeting()
        m = self.meetings.get(id_, {"starts": "2022-01-01T09:00", "zone": self.zone, "closes": None})
        was = wall(m["starts"])
        near = was + datetime.timedelta(minutes=self.r.choice((-60, -30, 30, 60, 1440, 2880, 7 * 1440)))
        starts = near if self.chance(60) else self.a_wall(m["zone"])
        zone = self.some(ZONES, 4)
        times = self.times(starts, 30) if self.chance(15) else {}
        self.say("meeting.move", meeting=id_, starts=wall_text(starts), zone=zone, minutes=self.some((30, 90), 15),
                 **times)
        m.update(starts=wall_text(starts), zone=zone or m["zone"])
        if self.chance(25):  # and back, or on
            self.now += self.r.choice((0, MINUTE, 3 * MINUTE, 12 * MINUTE))
            back = was if self.chance(50) else starts + datetime.timedelta(minutes=15)
            self.say("meeting.move", meeting=id_, starts=wall_text(back))
            m["starts"] = wall_text(back)

    def hurry(self, meeting=None):
        """Edit upon edit, an hour or two before it starts."""
        id_ = meeting or self.meeting()
        m = self.meetings.get(id_)
        if not m or self.is_away:
            return
        starts = instant(wall(m["starts"]), m["zone"])
        self.now = max(self.now, starts - self.r.choice((50, 62, 69, 75, 95, 130)) * MINUTE)
        for _ in range(self.r.randint(2, 4)):
            if self.chance(30):
                self.set_mode(id_)
            else:
                to = wall(m["starts"]) + datetime.timedelta(minutes=self.r.choice((-15, 15, 30)))
                self.say("meeting.move", meeting=id_, starts=wall_text(to))
                m["starts"] = wall_text(to)
            self.now += self.r.choice((0, MINUTE, 4 * MINUTE, 11 * MINUTE))

    def move_and_back(self):
        """A reminder of it falls due and cannot leave; before it can, the meeting is moved, and moved back."""
        id_ = self.meeting()
        m = self.meetings.get(id_)
        if not m or self.is_away or self.is_paused:
            return
        was, stops = wall(m["starts"]), self.chance(75)
        due = [instant(was.replace(hour=9, minute=0) - datetime.timedelta(days=days), m["zone"]) for days in (7, 1)]
        self.now = min([t - MINUTE for t in due if t > self.now + MINUTE], default=self.now)
        if stops:
            self.say("sending.pause", reason="so it is")
        else:
            self.do("relay", outcomes=["deferred"] * self.r.choice((3, 30)))
        for to in (was + datetime.timedelta(minutes=self.r.choice((-60, 30, 1440, 7 * 1440))), was):
            self.now += self.r.choice((MINUTE, 3 * MINUTE, 12 * MINUTE))
            self.say("meeting.move", meeting=id_, starts=wall_text(to))
        if stops:
            self.now += self.r.choice((0, MINUTE, 20 * MINUTE))
            self.say("sending.resume")

    def set_mode(self, meeting=None):
        self.say("meeting.set_mode", meeting=meeting or self.meeting(),
                 mode=self.r.choice(("room", "video", "hybrid", "undecided")), place=self.some(("A", "B"), 50),
                 link=self.some(("https://v.example/1", "https://v.example/2"), 50))

    def update(self, meeting=None):
        what = self.r.choice(("capacity", "minimum", "registration_closes", "audience"))
        id_ = meeting or self.meeting()
        value = {"capacity": self.r.randint(2, 5), "minimum": 2, "audience": "members",
                 "registration_closes": self.meetings.get(id_, {"starts": "2022-01-01T09:00"})["starts"]}[what]
        self.say("meeting.update", meeting=id_, **{what: value})

    def decide(self, meeting=None):
        decision, id_ = self.r.choice(("go", "go", "video", "postpone")), meeting or self.meeting()
        m = self.meetings.get(id_, {"zone": self.zone})
        starts = wall_text(self.a_wall(m["zone"])) if decision == "postpone" and self.chance(95) else None
        self.say("meeting.decide", meeting=id_, decision=decision, starts=starts, mode=self.some(("room", "hybrid"), 20),
                 link=self.some(("https://v.example/3",), 60))
        m.update(starts=starts or m.get("starts"))

    def cancel_meeting(self, meeting=None):
        self.say("meeting.cancel", meeting=meeting or self.meeting(), reason={"en": "so it is"})

    def hold_meeting(self):
        """It is held, and afterwards there is something to read."""
        id_ = self.meeting()
        m = self.meetings.get(id_)
        if m and not self.is_away:
            self.now = max(self.now, instant(wall(m["starts"]), m["zone"]) + self.r.choice((-MINUTE, 3 * HOUR, 3 * HOUR)))
        if self.chance(70):
            self.say("meeting.record", meeting=id_)
        entries = [{"person": p, "minutes": self.r.choice((0, 30, 90))} for p in self.r.sample(self.people, 4)]
        self.say("attendance.record", meeting=id_, entries=entries)
        self.publish(id_)

    def publish(self, meeting=None):
        new = f"x{len(self.materials) + 1}"
        id_ = self.r.choice(self.materials) if self.materials and self.chance(50) else new
        self.materials += [new] if id_ == new else []
        meeting = meeting or (self.meeting() if self.chance(60) else None)
        members = (meeting in self.activities) == self.chance(6)
        self.say("material.publish", material=id_, title={"en": "x"}, visibility="members" if members else "cohort",
                 link="https://x.example/", kind=self.r.choice(("presentation", "recording", "guide")), meeting=meeting,
                 network=None if meeting else self.network())

    def expect(self):
        id_ = f"x{len(self.materials) + 1}"
        self.materials.append(id_)
        due = clock(self.now, self.zone) + datetime.timedelta(days=self.r.randint(-5, 5))
        self.say("material.expect", material=id_, meeting=self.meeting(), **{"from": self.who()},
                 due=due.strftime("%Y-%m-%d"))

    def withdraw(self):
        self.say("material.withdraw", material=self.some(self.materials) or "x0")

    def make(self, meeting=None):
        meeting = meeting or self.meeting()
        person = self.who_comes(meeting)
        self.asked.setdefault(meeting, []).append(person)
        self.say("registration.make", meeting=meeting, person=person, mode=self.some(("room", "video"), 12))

    def change(self):
        self.say("registration.change", **self.known(), mode=self.r.choice(("room", "video")))

    def cancel(self, meeting=None):
        who = self.known(meeting)
        self.say("registration.cancel", **who)
        if self.chance(30):  # somebody in line has an answer, soon or when it is too late
            self.now += self.r.choice((0, MINUTE, 5 * HOUR, 2 * DAY - SECOND, 2 * DAY, 2 * DAY + SECOND))
            for person in self.asked.get(who["meeting"], [])[-7:]:
                self.offer({**who, "person": person})

    def answer(self, meeting=None):
        id_ = meeting or self.meeting()
        self.say("registration.answer", **(self.known(id_) if self.chance(50) else
                                           {"meeting": id_, "person": self.who_comes(id_)}),
                 answer=self.r.choice(("yes", "yes", "no", "maybe")))

    def offer(self, who=None):
        self.say("registration." + self.r.choice(("accept_offer", "accept_offer", "decline_offer")),
                 **(who or self.known()))

    def member(self):
        what = self.r.choice(("request", "request", "grant", "end"))
        more = {"topics": self.topics()} if what != "end" else {}
        more.update({"source": "asked"} if what == "grant" else {})
        self.say("membership." + what, network=self.network(), person=self.who(), **more)

    def whole(self):
        what = self.r.choice(("grant", "end"))
        self.say("membership." + what, network="n1", organisation=self.r.choice(("o1", "o2")),
                 source="all" if what == "grant" else None)

    def wish(self, person=None):
        self.say("preference.set", person=person or self.who(), on=self.chance(75), **{"class": "news"},
                 digest=self.some(("daily", "weekly"), 40), most=self.some((1, 1, 2), 45))

    def want_less(self):
        """One a week is enough now, while several wait."""
        if not self.is_away and not self.is_paused:
            self.say("sending.pause", reason="so it is")
            self.poll_open()
            self.poll_open()
            for person in self.people[::2]:
                self.say("preference.set", person=person, on=True, most=1, **{"class": "news"})
            self.say("sending.resume")

    def quiet(self):
        given = self.r.choice(({}, {"from": "20:00", "to": "07:00"}, {"from": "08:00", "to": "10:00"},
                               {"from": "22:30", "to": "02:30"}, {"from": "06:00", "to": "21:00"}))
        self.say("quiet.set", person=self.who(), zone=self.some(ZONES, 30), **given)

    def person(self):
        what = self.r.choice(("update", "update", "protect", "restrict", "organisations"))
        if what == "update":
            self.say("person.update", person=self.who(), language=self.r.choice(("da", "sv", "en")),
                     functions=self.r.choice((None, ["f1"], ["f2"])), zone=self.some(ZONES, 30))
        elif what == "organisations":
            self.say("person.update", person=self.who(), organisations=self.r.choice(([], ["o1"], ["o2"], ["o1", "o2"])))
        else:
            self.say("person." + what, person=self.who(), on=self.chance(25))

    def erase(self):
        self.say("person.erase", person=self.who())

    def close_network(self):
        self.say("network.close", network="n2")

    def poll_open(self):
        id_ = f"q{len(self.polls) + 1}"
        self.polls.append(id_)
        self.say("poll.open", poll=id_, network=self.network(), question={"en": "?"}, audience=self.r.choice(AUDIENCES),
                 options=[{"option": o, "text": {"en": o}} for o in ("a", "b")],
                 closes=wall_text(clock(self.now + self.r.randint(1, 9) * HOUR, self.zone) if self.chance(40)
                                  else self.a_wall(self.zone)))

    def poll_more(self):
        id_ = self.some(self.polls[-2:]) or "q0"
        if self.chance(70):
            self.say("poll.answer", poll=id_, person=self.who(), option=self.r.choice(("a", "b", "c")))
        else:
            self.say("poll.close", poll=id_)

    def relay(self):
        outcomes = self.r.choices(("accepted", "deferred", "failed", "bounced", "unknown", "lost"), (25, 46, 8, 1, 11, 9),
                                  k=self.r.choice((1, 3, 10, 30, 60)))
        self.do("relay", outcomes=outcomes, **({"person": self.who()} if self.chance(40) else {}))

    def outage(self):
        if not self.is_away:
            self.do("away")
        else:
            self.do("back")
        self.is_away = not self.is_away

    def jump(self):
        self.now += self.r.choice((4 * MINUTE, 6 * MINUTE, 20 * MINUTE, 3 * HOUR, 2 * DAY))
        self.do("jump")

    ACTS = ((9, plan), (0.5, plan_many), (11, move), (1.5, move_and_back), (3, hurry), (5, set_mode), (4, update), (5, decide), (2, cancel_meeting),
            (3, hold_meeting), (3, publish), (2, expect), (1, withdraw), (30, make), (3, change), (13, cancel), (13, answer), (6, offer),
            (5, member), (1, whole), (6, wish), (0.4, want_less), (4, quiet), (3, person), (0.4, erase), (0.15, close_network),
            (6, poll_open), (4, poll_more), (9, relay), (6, outage), (3, jump)) + OrdersDrawing.ORDERS + CasesDrawing.CASES \
        + RulesDrawing.RULES + SettingsDrawing.SETTINGS

    def draw(self):
        self.found()
        weights, acts = zip(*self.ACTS)
        while len(self.lines) < self.count - 1:
            if not any(instant(wall(m["starts"]), m["zone"]) > self.now for m in self.meetings.values()) and (
                    not self.took or self.chance(10)):
                self.plan()
            self.pass_time()
            if self.is_away and self.chance(16):
                self.outage()
            if self.is_paused and self.chance(13):
                self.pause()
            if self.closes and self.chance(78 if self.took else 40 if self.released else 60):
                self.programme()
            else:
                self.r.choices(acts, weights)[0](self)
        self.lines = self.lines[:self.count - 2]
        self.do("back")
        self.now += 20 * DAY
        self.do("run")
        return self.lines


def draw(seed, count):
    return Drawing(seed, count).draw()
