"""Places: fourteen of them, thirty people, sixteen frontends at once."""
import threading

from tests.harness.house import equal


def at_once(clients, work):
    """Each client takes the next piece of work until none is left; results in any order."""
    results, lock, barrier = [], threading.Lock(), threading.Barrier(clients)

    def run(mine):
        barrier.wait()
        for call in mine:
            result = call()
            with lock:
                results.append(result)

    threads = [threading.Thread(target=run, args=(work[i::clients],)) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def capacity_14_with_30_at_once_test(h):
    h.init(at="2022-03-01T09:00")
    h.start()
    members = h.found(members=30)
    h.call("m1", starts="2022-03-22T09:00", capacity=14)

    def make(person):
        return lambda: (h.send("registration.make", id="reg-" + person, meeting="m1", person=person)["seq"], person)

    order = [person for _, person in sorted(at_once(16, [make(person) for person in members]))]
    states = h.states("m1")
    equal(sorted(states.values()), ["registered"] * 14 + ["waiting"] * 16)
    equal({p for p in members if states[p] == "registered"}, set(order[:14]), "the first fourteen have a place")
    queue = sorted(h.records("registration", state="waiting"), key=lambda row: row["queue"])
    equal([row["person"] for row in queue], order[14:], "the waiting list is in the order they came")
    again = h.send("registration.make", id="reg-" + order[14], meeting="m1", person=order[14])
    equal((again["status"], again.get("again")), ("applied", True), "the same key gets the same answer")
    h.refused("already", "registration.make", meeting="m1", person=order[0])

    h.settle()
    equal(len(h.letters(rule="registration-confirmed")), 14)
    equal(len(h.letters(rule="registration-waiting")), 16)

    # One gives the place back: the first in line is offered it, and takes it.
    h.say("registration.cancel", meeting="m1", person=order[0])
    h.settle()
    equal([letter.row["person"] for letter in h.letters(rule="registration-offered")], [order[14]])
    equal(h.letter(rule="registration-cancelled").method, "CANCEL")
    h.refused("already", "registration.make", meeting="m1", person=order[14])
    h.say("registration.accept_offer", meeting="m1", person=order[14])
    equal(h.states("m1")[order[14]], "registered")

    # The next one does not answer: after two days it is offered to the third, who declines; the fourth accepts.
    h.say("registration.cancel", meeting="m1", person=order[1])
    h.clock("2022-03-03T08:59")
    equal(h.states("m1")[order[15]], "offered")
    h.clock("2022-03-03T09:01")
    equal([h.states("m1")[p] for p in order[15:17]], ["lapsed", "offered"])
    equal(h.letter(rule="registration-offer-lapsed").row["person"], order[15])
    h.refused("too-late", "registration.accept_offer", meeting="m1", person=order[15])
    h.say("registration.decline_offer", meeting="m1", person=order[16])
    equal(h.states("m1")[order[17]], "offered")
    h.say("registration.accept_offer", meeting="m1", person=order[17])
    equal(sorted(h.states("m1").values()).count("registered"), 14)

    meeting = h.record("meeting", meeting="m1")
    equal((meeting["registered"], meeting["waiting"]), (14, 12))
    h.verify()


def more_places_for_who_waits_test(h):
    """Capacity is raised: the first in line are offered the new places."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=4)
    h.call("m1", starts="2022-03-22T09:00", capacity=1)
    h.register("m1", "m01", "m02", "m03", "m04")
    h.say("meeting.update", meeting="m1", capacity=3)
    h.settle()
    equal(h.states("m1"), {"m01": "registered", "m02": "offered", "m03": "offered", "m04": "waiting"})
    h.verify()
