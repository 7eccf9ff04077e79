/* simulate - the office in a process, as a program: what is said on standard input, the ledger on
 * standard output. For comparing with other models of the same office.
 *
 *     build/sim/simulate [--decisions] < inputs.jsonl > ledger.jsonl
 *
 * From the top of the source tree: the shipped rules and letters are read from config/. Settings
 * begin as the defaults of cirkel.conf. One JSON object a line; moments are RFC 3339; the first
 * line needs an "at", where the clock begins; a later line without one is said at the same moment.
 *
 *   {"at", "id", "type", "body", "delivery"?: {"state", "nth"?, "person"?}}
 *                                  an event of the front door (the lines of config/samples); the
 *                                  delivery: the number of the nth newest row in that state goes
 *                                  into the body (of none: a number that there is not)
 *   {…, "rules": "name" | "count"} the rules in force go into its body: their version, and how many
 *                                  people they did not reach because they were there before
 *   {"do": "run", "at"}            time passes, stopping wherever something falls due (as it does
 *                                  before each event, too)
 *   {"do": "jump", "at"}           the clock is there at once; what fell due meanwhile is late
 *   {"do": "away"}                 the scheduler stops: events are received and wait; the clock
 *                                  does not stop for anything
 *   {"do": "back", "at"?}          it works again: first all events, then what is due
 *   {"do": "relay", "outcomes": […], "person"?}
 *                                  what becomes of the next tries of letters to her (absent: to
 *                                  anybody without a list of her own); accepted after that:
 *                                  accepted, deferred, failed, bounced, unknown, or lost (armed,
 *                                  and the notifier falls: the lease ends at this moment)
 *   {"do": "rules", "text": "…"}   these rules are in force from now on, instead of those before
 *   {"do": "settings", NAME: number, …}
 *                                  so they are from now on; spans are milliseconds
 *   {"do": "rows"}                 prints the ledger as it is now, between "--" lines
 *   {"do": "new"}                  this office ends, as at the end; the next line begins another
 *                                  one, and a line "==" is between what they print
 *
 * At each moment, until nothing is left: every event received, in order, judged by when it was
 * received; then what is due, by instant, word and key; then letters, by next try and number.
 *
 * At the end the ledger is printed, one row a line in the order of numbers, with exactly these
 * fields in this order, absent ones left out: no rule about_kind about person language due ended
 * state reason. With --decisions the decisions follow: seq id type status code. Exit code 2: a line
 * cannot be read. What must always hold is watched all the time (sim.h): the program aborts with a
 * sentence when something does not. */
/* service: scheduler */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/pack.h"
#include "services/scheduler/reminders/existing.h"
#include "tests/harness/sim.h"

#define LISTS 256
#define OUTCOMES 64
#define NO_SUCH 1000000 /* no story has so many letters */

struct outcomes {    /* of the next tries */
    char person[65]; /* empty: of anybody */
    char list[OUTCOMES][12];
    unsigned at, count;
};

static struct {
    struct sim sim;
    struct outcomes lists[LISTS];
    unsigned list_count;
    bool begun;
    struct buf named; /* a body with a chosen delivery */
} it;

static struct outcomes *outcomes_of(struct text person, bool make) {
    for (unsigned i = 0; i < it.list_count; i++)
        if (text_is(person, it.lists[i].person))
            return &it.lists[i];
    if (!make || it.list_count == LISTS)
        return NULL;
    struct outcomes *o = &it.lists[it.list_count++];
    *o = (struct outcomes){.at = 0};
    return text_copy(person, o->person, sizeof o->person) ? NULL : o;
}

static const char *fate(struct sim *s, const struct rec_ledger *row) {
    struct outcomes *o = outcomes_of(row->person, false);
    (void)s;
    if (!o || o->at == o->count)
        o = outcomes_of(TEXT_LIT(""), false);
    return o && o->at < o->count ? o->list[o->at++] : "accepted";
}

