"""The operator's hour of the README: two years are played, the server is off for three days, and somebody comes back."""
import json
import os

from tests.harness.house import ROOT, equal

STORY = os.path.join(ROOT, "config/samples/cirkular-kommun.jsonl")
WORKSHOP = "workshop-arbetsklader"


def operators_hour_test(h):
    h.run_cirkel("play", STORY, "--until", "2022-05-19T14:00:00+02:00", "--away", "68h")
    h.now = h.moment("2022-05-19T14:00:00+02:00")
    h.start(*("scheduler", "intake", "notifier"))
    h.settle()
    queues = h.run_cirkel("queues")
    assert "A catch-up sheet WAITS" in queues and "18 letters" in queues, queues
    sheet = h.run_cirkel("catchup")
    assert "35 letters fell due: 18 still of use and waiting" in sheet and "17 past and missed" in sheet, sheet
    ahead = h.run_cirkel("forecast", "--until", "7d")
    assert "17 letters to 17 people; 18 do not go" in ahead, "what waits for a word does not go by itself: " + ahead
    assert "minutes late" in h.run_cirkel("why", "uddevalla-inkopare", WORKSHOP)

    before = len(h.letters())
    h.run_cirkel("release", "--rule", "meeting-week-before", "--rate", "60/min")
    h.run_cirkel("skip", "--all")
    h.clock("2022-05-19T15:00:00+02:00")
    equal(len(h.letters()), before + 17, "letters that were let go")
    rows = [row for row in h.ledger(about=WORKSHOP) if row["due"].startswith("2022-05-1") and row["rule"] != "meeting-mode-changed"]
    equal({row["rule"]: row["state"] for row in rows},
          {"meeting-week-before": "accepted", "meeting-nudge": "missed", "meeting-decide": "withdrawn", "registration-confirmed": "accepted"})
    h.verify()
    h.stop()

    h.run_cirkel("play", STORY)
    late = [row for row in h.records("ledger", state="accepted")
            if row.get("useful") and h.moment(row["ended"]) > h.moment(row["useful"])]
    equal(late, [], "letters that left when they were of no use")
    equal(json.loads(h.run_cirkel("queues", "--json"))["alarms"], [])
    h.verify()


def play_stops_and_goes_on_test(h):
    """A play cut in two leaves what one play leaves."""
    whole, cut = h.another("whole"), h.another("cut")
    whole.run_cirkel("play", STORY)
    cut.run_cirkel("play", STORY, "--until", "2021-06-02T09:00:00+02:00")
    half = len(cut.ledger())
    assert 0 < half < len(whole.ledger()), half
    cut.run_cirkel("play", STORY)
    rows = [[(r["rule"], r["about"], r["person"], r["due"], r["state"]) for r in house.ledger()] for house in (whole, cut)]
    equal(len(rows[1]), len(rows[0]))
    equal(sorted(rows[1]), sorted(rows[0]))
    for words in (("--away", "8h"), ("--until", "2021-06-02", "--away", "never"), ("--until", "soon")):
        assert "--" in h.run_cirkel("play", STORY, *words, code=2).errors
