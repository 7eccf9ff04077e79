"""What frontends ask: each query, who may ask it, what is refused, pages, the network, the client examples."""
import base64
import fcntl
import hashlib
import json
import os
import shutil
import struct
import subprocess
import time

import msgpack
import zmq

from tests.clients.push import push, push_all
from tests.clients.read_facts import ask as ask_outside
from tests.clients.read_facts import connect, read_all
from tests.flow import programme_test  # noqa: E402
from tests.harness.house import ROOT, equal
from tests.harness.ports import free_port

DAY = 86400_000


def start(h, *names):
    h.start(*(names or ("scheduler", "intake", "notifier", "gateway")))
    h.until(lambda: os.path.exists(h.path("run/gateway.ipc")) and ask(h, "networks.list")["status"] == "ok",
            "the gateway sees the core")


def ask(h, query, body=None, **more):
    """One answer, over ipc: the office asks."""
    with h.dial("gateway") as door:
        door.send(msgpack.packb({"v": 1, "id": "q", "query": query, "body": body or {}, **more}))
        assert door.poll(30000), f"no answer to {query}"
        answer = msgpack.unpackb(door.recv())
    equal((answer["v"], answer["id"]), (1, "q"))
    return answer


def rows(h, query, body=None, **more):
    answer = ask(h, query, body, **more)
    equal(answer["status"], "ok", f"{query} {body} {more}: {answer}")
    return answer["rows"]


def refused(h, code, field, query, body=None, **more):
    answer = ask(h, query, body, **more)
    equal((answer["status"], answer.get("error", {}).get("code"), answer.get("error", {}).get("field")),
          ("refused", code, field), f"{query} {body} {more}: {answer}")
    assert answer["error"]["text"] and "rows" not in answer, answer


def token(h, person, purpose="query", expiry=None):
    """As common/token.c makes them."""
    with open(h.path("keys/links.key")) as file:
        key = bytes.fromhex(file.read().strip())
    raw = b"\x01" + b"".join(bytes([len(f)]) + f for f in (purpose.encode(), b"", person.encode(), b""))
    raw += struct.pack(">q", expiry if expiry is not None else h.now + DAY)
    mac = hashlib.blake2b(raw, digest_size=16, key=key).digest()
    return base64.urlsafe_b64encode(raw + mac).rstrip(b"=").decode()


