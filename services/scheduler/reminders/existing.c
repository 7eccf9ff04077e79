#include "services/scheduler/reminders/existing.h"

#include <errno.h>

#include "services/scheduler/reminders/crowd.h"
#include "services/scheduler/reminders/fire.h"
#include "services/scheduler/reminders/plan.h"

struct existing {
    const struct rule *rule;
    struct rec_plan plan;
    struct subject subject;
};

/* Found past by this very configuration, and of use if it went now. */
static bool is_behind(const struct office *o, const struct rec_plan *p) {
    return text_is(p->state, "past") && text_is(p->brought, o->rules->name) &&
           (!p->useful || p->useful >= o->said);
}

static bool is_later(const struct rec_plan *a, const struct rec_plan *b) {
    return a->due > b->due || (a->due == b->due && a->step > b->step);
}

/* It has spoken, or somebody has ordered that it does. */
static bool has_spoken(const struct office *o, const struct rec_plan *p,
                       const struct rec_plan *mine) {
    return (p->woken && text_is(p->brought, o->rules->name)) ||
           (text_is(p->state, "fired") && text_eq(p->occurrence, mine->occurrence));
}

/* Of several moments that lie behind for the same people the last one speaks. */
static int is_overtaken(struct office *o, const struct existing *e, bool *ret) {
    const struct text to = text_of(rule_to(e->rule, (unsigned)e->plan.step));
    struct key at = {.n = 0};
    struct rec_plan p;
    int rc;
    *ret = false;
    while (!*ret && (rc = plan_next(o, e->subject.kind->name, e->plan.about, &at, &p)) == 0)
        *ret = p.step != e->plan.step && (unsigned)p.step < e->rule->steps &&
               text_eq(p.rule, e->plan.rule) && is_later(&p, &e->plan) &&
               (is_behind(o, &p) || has_spoken(o, &p, &e->plan)) &&
               text_is(to, rule_to(e->rule, (unsigned)p.step)) &&
               rule_speaks_at(e->rule, (unsigned)p.step, &e->subject.rec);
    return *ret || rc == -ENOENT ? 0 : rc;
}

static int look_at(struct office *o, struct key key, struct bytes value, struct existing *ret) {
    bool overtaken;
    int rc = office_read_at(o, TABLE_PLAN, key_bytes(&key), value, &ret->plan);
    const struct rec_plan *p = &ret->plan;
    if (rc)
        return rc;
    ret->rule = rulebook_find(o->rules, p->rule);
    if (!ret->rule || !is_behind(o, p))
        return -ENOENT;
    rc = subject_load(o, p->about_kind, p->about, &ret->subject);
    if (rc)
        return rc;
    if (!rule_speaks_at(ret->rule, (unsigned)p->step, &ret->subject.rec))
        return -ENOENT;
    rc = is_overtaken(o, ret, &overtaken);
    return rc ? rc : overtaken ? -ENOENT : 0;
}

/* Each by herself, though several plans are for her. */
static int count_people(struct office *o, const struct existing *e, struct crowd *people,
                        int64_t *letters) {
    struct text person = TEXT_NONE;
    const char *why;
    for (;;) {
        int rc = audience_next(o, rule_audience(e->rule, (unsigned)e->plan.step), &e->subject,
                               person, &person);
        if (rc)
            return rc == -ENOENT ? 0 : rc;
        rc = fire_why_not(o, e->rule, &e->subject, person, o->said, e->plan.useful, &why);
        if (rc)
            return rc;
        if (why)
            continue;
        crowd_add(people, person);
        ++*letters;
    }
}

static int wake(struct office *o, const struct existing *e) {
    struct rec_plan plan = e->plan;
    plan.state = TEXT_LIT("planned");
    plan.due = o->said;
    plan.woken = true;
    plan.seq = (int64_t)o->seq;
    int rc = plan_put(o, &plan);
    return rc ? rc : due_add(o, plan.due, "plan", plan_key(&plan));
}

/* A whole table is walked: each plan in memory that is free again after it. */
static int walk(struct office *o, bool wakes, struct existing_count *ret) {
    struct arena *arena = o->arena;
    struct key at = {.n = 0}, none = {.n = 0};
    struct bytes value;
    struct existing e;
    struct crowd people;
    int64_t letters = 0;
    int rc = 0;
    crowd_open(&people);
    o->arena = arena_new();
    while (rc == 0 && (rc = office_next(o, TABLE_PLAN, &none, &at, &value)) == 0) {
        rc = look_at(o, at, value, &e);
        if (rc == 0)
            rc = count_people(o, &e, &people, &letters);
        if (rc == 0 && wakes)
            rc = wake(o, &e);
        rc = rc == -ENOENT ? 0 : rc;
        arena_reset(o->arena);
    }
    arena_free(&o->arena);
    o->arena = arena;
    if (rc == -ENOENT)
        *ret = (struct existing_count){(int64_t)crowd_count(&people), letters};
    crowd_close(&people);
    return rc == -ENOENT ? 0 : rc;
}

int existing_count(struct office *o, struct existing_count *ret) {
    return walk(o, false, ret);
}

int existing_wake(struct office *o, struct existing_count *ret) {
    return walk(o, true, ret);
}
