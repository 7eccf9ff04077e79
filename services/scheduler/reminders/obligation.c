#include "services/scheduler/reminders/obligation.h"

#include <errno.h>
#include <string.h>

#include "proto/owes.h"
#include "services/scheduler/reminders/answered.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/morning.h"
#include "services/scheduler/reminders/plan.h"
#include "services/scheduler/reminders/workday.h"

/* Made from what makes it one: kind, subject and owner. */
static struct text id_of(struct office *o, const struct owed *owed) {
    struct text parts[] = {text_of(owed->about_kind), owed->about,
                           owed->person.p ? TEXT_LIT("person") : TEXT_LIT("organisation"),
                           owed->person.p ? owed->person : owed->organisation};
    struct bytes raw[COUNT_OF(parts)];
    char hash[TOKEN_ID_MAX];
    for (unsigned i = 0; i < COUNT_OF(parts); i++)
        raw[i] = (struct bytes){parts[i].p, parts[i].n};
    token_hash_text(raw, COUNT_OF(raw), hash);
    return arena_printf(o->arena, "%s-%.13s", owed->kind, hash);
}

static struct key index_key(const struct rec_obligation *r) {
    struct key k = key2(r->about_kind, r->about);
    key_text(&k, r->obligation);
    return k;
}

static bool is_owed(const struct rec_obligation *r) {
    return text_is(r->state, "open") || text_is(r->state, "overdue");
}

/* The minute that its due names still counts; 0: nothing falls due any more. */
static instant expires(const struct office *o, const struct rec_obligation *r) {
    return text_is(r->state, "open") ? office_wall(o, r->due, r->zone) + MINUTES : 0;
}

static int put_due(struct office *o, const struct rec_obligation *was,
                   const struct rec_obligation *r) {
    instant before = was ? expires(o, was) : 0, now = expires(o, r);
    struct key k = key1(r->obligation);
    int rc = before && before != now ? due_del(o, before, "obligation", k) : 0;
    return rc || !now || before == now ? rc : due_add_wall(o, now, r->zone, "obligation", k);
}

/* Puts it with its index, its due and its plans. `was` is NULL when there was none. */
static int put(struct office *o, const struct rec_obligation *was, const struct rec_obligation *r) {
    int rc = put_due(o, was, r);
    if (rc == 0)
        rc = is_owed(r) ? office_mark(o, TABLE_OWED, index_key(r), r->kind)
                        : office_del(o, TABLE_OWED, index_key(r));
    if (rc == 0)
        rc = office_put(o, TABLE_OBLIGATION, key1(r->obligation), r);
    return rc ? rc : plan_derive(o, "obligation", r->obligation);
}

/* It ends by an event of its machine that can follow. */
static int end(struct office *o, const struct rec_obligation *was, const char *event,
               struct text reason, struct text by) {
    struct rec_obligation r = *was;
    int rc = machine_next("OBLIGATION", was->state, event, &r.state);
    if (rc)
        return rc;
    if (text_is(r.state, "met")) {
        r.met = o->said;
        r.met_by = by;
    } else {
        r.ended = o->said;
        r.reason = reason;
    }
    rc = put(o, was, &r);
    return rc ? rc : office_fact(o, FACT_OBLIGATION_ENDED, "obligation", r.obligation);
}

static int country_of_organisation(struct office *o, struct text id, struct text *ret) {
    struct rec_organisation r;
    int rc = id.p ? office_get(o, TABLE_ORGANISATION, key1(id), &r) : -ENOENT;
    if (rc == 0)
        *ret = r.country;
    return rc == -ENOENT ? 0 : rc;
}

/* Whose holidays count: the owner's country, or what the zone says. */
static int find_country(struct office *o, const struct owed *owed, struct text *ret) {
    struct rec_person p;
    struct text first = owed->organisation;
    *ret = workday_country(owed->zone);
    if (owed->country.p) {
        *ret = owed->country;
        return 0;
    }
    if (owed->person.p) {
        int rc = office_get(o, TABLE_PERSON, key1(owed->person), &p);
        if (rc || !codec_next_text(&p.organisations, &first))
            return rc == -ENOENT ? 0 : rc;
    }
    return country_of_organisation(o, first, ret);
}

