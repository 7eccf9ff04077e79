"""What was accepted first is applied first, before what fell due meanwhile: nobody pays for our absence."""
from tests.harness.house import equal


def said_in_time_test(h):
    """The scheduler is away while an offer and a poll are answered in time, and a meeting is cancelled."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=4)
    h.call("m1", starts="2022-03-22T09:00", capacity=1)
    h.call("m2", starts="2022-03-11T09:00")
    h.register("m1", "m01", "m02", "m03")
    h.register("m2", "m04")
    h.say("poll.open", poll="q", network="net", question="Q", audience="members", closes="2022-03-04T08:00",
          options=[{"option": "x", "text": "X"}, {"option": "y", "text": "Y"}])
    h.clock("2022-03-02T09:00")
    h.say("registration.cancel", meeting="m1", person="m01")
    h.settle()
    equal(h.states("m1")["m02"], "offered")

    h.kill("scheduler")
    h.set_clock("2022-03-03T23:00")
    said = [h.request({"v": 1, "id": type, "type": type, "wait": "accepted", "body": body}) for type, body in (
        ("registration.accept_offer", {"meeting": "m1", "person": "m02"}),
        ("poll.answer", {"poll": "q", "person": "m03", "option": "x"}),
        ("meeting.cancel", {"meeting": "m2", "reason": "R"}))]
    equal([answer["status"] for answer in said], ["accepted"] * 3)
    h.set_clock("2022-03-04T12:00")  # the offer, the poll and the week before m2 are over
    h.start("scheduler")
    h.settle()
    equal(h.states("m1"), {"m01": "cancelled", "m02": "registered", "m03": "waiting"})
    equal(h.record("poll")["votes"], {"x": 1, "y": 0})
    equal(len(h.letters(rule="meeting-week-before")), 0)
    equal(len(h.letters(rule="registration-offer-lapsed")), 0)
    equal(len(h.letters(rule="meeting-cancelled")), 4)
    h.verify()


def forecast_while_paused_test(h):
    """A forecast ends although nothing leaves."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.say("sending.pause", reason="R")
    h.call("m1", starts="2022-03-22T09:00")
    h.run_cirkel("forecast", "--until", "2022-04-01T09:00")


def orders_said_wrongly_test(h):
    """Whoever says an order wrongly reads how it is said, and whoever gives one that cannot be carried out, why."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.settle()
    letter = h.ledger(state="accepted")[0]["no"]
    for words, code, said in (
            (("pause",), 2, "cirkel pause REASON. See: cirkel help pause"),
            (("pause", "the", "link"), 2, "several words that are one go in quotes"),
            (("settle", letter), 2, "cirkel settle NUMBER sent|not-sent."),
            (("unsuppress", "m01@kommun.example"), 2, "cirkel list suppression"),
            (("forecast", "--until", "--json"), 2, "--until needs an argument (WHEN), and --json is an option"),
            (("withdraw", letter), 3, "The letter is accepted; only one that waits can be withdrawn."),
            (("retry", letter), 3, "only one that failed, was deferred, is held or is of unknown fate is tried again")):
        done = h.run_cirkel(*words, code=code)
        assert said in done + done.errors, (words, done, done.errors)
    for verb in ("why", "pause", "retry", "settle"):
        assert len(h.run_cirkel("help", verb).split("Exit codes")[0].splitlines()) > 8, verb
    h.verify()