def network_queries_test(h):
    """Networks, meetings, materials, polls, and what is one's own."""
    h.init(at="2022-03-01T09:00")
    start(h)
    equal([r["state"] for r in rows(h, "networks.list")], [])
    h.found(members=2, topics=[{"topic": "furniture", "name": {"sv": "Möbler", "en": "Furniture"}}])
    h.say("organisation.register", organisation="city", name="Staden", kind="municipality", country="SE")
    h.say("person.register", person="heir", name="Arvid Arvinge", email="heir@city.example", language="sv",
          organisation="city")
    h.say("membership.grant", network="net", organisation="city", source="decision")
    h.say("group.create", group="board", network="net", name="Styrgrupp")
    h.say("group.add", group="board", person="m02")
    h.call("m1", starts="2022-03-22T09:00", place="Borås", room_opens="2022-03-22T08:40")
    h.plan("draft", starts="2022-03-29T09:00")
    h.call("old", starts="2022-03-02T09:00")
    h.call("secret", network=None, group="board", starts="2022-03-25T09:00", audience="group:board")
    h.call("off", starts="2022-04-25T09:00")
    h.say("meeting.cancel", meeting="off", reason="Ingen talare")
    h.register("m1", "m01")
    h.say("registration.answer", meeting="m1", person="m02", answer="no")
    h.clock("2022-03-03T09:00")

    [net] = rows(h, "networks.list", {"state": "open"}, language="en")
    equal((net["network"], net["name"], net["topics"]),
          ("net", "The network", [{"topic": "furniture", "name": "Furniture"}]))
    equal(rows(h, "networks.show", {"network": "net"})[0]["name"],
          {"da": "Netværket", "sv": "Nätverket", "en": "The network"})
    assert "lead" not in net
    refused(h, "not-found", "network", "networks.show", {"network": "nowhere"})

    [m1] = rows(h, "meetings.coming", language="sv")  # old is over, draft was not called, secret is the board's
    equal(m1, {"meeting": "m1", "state": "called", "network": "net", "kind": "network", "title": "Träff om möbler",
               "starts": "2022-03-22T09:00:00+01:00", "ends": "2022-03-22T10:30:00+01:00", "zone": "Europe/Stockholm",
               "minutes": 90, "room_opens": "2022-03-22T08:40:00+01:00", "mode": "video", "place": "Borås",
               "registered": 1, "revision": m1["revision"]})
    equal(rows(h, "meetings.coming", {"network": "other"}), [])
    link = "https://video.example/m1"
    for person, seen in (("m01", [("m1", link)]), ("m02", [("m1", None), ("secret", None)])):
        equal([(m["meeting"], m.get("link")) for m in rows(h, "meetings.coming", token=token(h, person))], seen, person)
        equal([m["meeting"] for m in rows(h, "meetings.coming", person=person)], [m for m, _ in seen])
    equal(rows(h, "meetings.show", {"meeting": "off"})[0]["reason"], "Ingen talare")
    for meeting in ("draft", "secret", "nowhere"):
        refused(h, "not-found", "meeting", "meetings.show", {"meeting": meeting})
    equal(len(rows(h, "meetings.show", {"meeting": "secret"}, person="m02")), 1)
    equal(rows(h, "meetings.held"), [])
    h.say("meeting.record", meeting="old")
    equal([m["meeting"] for m in rows(h, "meetings.held", {"network": "net"})], ["old"])

    for visibility in ("public", "members"):
        h.say("material.publish", material=visibility, meeting="old", kind="presentation", title="Bilder",
              visibility=visibility, link="https://files.example/" + visibility)
    equal([m["material"] for m in rows(h, "materials.list")], ["public"])
    for person, seen in (("m01", ["members", "public"]), ("heir", ["members", "public"]), ("lead", ["public"])):
        equal([m["material"] for m in rows(h, "materials.list", token=token(h, person))], seen, person)
    equal(rows(h, "materials.list", {"kind": "recording"}), [])

    h.say("poll.open", poll="p1", network="net", question="När?", audience="members", closes="2022-03-20T12:00",
          options=[{"option": "june", "text": "Juni"}, {"option": "may", "text": "Maj"}])
    h.say("poll.answer", poll="p1", person="m01", option="may")
    [poll] = rows(h, "polls.list", {"state": "open"}, person="m01")
    equal((poll["of"]["poll_answer"]["option"], poll.get("votes")), ("may", None))
    assert "of" not in rows(h, "polls.show", {"poll": "p1"}, person="m02")[0]
    h.say("poll.close", poll="p1")
    equal(rows(h, "polls.show", {"poll": "p1"})[0]["votes"], {"june": 0, "may": 1})

    [own] = rows(h, "registrations.own", token=token(h, "m01"), language="en")
    equal((own["meeting"], own["state"], own["of"]["meeting"]["title"], own["of"]["meeting"]["link"]),
          ("m1", "registered", "Meeting on furniture", link))
    [own] = rows(h, "registrations.own", token=token(h, "m02"))
    equal((own["state"], own["of"]["meeting"].get("link")), ("declined", None))
    equal(rows(h, "registrations.own", {"state": "waiting"}, person="m01"), [])
    [own] = rows(h, "memberships.own", person="m01")
    equal((own["network"], own["state"], own["of"]["network_name"]["name"]["sv"]), ("net", "active", "Nätverket"))
    [own] = rows(h, "memberships.own", person="heir")
    equal((own["state"], own["organisation"], own["whole"]), ("active", "city", True))
    equal(rows(h, "memberships.own", person="lead"), [])
    h.say("preference.set", {"person": "m01", "class": "news", "on": False})
    [own] = rows(h, "preferences.own", token=token(h, "m01", "preference.set"))
    equal((own["class"], own["on"]), ("news", False))
    h.say("consent.give", person="m01", purpose="photos", text_version="1")
    equal([c["purpose"] for c in rows(h, "consents.own", person="m01")], ["photos"])

    told = h.run_cirkel("query", "registrations.own", "--person", "m01").lines
    equal([json.loads(line)["meeting"] for line in told], ["m1"])
    equal(len(h.run_cirkel("query", "facts.since", "type=meeting.called").lines), 4)
    h.run_cirkel("query", "meetings.show", "meeting=nowhere", code=3)
    h.run_cirkel("query", "meetings.show", "mood=good", code=2)

    facts = rows(h, "facts.since", limit=100)
    equal([f["no"] for f in facts], list(range(1, len(facts) + 1)))
    equal([f["no"] for f in rows(h, "facts.since", {"no": 5}, limit=2)], [6, 7])
    equal({f["type"] for f in rows(h, "facts.since", {"type": "meeting.called"})}, {"meeting.called"})
    h.verify()


