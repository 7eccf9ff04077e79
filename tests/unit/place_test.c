/* Places: taken, refused, lapsed, given back, and offered to the next; six are never seven. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/calls.h"
#include "tests/harness/draw.h"

#define ANSWER(id, person) "{'application':'" id "','person':'" person "'}"

/* So many are offered a place, the others are reserves in order. */
static void open_offered(struct trial *t, unsigned places, unsigned towns) {
    calls_world(t, places, towns);
    calls_open(t);
    calls_eligible(t, towns);
    for (unsigned i = 0; i < towns; i++)
        calls_decide(t, i, i < places ? "selected" : "reserve", i < places ? 0 : i - places + 1);
    trial_do(t, "decision.release", "{'programme':'prog'}");
}

static const char *state_of(struct trial *t, unsigned town) {
    static char state[32];
    assert_int_equal(text_copy(calls_application(t, town).state, state, sizeof state), 0);
    return state;
}

static void test_accept(void **state) {
    static const struct {
        const char *body, *code, *field;
    } rows[] = {
        {ANSWER("none", "t0-a"), "not-found", "application"},
        {ANSWER("app0", "none"), "not-found", "person"},
        {ANSWER("app0", "t1-a"), "not-entitled", "person"},
        {ANSWER("app2", "t2-a"), "wrong-state", "application"}, /* a reserve */
        {ANSWER("app0", "t0-b"), "applied", NULL},
        {ANSWER("app0", "t0-a"), "already", "application"},
    };
    struct trial t;
    struct rec_participation p;
    (void)state;
    open_offered(&t, 2, 3);
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        calls_refused(&t, rows[i].code, rows[i].field,
                      trial_say(&t, "offer.accept", "%s", rows[i].body));
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "offer.refuse", ANSWER("app0", "t0-a")));
    calls_refused(&t, "wrong-state", "application",
                  trial_say(&t, "application.withdraw", "{'application':'app0'}"));
    assert_string_equal(state_of(&t, 0), "accepted");
    assert_true(text_is(calls_owed(&t, "answer-offer", "app0"), "met"));
    trial_get(&t, TABLE_PARTICIPATION, key2(TEXT_LIT("prog"), TEXT_LIT("t0")), &p);
    assert_true(text_is(p.state, "running"));
    calls_check(&t);
    trial_close(&t);
}

static void test_refuse(void **state) {
    struct trial t;
    (void)state;
    open_offered(&t, 2, 4);
    trial_until(&t, "2022-02-10T09:00");
    calls_refused(&t, "not-entitled", "person",
                  trial_say(&t, "offer.refuse", ANSWER("app0", "t1-a")));
    trial_do(&t, "offer.refuse", ANSWER("app0", "t0-a"));
    calls_refused(&t, "already", "application",
                  trial_say(&t, "offer.refuse", ANSWER("app0", "t0-a")));
    assert_true(text_is(calls_owed(&t, "answer-offer", "app0"), "met"));
    assert_string_equal(state_of(&t, 2), "selected"); /* the first reserve, with its own days */
    assert_string_equal(state_of(&t, 3), "reserve");
    assert_int_equal(calls_application(&t, 2).offer_expires, trial_wall("2022-02-24T23:59"));
    calls_check(&t);
    trial_do(&t, "application.withdraw", "{'application':'app3'}"); /* nobody is next now */
    trial_do(&t, "application.withdraw", "{'application':'app1'}");
    assert_int_equal(calls_programme(&t).taken, 1);
    calls_check(&t);
    trial_close(&t);
}

static void test_lapse(void **state) {
    struct trial t;
    (void)state;
    open_offered(&t, 1, 3);
    t.now = trial_wall("2022-02-20T00:00") - 1; /* the last millisecond of the fourteenth day */
    trial_settle(&t);
    assert_string_equal(state_of(&t, 0), "selected");
    t.now++;
    calls_refused(&t, "too-late", "application", /* not looked after, and too late all the same */
                  trial_say(&t, "offer.accept", ANSWER("app0", "t0-a")));
    calls_refused(&t, "too-late", "application",
                  trial_say(&t, "offer.refuse", ANSWER("app0", "t0-a")));
    trial_settle(&t);
    assert_string_equal(state_of(&t, 0), "lapsed");
    assert_string_equal(state_of(&t, 1), "selected");
    assert_true(text_is(calls_owed(&t, "answer-offer", "app0"), "moot"));
    calls_refused(&t, "too-late", "application",
                  trial_say(&t, "offer.accept", ANSWER("app0", "t0-a")));
    calls_check(&t);
    trial_until(&t, "2022-04-01T09:00"); /* and on by itself until nobody is left */
    assert_string_equal(state_of(&t, 1), "lapsed");
    assert_string_equal(state_of(&t, 2), "lapsed");
    assert_int_equal(calls_programme(&t).taken, 0);
    calls_check(&t);
    trial_close(&t);
}