static int take_outcomes(struct pack_reader *r, struct outcomes *o) {
    static const char *const known[] = {"accepted", "deferred", "failed",
                                        "bounced",  "unknown",  "lost"};
    struct text t;
    uint32_t n;
    if (!pack_read_array(r, &n))
        return -1;
    o->at = o->count = 0;
    for (; n > 0; n--) {
        unsigned k = 0;
        if (!pack_read_text(r, &t) || o->count == OUTCOMES)
            return -1;
        while (k < COUNT_OF(known) && !text_is(t, known[k]))
            k++;
        if (k == COUNT_OF(known) || text_copy(t, o->list[o->count++], sizeof o->list[0]))
            return -1;
    }
    return 0;
}

static int take_relay(const struct sim_line *l) {
    struct outcomes found = {.at = 0}, *o;
    struct pack_reader r = pack_read(l->all);
    struct text name, person = TEXT_LIT("");
    uint32_t pairs;
    must(pack_read_map(&r, &pairs));
    while (pairs-- > 0) {
        bool ok = pack_read_text(&r, &name);
        if (ok && text_is(name, "person"))
            ok = pack_read_text(&r, &person);
        else if (ok && text_is(name, "outcomes"))
            ok = take_outcomes(&r, &found) == 0;
        else
            ok = ok && pack_skip(&r);
        if (!ok)
            return -1;
    }
    o = outcomes_of(person, true);
    if (!o)
        return -1;
    memcpy(o->list, found.list, sizeof o->list);
    o->at = 0;
    o->count = found.count;
    return 0;
}

/* ---- what is printed ---- */

static void print_row(void *ctx, const struct rec_ledger *row) {
    struct buf b;
    (void)ctx;
    buf_init(&b, 1 << 16);
    sim_ledger_line(&it.sim, row, &b);
    puts(buf_cstr(&b));
    buf_free(&b);
}

static void print_decisions(void) {
    struct bytes value;
    for (uint64_t seq = 1; seq <= it.sim.t.seq; seq++) {
        struct rec_decision d;
        struct key k = key_no(seq);
        if (store_get(it.sim.t.txn, TABLE_DECISION, key_bytes(&k), &value))
            continue;
        arena_reset(it.sim.t.arena);
        trial_get(&it.sim.t, TABLE_DECISION, k, &d);
        printf("{\"seq\": %lld, \"id\": \"%.*s\", \"type\": \"%.*s\", \"status\": \"%.*s\"",
               (long long)d.seq, TEXT_ARGS(d.id), TEXT_ARGS(d.type), TEXT_ARGS(d.status));
        if (d.code.p)
            printf(", \"code\": \"%.*s\"", TEXT_ARGS(d.code));
        puts("}");
    }
}

/* ---- letters that are named by what became of them ---- */

struct choice { /* of a row of the ledger */
    struct text state, person;
    int64_t nth;
};

static int read_choice(struct pack_reader *r, struct choice *ret) {
    struct text name;
    uint32_t pairs;
    *ret = (struct choice){.nth = 1};
    if (!pack_read_map(r, &pairs))
        return -1;
    while (pairs-- > 0) {
        bool ok = pack_read_text(r, &name);
        if (ok && text_is(name, "state"))
            ok = pack_read_text(r, &ret->state);
        else if (ok && text_is(name, "person"))
            ok = pack_read_text(r, &ret->person);
        else
            ok = ok && text_is(name, "nth") && pack_read_int(r, &ret->nth);
        if (!ok)
            return -1;
    }
    return 0;
}

/* Its number, and its Message-ID in `id`. */
static uint64_t choose(const struct choice *c, struct text *id) {
    uint64_t no;
    int64_t left = c->nth;
    for (no = it.sim.t.step.office.counts[COUNT_LEDGER]; no > 0; no--) {
        struct rec_ledger row;
        arena_reset(it.sim.t.arena);
        trial_get(&it.sim.t, TABLE_LEDGER, key_no(no), &row);
        *id = row.message_id;
        if (text_eq(row.state, c->state) && (!c->person.p || text_eq(row.person, c->person)) &&
            --left == 0)
            return no;
    }
    *id = TEXT_LIT("<nobody@cirkel.example>");
    return NO_SUCH;
}

