"""The ledger against an independent model of it (tests/model/compare.py says what of the office it covers)."""
import os

from tests.model import rules
from tests.model.compare import RULES, compare
from tests.model.reached import ENOUGH, missing


def ledger_is_the_models_test(h):
    """Random years of a network, with outages, a relay that fails and operators at work: byte for byte the model's."""
    seed, seeds = (int(os.environ.get(k, d)) for k, d in (("SEED", 1), ("SEEDS", ENOUGH)))
    seen = compare(os.path.join(os.path.dirname(h.bin), "sim/simulate"), seed, seeds, 300)
    assert seen, "the office and the model differ: see above"
    never = missing(seen, seed, seeds, rules.read(RULES))
    assert not never, never


ledger_is_the_models_test.timeout = 300
