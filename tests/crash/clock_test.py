"""The machine's own clock: not set at boot, jumping and right again, after a sleep. Nothing leaves until it can be
believed, and then it does by itself."""
import datetime
import os
import struct
import time

from tests.crash import rig
from tests.flow.copies_test import holds
from tests.harness.house import ROOT, equal

MINUTES, HOURS, DAYS = 60_000, 3600_000, 86400_000


class Machine:
    """The clock that the programs of a house see, as differences from ours."""

    def __init__(self, h):
        self.h, self.path = h, os.path.join(h.folder, "machine")
        library = os.path.join(h.folder, "machine.so")
        rig.run_or_raise("cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library,
                         f"{ROOT}/tests/crash/machine_clock.c")
        self.wall = self.boot = 0
        self.set_by_network = 1
        self.write()
        h.within = ["env", f"LD_PRELOAD={library}", f"MACHINE_CLOCK={self.path}"]

    def write(self):
        if not os.path.exists(self.path):
            with open(self.path, "wb") as file:
                file.write(bytes(24))
        with open(self.path, "r+b") as file:  # the programs have it mapped
            file.write(struct.pack("=3q", self.wall, self.boot, self.set_by_network))
        self.h.now = round(time.time() * 1000) + self.wall - 2000

    def starts(self, after):
        """Its programs are there; it has run for so long."""
        self.boot = after - time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        self.write()

    def passes(self, span):
        self.wall += span
        self.boot += span
        self.write()


def office(h):
    h.init(trial=False)
    machine = Machine(h)
    h.now = round(time.time() * 1000)
    return machine


def welcomed(h):
    return sorted(letter.row["person"] for letter in h.letters(rule="membership-welcome"))


def office_at_work(h):
    """It runs, and its first letter has left."""
    machine = office(h)
    h.start(clock=False)
    h.found(members=1)
    h.until(lambda: welcomed(h) == ["m01"], "the first letter has left")
    return machine


def not_yet_set_at_boot_test(h):
    """Its battery is dead and it believes in 2034: no plan falls due by that, a start anew is no reason to believe
    it; when the network has set it, all goes on."""
    machine = office_at_work(h)
    h.call("m1", starts=time.strftime("%Y-%m-%dT09:00", time.localtime(time.time() + 10 * 86400)))
    plans = h.records("plan", state="planned")
    h.stop()

    machine.wall, machine.set_by_network = 8 * 365 * DAYS, 0
    machine.starts(after=1 * MINUTES)
    for _ in range(2):
        h.start(clock=False)
        h.until(lambda: "has not been set by the network" in holds(h).get("clock", ""), "it is not believed")
        time.sleep(1.5)
        h.kill()
    equal(h.records("plan", state="planned"), plans, "what is planned")
    machine.wall = 0
    machine.write()
    h.start(clock=False)
    h.join("net", "m02")
    time.sleep(1)
    equal((welcomed(h), list(holds(h))), (["m01"], ["clock"]), "right, but not known to be")
    machine.set_by_network = 1
    machine.write()
    h.until(lambda: not holds(h), "it is believed by itself")
    h.until(lambda: welcomed(h) == ["m01", "m02"], "what waited leaves")
    asked, now = time.time() * 1000, h.state(wait=False)["now"]
    assert asked - 2000 <= now <= time.time() * 1000, "the time is ours"
    h.verify()
    h.stop()


def granted(h, person):
    return datetime.datetime.fromisoformat(h.record("membership", person=person)["granted"]).timestamp()


def said_while_it_is_doubted_test(h):
    """A machine without a battery believes in the past, and another's clock is set back: what they are told meanwhile
    is not dated by that, so that no deadline is met by it and no key forgotten."""
    machine = office_at_work(h)
    h.stop()
    machine.wall, machine.set_by_network = -5 * 365 * DAYS, 0
    machine.starts(after=1 * MINUTES)
    h.start(clock=False)
    h.until(lambda: "has not been set by the network" in holds(h).get("clock", ""), "it is not believed")
    time.sleep(3)  # for intake to hear of it
    h.join("net", "m02")
    assert abs(granted(h, "m02") - time.time()) < 60, "not years ago"

    machine.wall, machine.set_by_network = 0, 1
    machine.write()
    h.until(lambda: not holds(h), "it is believed by itself", 10)
    time.sleep(1.5)
    machine.wall = -1 * DAYS
    machine.write()
    h.until(lambda: "went back" in holds(h).get("clock", ""), "it is doubted", 10)
    time.sleep(3)
    h.join("net", "m03")
    assert abs(granted(h, "m03") - time.time()) < 60, "not yesterday"
    machine.wall = 0
    machine.write()
    time.sleep(1.5)
    h.join("net", "m04")
    assert abs(granted(h, "m04") - time.time()) < 60, "nor tomorrow, when it is right again"
    h.verify()
    h.stop()


def set_back_by_the_network_test(h):
    """It worked a day ahead of the world; then it is started anew and set right: that is no less a clock that went
    back, and somebody looks."""
    machine = office(h)
    machine.wall = 1 * DAYS
    machine.write()
    h.start(clock=False)
    h.found(members=1)
    h.until(lambda: welcomed(h) == ["m01"], "the first letter has left")
    h.stop()

    machine.wall, machine.set_by_network = 0, 0
    machine.starts(after=1 * MINUTES)
    h.start(clock=False)
    h.until(lambda: "has not been set by the network" in holds(h).get("clock", ""), "it is not believed")
    machine.set_by_network = 1
    machine.write()
    h.until(lambda: "went back" in holds(h).get("clock", ""), "what is wrong is said", 10)
    h.join("net", "m02")
    for _ in range(2):
        time.sleep(2)
        equal((welcomed(h), list(holds(h))), (["m01"], ["clock"]), "nothing leaves with tomorrow's date")
        h.kill()
        h.start(clock=False)
    h.run_cirkel("release", "--hold", "--yes")
    h.until(lambda: welcomed(h) == ["m01", "m02"], "somebody has looked", 10)
    h.verify()
    h.stop()


def right_again_by_itself_test(h):
    """It jumps by a day, and is right again: for five minutes it is watched, then believed."""
    machine = office_at_work(h)
    machine.wall += 1 * DAYS
    machine.write()
    h.until(lambda: "jumped forward" in holds(h).get("clock", ""), "it is doubted")
    h.join("net", "m02")
    machine.wall -= 1 * DAYS
    machine.write()
    h.state(wait=False)  # it has looked at it
    machine.passes(4 * MINUTES)
    time.sleep(2.5)
    equal((welcomed(h), list(holds(h))), (["m01"], ["clock"]), "not after four minutes")
    machine.passes(2 * MINUTES)
    h.until(lambda: not holds(h), "it is believed by itself")
    h.until(lambda: welcomed(h) == ["m01", "m02"], "what waited leaves")
    h.verify()
    h.stop()


def slept_test(h):
    """A night's sleep of the machine: what fell due waits until its clock has been watched for five minutes."""
    machine = office_at_work(h)
    machine.passes(9 * HOURS)
    h.until(lambda: "slept for" in holds(h).get("clock", ""), "it is doubted")
    h.join("net", "m02")
    time.sleep(2)
    equal(welcomed(h), ["m01"])
    machine.passes(6 * MINUTES)
    h.until(lambda: not holds(h), "it is believed by itself")
    h.until(lambda: welcomed(h) == ["m01", "m02"], "what waited leaves")
    h.verify()
    h.stop()
