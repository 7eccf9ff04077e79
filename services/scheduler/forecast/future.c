#include "services/scheduler/forecast/future.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/pack.h"
#include "common/store.h"
#include "proto/halted.h"
#include "services/scheduler/forecast/way.h"
#include "services/scheduler/reminders/halt.h"
#include "services/scheduler/reminders/ledger.h"

#define WRITES_A_COMMIT 60000 /* each may hold a page in memory until then */
#define LETTERS_A_STEP 8
#define HALTED_MOST 4096

struct telling {
    future_fn *fn;
    void *ctx;
};

/* ---- which rows were handed out ---- */

static bool is_told(const struct future *f, uint64_t no) {
    return no / 64 < f->told_words && (f->told[no / 64] >> (no % 64) & 1);
}

static void set_told(struct future *f, uint64_t no) {
    if (no / 64 >= f->told_words) {
        size_t words = 2 * (no / 64) + 1024;
        f->told = realloc(f->told, words * sizeof *f->told);
        must(f->told);
        memset(f->told + f->told_words, 0, (words - f->told_words) * sizeof *f->told);
        f->told_words = words;
    }
    f->told[no / 64] |= (uint64_t)1 << (no % 64);
}

static int tell(struct future *f, const struct telling *t, const struct rec_ledger *row) {
    set_told(f, (uint64_t)row->no);
    return t->fn(t->ctx, f, row);
}

/* In a digest, it is told when that leaves; held, when somebody or time lets it go. */
static bool is_open(const struct rec_ledger *row) {
    return ledger_is_waiting(row) || text_is(row->state, "digested") || text_is(row->state, "held");
}

static int tell_no(struct future *f, const struct telling *t, uint64_t no, bool even_waiting) {
    struct rec_ledger row;
    if (is_told(f, no))
        return 0;
    arena_reset(f->step.arena);
    int rc = ledger_get(&f->step.office, no, &row);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    return is_open(&row) && !even_waiting ? 0 : tell(f, t, &row);
}

/* ---- letters that were open when it began ---- */

static int add_open(struct future *f, uint64_t no) {
    struct rec_ledger row;
    int rc = ledger_get(&f->step.office, no, &row);
    arena_reset(f->step.arena);
    if (rc || row.ended) /* of a hold that it was in */
        return rc == -ENOENT ? -EBADMSG : rc;
    if (f->open_count == f->open_room) {
        f->open_room = f->open_room ? 2 * f->open_room : 256;
        f->open = realloc(f->open, f->open_room * sizeof *f->open);
        must(f->open);
    }
    f->open[f->open_count++] = no;
    return 0;
}

/* All numbers at the end of the keys of an index that begin so. */
static int add_open_of(struct future *f, enum table table, struct key prefix) {
    struct key at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(&f->step.office, table, &prefix, &at, &value)) == 0) {
        size_t from = at.n - 8;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &from, &no));
        if ((rc = add_open(f, no)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int add_open_holds(struct future *f) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    struct rec_hold hold;
    int rc = 0;
    while (rc == 0 && (rc = office_next(&f->step.office, TABLE_HOLD, &none, &at, &value)) == 0) {
        rc = office_read(&f->step.office, TABLE_HOLD, value, &hold);
        if (rc == 0 && hold.held)
            rc = add_open_of(f, TABLE_HOLD_ROW, key_no((uint64_t)hold.no));
    }
    return rc == -ENOENT ? 0 : rc;
}

/* What is in it follows a digest's letter. */
static int add_items(struct future *f, struct text digest) {
    struct rec_digest d;
    struct text person;
    int64_t no;
    must(text_cut(&digest, '/', &person));
    int rc = office_get(&f->step.office, TABLE_DIGEST, key2(person, digest), &d);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    struct buf items; /* adding lets go of what was read */
    buf_init(&items, d.items.raw.n + 1);
    buf_add(&items, d.items.raw.p, d.items.raw.n);
    struct list list = {buf_as_bytes(&items), d.items.count};
    while (rc == 0 && codec_next_int(&list, &no))
        rc = add_open(f, (uint64_t)no);
    buf_free(&items);
    return rc;
}

/* An order about a letter that had come to its end may have opened it again. */
static int add_reopened(struct future *f) {
    struct office *o = &f->step.office;
    struct rec_ledger row;
    int64_t no;
    if (!text_is(o->about_kind, "ledger") || text_int(o->about, &no))
        return 0;
    int rc = ledger_get(o, (uint64_t)no, &row);
    if (rc || row.ended || (uint64_t)no > f->before)
        return rc == -ENOENT ? 0 : rc;
    if (text_is(row.about_kind, "digest"))
        rc = add_items(f, row.about);
    return rc ? rc : add_open(f, (uint64_t)no);
}

static int find_open(struct future *f) {
    static const struct key all = {.n = 0};
    int rc = add_open_of(f, TABLE_OUTBOX, all);
    if (rc == 0)
        rc = add_open_of(f, TABLE_DIGESTED, all);
    if (rc == 0)
        rc = add_open_of(f, TABLE_ATTENTION, key1(TEXT_LIT("unknown")));
    if (rc == 0)
        rc = add_open_holds(f);
    return rc;
}

/* What was open and has not left: it came to another end, or waits and says so; what is still of
 * unknown fate has not changed. */
static int tell_open(struct future *f, const struct telling *t) {
    struct rec_ledger row;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < f->open_count; i++) {
        if (is_told(f, f->open[i]))
            continue;
        arena_reset(f->step.arena);
        rc = ledger_get(&f->step.office, f->open[i], &row);
        if (rc == 0 && !text_is(row.state, "unknown"))
            rc = tell(f, t, &row);
    }
    return rc == -ENOENT ? -EBADMSG : rc;
}

