"""What mail servers said of addresses: to some nothing is sent, to some no news, and for how long."""


class Addresses:
    """Nothing is known of most. `cause` of what is suppressed: hard (until somebody vouches for the address or
    lifts it), soft (for a while), complaint (no news). A complaint outlives the others."""

    def address_why(self, address, news):
        a = self.addresses.get(address, {"cause": None})
        if a["cause"] == "hard":
            return "the address was refused for good"
        if a["cause"] == "soft":
            return "the address could not be reached again and again"
        return "complained of our news" if a["cause"] == "complaint" and news else None

    def address_report(self, row, kind):
        a = self.addresses.setdefault(row.address, {"cause": None, "soft": 0, "first": 0, "until": 0, "last": 0, "since": 0,
                                                    "complained": False, "lifted": False})
        again, a["last"] = a["last"] == row.no, row.no
        if kind == "hard":
            self.suppress(a, "hard")
        elif kind == "complaint":
            a["complained"] = True
            if not a["cause"]:
                self.suppress(a, "complaint")
        elif a["cause"] not in ("hard", "soft"):
            self.count_soft(a, again)

    def suppress(self, a, cause, until=0):
        a.update(cause=cause, until=until, lifted=False, since=a["since"] if a["cause"] else self.now)

    def count_soft(self, a, again):
        """So many letters within the window that the first of them began."""
        if not a["first"] or self.now - a["first"] > self.settings.soft_window:
            a.update(first=self.now, soft=0)
        elif again:
            return
        a["soft"] += 1
        if 0 < self.settings.soft_bounces <= a["soft"]:
            self.suppress(a, "soft", self.now + self.settings.soft_holds)
        elif not a["cause"]:
            a.update(until=a["first"] + self.settings.soft_window, lifted=False)

    def lift(self, a):
        a.update(soft=0, first=0, until=0)
        if a["complained"]:
            self.came["a complaint outlived the rest"] += 1
            self.suppress(a, "complaint")
        else:
            a.update(cause=None, lifted=True)

    def due_suppression(self, address):
        a = self.addresses[address]
        self.came["an address is tried again" if a["cause"] else "what came back was forgotten"] += 1
        self.lift(a)

    def vouch(self, address):
        """Somebody says that it is right. Who complained still complained."""
        a = self.addresses.get(address)
        if a and not a["lifted"] and a["cause"] != "complaint":
            self.came["somebody vouched for an address"] += 1
            self.lift(a)
