"""The model plays inputs as tests/sim/simulate.c does, and answers with the same lines."""
import json

from tests.model.office import Office
from tests.model.times import parse


NO_SUCH = 1_000_000


class Play:
    def __init__(self, rules):
        self.office = Office(rules)
        self.inbox, self.decided, self.away, self.fates = [], [], False, {}

    def fate_of(self, person):
        for who in (person, ""):
            if self.fates.get(who):
                return self.fates[who].pop(0)
        return "accepted"

    def choose(self, state, nth=1, person=None):
        """The number of the nth newest row in that state; of none, one that there is not."""
        rows = [r.no for r in self.office.rows if r.state == state and person in (None, r.person)]
        return rows[-nth] if nth <= len(rows) else NO_SUCH

    def settle(self):
        o = self.office
        while not self.away:
            for seq, received, e in self.inbox:
                o.said = received
                code = o.say(e["type"], e["body"])
                decision = {"seq": seq, "id": e["id"], "type": e["type"], "status": "refused" if code else "applied"}
                self.decided.append(json.dumps({**decision, "code": code} if code else decision))
            self.inbox = []
            o.fire()
            if not o.deliver(self.fate_of):
                return

    def advance(self, to):
        """Stops wherever something falls due."""
        o = self.office
        self.settle()
        while o.now < to:
            due = o.first_due()
            ahead = [due[0]] if due else []
            ahead += [min(r.next_try for r in o.waiting)] if o.waiting and not o.paused else []
            o.now = min([t for t in [min(ahead, default=to)] if o.now < t < to], default=to)
            self.settle()

    def take(self, line, seq):
        o, do = self.office, line.get("do")
        at = parse(line["at"]) if "at" in line else o.now
        o.now = o.now or at
        if do == "back" or do == "jump" or self.away:
            o.now = max(at, o.now)
        elif at != o.now:
            self.advance(at)
        if not do:
            if "delivery" in line:
                line = {**line, "body": {**line["body"], "delivery": self.choose(**line["delivery"])}}
            if "rules" in line:
                o.said = o.now
                count = {"count": o.existing()[1]} if line["rules"] == "count" else {}
                line = {**line, "body": {**line["body"], **count, "version": o.config}}
            self.inbox.append((seq, o.now, line))
            return
        self.settle()
        if do == "rules":
            o.new_rules(line["text"])
        if do == "settings":
            vars(o.settings).update({k: v for k, v in line.items() if k not in ("do", "at")})
        if do == "relay":
            self.fates[line.get("person", "")] = list(line["outcomes"])
        if do in ("away", "back"):
            self.away = do == "away"
            self.settle()

    def lines(self):
        self.settle()
        return [row.line() for row in self.office.rows] + self.decided


def play(rules, inputs, came=None):
    """The lines; what leaves no trace in them is counted in `came`."""
    it, seq = Play(rules), 0
    for line in inputs:
        seq += "do" not in line
        it.take(line, seq)
    lines = it.lines()
    if came is not None:
        came.update(it.office.came)
    return lines
