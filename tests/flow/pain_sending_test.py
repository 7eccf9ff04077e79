"""What goes wrong with the truth of sending elsewhere (9 to 16): skipped, repeated, unexplained, hanging."""
import collections
import csv
import io
import os
import threading
import time

from tests.flow.pain import begin, people
from tests.harness.house import equal
from tests.harness.relay import Relay, slow

NAMES = [f"m{n:02}" for n in range(1, 61)]


def begin_by_mail(h, relay, members=0, **settings):
    begin(h, members=members, **{
        "channel": "smtp", "smtp_host": relay.host, "smtp_port": relay.port, "smtp_ca_file": relay.ca,
        "smtp_hello": "cirkel.example", "smtp_pause": "0s", "smtp_connections": 4, **settings})


def copies_of(h, relay, **filter):
    """Person to how many copies of that letter the mail server has."""
    return {row["person"]: relay.copies(row["message_id"]) for row in h.ledger(**filter)}


def call_and_wait(h, meeting, n):
    """Called, and n letters are with the mail server or beyond; not waiting for the rest."""
    h.plan(meeting, starts="2022-03-22T09:00")
    h.say("meeting.call", meeting=meeting)
    h.until(lambda: len([r for r in h.ledger(rule="meeting-invitation") if r["state"] == "accepted"]) >= n,
            f"{n} invitations have left")


def pain_09_crash_in_the_middle_test(h):
    """Every process is killed while sixty letters go out: nobody is skipped, and "all sent" is what the rows say."""
    relay = Relay(h.folder)
    begin_by_mail(h, relay, members=60, lease="1s")
    relay.always("mail", slow(1))
    call_and_wait(h, "m1", 6)
    for victim in ("notifier", "scheduler", "intake"):
        left = h.ledger(rule="meeting-invitation", state="accepted")
        assert len(left) < 60, "all is over before the kill"
        h.kill(victim)
        h.start(victim)
    relay.usual("mail")
    h.clock("2022-03-01T09:30")
    rows = h.records("ledger", rule="meeting-invitation")
    equal(collections.Counter(row["state"] for row in rows), {"accepted": 60})
    copies = copies_of(h, relay, rule="meeting-invitation")
    equal(sorted(copies), NAMES)
    equal(min(copies.values()), 1)
    for row in rows:
        assert copies[row["person"]] <= 1 + row.get("resends", 0), f"a copy the ledger knows nothing of: {row}"
    h.verify()


def pain_10_pause_and_resume_test(h):
    """Paused in the middle: at once nothing more leaves; resumed, nobody gets it again."""
    relay = Relay(h.folder)
    begin_by_mail(h, relay, members=60, smtp_connections=2)
    relay.always("mail", slow(0.5))
    call_and_wait(h, "m1", 5)
    h.set_clock("2022-03-01T09:01")
    h.run_cirkel("pause", "the wrong link")
    relay.usual("mail")
    open_rows = [row for row in h.ledger(rule="meeting-invitation") if row["state"] != "accepted"]
    assert len(open_rows) > 20, "too late to see anything"
    h.settle()
    left = len(h.ledger(rule="meeting-invitation", state="accepted"))
    assert left <= 60 - len(open_rows) + 2, "more left than what was on the two connections"
    h.clock("2022-03-01T12:00")
    equal(len(h.ledger(rule="meeting-invitation", state="accepted")), left, "letters that left while paused")
    h.run_cirkel("resume")
    h.clock("2022-03-01T13:00")
    equal(copies_of(h, relay, rule="meeting-invitation"), dict.fromkeys(NAMES, 1))
    h.verify()


