#include "services/cirkel/look_ledger.h"

#include "services/cirkel/look_about.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/when.h"

#include "common/clock.h"
#include "proto/halted.h"
#include "proto/machine.h"
#include "proto/occurrence.h"
#include "services/cirkel/home.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REASON_MOST 8192

struct walk {
    struct look *look;
    look_ledger_fn *fn;
    void *ctx;
};

static int on_row(void *ctx, struct bytes key, struct bytes value) {
    struct walk *walk = ctx;
    struct rec_ledger row;

    (void)key;
    if (look_decode(REC_LEDGER, value, &row))
        return -EBADMSG;
    return walk->fn(walk->ctx, &row);
}

static int on_number(void *ctx, uint64_t number) {
    struct walk *walk = ctx;
    struct rec_ledger row;
    struct key key = key_no(number);
    int rc = look_get(walk->look, TABLE_LEDGER, &row, key_bytes(&key));

    return rc ? rc : walk->fn(walk->ctx, &row);
}

static int walk_person(struct walk *walk, struct text person) {
    struct key prefix = LOOK_KEY(person);
    return look_numbers(walk->look, TABLE_LEDGER_PERSON, &prefix, on_number, walk);
}

/* ---- the verb ---- */

struct ledger_look {
    struct look look;
    const struct options *options;
    instant since, until;
    struct table_out *table;
    struct buf words;
    json_t *rows; /* NULL: as a table */
};

static bool is_wanted(const struct ledger_look *l, const struct rec_ledger *row) {
    const struct options *o = l->options;

    if (o->person && !text_is(row->person, o->person))
        return false;
    if (o->about && !look_is_about(row, text_of(o->about)))
        return false;
    if (o->state && !text_is(row->state, o->state))
        return false;
    return row->due >= l->since && (l->until == 0 || row->due <= l->until);
}

static int on_ledger_row(void *ctx, const struct rec_ledger *row) {
    struct ledger_look *l = ctx;
    char due[RFC3339_TEXT];

    if (!is_wanted(l, row))
        return 0;
    if (l->rows) {
        json_array_append_new(l->rows, look_ledger_tree(&l->look, row));
        return 0;
    }
    when_format(row->due, row->zone, due);
    table_out_row(l->table);
    table_out_printf(l->table, "%lld", (long long)row->no);
    table_out_printf(l->table, "%s", due);
    table_out_cell(l->table, row->person);
    table_out_cell(l->table, row->letter);
    table_out_cell(l->table, row->about);
    table_out_cell(l->table, row->class);
    table_out_cell(l->table, row->channel);
    table_out_cell(l->table, row->state);
    look_ledger_reason(&l->look, row, &l->words);
    table_out_cell(l->table, buf_as_text(&l->words));
    return 0;
}

static int parse_span(struct ledger_look *l) {
    const struct options *o = l->options;

    if (o->since && when_parse(o->since, 0, l->look.office, &l->since))
        return usage("--since takes a moment like 2022-05-24 or 2022-05-24T09:00:00+02:00");
    if (o->until && when_parse(o->until, l->since, l->look.office, &l->until))
        return usage("--until takes a moment like 2022-05-24 or 2022-05-24T09:00:00+02:00");
    return 0;
}

static bool is_state(const char *state) {
    for (unsigned i = 0; i < transition_count; i++)
        if (strcmp(transitions[i].machine, "DELIVERY") == 0 &&
            (strcmp(transitions[i].state, state) == 0 || strcmp(transitions[i].next, state) == 0))
            return true;
    return strcmp(state, "not-due") == 0;
}

static int need_known(struct ledger_look *l) {
    const struct options *o = l->options;
    int rc = 0;

    if (o->state && !is_state(o->state))
        rc = usage("--state: no letter is ever %s. The states are in: cirkel protocol", o->state);
    if (rc == 0)
        rc = look_need_person(&l->look, o->person);
    return rc ? rc : look_need_id(&l->look, o->about);
}

static void print_ledger(struct ledger_look *l) {
    json_t *row;
    size_t i;

    if (l->rows) {
        json_array_foreach(l->rows, i, row) tree_print_line(json_incref(row));
        json_decref(l->rows);
    } else if (table_out_rows(l->table)) {
        table_out_print(l->table);
    } else {
        puts("Nobody was considered for such a letter.");
    }
    table_out_free(&l->table);
}

bool look_is_about(const struct rec_ledger *row, struct text about) {
    return occurrence_is_about(about, row->about_kind, row->about, row->key);
}

int look_ledger(struct look *look, struct text person, struct text about, look_ledger_fn *fn,
                void *ctx) {
    struct walk walk = {look, fn, ctx};

    if (person.p)
        return walk_person(&walk, person);
    if (about.p)
        return look_about(look, about, on_number, &walk);
    return store_scan(look->txn, TABLE_LEDGER, (struct bytes){"", 0}, on_row, &walk);
}

static bool is_waiting(const struct rec_ledger *row) {
    return text_is(row->state, "queued") || text_is(row->state, "deferred");
}

