#!/usr/bin/python3
"""Cirkulære Byer, from the first call to the last solution: the whole sample on the real programs, and the
ledger it must leave; alone, together with the Swedish story, and with a worker killed on the way.

    tests/flow/danish_story_test.py --keep build/bin    writes what is expected anew, to be read by eye
"""
import collections
import datetime
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)
from tests.flow import swedish_story_test as swedish  # noqa: E402
from tests.flow.swedish_story_test import KEPT  # noqa: E402
from tests.harness.house import WORKERS, House, equal  # noqa: E402
from tests.harness.play import Play, is_dead  # noqa: E402

SAMPLE = os.path.join(ROOT, "config/samples/cirkulaere-byer.jsonl")
EXPECTED = os.path.join(ROOT, "tests/data/cirkulaere-byer.ledger.jsonl")
DECISIONS = os.path.join(ROOT, "tests/data/both.decisions.jsonl")  # of both stories at once
REPORT = os.path.join(ROOT, "tests/data/cirkulaere-byer.report.md")
KILLS = 4  # of a worker, or of all of them, on the way
CITIES = ["aalborg", "fredensborg", "fredericia", "koebenhavn", "kolding", "odsherred"]


def lines_of(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def told(h):
    """The ledger as it is kept: what a person can check by eye."""
    return [json.dumps({name: row[name] for name in KEPT if name in row}, ensure_ascii=False)
            for row in h.records("ledger")]


def as_expected(h, path):
    rows, expected = told(h), lines_of(path)
    for number, (row, wanted) in enumerate(zip(rows, expected), 1):
        equal(json.loads(row), wanted, f"{path}:{number}")
    equal(len(rows), len(expected), "rows of the ledger")


def minutes_said(lines):
    """Minutes by organisation, as the sample itself says: what was logged, and the staff's attendance."""
    minutes, staff, ours = collections.Counter(), {}, set()
    for line in lines:
        body = line["body"]
        if line["type"] == "staff.name":
            staff.update({person: body["participation"] for person in body["persons"]})
        elif line["type"] == "meeting.plan" and body.get("programme"):
            ours.add(body["meeting"])
        elif line["type"] == "hours.log":
            minutes[body["participation"]] += body["minutes"]
        elif line["type"] == "attendance.record" and body["meeting"] in ours:
            for entry in body["entries"]:
                if entry["person"] in staff:
                    minutes[staff[entry["person"]]] += entry["minutes"]
    return minutes


def danish_story_test(h):
    out = h.run_cirkel("play", SAMPLE)
    assert "478 applied, 0 refused" in out, out
    h.verify()
    lines = lines_of(SAMPLE)

    rows = h.ledger()
    equal({row["state"] for row in rows} - {"accepted", "suppressed", "superseded", "missed", "not-due"}, set(),
          "every letter has come to an end")
    equal([row for row in rows if row["state"] != "accepted" and not row.get("reason")], [], "ends without a reason")
    letters = h.letters()
    equal(len(letters), sum(row["state"] == "accepted" and "in the digest" not in (row.get("reason") or "") for row in rows),
          "letters and accepted rows; what goes together is one letter")
    most = collections.Counter((letter.row["person"], letter.row["due"]) for letter in letters
                               if letter.row["person"].startswith("bedoemmer"))
    equal(set(most.values()), {1}, "an assessor gets one letter at a time, however many applications")
    keys = collections.Counter((row["rule"], row["about"], row["person"], row["due"]) for row in rows
                               if row["about_kind"] != "obligation" and row["rule"] != "assessment-asked")
    equal([key for key, n in keys.items() if n > 1], [], "nobody got the same twice")
    assert all("Cirkulære systemløsninger i danske byer" in letter.text for letter in letters), "who sends it"

    # The decisions: nobody before the release, then everybody at once, with a no for one, a rank for two.
    answers = [row for row in rows if row["rule"] in ("application-selected", "application-reserve",
                                                     "application-declined")]
    equal({row["due"] for row in answers}, {"2022-02-28T09:00:00+01:00"}, "all answers at once")
    equal({row["about"] for row in answers if row["rule"] == "application-selected"}, {"ans-" + c for c in CITIES})
    equal({row["about"] for row in answers if row["rule"] == "application-reserve"},
          {"ans-eksempel-a", "ans-eksempel-b"})
    equal({row["about"] for row in answers if row["rule"] == "application-declined"}, {"ans-eksempel-c"})

    # Six take part; their hours are the sum of what was said.
    participations = h.records("participation")
    equal(sorted(row["organisation"] for row in participations), CITIES)
    equal(h.record("programme", programme="cirkulaere-byer")["taken"], 6)
    said = minutes_said(lines)
    equal({row["organisation"]: row["minutes"] for row in participations}, dict(said), "hours")
    logged = collections.Counter()
    for row in h.records("hours"):
        logged[row["organisation"]] += row["minutes"]
    equal(dict(logged), dict(said), "rows of hours")

    # What was owed was done.
    equal([row["obligation"] for row in h.records("obligation") if row["state"] in ("open", "overdue")], [],
          "open obligations")
    equal(len({row["about"] for row in rows if row["rule"] == "solution-published"}), 6)
    # Reminders come at nine; of those who are never there the adviser hears.
    for row in rows:
        if row["rule"] in ("complete-application", "milestone-due", "hours-month", "follow-up-materials", "name-staff"):
            equal(row["due"][11:16], "09:00", row["rule"])
    as_expected(h, EXPECTED)


# ---- both ----

def without_numbers(row):
    """As it is whatever else is in the ledger: not its number, nor that of the letter it went in."""
    return {name: re.sub(r"letter \d+", "letter", value) for name, value in row.items() if name != "no"}


def until(rows, end):
    return [without_numbers(row) for row in rows if row["due"][:10] < end]


def both_merged(h):
    """The lines of both samples by the clock, and a file of them."""
    both = sorted(lines_of(SAMPLE) + lines_of(swedish.SAMPLE), key=lambda line: h.moment(line["at"]))
    path = os.path.join(h.folder, "both.jsonl")
    with open(path, "w") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in both)
    return both, path


