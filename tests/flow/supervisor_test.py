"""`cirkel run` keeps a house whole: settings that are wrong stop nobody who works, and what a killed one left behind is
found under whatever name the house had."""
import fcntl
import glob
import os
import signal
import subprocess
import time

from tests.flow.apply_test import other_config
from tests.harness.house import WORKERS, equal, lives


class Running:
    def __init__(self, h, *command, cwd=None):
        self.h, self.log = h, os.path.join(h.folder, "run.log")
        self.process = subprocess.Popen([h.program("cirkel"), "run", "--home", *(command or (h.home,))],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=open(self.log, "a"), cwd=cwd)

    def said(self, words):
        with open(self.log) as file:
            return file.read().count(words)

    def end(self, by=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(60)


def noted(h, name):
    """Its number; 0: it is not noted."""
    path = h.path("run", name + ".pid")
    if not os.path.exists(path):
        return 0
    with open(path) as file:
        return int(file.read())


def pids(h):
    return {name: noted(h, name) for name in WORKERS if noted(h, name)}


def answers(h):
    return os.path.exists(h.path("run/intake.ipc")) and h.state(wait=False, patience=1)


def letters(h):
    return len(os.listdir(h.path("outgoing/new")))


def wrong_settings_stop_nobody_test(h):
    """A slip of the pen in cirkel.conf: a reload says so and changes nothing, whoever falls meanwhile is missed alone,
    and is back when it is mended."""
    h.init()
    run = Running(h)
    try:
        h.until(lambda: answers(h) and run.said("running in"), "it runs")
        before = pids(h)
        with open(h.path("cirkel.conf")) as file:
            good = file.read()
        h.configure(quiet_from="half past nine")
        run.process.send_signal(signal.SIGHUP)
        h.until(lambda: run.said("the one before goes on"), "it is wrong, for all of them")
        h.found(members=1)
        h.until(lambda: letters(h) == 1, "a letter leaves")
        equal((run.process.poll(), pids(h)), (None, before), "nobody was stopped")

        os.kill(before["notifier"], signal.SIGKILL)
        h.until(lambda: run.said("worker_configuration"), "the notifier cannot start again")
        h.join("net", "m02")
        time.sleep(0.5)
        equal((run.process.poll(), letters(h)), (None, 1), "what waits, waits")
        with open(h.path("cirkel.conf"), "w") as file:
            file.write(good)
        run.process.send_signal(signal.SIGHUP)
        h.until(lambda: letters(h) == 2, "it leaves when that is mended")
    finally:
        equal(run.end(), 0, "the end of the supervisor")


def wrong_settings_at_the_start_test(h):
    """Nothing works yet: then it says what is wrong, and ends."""
    h.init()
    h.configure(quiet_from="half past nine")
    run = Running(h)
    equal(run.process.wait(60), 2)
    assert run.said("check-config"), open(run.log).read()


def found_under_another_name_test(h):
    """Killed, a supervisor leaves its workers; the next one calls the same house by another name, and takes over."""
    h.init()
    folder, name = os.path.split(h.home)
    names = [(name + "/", folder), (h.home, None), ("../" + os.path.basename(folder) + "/" + name, folder),
             (h.home, None)]
    run, left = None, []
    try:
        for home, cwd in names:
            run = Running(h, home, cwd=cwd)
            h.until(lambda: not any(map(lives, left)), f"whoever was left is gone when {home} runs")
            h.until(lambda: run.said("running in") and answers(h), f"all of {home} work")
            os.truncate(run.log, 0)
            left = pids(h).values()
            run.end(signal.SIGKILL)
        run = Running(h)
        h.until(lambda: not any(map(lives, left)), "whoever was left is gone")
        h.found(members=1)
        h.until(lambda: letters(h) == 1, "a letter leaves")
    finally:
        run.end()


def told_to_end_while_it_starts_test(h):
    """At whatever moment of its start it is told to end, it ends, and whoever it has started does."""
    h.init()
    for name in ("cirkel", "scheduler", "intake", "notifier", "gateway"):
        for old in glob.glob(h.path("run", "*.pid")):
            os.remove(old)
        run = Running(h)
        end = time.monotonic() + 30
        while not noted(h, name):  # looked for at once: soon all have started
            assert time.monotonic() < end, f"{name} is not noted"
        code = run.end()
        left = [pid for pid in pids(h).values() if lives(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        equal((code, left), (0, []), f"told to end when {name} was noted: its code, and who is left")


def noted_long_ago_test(h):
    """Who puts a configuration in force tells the supervisor, and nobody who has its number since."""
    h.init(at="2022-03-01T09:00")
    h.start()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        with open(h.path("run/cirkel.lock"), "w") as lock, open(h.path("run/cirkel.pid"), "w") as note:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as one that starts, and has not noted itself yet
            note.write(f"{stranger.pid}\n")
            note.flush()
            h.run_cirkel("apply", other_config(h, "new", settings="\nin_flight = 7\n"), "--yes")
        equal(stranger.poll(), None, "how the stranger ended")
    finally:
        stranger.kill()
        stranger.wait()


def killed_before_it_noted_them_test(h):
    """A supervisor that is killed while it starts its workers leaves some that it has not noted yet; the next one stops
    them all the same. Whoever was started by hand is left alone."""
    h.init()
    run = Running(h)
    try:
        h.until(lambda: run.said("running in") and answers(h), "all work")
        left = pids(h).values()
        run.end(signal.SIGKILL)
        for name in WORKERS:
            os.remove(h.path("run", name + ".pid"))
        os.truncate(run.log, 0)
        run = Running(h)
        h.until(lambda: run.said("running in") and answers(h), "the next ones work")
        equal([pid for pid in left if lives(pid)], [], "whoever was left")
        equal(run.end(), 0, "the end of the supervisor")

        os.truncate(run.log, 0)
        h.start("scheduler", clock=False)
        run = Running(h)
        h.until(lambda: run.said("another scheduler works on it"), "two are one too many")
        equal(h.workers["scheduler"].poll(), None, "whoever was started by hand")
    finally:
        run.end()
