"""An arm that is over when its letter is ready for the dot."""
import os
import signal
import time

from tests.crash import rig
from tests.flow.smtp_test import begin, row_of
from tests.harness.house import equal
from tests.harness.relay import Relay


def stopped_with_the_arm(h):
    """The notifier, which stands still with the arm in its hand, and that is over."""
    h.stop("notifier")
    rig.spawn(h, "notifier", env=rig.faults(h, "notifier", "notifier.armed_not_sent 1 stop"))
    process = h.workers["notifier"]

    def is_stopped():
        with open(f"/proc/{process.pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"

    h.join("net", "anna")
    h.until(is_stopped, "the notifier stands still")
    time.sleep(1.5)
    return process


def arm_is_over(h, letters):
    """It asks anew, waits while nobody answers, and the letter leaves at the first attempt."""
    before = letters()
    process = stopped_with_the_arm(h)
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


def in_a_folder(h):
    h.init(at="2022-03-01T09:00", lease="1s")
    h.start()
    h.found()
    h.settle()
    return lambda: len(os.listdir(h.path("outgoing/new")))


def arm_is_over_in_a_folder_test(h):
    arm_is_over(h, in_a_folder(h))


def arm_is_over_when_paused_test(h):
    """It is refused then, and given back: nothing waits for it for ever."""
    letters = in_a_folder(h)
    before = letters()
    process = stopped_with_the_arm(h)
    h.run_cirkel("pause", "a wrong link")
    os.kill(process.pid, signal.SIGCONT)
    h.until(lambda: row_of(h, "anna")["state"] == "queued", "it is given back")
    equal((row_of(h, "anna").get("attempts", 0), letters()), (0, before))
    h.run_cirkel("resume")
    h.settle()
    equal((row_of(h, "anna")["state"], row_of(h, "anna")["attempts"], letters()), ("accepted", 1, before + 1))
    h.verify()
    h.run_cirkel("verify", "--replay")
