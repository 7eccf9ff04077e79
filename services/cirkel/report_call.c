/* report_call - the call, who applied, and what was decided. */
#include "services/cirkel/report.h"

#include <errno.h>
#include <string.h>

/* ---- the call and its criteria ---- */

struct call_tables {
    struct paper_table *calls, *criteria;
};

static void add_criteria(struct report *r, struct paper_table *table, struct list criteria) {
    struct part_criterion c;

    while (codec_next_part(&criteria, PART_criterion, &c)) {
        bool scored = text_is(c.kind, "score");
        paper_row(r->paper, table);
        paper_text(r->paper, table, report_text(r, &c.text));
        paper_state(r->paper, table, "criterion", c.kind);
        if (scored) {
            paper_number(r->paper, table, c.weight ? c.weight : 1);
            paper_number(r->paper, table, c.highest ? c.highest : 5);
        } else {
            paper_none(r->paper, table);
            paper_none(r->paper, table);
        }
    }
}

static int on_call(struct report *r, const void *rec, void *ctx) {
    const struct rec_call *call = rec;
    const struct call_tables *tables = ctx;

    if (!text_eq(call->programme, r->programme.programme) || !report_by_then(r, call->planned))
        return 0;
    paper_row(r->paper, tables->calls);
    paper_text(r->paper, tables->calls, (struct text){call->opens.p, 10});
    paper_text(r->paper, tables->calls, (struct text){call->closes.p, 10});
    paper_text(r->paper, tables->calls, call->answer_by);
    paper_state(r->paper, tables->calls, "call", call->state);
    add_criteria(r, tables->criteria, call->criteria);
    return 0;
}

static int add_calls(struct report *r) {
    static const struct paper_column calls[] = {{WORD_opened, CELL_DATE},
                                                {WORD_closed, CELL_DATE},
                                                {WORD_answer_by, CELL_DATE},
                                                {WORD_state, CELL_TEXT}},
                                     criteria[] = {{WORD_criterion, CELL_TEXT},
                                                   {WORD_kind, CELL_TEXT},
                                                   {WORD_weight, CELL_NUMBER},
                                                   {WORD_highest, CELL_NUMBER}};
    struct call_tables tables;

    tables.calls = paper_table(r->paper, "call", WORD_call, PAPER_TABLE, calls, COUNT_OF(calls));
    tables.criteria =
        paper_table(r->paper, "criteria", WORD_criteria, PAPER_TABLE, criteria, COUNT_OF(criteria));
    return report_each(r, TABLE_CALL, NULL, on_call, &tables);
}

/* ---- applications and decisions ---- */

struct application_tables {
    struct paper_table *applications, *decisions;
};

static bool is_told(const struct report *r, const struct rec_application *a) {
    return report_by_then(r, a->released) || report_by_then(r, a->offered);
}

/* Its state at the end of the day: by what had happened to it then. */
static struct text state_then(const struct report *r, const struct rec_application *a) {
    const struct {
        instant at;
        const char *state;
    } steps[] = {{a->started, "draft"},
                 {a->submitted, "submitted"},
                 {a->more_asked, "more-asked"},
                 {a->more_answered, "submitted"},
                 {a->judged, a->eligible ? "eligible" : "ineligible"},
                 {a->released, NULL}, /* what was decided */
                 {a->offered, "selected"},
                 {a->accepted, "accepted"},
                 {a->refused, "refused"},
                 {a->lapsed, "lapsed"},
                 {a->withdrawn, "withdrawn"},
                 {a->over, "declined"}};
    struct text state = TEXT_NONE;
    instant latest = 0;

    for (unsigned i = 0; i < COUNT_OF(steps); i++) {
        if (r->cut && steps[i].at >= r->end) {
            continue;
        } else if (steps[i].at && steps[i].at >= latest) {
            latest = steps[i].at;
            state = steps[i].state ? text_of(steps[i].state) : a->outcome;
        }
    }
    for (unsigned i = 0; i < COUNT_OF(steps); i++)
        if (steps[i].at > latest)
            return state;
    return a->state; /* nothing happened since */
}

/* What was found of the conditions, whatever came after; and why not. */
static void add_judgement(struct report *r, struct paper_table *table,
                          const struct rec_application *a) {
    if (!report_by_then(r, a->judged)) {
        paper_none(r->paper, table);
        paper_none(r->paper, table);
        return;
    }
    paper_state(r->paper, table, "conditions", a->eligible ? TEXT_LIT("met") : TEXT_LIT("not-met"));
    paper_text(r->paper, table, a->eligible ? TEXT_NONE : report_text(r, &a->judgement));
}

static void add_application(struct report *r, struct paper_table *table,
                            const struct rec_application *a) {
    paper_row(r->paper, table);
    paper_text(r->paper, table, report_organisation(r, a->organisation));
    paper_text(r->paper, table, report_day(r, a->submitted));
    paper_state(r->paper, table, "application", state_then(r, a));
    paper_number(r->paper, table, a->partners.count);
    add_judgement(r, table, a);
    paper_number(r->paper, table, a->assessments);
    if (a->assessments) {
        paper_number(r->paper, table, a->mean);
        paper_number(r->paper, table, a->spread);
    } else {
        paper_none(r->paper, table);
        paper_none(r->paper, table);
    }
}

static instant answered(const struct rec_application *a) {
    return a->accepted  ? a->accepted
           : a->refused ? a->refused
           : a->lapsed  ? a->lapsed
           : a->offered ? a->over
                        : 0;
}

