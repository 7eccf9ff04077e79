#include "services/cirkel/look_hold.h"

#include <errno.h>

struct walk {
    struct look *look;
    look_hold_fn *fn;
    void *ctx;
};

static int on_hold(void *ctx, struct bytes key, struct bytes value) {
    struct walk *walk = ctx;
    struct rec_hold hold;

    (void)key;
    return look_decode(REC_HOLD, value, &hold) ? -EBADMSG : walk->fn(walk->ctx, &hold);
}

int look_holds(struct look *look, look_hold_fn *fn, void *ctx) {
    struct walk walk = {look, fn, ctx};
    return store_scan(look->txn, TABLE_HOLD, (struct bytes){"", 0}, on_hold, &walk);
}

bool hold_is_open(const struct rec_hold *hold) {
    return text_is(hold->state, "open");
}

static struct hold_rule *rule_of(struct hold_look *h, struct text name) {
    for (unsigned i = 0; i < h->count; i++)
        if (text_is(name, h->rules[i].rule))
            return &h->rules[i];
    if (h->count == HOLD_RULES || text_copy(name, h->rules[h->count].rule, sizeof h->rules->rule))
        return &h->rules[HOLD_RULES - 1];
    return &h->rules[h->count++];
}

/* A digest is superseded by itself made anew, once it was released. */
static bool is_overtaken(const struct rec_ledger *row) {
    return text_is(row->state, "superseded") && !text_is(row->about_kind, "digest");
}

static void count(struct hold_rule *r, const struct rec_ledger *row) {
    if (text_is(row->state, "held")) {
        r->held++;
        if (row->useful && (!r->until || row->useful < r->until))
            r->until = row->useful;
    } else if (is_overtaken(row)) {
        r->overtaken++;
    } else if (text_is(row->state, "missed")) {
        r->past++;
    } else if (text_is(row->state, "withdrawn")) {
        r->skipped++;
    } else if (text_is(row->state, "suppressed")) {
        r->other++;
    } else {
        r->released++;
    }
}

struct counting {
    struct look *look;
    struct hold_look *to;
};

static int on_row(void *ctx, uint64_t number) {
    struct counting *c = ctx;
    struct rec_ledger row;
    struct key key = key_no(number);
    int rc = look_get(c->look, TABLE_LEDGER, &row, key_bytes(&key));
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    count(rule_of(c->to, row.rule), &row);
    count(&c->to->all, &row);
    return 0;
}

int look_hold(struct look *look, const struct rec_hold *hold, struct hold_look *ret) {
    struct counting c = {look, ret};
    struct key prefix = key_no((uint64_t)hold->no);

    *ret = (struct hold_look){.hold = *hold};
    return look_numbers(look, TABLE_HOLD_ROW, &prefix, on_row, &c);
}
