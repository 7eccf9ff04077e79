"""Small disks: full, out of inodes, read-only. Nothing is lost, nothing is sent twice, and it goes on by itself."""
import os
import shutil
import time

from tests.crash import rig
from tests.crash.invariants import Reader, check, demand
from tests.crash.ledger_client import Client
from tests.harness.house import equal

BACK = 20  # seconds from room to work, on a busy machine


def log_has(h, name, word):
    with open(os.path.join(h.folder, name + ".log"), errors="replace") as file:
        return word in file.read()


def until_applied(h, type, patience, **body):
    """Says it until it is applied; how long it took."""
    began, said = time.monotonic(), {"v": 1, "id": f"disk-{type}-{time.monotonic_ns()}", "type": type, "body": body}
    while True:
        answer = h.request(said, patience=1)
        if answer and answer["status"] == "applied":
            return time.monotonic() - began
        demand(not answer or answer["status"] in ("retry", "accepted"), f"{type}: {answer}")
        demand(time.monotonic() - began < patience, f"{type} was not applied within {patience} s: {answer}")
        time.sleep(0.1)


def full_disk_test(h):
    if not rig.is_root("full_disk_test"):
        return
    seed = rig.seeded("full_disk_test")
    rig.private_mounts()
    disk = rig.Disk(h, "disk", 24)
    h.home = os.path.join(disk.path, "home")
    rig.begin(h, people=30, meetings=6)
    guests = h.join("net", "g0", "g1", "g2")  # whom the client knows nothing of
    h.register("m1", *guests)
    pids = {name: process.pid for name, process in h.workers.items()}
    client, reader = Client(h, seed, rate=60), Reader(h, seed, tidy=False)
    for round in range(3):
        time.sleep(1)
        if round == 0:
            h.until(lambda: os.path.exists(h.path("ballast")), "there is a ballast")
        disk.fill()
        h.until(lambda: (h.request({"v": 1, "id": f"full-{time.monotonic_ns()}", "type": "person.register",
                                    "body": {"name": "A", "email": "a@b.example", "language": "sv"}}) or
                         {}).get("status") == "retry", "new people are not taken any more")
        # What takes back, opts out and forgets still goes.
        for type, body in (("registration.cancel", {"meeting": "m1", "person": guests[round]}),
                           ("preference.set", {"person": "m29", "class": "news", "on": False}),
                           ("person.erase", {"person": f"m{28 - round}"})):
            said = {"v": 1, "id": f"end-{round}-{type}", "type": type, "body": body}
            began = time.monotonic()
            answer = h.until(lambda s=said: h._decided(s), f"{type} is decided at the end of space")
            equal(answer["status"], "applied", f"{type} at the end of space")
            print(f"full: {type} after {time.monotonic() - began:.2f} s")
        disk.empty()
        took = until_applied(h, "person.register", BACK, name="A", email=f"r{round}@b.example", language="sv")
        print(f"round {round}: taken in again {took:.2f} s after there was room; ballast was "
              f"{'released' if log_has(h, 'scheduler', 'ballast_released') or log_has(h, 'intake', 'ballast_released') else 'kept'}")
    said = client.finish()
    h.until(lambda: not [r for r in h.ledger() if r["state"] in ("queued", "armed")], "letters leave again", 3 * BACK)
    seen = check(h, [said], reader, 0)
    demand(log_has(h, "intake", "disk_low"), "the disk was never low")
    h.until(lambda: os.path.exists(h.path("ballast")), "the ballast is back", BACK)
    equal({name: process.pid for name, process in h.workers.items()}, pids, "workers were restarted")
    print(f"full disk: {seen}")
    h.stop()
    os.chdir("/")
    disk.unmount()


full_disk_test.timeout = 150


