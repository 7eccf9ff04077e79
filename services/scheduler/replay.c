#include "services/scheduler/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/journal.h"
#include "common/json.h"
#include "common/zone.h"
#include "services/scheduler/config_kept.h"
#include "services/scheduler/step.h"

#define PATH_BYTES 4400
#define OUTPUT_MAX (1 << 20)

enum exit_code { DONE = 0, TROUBLE = 1, CANNOT = 2 };

struct replaying {
    const char *home, *from;
    char scratch[PATH_BYTES];
    struct store *core, *base, *again;
    struct txn *now, *then, *fold; /* core; what it began with; what comes of the inputs */
    struct journal *inbox;
    struct settings settings;
    struct rulebook rules;
    struct token_key links;
    bool has_config;
    struct step step;
    struct key derive_at;
    unsigned derive_table, configs;
    uint64_t first, last; /* rows of inputs to be given */
    uint64_t row;         /* the one in hand */
    uint64_t inputs, events;
    bool other_zones; /* something was reckoned by other zone data than is here now */
    struct replay_comparison comparison;
    struct buf err;
};

static int cannot(struct replaying *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int cannot(struct replaying *r, const char *fmt, ...) {
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_clear(&r->err);
    buf_str(&r->err, text);
    return -ENODATA;
}

/* ---- the scratch folder ---- */

static int make_scratch(struct replaying *r) {
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(r->scratch, sizeof r->scratch, "%s/cirkel-replay-XXXXXX",
                     tmp && tmp[0] == '/' ? tmp : "/tmp");
    if (n < 0 || n >= PATH_BYTES - 100)
        return -ENAMETOOLONG;
    return mkdtemp(r->scratch) ? 0 : -errno;
}

/* ---- what holds ---- */

static int read_config(struct replaying *r, struct bytes kept) {
    char dir[PATH_BYTES + 32];
    struct settings settings;
    struct rulebook rules;
    snprintf(dir, sizeof dir, "%s/config-%u", r->scratch, ++r->configs);
    int rc = config_unpack(kept, dir);
    if (rc == 0)
        rc = settings_read(dir, &settings, &r->err);
    if (rc)
        return rc;
    rc = rulebook_read(dir, &rules, &r->err);
    if (rc) {
        settings_free(&settings);
        return rc;
    }
    if (r->has_config) {
        settings_free(&r->settings);
        rulebook_free(&r->rules);
    }
    r->settings = settings;
    r->rules = rules;
    r->has_config = true;
    return 0;
}

static int take_config(struct replaying *r, struct text hash) {
    struct key key = key1(hash);
    struct bytes kept;
    int rc = store_get(r->now, TABLE_CONFIG, key_bytes(&key), &kept);
    if (rc == -ENOENT)
        return cannot(r, "the configuration of row %" PRIu64 " of the inputs is not kept", r->row);
    return rc ? rc : read_config(r, kept);
}

/* ---- zone data ---- */

/* What was planned by other data cannot be done over: only its hash is kept. */
static void by_zones(struct replaying *r, uint64_t zones) {
    r->other_zones |= zones && zones != zone_data();
}

static int first_zones(struct replaying *r) {
    uint64_t zones;
    (void)zone_follow();
    int rc = meta_get(r->then, "zones", &zones);
    if (rc == 0)
        by_zones(r, zones);
    return rc;
}

static int check_zones(struct replaying *r) {
    if (!r->comparison.count || !r->other_zones)
        return 0;
    return cannot(r,
                  "%" PRIu64
                  " rows differ, but the time zone data of this machine changed since%s%s, "
                  "and what was planned by the old data cannot be done over; make a backup, from "
                  "then on it can be done",
                  r->comparison.count, r->from ? " the backup in " : " the beginning",
                  r->from ? r->from : "");
}

/* ---- giving ---- */

struct events {
    struct replaying *r;
    const struct rec_input *input;
    uint64_t next;
};

static int on_event(void *ctx, uint64_t seq, struct bytes payload) {
    struct events *e = ctx;
    if (seq != e->next++)
        return cannot(e->r, "event %" PRIu64 " is not in the inbox any more", e->next - 1);
    e->r->events++;
    return text_is(e->input->kind, "aside") ? step_quarantine(&e->r->step, e->input->now, seq,
                                                              payload, (uint64_t)e->input->crashes)
                                            : step_event(&e->r->step, e->input->now, seq, payload);
}

static int give_events(struct replaying *r, const struct rec_input *input) {
    struct events e = {r, input, (uint64_t)input->first};
    uint64_t count = input->count ? (uint64_t)input->count : 1, end = e.next + count;
    int rc = count > UINT32_MAX ? -EBADMSG
                                : journal_read(r->inbox, e.next, (unsigned)count, on_event, &e);
    if (rc == 0 && e.next != end)
        return cannot(r, "event %" PRIu64 " is not in the inbox any more", e.next);
    return rc;
}

static int give_due(struct replaying *r, const struct rec_input *input) {
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < input->count; i++)
        rc = step_due(&r->step, input->now, input->until);
    return rc == -ENOENT ? 0 : rc; /* nothing is due here that was due there: core differs */
}

