"""Every storage call of every process fails, or is its last: EIO, ENOSPC and SIGKILL at the n-th call for
n = 1, 2, 3 … until a run passes without, recovery included, for every run begins with a kill.

The cases take turns until BUDGET seconds are over; by hand BUDGET=3600 comes to the end of all of them.
"""
import os
import re
import signal
import subprocess
import threading
import time

import msgpack

from tests.crash import rig
from tests.crash.invariants import Reader, check, demand
from tests.harness.house import WORKERS

BUDGET = rig.number("BUDGET", 50)
CALLS = {"scheduler": ("fdatasync", "pwrite64", "writev"), "intake": ("fdatasync", "pwrite64", "fsync"),
         "notifier": ("write", "fsync", "renameat2", "fdatasync")}
KILLED, STORAGE, NOT_STARTED, ABORTED = -signal.SIGKILL, 74, 1, -signal.SIGABRT
QUICK = 5  # seconds from the failure to the end


class Work:
    """Some events, said until they are decided, and what was answered."""

    def __init__(self, house, number):
        person, meeting = f"m{number % 10 + 1:02}", f"m{number % 2 + 1}"
        bodies = [("registration.make", {"meeting": meeting, "person": person}),
                  ("preference.set", {"person": person, "class": "news", "on": True}),
                  ("registration.cancel", {"meeting": meeting, "person": person})]
        self.said = {f"w{number}-{i}": {"v": 1, "id": f"w{number}-{i}", "type": type, "body": body}
                     for i, (type, body) in enumerate(bodies)}
        self.house, self.answers, self.open = house, {}, list(self.said)
        self.door = house.dial("intake")

    def step(self):
        """Says what is open, one after the other, and waits a little."""
        if not self.open:
            return
        self.door.send(msgpack.packb(self.said[self.open[0]]))
        while self.door.poll(300):
            answer = msgpack.unpackb(self.door.recv())
            self.answers.setdefault(answer["id"], []).append(
                {"status": answer["status"], "seq": answer.get("seq", 0), "at": time.time()})
            if answer["status"] in ("applied", "refused"):
                if answer["id"] in self.open:
                    self.open.remove(answer["id"])
                return
            if answer["status"] in ("retry", "unknown"):
                time.sleep(0.05)
                return

    def ledger(self):
        return {"said": self.said, "answers": self.answers, "open": self.open, "unasked": 0}


def run_case(house, number, name, call, what, when):
    """One run; the work, when the call failed and how the process ended (None: it lived on)."""
    house.kill(name)
    trace = rig.traced(house, name, call, what, when)
    process, code, ended, work = house.workers[name], None, None, Work(house, number)
    end, ends = time.monotonic() + 60, []
    threading.Thread(target=lambda: ends.append((process.wait(), time.time())), daemon=True).start()
    while work.open or not is_idle(house):
        demand(time.monotonic() < end, f"{name} {call} {what} {when}: not done: {work.open}")
        if code is None and ends:
            (code, ended), = ends
            del house.workers[name]
            rig.spawn(house, name)
        work.step()
    work.door.close()
    if code is None:  # what is to fail must not fail in another run
        house.kill(name)
        rig.spawn(house, name)
    return work, rig.injected_at(trace), code, ended


def is_idle(house):
    state = house.state(wait=True, patience=0.5)
    return state and state["quiet"]


def judge(case, failed, code, ended):
    """True when the run was clean: the call did not come that often."""
    name, call, what, when = case
    if what == "signal=KILL":
        demand(code in (None, KILLED), f"{case}: ended with {code}")
        return code is None
    if failed is None:
        demand(code is None, f"{case}: ended with {code} though nothing failed")
        return True
    allowed = (None, STORAGE, NOT_STARTED, ABORTED)
    demand(code in allowed, f"{case}: ended with {code}")
    if what == "error=EIO" and name != "notifier":
        demand(code is not None, f"{case}: went on after an EIO")
        demand(ended - failed <= QUICK, f"{case}: ended only after {ended - failed:.2f} s")
    return False


