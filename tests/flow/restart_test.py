"""Planned restarts are invisible: RESTARTS=1000 for the long form."""
import os
import time

from tests.flow.smtp_test import begin, log_of
from tests.harness.house import equal
from tests.harness.relay import Relay, slow

RESTARTS = int(os.environ.get("RESTARTS", "12"))
LETTERS = 4  # for each restart: so that each finds some on their way


def planned_restarts_test(h):
    """SIGTERM again and again while letters leave, of each worker in turn: one copy each, none of unknown fate."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_connections=4, smtp_timeout="20s", smtp_reply_timeout="20s")
    relay.always("dot", slow(0.05))
    people, longest = [], 0
    for number in range(RESTARTS):
        more = [f"p{number}-{n}" for n in range(LETTERS)]
        people += h.join("net", *more)
        worker = ("notifier", "notifier", "scheduler", "intake")[number % 4]
        began, before = time.monotonic(), log_of(h, worker).count(" started ")
        h.stop(worker)
        h.start(worker)
        h.until(lambda: log_of(h, worker).count(" started ") > before, f"{worker} has started")
        longest = max(longest, time.monotonic() - began)
    h.settle(patience=60)
    rows = h.records("ledger", rule="membership-welcome")
    equal(len(rows), len(people))
    equal({(row["state"], relay.copies(row["message_id"])) for row in rows}, {("accepted", 1)})
    assert "unknown" not in log_of(h), "a planned stop waits for the answer"
    assert longest < 30, longest
    h.verify()


planned_restarts_test.timeout = 120 + 10 * RESTARTS
