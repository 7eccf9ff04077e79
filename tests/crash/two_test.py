"""One of each acts: a second scheduler, intake, notifier or supervisor is refused, also while the first stands
still; and what a killed supervisor leaves behind keeps the house whole."""
import os
import re
import signal
import subprocess
import time

from tests.crash import rig
from tests.crash.invariants import Reader, check, demand
from tests.crash.ledger_client import Client
from tests.harness.house import WORKERS, equal, lives


def second(h, *command):
    done = subprocess.run([h.program(command[0]), *command[1:], "--home", h.home, "--clock"], capture_output=True,
                          text=True, timeout=20, cwd=h.folder)
    return done.returncode, done.stdout + done.stderr


def second_worker_test(h):
    seed = rig.seeded("second_worker_test")
    rig.begin(h, people=30, meetings=3)
    client, reader = Client(h, seed, rate=40), Reader(h, seed)
    for name in WORKERS:
        for still in (False, True):
            if still:
                h.workers[name].send_signal(signal.SIGSTOP)
            code, words = second(h, name)
            if still:
                h.workers[name].send_signal(signal.SIGCONT)
            equal(code, 1, f"the end of a second {name}")
            demand("another" in words, f"a second {name} does not say why: {words}")
            demand(h.workers[name].poll() is None, f"the first {name} ended")
    print(check(h, [client.finish()], reader, 0))
    h.stop()


second_worker_test.timeout = 90


def supervisor(h, log):
    with open(log, "ab") as file:
        return subprocess.Popen([h.program("cirkel"), "run", "--clock", "--home", h.home], stdin=subprocess.DEVNULL,
                                stdout=file, stderr=file, cwd=h.folder)


def running(log):
    """The last pid of each worker that the supervisor started."""
    with open(log) as file:
        return {name: int(pid) for name, pid in re.findall(r"worker_started .*worker=(\w+) pid=(\d+)", file.read())}


def second_supervisor_test(h):
    h.init(at="2022-03-01T09:00")
    log = os.path.join(h.folder, "run.log")
    first = supervisor(h, log)
    orphans = {}
    try:
        rig.ready(h)
        h.found("net", members=3)
        code, words = second(h, "cirkel", "run")
        equal(code, 1, "the end of a second supervisor")
        demand("another" in words, words)
        # Killed, it leaves its workers; the next one's cannot start beside them, and take over when they go.
        orphans = running(log)
        first.kill()
        first.wait()
        first = supervisor(h, log)
        time.sleep(1.5)
        h.say("preference.set", person="m01", **{"class": "news"}, on=True)
        for pid in orphans.values():
            if lives(pid):
                os.kill(pid, signal.SIGKILL)
        h.until(lambda: all(lives(pid) and pid != orphans[name] for name, pid in running(log).items()),
                "the new workers take over", 30)
        rig.ready(h)
        h.say("preference.set", person="m01", **{"class": "news"}, on=False)
        h.settle()
        h.verify()
        for row in h.ledger():
            equal(row["attempts"] <= 1, True, f"attempts of {row}")
    finally:
        first.send_signal(signal.SIGTERM)
        first.wait(30)
        for pid in orphans.values():
            if lives(pid):
                os.kill(pid, signal.SIGKILL)


second_supervisor_test.timeout = 90
