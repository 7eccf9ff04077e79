/* outlook - what the scheduler forecasts, line by line, as the verbs show it. */
#ifndef CIRKEL_OUTLOOK_H
#define CIRKEL_OUTLOOK_H

#include "services/cirkel/verbs.h"

#include <jansson.h>

struct outlook_sum { /* of a difference */
    json_int_t added, moved, dropped, corrected, reworded, rerouted, gathered, left_out, same,
        again, refused;
    json_int_t existing, existing_letters; /* whom it reaches back to, and with how many */
    char version[17];                      /* of the configuration that was looked at */
};

/* Whether those options can be looked at in that home: 0, or an exit code and why. */
MUST_CHECK int outlook_need(const struct options *options);
/* Lets the scheduler forecast, by the options until, with, with_config, also_existing, person and
 * about. `look`: an empty folder, for samples of what would be added, which is then listed with
 * what would not leave; NULL: none of that. `output`: gets its lines; NULL: they go to stdout. 0,
 * or an exit code and why. */
MUST_CHECK int outlook_ask(const struct options *options, const char *look, struct buf *output);

/* A difference in words: what, by rule and moment, how many and who. */
void outlook_print_difference(struct text lines, struct outlook_sum *ret);
/* The last line of a difference alone. */
void outlook_read_sum(struct text lines, struct outlook_sum *ret);
/* Letters as calendar entries: one for each moment, rule and subject. Without any a sentence on
 * stderr. */
void outlook_print_ics(struct text lines);

/* A member of a line; "" when it is absent. */
const char *outlook_member(const json_t *line, const char *name);

#endif
