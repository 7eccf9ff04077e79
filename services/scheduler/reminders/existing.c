#include "services/scheduler/reminders/existing.h"

#include <errno.h>

#include "services/scheduler/reminders/fire.h"
#include "services/scheduler/reminders/plan.h"

struct existing {
    const struct rule *rule;
    struct rec_plan plan;
    struct subject subject;
};

/* Found past by this very configuration, and of use if it went now. */
static int look_at(struct office *o, struct key key, struct bytes value, struct existing *ret) {
    int rc = office_read_at(o, TABLE_PLAN, key_bytes(&key), value, &ret->plan);
    const struct rec_plan *p = &ret->plan;
    if (rc)
        return rc;
    ret->rule = rulebook_find(o->rules, p->rule);
    if (!ret->rule || !text_is(p->state, "past") || !text_is(p->brought, o->rules->name) ||
        (p->useful && p->useful < o->said))
        return -ENOENT;
    rc = subject_load(o, p->about_kind, p->about, &ret->subject);
    if (rc)
        return rc;
    return rule_speaks_at(ret->rule, (unsigned)p->step, &ret->subject.rec) ? 0 : -ENOENT;
}

static int count_people(struct office *o, const struct existing *e, int64_t *count) {
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
        *count += !why;
    }
}

static int wake(struct office *o, const struct existing *e) {
    struct rec_plan plan = e->plan;
    plan.state = TEXT_LIT("planned");
    plan.due = o->said;
    plan.woken = true;
    int rc = plan_put(o, &plan);
    return rc ? rc : due_add(o, plan.due, "plan", plan_key(&plan));
}

/* A whole table is walked: each plan in memory that is free again after it. */
static int walk(struct office *o, bool wakes, int64_t *ret) {
    struct arena *arena = o->arena;
    struct key at = {.n = 0}, none = {.n = 0};
    struct bytes value;
    struct existing e;
    int64_t count = 0;
    int rc = 0;
    o->arena = arena_new();
    while (rc == 0 && (rc = office_next(o, TABLE_PLAN, &none, &at, &value)) == 0) {
        rc = look_at(o, at, value, &e);
        if (rc == 0)
            rc = count_people(o, &e, &count);
        if (rc == 0 && wakes)
            rc = wake(o, &e);
        rc = rc == -ENOENT ? 0 : rc;
        arena_reset(o->arena);
    }
    arena_free(&o->arena);
    o->arena = arena;
    if (rc != -ENOENT)
        return rc;
    *ret = count;
    return 0;
}

int existing_count(struct office *o, int64_t *ret) {
    return walk(o, false, ret);
}

int existing_wake(struct office *o, int64_t *ret) {
    return walk(o, true, ret);
}
