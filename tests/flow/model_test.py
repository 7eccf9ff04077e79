"""The ledger against an independent model of it (tests/model/compare.py says what of the office it covers)."""
import os

from tests.model.compare import compare

# What must have come to pass somewhere, or the drawing tests nothing of interest.
SEEN = ("accepted", "failed", "expired", "suppressed", "superseded", "missed", "not-due", "held", "unknown",
        ("meeting-moved", "accepted"), ("meeting-postponed", "accepted"), ("meeting-cancelled", "accepted"),
        ("registration-offered", "accepted"), ("registration-offer-lapsed", "accepted"),
        ("registration.accept_offer", "applied"), "too-late", "too-early", "not-entitled", "wrong-state", "already")


def ledger_is_the_models_test(h):
    """Random years of a network, with outages and a relay that fails: byte for byte what the model says."""
    seed, seeds = (int(os.environ.get(k, d)) for k, d in (("SEED", 1), ("SEEDS", 60)))
    seen = compare(os.path.join(os.path.dirname(h.bin), "sim/simulate"), seed, seeds, 300)
    assert seen, "the office and the model differ: see above"
    if seeds >= 60:
        missing = [what for what in SEEN if not seen[what]]
        assert not missing, missing
