#include "tests/harness/sim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/halt.h"
#include "services/scheduler/reminders/ledger.h"

#define INPUTS_A_COMMIT 2000
#define LEASE_AND_MORE (1 * MINUTES)

static void count_input(struct sim *s) {
    arena_reset(s->t.arena);
    if (++s->inputs % INPUTS_A_COMMIT == 0)
        trial_commit(&s->t);
}

/* ---- events ---- */

void sim_say(struct sim *s, struct text id, struct text type, struct bytes body) {
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 64;
        s->inbox = realloc(s->inbox, s->room * sizeof *s->inbox);
        must(s->inbox);
    }
    struct bytes payload = trial_payload(&s->t, s->t.now, id, type, body);
    struct sim_said *said = &s->inbox[s->count++];
    *said = (struct sim_said){s->t.now, payload.n, malloc(payload.n)};
    must(said->bytes);
    memcpy(said->bytes, payload.p, payload.n);
    arena_reset(s->t.arena);
}

static void apply_one(struct sim *s) {
    struct sim_said *said = &s->inbox[s->first++];
    struct rec_event e;
    struct complaint c;
    count_input(s);
    trial_apply(&s->t, (struct bytes){said->bytes, said->size});
    s->applied += !s->t.refusal.code;
    if (s->t.refusal.code) {
        s->refused++;
        must(codec_decode(&rec_shapes[REC_EVENT], CODEC_LENIENT,
                          (struct bytes){said->bytes, said->size}, &e, &c) == 0);
        snprintf(s->refusal, sizeof s->refusal, "%.*s %.*s: %s, %s: %s", TEXT_ARGS(e.id),
                 TEXT_ARGS(e.type), s->t.refusal.code, s->t.refusal.field, s->t.refusal.text);
    }
    free(said->bytes);
    if (s->first == s->count)
        s->first = s->count = 0;
}

/* One commit's worth; writes up to when what is due may fall due then. */
static instant apply_some(struct sim *s) {
    instant received = 0;
    for (unsigned n = 0; s->first < s->count && (!s->batch || n < s->batch); n++) {
        received = s->inbox[s->first].received;
        apply_one(s);
    }
    return s->first < s->count ? received : s->t.now;
}

static void fire(struct sim *s, instant until) {
    int rc;
    do {
        count_input(s);
        sim_watch_due(s);
        rc = step_due(&s->t.step, s->t.now, until);
        if (rc == 0)
            sim_watch_fired(s);
    } while (rc == 0);
    if (rc != -ENOENT)
        fail_msg("step_due: %d", rc);
}

/* ---- letters ---- */

static bool next_in_outbox(struct sim *s, struct key *from, struct rec_ledger *ret) {
    struct bytes key, value;
    uint64_t due, no;
    size_t at = 0;
    if (store_seek(s->t.txn, TABLE_OUTBOX, key_bytes(from), &key, &value))
        return false;
    must(key_next_u64(key, &at, &due) && key_next_u64(key, &at, &no));
    *from = key_no(due);
    key_u64(from, no + 1);
    if ((instant)due > s->t.now)
        return false;
    trial_get(&s->t, TABLE_LEDGER, key_no(no), ret);
    return true;
}

static void try_one(struct sim *s, const struct rec_ledger *row, const char *fate) {
    int64_t attempt = row->attempts + 1;
    s->inputs++;
    if (!trial_arm(&s->t, row->no, attempt))
        return;
    sim_watch_leaves(s, row);
    if (strcmp(fate, "lost") == 0)
        return;
    if (strcmp(fate, "slow") == 0) {
        s->slow = realloc(s->slow, (s->slow_count + 1) * sizeof *s->slow);
        must(s->slow);
        s->slow[s->slow_count++] = (struct sim_slow){row->no, attempt, s->t.now};
        return;
    }
    trial_result(&s->t, row->no, attempt, fate);
    count_input(s);
}

/* Answers that took their time, when time has passed. */
static bool hear_slow(struct sim *s) {
    unsigned kept = 0, count = s->slow_count;
    for (unsigned i = 0; i < count; i++) {
        struct sim_slow slow = s->slow[i];
        struct rec_ledger row;
        if (slow.since == s->t.now) {
            s->slow[kept++] = slow;
            continue;
        }
        count_input(s);
        trial_get(&s->t, TABLE_LEDGER, key_no((uint64_t)slow.no), &row);
        const char *fate = s->fate ? s->fate(s, &row) : "accepted";
        bool again = !fate || strcmp(fate, "slow") == 0 || strcmp(fate, "lost") == 0;
        trial_result(&s->t, slow.no, slow.attempt, again ? "deferred" : fate);
    }
    s->slow_count = kept;
    return kept < count;
}

static bool is_slow(const struct sim *s, uint64_t no) {
    for (unsigned i = 0; i < s->slow_count; i++)
        if (s->slow[i].no == (int64_t)no)
            return true;
    return false;
}

/* Leases whose notifier fell: the boot clock goes on, the wall clock need not. */
static bool sweep(struct sim *s) {
    struct key from = {.n = 0};
    struct bytes key, value;
    bool any = false;
    while (store_seek(s->t.txn, TABLE_ARMED, key_bytes(&from), &key, &value) == 0) {
        uint64_t no;
        size_t at = 0;
        must(key_next_u64(key, &at, &no));
        from = key_no(no + 1);
        if (is_slow(s, no))
            continue;
        s->t.boot += any ? 0 : LEASE_AND_MORE;
        any = true;
        count_input(s);
        if (step_lost(&s->t.step, s->t.now, no))
            fail_msg("step_lost");
    }
    return any;
}

static bool deliver(struct sim *s) {
    struct key from = {.n = 0};
    struct rec_ledger row;
    bool halted, any = hear_slow(s);
    assert_int_equal(halt_any(s->t.txn, &halted), 0);
    while (!halted && next_in_outbox(s, &from, &row)) {
        const char *fate = s->fate ? s->fate(s, &row) : "accepted";
        if (!fate)
            continue;
        any = true;
        try_one(s, &row, fate);
    }
    return sweep(s) || any;
}

/* ---- time ---- */

void sim_settle(struct sim *s) {
    bool any = true;
    for (unsigned turns = 0; any && !s->away; turns++) {
        if (turns > 100000)
            fail_msg("what is to be done never ends");
        fire(s, apply_some(s));
        any = s->first < s->count;
        if (!any)
            any = deliver(s);
        sim_watch_sums(s);
    }
}

void sim_advance(struct sim *s, instant to) {
    instant next = 0;
    sim_settle(s);
    while (!s->away && s->t.now < to) {
        assert_int_equal(step_next(&s->t.step, &next), 0);
        s->t.now = next > s->t.now && next < to ? next : to;
        sim_settle(s);
    }
    s->t.now = to > s->t.now ? to : s->t.now;
}

void sim_jump(struct sim *s, instant to) {
    s->t.now = to > s->t.now ? to : s->t.now;
    sim_settle(s);
}

/* ---- from open to close ---- */

void sim_open(struct sim *s, instant now) {
    *s = (struct sim){.watch = sim_watch_new()};
    trial_open(&s->t, NULL, "2020-01-01T00:00");
    s->t.now = now;
}

void sim_close(struct sim *s) {
    while (s->first < s->count)
        free(s->inbox[s->first++].bytes);
    free(s->inbox);
    free(s->slow);
    sim_watch_free(&s->watch);
    trial_close(&s->t);
}
