/* Places and the waiting list: in order, offered with an expiry, whatever the meeting does
 * meanwhile. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/plan.h"
#include "tests/harness/trial.h"

/* Places for so many; the people register in that order. */
static void open_with_places(struct trial *t, unsigned places, const char *people) {
    trial_open_six(t);
    trial_do(t, "meeting.update", "{'meeting':'m','capacity':%u}", places);
    for (const char *p = people; *p; p++)
        trial_register(t, (char[]){*p, 0});
}

static void test_waiting_list(void **context) {
    struct trial t;
    (void)context;
    open_with_places(&t, 2, "abcdef");
    trial_expect(&t, "b", "registered");
    trial_expect(&t, "c", "waiting");
    /* in order; who goes in between is passed over */
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'d'}");
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'a'}");
    trial_expect(&t, "c", "offered");
    trial_expect(&t, "e", "waiting");
    /* an offer holds its place: a newcomer waits */
    trial_register(&t, "a");
    trial_expect(&t, "a", "waiting");
    /* lapsed: the next; and the one who let it lapse hears so */
    trial_until(&t, "2022-04-03T08:00");
    trial_expect(&t, "c", "lapsed");
    trial_expect(&t, "e", "offered");
    assert_string_equal(trial_say(&t, "registration.accept_offer", "{'meeting':'m','person':'c'}"),
                        "too-late");
    assert_int_equal(trial_rows(&t, "registration-offer-lapsed", "c", "accepted", NULL), 1);
    /* cancelled while offered, and declined: the next at once */
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'e'}");
    trial_expect(&t, "f", "offered");
    trial_do(&t, "registration.decline_offer", "{'meeting':'m','person':'f'}");
    trial_expect(&t, "a", "offered");
    trial_do(&t, "registration.accept_offer", "{'meeting':'m','person':'a'}");
    assert_int_equal(trial_meeting(&t, "m").registered, 2);
    assert_int_equal(trial_meeting(&t, "m").waiting, 0);
    trial_close(&t);
}

static void test_more_places(void **context) {
    struct trial t;
    (void)context;
    open_with_places(&t, 1, "abcd");
    trial_do(&t, "meeting.update", "{'meeting':'m','capacity':3}");
    trial_expect(&t, "b", "offered");
    trial_expect(&t, "c", "offered");
    trial_expect(&t, "d", "waiting");
    assert_string_equal(trial_say(&t, "meeting.update", "{'meeting':'m','capacity':2}"),
                        "conflict");
    trial_close(&t);
}

/* Said in time, applied after the offer's time: it was in time. Said after it: too late, whoever of
 * the two is looked at first. */
static void test_offer_and_outage(void **context) {
    struct trial t;
    (void)context;
    open_with_places(&t, 1, "abc");
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'a'}");
    instant expires = trial_registration(&t, "m", "b").offer_expires;
    t.now = expires + HOURS;
    assert_string_equal(
        trial_said(&t, expires, "registration.accept_offer", "{'meeting':'m','person':'b'}"),
        "too-late");
    assert_string_equal(
        trial_said(&t, expires - 1, "registration.accept_offer", "{'meeting':'m','person':'b'}"),
        "applied");
    trial_settle(&t);
    trial_expect(&t, "b", "registered");
    trial_expect(&t, "c", "waiting");
    trial_close(&t);
}

