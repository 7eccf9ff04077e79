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
