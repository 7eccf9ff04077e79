"""Bit flips, cut files and zeroed pages in copies of a stopped house: noticed, never acted on.

Each copy is verified and then started with letters waiting. What counts as good: it goes on (the damage was
in a page nobody needs, or what it hit was set aside with an alarm), or it refuses. What never may be: a
letter that the sound house would not have sent, byte for byte; a hang; a death by a signal without a word.
COPIES=1000 and SEED=… come from the environment.
"""
import collections
import hashlib
import os
import random
import re
import shutil
import time

from tests.crash import rig
from tests.crash.invariants import demand
from tests.harness.house import WORKERS

COPIES = rig.number("COPIES", 40)
PAGE = 4096
PATIENCE, LONGEST = 12.0, 40.0  # seconds for those that stand still with an alarm, and for a busy machine
ABORTED, FAULT = -6, "error storage_damaged"  # a page that is not there was read
ENDS = (0, 1, 2, 65, 74)
FILES = (("core", "data.mdb"), ("inbox", "log.00000001"), ("inbox", "head"), ("inbox", "mark"))


def letters(home):
    found = {}
    folder = os.path.join(home, "outgoing/new")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with open(os.path.join(folder, name), "rb") as file:
            found[name.split("_", 1)[1]] = hashlib.sha256(file.read()).hexdigest()
    return found


def damage(r, path):
    """One kind of damage; what it was, in words."""
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        pages = [p for p in range(0, len(data), PAGE) if any(data[p:p + PAGE])]
        kind = r.choices(["flip", "cut", "zero"], [7, 1, 2])[0]
        if kind == "flip":
            page, bits = r.choice(pages), r.randint(1, 8)
            used = [i for i in range(page, min(page + PAGE, len(data))) if data[i]]
            places = [r.choice(used) if used and r.random() < 0.8 else r.randrange(page, page + PAGE) for _ in range(bits)]
            for at in places:
                data[min(at, len(data) - 1)] ^= 1 << r.randrange(8)
            words = f"{bits} bits in page {page // PAGE}"
        elif kind == "cut":
            n = r.randrange(0, len(data))
            n -= n % r.choice([1, 512, PAGE])
            del data[n:]
            words = f"cut to {n} bytes"
        else:
            page = r.choice(pages)
            data[page:page + PAGE] = bytes(PAGE)
            words = f"page {page // PAGE} zeroed"
        file.seek(0)
        file.write(data)
        file.truncate(len(data))
    return f"{os.path.relpath(path, os.path.dirname(os.path.dirname(path)))}: {words}"


def prepare(h):
    """A stopped house with letters sent, letters waiting, reminders due and events not applied yet."""
    rig.begin(h, people=20, meetings=3, copy_guard="off")
    h.register("m1", "m01", "m02", "m03")
    h.settle()
    h.stop("notifier")
    h.register("m2", "m04", "m05", "m06", "m07")
    h.stop("scheduler")
    for n in range(8, 12):
        h.request({"v": 1, "id": f"late-{n}", "type": "registration.make", "wait": "accepted",
                   "body": {"meeting": "m3", "person": f"m{n:02}"}})
    h.stop("intake")
    h.set_clock("2022-03-15T09:00")
    shutil.rmtree(h.path("outgoing/new"))
    os.mkdir(h.path("outgoing/new"))
    if os.path.exists(h.path("ballast")):
        os.remove(h.path("ballast"))


def copy(h, name):
    other = h.another(name)
    shutil.copytree(h.home, other.home, ignore=shutil.ignore_patterns("*.ipc", "*.lock", "ballast"))
    other.now = h.now
    return other


def log_of(house):
    text = ""
    for name in WORKERS:
        path = os.path.join(house.folder, name + ".log")
        if os.path.exists(path):
            with open(path, errors="replace") as file:
                text += file.read()
    return text


def run(house):
    """Starts it on its damaged files; what became of it."""
    for name in WORKERS:
        rig.spawn(house, name)
    began, quiet = time.monotonic(), False
    while not quiet and time.monotonic() - began < (PATIENCE if is_loud(log_of(house)) else LONGEST):
        state = house.state(wait=True, patience=0.25)
        quiet = bool(state and state["quiet"])
        if house.workers["scheduler"].poll() is not None or house.workers["intake"].poll() is not None:
            time.sleep(0.2)
            break
    codes = {name: process.poll() for name, process in house.workers.items()}
    alive = quiet or house.workers["scheduler"].poll() is not None or house.state(wait=False, patience=1)
    house.kill()
    return codes, quiet, alive


def is_loud(log):
    return re.search(r"^(t=\S+ )?error ", log, re.M) is not None


def judge(house, what, reference):
    codes, quiet, alive = run(house)
    log = log_of(house)
    loud = is_loud(log)
    for name, code in codes.items():
        demand(code is None or code in ENDS or (code == ABORTED and FAULT in log), f"{what}: {name} ended with {code}\n{log}")
    sent = letters(house.home)
    foreign = {name: digest for name, digest in sent.items() if reference.get(name) != digest}
    demand(not foreign, f"{what}: {len(foreign)} foreign letters: {sorted(foreign)[:3]}")
    refused = any(code is not None for code in codes.values())
    demand(not refused or loud, f"{what}: ended without a word: {codes}\n{log}")
    if not refused and not quiet:
        demand(loud, f"{what}: hangs without a word (answers: {bool(alive)})\n{log}")
        return "stands still with an alarm"
    return "refused" if refused else "goes on with an alarm" if loud else "clean"


def corrupt_test(h):
    seed = rig.seeded("corrupt_test")
    r = random.Random(seed)
    prepare(h)
    sound = copy(h, "sound")
    demand(run(sound)[1], "the sound copy does not come to rest")
    reference = letters(sound.home)
    demand(len(reference) >= 10, f"only {len(reference)} letters wait")
    ends, verified = collections.Counter(), 0
    for n in range(COPIES):
        rig.progress(n, COPIES)
        house = copy(h, f"copy{n}")
        what = damage(r, house.path(*r.choices(FILES, [6, 2, 1, 1])[0]))
        done = house.run_cirkel("verify", code=None)
        demand(done.code in (0, 1, 4, 74) or (done.code == ABORTED and FAULT in done.errors),
               f"{what}: verify ended with {done.code}: {done.errors}")
        verified += done.code != 0
        ends[judge(house, what, reference)] += 1
        shutil.rmtree(house.folder)
        h.others.remove(house)
    demand(len(ends) > 1, f"nothing was damaged: {ends}")
    print(f"{COPIES} damaged copies: {dict(ends)}; verify found {verified}")


corrupt_test.timeout = 90 + 6 * COPIES
