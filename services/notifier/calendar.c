#include "services/notifier/calendar.h"
#include "common/zone.h"
#include "proto/codec.h"

#include <errno.h>
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCT "-//Cirkel//Cirkel//EN"
#define VALUE_MAX 2048

struct calendar {
    char tzid[65];
    int year;
    unsigned generation; /* of the zone data */
    icalcomponent *zone;
};

static int fail(int rc, char why[CALENDAR_WHY_MAX], const char *what) {
    (void)snprintf(why, CALENDAR_WHY_MAX, "calendar: %s", what);
    return rc;
}

/* libical passes these values through as they are. */
static bool is_uri_text(struct text t) {
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] <= ' ' || t.p[i] >= 0x7f || strchr("\"<>\\^`{|}", t.p[i]))
            return false;
    return t.n > 0;
}

/* Text values and names: one line, no control characters but those libical escapes. */
static struct text clean(struct text t, char to[VALUE_MAX]) {
    size_t n = 0;
    if (t.n >= VALUE_MAX)
        t.n = VALUE_MAX - 1;
    while (t.n > 0 && !text_is_utf8(t)) /* cut inside a character */
        t.n--;
    for (size_t i = 0; i < t.n; i++)
        to[n++] = (unsigned char)t.p[i] < ' ' || t.p[i] == 0x7f ? ' ' : t.p[i];
    to[n] = '\0';
    return text_trim((struct text){to, n});
}

/* The zone's own full description begins in 1890 with offsets that break clients, and carries a
 * prefix in its name: so a copy of it from the meeting's year on. NULL: libical knows no such zone.
 */
static icalcomponent *zone_part(struct calendar *calendar, const char *tzid, int year) {
    if (calendar->zone && calendar->year == year && calendar->generation == zone_generation() &&
        strcmp(calendar->tzid, tzid) == 0)
        return icalcomponent_new_clone(calendar->zone);
    icaltimezone *zone = icaltimezone_get_builtin_timezone(tzid);
    icalcomponent *full = zone ? icaltimezone_get_component(zone) : NULL;
    if (!full)
        return NULL;
    icalcomponent *part = icalcomponent_new_clone(full);
    icalproperty_set_tzid(icalcomponent_get_first_property(part, ICAL_TZID_PROPERTY), tzid);
    struct icaltimetype from = icaltime_null_time();
    from.year = year;
    from.month = from.day = 1;
    from = icaltime_set_timezone(&from, icaltimezone_get_utc_timezone());
    icaltimezone_truncate_vtimezone(part, from, icaltime_null_time(), 1);
    if (calendar->zone)
        icalcomponent_free(calendar->zone);
    (void)snprintf(calendar->tzid, sizeof calendar->tzid, "%s", tzid);
    calendar->year = year;
    calendar->generation = zone_generation();
    calendar->zone = part;
    return icalcomponent_new_clone(part);
}

static struct icaltimetype time_of(struct wall wall, bool is_utc) {
    struct icaltimetype t = icaltime_null_time();
    t.year = wall.year;
    t.month = wall.month;
    t.day = wall.day;
    t.hour = wall.hour;
    t.minute = wall.minute;
    if (is_utc)
        t = icaltime_set_timezone(&t, icaltimezone_get_utc_timezone());
    return t;
}

/* DTSTART or DTEND: local time with its zone, or UTC where the zone cannot be described. */
static void add_time(icalcomponent *event, icalproperty_kind kind, struct wall wall,
                     const struct zone *zone, bool has_zone) {
    if (!has_zone)
        wall = zone_wall(zone_utc(), zone_instant(zone, wall));
    struct icaltimetype time = time_of(wall, !has_zone);
    icalproperty *p = kind == ICAL_DTSTART_PROPERTY ? icalproperty_new_dtstart(time)
                                                    : icalproperty_new_dtend(time);
    if (has_zone)
        icalproperty_add_parameter(p, icalparameter_new_tzid(zone_name(zone)));
    icalcomponent_add_property(event, p);
}

static void add_people(icalcomponent *event, const struct calendar_in *in) {
    char uri[VALUE_MAX], name[VALUE_MAX];
    (void)snprintf(uri, sizeof uri, "mailto:%.*s", TEXT_ARGS(in->organiser));
    icalproperty *organiser = icalproperty_new_organizer(uri);
    if (clean(in->organiser_name, name).n)
        icalproperty_add_parameter(organiser, icalparameter_new_cn(name));
    icalcomponent_add_property(event, organiser);

    (void)snprintf(uri, sizeof uri, "mailto:%.*s", TEXT_ARGS(in->attendee));
    icalproperty *attendee = icalproperty_new_attendee(uri);
    if (clean(in->attendee_name, name).n)
        icalproperty_add_parameter(attendee, icalparameter_new_cn(name));
    icalproperty_add_parameter(attendee, icalparameter_new_role(ICAL_ROLE_REQPARTICIPANT));
    icalproperty_add_parameter(attendee, icalparameter_new_partstat(ICAL_PARTSTAT_NEEDSACTION));
    icalproperty_add_parameter(attendee, icalparameter_new_rsvp(ICAL_RSVP_TRUE));
    icalcomponent_add_property(event, attendee);
}

