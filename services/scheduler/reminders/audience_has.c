/* audience_has - whether a person is in an audience, term by term. */
#include "services/scheduler/reminders/audience_inner.h"

#include <errno.h>

#include "services/scheduler/reminders/audience_programme.h"
#include "services/scheduler/reminders/subject.h"
#include "services/scheduler/reminders/told.h"

struct question {
    struct office *o;
    const struct subject *s;
    struct text person;
    struct rec_person rec; /* of the person, once loaded */
    bool loaded;
    unsigned nested;
};

static int node_has(struct question *q, const struct audience *a, unsigned at);

static int yes_no(int rc) {
    return rc == 0 ? 1 : rc == -ENOENT ? 0 : rc;
}

static int load_person(struct question *q) {
    if (q->loaded)
        return 0;
    int rc = office_get(q->o, TABLE_PERSON, key1(q->person), &q->rec);
    q->loaded = rc == 0;
    return rc;
}

static int registration_of(struct question *q, struct rec_registration *ret) {
    if (!q->s->has_meeting)
        return -ENOENT;
    return office_get(q->o, TABLE_REGISTRATION, key2(q->s->meeting.meeting, q->person), ret);
}

static int registration_is(struct question *q, const char *state) {
    struct rec_registration r;
    int rc = yes_no(registration_of(q, &r));
    return rc > 0 ? text_is(r.state, state) : rc;
}

static bool is_out(const struct rec_registration *r) {
    return text_is(r->state, "declined") || text_is(r->state, "cancelled") ||
           text_is(r->state, "lapsed");
}

static int is_told(struct question *q) {
    struct rec_registration r;
    bool otherwise;
    if (!q->s->has_meeting)
        return 0;
    int rc = told_otherwise(q->o, &q->s->meeting, q->person, &otherwise);
    if (rc || !otherwise)
        return rc;
    rc = yes_no(registration_of(q, &r));
    return rc > 0 ? !is_out(&r) : rc < 0 ? rc : 1;
}

/* Whether the person belongs to an organisation for which row (a, organisation) or (organisation,
 * b) of a table is there and in none of the states that end it. */
static int by_organisation(struct question *q,
                           int (*test)(struct question *, struct text organisation,
                                       struct text argument),
                           struct text argument) {
    int rc = yes_no(load_person(q));
    if (rc <= 0)
        return rc;
    struct list list = q->rec.organisations;
    struct text organisation;
    while (codec_next_text(&list, &organisation)) {
        rc = test(q, organisation, argument);
        if (rc)
            return rc;
    }
    return 0;
}

static int organisation_is_member(struct question *q, struct text organisation,
                                  struct text argument) {
    struct rec_membership m;
    (void)argument;
    int rc = yes_no(office_get(q->o, TABLE_WHOLE, key2(q->s->network.network, organisation), &m));
    return rc > 0 ? text_is(m.state, "active") : rc;
}

static int organisation_pledged(struct question *q, struct text organisation, struct text pledge) {
    struct rec_pledge p;
    int rc = yes_no(office_get(q->o, TABLE_PLEDGE, key2(organisation, pledge), &p));
    return rc > 0 ? !text_is(p.state, "ended") : rc;
}

static int organisation_in_region(struct question *q, struct text organisation,
                                  struct text region) {
    struct rec_organisation r;
    int rc = yes_no(office_get(q->o, TABLE_ORGANISATION, key1(organisation), &r));
    return rc > 0 ? r.region.p && text_eq(r.region, region) : rc;
}

static int is_owners_organisation(struct question *q, struct text organisation,
                                  struct text argument) {
    struct text value;
    (void)argument;
    return yes_no(office_marked(q->o, TABLE_STAFF, key2(organisation, q->s->owner), &value));
}

static int own_membership(struct question *q, struct rec_membership *ret) {
    if (!q->s->has_network || text_is(q->s->network.state, "closed"))
        return 0;
    int rc =
        yes_no(office_get(q->o, TABLE_MEMBERSHIP, key2(q->s->network.network, q->person), ret));
    return rc > 0 ? text_is(ret->state, "active") : rc;
}

/* Who has left inherits nothing: she said so herself. */
static int is_member(struct question *q) {
    struct rec_membership m = {.state = TEXT_NONE};
    int rc = own_membership(q, &m);
    if (rc || !q->s->has_network || text_is(q->s->network.state, "closed") ||
        text_is(m.state, "ended"))
        return rc;
    return by_organisation(q, organisation_is_member, TEXT_NONE);
}

static int is_subscriber(struct question *q) {
    struct rec_preference p;
    struct key k = key2(q->person, TEXT_LIT("news"));
    key_text(&k, TEXT_LIT(""));
    int rc = is_member(q);
    if (rc <= 0)
        return rc;
    rc = yes_no(office_get(q->o, TABLE_PREFERENCE, k, &p));
    return rc < 0 ? rc : rc == 0 || p.on;
}

