#include "services/scheduler/reminders/fire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/letter_id.h"
#include "services/scheduler/reminders/allow.h"
#include "services/scheduler/reminders/catchup.h"
#include "services/scheduler/reminders/digest.h"
#include "services/scheduler/reminders/gentle.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/letter.h"
#include "services/scheduler/reminders/quiet.h"
#include "services/scheduler/reminders/suppression.h"
#include "services/scheduler/reminders/told.h"

#define LOOKS_A_SLICE 2000 /* people looked at for an audience before somebody else has a turn */

/* What becomes of every letter of a plan, before anyone is looked at. */
struct verdict {
    const char *state; /* NULL: it goes */
    struct text reason;
    const char *hold; /* of what is held: why */
    uint64_t hold_no; /* the sheet that what is held or missed is on; 0: none */
    bool overtakes;   /* what waits on a sheet from the rule's earlier steps */
};

static struct verdict judge(struct office *o, const struct rule *rule, struct rec_plan *plan) {
    char when[RFC3339_TEXT];
    msec late = o->now - plan->due;
    if (plan->useful && o->now > plan->useful) {
        instant_format(plan->useful, office_zone(o, plan->zone), when);
        return (struct verdict){.state = "missed",
                                .reason =
                                    arena_printf(o->arena, "past its use, which ended %s", when)};
    }
    if (late <= o->settings->late_after)
        return (struct verdict){.state = NULL};
    struct text how = arena_printf(o->arena, "%lld %s late", (long long)(late / MINUTES),
                                   plural(late / MINUTES, "minute", "minutes"));
    switch (rule->late) {
    case LATE_SKIP:
        return (struct verdict){.state = "missed", .reason = how};
    case LATE_ASK:
        return (struct verdict){
            .state = "held",
            .reason = arena_printf(o->arena, "%.*s; somebody decides", TEXT_ARGS(how)),
            .hold = "ask"};
    case LATE_NOTE:
        plan->late = true;
        break;
    case LATE_SEND:
    case LATE_DIGEST: /* gentle.c */
        break;
    }
    return (struct verdict){.state = NULL};
}

/* What fell due while we were away waits with the rest of it until all is counted. */
static int judge_time(struct office *o, const struct rule *rule, struct rec_plan *plan,
                      struct verdict *ret) {
    uint64_t sheets, hold;
    struct verdict v = judge(o, rule, plan);
    int rc = meta_get(o->txn, "sheets", &sheets);
    if (rc == 0)
        rc = catchup_sheet(o, plan->due, v.hold != NULL, &hold);
    if (rc)
        return rc;
    v.hold_no = hold;
    if (hold && !v.state) {
        v.state = "held";
        v.hold = "catchup";
        v.reason = arena_printf(o->arena, "fell due in an outage; catch-up sheet %llu",
                                (unsigned long long)hold);
    }
    v.overtakes = sheets && !v.state && rule->steps > 1;
    *ret = v;
    return 0;
}

/* An operator's letter waits for the end of its window. */
static int judge_letter(const struct rec_letter *letter, struct verdict *ret) {
    *ret = (struct verdict){.state = "held",
                            .reason = TEXT_LIT("it can still be taken back"),
                            .hold = "window",
                            .hold_no = (uint64_t)letter->hold};
    return 0;
}

/* What is not named a letter can do without. What is named and gone is damage: nothing is deleted
 * that others name. */
static int organisation_name(struct office *o, struct text id, struct text *ret) {
    struct rec_organisation r = {.name = TEXT_NONE};
    int rc = id.p ? office_get(o, TABLE_ORGANISATION, key1(id), &r) : 0;
    *ret = r.name;
    return rc == -ENOENT ? -EBADMSG : rc;
}

static int person_name(struct office *o, struct text id, struct text *ret) {
    struct rec_person r = {.name = TEXT_NONE};
    int rc = id.p ? office_get(o, TABLE_PERSON, key1(id), &r) : 0;
    *ret = r.name;
    return rc == -ENOENT ? -EBADMSG : rc;
}

