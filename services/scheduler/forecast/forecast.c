#include "services/scheduler/forecast/forecast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "proto/halted.h"
#include "services/scheduler/forecast/beyond.h"
#include "services/scheduler/forecast/difference.h"
#include "services/scheduler/forecast/said.h"
#include "services/scheduler/forecast/sample.h"

#define LINE_MOST (1 << 20)

enum exit_code { DONE = 0, TROUBLE = 1, USAGE = 2 };

struct forecasting {
    const struct forecast_options *options;
    struct store *core;
    struct txn *snapshot;
    instant now, until;
    struct said said;
    struct buf line, err, why;
    char zone[65]; /* the office's */
    uint64_t changes[CHANGE_NONE], same;
    bool regardless;       /* of what keeps letters from leaving in both: they are compared as if
                            * they left */
    unsigned unsaid;       /* events that come after the end */
    unsigned conflicts;    /* ids of the file that were used for something else */
    struct sample *sample; /* NULL: none are asked for */
    struct beyond before, after;
    struct buf halted; /* why nothing leaves now */
};

/* ---- what is asked for ---- */

static bool is_asked_for(const struct forecast_options *o, const struct outlook_letter *l) {
    if (o->person && !text_is(l->person, o->person))
        return false;
    return !o->about || outlook_is_about(l, text_of(o->about));
}

static void put_line(struct forecasting *f) {
    buf_str(&f->line, "}\n");
    must(!f->line.over);
    fwrite(f->line.p, 1, f->line.n, stdout);
}

/* ---- one future ---- */

/* What waits for a pause to end may have lost its use until then. */
static void print_letter(struct forecasting *f, const struct outlook_letter *letter) {
    struct outlook_letter l = *letter;
    const struct zone *zone;
    if (zone_find(l.zone.p ? l.zone : text_of(f->zone), &zone))
        zone = zone_utc();
    buf_clear(&f->why);
    buf_text(&f->why, l.reason);
    halted_say_past(l.useful, f->until, zone, &f->why);
    if (f->why.n)
        l.reason = buf_as_text(&f->why);
    buf_clear(&f->line);
    buf_char(&f->line, '{');
    outlook_json(&l, text_of(f->zone), &f->line);
    put_line(f);
}

static int by_time(const void *a, const void *b) {
    const struct outlook_letter *x = a, *y = b;
    if (x->at != y->at)
        return (x->at > y->at) - (x->at < y->at);
    return (x->no > y->no) - (x->no < y->no);
}

static int keep_letter(void *ctx, struct future *future, const struct rec_ledger *row) {
    struct outlook *outlook = ctx;
    return outlook_keep(outlook, future, row);
}

static int run(struct forecasting *f, const struct future_options *options, future_fn *fn,
               void *ctx, struct future *ret) {
    int rc = future_open(ret, options, f->snapshot, &f->err);
    if (rc == 0)
        rc = text_copy(text_of(ret->settings.zone), f->zone, sizeof f->zone);
    return rc ? rc : future_run(ret, fn, ctx);
}

static int print_one(struct forecasting *f, const struct future_options *options) {
    struct future future;
    struct outlook all;
    outlook_open(&all);
    int rc = run(f, options, keep_letter, &all, &future);
    future_close(&future);
    if (all.count)
        qsort(all.letters, all.count, sizeof *all.letters, by_time);
    for (size_t i = 0; rc == 0 && i < all.count; i++)
        if (is_asked_for(f->options, &all.letters[i]))
            print_letter(f, &all.letters[i]);
    outlook_close(&all);
    return rc;
}

/* ---- the difference of two ---- */

/* What only one of them decides until the end may be planned behind it in the other. */
static int look_beyond(struct forecasting *f, enum change *change, struct outlook_letter *l,
                       instant *ret_was) {
    struct text reason;
    instant at;
    int rc = beyond_look(*change == CHANGE_DROPPED ? &f->after : &f->before, l, &at, &reason);
    if (rc || !at) {
        l->reason = *change == CHANGE_DROPPED ? reason : l->reason;
        return rc;
    }
    *ret_was = *change == CHANGE_DROPPED ? l->at : at;
    if (*change == CHANGE_DROPPED) {
        l->at = l->due = at;
        l->state = TEXT_LIT("planned");
    }
    *change = CHANGE_MOVED;
    return 0;
}