static void add_decision(struct report *r, struct paper_table *table,
                         const struct rec_application *a) {
    instant answer = answered(a);

    paper_row(r->paper, table);
    paper_text(r->paper, table, report_organisation(r, a->organisation));
    paper_state(r->paper, table, "outcome", a->outcome);
    if (a->rank)
        paper_number(r->paper, table, a->rank);
    else
        paper_none(r->paper, table);
    paper_text(r->paper, table, report_day(r, a->released ? a->released : a->offered));
    if (report_by_then(r, answer))
        paper_state(r->paper, table, "application",
                    a->accepted  ? TEXT_LIT("accepted")
                    : a->refused ? TEXT_LIT("refused")
                                 : TEXT_LIT("lapsed"));
    else
        paper_none(r->paper, table);
    paper_text(r->paper, table, report_text(r, &a->reasons));
}

static void tell_decision(struct report *r, struct paper_table *table,
                          const struct rec_application *a) {
    r->sum.offered += report_by_then(r, a->offered);
    r->sum.reserve += text_is(a->outcome, "reserve") && !report_by_then(r, a->offered);
    r->sum.declined += text_is(a->outcome, "declined");
    add_decision(r, table, a);
}

static int on_application(struct report *r, const void *rec, void *ctx) {
    const struct rec_application *a = rec;
    const struct application_tables *tables = ctx;

    if (!text_eq(a->programme, r->programme.programme) || !report_by_then(r, a->submitted))
        return 0; /* a draft is nobody's business yet */
    r->sum.received++;
    r->sum.assessed += a->assessments > 0;
    add_application(r, tables->applications, a);
    if (is_told(r, a))
        tell_decision(r, tables->decisions, a);
    return 0;
}

static int add_applications(struct report *r) {
    static const struct paper_column
        applications[] = {{WORD_organisation, CELL_TEXT},  {WORD_submitted, CELL_DATE},
                          {WORD_state, CELL_TEXT},         {WORD_partners, CELL_NUMBER},
                          {WORD_conditions, CELL_TEXT},    {WORD_why_not, CELL_TEXT},
                          {WORD_assessments, CELL_NUMBER}, {WORD_mean, CELL_HUNDREDTHS},
                          {WORD_spread, CELL_HUNDREDTHS}},
        decisions[] = {{WORD_organisation, CELL_TEXT}, {WORD_decision, CELL_TEXT},
                       {WORD_rank, CELL_NUMBER},       {WORD_told, CELL_DATE},
                       {WORD_answer, CELL_TEXT},       {WORD_reasons, CELL_TEXT}};
    struct application_tables tables;

    tables.applications = paper_table(r->paper, "applications", WORD_applications, PAPER_TABLE,
                                      applications, COUNT_OF(applications));
    tables.decisions = paper_table(r->paper, "decisions", WORD_decisions, PAPER_TABLE, decisions,
                                   COUNT_OF(decisions));
    return report_each(r, TABLE_APPLICATION, NULL, on_application, &tables);
}

/* ---- evidence ---- */

static const char *const kinds[] = {"political-backing", "letter-of-intent", "adopted-plan",
                                    "other"};

struct evidence_sums { /* of one organisation */
    struct paper_table *table;
    struct text organisation;
    struct {
        int64_t number, accepted;
        struct text until;
    } of[COUNT_OF(kinds)];
};

static void on_evidence_turn(struct report *r, struct text organisation, void *ctx) {
    struct evidence_sums *s = ctx;

    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        if (!s->of[i].number)
            continue;
        paper_row(r->paper, s->table);
        paper_text(r->paper, s->table, report_organisation(r, s->organisation));
        paper_state(r->paper, s->table, "evidence", text_of(kinds[i]));
        paper_number(r->paper, s->table, s->of[i].number);
        paper_number(r->paper, s->table, s->of[i].accepted);
        paper_text(r->paper, s->table, s->of[i].until);
    }
    memset(s->of, 0, sizeof s->of);
    s->organisation = organisation;
}

static int on_evidence(struct report *r, const void *rec, void *ctx) {
    const struct rec_evidence *e = rec;
    struct evidence_sums *s = ctx;

    if (!report_by_then(r, e->given) || text_is(e->state, "rejected"))
        return 0;
    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        if (!text_is(e->kind, kinds[i]))
            continue;
        s->of[i].number++;
        s->of[i].accepted += text_is(e->state, "accepted") && report_by_then(r, e->judged);
        if (e->valid_until.p && (!s->of[i].until.p || text_cmp(s->of[i].until, e->valid_until) < 0))
            s->of[i].until = e->valid_until;
    }
    return 0;
}

static int add_evidence(struct report *r) {
    static const struct paper_column columns[] = {{WORD_organisation, CELL_TEXT},
                                                  {WORD_kind, CELL_TEXT},
                                                  {WORD_number, CELL_NUMBER},
                                                  {WORD_accepted, CELL_NUMBER},
                                                  {WORD_valid_until, CELL_DATE}};
    struct evidence_sums sums = {.table = paper_table(r->paper, "evidence", WORD_evidence,
                                                      PAPER_TABLE, columns, COUNT_OF(columns))};

    return report_each_of(r, TABLE_EVIDENCE_OF, TABLE_EVIDENCE, on_evidence_turn, on_evidence,
                          &sums);
}

int report_call(struct report *r) {
    int rc = add_calls(r);

    if (rc == 0)
        rc = add_applications(r);
    return rc ? rc : add_evidence(r);
}
