"""What the office says of what comes: a forecast beside a busy door, and why somebody was not written to."""
import datetime
import json
import os
import statistics
import subprocess
import tempfile
import time

MEETING_LENGTH = 90
ASKED = 7  # times


def build(bench, populate, drain, people, meetings, seats):
    """A home of members whose coming meetings of the next twenty days each have so many registrations."""
    house = bench.home("ahead", without=("registration.conf", "membership.conf"))
    populate(bench, house, people)
    first = datetime.datetime.now() + datetime.timedelta(days=8)
    said = []
    for m in range(meetings):
        starts = (first + datetime.timedelta(minutes=m * 20 * 24 * 60 // meetings)).strftime("%Y-%m-%dT%H:%M")
        said += [("meeting.plan", {"meeting": f"m{m}", "network": "net", "kind": "network", "starts": starts,
                                   "minutes": MEETING_LENGTH, "mode": "video", "audience": "lead", "title": "T",
                                   "link": "https://video.example/"}),
                 ("meeting.call", {"meeting": f"m{m}"})]
    house.say_all(said)
    house.say_all(("registration.make", {"meeting": f"m{n % meetings}", "person": f"p{n:08}"})
                  for n in range(min(people, meetings * seats)))
    drain(bench, house)
    return house


def command(house):
    """Of thirty days, on the real clock: `cirkel forecast` would take that of the trial home."""
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
    return [house.program("scheduler"), "--home", house.home, "--forecast", until.strftime("%Y-%m-%dT%H:%M:%SZ")]


def forecast(house):
    """Seconds it takes, and letters."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out:
        subprocess.run(command(house), stdout=out, check=True)
        took = time.monotonic() - began
        out.seek(0)
        return took, sum(1 for line in out)


def ahead(bench, drain, house, people, seconds):
    """How long a forecast takes, and what intake does meanwhile beside what it does alone."""
    took, letters = forecast(house)
    bench.note("forecast", took)
    bench.note("forecast letters", letters)
    bench.load("beside no forecast", house.at, 256, type="preference.set", people=people, seconds=seconds)
    drain(bench, house)
    process = subprocess.Popen(command(house), stdout=subprocess.DEVNULL)
    bench.load("beside a forecast", house.at, 256, type="preference.set", people=people, seconds=seconds)
    process.kill()
    process.wait()
    drain(bench, house)


def samples(bench):
    """Two years ahead of each office as its sample leaves it half-way, both together."""
    total = 0
    for name in ("cirkular-kommun", "cirkulaere-byer"):
        folder = os.path.join(bench.work, f"half-{name}-{bench.turn}")
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with open(os.path.join(root, "config", "samples", name + ".jsonl")) as file:
            lines = file.readlines()
        half = folder + ".jsonl"
        with open(half, "w") as file:
            file.writelines(lines[:len(lines) // 2])
        cirkel = os.path.join(bench.bin, "cirkel")
        subprocess.run([cirkel, "play", half, "--home", folder, "--until", "1d"], check=True, cwd=root,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began = time.monotonic()
        subprocess.run([cirkel, "forecast", "--json", "--until", "730d", "--home", folder], check=True,
                       stdout=subprocess.DEVNULL)
        total += time.monotonic() - began
    bench.note("forecast of both samples", total)


def why(bench, house, meeting):
    """Seconds for one answer, asked of several people; the median."""
    took = []
    for n in range(ASKED):
        began = time.monotonic()
        done = subprocess.run([house.program("cirkel"), "why", f"p{n * 7:08}", meeting, "--json", "--home", house.home],
                              capture_output=True, check=True)
        took.append(time.monotonic() - began)
        assert json.loads(done.stdout)["lines"]
    bench.note("why", statistics.median(took))


def rows(figure, people, meetings):
    return [
        (f"forecast of 30 days, {people} people, {meetings} meetings", figure("forecast"), "s", "<=", 5),
        ("  letters in it", figure("forecast letters"), "", ">=", None),
        ("  intake beside it / alone, 256 outstanding",
         figure("beside a forecast", 0) / figure("beside no forecast", 0), "x", ">=", 0.9),
        ("forecast of two years, both samples", figure("forecast of both samples"), "s", "<=", 1),
        (f"why, with {figure('ledger rows'):.0f} rows", 1000 * figure("why"), "ms", "<=", 50),
    ]
