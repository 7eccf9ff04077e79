#include "services/scheduler/reminders/gentle.h"

#include <errno.h>

#include "common/zone.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/quiet.h"
#include "services/scheduler/reminders/subject.h"

#define WEEK (7 * DAYS)
#define KEPT (9 * DAYS) /* of what went: a week, and a day for the zones */
#define DAYS_TRIED 14   /* so many days with a nudge each, and it is of no use any more */

static void end(struct office *o, struct rec_ledger *row, const char *state, struct text reason) {
    row->state = text_of(state);
    row->reason = reason;
    row->next_try = 0;
    row->ended = o->now;
}

/* ---- what went to her lately, or is about to ---- */

static bool counts(const struct rec_ledger *row) {
    return ledger_is_waiting(row) || text_is(row->state, "armed") ||
           text_is(row->state, "unknown") || text_is(row->state, "accepted") ||
           text_is(row->state, "failed");
}

static bool is_same_day(const struct zone *zone, instant a, instant b) {
    struct wall of_a = zone_wall(zone, a), of_b = zone_wall(zone, b);
    return of_a.year == of_b.year && of_a.month == of_b.month && of_a.day == of_b.day;
}

struct lately {
    unsigned week;  /* letters of news in the seven days up to a moment */
    bool nudge_day; /* a nudge on the day of that moment */
};

static int look_back(struct office *o, const struct rec_person *p, instant at, struct lately *ret) {
    const struct zone *zone = quiet_zone(o, p);
    struct key prefix = key1(p->person), row_at = {.n = 0};
    struct bytes value;
    int rc;
    *ret = (struct lately){0};
    while ((rc = office_next(o, TABLE_NEWS, &prefix, &row_at, &value)) == 0) {
        struct rec_ledger row;
        size_t from = prefix.n;
        uint64_t went, no;
        must(key_next_u64(key_bytes(&row_at), &from, &went) &&
             key_next_u64(key_bytes(&row_at), &from, &no));
        if ((rc = ledger_get(o, no, &row)))
            return rc;
        if (!counts(&row))
            continue;
        ret->week += (instant)went > at - WEEK && (instant)went <= at;
        ret->nudge_day |= value.n && is_same_day(zone, (instant)went, at);
    }
    return rc == -ENOENT ? 0 : rc;
}

/* ---- what she wants ---- */

struct wish {
    struct text kind;   /* of the digest: the topic, or the class */
    struct text digest; /* daily, weekly; absent: each at once */
    int64_t most;       /* letters a week; 0: no limit */
};

static int read_wish(struct office *o, struct text person, struct text topic, struct wish *ret) {
    struct rec_preference of_topic = {0}, of_class = {0};
    int rc = topic.p ? quiet_preference(o, person, topic, &of_topic) : -ENOENT;
    if (rc && rc != -ENOENT)
        return rc;
    rc = quiet_preference(o, person, TEXT_LIT("news"), &of_class);
    if (rc && rc != -ENOENT)
        return rc;
    ret->kind = of_topic.digest.p ? topic : TEXT_LIT("news");
    ret->digest = of_topic.digest.p ? of_topic.digest : of_class.digest;
    ret->most = of_class.most ? of_class.most : o->settings->news_a_week;
    return 0;
}

/* ---- when ---- */

struct slot {
    instant at;
    bool nudge; /* it had to wait for another day */
};

static int find_slot(struct office *o, const struct rule *rule, const struct rec_person *p,
                     instant useful, struct slot *ret) {
    const struct zone *zone = quiet_zone(o, p);
    struct lately lately;
    *ret = (struct slot){.at = quiet_until(o, p, o->now)};
    for (unsigned i = 0; rule->nudge && i < DAYS_TRIED; i++) {
        if (useful && ret->at > useful)
            return 0;
        int rc = look_back(o, p, ret->at, &lately);
        if (rc || !lately.nudge_day)
            return rc;
        ret->nudge = true;
        ret->at = quiet_until(o, p, zone_instant(zone, wall_add(zone_wall(zone, ret->at), 1, 0)));
    }
    return 0;
}

