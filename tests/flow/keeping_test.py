"""Keeping the house: its configuration, its locks, its pauses."""
import os
import subprocess
import time

from tests.harness.house import equal


def edit(h, name, old, new):
    """Replaces text in a file of the home; the number of the first line it stood in."""
    with open(h.path(name)) as file:
        text = file.read()
    assert old in text, f"{old!r} is not in {name}"
    with open(h.path(name), "w") as file:
        file.write(text.replace(old, new, 1))
    return text[:text.index(old)].count("\n") + 1


def check_config_errors_test(h):
    h.init()
    h.run_cirkel("check-config")
    bad = [  # (file, what stands there, what is put there, what the complaint must name)
        ("rules/meeting.conf", 'to = "registered"', 'to = "registred"', "registred"),
        ("rules/meeting.conf", '"starts - 7d at 09:00"', '"starts - 7 moons"', "moons"),
        ("rules/meeting.conf", '"starts - 7d at 09:00"', '"begins - 7d"', "begins"),
        ("rules/meeting.conf", '"starts - 7d at 09:00"', '"starts - 7d at 25:00"', "25:00"),
        ("rules/meeting.conf", '"mode = video"', '"mode = pigeon"', "pigeon"),
        ("rules/meeting.conf", 'class = "news"', 'class = "spam"', "spam"),
        ("rules/meeting.conf", 'late = "skip"', 'late = "perhaps"', "perhaps"),
        ("rules/meeting.conf", 'letter = "meeting-nudge"', 'letter = "meeting-poke"', "meeting-poke"),
        ("rules/meeting.conf", "useful =", "usefull =", "usefull"),
        ("letters/meeting-nudge.sv.md", "{{meeting.title}}", "{{meeting.titel}}", "meeting.titel"),
        ("letters/meeting-nudge.sv.md", "{{link.yes}}", "{{link.perhaps}}", "link.perhaps"),
        ("letters/meeting-nudge.sv.md", "{{/meeting.registration_closes}}", "", "meeting.registration_closes"),
        ("letters/meeting-nudge.sv.md", "Subject: ", "Ämne: ", "Subject"),
        ("cirkel.conf", "#in_flight", "in_fligth", "in_fligth"),
    ]
    for name, old, new, named in bad:
        line = edit(h, name, old, new)
        done = h.run_cirkel("check-config", code=2)
        said = done + done.errors
        where = f"{named}.sv.md" if "poke" in named else f"{name}:"
        assert named in said and where in said, f"{name}, {new!r}: {said}"
        if new and name.endswith(".md"):
            assert f"{name}:{line}:" in said, f"not line {line}: {said}"
        elif new and "poke" not in named:  # the line on which the rule begins will do
            assert any(f"{name}:{n}:" in said for n in range(max(1, line - 12), line + 1)), f"not line {line}: {said}"
        if new:
            edit(h, name, new, old)
        else:
            with open(h.path(name)) as file:
                text = file.read()
            with open(h.path(name), "w") as file:
                file.write(text.replace("{{meeting.registration_closes}}\n", "{{meeting.registration_closes}}\n" + old + "\n"))
    h.run_cirkel("check-config")


def second_instance_refused_test(h):
    h.init()
    h.start()
    for worker in ("scheduler", "intake", "notifier"):
        second = subprocess.run([h.program(worker), "--home", h.home, "--clock"], capture_output=True, text=True,
                                timeout=20)
        equal(second.returncode, 1, f"a second {worker}: {second.stderr}")
        assert second.stderr.strip(), f"a second {worker} says nothing"
    h.found(members=1)
    h.settle()
    equal(len(h.letters(rule="membership-welcome")), 1, "the first ones work on")
    h.verify()


def pause_and_resume_test(h):
    """Paused: everything is planned and kept, nothing leaves. Resumed: it leaves, once."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.settle()
    before = len(h.letters())
    h.run_cirkel("pause", "a look at the texts")
    h.say("meeting.plan", meeting="m1", network="net", kind="network", title="Träff", starts="2022-03-22T09:00",
          minutes=90, mode="video", audience="members")
    h.say("meeting.call", meeting="m1")
    h.clock("2022-03-01T09:30", quiet=False)
    h.until(lambda: len(h.ledger(rule="meeting-invitation")) == 2, "the invitations are in the ledger")
    equal(len(h.letters()), before, "letters that left")
    h.run_cirkel("resume")
    h.settle()
    equal(len(h.letters()), before + 2)
    h.verify()


def nobody_there_test(h):
    """Whoever speaks to a home in which nothing runs hears it at once, and not after a minute."""
    h.init(at="2022-03-01T09:00")
    for args in (("pause", "for a look"), ("settle", 1, "sent"), ("send", "-f", "/dev/null")):
        began = time.monotonic()
        assert "nobody answers" in h.run_cirkel(*args, code=1).errors, args
        assert time.monotonic() - began < 20, args
    h.start()
    h.settle()
    h.run_cirkel("backup", os.path.join(h.folder, "backup"))
    h.stop()
    other = h.another("again")
    h.run_cirkel("restore", os.path.join(h.folder, "backup"), other.home)
    other.set_clock("2022-03-01T09:00")
    other.start()
    other.stop()
    began = time.monotonic()
    said = other.run_cirkel("release", "--hold", "--yes", code=1).errors
    assert "nothing was released" in said and time.monotonic() - began < 20, said
