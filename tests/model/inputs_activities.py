"""Random meetings of those who take part in a programme, and of its groups: some come, some keep away."""
import datetime

from tests.model.inputs_participation import ParticipationDrawing
from tests.model.inputs_programme import ORGANISATIONS
from tests.model.participation import ONE
from tests.model.times import HOUR, MINUTE, clock, instant, wall, wall_text

OF_PROGRAMME = ("staff", "staff", "staff", "cohort", "staff or lead", "staff and not function:f1", "lead or adviser",
                "members or staff", "group:community")


class ActivitiesDrawing(ParticipationDrawing):
    activities, truant = (), None

    def who_comes(self, meeting):
        if meeting not in self.activities or self.chance(15):
            return self.who()
        return self.one_of("ccccddddde", self.r.choice(self.took or [o for o, _ in ORGANISATIONS]))

    def plan_activity(self, starts=None, audience=None):
        id_ = f"m{len(self.meetings) + 1}"
        zone = self.some(("Europe/London",), 5)
        starts, minutes = starts or self.a_wall(zone or self.programme_zone), self.r.choice((30, 90, 390))
        of = self.r.choice(({"programme": "g"},) * 5 + ({"programme": "g", "group": "community"}, {"group": "community"}))
        odd = self.r.choice(({}, {"programme": "h"}, {"network": "n1", "programme": "g"}))
        of = {"programme": "g"} if audience else of if self.chance(98) else odd
        minimum, times = self.some((1, 2), 25), self.times(starts, minutes)
        if not minimum and self.chance(60):
            times["registration_closes"] = None
        decide = wall_text(starts - datetime.timedelta(hours=self.r.randint(0, 120))) if minimum else None
        self.say("meeting.plan", meeting=id_, **of, title={"en": id_}, starts=wall_text(starts), minutes=minutes, zone=zone,
                 kind=self.r.choice(("workshop", "follow-up", "course")), mode=self.r.choice(("room", "video", "hybrid")),
                 place=self.some(("A", "B"), 60), link=self.some(("https://v.example/1",), 60), minimum=minimum,
                 capacity=self.some((1, 2, 2), 45) if not minimum else None, decide_by=decide,
                 audience=audience or self.r.choice(OF_PROGRAMME) if "group" not in of else "group:community",
                 **times)
        closes = self.lines[-1]["body"].get("registration_closes")
        self.meetings[id_] = {"starts": wall_text(starts), "zone": zone or self.programme_zone, "closes": closes}
        self.activities = [*self.activities, id_]
        return id_

    def gather(self, starts=None, audience=None):
        id_ = self.plan_activity(starts, audience)
        if self.chance(90):
            self.say("meeting.call", meeting=id_)
            for _ in range(self.r.randint(1, 6)):
                self.make(id_)
            if self.chance(25):
                self.decide(id_)
            for _ in range(self.r.choice((0, 0, 1, 3))):
                self.answer_activity(id_)
            if self.chance(55):  # whoever came first cannot come, and whoever waits hears of it
                first, *others = self.asked[id_]
                self.say("registration.cancel", meeting=id_, person=first)
                for person in others:
                    self.now += self.r.choice((0, 0, MINUTE))
                    self.offer({"meeting": id_, "person": person})
        return id_

    def activity(self):
        return self.r.choice(self.activities[-3:]) if self.activities else "nowhere"

    def change_activity(self):
        id_ = self.activity()
        what = (self.move, self.move, self.set_mode, self.cancel_meeting, self.hurry, self.decide, self.decide, self.update)
        self.r.choice(what)(meeting=id_)

    def answer_activity(self, id_=None):
        id_ = id_ or self.activity()
        self.r.choice((self.make, self.answer, self.cancel, self.cancel, lambda m: self.offer(self.known(m))))(id_)

    def attend(self, id_=None):
        """Of most somebody was there; it is corrected now and then."""
        id_ = id_ or self.activity()
        m = self.meetings.get(id_)
        if m and not self.is_away and self.chance(90):
            self.now = max(self.now, instant(wall(m["starts"]), m["zone"]) + self.r.choice((-MINUTE, HOUR, 8 * HOUR)))
        if self.chance(80):
            self.say("meeting.record", meeting=id_)
        here = [self.one_of(p, o) for o in self.took or ("a1", "a2") for p in "cd" if o != self.truant and self.chance(70)]
        here += self.r.sample(self.people, 1) if self.chance(30) else []
        self.say("attendance.record", meeting=id_,
                 entries=[{"person": p, "minutes": self.r.choice((0, 30, 90, 90, 390))} for p in here] or
                         [{"person": "p1", "minutes": 0}])
        if self.chance(25):
            self.publish(id_)

    def series(self):
        """One after the other; one organisation keeps away from all of them, or nearly."""
        self.truant = self.r.choice(self.took or ("a1",))
        starts = self.a_wall(self.programme_zone)
        for n in range(self.r.choice((2, 3, 3, 4))):
            day = max(starts, clock(self.now, self.programme_zone) + ONE) + n * self.r.choice((1, 5)) * ONE
            id_ = self.gather(day, self.r.choice(("staff", "cohort or lead")))
            if self.chance(90):
                self.attend(id_)
            if self.chance(8):
                self.truant = None
        if self.chance(50):
            self.attend()
        self.truant = None

    def a_material(self):
        self.materials.append(f"x{len(self.materials) + 1}")
        return self.materials[-1]

    def publish_to_cohort(self):
        self.say("material.publish", material=self.some(self.materials, 20) or self.a_material(), title={"en": "x"},
                 kind=self.r.choice(("presentation", "recording", "recording")), programme="g", visibility="cohort",
                 link="https://x.example/")

    def merge_applicants(self):
        """Into one that has nothing to do with it, or into another of them: it may have to leave first."""
        names = [o for o, _ in ORGANISATIONS]
        o = self.r.choice((self.took or names) if self.chance(85) else names)
        into = self.r.choice(names if self.chance(45) else ["o2", "o3", f"b{len(self.lines)}"])
        if into[0] == "b":
            self.say("organisation.register", organisation=into, name=into, kind="municipality", country="SE")
        if into in names and self.chance(70):
            over = self.r.choice((o, into))
            self.say("participation.leave", programme="g", participation=over, reason={"en": "so"}, place="free")
            self.say("application.withdraw", application="x" + over)
        self.say("organisation.merge", organisation=o, into=into)
        if into not in names:
            self.once[into] = self.once.get(o, o)
        self.took = tuple({into if t == o else t: 0 for t in self.took})
        self.apps.update({x: into for x, of in self.apps.items() if of == o})

    def of_the_programme(self):
        if self.chance(25):
            return self.r.choice(("s1", "s1", "s2", "s3"))
        return self.one_of("ccddde", self.taking_part() if not self.took else self.r.choice(self.took))

    def merge_staff(self):
        """Somebody of them is known twice, and does something under both names; or two of them are one."""
        person = self.of_the_programme()
        other = f"{person[:3]}-{len(self.lines)}"
        if self.chance(25):
            other = self.of_the_programme()
        else:
            o = person[1:3] if person[0] != "s" else "a4"
            o = next((now for now, was in self.once.items() if was == o), o)
            self.say("person.register", person=other, name=other, language="da", organisation=o, functions=["f2"],
                     email=f"{self.r.choice((person, other))}@example.org")
        for _ in range(self.r.randint(0, 3)):
            self.use(other)
        if self.chance(30):
            self.pass_time()
        gone, stays = self.r.sample((person, other), 2)
        self.say("person.merge", person=gone, into=stays)
        if gone == person and person[0] != "s":
            self.renamed.update({name: stays for name, now in self.renamed.items() if now == person})
            self.renamed[person] = stays

    def use(self, person):
        """In some role."""
        o = self.taking_part()
        what = self.r.choice(("staff", "adviser", "assessor", "hours", "registration", "attendance", "group"))
        if what == "staff":
            self.say("staff.name", programme="g", participation=o, persons=[*{*self.people_at(o, "cd"), person}])
        elif what == "adviser":
            self.say("adviser.assign", programme="g", participation=o, person=person)
        elif what == "assessor":
            self.say("assessor.assign", application=self.app(), person=person, due=self.a_day(0, 5))
        elif what == "hours":
            self.say("hours.log", programme="g", participation=o, hours=f"h{self.logged}", person=person, minutes=60,
                     date=clock(self.now, self.programme_zone).strftime("%Y-%m-%d"), kind="preparation")
            self.logged += 1
        elif what == "registration":
            self.say("registration.make", meeting=self.activity(), person=person)
        elif what == "attendance":
            self.say("attendance.record", meeting=self.activity(), entries=[{"person": person, "minutes": 90}])
        else:
            self.say("group.add", group="community", person=person)

    def erase_staff(self):
        self.say("person.erase", person=self.of_the_programme())

    BEFORE = ParticipationDrawing.BEFORE + ((0.3, merge_applicants), (0.5, merge_staff), (0.2, erase_staff))
    BETWEEN = ParticipationDrawing.BETWEEN + ((0.7, merge_staff), (0.2, erase_staff))
    AFTER = ParticipationDrawing.AFTER + ((1, gather), (0.7, attend), (0.3, merge_applicants), (0.4, merge_staff), (0.3, erase_staff))
    TAKING_PART = ParticipationDrawing.TAKING_PART + (
        (3, gather), (4, change_activity), (4, answer_activity), (1.5, attend), (1.3, series), (0.4, publish_to_cohort),
        (0.5, merge_applicants), (1, merge_staff), (0.4, erase_staff))