/* What never left, as the future leaves it: also what somebody opened again in it. */
static int tell_rest(struct future *f, const struct telling *t) {
    buf_clear(&f->halted);
    int rc = halted_say(f->txn, &f->halted);
    for (uint64_t no = f->before + 1; rc == 0 && no <= f->step.office.counts[COUNT_LEDGER]; no++)
        rc = tell_no(f, t, no, true);
    if (rc == 0)
        rc = find_open(f);
    return rc ? rc : tell_open(f, t);
}

/* ---- what happens ---- */

static int deliver_one(struct future *f, const struct telling *t, bool *ret_any) {
    struct bytes key, value;
    size_t at = 0;
    uint64_t due, no;
    bool granted;
    msec lease;
    struct rec_ledger row;
    *ret_any = false;
    int rc = store_seek(f->txn, TABLE_OUTBOX, (struct bytes){"", 0}, &key, &value);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    must(key_next_u64(key, &at, &due) && key_next_u64(key, &at, &no));
    if ((instant)due > f->now)
        return 0;
    arena_reset(f->step.arena);
    if ((rc = ledger_get(&f->step.office, no, &row)))
        return rc;
    struct frame_arm arm = {.delivery = (int64_t)no,
                            .attempt = row.attempts + 1,
                            .boot = TEXT_LIT("forecast"),
                            .readdressed = row.readdressed};
    struct frame_result result = {.delivery = (int64_t)no,
                                  .attempt = arm.attempt,
                                  .boot = arm.boot,
                                  .readdressed = arm.readdressed,
                                  .outcome = TEXT_LIT("accepted")};
    *ret_any = true;
    rc = step_arm(&f->step, f->now, 0, &arm, &granted, &lease);
    if (rc == 0 && granted)
        rc = step_result(&f->step, f->now, &result);
    return rc ? rc : tell_no(f, t, no, false);
}

/* Whatever is in the outbox arrives at once, as it would on a good day. */
static int deliver(struct future *f, const struct telling *t, bool *ret_any) {
    bool held, more = true;
    *ret_any = false;
    int rc = halt_any(f->txn, &held);
    if (rc || held) /* nothing leaves */
        return rc;
    for (unsigned i = 0; rc == 0 && more && i < LETTERS_A_STEP; i++) {
        rc = deliver_one(f, t, &more);
        *ret_any |= more;
    }
    return rc;
}

/* What its answer counts: whom it reaches, by the same reckoning that the order itself goes by. */
static int64_t counted(const struct office *o) {
    struct pack_reader r = pack_read(buf_as_bytes(o->result));
    struct text name;
    int64_t count = 0;
    for (unsigned i = 0; i < o->result_count && pack_read_text(&r, &name); i++)
        if (!text_is(name, "count"))
            must(pack_skip(&r));
        else
            must(pack_read_int(&r, &count));
    return count;
}

static int hear(struct future *f) {
    const struct future_event *e = &f->options->events[f->next_event++];
    struct office *o = &f->step.office;
    uint64_t position;
    int rc = meta_get(f->txn, "position", &position);
    if (rc == 0)
        rc = step_event(&f->step, f->now, position + 1, e->payload);
    if (rc == 0 && !o->refusal.code && e->line)
        f->counted += counted(o);
    if (rc == 0 && !o->refusal.code)
        rc = add_reopened(f);
    if (rc || !o->refusal.code || !e->line)
        return rc;
    f->refusals = realloc(f->refusals, (f->refusal_count + 1) * sizeof *f->refusals);
    must(f->refusals);
    f->refusals[f->refusal_count++] = (struct future_refusal){e->line, o->refusal};
    return 0;
}

static int derive(struct future *f) {
    bool done;
    int rc = step_rules(&f->step, f->now, &f->derive_at, &f->derive_table, &done);
    f->deriving = !done;
    if (rc == 0 && done && f->options->also_existing)
        rc = existing_wake(&f->step.office, &f->existing);
    return rc;
}

static instant next_event_at(const struct future *f) {
    return f->next_event < f->options->event_count ? f->options->events[f->next_event].at : 0;
}

/* One thing that happens now, or the clock jumps to the next. What is said when it begins comes
 * first, as after an outage; what is said later comes after what fell due by then. */