/* An answer given in time counts, however late it is applied. */
static void test_accepted_in_time(void **state) {
    struct trial t;
    (void)state;
    open_offered(&t, 1, 2);
    t.now = trial_wall("2022-02-21T09:00");
    assert_string_equal(
        trial_said(&t, trial_wall("2022-02-19T23:59"), "offer.accept", ANSWER("app0", "t0-a")),
        "applied");
    trial_settle(&t);
    assert_string_equal(state_of(&t, 0), "accepted");
    assert_string_equal(state_of(&t, 1), "reserve");
    calls_check(&t);
    trial_close(&t);
}

/* Everybody answers, withdraws and decides in any order, and time passes: what holds, holds always.
 */
#define RACE_TOWNS 16
#define RACE_PLACES 6

static unsigned draw(unsigned *seed, unsigned below) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void race_decide(struct trial *t, unsigned *seed, unsigned town) {
    switch (draw(seed, 3)) {
    case 0:
        (void)trial_say(t, "decision.make",
                        "{'application':'app%u','outcome':'reserve','rank':%u,'reasons':'r'}", town,
                        1 + draw(seed, RACE_TOWNS));
        break;
    case 1:
        (void)trial_say(t, "decision.make",
                        "{'application':'app%u','outcome':'selected','reasons':'r'}", town);
        break;
    default:
        (void)trial_say(t, "decision.make",
                        "{'application':'app%u','outcome':'declined','reasons':'r'}", town);
    }
}

static void race_step(struct trial *t, unsigned *seed) {
    unsigned town = draw(seed, RACE_TOWNS), by = draw(seed, 8) ? town : draw(seed, RACE_TOWNS);
    switch (draw(seed, 8)) {
    case 0:
    case 1:
        (void)trial_say(t, "offer.accept", "{'application':'app%u','person':'t%u-a'}", town, by);
        break;
    case 2:
    case 3:
        (void)trial_say(t, "offer.refuse", "{'application':'app%u','person':'t%u-b'}", town, by);
        break;
    case 4:
        if (draw(seed, 4) == 0)
            (void)trial_say(t, "application.withdraw", "{'application':'app%u'}", town);
        break;
    case 5:
        race_decide(t, seed, town);
        break;
    case 6:
        (void)trial_say(t, draw(seed, 3) ? "decision.release" : "programme.update",
                        "{'programme':'prog'}");
        break;
    default:
        t->now += (msec)draw(seed, 3) * DAYS;
        trial_settle(t);
    }
}

static void race(unsigned seed) {
    struct trial t;
    calls_world(&t, RACE_PLACES, RACE_TOWNS);
    calls_open(&t);
    calls_eligible(&t, RACE_TOWNS);
    unsigned selected = 1 + draw(&seed, RACE_PLACES);
    for (unsigned i = 0; i < RACE_TOWNS; i++)
        calls_decide(&t, i, i < selected ? "selected" : "reserve", i < selected ? 0 : i + 1);
    if (draw(&seed, 2))
        trial_do(&t, "decision.release", "{'programme':'prog'}");
    for (unsigned i = 0; i < 60; i++) {
        race_step(&t, &seed);
        calls_check(&t);
    }
    trial_close(&t);
}

static void test_race(void **state) {
    unsigned seed = (unsigned)draw_number("SEED", 20220331);
    (void)state;
    for (unsigned i = 0; i < 20; i++, seed++) {
        print_message("seed %u\n", seed);
        race(seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept), cmocka_unit_test(test_refuse),
        cmocka_unit_test(test_lapse),  cmocka_unit_test(test_accepted_in_time),
        cmocka_unit_test(test_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
