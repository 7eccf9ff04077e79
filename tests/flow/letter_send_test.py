"""A letter to an audience: looked at, counted, held for its window, taken back, sent."""
import json
import os
import shutil
import signal
import subprocess

from tests.flow.copies_test import holds
from tests.harness.house import equal


def written(h, words="Hej {{person.name}}! Läs mer om **{{network.name}}**."):
    paths = []
    for language, subject in (("sv", "Nytt om nätverket"), ("en", "News of the network")):
        paths.append(os.path.join(h.folder, f"news.{language}.md"))
        with open(paths[-1], "w") as file:
            file.write(f"Subject: {subject}\n\n{words}\n")
    return paths


def house(h):
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=5)
    h.say("person.protect", person="m02", on=True)
    h.say("preference.set", person="m03", **{"class": "news", "on": False})
    h.settle()


def letter_send_with_window_and_undo_test(h):
    house(h)
    files = written(h)
    say = ["letter", "send", "members", *files, "--about", "network:net", "--class", "news"]
    said = h.run_cirkel(*say)
    assert "It would go to 3 people" in said and "Nothing was sent" in said, said
    lines = {line.split()[2]: line for line in said.splitlines() if line.startswith("net ")}
    equal(sorted(lines), ["m01", "m02", "m03", "m04", "m05"], "who gets nothing is looked at, too")
    assert "suppressed" in lines["m02"] and "protected identity" in lines["m02"], said
    assert "does not want news" in lines["m03"], said
    assert "in sv, as Person m01 (m01) would read it" in said and "in en, as" not in said, said
    assert "Subject: Nytt om nätverket" in said and "Hej Person m01! Läs mer om Nätverket." in said, said
    look = json.loads(h.run_cirkel(*say, "--json"))
    equal((look["goes"], len(look["letters"]), len(look["samples"])), (3, 5, 1))
    equal(h.ledger(rule="letter"), [], "a look says nothing")
    h.run_cirkel(*say, "--count", "4", code=3)
    unknown = h.run_cirkel("letter", "send", "nobody-knows", *files, "--count", "1", code=3).errors
    assert unknown.endswith(" owner …\n"), unknown  # a list too long for a refusal ends at a word
    h.run_cirkel("letter", "send", "members", *written(h, "{{meeting.nothing}}"), "--count", "3", code=3)
    h.run_cirkel("letter", "send", "members", "README.md", code=2)
    h.run_cirkel("letter", "send", "members", files[0], *files, code=2)
    written(h)
    behind = h.run_cirkel(*say, "--at", "2022-02-01T09:00", code=3).errors
    assert "That lies behind us." in behind and "--until" not in behind, behind
    nobody = h.run_cirkel("letter", "send", "members", *written(h, "Hej!"))
    assert "there is nobody it would go to; an audience may need --about" in nobody and "--count" not in nobody, nobody
    equal(h.ledger(rule="letter"), [])

    say[3:5] = written(h)
    h.run_cirkel(*say, "--count", "3", "--window", "10m")
    h.settle()
    rows = {r["person"]: (r["state"], r["hold"]) for r in h.ledger(rule="letter")}
    equal(rows, {"m01": ("held", "window"), "m02": ("suppressed", None), "m03": ("suppressed", None),
                 "m04": ("held", "window"), "m05": ("held", "window")})
    why = h.run_cirkel("why", "m01", "net")
    assert "it can still be taken back; leaves at 2022-03-01T09:10" in why, why
    h.clock("2022-03-01T09:09")
    equal(len(h.letters(rule="letter")), 0)
    hold = h.records("hold")[-1]["no"]
    h.run_cirkel("undo", hold)
    h.clock("2022-03-01T12:00")
    equal({r["state"] for r in h.ledger(rule="letter")}, {"withdrawn", "suppressed"})
    h.verify()

    soon = h.run_cirkel(*say, "--count", "3", "--at", "2022-03-02T08:00", "--window", "1d", code=3).errors
    assert "before the 1440 minutes to take it back are over" in soon, soon
    assert "take it back until 2022-03-02T08:00" in h.run_cirkel(*say, "--at", "2022-03-02T08:00")
    h.run_cirkel(*say, "--count", "3", "--at", "2022-03-02T08:00", "--window", "30m")
    h.kill("scheduler")
    h.start("scheduler")
    h.settle()
    h.say("preference.set", person="m04", **{"class": "news", "on": False})
    h.clock("2022-03-02T07:59")
    equal(len(h.letters(rule="letter")), 0)
    h.clock("2022-03-02T08:00")
    equal(sorted(letter.row["person"] for letter in h.letters(rule="letter")), ["m01", "m05"],
          "who did not want it by then is left out")
    letter = h.letter(rule="letter", person="m01")
    equal(letter.subject, "Nytt om nätverket")
    assert "Hej Person m01! Läs mer om Nätverket." in letter.text, letter.text
    assert letter.message["List-Unsubscribe"], "news can be left"
    h.refused("too-late", "hold.undo", hold=h.records("hold")[-1]["no"])
    h.verify()


