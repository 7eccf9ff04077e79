/* report_work - what was done: activities, milestones, local tests and solutions. */
#include "services/cirkel/report.h"

#include <errno.h>
#include <stdlib.h>

#define ORGANISATIONS_MOST 256 /* counted at one activity */

/* ---- activities ---- */

struct presence {
    int64_t people;
    struct text organisations[ORGANISATIONS_MOST];
    unsigned count;
};

static void add_organisation(struct presence *p, struct text id) {
    for (unsigned i = 0; i < p->count; i++)
        if (text_eq(p->organisations[i], id))
            return;
    if (p->count < ORGANISATIONS_MOST)
        p->organisations[p->count++] = id;
}

struct staff_scan {
    const struct key *prefix;
    struct presence *presence;
};

static int on_staff_of(void *ctx, struct bytes key, struct bytes value) {
    struct staff_scan *scan = ctx;
    struct text person, programme, organisation;
    size_t at = 0;

    (void)value;
    if (!key_has_prefix(key, scan->prefix))
        return 1;
    if (key_next_text(key, &at, &person) && key_next_text(key, &at, &programme) &&
        key_next_text(key, &at, &organisation))
        add_organisation(scan->presence, organisation);
    return 0;
}

static int on_registration(struct report *r, const void *rec, void *ctx) {
    const struct rec_registration *registration = rec;
    struct presence *presence = ctx;
    struct key prefix = LOOK_KEY(registration->person);
    struct staff_scan scan = {&prefix, presence};
    int rc;

    if (!text_is(registration->state, "attended"))
        return 0;
    presence->people++;
    key_text(&prefix, r->programme.programme);
    rc = store_scan(r->look.txn, TABLE_STAFF_OF, key_bytes(&prefix), on_staff_of, &scan);
    return rc == 1 ? 0 : rc;
}

struct activity {
    struct activity *next;
    struct rec_meeting meeting;
};
struct activities { /* by when they start */
    struct activity *first;
};

static bool is_ours(struct report *r, const struct rec_meeting *m) {
    struct rec_group group;
    struct key key;

    if (m->programme.p)
        return text_eq(m->programme, r->programme.programme);
    if (!m->group.p)
        return false;
    key = LOOK_KEY(m->group);
    return look_get(&r->look, TABLE_GROUP, &group, key_bytes(&key)) == 0 &&
           text_eq(group.programme, r->programme.programme);
}

static int on_meeting(struct report *r, const void *rec, void *ctx) {
    const struct rec_meeting *m = rec;
    struct activities *all = ctx;
    struct activity *a, **at = &all->first;

    if (!is_ours(r, m) ||
        (r->cut && text_cmp((struct text){m->starts.p, 10}, text_of(r->until)) > 0))
        return 0;
    while (*at && text_cmp((*at)->meeting.starts, m->starts) <= 0)
        at = &(*at)->next;
    a = arena_take(r->paper->arena, sizeof *a);
    *a = (struct activity){.next = *at, .meeting = *m};
    *at = a;
    return 0;
}

static int add_activity(struct report *r, struct paper_table *table, const struct rec_meeting *m) {
    struct presence *presence = calloc(1, sizeof *presence);
    struct key prefix = LOOK_KEY(m->meeting);
    int rc;

    must(presence != NULL);
    rc = report_each(r, TABLE_REGISTRATION, &prefix, on_registration, presence);
    paper_row(r->paper, table);
    paper_text(r->paper, table, (struct text){m->starts.p, 10});
    paper_text(r->paper, table, report_text(r, &m->title));
    paper_state(r->paper, table, "activity", m->kind);
    paper_state(r->paper, table, "meeting", m->state);
    if (m->attendance) {
        paper_number(r->paper, table, presence->people);
        paper_number(r->paper, table, presence->count);
    } else {
        paper_none(r->paper, table);
        paper_none(r->paper, table);
    }
    free(presence);
    r->sum.held += text_is(m->state, "held");
    return rc;
}

static int add_activities(struct report *r) {
    static const struct paper_column columns[] = {
        {WORD_date, CELL_DATE},           {WORD_title, CELL_TEXT},
        {WORD_kind, CELL_TEXT},           {WORD_state, CELL_TEXT},
        {WORD_people_there, CELL_NUMBER}, {WORD_organisations_there, CELL_NUMBER}};
    struct paper_table *table = paper_table(r->paper, "activities", WORD_activities, PAPER_TABLE,
                                            columns, COUNT_OF(columns));
    struct activities all = {NULL};
    int rc = report_each(r, TABLE_MEETING, NULL, on_meeting, &all);

    for (const struct activity *a = all.first; rc == 0 && a; a = a->next)
        rc = add_activity(r, table, &a->meeting);
    return rc;
}

/* ---- milestones ---- */

static struct text phase_name(const struct report *r, struct text id) {
    struct list phases = r->programme.phases;
    struct part_phase phase;

    while (codec_next_part(&phases, PART_phase, &phase))
        if (text_eq(phase.phase, id))
            return report_text(r, &phase.name);
    return id;
}

static struct text milestone_then(const struct report *r, const struct rec_milestone *m) {
    if (!r->cut)
        return m->state;
    if (report_by_then(r, m->reached))
        return TEXT_LIT("reached");
    if (report_by_then(r, m->dropped))
        return TEXT_LIT("dropped");
    return text_cmp(m->due, text_of(r->until)) < 0 ? TEXT_LIT("overdue") : TEXT_LIT("planned");
}

