/* report_people - who took part, and the hours of each against the time that is gone. */
#include "services/cirkel/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BEHIND 15 /* per cent that hours run behind time: as the letters have it */

static const char *const kinds[] = {"workshop", "preparation", "local-test", "meeting"};

struct worker { /* somebody who is staff, or was and has hours */
    struct worker *next;
    struct text id;
    bool now;
    int64_t minutes[COUNT_OF(kinds)];
};
struct hours_of { /* one participation */
    struct worker *first, **end;
    int64_t minutes[COUNT_OF(kinds)];
    struct plot_point *points; /* minutes of one row each, until they are sorted and summed */
    unsigned count, room;
};
struct people_tables {
    struct paper_table *pace, *hours;
    bool per_person;
};

static int64_t sum_of(const int64_t minutes[COUNT_OF(kinds)]) {
    int64_t sum = 0;
    for (unsigned i = 0; i < COUNT_OF(kinds); i++)
        sum += minutes[i];
    return sum;
}

static struct worker *find_worker(struct report *r, struct hours_of *h, struct text id) {
    struct worker *w = h->first;

    while (w && !text_eq(w->id, id))
        w = w->next;
    if (w)
        return w;
    w = arena_take(r->paper->arena, sizeof *w);
    *w = (struct worker){.id = id};
    *h->end = w;
    h->end = &w->next;
    return w;
}

static int on_hours(struct report *r, const void *rec, void *ctx) {
    const struct rec_hours *row = rec;
    struct hours_of *h = ctx;

    if (text_cmp(row->date, text_of(r->until)) > 0)
        return 0;
    for (unsigned i = 0; i < COUNT_OF(kinds); i++)
        if (text_is(row->kind, kinds[i])) {
            find_worker(r, h, row->person)->minutes[i] += row->minutes;
            h->minutes[i] += row->minutes;
        }
    if (h->count == h->room) {
        h->room = h->room ? 2 * h->room : 64;
        h->points = realloc(h->points, h->room * sizeof *h->points);
        must(h->points != NULL);
    }
    h->points[h->count++] = (struct plot_point){report_day_number(r, row->date) + 1, row->minutes};
    return 0;
}

/* ---- the plot ---- */

static int by_day(const void *a, const void *b) {
    int64_t x = ((const struct plot_point *)a)->day, y = ((const struct plot_point *)b)->day;
    return x < y ? -1 : x > y;
}

static void add_panel(struct report *r, struct hours_of *h, struct text name, int64_t budget) {
    struct plot_panel *panel = arena_take(r->paper->arena, sizeof *panel);
    int64_t sum = 0;
    unsigned n = 0;

    if (h->count)
        qsort(h->points, h->count, sizeof *h->points, by_day);
    for (unsigned i = 0; i < h->count; i++) {
        sum += h->points[i].minutes;
        if (n && h->points[n - 1].day == h->points[i].day)
            n--;
        h->points[n++] = (struct plot_point){h->points[i].day, sum};
    }
    *panel = (struct plot_panel){
        .title = paper_keep(r->paper, name), .minutes = sum, .budget = budget, .count = n};
    panel->points = arena_take(r->paper->arena, n * sizeof *panel->points + 1);
    if (n)
        memcpy(panel->points, h->points, n * sizeof *panel->points);
    *r->paper->plot.end = panel;
    r->paper->plot.end = &panel->next;
}

/* ---- the tables ---- */

static void add_minutes(struct report *r, struct paper_table *table,
                        const int64_t minutes[COUNT_OF(kinds)]) {
    for (unsigned i = 0; i < COUNT_OF(kinds); i++)
        paper_number(r->paper, table, minutes[i]);
    paper_number(r->paper, table, sum_of(minutes));
}

static void add_share(struct report *r, struct paper_table *table, int64_t minutes,
                      int64_t budget) {
    if (budget) {
        paper_number(r->paper, table, budget);
        paper_number(r->paper, table, minutes * 100 / budget);
    } else {
        paper_none(r->paper, table);
        paper_none(r->paper, table);
    }
}