static int give_rules(struct replaying *r, const struct rec_input *input) {
    bool done;
    int rc = 0;
    if (input->anew) {
        r->derive_at.n = 0;
        r->derive_table = 0;
    }
    r->step.zones = (uint64_t)input->zones;
    by_zones(r, r->step.zones);
    for (int64_t i = 0; rc == 0 && i < input->count; i++)
        rc = step_rules(&r->step, input->now, &r->derive_at, &r->derive_table, &done);
    return rc;
}

static int give_arm(struct replaying *r, const struct rec_input *input) {
    struct frame_arm arm = {.delivery = input->delivery,
                            .attempt = input->attempt,
                            .boot = input->boot,
                            .readdressed = input->readdressed,
                            .over = input->over};
    bool granted;
    msec until;
    return step_arm(&r->step, input->now, input->at_boot, &arm, &granted, &until);
}

static int give_result(struct replaying *r, const struct rec_input *input) {
    struct frame_result result = {.delivery = input->delivery,
                                  .attempt = input->attempt,
                                  .boot = input->boot,
                                  .readdressed = input->readdressed,
                                  .outcome = input->outcome,
                                  .reply = input->reply,
                                  .bounced = input->bounced,
                                  .wait = input->wait};
    return step_result(&r->step, input->now, &result);
}

static int give_config(struct replaying *r, const struct rec_input *input) {
    return take_config(r, input->config);
}

static int give_home(struct replaying *r, const struct rec_input *input) {
    return step_home(&r->step, input);
}

static int give_inbox(struct replaying *r, const struct rec_input *input) {
    return step_inbox(&r->step, input->now, (uint64_t)input->inbox);
}

static int give_lost(struct replaying *r, const struct rec_input *input) {
    return step_lost(&r->step, input->now, (uint64_t)input->delivery);
}

static int give_hold(struct replaying *r, const struct rec_input *input) {
    char hold[65];
    int rc = text_copy(input->hold, hold, sizeof hold);
    if (rc)
        return rc;
    return text_is(input->kind, "hold") ? step_hold(&r->step, input->now, hold, input->reason)
                                        : step_unhold(&r->step, input->now, hold);
}

static const struct {
    const char *kind;
    int (*give)(struct replaying *r, const struct rec_input *input);
} givers[] = {
    {"event", give_events}, {"aside", give_events},  {"due", give_due},   {"rules", give_rules},
    {"arm", give_arm},      {"result", give_result}, {"lost", give_lost}, {"home", give_home},
    {"inbox", give_inbox},  {"config", give_config}, {"hold", give_hold}, {"unhold", give_hold},
};

static int on_input(void *ctx, const struct rec_input *input) {
    struct replaying *r = ctx;
    r->inputs++;
    for (unsigned i = 0; i < COUNT_OF(givers); i++)
        if (text_is(input->kind, givers[i].kind))
            return givers[i].give(r, input);
    return -EBADMSG;
}

