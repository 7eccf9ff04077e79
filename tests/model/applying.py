"""The operators' word that another configuration is in force, and whether it reaches back."""
from tests.model.meetings import need
from tests.model.plans import USEFUL, WOKEN


class Applying:
    def rules_apply(self, version, also_existing=False, count=0):
        need(version == self.config, "conflict")
        if also_existing:
            found, people = self.existing()
            need(count == people, "conflict")
            self.came["a new rule reached back"] += people > 0
            for kind, id_, key, plan in found:
                self.set_plan(kind, id_, key, ["planned", self.said, *plan[USEFUL:WOKEN], True])