/* "Dansk Design Center, CLEAN": as many as a line holds. */
static int organisation_names(struct office *o, struct list ids, struct text *ret) {
    struct buf b;
    struct text id, name;
    int rc = 0;
    buf_init(&b, TEXT_LINE);
    while (rc == 0 && codec_next_text(&ids, &id)) {
        rc = organisation_name(o, id, &name);
        if (rc == 0 && name.p && b.n + name.n + 2 <= TEXT_LINE)
            buf_printf(&b, "%s%.*s", b.n ? ", " : "", TEXT_ARGS(name));
    }
    *ret = b.n ? arena_text(o->arena, buf_as_text(&b)) : TEXT_NONE;
    buf_free(&b);
    return rc;
}

/* The occasion keeps each record under its name; kinds it has no place for are not kept. */
static void keep(struct rec_occasion *to, enum rec_type type, struct bytes packed) {
    const struct field *f =
        type == REC_NONE ? NULL
                         : shape_field(&rec_shapes[REC_OCCASION], text_of(rec_shapes[type].name));
    if (f && f->kind == FIELD_RAW)
        memcpy((char *)to + f->offset, &packed, sizeof packed);
}

static int add_names(struct office *o, const struct subject *s, struct rec_occasion *to) {
    int rc = person_name(o, s->adviser, &to->adviser);
    if (rc == 0)
        rc = organisation_name(o, s->organisation, &to->organisation);
    if (rc == 0 && s->has_programme)
        rc = organisation_names(o, s->programme.hosts, &to->host);
    if (rc == 0 && s->has_programme)
        rc = person_name(o, s->programme.lead, &to->lead);
    if (rc == 0 && s->has_network)
        rc = organisation_name(o, s->network.host, &to->host);
    if (rc == 0 && s->has_network)
        rc = person_name(o, s->network.lead, &to->lead);
    return rc;
}

static int add_snapshots(struct office *o, const struct subject *s, struct rec_occasion *to) {
    keep(to, s->owed_type, s->owed);
    keep(to, s->kind->record, office_pack(o, s->kind->record, &s->rec));
    if (s->has_programme)
        to->programme = office_pack(o, REC_PROGRAMME, &s->programme);
    if (s->has_call)
        to->call = office_pack(o, REC_CALL, &s->call);
    if (s->has_application)
        to->application = office_pack(o, REC_APPLICATION, &s->application);
    if (s->has_participation)
        to->participation = office_pack(o, REC_PARTICIPATION, &s->participation);
    if (s->has_network)
        to->network = office_pack(o, REC_NETWORK, &s->network);
    if (s->has_meeting)
        to->meeting = office_pack(o, REC_MEETING, &s->meeting);
    return add_names(o, s, to);
}

static bool is_same_snapshot(const struct rec_occasion *a, const struct rec_occasion *b) {
    for (const struct field *f = rec_shapes[REC_OCCASION].fields(); f->kind != FIELD_END; f++) {
        struct bytes of_a, of_b;
        if (f->kind != FIELD_RAW)
            continue;
        memcpy(&of_a, (const char *)a + f->offset, sizeof of_a);
        memcpy(&of_b, (const char *)b + f->offset, sizeof of_b);
        if (!bytes_eq(of_a, of_b))
            return false;
    }
    return true;
}

/* What all letters of this plan have in common, kept as it is now. */
static int begin(struct office *o, const struct rule *rule, const struct subject *s,
                 struct rec_plan *plan) {
    struct buf texts;
    plan->occasion = (int64_t)office_count(o, COUNT_OCCASION);
    struct rec_occasion occasion = {
        .rule = plan->rule,
        .version = plan->version,
        .letter = text_of(rule->letter),
        .class = text_of(rule->class),
        .about_kind = plan->about_kind,
        .about = plan->about,
        .occurrence = plan->occurrence,
        .step = plan->step,
        .audience = text_of(rule_to(rule, (unsigned)plan->step)),
        .zone = plan->zone,
        .calendar = rule->calendar[0] ? text_of(rule->calendar) : TEXT_NONE,
        .due = plan->due,
        .useful = plan->useful,
        .late = plan->late,
        .at_most_once = rule->at_most_once,
        .event = plan->seq,
        .config = plan->config,
        .after = plan->after,
    };
    int rc = add_snapshots(o, s, &occasion);
    if (rc)
        return rc;
    buf_init(&texts, 1000);
    for (unsigned i = 0; i < LANGUAGES; i++) {
        codec_add_text(&texts, text_of(languages[i]));
        codec_add_text(&texts, text_of(rule->text_hash[i]));
    }
    occasion.texts = codec_list(&texts, 0, LANGUAGES);
    rc = office_put(o, TABLE_OCCASION, key_no((uint64_t)plan->occasion), &occasion);
    buf_free(&texts);
    return rc;
}