static int fold(struct replaying *r) {
    int rc = 0;
    for (r->row = r->first; rc == 0 && r->row <= r->last; r->row++) {
        struct key key = key_no(r->row);
        struct bytes row;
        rc = store_get(r->now, TABLE_INPUTS, key_bytes(&key), &row);
        if (rc == -ENOENT)
            return cannot(r, "row %" PRIu64 " of the inputs is missing", r->row);
        if (rc == 0)
            rc = step_begin(&r->step, r->fold);
        if (rc == 0)
            rc = inputs_each(row, on_input, r);
        if (rc == 0)
            rc = step_end(&r->step);
    }
    return rc;
}

/* ---- where it begins ---- */

/* The backup's last row of inputs is also core's, or one of the two has another past. */
static int check_past(struct replaying *r, uint64_t no) {
    struct key key = key_no(no);
    struct bytes here, there;
    int rc = no ? store_get(r->now, TABLE_INPUTS, key_bytes(&key), &here) : -ENOENT;
    if (rc == 0)
        rc = store_get(r->then, TABLE_INPUTS, key_bytes(&key), &there);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return bytes_eq(here, there) ? 0
                                 : cannot(r,
                                          "%s is a backup of something else, or this home went "
                                          "another way since",
                                          r->from);
}

static int on_first(void *ctx, const struct rec_input *input) {
    *(instant *)ctx = input->now;
    return 1;
}

static int say_gone(struct replaying *r, struct bytes oldest) {
    char since[RFC3339_TEXT] = "";
    instant now = 0;
    if (inputs_each(oldest, on_first, &now) == 1)
        instant_format(now, NULL, since);
    return r->from ? cannot(r,
                            "what came after %s was let go, up to %s; name a backup made since "
                            "then, or make one: from then on it can be done",
                            r->from, since)
                   : cannot(r,
                            "what came before %s was let go; name a backup made since then, or "
                            "make one: from then on it can be done",
                            since);
}

static int find_rows(struct replaying *r) {
    struct bytes key, value;
    uint64_t had, oldest;
    size_t at = 0;
    int rc = inputs_last(r->then, &had);
    if (rc == 0)
        rc = inputs_last(r->now, &r->last);
    if (rc == 0)
        rc = store_seek(r->now, TABLE_INPUTS, (struct bytes){"", 0}, &key, &value);
    if (rc == -ENOENT)
        return cannot(r, "no inputs are kept yet");
    if (rc == 0 && !key_next_u64(key, &at, &oldest))
        rc = -EBADMSG;
    if (rc)
        return rc;
    r->first = had + 1;
    if (r->last < had)
        return cannot(r, "%s is newer than this home", r->from);
    return oldest > r->first ? say_gone(r, value) : check_past(r, had);
}

static int open_base(struct replaying *r) {
    char path[PATH_BYTES + 32];
    struct store_options o = {
        .dir = path, .tables = table_names, .count = TABLE_COUNT, .writer = !r->from};
    snprintf(path, sizeof path, "%s/backup", r->from ? r->from : "");
    if (r->from && access(path, F_OK))
        return cannot(r, "%s is no backup", r->from);
    snprintf(path, sizeof path, "%s/%s", r->from ? r->from : r->scratch, r->from ? "core" : "base");
    int rc = store_open(&r->base, &o);
    return rc ? rc : store_begin_read(r->base, &r->then);
}

static int open_core(struct replaying *r) {
    char path[PATH_BYTES + 32];
    struct store_options o = {.dir = path, .tables = table_names, .count = TABLE_COUNT};
    snprintf(path, sizeof path, "%s/core", r->home);
    int rc = store_open(&r->core, &o);
    if (rc == 0)
        rc = store_begin_read(r->core, &r->now);
    snprintf(path, sizeof path, "%s/inbox", r->home);
    if (rc == 0)
        rc = journal_open(&r->inbox, path, false, 0);
    if (rc == -ENOENT)
        return cannot(r, "nothing has been kept in %s yet", r->home);
    snprintf(path, sizeof path, "%s/keys/links.key", r->home);
    return rc ? rc : token_key_load(path, &r->links);
}