/* What its row says, and what keeps all that waits from leaving. */
static void say_reason(struct look *look, const struct rec_ledger *row, struct buf *to) {
    const struct zone *zone = look->office;

    buf_clear(to);
    buf_text(to, row->reason);
    if (!is_waiting(row))
        return;
    if (row->zone.p && zone_find(row->zone, &zone))
        zone = look->office;
    if (halted_say(look->txn, to))
        buf_str(to, "why nothing leaves cannot be read");
    halted_say_past(row->useful, clock_now(), zone, to);
}

bool look_ledger_is_past(const struct rec_ledger *row) {
    return is_waiting(row) && row->useful && clock_now() > row->useful;
}

void look_ledger_reason(struct look *look, const struct rec_ledger *row, struct buf *to) {
    char until[RFC3339_TEXT];

    say_reason(look, row, to);
    if (!to->n && row->report.p)
        buf_printf(to, "reported: %.*s", TEXT_ARGS(row->report));
    when_format(row->held_until, row->zone, until);
    if (row->held_until)
        buf_printf(to, "%s%s %s", to->n ? "; " : "",
                   text_is(row->hold, "window") ? "leaves at" : "missed after", until);
}

/* What became of it after it had left, as far as anything was heard. */
static void add_reports(json_t *tree, const struct rec_ledger *row) {
    char reported[RFC3339_TEXT], delivered[RFC3339_TEXT];

    when_format(row->reported, row->zone, reported);
    when_format(row->delivered, row->zone, delivered);
    if (row->settled.p)
        json_object_set_new(tree, "settled", tree_text(row->settled));
    if (row->report.p) {
        json_object_set_new(tree, "report", tree_text(row->report));
        json_object_set_new(tree, "report_status", tree_text(row->report_status));
        json_object_set_new(tree, "reported", json_string(reported));
    }
    if (row->delivered)
        json_object_set_new(tree, "delivered", json_string(delivered));
}

json_t *look_ledger_tree(struct look *look, const struct rec_ledger *row) {
    char due[RFC3339_TEXT], decided[RFC3339_TEXT];
    struct rec_occasion occasion;
    json_t *tree = json_object();
    struct key key = key_no((uint64_t)row->occasion);
    struct buf reason;

    if (look_get(look, TABLE_OCCASION, &occasion, key_bytes(&key)))
        occasion.occurrence = TEXT_NONE;
    when_format(row->due, row->zone, due);
    when_format(row->decided, row->zone, decided);
    json_object_set_new(tree, "no", json_integer(row->no));
    json_object_set_new(tree, "due", json_string(due));
    json_object_set_new(tree, "decided", json_string(decided));
    json_object_set_new(tree, "person", tree_text(row->person));
    json_object_set_new(tree, "letter", tree_text(row->letter));
    json_object_set_new(tree, "about", tree_text(row->about));
    json_object_set_new(tree, "about_kind", tree_text(row->about_kind));
    json_object_set_new(tree, "class", tree_text(row->class));
    json_object_set_new(tree, "channel", tree_text(row->channel));
    json_object_set_new(tree, "state", tree_text(row->state));
    buf_init(&reason, REASON_MOST);
    say_reason(look, row, &reason);
    json_object_set_new(tree, "reason", tree_text(reason.n ? buf_as_text(&reason) : row->reason));
    buf_free(&reason);
    json_object_set_new(tree, "hold", tree_text(row->hold));
    json_object_set_new(tree, "hold_no", row->hold_no ? json_integer(row->hold_no) : json_null());
    json_object_set_new(tree, "message_id", tree_text(row->message_id));
    json_object_set_new(tree, "rule", tree_text(row->rule));
    json_object_set_new(tree, "occurrence", tree_text(occasion.occurrence));
    json_object_set_new(tree, "attempts", json_integer(row->attempts));
    json_object_set_new(tree, "language", tree_text(row->language));
    json_object_set_new(tree, "told", json_integer(row->told));
    add_reports(tree, row);
    return tree;
}

int verb_ledger(const struct options *options, int argc, char **argv) {
    struct ledger_look l = {.options = options};
    int rc;

    (void)argv;
    if (argc)
        return usage("ledger takes no arguments but options. See: cirkel help ledger");
    home_use_clock(options->home);
    rc = look_open(&l.look, options->home);
    if (rc)
        return rc;
    rc = parse_span(&l);
    if (rc == 0)
        rc = need_known(&l);
    if (rc) {
        look_close(&l.look);
        return rc;
    }
    l.table = table_out_new(">no due person letter about class channel state ~reason");
    l.rows = options->json ? json_array() : NULL;
    buf_init(&l.words, 4096);
    rc = look_ledger(&l.look, text_of(options->person), text_of(options->about), on_ledger_row, &l);
    look_close(&l.look);
    print_ledger(&l);
    buf_free(&l.words);
    return rc ? trouble("not all could be read: %s. See: cirkel verify", strerror(-rc)) : EXIT_DONE;
}