static void add_texts(icalcomponent *event, const struct calendar_in *in) {
    const struct rec_meeting *meeting = in->meeting;
    char value[VALUE_MAX];
    (void)clean(texts_in(&meeting->title, in->language), value);
    icalcomponent_add_property(event, icalproperty_new_summary(value));
    bool has_link = is_uri_text(meeting->link) && text_starts(meeting->link, "https://");
    struct text where = meeting->place.n ? meeting->place : has_link ? meeting->link : TEXT_NONE;
    if (clean(where, value).n)
        icalcomponent_add_property(event, icalproperty_new_location(value));
    if (has_link && clean(meeting->link, value).n)
        icalcomponent_add_property(event, icalproperty_new_url(value));
}

static enum icalproperty_status status_of(const struct calendar_in *in) {
    if (in->method == CALENDAR_CANCEL)
        return ICAL_STATUS_CANCELLED;
    return in->meeting->tentative ? ICAL_STATUS_TENTATIVE : ICAL_STATUS_CONFIRMED;
}

/* An hour that comes twice is its first: the second one can only be said in UTC. */
static void add_times(icalcomponent *event, const struct rec_meeting *m, struct wall starts,
                      const struct zone *zone, bool has_zone) {
    struct wall ends = zone_later(zone, starts, m->minutes);
    instant end = zone_instant(zone, starts) + m->minutes * MINUTES;
    add_time(event, ICAL_DTSTART_PROPERTY, starts, zone, has_zone);
    if (zone_instant(zone, ends) == end)
        add_time(event, ICAL_DTEND_PROPERTY, ends, zone, has_zone);
    else
        add_time(event, ICAL_DTEND_PROPERTY, zone_wall(zone_utc(), end), zone_utc(), false);
}

static icalcomponent *new_event(const struct calendar_in *in, struct wall starts,
                                const struct zone *zone, bool has_zone) {
    icalcomponent *event = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    char uid[400];
    (void)snprintf(uid, sizeof uid, "meeting-%.*s@%.*s", TEXT_ARGS(in->meeting->meeting),
                   TEXT_ARGS(in->domain));
    icalcomponent_add_property(event, icalproperty_new_uid(uid));
    icalcomponent_add_property(event, icalproperty_new_sequence((int)in->meeting->revision));
    struct wall stamp = zone_wall(zone_utc(), in->stamp);
    struct icaltimetype at = time_of(stamp, true);
    at.second = (int)(in->stamp / SECONDS % 60);
    icalcomponent_add_property(event, icalproperty_new_dtstamp(at));
    add_times(event, in->meeting, starts, zone, has_zone);
    add_texts(event, in);
    icalcomponent_add_property(event, icalproperty_new_status(status_of(in)));
    add_people(event, in);
    return event;
}

struct calendar *calendar_new(void) {
    struct calendar *calendar = calloc(1, sizeof *calendar);
    must(calendar);
    return calendar;
}

void calendar_free(struct calendar **calendar) {
    if (!*calendar)
        return;
    if ((*calendar)->zone)
        icalcomponent_free((*calendar)->zone);
    free(*calendar);
    *calendar = NULL;
}

const char *calendar_method_name(enum calendar_method method) {
    return method == CALENDAR_CANCEL ? "CANCEL" : "REQUEST";
}

int calendar_write(struct calendar *calendar, const struct calendar_in *in, struct buf *to,
                   char why[CALENDAR_WHY_MAX]) {
    const struct rec_meeting *meeting = in->meeting;
    const struct zone *zone;
    struct wall starts;
    if (wall_parse(meeting->starts, &starts) < 0 || zone_find(meeting->zone, &zone) < 0)
        return fail(-EINVAL, why, "the meeting's time or zone cannot be read");
    if (!is_uri_text(in->organiser) || !is_uri_text(in->attendee) || !is_uri_text(in->domain) ||
        !is_uri_text(meeting->meeting))
        return fail(-EINVAL, why, "an address or id has characters that cannot stand in it");
    icalcomponent *root = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
    icalcomponent_add_property(root, icalproperty_new_prodid(PRODUCT));
    icalcomponent_add_property(root, icalproperty_new_version("2.0"));
    icalcomponent_add_property(root, icalproperty_new_calscale("GREGORIAN"));
    icalcomponent_add_property(root, icalproperty_new_method(in->method == CALENDAR_CANCEL
                                                                 ? ICAL_METHOD_CANCEL
                                                                 : ICAL_METHOD_REQUEST));
    icalcomponent *described = zone_part(calendar, zone_name(zone), starts.year);
    if (described)
        icalcomponent_add_component(root, described);
    icalcomponent_add_component(root, new_event(in, starts, zone, described != NULL));
    char *text = icalcomponent_as_ical_string_r(root);
    must(text);
    buf_str(to, text);
    free(text);
    icalcomponent_free(root);
    return to->over ? fail(-EMSGSIZE, why, "it is too long") : 0;
}
