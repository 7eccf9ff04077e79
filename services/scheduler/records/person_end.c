/* A person ends: merged into another record, or erased. */
#include <errno.h>

#include "services/scheduler/records/records.h"
#include "services/scheduler/reminders/ledger.h"

static int move_memberships(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_MEMBER_OF, &prefix, &at, &value)) == 0) {
        struct rec_membership was, now, there;
        struct text network = arena_text(o->arena, key_part(&at, 1));
        if ((rc = office_get(o, TABLE_MEMBERSHIP, key2(network, from), &was)))
            return rc;
        if (!text_is(was.state, "active") && !text_is(was.state, "requested"))
            continue;
        now = was;
        now.person = into;
        rc = office_get(o, TABLE_MEMBERSHIP, key2(network, into), &there);
        if (rc == -ENOENT || (rc == 0 && !text_is(there.state, "active")))
            rc = membership_put(o, &now);
        was.state = TEXT_LIT("ended");
        was.ended = 0; /* no letter of farewell: she has not left */
        was.lapses = 0;
        if (rc == 0)
            rc = membership_put(o, &was);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static bool counts(const struct rec_registration *r) {
    return text_is(r->state, "registered") || text_is(r->state, "offered");
}

/* The one keeps her registration when she has one of her own; the other's place is then free. */
static int move_registration(struct office *o, struct text meeting_id, struct text from,
                             struct text into) {
    struct rec_meeting meeting;
    struct rec_registration was, gone, now, there = {.meeting = TEXT_NONE};
    int rc = office_get(o, TABLE_MEETING, key1(meeting_id), &meeting);
    if (rc == 0)
        rc = office_get(o, TABLE_REGISTRATION, key2(meeting_id, from), &was);
    if (rc)
        return rc;
    rc = office_get(o, TABLE_REGISTRATION, key2(meeting_id, into), &there);
    if (rc && rc != -ENOENT)
        return rc;
    bool has = rc == 0 && (counts(&there) || text_is(there.state, "attended"));
    gone = was;
    gone.state = TEXT_LIT("cancelled");
    gone.cancelled = 0; /* no letter: she has not cancelled */
    gone.offer_expires = 0;
    now = was;
    now.person = into;
    now.registered = 0; /* nor is she confirmed anew */
    rc = registration_put(o, &meeting, &was, &gone);
    if (rc == 0 && !has)
        rc = registration_put(o, &meeting, there.meeting.p ? &there : NULL, &now);
    if (rc == 0 && text_is(meeting.state, "called"))
        rc = registration_offer_free(o, &meeting);
    return rc ? rc : meeting_put(o, &meeting);
}

static int move_registrations(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_REGISTERED_FOR, &prefix, &at, &value)) == 0) {
        rc = move_registration(o, arena_text(o->arena, key_part(&at, 1)), from, into);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int move_groups(struct office *o, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_GROUP_MEMBER, &none, &at, &value)) == 0) {
        struct rec_group_member g;
        if ((rc = office_read(o, TABLE_GROUP_MEMBER, value, &g)))
            return rc;
        if (!text_eq(g.person, from))
            continue;
        rc = office_del(o, TABLE_GROUP_MEMBER, at);
        g.person = into;
        if (rc == 0 && into.p)
            rc = office_put(o, TABLE_GROUP_MEMBER, key2(g.group, into), &g);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

int apply_person_merge(struct office *o, const struct msg_person_merge *m) {
    struct rec_person was, p, into, into_was;
    if (text_eq(m->person, m->into))
        return refuse(o, "conflict", "into", "A person cannot be merged into herself.");
    int rc = find_person(o, m->person, "person", &was);
    if (rc == 0)
        rc = find_person(o, m->into, "into", &into_was);
    if (rc)
        return rc;
    office_about(o, "person", m->person);
    rc = move_memberships(o, m->person, m->into);
    if (rc == 0)
        rc = move_registrations(o, m->person, m->into);
    if (rc == 0)
        rc = move_groups(o, m->person, m->into);
    if (rc == 0)
        rc = ledger_stop_person(o, m->person, TEXT_NONE, false, "withdraw",
                                TEXT_LIT("the person was merged"));
    into = into_was;
    into.protected |= was.protected;
    into.restricted |= was.restricted;
    p = was;
    p.state = TEXT_LIT("merged");
    p.into = m->into;
    p.organisations = (struct list){.count = 0};
    if (rc == 0)
        rc = person_put(o, &was, &p);
    if (rc == 0)
        rc = person_put(o, &into_was, &into);
    return rc ? rc : office_fact(o, FACT_PERSON_MERGED, "person", m->person);
}

/* What was sent stays counted; name and address go from every row. */
static int blank_ledger(struct office *o, struct text person) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_LEDGER_PERSON, &prefix, &at, &value)) == 0) {
        struct rec_ledger row;
        size_t from = at.n - 8;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &from, &no));
        if ((rc = ledger_get(o, no, &row)))
            return rc;
        row.name = row.address = row.reply = TEXT_NONE;
        row.registration = (struct bytes){NULL, 0};
        if ((rc = office_put(o, TABLE_LEDGER, key_no(no), &row)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int blank_prefix(struct office *o, enum table table, struct text person) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, table, &prefix, &at, &value)) == 0)
        if ((rc = office_del(o, table, at)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

int apply_person_erase(struct office *o, const struct msg_person_erase *m) {
    struct rec_person was;
    int rc = find_person(o, m->person, "person", &was);
    if (rc)
        return rc;
    struct rec_person p = {
        .person = was.person, .state = TEXT_LIT("erased"), .language = was.language};
    office_about(o, "person", m->person);
    rc = ledger_stop_person(o, m->person, TEXT_NONE, false, "suppress",
                            TEXT_LIT("the person was erased"));
    if (rc == 0)
        rc = membership_end_all(o, m->person, TEXT_NONE);
    if (rc == 0)
        rc = registration_cancel_all(o, m->person);
    if (rc == 0)
        rc = move_groups(o, m->person, TEXT_NONE);
    if (rc == 0)
        rc = blank_ledger(o, m->person);
    if (rc == 0)
        rc = blank_prefix(o, TABLE_PREFERENCE, m->person);
    if (rc == 0)
        rc = person_put(o, &was, &p);
    return rc ? rc : office_fact(o, FACT_PERSON_ERASED, "person", m->person);
}
