/* Public holidays of Denmark and Sweden against known years, and what is reckoned from them. The
 * dates and the yearly sums come from another implementation (python3-holidays), but for the Danish
 * days that offices keep without a law. */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/scheduler/reminders/moment.h"
#include "services/scheduler/reminders/workday.h"

static struct wall day(const char *date) {
    struct wall w;
    if (date_parse(text_of(date), &w))
        fail_msg("no date: %s", date);
    return w;
}

static const char *on(const char *country, const char *date) {
    const char *name = workday_holiday(text_of(country), day(date));
    return name ? name : "";
}

static void is_named(const char *country, int year, const char *month_day, const char *name) {
    char date[40];
    snprintf(date, sizeof date, "%04d-%s", year, month_day);
    if (strcmp(on(country, date), name))
        fail_msg("%s %s is \"%s\", not \"%s\"", country, date, on(country, date), name);
}

static int workdays_of(const char *country, int year) {
    struct wall w = {.year = year, .month = 1, .day = 1};
    int n = 0;
    for (; w.year == year; w = wall_add(w, 1, 0))
        n += workday_is(text_of(country), w);
    return n;
}

static void test_years(void **state) {
    static const struct {
        int year;
        const char *easter, *ascension, *midsummer, *saints;
        int danish, swedish; /* workdays */
    } years[] = {
        {2020, "04-12", "05-21", "06-19", "10-31", 251, 252},
        {2021, "04-04", "05-13", "06-25", "11-06", 252, 253},
        {2022, "04-17", "05-26", "06-24", "11-05", 253, 253},
        {2023, "04-09", "05-18", "06-23", "11-04", 251, 251},
        {2024, "03-31", "05-09", "06-21", "11-02", 251, 251},
        {2025, "04-20", "05-29", "06-20", "11-01", 250, 249},
        {2026, "04-05", "05-14", "06-19", "10-31", 251, 251},
        {2027, "03-28", "05-06", "06-25", "11-06", 253, 253},
        {2028, "04-16", "05-25", "06-23", "11-04", 253, 251},
        {2029, "04-01", "05-10", "06-22", "11-03", 250, 250},
        {2030, "04-21", "05-30", "06-21", "11-02", 250, 250},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(years); i++) {
        is_named("DK", years[i].year, years[i].easter, "påskedag");
        is_named("SE", years[i].year, years[i].easter, "påskdagen");
        is_named("DK", years[i].year, years[i].ascension, "Kristi himmelfartsdag");
        is_named("SE", years[i].year, years[i].ascension, "Kristi himmelsfärdsdag");
        is_named("SE", years[i].year, years[i].midsummer, "midsommarafton");
        is_named("SE", years[i].year, years[i].saints, "alla helgons dag");
        assert_int_equal(workdays_of("DK", years[i].year), years[i].danish);
        assert_int_equal(workdays_of("SE", years[i].year), years[i].swedish);
    }
}

static void test_single_days(void **state) {
    static const struct {
        const char *country, *date, *name;
    } days[] = {
        {"DK", "2022-04-14", "skærtorsdag"},
        {"SE", "2022-04-14", ""},
        {"DK", "2022-04-15", "langfredag"},
        {"DK", "2022-04-18", "2. påskedag"},
        {"DK", "2022-05-13", "store bededag"},
        {"DK", "2023-05-05", "store bededag"},
        {"DK", "2024-04-26", ""}, /* abolished */
        {"DK", "2022-06-06", "2. pinsedag"},
        {"SE", "2022-06-06", "Sveriges nationaldag"},
        {"SE", "2004-05-31", "annandag pingst"},
        {"SE", "2004-06-06", ""},
        {"SE", "2005-05-16", ""},
        {"SE", "2005-06-06", "Sveriges nationaldag"},
        {"DK", "2023-06-05", "grundlovsdag"},
        {"DK", "2022-12-24", "juleaftensdag"},
        {"DK", "2022-12-31", "nytårsaftensdag"},
        {"SE", "2022-06-25", "midsommardagen"},
        {"SE", "2023-01-06", "trettondedag jul"},
        {"DK", "2023-01-06", ""},
        {"SE", "2023-12-27", ""},
        {"NO", "2022-05-17", ""}, /* no rows: weekends only */
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(days); i++)
        if (strcmp(on(days[i].country, days[i].date), days[i].name))
            fail_msg("%s %s", days[i].country, days[i].date);
    assert_true(workday_is(TEXT_LIT("NO"), day("2022-05-17")));
    assert_false(workday_is(TEXT_LIT("NO"), day("2022-05-14")));
}