/* What becomes of it instead. */
static void tell_why(struct forecasting *f, struct outlook_letter *l,
                     const struct outlook_letter *why) {
    char at[RFC3339_TEXT];
    const struct zone *zone;
    l->state = why ? why->state : TEXT_LIT("dropped");
    l->reason = why ? why->reason : TEXT_NONE;
    l->gathered = why && why->gathered;
    if (!l->gathered)
        return;
    if (!why->zone.p || zone_find(why->zone, &zone))
        zone = zone_utc();
    instant_format(why->at, zone, at);
    buf_clear(&f->why);
    buf_printf(&f->why, "%.*s, %s", TEXT_ARGS(why->reason), at);
    l->reason = buf_as_text(&f->why);
}

static int print_change(void *ctx, enum change change, const struct outlook_letter *was,
                        const struct outlook_letter *is, const struct outlook_letter *why) {
    struct forecasting *f = ctx;
    struct outlook_letter l = is ? *is : *was;
    instant before = was ? was->at : 0;
    int rc = 0;
    if (!is_asked_for(f->options, &l))
        return 0;
    if (change == CHANGE_NONE) {
        f->same++;
        return 0;
    }
    if (change == CHANGE_UNSENT && !f->sample)
        return 0;
    bool is_new = change == CHANGE_ADDED || change == CHANGE_GATHERED || change == CHANGE_UNSENT;
    if (change == CHANGE_DROPPED || change == CHANGE_LEFT_OUT)
        tell_why(f, &l, why);
    if (change == CHANGE_ADDED || (change == CHANGE_DROPPED && !why))
        rc = look_beyond(f, &change, &l, &before);
    if (rc)
        return rc;
    f->changes[change]++;
    buf_clear(&f->line);
    buf_printf(&f->line, "{\"change\":\"%s\"", change_words[change]);
    if (change == CHANGE_MOVED)
        outlook_json_instant("was", before, l.zone, &f->line);
    outlook_json(&l, text_of(f->zone), &f->line);
    put_line(f);
    return f->sample && is_new ? sample_take(f->sample, f->after.f->txn, is) : 0;
}

/* What was said before does nothing; something else under its id is refused at the door. */
static void print_repeats(struct forecasting *f) {
    for (unsigned i = 0; i < f->said.repeat_count; i++) {
        const struct said_repeat *r = &f->said.repeats[i];
        f->conflicts += r->conflict;
        buf_clear(&f->line);
        buf_printf(&f->line, "{\"change\":\"%s\",\"line\":%u", r->conflict ? "refused" : "again",
                   r->line);
        if (r->conflict)
            buf_str(&f->line, ",\"code\":\"conflict\",\"field\":\"id\","
                              "\"text\":\"was used for something else\"");
        put_line(f);
    }
}

static void print_refusals(struct forecasting *f, const struct future *future) {
    for (unsigned i = 0; i < future->refusal_count; i++) {
        const struct future_refusal *r = &future->refusals[i];
        buf_clear(&f->line);
        buf_printf(&f->line,
                   "{\"change\":\"refused\",\"line\":%u,\"code\":\"%s\",\"field\":\"%s\",\"text\":",
                   r->line, r->why.code, r->why.field);
        json_text(&f->line, text_of(r->why.text));
        put_line(f);
    }
}

/* What is to be said only after the end. */
static void print_unsaid(struct forecasting *f, const struct future *future) {
    const struct zone *zone;
    char at[RFC3339_TEXT], until[RFC3339_TEXT];
    unsigned next = future->next_event;
    f->unsaid = future->options->event_count - next;
    if (!f->unsaid)
        return;
    if (zone_find(text_of(f->zone), &zone))
        zone = zone_utc();
    instant_format(f->until, zone, until);
    for (unsigned i = next; i < future->options->event_count; i++) {
        const struct future_event *e = &future->options->events[i];
        instant_format(e->at, zone, at);
        if (i == next)
            fprintf(stderr,
                    "forecast: %u %s of %s left out: what is looked at ends at %s, and line %u is "
                    "to be said at %s. See: --until\n",
                    f->unsaid, plural(f->unsaid, "line", "lines"),
                    plural(f->unsaid, "the file is", "the file are"), until, e->line, at);
        buf_clear(&f->line);
        buf_printf(&f->line, "{\"change\":\"unsaid\",\"line\":%u,\"at\":\"%s\"", e->line, at);
        put_line(f);
    }
}

static void print_sum(struct forecasting *f, const struct future *future) {
    buf_clear(&f->line);
    buf_str(&f->line, "{\"change\":\"sum\"");
    for (unsigned i = 0; i < CHANGE_UNSENT; i++)
        buf_printf(&f->line, ",\"%s\":%llu", change_words[i], (unsigned long long)f->changes[i]);
    buf_printf(&f->line,
               ",\"same\":%llu,\"again\":%u,\"refused\":%u,\"version\":\"%s\",\"existing\":%lld,"
               "\"existing_letters\":%lld,\"counted\":%lld",
               (unsigned long long)f->same, f->said.repeat_count - f->conflicts,
               future->refusal_count + f->conflicts, future->rules.name,
               (long long)future->existing.people, (long long)future->existing.letters,
               (long long)future->counted);
    if (f->unsaid)
        buf_printf(&f->line, ",\"unsaid\":%u", f->unsaid);
    if (f->halted.n) {
        buf_str(&f->line, ",\"held\":");
        json_text(&f->line, buf_as_text(&f->halted));
        buf_printf(&f->line, ",\"regardless\":%s", f->regardless ? "true" : "false");
    }
    put_line(f);
}

