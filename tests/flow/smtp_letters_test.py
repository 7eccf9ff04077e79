"""Letters as they arrive: whatever is written in a name, title, place or reason, and through a real mail server."""
import collections
import email
import email.policy
import os
import random
import signal
import time

from tests.flow.copies_test import copy_of, difference, holds
from tests.flow.smtp_test import begin
from tests.harness.house import equal
from tests.harness.mail import Exim
from tests.harness.relay import Relay

PIECES = ["\r\nBcc: spy@evil.example\r\n", "\nRCPT TO:<spy@evil.example>\n", "\r\n.\r\n", "\n.\n", "\r.\r", "\x00", "\x1b[2J", "\x7f",
          "\x85", "\u2028", "\u2029", "\u202e", "\ufeff", "\u200b", "=?utf-8?Q?=0D=0ABcc:_spy@evil.example?=", "=?utf-8?B?DQpCY2M6?=",
          "<spy@evil.example>", "\"quoted\" \\", "(comment", "a,b;c:d@e", "{{link.yes}}", "{{{person.name}}}", "{{#each}}", "{{>footer}}",
          "[click](javascript:alert(1))", "![x](https://spy.example/x.png)", "<script>alert(1)</script>", "&lt;&amp;", "`code`", "# heading",
          "---\n- list", "--boundary", "--", "BEGIN:VEVENT\\n", "END:VCALENDAR", ";X-A=1:", "MAIL FROM:<>", "DATA", ".", "..", "%s%n", "$(id)",
          "Łódź", "Ørsted", "日本語", "🎉", "e\u0301", "A" * 150, " ", "\t", "'; DROP TABLE", "../../etc/passwd", "From ", "Subject: x", "\ud7ff"]


def hostile(count):
    """So many strings of up to 180 bytes, each with something that has broken a mail program before."""
    chance = random.Random(3)
    found = list(PIECES)
    lines = [p for p in PIECES if p.isprintable() or ord(min(p)) > 127]
    while len(found) < count:
        pieces = (PIECES if len(found) % 8 == 0 else lines) + ["Anna", " och ", "x"]
        text = "".join(chance.choice(pieces) for _ in range(chance.randint(2, 5)))
        found.append(text.encode()[:180].decode(errors="ignore"))
    return found[:count]


def hostile_strings_test(h):
    """600 of them as name, title, place and reason: each letter is one message to one address, with our headers only."""
    relay, strings = Relay(h.folder, starttls=False), hostile(600)
    begin(h, relay, smtp_tls="none", smtp_connections=4, in_flight=200, per_destination=200)
    h.say("network.open", network="two", name={"sv": strings[14]}, host="host", lead="lead", zone=h.zone)
    h.join("two", "member")
    refused, people = collections.Counter(), []
    for n, text in enumerate(strings):
        answer = h.send("person.register", person=f"p{n}", name=text, email=f"p{n}@kommun.example", language="sv")
        refused[answer.get("error", {}).get("code", "applied")] += 1
        if answer["status"] == "applied":
            people.append(f"p{n}")
    h.say_all(("membership.grant", {"network": "net", "person": p, "source": "test"}) for p in people)
    meetings = []
    for n in range(0, 600, 3):
        title, place, reason = strings[n:n + 3]
        answer = h.send("meeting.plan", meeting=f"m{n}", network="two", kind="network", starts="2022-04-05T09:00",
                        minutes=90, mode="room", audience="members", title={"sv": title}, place=place)
        refused[answer.get("error", {}).get("code", "applied")] += 1
        if answer["status"] == "applied":
            h.say("meeting.call", meeting=f"m{n}")
            answer = h.send("meeting.cancel", meeting=f"m{n}", reason={"sv": reason})
            refused[answer.get("error", {}).get("code", "applied")] += 1
            meetings.append(n)
    h.settle()
    assert set(refused) <= {"applied", "bad-value", "too-long", "missing"} and refused["applied"] > 500, refused
    rows = h.records("ledger")
    assert len(rows) > len(people) + len(meetings), len(rows)
    accepted = {row["message_id"]: row for row in rows if row["state"] == "accepted"}
    equal({row["state"] for row in rows} - {"accepted", "superseded", "suppressed", "missed", "not-due"}, set())
    equal(relay.strange, [])
    equal(len(relay.messages), len(accepted))
    for message in relay.messages:
        check_headers(message, accepted[message.message_id])
    h.verify()


