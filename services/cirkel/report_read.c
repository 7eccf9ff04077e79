#include "services/cirkel/report.h"

#include "common/clock.h"
#include "services/cirkel/home.h"
#include "services/cirkel/when.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ID_MOST 64

/* ---- for the parts ---- */

struct each {
    struct report *report;
    enum table table;
    const struct key *prefix;
    report_row_fn *fn;
    void *ctx;
};

static int on_row(void *ctx, struct bytes key, struct bytes value) {
    struct each *each = ctx;
    union any_rec rec;

    if (each->prefix && !key_has_prefix(key, each->prefix))
        return 1;
    if (look_decode(table_infos[each->table].record, value, &rec)) {
        each->report->bad++;
        return 0;
    }
    return each->fn(each->report, &rec, each->ctx);
}

int report_each(struct report *r, enum table table, const struct key *prefix, report_row_fn *fn,
                void *ctx) {
    struct each each = {r, table, prefix, fn, ctx};
    int rc = store_scan(r->look.txn, table, prefix ? key_bytes(prefix) : (struct bytes){"", 0},
                        on_row, &each);
    return rc == 1 ? 0 : rc;
}

struct each_of {
    struct each each;
    report_turn_fn *turn;
    struct text organisation;
};

static int on_row_of(void *ctx, struct bytes key, struct bytes value) {
    struct each_of *of = ctx;
    struct each *each = &of->each;
    struct text programme, organisation, id;
    union any_rec rec;
    struct key row;
    size_t at = 0;

    (void)value;
    if (!key_has_prefix(key, each->prefix))
        return 1;
    if (!key_next_text(key, &at, &programme) || !key_next_text(key, &at, &organisation) ||
        !key_next_text(key, &at, &id))
        return 0;
    if (!text_eq(organisation, of->organisation)) {
        of->organisation = organisation;
        of->turn(each->report, organisation, each->ctx);
    }
    row = LOOK_KEY(id);
    if (look_get(&each->report->look, each->table, &rec, key_bytes(&row))) {
        each->report->bad++;
        return 0;
    }
    return each->fn(each->report, &rec, each->ctx);
}

int report_each_of(struct report *r, enum table of, enum table table, report_turn_fn *turn,
                   report_row_fn *fn, void *ctx) {
    struct key prefix = LOOK_KEY(r->programme.programme);
    struct each_of each = {{r, table, &prefix, fn, ctx}, turn, TEXT_NONE};
    int rc = store_scan(r->look.txn, of, key_bytes(&prefix), on_row_of, &each);

    turn(r, TEXT_NONE, ctx);
    return rc == 1 ? 0 : rc;
}

bool report_by_then(const struct report *r, instant at) {
    return at && (!r->cut || at < r->end);
}

struct text report_day(struct report *r, instant at) {
    char day[WALL_TEXT];

    if (!at)
        return TEXT_NONE;
    wall_format(zone_wall(r->zone, at), day);
    return paper_keep(r->paper, (struct text){day, 10});
}

struct text report_text(const struct report *r, const struct texts *texts) {
    return texts_in(texts, r->paper->language);
}

struct text report_organisation(struct report *r, struct text id) {
    struct rec_organisation organisation;
    struct key key;

    if (!id.p)
        return id;
    key = LOOK_KEY(id);
    return look_get(&r->look, TABLE_ORGANISATION, &organisation, key_bytes(&key))
               ? id
               : organisation.name;
}

struct text report_person(struct report *r, struct text id) {
    struct rec_person person;
    struct key key;

    if (!id.p)
        return id;
    key = LOOK_KEY(id);
    if (look_get(&r->look, TABLE_PERSON, &person, key_bytes(&key)))
        return id;
    if (person.protected)
        return text_of(report_word(r->paper->language, WORD_protected));
    return person.name.n ? person.name : text_of(report_word(r->paper->language, WORD_erased));
}

int64_t report_day_number(const struct report *r, struct text date) {
    struct wall day, first;

    if (date_parse(date, &day) || date_parse(r->programme.starts, &first))
        return 0;
    return (wall_minutes(day) - wall_minutes(first)) / (24 * 60);
}

/* ---- when ---- */

static int find_until(struct report *r, const char *until) {
    struct wall day;
    instant at = clock_now();
    char text[WALL_TEXT];

    if (until && when_parse(until, at, r->zone, &at))
        return -EINVAL;
    r->cut = until != NULL;
    day = zone_wall(r->zone, at);
    day.hour = day.minute = 0;
    wall_format(day, text);
    snprintf(r->until, sizeof r->until, "%.10s", text);
    r->end = zone_instant(r->zone, wall_add(day, 1, 0));
    r->days = report_day_number(r, r->programme.ends) + 1;
    r->today = report_day_number(r, text_of(r->until)) + 1;
    if (r->today > r->days)
        r->today = r->days;
    r->elapsed = r->today > 0 && r->days > 0 ? r->today * 100 / r->days : 0;
    return 0;
}

/* ---- the programme ---- */

static void join_names(struct report *r, struct list ids, struct buf *to) {
    struct text id;

    while (codec_next_text(&ids, &id)) {
        buf_str(to, to->n ? ", " : "");
        buf_text(to, report_organisation(r, id));
    }
}