def play_both(h):
    both, path = both_merged(h)
    out = h.run_cirkel("play", path)
    assert f"{len(both)} applied, 0 refused" in out, out
    return both


def simulated(h, lines):
    """The ledger that the step alone leaves, in one process."""
    end = datetime.datetime.fromisoformat(lines[-1]["at"]) + datetime.timedelta(days=14)
    said = [*lines, {"do": "run", "at": end.isoformat()}]
    done = subprocess.run([os.path.join(os.path.dirname(h.bin), "sim/simulate")], cwd=ROOT, text=True,
                          input="".join(json.dumps(line) + "\n" for line in said), capture_output=True)
    equal((done.returncode, done.stderr), (0, ""), "the simulator")
    return [json.loads(line) for line in done.stdout.splitlines()]


def decisions(h):
    names = ("seq", "id", "type", "status", "about_kind", "about")
    return [{name: row[name] for name in names if name in row} for row in h.records("decision")]


def same_as_alone(rows, without=("no",)):
    """Each story has left what it leaves alone, but for what may differ."""
    def of_story(rows):
        return sorted(json.dumps({n: v for n, v in row.items() if n not in without}, sort_keys=True)
                      for row in until(rows, end))

    danes = {line["body"]["person"] for line in lines_of(SAMPLE) if line["type"] == "person.register"}
    for danish, sample, expected in ((False, swedish.SAMPLE, swedish.EXPECTED), (True, SAMPLE, EXPECTED)):
        end = lines_of(sample)[-1]["at"][:10]
        # People who became known by asking for membership have ids of ours, and are Swedes.
        equal(of_story(row for row in rows if (row["person"] in danes) == danish), of_story(lines_of(expected)), sample)


