/* look_catchup - the catch-up sheets: what fell due while nothing could leave, what became of it,
 * and what to say next. */
#include "services/cirkel/look_hold.h"
#include "services/cirkel/table_out.h"
#include "services/cirkel/tree.h"
#include "services/cirkel/verbs.h"
#include "services/cirkel/when.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct catchup {
    struct look look;
    struct hold_look *sheets; /* open ones, and those that have ended */
    unsigned count, open;
};

static int on_hold(void *ctx, const struct rec_hold *hold) {
    struct catchup *c = ctx;
    struct hold_look *more;

    if (!text_is(hold->kind, "catchup"))
        return 0;
    more = realloc(c->sheets, (c->count + 1) * sizeof *more);
    must(more);
    c->sheets = more;
    int rc = look_hold(&c->look, hold, &c->sheets[c->count]);
    const struct hold_rule *all = &c->sheets[c->count].all;
    /* What went as its rules say, all of it, is no matter for a sheet. */
    if (rc || (text_is(hold->state, "passed") && !all->past && !all->overtaken))
        return rc;
    c->open += hold_is_open(hold);
    c->count++;
    return 0;
}

/* ---- as JSON ---- */

static json_t *rule_tree(const struct hold_rule *r, const char *zone) {
    char until[RFC3339_TEXT];

    when_format(r->until, text_of(zone), until);
    return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "rule", r->rule, "held",
                     (json_int_t)r->held, "overtaken", (json_int_t)r->overtaken, "past",
                     (json_int_t)r->past, "released", (json_int_t)r->released, "skipped",
                     (json_int_t)r->skipped, "suppressed", (json_int_t)r->other, "missed_after",
                     r->until ? json_string(until) : json_null());
}

static json_t *moment_tree(instant at, const char *zone) {
    char text[RFC3339_TEXT];

    when_format(at, text_of(zone), text);
    return at ? json_string(text) : json_null();
}

static json_t *sheet_tree(const struct catchup *c, const struct hold_look *s) {
    const char *zone = c->look.zone;
    json_t *rules = json_array(), *tree = rule_tree(&s->all, zone);

    for (unsigned i = 0; i < s->count; i++)
        json_array_append_new(rules, rule_tree(&s->rules[i], zone));
    json_object_del(tree, "rule");
    json_object_set_new(tree, "sheet", json_integer(s->hold.no));
    json_object_set_new(tree, "state", tree_text(s->hold.state));
    json_object_set_new(tree, "cause", tree_text(s->hold.cause));
    json_object_set_new(tree, "since", moment_tree(s->hold.since, zone));
    json_object_set_new(tree, "until", moment_tree(s->hold.until, zone));
    json_object_set_new(tree, "ended", moment_tree(s->hold.ended, zone));
    json_object_set_new(tree, "letters", json_integer(s->hold.rows));
    json_object_set_new(tree, "rules", rules);
    return tree;
}

static void print_json(const struct catchup *c) {
    json_t *sheets = json_array();

    for (unsigned i = 0; i < c->count; i++)
        json_array_append_new(sheets, sheet_tree(c, &c->sheets[i]));
    tree_print(json_pack("{s:I,s:o}", "open", (json_int_t)c->open, "sheets", sheets));
}

/* ---- in words ---- */

static const char *cause_in_words(const struct rec_hold *hold) {
    return text_is(hold->cause, "pause")  ? "Sending was paused"
           : text_is(hold->cause, "hold") ? "Sending was on hold"
                                          : "The service was away, or could not work";
}

static void print_rules(const struct catchup *c, const struct hold_look *s) {
    struct table_out *table =
        table_out_new("rule >waiting >overtaken >past >released >skipped missed-after");

    for (unsigned i = 0; i < s->count; i++) {
        const struct hold_rule *r = &s->rules[i];
        const int64_t cells[] = {r->held, r->overtaken, r->past, r->released, r->skipped};
        char until[RFC3339_TEXT];
        when_format(r->until, text_of(c->look.zone), until);
        table_out_row(table);
        table_out_printf(table, "%s", r->rule);
        for (unsigned k = 0; k < COUNT_OF(cells); k++)
            table_out_printf(table, "%" PRId64, cells[k]);
        table_out_printf(table, "%s", until);
    }
    fflush(stdout);
    table_out_print(table);
    table_out_free(&table);
}

