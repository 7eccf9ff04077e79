#include "common/zone.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct zone *zone_of(const char *name) {
    const struct zone *zone = NULL;
    assert_int_equal(zone_find(text_of(name), &zone), 0);
    assert_string_equal(zone_name(zone), name);
    return zone;
}

static instant instant_of(const char *rfc3339) {
    instant at = 0;
    assert_int_equal(instant_parse(text_of(rfc3339), &at), 0);
    return at;
}

static struct wall last_sunday(int year, int month) {
    struct wall day = wall_add((struct wall){year, month + 1, 1, 0, 0}, -1, 0);
    return wall_add(day, -(wall_weekday(day) % 7), 0);
}

static const char *const nordic[] = {"Europe/Copenhagen", "Europe/Stockholm"};

/* Central European Time by its rule: +1, and +2 from 01:00Z of the last Sunday of March to 01:00Z
 * of the last Sunday of October. */
static void skipped_and_repeated(void **state) {
    (void)state;
    static const struct {
        int hour, minute, spring, autumn; /* the offset in hours that the wall time is read with */
    } rows[] = {{1, 30, 1, 2}, {2, 0, 1, 2}, {2, 30, 1, 2}, {3, 0, 2, 1}, {1, 59, 1, 2}};
    for (size_t z = 0; z < COUNT_OF(nordic); z++) {
        const struct zone *zone = zone_of(nordic[z]);
        for (int year = 2025; year <= 2045; year++) {
            for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct wall spring = last_sunday(year, 3), autumn = last_sunday(year, 10);
                spring.hour = autumn.hour = rows[i].hour;
                spring.minute = autumn.minute = rows[i].minute;
                assert_int_equal(zone_instant(zone, spring),
                                 wall_minutes(spring) * MINUTES - rows[i].spring * HOURS);
                assert_int_equal(zone_instant(zone, autumn),
                                 wall_minutes(autumn) * MINUTES - rows[i].autumn * HOURS);
            }
        }
    }
}

/* What another library makes of the same data, kept: zone, wall, instant. */
static void as_others_read_it(void **state) {
    struct buf file;
    struct text rest, line;
    unsigned rows = 0;
    (void)state;
    buf_init(&file, 1 << 16);
    assert_int_equal(read_file("tests/data/transitions", 1 << 16, &file), 0);
    rest = buf_as_text(&file);
    while (text_cut(&rest, '\n', &line) && line.n) {
        struct text name, wall_text = TEXT_NONE;
        struct wall wall;
        instant at;
        const struct zone *zone;
        assert_true(text_cut(&line, ' ', &name) && text_cut(&line, ' ', &wall_text));
        assert_int_equal(zone_find(name, &zone), 0);
        assert_int_equal(wall_parse(wall_text, &wall), 0);
        assert_int_equal(instant_parse(line, &at), 0);
        if (zone_instant(zone, wall) != at)
            fail_msg("%.*s %.*s", TEXT_ARGS(name), TEXT_ARGS(wall_text));
        rows++;
    }
    assert_int_equal(rows, 2 * 21 * 2 * 4);
    buf_free(&file);
}

/* Zones read anew are the same zones: pointers stay, and so does what they say. */
static void read_anew(void **state) {
    (void)state;
    const struct zone *zone = zone_of("Europe/Stockholm");
    unsigned before = zone_generation();
    assert_false(zone_follow());
    uint64_t data = zone_data();
    assert_true(data != 0);
    assert_false(zone_follow());
    assert_true(zone_data() == data && zone_generation() == before);
    assert_ptr_equal(zone_of("Europe/Stockholm"), zone);
}

static void offsets_change(void **state) {
    (void)state;
    for (size_t z = 0; z < COUNT_OF(nordic); z++) {
        const struct zone *zone = zone_of(nordic[z]);
        for (int year = 2025; year <= 2199; year++) {
            instant spring = wall_minutes(last_sunday(year, 3)) * MINUTES + HOURS;
            instant autumn = wall_minutes(last_sunday(year, 10)) * MINUTES + HOURS;
            assert_int_equal(zone_offset(zone, spring - 1), 3600);
            assert_int_equal(zone_offset(zone, spring), 7200);
            assert_int_equal(zone_offset(zone, autumn - 1), 7200);
            assert_int_equal(zone_offset(zone, autumn), 3600);
        }
    }
}