/* Who follows a hybrid meeting by video takes no place, however the modes change. */
static void test_hybrid(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "meeting.set_mode", "{'meeting':'m','mode':'hybrid','place':'Here'}");
    trial_do(&t, "meeting.update", "{'meeting':'m','capacity':1}");
    trial_register(&t, "a");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'b','mode':'video'}");
    trial_register(&t, "c");
    trial_register(&t, "d");
    trial_expect(&t, "b", "registered");
    trial_expect(&t, "c", "waiting");
    assert_int_equal(trial_meeting(&t, "m").registered, 1);
    trial_do(&t, "registration.change", "{'meeting':'m','person':'a','mode':'video'}");
    trial_expect(&t, "c", "offered");
    trial_do(&t, "registration.change", "{'meeting':'m','person':'d','mode':'video'}");
    trial_expect(&t, "d", "registered"); /* waits for nothing */
    assert_int_equal(trial_meeting(&t, "m").registered, 1);
    /* now the video takes places, too: nobody loses one, and the count is right */
    trial_do(&t, "meeting.set_mode", "{'meeting':'m','mode':'room'}");
    assert_int_equal(trial_meeting(&t, "m").registered, 4);
    for (const char *p = "abcd"; *p; p++)
        trial_do(&t, "registration.cancel", "{'meeting':'m','person':'%c'}", *p);
    assert_int_equal(trial_meeting(&t, "m").registered, 0);
    trial_close(&t);
}

/* A place that came free after the old start is offered once the meeting is ahead again. */
static void test_moved_ahead_again(void **context) {
    struct trial t;
    (void)context;
    open_with_places(&t, 1, "ab");
    t.now = trial_wall("2022-05-24T09:30");
    trial_settle(&t);
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'a'}");
    trial_expect(&t, "b", "waiting");
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-06-24T09:00'}");
    trial_expect(&t, "b", "offered");
    trial_close(&t);
}

/* No letter about a lapsed offer for a meeting that was cancelled. */
static void test_offer_of_a_cancelled_meeting(void **context) {
    struct trial t;
    (void)context;
    open_with_places(&t, 1, "ab");
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'a'}");
    trial_settle(&t);
    trial_do(&t, "meeting.cancel", "{'meeting':'m','reason':'R'}");
    trial_until(&t, "2022-06-01T08:00");
    trial_expect(&t, "b", "lapsed");
    assert_int_equal(trial_rows(&t, "registration-offer-lapsed", NULL, NULL, NULL), 0);
    assert_int_equal(trial_rows(&t, "meeting-cancelled", "b", "accepted", NULL), 1);
    trial_close(&t);
}

static void test_registration_closes(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "meeting.update", "{'meeting':'m','registration_closes':'2022-05-20T12:00'}");
    instant closes = trial_wall("2022-05-20T12:00");
    t.now = closes + 2 * DAYS; /* it was down */
    assert_string_equal(
        trial_said(&t, closes + 59 * SECONDS, "registration.make", "{'meeting':'m','person':'a'}"),
        "applied");
    assert_string_equal(
        trial_said(&t, closes + MINUTES, "registration.make", "{'meeting':'m','person':'b'}"),
        "too-late");
    trial_do(&t, "registration.cancel",
             "{'meeting':'m','person':'a'}"); /* one may always not come */
    trial_close(&t);
}

static void test_postponed(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_register(&t, "a");
    trial_register(&t, "b");
    trial_register(&t, "c");
    trial_settle(&t);
    trial_until(&t, "2022-04-20T08:00");
    trial_do(&t, "meeting.decide",
             "{'meeting':'m','decision':'postpone','starts':'2022-06-14T09:00'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "meeting-postponed", NULL, "accepted", NULL), 6);
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'a','answer':'yes'}");
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'b','answer':'no'}");
    trial_do(&t, "registration.answer", "{'meeting':'m','person':'c','answer':'maybe'}");
    trial_expect(&t, "a", "registered");
    trial_expect(&t, "b", "declined");
    trial_expect(&t, "c", "registered");
    assert_int_equal(trial_meeting(&t, "m").registered, 2);
    trial_until(&t, "2022-06-15T08:00");
    assert_int_equal(trial_rows(&t, "meeting-day-before", NULL, "accepted", NULL), 2);
    assert_int_equal(trial_rows(&t, "registration-declined", "b", "accepted", NULL), 1);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting_list),
        cmocka_unit_test(test_more_places),
        cmocka_unit_test(test_offer_and_outage),
        cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_moved_ahead_again),
        cmocka_unit_test(test_offer_of_a_cancelled_meeting),
        cmocka_unit_test(test_registration_closes),
        cmocka_unit_test(test_postponed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
