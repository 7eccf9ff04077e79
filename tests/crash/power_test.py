"""The power goes at any moment: a recorded disk is replayed up to there, with half of what was not flushed
yet torn, and the house must start on it with everything that had been answered.

IMAGES=500 and SEED=… come from the environment.
"""
import bisect
import os
import random
import shutil
import struct
import subprocess
import time

from tests.crash import rig
from tests.crash.invariants import Reader, check_answers, check_effects, demand
from tests.crash.ledger_client import Client
from tests.harness.house import HouseError, ROOT

IMAGES = rig.number("IMAGES", 20)
MIB = 40
RECORD = struct.Struct("=IIQQ")
WRITE, FLUSH = 1, 2
SECTOR = 512
SECONDS = 3 + IMAGES / 50
FLUSHES_LEAST = 50  # on a slow disk it takes longer


class Recorder:
    """A file system on a loop device on a file that remembers every write."""

    def __init__(self, house):
        at = self.at = lambda name: os.path.join(house.folder, name)
        flags = rig.run_or_raise("pkg-config", "--cflags", "--libs", "fuse3").split()
        rig.run_or_raise("cc", "-O2", "-Wall", "-Wextra", "-o", at("recorder"), f"{ROOT}/tests/crash/recorder.c", *flags)
        rig.make_file_system(at("disk.img"), MIB)
        shutil.copyfile(at("disk.img"), at("base.img"))
        for folder in ("fuse", "disk", "image"):
            os.mkdir(at(folder))
        self.process = subprocess.Popen([at("recorder"), at("disk.img"), at("disk.log"), at("fuse")])
        end = time.monotonic() + 30
        while not os.path.exists(at("fuse/disk")):
            if self.process.poll() is not None or time.monotonic() > end:
                raise HouseError("the recorder's file system did not come: is there /dev/fuse?")
            time.sleep(0.02)
        rig.run_or_raise("mount", "-o", "loop", at("fuse/disk"), at("disk"))

    def close(self):
        rig.run_or_raise("umount", self.at("disk"))
        rig.run_or_raise("umount", self.at("fuse"))
        self.process.wait(10)

    def flushes(self):
        return sum(kind == FLUSH for kind, *_ in self.records())

    def records(self):
        """(kind, offset, bytes, time) of each, in order."""
        found = []
        with open(self.at("disk.log"), "rb") as file:
            while len(head := file.read(RECORD.size)) == RECORD.size:
                kind, n, offset, at = RECORD.unpack(head)
                found.append((kind, offset, file.read(n), at / 1e9))
        return found


def tear(r, image, records, start):
    """A random half of the writes that were not flushed, some of them cut at a sector."""
    for kind, offset, content, _ in records[start:]:
        if kind == FLUSH:
            return
        if r.random() < 0.5:
            if r.random() < 0.3 and len(content) > SECTOR:
                content = content[:SECTOR * r.randrange(1, len(content) // SECTOR)]
            image.seek(offset)
            image.write(content)


def cut_points(r, records, since):
    """(index, torn): up to which record the disk is as it was; torn ones begin after a flush."""
    first = bisect.bisect_left([at for _, _, _, at in records], since)
    flushes = [i + 1 for i in range(first, len(records)) if records[i][0] == FLUSH]
    points = [(r.randrange(first + 1, len(records)), False) if i % 2 else (r.choice(flushes), True)
              for i in range(IMAGES)]
    return sorted(points)


def answered_by(ledger, at):
    """The ledger as it was at that moment."""
    answers = {i: [a for a in found if a["at"] < at] for i, found in ledger["answers"].items()}
    return {**ledger, "answers": {i: found for i, found in answers.items() if found}, "open": []}


def mount(path, at):
    """As a boot does: a file system whose own head is torn is mended first. Whether it was."""
    try:
        rig.run_or_raise("mount", "-o", "loop", path, at)
        return False
    except HouseError:
        done = subprocess.run(["e2fsck", "-fy", path], capture_output=True, text=True)
        demand(done.returncode in (0, 1), f"e2fsck: {done.stdout}")
        rig.run_or_raise("mount", "-o", "loop", path, at)
        return True


def check_image(house, ledger, at, path):
    mended = mount(path, os.path.join(house.folder, "image"))
    try:
        clock = house.path("run/clock")
        if os.path.exists(clock):
            os.remove(clock)  # the test's, and never synced
        house.set_clock(house.now)
        house.start()
        house.settle()
        house.verify()
        decisions = house.records("decision")
        kept = check_answers(answered_by(ledger, at), decisions)
        check_effects(decisions, house.records("fact"), house.records("registration"), ledger["said"])
        files = Reader(house).letters()
        for row in house.ledger():
            demand(row["state"] != "accepted" or row["message_id"] in files, f"accepted and not there: {row}")
        return kept, mended
    finally:
        house.kill()
        rig.run_or_raise("umount", os.path.join(house.folder, "image"))


def power_cut_test(h):
    if not rig.is_root("power_cut_test"):
        return
    seed = rig.seeded("power_cut_test")
    r = random.Random(seed)
    rig.private_mounts()
    recorder = Recorder(h)
    h.home = os.path.join(h.folder, "disk", "home")
    rig.begin(h, people=20, meetings=2)
    os.sync()
    since = time.time()
    client = Client(h, seed, rate=80)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or recorder.flushes() <= FLUSHES_LEAST:
        time.sleep(0.5)
        rig.forward(h, 60)
    ledger = client.finish()
    h.stop()
    recorder.close()
    records = recorder.records()
    flushes = recorder.flushes()
    h.home = os.path.join(h.folder, "image", "home")
    done, kept = 0, []
    work, cut = os.path.join(h.folder, "work.img"), os.path.join(h.folder, "cut.img")
    shutil.copyfile(recorder.at("base.img"), work)
    for index, torn in cut_points(r, records, since):
        with open(work, "r+b") as image:
            for kind, offset, content, _ in records[done:index]:
                if kind == WRITE:
                    image.seek(offset)
                    image.write(content)
        done = index
        shutil.copyfile(work, cut)
        if torn:
            with open(cut, "r+b") as image:
                tear(r, image, records, index)
        try:
            rig.progress(len(kept), IMAGES)
            kept.append(check_image(h, ledger, records[index - 1][3], cut))
        except Exception:
            print(f"at record {index} of {len(records)}, torn: {torn}")
            raise
    print(f"{len(records) - flushes} writes, {flushes} flushes; {len(kept)} images good, with {kept[0][0]} to {kept[-1][0]} "
          f"answers kept; {sum(mended for _, mended in kept)} of them after an fsck")


power_cut_test.timeout = 60 + 6 * IMAGES
