"""Random events of those who take part: a call that is soon over, then staff, hours and a programme of some months."""
import datetime

from tests.model.inputs_programme import ORGANISATIONS, ProgrammeDrawing
from tests.model.times import DAY, HOUR, MINUTE, clock, instant


class ParticipationDrawing(ProgrammeDrawing):
    took = ()  # the organisations that were offered a place, when the story is about what follows

    def find_places(self):
        """The call, the decisions and the answers, of which there is more in other stories."""
        names = [o for o, _ in ORGANISATIONS[:3]]
        self.now += DAY
        for o in names:
            self.say("application.start", application="x" + o, call="k", organisation=o, contact="c" + o)
            self.say("application.edit", application="x" + o, staff=self.people_at(o), budget_accepted=True)
            self.say("application.submit", application="x" + o)
            self.apps["x" + o] = o
        self.now = max(self.now, instant(datetime.datetime.fromisoformat(self.closes), self.programme_zone) + MINUTE)
        for n, o in enumerate(names):
            self.judge("x" + o, True)
            self.say("decision.make", application="x" + o, outcome="selected" if n < self.places else "reserve",
                     rank=n if n >= self.places else None, reasons={"en": "so"})
        self.say("decision.release", programme="g")
        self.now += self.r.choice((0, MINUTE, 5 * HOUR))
        self.took, self.released, self.logged = names[:self.places], True, 0
        if self.chance(60):
            self.say("group.create", group="community", programme="g", name={"en": "c"})
            for person in self.r.sample(self.people, 2):
                self.say("group.add", group="community", person=person)
        for o in self.took:
            self.welcome(o)

    def welcome(self, o):
        self.say("offer.accept", application="x" + o, person=self.one_of("c", o))
        if self.chance(85):
            self.say("staff.name", programme="g", participation=o, persons=self.people_at(o))
        if self.chance(85):
            self.say("adviser.assign", programme="g", participation=o, person=self.r.choice(("s1", "s2")))
        self.remember_in(14)

    def part(self):
        """One of them, as messages name it; seldom one that does not take part."""
        o = self.r.choice(self.took) if self.chance(97) else self.r.choice(ORGANISATIONS)[0]
        return {"programme": "g", "participation": o}

    def of(self, part):
        return self.one_of("ccddde", part["participation"]) if self.chance(97) else "s3"

    def first_days(self):
        """Of the months to come, at which the pace is looked at."""
        day = clock(self.now, self.programme_zone).replace(day=1, minute=0)
        for _ in range(2):
            day = (day + datetime.timedelta(days=31)).replace(day=1)
            for hour in (8, 9):
                yield instant(day.replace(hour=hour), self.programme_zone)

    # ---- staff ----

    def replace(self):
        part = self.part()
        self.say("staff.replace", **part, person=self.of(part), by=self.of(part))

    def name_anew(self):
        part = self.part()
        o = part["participation"]
        self.say("staff.name", **part, persons=self.r.choice((self.people_at(o), self.people_at(o, "de"), self.people_at(o, "c"))))

    def change_work(self):
        """Somebody works elsewhere now, or comes back."""
        o = self.r.choice(self.took)
        self.say("person.update", person=self.one_of("cde", o),
                 organisations=self.r.choice(([], [o], [o], ["a2"], ["a1", "a2"])))

    # ---- hours ----

    def log(self):
        part, ago = self.part(), self.r.choice((0, 0, 1, 5, -1, 40))
        day = clock(self.now, self.programme_zone) - datetime.timedelta(days=ago)
        for _ in range(self.r.choice((1, 1, 3))):
            self.logged += 1
            self.say("hours.log", **part, hours=f"h{self.logged}" if self.chance(97) else "h1", person=self.of(part),
                     minutes=self.r.choice((30, 120, 480, 480, 900)), date=day.strftime("%Y-%m-%d"), kind="preparation")

    def correct(self):
        self.say("hours.correct", **self.part(), hours=f"h{self.r.randint(max(1, self.logged - 6), self.logged + 1)}",
                 minutes=self.r.choice((0, 60, 480, 600)), reason="so")

    def adviser_of(self):
        self.say("adviser.assign", **self.part(), person=self.r.choice(("s1", "s2")))

    # ---- what they bring about ----

    def a_date(self, *days):
        day = clock(self.now, self.programme_zone) + datetime.timedelta(days=self.r.choice(days))
        for before in (0, 14):
            self.remember(day.replace(hour=23, minute=59) - datetime.timedelta(days=before))
        return day.strftime("%Y-%m-%d")

    def milestone(self):
        self.say("milestone.plan", milestone=self.number("m"), **self.part(), title={"en": "m"},
                 due=self.a_date(-1, 0, 3, 10, 15, 20, 40), phase=self.some(("f", "f", "none"), 30))

    def milestone_more(self):
        id_ = self.latest("m")
        if self.chance(50):
            self.say("milestone.move", milestone=id_, due=self.a_date(-1, 0, 3, 10, 15, 20, 40))
        else:
            self.say("milestone.reach", milestone=id_)

    def evidence(self):
        of = self.part() if self.took and self.chance(70) else {"application": self.app()}
        self.say("evidence.add", evidence=self.number("v"), **of, text=self.some(("so",), 98),
                 kind=self.r.choice(("political-backing",) * 4 + ("adopted-plan",)),
                 valid_until=self.some((self.a_date(-1, 0, 4, 20, 31, 40, 62, 300),), 90))

    def judge_evidence(self):
        self.say("evidence.judge", evidence=self.latest("v"), ok=self.chance(60))

    def solution(self):
        part = self.part()
        id_ = "s" + part["participation"] if self.chance(90) else self.latest("s")
        self.say("solution.publish", solution=id_, **part, title={"en": "s"}, text={"en": "s"},
                 visibility=self.r.choice(("public", "cohort")))

    def number(self, letter):
        """Seldom one that there is already."""
        self.made[letter] = self.made.get(letter, 0) + (self.chance(97) or letter not in self.made)
        return f"{letter}{self.made[letter]}"

    def latest(self, letter):
        return f"{letter}{max(1, self.made.get(letter, 0) - self.r.choice((0, 0, 1, 2, 3, -1)))}"

    # ---- the end ----

    def leave(self):
        self.say("participation.leave", **self.part(), reason={"en": "so"}, place=self.some(("next", "free"), 50))
        self.remember_in(5)
        for _ in range(self.r.randint(0, 2)):
            self.answer_offer()

    def end(self):
        self.say("programme.end", programme="g")

    def update_programme(self):
        ends = clock(self.now, self.programme_zone) + datetime.timedelta(days=self.r.choice((-20, 0, 10, 40, 100, 200)))
        self.say("programme.update", programme="g", ends=self.some((ends.strftime("%Y-%m-%d"),), 80),
                 places=self.some((1, 2, 3), 30), lead=self.some(("s1", "s3"), 20))

    def close_organisation(self):
        self.say("organisation.close", organisation=self.r.choice(self.took or [o for o, _ in ORGANISATIONS]), reason="so")

    BEFORE = ProgrammeDrawing.BEFORE + ((1, evidence), (0.5, judge_evidence), (0.1, end), (0.1, close_organisation))
    AFTER = ProgrammeDrawing.AFTER + ((1.5, evidence), (0.5, judge_evidence), (0.4, end), (0.2, close_organisation))
    TAKING_PART = ((10, log), (2, correct), (1.5, replace), (1.5, name_anew), (1.5, change_work), (1, adviser_of),
                   (3, milestone), (3, milestone_more), (3, evidence), (2, judge_evidence), (1, solution),
                   (0.6, leave), (0.15, end), (0.7, update_programme),
                   (0.15, close_organisation), (0.5, ProgrammeDrawing.answer_offer), (0.5, ProgrammeDrawing.offer_next),
                   (1, ProgrammeDrawing.waive), (0.5, ProgrammeDrawing.guard))
