#include "services/scheduler/reminders/answered.h"

#include <errno.h>

#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/subject.h"

static bool asks_who_is_silent(const struct rule *rule) {
    return rule && audience_mentions(&rule->audience, TERM_NOT_ANSWERED);
}

static bool is_reminder(const struct office *o, const struct rec_plan *p) {
    (void)o;
    return text_starts(p->occurrence, "due=");
}

static bool is_question(const struct office *o, const struct rec_plan *p) {
    return asks_who_is_silent(rulebook_find(o->rules, p->rule));
}

/* Mostly nothing has been said so far, and no letter has to be looked for. */
static int has_spoken(struct office *o, const char *kind, struct text id,
                      bool (*fits)(const struct office *, const struct rec_plan *), bool *ret) {
    struct key at = {.n = 0};
    struct rec_plan plan;
    int rc;
    *ret = false;
    while (!*ret && (rc = plan_next(o, kind, id, &at, &plan)) == 0)
        *ret = (plan.fired || text_is(plan.state, "firing")) && fits(o, &plan);
    return *ret || rc == -ENOENT ? 0 : rc;
}

static int asks_in_vain(struct office *o, const struct rec_ledger *row, const void *ctx) {
    const struct subject *s = ctx;
    const struct rule *rule = rulebook_find(o->rules, row->rule);
    if (!text_is(row->about_kind, "meeting") || !text_eq(row->about, s->id) ||
        !asks_who_is_silent(rule))
        return 0;
    int has = audience_has(o, &rule->audience, s, row->person);
    return has < 0 ? has : !has;
}

int answered_meeting(struct office *o, struct text meeting, struct text person) {
    struct subject s;
    bool any;
    int rc = has_spoken(o, "meeting", meeting, is_question, &any);
    if (rc || !any)
        return rc;
    rc = subject_load(o, TEXT_LIT("meeting"), meeting, &s);
    return rc ? rc
              : ledger_supersede_if(o, TABLE_LEDGER_PERSON, key1(person), asks_in_vain, &s,
                                    TEXT_LIT("they have answered"));
}

static int reminds_of(struct office *o, const struct rec_ledger *row, const void *ctx) {
    const struct text *obligation = ctx;
    const struct rule *rule = rulebook_find(o->rules, row->rule);
    struct rec_occasion of;
    if (rule && rule->about->record != REC_OBLIGATION)
        return 0;
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)row->occasion), &of);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    return text_is(of.about_kind, "obligation") && text_eq(of.about, *obligation) &&
           text_starts(of.occurrence, "due=");
}

int answered_obligation(struct office *o, struct text obligation, struct text reason) {
    struct subject s;
    bool any;
    int rc = has_spoken(o, "obligation", obligation, is_reminder, &any);
    if (rc || !any)
        return rc;
    rc = subject_load(o, TEXT_LIT("obligation"), obligation, &s);
    return rc ? rc
              : ledger_supersede_if(o, TABLE_LEDGER_ABOUT, key2(s.main_kind, s.main_id), reminds_of,
                                    &obligation, reason);
}