int obligation_open(struct office *o, const struct owed *owed) {
    struct rec_obligation was, r = {.obligation = id_of(o, owed),
                                    .kind = text_of(owed->kind),
                                    .person = owed->person,
                                    .organisation = owed->person.p ? TEXT_NONE : owed->organisation,
                                    .about_kind = text_of(owed->about_kind),
                                    .about = owed->about,
                                    .programme = owed->programme,
                                    .zone = owed->zone,
                                    .due = owed->due,
                                    .opened = o->said};
    must(owes_find(r.kind) && (owed->person.p || owed->organisation.p));
    int rc = office_get(o, TABLE_OBLIGATION, key1(r.obligation), &was);
    bool is_new = rc == -ENOENT;
    if (rc && !is_new)
        return rc;
    if (!is_new && is_owed(&was) && text_eq(was.due, r.due) && text_eq(was.zone, r.zone))
        return 0;
    if (!is_new && is_owed(&was))
        r.opened = was.opened; /* it has another day */
    must(machine_next("OBLIGATION", is_new ? TEXT_NONE : was.state, "open", &r.state) == 0);
    rc = find_country(o, owed, &r.country);
    if (rc == 0)
        rc = put(o, is_new ? NULL : &was, &r);
    if (rc == 0 && !is_new)
        rc = answered_obligation(o, r.obligation, TEXT_LIT("it has another day"));
    return rc ? rc : office_fact(o, FACT_OBLIGATION_OPENED, "obligation", r.obligation);
}

/* Nobody is reminded of it any more. */
static int end_for_all(struct office *o, const struct rec_obligation *r, const char *event,
                       struct text reason, struct text by) {
    int rc = end(o, r, event, reason, by);
    return rc ? rc
              : answered_obligation(o, r->obligation,
                                    strcmp(event, "meet") == 0 ? TEXT_LIT("it has been done")
                                                               : TEXT_LIT("it is owed no more"));
}

static bool is_owner(const struct rec_obligation *r, struct text owner) {
    return !owner.p || (r->person.p ? text_eq(r->person, owner) : text_eq(r->organisation, owner));
}

