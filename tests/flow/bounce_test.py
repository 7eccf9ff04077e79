"""Mail that comes back: what it settles, which addresses it suppresses, what only a person can read."""
import email
import email.policy
import json
import os
import random
import re
import signal
import time

from tests.flow.smtp_test import begin, log_of, restart, row_of, send
from tests.harness.house import ROOT, equal
from tests.harness.relay import RESET, Relay

OURS = "<abcdefghijklmnopqrstuvwxyz@cirkel.example>"  # the letter in the samples
STRANGER = "anna@kommun.example"


def sample(name, row, to=None):
    """A message of tests/data/mail, as if it were about this letter."""
    with open(os.path.join(ROOT, "tests/data/mail", name + ".eml"), encoding="utf-8") as file:
        text = file.read()
    text = text.replace(OURS, row["message_id"]).replace(STRANGER, row.get("address") or STRANGER)
    return text.replace("office@cirkel.example", to) if to else text


def maildir(h, *parts):
    return h.path("incoming", *parts)


def drop(h, text, name=None):
    """As a mail server delivers it."""
    name = name or f"{time.time_ns()}.{random.randrange(1 << 30)}.mx"
    with open(maildir(h, "tmp", name), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(maildir(h, "tmp", name), maildir(h, "new", name))
    return name


def read(h, name):
    """When it is dealt with: "cur" or "unread"."""
    def where():
        if name in os.listdir(maildir(h, ".unread", "new")):
            return "unread"
        return "cur" if name + ":2,S" in os.listdir(maildir(h, "cur")) else None
    h.until(where, f"{name} is read")
    return where()


def come_back(h, *texts):
    """Lets messages arrive, one after the other; where each of them went."""
    return [read(h, drop(h, text)) for text in texts]


def lose(h, relay, person):
    """A letter whose answer was lost, and which is not sent again by itself."""
    relay.at("dot", RESET)
    row, = send(h, person)
    equal(row["state"], "unknown")
    return row


def queues(h):
    return json.loads(h.run_cirkel("queues", "--json"))


def begin_quietly(h, relay, **settings):
    begin(h, relay, unknown_resends=0, **settings)
    h.until(lambda: os.path.isdir(maildir(h, ".unread", "new")), "the Maildir is there")


def unknown_settled_by_mail_test(h):
    """A letter of unknown fate is settled by whatever comes back under its Message-ID; accepted is not delivered."""
    relay = Relay(h.folder)
    begin_quietly(h, relay)
    for person, name, state, report, where in (
            ("anna", "postfix-delivered", "accepted", "delivered", "cur"),
            ("bo", "postfix-relayed", "accepted", "relayed", "cur"),
            ("carl", "postfix-delayed", "accepted", "delayed", "cur"),
            ("dora", "gmail-unknown", "failed", "hard", "cur"),
            ("eva", "exchange-full", "failed", "soft", "cur"),
            ("finn", "away-exchange-da", "accepted", "answered", "cur"),
            ("greta", "answer-sv", "accepted", "answered", "unread")):
        row = lose(h, relay, person)
        equal(come_back(h, sample(name, row)), [where], name)
        row = row_of(h, person)
        equal((row["state"], row["report"]), (state, report), name)
        equal("delivered" in row, report in ("delivered", "answered"), name)
        why = h.run_cirkel("why", person)
        assert f"Of letter {row['no']} a mail server reported" in why, why
    anna, = h.ledger("--person", "anna", rule="membership-welcome")
    equal((anna["report"], anna["report_status"], "settled" in anna), ("delivered", "2.0.0", False))
    assert anna["delivered"] == anna["reported"], anna
    equal(queues(h)["outbox"]["smtp"]["unknown"], 0)
    equal(queues(h)["addresses"]["mail_unread"], 1)  # a person's answer is for a person
    # Once it is known, an automatic answer is nothing to write down.
    before = len(h.records("decision"))
    equal(come_back(h, sample("away-vacation-sv", row_of(h, "anna"))), ["cur"])
    equal(len(h.records("decision")), before)
    for secret in ("kommun.example", "semester"):
        assert secret not in log_of(h), secret
    h.verify()


def settled_by_hand_test(h):
    """A person says what became of it: once or twice, in words that are understood, and why tells it."""
    relay = Relay(h.folder)
    begin_quietly(h, relay)
    row = lose(h, relay, "anna")
    assert "cirkel settle NUMBER sent|not-sent" in h.run_cirkel("queues")
    for _ in range(2):
        assert "applied" in h.run_cirkel("settle", row["no"], "sent")
    equal(row_of(h, "anna")["state"], "accepted")
    assert "its fate is known" in h.run_cirkel("settle", row["no"], "not-sent", code=3)
    assert "a person said: sent" in h.run_cirkel("why", "anna")
    equal([row.get("settled") for row in h.ledger("--person", "anna")], ["sent"])
    row = lose(h, relay, "bo")
    h.run_cirkel("settle", row["no"], "not-sent")
    h.until(lambda: row_of(h, "bo")["state"] == "accepted", "it went again")
    equal(relay.copies(row["message_id"]), 2)
    assert "There is no delivery 99999" in h.run_cirkel("settle", 99999, "sent", code=3)
    assert "must be one of sent, not-sent" in h.run_cirkel("settle", row["no"], "perhaps", code=3)
    assert "no number of the ledger" in h.run_cirkel("settle", "anna", "sent", code=2).errors
    h.verify()


def pain_12_suppressed_quietly_test(h):
    """An address that was refused for good is left alone: a quiet end with a reason, and a line for the office."""
    relay = Relay(h.folder)
    begin_quietly(h, relay)
    relay.at("rcpt", "550 5.1.1 no such user")
    equal(send(h, "anna")[0]["state"], "failed")
    send(h, "bo")
    for number in range(5):
        h.call(f"m{number}", starts="2022-04-05T09:00")
    h.settle()
    rows = h.records("ledger", person="anna", rule="meeting-invitation")
    equal([(row["state"], row["reason"], row.get("attempts")) for row in rows],
          [("suppressed", "the address was refused for good", None)] * 5)
    equal(len(relay.to("anna@kommun.example")), 0)
    equal(len(relay.to("bo@kommun.example")), 6)
    addresses = queues(h)["addresses"]
    equal((addresses["suppressed"]["hard"], addresses["without"], addresses["no_address_for"]), (1, 1, ["anna"]))
    said = h.run_cirkel("queues")
    assert "NO ADDRESS WORKS for anna" in said and "@" not in said, said
    equal(h.record("suppression")["unsent"], 5)
    assert "anna@" not in h.run_cirkel("list", "suppression", "--json")
    assert "refused for good" in h.run_cirkel("why", "anna")
    # The address is suppressed, not she: a new one starts clean.
    h.say("person.update", person="anna", email="anna@new.example")
    h.call("n1", starts="2022-04-05T09:00")
    h.settle()
    equal(len(relay.to("anna@new.example")), 1)
    equal(queues(h)["addresses"]["no_address_for"], [])
    h.verify()


def said_twice_by_mail_test(h):
    """The same report three times, under other names, with the notifier killed in between: it counts once."""
    relay = Relay(h.folder)
    begin_quietly(h, relay)
    row, = send(h, "anna")
    text = sample("postfix-full", row)
    equal(come_back(h, text), ["cur"])
    before = len(h.records("decision"))
    equal(come_back(h, text), ["cur"])
    for _ in range(3):
        drop(h, text)
        h.kill("notifier")
        restart(h)
    h.until(lambda: not os.listdir(maildir(h, "new")), "all are read")
    equal(len(h.records("decision")), before)
    # While nobody can be told, it lies where it was; then it is told.
    other, = send(h, "bo")
    h.kill("intake")
    name = drop(h, sample("postfix-delivered", other))
    time.sleep(1.5)
    assert name in os.listdir(maildir(h, "new")), os.listdir(maildir(h, "cur"))
    h.start("intake")
    equal((read(h, name), row_of(h, "bo")["report"]), ("cur", "delivered"))
    equal([(s["state"], s["soft"]) for s in h.records("suppression")], [("watched", 1)])
    equal(row_of(h, "anna")["state"], "failed")
    equal(len(os.listdir(maildir(h, "cur"))), 6)  # nothing is lost, either
    h.verify()


def pain_15_bounces_both_ways_test(h):
    """Hard, soft, complaint and automatic answer are four things; each ends, and lifting it stands in the books."""
    relay = Relay(h.folder)
    begin_quietly(h, relay, soft_bounces=2, soft_holds="10d")
    h.clock("2022-03-02T09:00")
    hard, soft, cross, away = send(h, "hard", "soft", "cross", "away")
    equal(come_back(h, sample("exim-unknown", hard), sample("gmail-over-quota", soft), sample("complaint", cross),
                    sample("away-vacation-sv", away)), ["cur"] * 4)
    states = {row["person"]: (row["state"], row["cause"]) for row in h.records("suppression")}
    equal(states, {"hard": ("suppressed", "hard"), "soft": ("watched", "soft"), "cross": ("suppressed", "complaint")})
    h.call("m1", starts="2022-05-05T09:00")
    h.settle()
    invited = {row["person"]: row for row in h.records("ledger", rule="meeting-invitation")}
    equal({p: invited[p]["state"] for p in states}, {"hard": "suppressed", "soft": "accepted", "cross": "accepted"})
    equal(come_back(h, sample("postfix-delayed", invited["soft"])), ["cur"])  # the second one
    h.say("poll.open", poll="p1", network="net", question={"sv": "När?"}, audience="members",
          closes="2022-03-20T09:00", options=[{"option": o, "text": {"sv": o}} for o in "ab"])
    h.settle()
    asked = {row["person"]: (row["state"], row.get("reason")) for row in h.records("ledger", rule="poll-opened")}
    equal({p: asked[p] for p in (*states, "away")}, {
        "hard": ("suppressed", "the address was refused for good"),
        "soft": ("suppressed", "the address could not be reached again and again"),
        "cross": ("suppressed", "complained of our news"), "away": ("accepted", None)})
    # What may pass is tried again after a while; the rest waits for somebody who knows better.
    h.clock("2022-03-13T09:00")
    equal({row["person"]: row["state"] for row in h.records("suppression")},
          {"hard": "suppressed", "soft": "lifted", "cross": "suppressed"})
    assert "applied" in h.run_cirkel("unsuppress", "hard", "she mended it")
    assert "lifted before" in h.run_cirkel("unsuppress", "hard", code=3)
    assert "no suppression nobody" in h.run_cirkel("unsuppress", "nobody", code=3)
    lifted = h.record("suppression", person="hard")
    equal((lifted["state"], lifted["note"]), ("lifted", "she mended it"))
    book = [row for row in h.records("decision", type="suppression.lift") if row["status"] == "applied"]
    equal([row["about"] for row in book], [lifted["suppression"]])
    h.run_cirkel("unsuppress", h.record("suppression", person="cross")["suppression"])
    h.call("m2", starts="2022-05-05T09:00")
    h.settle()
    equal({row["state"] for row in h.records("ledger", about="m2", rule="meeting-invitation")}, {"accepted"})
    h.verify()


def erased_while_it_leaves_test(h):
    """Somebody is erased in the middle of a mailing: her letters end as that, everybody else's go, nothing hangs."""
    relay = Relay(h.folder)
    begin_quietly(h, relay, smtp_connections=1)
    people = ["anna", "bo", "carl"]
    send(h, *people)
    told, = h.records("ledger", person="anna")
    h.say("sending.pause", reason="a look first")
    h.call("m1", starts="2022-04-05T09:00")
    h.call("m2", starts="2022-04-05T09:00")
    equal({row["state"] for row in h.records("ledger", rule="meeting-invitation")}, {"queued"})
    h.say("person.erase", person="anna")
    h.say("sending.resume")
    h.settle()
    ends = {(row["person"], row["state"], row.get("reason")) for row in h.records("ledger", rule="meeting-invitation")}
    equal(ends, {("anna", "suppressed", "the person was erased"), ("bo", "accepted", None), ("carl", "accepted", None)})
    equal(h.state()["open"], 0)
    equal(len(relay.to("anna@kommun.example")), 1)
    # Also while it is under way: erased between the arm and the answer.
    relay.on["dot"] = lambda session: erase_once(h)
    h.call("m3", starts="2022-04-05T09:00")
    h.settle()
    equal({(row["person"], row["state"]) for row in h.records("ledger", about="m3", rule="meeting-invitation")} &
          {("bo", "queued"), ("bo", "deferred"), ("bo", "armed"), ("carl", "queued")}, set())
    equal(h.state()["open"], 0)
    # And what comes back of her letters tells nothing of her any more.
    text = sample("postfix-unknown", {**told, "address": "anna@kommun.example"})
    equal(come_back(h, text), ["cur"])
    row, = [row for row in h.records("ledger", person="anna") if row["no"] == told["no"]]
    equal((row["report"], row.get("reply"), row.get("address")), ("soft", None, None))  # an address we do not know
    equal(h.records("suppression"), [])
    h.verify()


def erase_once(h):
    h.send("person.erase", person="carl", id="erase-carl")


def pain_18_one_click_both_ways_test(h):
    """News carries the link for one POST and an address for one mail; that mail works, and twice is once."""
    relay = Relay(h.folder)
    begin_quietly(h, relay, unsubscribe_address="leave@cirkel.example", link_base="https://office.example/l/")
    send(h, "anna", "bo")

    def ask(poll):
        h.say("poll.open", poll=poll, network="net", question={"sv": "När?"}, audience="members",
              closes="2022-03-20T09:00", options=[{"option": o, "text": {"sv": o}} for o in "ab"])
        h.settle()
    ask("p1")
    row, = h.records("ledger", person="anna", rule="poll-opened")
    for message in relay.to("anna@kommun.example"):
        parsed = email.message_from_bytes(message.bytes, policy=email.policy.default)
        is_news = message.message_id == row["message_id"]
        equal(parsed["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click" if is_news else None)
        equal("List-Unsubscribe" in parsed, is_news)
        if is_news:
            way = re.fullmatch(r"<https://office\.example/l/([\w-]+)>,\s*<mailto:leave@cirkel\.example\?subject=([\w-]+)>",
                               parsed["List-Unsubscribe"])
            assert way and way[1] == way[2], parsed["List-Unsubscribe"]
    token = way[2]
    mail = f"From: whoever@elsewhere.example\nTo: leave@cirkel.example\nSubject: {{}}\nDate: x\n\n\n"
    equal(come_back(h, mail.format(token[:-1] + ("A" if token[-1] != "A" else "B"))), ["unread"])  # no token of ours
    equal(h.records("preference"), [])
    equal(come_back(h, mail.format(token), mail.format(token)), ["cur", "cur"])
    preference = h.record("preference")
    equal((preference["person"], preference["class"], preference.get("on", False)), ("anna", "news", False))
    ask("p2")
    equal({row["person"]: row["state"] for row in h.records("ledger", about="p2")},
          {"anna": "suppressed", "bo": "accepted"})
    h.call("m1", starts="2022-04-05T09:00")  # what is no news still comes (pain 19)
    h.settle()
    equal({row["state"] for row in h.records("ledger", rule="meeting-invitation")}, {"accepted"})
    h.verify()


def mail_nobody_understands_test(h):
    """Whatever lies in the Maildir: it is counted for a person, or read; nothing is lost, and letters go on."""
    relay = Relay(h.folder)
    begin_quietly(h, relay)
    row, = send(h, "anna")
    new = maildir(h, "new")
    with open(maildir(h, "big"), "wb") as file:
        file.truncate(11 << 20)
    os.rename(maildir(h, "big"), os.path.join(new, "big"))
    os.mkfifo(os.path.join(new, "fifo"))
    os.mkdir(os.path.join(new, "folder"))
    os.symlink("/etc/passwd", os.path.join(new, "link"))
    chance = random.Random(int(os.environ.get("SEED", "5")))
    for number in range(100):
        with open(maildir(h, "tmp", f"noise{number}"), "wb") as file:
            file.write(chance.randbytes(chance.randrange(4000)))
        os.rename(maildir(h, "tmp", f"noise{number}"), os.path.join(new, f"noise{number}"))
    strange = [sample("of-somebody-else", {"message_id": "<x@elsewhere.example>"}), sample("spam", row),
               sample("postfix-unknown", {**row, "message_id": OURS})]  # of a letter that there never was
    equal(come_back(h, *strange), ["unread"] * 3)
    h.until(lambda: not os.listdir(new), "all are read")
    equal(queues(h)["addresses"]["mail_unread"], 107)
    equal(h.records("suppression"), [])
    assert "messages wait for a person" in h.run_cirkel("queues")
    equal(row_of(h, "anna")["state"], "accepted")
    # Two of one name are two messages.
    equal(come_back(h, sample("away-no-reference", row)), ["cur"])
    for text in ("From: a@b.example\n\none\n", "From: a@b.example\n\ntwo\n"):
        drop(h, text, "same")
        h.until(lambda: "same" not in os.listdir(new), "it is read")
    equal(queues(h)["addresses"]["mail_unread"], 109)
    with open(f"/proc/{h.workers['notifier'].pid}/status") as file:
        peak = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])
    assert peak < 64 << 10, f"{peak} KiB"
    equal(send(h, "bo")[0]["state"], "accepted")
    h.verify()


