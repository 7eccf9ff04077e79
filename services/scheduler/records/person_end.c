/* A person ends: merged into another record, or erased. */
#include <errno.h>
#include <string.h>

#include "services/scheduler/records/forget.h"
#include "services/scheduler/records/mentions.h"
#include "services/scheduler/records/names.h"
#include "services/scheduler/records/records.h"
#include "services/scheduler/records/registration.h"
#include "services/scheduler/reminders/delivery.h"
#include "services/scheduler/reminders/gentle.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/suppression.h"
#include "services/scheduler/reminders/obligation.h"

#define ORGANISATIONS_MOST 21 /* records.def */
#define FUNCTIONS_MOST 40

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

/* Which of two registrations for one meeting stays: the one that says more. */
static unsigned weight(const struct rec_registration *r) {
    static const char *const states[] = {"cancelled",  "lapsed",  "declined",
                                         "undecided",  "waiting", "offered",
                                         "registered", "absent",  "attended"};
    for (unsigned i = 0; i < COUNT_OF(states); i++)
        if (text_is(r->state, states[i]))
            return i + 1;
    return 0;
}

/* The better registration goes on under the one name; a place of the other is then free. */
static int move_registration(struct office *o, struct text meeting_id, struct text from,
                             struct text into) {
    struct rec_meeting meeting;
    struct rec_registration was, gone, now, there;
    int rc = office_get(o, TABLE_MEETING, key1(meeting_id), &meeting);
    if (rc == 0)
        rc = registration_get(o, meeting_id, from, &was);
    if (rc == 0)
        rc = registration_get(o, meeting_id, into, &there);
    if (rc)
        return rc;
    gone = was;
    gone.state = TEXT_LIT("cancelled");
    gone.cancelled = 0; /* no letter: she has not cancelled */
    gone.offer_expires = 0;
    gone.queue = 0;
    gone.diet = TEXT_NONE;
    now = was;
    now.person = into;
    rc = registration_put(o, &meeting, &was, &gone);
    if (rc == 0 && weight(&was) > weight(&there))
        rc = registration_put(o, &meeting, there.state.p ? &there : NULL, &now);
    if (rc == 0)
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

static int move_in_group(struct office *o, struct text group, struct text from, struct text into) {
    struct rec_group_member g;
    int rc = office_get(o, TABLE_GROUP_MEMBER, key2(group, from), &g);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = office_del(o, TABLE_GROUP_MEMBER, key2(group, from));
    g.person = into;
    return rc || !into.p ? rc : office_put(o, TABLE_GROUP_MEMBER, key2(group, into), &g);
}

/* There are few groups, and a hundred thousand may be in one. */
static int move_groups(struct office *o, struct text from, struct text into) {
    struct key none = {.n = 0}, at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_GROUP, &none, &at, &value)) == 0)
        if ((rc = move_in_group(o, arena_text(o->arena, key_part(&at, 0)), from, into)))
            return rc;
    return rc == -ENOENT ? 0 : rc;
}

/* What the one was told, the other is owed corrections of. */
static int move_told(struct office *o, const struct rec_ledger *row, struct text from,
                     struct text into) {
    struct text had, has;
    int rc = office_marked(o, TABLE_TOLD, key2(row->about, from), &had);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = office_marked(o, TABLE_TOLD, key2(row->about, into), &has);
    if (rc == -ENOENT || (rc == 0 && text_cmp(has, had) < 0)) /* by the revision first */
        rc = office_mark(o, TABLE_TOLD, key2(row->about, into), had);
    return rc ? rc : office_del(o, TABLE_TOLD, key2(row->about, from));
}

/* What was decided against the one need not be so for the other. */
static bool is_got(const struct rec_ledger *row) {
    static const char *const never[] = {"failed",     "expired", "withdrawn", "suppressed",
                                        "superseded", "missed",  "not-due"};
    for (unsigned i = 0; i < COUNT_OF(never); i++)
        if (text_is(row->state, never[i]))
            return false;
    return true;
}

/* Whether the one who stays got, or gets, the letter as well. */
static int has_same(struct office *o, const struct rec_ledger *row, struct text into, bool *ret) {
    struct key prefix = key1(into), at = {.n = 0};
    struct bytes value;
    int rc;
    *ret = false;
    while (!*ret && (rc = office_next(o, TABLE_LEDGER_PERSON, &prefix, &at, &value)) == 0) {
        struct rec_ledger other;
        size_t from = at.n - 8;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &from, &no));
        if ((rc = ledger_get(o, no, &other)))
            return rc;
        *ret = other.occasion == row->occasion && other.no != row->no && is_got(&other);
    }
    return *ret || rc == -ENOENT ? 0 : rc;
}

/* The other was considered with it: while the rest still are, she is not once more. Not when she
 * has a row of her own. */
