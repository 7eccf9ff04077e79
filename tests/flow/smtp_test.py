"""Letters by SMTP: what a mail server may do at every step, and what the ledger says of it then."""
import base64
import collections
import os
import random
import signal
import subprocess
import threading
import time

from tests.harness.house import equal
from tests.harness.relay import (CHATTER, CLOSE, ENDLESS, GARBAGE, MILLION, RESET, SILENT, Relay, drip,
                                 hang_up, slow)

RULE = "membership-welcome"


def begin(h, relay, **settings):
    """A house that sends through the relay; membership of "net" is worth one letter."""
    h.init(at="2022-03-01T09:00", **{
        "channel": "smtp", "smtp_host": relay.host, "smtp_port": relay.port, "smtp_tls": "verified",
        "smtp_ca_file": relay.ca, "smtp_hello": "cirkel.example", "smtp_timeout": "20s",
        "smtp_reply_timeout": "20s", "smtp_pause": "0s", "smtp_connections": 2, **settings})
    h.start()
    h.until(lambda: " started " in log_of(h), "the notifier has started")
    h.found()


def restart(h):
    before = log_of(h).count(" started ")
    if "notifier" in h.workers:
        h.stop("notifier")
    h.start("notifier")
    h.until(lambda: log_of(h).count(" started ") > before, "the notifier has started")


def rows_of(h, people):
    """The one row of each."""
    rows = {person: [] for person in people}
    for row in h.records("ledger", rule=RULE):
        if row["person"] in rows:
            rows[row["person"]].append(row)
    equal({person: len(found) for person, found in rows.items()}, dict.fromkeys(people, 1), "rows of each")
    return [rows[person][0] for person in people]


def row_of(h, person):
    return rows_of(h, [person])[0]


def send(h, *people):
    """A letter to each; their rows when all is quiet."""
    h.join("net", *people)
    h.settle()
    return rows_of(h, people)


def log_of(h, worker="notifier"):
    with open(os.path.join(h.folder, worker + ".log")) as file:
        return file.read()


def simple_test(h):
    """Over a connection that is kept, with TLS that was checked; one recipient a letter."""
    relay = Relay(h.folder)
    begin(h, relay)
    rows = send(h, "anna", "bo", "carl")
    equal([row["state"] for row in rows], ["accepted"] * 3)
    equal(rows[0]["reply"], "dot: 250 2.0.0 taken")
    for row in rows:
        message, = relay.to(row["address"])
        equal(message.sender, b"<office@cirkel.example>")
        equal(message.message_id, row["message_id"])
        assert message.session.tls and b"\n" not in message.bytes.replace(b"\r\n", b"")
    assert relay.connections <= 2, relay.connections
    equal(send(h, "dora")[0]["state"], "accepted")
    assert relay.connections <= 2, relay.connections
    # A connection that was kept and came to its end meanwhile is no reason to wait.
    for number, end in enumerate((RESET, CLOSE, hang_up("421 4.4.2 idle for too long"),
                                  hang_up("452 4.5.3 enough letters for one connection"))):
        relay.at("mail", end)
        row, = send(h, f"e{number}")
        equal((row["state"], row["attempts"]), ("accepted", 1), f"after {end}")
    h.stop("notifier")
    assert "relay_unreachable" not in log_of(h)
    for secret in ("kommun.example", "Person anna"):
        assert secret not in log_of(h), secret
    h.verify()


