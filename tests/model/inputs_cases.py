"""Random ideas and requests for support: mostly of those who have just come, answered soon, late or never."""
import datetime

from tests.model.times import DAY, HOUR, MINUTE, SECOND, clock, instant


class CasesDrawing:
    def case_moments(self):
        """Where somebody is reminded of what lies unanswered."""
        for at in self.asked_at[-6:]:
            for days in (7, 5, 9):
                day = clock(at, self.zone).replace(hour=9, minute=0) + datetime.timedelta(days=days)
                yield instant(day, self.zone)

    def lately(self, ids):
        return self.r.choice(ids[-3:] if self.chance(95) else ids) if ids and self.chance(97) else "none"

    def new(self, ids, letter):
        id_ = f"{letter}{len(ids) + 1}"
        if ids and self.chance(3):
            return ids[-1]
        ids.append(id_)
        self.asked_at.append(self.now)
        return id_

    def idea(self):
        id_ = self.new(self.ideas, "i")
        person = self.some([self.who()], 85)
        self.say("idea.send", idea=id_, network=self.network(), text="so", person=person,
                 contact=None if person else f"{self.who()}@example.org")
        self.follow(self.idea_more)

    def idea_more(self):
        what, id_ = self.r.choice(("answer", "answer", "promote", "promote", "close")), self.lately(self.ideas)
        if what == "promote":
            to = self.r.choice(("topic", "case"))
            case = self.new(self.cases, "c") if to == "case" else None
            self.say("idea.promote", idea=id_, to=to, topic=self.some(("t1", "t2", "t3"), 90) if to == "topic" else None,
                     case=case)
        else:
            self.say("idea." + what, idea=id_, text="so" if what == "answer" else None)

    def support(self):
        self.say("support.request", case=self.new(self.cases, "c"), network=self.network(), person=self.who(), text="so",
                 organisation=self.some(("o1", "o2", "o3"), 40), topic=self.some(("t1", "t2", "t3"), 30))
        self.follow(self.support_more)

    def support_more(self):
        what, id_ = self.r.choice(("assign", "assign", "assign", "answer", "answer", "note", "close")), self.lately(self.cases)
        if what == "assign":
            day = clock(self.now, self.zone) + datetime.timedelta(days=self.r.randint(-1, 4))
            self.say("support.assign", case=id_, person=self.who(),
                     next_step_by=self.some((day.strftime("%Y-%m-%d"),), 60))
        elif what == "close":
            self.say("support.close", case=id_, minutes=self.some((30,), 50))
        else:
            self.say("support." + what, case=id_, text="so")

    def follow(self, more):
        """At once, after a while, or when it has been forgotten."""
        for _ in range(self.r.choice((0, 1, 1, 2))):
            self.now += self.r.choice((0, SECOND, 3 * MINUTE, 5 * HOUR)) if self.chance(90) or self.is_away else 8 * DAY
            more()

    def merge(self):
        """Mostly one who is registered for the same meeting goes into the other."""
        asked = self.asked.get(self.meeting(), [])
        person, into = (self.r.choice(asked[-5:] or self.people) if self.chance(80) else self.who() for _ in "ab")
        if len(self.people) < 5 and self.chance(95):
            return
        self.say("person.merge", person=person, into=into)
        if person in self.people and person != into and self.chance(85):
            self.people.remove(person)

    def register_again(self):
        """Under another name; sooner or later somebody notices."""
        person = self.who()
        again = f"{person}-{len(self.lines)}"
        self.say("person.register", person=again, name=again, language=self.r.choice(("da", "sv")), functions=["f1"],
                 organisation=self.some(("o1", "o2"), 60), email=f"{self.r.choice((again, person))}@example.org")
        self.say("membership.grant", network=self.network(), person=again, source="asked", topics=self.topics())
        self.people.append(again)
        if self.chance(40):
            self.wish(again)
        for _ in range(self.r.randint(1, 6)):
            self.pass_time()
            self.r.choice((self.make, self.answer, self.make, self.move, self.cancel))()
            self.asked.setdefault(self.meeting(), []).append(again)
        if self.chance(25):  # what went to both waits for both
            self.do("relay", outcomes=["deferred"] * 30)
            self.publish()
            self.now += SECOND
        self.say("person.merge", **dict(zip(("person", "into"), self.r.sample((person, again), 2))))

    def merge_organisations(self):
        """Nobody applies for these."""
        organisation, into = (self.r.choice(("o1", "o2", "o2", "o3")) for _ in "ab")
        self.say("organisation.merge", organisation=organisation, into=into)

    CASES = ((3, idea), (2, idea_more), (3, support), (3, support_more), (0.7, merge), (2.5, register_again), (0.4, merge_organisations))
