#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/quiet.h"
#include "services/scheduler/reminders/subject.h"
#include "tests/harness/sim.h"

#define CROWD 4000 /* people a plan may be for */
#define TOLD_PLACES 65536

struct told {     /* the newest time that left for somebody */
    uint64_t who; /* hash of meeting and person; 0: empty */
    int64_t revision;
};

struct sim_watch {
    struct told told[TOLD_PLACES];
    struct arena *arena;
    instant *left; /* by number: when a letter was last granted; 0: never */
    size_t left_room;
    /* the plan that falls due next, as it stood before */
    bool is_plan;
    struct rec_plan plan;
    struct text people[CROWD];
    unsigned count;
    uint64_t rows; /* of the ledger, before */
};

struct sim_watch *sim_watch_new(void) {
    struct sim_watch *w = calloc(1, sizeof *w);
    must(w);
    w->arena = arena_new();
    return w;
}

void sim_watch_free(struct sim_watch **watch) {
    arena_free(&(*watch)->arena);
    free((*watch)->left);
    free(*watch);
    *watch = NULL;
}

/* ---- everyone considered ---- */

static bool is_active(struct office *o, struct text person) {
    struct rec_person p;
    return office_get(o, TABLE_PERSON, key1(person), &p) == 0 && text_is(p.state, "active");
}

static void expect_people(struct sim *s, const struct rule *rule, const struct subject *subject) {
    struct sim_watch *w = s->watch;
    struct text person = w->plan.cursor;
    while (audience_next(&s->t.step.office, rule_audience(rule, (unsigned)w->plan.step), subject,
                         person, &person) == 0) {
        if (!is_active(&s->t.step.office, person))
            continue;
        must(w->count < CROWD);
        w->people[w->count++] = arena_text(w->arena, person);
    }
}

void sim_watch_due(struct sim *s) {
    struct sim_watch *w = s->watch;
    struct office *o = &s->t.step.office;
    struct text word;
    struct key key;
    struct bytes value;
    struct complaint c;
    struct subject subject;
    instant at;
    arena_reset(w->arena);
    arena_reset(s->t.step.arena);
    w->is_plan = false;
    w->count = 0;
    w->rows = o->counts[COUNT_LEDGER];
    if (due_first(o, &at, &word, &key) || at > s->t.now || !text_is(word, "plan") ||
        store_get(s->t.txn, TABLE_PLAN, key_bytes(&key), &value))
        return;
    if (codec_decode(&rec_shapes[REC_PLAN], CODEC_LENIENT, arena_bytes(w->arena, value), &w->plan,
                     &c))
        fail_msg("a plan: %s", c.text);
    const struct rule *rule = rulebook_find(&s->t.rules, w->plan.rule);
    int rc = subject_load(o, w->plan.about_kind, w->plan.about, &subject);
    w->is_plan = rc == 0 && rule && rule_speaks_at(rule, (unsigned)w->plan.step, &subject.rec);
    if (w->is_plan)
        expect_people(s, rule, &subject);
}

static void check_row(struct sim *s, struct text person) {
    const struct rec_plan *p = &s->watch->plan;
    struct bytes no;
    struct text key = arena_printf(
        s->t.arena, "%.*s+%.*s/%.*s:%.*s/%lld:%.*s/%.*s/%s", TEXT_ARGS(p->rule),
        TEXT_ARGS(p->version), TEXT_ARGS(p->about_kind), TEXT_ARGS(p->about), (long long)p->step,
        TEXT_ARGS(p->occurrence), TEXT_ARGS(person), s->t.settings.channel);
    struct key k = key1(key);
    if (store_get(s->t.txn, TABLE_FIRED, key_bytes(&k), &no))
        fail_msg("%.*s was considered and has no row: %.*s", TEXT_ARGS(person), TEXT_ARGS(key));
}

