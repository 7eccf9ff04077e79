#include "services/scheduler/reminders/moment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/scheduler/reminders/workday.h"

#define DAYS_MOST 800

static int expected(struct buf *reterr, struct text t, const char *what) {
    buf_printf(reterr, "\"%.*s\": %s", TEXT_ARGS(t), what);
    return -EINVAL;
}

static int parse_anchor(struct text word, const struct shape *of, struct moment *ret,
                        struct buf *reterr) {
    const struct field *f = shape_field(of, word);
    if (f && (f->kind == FIELD_INSTANT || f->kind == FIELD_WALL || f->kind == FIELD_DATE)) {
        ret->anchor = f;
        return 0;
    }
    buf_printf(reterr, "\"%.*s\" is no time of a %s; expected one of", TEXT_ARGS(word), of->name);
    for (f = of->fields(); f->kind != FIELD_END; f++)
        if (f->kind == FIELD_INSTANT || f->kind == FIELD_WALL || f->kind == FIELD_DATE)
            buf_printf(reterr, " %.*s", TEXT_ARGS(field_name(f)));
    return -EINVAL;
}

static int parse_span(struct text word, bool back, struct moment *ret) {
    msec span;
    if (span_parse(word, &span) || span < 0 || span > DAYS_MOST * DAYS)
        return -EINVAL;
    char unit = word.p[word.n - 1];
    if (unit == 'd' || unit == 'w')
        ret->days = (int)(span / DAYS) * (back ? -1 : 1);
    else
        ret->span = back ? -span : span;
    return 0;
}

static int parse_clock(struct text word, struct moment *ret) {
    struct text hour;
    int64_t h, m;
    if (word.n != 5 || !text_cut(&word, ':', &hour) || text_int(hour, &h) || text_int(word, &m) ||
        hour.n != 2 || h < 0 || h > 23 || m < 0 || m > 59)
        return -EINVAL;
    ret->at = (int)(h * 60 + m);
    return 0;
}

static bool next_word(struct text *rest, struct text *ret) {
    *rest = text_trim(*rest);
    return rest->n > 0 && text_cut(rest, ' ', ret);
}

/* "5" of "5 workdays": the word after it is taken, too. */
static int parse_workdays(struct text word, bool back, struct text *rest, struct moment *ret) {
    struct text unit;
    int64_t n;
    if (text_int(word, &n) || n < 1 || n > WORKDAYS_MOST || !next_word(rest, &unit) ||
        (!text_is(unit, "workdays") && !text_is(unit, "workday")))
        return -EINVAL;
    ret->workdays = (int)n * (back ? -1 : 1);
    return 0;
}

int moment_parse(struct text t, const struct shape *of, struct moment *ret, struct buf *reterr) {
    static const char form[] =
        "expected FIELD [+ SPAN | - SPAN] [at hh:mm], as in starts - 7d at 09:00";
    struct moment m = {.at = -1};
    struct text rest = t, word;
    if (!next_word(&rest, &word))
        return expected(reterr, t, form);
    int rc = parse_anchor(word, of, &m, reterr);
    if (rc)
        return rc;
    bool more = next_word(&rest, &word);
    if (more && (text_is(word, "+") || text_is(word, "-"))) {
        bool back = text_is(word, "-");
        if (!next_word(&rest, &word) ||
            (parse_span(word, back, &m) && parse_workdays(word, back, &rest, &m)))
            return expected(reterr, t,
                            "expected a span of at most 800d or 250 workdays after + or -, "
                            "as in 7d, 36h, 15m or 5 workdays");
        more = next_word(&rest, &word);
    }
    if (more && text_is(word, "at")) {
        if (!next_word(&rest, &word) || parse_clock(word, &m))
            return expected(reterr, t, "expected a wall clock after at, 00:00 to 23:59");
        if (m.span)
            return expected(reterr, t,
                            "a wall clock goes with whole days, not with hours or minutes");
        more = next_word(&rest, &word);
    }
    if (more)
        return expected(reterr, t, form);
    *ret = m;
    return 0;
}

