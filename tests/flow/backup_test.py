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


def corrected_and_restored_test(h):
    """After the backup an address is corrected, and the letter goes there, as another message. What is restored knows
    of neither; the mail log does, and the letter does not go again, also when the correction is said again."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found()
    h.settle()
    h.stop("notifier")
    h.join("net", "m01", "m02")
    backup = os.path.join(h.folder, "backup")
    h.run_cirkel("backup", backup)
    h.say("person.update", person="m01", email="m01.new@kommun.example")
    h.start("notifier")
    h.settle()
    equal([".1@" in h.letter(person=person).message_id for person in ("m01", "m02")], [True, False])

    other = h.another("again")
    h.run_cirkel("restore", backup, other.home)
    other.now, other.numbers = h.now, h.numbers
    other.set_clock("2022-03-01T10:00")
    other.start()
    other.settle()
    log = os.path.join(h.folder, "mail.log")
    with open(log, "w") as file:
        file.writelines(letter.message_id + "\n" for letter in h.letters())
    seen = difference(other, "--mail-log", log)
    equal((seen["already_out"], seen["would_go"], seen["not_known_here"]), (2, 0, 0), seen)
    other.run_cirkel("release", "--hold", "--yes", "--mail-log", log)
    other.say("person.update", person="m01", email="m01.new@kommun.example")
    other.settle()
    equal([other.letters(), [row["state"] for row in other.ledger()]], [[], ["accepted"] * 2])
    other.verify()


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
    h.run_cirkel("key", "new", "late", "--types", "meeting.*", "--out", h.folder)  # which that backup does not know
    h.call("m1", starts="2022-03-22T09:00")
    invited = ids(h.letters(rule="meeting-invitation"))
    equal(len(invited), 2)
    h.run_cirkel("restore", backup, h.home, "--replace", code=1)
    h.stop("intake", "scheduler")
    h.run_cirkel("restore", backup, h.home, "--replace", code=1)  # the notifier was left behind
    h.stop()
    h.run_cirkel("restore", backup, h.home, code=2)
    told = h.run_cirkel("restore", backup, h.home, "--replace")
    assert "late" in h.run_cirkel("key", "list"), "the home's keys are the later ones"
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
    os.rename(h.home, h.home + ".part")  # killed between the two names
    assert "a restore did not end" in h.run_cirkel("queues", code=2).errors
    assert f"the latest {h.home}.before-" in h.run_cirkel("restore", backup, h.home, code=2).errors
    h.run_cirkel("restore", backup, os.path.join(h.folder, "never"), code=None)
    assert not os.path.exists(os.path.join(h.folder, "never")), "a damaged backup is not restored"


def played(h, sample, until=None):
    h.run_cirkel("init", "--trial", h.home)
    h.configure(keep_inputs="1800d")  # the Danish years are longer than what is kept else
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
    assert "is no backup" in other.run_cirkel("verify", "--replay", other.home, code=1).errors


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


def what_cannot_be_read_is_not_restored_test(h):
    """Rules, letters and settings that would not start a home are said with file and line, before anything is
    put in place; a home that is to be replaced stays as it is. Put right in the backup, they are restored."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.stop()
    backup, home = (os.path.join(h.folder, name) for name in ("backup", "restored"))
    h.run_cirkel("backup", backup)
    for name, wrong, words in (("rules/meeting.conf", 'rule "half" {', "is not closed"),
                               ("letters/meeting-moved.sv.md", "{{meeting.tittle}}", "is no name of a letter"),
                               ("cirkel.conf", "colour = 1", "colour")):
        path = os.path.join(backup, name)
        with open(path) as file:
            good = file.read()
        with open(path, "a") as file:
            file.write("\n" + wrong + "\n")
        for args in ((home,), (h.home, "--replace")):
            said = h.run_cirkel("restore", backup, *args, code=2).errors
            assert f"{name}:" in said and words in said and "nothing was restored" in said, said
        with open(path, "w") as file:
            file.write(good)
    equal(sorted(n for n in os.listdir(h.folder) if n.startswith(("restored", "home"))), ["home"])
    h.verify()
    assert "erasures and opt-outs neither" in h.run_cirkel("restore", backup, home)
    h.run_cirkel("verify", "--home", home)
    os.remove(os.path.join(home, "run/clock"))
    assert "has no virtual clock" in h.run_cirkel("run", "--clock", "--home", home, code=2).errors


