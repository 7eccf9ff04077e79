/* Both stories, 3½ years, as they would have gone in a bad office: the scheduler away for hours or
 * weeks at any time, the clock jumping forward, meetings moved back and forth, a relay that defers,
 * refuses, loses answers and is gone for days; and, in three of four lives, what people and
 * operators do that no story tells (sim_whim.h). What must hold is watched at every input (sim.h).
 * SEEDS= how many times at least, SEED= the first. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/harness/draw.h"
#include "tests/harness/sim_story.h"
#include "tests/harness/sim_whim.h"

#define SEEDS_DEFAULT 12
#define SEEDS_MOST 120 /* what is seldom may take more lives to come */
#define LONGEST_AWAY (21 * DAYS)
#define JUMP_MOST (1 * HOURS) /* further, and the clock guard would hold everything */

static struct {
    struct sim s;
    struct sim_story story;
    uint64_t state;
    instant back, relay_back; /* 0: they are there */
    unsigned outages, jumps, moves, lost, seen;
    unsigned long inputs;
    clock_t spent; /* of the processor, on them */
    struct sim_whims whims;
} it;

static uint64_t draw(void) {
    return draw_from(&it.state);
}

static bool once_in(unsigned n) {
    return draw() % n == 0;
}

/* ---- what goes wrong ---- */

static const char *bad_relay(struct sim *s, const struct rec_ledger *row) {
    (void)row;
    if (s->t.now < it.relay_back)
        return NULL;
    if (once_in(3000))
        it.relay_back = s->t.now + (instant)(draw() % (uint64_t)(4 * DAYS));
    unsigned what = (unsigned)(draw() % 100);
    it.lost += what < 3;
    return what < 3    ? "lost"
           : what < 5  ? "unknown"
           : what < 15 ? "deferred"
           : what < 16 ? "failed"
           : what < 26 ? "slow"
                       : "accepted";
}

/* Any meeting that people have been called to and that is still to come. */
static bool find_meeting(struct rec_meeting *ret) {
    struct key from = {.n = 0};
    struct bytes key, value;
    unsigned found = 0;
    while (store_seek(it.s.t.txn, TABLE_MEETING, key_bytes(&from), &key, &value) == 0) {
        struct rec_meeting m;
        memcpy(from.b, key.p, key.n);
        from.n = key.n;
        trial_get(&it.s.t, TABLE_MEETING, from, &m);
        from.b[from.n++] = 0;
        if (!text_is(m.state, "called") ||
            office_wall(&it.s.t.step.office, m.starts, m.zone) < it.s.t.now)
            continue;
        if (once_in(++found))
            *ret = m;
    }
    return found > 0;
}

static void move_a_meeting(void) {
    struct rec_meeting m;
    struct wall w;
    char starts[WALL_TEXT], id[32];
    struct buf body;
    if (!find_meeting(&m))
        return;
    must(wall_parse(m.starts, &w) == 0);
    w = wall_add(w, (int)(draw() % 20) - 6, ((int)(draw() % 5) - 2) * 60);
    wall_format(w, starts);
    snprintf(id, sizeof id, "move-%u", ++it.moves);
    buf_init(&body, 1000);
    pack_map(&body, 2);
    pack_str(&body, "meeting");
    pack_text(&body, m.meeting);
    pack_str(&body, "starts");
    pack_str(&body, starts);
    sim_say(&it.s, text_of(id), TEXT_LIT("meeting.move"), buf_as_bytes(&body));
    buf_free(&body);
}

/* Somebody sees the catch-up sheets, if there are any: they leave, slowly or not, or do not. */
static void see_sheets(bool skip) {
    char id[32];
    struct buf body;
    snprintf(id, sizeof id, "seen-%u", ++it.seen);
    buf_init(&body, 100);
    pack_map(&body, skip ? 0 : 1);
    if (!skip) {
        pack_str(&body, "rate");
        pack_int(&body, 1 + (int64_t)(draw() % 100));
    }
    sim_say(&it.s, text_of(id), text_of(skip ? "catchup.skip" : "catchup.release"),
            buf_as_bytes(&body));
    buf_free(&body);
}

