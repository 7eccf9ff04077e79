"""An arm that is over when its letter is ready for the dot."""
import os
import signal
import time

from tests.crash import rig
from tests.flow.smtp_test import begin, row_of
from tests.harness.house import equal
from tests.harness.relay import Relay


def arm_is_over(h, letters):
    """The notifier stands still with the arm in its hand until it is over: it asks anew, waits while nobody answers,
    and the letter leaves at the first attempt."""
    h.stop("notifier")
    rig.spawn(h, "notifier", env=rig.faults(h, "notifier", "notifier.armed_not_sent 1 stop"))
    process = h.workers["notifier"]

    def is_stopped():
        with open(f"/proc/{process.pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"

    before = letters()
    h.join("net", "anna")
    h.until(is_stopped, "the notifier stands still")
    time.sleep(1.5)
    h.workers["scheduler"].send_signal(signal.SIGSTOP)
    os.kill(process.pid, signal.SIGCONT)
    time.sleep(1.5)
    equal(letters(), before, "letters that ended under an arm that was over")
    h.workers["scheduler"].send_signal(signal.SIGCONT)
    h.settle()
    row = row_of(h, "anna")
    equal((row["state"], row["attempts"], letters()), ("accepted", 1, before + 1))
    h.verify()
    return row


def arm_is_over_test(h):
    relay = Relay(h.folder)
    begin(h, relay, lease="1s", smtp_connections=1, smtp_timeout="30s")
    row = arm_is_over(h, lambda: len(relay.messages))
    equal(relay.copies(row["message_id"]), 1)


def arm_is_over_in_a_folder_test(h):
    h.init(at="2022-03-01T09:00", lease="1s")
    h.start()
    h.found()
    h.settle()
    arm_is_over(h, lambda: len(os.listdir(h.path("outgoing/new"))))