static int has_function(struct question *q, struct text function) {
    int rc = yes_no(load_person(q));
    return rc > 0 ? list_has_text(q->rec.functions, function) : rc;
}

static int likes_topic(struct question *q, struct text topic) {
    struct rec_membership m;
    int rc = own_membership(q, &m);
    return rc > 0 ? list_has_text(m.topics, topic) : rc;
}

static int in_own_audience(struct question *q) {
    struct audience a;
    struct buf err;
    if (!q->s->audience.p || q->nested >= AUDIENCE_NESTED_MOST)
        return 0;
    buf_init(&err, 512);
    int rc = audience_parse(q->s->audience, &a, &err);
    buf_free(&err);
    if (rc)
        return 0;
    q->nested++;
    rc = node_has(q, &a, a.root);
    q->nested--;
    return rc;
}

static int has_not_answered(struct question *q) {
    struct rec_registration r;
    if (!q->s->has_meeting)
        return 0;
    int rc = yes_no(registration_of(q, &r));
    if (rc < 0)
        return rc;
    if (rc == 0)
        return in_own_audience(q);
    if (text_is(r.state, "undecided"))
        return 1;
    instant since = r.answered ? r.answered : r.registered;
    return text_is(r.state, "registered") && since < q->s->meeting.postponed;
}

static bool is_this(struct text person, const struct question *q) {
    return person.p && text_eq(person, q->person);
}

static int is_colleague(struct question *q) {
    struct text value;
    if (!q->s->owner.p || is_this(q->s->owner, q))
        return 0;
    if (q->s->owned_by.p)
        return yes_no(office_marked(q->o, TABLE_STAFF, key2(q->s->owned_by, q->person), &value));
    return by_organisation(q, is_owners_organisation, TEXT_NONE);
}

static int is_owner(struct question *q) {
    struct text value;
    if (q->s->owner.p || !q->s->owned_by.p)
        return is_this(q->s->owner, q);
    return yes_no(office_marked(q->o, TABLE_STAFF, key2(q->s->owned_by, q->person), &value));
}

static int term_has(struct question *q, enum audience_term term, struct text argument) {
    struct text value;
    switch (term) {
    case TERM_AUDIENCE:
        return in_own_audience(q);
    case TERM_REGISTERED:
        return registration_is(q, "registered");
    case TERM_WAITING:
        return registration_is(q, "waiting");
    case TERM_OFFERED:
        return registration_is(q, "offered");
    case TERM_UNDECIDED:
        return registration_is(q, "undecided");
    case TERM_NOT_ANSWERED:
        return has_not_answered(q);
    case TERM_ATTENDED:
        return registration_is(q, "attended");
    case TERM_ABSENT:
        return registration_is(q, "absent");
    case TERM_TOLD:
        return is_told(q);
    case TERM_MEMBERS:
        return is_member(q);
    case TERM_TOPIC:
        return likes_topic(q, argument);
    case TERM_FUNCTION:
        return has_function(q, argument);
    case TERM_PLEDGE:
        return by_organisation(q, organisation_pledged, argument);
    case TERM_REGION:
        return by_organisation(q, organisation_in_region, argument);
    case TERM_GROUP:
        return yes_no(office_marked(q->o, TABLE_GROUP_MEMBER, key2(argument, q->person), &value));
    case TERM_OWNER:
        return is_owner(q);
    case TERM_COLLEAGUES:
        return is_colleague(q);
    case TERM_ADVISER:
        return is_this(q->s->adviser, q);
    case TERM_LEAD:
        return is_this(q->s->lead, q);
    case TERM_OPERATORS:
        return has_function(q, AUDIENCE_OPERATOR);
    case TERM_SUBSCRIBERS:
        return is_subscriber(q);
    case TERM_ASSESSORS:
    case TERM_APPLICANT:
    case TERM_PARTNERS:
    case TERM_STAFF:
    case TERM_COHORT:
        return audience_programme_has(q->o, q->s, term, q->person);
    case TERM_COUNT:
        break;
    }
    return 0;
}

static int node_has(struct question *q, const struct audience *a, unsigned at) {
    const struct audience_node *n = &a->nodes[at];
    int rc;
    switch (n->joint) {
    case JOINT_AND:
        rc = node_has(q, a, n->left);
        return rc <= 0 ? rc : node_has(q, a, n->right);
    case JOINT_OR:
        rc = node_has(q, a, n->left);
        return rc ? rc : node_has(q, a, n->right);
    case JOINT_NOT:
        rc = node_has(q, a, n->left);
        return rc < 0 ? rc : !rc;
    default:
        return term_has(q, n->term, n->argument);
    }
}

int audience_has(struct office *o, const struct audience *audience, const struct subject *subject,
                 struct text person) {
    struct question q = {.o = o, .s = subject, .person = person};
    return node_has(&q, audience, audience->root);
}
