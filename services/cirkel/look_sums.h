/* look_sums - how many letters are in which state, and how many events became what.
 *
 * ERRORS     0 or -errno of the store; rows that cannot be read are counted.
 */
#ifndef CIRKEL_LOOK_SUMS_H
#define CIRKEL_LOOK_SUMS_H

#include "services/cirkel/look.h"

#define LOOK_WORDS 16

struct look_count { /* the choices of a WORD field, and how many rows have each */
    unsigned words;
    struct text word[LOOK_WORDS];
    uint64_t n[LOOK_WORDS];
    uint64_t all, other; /* other: rows that cannot be read, or whose word is none of them */
};
MUST_CHECK int look_count(struct look *look, enum table table, const char *field,
                          struct look_count *ret);
uint64_t look_count_of(const struct look_count *count, const char *word);
/* "412 accepted, 3 held" */
void look_count_text(const struct look_count *count, struct buf *to);

void look_print_letters(const char *home); /* a line on stdout */

#endif