def both_stories_at_once_test(h):
    """Merged by the clock, each leaves what it leaves alone; only the numbers of the rows differ. Row by row
    it is what the simulator leaves; decisions and report are those that are kept."""
    both = play_both(h)
    h.verify()
    rows = [json.loads(row) for row in told(h)]
    expected = simulated(h, both)
    for row, wanted in zip(rows, expected):
        equal(row, wanted, f"row {wanted['no']} of the simulator")
    equal(len(rows), len(expected), "rows of the simulator")
    equal(decisions(h), lines_of(DECISIONS), DECISIONS)
    with open(REPORT) as file:
        equal(str(h.run_cirkel("report", "cirkulaere-byer")), file.read(), REPORT)
    same_as_alone(rows)


both_stories_at_once_test.timeout = 240


# ---- with a worker killed on the way ----

def what_it_left(h):
    rows = [without_numbers(json.loads(row)) for row in told(h)]
    for row in rows:
        row.pop("ended", None)  # a letter may have waited for its worker
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def nothing_goes_again(h):
    """A letter of unknown fate goes again once; if that is cut off too a person decides, and the story is another."""
    rows = h.run_cirkel("list", "ledger", "--json", code=None)
    rows = [json.loads(line) for line in rows.lines] if rows.code == 0 else []  # there is no core yet
    return not any(row.get("resends") and row["state"] in ("queued", "armed", "deferred") for row in rows)


def danish_story_with_kills_test(h):
    expected = [without_numbers(row) for row in lines_of(EXPECTED)]
    for row in expected:
        row.pop("ended", None)
    expected = sorted(json.dumps(row, sort_keys=True) for row in expected)
    for seed, victim in enumerate(WORKERS):
        house, r = h.another(victim), random.Random(seed)
        play = Play(house, lines_of(SAMPLE), KILLS + 1)
        for kills in range(KILLS):
            play.strike(r, lambda: play.kill(victim),
                        lambda: not kills or victim != "notifier" or nothing_goes_again(house))
        assert "0 refused" in play.to_the_end()
        house.verify()
        equal(what_it_left(house), expected, f"the ledger after {victim} was killed {KILLS} times")
        decisions = [(row["type"], row["status"]) for row in house.records("decision")]
        equal(decisions, [(line["type"], "applied") for line in lines_of(SAMPLE)], "decisions")


danish_story_with_kills_test.timeout = 600


def kill_all(home):
    """Whatever runs on this home: the player, its supervisor and the workers. Whether anybody did."""
    pids = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if home.encode() in file.read().split(b"\0"):
                    os.kill(pid, signal.SIGKILL)
                    pids.append(pid)
        except OSError:
            pass  # it has ended
    while not all(map(is_dead, pids)):
        time.sleep(0.001)
    return bool(pids)


def danish_story_played_again_after_kills_test(h):
    """Everything falls at once, the player too, again and again; the story is played again from its beginning."""
    r, play = random.Random(7), Play(h, lines_of(SAMPLE), KILLS + 1)
    for kills in range(KILLS):
        play.strike(r, lambda: kill_all(h.home), lambda: not kills or nothing_goes_again(h))
    assert "0 refused" in play.to_the_end()
    h.verify()
    expected = [{name: value for name, value in without_numbers(row).items() if name != "ended"}
                for row in lines_of(EXPECTED)]
    equal(what_it_left(h), sorted(json.dumps(row, sort_keys=True) for row in expected),
          f"the ledger after everything was killed {KILLS} times")
    equal([(row["type"], row["status"]) for row in h.records("decision")],
          [(line["type"], "applied") for line in lines_of(SAMPLE)], "decisions")


danish_story_played_again_after_kills_test.timeout = 300


def keep(bin_dir):
    folder = tempfile.mkdtemp(prefix="story.")
    house = House(bin_dir, folder)
    try:
        print(house.run_cirkel("play", SAMPLE, code=None))
        house.verify()
        with open(EXPECTED, "w") as file:
            file.writelines(row + "\n" for row in told(house))
        print(f"{EXPECTED}: {len(told(house))} rows")
        both = house.another("both")
        play_both(both)
        with open(DECISIONS, "w") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in decisions(both))
        with open(REPORT, "w") as file:
            file.write(both.run_cirkel("report", "cirkulaere-byer"))
    finally:
        house.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "--keep":
        sys.exit(__doc__)
    keep(sys.argv[2])
