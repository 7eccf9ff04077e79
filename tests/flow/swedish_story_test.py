#!/usr/bin/python3
"""Cirkulär kommun, two years of it: the whole sample on the real programs, and the ledger it must leave.

    tests/flow/swedish_story_test.py --keep build/bin    writes the expected ledger anew, to be read by eye
"""
import collections
import json
import os
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)
from tests.harness.house import House, equal  # noqa: E402

SAMPLE = os.path.join(ROOT, "config/samples/cirkular-kommun.jsonl")
EXPECTED = os.path.join(ROOT, "tests/data/cirkular-kommun.ledger.jsonl")
KEPT = ("no", "rule", "about_kind", "about", "person", "language", "due", "ended", "state", "reason")


def told(h):
    """The ledger as it is kept: what a person can check by eye."""
    return [json.dumps({name: row[name] for name in KEPT if name in row}, ensure_ascii=False)
            for row in h.records("ledger")]


def registered_at(h, lines, meeting, due):
    """Who is registered at a moment, by what was said until then."""
    people = set()
    for line in lines:
        body = line["body"]
        if body.get("meeting") != meeting or h.moment(line["at"]) > h.moment(due):
            continue
        if line["type"] == "registration.make" or body.get("answer") == "yes":
            people.add(body["person"])
        elif line["type"] == "registration.cancel" or body.get("answer") == "no":
            people.discard(body["person"])
    return people


def swedish_story_test(h):
    out = h.run_cirkel("play", SAMPLE)
    assert "426 applied, 0 refused" in out, out
    h.verify()
    with open(SAMPLE) as file:
        lines = [json.loads(line) for line in file]

    rows = h.ledger()
    equal({row["state"] for row in rows} - {"accepted", "suppressed", "superseded", "missed", "not-due"}, set(),
          "every letter has come to an end")
    equal([row for row in rows if row["state"] != "accepted" and not row.get("reason")], [], "ends without a reason")
    letters = h.letters()
    equal(len(letters), sum(row["state"] == "accepted" for row in rows), "letters and accepted rows")
    keys = collections.Counter((row["rule"], row["about"], row["person"], row["due"]) for row in rows)
    equal([key for key, n in keys.items() if n > 1], [], "nobody got the same twice")

    # Nothing about a meeting left before it was called.
    called = {line["body"]["meeting"]: h.moment(line["at"]) for line in lines if line["type"] == "meeting.call"}
    early = [row for row in rows if row["about_kind"] == "meeting" and h.moment(row["due"]) < called[row["about"]]]
    equal(early, [], "letters before the call")
    # Reminders at nine o'clock, one hour before at the hour before; summer and winter.
    for row in rows:
        if row["rule"] in ("meeting-week-before", "meeting-day-before", "meeting-nudge"):
            equal(row["due"][11:16], "09:00", row["rule"])
    equal({row["due"] for row in rows if row["rule"] == "meeting-hour-before"},
          {"2020-11-24T08:00:00+01:00", "2021-02-11T08:00:00+01:00", "2021-03-10T12:00:00+01:00",
           "2021-06-02T08:00:00+02:00", "2021-09-01T08:00:00+02:00", "2021-09-21T08:00:00+02:00",
           "2022-02-08T08:00:00+01:00", "2022-04-08T09:00:00+02:00", "2022-06-15T08:00:00+02:00"})
    # Reminders went to those who were registered at that moment, as the sample itself says. (One meeting
    # has fewer places than people who want them; its story is in places_test.)
    sent = collections.defaultdict(set)
    for row in rows:
        if row["rule"] in ("meeting-week-before", "meeting-day-before", "meeting-hour-before"):
            if row["state"] == "accepted" and row["about"] != "traff-2021-09-21":
                sent[row["about"], row["due"]].add(row["person"])
    for (meeting, due), people in sent.items():
        equal(people, registered_at(h, lines, meeting, due), f"who was reminded of {meeting} {due}")

    with open(EXPECTED) as file:
        expected = file.read().splitlines()
    for number, (row, wanted) in enumerate(zip(told(h), expected), 1):
        equal(json.loads(row), json.loads(wanted), f"{EXPECTED}:{number}")
    equal(len(told(h)), len(expected), "rows of the ledger")


def letter_files(h):
    folder = h.path("outgoing/new")
    found = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            found.append(file.read())
    return sorted(found)


def playing_twice_gives_equal_bytes_test(h):
    """Two homes, the same story: the same letters to the byte. The same home again: nothing new."""
    with open(SAMPLE) as file:
        lines = [json.loads(line) for line in file][:210]
    second = h.another("second")
    h.play(lines)
    second.play(lines)
    first = letter_files(h)
    assert len(first) > 200, len(first)
    equal(len(letter_files(second)), len(first))
    for one, other in zip(first, letter_files(second)):
        equal(other, one, "a letter")
    equal(second.run_cirkel("ledger", "--json"), h.run_cirkel("ledger", "--json"), "the ledger")

    ledger = h.run_cirkel("ledger", "--json")
    out = h.play(lines)
    assert "said before" in out, out
    equal(h.run_cirkel("ledger", "--json"), ledger, "the ledger after playing again")
    equal(letter_files(h), first, "the letters after playing again")


def keep(bin_dir):
    folder = tempfile.mkdtemp(prefix="story.")
    house = House(bin_dir, folder)
    try:
        house.run_cirkel("play", SAMPLE)
        house.verify()
        with open(EXPECTED, "w") as file:
            file.writelines(row + "\n" for row in told(house))
        print(f"{EXPECTED}: {len(told(house))} rows")
    finally:
        house.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "--keep":
        sys.exit(__doc__)
    keep(sys.argv[2])
