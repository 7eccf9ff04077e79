"""What an office may set, as cirkel.conf has it when nobody does; spans in milliseconds."""
from types import SimpleNamespace

from tests.model.times import DAY, HOUR, MINUTE

DEFAULTS = {
    "late_after": 15 * MINUTE, "outage_after": 5 * MINUTE, "catchup_ask": 20, "release_rate": 60,
    "retry_first": MINUTE, "retry_longest": 4 * HOUR, "give_up_after": 3 * DAY, "unknown_resends": 1,
    "soft_bounces": 3, "soft_window": 30 * DAY, "soft_holds": 30 * DAY,
    "confirm_within": 14 * DAY, "offer_holds": 2 * DAY, "merge_edits": 10 * MINUTE,
    "news_a_week": 0, "digest_day": 1,
}


def defaults():
    return SimpleNamespace(**DEFAULTS)