def programme_queries_test(h):
    """The Danish story afterwards: programme, call, participants, assessments, solutions."""
    h.init(at="2021-11-01T09:00")
    h.play(os.path.join(ROOT, "config/samples/cirkulaere-byer.jsonl"))
    start(h)
    programme = rows(h, "programmes.list")[0]["programme"]
    [page] = rows(h, "programmes.show", {"programme": programme}, language="da")
    assert page["name"] and page["places"] == 6 and "lead" not in page, page
    [call] = rows(h, "calls.list", {"programme": programme})
    [call] = rows(h, "calls.show", {"call": call["call"]}, language="da")
    assert {c["kind"] for c in call["criteria"]} <= {"must", "score"} and call["closes"].startswith("2022-0"), call
    parts = rows(h, "programmes.participants", {"programme": programme})
    equal(len(parts), 6)
    assert all(p["of"]["organisation"]["name"] for p in parts), parts
    solutions = rows(h, "solutions.list", {"programme": programme}, language="da")
    public = [s["solution"] for s in h.records("solution", state="published", visibility="public")]
    equal(sorted(s["solution"] for s in solutions), sorted(public))
    for s in h.records("solution", state="published", visibility="cohort"):
        refused(h, "not-found", "solution", "solutions.show", {"solution": s["solution"]})
    for s in solutions[:1]:
        equal(rows(h, "solutions.show", {"solution": s["solution"]}, language="da"), [s])

    # Material of the programme: for everybody, or only for the people named in it.
    h.refused("conflict", "material.publish", programme=programme, kind="guide", title="Vejledning",
              visibility="members", link="https://files.example/m")
    for visibility in ("public", "cohort"):
        h.say("material.publish", material=visibility, programme=programme, kind="recording", title="Oplæg",
              visibility=visibility, link="https://files.example/" + visibility)
    equal([m["material"] for m in rows(h, "materials.list", {"programme": programme})], ["public"])
    staff = h.records("participation")[0]["staff"][0]
    equal([m["material"] for m in rows(h, "materials.list", {"programme": programme}, person=staff)],
          ["cohort", "public"])
    h.settle()
    told = {row["person"] for row in h.ledger(rule="recording-for-cohort", about="cohort")}
    equal(told, {person for p in h.records("participation") for person in p["staff"]}, "only they hear of it")
    letter = h.letters(rule="recording-for-cohort", about="cohort")[0]
    own = rows(h, "registrations.own", token=letter.token("Se, hvad du er tilmeldt"), limit=100)
    assert own and all(row["state"] for row in own), "the link in the letter opens one's own page"

    # An application: by who wrote it and who assesses it, not by others, nor by who declared a conflict.
    mine = {"application": "ans-aalborg"}
    [row] = rows(h, "applications.list", mine, person="aalborg-erhverv")
    equal((row["state"], row["outcome"]), ("accepted", "selected"))
    assert row["answers"] and row["closes"] and "mean" not in row and "judgement" not in row, row
    equal([row["application"] for row in rows(h, "applications.list", {}, person="kolding-klima")], ["ans-kolding"])
    by_state = {a["state"]: a["person"] for a in h.records("assessment", application="ans-aalborg")}
    equal(len(rows(h, "applications.list", mine, person=by_state["submitted"])), 1)
    equal(rows(h, "applications.list", mine, person=by_state["conflict"]), [])
    equal(rows(h, "applications.list", mine, person="kolding-klima"), [])
    equal(len(rows(h, "applications.list", {}, person="ddc-projektleder")), 9)
    refused(h, "missing", "token", "applications.list", mine)

    assessment = h.records("assessment", state="submitted")[0]
    application, person = assessment["application"], assessment["person"]
    all_of_it = h.records("assessment", application=application)
    equal(len(rows(h, "assessments.list", {"application": application}, person=person)), len(all_of_it))
    lead = h.record("programme", programme=programme)["lead"]
    equal(len(rows(h, "assessments.list", {"application": application}, token=token(h, lead, expiry=0))), len(all_of_it))
    stranger = next(p["person"] for p in h.records("person", state="active")
                    if p["person"] not in {lead, *(a["person"] for a in all_of_it)})
    equal(rows(h, "assessments.list", {"application": application}, person=stranger), [])
    h.verify()


