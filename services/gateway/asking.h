/* asking - one query answered from one snapshot: rows looked at in the order of their keys, a page
 * of those that may be seen, and a cursor.
 *
 * A query is its block in queries.def and an `answerer` of its name, in queries/.
 *
 * INVARIANTS At most ASKING_LOOKS rows of the table are looked at and about ASKING_BYTES written,
 *            so a page may hold fewer rows than asked for, even none, and still have a cursor.
 *            A damaged row is stepped over and counted.
 * OWNERSHIP  Records read borrow from the snapshot.
 * ERRORS     0 or -errno of the store. Nothing here logs.
 */
#ifndef GATEWAY_ASKING_H
#define GATEWAY_ASKING_H

#include "common/store.h"
#include "proto/table.h"
#include "services/gateway/request.h"

#define ASKING_LOOKS 500
#define ASKING_BYTES ((size_t)256 * 1024)
#define ASKING_BYTES_MOST ((size_t)1024 * 1024) /* ASKING_BYTES and one largest row fit */

struct asking {
    struct txn *txn;
    struct request *request;
    instant now;
    struct text person;          /* absent: asked as nobody */
    const struct rec_person *as; /* NULL: asked as nobody */
    struct key prefix, start;    /* of the rows to look at; empty: all, from the first */
    struct buf rows;
    unsigned count;
    uint64_t damaged; /* rows that were stepped over */
};

struct answerer {
    enum table table;
    void (*begin)(struct asking *a); /* sets prefix and start; NULL: the whole table */
    /* Adds the row, or does not. */
    int (*row)(struct asking *a, struct bytes key, struct bytes value);
};
#define QUERY(NAME, name, wire, who, count, view, link, doc)                                       \
    extern const struct answerer answer_##name;
#include "proto/rows_none.inc"
#include "proto/queries.def"
#include "proto/rows_end.inc"

void asking_init(struct asking *a);
void asking_free(struct asking *a);
/* Appends the answer to *out. The request's query is good and `person` was found. */
MUST_CHECK int asking_answer(struct asking *a, struct txn *txn, struct request *request,
                             struct text person, instant now, struct buf *out);
/* Appends {v, id, status, error?}: without rows. The status is refused or retry. */
void asking_refuse(const struct request *request, const char *status, struct buf *out);

/* ---- for answerers ---- */

/* 1: *ret is the record, decoded; 0: it is damaged, and counted. */
int asking_read(struct asking *a, enum table table, struct bytes value, void *ret);
/* 1: it is there; 0: it is not, or damaged; or -errno. */
int asking_get(struct asking *a, enum table table, const struct key *key, void *ret);
/* True when nothing was asked for or just this. */
bool asked(struct text wanted, struct text is);

void asking_add(struct asking *a, const void *record); /* of the query's own view */
/* The row gets `of`: {view: record}. */
void asking_add_with(struct asking *a, const void *record, enum view_type view, const void *of);

/* What a person may see. 1 or 0, or -errno. */
int sees_as_member(struct asking *a, struct text network);
int sees_as_cohort(struct asking *a, struct text programme);
int sees_as_group(struct asking *a, struct text group);
int sees_as_registered(struct asking *a, struct text meeting);

#endif