def letter_send_from_any_editor_test(h):
    """The marks that editors set are nobody's text. What is not UTF-8 is refused by name, a letter and a word of the
    command alike: it is never left out, with the other language in its place."""
    house(h)
    files = written(h)
    say = ["letter", "send", "members", *files, "--about", "network:net"]
    as_it_is = h.run_cirkel(*say)
    for path in files:
        with open(path, newline="") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8-sig", newline="\r\n") as file:
            file.write(text)
    equal(h.run_cirkel(*say), as_it_is, "with a byte order mark and line ends of another system")
    with open(files[0], "w", encoding="latin-1") as file:
        file.write("Subject: Nytt\n\nLäs mer.\n")
    refused = h.run_cirkel(*say, code=2).errors
    assert f"{files[0]}: is not UTF-8" in refused, refused
    refused = h.run_cirkel("pause", os.fsdecode("Läs".encode("latin-1")), code=2).errors
    assert "word 2 is not UTF-8" in refused, refused
    equal(holds(h), {})


def letter_send_says_where_it_is_wrong_test(h):
    """A name that does not exist is told with the language it was written in, whoever else would read that text."""
    house(h)
    path = os.path.join(h.folder, "wrong.sv.md")
    with open(path, "w") as file:
        file.write("Subject: Nytt\n\nHej!\n\n{{person.nam}}\n")
    said = h.run_cirkel("letter", "send", "members", path, "--about", "network:net", code=3).errors
    assert 'In sv, line 3: "person.nam" is no name' in said, said
    said = h.refused("bad-value", "letter.send", {"class": "news"}, audience="members", network="net", subject="Nytt",
                     text="Hej {{person.nam}}!", count=1)
    assert said["text"].startswith('Line 1: "person.nam" is no name'), said


def letter_send_released_early_test(h):
    house(h)
    result = h.say("letter.send", {"class": "duty"}, audience="function:nobody or members", network="net", subject="S",
                   text="T", window=60, count=4)
    equal(result["count"], 4)
    h.refused("conflict", "letter.send", {"class": "duty"}, audience="members", network="net", subject="S", text="T", count=5)
    h.refused("bad-value", "letter.send", {"class": "duty"}, audience="members", network="net", subject="S", text="{{no.such}}")
    h.refused("too-late", "letter.send", {"class": "duty"}, audience="members", network="net", subject="S", text="T",
              send_at="2022-02-01T09:00")
    h.settle()
    one = h.ledger(rule="letter", person="m01")[0]["no"]
    h.run_cirkel("release", one)
    h.settle()
    equal(len(h.letters(rule="letter")), 1, "a single letter")
    h.run_cirkel("release", "hold:%d" % result["hold"])
    h.settle()
    equal(len(h.letters(rule="letter")), 4)
    equal(h.records("hold")[-1]["state"], "ended")
    h.clock("2022-03-01T12:00")
    equal(len(h.letters(rule="letter")), 4)
    h.verify()
    h.join("net", "eva", language="en")
    said = h.run_cirkel("letter", "send", "members", *written(h), "--about", "network:net")
    equal((said.count("---- "), said.count("It would go to 5 people")), (2, 1), said)
    assert "in sv, as Person m01 (m01)" in said and "in en, as Person eva (eva)" in said, said
    assert "Subject: News of the network" in said and "Hej Person eva! Läs mer om The network." in said, said


def letter_send_look_interrupted_test(h):
    """Who breaks off a look leaves no letters lying about."""
    house(h)
    cirkel, here = slow_notifier(h)
    say = [cirkel, "letter", "send", "members", *written(h), "--about", "network:net", "--home", h.path()]
    home_alone = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        look = subprocess.Popen(say, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True, env=home_alone)
        h.until(lambda: os.path.exists(here), "the letters are being written out")
        equal(len(folders(h)), 1, "they lie in a folder")
        os.kill(look.pid, how)  # first: else it may see the end of the notifier, and be done, before it is told
        os.killpg(look.pid, how)
        equal(look.wait(30), -how)
        equal(folders(h), [], f"what lies there after {how.name}")
        os.remove(here)


def slow_notifier(h):
    """A cirkel with a notifier beside it that writes letters out for ever; the file that says that it has begun."""
    folder, here = os.path.join(h.folder, "slow"), os.path.join(h.folder, "it-writes")
    os.mkdir(folder)
    shutil.copy(h.program("cirkel"), folder)
    os.symlink(h.program("scheduler"), os.path.join(folder, "scheduler"))
    with open(os.path.join(folder, "notifier"), "w") as file:
        file.write(f"#!/bin/sh\n: >'{here}'\nexec sleep 60\n")
    os.chmod(file.name, 0o755)
    return os.path.join(folder, "cirkel"), here


def folders(h):
    return [name for name in os.listdir(h.path("run")) if "cirkel-" in name]


