#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/scheduler/replay.h"

/* Of how the process runs, and not of what it was given. */
static const char *const process_marks[] = {"now", "suspect", "crashes"};

static bool is_compared(enum table table) {
    return table != TABLE_INPUTS && table != TABLE_CONFIG;
}

static bool is_process_mark(enum table table, struct bytes key) {
    struct text word;
    size_t at = 0;
    if (table != TABLE_META || !key_next_text(key, &at, &word))
        return false;
    for (unsigned i = 0; i < COUNT_OF(process_marks); i++)
        if (text_is(word, process_marks[i]))
            return true;
    return false;
}

static void key_for_people(struct bytes key, char *to) {
    const unsigned char *p = key.p;
    size_t n = 0;
    for (size_t i = 0; i < key.n; i++) {
        if (p[i] == 0 && n && i + 1 < key.n && to[n - 1] != '/')
            to[n++] = '/';
        else if (p[i] > ' ' && p[i] < 0x7f)
            to[n++] = (char)p[i];
        else if (p[i])
            n += (size_t)snprintf(to + n, 4, "%%%02x", p[i]);
    }
    to[n] = 0;
}

static void differ(struct replay_comparison *c, enum table table, struct bytes key,
                   const char *what) {
    if (is_process_mark(table, key))
        return;
    if (c->count < REPLAY_SHOWN) {
        struct replay_difference *d = &c->first[c->count];
        d->table = table;
        d->what = what;
        key_for_people(key, d->key);
    }
    c->count++;
}

struct side { /* the rows of one table in one store, in order */
    struct txn *txn;
    struct key from;
    struct bytes key, value;
    bool is_over;
};

static int step_on(struct side *side, enum table table) {
    if (side->key.n) {
        must(side->key.n < STORE_KEY_MAX);
        memcpy(side->from.b, side->key.p, side->key.n);
        side->from.n = side->key.n;
        side->from.b[side->from.n++] = 0;
    }
    int rc = store_seek(side->txn, table, key_bytes(&side->from), &side->key, &side->value);
    side->is_over = rc == -ENOENT;
    return side->is_over ? 0 : rc;
}

static int compare_table(struct replay_comparison *c, enum table table, struct txn *core,
                         struct txn *again) {
    struct side a = {.txn = core}, b = {.txn = again};
    int rc = step_on(&a, table);
    if (rc == 0)
        rc = step_on(&b, table);
    while (rc == 0 && !(a.is_over && b.is_over)) {
        int order = a.is_over ? 1 : b.is_over ? -1 : bytes_cmp(a.key, b.key);
        if (order < 0)
            differ(c, table, a.key, "only core has it");
        else if (order > 0)
            differ(c, table, b.key, "core does not have it");
        else if (!bytes_eq(a.value, b.value))
            differ(c, table, a.key, "it is not what came of the inputs");
        c->rows++;
        if (order <= 0)
            rc = step_on(&a, table);
        if (rc == 0 && order >= 0)
            rc = step_on(&b, table);
    }
    return rc;
}

int replay_compare(struct txn *core, struct txn *again, struct replay_comparison *ret) {
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < TABLE_COUNT; i++)
        if (is_compared((enum table)i))
            rc = compare_table(ret, (enum table)i, core, again);
    return rc;
}
