#include "services/scheduler/reminders/gentle.h"

#include <errno.h>
#include <string.h>

#include "common/zone.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/quiet.h"
#include "services/scheduler/reminders/subject.h"

#define WEEK (7 * DAYS)
#define KEPT (9 * DAYS) /* of what went: a week, and a day for the zones */
#define DAYS_TRIED 14   /* so many days with a nudge each, and it does not go */
#define MOST_A_WEEK 100 /* settings.def, messages.def */
#define ONE_A_DAY TEXT_LIT("nudge: one a day")

static void end(struct office *o, struct rec_ledger *row, const char *state, struct text reason) {
    row->state = text_of(state);
    row->reason = reason;
    row->next_try = 0;
    row->ended = o->now;
}

/* ---- what left for her lately, or is about to ---- */

static bool is_counted(const struct rec_ledger *row) {
    return text_is(row->class, "news") && !text_is(row->about_kind, "digest") &&
           (row->left || ledger_is_waiting(row));
}

static struct key news_key(const struct rec_ledger *row) {
    struct key k = key1(row->person);
    key_u64(&k, (uint64_t)(row->left ? row->left : row->next_try));
    key_u64(&k, (uint64_t)row->no);
    return k;
}

static struct text news_marks(const struct rec_ledger *row) {
    return row->nudge  ? row->left ? TEXT_LIT("left nudge") : TEXT_LIT("nudge")
            : row->left ? TEXT_LIT("left")
                       : TEXT_LIT("");
}

struct news {
    instant at; /* when it left, or is to leave */
    uint64_t no;
    bool left, nudge;
};

/* The next of a person's after *row_at, in the order of their moments; -ENOENT at the end. */
static int next_news(struct office *o, struct text person, struct key *row_at, struct news *ret) {
    struct key prefix = key1(person);
    struct bytes value;
    struct text marks;
    uint64_t at;
    size_t from = prefix.n;
    int rc = office_next(o, TABLE_NEWS, &prefix, row_at, &value);
    if (rc)
        return rc;
    must(key_next_u64(key_bytes(row_at), &from, &at) &&
         key_next_u64(key_bytes(row_at), &from, &ret->no));
    marks = (struct text){value.p, value.n};
    ret->at = (instant)at;
    ret->left = text_starts(marks, "left");
    ret->nudge = marks.n > 0 && !text_is(marks, "left");
    return 0;
}

/* Whose turn is looked for: a letter that has no number yet, or one that is to leave now. */
struct turn {
    const struct rec_person *p;
    int64_t no;     /* it is not in its own way */
    bool left_only; /* what still waits is not in its way: who comes first goes first */
    bool look;      /* only as if: no digest is joined */
};

static bool is_in_the_way(const struct turn *t, const struct news *n) {
    return n->no != (uint64_t)t->no && (n->left || !t->left_only);
}

static bool is_same_day(const struct zone *zone, instant a, instant b) {
    struct wall of_a = zone_wall(zone, a), of_b = zone_wall(zone, b);
    return of_a.year == of_b.year && of_a.month == of_b.month && of_a.day == of_b.day;
}

/* Whether another nudge has the day of that moment. */
static int is_nudge_day(struct office *o, const struct turn *t, instant at, bool *ret) {
    const struct zone *zone = quiet_zone(o, t->p);
    struct key row_at = {.n = 0};
    struct news n;
    int rc;
    *ret = false;
    while (!*ret && (rc = next_news(o, t->p->person, &row_at, &n)) == 0)
        *ret = n.nudge && is_in_the_way(t, &n) && is_same_day(zone, n.at, at);
    return *ret || rc == -ENOENT ? 0 : rc;
}

/* Whether some seven days with that moment in them have had, or are to have, `most` already. */
static int is_full_week(struct office *o, const struct turn *t, instant at, int64_t most,
                        bool *ret) {
    instant last[MOST_A_WEEK];
    struct key row_at = {.n = 0};
    struct news n;
    int64_t count = 0;
    int rc;
    must(most > 0 && most <= MOST_A_WEEK);
    *ret = false;
    while (!*ret && (rc = next_news(o, t->p->person, &row_at, &n)) == 0) {
        if (!is_in_the_way(t, &n))
            continue;
        last[count++ % most] = n.at;
        instant first = count < most ? 0 : last[count % most];
        *ret = count >= most && (n.at > at ? n.at : at) - (first < at ? first : at) < WEEK;
    }
    return *ret || rc == -ENOENT ? 0 : rc;
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
    bool none;  /* there is no day for it */
};

