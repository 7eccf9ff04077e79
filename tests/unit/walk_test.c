/* A random walk: every message that can be said, legal and illegal, time, arms and results in any
 * order, in a small world. What a step touched is looked at after it, and after every so many steps
 * everything that must hold. A failure names the seed and the step; the same seed walks the same
 * way (SEED=, STEPS=, CHECK=every so many steps). From LONG steps on every message must have been
 * applied at least once. The long form:
 *
 *     STEPS=200000 make test T=walk_test */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/harness/draw.h"
#include "tests/harness/walk.h"

#define LONG 200000
#define HOLD_EVERY 4000
#define STEPS_DEFAULT 30000
#define CHECK_DEFAULT 500

static void on_abort(int sig) {
    (void)sig;
    walk_say_where();
    signal(SIGABRT, SIG_DFL);
    abort();
}

/* ---- time and letters ---- */

static void let_time_pass(void) {
    static const msec spans[] = {1, MINUTES, 5 * MINUTES, HOURS, 3 * HOURS, 12 * HOURS};
    msec by = (msec)(walk_draw() % (uint64_t)spans[walk_below(COUNT_OF(spans))]) + 1;
    walk.t.now += by;
    walk.t.boot += by;
    walk_remember("%lld now", (long long)walk.t.now);
    if (walk_chance(80)) {
        trial_fire(&walk.t);
        walk_check_input(false);
        return;
    }
    for (unsigned i = walk_below(4); i > 0; i--) { /* fell over in between */
        int rc = step_due(&walk.t.step, walk.t.now, walk.t.now);
        walk.t.inputs++;
        walk_must(rc == 0 || rc == -ENOENT, "step_due: %d", rc);
    }
}

/* Another rulebook while plans are planned, due and firing. */
static void change_a_rule(void) {
    struct rule *r = &walk.t.rules.rules[walk_below(walk.t.rules.count)];
    struct key cursor = {.n = 0};
    unsigned table = 0;
    bool done = false;
    walk_remember("rule %s changes", r->name);
    r->version[0] = r->version[0] == 'x' ? 'y' : 'x';
    r->when[0].days += walk_chance(50) ? 1 : -1;
    while (!done)
        must(step_rules(&walk.t.step, walk.t.now, &cursor, &table, &done) == 0);
}

/* The service holds by itself: a clock that jumped, or data that was copied. */
static void hold_everything(void) {
    const char *hold = walk_chance(50) ? "clock" : "copy";
    walk_remember("%s holds", hold);
    walk.t.inputs++;
    int rc = step_hold(&walk.t.step, walk.t.now, hold, TEXT_LIT("walk"));
    walk_must(rc == 0, "step_hold: %d", rc);
}

/* Whoever is waited for may go, unless something forbids it. */
static void check_grant(int64_t no) {
    struct rec_ledger row;
    struct rec_person p;
    trial_get(&walk.t, TABLE_LEDGER, key_no((uint64_t)no), &row);
    trial_get(&walk.t, TABLE_PERSON, key1(row.person), &p);
    walk_must(text_is(row.state, "armed"), "%lld granted and %.*s", (long long)no,
              TEXT_ARGS(row.state));
    walk_must(!row.useful || row.useful >= walk.t.now, "%lld left past its use", (long long)no);
    walk_must(!p.protected && !p.restricted && text_is(p.state, "active"), "%lld left for %.*s",
              (long long)no, TEXT_ARGS(row.person));
    if (row.told) {
        struct rec_meeting m;
        trial_get(&walk.t, TABLE_MEETING, key1(row.about), &m);
        walk_must(row.told == m.revision + 1, "%lld left with an old time", (long long)no);
    }
}

static int64_t any_waiting(void) {
    struct key from = key_no(0);
    struct bytes key, value;
    uint64_t due, no = 0;
    for (unsigned skip = walk_below(4);
         store_seek(walk.t.txn, TABLE_OUTBOX, key_bytes(&from), &key, &value) == 0; skip--) {
        size_t at = 0;
        must(key_next_u64(key, &at, &due) && key_next_u64(key, &at, &no));
        if (skip == 0)
            break;
        from = key_no(due);
        key_u64(&from, no + 1);
    }
    return (int64_t)no;
}