def where_a_backup_may_lie_test(h):
    """A slash at its end, the folder one stands in and a link are as good as any other name; a mount point and no
    name are not. What did not end leaves nothing that stands in the way, and what another one makes is not touched."""
    h.init(at="2022-03-01T09:00")
    folder = os.path.join(h.folder, "safe")
    assert "has never run" in h.run_cirkel("backup", folder, code=2).errors
    h.start()
    h.stop()
    os.makedirs(os.path.join(folder, "empty"))
    os.makedirs(os.path.join(folder, "far"))
    os.symlink("far", os.path.join(folder, "link"))
    for name in ("new/", "empty//", "deep/er/", "link"):
        h.run_cirkel("backup", os.path.join(folder, name))
        assert os.path.exists(os.path.join(folder, name, "core/data.mdb")), name
    os.makedirs(os.path.join(folder, "here"))
    subprocess.run([h.program("cirkel"), "backup", ".", "--home", h.home], cwd=os.path.join(folder, "here"),
                   check=True, capture_output=True)
    h.run_cirkel("restore", os.path.join(folder, "here/"), os.path.join(h.folder, "again/"))
    h.run_cirkel("verify", "--home", os.path.join(h.folder, "again"))
    assert "lies in the backup itself" in h.run_cirkel("restore", folder + "/new", folder + "/new/in", code=2).errors

    assert "needs the name of a folder" in h.run_cirkel("backup", "", code=2).errors
    assert "is a mount point" in h.run_cirkel("backup", "/dev/shm", code=2).errors
    os.mkdir(os.path.join(folder, "busy.part"))
    assert "another backup is at work" in h.run_cirkel("backup", folder + "/busy", code=2).errors
    os.rename(h.path("letters"), h.path("letters.away"))
    os.symlink("letters", h.path("letters"))  # leads nowhere
    said = h.run_cirkel("backup", folder + "/half", code=1).errors
    assert "was not made" in said and "nothing is left" in said, said
    equal([name for name in os.listdir(folder) if name.startswith("half")], [])


def what_is_kept_is_bounded_test(h):
    """More than keep_inputs_mb is let go, oldest first, and said: by queues, and by verify --replay with the moment from
    which on it is kept. A backup is where it can be done over from again."""
    h.init(at="2022-03-01T09:00", keep_inputs_mb=1)
    h.start()
    h.found(members=2)
    for day in range(1, 5):
        h.clock(f"2022-03-{day:02}T12:00")
        h.say_all(("person.register", {"person": f"p{day}-{n}", "name": f"{n:0200}", "email": f"p{day}-{n}@kommun.example",
                                       "language": "sv"}) for n in range(1200))

    def kept():
        return json.loads(h.run_cirkel("queues", "--json"))["kept"]
    h.until(lambda: kept()["gone_before"], "the oldest are let go")
    h.settle()
    gone = kept()["gone_before"]
    assert "2022-03-01T12" < gone < "2022-03-05", gone
    queues = h.run_cirkel("queues")
    assert f"what came before {gone} was let go" in queues and "cirkel backup DIR" in queues, queues
    said = h.run_cirkel("verify", "--replay", code=1).errors
    assert "what came before 2022-03-0" in said and "make one" in said, said
    with open(os.path.join(h.folder, "scheduler.log")) as log:
        equal(log.read().count("inputs_let_go"), 1)
    first = h.record("person", person="p1-1")
    assert first, "what was said is in the books all the same"
    backup = os.path.join(h.folder, "backup")
    h.run_cirkel("backup", backup)
    h.say("person.update", person="p1-1", name="Another")
    h.until(lambda: not kept()["gone_before"], "it is kept again")
    equal(replay(h)["replay"]["difference_count"], 0)
    h.verify()


def root_makes_nothing_in_a_home_test(h):
    """What root left in a home of another user, that user's service could not read, and would not start again."""
    if os.geteuid() != 0:
        return
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.run_cirkel("backup", os.path.join(h.folder, "backup"))
    h.stop()
    os.chown(h.home, 65534, 65534)
    for words in (["key", "new", "web", "--types", "person.*"], ["key", "revoke", "web"], ["apply", h.folder], ["run"],
                  ["restore", os.path.join(h.folder, "backup"), h.home, "--replace"],
                  ["play", SAMPLES[0]]):
        said = h.run_cirkel(*words, code=2).errors
        assert "belongs to nobody" in said and "sudo -u nobody cirkel" in said, (words, said)
    h.run_cirkel("key", "list")
    h.run_cirkel("queues", code=None)
    equal(os.listdir(h.path("keys/clients")), [])
    os.chown(h.home, 0, 0)
    h.verify()


def restore_over_another_office_test(h):
    """The keys and letters of one office are not given to another one's data: its backup gets a folder of its own."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.settle()
    backup = os.path.join(h.folder, "backup")
    h.run_cirkel("backup", backup)
    other = h.another("other")
    other.init(at="2022-03-01T09:00")
    other.start()
    other.stop()
    said = other.run_cirkel("restore", backup, other.home, "--replace", code=2).errors
    assert "another office" in said and "another folder" in said, said
    other.run_cirkel("verify", "--home", other.home)
    equal([name for name in os.listdir(other.folder) if name.startswith("home")], ["home"])
    other.run_cirkel("restore", backup, os.path.join(other.folder, "second"))
