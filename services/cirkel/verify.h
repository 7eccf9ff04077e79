/* verify - checks everything a home keeps: every row, every index both ways, every sum.
 *
 * The checks of one matter are a function here; verify.c runs them all in one transaction.
 */
#ifndef CIRKEL_VERIFY_H
#define CIRKEL_VERIFY_H

#include "services/cirkel/look.h"

#include <jansson.h>

struct verify {
    struct look look;
    uint64_t checked;  /* of the matter at hand */
    uint64_t findings; /* of all matters */
    json_t *lines;     /* the first of them, in words */
    bool other_zones;  /* time zone data here is not what the scheduler read last */
};

void verify_find(struct verify *v, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Every readable row of a table; damaged ones are passed over (verify_damage names them). */
typedef void verify_row_fn(struct verify *v, struct bytes key, struct bytes value);
void verify_each(struct verify *v, enum table table, verify_row_fn *fn);
/* A key as people can read it, in a text that lasts until the next call but three. */
const char *verify_key_text(struct bytes key);

/* The same checks of a copy that is no home (a backup); what was found is printed. 0 or an exit
 * code. */
MUST_CHECK int verify_quietly(const char *home, uint64_t *ret_findings);

/* ---- the matters ---- */
void verify_indexes(struct verify *v); /* verify_index.c */
void verify_ledger(struct verify *v);  /* verify_ledger.c: its indexes, outbox, arms, occasions */
void verify_holds(struct verify *v);   /* verify_ledger.c */
void verify_plans(struct verify *v);   /* verify_ledger.c */
void verify_conservation(struct verify *v); /* verify_sums.c */
void verify_places(struct verify *v);       /* verify_sums.c */
void verify_programmes(struct verify *v);   /* verify_programme.c */

#endif