LATER, NEVER, CLOSING = "451 4.3.0 later", "554 5.7.1 never", "421 4.3.2 shutting down"
STEPS = [  # (step, action, state, what the ledger says the other end said)
    ("connect", "421 4.3.2 busy", "deferred", "connect: 421 4.3.2 busy"),
    ("connect", "554 5.3.2 not you", "deferred", "connect: 554 5.3.2 not you"),
    ("connect", CLOSE, "deferred", "connect: "),
    ("connect", RESET, "deferred", "connect: "),
    ("connect", SILENT, "deferred", "connect: no answer in time"),
    ("connect", CHATTER, "deferred", "connect: "),
    ("connect", MILLION, "deferred", "connect: the server said far too much"),
    ("connect", ENDLESS, "deferred", "connect: "),
    ("ehlo", LATER, "deferred", "EHLO: "),
    ("ehlo", RESET, "deferred", "EHLO: the connection was lost"),
    ("ehlo", SILENT, "deferred", "EHLO: no answer in time"),
    ("ehlo", MILLION, "deferred", "EHLO: "),
    ("starttls", "454 4.7.0 no key", "deferred", "STARTTLS: 454 4.7.0 no key"),
    ("starttls", "502 5.5.1 what?", "deferred", "STARTTLS: 502 5.5.1 what?"),
    ("starttls", RESET, "deferred", "STARTTLS: the connection was lost"),
    ("starttls", SILENT, "deferred", "STARTTLS: no answer in time"),
    ("tls", "this is no handshake", "deferred", "STARTTLS: "),
    ("tls", SILENT, "deferred", "STARTTLS: no answer in time"),
    ("tls", RESET, "deferred", "STARTTLS: "),
    ("mail", LATER, "deferred", "MAIL: 451 4.3.0 later"),
    ("mail", "550 5.7.1 not from you", "failed", "MAIL: 550 5.7.1 not from you"),
    ("mail", RESET, "deferred", "MAIL: the connection was lost"),
    ("mail", SILENT, "deferred", "MAIL: no answer in time"),
    ("mail", CHATTER, "deferred", "MAIL: "),
    ("rcpt", "450 4.2.0 greylisted", "deferred", "RCPT: 450 4.2.0 greylisted"),
    ("rcpt", "550-5.1.1 nobody of\r\n550 5.1.1 that name", "failed", "RCPT: 550 5.1.1 nobody of 5.1.1 that name"),
    ("rcpt", hang_up("421 4.7.0 enough"), "deferred", "RCPT: 421 4.7.0 enough"),
    ("rcpt", RESET, "deferred", "RCPT: the connection was lost"),
    ("rcpt", SILENT, "deferred", "RCPT: no answer in time"),
    ("rcpt", MILLION, "deferred", "RCPT: "),
    ("rcpt", slow(0.5), "accepted", "dot: 250"),
    ("data", LATER, "deferred", "DATA: 451 4.3.0 later"),
    ("data", NEVER, "failed", "DATA: 554 5.7.1 never"),
    ("data", RESET, "deferred", "DATA: the connection was lost"),
    ("data", SILENT, "deferred", "DATA: no answer in time"),
    ("body", "250 2.0.0 taken already", "deferred", "body: the server spoke or hung up before the letter ended"),
    ("body", CLOSE, "deferred", "body: "),
    ("body", RESET, "deferred", "body: "),
    ("dot", LATER, "deferred", "dot: 451 4.3.0 later"),
    ("dot", NEVER, "failed", "dot: 554 5.7.1 never"),
    ("dot", slow(1.5), "accepted", "dot: 250 2.0.0 taken"),
    ("dot", hang_up("250 2.0.0 taken"), "accepted", "dot: 250 2.0.0 taken"),
    ("dot", hang_up("250-2.0.0 tak"), "unknown", "dot: the connection was lost"),
    ("dot", "350 what now?", "unknown", "dot: "),
    ("dot", GARBAGE, "unknown", "dot: no answer in time"),
    ("dot", RESET, "unknown", "dot: the connection was lost"),
    ("dot", SILENT, "unknown", "dot: no answer in time"),
    ("dot", CHATTER, "unknown", "dot: "),
    ("dot", MILLION, "unknown", "dot: the server said far too much"),
    ("quit", SILENT, "accepted", "dot: 250"),
    ("ehlo", hang_up(CLOSING), "deferred", "EHLO: "),
    ("starttls", hang_up(CLOSING), "deferred", "STARTTLS: " + CLOSING),
    ("mail", hang_up(CLOSING), "deferred", "MAIL: " + CLOSING),
    ("data", hang_up(CLOSING), "deferred", "DATA: " + CLOSING),
    ("dot", hang_up(CLOSING), "deferred", "dot: " + CLOSING),
    ("dot", hang_up("25"), "unknown", "dot: "),
]