void sim_watch_fired(struct sim *s) {
    struct sim_watch *w = s->watch;
    struct rec_plan now;
    struct bytes value;
    struct key k;
    if (!w->is_plan)
        return;
    k = plan_key(&w->plan);
    if (store_get(s->t.txn, TABLE_PLAN, key_bytes(&k), &value))
        fail_msg("a plan is gone that fell due: %.*s", TEXT_ARGS(w->plan.rule));
    trial_get(&s->t, TABLE_PLAN, k, &now);
    if (text_is(now.state, "firing")) /* a slice: the others come later */
        return;
    for (unsigned i = 0; i < w->count; i++)
        check_row(s, w->people[i]);
    if (s->t.step.office.counts[COUNT_LEDGER] - w->rows > w->count)
        fail_msg("%.*s about %.*s: more rows than people", TEXT_ARGS(now.rule),
                 TEXT_ARGS(now.about));
}

/* ---- what leaves ---- */

static struct told *told_to(struct sim_watch *w, const struct rec_ledger *row) {
    uint64_t who = ((uint64_t)crc32c(1, row->about.p, row->about.n) << 32) |
                   crc32c(2, row->person.p, row->person.n) | 1;
    for (uint64_t i = who % TOLD_PLACES;; i = (i + 1) % TOLD_PLACES)
        if (!w->told[i].who || w->told[i].who == who) {
            w->told[i].who = who;
            return &w->told[i];
        }
}

static void check_time(struct sim *s, const struct rec_ledger *row) {
    struct rec_meeting m;
    struct told *t = told_to(s->watch, row);
    trial_get(&s->t, TABLE_MEETING, key1(row->about), &m);
    if (row->told != m.revision + 1)
        fail_msg("%lld left with an old time", (long long)row->no);
    if (row->told < t->revision)
        fail_msg("%lld tells %.*s revision %lld after %lld", (long long)row->no,
                 TEXT_ARGS(row->person), (long long)row->told, (long long)t->revision);
    t->revision = row->told;
}

/* The next of a person's letters after number *no. */
static bool next_of(struct sim *s, struct text person, uint64_t *no) {
    struct key prefix = key1(person), from = prefix;
    struct bytes key, value;
    size_t at = prefix.n;
    key_u64(&from, *no + 1);
    if (store_seek(s->t.txn, TABLE_LEDGER_PERSON, key_bytes(&from), &key, &value) ||
        !key_has_prefix(key, &prefix))
        return false;
    must(key_next_u64(key, &at, no));
    return true;
}

/* A letter with an older time was overtaken before it left, and its reader is owed the news all the
 * same; or it had left to a record of hers that has been merged into this one. */
static bool has_another(struct sim *s, const struct rec_ledger *row) {
    struct rec_ledger other;
    for (uint64_t no = 0; next_of(s, row->person, &no);) {
        trial_get(&s->t, TABLE_LEDGER, key_no(no), &other);
        bool counts = text_is(other.state, "superseded") || text_is(other.state, "accepted") ||
                      other.attempts;
        if (counts && other.no != row->no && text_eq(other.about, row->about) && other.told)
            return true;
    }
    return false;
}

/* What is for those who were told goes to nobody else, and after what it corrects. */
static void check_correction(struct sim *s, const struct rec_ledger *row) {
    const struct rule *rule = rulebook_find(&s->t.rules, row->rule);
    const struct told *t = told_to(s->watch, row);
    if (!rule || !rule->to || strcmp(rule->to, "told") != 0)
        return;
    if (!t->revision && !has_another(s, row))
        fail_msg("%lld (%.*s) corrects what %.*s never heard", (long long)row->no,
                 TEXT_ARGS(row->rule), TEXT_ARGS(row->person));
}

/* What is gathered in a letter leaves with it. */
static void check_items(struct sim *s, const struct rec_ledger *letter) {
    struct rec_digest d;
    struct text person, window = letter->about;
    int64_t no;
    must(text_cut(&window, '/', &person));
    trial_get(&s->t, TABLE_DIGEST, key2(person, window), &d);
    while (codec_next_int(&d.items, &no)) {
        struct rec_ledger row;
        trial_get(&s->t, TABLE_LEDGER, key_no((uint64_t)no), &row);
        if (row.useful && row.useful < s->t.now)
            fail_msg("%lld left past its use, in letter %lld", (long long)no,
                     (long long)letter->no);
        if (row.told)
            check_time(s, &row);
    }
}

