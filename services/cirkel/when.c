#include "services/cirkel/when.h"

#include <errno.h>
#include <stdio.h>

int when_parse(const char *text, instant from, const struct zone *zone, instant *ret) {
    struct text t = text_of(text);
    struct wall wall;
    msec span;

    if (span_parse(t, &span) == 0)
        *ret = from + span;
    else if (wall_parse(t, &wall) == 0 || date_parse(t, &wall) == 0)
        *ret = zone_instant(zone, wall);
    else
        return instant_parse(t, ret);
    return 0;
}

void when_format(instant at, struct text zone_text, char ret[RFC3339_TEXT]) {
    const struct zone *zone;

    ret[0] = 0;
    if (at == 0)
        return;
    if (!zone_text.p || zone_find(zone_text, &zone))
        zone = zone_utc();
    instant_format(at, zone, ret);
}

void span_format(msec span, char ret[24]) {
    if (span >= 2 * DAYS)
        snprintf(ret, 24, "%lld d", (long long)(span / DAYS));
    else if (span >= 2 * HOURS)
        snprintf(ret, 24, "%lld h", (long long)(span / HOURS));
    else if (span >= 2 * MINUTES)
        snprintf(ret, 24, "%lld min", (long long)(span / MINUTES));
    else
        snprintf(ret, 24, "%lld s", (long long)(span / SECONDS));
}