static int move_fired(struct office *o, struct rec_ledger *row, struct text from,
                      struct text into) {
    struct text end =
        arena_printf(o->arena, "/%.*s/%.*s", TEXT_ARGS(from), TEXT_ARGS(row->channel));
    struct text was = row->key;
    if (was.n < end.n || memcmp(was.p + was.n - end.n, end.p, end.n))
        return 0; /* hers by an earlier merge, where both had one */
    struct text now = arena_printf(o->arena, "%.*s/%.*s/%.*s", (int)(was.n - end.n), was.p,
                                   TEXT_ARGS(into), TEXT_ARGS(row->channel));
    return ledger_rekey(o, row, now);
}

/* Her letters, sent or still to be sent, are the other's now; nobody gets the same one twice. What
 * waits brings the address that she had last, which may be another one than when it was decided. */
static int move_row(struct office *o, uint64_t no, const struct rec_person *was, struct text into) {
    struct rec_ledger row;
    struct text from = was->person;
    struct key old = key1(from), new = key1(into);
    bool same = false, moved;
    int rc = ledger_get(o, no, &row);
    if (rc == 0 &&
        (ledger_is_waiting(&row) || text_is(row.state, "held") || text_is(row.state, "digested"))) {
        rc = has_same(o, &row, into, &same);
        if (rc == 0 && !same)
            rc = delivery_follow(o, &row, was, &moved);
    }
    if (rc == 0 && same)
        rc = ledger_move(o, &row, "withdraw", TEXT_LIT("the person was merged"));
    if (rc == 0 && row.told)
        rc = move_told(o, &row, from, into);
    if (rc == 0)
        rc = move_fired(o, &row, from, into);
    key_u64(&old, no);
    key_u64(&new, no);
    row.person = into;
    row.merged = true;
    if (rc == 0)
        rc = office_del(o, TABLE_LEDGER_PERSON, old);
    if (rc == 0)
        rc = office_mark(o, TABLE_LEDGER_PERSON, new, TEXT_LIT(""));
    return rc ? rc : office_put(o, TABLE_LEDGER, key_no(no), &row);
}

static int move_ledger(struct office *o, const struct rec_person *was, struct text into) {
    struct key prefix = key1(was->person), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_LEDGER_PERSON, &prefix, &at, &value)) == 0) {
        size_t end = at.n - 8;
        uint64_t no;
        must(key_next_u64(key_bytes(&at), &end, &no));
        if ((rc = move_row(o, no, was, into)))
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* What she did not want she does not want under the other name. */
static int move_preferences(struct office *o, struct text from, struct text into) {
    struct key prefix = key1(from), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_PREFERENCE, &prefix, &at, &value)) == 0) {
        struct rec_preference p;
        struct key to = key2(into, key_part(&at, 1));
        key_text(&to, key_part(&at, 2));
        if ((rc = office_read(o, TABLE_PREFERENCE, value, &p)))
            return rc;
        p.person = into;
        if (!p.on || p.digest.p || p.most)
            rc = office_put(o, TABLE_PREFERENCE, to, &p);
        if (rc == 0)
            rc = office_del(o, TABLE_PREFERENCE, at);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
}

/* She speaks for all that she spoke for. One record goes empty, so that nothing personal stays
 * behind in it; the other can be found by its address, also when the two had the same. */
static int move_person(struct office *o, const struct rec_person *was,
                       const struct rec_person *into_was) {
    struct rec_person gone = {.person = was->person,
                              .state = TEXT_LIT("merged"),
                              .language = was->language,
                              .into = into_was->person};
    struct rec_person into = *into_was;
    into.organisations = names_join(o, into.organisations, was->organisations, ORGANISATIONS_MOST);
    into.functions = names_join(o, into.functions, was->functions, FUNCTIONS_MOST);
    into.protected |= was->protected;
    into.restricted |= was->restricted;
    int rc = person_put(o, was, &gone);
    return rc ? rc : person_put(o, NULL, &into);
}