/* News never comes in somebody's quiet hours, and a mass letter not while it can be taken back,
 * unless an operator let go of that one: then it has a reason. */
static void check_gentle(struct sim *s, const struct rec_ledger *row, const struct rec_person *p,
                         bool let_go) {
    struct office *o = &s->t.step.office;
    struct rec_hold hold;
    if (text_is(row->class, "news") && quiet_until(o, p, s->t.now) != s->t.now)
        fail_msg("%lld left in quiet hours", (long long)row->no);
    if (!row->hold_no || let_go)
        return;
    trial_get(&s->t, TABLE_HOLD, key_no((uint64_t)row->hold_no), &hold);
    if (text_is(row->hold, "window") && (hold.until > s->t.now || text_is(hold.state, "undone")))
        fail_msg("%lld left although it could be taken back", (long long)row->no);
}

/* ---- how much of it ---- */

#define LOOKED_BACK (9 * DAYS) /* a week, and a day for the zones */

static instant *left_of(struct sim_watch *w, int64_t no) {
    size_t at = (size_t)no, room = w->left_room;
    if (at >= room) {
        w->left_room = 2 * at + 64;
        w->left = realloc(w->left, w->left_room * sizeof *w->left);
        must(w->left);
        memset(w->left + room, 0, (w->left_room - room) * sizeof *w->left);
    }
    return &w->left[at];
}

/* What was put off and then went with others has not left by itself. */
static bool may_have_left(struct sim *s, const struct rec_ledger *row) {
    return *left_of(s->watch, row->no) && (!row->digest.p || row->resends > 0) &&
           (text_is(row->state, "accepted") || text_is(row->state, "unknown") ||
            text_is(row->state, "armed") || (text_is(row->state, "queued") && row->resends > 0));
}

static bool is_nudge(struct sim *s, const struct rec_ledger *row) {
    const struct rule *rule = rulebook_find(&s->t.rules, row->rule);
    return rule && rule->nudge;
}

static bool is_same_day(const struct zone *zone, instant a, instant b) {
    struct wall of_a = zone_wall(zone, a), of_b = zone_wall(zone, b);
    return of_a.year == of_b.year && of_a.month == of_b.month && of_a.day == of_b.day;
}

static int64_t most_a_week(struct sim *s, struct text person) {
    struct rec_preference p;
    int rc = quiet_preference(&s->t.step.office, person, TEXT_LIT("news"), &p);
    return rc == 0 && p.most ? p.most : s->t.settings.news_a_week;
}

/* On no day two nudges leave for somebody, within no seven days more news than is allowed now. */
static void check_amount(struct sim *s, const struct rec_ledger *row, const struct rec_person *p) {
    const struct zone *zone = quiet_zone(&s->t.step.office, p);
    int64_t most = most_a_week(s, row->person), week = 0;
    struct rec_ledger other;
    for (uint64_t no = 0; next_of(s, row->person, &no);) {
        instant left = *left_of(s->watch, (int64_t)no);
        if (left <= s->t.now - LOOKED_BACK)
            continue;
        trial_get(&s->t, TABLE_LEDGER, key_no(no), &other);
        if (other.no == row->no || !text_is(other.class, "news") ||
            text_is(other.about_kind, "digest") || !may_have_left(s, &other))
            continue;
        if (is_nudge(s, row) && is_nudge(s, &other) && is_same_day(zone, left, s->t.now))
            fail_msg("%lld and %lld nudge %.*s on one day", (long long)other.no, (long long)row->no,
                     TEXT_ARGS(row->person));
        week += left > s->t.now - 7 * DAYS;
    }
    if (most && week >= most)
        fail_msg("%lld is one of %lld letters of news to %.*s in a week, not %lld",
                 (long long)row->no, (long long)week + 1, TEXT_ARGS(row->person), (long long)most);
    *left_of(s->watch, row->no) = s->t.now;
}

