/* office - the state one step works on: the transaction, the time, and how records are read,
 * written, refused and told of. Every handler in records/ and reminders/ takes it first.
 *
 * INVARIANTS Nothing here reads a clock, draws a number or touches anything but the transaction it
 *            was given: what happens is a function of the input and of core. A handler refuses
 *            before it writes (checked by step.c).
 * OWNERSHIP  Records read are decoded over a copy in the arena: their texts live until the input is
 *            done. What is put is copied.
 * ERRORS     0; -ENOENT; -EPROTO when refused (o->refusal says why); any other -errno is the
 *            store's, and ends the transaction.
 */
#ifndef SCHEDULER_OFFICE_H
#define SCHEDULER_OFFICE_H

#include "common/base.h"
#include "common/store.h"
#include "common/token.h"
#include "proto/codec.h"
#include "proto/machine.h"
#include "proto/settings.h"
#include "proto/shape.h"
#include "proto/table.h"

struct recent;
struct rulebook;

enum count { /* table COUNTER; conservation is checked by them */
#define COUNT(NAME, name) COUNT_##NAME,
#include "services/scheduler/counts.def"
#undef COUNT
             COUNT_COUNT
};

enum fact_type {
#define FACT(NAME, type, doc) FACT_##NAME,
#include "proto/facts.def"
#undef FACT
};

struct office {
    struct txn *txn;
    struct arena *arena;   /* of this input */
    struct arena *scratch; /* of one person considered; audience_walk.c resets it */
    struct buf *row;       /* of what is being encoded */
    struct recent *recent; /* of this process: what is decoded once need not be again */
    const struct settings *settings;
    const struct rulebook *rules;
    const struct token_key *links;

    instant now;    /* of this input; never goes back */
    instant said;   /* when the event was received: deadlines are judged by it. now, for a tick */
    instant since;  /* what lies before it is told nobody any more: `said`, or when it fell due */
    msec boot;      /* the boot clock, for leases */
    uint64_t seq;   /* the event; 0: time itself */
    bool new_rules; /* plans are derived because the configuration is another */
    struct text config; /* which one that is; absent: only the zone data is */
    uint64_t applied;   /* events that were by then */
    uint64_t reread;    /* the event for which it was read again; UINT64_MAX: it cannot be */
    bool zones_changed; /* plans are derived because of it ... */
    uint64_t moved;     /* ... and so many were moved */

    struct text id; /* the event's idempotency key and its owner: ids we make come from them */
    struct text owner;
    struct complaint refusal;
    struct buf *result; /* fields of the answer, encoded pairs */
    unsigned result_count;
    struct text about_kind, about; /* what the event was about, for the books */

    uint64_t counts[COUNT_COUNT];
    uint64_t counts_before[COUNT_COUNT];
};

/* ---- records ---- */
MUST_CHECK int office_get(struct office *o, enum table table, struct key key, void *ret_record);
MUST_CHECK int office_put(struct office *o, enum table table, struct key key, const void *record);
MUST_CHECK int office_del(struct office *o, enum table table,
                          struct key key); /* 0 if gone already */
/* A row without a record: an index or a mark. */
MUST_CHECK int office_mark(struct office *o, enum table table, struct key key, struct text value);
MUST_CHECK int office_marked(struct office *o, enum table table, struct key key,
                             struct text *ret_value); /* -ENOENT */
/* The next row of a table whose key starts with `prefix`, after *at (start with at->n == 0); the
 * value and the key's bytes are copied to the arena. -ENOENT at the end. */
MUST_CHECK int office_next(struct office *o, enum table table, const struct key *prefix,
                           struct key *at, struct bytes *ret_value);
/* Decodes a value of that table; office_read_at() when its key is known, which may be quicker. */
MUST_CHECK int office_read(struct office *o, enum table table, struct bytes value,
                           void *ret_record);
MUST_CHECK int office_read_at(struct office *o, enum table table, struct bytes key,
                              struct bytes value, void *ret_record);
/* The same, for an encoded record inside a record. */
MUST_CHECK int office_unpack(struct office *o, enum rec_type type, struct bytes raw, void *ret);
struct bytes office_pack(struct office *o, enum rec_type type, const void *record); /* arena */

/* Part `i` of a key, as text. */
struct text key_part(const struct key *key, unsigned i);

/* ---- the answer ---- */
MUST_CHECK int refuse(struct office *o, const char *code, const char *field, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void answer_text(struct office *o, const char *name, struct text value);
void answer_int(struct office *o, const char *name, int64_t value);
/* Writes the state that follows, or refuses with wrong-state and the words of `what`. */
MUST_CHECK int office_move(struct office *o, const char *machine, struct text state,
                           const char *event, const char *what, struct text *ret_next);
/* Names what the event is about, for the decision's row. */
void office_about(struct office *o, const char *kind, struct text about);
/* The given id, or one made from the owner and key of the request. */
struct text office_id(struct office *o, struct text given, const char *prefix);

MUST_CHECK int office_fact(struct office *o, enum fact_type fact, const char *kind,
                           struct text about);
uint64_t office_count(struct office *o, enum count count); /* adds one, gives the new value */

/* ---- marks of meta ---- */
MUST_CHECK int meta_get(struct txn *txn, const char *name, uint64_t *ret); /* 0 when absent */
MUST_CHECK int meta_put(struct txn *txn, const char *name, uint64_t value);

/* ---- small things ---- */
struct zone;
const struct zone *office_zone(const struct office *o,
                               struct text name); /* the office's if unknown */
instant office_wall(const struct office *o, struct text wall, struct text zone); /* 0: absent */
struct list office_list_of(struct office *o, const struct text *items, uint32_t count);

#endif
