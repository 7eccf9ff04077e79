#include "services/scheduler/forecast.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/store.h"
#include "common/zone.h"
#include "proto/present.h"
#include "services/scheduler/step.h"

#define STEPS_A_COMMIT 2000

struct future {
    struct settings settings;
    struct rulebook rules;
    struct token_key links;
    struct store *core;
    struct step step;
    instant now, until;
    uint64_t shown; /* the last ledger row printed */
    bool deriving;
    struct key derive_at;
    unsigned derive_table;
};

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* Every row decided since the last look, as the ledger would show it. */
static int show(struct future *f) {
    struct office *o = &f->step.office;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (;; f->shown++) {
        struct rec_ledger row;
        arena_reset(f->step.arena);
        int rc = office_get(o, TABLE_LEDGER, key_no(f->shown + 1), &row);
        if (rc) {
            buf_free(&b);
            return rc == -ENOENT ? 0 : rc;
        }
        buf_clear(&b);
        row.name = row.address = TEXT_NONE; /* a forecast is about who and when, by id */
        present_json(&rec_shapes[REC_LEDGER], &row, office_zone(o, row.zone), PRESENT_NO_RAW, &b);
        puts(buf_cstr(&b));
    }
}

/* Whatever is in the outbox arrives at once, as it would on a good day. */
static int deliver(struct future *f, bool *ret_any) {
    struct bytes key, value;
    size_t at = 0;
    uint64_t due, no, paused;
    bool granted;
    msec lease;
    *ret_any = false;
    int rc = meta_get(f->step.office.txn, "paused", &paused);
    if (rc || paused) /* nothing leaves */
        return rc;
    rc = store_seek(f->step.office.txn, TABLE_OUTBOX, (struct bytes){"", 0}, &key, &value);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    must(key_next_u64(key, &at, &due) && key_next_u64(key, &at, &no));
    if ((instant)due > f->now)
        return 0;
    struct key k = key_no(no);
    struct rec_ledger row;
    struct complaint c;
    rc = store_get(f->step.office.txn, TABLE_LEDGER, key_bytes(&k), &value);
    if (rc == 0)
        rc = codec_decode(&rec_shapes[REC_LEDGER], CODEC_LENIENT, value, &row, &c);
    if (rc)
        return rc;
    struct frame_arm arm = {(int64_t)no, row.attempts + 1, TEXT_LIT("forecast")};
    struct frame_result result = {.delivery = (int64_t)no,
                                  .attempt = arm.attempt,
                                  .boot = arm.boot,
                                  .outcome = TEXT_LIT("accepted")};
    *ret_any = true;
    rc = step_arm(&f->step, f->now, 0, &arm, &granted, &lease);
    return rc || !granted ? rc : step_result(&f->step, f->now, &result);
}

static int one_step(struct future *f, bool *ret_more) {
    bool any = false;
    *ret_more = true;
    if (f->deriving) {
        bool done;
        int rc = step_rules(&f->step, f->now, &f->derive_at, &f->derive_table, &done);
        f->deriving = !done;
        return rc;
    }
    int rc = step_due(&f->step, f->now, f->now);
    if (rc != -ENOENT)
        return rc;
    rc = deliver(f, &any);
    if (rc || any)
        return rc;
    instant next;
    rc = step_next(&f->step, &next);
    *ret_more = rc == 0 && next && next <= f->until;
    if (*ret_more && next > f->now)
        f->now = next;
    return rc;
}

static int look_ahead(struct future *f) {
    bool more = true;
    int rc = 0;
    while (more && rc == 0) {
        struct txn *txn;
        rc = store_begin_write(f->core, &txn);
        if (rc)
            return rc;
        rc = step_begin(&f->step, txn);
        if (rc == 0 && !f->shown)
            f->shown = f->step.office.counts[COUNT_LEDGER];
        if (rc == 0 && f->now == 0)
            f->now = clock_now();
        for (unsigned i = 0; i < STEPS_A_COMMIT && more && rc == 0; i++)
            rc = one_step(f, &more);
        if (rc == 0)
            rc = show(f);
        if (rc == 0)
            rc = step_end(&f->step);
        if (rc)
            store_abort(&txn);
        else
            rc = store_commit(&txn);
    }
    return rc;
}

static int copy_core(const char *home, const char *to, struct store **ret) {
    char path[4200];
    struct store *core;
    snprintf(path, sizeof path, "%s/core", home);
    struct store_options from = {.dir = path, .tables = table_names, .count = TABLE_COUNT};
    struct store_options copy = {
        .dir = to, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    int rc = store_open(&core, &from);
    if (rc == 0)
        rc = store_copy(core, to);
    store_close(&core);
    return rc ? rc : store_open(ret, &copy);
}

static int open_future(struct future *f, const char *home, const char *scratch, struct buf *err) {
    char path[4200];
    int rc = settings_read(home, &f->settings, err);
    if (rc == 0)
        rc = rulebook_read(home, &f->rules, err);
    snprintf(path, sizeof path, "%s/keys/links.key", home);
    if (rc == 0)
        rc = token_key_load(path, &f->links);
    if (rc == 0)
        rc = copy_core(home, scratch, &f->core);
    if (rc == 0)
        step_open(&f->step, &f->settings, &f->rules, &f->links);
    return rc;
}

/* Rules that changed since the scheduler last ran are looked at as it will look at them. */
static int find_deriving(struct future *f) {
    struct txn *txn;
    uint64_t rules;
    int rc = store_begin_read(f->core, &txn);
    if (rc)
        return rc;
    rc = meta_get(txn, "rules", &rules);
    f->deriving = rules != f->rules.version;
    store_abort(&txn);
    return rc;
}

int forecast(const char *home, bool clock, const char *until) {
    struct future f = {.shown = 0};
    struct buf err;
    char virtual[4200], scratch[] = "/tmp/cirkel-forecast-XXXXXX";
    snprintf(virtual, sizeof virtual, "%s/run/clock", home);
    if (instant_parse(text_of(until), &f.until) || clock_use(clock ? virtual : NULL)) {
        fprintf(stderr,
                "forecast: \"%s\" is no moment; expected one like 2022-05-24T09:00:00+02:00\n",
                until);
        return 2;
    }
    buf_init(&err, 1 << 16);
    if (!mkdtemp(scratch)) {
        fprintf(stderr, "forecast: no room for a private copy in /tmp: %s\n", strerror(errno));
        return 1;
    }
    int rc = open_future(&f, home, scratch, &err);
    if (rc == 0)
        rc = find_deriving(&f);
    if (rc == 0)
        rc = look_ahead(&f);
    if (rc)
        fprintf(stderr, "%sforecast: %s\n", buf_cstr(&err), strerror(-rc));
    if (f.core)
        step_close(&f.step);
    store_close(&f.core);
    rulebook_free(&f.rules);
    settings_free(&f.settings);
    buf_free(&err);
    (void)nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return rc ? 1 : 0;
}
