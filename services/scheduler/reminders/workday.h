/* workday - which days offices work: no Saturdays, no Sundays, and none of holidays.def, where the
 * movable ones are reckoned from Easter.
 *
 * A country without rows has weekends only.
 */
#ifndef SCHEDULER_WORKDAY_H
#define SCHEDULER_WORKDAY_H

#include "common/base.h"
#include "common/zone.h"

#define WORKDAYS_MOST 250 /* that a moment may lie away */

/* The name of the public holiday (ISO 3166 country), NULL when it is none; weekends are none. */
const char *workday_holiday(struct text country, struct wall day);
bool workday_is(struct text country, struct wall day);
/* The n-th workday after that day, before it when n is negative; the clock stays. 0: the day
 * itself, workday or not. */
struct wall workday_add(struct text country, struct wall from, int n);

/* The country whose holidays count where nobody says: by the zone, SE or DK. */
struct text workday_country(struct text zone);

#endif
