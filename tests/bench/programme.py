"""The part of the bench about programmes and queries: applications and hours applied, queries answered from
snapshots, and what the one costs the other. `run` calls it, round by round."""
import os
import subprocess
import time

from tests.flow.programme_test import begin, found, take_part
from tests.harness.house import House

TALK = 5000  # messages a second that go on while queries are asked: far more than an office has
ASKED = 20000  # queries a second beside them


def build(bench, towns, meetings):
    """So many towns with drafts, on a virtual clock; the programme has room for all of them, and so many
    meetings are coming."""
    folder = os.path.join(bench.work, f"programme{bench.turn}")
    os.mkdir(folder)
    house = House(bench.bin, folder)
    house.at = "ipc://" + house.path("run/intake.ipc")
    house.asked_at = "ipc://" + house.path("run/gateway.ipc")
    bench.houses.append(house)
    house.towns = found(house, organisations=towns, places=towns)
    for town in house.towns:
        begin(house, town)
    for n in range(meetings):
        house.plan(f"m{n:03}", network=None, programme="p", starts=f"2022-06-{n % 28 + 1:02}T09:00", audience="lead")
        house.say("meeting.call", meeting=f"m{n:03}")
    house.start("gateway")
    house.until(lambda: os.path.exists(house.path("run/gateway.ipc")), "the gateway is there")
    return house


def apply(bench, house, count):
    """Drafts are edited; then all of them take part, and their hours are logged."""
    options = {"until": "applied", "people": len(house.towns), "count": count, "first": 0}
    bench.load("application.edit 256", house.at, 256, type="application.edit", **options)
    for town in house.towns:
        house.say("application.submit", application="a-" + town)
    take_part(house, *house.towns, submitted=True)
    house.clock("2022-12-31T12:00", quiet=False)
    house.settle()
    bench.load("hours.log 256", house.at, 256, type="hours.log", **options)
    began = time.monotonic()
    house.run_cirkel("report", "p", "--format", "html")
    bench.note("report", time.monotonic() - began)


def ask(bench, house, seconds):
    """Queries alone; then the same talk at the door without queries, and with them."""
    for query in ("meetings.show", "meetings.coming"):
        bench.load(query, house.asked_at, 256, 16, type=query, meeting="m001", seconds=seconds)
    for paced in (True, False):
        for beside in (False, True):
            name = f"talk {'paced ' if paced else ''}{'beside queries' if beside else 'alone'}"
            asking = subprocess.Popen(
                [os.path.join(bench.tools, "load"), "--at", house.asked_at, "--type", "meetings.show", "--meeting", "m001",
                 "--outstanding", "256", "--connections", "16", "--rate", str(ASKED), "--seconds", str(seconds + 1)],
                stdout=subprocess.PIPE, text=True) if beside else None
            bench.load(name, house.at, 256, type="hours.log", people=len(house.towns), seconds=seconds,
                       **({"rate": TALK} if paced else {}))
            if asking:
                bench.note(f"queries during {name}", [float(v) for v in asking.communicate(timeout=60)[0].split()[2:5]])
            house.settle(patience=240)  # what was only accepted is applied before the next begins


def rows(figure, rate):
    """For the table at the end, as in `run`."""
    return [
        ("application.edit applied, 256 outstanding", rate("application.edit 256"), "/s", ">=", 10000),
        ("hours.log applied, 256 outstanding", rate("hours.log 256"), "/s", ">=", 10000),
        ("report of all who take part, as HTML", figure("report"), "s", "<=", 1),
        ("queries for one meeting, 256 outstanding", rate("meetings.show"), "/s", ">=", 20000),
        ("queries for ten coming meetings", rate("meetings.coming"), "/s", ">=", None),
        (f"accepted at {TALK}/s beside {ASKED} queries/s / alone",
         rate("talk paced beside queries") / rate("talk paced alone"), "x", ">=", 0.9),
        ("  its p99 beside queries", figure("talk paced beside queries", 2) / 1000, "ms", "<=", None),
        ("accepted as fast as it goes beside queries / alone", rate("talk beside queries") / rate("talk alone"), "x",
         ">=", None),
    ]