static void add_milestone(struct report *r, struct paper_table *table,
                          const struct rec_milestone *m) {
    bool reached = report_by_then(r, m->reached);

    paper_row(r->paper, table);
    paper_text(r->paper, table, report_organisation(r, m->organisation));
    paper_text(r->paper, table, phase_name(r, m->phase));
    paper_text(r->paper, table, report_text(r, &m->title));
    paper_text(r->paper, table, m->due);
    paper_state(r->paper, table, "milestone", milestone_then(r, m));
    paper_text(r->paper, table, reached ? report_day(r, m->reached) : TEXT_NONE);
    if (m->moves)
        paper_number(r->paper, table, m->moves);
    else
        paper_none(r->paper, table);
    r->sum.milestones++;
    r->sum.reached += reached;
}

struct milestone_row { /* of one organisation, by when it is due */
    struct milestone_row *next;
    struct rec_milestone milestone;
};
struct milestones {
    struct paper_table *table;
    struct milestone_row *first;
};

static void on_milestone_turn(struct report *r, struct text organisation, void *ctx) {
    struct milestones *milestones = ctx;

    (void)organisation;
    for (const struct milestone_row *row = milestones->first; row; row = row->next)
        add_milestone(r, milestones->table, &row->milestone);
    milestones->first = NULL;
}

static int on_milestone(struct report *r, const void *rec, void *ctx) {
    const struct rec_milestone *m = rec;
    struct milestones *milestones = ctx;
    struct milestone_row *row, **at = &milestones->first;

    if (!report_by_then(r, m->planned))
        return 0;
    while (*at && text_cmp((*at)->milestone.due, m->due) <= 0)
        at = &(*at)->next;
    row = arena_take(r->paper->arena, sizeof *row);
    *row = (struct milestone_row){.next = *at, .milestone = *m};
    *at = row;
    return 0;
}

static int add_milestones(struct report *r) {
    static const struct paper_column columns[] = {
        {WORD_organisation, CELL_TEXT}, {WORD_phase, CELL_TEXT}, {WORD_goal, CELL_TEXT},
        {WORD_due, CELL_DATE},          {WORD_state, CELL_TEXT}, {WORD_reached, CELL_DATE},
        {WORD_moves, CELL_NUMBER}};
    struct milestones milestones = {.table = paper_table(r->paper, "milestones", WORD_milestones,
                                                         PAPER_TABLE, columns, COUNT_OF(columns))};

    return report_each_of(r, TABLE_MILESTONE_OF, TABLE_MILESTONE, on_milestone_turn, on_milestone,
                          &milestones);
}

/* ---- tests and solutions ---- */

static int on_test(struct report *r, const void *rec, void *ctx) {
    const struct rec_participation *p = rec;
    struct paper_table *table = ctx;
    struct list partners = p->test_partners;
    struct text id;
    struct buf names;

    if (!report_by_then(r, p->tested))
        return 0;
    buf_init(&names, 1 << 16);
    while (codec_next_text(&partners, &id)) {
        buf_str(&names, names.n ? ", " : "");
        buf_text(&names, report_organisation(r, id));
    }
    paper_row(r->paper, table);
    paper_text(r->paper, table, report_organisation(r, p->organisation));
    paper_text(r->paper, table, report_text(r, &p->hypothesis));
    paper_text(r->paper, table, buf_as_text(&names));
    paper_text(r->paper, table, report_text(r, &p->test_result));
    paper_text(r->paper, table, report_day(r, p->tested));
    buf_free(&names);
    return 0;
}

static int add_tests(struct report *r) {
    static const struct paper_column columns[] = {{WORD_organisation, CELL_TEXT},
                                                  {WORD_hypothesis, CELL_TEXT},
                                                  {WORD_partners, CELL_TEXT},
                                                  {WORD_result, CELL_TEXT},
                                                  {WORD_recorded, CELL_DATE}};
    struct key prefix = LOOK_KEY(r->programme.programme);
    struct paper_table *table =
        paper_table(r->paper, "tests", WORD_tests, PAPER_CARDS, columns, COUNT_OF(columns));

    return report_each(r, TABLE_PARTICIPATION, &prefix, on_test, table);
}

static int on_solution(struct report *r, const void *rec, void *ctx) {
    const struct rec_solution *s = rec;
    struct paper_table *table = ctx;
    struct list links = s->links;
    struct text link;
    struct buf all;

    if (!text_eq(s->programme, r->programme.programme) || !report_by_then(r, s->published))
        return 0;
    buf_init(&all, 1 << 16);
    while (codec_next_text(&links, &link)) {
        buf_str(&all, all.n ? " " : "");
        buf_text(&all, link);
    }
    paper_row(r->paper, table);
    paper_text(r->paper, table, report_organisation(r, s->organisation));
    paper_text(r->paper, table, report_text(r, &s->title));
    paper_text(r->paper, table, report_text(r, &s->text));
    paper_text(r->paper, table, buf_as_text(&all));
    paper_number(r->paper, table, s->version);
    paper_text(r->paper, table, report_day(r, s->published));
    paper_state(r->paper, table, "visibility", s->visibility);
    buf_free(&all);
    r->sum.solutions++;
    return 0;
}

static int add_solutions(struct report *r) {
    static const struct paper_column columns[] = {
        {WORD_organisation, CELL_TEXT}, {WORD_solution, CELL_TEXT},  {WORD_text, CELL_TEXT},
        {WORD_links, CELL_LINK},        {WORD_version, CELL_NUMBER}, {WORD_published, CELL_DATE},
        {WORD_visibility, CELL_TEXT}};
    struct paper_table *table =
        paper_table(r->paper, "solutions", WORD_solutions, PAPER_CARDS, columns, COUNT_OF(columns));

    return report_each(r, TABLE_SOLUTION, NULL, on_solution, table);
}

int report_work(struct report *r) {
    int rc = add_activities(r);

    if (rc == 0)
        rc = add_milestones(r);
    if (rc == 0)
        rc = add_tests(r);
    return rc ? rc : add_solutions(r);
}
