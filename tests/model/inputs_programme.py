"""Random events of a programme: a call that closes soon, a few applications, decisions, offers, and who takes part."""
import datetime

from tests.model import owing
from tests.model.times import DAY, HOUR, MINUTE, clock, instant, wall_text

ORGANISATIONS = (("a1", "DK"), ("a2", "SE"), ("a3", "DK"), ("a4", "SE"))


class ProgrammeDrawing:
    def found_programme(self):
        self.programme_zone = self.r.choice(("Europe/Copenhagen", "Europe/Copenhagen", "Europe/Stockholm", "Europe/London"))
        self.closes, self.released, self.apps, self.days, self.assigned, self.made = None, False, {}, [], [], {}
        for o, country in ORGANISATIONS:
            self.say("organisation.register", organisation=o, name=o, kind="municipality", country=country)
            for p in ("c", "d", "e")[:self.r.randint(2, 3)]:
                self.say("person.register", person=p + o, name=p, email=f"{p}{o}@example.org", language="da",
                         organisation=o, functions=[])
        for s in ("s1", "s2", "s3"):
            self.say("person.register", person=s, name=s, email=f"{s}@example.org", language="sv", functions=[],
                     organisation=self.some(("o3", "a4"), 60))
        today = clock(self.now, self.programme_zone)
        is_long = self.chance(50)  # and about those who take part
        starts = today + datetime.timedelta(days=self.r.choice((-5, 0, 0, 20)) if is_long else 0)
        ends = starts + datetime.timedelta(days=self.r.choice((70, 100, 150, 250) if is_long else (25, 45, 60, 80)))
        self.places = self.r.choice((1, 2, 2))
        self.say("programme.open", programme="g", name={"en": "g"}, hosts=["o1"], lead=self.r.choice(("p1", "s3")),
                 places=self.places, starts=starts.strftime("%Y-%m-%d"), ends=ends.strftime("%Y-%m-%d"),
                 zone=self.programme_zone, least_staff=self.some((1, 2), 75), phases=[{"phase": "f", "name": {"en": "f"}}],
                 budget_minutes=self.some((600, 3000, 9000), 90 if is_long else 40),
                 budget_per=self.some(("organisation", "person"), 50))
        self.closes = self.a_day(6, 14) if not is_long else self.a_day(1, 2)
        answer = today + datetime.timedelta(days=self.r.randint(12, 22))
        opens = today + datetime.timedelta(hours=-1 if is_long else self.r.choice((-2, -1, 5, 30)))
        self.say("call.open", call="k", programme="g", opens=wall_text(opens), closes=self.closes,
                 answer_by=answer.strftime("%Y-%m-%d"), accept_days=self.r.randint(1, 8),
                 criteria=[{"criterion": "c1", "text": {"en": "c"}, "kind": "score", "weight": 1, "highest": 5}])
        self.remember(answer)
        self.remember(opens)
        if is_long:
            self.find_places()

    # ---- days ----

    def a_day(self, least, most):
        day = clock(self.now, self.programme_zone) + datetime.timedelta(days=self.r.randint(least, most))
        day = day.replace(hour=self.r.choice((9, 12, 23)), minute=self.r.choice((0, 59)))
        self.remember(day)
        return wall_text(day)

    def remember(self, day):
        self.days = self.days[-14:] + [day]

    def programme_moments(self):
        """Where something of it is due, and where its ladders climb."""
        if self.took:
            yield from self.first_days()
        for day in self.days:
            yield instant(day, self.programme_zone) + self.r.choice((0, MINUTE))
            for n in (-7, -2, -1, 1, 2, 3, 4, 5, 6, 8):
                yield instant(day.replace(hour=9, minute=0) + datetime.timedelta(days=n), self.programme_zone)

    def remember_in(self, days):
        day = clock(self.now, self.programme_zone) + datetime.timedelta(days=days)
        self.remember(day.replace(hour=23, minute=59))

    # ---- applying ----

    def app(self):
        """Mostly one of those that came first: they get the places."""
        if not self.apps or self.chance(2):
            return "nothing"
        return self.r.choice(list(self.apps)[:2 if self.released and self.chance(75) else 9])

    def taking_part(self):
        return self.apps.get(self.app(), "a1")

    def one_of(self, which, o):
        """Of those who came with it, also when it goes by another name now."""
        name = self.r.choice(which) + self.once.get(o, o)
        return self.renamed.get(name, name)

    def people_at(self, o, which="cd"):
        return [self.one_of(p, o) for p in which]

    def start_app(self, o=None):
        o = o or self.r.choice(ORGANISATIONS)[0]
        id_ = f"x{o}" + (f"-{len(self.apps)}" if f"x{o}" in self.apps and self.chance(60) else "")
        self.apps.setdefault(id_, o)
        contact = self.one_of("c", o) if self.chance(85) else self.r.choice((self.one_of("d", o), "p2", "ca1"))
        self.say("application.start", application=id_, call="k", organisation=o, contact=contact)
        return id_

    def edit_app(self, id_=None):
        id_ = id_ or self.app()
        o = self.apps.get(id_, "a1")
        self.say("application.edit", application=id_, contact=self.some(self.people_at(o), 15),
                 staff=self.r.choice((self.people_at(o), self.people_at(o)[1:], [], None, ["s3"])),
                 budget_accepted=self.some((True, False), 20))

    def submit_app(self, id_=None):
        self.say("application.submit", application=id_ or self.app())

    def apply(self):
        """From the first word to the last, as most do."""
        id_ = self.start_app()
        if self.chance(90):
            self.say("application.edit", application=id_, staff=self.people_at(self.apps[id_]),
                     budget_accepted=self.some((True,), 97))
        if self.chance(25):
            self.pass_time()
        if self.chance(80):
            self.submit_app(id_)

    def ask_more(self):
        id_ = self.app()
        self.say("application.ask_more", application=id_, questions={"en": "?"}, due=self.a_day(0, 3))
        if self.chance(60):
            self.pass_time()
            self.answer_more(id_)

    def answer_more(self, id_=None):
        self.say("application.answer_more", application=id_ or self.app(), text="so")

    def withdraw_app(self):
        self.say("application.withdraw", application=self.app())

    def extend(self):
        closes = self.a_day(1, 6)
        self.closes = max(closes, self.closes)
        self.say("call.extend", call="k", closes=closes)

    # ---- judging ----

    def judge(self, id_=None, ok=None):
        self.say("application.judge_eligible", application=id_ or self.app(), ok=self.chance(75) if ok is None else ok,
                 reasons={"en": "so"} if self.chance(95) else None)

    def assign(self):
        self.assigned.append({"application": self.app(), "person": self.r.choice(("s1", "s1", "s2", "s3", "ca1"))})
        self.say("assessor.assign", **self.assigned[-1], due=self.a_day(0, 5))
        if self.chance(50):  # all of them in one go, with one day for all
            person, due = self.assigned[-1]["person"], self.lines[-1]["body"]["due"]
            for id_ in self.apps:
                self.assigned.append({"application": id_, "person": person})
                self.say("assessor.assign", application=id_, person=person, due=due)

    def assess(self):
        who = {"application": self.app(), "person": self.r.choice(("s1", "s1", "s2", "s3"))}
        who = self.r.choice(self.assigned) if self.assigned and self.chance(85) else who
        if self.chance(20):
            self.say("assessment.declare_conflict", **who, reason="so")
        else:
            scores = {"c1": self.r.choice((0, 3, 5, 5, 6))} if self.chance(95) else {}
            self.say("assessment.submit", **who, scores=scores, recommendation="select")

    def decision(self, id_=None):
        outcome = self.r.choice(("selected", "selected", "reserve", "declined"))
        rank = self.r.randint(1, 3) if outcome == "reserve" else None
        self.say("decision.make", application=id_ or self.app(), outcome=outcome, reasons={"en": "so"},
                 rank=rank if self.chance(97) else 1)

    def decide_all(self):
        """After the closing: all that are there are judged and decided, and told together."""
        if not self.is_away:
            at = instant(datetime.datetime.fromisoformat(self.closes), self.programme_zone)
            self.now = max(self.now, at + self.r.choice((0, MINUTE, 2 * MINUTE, DAY)))
        for id_ in self.apps:
            self.judge(id_, self.chance(90))
        for n, id_ in enumerate(self.apps):
            if n < 1 or (n < 2 and self.chance(50)):
                self.say("decision.make", application=id_, outcome="selected", reasons={"en": "so"})
            elif self.chance(60):
                self.say("decision.make", application=id_, outcome="reserve", rank=n, reasons={"en": "so"})
            else:
                self.decision(id_)
        if self.chance(85):
            self.release()

    def release(self):
        window = self.some((1, 10, 60), 60)
        self.released = True
        self.say("decision.release", programme="g", window=window, count=self.some((1, 2), 8))
        self.remember_in(1)
        self.remember_in(3)
        if window and self.chance(60):
            self.now += self.r.choice((0, MINUTE))
            if self.chance(60):
                self.r.choice((self.withdraw_app, self.decision, self.judge, self.extend, self.extend))()
            if self.chance(50):
                self.hold()
        for _ in range(self.r.randint(0, 5)):
            self.now += self.r.choice((0, MINUTE, 5 * HOUR, DAY))
            self.answer_offer()

    # ---- places, and who has one ----

    def answer_offer(self):
        id_ = self.app()
        o = self.apps.get(id_, "a1")
        person = self.r.choice(self.people_at(o)) if self.chance(95) else "p2"
        self.say(self.r.choice(("offer.accept", "offer.accept", "offer.refuse")), application=id_, person=person)
        self.remember_in(14)

    def offer_next(self):
        self.say("offer.make", programme="g")

    def adviser(self):
        self.say("adviser.assign", programme="g", participation=self.taking_part(),
                 person=self.r.choice(("s1", "s2")))

    def staff(self):
        o = self.taking_part()
        persons = self.r.choice((self.people_at(o), self.people_at(o)[:1], [self.one_of("c", o), "p2"], []))
        self.say("staff.name", programme="g", participation=o, persons=persons)

    def waive(self):
        id_ = self.app()
        o = self.apps.get(id_, "a1")
        about, kind = self.r.choice(((("application", id_), "complete-application"),
                                     (("application", id_), "answer-more"), (("application", id_), "answer-offer"),
                                     (("participation", "g/" + o), "name-staff"),
                                     (("participation", "g/" + o), "publish-solution")))
        self.say("obligation.waive", obligation=owing.name(kind, *about, organisation=o), reason="so")

    def guard(self):
        """One of them is protected for a while."""
        person = self.r.choice(("ca1", "da1", "ca2", "s1"))
        self.say("person.protect", person=person, on=self.chance(30))

    def programme(self):
        if self.closes is None:
            return
        acts = self.TAKING_PART if self.took else self.BEFORE
        if not self.took and wall_text(clock(self.now, self.programme_zone)) > self.closes:
            acts = self.AFTER if self.released else self.BETWEEN
        if acts is self.BEFORE and len(self.apps) < 3 and self.chance(60):
            return self.apply()
        acts = acts if self.chance(92) else self.r.choice((self.BEFORE, self.BETWEEN, self.AFTER))
        weights, acts = zip(*acts)
        self.r.choices(acts, weights)[0](self)

    BEFORE = ((8, apply), (3, start_app), (3, edit_app), (3, submit_app), (3, ask_more), (1, answer_more), (1, withdraw_app),
              (1, extend), (2, judge), (4, assign), (3, assess), (1, waive), (0.5, guard))
    BETWEEN = ((2, ask_more), (2, answer_more), (1, withdraw_app), (0.5, extend), (6, judge), (6, assign), (6, assess),
               (4, decision), (0.7, release), (2, decide_all), (0.5, waive), (0.5, guard))
    AFTER = ((6, answer_offer), (1, withdraw_app), (2, offer_next), (3, adviser), (3, staff), (1.5, waive), (0.7, release), (0.7, decide_all),
             (1, decision), (0.5, guard))
