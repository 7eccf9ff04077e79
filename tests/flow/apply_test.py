"""Another configuration while the office runs: looked at first, and never reaching back by itself."""
import json
import os
import shutil
import signal
import subprocess
import time

from tests.harness.house import equal

TWO_DAYS = """
rule "two-days-before" {
  about = "meeting"
  when = { "starts - 2d at 09:00" }
  only = { "state = called" }
  to = "registered"
  letter = "meeting-day-before"
  useful = "starts"
}
"""


def other_config(h, name, rule=TWO_DAYS, settings=None):
    """What is in force, with one rule more."""
    folder = os.path.join(h.folder, name)
    for part in ("rules", "letters"):
        shutil.copytree(h.path(part), os.path.join(folder, part))
    with open(os.path.join(folder, "rules", "more.conf"), "w") as file:
        file.write(rule)
    if settings:
        with open(h.path("cirkel.conf")) as file, open(os.path.join(folder, "cirkel.conf"), "w") as to:
            to.write(file.read() + settings)
    return folder


def office(h, at):
    h.init(at="2022-03-01T09:00")
    h.start()
    people = h.found(members=5)
    h.call("m1", starts="2022-03-22T09:00")
    h.register("m1", *people[:4])
    h.clock(at)
    return people


def pain_01_a_rule_added_late_mails_nobody_back_test(h):
    """The new rule's moment for m1 went by yesterday: nobody is written to, whatever is restarted. It does speak
    for the next meeting."""
    people = office(h, "2022-03-21T12:00")
    new = other_config(h, "new")
    h.run_cirkel("apply", new, code=3, text="n\n")
    assert not os.path.exists(h.path("rules/more.conf")) and not os.path.exists(h.path("coming"))

    first = subprocess.Popen([h.program("cirkel"), "apply", new, "--home", h.home], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    h.until(lambda: os.path.exists(h.path("coming/cirkel.conf")), "somebody looks at it")
    assert "another `cirkel apply` is at it" in h.run_cirkel("apply", new, code=1).errors
    first.communicate("n\n")

    text = h.run_cirkel("apply", new, text="y\n")
    assert "No letter would be different." in text and "is in force" in text, text
    h.settle()
    h.stop("scheduler")
    h.start("scheduler")
    h.clock("2022-03-23T09:00")
    equal(h.ledger(rule="two-days-before"), [])

    h.call("m2", starts="2022-04-22T09:00")
    h.register("m2", people[0])
    h.clock("2022-04-22T09:00")
    equal([row["person"] for row in h.ledger(rule="two-days-before", state="accepted")], [people[0]])

    assert "was in force already" in h.run_cirkel("apply", new, "--yes")  # said twice, it is not its own past
    h.run_cirkel("apply", h.path("previous"), "--yes")  # and back again
    assert not os.path.exists(h.path("rules/more.conf"))
    h.verify()


def reaching_back_takes_the_right_number_test(h):
    """With --also-existing the same rule writes to those four, once their number is typed."""
    people = office(h, "2022-03-21T12:00")
    new = other_config(h, "new")
    h.run_cirkel("apply", new, "--also-existing", code=3, text="5\n")
    h.run_cirkel("apply", new, "--also-existing", "--count", "5", code=3)
    h.run_cirkel("apply", new, "--also-existing", "--yes", code=2)
    assert not os.path.exists(h.path("rules/more.conf"))
    text = h.run_cirkel("apply", new, "--also-existing", text="4\n")
    assert "4 letters would go besides:" in text and "reaches back to 4 people" in text, text
    h.settle()
    equal([row["person"] for row in h.ledger(rule="two-days-before", state="accepted")], people[:4])

    version = text.split("Version ")[1].split()[0]
    h.refused("conflict", "rules.apply", version=version, also_existing=True, count=4)  # nobody is left
    h.refused("conflict", "rules.apply", version="0123456789abcdef")
    h.clock("2022-03-23T09:00")
    equal(len(h.ledger(rule="two-days-before")), 4)
    h.verify()


def who_is_reached_back_to_twice_is_one_person_test(h):
    """Two new rules would each write to the four who are registered: four people are asked about, and eight letters said."""
    people = office(h, "2022-03-21T12:00")
    new = other_config(h, "new", rule=TWO_DAYS + TWO_DAYS.replace("two-days", "three-days").replace("- 2d", "- 3d"))
    shown = h.run_cirkel("apply", new, "--also-existing", "--count", "8", code=3)
    assert "It reaches back to 4 people whose moment lies behind it, with 8 letters, alone or in digests." in shown, shown
    assert "it would reach back to 4 people, not 8" in shown.errors, shown.errors
    last = json.loads(h.run_cirkel("forecast", "--with-config", new, "--also-existing", "--json").lines[-1])
    equal((last["existing"], last["existing_letters"]), (4, 8))
    h.run_cirkel("apply", new, "--also-existing", "--count", "4")
    h.settle()
    equal(sorted(r["person"] for r in h.ledger() if "-days-before" in r["rule"] and r["state"] == "accepted"),
          sorted(2 * people[:4]))
    h.verify()


def other_words_are_not_sent_again_test(h):
    """The week's reminder went out; then its letter gets other words. Who had it hears nothing; who is to get the
    day's reminder gets the words of its letter as it is then."""
    people = office(h, "2022-03-16T12:00")
    new = other_config(h, "new", rule="")
    for letter in ("meeting-week-before", "meeting-day-before"):
        with open(os.path.join(new, "letters", letter + ".sv.md"), "a") as file:
            file.write("\nKaffe finns.\n")
    lines = [json.loads(line) for line in h.run_cirkel("forecast", "--with-config", new, "--json").lines]
    equal({(line["change"], line["rule"]) for line in lines[:-1]}, {("reworded", "meeting-day-before")})
    h.run_cirkel("apply", new, "--yes")
    h.clock("2022-03-22T12:00")
    equal(len(h.ledger(rule="meeting-week-before")), 4)
    equal(["Kaffe finns." in letter.text for letter in h.letters(rule="meeting-day-before")], [True] * len(people[:4]))


def what_cannot_work_changes_nothing_test(h):
    office(h, "2022-03-16T12:00")
    bad = other_config(h, "bad", rule=TWO_DAYS.replace("meeting-day-before", "no-such-letter"))
    wrong = h.run_cirkel("apply", bad, "--yes", code=2).errors
    assert "no-such-letter" in wrong and f"is a copy of {bad}: mend it there; nothing was changed" in wrong, wrong
    h.run_cirkel("apply", h.folder, "--yes", code=2)
    wrong = h.run_cirkel("apply", bad, "--until", "2022-03-01", code=2).errors
    assert "lies behind" in wrong and "copy" not in wrong, wrong
    assert not os.path.exists(h.path("rules/more.conf")) and not os.path.exists(h.path("coming"))
    h.stop()
    text = h.run_cirkel("apply", other_config(h, "new"), "--yes", code=1)
    assert "nobody answers" in text.errors, text.errors
    h.start()
    h.settle()
    assert os.path.exists(h.path("rules/more.conf"))


def part_of_a_configuration_test(h):
    """What the folder has not is the home's, for a look as for apply; in JSON, every line is JSON."""
    office(h, "2022-03-02T09:00")
    whole = other_config(h, "whole")
    rules, letters, settings = (os.path.join(h.folder, name) for name in ("only-rules", "only-letters", "only-settings"))
    shutil.copytree(os.path.join(whole, "rules"), os.path.join(rules, "rules"))
    shutil.copytree(os.path.join(whole, "letters"), os.path.join(letters, "letters"))
    with open(os.path.join(letters, "letters", "meeting-week-before.sv.md"), "a") as file:
        file.write("\nTag med kaffe.\n")
    os.mkdir(settings)
    with open(h.path("cirkel.conf")) as file, open(os.path.join(settings, "cirkel.conf"), "w") as to:
        to.write(file.read() + '\noffice_name = "Kontoret"\n')
    seen = []
    for folder, there in ((rules, "added"), (letters, "reworded"), (settings, None)):
        look = [json.loads(line) for line in h.run_cirkel("forecast", "--with-config", folder, "--json").splitlines()]
        done = [json.loads(line) for line in h.run_cirkel("apply", folder, "--yes", "--json").splitlines()]
        equal(done[:-1], look)
        equal(done[-1], {"change": "in-force", "version": look[-1]["version"], "already": False,
                         "waits_for_start": folder == settings})
        assert not there or look[-1][there] > 0, look[-1]
        seen.append(look[-1]["version"])
        h.settle()
    equal(len(set(seen)), 3)
    again = json.loads(h.run_cirkel("apply", settings, "--yes", "--json").splitlines()[-1])
    equal((again["already"], again["version"]), (True, seen[-1]))
    empty = os.path.join(h.folder, "empty")
    os.mkdir(empty)
    for verb in (("apply",), ("forecast", "--with-config")):
        assert "empty has no cirkel.conf, rules or letters" in h.run_cirkel(*verb, empty, code=2).errors


def settings_too_test(h):
    """Another cirkel.conf under a supervisor: the scheduler goes on, the others start again and read it."""
    h.init(trial=False, clock_guard="jumps")
    run = subprocess.Popen([h.program("cirkel"), "run", "--home", h.home], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=open(os.path.join(h.folder, "cirkel.log"), "w"))
    try:
        h.until(lambda: os.path.exists(h.path("run/intake.ipc")) and os.path.exists(h.path("run/notifier.pid")) and
                h.state(wait=False, patience=1), "it runs")
        pids = {name: open(h.path("run", name + ".pid")).read() for name in ("scheduler", "notifier")}
        h.run_cirkel("apply", other_config(h, "new", settings='\noffice_name = "Kontoret"\n'), "--yes")
        h.until(lambda: open(h.path("run/notifier.pid")).read() != pids["notifier"], "the notifier started again")
        equal(open(h.path("run/scheduler.pid")).read(), pids["scheduler"])
        h.found(members=1)
        h.call("m1", starts=f"{time.localtime().tm_year + 1}-06-01T09:00")
        h.until(lambda: len(os.listdir(h.path("outgoing/new"))) == 2, "her welcome and her invitation left")
        assert all("Kontoret" in letter.message["From"] for letter in h.letters()), h.letters()

        pid = open(h.path("run/notifier.pid")).read()
        secret = '\nchannel = "smtp"\nsmtp_user = "office"\nsmtp_password_file = "secret"\n'
        new = other_config(h, "more", settings=secret)
        said = h.run_cirkel("apply", new, "--yes", code=2).errors
        assert "home/secret" in said and "notifier could not go by it" in said, said
        h.join("net", "m02")
        h.until(lambda: h.ledger(person="m02", state="accepted"), "all go on with the one before")
        equal([row["channel"] for row in h.ledger(person="m02")], ["maildir"])
        equal((run.poll(), open(h.path("run/notifier.pid")).read()), (None, pid))
        with open(os.open(h.path("secret"), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("a word\n")
        assert "is in force" in h.run_cirkel("apply", new, "--yes")
        h.until(lambda: open(h.path("run/notifier.pid")).read() != pid, "now it reads it")
        assert "in force already" in h.run_cirkel("apply", new, "--yes")
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(60)
