#include "common/zone.h"

#include <errno.h>
#include <ftw.h>
#include <libical/ical.h>
#include <libical/icaltz-util.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define DAY_SECONDS ((int64_t)24 * 60 * 60)
#define STRIDE (3 * DAY_SECONDS)
#define ERA (16 * 1461 / 4 * DAY_SECONDS) /* 16 years; a whole number of strides */
#define ERAS 15                           /* 1970 to 2210 */

struct change { /* from this second on, so many seconds east of UTC */
    int64_t at;
    int offset;
};

struct era { /* the changes in it; the first is at its start */
    unsigned count;
    struct change *changes;
};

struct zone {
    struct zone *next;
    char name[NAME_MAX_BYTES + 1];
    icaltimezone *from;    /* a copy of our own: what is built in is let go of by zone_follow() */
    struct era eras[ERAS]; /* worked out when one is first asked about */
};

static struct zone utc = {.name = "UTC"};
static struct zone *zones = &utc; /* all that were ever asked for */

static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
}

/* libical makes a file name of it. What has no place in its name (CET, EST, GMT+1) or none at all
 * (Etc/GMT-1, which lies east) is no zone where people live: its clocks may not be theirs. */
static bool is_name(struct text name) {
    bool has_place = text_is(name, "UTC");
    if (name.n == 0 || name.n > NAME_MAX_BYTES || name.p[0] == '/' || name.p[name.n - 1] == '/')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!is_name_char(name.p[i]) || (name.p[i] == '/' && name.p[i + 1] == '/'))
            return false;
        has_place |= name.p[i] == '/';
    }
    return has_place && !text_starts(name, "Etc/");
}

static int ask_offset(icaltimezone *zone, int64_t at) {
    int is_daylight;
    struct icaltimetype t =
        icaltime_from_timet_with_zone((time_t)at, 0, icaltimezone_get_utc_timezone());
    return icaltimezone_get_utc_offset_of_utc_time(zone, &t, &is_daylight);
}

/* The first second in (before, after] that has the offset of `after`. */
static int64_t find_change(icaltimezone *zone, int64_t before, int64_t after, int offset) {
    while (after - before > 1) {
        int64_t middle = before + (after - before) / 2;
        if (ask_offset(zone, middle) == offset)
            after = middle;
        else
            before = middle;
    }
    return after;
}

static void add_change(struct era *era, int64_t at, int offset) {
    era->changes = realloc(era->changes, (era->count + 1) * sizeof era->changes[0]);
    must(era->changes != NULL);
    era->changes[era->count++] = (struct change){at, offset};
}

/* libical is asked once for every third day, so that later answers are a search in a small table.
 * Nowhere did two changes since 1970 come within less than six. */
static void load(struct era *era, icaltimezone *from, int64_t start) {
    (void)ask_offset(from, start + ERA); /* so that it works its rules out once, not year by year */
    int last = ask_offset(from, start);
    add_change(era, start, last);
    for (int64_t day = start + STRIDE; day <= start + ERA; day += STRIDE) {
        int offset = ask_offset(from, day);
        if (offset != last)
            add_change(era, find_change(from, day - STRIDE, day, offset), offset);
        last = offset;
    }
}

static void forget(struct zone *zone) {
    for (unsigned i = 0; i < ERAS; i++)
        free(zone->eras[i].changes);
    memset(zone->eras, 0, sizeof zone->eras);
    icaltimezone_free(zone->from, 1);
}

static icaltimezone *find_copy(const char *name) {
    icaltimezone *from = icaltimezone_get_builtin_timezone(name);
    if (from == NULL || icaltimezone_get_component(from) == NULL)
        return NULL;
    from = icaltimezone_copy(from);
    must(from != NULL);
    return from;
}

/* A zone is const to who asks it, and remembers all the same. */
static const struct era *era_at(const struct zone *zone, int64_t at) {
    int64_t i = at < 0 ? 0 : at / ERA < ERAS ? at / ERA : ERAS - 1;
    struct era *era = (struct era *)&zone->eras[i];
    if (era->count == 0)
        load(era, zone->from, i * ERA);
    return era;
}

