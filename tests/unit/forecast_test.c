/* service: scheduler */
/* What is forecast is what happens: both stories up to any moment, as a bad office lives them (an
 * outage, a relay that defers, digests, holds, pauses, other modes and places); then a forecast of
 * some weeks, with what will be said in them and perhaps under other rules; then those weeks
 * themselves. Row for row: whom, what, when, in which language, and why not.
 * SEEDS= how many times, SEED= the first. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/scheduler/forecast/future.h"
#include "services/scheduler/reminders/ledger.h"
#include "tests/harness/draw.h"
#include "tests/harness/sim_story.h"
#include "tests/harness/sim_whim.h"

#define SEEDS_DEFAULT 30
#define LONGEST (40 * DAYS)
#define WHIMS_MOST 12
#define LINES_MOST 400 /* said in a future */
#define RULES_MOST (1 << 20)

static struct {
    struct sim s;
    struct sim_story story;
    struct sim_whims whims;
    uint64_t state;
    bool late; /* what fell due in an outage is done when it goes on */
} it;

static uint64_t draw(void) {
    return draw_from(&it.state);
}

static bool once_in(unsigned n) {
    return draw() % n == 0;
}

/* ---- up to the moment of the forecast ---- */

static const char *bad_relay(struct sim *s, const struct rec_ledger *row) {
    (void)s;
    (void)row;
    unsigned what = (unsigned)(draw() % 100);
    return what < 2 ? "lost" : what < 4 ? "unknown" : what < 20 ? "deferred" : "accepted";
}

/* Plays so many lines; returns the first that was not. */
static size_t live(size_t lines) {
    size_t i;
    for (i = 0; i < lines; i++) {
        const struct sim_line *l = &it.story.lines[i];
        if (l->at > it.s.t.now && lines - i < 4 && once_in(4)) { /* away, and back by then */
            it.s.away = true;
            sim_advance(&it.s, l->at);
            it.s.away = false;
        }
        if (l->at > it.s.t.now)
            sim_advance(&it.s, l->at);
        sim_say(&it.s, l->id, l->type, l->body);
        if (lines - i < 60 && once_in(2))
            sim_whim(&it.s, &it.whims);
    }
    it.s.fate = NULL;
    sim_settle(&it.s);
    it.s.away = once_in(3); /* the forecast is asked for in an outage, and it ends then */
    sim_advance(&it.s, it.s.t.now + 1 + (instant)(draw() % (uint64_t)(2 * DAYS)));
    for (; i < it.story.count && it.story.lines[i].at <= it.s.t.now; i++)
        sim_say(&it.s, it.story.lines[i].id, it.story.lines[i].type, it.story.lines[i].body);
    if (!it.s.away)
        sim_settle(&it.s);
    trial_commit(&it.s.t);
    return i;
}

/* ---- other rules ---- */

static const char *const other_words[][2] = {
    {"starts - 7d at 09:00", "starts - 5d at 10:30"},
    {"due - 2d at 09:00", "due - 3d at 08:00"},
    {"to = \"registered\"", "to = \"registered or waiting\""},
    {"class = \"duty\"", "class = \"service\""},
    {"late = \"send\"", "late = \"skip\""},
    {"together = 10m", "together = 2h"},
    {"rule \"meeting-nudge\"", "rule \"nudge\""},
    {"state = registered", "state = waiting"},
};

static void add_rule_file(struct buf *to, const char *name) {
    char path[300];
    struct buf text;
    snprintf(path, sizeof path, "config/rules/%s", name);
    assert_int_equal(read_file(path, RULES_MOST, &text), 0);
    buf_str(to, buf_cstr(&text));
    buf_free(&text);
}

static char *all_rules(void) {
    struct buf rules;
    DIR *dir = opendir("config/rules");
    assert_non_null(dir);
    buf_init(&rules, RULES_MOST);
    for (struct dirent *e; (e = readdir(dir));)
        if (strstr(e->d_name, ".conf"))
            add_rule_file(&rules, e->d_name);
    closedir(dir);
    char *text = strdup(buf_cstr(&rules));
    must(text);
    buf_free(&rules);
    return text;
}

static char *in_other_words(char *text, const char *const words[2]) {
    struct buf b;
    const char *rest = text;
    buf_init(&b, RULES_MOST);
    for (const char *at; (at = strstr(rest, words[0])); rest = at + strlen(words[0]))
        buf_printf(&b, "%.*s%s", (int)(at - rest), rest, words[1]);
    buf_str(&b, rest);
    free(text);
    text = strdup(buf_cstr(&b));
    must(text);
    buf_free(&b);
    return text;
}