/* Time until the next line, with what happens on the way. */
static void pass(instant to) {
    if (it.back && it.back <= to) { /* it starts again; what came in waits */
        sim_advance(&it.s, it.back);
        it.s.away = false;
        it.back = 0;
        it.s.batch = once_in(3) ? 1 + (unsigned)(draw() % 5) : 0;
        sim_settle(&it.s);
    }
    if (!it.s.away && to - it.s.t.now > 2 * JUMP_MOST && once_in(20)) {
        sim_advance(&it.s,
                    it.s.t.now + (instant)(draw() % (uint64_t)(to - it.s.t.now - JUMP_MOST)));
        sim_jump(&it.s, it.s.t.now + (instant)(draw() % (uint64_t)JUMP_MOST));
        it.jumps++;
    }
    if (!it.s.away && once_in(25)) { /* it falls at any moment before `to` */
        sim_advance(&it.s, it.s.t.now + (instant)(draw() % (uint64_t)(to - it.s.t.now + 1)));
        it.s.away = true;
        it.back = it.s.t.now + 1 + (instant)(draw() % (uint64_t)(once_in(4) ? LONGEST_AWAY : DAYS));
        it.outages++;
        pass(to);
        return;
    }
    sim_advance(&it.s, to);
}

/* ---- one life ---- */

/* What went together is of unknown fate together. */
static bool is_unknown(const struct rec_ledger *row) {
    struct text person, window = row->digest;
    struct rec_digest d;
    struct rec_ledger letter;
    if (!text_is(row->state, "digested"))
        return text_is(row->state, "unknown");
    must(text_cut(&window, '/', &person));
    trial_get(&it.s.t, TABLE_DIGEST, key2(person, window), &d);
    trial_get(&it.s.t, TABLE_LEDGER, key_no((uint64_t)d.letter), &letter);
    return text_is(letter.state, "unknown");
}

static void all_ends(void *ctx, const struct rec_ledger *row) {
    (void)ctx;
    if (!row->ended && !is_unknown(row))
        fail_msg("%lld is %.*s long after", (long long)row->no, TEXT_ARGS(row->state));
}

static void live(uint64_t seed) {
    bool whims = seed % 4 != 0;
    it.state = seed;
    it.whims.draw = draw;
    it.back = it.relay_back = 0;
    it.outages = it.jumps = it.moves = it.lost = it.seen = 0;
    sim_open(&it.s, it.story.lines[0].at);
    it.s.fate = bad_relay;
    clock_t began = clock();
    for (size_t i = 0; i < it.story.count; i++) {
        const struct sim_line *l = &it.story.lines[i];
        if (l->at > it.s.t.now)
            pass(l->at);
        sim_say(&it.s, l->id, l->type, l->body);
        if (once_in(30))
            move_a_meeting();
        if (once_in(20))
            see_sheets(once_in(5));
        if (whims && !it.s.away && once_in(3))
            sim_whim(&it.s, &it.whims);
    }
    pass(it.s.t.now + LONGEST_AWAY);
    it.s.away = false;
    it.s.fate = NULL;
    sim_whim_resume(&it.s, &it.whims);
    sim_advance(&it.s, it.s.t.now + DAYS);
    see_sheets(false);
    sim_advance(&it.s, it.s.t.now + 200 * DAYS);
    it.spent += whims ? 0 : clock() - began; /* a letter to all of them is no usual input */
    it.inputs += whims ? 0 : it.s.inputs;
    sim_watch_all(&it.s);
    sim_each_row(&it.s, all_ends, NULL);
    sim_whim_count(&it.s, &it.whims);
    printf(
        "SEED=%llu: %u outages, %u jumps, %u moves, %u lost; %lu inputs, %lu refused, %llu rows\n",
        (unsigned long long)seed, it.outages, it.jumps, it.moves, it.lost, it.s.inputs,
        it.s.refused, (unsigned long long)trial_count(&it.s.t, COUNT_FIRED));
    sim_close(&it.s);
}

/* What no life has come to was not tried. */
static bool is_all_seen(void) {
    bool all = true;
#define X(name, words) all &= it.whims.seen.name > 0;
    SIM_SEEN(X)
#undef X
    return all;
}

static void print_seen(void) {
#define X(name, words) printf("%8lu %s\n", it.whims.seen.name, words);
    SIM_SEEN(X)
#undef X
}

static void test_years(void **context) {
    unsigned long first = draw_number("SEED", (unsigned long)time(NULL)),
                  count = draw_number("SEEDS", SEEDS_DEFAULT);
    (void)context;
    sim_story_read(&it.story, "config/samples/cirkular-kommun.jsonl");
    sim_story_read(&it.story, "config/samples/cirkulaere-byer.jsonl");
    sim_story_order(&it.story);
    bool whole = count >= SEEDS_DEFAULT;
    for (unsigned long i = 0; i < count || (whole && i < SEEDS_MOST && !is_all_seen()); i++) {
        printf("SEED=%lu\n", first + i);
        fflush(stdout);
        live(first + i);
    }
    printf("%.0f inputs a second\n",
           (double)it.inputs * CLOCKS_PER_SEC / (double)(it.spent ? it.spent : 1));
    print_seen();
    if (whole && !is_all_seen())
        fail_msg("something was never reached");
    sim_story_free(&it.story);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_years)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
