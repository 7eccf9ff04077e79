"""A meeting's time is told on the meeting's clock; who lives by another one is told which that is."""
import re

from tests.harness.house import equal


def zone_in_a_letter_test(h):
    """Only who has a zone of her own that shows another time then is told the meeting's zone."""
    h.init(at="2024-02-01T09:00")
    h.start()
    h.found(members=4)
    for person, zone in (("m02", "America/New_York"), ("m03", "Europe/Copenhagen"), ("m04", "Europe/London")):
        h.say("person.update", person=person, zone=zone)
    for person, language in (("m01", "en"), ("m02", "en"), ("m03", "da"), ("m04", "da")):
        h.say("person.update", person=person, language=language)
    h.call("m1", starts="2024-03-12T09:00", minutes=90)
    h.settle()
    equal({letter.row["person"]: re.search(r"(?:When|Tid): (.*?) - ", letter.text).group(1)
           for letter in h.letters(rule="meeting-invitation") if letter.row["person"] in ("m01", "m02", "m03", "m04")}, {
        "m01": "Tuesday, 12 March 2024 at 09:00–10:30",
        "m02": "Tuesday, 12 March 2024 at 09:00–10:30 (time zone Europe/Stockholm)",
        "m03": "tirsdag den 12. marts 2024 kl. 09.00–10.30",
        "m04": "tirsdag den 12. marts 2024 kl. 09.00–10.30 (tidszone Europe/Stockholm)"})
    h.say("meeting.cancel", meeting="m1", reason={"en": "Snow."})
    h.settle()
    told = {letter.row["person"]: "(time zone Europe/Stockholm), is cancelled" in letter.text
            for letter in h.letters(rule="meeting-cancelled") if letter.row["person"] in ("m01", "m02")}
    equal(told, {"m01": False, "m02": True})