static instant on_wall(const struct moment *m, struct wall w, const struct zone *zone,
                       struct text country) {
    w = m->workdays ? workday_add(country, w, m->workdays) : wall_add(w, m->days, 0);
    if (m->at >= 0) {
        w.hour = m->at / 60;
        w.minute = m->at % 60;
    }
    return zone_instant(zone, w) + m->span;
}

/* To the millisecond, when it has any: two moves within a second are two occurrences. */
static void name_instant(struct text name, instant at, char ret[65]) {
    char when[RFC3339_TEXT], part[8] = "";
    instant_format(at, zone_utc(), when);
    if (at % SECONDS)
        snprintf(part, sizeof part, ".%03d", (int)(at % SECONDS));
    snprintf(ret, 65, "%.*s=%.19s%sZ", TEXT_ARGS(name), when, part);
}

instant moment_of(const struct moment *m, const void *record, const struct zone *zone,
                  struct text country, char ret_occurrence[65]) {
    const void *value = (const char *)record + m->anchor->offset;
    struct text name = field_name(m->anchor);
    struct wall w;
    if (m->anchor->kind == FIELD_INSTANT) {
        instant at = *(const instant *)value;
        if (!at)
            return 0;
        name_instant(name, at, ret_occurrence);
        if (!m->days && !m->workdays && m->at < 0)
            return at + m->span;
        return on_wall(m, zone_wall(zone, at), zone, country);
    }
    struct text t = *(const struct text *)value;
    if (!t.p || (m->anchor->kind == FIELD_WALL ? wall_parse(t, &w) : date_parse(t, &w)))
        return 0;
    snprintf(ret_occurrence, 65, "%.*s=%.*s", TEXT_ARGS(name), TEXT_ARGS(t));
    return on_wall(m, w, zone, country);
}

bool moment_is_after(const struct moment *m) {
    return m->days > 0 || m->workdays > 0 || m->span > 0;
}

bool moment_is_same(const struct moment *a, const struct moment *b) {
    return a->anchor == b->anchor && a->days == b->days && a->workdays == b->workdays &&
           a->span == b->span && a->at == b->at;
}

/* From the midnight before its anchor, by walls: the earliest and the latest it can be. Workdays
 * are at least as many days, and not more than three times as many and two weeks. */
static void reach(const struct moment *m, bool knows_hour, bool counts_days, msec ret[2]) {
    int n = m->workdays, far = n > 0 ? 3 * n + 14 : 3 * n - 14;
    int near_days = m->days + n, far_days = m->days + (counts_days || !n ? n : far);
    msec at = m->at >= 0 ? m->at * MINUTES : 0, open = m->at >= 0 || knows_hour ? 0 : 1 * DAYS;
    ret[0] = (n < 0 ? far_days : near_days) * DAYS + at + m->span;
    ret[1] = (n < 0 ? near_days : far_days) * DAYS + at + m->span + open;
}

/* Counted on the clock that runs through; days are counted on the wall's. */
static bool is_span(const struct moment *m) {
    return !m->days && !m->workdays && m->at < 0;
}

bool moment_is_surely_before(const struct moment *a, const struct moment *b) {
    bool dated = a->anchor && a->anchor->kind == FIELD_DATE, same_hour = a->at < 0 && b->at < 0;
    bool counts_days = a->workdays && b->workdays;
    bool clocks = (a->span && !is_span(b)) || (b->span && !is_span(a));
    msec shift = clocks ? 3 * HOURS : 0, of_a[2], of_b[2];
    if (!a->anchor || a->anchor != b->anchor)
        return false;
    reach(a, dated || same_hour, counts_days, of_a);
    reach(b, dated || same_hour, counts_days, of_b);
    return of_a[1] + shift < of_b[0];
}