def pipe_test(h):
    """A mail server's pipe: taken when it is on the disk, read when the service is there, else kept by the server."""
    relay = Relay(h.folder)
    begin_quietly(h, relay)
    row = lose(h, relay, "anna")
    h.stop("notifier")
    h.stop("intake", "scheduler")
    much = "and all that was sent back with it\n" * (12 << 20 >> 5)
    h.run_cirkel("bounce", text=sample("postfix-delivered", row) + much)
    kept = [os.path.getsize(maildir(h, "new", name)) for name in os.listdir(maildir(h, "new"))]
    equal(kept, [10 << 20], "the rest is left out")
    h.start("scheduler", "intake", "notifier")
    h.until(lambda: row_of(h, "anna").get("report") == "delivered", "it is read")
    equal(row_of(h, "anna")["state"], "accepted")
    h.run_cirkel("bounce", text="a\n" * (6 << 20))  # far too much, but the server's pipe does not break
    h.until(lambda: queues(h)["addresses"]["mail_unread"] == 1, "it is for a person")
    h.run_cirkel("bounce", "--home", os.path.join(h.folder, "nowhere"), text="x", code=75)
    assert "no arguments" in h.run_cirkel("bounce", "x", text="x", code=2).errors
    os.chmod(maildir(h, "tmp"), 0o000)
    if os.geteuid() != 0:
        h.run_cirkel("bounce", text="x", code=75)
    os.chmod(maildir(h, "tmp"), 0o750)
    h.verify()


def bounce_address_test(h):
    """Each letter asks for reports at an address of its own, so that a report that names nothing else is understood."""
    relay = Relay(h.folder)
    begin_quietly(h, relay, bounce_address="bounces@office.example")
    row, = send(h, "anna")
    sender = relay.to("anna@kommun.example")[0].sender.decode()
    word = row["message_id"][1:27]
    equal(sender, f"<bounces+{word}@office.example>")
    text = sample("qmail-verp", row).replace("bounces+ABCDEFGHIJKLMNOPQRSTUVWXYZ@cirkel.example", sender[1:-1].upper())
    equal(come_back(h, text), ["cur"])
    equal((row_of(h, "anna")["state"], row_of(h, "anna")["report_status"]), ("failed", "5.1.1"))
    equal(h.record("suppression")["cause"], "hard")
    h.verify()