def every_step_test(h):
    """Refusing, slow, silent, chattering, resetting: the row says where and why, and in the end all have one copy."""
    relay = Relay(h.folder)
    begin(h, relay, unknown_resends=0, smtp_connections=1, give_up_after="30d", smtp_timeout="4s", smtp_reply_timeout="6s")
    wrong = []
    for number, (step, action, state, reply) in enumerate(STEPS):
        name = action if isinstance(action, str) else action.__name__
        relay.usual()
        relay.always(step, action)
        if step in ("connect", "ehlo", "starttls", "tls"):
            restart(h)  # so that it connects anew
        began = time.monotonic()
        row, = send(h, f"p{number:02}")
        took = time.monotonic() - began
        if row["state"] != state or not row.get("reply", "").startswith(reply):
            wrong.append(f"{step} {name}: {row['state']} {row.get('reply')!r}, not {state} {reply!r}")
        if took > 40:  # a server that says nothing is waited for, one that never ends is not
            wrong.append(f"{step} {name}: {took:.1f} s")
    equal(wrong, [])
    equal([(r["person"], r["state"]) for r in h.records("suppression")], [("p25", "suppressed")],
          "addresses that are no more")
    relay.usual()
    h.clock("2022-03-03T09:00")
    rows = rows_of(h, [f"p{number:02}" for number in range(len(STEPS))])
    for row, (step, action, state, reply) in zip(rows, STEPS):
        equal(row["state"], "accepted" if state == "deferred" else state, f"{step} in the end")
        equal(relay.copies(row["message_id"]), 0 if state == "failed" else 1, f"copies of {step} {action}")
    for worker in ("notifier", "scheduler", "intake"):
        assert "kommun.example" not in log_of(h, worker), "an address in the log of " + worker
    h.verify()


every_step_test.timeout = 300


def arm_before_the_dot_test(h):
    """When the dot comes, the ledger says already that it may come; while nobody can say so, it does not come."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_connections=4)
    states = []

    def look(session):
        rows = {row["message_id"]: row for row in h.ledger()}
        states.extend(rows[m.message_id]["state"] for m in relay.messages if m.session is session and not m.answer)

    relay.on["dot"] = look
    equal({row["state"] for row in send(h, *[f"p{n:02}" for n in range(12)])}, {"accepted"})
    equal(states, ["armed"] * 12)

    relay.on.pop("dot")
    scheduler, seen = h.workers["scheduler"], len(relay.messages)
    relay.on["data"] = lambda session: scheduler.send_signal(signal.SIGSTOP)
    h.join("net", "late")
    h.until(lambda: any(step == "body" for _, _, step in relay.seen[-1:]), "the text is under way")
    time.sleep(1.5)
    equal(len(relay.messages), seen, "letters that ended without an arm")
    relay.on.pop("data")
    scheduler.send_signal(signal.SIGCONT)
    h.settle()
    equal((row_of(h, "late")["state"], len(relay.messages)), ("accepted", seen + 1))
    h.verify()


def lost_answer_test(h):
    """The relay has the letter and its answer is lost: at most two copies, and one where the rule or the office says so."""
    relay = Relay(h.folder)
    begin(h, relay)
    relay.at("dot", RESET)
    once, = send(h, "anna")
    equal((once["state"], once["attempts"], once["resends"]), ("accepted", 2, 1))
    equal(relay.copies(once["message_id"]), 2)
    first, second = (m.bytes for m in relay.messages)
    equal(first, second, "the copies")
    relay.always("dot", RESET)
    twice, = send(h, "bo")
    equal((twice["state"], relay.copies(twice["message_id"])), ("unknown", 2))
    h.clock("2022-03-04T09:00")
    equal((row_of(h, "bo")["state"], relay.copies(twice["message_id"])), ("unknown", 2), "a person decides")
    h.verify()

    other = h.another("at-most-once")
    begin_at_most_once(other, relay)
    row, = send(other, "carl")
    equal((row["state"], relay.copies(row["message_id"])), ("unknown", 1))
    other.verify()


def begin_at_most_once(h, relay):
    h.init(at="2022-03-01T09:00", channel="smtp", smtp_host=relay.host, smtp_port=relay.port, smtp_ca_file=relay.ca)
    with open(h.path("rules/membership.conf")) as file:
        rules = file.read()
    with open(h.path("rules/membership.conf"), "w") as file:
        file.write(rules.replace(f'rule "{RULE}" {{', f'rule "{RULE}" {{\n  at_most_once = true'))
    h.start()
    h.found()


def often_lost_answer_test(h):
    """Three answers of ten are lost: nobody has none, nobody has three."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_connections=4)
    chance = random.Random(7)
    relay.on["dot"] = lambda session: relay.at("dot", RESET) if chance.random() < 0.3 else None
    rows = send(h, *[f"p{n:03}" for n in range(80)])
    copies = collections.Counter(relay.copies(row["message_id"]) for row in rows)
    equal(sum(copies.values()), 80)
    assert set(copies) <= {1, 2} and copies[2] > 10, copies
    for row in rows:
        equal(row.get("resends", 0) > 0, relay.copies(row["message_id"]) == 2, f"{row['person']}: what the ledger says")
    h.verify()