static int print_difference(struct forecasting *f, const struct future_options *was,
                            const struct future_options *is) {
    struct outlook before, after;
    struct future one, other = {.now = 0};
    outlook_open(&before);
    outlook_open(&after);
    f->before = (struct beyond){.f = &one};
    f->after = (struct beyond){.f = &other};
    int rc = run(f, was, keep_letter, &before, &one);
    if (rc == 0)
        rc = future_put_aside(&one);
    if (rc == 0)
        rc = run(f, is, keep_letter, &after, &other);
    f->regardless = rc == 0 && one.halted.n && other.halted.n;
    if (!f->regardless) { /* in one of them letters leave at the end: what has not is behind it */
        outlook_wait_no_more(&before);
        outlook_wait_no_more(&after);
    }
    if (rc == 0)
        rc = difference(&before, &after, print_change, f);
    if (rc == 0) {
        print_repeats(f);
        print_refusals(f, &other);
        print_unsaid(f, &other);
        print_sum(f, &other);
    }
    future_close(&other);
    future_close(&one);
    outlook_close(&before);
    outlook_close(&after);
    return rc;
}

/* ---- all of it ---- */

static int work(struct forecasting *f) {
    const struct forecast_options *o = f->options;
    uint64_t position;
    struct future_options was = {.home = o->home, .now = f->now, .until = f->until}, is;
    int rc = meta_get(f->snapshot, "position", &position);
    if (rc == 0)
        rc = halted_say(f->snapshot, &f->halted);
    if (rc == 0)
        rc = said_add_inbox(&f->said, o->home, position);
    was.event_count = f->said.count;
    if (rc == 0 && o->with)
        rc = said_add_file(&f->said, o->home, o->with, &f->err);
    if (rc)
        return rc;
    was.events = f->said.events; /* those of the inbox are the first of them */
    is = was;
    is.event_count = f->said.count;
    is.config = o->config;
    is.also_existing = o->also_existing;
    return o->with || o->config ? print_difference(f, &was, &is) : print_one(f, &was);
}

static int work_with_sample(struct forecasting *f) {
    if (!f->options->look)
        return work(f);
    int rc = sample_open(&f->sample, f->options->look);
    if (rc == 0)
        rc = work(f);
    int closed = sample_close(&f->sample);
    return rc ? rc : closed;
}

static int open_core(struct forecasting *f) {
    char path[4200];
    snprintf(path, sizeof path, "%s/core", f->options->home);
    struct store_options o = {.dir = path, .tables = table_names, .count = TABLE_COUNT};
    int rc = store_open(&f->core, &o);
    return rc ? rc : store_begin_read(f->core, &f->snapshot);
}

int forecast(const struct forecast_options *options) {
    struct forecasting f = {.options = options};
    char clock[4200];
    snprintf(clock, sizeof clock, "%s/run/clock", options->home);
    if (instant_parse(text_of(options->until), &f.until) ||
        clock_use(options->clock ? clock : NULL)) {
        fprintf(stderr,
                "forecast: \"%s\" is no moment; expected one like 2022-05-24T09:00:00+02:00\n",
                options->until);
        return USAGE;
    }
    f.now = clock_now();
    buf_init(&f.err, 1 << 16);
    buf_init(&f.line, LINE_MOST);
    buf_init(&f.why, LINE_MOST);
    buf_init(&f.halted, LINE_MOST);
    said_open(&f.said, f.now);
    int rc = open_core(&f);
    if (rc == 0)
        rc = work_with_sample(&f);
    bool mend = f.err.n && (rc == -EBADMSG || rc == -EINVAL); /* something that a person wrote */
    if (rc)
        fprintf(stderr, "%sforecast: %s\n", buf_cstr(&f.err),
                mend ? "nothing was looked at" : strerror(-rc));
    store_abort(&f.snapshot);
    store_close(&f.core);
    said_close(&f.said);
    buf_free(&f.line);
    buf_free(&f.why);
    buf_free(&f.halted);
    buf_free(&f.err);
    return rc == 0 ? DONE : mend ? USAGE : TROUBLE;
}
