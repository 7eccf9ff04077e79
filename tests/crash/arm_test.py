"""An arm that is over when its letter is ready for the dot."""
import os
import signal
import time

from tests.crash import rig
from tests.flow.smtp_test import begin, row_of
from tests.harness.house import equal
from tests.harness.relay import Relay


def arm_is_over_test(h):
    """The notifier stands still with the arm in its hand until it is over: it asks anew, waits while nobody answers,
    and the letter leaves at the first attempt, once."""
    relay = Relay(h.folder)
    begin(h, relay, lease="1s", smtp_connections=1, smtp_timeout="30s")
    h.stop("notifier")
    rig.spawn(h, "notifier", env=rig.faults(h, "notifier", "notifier.armed_not_sent 1 stop"))
    process = h.workers["notifier"]

    def is_stopped():
        with open(f"/proc/{process.pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"

    h.join("net", "anna")
    h.until(is_stopped, "the notifier stands still")
    time.sleep(1.5)
    h.workers["scheduler"].send_signal(signal.SIGSTOP)
    os.kill(process.pid, signal.SIGCONT)
    time.sleep(1.5)
    equal(len(relay.messages), 0, "letters that ended under an arm that was over")
    h.workers["scheduler"].send_signal(signal.SIGCONT)
    h.settle()
    row = row_of(h, "anna")
    equal((row["state"], row["attempts"], relay.copies(row["message_id"])), ("accepted", 1, 1))
    h.verify()