KILLS = int(os.environ.get("KILLS", "2"))  # at each step


def killed_before_the_dot_test(h):
    """kill -9 at each step before the dot, again and again: one copy each. KILLS=200 for the long form."""
    relay = Relay(h.folder)
    begin(h, relay)
    steps = ("connect", "ehlo", "starttls", "mail", "rcpt", "data", "body") * KILLS
    for number, step in enumerate(steps):
        person, done = f"p{number:02}", threading.Event()
        notifier = h.workers["notifier"]

        def kill(session):
            notifier.kill()
            notifier.wait()
            done.set()

        if step in ("connect", "ehlo", "starttls"):
            restart(h)
            notifier = h.workers["notifier"]
        relay.on = {step: kill}
        if step == "body":  # or the text and its dot may be away before it falls
            relay.on["data"] = lambda session: h.workers["scheduler"].send_signal(signal.SIGSTOP)
        h.join("net", person)
        assert done.wait(20), step
        h.workers["scheduler"].send_signal(signal.SIGCONT)
        relay.on = {}
        del h.workers["notifier"]
        restart(h)
        h.settle()
        row = row_of(h, person)
        equal((row["state"], relay.copies(row["message_id"])), ("accepted", 1), f"killed at {step}")
        equal(row["attempts"] == 1 or step == "body", True, "only all but the dot is worth an arm")
    equal(len(relay.messages), len(steps))
    h.verify()


killed_before_the_dot_test.timeout = 60 + 60 * KILLS


def killed_after_the_dot_test(h):
    """kill -9 between the dot and the answer: unknown, then one more copy at most; by setting, none."""
    for resends in (1, 0):
        relay = Relay(h.folder)
        house = h.another(f"resends-{resends}")
        begin(house, relay, unknown_resends=resends, lease="10s", smtp_connections=1)
        notifier, done = house.workers["notifier"], threading.Event()

        def kill(session):
            notifier.kill()
            notifier.wait()
            done.set()

        relay.on["dot"] = kill
        house.join("net", "anna")
        assert done.wait(20)
        relay.on = {}
        del house.workers["notifier"]
        equal(row_of(house, "anna")["state"], "armed")
        house.until(lambda: row_of(house, "anna")["state"] != "armed", "the lease is over")
        row = row_of(house, "anna")
        equal((row["state"], row.get("resends", 0)), ("queued" if resends else "unknown", resends))
        assert "unknown" in row["reason"] or "lost" in row["reason"], row
        house.start("notifier")
        house.settle()
        row = row_of(house, "anna")
        equal((row["state"], relay.copies(row["message_id"])), ("accepted", 2) if resends else ("unknown", 1))
        house.verify()
        house.stop()


