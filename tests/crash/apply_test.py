"""`cirkel apply` killed at each step of putting a configuration in force: the home starts with the one before or
with the new one, whole."""
import os
import re
import shutil
import signal
import subprocess

from tests.crash import rig
from tests.crash.invariants import demand
from tests.crash.two_test import supervisor
from tests.flow.apply_test import other_config
from tests.harness.house import equal

CALLS = ("link", "rename", "renameat2", "unlink")  # whatever changes what a start finds
PARTS = ("letters", "rules", "cirkel.conf")


def config(folder):
    """Every file of it with its bytes, hidden ones too."""
    found = {}
    for part in PARTS:
        path = os.path.join(folder, part)
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else [""]:
            with open(os.path.join(path, name) if name else path, "rb") as file:
                found[part, name] = file.read()
    return found


def put_back(h, kept):
    for part in (*PARTS, "coming", "installing", "previous"):
        path = h.path(part)
        shutil.rmtree(path, ignore_errors=True)
        if os.path.isfile(path):
            os.remove(path)
    for part in PARTS:
        copy = shutil.copytree if part != "cirkel.conf" else shutil.copy
        copy(os.path.join(kept, part), h.path(part))


def apply(h, new, *inject):
    """Its trace: (call, how many of those before and with it, line), and how it ended."""
    trace, count, lines = os.path.join(h.folder, "trace"), {}, []
    done = subprocess.run(
        ["strace", "-qqq", "-o", trace, "-e", f"trace={','.join(CALLS)}", *inject, h.program("cirkel"), "apply", new,
         "--yes", "--home", h.home], capture_output=True, text=True, timeout=60)
    with open(trace) as file:
        for line in file:
            call = re.match(r"\w+", line)
            if call:
                count[call[0]] = count.get(call[0], 0) + 1
                lines.append((call[0], count[call[0]], line))
    return lines, done


def steps_of(lines):
    """From the first mark on; of the many files that are taken away with what was before, the first."""
    first = next(i for i, line in enumerate(lines) if "/.new" in line[2])
    steps, gone = [], 0
    for call, number, line in lines[first:]:
        gone += "/previous/" in line
        if "/previous/" not in line or gone == 1:
            steps.append((call, number))
    return steps


def apply_killed_at_each_step_test(h):
    h.init(at="2022-03-01T09:00")
    kept, new = os.path.join(h.folder, "kept"), other_config(h, "new", settings="\nin_flight = 7\n")
    os.mkdir(kept)
    for part in PARTS:
        (shutil.copytree if part != "cirkel.conf" else shutil.copy)(h.path(part), os.path.join(kept, part))
    before, after = config(kept), config(new)
    h.start()
    steps = steps_of(apply(h, new)[0])
    equal(config(h.home), after, "undisturbed")
    h.stop()
    demand(len(steps) >= 10, f"only {len(steps)} steps: {steps}")
    ended = {"before": 0, "after": 0}
    for number, (call, nth) in enumerate(steps):
        put_back(h, kept)
        os.mkdir(h.path("previous"))
        done = apply(h, new, "-e", f"inject={call}:signal=KILL:when={nth}")[1]
        equal(done.returncode, -signal.SIGKILL, f"the end of apply killed at {call} {nth}: {done.stderr}")
        if number % 5 == 4:  # most by looking, some by serving
            serve(h)
        else:
            h.run_cirkel("check-config")
        now = config(h.home)
        demand(now in (before, after), f"killed at {call} {nth}: {sorted(set(now.items()) ^ set(after.items()))[:5]}")
        demand(not os.path.exists(h.path("installing")), f"killed at {call} {nth}: it is not finished")
        ended["after" if now == after else "before"] += 1
        if now == after:
            equal(config(h.path("previous")), before, "what was before")
    demand(ended["before"] and ended["after"], f"all ended alike: {ended}")
    print(f"{len(steps)} steps: {ended}")


def serve(h):
    run = supervisor(h, os.path.join(h.folder, "run.log"))
    try:
        rig.ready(h)
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(30)


apply_killed_at_each_step_test.timeout = 120