static void join_phases(struct report *r, struct buf *to) {
    struct list phases = r->programme.phases;
    struct part_phase phase;

    while (codec_next_part(&phases, PART_phase, &phase)) {
        buf_str(to, to->n ? " · " : "");
        buf_text(to, report_text(r, &phase.name));
    }
}

static void add_programme(struct report *r) {
    const struct rec_programme *p = &r->programme;
    const struct paper_column columns[] = {
        {WORD_funder, CELL_TEXT},
        {WORD_hosts, CELL_TEXT},
        {WORD_lead, CELL_TEXT},
        {WORD_period, CELL_TEXT},
        {WORD_state, CELL_TEXT},
        {WORD_places, CELL_NUMBER},
        {WORD_places_taken, CELL_NUMBER},
        {text_is(p->budget_per, "person") ? WORD_budget_person : WORD_budget_each, CELL_HOURS},
        {WORD_phases, CELL_TEXT}};
    struct paper_table *table =
        paper_table(r->paper, "programme", WORD_programme, PAPER_FACTS, columns, COUNT_OF(columns));
    struct buf b;

    buf_init(&b, 1 << 16);
    paper_row(r->paper, table);
    paper_text(r->paper, table, p->funder);
    join_names(r, p->hosts, &b);
    paper_text(r->paper, table, buf_as_text(&b));
    paper_text(r->paper, table, report_person(r, p->lead));
    buf_clear(&b);
    paper_show_date(r->paper, p->starts, &b);
    buf_str(&b, " – ");
    paper_show_date(r->paper, p->ends, &b);
    paper_text(r->paper, table, buf_as_text(&b));
    paper_state(r->paper, table, "programme", p->state);
    paper_number(r->paper, table, p->places);
    paper_number(r->paper, table, p->taken);
    if (p->budget_minutes)
        paper_number(r->paper, table, p->budget_minutes);
    else
        paper_none(r->paper, table);
    buf_clear(&b);
    join_phases(r, &b);
    paper_text(r->paper, table, buf_as_text(&b));
    buf_free(&b);
}

static const struct paper_column figure_columns[] = {{WORD_applications_received, CELL_NUMBER},
                                                     {WORD_applications_assessed, CELL_NUMBER},
                                                     {WORD_places_offered, CELL_NUMBER},
                                                     {WORD_reserves, CELL_NUMBER},
                                                     {WORD_declined, CELL_NUMBER},
                                                     {WORD_participants, CELL_NUMBER},
                                                     {WORD_hours_spent, CELL_HOURS},
                                                     {WORD_hours_budget, CELL_HOURS},
                                                     {WORD_share_of_hours, CELL_PERCENT},
                                                     {WORD_share_of_time, CELL_PERCENT},
                                                     {WORD_activities_held, CELL_NUMBER},
                                                     {WORD_milestones_reached, CELL_NUMBER},
                                                     {WORD_milestones_in_all, CELL_NUMBER},
                                                     {WORD_solutions_published, CELL_NUMBER}};

/* Its table stands second, but is known last. */
static void fill_figures(struct report *r, struct paper_table *table) {
    int64_t share = r->sum.budget ? r->sum.minutes * 100 / r->sum.budget : 0;
    const int64_t figures[] = {
        r->sum.received,     r->sum.assessed, r->sum.offered,    r->sum.reserve,  r->sum.declined,
        r->sum.participants, r->sum.minutes,  r->sum.budget,     share,           r->elapsed,
        r->sum.held,         r->sum.reached,  r->sum.milestones, r->sum.solutions};

    paper_row(r->paper, table);
    for (unsigned i = 0; i < COUNT_OF(figures); i++)
        paper_number(r->paper, table, figures[i]);
}

static int read_parts(struct report *r) {
    struct paper_table *figures;
    int rc;

    add_programme(r);
    figures = paper_table(r->paper, "figures", WORD_in_figures, PAPER_FACTS, figure_columns,
                          COUNT_OF(figure_columns));
    rc = report_call(r);
    if (rc == 0)
        rc = report_people(r);
    if (rc == 0)
        rc = report_work(r);
    fill_figures(r, figures);
    return rc;
}

int report_read(struct report *r, const char *home, const char *programme, const char *until) {
    struct list languages;
    struct text language = TEXT_NONE, id = text_of(programme);
    struct key key;
    int rc;

    if (id.n == 0 || id.n > ID_MOST)
        return -ENOENT;
    key = LOOK_KEY(id);
    rc = look_get(&r->look, TABLE_PROGRAMME, &r->programme, key_bytes(&key));
    if (rc)
        return rc;
    if (zone_find(r->programme.zone, &r->zone))
        r->zone = r->look.office;
    home_use_clock(home);
    rc = find_until(r, until);
    if (rc)
        return rc;
    languages = r->programme.languages;
    (void)!codec_next_text(&languages, &language);
    r->paper = paper_new(language);
    r->paper->title = paper_keep(r->paper, report_text(r, &r->programme.name));
    r->paper->funder = paper_keep(r->paper, r->programme.funder);
    r->paper->until = paper_keep(r->paper, text_of(r->until));
    return read_parts(r);
}
