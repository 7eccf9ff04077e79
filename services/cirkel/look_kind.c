#include "services/cirkel/look_kind.h"

#include "services/cirkel/verbs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define KIND_ASIDE "aside"

struct walk {
    enum rec_type record;
    look_record_fn *fn;
    void *ctx;
    unsigned bad;
};

static int on_record(struct walk *walk, struct bytes value) {
    union any_rec rec;

    if (look_decode(walk->record, value, &rec)) {
        walk->bad++;
        return 0;
    }
    return walk->fn(walk->ctx, &rec);
}

static int on_row(void *ctx, struct bytes key, struct bytes value) {
    (void)key;
    return on_record(ctx, value);
}

static int on_aside(void *ctx, uint64_t no, struct bytes payload) {
    (void)no;
    return on_record(ctx, payload);
}

int look_kind(const char *name, struct look_kind *ret) {
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (strcmp(table_infos[i].name, name) == 0 && table_infos[i].record != REC_NONE) {
            *ret = (struct look_kind){table_infos[i].name, table_infos[i].record, (enum table)i,
                                      false};
            return 0;
        }
    if (strcmp(name, KIND_ASIDE) != 0)
        return -ENOENT;
    *ret = (struct look_kind){.name = KIND_ASIDE, .record = REC_ASIDE, .in_inbox = true};
    return 0;
}

int look_kind_of(const char *verb, int argc, char **argv, struct look_kind *ret) {
    struct buf kinds;
    int rc;

    if (argc == 1 && look_kind(argv[0], ret) == 0)
        return 0;
    buf_init(&kinds, 4096);
    for (unsigned i = 0; i < TABLE_COUNT; i++)
        if (table_infos[i].record != REC_NONE)
            buf_printf(&kinds, " %s", table_infos[i].name);
    buf_printf(&kinds, " %s", KIND_ASIDE);
    rc = usage("%s needs one of:%s", verb, buf_cstr(&kinds));
    buf_free(&kinds);
    return rc;
}

int look_each(struct look *look, const struct look_kind *kind, look_record_fn *fn, void *ctx,
              unsigned *ret_bad) {
    struct walk walk = {.record = kind->record, .fn = fn, .ctx = ctx};
    int rc = kind->in_inbox
                 ? journal_asides(look->inbox, 1, UINT_MAX, on_aside, &walk)
                 : store_scan(look->txn, kind->table, (struct bytes){"", 0}, on_row, &walk);

    *ret_bad = walk.bad;
    return rc;
}
