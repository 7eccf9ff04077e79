"""Wall clocks and instants of the model. Instants are milliseconds since 1970; walls are datetimes without a zone."""
import datetime
import functools
import zoneinfo

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


@functools.lru_cache(maxsize=None)
def zone_of(name):
    return zoneinfo.ZoneInfo(name)


def wall(text):
    """Of "2022-05-24T09:00", or of a date, which begins at midnight."""
    return datetime.datetime.fromisoformat(text)


def wall_text(w):
    return w.strftime("%Y-%m-%dT%H:%M")


def instant(w, zone):
    """What is skipped is read with the offset before the gap; of what comes twice the first counts (fold=0)."""
    return int(w.replace(tzinfo=zone_of(zone)).timestamp()) * SECOND


def clock(at, zone):
    """What the wall says, to the minute."""
    local = datetime.datetime.fromtimestamp(at // SECOND, zone_of(zone))
    return local.replace(second=0, tzinfo=None, fold=0)


def rfc3339(at, zone):
    return datetime.datetime.fromtimestamp(at // SECOND, zone_of(zone)).isoformat()


def utc(at):
    """To the second where that says all, so that occurrences in one second differ."""
    t = datetime.datetime.fromtimestamp(at // SECOND, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return t + (f".{at % SECOND:03d}" if at % SECOND else "") + "Z"


def parse(rfc):
    return int(datetime.datetime.fromisoformat(rfc.replace("Z", "+00:00")).timestamp()) * SECOND


def minutes_of(hhmm):
    return int(hhmm[:2]) * 60 + int(hhmm[3:])
