#include "services/scheduler/reminders/quiet.h"

#include <errno.h>

#include "common/zone.h"

int quiet_minutes(struct text clock) {
    struct text hour;
    int64_t h, m;
    if (clock.n != 5 || !text_cut(&clock, ':', &hour) || hour.n != 2 || text_int(hour, &h) ||
        text_int(clock, &m) || h < 0 || h > 23 || m < 0 || m > 59)
        return -1;
    return (int)(h * 60 + m);
}

const struct zone *quiet_zone(struct office *o, const struct rec_person *person) {
    return office_zone(o, person->quiet_zone.p ? person->quiet_zone : person->zone);
}

instant quiet_until(struct office *o, const struct rec_person *person, instant at) {
    int from = quiet_minutes(person->quiet_from), to = quiet_minutes(person->quiet_to);
    if (!person->quiet_from.p || from < 0 || to < 0 || from == to)
        return at;
    const struct zone *zone = quiet_zone(o, person);
    struct wall w = zone_wall(zone, at);
    int now = w.hour * 60 + w.minute;
    bool over_midnight = from > to;
    bool quiet = over_midnight ? now >= from || now < to : now >= from && now < to;
    if (!quiet)
        return at;
    if (over_midnight && now >= from)
        w = wall_add(w, 1, 0);
    w.hour = to / 60;
    w.minute = to % 60;
    instant end = zone_instant(zone, w);
    return end > at ? end : end + HOURS; /* the hour that comes twice, for the second time */
}

int quiet_preference(struct office *o, struct text person, struct text what,
                     struct rec_preference *ret) {
    struct key key = key2(person, what);
    key_text(&key, TEXT_LIT(""));
    return office_get(o, TABLE_PREFERENCE, key, ret);
}

int quiet_opted_out(struct office *o, struct text person, struct text topic, bool *ret) {
    struct text topics[] = {TEXT_LIT("news"), topic};
    struct text channels[] = {TEXT_LIT(""), text_of(o->settings->channel)};
    *ret = false;
    for (unsigned i = 0; i < COUNT_OF(topics) * COUNT_OF(channels); i++) {
        struct rec_preference p;
        if (!topics[i % 2].p)
            continue;
        struct key key = key2(person, topics[i % 2]);
        key_text(&key, channels[i / 2]);
        int rc = office_get(o, TABLE_PREFERENCE, key, &p);
        if (rc && rc != -ENOENT)
            return rc;
        *ret |= rc == 0 && !p.on;
    }
    return 0;
}