static int one_step(struct future *f, const struct telling *t, bool *ret_more) {
    bool any = false;
    instant said = next_event_at(f), next;
    *ret_more = true;
    if (f->deriving)
        return derive(f);
    if (said && said <= f->hears)
        return hear(f);
    int rc = step_due(&f->step, f->now, f->now);
    if (rc != -ENOENT)
        return rc;
    rc = deliver(f, t, &any);
    if (rc || any)
        return rc;
    f->hears = f->now;
    if (said && said <= f->now)
        return 0;
    rc = step_next(&f->step, &next);
    if (said && (!next || said < next))
        next = said;
    *ret_more = rc == 0 && next && next <= f->options->until;
    if (*ret_more && next > f->now)
        f->now = next;
    return rc;
}

static int begin(struct future *f) {
    int rc = store_begin_write(f->scratch, &f->txn);
    return rc ? rc : step_begin(&f->step, f->txn);
}

static int commit(struct future *f) {
    int rc = step_end(&f->step);
    return rc ? rc : store_commit(&f->txn);
}

int future_run(struct future *f, future_fn *fn, void *ctx) {
    struct telling t = {fn, ctx};
    struct way way = {0};
    bool more = true;
    int rc = 0;
    while (more && rc == 0) {
        rc = one_step(f, &t, &more);
        way_give(&way);
        if (rc == 0 && more && txn_writes(f->txn) > WRITES_A_COMMIT) {
            rc = commit(f);
            if (rc == 0)
                rc = begin(f);
        }
    }
    return rc ? rc : tell_rest(f, &t);
}

int future_put_aside(struct future *f) {
    int rc = commit(f);
    return rc ? rc : begin(f);
}

/* ---- begin and end ---- */

static int make_scratch(const char *home, char ret[4200]) {
    const char *tmp = getenv("TMPDIR");
    snprintf(ret, 4200, "%s%s/cirkel-forecast-XXXXXX", tmp ? tmp : home, tmp ? "" : "/run");
    return mkdtemp(ret) ? 0 : -errno;
}

static int open_scratch(struct future *f, const char *home, struct txn *core, struct buf *err) {
    char dir[4200];
    int rc = make_scratch(home, dir);
    if (rc) {
        buf_printf(err, "%s: no room for what is only thought of: %s; set TMPDIR to a folder\n",
                   dir, strerror(-rc));
        return rc;
    }
    struct store_options o = {
        .dir = dir, .tables = table_names, .count = TABLE_COUNT, .writer = true, .below = core};
    rc = store_open(&f->scratch, &o);
    remove_tree(dir); /* however we end: the open files go on without a name */
    return rc;
}

static bool has_config(const char *folder) {
    static const char *const parts[] = {"cirkel.conf", "rules", "letters"};
    for (unsigned i = 0; i < COUNT_OF(parts); i++)
        if (rulebook_place(folder, NULL, parts[i]))
            return true;
    return false;
}

/* What the folder to be looked at has not is the home's, as when it is applied. */
static int read_config(struct future *f, struct buf *err) {
    char path[4200];
    const char *home = f->options->home, *from = f->options->config ? f->options->config : home;
    if (!has_config(from)) {
        buf_printf(err, "%s has no cirkel.conf, rules or letters\n", from);
        return -EINVAL;
    }
    int rc = settings_read(rulebook_place(from, home, "cirkel.conf"), &f->settings, err);
    if (rc == 0)
        rc = rulebook_read_over(from, home, &f->rules, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "%s/keys/links.key", home);
    rc = token_key_load(path, &f->links);
    if (rc)
        buf_printf(err, "%s: %s\n", path, strerror(-rc));
    return rc;
}

int future_open(struct future *f, const struct future_options *options, struct txn *core,
                struct buf *reterr) {
    uint64_t rules, zones;
    *f = (struct future){.options = options, .now = options->now, .hears = options->now};
    buf_init(&f->halted, HALTED_MOST);
    int rc = read_config(f, reterr);
    if (rc == 0)
        rc = open_scratch(f, options->home, core, reterr);
    if (rc)
        return rc;
    step_open(&f->step, &f->settings, &f->rules, &f->links);
    rc = begin(f);
    if (rc == 0)
        rc = meta_get(f->txn, "rules", &rules);
    if (rc == 0)
        rc = meta_get(f->txn, "zones", &zones);
    if (rc)
        return rc;
    (void)zone_follow();
    f->step.zones = zone_data();
    f->deriving = rules != f->rules.version || (zones && zones != f->step.zones);
    f->before = f->step.office.counts[COUNT_LEDGER];
    return find_open(f);
}

void future_close(struct future *f) {
    if (f->scratch)
        step_close(&f->step);
    store_abort(&f->txn);
    store_close(&f->scratch);
    rulebook_free(&f->rules);
    settings_free(&f->settings);
    buf_free(&f->halted);
    free(f->refusals);
    free(f->told);
    free(f->open);
}
