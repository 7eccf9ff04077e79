#include "services/cirkel/look_halts.h"

#include "services/cirkel/when.h"

#include <stdio.h>

static int on_halt(void *ctx, struct bytes key, struct bytes value) {
    struct look_halts *h = ctx;

    (void)key;
    if (h->count < LOOK_HALTS && look_decode(REC_HALT, value, &h->halt[h->count]) == 0)
        h->count++;
    return 0;
}

int look_halts(struct look *look, struct look_halts *ret) {
    ret->count = 0;
    return store_scan(look->txn, TABLE_HALT, (struct bytes){"", 0}, on_halt, ret);
}

/* What ends it. */
static const char *remedy(const struct rec_halt *halt) {
    return text_is(halt->halt, "pause") ? "cirkel resume" : "cirkel release --hold";
}

const struct rec_halt *look_halts_find(const struct look_halts *h, const char *word) {
    for (unsigned i = 0; i < h->count; i++)
        if (text_is(h->halt[i].halt, word))
            return &h->halt[i];
    return NULL;
}

json_t *look_halts_tree(const struct look_halts *h, const char *zone) {
    json_t *tree = json_array();

    for (unsigned i = 0; i < h->count; i++) {
        const struct rec_halt *halt = &h->halt[i];
        char since[RFC3339_TEXT];
        when_format(halt->since, text_of(zone), since);
        json_array_append_new(tree, json_pack("{s:s%,s:s,s:s%,s:s}", "hold", halt->halt.p,
                                              halt->halt.n, "since", since, "reason",
                                              halt->reason.p ? halt->reason.p : "", halt->reason.n,
                                              "do", remedy(halt)));
    }
    return tree;
}

void look_halts_print(const struct look_halts *h, const char *zone) {
    for (unsigned i = 0; i < h->count; i++) {
        const struct rec_halt *halt = &h->halt[i];
        char since[RFC3339_TEXT];
        when_format(halt->since, text_of(zone), since);
        printf("NOTHING LEAVES since %s (%.*s)%s%.*s\n    To go on: %s%s\n", since,
               TEXT_ARGS(halt->halt), halt->reason.n ? ": " : "", TEXT_ARGS(halt->reason),
               text_is(halt->halt, "clock")
                   ? "set the clock right, and it does five minutes later; if it is right: "
                   : "",
               remedy(halt));
    }
    if (h->count)
        puts("");
}
