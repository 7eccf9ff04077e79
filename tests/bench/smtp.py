#!/usr/bin/python3
"""Letters a second into Debian's smtp-sink, the whole way from the ledger; prints JSON.

    tests/bench/smtp.py --bin build/bin [--letters 4000] [--connections 16]      after make build/mail
        [--notifier PROGRAM]     another one; build/bench/unarmed shows what arming costs
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
from tests.harness.house import House  # noqa: E402
from tests.harness.mail import Sink  # noqa: E402


class Office(House):
    notifier = None

    def program(self, name):
        return os.path.abspath(self.notifier) if self.notifier and name == "notifier" else super().program(name)

    def cpu(self, process):
        """Seconds of a processor that all its threads took."""
        folder, ns = f"/proc/{process.pid}/task", 0
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/schedstat") as file:
                ns += int(file.read().split()[0])
        return ns / 1e9


def measure(house, sink, letters, connections):
    """Letters a second, and what each cost the scheduler and the notifier, in microseconds of a processor."""
    house.init(channel="smtp", smtp_host=sink.host, smtp_port=sink.port, smtp_tls="none", smtp_hello="cirkel.example",
               smtp_connections=connections, in_flight=256, per_destination=1000)
    house.start("scheduler", "intake", clock=False)
    house.found()
    house.join("net", *[f"p{n:05}" for n in range(letters)])
    before = house.cpu(house.workers["scheduler"])
    began = time.monotonic()
    house.start("notifier", clock=False)
    while not house.state(wait=True, patience=120)["quiet"]:
        time.sleep(0.01)
    took = time.monotonic() - began
    cost = house.cpu(house.workers["scheduler"]) - before + house.cpu(house.workers["notifier"])
    house.stop()
    rows = [row["state"] for row in house.ledger()]
    assert rows.count("accepted") == letters, {s: rows.count(s) for s in set(rows)}
    return letters / took, cost / letters * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--letters", type=int, default=4000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--notifier")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="smtp-bench.")
    sink, house = Sink(args.bin), Office(args.bin, folder)
    house.notifier = args.notifier
    try:
        rate, cost = measure(house, sink, args.letters, args.connections)
        print(json.dumps({"letters_a_second": round(rate), "microseconds_a_letter": round(cost),
                          "letters": args.letters, "connections": args.connections}))
    finally:
        house.close()
        sink.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