static int find_slot(struct office *o, struct turn t, const struct rec_ledger *row,
                     struct slot *ret) {
    const struct zone *zone = quiet_zone(o, t.p);
    bool taken;
    *ret = (struct slot){.at = quiet_until(o, t.p, o->now)};
    for (unsigned i = 0; row->nudge && i < DAYS_TRIED; i++) {
        if (row->useful && ret->at > row->useful)
            return 0;
        t.left_only &= ret->at == o->now; /* days ahead belong to what waits for them */
        int rc = is_nudge_day(o, &t, ret->at, &taken);
        if (rc || !taken)
            return rc;
        ret->nudge = true;
        ret->at = quiet_until(o, t.p, zone_instant(zone, wall_add(zone_wall(zone, ret->at), 1, 0)));
    }
    ret->none = row->nudge;
    return 0;
}

/* NULL: it has its moment. Else the event that ends it, and why. */
static const char *no_use(struct office *o, const struct turn *t, const struct rec_ledger *row,
                          const struct slot *slot, struct text *ret_why) {
    char when[RFC3339_TEXT];
    if (!slot->none && (!row->useful || slot->at <= row->useful))
        return NULL;
    instant_format(slot->at, quiet_zone(o, t->p), when);
    *ret_why =
        slot->none ? arena_printf(o->arena, "nudge: one a day, and none is free until %.10s", when)
        : slot->nudge
            ? arena_printf(o->arena, "nudge: one a day, and on %.10s it is of no use", when)
            : arena_printf(o->arena, "its use ends within quiet hours, which last until %s", when);
    return slot->nudge ? "suppress" : "miss";
}

static int place_in_time(struct office *o, const struct turn *t, struct rec_ledger *row) {
    struct slot slot;
    struct text why;
    int rc = find_slot(o, *t, row, &slot);
    if (rc)
        return rc;
    row->next_try = slot.at;
    if (slot.nudge)
        row->reason = ONE_A_DAY;
    const char *event = no_use(o, t, row, &slot, &why);
    if (event)
        end(o, row, strcmp(event, "miss") == 0 ? "missed" : "suppressed", why);
    return 0;
}

/* More than she wants in a week is gathered for the week's end. */
static int keep_within_cap(struct office *o, const struct turn *t, const struct wish *wish,
                           struct rec_ledger *row) {
    bool full, joined;
    if (!wish->most)
        return 0;
    int rc = is_full_week(o, t, row->next_try, wish->most, &full);
    if (rc || !full)
        return rc;
    struct text why = arena_printf(o->arena, "cap: %lld %s of news a week", (long long)wish->most,
                                   plural(wish->most, "letter", "letters"));
    rc = digest_join(o, t->p, TEXT_LIT("news"), true, t->look, why, row, &joined);
    if (rc == 0 && !joined)
        end(o, row, "suppressed",
            arena_printf(o->arena, "%.*s, and no digest takes it while it is of use",
                         TEXT_ARGS(why)));
    return rc;
}

static int place(struct office *o, const struct rule *rule, struct text topic, bool late,
                 const struct turn *t, struct rec_ledger *row) {
    bool news = text_is(row->class, "news"), joined = false;
    struct wish wish = {.most = 0};
    row->next_try = o->now;
    if (rule->about->table == TABLE_DIGEST)
        return news ? place_in_time(o, t, row) : 0;
    int rc = news ? read_wish(o, t->p->person, topic, &wish) : 0;
    if (rc)
        return rc;
    bool weekly = text_is(wish.digest, "weekly");
    if (late && rule->late == LATE_DIGEST)
        rc = digest_join(o, t->p, news ? wish.kind : row->class, news && weekly, t->look,
                         TEXT_LIT("it is late"), row, &joined);
    else if (rule->together)
        rc = digest_join_kind(o, rule, t->p, t->look, row, &joined);
    else if (news && wish.digest.p)
        rc = digest_join(o, t->p, wish.kind, weekly, t->look, TEXT_NONE, row, &joined);
    if (rc || joined || !news)
        return rc;
    rc = place_in_time(o, t, row);
    return rc || !text_is(row->state, "queued") ? rc : keep_within_cap(o, t, &wish, row);
}

int gentle_place(struct office *o, const struct rule *rule, struct text topic,
                 const struct rec_person *p, bool late, struct rec_ledger *row) {
    struct turn turn = {.p = p, .no = row->no};
    return place(o, rule, topic, late, &turn, row);
}