hostile_strings_test.timeout = 300

TEXTS = ["text/plain", "text/html"]
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted",
           "Content-Language"}


def check_headers(message, row):
    head = message.bytes.split(b"\r\n\r\n", 1)[0]
    assert all(byte < 0x7f for byte in message.bytes), "bytes beyond ASCII"
    assert b"\n" not in message.bytes.replace(b"\r\n", b"") and b"\r" not in message.bytes.replace(b"\r\n", b"")
    assert max(map(len, message.bytes.split(b"\r\n"))) <= 998
    parsed = email.message_from_bytes(message.bytes, policy=email.policy.default)
    equal(parsed.defects, [])
    names = [name for name, _ in parsed.items()]
    equal(len(names), len(set(names)), f"headers that come twice in {head}")
    equal({name.lower() for name in names}, {name.lower() for name in HEADERS}, f"headers of {head}")
    assert not any(ord(c) < 32 for c in parsed["Subject"] + str(parsed["To"])), head
    equal(message.recipients, [f"<{row['address']}>".encode()])
    to, = parsed["To"].addresses
    # (this parser puts spaces between the words of a name)
    equal((to.addr_spec, "".join(to.display_name.split())), (row["address"], "".join(row["name"].split())))
    kinds = [part.get_content_type() for part in parsed.walk() if not part.is_multipart()]
    assert kinds in (TEXTS, TEXTS + ["text/calendar", "application/ics"]), kinds
    for part in parsed.walk():
        if not part.is_multipart():
            assert "spy@evil.example" not in str(part.items()), part.items()
            part.get_content()


def real_server_test(h):
    """Exim with STARTTLS into its Maildir: whole letters, once each."""
    exim = Exim(h.bin, h.folder)
    try:
        begin(h, exim, smtp_connections=4, smtp_timeout="30s", smtp_reply_timeout="30s")
        people = [f"p{n:02}" for n in range(40)]
        h.join("net", *people)
        h.call("m1", starts="2022-04-05T09:00", title={"sv": ".Träff\u2028 om =?utf-8?Q?m=C3=B6bler?="})
        h.settle()
        rows = {row["message_id"]: row for row in h.records("ledger", state="accepted")}
        equal(len(rows), 80, "a welcome and an invitation each")
        equal({row["reply"][:9] for row in rows.values()}, {"dot: 250 "})
        h.until(lambda: len(exim.letters()) >= 80, "all lie in the Maildir")
        letters = exim.letters()
        equal(sorted(letter["Message-ID"] for letter in letters), sorted(rows))
        for letter in letters:
            equal(letter["Envelope-to"], rows[letter["Message-ID"]]["address"])
            equal(letter["Return-path"], "<office@cirkel.example>")
            assert "with esmtps" in " ".join(letter["Received"].split()), letter["Received"]
        h.verify()
        h.stop()
        other = copy_of(h, "copy")
        other.start("scheduler", "intake")
        other.until(lambda: holds(other), "the copy is on hold")
        seen = difference(other, "--mail-log", os.path.join(exim.folder, "spool/mainlog"))
        equal((seen["named"], seen["not_known_here"]), (80, 0), "its log names every letter that it has")
    finally:
        exim.close()


