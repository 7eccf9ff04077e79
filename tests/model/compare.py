#!/usr/bin/python3
"""The office against an independent model of its ledger: the same random inputs, and byte for byte the same lines.

    [SEED=n] [SEEDS=n] [INPUTS=300] tests/model/compare.py [BUILD/sim/simulate]

The model (the other files here) was written from what the office does and from config/rules, which it
reads itself; the office is tests/sim/simulate.c: the real step with a clock and a relay that do as they are told. Compared
are the whole ledger and every decision. What is drawn: people (registered, changed, protected, restricted, erased), news,
quiet hours, digests and caps, networks and memberships, also of whole organisations and confirmed by link, meetings with
all their changes, registrations, waiting lists and offers, attendance, material, polls, outages with their catch-up sheets,
jumps, a relay that refuses, defers and falls, reports of mail servers and what they suppress, and operators' orders: pause
and resume, release (paced) and skip, retry, withdraw, settle, lift, skip of a plan, letters to an audience with their
windows; programmes with their call, applications, assessments, decisions (told at once or after a window), offers and
reserves, advisers, staff that comes and goes, hours and their pace, milestones, evidence and solutions, and what all these
owe, up its ladder by the working days of both countries; their meetings and those of their groups, whose attendance is
hours, and who keeps away from them; who leaves, and the end of it all; ideas and cases; the operators' morning; people and
organisations of which two are one, or that end, also while they apply, judge, advise or take part; rules that ask, skip or
gather what is late, and that change; settings that are others, and that change. Not drawn: a second programme.
What must have come to pass somewhere stands in reached.py.
A difference is cut down to the few inputs that still show it."""
import collections
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.model import inputs, reached, rules  # noqa: E402
from tests.model.play import play  # noqa: E402

RULES = os.path.join(ROOT, "config/rules")
SHOWN, WIDE = 40, 800
AT_ONCE = 20
SHRINK_SECONDS = 45


def offices(simulate, stories):
    """The lines of each; zones are read once for all of them."""
    text = '{"do": "new"}\n'.join("".join(json.dumps(line) + "\n" for line in said) for said in stories)
    run = subprocess.run([simulate, "--decisions"], input=text, text=True, capture_output=True, cwd=ROOT)
    if run.returncode == 0:
        return [lines.splitlines() for lines in run.stdout.split("==\n")]
    if len(stories) > 1:
        return [offices(simulate, [said])[0] for said in stories]
    return [[f"exit {run.returncode}: {run.stdout[-300:]}{run.stderr}"]]


def difference(theirs, ours):
    """(number, the office's line, the model's) of the first that is not the same, or None."""
    for i in range(max(len(theirs), len(ours))):
        a, b = (lines[i] if i < len(lines) else "(nothing)" for lines in (theirs, ours))
        if a != b:
            return i + 1, a, b
    return None


def differs(simulate, book, said):
    return difference(offices(simulate, [said])[0], play(book, said))


def still_differs(simulate, book, said):
    try:
        return said and differs(simulate, book, said)
    except Exception:  # what is left makes no sense, and the model fell over it
        return False


def shrink(simulate, book, said):
    """Halves, quarters … single inputs are left out while there still is a difference."""
    size, until = len(said) // 2, time.monotonic() + SHRINK_SECONDS
    while size:
        at = 0
        while at < len(said) and time.monotonic() < until:
            less = said[:at] + said[at + size:]
            if still_differs(simulate, book, less):
                said = less
            else:
                at += size
        size //= 2
    return said


def show(simulate, book, seed, said):
    print(f"SEED={seed} SEEDS=1, line %d:\n  office %s\n  model  %s" % differs(simulate, book, said), flush=True)
    short = shrink(simulate, book, said)
    print(f"cut down from {len(said)} inputs to {len(short)}:")
    for line in short[-SHOWN:]:
        print("   ", json.dumps(line)[:WIDE])
    print("line %d:\n  office %s\n  model  %s" % differs(simulate, book, short))


def compare(simulate, seed, seeds, count):
    """How often each (rule, state), (message, status), code and reason was seen; None when a seed differed."""
    book, seen, rows = rules.read(RULES), collections.Counter(), 0
    for first in range(seed, seed + seeds, AT_ONCE):
        batch = range(first, min(first + AT_ONCE, seed + seeds))
        stories = [inputs.draw(s, count) for s in batch]
        for s, said, theirs in zip(batch, stories, offices(simulate, stories)):
            ours = play(book, said, seen)
            if difference(theirs, ours):
                show(simulate, book, s, said)
                return None
            for line in map(json.loads, ours):
                rows += "rule" in line
                seen[line.get("rule") or line["type"], line.get("state") or line["status"]] += 1
                seen[line.get("state") or line.get("code")] += 1
                seen["because " + re.sub(r"[\d:T+-]{2,}|\d", "…", line.get("reason", "it went"))] += 1
    print(f"seeds {seed} to {seed + seeds - 1}, {count} inputs each: {rows} rows of the ledger byte-equal")
    return seen


def main():
    simulate = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build/sim/simulate")
    seed, seeds, count = (int(os.environ.get(k, d)) for k, d in (("SEED", 1), ("SEEDS", 500), ("INPUTS", 300)))
    seen = compare(simulate, seed, seeds, count)
    for what, n in sorted((seen or {}).items(), key=str):
        print(f"{n:8}  {' '.join(what) if isinstance(what, tuple) else what}")
    never = reached.missing(seen, seed, seeds, rules.read(RULES)) if seen else []
    print("".join(f"never: {what}\n" for what in never), end="")
    return 0 if seen and not never else 1


if __name__ == "__main__":
    sys.exit(main())
