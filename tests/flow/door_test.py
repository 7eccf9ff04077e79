"""The front door: what is no request, who may not say it, what contradicts, and the network."""
import json
import os
import subprocess

import msgpack
import zmq

from tests.clients.push import push
from tests.harness.house import equal
from tests.harness.ports import free_port

MEETING = {"meeting": "m2", "network": "net", "kind": "network", "title": "Träff", "starts": "2022-03-22T09:00",
           "minutes": 90, "mode": "video", "audience": "members"}

BAD = [  # (type, body, code, field)
    ("meeting.dance", {}, "unknown-type", None),
    ("meeting.call", {}, "missing", "meeting"),
    ("meeting.call", {"meeting": "m1", "mood": "good"}, "unknown-field", "mood"),
    ("meeting.call", {"meeting": "No Id!"}, "bad-value", "meeting"),
    ("meeting.call", {"meeting": 7}, "bad-value", "meeting"),
    ("meeting.call", {"meeting": "m" * 65}, "too-long", "meeting"),
    ("meeting.call", {"meeting": "nowhere"}, "not-found", "meeting"),
    ("meeting.call", {"meeting": "m1"}, "already", None),
    ("meeting.plan", {**MEETING, "starts": "2022-03-22 09:00"}, "bad-value", "starts"),
    ("meeting.plan", {**MEETING, "starts": "2022-02-30T09:00"}, "bad-value", "starts"),
    ("meeting.plan", {**MEETING, "minutes": 4}, "bad-value", "minutes"),
    ("meeting.plan", {**MEETING, "mode": "carrier-pigeon"}, "bad-value", "mode"),
    ("meeting.plan", {**MEETING, "audience": "members and ("}, "bad-value", "audience"),
    ("meeting.plan", {**MEETING, "audience": "everybody"}, "bad-value", "audience"),
    ("meeting.plan", {**MEETING, "zone": "Europe/Atlantis"}, "bad-value", "zone"),
    ("meeting.plan", {**MEETING, "title": "x" * 201}, "too-long", "title"),
    ("meeting.plan", {**MEETING, "title": {"fi": "Kokous"}}, None, None),
    ("meeting.plan", {**MEETING, "link": "http://video.example/"}, "bad-value", "link"),
    ("meeting.plan", {**MEETING, "network": "elsewhere"}, "not-found", "network"),
    ("meeting.plan", {**MEETING, "meeting": "m1"}, "already", "meeting"),
    ("meeting.plan", {**MEETING, "minimum": 9, "capacity": 3}, None, None),
    ("meeting.decide", {"meeting": "m1", "decision": "postpone"}, "missing", "starts"),
    ("person.register", {"name": "A", "email": "no address", "language": "sv"}, "bad-value", "email"),
    ("person.register", {"name": "A", "email": "a@b.example", "language": "fi"}, "bad-value", "language"),
    ("registration.make", {"meeting": "m1", "person": "nobody"}, "not-found", "person"),
    ("registration.make", {"meeting": "draft", "person": "m01"}, None, None),
    ("registration.cancel", {"meeting": "m1", "person": "m01"}, None, None),
    ("registration.accept_offer", {"meeting": "m1", "person": "m01"}, None, None),
    ("attendance.record", {"meeting": "m1", "entries": [{"person": "m01", "minutes": 5000}]}, "bad-value",
     "entries.0.minutes"),
    ("membership.confirm", {"token": "forged"}, None, None),
    ("membership.request", {"network": "net", "name": "A"}, "missing", None),
    ("poll.answer", {"poll": "none", "person": "m01", "option": "a"}, "not-found", "poll"),
    ("support.assign", {"case": "none", "person": "lead"}, "not-found", "case"),
    ("person.merge", {"person": "m01", "into": "m01"}, None, None),
]