def what_is_held_is_not_read_test(h):
    """A draft can be gone on with by its link; what was judged and decided shows when the letters have told it."""
    programme_test.found(h)
    programme_test.apply(h, "k01", "k02")
    programme_test.begin(h, "k03")
    start(h, "gateway")
    h.clock("2022-03-30T09:00")
    draft = h.letters(rule="complete-application", person="k03-a")[-1]
    [row] = rows(h, "applications.list", {"application": "a-k03"}, token=draft.token("Fortsæt ansøgningen"))
    equal((row["state"], row["answers"]), ("draft", {"problem": "Byggeaffald"}))
    programme_test.decide(h, {"k01": "selected", "k02": "declined"}, release=False)
    for person, outcome in (("k01-a", "selected"), ("k02-a", "declined")):
        [row] = rows(h, "applications.list", {}, person=person)
        equal((row["state"], row.get("outcome"), row.get("reasons")), ("submitted", None, None), person)
    h.say("decision.release", programme="p")
    h.settle()
    for person, outcome in (("k01-a", "selected"), ("k02-a", "declined")):
        [row] = rows(h, "applications.list", {}, person=person)
        equal((row["state"], row["outcome"]), (outcome, outcome), person)
    h.verify()


def refusals_test(h):
    """What is no query, and who may not ask it."""
    h.init(at="2022-03-01T09:00")
    h.start("gateway")
    h.until(lambda: os.path.exists(h.path("run/gateway.ipc")), "the gateway is there")
    equal(ask(h, "meetings.coming")["status"], "retry", "there is no core yet")
    h.start("scheduler", "intake")
    h.found(members=2)
    h.until(lambda: ask(h, "meetings.coming")["status"] == "ok", "the core is seen")
    for code, field, query, body, more in (
            ("unknown-type", "query", "meetings.lost", {}, {}),
            ("unknown-field", "mood", "meetings.coming", {"mood": "good"}, {}),
            ("unknown-field", "page", "meetings.coming", {}, {"page": 2}),
            ("missing", "meeting", "meetings.show", {}, {}),
            ("bad-value", "meeting", "meetings.show", {"meeting": "No Id!"}, {}),
            ("bad-value", "state", "networks.list", {"state": "shut"}, {}),
            ("bad-value", "limit", "networks.list", {}, {"limit": 0}),
            ("bad-value", "limit", "networks.list", {}, {"limit": 101}),
            ("bad-value", "language", "networks.list", {}, {"language": "fi"}),
            ("bad-value", "v", "networks.list", {}, {"v": 2}),
            ("bad-value", "after", "networks.list", {}, {"after": "no cursor"}),
            ("bad-value", "after", "networks.list", {}, {"after": "AAAAAAAA"}),
            ("missing", "token", "registrations.own", {}, {}),
            ("not-found", "person", "registrations.own", {}, {"person": "nobody"}),
            ("conflict", "person", "registrations.own", {}, {"person": "m01", "token": token(h, "m01")}),
            ("not-allowed", "token", "registrations.own", {}, {"token": "forged"}),
            ("not-allowed", "token", "registrations.own", {}, {"token": token(h, "m01", "preference.set")}),
            ("not-allowed", "token", "preferences.own", {}, {"token": token(h, "m01", "registration.answer")}),
            ("too-late", "token", "registrations.own", {}, {"token": token(h, "m01", expiry=h.now)})):
        refused(h, code, field, query, body, **more)
    good = token(h, "m01")
    refused(h, "not-allowed", "token", "registrations.own", token=good[:12] + ("A" if good[12] != "A" else "B") + good[13:])
    refused(h, "bad-value", "after", "networks.list", after=ask(h, "facts.since", limit=1)["next"])
    with h.dial("gateway") as door:
        for frame in (b"\xc1", b"hello", msgpack.packb(7), msgpack.packb([]), msgpack.packb({"v": 1})):
            door.send(frame)
            assert door.poll(30000), frame
            equal(msgpack.unpackb(door.recv())["status"], "refused", frame)
    # A merged person has no page of its own any more.
    h.say("person.merge", person="m02", into="m01")
    refused(h, "not-found", "person", "memberships.own", token=token(h, "m02"))