static int open_fold(struct replaying *r) {
    char path[PATH_BYTES + 32];
    struct store_options o = {
        .dir = path, .tables = table_names, .count = TABLE_COUNT, .writer = true, .below = r->then};
    snprintf(path, sizeof path, "%s/again", r->scratch);
    int rc = store_open(&r->again, &o);
    if (rc == 0)
        rc = store_begin_write(r->again, &r->fold);
    if (rc)
        return rc;
    step_open(&r->step, &r->settings, &r->rules, &r->links);
    r->step.reread = UINT64_MAX;
    return 0;
}

/* What held when the backup was made. */
static int first_config(struct replaying *r) {
    struct bytes hash;
    struct key key = key1(TEXT_LIT(CONFIG_NOW));
    int rc = store_get(r->then, TABLE_CONFIG, key_bytes(&key), &hash);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    key = key1((struct text){hash.p, hash.n});
    rc = store_get(r->then, TABLE_CONFIG, key_bytes(&key), &hash);
    return rc ? rc : read_config(r, hash);
}

static int run(struct replaying *r) {
    int rc = open_core(r);
    if (rc == 0)
        rc = open_base(r);
    if (rc == 0)
        rc = open_fold(r);
    if (rc == 0)
        rc = first_config(r);
    if (rc == 0)
        rc = find_rows(r);
    if (rc == 0)
        rc = first_zones(r);
    if (rc == 0)
        rc = fold(r);
    if (rc == 0)
        rc = replay_compare(r->now, r->fold, &r->comparison);
    return rc ? rc : check_zones(r);
}

/* ---- what is said ---- */

static void print(struct replaying *r, int rc) {
    struct replay_comparison *c = &r->comparison;
    struct buf b;
    buf_init(&b, OUTPUT_MAX);
    if (rc) {
        if (!r->err.n)
            buf_printf(&r->err, "row %" PRIu64 " of the inputs: %s", r->row, strerror(-rc));
        buf_str(&b, "{\"error\":");
        json_text(&b, buf_as_text(&r->err));
    } else {
        buf_printf(&b,
                   "{\"good\":%s,\"inputs\":%" PRIu64 ",\"events\":%" PRIu64 ",\"rows\":%" PRIu64
                   ",\"difference_count\":%" PRIu64 ",\"differences\":[",
                   c->count ? "false" : "true", r->inputs, r->events, c->rows, c->count);
        for (unsigned i = 0; i < REPLAY_SHOWN && i < c->count; i++) {
            buf_printf(&b, "%s{\"table\":\"%s\",\"key\":", i ? "," : "",
                       table_names[c->first[i].table]);
            json_text(&b, text_of(c->first[i].key));
            buf_printf(&b, ",\"what\":\"%s\"}", c->first[i].what);
        }
        buf_char(&b, ']');
    }
    buf_char(&b, '}');
    puts(buf_cstr(&b));
    buf_free(&b);
}

static void close_all(struct replaying *r) {
    if (r->again)
        step_close(&r->step);
    store_abort(&r->fold);
    store_close(&r->again);
    store_abort(&r->then);
    store_close(&r->base);
    store_abort(&r->now);
    store_close(&r->core);
    journal_close(&r->inbox);
    if (r->has_config) {
        settings_free(&r->settings);
        rulebook_free(&r->rules);
    }
    remove_tree(r->scratch);
}

int replay(const char *home, const char *from) {
    struct replaying *r = calloc(1, sizeof *r);
    must(r);
    r->home = home;
    r->from = from;
    buf_init(&r->err, 1 << 16);
    int rc = make_scratch(r);
    if (rc == 0) {
        rc = run(r);
        close_all(r);
    }
    print(r, rc);
    buf_free(&r->err);
    free(r);
    return rc == 0 ? DONE : rc == -ENODATA ? CANNOT : TROUBLE;
}