static int place_in_time(struct office *o, const struct rule *rule, const struct rec_person *p,
                         struct rec_ledger *row) {
    struct slot slot;
    char when[RFC3339_TEXT];
    int rc = find_slot(o, rule, p, row->useful, &slot);
    if (rc)
        return rc;
    row->next_try = slot.at;
    if (!row->useful || slot.at <= row->useful)
        return 0;
    instant_format(slot.at, quiet_zone(o, p), when);
    if (slot.nudge)
        end(o, row, "suppressed",
            arena_printf(o->arena, "nudge: one a day, and on %.10s it is of no use", when));
    else
        end(o, row, "missed",
            arena_printf(o->arena, "its use ends within quiet hours, which last until %s", when));
    return 0;
}

/* More than she wants in a week is gathered for the week's end. */
static int keep_within_cap(struct office *o, const struct rec_person *p, const struct wish *wish,
                           struct rec_ledger *row) {
    struct lately lately;
    bool joined;
    if (!wish->most)
        return 0;
    int rc = look_back(o, p, row->next_try, &lately);
    if (rc || lately.week < wish->most)
        return rc;
    struct text why =
        arena_printf(o->arena, "cap: %lld letters of news a week", (long long)wish->most);
    rc = digest_join(o, p, TEXT_LIT("news"), true, why, row, &joined);
    if (rc == 0 && !joined)
        end(o, row, "suppressed",
            arena_printf(o->arena, "%.*s, and no digest takes it while it is of use",
                         TEXT_ARGS(why)));
    return rc;
}

int gentle_place(struct office *o, const struct rule *rule, struct text topic,
                 const struct rec_person *p, bool late, struct rec_ledger *row) {
    bool news = text_is(row->class, "news"), joined = false;
    struct wish wish;
    row->next_try = o->now;
    if (rule->about->table == TABLE_DIGEST)
        return news ? place_in_time(o, rule, p, row) : 0;
    int rc = read_wish(o, p->person, topic, &wish);
    if (rc)
        return rc;
    bool weekly = text_is(wish.digest, "weekly");
    if (late && rule->late == LATE_DIGEST)
        rc = digest_join(o, p, news ? wish.kind : row->class, news && weekly,
                         TEXT_LIT("it is late"), row, &joined);
    else if (rule->together)
        rc = digest_join_kind(o, rule, p, row, &joined);
    else if (news && wish.digest.p)
        rc = digest_join(o, p, wish.kind, weekly, TEXT_NONE, row, &joined);
    if (rc || joined || !news)
        return rc;
    rc = place_in_time(o, rule, p, row);
    return rc || !text_is(row->state, "queued") ? rc : keep_within_cap(o, p, &wish, row);
}

static struct key news_key(const struct rec_ledger *row) {
    struct key k = key1(row->person);
    key_u64(&k, (uint64_t)row->next_try);
    key_u64(&k, (uint64_t)row->no);
    return k;
}

int gentle_note(struct office *o, const struct rule *rule, const struct rec_ledger *row) {
    struct key prefix = key1(row->person), at = {.n = 0};
    struct bytes value;
    int rc;
    if (!text_is(row->class, "news") || !text_is(row->state, "queued") ||
        rule->about->table == TABLE_DIGEST)
        return 0;
    while ((rc = office_next(o, TABLE_NEWS, &prefix, &at, &value)) == 0) {
        size_t from = prefix.n;
        uint64_t went;
        must(key_next_u64(key_bytes(&at), &from, &went));
        if ((instant)went > o->now - KEPT)
            break;
        if ((rc = office_del(o, TABLE_NEWS, at)))
            return rc;
    }
    if (rc && rc != -ENOENT)
        return rc;
    return office_mark(o, TABLE_NEWS, news_key(row),
                       rule->nudge ? TEXT_LIT("nudge") : TEXT_LIT(""));
}

int gentle_forget(struct office *o, const struct rec_ledger *row) {
    return text_is(row->class, "news") ? office_del(o, TABLE_NEWS, news_key(row)) : 0;
}
