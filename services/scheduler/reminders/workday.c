#include "services/scheduler/reminders/workday.h"

enum holiday_rule { HOLIDAY_FIXED, HOLIDAY_EASTER, HOLIDAY_FIRST };

#define FIXED(month, day) HOLIDAY_FIXED, month, day, 0
#define EASTER(days) HOLIDAY_EASTER, 0, days, 0
#define FIRST(weekday, month, day) HOLIDAY_FIRST, month, day, weekday

static const struct {
    const char *country;
    enum holiday_rule rule;
    int month, day, weekday; /* day: of the month, or after Easter */
    int from, to;
    const char *name;
} holidays[] = {
#define HOLIDAY(country, rule, from, to, name) {#country, rule, from, to, name},
#include "services/scheduler/reminders/holidays.def"
#undef HOLIDAY
};

/* Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher). */
static struct wall easter(int year) {
    int a = year % 19, b = year / 100, c = year % 100;
    int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    int h = (19 * a + b - d - g + 15) % 30;
    int i = c / 4, k = c % 4;
    int l = (32 + 2 * e + 2 * i - h - k) % 7;
    int m = (a + 11 * h + 22 * l) / 451;
    int n = h + l - 7 * m + 114;
    return (struct wall){.year = year, .month = n / 31, .day = n % 31 + 1};
}

static struct wall day_of(unsigned row, int year) {
    struct wall w = {.year = year, .month = holidays[row].month, .day = holidays[row].day};
    if (holidays[row].rule == HOLIDAY_EASTER)
        return wall_add(easter(year), holidays[row].day, 0);
    if (holidays[row].rule == HOLIDAY_FIRST)
        return wall_add(w, (holidays[row].weekday - wall_weekday(w) + 7) % 7, 0);
    return w;
}

const char *workday_holiday(struct text country, struct wall day) {
    for (unsigned i = 0; i < COUNT_OF(holidays); i++) {
        if (!text_is(country, holidays[i].country) || day.year < holidays[i].from ||
            day.year > holidays[i].to)
            continue;
        struct wall w = day_of(i, day.year);
        if (w.month == day.month && w.day == day.day)
            return holidays[i].name;
    }
    return NULL;
}

bool workday_is(struct text country, struct wall day) {
    return wall_weekday(day) <= 5 && !workday_holiday(country, day);
}

struct wall workday_add(struct text country, struct wall from, int n) {
    int step = n < 0 ? -1 : 1;
    for (n *= step; n > 0;) {
        from = wall_add(from, step, 0);
        n -= workday_is(country, from);
    }
    return from;
}

struct text workday_country(struct text zone) {
    return text_is(zone, "Europe/Stockholm") ? TEXT_LIT("SE") : TEXT_LIT("DK");
}