def bad_input_test(h):
    h.init()
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.plan("draft", starts="2022-03-29T09:00")
    for type, body, code, field in BAD:
        answer = h.send(type, body)
        equal(answer["status"], "refused", f"{type} {body}")
        error = answer["error"]
        assert error["text"], f"{type} {body}: no sentence: {answer}"
        if code:
            equal((error["code"], error.get("field", "") if field else None), (code, field), f"{type} {body}")

    deep = {"x": 1}
    for _ in range(20):
        deep = {"x": deep}
    for frame, code in ((b"\xc1", "malformed"), (b"hello", "malformed"), (msgpack.packb(7), "malformed"),
                        (b"\x81\xa1v", "malformed"), (b"\xdd\xff\xff\xff\xff", None), (b"\xdf\x7f\xff\xff\xff", "malformed"),
                        (msgpack.packb({"v": 1, "id": "deep", "type": "person.register", "body": deep}), None),
                        (msgpack.packb({"v": 2, "id": "new", "type": "meeting.call", "body": {}}), None),
                        (msgpack.packb({"v": 1, "type": "meeting.call", "body": {"meeting": "m1"}}), "missing"),
                        (msgpack.packb({"v": 1, "id": "i" * 65, "type": "meeting.call", "body": {}}), "too-long"),
                        (msgpack.packb({"v": 1, "id": "big", "type": "idea.send",
                                        "body": {"network": "net", "text": "x" * 70000}}), None)):
        answer = h.request(frame)
        answer = answer[0] if isinstance(answer, list) else answer
        assert answer and answer["status"] == "refused", f"{frame[:40]}: {answer}"
        if code:
            equal(answer["error"]["code"], code, f"{frame[:40]}")

    # What came before has been put where it is kept when the next one is in.
    h.say("quiet.set", person="m01")
    # What never got in is kept where the office sees it, with its code and field, and without its words.
    asides = h.records("aside")
    codes = [row["code"] for row in asides]
    assert codes.count("malformed") >= 3 and "too-long" in codes, codes
    assert all(row["text"] and row["at"] for row in asides), asides
    equal(json.loads(h.run_cirkel("queues", "--json"))["inbox"]["refused_at_the_door"], len(asides))
    assert "cirkel list aside" in h.run_cirkel("queues")

    # The same key again: the same answer. The same key with something else: a conflict.
    idea = {"network": "net", "person": "m01", "text": "Kan vi dela förråd?"}
    first = h.send("idea.send", idea, id="idea-1")
    second = h.send("idea.send", idea, id="idea-1")
    equal((second["status"], second["seq"], second.get("result")),
          (first["status"], first["seq"], first.get("result")))
    equal(second.get("again"), True)
    equal(h.send("idea.send", {**idea, "text": "Något annat"}, id="idea-1")["status"], "conflict")
    equal(len(h.records("idea")), 1)

    both = [{"v": 1, "id": "a", "type": "meeting.call", "body": {}},
            {"v": 1, "id": "b", "type": "quiet.set", "body": {"person": "m01"}}]
    answers = h.until(lambda: [a for a in [h.request(both)] if a[1]["status"] != "accepted"], "both are decided")[0]
    equal([(a["id"], a["status"]) for a in answers], [("a", "refused"), ("b", "applied")])
    h.verify()


def curve_client_test(h):
    """A frontend on the network: its key says who it is and what it may say."""
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    h.init(listen=endpoint)
    h.run_cirkel("key", "new", "web", "--types", "person.*,membership.request,registration.*", "--out", h.folder)
    many = h.run_cirkel("key", "new", "many", "--types", ",".join(["person.*"] * 65), code=2)
    assert "expected 1 to 64" in many.errors, many.errors
    key = os.path.join(h.folder, "web.key")
    equal(os.stat(key).st_mode & 0o777, 0o600, "mode of the secret")
    h.start()
    h.found(members=1)
    h.call("m1", starts="2022-03-22T09:00", audience="members or function:guest")

    def say(type, body, id):
        return push(endpoint, key, type, body, id)

    answer = say("person.register", {"person": "anna", "name": "Anna", "email": "anna@kommun.example",
                                     "language": "sv", "functions": ["guest"]}, "web-1")
    equal(answer["status"], "applied", answer)
    equal(say("membership.request", {"network": "net", "person": "anna"}, "web-2")["status"], "applied")
    equal(say("registration.make", {"meeting": "m1", "person": "anna"}, "web-3")["status"], "applied")
    h.settle()
    equal(h.states("m1"), {"anna": "registered"})
    equal(len(h.letters(person="anna", rule="membership-confirm")), 1)

    for type, body in (("meeting.call", {"meeting": "m1"}), ("idea.send", {"network": "net", "text": "?"})):
        answer = say(type, body, "web-" + type)
        equal((answer["status"], answer["error"]["code"]), ("refused", "not-allowed"), type)

    # Two owners may use the same idempotency key; they do not meet.
    equal(h.send("quiet.set", {"person": "anna"}, id="web-3")["status"], "applied")

    stranger = os.path.join(h.folder, "stranger.key")
    public, secret = (k.decode() for k in zmq.curve_keypair())
    with open(key) as file:
        server = [line for line in file if line.startswith("server")][0]
    with open(stranger, "w") as file:
        file.write(f"public = {public}\nsecret = {secret}\n{server}")
    equal(push(endpoint, stranger, "quiet.set", {"person": "anna"}, patience=1500), None, "an unknown key")

    assert "web" in h.run_cirkel("key", "list")
    bad = h.path("keys/clients/other.conf")
    with open(bad, "w") as file:
        file.write("public = 'no key'\n")
    listed = h.run_cirkel("key", "list", code=2)
    assert "web" in listed and "other.conf" in listed.errors and "Bad message" not in listed.errors, listed.errors
    os.remove(bad)

    h.run_cirkel("key", "revoke", "web")
    h.until(lambda: (push(endpoint, key, "quiet.set", {"person": "anna"}, patience=700) or
                     {"status": "refused"})["status"] == "refused", "the revoked key is refused")
    h.verify()


