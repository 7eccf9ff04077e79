"""Backups made while the service works, homes restored from them, and everything done over again."""
import json
import os
import shutil
import subprocess
import threading

from tests.flow.copies_test import difference, holds, ids
from tests.harness.house import ROOT, equal

SAMPLES = [os.path.join(ROOT, "config/samples", name + ".jsonl") for name in ("cirkular-kommun", "cirkulaere-byer")]


def replay(h, *backup, code=0):
    return json.loads(h.run_cirkel("verify", "--json", "--replay", *backup, code=code))


def restored_home_writes_to_nobody_twice_test(h):
    """A backup under load is restored elsewhere: the restored home holds its letters, shows what the
    original has sent since, and once released nobody has a letter twice."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=6)
    h.call("m1", starts="2022-03-22T09:00")
    going = threading.Event()
    going.set()

    def load():
        n = 0
        while going.is_set():
            n += 1
            h.request({"v": 1, "id": f"load-{n}", "type": "person.register",
                       "body": {"name": f"Load {n}", "email": f"l{n}@kommun.example", "language": "sv"}})

    loader = threading.Thread(target=load)
    loader.start()
    backup = os.path.join(h.folder, "backup")
    queues = h.run_cirkel("queues")
    assert "until a backup is made: cirkel backup DIR" in queues, queues
    made = json.loads(h.run_cirkel("backup", backup, "--json"))
    going.clear()
    loader.join()
    kept = json.loads(h.run_cirkel("queues", "--json"))["kept"]
    equal((kept["path"], kept["backup"][:16], kept["bytes"] > 0), (backup, "2022-03-01T09:00", True))
    assert f"since the backup of {kept['backup']}, in {backup}" in h.run_cirkel("queues")
    assert made["known"] and made["position"] > 0, made
    equal(h.record("backup")["position"], made["position"])
    assert not os.path.exists(os.path.join(backup, "keys")), "keys only when asked for"
    h.run_cirkel("backup", backup, code=2)

    h.register("m1", "m01", "m02")  # the backup knows nothing of these
    h.settle()
    h.clock("2022-03-15T10:00")
    reminded = h.letters(rule="meeting-week-before")
    equal(len(reminded), 2)

    other = h.another("again")
    h.run_cirkel("restore", backup, other.home)
    other.now, other.numbers = h.now, h.numbers
    shutil.copytree(h.path("keys"), os.path.join(other.folder, "keys"))
    other.set_clock("2022-03-15T10:00")
    other.start()
    other.settle()
    assert "restored from a backup" in holds(other)["copy"], holds(other)
    equal(other.letters(), [], "letters of the restored home")
    log = os.path.join(h.folder, "mail.log")
    with open(log, "w") as file:
        file.writelines(letter.message_id + "\n" for letter in h.letters())
    seen = difference(other, "--mail-log", log)
    assert seen["not_known_here"] >= len(reminded), seen
    other.run_cirkel("release", "--hold", "--yes", "--mail-log", log)
    other.register("m1", "m01", "m02")  # said again, under the keys they had
    other.clock("2022-03-15T11:00")
    twice = set(ids(h.letters())) & set(ids(other.letters()))
    equal(twice, set(), "letters that went out twice")
    other.verify()
    equal(replay(other, backup)["replay"]["difference_count"], 0)
    h.verify()


def restore_over_a_home_test(h):
    """A home in use is never touched, one that holds something only when told; then its keys and the
    letters that left go along."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.settle()
    backup = os.path.join(h.folder, "backup")
    h.run_cirkel("backup", backup, "--with-keys")
    assert os.path.exists(os.path.join(backup, "keys/server.key"))
    h.call("m1", starts="2022-03-22T09:00")
    invited = ids(h.letters(rule="meeting-invitation"))
    equal(len(invited), 2)
    h.run_cirkel("restore", backup, h.home, "--replace", code=1)
    h.stop()
    h.run_cirkel("restore", backup, h.home, code=2)
    told = h.run_cirkel("restore", backup, h.home, "--replace")
    assert "release --hold" in told, told
    h.set_clock("2022-03-01T10:00")
    h.start()
    h.settle()
    equal(list(holds(h)), ["copy"])
    seen = difference(h)
    equal(seen["not_known_here"], 2, f"the invitations the old home sent: {seen}")
    h.run_cirkel("release", "--hold", "--yes")
    h.stop()
    with open(os.path.join(backup, "core", "data.mdb"), "r+b") as file:
        file.seek(os.path.getsize(file.name) // 2)
        file.write(bytes(4096))
    h.run_cirkel("restore", backup, os.path.join(h.folder, "never"), code=None)
    assert not os.path.exists(os.path.join(h.folder, "never")), "a damaged backup is not restored"


def played(h, sample, until=None):
    h.run_cirkel("play", sample, *(["--until", until] if until else []))
    seen = replay(h)
    equal((seen["good"], seen["finding_count"]), (True, 0), seen["findings"][:3])
    assert seen["replay"]["events"] > 100 and seen["replay"]["rows"] > 5000, seen["replay"]


def replay_of_the_swedish_story_test(h):
    """Two years are done over again from nothing, and every row is the same byte by byte."""
    played(h, SAMPLES[0])
    again = h.run_cirkel("verify", "--replay")
    assert "done over again" in again and "WRONG" not in again, again


def replay_of_the_danish_story_test(h):
    played(h, SAMPLES[1])


def replay_after_kills_test(h):
    """Killed as they work, and done over again since a backup and from the beginning."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=5)
    backup = os.path.join(h.folder, "backup")
    for n in range(1, 7):
        h.plan(f"m{n}", starts=f"2022-03-{20 + n}T09:00")
        h.request({"v": 1, "id": f"call-{n}", "type": "meeting.call", "body": {"meeting": f"m{n}"}})
        h.kill(*[("scheduler",), ("notifier",), ("intake", "scheduler")][n % 3])
        h.start(*[name for name in ("scheduler", "intake", "notifier") if name not in h.workers])
        h.settle()
        if n == 3:
            equal(replay(h)["replay"]["difference_count"], 0)
            h.run_cirkel("backup", backup)
    h.clock("2022-03-27T09:00")
    equal(replay(h)["replay"]["difference_count"], 0, "since the backup that is known")
    equal(replay(h, backup)["replay"]["difference_count"], 0)
    h.stop()
    equal(replay(h)["replay"]["difference_count"], 0, "of a stopped home")


def replay_from_another_past_test(h):
    """A backup of another home is no place to begin from, and the sentence says so."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.settle()
    h.stop()
    other = h.another("other")
    other.init(at="2022-03-01T09:00")
    other.start()
    other.found(members=2)
    other.join("net", "m09")
    other.settle()
    other.stop()
    backup = os.path.join(h.folder, "backup")
    h.run_cirkel("backup", backup)
    found = other.run_cirkel("verify", "--replay", backup, code=1)
    assert "backup of something else" in found.errors, found.errors


def damaged_backup_is_not_restored_test(h):
    """What is not whole, or not as it was, is refused with what to do; a backup does not lie in its own home."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.settle()
    for place in ("backup", "deep/er/backup", "core/backup"):
        assert "lies in the home itself" in h.run_cirkel("backup", h.path(place), code=2).errors
    good, bad, home = (os.path.join(h.folder, name) for name in ("good", "bad", "restored"))
    h.run_cirkel("backup", good)

    def refused(words, damage, code):
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(good, bad)
        damage()
        said = h.run_cirkel("restore", bad, home, code=code).errors
        assert words in said and "nothing was restored" in said and "earlier" in said, said
        assert "cirkel run" not in said, "a backup is no home to be started: " + said
        equal([name for name in os.listdir(h.folder) if name.startswith("restored")], [])

    for part in ("core", "inbox", "rules", "letters"):
        refused("is not whole", lambda: shutil.rmtree(os.path.join(bad, part)), 1)
    refused("is damaged", lambda: os.truncate(os.path.join(bad, "core/data.mdb"), 40000), 1)
    log = next(name for name in os.listdir(os.path.join(good, "inbox")) if name.startswith("log."))

    def scratch():
        with open(os.path.join(bad, "inbox", log), "r+b") as file:
            file.seek(file.read().index(b"person.register"))
            file.write(b"\x5a" * 64)
    refused("is damaged", scratch, 4)
    h.run_cirkel("restore", good, home)
    h.run_cirkel("verify", "--home", home)
