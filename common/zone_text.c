#include <errno.h>
#include <stdio.h>

#include "common/zone.h"

#define YEAR_MIN 1970
#define YEAR_MAX 2200
#define DAY_MINUTES (24 * 60)
#define SPAN_MAX (100 * 366 * DAYS)

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01, counted in years that begin in March, so that the leap day is the last. */
static int64_t days_of(int year, int month, int day) {
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t in_era = y - era * 400;
    int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static struct wall wall_of_days(int64_t days) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t in_era = days - era * 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
    int64_t month = (5 * in_year + 2) / 153;
    struct wall wall = {.day = (int)(in_year - (153 * month + 2) / 5 + 1),
                        .month = (int)(month < 10 ? month + 3 : month - 9)};
    wall.year = (int)(y + era * 400 + (wall.month <= 2));
    return wall;
}

static struct wall wall_of_minutes(int64_t minutes) {
    int64_t days = (minutes >= 0 ? minutes : minutes - (DAY_MINUTES - 1)) / DAY_MINUTES;
    int in_day = (int)(minutes - days * DAY_MINUTES);
    struct wall wall = wall_of_days(days);
    wall.hour = in_day / 60;
    wall.minute = in_day % 60;
    return wall;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Takes `digits` digits off the front. */
static bool take_number(struct text *t, unsigned digits, int *ret) {
    int n = 0;
    if (t->n < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        if (!is_digit(t->p[i]))
            return false;
        n = n * 10 + (t->p[i] - '0');
    }
    *t = (struct text){t->p + digits, t->n - digits};
    *ret = n;
    return true;
}

static bool take_char(struct text *t, char a, char b) {
    if (t->n == 0 || (t->p[0] != a && t->p[0] != b))
        return false;
    *t = (struct text){t->p + 1, t->n - 1};
    return true;
}

static bool take_date(struct text *t, struct wall *ret) {
    return take_number(t, 4, &ret->year) && take_char(t, '-', '-') &&
           take_number(t, 2, &ret->month) && take_char(t, '-', '-') &&
           take_number(t, 2, &ret->day) && ret->year >= YEAR_MIN && ret->year <= YEAR_MAX &&
           ret->month >= 1 && ret->month <= 12 && ret->day >= 1 &&
           ret->day <= month_days(ret->year, ret->month);
}

static bool take_time(struct text *t, int *ret_hour, int *ret_minute) {
    return take_number(t, 2, ret_hour) && take_char(t, ':', ':') && take_number(t, 2, ret_minute) &&
           *ret_hour <= 23 && *ret_minute <= 59;
}

/* A fraction of a second, as milliseconds; what is finer is cut. */
static bool take_fraction(struct text *t, int *ret_ms) {
    int scale = 100;
    *ret_ms = 0;
    if (!take_char(t, '.', '.'))
        return true;
    if (t->n == 0 || !is_digit(t->p[0]))
        return false;
    for (int digit; take_number(t, 1, &digit); scale /= 10)
        *ret_ms += digit * scale;
    return true;
}

static bool take_offset(struct text *t, int *ret_minutes) {
    int hour, minute;
    *ret_minutes = 0;
    if (take_char(t, 'Z', 'z'))
        return true;
    bool west = t->n > 0 && t->p[0] == '-';
    if (!take_char(t, '+', '-') || !take_time(t, &hour, &minute))
        return false;
    *ret_minutes = (west ? -1 : 1) * (hour * 60 + minute);
    return true;
}

static void put_number(char *to, unsigned digits, int n) {
    for (unsigned i = digits; i > 0; i--) {
        to[i - 1] = (char)('0' + n % 10);
        n /= 10;
    }
}

int wall_parse(struct text t, struct wall *ret) {
    struct wall wall = {0};
    if (!take_date(&t, &wall) || !take_char(&t, 'T', 'T') ||
        !take_time(&t, &wall.hour, &wall.minute) || t.n > 0)
        return -EINVAL;
    *ret = wall;
    return 0;
}

void wall_format(struct wall wall, char ret[WALL_TEXT]) {
    static const char pattern[WALL_TEXT] = "0000-00-00T00:00";
    for (size_t i = 0; i < WALL_TEXT; i++)
        ret[i] = pattern[i];
    put_number(ret, 4, wall.year < 0 ? 0 : wall.year > 9999 ? 9999 : wall.year);
    put_number(ret + 5, 2, wall.month);
    put_number(ret + 8, 2, wall.day);
    put_number(ret + 11, 2, wall.hour);
    put_number(ret + 14, 2, wall.minute);
}

int date_parse(struct text t, struct wall *ret) {
    struct wall wall = {0};
    if (!take_date(&t, &wall) || t.n > 0)
        return -EINVAL;
    *ret = wall;
    return 0;
}

struct wall wall_add(struct wall wall, int days, int minutes) {
    return wall_of_minutes(wall_minutes(wall) + (int64_t)days * DAY_MINUTES + minutes);
}

int64_t wall_minutes(struct wall wall) {
    return days_of(wall.year, wall.month, wall.day) * DAY_MINUTES + wall.hour * 60 + wall.minute;
}

int wall_weekday(struct wall wall) {
    int64_t days = days_of(wall.year, wall.month, wall.day);
    return (int)(((days + 3) % 7 + 7) % 7) + 1; /* day 0 was a Thursday */
}

void instant_format(instant at, const struct zone *zone, char ret[RFC3339_TEXT]) {
    bool is_utc = zone == NULL || zone == zone_utc();
    if (at < 0 || at > INSTANT_LAST)
        at = at < 0 ? 0 : INSTANT_LAST;
    int offset = is_utc ? 0 : zone_offset(zone, at) / 60; /* minutes: that is all RFC 3339 has */
    int size = offset < 0 ? -offset : offset;
    wall_format(wall_of_minutes(at / MINUTES + offset), ret);
    ret[16] = ':';
    put_number(ret + 17, 2, (int)(at % MINUTES / SECONDS));
    ret[19] = is_utc ? 'Z' : offset < 0 ? '-' : '+';
    ret[20] = '\0';
    if (is_utc)
        return;
    put_number(ret + 20, 2, size / 60);
    ret[22] = ':';
    put_number(ret + 23, 2, size % 60);
    ret[25] = '\0';
}

int instant_parse(struct text rfc3339, instant *ret) {
    struct text t = rfc3339;
    struct wall wall = {0};
    int second, ms, offset;
    if (!take_date(&t, &wall) || !take_char(&t, 'T', 't') ||
        !take_time(&t, &wall.hour, &wall.minute) || !take_char(&t, ':', ':') ||
        !take_number(&t, 2, &second) || second > 60 || !take_fraction(&t, &ms) ||
        !take_offset(&t, &offset) || t.n > 0)
        return -EINVAL;
    instant at = (wall_minutes(wall) - offset) * MINUTES + second * SECONDS + ms;
    if (at <= 0)
        return -EINVAL;
    *ret = at;
    return 0;
}

int span_parse(struct text t, msec *ret) {
    static const struct {
        char unit;
        msec span;
    } units[] = {
        {'s', SECONDS}, {'m', MINUTES}, {'h', HOURS}, {'d', DAYS}, {'w', 7 * DAYS},
    };
    bool negative = t.n > 0 && t.p[0] == '-';
    (void)take_char(&t, '+', '-');
    int64_t n = 0;
    int digit;
    if (t.n == 0 || !is_digit(t.p[0]))
        return -EINVAL;
    while (take_number(&t, 1, &digit)) {
        n = n * 10 + digit;
        if (n > SPAN_MAX)
            return -EINVAL;
    }
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (t.n != 1 || t.p[0] != units[i].unit)
            continue;
        if (n > SPAN_MAX / units[i].span)
            return -EINVAL;
        *ret = (negative ? -n : n) * units[i].span;
        return 0;
    }
    return -EINVAL;
}
