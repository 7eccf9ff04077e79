"""Offices that are set otherwise, from the beginning or from some day on."""
from tests.model.times import DAY, HOUR, MINUTE, SECOND

CHOICES = {
    "late_after": (SECOND, HOUR, DAY), "outage_after": (SECOND, HOUR, DAY), "catchup_ask": (0, 1, 3, 1000),
    "release_rate": (0, 1, 7, 1000), "retry_first": (SECOND, 10 * MINUTE, HOUR), "retry_longest": (SECOND, HOUR, DAY),
    "give_up_after": (MINUTE, 2 * HOUR, DAY), "unknown_resends": (0,), "soft_bounces": (0, 1, 2),
    "soft_window": (HOUR, 2 * DAY), "soft_holds": (HOUR, 5 * DAY), "confirm_within": (HOUR, 2 * DAY),
    "offer_holds": (MINUTE, HOUR, 10 * DAY), "merge_edits": (0, MINUTE, HOUR), "news_a_week": (1, 2, 5),
    "digest_day": (3, 5, 7),
}


class SettingsDrawing:
    def set_some(self):
        names = self.r.sample(sorted(CHOICES), self.r.choice((1, 2, 6)))
        self.do("settings", **{name: self.r.choice(CHOICES[name]) for name in names})

    def found_settings(self):
        if self.chance(40):
            self.set_some()

    SETTINGS = ((0.6, set_some),)