static struct text topic_of(const struct subject *s) {
    return s->kind->table == TABLE_CASE ? s->rec.case_.topic : TEXT_NONE;
}

/* Why this person cannot be written to; NULL: she can. */
static int why_not(struct office *o, const struct rule *rule, const struct subject *s,
                   const struct rec_person *p, bool *ret_address, const char **ret) {
    bool out = false;
    *ret_address = false;
    *ret = p->protected                                    ? "protected identity"
           : p->restricted                                 ? "restricted processing"
           : !p->email.p                                   ? "no address"
           : !allow_has(o->settings->trial_only, p->email) ? ALLOW_REASON
                                                           : NULL;
    if (*ret)
        return 0;
    int rc = suppression_why(o, p->email, text_of(rule->class), ret);
    *ret_address = rc == 0 && *ret;
    if (rc || *ret || !text_is(text_of(rule->class), "news"))
        return rc;
    rc = quiet_opted_out(o, p->person, topic_of(s), &out);
    if (rc == 0 && out)
        *ret = "does not want news";
    return rc;
}

static int judge_person(struct office *o, const struct rule *rule, const struct subject *s,
                        const struct rec_person *p, struct verdict *v) {
    const char *why;
    bool address;
    int rc = why_not(o, rule, s, p, &address, &why);
    if (rc == 0 && address)
        rc = suppression_unsent(o, p->email, text_of(rule->class));
    if (rc == 0 && why)
        *v = (struct verdict){.state = "suppressed", .reason = text_of(why)};
    return rc;
}

int fire_why_not(struct office *o, const struct rule *rule, const struct subject *s,
                 struct text person, instant at, instant useful, const char **ret) {
    struct rec_person p;
    bool address;
    *ret = "there is no such person any more";
    int rc = office_get(o, TABLE_PERSON, key1(person), &p);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (!text_is(p.state, "active"))
        return 0;
    rc = why_not(o, rule, s, &p, &address, ret);
    return rc || *ret ? rc : gentle_why_not(o, rule, topic_of(s), &p, at, useful, ret);
}

/* Of who reads the meeting's times on another clock. */
static struct text own_zone(const struct subject *s, const struct rec_person *p) {
    return s->has_meeting && p->zone.n && !text_eq(p->zone, s->meeting.zone) ? p->zone : TEXT_NONE;
}

static int add_row(struct office *o, const struct rule *rule, const struct subject *s,
                   const struct rec_plan *plan, const struct rec_person *p, struct verdict v) {
    struct rec_registration registration;
    struct rec_ledger row = {
        .key = fire_key(o, plan, p->person),
        .occasion = plan->occasion,
        .rule = plan->rule,
        .letter = text_of(rule->letter),
        .class = text_of(rule->class),
        .about_kind = s->main_kind,
        .about = s->main_id,
        .person = p->person,
        .channel = text_of(o->settings->channel),
        .state = v.state ? text_of(v.state) : TEXT_LIT("queued"),
        .reason = v.reason,
        .hold = v.hold ? text_of(v.hold) : TEXT_NONE,
        .hold_no = (int64_t)v.hold_no,
        .due = plan->due,
        .decided = o->now,
        .useful = plan->useful,
        .nudge = rule->nudge,
        .ended = v.state && !text_is(text_of(v.state), "held") ? o->now : 0,
        .zone = s->zone,
        .own_zone = own_zone(s, p),
        .language = p->language,
        .name = p->name,
        .address = p->email,
        .told = rule->tells && s->has_meeting ? s->meeting.revision + 1 : 0,
        .what = rule->tells && s->has_meeting ? told_what(&s->meeting) : 0,
    };
    row.message_id = letter_id(o->arena, row.key, 0, o->settings->message_domain);
    if (!v.state) {
        bool late = o->now - plan->due > o->settings->late_after;
        int rc = gentle_place(o, rule, topic_of(s), p, late, &row);
        if (rc)
            return rc;
    }
    if (s->has_meeting) {
        int rc =
            office_get(o, TABLE_REGISTRATION, key2(s->meeting.meeting, p->person), &registration);
        if (rc == 0)
            row.registration = office_pack(o, REC_REGISTRATION, &registration);
        else if (rc != -ENOENT)
            return rc;
    }
    int rc = ledger_add(o, &row);
    if (rc)
        return rc == -EEXIST ? 0 : rc; /* considered before, whatever fell over in between */
    if (v.overtakes)
        rc = catchup_overtake(o, plan, p->person);
    return rc || s->kind->table != TABLE_DIGEST ? rc : digest_written(o, s->id, &row);
}

