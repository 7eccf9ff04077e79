/* service: cirkel */
#include "services/cirkel/alarms.h"

#include "common/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW ((instant)1700000000000)
#define AGO(span) (NOW - (span))
#define PATIENCE (15 * MINUTES)

static const struct {
    const char *what;
    struct health health;
    const char *words; /* of the alarms, in order */
} rows[] = {
    {"a quiet office", {0}, ""},
    {"a busy one", {.pending = 900, .oldest_pending = AGO(59 * SECONDS)}, ""},
    {"all programs run", {.started = 4}, ""},
    {"one does not", {.started = 4, .away = 1, .away_names = "notifier"}, "not-running "},
    {"events wait", {.pending = 1, .oldest_pending = AGO(61 * SECONDS)}, "events-wait "},
    {"due now", {.overdue = 50, .oldest_overdue = AGO(5 * MINUTES)}, ""},
    {"due for long", {.overdue = 1, .oldest_overdue = AGO(6 * MINUTES)}, "reminders-wait "},
    {"letters wait a little", {.waiting = 9, .oldest_waiting = AGO(15 * MINUTES)}, ""},
    {"none leaves", {.waiting = 9, .oldest_waiting = AGO(16 * MINUTES)}, "nothing-leaves "},
    {"one waits long, others leave",
     {.waiting = 9, .oldest_waiting = AGO(2 * HOURS), .last_accepted = AGO(1 * MINUTES)},
     ""},
    {"the last one left long ago",
     {.waiting = 9, .oldest_waiting = AGO(2 * HOURS), .last_accepted = AGO(1 * HOURS)},
     "nothing-leaves "},
    {"none leaves, as ordered",
     {.waiting = 9, .oldest_waiting = AGO(2 * HOURS), .on_hold = true},
     ""},
    {"all at once",
     {.pending = 2,
      .oldest_pending = AGO(1 * HOURS),
      .overdue = 3,
      .oldest_overdue = AGO(1 * HOURS),
      .waiting = 4,
      .oldest_waiting = AGO(1 * HOURS),
      .disk_scarce = true},
     "events-wait reminders-wait nothing-leaves disk-full "},
};

static void only_when_broken(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct alarm alarms[ALARM_COUNT];
        struct health health = rows[i].health;
        char words[128] = "";
        health.now = NOW;
        unsigned n = alarms_of(&health, PATIENCE, alarms);
        for (unsigned k = 0; k < n; k++) {
            strcat(words, alarms[k].word);
            strcat(words, " ");
        }
        if (strcmp(words, rows[i].words) != 0)
            fail_msg("%s: %s, not %s", rows[i].what, words, rows[i].words);
    }
}

static void says_since_when(void **state) {
    struct health health = {.now = NOW, .waiting = 7, .oldest_waiting = AGO(2 * HOURS)};
    struct alarm alarms[ALARM_COUNT];
    struct buf text;
    (void)state;
    assert_int_equal(alarms_of(&health, PATIENCE, alarms), 1);
    buf_init(&text, 256);
    alarm_text(&alarms[0], NOW, &text);
    assert_string_equal(buf_cstr(&text), "7 letters wait, and none has left for 2 h");
    buf_free(&text);
}

static void says_what_does_not_run(void **state) {
    static const struct {
        unsigned away;
        const char *names, *text;
    } said[] = {
        {1, "notifier", "notifier does not run, though the rest of the service does"},
        {2, "intake, gateway", "intake, gateway do not run, though the rest of the service does"},
        {4, "scheduler, intake, notifier, gateway",
         "the service does not run: nothing is taken in, falls due or leaves"},
    };
    struct alarm alarms[ALARM_COUNT];
    struct buf text;
    (void)state;
    buf_init(&text, 256);
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        struct health health = {
            .now = NOW, .started = 4, .away = said[i].away, .away_names = said[i].names};
        assert_int_equal(alarms_of(&health, PATIENCE, alarms), 1);
        buf_clear(&text);
        alarm_text(&alarms[0], NOW, &text);
        assert_string_equal(buf_cstr(&text), said[i].text);
    }
    buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_when_broken),
                                       cmocka_unit_test(says_since_when),
                                       cmocka_unit_test(says_what_does_not_run)};
    return cmocka_run_group_tests_name("alarms", tests, NULL, NULL);
}