def send_jsonl_test(h):
    h.init()
    h.start()
    h.found(members=2)
    good = [{"id": f"line-{n}", "type": "idea.send", "body": {"network": "net", "person": "m01", "text": f"Idé {n}"}}
            for n in range(4)]
    path = os.path.join(h.folder, "events.jsonl")
    lines = [json.dumps(line, ensure_ascii=False) for line in good]

    def write(*lines):
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")

    write(lines[0], lines[1], '{"id": "broken", "type": ', lines[2])
    done = h.run_cirkel("send", "-f", path, code=2)
    assert f"{path}:3" in done.errors, done.errors
    equal(len(h.records("idea")), 2, "what stood before the bad line was said")
    done = h.run_cirkel("send", "-f", path, "--keep-going", code=3)
    assert f"{path}:3" in done.errors, done.errors
    equal(len(h.records("idea")), 3, "said once, however often the file is sent")

    refused = json.dumps({"id": "late", "type": "meeting.call", "body": {"meeting": "nowhere"}})
    write(*lines, refused)
    done = h.run_cirkel("send", "-f", path, code=3)
    assert f"{path}:5" in done.errors and "not-found" in done.errors, done.errors
    write(*lines)
    h.run_cirkel("send", "--file", path)
    h.run_cirkel("send", "-f", "-", text="\n".join(lines) + "\n")
    equal(len(h.records("idea")), 4)

    h.run_cirkel("send", "meeting.plan", "meeting=m1", "network=net", "kind=network", "title.sv=Träff om möbler",
                 "starts=2022-03-22T09:00", "minutes=90", "mode=video", "audience=members")
    h.run_cirkel("send", "meeting.call", "meeting=m1")
    h.run_cirkel("send", "meeting.call", "meeting=m1", code=3)
    h.run_cirkel("send", "meeting.dance", code=2)
    h.verify()


def answered_twice_test(h):
    """Intake was away, was asked twice, and answers both: whatever is said afterwards is said once."""
    h.init(at="2022-03-01T09:00")
    lines = [{"id": f"a-{n}", "type": "person.merge", "body": {}} for n in range(600)]
    with open(os.path.join(h.folder, "lines.jsonl"), "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    door, heard = h.zmq.socket(zmq.ROUTER), []
    door.bind("ipc://" + h.path("run/intake.ipc"))
    send = subprocess.Popen([h.program("cirkel"), "send", "-f", file.name, "--home", h.home],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    waiting = []
    while send.poll() is None:
        if not door.poll(100):
            continue
        peer, frame = door.recv_multipart()
        said = msgpack.unpackb(frame)
        heard.append(said[0]["id"])
        waiting.append([peer, msgpack.packb([{"v": 1, "id": s["id"], "status": "applied", "seq": 1} for s in said])])
        if len(heard) > 1:  # the first is left to be said again
            for one in waiting:
                door.send_multipart(one)
            waiting = []
    door.close(linger=0)
    equal((send.returncode, heard), (0, ["a-0", "a-0", "a-256", "a-512"]))


def facts_are_told_test(h):
    """Whoever listens hears every fact, numbered; what was missed is read from the store."""
    h.init()
    h.start()
    radio = h.zmq.socket(zmq.SUB)
    radio.rcvtimeo = 30000
    radio.linger = 0
    radio.subscribe(b"")
    radio.connect("ipc://" + h.path("run/facts.ipc"))
    h.found(members=1)
    h.until(lambda: h.say("quiet.set", person="m01") is not None and radio.poll(200), "a fact is heard")
    last = h.records("fact")[-1]["no"]
    while msgpack.unpackb(radio.recv_multipart()[1])["no"] < last:
        pass
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    heard = []
    while radio.poll(1000 if len(heard) >= 3 else 30000):
        topic, body = radio.recv_multipart()
        heard.append((topic.decode(), msgpack.unpackb(body)))
    equal([topic for topic, _ in heard], ["meeting.planned", "meeting.called", "registration.made"])
    equal([fact["type"] for _, fact in heard], [topic for topic, _ in heard])
    first = heard[0][1]["no"]
    equal([fact["no"] for _, fact in heard], [first, first + 1, first + 2], "numbered without a gap")
    equal([row["type"] for row in h.records("fact")][-3:], [topic for topic, _ in heard])
    radio.close()
    h.verify()