/* A rule is for those who were there when its moment came, however late it is carried out. */
static int judge_joined(struct office *o, const struct rule *rule, const struct subject *s,
                        const struct rec_plan *plan, const struct rec_person *p,
                        struct verdict *v) {
    struct rec_registration r;
    if ((v->state && !v->hold) || !s->has_meeting || o->now == plan->due ||
        !audience_mentions(rule_audience(rule, (unsigned)plan->step), TERM_REGISTERED))
        return 0;
    int rc = office_get(o, TABLE_REGISTRATION, key2(s->meeting.meeting, p->person), &r);
    if (rc == 0 && r.registered > plan->due)
        *v = (struct verdict){.state = "not-due", .reason = TEXT_LIT("joined after it was due")};
    return rc == -ENOENT ? 0 : rc;
}

static int consider(struct office *o, const struct rule *rule, const struct subject *s,
                    const struct rec_plan *plan, struct text person, struct verdict v) {
    struct rec_person p;
    int rc = office_get(o, TABLE_PERSON, key1(person), &p);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc; /* nobody is deleted */
    if (!text_is(p.state, "active"))
        return 0;
    rc = judge_person(o, rule, s, &p, &v);
    if (rc == 0)
        rc = judge_joined(o, rule, s, plan, &p, &v);
    return rc ? rc : add_row(o, rule, s, plan, &p, v);
}

static int end_plan(struct office *o, struct rec_plan *plan, const char *state) {
    int rc = due_del(o, plan->due, "plan", plan_key(plan));
    plan->state = text_of(state);
    plan->fired = o->now;
    plan->cursor = TEXT_NONE;
    return rc ? rc : plan_put(o, plan);
}

/* All its people were considered. A rule that changed meanwhile may want another moment: it could
 * not be told while this one was under way. */
static int conclude(struct office *o, const struct rule *rule, const struct subject *s,
                    struct rec_plan *plan, bool missed) {
    int rc = end_plan(o, plan, missed ? "missed" : "fired");
    if (rc || s->kind->table == TABLE_LETTER || text_is(plan->version, rule->version))
        return rc;
    return plan_derive(o, s->kind->name, plan->about);
}

/* Its subject changed between two slices: the rest get letters that say how it is now. */
static int is_outdated(struct office *o, const struct subject *s, const struct rec_plan *plan,
                       bool *ret) {
    struct rec_occasion was, now = {.rule = plan->rule};
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)plan->occasion), &was);
    if (rc)
        return rc == -ENOENT ? -EBADMSG : rc;
    add_snapshots(o, s, &now);
    *ret = !is_same_snapshot(&was, &now);
    return 0;
}

static int fire_slice(struct office *o, const struct rule *rule, const struct subject *s,
                      struct rec_plan *plan) {
    struct verdict v;
    struct text person;
    unsigned looks = LOOKS_A_SLICE;
    bool outdated = true;
    int rc = s->kind->table == TABLE_LETTER ? judge_letter(&s->rec.letter, &v)
                                            : judge_time(o, rule, plan, &v);
    if (rc == 0 && plan->occasion)
        rc = is_outdated(o, s, plan, &outdated);
    if (rc == 0 && outdated)
        rc = begin(o, rule, s, plan);
    for (int64_t i = 0; rc == 0 && i < o->settings->fire_slice; i++) {
        rc = audience_look(o, rule_audience(rule, (unsigned)plan->step), s, plan->cursor, &looks,
                           &person);
        if (rc == -ENOENT)
            return conclude(o, rule, s, plan, v.state && text_is(text_of(v.state), "missed"));
        if (rc == -EAGAIN) { /* enough for once; nobody of those was in it */
            plan->cursor = person.n ? person : plan->cursor;
            break;
        }
        if (rc == 0)
            rc = consider(o, rule, s, plan, person, v);
        plan->cursor = person;
        plan->considered++;
    }
    plan->state = TEXT_LIT("firing");
    return rc && rc != -EAGAIN ? rc : plan_put(o, plan);
}