static void samples(void **state) {
    (void)state;
    static const struct {
        const char *zone, *wall, *instant;
    } rows[] = {
        {"Europe/Copenhagen", "2020-03-29T01:59", "2020-03-29T01:59:00+01:00"},
        {"Europe/Copenhagen", "2020-03-29T02:30", "2020-03-29T03:30:00+02:00"},
        {"Europe/Copenhagen", "2020-10-25T02:30", "2020-10-25T02:30:00+02:00"},
        {"Europe/Stockholm", "2021-03-28T02:00", "2021-03-28T03:00:00+02:00"},
        {"Europe/Stockholm", "2021-10-31T03:00", "2021-10-31T03:00:00+01:00"},
        {"Europe/Copenhagen", "2022-05-24T09:00", "2022-05-24T09:00:00+02:00"},
        {"Europe/Stockholm", "2022-12-24T15:00", "2022-12-24T15:00:00+01:00"},
        {"UTC", "2022-03-27T02:30", "2022-03-27T02:30:00Z"},
        {"America/Nuuk", "2022-01-01T00:00", "2022-01-01T00:00:00-03:00"},
        {"Asia/Kolkata", "2022-01-01T00:00", "2022-01-01T00:00:00+05:30"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct zone *zone = zone_of(rows[i].zone);
        struct wall wall;
        char text[RFC3339_TEXT];
        assert_int_equal(wall_parse(text_of(rows[i].wall), &wall), 0);
        instant at = zone_instant(zone, wall);
        assert_int_equal(at, instant_of(rows[i].instant));
        instant_format(at, zone, text);
        assert_string_equal(text, rows[i].instant);
    }
}

static void wall_and_back(void **state) {
    (void)state;
    static const char *const names[] = {"Europe/Copenhagen", "America/Nuuk", "UTC"};
    for (size_t z = 0; z < COUNT_OF(names); z++) {
        const struct zone *zone = zone_of(names[z]);
        for (instant at = 7 * MINUTES; at < 84000 * DAYS; at += 7001 * MINUTES) {
            struct wall wall = zone_wall(zone, at + 59 * SECONDS);
            assert_int_equal(wall_minutes(wall) * MINUTES, at + zone_offset(zone, at) * SECONDS);
        }
    }
    struct wall first = zone_wall(zone_of("America/Nuuk"), 0);
    assert_int_equal(wall_minutes(first), -180);
}

static void names(void **state) {
    (void)state;
    static const char *const bad[] = {
        "CET",
        "EET",
        "Etc/GMT-1",
        "GMT+2",
        "CEST",
        "",
        "Europe/",
        "/etc/passwd",
        "../zoneinfo/UTC",
        "Europe//Oslo",
        "Europe",
        "europe/copenhagen",
        "Europe/Copenhagen ",
        "leapseconds",
        "Mars/Olympus",
        "Europe/Oslo\n",
        "EuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEurope",
    };
    const struct zone *zone = NULL;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(zone_find(text_of(bad[i]), &zone), -ENOENT);
    assert_int_equal(zone_find(TEXT_NONE, &zone), -ENOENT);
    assert_null(zone);
    assert_ptr_equal(zone_of("UTC"), zone_utc());
    assert_ptr_equal(zone_of("Europe/Oslo"), zone_of("Europe/Oslo"));
}

static void walls(void **state) {
    (void)state;
    static const struct {
        const char *from;
        int days, minutes;
        const char *to;
        int weekday; /* of from */
    } rows[] = {
        {"2022-01-31T12:00", 1, 0, "2022-02-01T12:00", 1},
        {"2020-02-28T23:59", 0, 1, "2020-02-29T00:00", 5},
        {"2020-02-28T00:00", 2, 0, "2020-03-01T00:00", 5},
        {"2021-02-28T00:00", 1, 0, "2021-03-01T00:00", 7},
        {"2100-02-28T00:00", 1, 0, "2100-03-01T00:00", 7},
        {"2000-02-28T00:00", 1, 0, "2000-02-29T00:00", 1},
        {"2022-01-01T00:00", 0, -1, "2021-12-31T23:59", 6},
        {"2022-03-01T00:00", -1, 0, "2022-02-28T00:00", 2},
        {"2022-12-31T23:00", 0, 90, "2023-01-01T00:30", 6},
        {"1970-01-01T00:00", 84005, 0, "2199-12-31T00:00", 4},
        {"2022-05-24T09:00", -7, -60, "2022-05-17T08:00", 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct wall wall;
        char text[WALL_TEXT];
        assert_int_equal(wall_parse(text_of(rows[i].from), &wall), 0);
        assert_int_equal(wall_weekday(wall), rows[i].weekday);
        struct wall to = wall_add(wall, rows[i].days, rows[i].minutes);
        wall_format(to, text);
        assert_string_equal(text, rows[i].to);
        assert_int_equal(wall_minutes(to) - wall_minutes(wall),
                         rows[i].days * 1440 + rows[i].minutes);
    }
    for (int day = 0; day < 84005; day++) { /* each day once, in order */
        struct wall wall = wall_add((struct wall){1970, 1, 1, 0, 0}, day, 0), parsed;
        char text[WALL_TEXT];
        wall_format(wall, text);
        assert_int_equal(wall_parse(text_of(text), &parsed), 0);
        assert_int_equal(wall_minutes(parsed), day * 1440);
    }
}

static void bad_walls(void **state) {
    (void)state;
    static const char *const bad[] = {"CET",
                                      "EET",
                                      "Etc/GMT-1",
                                      "GMT+2",
                                      "CEST",
                                      "",
                                      "2022-05-24",
                                      "2022-05-24T9:00",
                                      "2022-05-24T24:00",
                                      "2022-05-24T09:60",
                                      "2022-05-24 09:00",
                                      "2022-13-01T00:00",
                                      "2022-00-01T00:00",
                                      "2022-02-29T00:00",
                                      "2022-04-31T00:00",
                                      "2022-04-00T00:00",
                                      "1969-12-31T23:59",
                                      "2201-01-01T00:00",
                                      "2022-05-24T09:00 ",
                                      "2022-05-24T09:0x",
                                      "-022-05-24T09:00",
                                      "2022-05-24T09:00:00"};
    struct wall wall = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(wall_parse(text_of(bad[i]), &wall), -EINVAL);
    assert_int_equal(wall_parse(TEXT_NONE, &wall), -EINVAL);
    assert_int_equal(date_parse(TEXT_LIT("2022-02-29"), &wall), -EINVAL);
    assert_int_equal(date_parse(TEXT_LIT("2022-02-28T"), &wall), -EINVAL);
    assert_int_equal(wall.year, 0);
    assert_int_equal(date_parse(TEXT_LIT("2024-02-29"), &wall), 0);
    assert_true(wall.year == 2024 && wall.month == 2 && wall.day == 29 && wall.hour == 0);
}

static void instants(void **state) {
    (void)state;
    static const struct {
        const char *text;
        instant at; /* 0: refused */
    } rows[] = {
        {"1970-01-01T00:00:01Z", 1000},
        {"2022-05-24T09:00:00+02:00", 1653375600000},
        {"2022-05-24T07:00:00Z", 1653375600000},
        {"2022-05-24t07:00:00z", 1653375600000},
        {"2022-05-24T07:00:00.5Z", 1653375600500},
        {"2022-05-24T07:00:00.123456789Z", 1653375600123},
        {"2022-05-23T21:30:00-09:30", 1653375600000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:30:00+01:00", 0},
        {"2022-05-24T07:00Z", 0},
        {"2022-05-24T07:00:00", 0},
        {"2022-05-24T07:00:00.Z", 0},
        {"2022-05-24T07:00:61Z", 0},
        {"2022-05-24T07:00:00+0200", 0},
        {"2022-05-24T07:00:00+24:00", 0},
        {"2022-05-24T07:00:00Z ", 0},
        {"2022-02-30T07:00:00Z", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        instant at = 0;
        int r = instant_parse(text_of(rows[i].text), &at);
        assert_int_equal(r, rows[i].at != 0 ? 0 : -EINVAL);
        assert_int_equal(at, rows[i].at);
    }
    char text[RFC3339_TEXT];
    for (instant at = 1000; at < 7258118400000; at += 1234567 * SECONDS) {
        const struct zone *zone = at % 3 ? NULL : zone_of("Europe/Copenhagen");
        instant_format(at, zone, text);
        assert_int_equal(instant_of(text), at);
    }
    instant_format(INT64_MAX, zone_of("Europe/Copenhagen"), text);
    assert_string_equal(text, "9999-12-31T00:59:59+01:00");
    instant_format(INT64_MIN, NULL, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
}

static void spans(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int r;
        msec span;
    } rows[] = {
        {"90s", 0, 90000},
        {"15m", 0, 15 * MINUTES},
        {"36h", 0, 36 * HOURS},
        {"7d", 0, 7 * DAYS},
        {"2w", 0, 14 * DAYS},
        {"-7d", 0, -7 * DAYS},
        {"+1h", 0, HOURS},
        {"0s", 0, 0},
        {"007d", 0, 7 * DAYS},
        {"36600d", 0, 36600 * DAYS},
        {"36601d", -EINVAL, 0},
        {"999999999999999999999999s", -EINVAL, 0},
        {"9223372036854775808w", -EINVAL, 0},
        {"-9223372036854775808s", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"d", -EINVAL, 0},
        {"7", -EINVAL, 0},
        {"-", -EINVAL, 0},
        {"-+7d", -EINVAL, 0},
        {"7 d", -EINVAL, 0},
        {"7dd", -EINVAL, 0},
        {"7D", -EINVAL, 0},
        {"1.5h", -EINVAL, 0},
        {"7y", -EINVAL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        msec span = 0;
        assert_int_equal(span_parse(text_of(rows[i].text), &span), rows[i].r);
        assert_int_equal(span, rows[i].span);
    }
    msec span = 0;
    assert_int_equal(span_parse(TEXT_NONE, &span), -EINVAL);
}

/* So many minutes of real time later. */
static void later(void **state) {
    (void)state;
    static const struct {
        const char *zone, *from;
        int64_t minutes;
        const char *wall;
    } rows[] = {
        {"Europe/Stockholm", "2022-05-24T09:00", 90, "2022-05-24T10:30"},
        {"Europe/Stockholm", "2022-05-24T23:30", 90, "2022-05-25T01:00"},
        {"Europe/Stockholm", "2022-10-30T02:30", 90, "2022-10-30T03:00"},
        {"Europe/Stockholm", "2022-10-30T02:30", 30, "2022-10-30T02:00"},
        {"Europe/Stockholm", "2022-10-30T01:30", 1440, "2022-10-31T00:30"},
        {"Europe/Stockholm", "2022-10-30T03:00", 90, "2022-10-30T04:30"},
        {"Europe/Stockholm", "2022-03-27T01:30", 90, "2022-03-27T04:00"},
        {"Europe/Stockholm", "2022-03-27T02:30", 60, "2022-03-27T04:30"}, /* it is 03:30 */
        {"Australia/Lord_Howe", "2022-04-03T01:30", 60, "2022-04-03T02:00"},
        {"America/New_York", "2022-11-06T01:30", 60, "2022-11-06T01:30"},
        {"UTC", "2022-10-30T02:30", 90, "2022-10-30T04:00"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct wall from;
        char wall[WALL_TEXT];
        assert_int_equal(wall_parse(text_of(rows[i].from), &from), 0);
        wall_format(zone_later(zone_of(rows[i].zone), from, rows[i].minutes), wall);
        assert_string_equal(wall, rows[i].wall);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skipped_and_repeated),
        cmocka_unit_test(offsets_change),
        cmocka_unit_test(as_others_read_it),
        cmocka_unit_test(read_anew),
        cmocka_unit_test(samples),
        cmocka_unit_test(wall_and_back),
        cmocka_unit_test(names),
        cmocka_unit_test(walls),
        cmocka_unit_test(bad_walls),
        cmocka_unit_test(instants),
        cmocka_unit_test(spans),
        cmocka_unit_test(later),
    };
    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
