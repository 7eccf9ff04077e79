"""The operators' morning: once a day what needs a person, if anything does."""
from tests.model.cases import Cases
from tests.model.digests import OFFICE_ZONE
from tests.model.times import clock, instant, wall_text

TROUBLE = ("held", "unknown", "failed")


class Mornings(Cases):
    """Held and unknown letters are told of until somebody has seen to them, refused ones and what went overdue once."""

    def __init__(self, rules):
        super().__init__(rules)
        self.mornings, self.asked_for, self.last_morning, self.refused = {}, set(), 0, set()

    def table(self, kind):
        return self.mornings if kind == "morning" else super().table(kind)

    def first_due(self):
        due = [(at, "morning", at) for at in self.asked_for]
        return min(due + [d for d in [super().first_due()] if d], default=None)

    def ask(self):
        self.asked_for.add(instant(self.closes(OFFICE_ZONE, False), OFFICE_ZONE))

    # ---- what needs somebody ----

    @staticmethod
    def needs_somebody(row):
        """What is in a digest goes with its letter, and a letter in its window goes by itself."""
        window = row.state == "held" and row.sheet and row.sheet["kind"] == "letter"
        return row.state in TROUBLE and not row.digest and not window

    def index(self, row):
        super().index(row)
        needs = self.needs_somebody(row)
        (self.refused.add if needs and row.state == "failed" else self.refused.discard)(row)
        if needs:
            self.ask()

    def due_obligation(self, key):
        super().due_obligation(key)
        self.owed[key]["overdue"] = self.said
        self.ask()

    # ---- telling ----

    def due_morning(self, at):
        waits = any(self.needs_somebody(r) and r.state != "failed" for r in self.rows)
        late = any(r["state"] == "overdue" and r["overdue"] > self.last_morning for r in self.owed.values())
        told = waits or late or bool(self.refused)
        self.asked_for.discard(at)
        self.last_morning = self.now
        self.refused.clear()
        if waits:
            self.ask()
        self.came["a morning without anything"] += not told
        if told:
            id_ = wall_text(clock(at, OFFICE_ZONE))
            self.mornings[id_] = {"morning": id_, "made": self.now, "zone": OFFICE_ZONE}
            self.derive("morning", id_)
