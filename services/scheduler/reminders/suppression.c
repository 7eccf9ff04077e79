#include "services/scheduler/reminders/suppression.h"

#include <errno.h>

#include "proto/address.h"
#include "services/scheduler/reminders/plan.h"

#define SOFT_MOST 1000 /* records.def */

static struct text id_of(struct office *o, struct text address) {
    char id[ADDRESS_ID_MAX];
    address_id(address, id);
    return arena_text(o->arena, text_of(id));
}

static int put(struct office *o, const struct rec_suppression *s) {
    struct rec_suppression was;
    int rc = office_get(o, TABLE_SUPPRESSION, key1(s->suppression), &was);
    if (rc && rc != -ENOENT)
        return rc;
    instant before = rc == 0 ? was.until : 0;
    if (rc)
        office_count(o, COUNT_SUPPRESSION);
    rc = 0;
    if (before && before != s->until)
        rc = due_del(o, before, "suppression", key1(s->suppression));
    if (rc == 0 && s->until && s->until != before)
        rc = due_add(o, s->until, "suppression", key1(s->suppression));
    return rc ? rc : office_put(o, TABLE_SUPPRESSION, key1(s->suppression), s);
}

static void move(struct rec_suppression *s, const char *event, instant at) {
    struct text was = s->state;
    must(machine_next("SUPPRESSION", was, event, &s->state) == 0);
    if (!text_eq(was, s->state))
        s->since = at;
}

static int suppress(struct office *o, struct rec_suppression *s, const char *cause, instant until) {
    bool is_new = !text_is(s->state, "suppressed");
    move(s, "suppress", o->now);
    s->cause = text_of(cause);
    s->until = until;
    s->unsent = is_new ? 0 : s->unsent;
    s->note = TEXT_NONE;
    int rc = put(o, s);
    return rc || !is_new ? rc
                         : office_fact(o, FACT_ADDRESS_SUPPRESSED, "suppression", s->suppression);
}

/* Nothing speaks against it any more but an old complaint, perhaps. */
static int end(struct office *o, struct rec_suppression *s, const char *event, struct text note) {
    bool was_suppressed = text_is(s->state, "suppressed");
    s->soft = 0;
    s->first = 0;
    if (s->complained)
        return suppress(o, s, "complaint", 0);
    move(s, event, o->now);
    s->until = 0;
    s->note = note;
    int rc = put(o, s);
    return rc || !was_suppressed
               ? rc
               : office_fact(o, FACT_ADDRESS_RELEASED, "suppression", s->suppression);
}

/* One letter counts once, and each window begins with the first letter that came back in it. */
static int count_soft(struct office *o, struct rec_suppression *s, bool again) {
    if (text_is(s->state, "suppressed") && !text_is(s->cause, "complaint"))
        return put(o, s);
    if (!s->first || o->now - s->first > o->settings->soft_window) {
        s->first = o->now;
        s->soft = 0;
    } else if (again) {
        return put(o, s);
    }
    s->soft += s->soft < SOFT_MOST;
    if (o->settings->soft_bounces && s->soft >= o->settings->soft_bounces)
        return suppress(o, s, "soft", o->now + o->settings->soft_holds);
    if (text_is(s->state, "suppressed")) /* a complaint, which has no end to be moved */
        return put(o, s);
    move(s, "watch", o->now);
    s->cause = TEXT_LIT("soft");
    s->until = s->first + o->settings->soft_window;
    s->note = TEXT_NONE;
    return put(o, s);
}

static bool stands_for_good(const struct rec_suppression *s) {
    return text_is(s->state, "suppressed") && text_is(s->cause, "hard");
}

/* In most offices most of the time there is none, and nothing is to be hashed. */
int suppression_of(struct office *o, struct text address, struct rec_suppression *ret) {
    return address.p && o->counts[COUNT_SUPPRESSION]
               ? office_get(o, TABLE_SUPPRESSION, key1(id_of(o, address)), ret)
               : -ENOENT;
}

int suppression_why(struct office *o, struct text address, struct text class,
                    const char **ret_why) {
    struct rec_suppression s;
    int rc = suppression_of(o, address, &s);
    *ret_why = NULL;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (!text_is(s.state, "suppressed"))
        return 0;
    if (text_is(s.cause, "hard"))
        *ret_why = "the address was refused for good";
    else if (text_is(s.cause, "soft"))
        *ret_why = "the address could not be reached again and again";
    else if (text_is(class, "news"))
        *ret_why = "complained of our news";
    return 0;
}

int suppression_report(struct office *o, const struct rec_ledger *row, const char *kind,
                       struct text status) {
    struct rec_suppression s;
    int rc = suppression_of(o, row->address, &s);
    if (rc && rc != -ENOENT)
        return rc;
    if (rc)
        s = (struct rec_suppression){.suppression = id_of(o, row->address),
                                     .state = TEXT_LIT("none")};
    bool again = s.delivery == row->no;
    s.person = row->person;
    s.delivery = row->no;
    s.status = status;
    if (text_is(text_of(kind), "soft"))
        return count_soft(o, &s, again);
    if (text_is(text_of(kind), "hard"))
        return suppress(o, &s, "hard", 0);
    s.complained = o->now;
    if (text_is(s.state, "suppressed")) /* what holds back everything holds back news */
        return put(o, &s);
    return suppress(o, &s, "complaint", 0);
}

int suppression_unsent(struct office *o, struct text address, struct text class) {
    struct rec_suppression s;
    if (text_is(class, "news"))
        return 0;
    int rc = suppression_of(o, address, &s);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    s.unsent++;
    return put(o, &s);
}

int suppression_lift(struct office *o, struct rec_suppression *s, struct text note) {
    s->complained = 0;
    return end(o, s, "lift", note);
}

int suppression_vouch(struct office *o, struct text address) {
    struct rec_suppression s;
    int rc = suppression_of(o, address, &s);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (text_is(s.state, "lifted") || text_is(s.cause, "complaint"))
        return 0;
    return end(o, &s, "lift", TEXT_LIT("somebody says that the address is right"));
}

int suppression_forget(struct office *o, struct text address) {
    struct rec_suppression s;
    int rc = suppression_of(o, address, &s);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (s.until)
        rc = due_del(o, s.until, "suppression", key1(s.suppression));
    return rc ? rc : office_del(o, TABLE_SUPPRESSION, key1(s.suppression));
}

int suppression_expire(struct office *o, struct key key) {
    struct rec_suppression s;
    int rc = office_get(o, TABLE_SUPPRESSION, key, &s);
    if (rc)
        return rc;
    if (!s.until || s.until > o->now || stands_for_good(&s))
        return -ENOENT;
    return end(o, &s, "expire", TEXT_LIT("it was some time ago"));
}