def slow_answer_test(h):
    """The answer comes when most of the time it has is over, long after the lease: one copy."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_reply_timeout="25s", lease="2s")
    relay.always("dot", slow(9))
    equal([row["state"] for row in send(h, "anna", "bo")], ["accepted"] * 2)
    equal(len(relay.messages), 2)
    h.verify()


def a_byte_a_second_test(h):
    """A mail server that answers a byte a second about one domain: letters to others pass it by, and it is waited
    for no longer than for one that says nothing."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_connections=4, per_destination=2, smtp_timeout="25s")
    slow_ones, others = [f"s{n}" for n in range(6)], [f"p{n:02}" for n in range(30)]
    relay.always("rcpt", drip("slow.example"))
    h.say_all(("person.register", {"person": p, "name": f"Person {p}", "email": f"{p}@slow.example",
                                   "language": "sv"}) for p in slow_ones)
    h.say_all(("membership.grant", {"network": "net", "person": p, "source": "test"}) for p in slow_ones)
    h.until(lambda: sum(step == "rcpt" for _, _, step in relay.seen) == 2, "two connections drip, and no more")
    began = time.monotonic()
    h.join("net", *others)
    h.until(lambda: {row["state"] for row in rows_of(h, others)} == {"accepted"}, "the others have theirs")
    equal({row["state"] for row in rows_of(h, slow_ones)}, {"queued"}, "none was given up before")
    h.until(lambda: [row["state"] for row in rows_of(h, slow_ones)].count("deferred") >= 2, "it is not waited for", 90)
    assert time.monotonic() - began < 80
    relay.usual()
    h.clock("2022-03-02T09:00")
    equal({row["state"] for row in rows_of(h, slow_ones)}, {"accepted"})
    h.verify()


def stop_test(h):
    """A planned stop waits for the answer to what has left, says so, and gives the rest back."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_reply_timeout="30s", smtp_timeout="30s", smtp_connections=2)
    relay.always("dot", slow(5))
    people = [f"p{n:02}" for n in range(8)]
    h.join("net", *people)
    h.until(lambda: len(relay.messages) == 2, "two letters are past the dot")
    began = time.monotonic()
    h.stop("notifier")
    equal([m.answer for m in relay.messages], ["250 2.0.0 taken"] * 2, "answers that were waited for")
    assert time.monotonic() - began < 20, "longer than for them"
    rows = rows_of(h, people)
    equal(sorted(row["state"] for row in rows), ["accepted"] * 2 + ["queued"] * 6)
    equal([row.get("attempts", 0) for row in rows if row["state"] == "queued"], [0] * 6)
    relay.usual()
    h.start("notifier")
    h.settle()
    for row in rows_of(h, people):
        equal((row["state"], relay.copies(row["message_id"])), ("accepted", 1))
    h.verify()


def dead_relay_test(h):
    """One alarm, few connections, and all letters leave when it is back."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_pause="2s", smtp_connections=4)
    port = relay.port
    relay.close()
    people = [f"p{n:02}" for n in range(15)]
    rows = send(h, *people)
    equal({row["state"] for row in rows}, {"deferred"})
    assert all("reached" in row["reply"] for row in rows), rows
    h.clock("2022-03-01T09:30")
    log = log_of(h)
    equal(log.count("relay_unreachable"), 1)
    relay = Relay(h.folder, port=port)
    time.sleep(2)
    h.clock("2022-03-01T15:00")
    for row in rows_of(h, people):
        equal((row["state"], relay.copies(row["message_id"])), ("accepted", 1))
    equal(log_of(h).count("relay_back"), 1)

    # Half dead: it accepts connections and is never ready. They are few.
    relay.always("connect", "421 4.3.2 not now")
    restart(h)
    before, began = relay.connections, time.monotonic()
    send(h, *[f"q{n:02}" for n in range(40)])
    pauses = int((time.monotonic() - began) / 2)
    assert relay.connections - before <= 4 + pauses, relay.connections - before
    h.verify()