def paging_test(h):
    """250 meetings, a page at a time, while others are added: each of them exactly once."""
    h.init(at="2022-03-01T09:00")
    start(h)
    h.found()
    plan = {"network": "net", "kind": "network", "title": "Träff", "starts": "2022-04-05T09:00", "minutes": 90,
            "mode": "video", "link": "https://video.example/", "audience": "members"}

    def add(names):
        h.say_all(("meeting.plan", {"meeting": name, **plan}) for name in names)
        h.say_all(("meeting.call", {"meeting": name}) for name in names)

    there = [f"m{n:03}" for n in range(250)]
    add(there)
    seen, more, pages = [], {}, 0
    while True:
        answer = ask(h, "meetings.coming", {"network": "net"}, limit=20, **more)
        equal(answer["status"], "ok", answer)
        seen += [m["meeting"] for m in answer["rows"]]
        pages += 1
        if "next" not in answer:
            break
        more = {"after": answer["next"]}
        add([f"m{n:03}{letter}{pages}" for n, letter in ((3, "a"), (120, "b"), (249, "c"))])
    equal(len(seen), len(set(seen)), "nothing comes twice")
    equal([m for m in seen if m in set(there)], there, "everything that was there comes, in order")
    assert len(seen) > 250, "of what was added meanwhile, what lay ahead comes"
    # Many rows that do not fit: bounded work, and a cursor all the same.
    add([f"x{n:03}" for n in range(300)])
    answer = ask(h, "meetings.coming", {"network": "elsewhere"})
    equal((answer["rows"], "next" in answer), ([], True))
    h.stop("gateway")
    h.verify()


def outside(h):
    """A house with keys on the network: web may read what is public and tell, app may read as anybody."""
    intake, gateway = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    h.init(listen=intake, gateway_listen=gateway)
    for name, types in (("web", "query.meetings.*,query.registrations.own,query.facts.*,idea.send"),
                        ("app", "query.*"), ("mute", "idea.send")):
        h.run_cirkel("key", "new", name, "--types", types, "--out", h.folder)
    start(h)
    h.found(members=1)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01")
    return intake, gateway


def network_keys_test(h):
    """A key says what may be asked; a token as whom; a stranger gets nothing."""
    _, endpoint = outside(h)

    def said(name, query, body=None, **more):
        door = connect(endpoint, os.path.join(h.folder, name + ".key"))
        answer = ask_outside(door, query, body or {}, patience=more.pop("patience", 30000), **more)
        door.close()
        return answer and (answer["status"], answer.get("error", {}).get("field"), len(answer.get("rows", [])))

    equal(said("web", "meetings.coming"), ("ok", None, 1))
    equal(said("web", "networks.list"), ("refused", "query", 0))
    equal(said("web", "registrations.own"), ("refused", "token", 0))
    equal(said("web", "registrations.own", person="m01"), ("refused", "person", 0))
    equal(said("web", "meetings.coming", person="m01"), ("refused", "person", 0))
    equal(said("web", "registrations.own", token=token(h, "m01")), ("ok", None, 1))
    equal(said("app", "registrations.own", person="m01"), ("ok", None, 1))
    equal(said("app", "networks.list"), ("ok", None, 1))
    equal(said("mute", "meetings.coming"), ("refused", "query", 0))

    public, secret = (k.decode() for k in zmq.curve_keypair())
    with open(os.path.join(h.folder, "web.key")) as file:
        server = [line for line in file if line.startswith("server")][0]
    with open(os.path.join(h.folder, "stranger.key"), "w") as file:
        file.write(f"public = {public}\nsecret = {secret}\n{server}")
    equal(said("stranger", "meetings.coming", patience=1500), None, "an unknown key")
    h.run_cirkel("key", "revoke", "web")
    h.until(lambda: (said("web", "meetings.coming", patience=700) or ("refused",))[0] == "refused",
            "the revoked key is refused")


