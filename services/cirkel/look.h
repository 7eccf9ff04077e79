/* look - reads what a home keeps, with the service running or not: core and inbox, never writing.
 *
 * OWNERSHIP  What is read is borrowed until look_close(). A look is one short transaction: gather,
 *            close, and print afterwards, because whoever reads the output may take all day.
 * ERRORS     What the user must know is said on stderr; then an exit code. Rows: 0 or -errno.
 */
#ifndef CIRKEL_LOOK_H
#define CIRKEL_LOOK_H

#include "common/journal.h"
#include "common/store.h"
#include "common/zone.h"
#include "proto/codec.h"
#include "proto/table.h"

union any_rec {
#include "proto/rows_none.inc"
#define RECORD(NAME, name, doc) struct rec_##name rec_##name;
#include "proto/records.def"
#include "proto/rows_end.inc"
};

struct look {
    struct store *store;
    struct txn *txn;
    struct journal *inbox;
    char zone[65];             /* the office's */
    const struct zone *office; /* the same */
    msec alarm_after;
    bool guards_copies; /* setting copy_guard */
};

MUST_CHECK int look_open(struct look *ret, const char *home);
/* The same for a folder that is no home to run in, such as a backup. */
MUST_CHECK int look_open_copy(struct look *ret, const char *folder);
void look_close(struct look *look);

MUST_CHECK int look_decode(enum rec_type type, struct bytes value, void *ret);
/* One row by its key. */
MUST_CHECK int look_get(struct look *look, enum table table, void *ret, struct bytes key);
/* A key of texts that come from a person or from rows that may be damaged: what has no place in a
 * key is cut, and the key names no row. A number may follow. */
struct key look_key(const struct text *parts, unsigned count);
#define LOOK_KEY(...)                                                                              \
    look_key((const struct text[]){__VA_ARGS__}, COUNT_OF(((const struct text[]){__VA_ARGS__})))
/* Takes "meeting:" off "meeting:m1"; ret_kind absent when it does not begin with a table's name. */
void look_cut_kind(struct text *id, struct text *ret_kind);
/* Whether a record has this id ("m1", "meeting:m1"), or one that begins so ("m1" for "m1/anna"). */
bool look_knows(struct look *look, const char *id);
/* 0, or an exit code: says that there is no such person, or nothing of this id. NULL is fine. */
MUST_CHECK int look_need_person(struct look *look, const char *person);
MUST_CHECK int look_need_id(struct look *look, const char *id);
/* A number that stands alone under a name, such as a counter; when there is none, 0 is written,
 * too. -EBADMSG: what stands there is no number. */
MUST_CHECK int look_number(struct txn *txn, enum table table, const char *name, uint64_t *ret);
/* The zone a record's moments are shown in: its own, else the office's. */
struct text look_zone(const struct look *look, const struct shape *shape, const void *rec);

/* Rows of an index whose key begins with `prefix` and goes on with a number, in order. */
typedef int look_number_fn(void *ctx, uint64_t number);
MUST_CHECK int look_numbers(struct look *look, enum table index, const struct key *prefix,
                            look_number_fn *fn, void *ctx);

#endif
