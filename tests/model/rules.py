"""The rules as the office's files say them, and the audiences they name."""
import datetime
import glob
import os
import re

from tests.model.owing import workdays_on
from tests.model.times import HOUR, MINUTE, SECOND, clock, instant, minutes_of, utc, wall

UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR}
KINDS = ("meeting", "registration", "membership", "material", "poll", "person", "network", "digest",
         "call", "application", "assessment", "participation", "milestone", "evidence", "solution",
         "obligation", "idea", "case", "morning")


class Moment:
    """FIELD [+ SPAN | - SPAN | + N workdays | - N workdays] [at hh:mm]"""

    def __init__(self, text):
        words = text.split()
        self.field, self.days, self.span, self.workdays, self.at = words.pop(0), 0, 0, 0, None
        if words and words[0] in "+-":
            sign = -1 if words.pop(0) == "-" else 1
            if len(words) > 1 and words[1].startswith("workday"):
                self.workdays = sign * int(words.pop(0))
                words[0] = "0d"
            n, unit = re.fullmatch(r"(\d+)([a-z])", words.pop(0)).groups()
            if unit in "dw":
                self.days = sign * int(n) * (7 if unit == "w" else 1)
            else:
                self.span = sign * int(n) * UNITS[unit]
        if words:
            assert words.pop(0) == "at", text
            self.at = minutes_of(words.pop(0))
        assert not words, text

    def is_after(self):
        return self.days > 0 or self.workdays > 0 or self.span > 0

    def of(self, record, zone, country=None):
        """(instant, name of the occurrence), or None when the record has no such time."""
        value = record.get(self.field)
        if not value:
            return None
        if isinstance(value, int):
            name = f"{self.field}={utc(value)}"
            if not self.days and not self.workdays and self.at is None:
                return value + self.span, name
            w = clock(value, zone)
        else:
            name, w = f"{self.field}={value}", wall(value)
        w = workdays_on(w, self.workdays, country) + datetime.timedelta(days=self.days)
        if self.at is not None:
            w = w.replace(hour=self.at // 60, minute=self.at % 60)
        return instant(w, zone) + self.span, name


class Rule:
    def __init__(self, name, said):
        self.name, self.to, self.version = name, said["to"], repr(said)
        self.about, _, kind = said["about"].partition(".")
        self.when = [Moment(m) for m in said["when"]]
        rungs = [rung.split(": ") for rung in said.get("ladder", [])]
        self.rungs = dict(enumerate((to for _, to in rungs), len(self.when)))
        self.when += [Moment("due + " + span) for span, _ in rungs]
        self.useful = Moment(said["useful"]) if "useful" in said else None
        self.late, self.class_, self.news = said.get("late", "send"), said["class"], said["class"] == "news"
        together = re.fullmatch(r"(\d+)([smh])", said.get("together", "0s"))
        self.together = int(together[1]) * UNITS[together[2]]
        self.tells, self.nudge = said.get("tells", False), said.get("nudge", False)
        self.only = {"kind": [kind]} if kind else {}
        for condition in said.get("only", []):
            field, _, value = condition.removeprefix("not ").partition(" = ")
            test = value if value else not condition.startswith("not ")
            self.only.setdefault(field, []).append(test)

    def speaks(self, record):
        """Several values of one field: any of them. Several fields: all of them."""
        def holds(field, test):
            value = record.get(field)
            return bool(value) == test if isinstance(test, bool) else value == test
        return all(any(holds(f, t) for t in tests) for f, tests in self.only.items())

    def speaks_at(self, step, record):
        """Before its day to whoever has not done it; after it, to those on the ladder as well."""
        moment = self.when[step]
        if self.about != "obligation" or moment.field != "due":
            return True
        return record["state"] == "open" or (moment.is_after() and record["state"] == "overdue")

    def to_at(self, step):
        return self.rungs.get(step, self.to)

    def mentions(self, term):
        return term in re.findall(r"[\w.:-]+", self.to)


def once(name, to, class_):
    """What an operator says goes by a rule of its own."""
    return Rule(name, {"about": name, "when": [], "to": to, "class": class_})


def value_of(text):
    words = re.findall(r'"([^"]*)"', text)
    if text.startswith("{"):
        return words
    return words[0] if words else text.strip() == "true" or text.strip()


def text_of(folder):
    """All its files in one, without what is said about them."""
    text = ""
    for path in sorted(glob.glob(os.path.join(folder, "*.conf"))):
        with open(path) as file:
            text += re.sub(r"^\s*#.*$", "", file.read(), flags=re.M)
    return text


def parse(text):
    rules = {}
    for name, body in re.findall(r'^rule "([^"]+)" \{\n(.*?)^\}', text, re.M | re.S):
        said = {k: value_of(v) for k, v in re.findall(r"^\s+(\w+) = (.*?)(?=^\s+\w+ = |\Z)", body, re.M | re.S)}
        if said["about"].partition(".")[0] in KINDS:
            rules[name] = Rule(name, said)
    return rules


def read(folder):
    return parse(text_of(folder))


def audience(text, has):
    """Whether somebody is in it; has(term) says so of each term. `and` binds closer than `or`."""
    words = re.findall(r"[()]|[^\s()]+", text)

    def either():
        found = both()
        while words and words[0] == "or":
            words.pop(0)
            found = both() or found
        return found

    def both():
        found = one()
        while words and words[0] == "and":
            words.pop(0)
            found = one() and found
        return found

    def one():
        word = words.pop(0)
        if word == "not":
            return not one()
        if word == "(":
            found = either()
            words.pop(0)
            return found
        return has(word)

    return either()
