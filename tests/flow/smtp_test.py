"""Letters by SMTP: what a mail server may do at every step, and what the ledger says of it then."""
import os
import re
import time

from tests.harness.house import equal
from tests.harness.relay import (CHATTER, CLOSE, DEAF, ENDLESS, GARBAGE, MILLION, RESET, SILENT, Relay, hang_up,
                                 slow)

RULE = "membership-welcome"


def begin(h, relay, **settings):
    """A house that sends through the relay; membership of "net" is worth one letter."""
    h.init(at="2022-03-01T09:00", **{
        "channel": "smtp", "smtp_host": relay.host, "smtp_port": relay.port, "smtp_tls": "verified",
        "smtp_ca_file": relay.ca, "smtp_hello": "cirkel.example", "smtp_timeout": "1s",
        "smtp_reply_timeout": "2s", "smtp_pause": "0s", "smtp_connections": 2, **settings})
    h.start()
    h.found()


def row_of(h, person):
    rows = h.records("ledger", rule=RULE, person=person)
    equal(len(rows), 1, f"rows of {person}")
    return rows[0]


def send(h, *people):
    """A letter to each; their rows when all is quiet."""
    h.join("net", *people)
    h.settle()
    return [row_of(h, person) for person in people]


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
    h.stop("notifier")
    assert "relay_unreachable" not in log_of(h)
    for secret in ("kommun.example", "Person anna"):
        assert secret not in log_of(h), secret
    h.verify()


LATER, NEVER = "451 4.3.0 later", "554 5.7.1 never"
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
    ("tls", "this is no handshake", "deferred", "STARTTLS: no TLS as it is required"),
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
]


def every_step_test(h):
    """Refusing, slow, silent, chattering, resetting: the row says where and why, and in the end all have one copy."""
    relay = Relay(h.folder)
    begin(h, relay, unknown_resends=0, smtp_connections=1, give_up_after="30d")
    wrong = []
    for number, (step, action, state, reply) in enumerate(STEPS):
        name = action if isinstance(action, str) else action.__name__
        relay.usual()
        relay.always(step, action)
        if step in ("connect", "ehlo", "starttls", "tls"):
            h.stop("notifier")  # so that it connects anew
            h.start("notifier")
        began = time.monotonic()
        row, = send(h, f"p{number:02}")
        took = time.monotonic() - began
        if row["state"] != state or not row.get("reply", "").startswith(reply):
            wrong.append(f"{step} {name}: {row['state']} {row.get('reply')!r}, not {state} {reply!r}")
        if took > 8:
            wrong.append(f"{step} {name}: {took:.1f} s")
    equal(wrong, [])
    equal([r["person"] for r in h.records("person") if r.get("bounced")], ["p25"], "addresses that are no more")
    relay.usual()
    h.clock("2022-03-03T09:00")
    for number, (step, action, state, reply) in enumerate(STEPS):
        row = row_of(h, f"p{number:02}")
        equal(row["state"], "accepted" if state == "deferred" else state, f"{step} in the end")
        equal(relay.copies(row["message_id"]), 0 if state == "failed" else 1, f"copies of {step} {action}")
    for worker in ("notifier", "scheduler", "intake"):
        assert "kommun.example" not in log_of(h, worker), "an address in the log of " + worker
    h.verify()


every_step_test.timeout = 300
