/* Moments over both clock changes, reckoned from each kind of field. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/moment.h"

static const struct zone *stockholm(void) {
    const struct zone *zone;
    assert_int_equal(zone_find(TEXT_LIT("Europe/Stockholm"), &zone), 0);
    return zone;
}

static void shows(const char *moment, enum rec_type type, const void *record, const char *expected,
                  const char *occurrence) {
    struct moment m;
    struct buf err;
    char when[RFC3339_TEXT] = "never", from[65] = "";
    buf_init(&err, 1000);
    if (moment_parse(text_of(moment), &rec_shapes[type], &m, &err))
        fail_msg("%s: %s", moment, buf_cstr(&err));
    instant at = moment_of(&m, record, stockholm(), TEXT_LIT("SE"), from);
    if (at)
        instant_format(at, NULL, when);
    if (strcmp(when, expected) || (occurrence && strcmp(from, occurrence)))
        fail_msg("%s: %s of %s; expected %s of %s", moment, when, from, expected,
                 occurrence ? occurrence : "anything");
    buf_free(&err);
}

static void test_from_a_wall_clock(void **context) {
    static const struct {
        const char *moment, *starts, *expected;
    } cases[] = {
        {"starts", "2022-05-24T09:00", "2022-05-24T07:00:00Z"},
        {"starts at 08:00", "2022-05-24T09:00", "2022-05-24T06:00:00Z"},
        /* the wall clock stays, over both changes */
        {"starts - 7d at 09:00", "2022-03-30T10:00", "2022-03-23T08:00:00Z"},
        {"starts - 7d", "2022-11-02T10:00", "2022-10-26T08:00:00Z"},
        {"starts - 1w", "2022-11-02T10:00", "2022-10-26T08:00:00Z"},
        {"starts + 1d at 00:00", "2022-05-24T09:00", "2022-05-24T22:00:00Z"},
        /* hours are hours */
        {"starts - 1h", "2022-03-27T03:30", "2022-03-27T00:30:00Z"},
        {"starts - 24h", "2022-10-30T12:00", "2022-10-29T11:00:00Z"},
        {"starts - 15m", "2022-05-24T09:00", "2022-05-24T06:45:00Z"},
        /* skipped: shifted by the gap; twice: the first */
        {"starts - 1d", "2022-03-28T02:30", "2022-03-27T01:30:00Z"},
        {"starts", "2022-03-27T02:30", "2022-03-27T01:30:00Z"},
        {"starts - 1d", "2022-10-31T02:30", "2022-10-30T00:30:00Z"},
        {"starts at 02:30", "2022-10-30T12:00", "2022-10-30T00:30:00Z"},
        {"starts - 1d at 09:00", "2024-03-01T09:00", "2024-02-29T08:00:00Z"},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct rec_meeting m = {.starts = text_of(cases[i].starts)};
        char occurrence[65];
        snprintf(occurrence, sizeof occurrence, "starts=%s", cases[i].starts);
        shows(cases[i].moment, REC_MEETING, &m, cases[i].expected, occurrence);
    }
}

static void test_from_an_instant(void **context) {
    static const struct {
        const char *moment, *expected;
    } cases[] = {
        {"called", "2022-03-25T08:30:00Z"},
        {"called + 3d", "2022-03-28T07:30:00Z"},
        {"called + 72h", "2022-03-28T08:30:00Z"},
        {"called at 09:00", "2022-03-25T08:00:00Z"},
        {"called + 7d at 09:00", "2022-04-01T07:00:00Z"},
    };
    struct rec_meeting m = {.starts = TEXT_NONE};
    (void)context;
    assert_int_equal(instant_parse(TEXT_LIT("2022-03-25T08:30:00Z"), &m.called), 0);
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        shows(cases[i].moment, REC_MEETING, &m, cases[i].expected, "called=2022-03-25T08:30:00Z");
    m.called += 7; /* two calls within a second are two occurrences */
    shows("called", REC_MEETING, &m, "2022-03-25T08:30:00Z", "called=2022-03-25T08:30:00.007Z");
}

