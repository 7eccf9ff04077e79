"""A mail server that is short of breath: pauses, few connections, and everybody has their letter in the end."""
import collections
import os

from tests.flow.smtp_test import begin, log_of, restart, row_of, rows_of, send
from tests.harness.house import equal
from tests.harness.relay import Relay, hang_up

CLOSED = "421 4.7.0 too many of yours"


def only_for(domain, action):
    """That action for letters to that domain; others are answered as usual."""
    async def choose(session):
        if f"@{domain}>".encode() in session.line:
            await session.answer(action)
    return choose


def send_to(h, domain, people):
    h.say_all(("person.register", {"person": p, "name": f"Person {p}", "email": f"{p}@{domain}", "language": "sv"})
              for p in people)
    h.say_all(("membership.grant", {"network": "net", "person": p, "source": "test"}) for p in people)


def storm_test(h):
    """One domain is greylisted, another's connections are closed: theirs wait, longer each time, the others pass by."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_connections=4, per_destination=2, retry_first="1m", retry_longest="4h")
    grey, closed, others = ([f"{word}{n:02}" for n in range(20)] for word in ("grey", "closed", "other"))

    async def storm(session):
        await only_for("grey.example", "450 4.2.0 greylisted")(session)
        await only_for("closed.example", hang_up(CLOSED))(session)
        if session.last is None:
            await session.send("250 2.1.5 ok")

    relay.always("rcpt", storm)
    send_to(h, "grey.example", grey)
    send_to(h, "closed.example", closed)
    h.join("net", *others)
    h.settle()
    equal({row["state"] for row in rows_of(h, others)}, {"accepted"}, "the others")
    for people in (grey, closed):
        equal({(row["state"], row["attempts"]) for row in rows_of(h, people)}, {("deferred", 1)}, people[0])
    tries = [sum(row["attempts"] for row in rows_of(h, grey + closed))]
    for until in ("10:00", "16:00"):
        h.clock("2022-03-01T" + until)
        tries.append(sum(row["attempts"] for row in rows_of(h, grey + closed)))
    print(f"tries of 40 letters after 0, 60 and 420 minutes: {tries}; {relay.connections} connections")
    assert tries[1] <= 40 * 9 and tries[2] - tries[1] <= 40 * 9, tries  # it doubles: 1, 2, 4 … minutes, with jitter
    assert tries[2] > tries[1] > tries[0], tries
    assert relay.connections <= 4 + tries[2], relay.connections  # a letter refused ends its connection
    equal(log_of(h).count("relay_unreachable"), 0, "alarms about a server that answers")
    relay.usual()
    h.clock("2022-03-02T09:00")
    rows = rows_of(h, grey + closed)
    equal({row["state"] for row in rows}, {"accepted"}, "in the end")
    equal({relay.copies(row["message_id"]) for row in rows}, {1}, "copies")
    h.verify()


storm_test.timeout = 300


def closes_after_each_letter_test(h):
    """A server that takes one letter a connection: each has theirs at the first attempt."""
    relay = Relay(h.folder)
    begin(h, relay, smtp_connections=2)
    relay.always("dot", hang_up("250 2.0.0 taken, and good bye"))
    people = [f"p{n:02}" for n in range(30)]
    rows = send(h, *people)
    equal({(row["state"], row["attempts"]) for row in rows}, {("accepted", 1)})
    equal({relay.copies(row["message_id"]) for row in rows}, {1})
    assert relay.connections <= len(people) + 2, relay.connections
    equal(log_of(h).count("relay_unreachable"), 0)
    h.verify()


def wrong_password_test(h):
    """It is refused: one alarm, and the server is not asked again and again, which would lock us out."""
    relay = Relay(h.folder, auth=("cirkel", "right"))
    h.init()
    with open(h.path("keys/smtp.password"), "w", opener=private) as file:
        file.write("wrong\n")
    with open(h.path("cirkel.conf"), "a") as file:
        file.write(f'channel = smtp\nsmtp_host = "{relay.host}"\nsmtp_port = {relay.port}\nsmtp_ca_file = "{relay.ca}"\n'
                   f'smtp_user = cirkel\nsmtp_password_file = "keys/smtp.password"\nsmtp_pause = 60s\n')
    h.start()
    h.found()
    people = [f"p{n:02}" for n in range(40)]
    rows = send(h, *people)
    equal({row["state"] for row in rows}, {"deferred"})
    said = collections.Counter(step for _, _, step in relay.seen)
    equal(said["mail"], 0, "letters begun without a login")
    assert said["auth"] <= 4, said  # one a connection
    equal(log_of(h).count("relay_unreachable"), 1)
    with open(h.path("keys/smtp.password"), "w") as file:
        file.write("right\n")
    restart(h)
    h.clock("2022-03-02T09:00")
    equal({row["state"] for row in rows_of(h, people)}, {"accepted"})
    h.verify()


def private(path, flags):
    return os.open(path, flags, 0o600)


def letters_beyond_ascii_test(h):
    """Before the @ an address is ASCII, and who has another is told so at once; after it, a name goes out as the net
    writes it."""
    relay = Relay(h.folder)
    begin(h, relay)
    error = h.refused("bad-value", "person.register", person="asa", name="Åsa", email="åsa@kommun.example", language="sv")
    equal(error["field"], "email")
    h.say("person.register", person="bo", name="Bo Åberg 日本", email="bo@växjö.example", language="sv")
    h.say("membership.grant", network="net", person="bo", source="test")
    h.settle()
    equal(row_of(h, "bo")["state"], "accepted")
    message, = relay.messages
    equal(message.recipients, [b"<bo@" + "växjö.example".encode("idna") + b">"])
    assert all(byte < 0x80 for byte in message.bytes)
    h.verify()
