"""When each rule speaks about each record, and what becomes of that when the record or the rules change."""
import bisect

from tests.model import rules as rulebook
from tests.model.owing import country_of

STATE, DUE, USEFUL, ZONE, RULE, BROUGHT, WOKEN = range(7)  # of a plan


class Plans:
    def wanted(self, subject, kind):
        """All that the rules want for this record as it is now: (rule, step, occurrence) -> plan."""
        record, zone, country = subject.record, subject.zone, subject.country or country_of(subject.zone)
        wanted = {}
        for rule in self.rules.values():
            if rule.about != kind or not rule.speaks(record):
                continue
            useful = rule.useful.of(record, zone, country) if rule.useful else None
            if kind == "digest" and not rule.useful and record["useful"]:
                useful = (record["useful"],)
            for step, moment in enumerate(rule.when):
                at = moment.of(record, zone, country) if rule.speaks_at(step, record) else None
                if at:
                    state = "past" if at[0] < self.since else "planned"
                    wanted[rule.name, step, at[1]] = [state, at[0], useful[0] if useful else None, zone, rule, None, False]
        return wanted

    def derive(self, kind, id_, new_rules=False):
        plans, wanted = self.plans.setdefault((kind, id_), {}), self.wanted(self.subject(kind, id_), kind)
        for (name, _, occurrence), plan in wanted.items():
            known = any(k[0] == name and k[2] == occurrence and p[DUE] == plan[DUE] for k, p in plans.items())
            if new_rules and plan[DUE] < self.said and not known:
                plan[BROUGHT] = self.config
        for key in list(plans):
            self.meet(kind, id_, key, plans[key], wanted.pop(key, None))
        for key, plan in wanted.items():
            self.set_plan(kind, id_, key, plan)

    def meet(self, kind, id_, key, was, plan):
        """What was there meets what is wanted. What has gone by speaks again only when its rule is another one, and its
        moment another one, ahead."""
        if was[STATE] != "planned":
            other = plan and plan[RULE].version != was[RULE].version and plan[DUE] != was[DUE]
            if other and plan[STATE] == "planned" and was[STATE] != "skipped":
                self.came["a changed rule speaks again"] += 1
                self.set_plan(kind, id_, key, plan)
        elif not (plan and was[WOKEN] and plan[STATE] == "past"):
            if plan and was[DUE] < self.since:  # overdue, and owed all the same
                plan[STATE], plan[BROUGHT] = "planned", None
            self.set_plan(kind, id_, key, plan)

    def set_plan(self, kind, id_, key, plan):
        plans = self.plans[kind, id_]
        was = plans.pop(key, None)
        if was and was[STATE] == "planned":
            self.ahead.remove((was[DUE], "plan", kind, id_) + key)
        if plan:
            plans[key] = plan
            if plan[STATE] == "planned":
                bisect.insort(self.ahead, (plan[DUE], "plan", kind, id_) + key)

    def drop_plans(self, kind, id_):
        for key in list(self.plans.get((kind, id_), {})):
            self.set_plan(kind, id_, key, None)

    # ---- another configuration ----

    def new_rules(self, text):
        """It reaches back to nobody."""
        self.config, self.rules, self.said, self.since = text, rulebook.parse(text), self.now, self.now
        for kind in rulebook.KINDS:
            for id_ in self.table(kind) if kind not in ("person", "network") else ():
                self.derive(kind, id_ if isinstance(id_, str) else "/".join(id_), new_rules=True)

    def existing(self):
        """Those whom it did not reach, because their moments lay behind it: plans, and how many different people."""
        found, people = [], set()
        for (kind, id_), plans in self.plans.items():
            for key, plan in plans.items():
                rule = self.rules.get(key[0])
                if (plan[STATE] != "past" or plan[BROUGHT] != self.config or not rule
                        or (plan[USEFUL] and plan[USEFUL] < self.said)):
                    continue
                subject = self.subject(kind, id_)
                if (rule.speaks(subject.record) and rule.speaks_at(key[1], subject.record)
                        and not self.is_overtaken(rule, subject, key, plan, plans)):
                    found.append((kind, id_, key, plan))
                    people |= {k for k, p in self.people.items()
                               if p["state"] == "active" and self.is_in(rule.to_at(key[1]), subject, k)
                               and self.would_reach(rule, k, self.said, plan[USEFUL])}
        return found, len(people)

    def is_overtaken(self, rule, subject, key, plan, plans):
        """Of several moments that lie behind for the same people the last one speaks."""
        def is_behind(p):
            return p[BROUGHT] == self.config and (p[WOKEN] or p[STATE] == "past" and not (p[USEFUL] and p[USEFUL] < self.said))

        def has_spoken(other, p):
            return p[STATE] == "fired" and other[2] == key[2]
        return any(other[0] == key[0] and other[1] != key[1] and (p[DUE], other[1]) > (plan[DUE], key[1])
                   and (is_behind(p) or has_spoken(other, p)) and other[1] < len(rule.when)
                   and rule.to_at(other[1]) == rule.to_at(key[1]) and rule.speaks_at(other[1], subject.record)
                   for other, p in plans.items())