int apply_person_merge(struct office *o, const struct msg_person_merge *m) {
    struct rec_person was, into;
    if (text_eq(m->person, m->into))
        return refuse(o, "conflict", "into", "A person cannot be merged into herself.");
    int rc = find_person(o, m->person, "person", &was);
    if (rc == 0)
        rc = find_person(o, m->into, "into", &into);
    if (rc)
        return rc;
    office_about(o, "person", m->person);
    rc = move_memberships(o, m->person, m->into);
    if (rc == 0)
        rc = move_registrations(o, m->person, m->into);
    if (rc == 0)
        rc = move_groups(o, m->person, m->into);
    if (rc == 0)
        rc = participation_drop_person(o, m->person, m->into);
    if (rc == 0)
        rc = application_drop_person(o, m->person, m->into);
    if (rc == 0)
        rc = move_ledger(o, &was, m->into);
    if (rc == 0)
        rc = gentle_merge(o, m->person, m->into);
    if (rc == 0)
        rc = move_preferences(o, m->person, m->into);
    if (rc == 0)
        rc = mentions_move_person(o, m->person, m->into);
    if (rc == 0)
        rc = move_person(o, &was, &into);
    if (rc == 0)
        rc = obligation_reroute(o, m->person, m->into);
    if (rc == 0 && was.protected && !into.protected)
        rc = ledger_stop_person(o, m->into, TEXT_NONE, false, "suppress",
                                TEXT_LIT("protected identity"));
    if (rc == 0 && was.restricted && !into.restricted)
        rc = ledger_stop_person(o, m->into, TEXT_NONE, false, "suppress",
                                TEXT_LIT("restricted processing"));
    return rc ? rc : office_fact(o, FACT_PERSON_MERGED, "person", m->person);
}

/* What the kitchen should know of her stands in the letters' snapshots, too. */
static int blank_occasion(struct office *o, int64_t no) {
    struct rec_occasion occasion;
    struct rec_registration r;
    int rc = office_get(o, TABLE_OCCASION, key_no((uint64_t)no), &occasion);
    if (rc || !occasion.registration.p)
        return rc;
    rc = office_unpack(o, REC_REGISTRATION, occasion.registration, &r);
    if (rc || !r.diet.p)
        return rc;
    r.diet = TEXT_NONE;
    occasion.registration = office_pack(o, REC_REGISTRATION, &r);
    return office_put(o, TABLE_OCCASION, key_no((uint64_t)no), &occasion);
}

static int blank_diets(struct office *o, struct text person) {
    struct key prefix = key1(person), at = {.n = 0};
    struct bytes value;
    int rc;
    while ((rc = office_next(o, TABLE_REGISTERED_FOR, &prefix, &at, &value)) == 0) {
        struct rec_registration r;
        struct key k = key2(key_part(&at, 1), person);
        rc = office_get(o, TABLE_REGISTRATION, k, &r);
        r.diet = TEXT_NONE;
        if (rc == 0)
            rc = office_put(o, TABLE_REGISTRATION, k, &r);
        if (rc)
            return rc;
    }
    return rc == -ENOENT ? 0 : rc;
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
        row.name = row.address = row.own_zone = row.reply = TEXT_NONE;
        row.tries = (struct list){{NULL, 0}, 0};
        row.registration = (struct bytes){NULL, 0};
        if ((rc = office_put(o, TABLE_LEDGER, key_no(no), &row)) ||
            (rc = blank_occasion(o, row.occasion)))
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

/* What speaks against an address, or came from it, is hers, unless somebody else has the same one.
 */
static int forget_address(struct office *o, struct text person, struct text address) {
    struct text other;
    int rc = address.p ? person_by_address(o, address, &other) : 0;
    if (rc && rc != -ENOENT)
        return rc;
    bool hers = rc == -ENOENT;
    rc = forget_person(o, person, hers ? address : TEXT_NONE);
    return rc || !hers ? rc : suppression_forget(o, address);
}

int apply_person_erase(struct office *o, const struct msg_person_erase *m) {
    struct rec_person was;
    int rc = find_person(o, m->person, "person", &was);
    if (rc)
        return rc;
    struct rec_person p = {
        .person = was.person, .state = TEXT_LIT("erased"), .language = was.language};
    office_about(o, "person", m->person);
    rc = meta_put(o->txn, "erased", o->seq); /* what came before is not kept for a replay */
    if (rc)
        return rc;
    rc = ledger_stop_person(o, m->person, TEXT_NONE, false, "suppress",
                            TEXT_LIT("the person was erased"));
    if (rc == 0)
        rc = membership_end_all(o, m->person, TEXT_NONE);
    if (rc == 0)
        rc = registration_cancel_all(o, m->person);
    if (rc == 0)
        rc = move_groups(o, m->person, TEXT_NONE);
    if (rc == 0)
        rc = participation_drop_person(o, m->person, TEXT_NONE);
    if (rc == 0)
        rc = application_drop_person(o, m->person, TEXT_NONE);
    if (rc == 0)
        rc = blank_diets(o, m->person);
    if (rc == 0)
        rc = blank_ledger(o, m->person);
    if (rc == 0)
        rc = blank_prefix(o, TABLE_PREFERENCE, m->person);
    if (rc == 0)
        rc = obligation_reroute(o, m->person, TEXT_NONE);
    if (rc == 0)
        rc = person_put(o, &was, &p);
    if (rc == 0)
        rc = forget_address(o, was.person, was.email);
    return rc ? rc : office_fact(o, FACT_PERSON_ERASED, "person", m->person);
}
