"""kill -9 in the middle of a story leaves the same ledger as no kill at all."""
import signal

from tests.harness.house import WORKERS, equal

STORY = [  # (at, type, body)
    ("2022-03-02T09:00", "meeting.plan", {
        "meeting": "m1", "network": "net", "kind": "network", "title": {"sv": "Träff"}, "starts": "2022-03-22T09:00",
        "minutes": 90, "mode": "video", "link": "https://video.example/m1", "audience": "members", "capacity": 3,
        "registration_closes": "2022-03-20T12:00"}),
    ("2022-03-02T09:05", "meeting.call", {"meeting": "m1"}),
    ("2022-03-03T09:00", "registration.make", {"meeting": "m1", "person": "m01"}),
    ("2022-03-03T09:01", "registration.make", {"meeting": "m1", "person": "m02"}),
    ("2022-03-03T09:02", "registration.make", {"meeting": "m1", "person": "m03"}),
    ("2022-03-03T09:03", "registration.make", {"meeting": "m1", "person": "m04"}),
    ("2022-03-16T09:00", "registration.cancel", {"meeting": "m1", "person": "m01"}),
    ("2022-03-16T10:00", "meeting.move", {"meeting": "m1", "starts": "2022-03-24T13:00"}),
    ("2022-03-24T18:00", "meeting.record", {"meeting": "m1"}),
]


def tell(house, victim):
    """The story; the victim dies right after each third message, while its letters are under way."""
    house.init(at="2022-03-01T09:00")
    house.start()
    house.found(members=6)
    for number, (at, type, body) in enumerate(STORY):
        house.clock(at)
        answer = house.request({"v": 1, "id": f"story-{number}", "type": type, "body": body})
        if victim and number % 3 == 1:
            house.kill(victim)
            house.start(victim)
        if answer is None or answer["status"] != "applied":
            house.say(type, body, id=f"story-{number}")
    house.clock("2022-03-25T09:00")
    house.verify()
    rows = [tuple(row.get(name) for name in ("rule", "about_kind", "about", "person", "due", "state", "reason"))
            for row in house.ledger()]
    letters = sorted((letter.row["rule"], letter.row["about"], letter.to) for letter in house.letters())
    house.stop()
    return sorted(rows, key=str), letters


def kill_each_worker_test(h):
    rows, letters = tell(h.another("calm"), None)
    assert len(rows) > 30, len(rows)
    for victim in WORKERS:
        killed_rows, killed_letters = tell(h.another(victim), victim)
        equal(killed_rows, rows, f"the ledger after {victim} was killed")
        equal(killed_letters, letters, f"the letters after {victim} was killed")


kill_each_worker_test.timeout = 300


def taken_back_while_under_way_test(h):
    """A letter is with the notifier when its reason goes away: it does not leave, and nobody waits for it."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.workers["notifier"].send_signal(signal.SIGSTOP)
    h.register("m1", "m01", "m02")
    h.say("registration.cancel", meeting="m1", person="m01")
    h.workers["notifier"].send_signal(signal.SIGCONT)
    h.settle()
    equal([letter.row["person"] for letter in h.letters(rule="registration-confirmed")], ["m02"])
    equal([row["state"] for row in h.ledger(rule="registration-confirmed")], ["superseded", "accepted"])
    h.verify()
