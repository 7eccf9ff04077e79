"""Random orders of operators, and what mail servers report of letters that have left."""
import datetime

from tests.model import links
from tests.model.times import DAY, HOUR, MINUTE, SECOND, clock, wall_text

KINDS = ("hard", "soft", "soft", "delayed", "delivered", "relayed", "complaint", "complaint", "answered")


class OrdersDrawing:
    def order(self, type_, states, person=None, near=3, **body):
        """About a letter that is known by what became of it; seldom one in another state."""
        state = self.r.choice(states if self.chance(93) else ("accepted", "superseded", "suppressed", "deferred"))
        self.say(type_, **body)
        self.lines[-1]["delivery"] = {"state": state, "nth": self.r.randint(1, near)}
        if person:
            self.lines[-1]["delivery"]["person"] = person

    def retry(self):
        self.order("delivery.retry", ("failed", "failed", "unknown", "deferred", "held"))

    def withdraw_letter(self):
        self.order("delivery.withdraw", ("queued", "deferred", "held", "queued", "digested"))

    def settle_letter(self):
        self.order("delivery.settle", ("unknown", "unknown", "queued", "accepted"), near=3,
                   outcome=self.r.choice(("sent", "not-sent")))

    def report(self):
        self.order("delivery.report", ("accepted",) * 5 + ("unknown", "deferred", "failed"), near=20,
                   kind=self.r.choice(KINDS))

    def reports(self):
        """Letters to one of them come back again and again."""
        person, kind = self.who(), self.r.choice(("soft", "soft", "delayed"))
        for _ in range(self.r.randint(2, 4)):
            self.order("delivery.report", ("accepted",), person, near=6, kind=kind)
            self.now += self.r.choice((0, MINUTE, 5 * HOUR))
        if self.chance(25):
            self.order("delivery.report", ("accepted",), person, kind="complaint")
        if self.chance(40):
            self.lift(person)

    def lift(self, person=None):
        if self.chance(50):
            self.say("suppression.lift", suppression=person or self.who())
        else:
            to = self.r.choice(("", ".new", ".other"))
            self.say("person.update", person=person or self.who(), email=f"{person or 'p1'}{to}@example.org")

    def release_letter(self):
        self.order("hold.release", ("held",), near=20)

    def letter_send(self):
        """To an audience; and soon taken back, or released before its window is over."""
        id_ = f"l{len(self.letters) + 1}" if self.chance(96) else "l1"
        self.letters.append(id_)
        about = self.r.choice(({"network": "n1"}, {"network": "n1"}, {"network": "n2"}, {"meeting": self.meeting()}))
        words = self.r.choice(self.LETTER_AUDIENCES if "meeting" in about else self.LETTER_AUDIENCES[3:])
        at = wall_text(clock(self.now, self.zone) + datetime.timedelta(minutes=self.r.choice((-5, 2, 90, 3000))))
        self.say("letter.send", letter=id_, audience=words, subject={"en": "hello"}, text={"en": "hello"},
                 window=self.some((1, 5, 60, 1440), 60), send_at=self.some((at,), 20), count=self.some((1, 2, 5), 10),
                 **{"class": self.r.choice(("service", "duty", "news", "news"))}, **about)
        self.now += self.r.choice((0, 0, SECOND, MINUTE, 9 * MINUTE))
        if self.chance(50):
            self.hold()

    LETTER_AUDIENCES = ("registered", "registered or waiting", "not-answered", "members", "members", "subscribers",
                        "topic:t1 or function:f1", "not function:f1", "lead")

    def hold(self):
        """Its number is not known here: letters and catch-up sheets are counted together."""
        self.say(self.r.choice(("hold.undo", "hold.undo", "hold.release")),
                 hold=max(1, len(self.letters) + self.r.choice((0, 0, 0, 1, 1, 2, 3, -1))))

    def sheet(self):
        sheet = self.some((1, 2, 3), 20)
        rule = self.some(("meeting-invitation", "meeting-week-before", "meeting-moved", "meeting-day-before"), 35)
        ahead = [t for t in self.moments() if self.now + 9 * MINUTE < t < self.now + 5 * DAY]
        if ahead and not self.is_away and self.chance(55):  # shortly before it is too late for them
            self.now = self.r.choice(ahead) - self.r.choice((3, 9)) * MINUTE
            self.say("catchup.release", rate=1)
        elif self.chance(70):
            self.say("catchup.release", sheet=sheet, rule=rule, rate=self.some((1, 1, 1, 5, 1000), 70))
        else:
            self.say("catchup.skip", sheet=sheet, rule=rule)

    def pause(self):
        if not self.is_paused:
            self.say("sending.pause", reason="so it is")
            if self.chance(25):  # news to all, twice, and then they want it seldom
                for _ in range(2):
                    self.letters.append(f"l{len(self.letters) + 1}")
                    self.say("letter.send", letter=self.letters[-1], audience="members", subject={"en": "hello"}, network="n1",
                             text={"en": "hello"}, window=1, **{"class": "news"})
                self.now += 2 * MINUTE
                for person in self.people[:4]:
                    self.wish(person)
        if self.is_paused or self.chance(5):
            self.say("sending.resume")
        self.is_paused = not self.is_paused

    def hold_digests(self):
        """Two questions, in digests that fall due in a pause; of what is then on a sheet one after the other is taken out."""
        if self.is_away or self.is_paused or not self.chance(50):
            return
        self.do("settings", catchup_ask=1)
        for person in self.people[:5]:
            self.say("preference.set", person=person, on=True, digest="daily", **{"class": "news"})
        for hours in (40, 60):
            self.polls.append(f"q{len(self.polls) + 1}")
            self.say("poll.open", poll=self.polls[-1], network="n1", question={"en": "?"}, audience="members",
                     options=[{"option": o, "text": {"en": o}} for o in ("a", "b")],
                     closes=wall_text(clock(self.now + hours * HOUR, self.zone)))
        self.say("sending.pause", reason="so it is")
        self.now += self.r.choice((25, 42)) * HOUR
        self.say("sending.resume")
        for _ in range(3):
            self.order("delivery.withdraw", ("digested",), near=8)

    def skip(self):
        """A plan as forecast names it: of a meeting's reminder."""
        id_ = self.meeting()
        m = self.meetings.get(id_)
        rule, step, field = self.r.choice((("meeting-week-before", 0, "starts"), ("meeting-day-before", 0, "starts"),
                                           ("meeting-hour-before", 0, "starts"), ("meeting-nudge", 0, "closes")))
        at = m and m[field]
        name = "registration_closes" if field == "closes" else field
        self.say("plan.skip", plan=f"meeting/{id_}/{rule}/{step}/{name}={at or '2022-01-01T09:00'}")

    def confirm(self):
        """She asks, and follows the link: in time, or not; seldom somebody else's."""
        network, person = self.network(), self.who()
        if self.chance(70):
            self.say("membership.request", network=network, person=person, topics=self.topics())
            self.now += self.r.choice((0, MINUTE, 2 * DAY, 3 * DAY, 4 * DAY, 14 * DAY - SECOND, 14 * DAY))
        expires = self.now + self.r.choice((14 * DAY, DAY, 0, 0, -SECOND)) if self.chance(80) else 0
        purpose = "membership.confirm" if self.chance(96) else "membership.end"
        token = links.make(purpose, network, person, "", expires)
        self.say("membership.confirm", token=token if self.chance(97) else token[:-4] + "AAAA")

    def rest(self):
        """Long enough for what came back to be forgotten."""
        if not self.is_away:
            self.now += 31 * DAY

    ORDERS = ((4, retry), (3, withdraw_letter), (4, settle_letter), (4, report), (2.5, reports), (2, lift),
              (1.5, release_letter), (4, letter_send), (1, hold), (8, sheet), (5, pause), (0.3, hold_digests), (3, skip), (3, confirm), (0.15, rest))
