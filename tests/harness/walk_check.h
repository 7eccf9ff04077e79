/* walk_check - what the files of the check share. Not for others. */
#ifndef HARNESS_WALK_CHECK_H
#define HARNESS_WALK_CHECK_H

#include "tests/harness/walk.h"

#define WALK_MOST 8192 /* applications that are compared with one another */

struct walk_seen { /* counted on the way, to be compared with the tables at its end */
    unsigned waiting, dues, outbox, armed, reserves, hours;
    uint64_t states[COUNT_COUNT], open;
};
extern struct walk_seen walk_seen;

typedef void walk_row_fn(struct bytes key, struct bytes value);
/* All rows of a table; how many there are. */
unsigned walk_each(enum table table, walk_row_fn *fn);
/* The next row under a prefix, from *from on, which is moved behind it. */
bool walk_next(enum table table, const struct key *prefix, struct key *from, struct bytes *ret_key,
               struct bytes *ret_value);
void walk_read(enum table table, struct bytes value, void *ret);
bool walk_there(enum table table, struct key key, struct bytes *ret_value);
/* Must fall due then, and is counted. */
void walk_due(instant at, const char *word, struct key key);
/* The same for what nobody does any more: until then it may be there, and is gone after. */
void walk_due_or_over(instant at, const char *word, struct key key);

void walk_check_programmes(void);
walk_row_fn *walk_programme_check_of(enum table table); /* of one record; NULL: none */

void walk_check_held(const struct rec_ledger *row); /* of each held one */
void walk_check_holds(void);

#endif
