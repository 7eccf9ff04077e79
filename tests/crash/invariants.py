"""What must be true after any crash: nothing that was answered is missing, nothing happened twice, sums are
exact, and a Message-ID is one file with the same bytes for ever."""
import collections
import email
import hashlib
import os
import random
import re

from tests.harness.house import HouseError


class Reader:
    """Somebody who reads the letters: remembers each one's bytes and puts some away in cur/."""

    def __init__(self, house, seed=1, tidy=True):
        self.house, self.random, self.tidy, self.seen = house, random.Random(seed), tidy, {}

    def look(self):
        for folder in ("new", "cur"):
            path = self.house.path("outgoing", folder)
            for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
                self._look_at(folder, path, name)

    def _look_at(self, folder, path, name):
        base = name.split(":")[0]
        if base in self.seen and not (folder == "new" and self.tidy):
            return
        with open(os.path.join(path, name), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        if self.seen.setdefault(base, digest) != digest:
            raise HouseError(f"the letter {base} changed its bytes")
        if folder == "new" and self.tidy and self.random.random() < 0.5:
            os.rename(os.path.join(path, name), os.path.join(self.house.path("outgoing/cur"), base + ":2,S"))

    def letters(self):
        """Message-ID to the bytes' digest; every file of new/ and cur/."""
        found = {}
        for folder in ("new", "cur"):
            path = self.house.path("outgoing", folder)
            for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
                with open(os.path.join(path, name), "rb") as file:
                    content = file.read()
                base, digest = name.split(":")[0], hashlib.sha256(content).hexdigest()
                message_id = email.message_from_bytes(content)["Message-ID"]
                if self.seen.setdefault(base, digest) != digest:
                    raise HouseError(f"the letter {base} changed its bytes")
                if not content.endswith(b"\n") or not message_id:
                    raise HouseError(f"{base} is half a letter")
                if message_id in found:
                    raise HouseError(f"two copies of {message_id}")
                found[message_id] = digest
        gone = set(self.seen) - {n.split(":")[0] for f in ("new", "cur") if os.path.isdir(self.house.path("outgoing", f))
                                 for n in os.listdir(self.house.path("outgoing", f))}
        if gone:
            raise HouseError(f"letters that were there are gone: {sorted(gone)[:3]}")
        return found


def demand(true, text):
    if not true:
        raise HouseError(text)


def check_answers(ledger, decisions):
    """Every answer that promised something is kept, and no two answers contradict."""
    by_id = collections.defaultdict(list)
    for decision in decisions:
        by_id[decision["owner"], decision["id"]].append(decision)
    twice = [i for i, found in by_id.items() if len(found) > 1]
    demand(not twice, f"decided twice: {twice[:3]}")
    demand(ledger["unasked"] == 0, f"{ledger['unasked']} answers to what was not said")
    kept = 0
    for i, answers in ledger["answers"].items():
        found = by_id.get(("office", i), [None])[0]
        for answer in answers:
            if answer["status"] not in ("accepted", "applied", "refused") or not answer["seq"]:
                demand(answer["status"] in ("retry", "unknown", "refused"), f"{i} was answered {answer}")
                continue
            kept += 1
            demand(found, f"{i} was answered {answer} and is missing")
            demand(found["seq"] == answer["seq"], f"{i} was answered {answer} and is {found}")
            demand(answer["status"] == "accepted" or found["status"] == answer["status"],
                   f"{i} was answered {answer} and is {found}")
    demand(not ledger["open"], f"never decided: {ledger['open'][:5]}")
    return kept


def check_effects(decisions, facts, registrations, said):
    """Each applied event has its facts once, and the registrations are what the events in order make."""
    seqs = [decision["seq"] for decision in decisions]
    demand(seqs == list(range(1, len(seqs) + 1)), "the decisions have gaps")
    numbers = [fact["no"] for fact in facts]
    demand(numbers == list(range(1, len(numbers) + 1)), "the facts have gaps")
    told = collections.Counter((fact.get("seq", 0), fact["type"], fact.get("about")) for fact in facts
                               if fact.get("seq"))
    twice = [key for key, n in told.items() if n > 1]
    demand(not twice, f"facts twice: {twice[:3]}")
    by_seq = collections.Counter(fact.get("seq", 0) for fact in facts)
    state = {}
    for decision in decisions:
        event = said.get(decision["id"])
        if not event or decision["status"] != "applied":
            continue
        if event["type"] in ("registration.make", "registration.cancel", "person.register"):
            demand(by_seq[decision["seq"]] >= 1, f"applied without a fact: {decision}")
        if event["type"].startswith("registration."):
            key = event["body"]["meeting"], event["body"]["person"]
            state[key] = event["type"].endswith("make")
    real = {(r["meeting"], r["person"]): r["state"] in ("registered", "waiting", "offered") for r in registrations}
    erased = {d.get("about") for d in decisions if d["type"] == "person.erase"}
    wrong = [(key, value) for key, value in state.items() if real.get(key) != value and key[1] not in erased]
    demand(not wrong, f"registrations are not what was applied: {wrong[:3]}")


def check_letters(house, reader, kills, in_flight):
    rows = house.ledger()
    files = reader.letters()
    ids = collections.Counter(row["message_id"] for row in rows if row.get("message_id"))
    demand(all(n == 1 for n in ids.values()), "two rows with one Message-ID")
    demand(set(files) <= set(ids), f"letters of no row: {sorted(set(files) - set(ids))[:3]}")
    extra = 0
    for row in rows:
        there = row.get("message_id") in files
        demand(there or row["state"] != "accepted", f"accepted and not there: {row}")
        # What left in doubt may end otherwise, but its attempt is on the row.
        demand(not there or row["attempts"] >= 1, f"there without an attempt: {row}")
        extra += max(0, row["attempts"] - 1)
        demand(row["state"] != "unknown" or row["attempts"] > 1, f"unknown without a second try: {row}")
    demand(extra <= kills * in_flight, f"{extra} extra attempts for {kills} kills, {in_flight} in flight")
    return rows, extra


def settle_all(house, patience=40):
    """Until nothing is left to do, as long as it becomes less; rows in doubt may stay."""
    before = None
    while True:
        try:
            return house.settle(patience=patience)
        except HouseError:
            waiting = sum(row["state"] in ("queued", "armed") for row in house.ledger())
            if before is not None and waiting >= before:
                raise
            before = waiting


def check(house, ledgers, reader, kills, in_flight=64):
    """All of it; what it saw, for the report."""
    settle_all(house)
    house.verify()
    decisions = house.records("decision")
    said, kept = {}, 0
    for ledger in ledgers:
        kept += check_answers(ledger, decisions)
        said.update(ledger["said"])
    check_effects(decisions, house.records("fact"), house.records("registration"), said)
    quarantined = [d for d in decisions if d["status"] == "quarantined"]
    demand(not quarantined, f"set aside though nobody was poisoned: {quarantined[:2]}")
    rows, extra = check_letters(house, reader, kills, in_flight)
    return {"answers": kept, "decisions": len(decisions), "letters": len(rows), "extra attempts": extra}


def fault_points(root):
    """As `make faults` lists them."""
    found = set()
    for top in ("common", "proto", "services"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith(".c"):
                    with open(os.path.join(folder, name)) as file:
                        found.update(re.findall(r'fault_point\("([^"]+)"', file.read()))
    return sorted(found)