def every_storage_call_test(h):
    rig.begin(h, people=10, meetings=2, in_flight=4, retry_first="1s")
    reader, ledgers, runs, ends = Reader(h), [], 0, {}
    cases = {(name, call, what): 1 for name in WORKERS for call in CALLS[name]
             for what in ("error=EIO", "error=ENOSPC", "signal=KILL")}
    end = time.monotonic() + BUDGET
    while cases and time.monotonic() < end:
        for (name, call, what), when in list(cases.items()):
            if time.monotonic() > end:
                break
            work, failed, code, ended = run_case(h, runs, name, call, what, when)
            runs += 1
            if runs % 20 == 0:
                print(f"{runs} runs, {end - time.monotonic():.0f} s left; {len(cases)} cases go on", flush=True)
            rig.forward(h, 5)
            ledgers.append(work.ledger())
            key = f"{what.split('=')[1]} {'lived on' if code is None else code}"
            if judge((name, call, what, when), failed, code, ended):
                del cases[name, call, what]
            else:
                ends[key] = ends.get(key, 0) + 1
                cases[name, call, what] = when + 1
    demand(ends, "nothing was injected")
    seen = check(h, ledgers, reader, runs * 2, in_flight=4)
    left = {" ".join(case): when for case, when in cases.items()}
    print(f"{runs} runs: {ends}; {seen}; not yet at their end: {left or 'none'}")
    h.stop()


every_storage_call_test.timeout = 90 + BUDGET + BUDGET // 4


TRUSTED = {"scheduler": ("core/data.mdb", "inbox/log."), "intake": ("inbox/log.",), "notifier": ("core/data.mdb",)}


def synced_before_trusted_test(h):
    """Whoever was killed may have left what is to be seen and is not on the disk: each process syncs what it will read
    before it serves, and before the first letter."""
    rig.begin(h, people=5, meetings=1)
    h.kill()
    traces = {name: os.path.join(h.folder, "start-" + name) for name in TRUSTED}
    for name, trace in traces.items():
        rig.spawn(h, name, prefix=["strace", "-f", "-D", "-y", "-qqq", "-o", trace, "-e", "trace=fdatasync,bind,renameat2"])
    rig.ready(h)
    h.settle()
    h.kill()
    for name, trace in traces.items():
        with open(trace, errors="replace") as file:
            calls = file.read().splitlines()
        served = [n for n, call in enumerate(calls) if "intake.ipc" in call or "outgoing/new" in call] or [len(calls)]
        for path in TRUSTED[name]:
            demand(any("fdatasync(" in call and path in call for call in calls[:served[0]]),
                   f"{name} did not sync {path} first: {calls[:served[0]]}")


def supervised_restart_test(h):
    """EIO at run time in each worker in turn: it ends with 74 and the supervisor starts it anew."""
    h.init(at="2022-03-01T09:00")
    log = os.path.join(h.folder, "run.log")
    with open(log, "wb") as file:
        run = subprocess.Popen([h.program("cirkel"), "run", "--clock", "--home", h.home], stdin=subprocess.DEVNULL,
                               stdout=file, stderr=file, cwd=h.folder)
    try:
        rig.ready(h)
        h.found("net", members=2)
        for name in ("intake", "scheduler"):
            pid = pid_of(log, name)
            strace = subprocess.Popen(["strace", "-f", "-qqq", "-p", str(pid), "-o", "/dev/null", "-e", "trace=fdatasync",
                                       "-e", "inject=fdatasync:error=EIO:when=1"])
            h.until(lambda p=pid: all_traced(p), f"{name} is watched")
            began = time.monotonic()
            said = {"v": 1, "id": f"eio-{name}", "type": "preference.set",
                    "body": {"person": "m01", "class": "news", "on": True}}
            first = h.request(said, patience=2)
            demand(not first or first["status"] in ("unknown", "accepted") and
                   (first["status"] == "unknown" or name == "scheduler"), f"after an EIO of {name}: {first}")
            h.until(lambda n=name, p=pid: pid_of(log, n) != p, f"{name} is started anew")
            took = time.monotonic() - began
            strace.wait(30)
            h.say(said["type"], said["body"], id=said["id"])
            print(f"{name}: answered {first and first['status']}, a new one after {took:.1f} s")
        with open(log) as file:
            demand(file.read().count("status=74") == 2, "they did not end with 74")
        h.verify()
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(20)


def all_traced(pid):
    """Whether strace has each of its threads."""
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/status") as file:
                if re.search(r"^TracerPid:\t0$", file.read(), re.M):
                    return False
    except FileNotFoundError:
        pass  # it has met the failure already
    return True


def pid_of(log, name):
    with open(log) as file:
        return int(re.findall(rf"worker_started .*worker={name} pid=(\d+)", file.read())[-1])


