"""What somebody owes by a day, until anyone entitled has done it, and the working days on which a ladder climbs."""
import base64
import datetime
import hashlib

from tests.model.times import MINUTE, instant, wall

ONE = datetime.timedelta(days=1)


def easter(year):
    """Gauss, with Lichtenberg's corrections."""
    k = year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    s = 2 - (3 * k + 3) // 4
    a = year % 19
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    og = 21 + d - r
    oe = 7 - (og - (7 - (year + year // 4 + s) % 7)) % 7
    return datetime.date(year, 3, 1) + (og + oe - 1) * ONE


def holidays(country, year):
    """Days on which offices are closed, also those that are none by law."""
    e, on = easter(year), lambda month, day: datetime.date(year, month, day)
    saturday = lambda day: day + (5 - day.weekday()) % 7 * ONE
    if country == "DK":
        found = [on(1, 1), on(6, 5), on(12, 24), on(12, 25), on(12, 26), on(12, 31)]
        found += [e + n * ONE for n in (-3, -2, 0, 1, 39, 49, 50)] + ([e + 26 * ONE] if year <= 2023 else [])
    elif country == "SE":
        found = [on(1, 1), on(1, 6), on(5, 1), on(6, 6), on(12, 24), on(12, 25), on(12, 26), on(12, 31)]
        found += [e + n * ONE for n in (-2, 0, 1, 39, 49)]
        found += [saturday(on(6, 20)) - ONE, saturday(on(6, 20)), saturday(on(10, 31))]
    else:
        found = []
    return found


def workdays_on(w, n, country):
    step = ONE if n > 0 else -ONE
    while n:
        w += step
        if w.weekday() < 5 and w.date() not in holidays(country, w.year):
            n -= 1 if n > 0 else -1
    return w


def country_of(zone):
    return "SE" if zone == "Europe/Stockholm" else "DK"


def name(kind, about_kind, about, person=None, organisation=None):
    """Made from what makes it one: kind, subject and owner."""
    parts = about_kind, about, "person" if person else "organisation", person or organisation
    raw = b"".join(len(p.encode()).to_bytes(8, "big") + p.encode() for p in parts)
    hashed = base64.b32encode(hashlib.blake2b(raw, digest_size=16).digest()).decode().lower()
    return f"{kind}-{hashed[:13]}"


class Owing:
    def owe(self, kind, about, due, zone, programme, person=None, organisation=None):
        """Again with another day it is the same that is owed."""
        key = name(kind, *about, person, organisation)
        was = self.owed.get(key)
        is_open = was and was["state"] in ("open", "overdue")
        if is_open and (was["due"], was["zone"]) == (due, zone):
            return
        of = organisation or next(iter(self.people[person]["organisations"]), None)
        country = self.organisations[of]["country"] if of else country_of(zone)
        self.owed[key] = {"obligation": key, "kind": kind, "state": "open", "about": about, "due": due, "zone": zone,
                          "country": country, "programme": programme, "person": person, "organisation": organisation}
        self.derive("obligation", key)
        self.remind_no_more(key, "it has another day")

    def end_owed(self, state, about, kind=None, owner=None):
        for key, r in sorted(self.owed.items()):
            if (r["about"] == about and r["state"] in ("open", "overdue") and kind in (None, r["kind"])
                    and owner in (None, r["person"] or r["organisation"])):
                r["state"] = state
                self.derive("obligation", key)
                self.remind_no_more(key, "it has been done" if state == "met" else "it is owed no more")

    def due_obligation(self, key):
        self.owed[key]["state"] = "overdue"
        self.came["overdue: " + self.owed[key]["kind"]] += 1
        self.derive("obligation", key)

    def owed_until(self, r):
        """The minute that its day names still counts."""
        return instant(wall(r["due"]), r["zone"]) + MINUTE