static void add_pace(struct report *r, struct paper_table *table, const struct rec_participation *p,
                     const struct hours_of *h) {
    int64_t minutes = sum_of(h->minutes), budget = p->budget_minutes;
    bool behind = budget && r->elapsed - minutes * 100 / budget >= BEHIND;
    bool running = text_is(p->state, "running");

    paper_row(r->paper, table);
    paper_text(r->paper, table, report_organisation(r, p->organisation));
    add_minutes(r, table, h->minutes);
    add_share(r, table, minutes, budget);
    paper_number(r->paper, table, r->elapsed);
    if (running && budget)
        paper_text(r->paper, table,
                   text_of(report_word(r->paper->language, behind ? WORD_behind : WORD_on_pace)));
    else
        paper_state(r->paper, table, "participation", p->state);
}

static void add_workers(struct report *r, const struct people_tables *tables,
                        const struct rec_participation *p, const struct hours_of *h) {
    for (const struct worker *w = h->first; w; w = w->next) {
        paper_row(r->paper, tables->hours);
        paper_text(r->paper, tables->hours, report_organisation(r, p->organisation));
        paper_text(r->paper, tables->hours, report_person(r, w->id));
        add_minutes(r, tables->hours, w->minutes);
        if (tables->per_person)
            add_share(r, tables->hours, sum_of(w->minutes),
                      w->now ? r->programme.budget_minutes : 0);
    }
}

static int on_participation(struct report *r, const void *rec, void *ctx) {
    const struct rec_participation *p = rec;
    const struct people_tables *tables = ctx;
    struct hours_of h = {.first = NULL};
    struct list staff = p->staff;
    struct key prefix = LOOK_KEY(p->programme);
    struct text person;
    int rc;

    if (!report_by_then(r, p->began))
        return 0;
    h.end = &h.first;
    while (codec_next_text(&staff, &person))
        find_worker(r, &h, person)->now = true;
    key_text(&prefix, p->organisation);
    rc = report_each(r, TABLE_HOURS, &prefix, on_hours, &h);
    add_pace(r, tables->pace, p, &h);
    add_workers(r, tables, p, &h);
    add_panel(r, &h, report_organisation(r, p->organisation), p->budget_minutes);
    free(h.points);
    r->sum.participants++;
    r->sum.minutes += sum_of(h.minutes);
    r->sum.budget += p->budget_minutes;
    return rc;
}

int report_people(struct report *r) {
    static const struct paper_column pace[] = {{WORD_organisation, CELL_TEXT},
                                               {WORD_hours_workshop, CELL_HOURS},
                                               {WORD_hours_preparation, CELL_HOURS},
                                               {WORD_hours_local_test, CELL_HOURS},
                                               {WORD_hours_meeting, CELL_HOURS},
                                               {WORD_in_all, CELL_HOURS},
                                               {WORD_budget, CELL_HOURS},
                                               {WORD_share, CELL_PERCENT},
                                               {WORD_time_gone, CELL_PERCENT},
                                               {WORD_standing, CELL_TEXT}},
                                     hours[] = {{WORD_organisation, CELL_TEXT},
                                                {WORD_person, CELL_TEXT},
                                                {WORD_hours_workshop, CELL_HOURS},
                                                {WORD_hours_preparation, CELL_HOURS},
                                                {WORD_hours_local_test, CELL_HOURS},
                                                {WORD_hours_meeting, CELL_HOURS},
                                                {WORD_in_all, CELL_HOURS},
                                                {WORD_budget, CELL_HOURS},
                                                {WORD_share, CELL_PERCENT}};
    struct people_tables tables = {.per_person = text_is(r->programme.budget_per, "person")};
    struct key prefix = LOOK_KEY(r->programme.programme);

    tables.pace =
        paper_table(r->paper, "municipalities", WORD_pace, PAPER_TABLE, pace, COUNT_OF(pace));
    tables.hours = paper_table(r->paper, "hours", WORD_hours_by_person, PAPER_TABLE, hours,
                               COUNT_OF(hours) - (tables.per_person ? 0 : 2));
    r->paper->plot.starts = paper_keep(r->paper, r->programme.starts);
    r->paper->plot.ends = paper_keep(r->paper, r->programme.ends);
    r->paper->plot.days = r->days;
    r->paper->plot.today = r->today;
    r->paper->plot_after = "municipalities";
    return report_each(r, TABLE_PARTICIPATION, &prefix, on_participation, &tables);
}