struct text fire_key(struct office *o, const struct rec_plan *plan, struct text person) {
    return arena_printf(o->arena, "%.*s+%.*s/%.*s:%.*s/%lld:%.*s/%.*s/%s", TEXT_ARGS(plan->rule),
                        TEXT_ARGS(plan->version), TEXT_ARGS(plan->about_kind),
                        TEXT_ARGS(plan->about), (long long)plan->step, TEXT_ARGS(plan->occurrence),
                        TEXT_ARGS(person), o->settings->channel);
}

static int fire_letter(struct office *o, const struct subject *s, struct rec_plan *plan) {
    struct rule rule;
    if (!text_is(s->rec.letter.state, "ordered"))
        return end_plan(o, plan, "skipped");
    int rc = letter_rule(o, &s->rec.letter, &rule);
    return rc ? rc : fire_slice(o, &rule, s, plan);
}

int fire_plan(struct office *o, struct key key) {
    struct rec_plan plan;
    struct subject s;
    int rc = office_get(o, TABLE_PLAN, key, &plan);
    if (rc)
        return rc;
    if (!text_is(plan.state, "planned") && !text_is(plan.state, "firing"))
        return -ENOENT; /* nothing is due any more */
    const struct rule *rule = rulebook_find(o->rules, plan.rule);
    rc = subject_load(o, plan.about_kind, plan.about, &s);
    if (rc && rc != -ENOENT)
        return rc;
    if (rc == 0 && s.kind->table == TABLE_LETTER)
        return fire_letter(o, &s, &plan);
    if (rc || !rule ||
        !rule_speaks_at(rule, (unsigned)plan.step, &s.rec)) /* its subject or its rule is gone */
        return end_plan(o, &plan, "missed");
    return fire_slice(o, rule, &s, &plan);
}

/* Only what was reckoned from the time that still holds: a reminder for the old one is nobody's
 * loss. */
static bool is_current(struct office *o, const struct rule *rule, const struct subject *s,
                       const struct rec_plan *plan) {
    char occurrence[65];
    return plan->step < rule->steps &&
           moment_of(&rule->when[plan->step], &s->rec, office_zone(o, s->zone), s->country,
                     occurrence) &&
           text_is(plan->occurrence, occurrence);
}

/* Everybody it was for had their row before this person came. */
static bool went_by(const struct rec_plan *plan, struct text person) {
    return text_is(plan->state, "fired") ||
           (text_is(plan->state, "firing") && text_cmp(person, plan->cursor) <= 0);
}

int fire_joined_later(struct office *o, struct text meeting, struct text person) {
    struct key at = {.n = 0};
    struct rec_plan plan;
    struct subject s;
    struct rec_person p;
    int rc = subject_load(o, TEXT_LIT("meeting"), meeting, &s);
    if (rc == 0)
        rc = office_get(o, TABLE_PERSON, key1(person), &p);
    while (rc == 0 && (rc = plan_next(o, "meeting", meeting, &at, &plan)) == 0) {
        const struct rule *rule = rulebook_find(o->rules, plan.rule);
        if (!went_by(&plan, person) || !rule ||
            !audience_mentions(&rule->audience, TERM_REGISTERED) || !is_current(o, rule, &s, &plan))
            continue;
        int has = audience_has(o, &rule->audience, &s, person);
        if (has < 0)
            return has;
        if (has)
            rc = add_row(o, rule, &s, &plan, &p,
                         (struct verdict){.state = "not-due",
                                          .reason = TEXT_LIT("joined after it was sent")});
    }
    return rc == -ENOENT ? 0 : rc;
}