static void test_from_a_date(void **context) {
    struct rec_material m = {.due = TEXT_LIT("2022-03-26")};
    (void)context;
    shows("due", REC_MATERIAL, &m, "2022-03-25T23:00:00Z", "due=2022-03-26");
    shows("due + 1d", REC_MATERIAL, &m, "2022-03-26T23:00:00Z", NULL);
    shows("due + 3d at 09:00", REC_MATERIAL, &m, "2022-03-29T07:00:00Z", NULL);
    m.due = TEXT_NONE;
    shows("due", REC_MATERIAL, &m, "never", NULL);
    shows("published + 14d", REC_MATERIAL, &m, "never", NULL);
}

static void test_refused(void **context) {
    static const char *const bad[] = {
        "",
        "tomorrow",
        "title",
        "starts -",
        "starts 7d",
        "starts - 7",
        "starts - 7y",
        "starts - 900d",
        "starts at",
        "starts at 24:00",
        "starts at 9:00",
        "starts - 1h at 09:00",
        "starts - 7d at 09:00 or so",
        "starts - -7d",
        "starts at 09:60",
        "starts at 0900",
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(bad); i++) {
        struct moment m;
        struct buf err;
        buf_init(&err, 1000);
        if (moment_parse(text_of(bad[i]), &rec_shapes[REC_MEETING], &m, &err) == 0 || err.n == 0)
            fail_msg("\"%s\" is taken for a moment", bad[i]);
        buf_free(&err);
    }
}

static void test_which_comes_first(void **context) {
    static const struct {
        const char *a, *b;
        bool same, before;
    } cases[] = {
        {"starts", "starts", true, false},
        {"starts - 7d", "starts - 1w", true, false},
        {"starts - 24h", "starts - 1d", false, false}, /* unless a clock change lies between */
        {"starts - 3d", "starts - 1d at 09:00", false, true},
        {"starts - 1d", "starts - 1d at 09:00", false, false}, /* it depends on when it starts */
        {"starts - 1d at 08:59", "starts - 1d at 09:00", false, true},
        {"starts - 1d at 09:00", "starts - 1d at 09:00", true, false},
        {"starts - 1h", "starts", false, true},
        {"starts", "starts - 1h", false, false},
        {"starts - 26h", "starts - 1d", false, false},
        {"starts - 28h", "starts - 1d", false, true},
        {"starts - 1h", "starts + 1d at 00:00", false, false}, /* it may start at five to twelve */
        {"starts + 5 workdays", "starts + 5 workdays at 09:00", false, false},
        {"starts + 4 workdays", "starts + 5 workdays at 09:00", false, true},
        {"starts + 5 workdays", "starts + 7d", false, false}, /* there may be holidays */
        {"starts + 5 workdays", "starts + 31d", false, true},
        {"starts - 31d", "starts - 5 workdays", false, true},
        {"starts - 7d", "starts - 5 workdays", false, false},
        {"registration_closes - 30d", "starts", false, false},
    };
    (void)context;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct moment a, b;
        struct buf err;
        buf_init(&err, 1000);
        assert_int_equal(moment_parse(text_of(cases[i].a), &rec_shapes[REC_MEETING], &a, &err), 0);
        assert_int_equal(moment_parse(text_of(cases[i].b), &rec_shapes[REC_MEETING], &b, &err), 0);
        buf_free(&err);
        if (moment_is_same(&a, &b) != cases[i].same ||
            moment_is_surely_before(&a, &b) != cases[i].before ||
            (cases[i].before && moment_is_surely_before(&b, &a)))
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_a_wall_clock), cmocka_unit_test(test_from_an_instant),
        cmocka_unit_test(test_from_a_date),       cmocka_unit_test(test_which_comes_first),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
