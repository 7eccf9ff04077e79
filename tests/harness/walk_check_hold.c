/* What is held: each letter in a hold that counts it, and looked after when its use ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/walk_check.h"

static unsigned rows_seen;

void walk_check_held(const struct rec_ledger *row) {
    walk_must(row->hold_no != 0, "%lld is held by nothing", (long long)row->no);
    if (row->useful)
        walk_due(row->useful + 1, "held", key_no((uint64_t)row->no));
}

static void check_hold(struct bytes key, struct bytes value) {
    struct rec_hold hold;
    struct rec_ledger row;
    struct bytes k, v;
    int64_t rows = 0, held = 0;
    (void)key;
    walk_read(TABLE_HOLD, value, &hold);
    struct key prefix = key_no((uint64_t)hold.no), from = prefix;
    while (walk_next(TABLE_HOLD_ROW, &prefix, &from, &k, &v)) {
        uint64_t no;
        size_t at = 8;
        must(key_next_u64(k, &at, &no));
        trial_get(&walk.t, TABLE_LEDGER, key_no(no), &row);
        walk_must(row.hold_no == hold.no, "%lld is of another hold", (long long)row.no);
        rows++;
        held += text_is(row.state, "held");
    }
    walk_must(hold.rows == rows && hold.held == held, "hold %lld counts %lld and %lld",
              (long long)hold.no, (long long)hold.rows, (long long)hold.held);
    bool sheet = text_is(hold.kind, "catchup");
    if (text_is(hold.state, "open") && !sheet)
        walk_due(hold.until, "hold", key_no((uint64_t)hold.no));
    walk_must(!sheet || text_is(hold.state, "gathering") ||
                  text_is(hold.state, "open") == (held != 0),
              "hold %lld is %.*s with %lld held", (long long)hold.no, TEXT_ARGS(hold.state),
              (long long)held);
    if (text_is(hold.state, "gathering"))
        walk_due(hold.until, "sheet", key_no((uint64_t)hold.no));
    rows_seen += (unsigned)rows;
}

void walk_check_holds(void) {
    rows_seen = 0;
    (void)walk_each(TABLE_HOLD, check_hold);
    walk_must(walk_each(TABLE_HOLD_ROW, NULL) == rows_seen, "letters in holds that are not there");
}
