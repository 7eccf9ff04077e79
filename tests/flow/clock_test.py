"""A clock that jumps is not believed: time goes on by the boot clock, and nothing leaves, until it is right
again or somebody has looked."""
from tests.flow.copies_test import difference, holds
from tests.harness.house import equal


def jump(h, at):
    h.set_clock(at)
    h.until(lambda: h.state(wait=False, patience=1) and holds(h), "the clock is doubted")


def clock_jump_forward_test(h):
    """Ten years forward: nothing is missed because of it, nothing leaves, and released by nobody but a person
    or a clock that is right."""
    h.init(at="2022-03-01T09:00", clock_guard="trial")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.settle()
    sent = len(h.letters())
    jump(h, "2032-03-01T09:00")
    assert "jumped forward by 365" in holds(h)["clock"], holds(h)
    assert "set the clock right" in h.run_cirkel("queues"), "what ends it"
    seen = difference(h)
    equal((seen["would_go"], seen["undecided"] > 0), (0, True), "by that clock, much would be due")
    assert "reminders besides were due by 2032-03-01" in h.run_cirkel("release", "--hold")
    equal([p["state"] for p in h.records("plan", rule="meeting-week-before")], ["planned"], "no reminder is lost")
    h.say("meeting.move", meeting="m1", starts="2022-03-23T09:00")
    h.until(lambda: len(h.ledger(rule="meeting-moved")) == 2, "the correction is decided")
    equal(len(h.letters()), sent, "letters that left on a clock nobody can trust")
    assert h.record("halt")["since"].startswith("2022-03-01"), h.record("halt")
    h.stop()
    h.start()
    equal(list(holds(h)), ["clock"], "a start anew is no reason to believe it")
    h.set_clock("2022-03-01T09:01")
    h.run_cirkel("release", "--hold", "--yes")
    h.settle()
    equal(holds(h), {})
    equal(len(h.letters(rule="meeting-moved")), 2)
    h.verify()


def clock_jump_back_test(h):
    """A day back: nothing fires twice; small steps are followed without a word."""
    h.init(at="2022-03-15T08:30", clock_guard="trial")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.clock("2022-03-15T09:00")
    equal(len(h.letters(rule="meeting-week-before")), 2)
    h.clock("2022-03-15T09:25")
    h.set_clock("2022-03-15T09:22")
    equal(holds(h), {}, "three minutes back are followed")
    jump(h, "2022-03-14T08:00")
    assert "went back" in holds(h)["clock"], holds(h)
    h.run_cirkel("release", "--hold", "--yes", "the clock was wrong before")
    h.until(lambda: not holds(h), "it is released")
    h.set_clock("2022-03-14T08:59")
    h.set_clock("2022-03-14T09:55")
    equal(len(h.letters(rule="meeting-week-before")), 2, "nobody is reminded twice")
    h.verify()
