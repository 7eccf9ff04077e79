"""Data that was copied or restored opens on hold: it plans and fires, and nothing leaves until somebody
has seen what left already and what would go."""
import gzip
import json
import os
import shutil
import subprocess

from tests.harness.house import equal


def copy_of(h, name):
    """A house whose home was made with cp -r."""
    other = h.another(name)
    shutil.copytree(h.home, other.home, ignore=shutil.ignore_patterns("*.ipc", "*.lock"))
    other.now, other.numbers = h.now, h.numbers
    return other


def queues(h):
    return json.loads(h.run_cirkel("queues", "--json", code=None))


def holds(h):
    return {hold["hold"]: hold["reason"] for hold in queues(h)["holds"]}


def difference(h, *args, **more):
    return json.loads(h.run_cirkel("release", "--hold", "--json", *args, **more))


def ids(letters):
    return sorted(letter.message_id for letter in letters)


def pain_14_copied_home_holds_its_letters_test(h):
    """A home copied with cp -r for trying things plans on by itself, and writes to nobody; the original
    goes on as if nothing had been."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.settle()
    sent = ids(h.letters())
    h.stop()
    other = copy_of(h, "copy")

    # Not started yet, it holds nothing; nobody is to take that for a word that it may write to people.
    said = other.run_cirkel("queues", code=None)
    assert "NOTHING LEAVES when it is started" in said and queues(other)["opens_on_hold"], said
    said = other.run_cirkel("release", "--hold", "--yes", code=1).errors
    assert "opens on hold" in said and "cirkel run" in said, said
    equal(queues(h)["opens_on_hold"], False)

    other.start()
    other.clock("2022-03-16T09:00")
    equal(queues(other)["opens_on_hold"], False)
    equal(list(holds(other)), ["copy"])
    assert "copy" in holds(other)["copy"], holds(other)
    equal(ids(other.letters()), sent, "letters in the copy: those it was copied with")
    waiting = other.ledger(rule="meeting-week-before", state="queued")
    equal(len(waiting), 2, "the reminders of the copy are decided, and wait")
    said = other.run_cirkel("queues")
    assert "NOTHING LEAVES" in said and "cirkel release --hold" in said, said
    assert "sending.held" in [fact["type"] for fact in other.records("fact")]

    h.start()
    h.clock("2022-03-16T09:00")
    equal(holds(h), {}, "the original stands where it stood")
    equal(len(h.letters(rule="meeting-week-before")), 2)
    h.stop()
    h.start()
    h.settle()
    equal(holds(h), {}, "a start anew is no copy")

    log = os.path.join(other.folder, "mail.log")
    with open(log, "w") as file:
        for letter in h.letters(rule="meeting-week-before"):
            file.write(f"Mar 15 09:00:01 relay postfix/cleanup[411]: 4F2A: message-id={letter.message_id}\n")
    seen = difference(other, "--mail-log", log)
    equal((seen["named"], seen["already_out"], seen["would_go"], seen["released"]), (2, 2, 0, False), seen)
    equal(list(holds(other)), ["copy"], "looking changes nothing")
    for name, make in (("mail.log.2.gz", gzip.open), ("other.log", open)):  # nothing found is not "nothing has left"
        with make(os.path.join(other.folder, name), "wb") as file:
            file.write(b"Mar 15 09:00:01 relay postfix/cleanup[411]: 4F2A: message-id=<her-own@cirkel.example>\n")
    packed, foreign = (other.path("..", name) for name in ("mail.log.2.gz", "other.log"))
    assert "is compressed" in other.run_cirkel("release", "--hold", "--mail-log", packed, code=2).errors
    said = other.run_cirkel("release", "--hold", "--mail-log", foreign)
    assert "no letter of this office" in said.errors and "     0  letters of this office" in said, said
    with open(log) as file:
        said = other.run_cirkel("release", "--hold", "--mail-log", "-", text=file.read())
    assert "     2  letters of this office" in said and not said.errors, said
    bare = os.path.join(other.folder, "ids")
    with open(bare, "w") as file:
        file.writelines(letter.message_id + "\n" for letter in h.letters(rule="meeting-week-before"))
    piped = subprocess.run(["bash", "-c", f"'{other.program('cirkel')}' release --hold --home '{other.home}' "
                                          f"--mail-log <(cat '{bare}')"], capture_output=True, text=True)
    assert "     2  letters of this office" in piped.stdout, (piped.stdout, piped.stderr)
    other.run_cirkel("release", "--hold", "--yes", "--mail-log", log, "it is the only one now")
    other.settle()
    equal(holds(other), {})
    equal(ids(other.letters()), sent, "who had her reminder from the original gets no second one")
    equal({r["reason"] for r in other.ledger(rule="meeting-week-before")}, {"a mail log says that it left before"})
    other.verify()
    assert "sending.released" in [fact["type"] for fact in other.records("fact")]
    other.stop()
    other.start()
    other.settle()
    equal(holds(other), {}, "once released, it is a home like any other")


def released_copy_sends_what_never_left_test(h):
    """Without a log of it a letter of the outbox goes when the hold is released, unless its use is over."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.settle()
    h.stop()
    other = copy_of(h, "copy")
    other.start()
    other.clock("2022-03-15T10:00")
    seen = difference(other)
    equal((seen["already_out"], seen["would_go"], seen["past"]), (0, 2, 0), seen)
    other.clock("2022-03-23T09:00")
    seen = difference(other)
    equal((seen["would_go"], seen["past"]), (0, 6), seen)
    other.run_cirkel("release", "--hold", "--yes")
    other.settle()
    equal(other.ledger(rule="meeting-week-before", state="accepted"), [], "nothing leaves past its use")
    equal(len(other.ledger(state="expired")), 6)
    other.verify()


