#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/pack.h"
#include "tests/harness/sim.h"

static int read_field(struct pack_reader *r, struct text name, struct sim_line *ret) {
    struct text at;
    if (text_is(name, "body"))
        return pack_read_raw(r, &ret->body) ? 0 : -EINVAL;
    if (text_is(name, "do"))
        return pack_read_text(r, &ret->do_) ? 0 : -EINVAL;
    if (text_is(name, "id"))
        return pack_read_text(r, &ret->id) ? 0 : -EINVAL;
    if (text_is(name, "type"))
        return pack_read_text(r, &ret->type) ? 0 : -EINVAL;
    if (text_is(name, "at"))
        return pack_read_text(r, &at) ? instant_parse(at, &ret->at) : -EINVAL;
    return pack_skip(r) ? 0 : -EINVAL;
}

int sim_line_read(struct text json, struct buf *keep, struct sim_line *ret, char reterr[200]) {
    struct text name;
    uint32_t pairs;
    buf_clear(keep);
    *ret = (struct sim_line){.at = 0};
    int rc = json_to_pack(json, keep, reterr);
    if (rc)
        return -EINVAL;
    ret->all = buf_as_bytes(keep);
    struct pack_reader r = pack_read(ret->all);
    if (!pack_read_map(&r, &pairs)) {
        snprintf(reterr, 200, "not an object");
        return -EINVAL;
    }
    while (pairs-- > 0) {
        if (!pack_read_text(&r, &name) || read_field(&r, name, ret)) {
            snprintf(reterr, 200, "%.*s is not what it should be", TEXT_ARGS(name));
            return -EINVAL;
        }
    }
    return 0;
}

static void add_text(struct buf *to, const char *name, struct text value) {
    if (!value.p)
        return;
    buf_printf(to, ", \"%s\": ", name);
    json_text(to, value);
}

static void add_instant(struct buf *to, const char *name, instant at, const struct zone *zone) {
    char text[RFC3339_TEXT];
    if (!at)
        return;
    instant_format(at, zone, text);
    add_text(to, name, text_of(text));
}

void sim_ledger_line(struct sim *s, const struct rec_ledger *row, struct buf *to) {
    const struct zone *zone = office_zone(&s->t.step.office, row->zone);
    buf_printf(to, "{\"no\": %lld", (long long)row->no);
    add_text(to, "rule", row->rule);
    add_text(to, "about_kind", row->about_kind);
    add_text(to, "about", row->about);
    add_text(to, "person", row->person);
    add_text(to, "language", row->language);
    add_instant(to, "due", row->due, zone);
    add_instant(to, "ended", row->ended, zone);
    add_text(to, "state", row->state);
    add_text(to, "reason", row->reason);
    buf_char(to, '}');
}

void sim_each_row(struct sim *s, sim_row_fn *fn, void *ctx) {
    struct key from = {.n = 0};
    struct bytes key, value;
    while (store_seek(s->t.txn, TABLE_LEDGER, key_bytes(&from), &key, &value) == 0) {
        struct rec_ledger row;
        uint64_t no;
        size_t at = 0;
        must(key_next_u64(key, &at, &no));
        from = key_no(no + 1);
        arena_reset(s->t.arena);
        trial_get(&s->t, TABLE_LEDGER, key_no(no), &row);
        fn(ctx, &row);
    }
}
