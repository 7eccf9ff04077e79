/* forecast - what will go out: the real step on a private copy of core, with a clock that jumps. */
#ifndef SCHEDULER_FORECAST_H
#define SCHEDULER_FORECAST_H

#include <stdbool.h>

/* Prints one JSON object a line for every row that will be decided until then (RFC 3339), and a
 * last one with the plans after it left out. `clock`: the home's virtual clock is now. Returns an
 * exit code. */
int forecast(const char *home, bool clock, const char *until);

#endif