def tls_test(h):
    """What is required is required; nothing of a letter goes where it may not."""
    cases = [  # (relay, setting, state, what the ledger says)
        (dict(starttls=False), "verified", "deferred", "no TLS as it is required"),
        (dict(starttls=False), "required", "deferred", "no TLS as it is required"),
        (dict(starttls=False), "opportunistic", "accepted", "250"),
        (dict(), "opportunistic", "accepted", "250"),
        (dict(), "none", "accepted", "250"),
        (dict(cert="wrong"), "verified", "deferred", "no TLS as it is required: SSL: no alternative certificate"),
        (dict(cert="unknown"), "verified", "deferred", "no TLS as it is required: SSL certificate problem"),
        (dict(cert="unknown"), "required", "accepted", "250"),
        (dict(cert="unknown"), "opportunistic", "accepted", "250"),
        (dict(cert="expired"), "verified", "deferred", "no TLS as it is required: SSL certificate problem: certificate has"),
        (dict(cert="expired"), "required", "accepted", "250"),
        (dict(cert="expired"), "opportunistic", "accepted", "250"),
        (dict(implicit=True), "implicit", "accepted", "250"),
        (dict(implicit=True, cert="wrong"), "implicit", "deferred", "no TLS as it is required: SSL: no alternative"),
        (dict(implicit=True, cert="expired"), "implicit", "deferred", "no TLS as it is required: SSL certificate problem"),
        (dict(implicit=True, cert="unknown"), "implicit", "deferred", "no TLS as it is required"),
    ]
    for number, (how, tls, state, reply) in enumerate(cases):
        folder = os.path.join(h.folder, f"relay-{number}")
        os.mkdir(folder)
        relay, house = Relay(folder, **how), h.another(f"case-{number}")
        begin(house, relay, smtp_tls=tls)
        row, = send(house, "anna")
        equal(row["state"], state, f"{how} with {tls}: {row}")
        assert reply in row["reply"], row["reply"]
        equal(len(relay.messages), 1 if state == "accepted" else 0)
        equal([m.session.tls for m in relay.messages], [tls != "none" and how.get("starttls", True)] * len(relay.messages))
        if state == "deferred":
            assert not {"mail", "rcpt", "data"} & {step for _, _, step in relay.seen}, relay.seen
        house.stop()


tls_test.timeout = 300


def login_test(h):
    """The password comes from a file that nobody else reads, and is seen nowhere else."""
    secret = "S3cret-Wört"
    relay = Relay(h.folder, auth=("cirkel", secret))
    h.init()
    with open(h.path("keys/smtp.password"), "w") as file:
        file.write(secret + "\n")
    with open(h.path("cirkel.conf"), "a") as file:
        file.write(f'channel = smtp\nsmtp_host = "{relay.host}"\nsmtp_port = {relay.port}\nsmtp_ca_file = "{relay.ca}"\n'
                   f'smtp_user = cirkel\nsmtp_password_file = "keys/smtp.password"\nsmtp_pause = 0s\n')
    os.chmod(h.path("keys/smtp.password"), 0o644)
    checked = subprocess.run([h.program("notifier"), "--home", h.home, "--sink", "--check"], capture_output=True, text=True)
    equal(checked.returncode, 2)
    assert "keys/smtp.password:1: others may read it" in checked.stderr, checked.stderr
    os.chmod(h.path("keys/smtp.password"), 0o600)
    h.start()
    h.found()
    equal(send(h, "anna")[0]["state"], "accepted")
    with open(f"/proc/{h.workers['notifier'].pid}/cmdline") as file:
        assert secret not in file.read()

    relay.auth = ("cirkel", "another")
    restart(h)
    row, = send(h, "bo")
    equal((row["state"], row["reply"]), ("deferred", "AUTH: 535 5.7.8 no such login"))
    equal(log_of(h).count("relay_unreachable"), 1)
    for worker in h.workers:
        for word in (secret, base64.b64encode(f"\0cirkel\0{secret}".encode()).decode()):
            assert word not in log_of(h, worker), worker
    h.verify()