def pause_is_a_hold_of_its_own_test(h):
    """A pause and a copy hold each for itself: letters leave when both are gone."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.settle()
    h.run_cirkel("pause", "before the copy")
    h.stop()
    other = copy_of(h, "copy")
    other.start()
    other.call("m1", starts="2022-03-22T09:00")
    equal(sorted(holds(other)), ["copy", "pause"])
    equal(holds(other)["pause"], "before the copy")
    other.run_cirkel("release", "--hold", "--yes")
    other.settle()
    equal(sorted(holds(other)), ["pause"])
    equal(other.letters(rule="meeting-invitation"), [])
    done = other.run_cirkel("release", "--hold", "--yes")
    assert "cirkel resume" in done, done
    other.run_cirkel("resume")
    other.settle()
    equal(len(other.letters(rule="meeting-invitation")), 1)
    equal(holds(other), {})
    other.refused("already", "sending.release", hold="copy")
    other.verify()


def trial_only_test(h):
    """In a trial installation only the named addresses are written to; everybody else is in the ledger."""
    h.init(at="2022-03-01T09:00", trial_only="m01@kommun.example, @host.example")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", "m01", "m02")
    h.settle()
    equal({letter.to for letter in h.letters()}, {"m01@kommun.example"})
    assert "nobody is written to but 2 addresses and domains" in h.run_cirkel("queues")
    row = h.ledger(rule="meeting-invitation", person="m02")[0]
    equal((row["state"], row["reason"]), ("suppressed", "trial: only the addresses of trial_only are written to"))
    assert "trial_only" in h.run_cirkel("why", "m02", "m1")
    coming = [json.loads(line) for line in h.run_cirkel("forecast", "--until", "30d", "--json").lines]
    equal({r["state"] for r in coming if r.get("person") == "m02"}, {"suppressed"})
    h.verify()
    h.stop()
    with open(h.path("cirkel.conf"), "a") as file:
        file.write('trial_only = "nobody at all"\n')
    assert "trial_only" in h.run_cirkel("check-config", code=2).errors


def inbox_of_another_home_is_refused_test(h):
    """Core and inbox that were not together are not worked with, and the sentence says so."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.settle()
    h.stop()
    other = h.another("other")
    other.init(at="2022-03-01T09:00")
    other.start()
    other.found(members=2)
    other.settle()
    other.stop()
    older = os.path.join(h.folder, "older")
    shutil.copytree(h.path("inbox"), older)
    shutil.rmtree(h.path("inbox"))
    shutil.copytree(other.path("inbox"), h.path("inbox"))
    done = h.run_cirkel("run", "--clock", code=1)
    assert "another inbox" in done.errors, done.errors

    shutil.rmtree(h.path("inbox"))
    shutil.copytree(older, h.path("inbox"))
    h.start()
    h.join("net", "m08", "m09")
    h.settle()
    h.stop()
    shutil.rmtree(h.path("inbox"))
    shutil.copytree(older, h.path("inbox"))
    done = h.run_cirkel("run", "--clock", code=1)
    assert "inbox_is_older" in done.errors, done.errors


def torn_copy_is_refused_test(h):
    """A copy in which core is no whole, as cp makes it while the service runs, is not worked on, and the sentence says
    what to do instead; it is not called a wrong configuration."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=40)
    h.settle()
    h.stop()
    other = copy_of(h, "torn")
    path = other.path("core/data.mdb")
    with open(path, "r+b") as file:
        data = file.read()
        # The cirkel.conf that core keeps: it is written once, so there is no older copy, and it is read at every start.
        page = 4096 * next(n for n in range(2, len(data) // 4096) if b"#in_flight" in data[4096 * n:4096 * n + 4096])
        file.seek(page + 16)
        file.write(b"\x5a" * 4080)  # its head is there, what it holds is of another moment
    done = subprocess.run([other.program("cirkel"), "run", "--clock", "--home", other.home], timeout=60, text=True,
                          capture_output=True)
    said = done.stdout + done.stderr
    equal(done.returncode, 1, said)
    assert "configuration is wrong" not in said and "worker_ended" not in said, said
    assert "cannot be read as a whole" in said, said
    assert "cirkel restore" in said and "nothing was changed" in said, said