static void print_open(const struct catchup *c, const struct hold_look *s) {
    char since[RFC3339_TEXT], until[RFC3339_TEXT];

    when_format(s->hold.since, text_of(c->look.zone), since);
    when_format(s->hold.until, text_of(c->look.zone), until);
    printf("Catch-up sheet %" PRId64 " is open: nothing on it leaves until you say so.\n"
           "%s. From %s\nuntil %s %" PRId64 " letter%s fell due: %" PRId64
           " still of use and waiting, %" PRId64 " overtaken\nby what came later, %" PRId64
           " past and missed; %" PRId64 " released and %" PRId64 " skipped so far.\n\n",
           s->hold.no, cause_in_words(&s->hold), since, until, s->hold.rows,
           plural(s->hold.rows, "", "s"), s->all.held, s->all.overtaken, s->all.past,
           s->all.released, s->all.skipped);
    print_rules(c, s);
    puts("");
}

static void print_next(void) {
    puts("To see them one by one:     cirkel ledger --state held\n"
         "To let all of them leave:   cirkel release              (or one rule: --rule RULE)\n"
         "More slowly, or faster:     cirkel release --rate 10/min\n"
         "To let one leave:           cirkel release NUMBER\n"
         "To leave a rule's out:      cirkel skip --rule RULE     (or all that is left: --all)\n"
         "What is left alone is missed when it is of no use any more, and stays in the ledger as "
         "such.");
}

static void print_earlier(const struct catchup *c) {
    struct table_out *table =
        table_out_new(">sheet cause since until ended >released >skipped >overtaken >past");

    for (unsigned i = 0; i < c->count; i++) {
        const struct hold_look *s = &c->sheets[i];
        const instant ended = s->hold.ended ? s->hold.ended : s->hold.until;
        const instant moments[] = {s->hold.since, s->hold.until, ended};
        const int64_t cells[] = {s->all.released, s->all.skipped, s->all.overtaken, s->all.past};
        if (hold_is_open(&s->hold))
            continue;
        table_out_row(table);
        table_out_printf(table, "%" PRId64, s->hold.no);
        table_out_cell(table, s->hold.cause);
        for (unsigned k = 0; k < COUNT_OF(moments); k++) {
            char text[RFC3339_TEXT];
            when_format(moments[k], text_of(c->look.zone), text);
            table_out_printf(table, "%s", text);
        }
        for (unsigned k = 0; k < COUNT_OF(cells); k++)
            table_out_printf(table, "%" PRId64, cells[k]);
    }
    if (table_out_rows(table)) {
        puts("\nEarlier sheets:");
        fflush(stdout);
        table_out_print(table);
    }
    table_out_free(&table);
}

static void print_words(const struct catchup *c) {
    if (!c->open)
        puts("No catch-up sheet is open: nothing that fell due waits for a word.");
    for (unsigned i = 0; i < c->count; i++)
        if (hold_is_open(&c->sheets[i].hold))
            print_open(c, &c->sheets[i]);
    if (c->open)
        print_next();
    print_earlier(c);
}

int verb_catchup(const struct options *options, int argc, char **argv) {
    struct catchup c = {.count = 0};
    int rc;

    (void)argv;
    if (argc)
        return usage("catchup takes no arguments. See: cirkel help catchup");
    rc = look_open(&c.look, options->home);
    if (rc)
        return rc;
    rc = look_holds(&c.look, on_hold, &c);
    if (rc == 0 && options->json)
        print_json(&c);
    else if (rc == 0)
        print_words(&c);
    look_close(&c.look);
    free(c.sheets);
    return rc ? trouble("not all could be read: %s. See: cirkel verify", strerror(-rc)) : EXIT_DONE;
}