/* The body with what was chosen. */
static int name_delivery(struct sim_line *l) {
    struct buf *b = &it.named;
    struct pack_reader r = pack_read(l->all), body = pack_read(l->body);
    struct choice c = {.nth = 0};
    struct text name, id;
    uint32_t pairs;
    must(pack_read_map(&r, &pairs));
    while (pairs-- > 0) {
        bool ok = pack_read_text(&r, &name);
        if (!ok || (text_is(name, "delivery") ? read_choice(&r, &c) : pack_skip(&r) ? 0 : -1))
            return -1;
    }
    if (!c.nth)
        return 0;
    if (!pack_read_map(&body, &pairs))
        return -1;
    uint64_t no = choose(&c, &id);
    bool report = text_is(l->type, "delivery.report");
    buf_clear(b);
    pack_map(b, pairs + 1 + report);
    pack_raw(b, (struct bytes){body.p, (size_t)(body.end - body.p)});
    pack_str(b, "delivery");
    pack_int(b, (int64_t)no);
    if (report) {
        pack_str(b, "message_id");
        pack_text(b, id);
    }
    l->body = buf_as_bytes(b);
    return 0;
}

/* ---- the rules in force ---- */

/* The field of a line; TEXT_NONE: it has none. */
static struct text text_field(const struct sim_line *l, const char *field) {
    struct pack_reader r = pack_read(l->all);
    struct text name, text = TEXT_NONE;
    uint32_t pairs;
    must(pack_read_map(&r, &pairs));
    while (pairs-- > 0)
        if (!pack_read_text(&r, &name) ||
            !(text_is(name, field) ? pack_read_text(&r, &text) : pack_skip(&r)))
            return TEXT_NONE;
    return text;
}

static int64_t existing(void) {
    struct office *o = &it.sim.t.step.office;
    struct existing_count count;
    o->now = o->said = it.sim.t.now;
    arena_reset(it.sim.t.arena);
    must(existing_count(o, &count) == 0);
    return count.people;
}

static int name_rules(struct sim_line *l) {
    struct text what = text_field(l, "rules");
    struct pack_reader body = pack_read(l->body);
    bool count = what.p && text_is(what, "count");
    struct buf *b = &it.named;
    uint32_t pairs;
    if (!what.p)
        return 0;
    if (!pack_read_map(&body, &pairs))
        return -1;
    buf_clear(b);
    pack_map(b, pairs + 1 + count);
    pack_raw(b, (struct bytes){body.p, (size_t)(body.end - body.p)});
    pack_str(b, "version");
    pack_text(b, text_of(it.sim.t.rules.name));
    if (count) {
        pack_str(b, "count");
        pack_int(b, existing());
    }
    l->body = buf_as_bytes(b);
    return 0;
}

static int take_rules(const struct sim_line *l) {
    struct text text = text_field(l, "text");
    if (!text.p)
        return -1;
    char *rules = strndup(text.p, text.n);
    must(rules);
    trial_rules(&it.sim.t, rules);
    it.sim.other_rules = it.sim.t.seq > 0;
    free(rules);
    return 0;
}

/* ---- settings ---- */

#define PLACE_TEXT(name)
#define PLACE_INT(name) {#name, offsetof(struct settings, name)},
#define PLACE_SPAN(name) PLACE_INT(name)
static const struct {
    const char *name;
    size_t offset; /* of an int64_t */
} numbers[] = {
#define SETTING(kind, name, fallback, least, most, doc) PLACE_##kind(name)
#include "proto/settings.def"
#undef SETTING
};