/* Ends all that is owed about a subject, of one kind or any, by one owner or any. */
static int end_about(struct office *o, const char *kind, const char *about_kind, struct text about,
                     struct text owner, const char *event, struct text reason, struct text by) {
    struct key prefix = key2(text_of(about_kind), about), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_OWED, &prefix, &at, &value)) == 0) {
        struct rec_obligation r;
        struct text id = arena_text(o->arena, key_part(&at, 2));
        if ((rc = office_get(o, TABLE_OBLIGATION, key1(id), &r)))
            return rc == -ENOENT ? -EBADMSG : rc;
        if ((kind && !text_is(r.kind, kind)) || !is_owner(&r, owner))
            continue;
        if ((rc = end_for_all(o, &r, event, reason, by)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int obligation_meet(struct office *o, const char *kind, const char *about_kind, struct text about,
                    struct text owner, struct text by) {
    return end_about(o, kind, about_kind, about, owner, "meet", TEXT_NONE, by);
}

int obligation_end(struct office *o, const char *kind, const char *about_kind, struct text about,
                   struct text reason) {
    return end_about(o, kind, about_kind, about, TEXT_NONE, "end", reason, TEXT_NONE);
}

int obligation_waive(struct office *o, const struct rec_obligation *r, struct text reason) {
    return end_for_all(o, r, "waive", reason, TEXT_NONE);
}

int obligation_expire(struct office *o, struct key key) {
    struct rec_obligation was, r;
    int rc = office_get(o, TABLE_OBLIGATION, key1(arena_text(o->arena, key_part(&key, 0))), &was);
    r = was;
    if (rc == 0)
        rc = machine_next("OBLIGATION", was.state, "expire", &r.state);
    if (rc == 0 && expires(o, &was) > o->now)
        rc = -ENOENT; /* it has another day */
    if (rc)
        return rc;
    r.overdue = o->now;
    rc = put(o, &was, &r);
    if (rc == 0)
        rc = morning_ask(o);
    return rc ? rc : office_fact(o, FACT_OBLIGATION_OVERDUE, "obligation", r.obligation);
}

/* The same for another owner, unless that one owes it already. */
static int hand_over(struct office *o, const struct rec_obligation *r, struct text to) {
    const struct owes *what = owes_find(r->kind);
    char about_kind[65];
    int rc = text_copy(r->about_kind, about_kind, sizeof about_kind);
    struct owed owed = {.kind = what ? what->kind : NULL,
                        .about_kind = about_kind,
                        .about = r->about,
                        .person = to,
                        .programme = r->programme,
                        .due = r->due,
                        .zone = r->zone,
                        .country = r->country};
    struct rec_obligation there;
    if (rc || !what)
        return rc;
    rc = office_get(o, TABLE_OBLIGATION, key1(id_of(o, &owed)), &there);
    if (rc == 0 && (is_owed(&there) || text_is(there.state, "met")))
        return 0;
    return rc == 0 || rc == -ENOENT ? obligation_open(o, &owed) : rc;
}

static struct text name_of(struct office *o, const struct rec_obligation *r) {
    char kind[65], about_kind[65];
    must(text_copy(r->kind, kind, sizeof kind) == 0);
    must(text_copy(r->about_kind, about_kind, sizeof about_kind) == 0);
    struct owed owed = {.kind = kind,
                        .about_kind = about_kind,
                        .about = r->about,
                        .person = r->person,
                        .organisation = r->organisation};
    return id_of(o, &owed);
}

/* It goes by another id with its plans and letters, so that nothing is said again. */
static int go_by(struct office *o, const struct rec_obligation *was, struct rec_obligation r) {
    struct rec_obligation there;
    r.obligation = name_of(o, &r);
    int rc = office_get(o, TABLE_OBLIGATION, key1(r.obligation), &there);
    if (rc != -ENOENT) /* the other owes, or owed, the same */
        return rc || !is_owed(was)
                   ? rc
                   : end(o, was, "end", TEXT_LIT("The other owes, or owed, the same."), TEXT_NONE);
    if (expires(o, was))
        rc = due_del(o, expires(o, was), "obligation", key1(was->obligation));
    else
        rc = 0;
    if (rc == 0)
        rc = office_del(o, TABLE_OWED, index_key(was));
    if (rc == 0)
        rc = office_del(o, TABLE_OBLIGATION, key1(was->obligation));
    if (rc == 0)
        rc = plan_rename(o, "obligation", was->obligation, r.obligation);
    if (rc == 0)
        rc = ledger_rename(o, "obligation", was->obligation, r.obligation);
    if (rc == 0)
        rc = put(o, NULL, &r);
    return rc ? rc : ledger_rename_under(o, "obligation", was->obligation, r.obligation);
}

int obligation_rename(struct office *o, const struct rec_obligation *was, struct text about,
                      struct text organisation) {
    struct rec_obligation r = *was;
    r.about = about;
    r.organisation = organisation;
    return go_by(o, was, r);
}

int obligation_hand(struct office *o, const struct owed *owed, struct text about, struct text to) {
    struct rec_obligation was, r;
    int rc = office_get(o, TABLE_OBLIGATION, key1(id_of(o, owed)), &was);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    r = was;
    r.about = about;
    r.person = to;
    return go_by(o, &was, r);
}

int obligation_reroute(struct office *o, struct text person, struct text to) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_OWED, &none, &at, &value)) == 0) {
        struct rec_obligation r;
        struct text id = arena_text(o->arena, key_part(&at, 2));
        if ((rc = office_get(o, TABLE_OBLIGATION, key1(id), &r)))
            return rc == -ENOENT ? -EBADMSG : rc;
        if (!r.person.p || !text_eq(r.person, person))
            continue;
        rc = end(o, &r, "end",
                 to.p ? TEXT_LIT("somebody else took it over") : TEXT_LIT("the person left"),
                 TEXT_NONE);
        if (rc == 0 && to.p)
            rc = hand_over(o, &r, to);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}
