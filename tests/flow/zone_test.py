"""Time zone data: every change of the clocks to come, and data that changes under the office's feet."""
import os
import shutil
import signal
import subprocess

from tests.harness.house import equal

DATA = "/usr/share/zoneinfo"
TRANSITIONS = os.path.join(os.path.dirname(__file__), "../data/transitions")


def every_transition_test(h):
    """Twenty years of last Sundays of March and October in both zones: what is planned by the wall falls due as another
    library (Python's zoneinfo) reads the same data; and so does what is kept of it for the unit table."""
    with open(TRANSITIONS) as file:
        rows = [line.split() for line in file]
    h.init(at="2025-01-07T09:00")
    h.start()
    h.found()
    expected = {}
    for n, (zone, wall, instant) in enumerate(rows):
        h.zone = zone
        equal(h.moment(wall), h.moment(instant), f"{wall} in {zone}, as it is kept")
        expected[f"t{n}"] = h.moment(instant)
    h.say_all(("meeting.plan", {"meeting": f"t{n}", "network": "net", "kind": "network", "title": "T", "starts": wall,
                                "zone": zone, "minutes": 60, "mode": "video", "link": "https://video.example/t",
                                "audience": "members"}) for n, (zone, wall, _) in enumerate(rows))
    h.say_all(("meeting.call", {"meeting": meeting}) for meeting in expected)
    plans = {plan["about"]: plan for plan in h.records("plan", rule="meeting-hour-before")}
    equal({about: h.moment(plan["due"]) for about, plan in plans.items()},
          {about: start - 3600_000 for about, start in expected.items()})
    h.verify()


def own_zone_data(h):
    """Starts programs with zone data of their own, a copy of the machine's. None when nobody may mount here."""
    folder = os.path.join(h.folder, "zoneinfo")
    shutil.copytree(DATA, folder, symlinks=True)
    mount = f'mount --bind "{folder}" {DATA} && exec "$0" "$@"'
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        if subprocess.run([*unshare, "sh", "-c", mount, "true"], capture_output=True).returncode == 0:
            h.within = [*unshare, "sh", "-c", mount]
            return folder
    print("skipped: nobody may mount here")
    return None


def give(folder, zone, data):
    """The zone gets the data of another, as an update would: a new file in the place of the old."""
    path = os.path.join(folder, zone)
    shutil.copyfile(os.path.join(DATA, data), path + ".new")
    os.replace(path + ".new", path)


def reload(h):
    for worker in h.workers.values():
        worker.send_signal(signal.SIGHUP)


def due_of(h, rule):
    return [h.moment(plan["due"]) for plan in h.records("plan", rule=rule) if plan["state"] == "planned"]


def zone_data_changes_test(h):
    """In spring Sweden decides to stay on winter time. What is planned by the wall moves; what moved is told; letters and
    calendar entries that leave from then on say so. The office runs on meanwhile, and another time is away."""
    folder = own_zone_data(h)
    if not folder:
        return
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    h.call("m1", starts="2022-06-14T09:00")
    h.call("m2", starts="2022-11-15T09:00")
    h.register("m1", "m01")
    h.register("m2", "m01")
    h.say("poll.open", {"poll": "q", "network": "net", "question": "?", "closes": "2022-06-20T12:00", "audience": "members",
                        "options": [{"option": "a", "text": "Ja"}, {"option": "b", "text": "Nej"}]})
    h.settle()
    summer, winter = h.moment("2022-06-07T07:00:00Z"), h.moment("2022-11-08T08:00:00Z")
    equal(due_of(h, "meeting-week-before"), [summer, winter])
    assert "zones" not in h.run_cirkel("queues")

    give(folder, "Europe/Stockholm", "Etc/GMT-1")
    reload(h)
    h.until(lambda: due_of(h, "meeting-week-before") == [summer + 3600_000, winter], "summer's plans have moved by an hour")
    h.settle()
    plans = h.records("plan", about="m1")
    moved = [plan for plan in plans if "was" in plan]
    assert moved and all(h.moment(plan["was"]) == h.moment(plan["due"]) - 3600_000 for plan in moved), moved
    equal([plan for plan in h.records("plan", about="m2") if "was" in plan], [])
    queues = h.run_cirkel("queues")
    assert f"new time zone data moved {len(moved) + 1} of them" in queues, queues  # and the end of the poll
    with open(os.path.join(h.folder, "scheduler.log")) as file:
        assert f"moved={len(moved) + 1} " in file.read()
    h.clock("2022-06-07T07:30:00Z")
    equal(h.letters(rule="meeting-week-before"), [], "nine o'clock is an hour later now")
    h.clock("2022-06-07T08:00:00Z")
    equal(len(h.letters(rule="meeting-week-before")), 1)
    h.call("m3", starts="2022-07-12T09:00")
    invitation = h.letter(rule="meeting-invitation", about="m3", person="m01")
    assert "DAYLIGHT" not in invitation.calendar.to_ical().decode(), "the calendar entry knows as well"
    h.clock("2022-06-20T10:30:00Z")
    equal(h.record("poll", poll="q")["state"], "open", "half past eleven by the new clock")
    said = h.run_cirkel("verify")  # not within the folder: it reads the machine's
    assert "Time zone data here is not what the scheduler read last" in said, said
    said = h.run_cirkel("verify", "--replay", code=1)
    assert "time zone data of this machine changed since the beginning" in said.errors, said + said.errors
    h.run_cirkel("backup", os.path.join(h.folder, "new"))
    h.clock("2022-06-20T10:31:00Z")
    h.run_cirkel("verify", "--replay")

    h.stop()
    give(folder, "Europe/Stockholm", "Europe/Stockholm")
    h.set_clock("2022-06-20T10:45:00Z")
    h.start()
    h.settle()
    equal(h.record("poll", poll="q")["state"], "closed", "they thought better of it while we were away")
    equal(sorted(due_of(h, "meeting-hour-before")), [h.moment("2022-07-12T06:00:00Z"), h.moment("2022-11-15T07:00:00Z")])
    h.verify()
