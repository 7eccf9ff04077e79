"""kill -9 at any moment, in any process, under load: nothing answered is lost, nothing happens twice.

N=500 (cycles) and SEED=… (of the run to repeat) come from the environment.
"""
import random
import time

from tests.crash import rig
from tests.crash.invariants import Reader, check, demand, fault_points
from tests.crash.ledger_client import Client
from tests.harness.house import ROOT, WORKERS

CYCLES = rig.number("N", 25)
SELDOM = ("scheduler.before_tidy",)  # visited at the start, and then every ten seconds


def random_kill_test(h):
    seed = rig.seeded("random_kill_test")
    r = random.Random(seed)
    rig.begin(h)
    client, reader, kills = Client(h, seed), Reader(h, seed), 0
    for cycle in range(CYCLES):
        rig.progress(cycle, CYCLES)
        time.sleep(r.uniform(0.02, 0.6))
        victims = r.sample(WORKERS, r.choices([1, 2, 3], [8, 1, 1])[0])
        h.kill(*victims)
        kills += len(victims)
        rig.forward(h, r.choice([0, 1, 30, 24 * 60 / CYCLES]))
        if r.random() < 0.3:
            time.sleep(r.uniform(0, 0.3))
        for name in r.sample(victims, len(victims)):
            rig.spawn(h, name)
        reader.look()
    rig.ready(h)
    seen = check(h, [client.finish()], reader, kills)
    print(f"{CYCLES} cycles, {kills} kills: {seen}")
    h.stop()


random_kill_test.timeout = 90 + 2 * CYCLES


def who_visits(point):
    """The processes that pass a fault point."""
    first = point.split(".")[0]
    return [first] if first in WORKERS else [{"store": "scheduler", "journal": "intake"}[first]]


def fault_point_test(h):
    """Every fault point, killed at the first and at the third visit; one letter in flight, so that what a
    kill may cost is exact: nothing before the arm, one attempt after it."""
    seed = rig.seeded("fault_point_test")
    rig.begin(h, in_flight=1)
    client, reader, kills, extra = Client(h, seed, rate=15), Reader(h, seed), 0, 0
    points = fault_points(ROOT)
    demand(len(points) >= 15, f"only {len(points)} fault points: {points}")
    for point in points:
        for visit in (1,) if point in SELDOM else (1, 3):
            for name in who_visits(point):
                h.kill(name)
                rig.spawn(h, name, env=rig.faults(h, name, f"{point} {visit} kill"))
                code = rig.wait_end(h, name, 60)
                demand(code == -9, f"{point} was not visited {visit} times by {name} ({code})")
                rig.spawn(h, name)
                kills += 2
                reader.look()
    rig.ready(h)
    seen = check(h, [client.finish()], reader, kills, in_flight=1)
    print(f"{len(points)} points, {kills} kills: {seen}")
    h.stop()


fault_point_test.timeout = 240


def first_start_test(h):
    """The very first start of an empty home, killed at each of its first commits, in each process."""
    seed = rig.seeded("first_start_test")
    for number, (name, point, visit) in enumerate(
            [(name, point, visit) for name, points in (
                ("scheduler", ("store.before_commit", "store.after_commit")),
                ("intake", ("journal.before_sync", "journal.after_sync"))) for point in points for visit in (1, 2)] +
            [("scheduler", "scheduler.before_commit", 1), ("notifier", "notifier.hint", 1)]):
        house = h.another(f"empty{number}")
        house.init(at="2022-03-01T09:00", in_flight=1)
        for other in WORKERS:
            rig.spawn(house, other, env=rig.faults(house, name, f"{point} {visit} kill") if other == name else None)
        client = Client(house, seed, rate=30)
        code = rig.wait_end(house, name, 60)
        demand(code == -9, f"{name} did not come to the visit {visit} of {point}: {code}")
        rig.spawn(house, name)
        rig.ready(house)
        rig.fill(house, people=3, meetings=1)
        check(house, [client.finish()], Reader(house), 1, in_flight=1)
        house.stop()


first_start_test.timeout = 180


def hints_dropped_test(h):
    """Frames between the processes are lost: half of all, then all of intake's for good."""
    seed = rig.seeded("hints_dropped_test")
    rig.begin(h, people=10, meetings=2)
    h.settle()  # or the first letters are armed when their notifier is killed, and leave twice
    h.kill()
    for name in WORKERS:
        rig.spawn(h, name, env=rig.faults(h, name, f"{name}.hint 50 drop"))
    client, reader = Client(h, seed, rate=30), Reader(h, seed)
    time.sleep(2)
    ledger = client.finish()
    end = time.monotonic() + 60
    while [r for r in h.ledger() if r["state"] in ("queued", "armed", "deferred")]:
        demand(time.monotonic() < end, "letters do not leave")
        time.sleep(0.5)
    seen = check(h, [ledger], reader, 0)
    print(f"half of the hints: {seen}")
    h.kill("intake")
    rig.spawn(h, "intake", env=rig.faults(h, "intake", "intake.hint 100 drop"))
    rig.ready(h)
    tooks = []
    for i in range(5):
        door_id = f"deaf-{i}"
        answer = h.request({"v": 1, "id": door_id, "type": "preference.set", "wait": "accepted",
                            "body": {"person": "m01", "class": "news", "on": True}})
        demand(answer["status"] == "accepted", answer)
        began = time.monotonic()
        h.until(lambda i=door_id: any(d["id"] == i for d in h.records("decision")), "it is applied without a hint")
        tooks.append(time.monotonic() - began)
    demand(min(tooks) < 1.5, f"applied only after {tooks} s")  # each waits for the same look, and we are late sometimes
    h.verify()
    h.stop()


hints_dropped_test.timeout = 150


def stopped_for_seconds_test(h):
    """Each process stands still for seconds and goes on: fenced, late, but nothing twice."""
    seed = rig.seeded("stopped_for_seconds_test")
    r = random.Random(seed)
    rig.begin(h, lease="1s")
    h.settle()
    client, reader = Client(h, seed, rate=60), Reader(h, seed)
    for name in WORKERS:
        time.sleep(r.uniform(0.1, 0.5))
        rig.pause(h.workers[name], r.uniform(2.5, 4) if name != "notifier" else 7)  # beyond lease and silence
        rig.forward(h, 60)
        reader.look()
    seen = check(h, [client.finish()], reader, len(WORKERS))
    print(f"stopped each: {seen}")
    h.stop()


stopped_for_seconds_test.timeout = 120