static int offset_at(const struct zone *zone, int64_t at) {
    if (zone == &utc)
        return 0;
    const struct era *era = era_at(zone, at);
    unsigned low = 0, high = era->count; /* the answer is in [low, high) */
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;
        if (era->changes[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return era->changes[low].offset;
}

static int64_t seconds_of(instant at) {
    return at / SECONDS - (at % SECONDS < 0);
}

int zone_find(struct text name, const struct zone **ret) {
    if (!is_name(name))
        return -ENOENT;
    struct zone *zone = zones;
    while (zone != NULL && !text_is(name, zone->name))
        zone = zone->next;
    if (zone == NULL) {
        char copy[NAME_MAX_BYTES + 1] = "";
        memcpy(copy, name.p, name.n);
        icaltimezone *from = find_copy(copy);
        if (from == NULL)
            return -ENOENT;
        zone = calloc(1, sizeof *zone);
        must(zone != NULL);
        memcpy(zone->name, copy, sizeof copy);
        zone->from = from;
        zone->next = zones;
        zones = zone;
    }
    *ret = zone;
    return 0;
}

/* ---- data that is updated while we run ---- */

#define FILE_MAX_BYTES (1 << 20)
#define FILES_OPEN 16

static uint64_t seen, looked_at; /* nftw() has no context */
static unsigned generation;

/* The same zones again, for clocks that count leap seconds, and for those that do not. */
static bool is_copy(const char *path, const struct FTW *at) {
    return at->level == 1 &&
           (strcmp(path + at->base, "right") == 0 || strcmp(path + at->base, "posix") == 0);
}

/* The sum does not depend on the order of the files. */
static int add_file(const char *path, const struct stat *st, int kind, struct FTW *at) {
    struct buf file;
    if (kind == FTW_D && is_copy(path, at))
        return FTW_SKIP_SUBTREE;
    if (kind != FTW_F || st->st_size > FILE_MAX_BYTES)
        return FTW_CONTINUE;
    buf_init(&file, FILE_MAX_BYTES);
    if (read_file(path, FILE_MAX_BYTES, &file) == 0 && text_starts(buf_as_text(&file), "TZif")) {
        uint32_t name = crc32c(0, path, strlen(path));
        looked_at += (uint64_t)crc32c(name, file.p, file.n) << 32 | crc32c(~name, file.p, file.n);
    }
    buf_free(&file);
    return FTW_CONTINUE;
}

static void read_anew(void) {
    icaltimezone_free_builtin_timezones();
    for (struct zone *zone = zones; zone != &utc; zone = zone->next) {
        icaltimezone *from = find_copy(zone->name);
        if (from == NULL)
            continue; /* it was renamed: what it was is better than nothing */
        forget(zone);
        zone->from = from;
    }
    generation++;
}

bool zone_follow(void) {
    uint64_t before = seen;
    looked_at = 1;
    (void)nftw(icaltzutil_get_zone_directory(), add_file, FILES_OPEN, FTW_PHYS | FTW_ACTIONRETVAL);
    seen = looked_at & INT64_MAX;
    if (before == 0 || before == seen)
        return false;
    read_anew();
    return true;
}

uint64_t zone_data(void) {
    return seen;
}

unsigned zone_generation(void) {
    return generation;
}

const struct zone *zone_utc(void) {
    return &utc;
}

const char *zone_name(const struct zone *zone) {
    return zone->name;
}

int zone_offset(const struct zone *zone, instant at) {
    return offset_at(zone, seconds_of(at));
}

instant zone_instant(const struct zone *zone, struct wall wall) {
    int64_t local = wall_minutes(wall) * 60;
    int before = offset_at(zone, local - 36 * 3600);
    int after = offset_at(zone, local + 36 * 3600);
    bool is_after =
        offset_at(zone, local - before) != before && offset_at(zone, local - after) == after;
    return (local - (is_after ? after : before)) * SECONDS;
}

struct wall zone_wall(const struct zone *zone, instant at) {
    if (at < 0 || at > INSTANT_LAST)
        at = at < 0 ? 0 : INSTANT_LAST;
    int64_t seconds = seconds_of(at) + zone_offset(zone, at);
    int days = (int)(seconds / DAY_SECONDS);
    int minutes = (int)(seconds % DAY_SECONDS - (seconds % 60 < 0 ? 59 : 0)) / 60;
    return wall_add((struct wall){1970, 1, 1, 0, 0}, days, minutes);
}

/* From its own wall, also where that lies before or after all that zone_wall() can tell. */
struct wall zone_later(const struct zone *zone, struct wall from, int64_t minutes) {
    instant at = zone_instant(zone, from) + minutes * MINUTES;
    int64_t local = seconds_of(at) + zone_offset(zone, at);
    return wall_add(from, 0, (int)(local / 60 - wall_minutes(from)));
}