def pain_11_who_received_it_test(h):
    """A row for everyone considered, with a reason for everyone who got nothing, and one command to explain it."""
    relay = Relay(h.folder)
    begin_by_mail(h, relay, members=6)
    h.say("person.protect", person="m02", on=True)
    h.say("person.restrict", person="m03", on=True)
    relay.on["rcpt"] = lambda session: "550 5.1.1 nobody here" if b"m04@" in session.line else None
    h.call("m1", starts="2022-03-22T09:00")
    h.say("registration.answer", meeting="m1", person="m05", answer="no")
    h.register("m1", "m01", "m06")
    h.clock("2022-03-21T12:00")
    equal({row["person"]: row["state"] for row in h.ledger(rule="meeting-invitation")},
          {"m01": "accepted", "m02": "suppressed", "m03": "suppressed", "m04": "failed", "m05": "accepted",
           "m06": "accepted"})
    for state in ("suppressed", "failed"):
        for row in h.ledger(rule="meeting-invitation", state=state):
            assert row.get("reason") or row.get("reply"), row
    for person, words in (("m02", "protected"), ("m03", "restricted"), ("m04", "550 5.1.1 nobody here"),
                          ("m06", "accepted")):
        said = h.run_cirkel("why", person, "m1")
        assert words in said, (person, said)
    # And all of it as a table that anyone can open: who, what, what became of it, and why.
    rows = [row for row in csv.DictReader(io.StringIO(h.run_cirkel("export", "ledger")))
            if row["rule"] == "meeting-invitation"]
    equal({row["person"]: row["state"] for row in rows},
          {row["person"]: row["state"] for row in h.ledger(rule="meeting-invitation")})
    equal({row["person"] for row in rows if row["state"] != "accepted" and not row["reason"] + row["reply"]}, set())
    h.verify()


def pain_13_delivered_twice_test(h):
    """A message that comes twice, an answer that is lost, a lease that ran out: one row and one copy a person."""
    relay = Relay(h.folder)
    begin_by_mail(h, relay, members=20, lease="1s")
    body = {"meeting": "m1", "network": "net", "kind": "network", "title": "Träff", "starts": "2022-03-22T09:00",
            "minutes": 90, "mode": "video", "link": "https://video.example/m1", "audience": "members"}
    for type, body, id in (("meeting.plan", body, "once"), ("meeting.call", {"meeting": "m1"}, "twice")):
        said = {"v": 1, "id": id, "type": type, "body": body}
        answers, threads = [], []
        for _ in range(8):
            threads.append(threading.Thread(target=lambda: answers.append(h.request(said))))
            threads[-1].start()
        for thread in threads:
            thread.join()
        equal(len({answer["seq"] for answer in answers}), 1, "events made of one key")
    h.settle()
    equal(copies_of(h, relay, rule="meeting-invitation"), dict.fromkeys(NAMES[:20], 1))
    equal(len(h.records("fact", type="meeting.called")), 1)
    # The scheduler dies while the mail server thinks, and is back when the lease is long over.
    back = threading.Event()
    relay.on["dot"] = lambda session: back.wait(60) and None
    h.register("m1", "m01", "m02")
    h.until(lambda: len(h.ledger(rule="registration-confirmed", state="armed")) == 2, "both are armed")
    h.kill("scheduler")
    time.sleep(2)
    h.start("scheduler")
    time.sleep(1)
    back.set()
    h.settle()
    rows = h.records("ledger", rule="registration-confirmed")
    equal([(row["state"], row.get("resends", 0), relay.copies(row["message_id"])) for row in rows],
          [("accepted", 0, 1)] * 2)
    h.verify()


def pain_16_erased_in_the_middle_test(h):
    """A recipient is erased while her letter waits: it ends with that reason, and the others get theirs."""
    begin(h, members=5)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02", "m03")
    h.settle()
    h.stop("notifier")
    h.clock("2022-03-15T10:00", quiet=False)
    h.until(lambda: len(h.ledger(rule="meeting-week-before")) == 3, "the letters wait")
    h.say("person.erase", person="m02")
    before = set(os.listdir(h.path("outgoing/new")))
    h.start("notifier")
    h.clock("2022-03-22T12:00")
    equal({row["person"]: row["state"] for row in h.ledger(rule="meeting-week-before")},
          {"m01": "accepted", "m02": "suppressed", "m03": "accepted"})
    row, = h.ledger(rule="meeting-week-before", person="m02")
    assert "erased" in row["reason"], row
    equal(people(h.letters(rule="meeting-day-before")), ["m01", "m03"])
    later = set(os.listdir(h.path("outgoing/new"))) - before
    assert len(later) >= 4, later
    for name in later:
        with open(h.path("outgoing/new", name)) as file:
            assert "m02@" not in file.read(), "a letter to her after she was erased"
    h.verify()