void sim_watch_leaves(struct sim *s, const struct rec_ledger *before) {
    struct rec_person p;
    struct rec_ledger row;
    trial_get(&s->t, TABLE_LEDGER, key_no((uint64_t)before->no), &row);
    trial_get(&s->t, TABLE_PERSON, key1(row.person), &p);
    if (!text_is(row.state, "armed"))
        fail_msg("%lld granted and %.*s", (long long)row.no, TEXT_ARGS(row.state));
    if (row.useful && row.useful < s->t.now)
        fail_msg("%lld (%.*s) left past its use", (long long)row.no, TEXT_ARGS(row.rule));
    check_gentle(s, &row, &p, before->reason.p != NULL);
    if (text_is(row.class, "news") && !text_is(row.about_kind, "digest"))
        check_amount(s, &row, &p);
    if (p.protected || p.restricted || text_is(p.state, "erased"))
        fail_msg("%lld left for %.*s, who may not be written to", (long long)row.no,
                 TEXT_ARGS(row.person));
    if (text_is(row.about_kind, "digest"))
        check_items(s, &row);
    if (!text_is(row.about_kind, "meeting"))
        return;
    check_correction(s, &row);
    if (row.told)
        check_time(s, &row);
}

/* ---- sums ---- */

void sim_watch_sums(struct sim *s) {
    uint64_t ended = 0, fired = trial_count(&s->t, COUNT_FIRED);
    for (unsigned c = COUNT_ENDED_ACCEPTED; c <= COUNT_ENDED_NOT_DUE; c++)
        ended += trial_count(&s->t, (enum count)c);
    if (fired != trial_count(&s->t, COUNT_LEDGER) || ended > fired)
        fail_msg("%llu fired, %llu rows, %llu ended", (unsigned long long)fired,
                 (unsigned long long)trial_count(&s->t, COUNT_LEDGER), (unsigned long long)ended);
    if (trial_count(&s->t, COUNT_APPLIED) != s->applied ||
        trial_count(&s->t, COUNT_REFUSED) != s->refused)
        fail_msg("%lu applied and %lu refused, the books say otherwise", s->applied, s->refused);
}

struct once {
    struct sim *s;
    char **keys;
    size_t n;
    uint64_t ended;
};

static void look_at_row(void *ctx, const struct rec_ledger *row) {
    struct once *once = ctx;
    struct text key = row->key, version;
    once->ended += row->ended != 0;
    if (row->ended && !text_is(row->state, "accepted") && !row->reason.p)
        fail_msg("%lld is %.*s without a reason", (long long)row->no, TEXT_ARGS(row->state));
    must(text_cut(&key, '+', &version)); /* the rule's name; its version is cut off */
    must(text_cut(&key, '/', &version));
    /* another rule speaks again at another moment */
    must(asprintf(&once->keys[once->n++], "%.*s/%.*s@%lld", TEXT_ARGS(row->rule), TEXT_ARGS(key),
                  once->s->other_rules ? (long long)row->due : 0) > 0);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* By the keys themselves, and not by the index that is to keep them apart. */
void sim_watch_all(struct sim *s) {
    uint64_t fired = trial_count(&s->t, COUNT_FIRED), ended = 0;
    struct once once = {.s = s, .keys = calloc(fired + 1, sizeof *once.keys)};
    must(once.keys);
    sim_each_row(s, look_at_row, &once);
    for (unsigned c = COUNT_ENDED_ACCEPTED; c <= COUNT_ENDED_NOT_DUE; c++)
        ended += trial_count(&s->t, (enum count)c);
    assert_int_equal(once.n, fired);
    assert_int_equal(once.ended, ended);
    qsort(once.keys, once.n, sizeof *once.keys, by_text);
    for (size_t i = 1; i < once.n; i++)
        if (strcmp(once.keys[i - 1], once.keys[i]) == 0)
            fail_msg("fired twice: %s", once.keys[i]);
    for (size_t i = 0; i < once.n; i++)
        free(once.keys[i]);
    free(once.keys);
}
