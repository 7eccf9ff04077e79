#include "services/scheduler/forecast/beyond.h"

#include <errno.h>

#include "services/scheduler/reminders/audience_why.h"
#include "services/scheduler/reminders/fire.h"

#define REASON_MOST 1024

struct place { /* what is said of a letter by which it is the same in both futures */
    const struct rule *rule;
    const struct subject_kind *kind;
    struct text id;
    int64_t step;
};

/* "rule/kind:subject/step/person", of which the subject may have a stroke of its own. */
static bool find_place(const struct future *f, const struct outlook_letter *l, struct place *ret,
                       struct text *ret_same) {
    struct text rest = l->same, part;
    if (!text_cut(&rest, '/', &part))
        return false;
    (void)text_cut_last(&rest, '/'); /* the person */
    *ret_same = (struct text){l->same.p, (size_t)(rest.p + rest.n - l->same.p)};
    struct text step = text_cut_last(&rest, '/');
    ret->rule = rulebook_find(&f->rules, l->rule);
    return text_cut(&rest, ':', &part) && (ret->id = rest).n && text_int(step, &ret->step) == 0 &&
           subject_kind_find(part, &ret->kind) == 0;
}

/* The first of its plans that is still to come; *ret_fired: another one fired. */
static int find_plan(struct beyond *b, const struct place *p) {
    struct future *f = b->f;
    struct rec_plan plan;
    struct key at = {.n = 0};
    int rc;
    b->at = b->useful = 0;
    b->fired = false;
    while ((rc = plan_next(&f->step.office, p->kind->name, p->id, &at, &plan)) == 0) {
        if (plan.step != p->step || !text_is(plan.rule, p->rule->name))
            continue;
        b->fired |= text_is(plan.state, "fired") && plan.fired >= f->options->now;
        if (text_is(plan.state, "planned") && (!b->at || plan.due < b->at)) {
            b->at = plan.due;
            b->useful = plan.useful;
        }
    }
    return rc == -ENOENT ? 0 : rc;
}

/* Whether it is for that person, as things are then. */
static int stands_against(struct beyond *b, const struct place *p, struct text person,
                          struct text *ret_reason) {
    struct office *o = &b->f->step.office;
    instant at = b->at > b->f->now ? b->at : b->f->now;
    struct subject subject;
    struct buf reason;
    const char *stopped = NULL;
    int rc = subject_load(o, text_of(p->kind->name), p->id, &subject);
    if (rc)
        return rc;
    buf_init(&reason, REASON_MOST);
    int has = audience_why(o, rule_audience(p->rule, (unsigned)p->step), &subject, person, &reason);
    rc = has < 0 ? has
         : has   ? fire_why_not(o, p->rule, &subject, person, at, b->useful, &stopped)
                 : 0;
    if (rc == 0 && stopped)
        buf_str(&reason, stopped);
    if (rc == 0 && reason.n)
        *ret_reason = arena_text(b->f->step.arena, buf_as_text(&reason));
    buf_free(&reason);
    return rc;
}

int beyond_look(struct beyond *b, const struct outlook_letter *letter, instant *ret_at,
                struct text *ret_reason) {
    struct place p;
    struct text same;
    int rc = 0;
    *ret_at = 0;
    *ret_reason = TEXT_NONE;
    if (!find_place(b->f, letter, &p, &same))
        return 0;
    if (!p.rule) {
        *ret_reason = TEXT_LIT("that rule is no more");
        return 0;
    }
    arena_reset(b->f->step.arena);
    if (!text_eq(same, b->same))
        rc = find_plan(b, &p);
    b->same = rc ? TEXT_NONE : same;
    if (rc == 0 && (b->at || b->fired))
        rc = stands_against(b, &p, letter->person, ret_reason);
    else if (rc == 0)
        *ret_reason = TEXT_LIT("nothing is planned for it any more");
    *ret_at = ret_reason->p ? 0 : b->at;
    return rc == -ENOENT ? 0 : rc;
}