static void ask_to_arm(void) {
    int64_t no = walk_chance(90) ? any_waiting() : walk_any_row();
    struct key k = key_no((uint64_t)no);
    struct bytes value;
    struct rec_ledger row;
    if (store_get(walk.t.txn, TABLE_LEDGER, key_bytes(&k), &value))
        return;
    trial_get(&walk.t, TABLE_LEDGER, k, &row);
    int64_t attempt = row.attempts + (walk_chance(90) ? 1 : (int64_t)walk_below(3));
    if (attempt < 1)
        attempt = 1;
    walk_remember("arm %lld attempt %lld", (long long)no, (long long)attempt);
    if (!trial_arm(&walk.t, no, attempt))
        return;
    walk.granted++;
    walk_check_row(no);
    if (!text_is(row.state, "armed")) /* said again is granted as before */
        check_grant(no);
}

static void report(void) {
    static const char *const outcomes[] = {"accepted", "accepted", "accepted",
                                           "deferred", "deferred", "failed",
                                           "bounced",  "unknown",  "released"};
    struct bytes key, value;
    struct key from = key_no(0);
    struct rec_ledger row;
    uint64_t no = 0;
    size_t at = 0;
    if (walk_chance(85) && store_seek(walk.t.txn, TABLE_ARMED, key_bytes(&from), &key, &value) == 0)
        must(key_next_u64(key, &at, &no));
    else
        no = (uint64_t)walk_any_row();
    struct key k = key_no(no);
    if (store_get(walk.t.txn, TABLE_LEDGER, key_bytes(&k), &value))
        return;
    trial_get(&walk.t, TABLE_LEDGER, k, &row);
    if (walk_chance(8)) {
        walk_remember("lost %llu", (unsigned long long)no);
        int rc = step_lost(&walk.t.step, walk.t.now, no);
        walk.t.inputs++;
        walk_must(rc == 0, "step_lost: %d", rc);
        walk_check_row((int64_t)no);
        return;
    }
    const char *outcome = outcomes[walk_below(COUNT_OF(outcomes))];
    int64_t attempt = walk_chance(85) ? row.attempts : row.attempts + 1;
    walk_remember("result %llu attempt %lld %s", (unsigned long long)no, (long long)attempt,
                  outcome);
    if (attempt)
        trial_result(&walk.t, (int64_t)no, attempt, outcome);
    if (attempt && walk_chance(10)) /* and said again */
        trial_result(&walk.t, (int64_t)no, attempt, outcome);
    walk_check_row((int64_t)no);
}

/* ---- the walk ---- */

static void test_walk(void **context) {
    unsigned long steps = draw_number("STEPS", STEPS_DEFAULT),
                  check = draw_number("CHECK", CHECK_DEFAULT);
    (void)context;
    walk.seed = walk.state = draw_number("SEED", (unsigned long)time(NULL));
    printf("SEED=%llu STEPS=%lu\n", (unsigned long long)walk.seed, steps);
    fflush(stdout);
    signal(SIGABRT, on_abort);
    trial_open(&walk.t, NULL, "2022-01-03T08:00");
    walk.t.settings.fire_slice = 3;
    walk.received = walk.t.now;
    walk.checking = true;
    walk_found();
    for (walk.step = 1; walk.step <= steps; walk.step++) {
        unsigned what = walk_below(100);
        if (what < 60)
            walk_say();
        else if (what < 68)
            let_time_pass();
        else if (what < 84)
            ask_to_arm();
        else
            report();
        if (walk_chance(1) && walk_chance(10))
            change_a_rule();
        if (walk_below(HOLD_EVERY) == 0)
            hold_everything();
        if (walk.step % check == 0)
            walk_check();
        if (walk.step % 1000 == 0)
            trial_commit(&walk.t);
    }
    printf("%lu inputs, %llu applied, %llu refused, %llu letters, %lu armed\n", walk.t.inputs,
           (unsigned long long)trial_count(&walk.t, COUNT_APPLIED),
           (unsigned long long)trial_count(&walk.t, COUNT_REFUSED),
           (unsigned long long)trial_count(&walk.t, COUNT_FIRED), walk.granted);
    walk_coverage();
    if (steps >= LONG && walk_never_applied())
        fail_msg("%s was never applied", walk_never_applied());
    walk_check();
    trial_close(&walk.t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_walk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