def client_examples_test(h):
    """tests/clients: Python and Node say and read the same."""
    intake, gateway = outside(h)
    key = os.path.join(h.folder, "app.key")
    facts = list(read_all(connect(gateway, key), "facts.since", {"no": 0}, limit=3))
    done = subprocess.run(["/usr/bin/python3", os.path.join(ROOT, "tests/clients/read_facts.py"), gateway, key, "2"],
                          capture_output=True, text=True, timeout=100, check=True)
    equal([json.loads(line) for line in done.stdout.splitlines()], facts[2:])
    equal(push(intake, os.path.join(h.folder, "web.key"), "idea.send", {"network": "net", "text": "Från Python"})
          ["status"], "applied")

    node = node_folder(h)
    if not node:
        print("Node is not here, or its packages cannot be had: the examples in it were not run.")
        return

    def run(name, *args):
        shutil.copy(os.path.join(ROOT, "tests/clients", name), node)
        done = subprocess.run(["node", name, *args], cwd=node, capture_output=True, text=True, timeout=100)
        equal(done.returncode, 0, f"{name}: {done.stdout} {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    idea = json.dumps({"network": "net", "text": "Från Node"})
    [answer] = run("push.mjs", intake, os.path.join(h.folder, "web.key"), "idea.send", idea, "node-1")
    equal(answer["status"], "applied")
    equal([i["text"] for i in h.records("idea")].count("Från Node"), 1)
    told = run("read_facts.mjs", gateway, key, str(facts[-1]["no"]))
    equal([f["type"] for f in told], ["idea.changed", "idea.changed"])


def client_retry_test(h):
    """Intake is away when the examples begin to speak: they say the same again under the same ID, and it is done once."""
    intake, _ = outside(h)
    key, node = os.path.join(h.folder, "web.key"), node_folder(h)
    h.kill("intake")
    speakers = {"python-1": ["/usr/bin/python3", os.path.join(ROOT, "tests/clients/push.py")]}
    if node:
        shutil.copy(os.path.join(ROOT, "tests/clients/push.mjs"), node)
        speakers["node-1"] = ["node", "push.mjs"]
    said = [subprocess.Popen([*command, intake, key, "idea.send", json.dumps({"network": "net", "text": id}), id],
                             cwd=node, stdout=subprocess.PIPE, text=True) for id, command in speakers.items()]
    time.sleep(4)  # longer than they wait for one answer
    h.start("intake")
    for process in said:
        output, _ = process.communicate(timeout=100)
        equal(json.loads(output)["status"], "applied")
    many = [{"v": 1, "id": f"many-{n % 3}", "type": "idea.send", "body": {"network": "net", "text": f"many-{n % 3}"}}
            for n in range(6)]
    equal([answer["status"] for answer in push_all(intake, key, many)], ["applied"] * 6)
    equal(sorted(i["text"] for i in h.records("idea")), sorted([*speakers, "many-0", "many-1", "many-2"]))
    h.stop("intake")
    equal(push(intake, key, "idea.send", {"network": "net", "text": "x"}, patience=700), None)


def node_folder(h):
    """A folder beside the programs with what the examples need, installed once; None when it cannot be had."""
    folder = os.path.join(os.path.dirname(h.bin), "node")
    part, none = folder + ".part", folder + ".none"
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another story may be at it
        if os.path.isdir(folder):
            return folder
        if os.path.exists(none) and time.time() - os.path.getmtime(none) < 600:
            return None  # that story has waited for it
        shutil.rmtree(part, ignore_errors=True)  # of one that was broken off
        os.mkdir(part)
        try:
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=1", "--prefix", part, "zeromq",
                            "@msgpack/msgpack"], cwd=part, capture_output=True, timeout=60, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            open(none, "w").close()
            return None
        os.rename(part, folder)
    return folder
