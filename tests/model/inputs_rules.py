"""Random configurations: the shipped rules, of which some say otherwise what is to become of what is late."""
import functools
import os
import re

from tests.model import rules

SHIPPED = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "config/rules")
RULE = r'^rule "[^"]+" \{\n.*?^\}\n'


@functools.lru_cache(maxsize=None)
def shipped():
    return tuple(re.findall(RULE, rules.text_of(SHIPPED), re.M | re.S))


class RulesDrawing:
    def found_rules(self):
        self.rulebook = list(shipped())
        if self.chance(40):
            for i in self.r.sample(range(len(self.rulebook)), 45):
                whole = re.search(r'calendar = |about = "digest"', self.rulebook[i])  # it has to be a letter of its own
                late = self.r.choice(("ask", "ask", "skip", "ask" if whole else "digest", "ask" if whole else "digest"))
                self.rulebook[i] = re.sub(r'late = "\w+"', f'late = "{late}"', self.rulebook[i])
            self.do("rules", text="".join(self.rulebook))