def trial_only_at_a_mail_server_test(h):
    """Of a trial installation a mail server hears the named addresses and no other, not even of a letter that waited."""
    relay = Relay(h.folder, starttls=False)
    begin(h, relay, smtp_tls="none", trial_only="@kommun.example")
    relay.always("rcpt", "451 4.7.1 later")
    h.join("net", "m01", "m02")
    h.say("person.register", person="out", name="Ute", email="out@elsewhere.example", language="sv")
    h.say("membership.grant", network="net", person="out", source="test")
    h.until(lambda: len(h.ledger(state="deferred")) == 2, "both wait")
    equal([row["state"] for row in h.ledger(person="out")], ["suppressed"])
    h.stop()
    relay.usual("rcpt")
    with open(h.path("cirkel.conf")) as file:
        words = file.read()
    with open(h.path("cirkel.conf"), "w") as file:
        file.write(words.replace('trial_only = "@kommun.example"', 'trial_only = "m01@kommun.example"'))
    h.start()
    h.clock("2022-03-02T09:00")
    equal({row["person"]: row["state"] for row in h.ledger() if row["person"] != "lead"},
          {"m01": "accepted", "m02": "suppressed", "out": "suppressed"})
    equal({to for message in relay.messages for to in message.recipients}, {b"<m01@kommun.example>"})
    h.verify()


def moved_mailbox_test(h):
    """What waits goes to the address that its person has when it leaves: put off, held, or refused where nobody is any
    more; what has left has left."""
    relay = Relay(h.folder, starttls=False)
    begin(h, relay, smtp_tls="none")
    relay.on["rcpt"] = lambda session: {b"m01": "451 4.2.0 later", b"m02": "550 5.1.1 nobody here"}.get(
        session.line.split(b"<")[1].split(b"@")[0])
    h.run_cirkel("backup", os.path.join(h.folder, "kept"))
    h.join("net", "m01", "m03")
    h.settle()
    equal([row["person"] for row in h.ledger(state="deferred")], ["m01"], "who is put off")
    h.stop("notifier")
    h.join("net", "m02")
    for name in ("m01", "m02", "m03"):
        h.say("person.update", person=name, email=f"{name}.new@kommun.example")
    h.start("notifier")
    h.clock("2022-03-02T09:00")
    equal({row["person"]: (row["state"], row.get("readdressed", 0)) for row in
           h.records("ledger", rule="membership-welcome")},
          {"m01": ("accepted", 1), "m02": ("accepted", 1), "m03": ("accepted", 0)})
    equal(sorted(to for message in relay.messages for to in message.recipients if b"lead" not in to),
          [b"<m01.new@kommun.example>", b"<m02.new@kommun.example>", b"<m03@kommun.example>"])
    assert "had become another one" in h.run_cirkel("why", "m01")
    h.verify()
    h.run_cirkel("verify", "--replay", os.path.join(h.folder, "kept"))


def moved_mailbox_said_again_test(h):
    """That nobody is there any more is said until it is heard; heard twice, it speaks of the old address both times."""
    relay = Relay(h.folder, starttls=False)
    begin(h, relay, smtp_tls="none")
    scheduler, refused = h.workers["scheduler"], []

    def answer(session):
        if b"<m01@" not in session.line:
            return None
        refused.append(session.line)
        scheduler.send_signal(signal.SIGSTOP)
        return "550 5.1.1 nobody here"

    relay.on["rcpt"] = answer
    h.stop("notifier")
    h.join("net", "m01")
    h.say("person.update", person="m01", email="m01.new@kommun.example")
    h.start("notifier")
    h.until(lambda: refused, "it is refused where she was")
    time.sleep(1.5)  # the notifier says so again after half a second
    scheduler.send_signal(signal.SIGCONT)
    h.settle()
    equal([(row["state"], row["readdressed"]) for row in h.records("ledger", person="m01", rule="membership-welcome")],
          [("accepted", 1)])
    equal([row["state"] for row in h.records("suppression")], ["suppressed"], "the old address only")
    h.verify()
