"""A home to try things in: its clock may run through years in a minute, so its letters only become files."""
import json
import os
import signal
import socket
import subprocess

from tests.harness.house import equal


def supervised(h):
    run = subprocess.Popen([h.program("cirkel"), "run", "--clock", "--home", h.home], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=open(os.path.join(h.folder, "cirkel.log"), "w"))
    h.until(lambda: os.path.exists(h.path("run/intake.ipc")) and os.path.exists(h.path("run/notifier.pid")) and
            h.state(wait=False, patience=1), "it runs")
    return run


def no_real_mail_test(h):
    """Whatever way its channel is made another one, no mail server hears of a trial home."""
    server = socket.create_server(("127.0.0.1", 0))
    h.init()
    smtp = f'\nchannel = "smtp"\nsmtp_host = "127.0.0.1"\nsmtp_port = {server.getsockname()[1]}\nsmtp_tls = "none"\n'
    with open(h.path("cirkel.conf")) as file:
        good = file.read()
    os.mkdir(os.path.join(h.folder, "new"))
    with open(os.path.join(h.folder, "new", "cirkel.conf"), "w") as file:
        file.write(good + smtp)
    run = supervised(h)
    try:
        notifier = open(h.path("run/notifier.pid")).read()
        said = h.run_cirkel("apply", os.path.join(h.folder, "new"), "--yes", code=2).errors
        assert "is a trial home" in said and "notifier could not go by it" in said, said
        with open(h.path("cirkel.conf")) as file:
            equal(file.read(), good)
        with open(h.path("cirkel.conf"), "a") as file:
            file.write(smtp)
        said = h.run_cirkel("check-config", code=2)
        assert "notifier   wrong" in said and 'channel = "maildir"' in said.errors, said + said.errors
        run.send_signal(signal.SIGHUP)
        h.until(lambda: "configuration_wrong" in open(os.path.join(h.folder, "cirkel.log")).read(), "it looked")
        h.found(members=2)
        h.settle()
        equal({row["channel"] for row in h.ledger()}, {"maildir"})
        equal((run.poll(), open(h.path("run/notifier.pid")).read()), (None, notifier))
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(60)
    for clock in ([], ["--clock"]):
        assert "is a trial home" in refused(h, *clock)
    os.remove(h.path("trial"))
    assert "on a virtual clock" in refused(h, "--clock")
    server.settimeout(0.2)
    try:
        server.accept()
        raise AssertionError("somebody called the mail server")
    except TimeoutError:
        pass


def refused(h, *clock):
    done = subprocess.run([h.program("notifier"), "--home", h.home, *clock], capture_output=True, text=True, timeout=60)
    equal(done.returncode, 2)
    return done.stderr


def restored_trial_test(h):
    """Its clock stands where that of the backup stood, and it is run on that."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=1)
    h.clock("2022-03-04T10:30")
    h.stop()
    backup, home = (os.path.join(h.folder, name) for name in ("backup", "again"))
    h.run_cirkel("backup", backup)
    said = h.run_cirkel("restore", backup, home)
    assert f"cirkel run --clock --home {home}" in said, said
    again = h.run_cirkel("forecast", "--until", "2022-03-04T10:29", "--home", home, code=2).errors
    assert "here it is 2022-03-04T10:30:00+01:00 (virtual clock)" in again, again
    os.remove(os.path.join(backup, "trial"))
    said = h.run_cirkel("restore", backup, os.path.join(h.folder, "real"))
    assert "cirkel run --home" in said, said


def no_file_of_events_test(h):
    """A folder is named as such by whoever is to read it; the mark that some editors begin a file with is skipped."""
    h.init(at="2022-03-01T09:00")
    h.start()
    for say in (("forecast", "--with"), ("send", "-f"), ("play",)):
        equal(h.run_cirkel(*say, h.folder, code=2).errors.endswith(f"{h.folder}: Is a directory\n"), True, say[0])
    path = os.path.join(h.folder, "said.jsonl")
    line = {"id": "a", "type": "organisation.register",
            "body": {"organisation": "boras", "name": "Borås", "kind": "municipality", "country": "SE", "region": "v"}}
    for mark in ("\ufeff", "\ufeff\n", ""):
        with open(path, "w") as file:
            file.write(mark + json.dumps(line) + "\n")
        h.run_cirkel("forecast", "--with", path)
    with open(path, "w") as file:
        file.write("\ufeff" + json.dumps(line) + "\n")
    h.run_cirkel("send", "-f", path)
    with open(path, "w") as file:
        file.write(json.dumps(line) + "\n\ufeff" + json.dumps(line) + "\n")
    assert "said.jsonl:2: " in h.run_cirkel("forecast", "--with", path, code=2).errors, "elsewhere it is no mark"
