"""The part of the bench about plans that wait: a million of them, while a thousand fall due in a second. How late
each is decided on, when it is a file, how soon the first fires after a start, and what memory that takes."""
import os
import time

EACH = 10  # plans of each member that wait
AHEAD = 3  # seconds from a registration to its letter

RULES = "".join(f"""
rule "far-{n}" {{
  about = "membership"
  when = {{ "granted + {400 + n}d at 09:00" }}
  only = {{ "state = active" }}
  to = "owner"
  letter = "membership-welcome"
  class = "service"
  late = "send"
}}
""" for n in range(EACH)) + f"""
rule "soon" {{
  about = "registration"
  when = {{ "registered + {AHEAD}s" }}
  only = {{ "state = registered" }}
  to = "owner"
  letter = "registration-confirmed"
  class = "service"
  useful = "registered + 14d"
  late = "send"
}}
"""


def p99(values):
    return sorted(values)[len(values) * 99 // 100]


def fall_due(bench, house, meeting, people, rate, count):
    """Registrations come at that rate, so their letters fall due at it."""
    folder, table = house.path("outgoing/new"), bench.table(house, "ledger")
    seen, before = set(os.listdir(folder)), table.count()
    bench.load(None, house.at, 64, type="registration.make", first=0, people=people, meeting=meeting, rate=rate,
               count=count, until="applied")
    house.until(lambda: table.count() >= before + count, "all are fired", 60)
    house.until(lambda: len(os.listdir(folder)) >= len(seen) + count, "all are files", 60)
    rows = table.last(count)
    table.close()
    due = sorted(row["due"] for row in rows)
    files = sorted(1000 * os.stat(os.path.join(folder, name)).st_ctime for name in os.listdir(folder) if name not in seen)
    bench.note("firing lag", p99([row["decided"] - row["due"] for row in rows]))
    bench.note("letter lag", p99([file - at for file, at in zip(files, due)]))


def first_firing(bench, house, meeting, person):
    """Seconds from the start of the scheduler until what fell due meanwhile is in the ledger."""
    table = bench.table(house, "ledger")
    before = table.count()
    house.say("registration.make", meeting=meeting, person=person)
    house.stop()
    time.sleep(AHEAD + 0.5)
    began = time.monotonic()
    house.start(clock=False)
    house.until(lambda: table.count() > before, "it is fired", 60)
    bench.note("first firing", time.monotonic() - began)
    table.close()


def rows(figure, people, rate):
    waiting = f"{EACH * people} plans wait"
    return [
        (f"{waiting}, {rate} fall due in a second: decided on, p99", figure("firing lag"), "ms", "<=", 50),
        ("  and in the Maildir, p99", figure("letter lag"), "ms", "<=", None),
        ("  first firing after a start", figure("first firing"), "s", "<=", 1),
        ("  memory of the scheduler", figure("memory plans scheduler"), "MiB", "<=", 64),
    ]