static void test_counting(void **state) {
    static const struct {
        const char *country, *from;
        int n;
        const char *to;
    } counts[] = {
        {"SE", "2022-05-02", 5, "2022-05-09"},
        {"SE", "2022-05-07", 1, "2022-05-09"}, /* from a Saturday */
        {"SE", "2022-05-07", 0, "2022-05-07"},
        {"DK", "2022-04-13", 1, "2022-04-19"}, /* over Easter */
        {"SE", "2022-04-13", 1, "2022-04-14"},
        {"SE", "2022-04-14", 1, "2022-04-19"},
        {"DK", "2022-04-19", -1, "2022-04-13"},
        {"DK", "2022-12-23", 1, "2022-12-27"},
        {"DK", "2022-05-12", 2, "2022-05-17"}, /* store bededag */
        {"DK", "2024-04-25", 2, "2024-04-29"},
        {"SE", "2022-06-22", 2, "2022-06-27"}, /* midsummer */
        {"SE", "2022-12-30", 1, "2023-01-02"},
        {"SE", "2023-01-05", 1, "2023-01-09"},
        {"DK", "2022-01-03", 250, "2022-12-28"},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(counts); i++) {
        char got[WALL_TEXT];
        struct wall from = day(counts[i].from);
        from.hour = 14;
        wall_format(workday_add(text_of(counts[i].country), from, counts[i].n), got);
        if (strncmp(got, counts[i].to, 10))
            fail_msg("%s %s + %d is %s", counts[i].country, counts[i].from, counts[i].n, got);
        assert_string_equal(got + 10, "T14:00"); /* the clock stays */
    }
    assert_true(text_is(workday_country(TEXT_LIT("Europe/Stockholm")), "SE"));
    assert_true(text_is(workday_country(TEXT_LIT("Europe/Copenhagen")), "DK"));
}

static instant at(const char *wall) {
    struct wall w;
    const struct zone *zone;
    assert_int_equal(zone_find(TEXT_LIT("Europe/Stockholm"), &zone), 0);
    assert_int_equal(wall_parse(text_of(wall), &w), 0);
    return zone_instant(zone, w);
}

static void test_moments(void **state) {
    static const struct {
        const char *moment, *country, *due, *means;
    } cases[] = {
        {"due + 2 workdays", "DK", "2022-02-18T12:00", "2022-02-22T12:00"},
        {"due + 2 workdays at 09:00", "DK", "2022-04-13T12:00", "2022-04-20T09:00"},
        {"due + 2 workdays at 09:00", "SE", "2022-04-13T12:00", "2022-04-19T09:00"},
        {"due - 1 workday at 09:00", "SE", "2022-04-19T12:00", "2022-04-14T09:00"},
        {"due + 1d", "DK", "2022-04-13T12:00", "2022-04-14T12:00"},
        {"opened + 5 workdays at 09:00", "SE", "2022-04-13T12:00", "2022-04-22T09:00"},
    };
    const struct zone *zone;
    (void)state;
    assert_int_equal(zone_find(TEXT_LIT("Europe/Stockholm"), &zone), 0);
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct rec_obligation r = {.due = text_of(cases[i].due), .opened = at(cases[i].due)};
        struct moment m;
        struct buf err;
        char occurrence[65];
        buf_init(&err, 1000);
        if (moment_parse(text_of(cases[i].moment), &rec_shapes[REC_OBLIGATION], &m, &err))
            fail_msg("%s", buf_cstr(&err));
        instant got = moment_of(&m, &r, zone, text_of(cases[i].country), occurrence);
        if (got != at(cases[i].means))
            fail_msg("%s of %s in %s", cases[i].moment, cases[i].due, cases[i].country);
        buf_free(&err);
    }
}

static void test_what_is_no_moment(void **state) {
    static const char *const wrong[] = {
        "due + workdays",         "due + 0 workdays", "due + 251 workdays",
        "due + 2 days",           "due + 2",          "due + -2 workdays",
        "due + 2 workdays 09:00", "due 2 workdays",   "due + 2workdays",
    };
    struct moment m;
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(wrong); i++) {
        struct buf err;
        buf_init(&err, 1000);
        if (!moment_parse(text_of(wrong[i]), &rec_shapes[REC_OBLIGATION], &m, &err))
            fail_msg("taken: %s", wrong[i]);
        assert_true(err.n > 0);
        buf_free(&err);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_years),
        cmocka_unit_test(test_single_days),
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_what_is_no_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
