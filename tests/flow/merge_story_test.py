"""A municipality is merged into another in the middle of the Danish programme: the report is the same but for
the name, the same people got the same letters at the same moments, and nothing is left under the old id."""
import json
import os

from tests.harness.house import ROOT, equal

SAMPLE = os.path.join(ROOT, "config/samples/cirkulaere-byer.jsonl")
WHEN = "2023-01-16T08:00:00+01:00"


def lines_of(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def merged(lines):
    """The sample in which Kolding goes by another id from that day on."""
    new = {"id": "new", "at": lines[0]["at"], "type": "organisation.register",
           "body": {"organisation": "kolding-ny", "name": "Koldingfjordens", "kind": "municipality", "country": "DK"}}
    merge = {"id": "merge", "at": WHEN, "type": "organisation.merge",
             "body": {"organisation": "kolding", "into": "kolding-ny"}}
    before = [line for line in lines if line["at"] < WHEN]
    after = []
    for line in lines[len(before):]:
        body = {name: "kolding-ny" if value == "kolding" and name in ("participation", "organisation") else value
                for name, value in line["body"].items()}
        after.append({**line, "body": body})
    assert any(line["body"].get("participation") == "kolding-ny" for line in after), "a merge that nobody notices"
    return [new, *before, merge, *after]


def papers(h):
    """The report as read, and who was considered for what and when. (The new name is as long as the old: columns.)"""
    report = h.run_cirkel("report", "cirkulaere-byer", "--format", "md")
    rows = sorted((row["rule"], row["person"], row["state"], row["due"]) for row in h.ledger())
    return report, rows


def merge_in_the_middle_test(h):
    h.run_cirkel("play", SAMPLE)
    report, rows = papers(h)
    name = next(line["body"]["name"] for line in lines_of(SAMPLE) if line["body"].get("organisation") == "kolding")

    home = h.another("merged")
    path = h.path("merged.jsonl")
    with open(path, "w") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in merged(lines_of(SAMPLE)))
    out = home.run_cirkel("play", path)
    assert "480 applied, 0 refused" in out, out
    home.verify()
    report_after, rows_after = papers(home)
    equal(report_after.replace("Koldingfjordens", name).splitlines(), report.splitlines(), "the report but for the name")
    equal(rows_after, rows, "who got what, and when")
    left = [row["obligation"] for row in home.records("obligation") if row.get("organisation") == "kolding"]
    equal(left, [], "owed by the one that is gone")
    assert "kolding-ny" in home.run_cirkel("show", "participation:cirkulaere-byer/kolding-ny")