static int take_settings(const struct sim_line *l) {
    struct pack_reader r = pack_read(l->all);
    struct text name;
    uint32_t pairs;
    must(pack_read_map(&r, &pairs));
    while (pairs-- > 0) {
        unsigned i = 0;
        int64_t value;
        if (!pack_read_text(&r, &name))
            return -1;
        while (i < COUNT_OF(numbers) && !text_is(name, numbers[i].name))
            i++;
        if (i == COUNT_OF(numbers)) {
            if ((!text_is(name, "do") && !text_is(name, "at")) || !pack_skip(&r))
                return -1;
            continue;
        }
        if (!pack_read_int(&r, &value))
            return -1;
        memcpy((char *)&it.sim.t.settings + numbers[i].offset, &value, sizeof value);
    }
    return 0;
}

/* ---- one line ---- */

static void move(const struct sim_line *l, bool jump) {
    if (!l->at)
        return;
    if (jump || it.sim.away)
        sim_jump(&it.sim, l->at);
    else if (l->at != it.sim.t.now)
        sim_advance(&it.sim, l->at);
}

static int take(struct sim_line *l) {
    if (l->do_.p && text_is(l->do_, "back"))
        it.sim.t.now = l->at > it.sim.t.now ? l->at : it.sim.t.now;
    else
        move(l, text_is(l->do_, "jump"));
    if (!l->do_.p) {
        if (!l->id.p || !l->type.p || !l->body.p || name_delivery(l) || name_rules(l))
            return -1;
        sim_say(&it.sim, l->id, l->type, l->body);
        return 0;
    }
    sim_settle(&it.sim);
    if (text_is(l->do_, "relay"))
        return take_relay(l);
    if (text_is(l->do_, "rules"))
        return take_rules(l);
    if (text_is(l->do_, "settings"))
        return take_settings(l);
    if (text_is(l->do_, "rows")) {
        puts("--");
        sim_each_row(&it.sim, print_row, NULL);
        puts("--");
        return 0;
    }
    if (text_is(l->do_, "away") || text_is(l->do_, "back")) {
        it.sim.away = text_is(l->do_, "away");
        sim_settle(&it.sim);
        return 0;
    }
    return text_is(l->do_, "run") || text_is(l->do_, "jump") ? 0 : -1;
}

static void end(bool decisions) {
    if (!it.begun)
        return;
    sim_settle(&it.sim);
    sim_watch_all(&it.sim);
    sim_each_row(&it.sim, print_row, NULL);
    if (decisions)
        print_decisions();
    sim_close(&it.sim);
    it.begun = false;
    it.list_count = 0;
}

static int take_json(struct text json, struct buf *keep, bool decisions, char why[200]) {
    struct sim_line l;
    int rc = sim_line_read(json, keep, &l, why);
    if (rc == 0 && l.do_.p && text_is(l.do_, "new")) {
        end(decisions);
        puts("==");
        return 0;
    }
    if (rc == 0 && !it.begun) {
        if (!l.at) {
            snprintf(why, 200, "the first line needs \"at\"");
            return -1;
        }
        sim_open(&it.sim, l.at);
        it.sim.fate = fate;
        it.begun = true;
    }
    snprintf(why, rc ? 0 : 200, "it is no input as the program's first lines say");
    return rc ? rc : take(&l);
}

int main(int argc, char **argv) {
    struct buf keep;
    char *line = NULL, why[200];
    size_t room = 0;
    ssize_t n;
    unsigned no = 0;
    bool decisions = argc == 2 && strcmp(argv[1], "--decisions") == 0;
    buf_init(&keep, 1 << 20);
    buf_init(&it.named, 1 << 20);
    while ((n = getline(&line, &room, stdin)) > 0) {
        no++;
        if (n > 1 && take_json((struct text){line, (size_t)n}, &keep, decisions, why)) {
            fprintf(stderr, "line %u: %s\n", no, why);
            return 2;
        }
    }
    end(decisions);
    free(line);
    buf_free(&keep);
    buf_free(&it.named);
    return 0;
}
