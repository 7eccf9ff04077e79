"""The right local hour: across outages and the last Sundays of March and October."""
from tests.harness.house import equal


def outage_of_six_hours_test(h):
    """Off from six to noon. What is still of use goes out and says that it is late; the rest is missed, with a reason."""
    h.init(at="2022-03-20T09:00")
    h.start()
    h.found(members=4)
    h.call("tomorrow", starts="2022-04-05T09:00")
    h.call("today", starts="2022-04-04T10:00")
    h.call("nudged", starts="2022-04-09T09:00", registration_closes="2022-04-07T12:00")
    h.call("week", starts="2022-04-11T09:00")
    for meeting in ("tomorrow", "today", "week"):
        h.register(meeting, "m01", "m02")
    h.clock("2022-04-04T06:00")
    before = len(h.letters())
    h.kill()
    h.set_clock("2022-04-04T12:00")
    h.start()
    h.settle()

    def row(rule, about, person="m01"):
        found = [r for r in h.ledger(rule=rule, person=person) if about in r["about"]]
        equal(len(found), 1, f"rows of {rule}")
        return found[0]

    equal(row("meeting-day-before", "tomorrow")["state"], "accepted", "of use until an hour before")
    letter = h.letter(rule="meeting-day-before", about="tomorrow", person="m01")
    assert "senare än det skulle" in letter.text, letter.text
    equal(row("meeting-week-before", "week")["state"], "accepted", "of use until the day before")
    for rule, about, person in (("meeting-hour-before", "today", "m01"), ("meeting-nudge", "nudged", "m03")):
        missed = row(rule, about, person)
        equal(missed["state"], "missed", rule)
        assert missed["reason"], missed
    late = [r for r in h.records("ledger", state="accepted") if r.get("useful") and h.moment(r["ended"]) > h.moment(r["useful"])]
    equal(late, [], "letters that left when they were of no use")
    equal(len(h.letters()), before + 4)
    h.clock("2022-04-05T09:00")
    equal(len(h.letters(rule="meeting-hour-before", about="tomorrow")), 2, "life goes on")
    h.verify()


def due(h, rule, about):
    return sorted({h.moment(row["due"]) for row in h.ledger(rule=rule, person="m01") if about in row["about"]})


def in_both_zones(h, at):
    for zone in ("Europe/Stockholm", "Europe/Copenhagen"):
        house = h.another(zone.split("/")[1].lower())
        house.zone = zone
        house.init(at=at)
        house.start()
        house.found(members=1)
        yield house
        house.verify()
        house.stop()


def pain_08_spring_skips_an_hour_test(h):
    """27 March 2022: two o'clock becomes three."""
    for house in in_both_zones(h, at="2022-03-01T09:00"):
        house.call("monday", starts="2022-03-28T09:00")
        house.call("gap", starts="2022-03-27T02:30")
        house.register("monday", "m01")
        house.register("gap", "m01")
        house.clock("2022-03-28T12:00")
        equal(due(house, "meeting-week-before", "monday"), [house.moment("2022-03-21T08:00:00Z")])
        equal(due(house, "meeting-day-before", "monday"), [house.moment("2022-03-27T07:00:00Z")])
        equal(due(house, "meeting-hour-before", "monday"), [house.moment("2022-03-28T06:00:00Z")])
        equal(due(house, "meeting-hour-before", "gap"), [house.moment("2022-03-27T00:30:00Z")],
              "half past two is skipped, and read as half past three")
        start = house.letter(rule="meeting-invitation", about="monday").event["DTSTART"]
        equal((start.dt.isoformat(), start.params["TZID"]), ("2022-03-28T09:00:00+02:00", house.zone))


def pain_08_autumn_has_an_hour_twice_test(h):
    """30 October 2022: three o'clock becomes two, and half past two comes twice."""
    for house in in_both_zones(h, at="2022-10-01T09:00"):
        house.call("monday", starts="2022-10-31T09:00")
        house.call("twice", starts="2022-10-30T02:30")
        house.register("monday", "m01")
        house.register("twice", "m01")
        house.clock("2022-10-31T12:00")
        equal(due(house, "meeting-week-before", "monday"), [house.moment("2022-10-24T07:00:00Z")])
        equal(due(house, "meeting-day-before", "monday"), [house.moment("2022-10-30T08:00:00Z")])
        equal(due(house, "meeting-hour-before", "monday"), [house.moment("2022-10-31T07:00:00Z")])
        equal(due(house, "meeting-hour-before", "twice"), [house.moment("2022-10-29T23:30:00Z")],
              "the first half past two counts")
