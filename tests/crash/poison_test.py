"""Events that make the scheduler fall each time it touches them: set aside after a few falls, the rest goes on."""
import time

from tests.crash import rig
from tests.crash.invariants import demand
from tests.harness.house import equal

COUNT, POISON = 60, (5, 17, 18, 40, 59)  # of the events said, these
FALLS = 3  # and it is set aside


def poison_test(h):
    rig.begin(h, people=30, meetings=1)
    h.settle()
    first = h.state()["position"] + 1
    poison = [first + i for i in POISON]
    h.kill("scheduler")
    env = rig.faults(h, "scheduler", *[f"scheduler.event.{seq} {visit} abort" for seq in poison for visit in (1,)])
    events = [{"v": 1, "id": f"p-{i}", "type": "person.register", "wait": "accepted",
               "body": {"person": f"p{i:02}", "name": "P", "email": f"p{i}@p.example", "language": "da"}}
              for i in range(COUNT)]
    answers = h.request(events)
    equal([a["seq"] for a in answers], list(range(first, first + COUNT)), "numbers of the events")
    began, falls = time.monotonic(), []
    rig.spawn(h, "scheduler", env=env)
    while True:
        code = h.workers["scheduler"].poll()
        if code is not None:
            equal(code, -6, "how the scheduler ended")
            falls.append(time.monotonic() - began)
            rig.spawn(h, "scheduler", env=env)
        state = h.state(wait=True, patience=0.3)
        if state and state["quiet"]:
            break
        demand(time.monotonic() - began < 100, f"not done after {len(falls)} falls")
    took = time.monotonic() - began
    equal(len(falls), FALLS * len(POISON), f"falls over {len(POISON)} events")
    demand(took < 12 * len(POISON), f"all stood still for {took:.1f} s")
    decided = {d["seq"]: d["status"] for d in h.records("decision")}
    equal([decided[first + i] for i in range(COUNT)],
          ["quarantined" if i in POISON else "applied" for i in range(COUNT)], "what became of them")
    demand(f"{len(POISON)} quarantined" in h.run_cirkel("queues"), "queues does not show them")
    equal(sorted(q["seq"] for q in h.records("quarantine")), poison)
    again = h.request({**events[POISON[0]], "wait": None})
    equal(again["status"], "accepted", "the answer about one that was set aside")
    h.verify()
    print(f"{len(POISON)} poisoned events: {len(falls)} falls, {took:.1f} s; the other {COUNT - len(POISON)} applied")
    h.stop()


poison_test.timeout = 150


def full_disk_is_no_poison_test(h):
    """After an unclean start a disk without room makes us try an event again and again: that is no fall."""
    rig.begin(h, people=3, meetings=1)
    h.settle()
    h.kill("scheduler")
    said = {"v": 1, "id": "late", "type": "person.register", "wait": "accepted",
            "body": {"person": "late", "name": "L", "email": "l@l.example", "language": "da"}}
    equal(h.request(said)["status"], "accepted")
    # The first commits are the start, the inbox and the mark; those after it have no room for seconds.
    rig.spawn(h, "scheduler", env=rig.faults(h, "scheduler", *[f"store.before_commit {n} enospc" for n in range(3, 9)]))
    h.settle()
    equal([d["status"] for d in h.records("decision") if d["id"] == "late"], ["applied"])
    with open(f"{h.folder}/scheduler.log") as log:
        demand("out_of_space" in log.read(), "there was room all the time")
    h.verify()
    h.stop()


full_disk_is_no_poison_test.timeout = 90


def tidying_fails_test(h):
    """What nobody waits for fails, too, when the storage does: it ends at once, and says why."""
    rig.begin(h, people=1, meetings=1)
    h.settle()
    h.kill("scheduler")
    rig.spawn(h, "scheduler", env=rig.faults(h, "scheduler", "scheduler.before_tidy 1 eio"))
    equal(h.workers["scheduler"].wait(30), 74, "how the scheduler ended")
    with open(f"{h.folder}/scheduler.log") as log:
        demand("doing=tidying inputs" in log.read().replace(chr(34), ""), "it ended without a word")
    rig.spawn(h, "scheduler")
    h.settle()
    h.verify()
    h.stop()
