#include "services/cirkel/look_about.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct found {
    uint64_t *numbers;
    size_t count, room;
};

static void add(struct found *found, uint64_t number) {
    if (found->count == found->room) {
        found->room = found->room ? 2 * found->room : 256;
        found->numbers = realloc(found->numbers, found->room * sizeof *found->numbers);
        must(found->numbers);
    }
    found->numbers[found->count++] = number;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* ---- an index whose keys begin so, and end with the number or have it as value ---- */

struct walk {
    struct found *found;
    struct key prefix;
    bool in_value;
};

static int on_row(void *ctx, struct bytes key, struct bytes value) {
    struct walk *walk = ctx;
    struct bytes at = walk->in_value ? value : key;
    uint64_t number;
    size_t from = at.n - sizeof number;

    if (!key_has_prefix(key, &walk->prefix))
        return 1;
    if (at.n >= sizeof number && key_next_u64(at, &from, &number))
        add(walk->found, number);
    return 0;
}

static int gather(struct look *look, enum table index, struct found *found, struct text prefix) {
    struct walk walk = {.found = found, .in_value = index == TABLE_FIRED};
    int rc;

    if (prefix.n > sizeof walk.prefix.b) /* no key is that long */
        return 0;
    memcpy(walk.prefix.b, prefix.p, prefix.n);
    walk.prefix.n = prefix.n;
    rc = store_scan(look->txn, index, key_bytes(&walk.prefix), on_row, &walk);
    return rc == 1 ? 0 : rc;
}

/* ---- by the ledger's word: "kind, subject, number" ---- */

static int gather_kind(struct look *look, struct found *found, const char *kind, struct text id,
                       bool under) {
    struct buf prefix;
    int rc;

    buf_init(&prefix, STORE_KEY_MAX);
    buf_str(&prefix, kind);
    buf_char(&prefix, 0);
    buf_add(&prefix, id.p, id.n);
    buf_char(&prefix, under ? '/' : 0);
    rc = prefix.over ? 0 : gather(look, TABLE_LEDGER_ABOUT, found, buf_as_text(&prefix));
    buf_free(&prefix);
    return rc;
}

/* ---- by the occurrence key: "rule+version/kind:subject/…" ---- */

static int gather_rule(struct look *look, struct found *found, struct text rule, const char *kind,
                       struct text id) {
    struct buf prefix;
    int rc;

    buf_init(&prefix, STORE_KEY_MAX);
    buf_printf(&prefix, "%.*s/%s:%.*s/", TEXT_ARGS(rule), kind, TEXT_ARGS(id));
    rc = prefix.over ? 0 : gather(look, TABLE_FIRED, found, buf_as_text(&prefix));
    buf_free(&prefix);
    return rc;
}

/* Every version of a rule that ever spoke, from one to the next. */
static int next_rule(struct look *look, struct key *at, char ret[STORE_KEY_MAX + 1]) {
    struct bytes key, value;
    struct text rest, rule;
    int rc = store_seek(look->txn, TABLE_FIRED, key_bytes(at), &key, &value);

    if (rc)
        return rc;
    rest = (struct text){key.p, strnlen(key.p, key.n)};
    if (!text_cut(&rest, '/', &rule) || rule.n >= STORE_KEY_MAX)
        return -EBADMSG;
    memcpy(ret, rule.p, rule.n);
    ret[rule.n] = 0;
    memcpy(at->b, rule.p, rule.n);
    at->b[rule.n] = '/' + 1;
    at->n = rule.n + 1;
    return 0;
}

/* ---- both ---- */

static bool is_kind(enum table table, struct text kind) {
    return table_infos[table].record != REC_NONE &&
           (!kind.p || text_is(kind, table_infos[table].name));
}

static int find(struct look *look, struct text about, struct found *found) {
    char rule[STORE_KEY_MAX + 1];
    struct text kind, id = about;
    struct key at = {.n = 0};
    int rc = 0, next;

    look_cut_kind(&id, &kind);
    for (unsigned i = 0; rc == 0 && i < TABLE_COUNT; i++) {
        if (!is_kind(i, kind))
            continue;
        rc = gather_kind(look, found, table_infos[i].name, id, false);
        if (rc == 0 && kind.p)
            rc = gather_kind(look, found, table_infos[i].name, id, true);
    }
    while (rc == 0 && (next = next_rule(look, &at, rule)) != -ENOENT) {
        rc = next;
        for (unsigned i = 0; rc == 0 && i < TABLE_COUNT; i++)
            if (is_kind(i, kind))
                rc = gather_rule(look, found, text_of(rule), table_infos[i].name, id);
    }
    return rc;
}

int look_about(struct look *look, struct text about, look_number_fn *fn, void *ctx) {
    struct found found = {.numbers = NULL};
    int rc = find(look, about, &found);

    if (found.count)
        qsort(found.numbers, found.count, sizeof *found.numbers, by_number);
    for (size_t i = 0; rc == 0 && i < found.count; i++)
        if (i == 0 || found.numbers[i] != found.numbers[i - 1])
            rc = fn(ctx, found.numbers[i]);
    free(found.numbers);
    return rc;
}
