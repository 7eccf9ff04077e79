"""Random configurations: the shipped rules, of which some say otherwise what is to become of what is late."""
import functools
import os
import re

from tests.model import rules
from tests.model.times import HOUR, MINUTE

SHIPPED = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "config/rules")
RULE = r'^rule "[^"]+" \{\n.*?^\}\n'


@functools.lru_cache(maxsize=None)
def shipped():
    return tuple(re.findall(RULE, rules.text_of(SHIPPED), re.M | re.S))


def can_work(rule):
    """Neither a step twice nor one that may be past its use when it is due, which nobody could apply."""
    steps = [rules.Moment(t) for t in re.findall(r'"([^"]+)"', re.search(r"when = \{(.*?)\}", rule, re.S)[1])]
    useful = [rules.Moment(t) for t in re.findall(r'useful = "([^"]+)"', rule)]

    def minutes(m, at):
        return (m.days + m.workdays) * 24 * 60 + (at if m.at is None else m.at) + m.span / MINUTE
    if len({tuple(vars(m).values()) for m in steps}) < len(steps):
        return False
    return all(u.field != s.field or minutes(u, 0) >= minutes(s, 0 if u.at is None else 24 * 60)
               for u in useful for s in steps)


class RulesDrawing:
    def found_rules(self):
        self.rulebook = list(shipped())
        if self.chance(40):
            for i in self.r.sample(range(len(self.rulebook)), 45):
                whole = re.search(r'calendar = |about = "digest"', self.rulebook[i])  # it has to be a letter of its own
                late = self.r.choice(("ask", "ask", "skip", "ask" if whole else "digest", "ask" if whole else "digest"))
                self.rulebook[i] = re.sub(r'late = "\w+"', f'late = "{late}"', self.rulebook[i])
            self.do("rules", text="".join(self.rulebook))

    def other_rules(self):
        """Moments, audiences and lateness of some change, some go, others come back or are new; then it is applied."""
        fields = r'"(starts|registration_closes|requested|received) [-+]'
        likely = [i for i, rule in enumerate(shipped()) if re.search(fields, rule)]
        for i in self.r.sample(range(len(self.rulebook)), self.r.choice((1, 12, 40))) + self.r.sample(likely, 3):
            self.rulebook[i] = self.other_rule(self.rulebook[i], shipped()[i])
        self.do("rules", text="".join(self.rulebook))
        for _ in range(self.r.choice((0, 1, 1, 2))):
            self.now += self.r.choice((0, 0, MINUTE, 5 * HOUR))
            self.apply_rules()

    def other_rule(self, rule, original):
        what = self.r.random()
        if not rule or 'about = "digest"' in rule or "together" in rule:  # what gathers and what is gathered name each other
            return original
        if what < 0.15:
            return ""
        if what < 0.3:
            return original
        if what < 0.4:
            return re.sub(r'to = "registered"', 'to = "registered or waiting"', rule)
        if what < 0.5:
            return re.sub(r'^rule "([^"]+?)(-\d+)?"', lambda m: f'rule "{m[1]}-{len(self.lines)}"', rule)
        other = re.sub(r'"(\w+ [-+]) (\d+)([dh])', lambda m: f'"{m[1]} {max(1, int(m[2]) + self.r.randint(-3, 2))}{m[3]}', rule)
        return other if can_work(other) else original

    def apply_rules(self):
        if self.chance(4):
            return self.say("rules.apply", version="0123456789abcdef")
        also = self.some((True,), 80)
        self.say("rules.apply", also_existing=also, count=self.some((0, 1, 2, 7), 15) if also else None)
        count = also and "count" not in self.lines[-1]["body"]
        self.lines[-1]["rules"] = "count" if count else "name"

    RULES = ((5, other_rules), (0.5, apply_rules))