int gentle_why_not(struct office *o, const struct rule *rule, struct text topic,
                   const struct rec_person *p, instant at, instant useful, const char **ret) {
    struct turn turn = {.p = p, .look = true};
    struct rec_ledger row = {.person = p->person,
                             .class = text_of(rule->class),
                             .state = TEXT_LIT("queued"),
                             .nudge = rule->nudge,
                             .useful = useful};
    instant now = o->now;
    o->now = at;
    int rc = place(o, rule, topic, false, &turn, &row);
    o->now = now;
    *ret = row.ended ? row.reason.p : NULL;
    return rc;
}

/* ---- when it leaves ---- */

static int put_off(struct office *o, const struct turn *t, struct rec_ledger *row,
                   const struct slot *slot) {
    struct text why;
    if (no_use(o, t, row, slot, &why))
        return ledger_move(o, row, "expire", why);
    row->next_try = slot->at;
    return ledger_move(o, row, "wait", slot->nudge ? ONE_A_DAY : TEXT_LIT("quiet hours"));
}

/* Others took her week while this one waited. */
static int recheck_cap(struct office *o, const struct turn *t, struct rec_ledger *row,
                       bool *ret_ended) {
    struct rec_ledger placed = *row;
    struct wish wish;
    int rc = read_wish(o, row->person, TEXT_NONE, &wish);
    placed.next_try = o->now;
    if (rc == 0)
        rc = keep_within_cap(o, t, &wish, &placed);
    *ret_ended = rc == 0 && !text_eq(placed.state, row->state);
    if (!*ret_ended)
        return rc;
    row->digest = placed.digest;
    return ledger_move(o, row, text_is(placed.state, "digested") ? "gather" : "suppress",
                       placed.reason);
}

int gentle_recheck(struct office *o, struct rec_ledger *row, bool *ret_ended) {
    struct rec_person p;
    struct slot slot;
    *ret_ended = false;
    if (!text_is(row->class, "news"))
        return 0;
    int rc = office_get(o, TABLE_PERSON, key1(row->person), &p);
    struct turn turn = {.p = &p, .no = row->no, .left_only = true};
    if (rc == 0)
        rc = find_slot(o, turn, row, &slot);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    *ret_ended = slot.at != o->now || slot.none;
    if (*ret_ended)
        return put_off(o, &turn, row, &slot);
    return text_is(row->about_kind, "digest") ? 0 : recheck_cap(o, &turn, row, ret_ended);
}

/* ---- what is counted ---- */

static int forget_old(struct office *o, struct text person) {
    struct key at = {.n = 0};
    struct news n;
    int rc;
    while ((rc = next_news(o, person, &at, &n)) == 0 && n.at <= o->now - KEPT)
        if ((rc = office_del(o, TABLE_NEWS, at)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

int gentle_note(struct office *o, const struct rec_ledger *row) {
    if (!is_counted(row))
        return 0;
    int rc = forget_old(o, row->person);
    return rc ? rc : office_mark(o, TABLE_NEWS, news_key(row), news_marks(row));
}

/* A letter that was put off or given back has not left, unless an earlier copy of it may have. */
static instant left_at(const struct office *o, const struct rec_ledger *before,
                       const struct rec_ledger *row) {
    if (text_is(row->state, "armed"))
        return o->now;
    if (ledger_is_waiting(row) && text_is(before->state, "armed") && !row->resends)
        return 0;
    if (text_is(row->state, "accepted") && !text_is(before->state, "digested") && !row->left)
        return o->now;
    return row->left;
}

int gentle_moved(struct office *o, const struct rec_ledger *before, struct rec_ledger *row) {
    if (!text_is(row->class, "news"))
        return 0;
    row->left = left_at(o, before, row);
    struct key was = news_key(before), is = news_key(row);
    bool stays = is_counted(before) && is_counted(row) && was.n == is.n &&
                 memcmp(was.b, is.b, is.n) == 0 && text_eq(news_marks(before), news_marks(row));
    if (stays)
        return 0;
    int rc = is_counted(before) ? office_del(o, TABLE_NEWS, was) : 0;
    return rc ? rc : gentle_note(o, row);
}

int gentle_merge(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_NEWS, &prefix, &at, &value)) == 0) {
        struct text marks = arena_text(o->arena, (struct text){value.p, value.n});
        struct key to = key1(into);
        size_t n = prefix.n;
        uint64_t when, no;
        must(key_next_u64(key_bytes(&at), &n, &when) && key_next_u64(key_bytes(&at), &n, &no));
        key_u64(&to, when);
        key_u64(&to, no);
        rc = office_mark(o, TABLE_NEWS, to, marks);
        if (rc == 0)
            rc = office_del(o, TABLE_NEWS, at);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}