def letter_send_counts_who_is_reached_test(h):
    """Nothing gathers what is over the cap: the look, the number typed and the order agree on who is left, and when
    somebody has had enough in between, the order says so."""
    h.init(at="2022-03-01T07:30", news_a_week=1)
    os.remove(h.path("rules/digest.conf"))
    h.start()
    h.found(members=3)
    for person in ("m01", "m03"):
        h.say("preference.set", {"person": person, "class": "news", "on": True, "most": 2})
    say = ["letter", "send", "members", *written(h), "--about", "network:net", "--class", "news"]
    assert "It would go to 3 people." in h.run_cirkel(*say)
    h.run_cirkel(*say, "--count", "3", "--window", "10m")
    said = h.run_cirkel(*say, "--window", "20m")
    assert "It would go to 3 people.\n1 of them would not get it after all" in said, said
    h.clock("2022-03-01T08:00")
    equal(len(h.letters(rule="letter")), 3)

    said = h.run_cirkel(*say)
    assert "It would go to 2 people." in said and "say the same with --count 2" in said, said
    [line] = [line for line in said.splitlines() if " m02 " in line]
    assert "suppressed" in line and "cap: 1 letter of news a week" in line, said
    equal(json.loads(h.run_cirkel(*say, "--json"))["goes"], 2)
    assert "It would go to 3 people." in h.run_cirkel(*say, "--at", "2022-03-09T08:00"), "a week later there is room"
    h.say("poll.open", {"poll": "q1", "network": "net", "closes": "2022-04-20T12:00", "audience": "owner or members and "
                        "not lead", "question": "Q", "options": [{"option": o, "text": o} for o in "ab"]})
    h.say("preference.set", {"person": "m03", "class": "news", "on": True, "most": 50})
    h.settle()
    said = h.run_cirkel(*say, "--count", "2", code=3)
    assert "It would go to 1 person, not 2. Not to 1 (cap: 2 " in said and ", 1 more." in said and "Look again and type it anew." in said, said
    h.run_cirkel(*say, "--count", "1", "--window", "10m")
    h.clock("2022-03-01T09:00")
    equal({row["person"]: row["state"] for row in h.ledger(rule="letter")[3:]},
          {"m01": "suppressed", "m02": "suppressed", "m03": "accepted"})
    h.verify()


def letter_send_beside_a_digest_test(h):
    """A digest that closes while the letter is looked at is no reader more."""
    h.init(at="2022-03-01T07:50")
    h.start()
    h.found(members=3)
    h.say("preference.set", {"person": "m01", "class": "news", "on": True, "digest": "daily"})
    h.settle()
    say = ["letter", "send", "members", *written(h), "--about", "network:net", "--class", "news", "--window", "9m"]
    said = h.run_cirkel(*say)
    assert "It would go to 3 people." in said and " digest " not in said, said
    h.run_cirkel(*say, "--count", "3")
    h.clock("2022-03-01T08:00")
    equal(len(h.letters(rule="letter")) + len(h.letters(rule="digest")), 3)
    h.verify()


def letter_send_news_is_gentle_test(h):
    """A letter of news waits like any other news: gathered as its reader wishes, and no more than she wants in a week."""
    h.init(at="2022-03-01T09:00", news_a_week=1)
    h.start()
    h.found(members=3)
    h.say("preference.set", {"person": "m01", "class": "news", "on": True, "digest": "daily"})
    h.settle()
    say = ["letter", "send", "members", *written(h), "--about", "network:net", "--class", "news"]
    said = h.run_cirkel(*say)
    assert "It would go to 3 people" in said and "digested" in said, said
    assert "---- letter" in said and "Hej Person m01!" in said, said
    h.run_cirkel(*say, "--count", "3", "--window", "10m")
    h.clock("2022-03-01T09:10")
    rows = {row["person"]: row["state"] for row in h.ledger(rule="letter")}
    equal(rows, {"m01": "digested", "m02": "accepted", "m03": "accepted"})
    h.run_cirkel(*say, "--count", "3", "--window", "10m")
    h.clock("2022-03-01T09:30")
    reasons = {row["person"]: (row["state"], "cap" in row.get("reason", "")) for row in h.ledger(rule="letter")[3:]}
    equal(reasons, {"m01": ("digested", False), "m02": ("digested", True), "m03": ("digested", True)})
    h.clock("2022-03-02T09:30")
    letter = h.letter(rule="digest", person="m01")
    equal(letter.html.count("<h2>"), 2, "both in one letter")
    equal(letter.text.count("Läs mer om"), 2)
    equal(len(h.letters(person="m02", rule="letter")), 1)
    h.clock("2022-03-09T09:30")
    equal(len(h.letters(person="m02", rule="digest")), 1, "the other at the end of the week")
    h.run_cirkel("letter", "send", "members", *written(h), "--about", "network:net", "--class", "service", "--count", "3")
    h.clock("2022-03-09T12:00")
    equal(len(h.letters(person="m01", rule="letter")), 1, "what is not news comes at once")
    h.verify()