/* All that ship, some of them in other words; into the folder, as one file. */
static char *choose_other_rules(const char *folder) {
    char path[300], target[300], cwd[200], *text = all_rules();
    for (unsigned n = 1 + (unsigned)(draw() % 4); n > 0; n--)
        text = in_other_words(text, other_words[draw() % COUNT_OF(other_words)]);
    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(path, sizeof path, "%s/rules", folder);
    assert_int_equal(make_dir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/rules/other.conf", folder);
    assert_int_equal(write_file(path, 0600, (struct bytes){text, strlen(text)}), 0);
    snprintf(path, sizeof path, "%s/letters", folder);
    snprintf(target, sizeof target, "%s/config/letters", cwd);
    assert_int_equal(symlink(target, path), 0);
    return text;
}

/* ---- what will be said ---- */

struct said {
    struct future_event events[LINES_MOST];
    struct arena *arena;
    unsigned count, now; /* the first `now` of them are said at once */
    size_t first;        /* line of the story */
    instant until;
};

static void will_say(struct said *said, instant at, struct bytes payload) {
    must(said->count < LINES_MOST);
    said->events[said->count++] = (struct future_event){
        .at = at, .line = said->count + 1, .payload = arena_bytes(said->arena, payload)};
}

/* Some whims at once, which wait in the inbox until the sim works again; then the story goes on. */
static void choose_what_is_said(struct said *said, size_t first) {
    struct sim *s = &it.s;
    unsigned whims = once_in(2) ? (unsigned)(draw() % WHIMS_MOST) : 0;
    said->until = s->t.now + 1 + (instant)(draw() % (uint64_t)LONGEST);
    said->first = first;
    bool away = s->away;
    s->away = true;
    while (whims-- > 0)
        sim_whim(s, &it.whims);
    s->away = false;
    it.late = away;
    for (size_t i = s->first; i < s->count; i++)
        will_say(said, s->t.now, (struct bytes){s->inbox[i].bytes, s->inbox[i].size});
    said->now = said->count;
    if (once_in(3))
        return;
    for (size_t i = first; i < it.story.count && said->count < LINES_MOST; i++) {
        const struct sim_line *l = &it.story.lines[i];
        if (l->at > said->until)
            break;
        will_say(said, l->at, trial_payload(&s->t, l->at, l->id, l->type, l->body));
    }
    arena_reset(s->t.arena);
}

/* ---- rows ---- */

struct rows {
    char **lines;
    size_t count, room;
};

static void add_row(struct rows *to, const struct rec_ledger *row) {
    struct buf b;
    char due[RFC3339_TEXT] = "", ended[RFC3339_TEXT] = "";
    if (to->count == to->room) {
        to->room = to->room ? 2 * to->room : 1024;
        to->lines = realloc(to->lines, to->room * sizeof *to->lines);
        must(to->lines);
    }
    buf_init(&b, 4096);
    if (row->due)
        instant_format(row->due, zone_utc(), due);
    if (row->ended)
        instant_format(row->ended, zone_utc(), ended);
    buf_printf(&b, "%06lld %.*s %.*s %.*s/%.*s due %s ended %s: %.*s", (long long)row->no,
               TEXT_ARGS(row->key), TEXT_ARGS(row->class), TEXT_ARGS(row->letter),
               TEXT_ARGS(row->language), due, ended, TEXT_ARGS(row->state));
    if (row->reason.p)
        buf_printf(&b, " (%.*s)", TEXT_ARGS(row->reason));
    to->lines[to->count] = strdup(buf_cstr(&b));
    must(to->lines[to->count++]);
    buf_free(&b);
}

static int by_line(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_rows(struct rows *r) {
    if (r->count)
        qsort(r->lines, r->count, sizeof *r->lines, by_line);
}

static void free_rows(struct rows *r) {
    for (size_t i = 0; i < r->count; i++)
        free(r->lines[i]);
    free(r->lines);
}

struct happened {
    struct rows rows;
    uint64_t before;
    instant *ended; /* by number */
};

static void on_before(void *ctx, const struct rec_ledger *row) {
    struct happened *h = ctx;
    h->ended[row->no] = row->ended;
}

static void remember(struct happened *h) {
    *h = (struct happened){.before = trial_count(&it.s.t, COUNT_LEDGER)};
    h->ended = calloc(h->before + 1, sizeof *h->ended);
    must(h->ended);
    sim_each_row(&it.s, on_before, h);
}

/* Decided since, or open then, or opened again. What is of unknown fate still has not changed, and
 * what comes back had left. */
static bool is_of_the_weeks(const struct happened *h, const struct rec_ledger *row) {
    if ((uint64_t)row->no > h->before)
        return true;
    if (text_is(row->state, "unknown") || text_is(row->state, "failed"))
        return false;
    return !h->ended[row->no] || h->ended[row->no] != row->ended;
}

struct forecast {
    struct rows rows;
    const struct happened *before;
};

static int on_forecast(void *ctx, struct future *f, const struct rec_ledger *row) {
    struct forecast *to = ctx;
    (void)f;
    if (is_of_the_weeks(to->before, row))
        add_row(&to->rows, row);
    return 0;
}

static void on_happened(void *ctx, const struct rec_ledger *row) {
    struct happened *h = ctx;
    if (is_of_the_weeks(h, row))
        add_row(&h->rows, row);
}

static void compare(struct rows *seen, struct rows *came) {
    unsigned wrong = 0;
    sort_rows(seen);
    sort_rows(came);
    for (size_t i = 0, k = 0; i < seen->count || k < came->count;) {
        int c = i == seen->count   ? 1
                : k == came->count ? -1
                                   : strcmp(seen->lines[i], came->lines[k]);
        if (c && wrong++ < 20)
            printf("%s %s\n",
                   c < 0 ? "forecast:" : "happened:", c < 0 ? seen->lines[i] : came->lines[k]);
        i += c <= 0;
        k += c >= 0;
    }
    fflush(stdout);
    if (wrong)
        fail_msg("%u rows differ, of %zu forecast and %zu that came", wrong, seen->count,
                 came->count);
}

/* ---- the forecast, and the weeks ---- */

static void look_ahead(const struct said *said, const char *config, struct forecast *ret) {
    struct future_options o = {.home = it.s.t.home,
                               .config = config,
                               .now = it.s.t.now,
                               .until = said->until,
                               .events = said->events,
                               .event_count = said->count};
    struct txn *snapshot;
    struct future f;
    struct buf err;
    buf_init(&err, 1 << 16);
    assert_int_equal(store_begin_read(it.s.t.core, &snapshot), 0);
    int rc = future_open(&f, &o, snapshot, &err);
    if (rc)
        fail_msg("%d: %s", rc, buf_cstr(&err));
    assert_int_equal(future_run(&f, on_forecast, ret), 0);
    future_close(&f);
    store_abort(&snapshot);
    buf_free(&err);
}

static void live_on(const struct said *said) {
    size_t i = said->first;
    sim_settle(&it.s);
    for (unsigned k = said->now; k < said->count; k++, i++) {
        const struct sim_line *l = &it.story.lines[i];
        if (l->at != it.s.t.now)
            sim_advance(&it.s, l->at);
        sim_say(&it.s, l->id, l->type, l->body);
    }
    sim_advance(&it.s, said->until);
}

static void write_links_key(void) {
    char path[300], hex[65];
    snprintf(path, sizeof path, "%s/keys", it.s.t.home);
    assert_int_equal(make_dir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/keys/links.key", it.s.t.home);
    for (unsigned i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", it.s.t.links.secret[i]);
    assert_int_equal(write_file(path, 0600, (struct bytes){hex, 64}), 0);
    snprintf(path, sizeof path, "%s/run", it.s.t.home);
    assert_int_equal(make_dir(path, 0700), 0);
}

static void one_moment(uint64_t seed) {
    struct said said = {.arena = arena_new()};
    struct happened h;
    struct forecast seen = {.before = &h};
    char now[RFC3339_TEXT], until[RFC3339_TEXT], folder[FOLDER_BYTES];
    assert_int_equal(folder_make(folder, "other"), 0);
    it.state = seed;
    it.whims = (struct sim_whims){.draw = draw, .seen = it.whims.seen};
    sim_open(&it.s, it.story.lines[0].at);
    write_links_key();
    it.s.fate = bad_relay;
    const char *config = once_in(3) ? folder : NULL;
    char *rules = NULL;
    size_t lines = 100 + (size_t)(draw() % (it.story.count - 100));
    choose_what_is_said(&said, live(lines));
    remember(&h);
    instant_format(it.s.t.now, zone_utc(), now);
    instant_format(said.until, zone_utc(), until);
    if (config)
        rules = choose_other_rules(folder);
    look_ahead(&said, config, &seen);
    if (config)
        trial_rules(&it.s.t, rules);
    live_on(&said);
    sim_each_row(&it.s, on_happened, &h);
    printf("SEED=%llu: %s to %s%s%s, %u events (%u at once): %zu rows\n", (unsigned long long)seed,
           now, until, it.late ? ", after an outage" : "", config ? ", by other rules" : "",
           said.count, said.now, seen.rows.count);
    compare(&seen.rows, &h.rows);
    sim_close(&it.s);
    free_rows(&seen.rows);
    free_rows(&h.rows);
    free(h.ended);
    free(rules);
    assert_int_equal(folder_remove(folder), 0);
    arena_free(&said.arena);
}

static void what_is_forecast_happens(void **unused) {
    unsigned long first = draw_number("SEED", (unsigned long)time(NULL)),
                  count = draw_number("SEEDS", SEEDS_DEFAULT);
    (void)unused;
    sim_story_read(&it.story, "config/samples/cirkular-kommun.jsonl");
    sim_story_read(&it.story, "config/samples/cirkulaere-byer.jsonl");
    sim_story_order(&it.story);
    for (unsigned long i = 0; i < count; i++) {
        printf("SEED=%lu\n", first + i);
        fflush(stdout);
        one_moment(first + i);
    }
    sim_story_free(&it.story);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_forecast_happens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
