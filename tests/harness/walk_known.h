/* walk_known - what is plausible to say in the small world of the random walk, field by field. Not
 * for others than walk_body.c. */
#ifndef HARNESS_WALK_KNOWN_H
#define HARNESS_WALK_KNOWN_H

#include "tests/harness/walk.h"

struct hint;
typedef void hint_fn(const struct hint *h, struct buf *to);
struct hint {
    const char *shape, *field; /* shape NULL: of any */
    unsigned percent;          /* how often it is given when it need not be */
    hint_fn *put;              /* NULL: by its kind */
    const char *word;
    int a, b; /* bounds; of a list, how many items */
};
const struct hint *walk_hint(const char *shape, const struct field *f); /* NULL: none */

struct walk_choice {
    const char *shape;
    const char *groups[5]; /* names of fields, separated by spaces */
};
const struct walk_choice *walk_choice_of(const char *shape); /* NULL: none */
/* Rows of a part are called so, with a number. */
const char *walk_row_prefix(const char *part);

struct walk_context { /* what was named before in this message */
    enum msg_type type;
    struct text organisation, contact, application, programme, participation, meeting;
    int64_t delivery;
    unsigned group; /* of the choice */
};
extern struct walk_context walk_context;

/* ---- walk_thing.c ---- */
/* One of the last few of a kind, mostly one of which this message can be said, seldom one that
 * never was. */
const char *walk_thing(char kind);
/* The event that this message is of that machine; NULL: it is none. */
const char *walk_event_of(enum msg_type type, const char *machine);
/* Whether the record in that row is in a state that `event` can find. */
bool walk_is_ripe(enum table table, struct key key, const char *machine, const char *event);
/* Any of the first rows under a prefix; false when there is none. */
bool walk_any_under(enum table table, const struct key *prefix, struct key *ret_key);
bool walk_has(enum table table, struct key key, void *ret_record);
struct text walk_part(const struct key *key, unsigned i); /* in the arena of the trial */

/* ---- walk_judge.c ---- */
hint_fn walk_put_outcome, walk_put_ok, walk_put_answers, walk_put_scores, walk_put_criteria;

#endif
