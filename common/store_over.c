/* A scratch store over a read transaction of another: what is deleted below is marked dead here. */
#include <errno.h>
#include <lmdb.h>
#include <string.h>

#include "common/store.h"
#include "common/store_inner.h"

static int below_get(struct txn *txn, unsigned table, struct bytes key, struct bytes *ret) {
    return store_get(txn->store->below, table, key, ret);
}

int store_over_get(struct txn *txn, unsigned table, struct bytes key, struct bytes *ret_value) {
    bool dead;
    int r = store_row_get(txn, table, key, ret_value, &dead);
    if (r == -ENOENT)
        return below_get(txn, table, key, ret_value);
    return r == 0 && dead ? -ENOENT : r;
}

static bool is_within(const struct store_gap *gap, struct bytes key) {
    return gap->known && bytes_cmp(key, key_bytes(&gap->from)) >= 0 &&
           (gap->to_end || bytes_cmp(key, key_bytes(&gap->to)) < 0);
}

static struct key copy_of(struct bytes b) {
    struct key k;
    must(b.n <= sizeof k.b);
    if (b.n > 0)
        memcpy(k.b, b.p, b.n);
    k.n = b.n;
    return k;
}

/* A row that comes to life inside the gap ends it there. */
static void wake(struct store_gap *gap, struct bytes key) {
    if (!is_within(gap, key))
        return;
    gap->to = copy_of(key);
    gap->to_end = false;
}

int store_over_put(struct txn *txn, unsigned table, struct bytes key, struct bytes value,
                   bool only_new) {
    struct bytes found;
    int r = only_new ? store_over_get(txn, table, key, &found) : -ENOENT;
    if (r != -ENOENT)
        return r == 0 ? -EEXIST : r;
    wake(&txn->store->gaps[table], key);
    return store_row_put(txn, table, key, value, 0, false);
}

int store_over_del(struct txn *txn, unsigned table, struct bytes key) {
    struct bytes found;
    int r = below_get(txn, table, key, &found);
    if (r == -ENOENT) /* so it is not marked dead here */
        return store_row_del(txn, table, key);
    if (r == 0)
        r = store_over_get(txn, table, key, &found);
    return r < 0 ? r : store_row_put(txn, table, key, (struct bytes){"", 0}, 0, true);
}

/* The smallest key after it; false when there is none. */
static bool step_over(struct key *k) {
    if (k->n < STORE_KEY_MAX) {
        k->b[k->n++] = 0;
        return true;
    }
    while (k->n > 0 && k->b[k->n - 1] == UINT8_MAX)
        k->n--;
    if (k->n == 0)
        return false;
    k->b[k->n - 1]++;
    return true;
}

struct place { /* one of the two, where a walk stands */
    struct bytes key, value;
    bool dead;
    int rc;
};

static void seek_here(struct txn *txn, unsigned table, struct bytes from, struct place *p) {
    p->rc = store_row_seek(txn, table, from, &p->key, &p->value, &p->dead);
}

static void seek_below(struct txn *txn, unsigned table, struct bytes from, struct place *p) {
    p->dead = false;
    p->rc = store_seek(txn->store->below, table, from, &p->key, &p->value);
}

/* The first live row from `at` on, which is moved past what is dead. */
static int seek_live(struct txn *txn, unsigned table, struct key *at, struct bytes *ret_key,
                     struct bytes *ret_value) {
    struct place here, below;
    for (;;) {
        seek_here(txn, table, key_bytes(at), &here);
        seek_below(txn, table, key_bytes(at), &below);
        if (here.rc != 0 && here.rc != -ENOENT)
            return here.rc;
        if (below.rc != 0 && below.rc != -ENOENT)
            return below.rc;
        const struct place *first =
            below.rc == 0 && (here.rc != 0 || bytes_cmp(below.key, here.key) < 0) ? &below : &here;
        if (first->rc != 0)
            return -ENOENT;
        if (!first->dead) {
            *ret_key = first->key;
            *ret_value = first->value;
            return 0;
        }
        *at = copy_of(first->key);
        if (!step_over(at))
            return -ENOENT;
    }
}

int store_over_seek(struct txn *txn, unsigned table, struct bytes from, struct bytes *ret_key,
                    struct bytes *ret_value) {
    struct store_gap *gap = &txn->store->gaps[table];
    if (from.n > STORE_KEY_MAX)
        return -EINVAL;
    bool in_gap = is_within(gap, from);
    if (in_gap && gap->to_end)
        return -ENOENT;
    struct key start = in_gap ? gap->from : copy_of(from), at = in_gap ? gap->to : start;
    int r = seek_live(txn, table, &at, ret_key, ret_value);
    if (r != 0 && r != -ENOENT)
        return r;
    if (at.n != start.n || memcmp(at.b, start.b, at.n) != 0) /* something dead was passed */
        *gap = (struct store_gap){start, at, true, r == -ENOENT};
    return r;
}