def many_at_the_end_of_space_test(h):
    """Not a byte is left, and people go on opting out until the inbox needs a new file for them: that is what the
    ballast is for."""
    if not rig.is_root("many_at_the_end_of_space_test"):
        return
    rig.private_mounts()
    disk = rig.Disk(h, "disk", 24)
    h.home = os.path.join(disk.path, "home")
    rig.begin(h, people=10, meetings=1)
    files = inbox_files(h)
    h.kill("scheduler")  # which would throw the ballast away before
    disk.fill()
    demand(os.path.exists(h.path("ballast")), "there is no ballast")
    said = 0
    while inbox_files(h) == files:
        many = [{"v": 1, "id": f"out-{said + n}", "type": "preference.set", "wait": "accepted",
                 "body": {"person": f"m{n % 10 + 1:02}", "class": "news", "on": n % 20 < 10}} for n in range(200)]
        said += len(many)
        answers = h.request(many)
        equal({answer["status"] for answer in answers} - {"applied", "accepted"}, set(), f"opt-outs {said}")
        demand(said < 40_000, f"{said} opt-outs, and no new file of the inbox")
    print(f"{said} opt-outs on a full disk, over a new file of the inbox")
    demand(log_has(h, "intake", "ballast_released"), "there was no need of the ballast")
    h.start("scheduler")
    h.until(lambda: len(h.records("decision")) >= said, "what was said at the end of space is decided")
    disk.empty()
    h.settle()
    h.verify()
    h.until(lambda: os.path.exists(h.path("ballast")), "the ballast is back", BACK)
    h.stop()
    os.chdir("/")
    disk.unmount()


many_at_the_end_of_space_test.timeout = 150


def inbox_files(h):
    return sum(name.startswith("log.") for name in os.listdir(h.path("inbox")))


def no_inodes_test(h):
    """The Maildir is on a file system of 64 files; somebody takes the letters away now and then."""
    if not rig.is_root("no_inodes_test"):
        return
    rig.private_mounts()
    disk = rig.Disk(h, "disk", 4, "-N", "64")
    h.init(at="2022-03-01T09:00")
    shutil.rmtree(h.path("outgoing"), ignore_errors=True)
    os.symlink(disk.path, h.path("outgoing"))
    h.start()
    rig.fill(h, people=40, meetings=4)
    taken = []
    h.until(lambda: log_has(h, "notifier", "outgoing_full"), "there is no inode left")
    while not (state := h.state(wait=True, patience=1)) or not state["quiet"]:
        for name in sorted(os.listdir(h.path("outgoing/new"))):
            taken.append(name)
            os.remove(h.path("outgoing/new", name))
    taken += os.listdir(h.path("outgoing/new"))
    rows = h.ledger()
    equal({row["state"] for row in rows}, {"accepted"})
    equal({row["attempts"] for row in rows}, {1}, "attempts of letters that waited for an inode")
    equal(len(taken), len(set(taken)), "letters that left twice")
    equal(len(taken), len(rows), "letters")
    h.verify()
    print(f"64 inodes: {len(rows)} letters, each once")
    h.stop()
    disk.unmount()


no_inodes_test.timeout = 120


def read_only_test(h):
    """A disk that turns read-only under load: fail-stop; and one that is read-only at the start."""
    if not rig.is_root("read_only_test"):
        return
    seed = rig.seeded("read_only_test")
    rig.private_mounts()
    disk = rig.Disk(h, "disk", 32)
    h.home = os.path.join(disk.path, "home")
    rig.begin(h, people=30, meetings=6)
    client, reader = Client(h, seed, rate=60), Reader(h, seed, tidy=False)
    time.sleep(1)
    rig.forward(h, 21 * 24 * 60)  # so that there is something to write
    rig.run_or_raise("mount", "-o", "remount,abort", disk.path)
    codes = {name: rig.wait_end(h, name, 20) for name in ("intake", "scheduler")}
    equal(codes["intake"], 74, "intake's end on a disk that turned read-only")
    demand(codes["scheduler"] in (74, None), f"scheduler: {codes}")  # None: it had nothing left to write
    h.kill()
    disk.unmount()
    rig.run_or_raise("sh", "-c", f"e2fsck -p {disk.image} >/dev/null; test $? -le 1")
    disk.mount("ro")
    for name in ("intake", "scheduler", "notifier"):
        rig.spawn(h, name)
        code = rig.wait_end(h, name, 30)
        demand(code in (1, 74), f"{name} on a read-only disk: {code}")
    disk.unmount()
    disk.mount()
    os.remove(h.path("run/clock"))  # the test's, and never synced
    h.set_clock(h.now)
    h.start()
    seen = check(h, [client.finish()], reader, 1)
    print(f"read-only: {seen}")
    h.stop()
    disk.unmount()


read_only_test.timeout = 120
