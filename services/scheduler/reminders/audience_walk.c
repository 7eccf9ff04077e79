/* Who is in an audience: a test for one person, and a walk over those who may pass it. */
#include "services/scheduler/reminders/audience.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "services/scheduler/reminders/audience_programme.h"
#include "services/scheduler/reminders/subject.h"
#include "services/scheduler/reminders/told.h"

#define NESTED_MAX 3                  /* "audience" inside an audience */
#define OPERATOR TEXT_LIT("operator") /* the function */

struct walk {
    struct office *o;
    const struct subject *s;
    struct text person;
    struct rec_person rec; /* of the person, once loaded */
    bool loaded;
    unsigned nested;
};

static int node_has(struct walk *w, const struct audience *a, unsigned at);

static int yes_no(int rc) {
    return rc == 0 ? 1 : rc == -ENOENT ? 0 : rc;
}

static int load_person(struct walk *w) {
    if (w->loaded)
        return 0;
    int rc = office_get(w->o, TABLE_PERSON, key1(w->person), &w->rec);
    w->loaded = rc == 0;
    return rc;
}

static int registration_of(struct walk *w, struct rec_registration *ret) {
    if (!w->s->has_meeting)
        return -ENOENT;
    return office_get(w->o, TABLE_REGISTRATION, key2(w->s->meeting.meeting, w->person), ret);
}

static int registration_is(struct walk *w, const char *state) {
    struct rec_registration r;
    int rc = yes_no(registration_of(w, &r));
    return rc > 0 ? text_is(r.state, state) : rc;
}

static bool is_out(const struct rec_registration *r) {
    return text_is(r->state, "declined") || text_is(r->state, "cancelled") ||
           text_is(r->state, "lapsed");
}

static int is_told(struct walk *w) {
    struct rec_registration r;
    bool otherwise;
    if (!w->s->has_meeting)
        return 0;
    int rc = told_otherwise(w->o, &w->s->meeting, w->person, &otherwise);
    if (rc || !otherwise)
        return rc;
    rc = yes_no(registration_of(w, &r));
    return rc > 0 ? !is_out(&r) : rc < 0 ? rc : 1;
}

/* Whether the person belongs to an organisation for which row (a, organisation) or (organisation,
 * b) of a table is there and in none of the states that end it. */
static int by_organisation(struct walk *w,
                           int (*test)(struct walk *, struct text organisation,
                                       struct text argument),
                           struct text argument) {
    int rc = yes_no(load_person(w));
    if (rc <= 0)
        return rc;
    struct list list = w->rec.organisations;
    struct text organisation;
    while (codec_next_text(&list, &organisation)) {
        rc = test(w, organisation, argument);
        if (rc)
            return rc;
    }
    return 0;
}

static int organisation_is_member(struct walk *w, struct text organisation, struct text argument) {
    struct rec_membership m;
    (void)argument;
    int rc = yes_no(office_get(w->o, TABLE_WHOLE, key2(w->s->network.network, organisation), &m));
    return rc > 0 ? text_is(m.state, "active") : rc;
}

static int organisation_pledged(struct walk *w, struct text organisation, struct text pledge) {
    struct rec_pledge p;
    int rc = yes_no(office_get(w->o, TABLE_PLEDGE, key2(organisation, pledge), &p));
    return rc > 0 ? !text_is(p.state, "ended") : rc;
}

static int organisation_in_region(struct walk *w, struct text organisation, struct text region) {
    struct rec_organisation r;
    int rc = yes_no(office_get(w->o, TABLE_ORGANISATION, key1(organisation), &r));
    return rc > 0 ? r.region.p && text_eq(r.region, region) : rc;
}

static int is_owners_organisation(struct walk *w, struct text organisation, struct text argument) {
    struct text value;
    (void)argument;
    return yes_no(office_marked(w->o, TABLE_STAFF, key2(organisation, w->s->owner), &value));
}

static int own_membership(struct walk *w, struct rec_membership *ret) {
    if (!w->s->has_network || text_is(w->s->network.state, "closed"))
        return 0;
    int rc =
        yes_no(office_get(w->o, TABLE_MEMBERSHIP, key2(w->s->network.network, w->person), ret));
    return rc > 0 ? text_is(ret->state, "active") : rc;
}

/* Who has left inherits nothing: she said so herself. */
static int is_member(struct walk *w) {
    struct rec_membership m = {.state = TEXT_NONE};
    int rc = own_membership(w, &m);
    if (rc || !w->s->has_network || text_is(w->s->network.state, "closed") ||
        text_is(m.state, "ended"))
        return rc;
    return by_organisation(w, organisation_is_member, TEXT_NONE);
}

static int is_subscriber(struct walk *w) {
    struct rec_preference p;
    struct key k = key2(w->person, TEXT_LIT("news"));
    key_text(&k, TEXT_LIT(""));
    int rc = is_member(w);
    if (rc <= 0)
        return rc;
    rc = yes_no(office_get(w->o, TABLE_PREFERENCE, k, &p));
    return rc < 0 ? rc : rc == 0 || p.on;
}

static int has_function(struct walk *w, struct text function) {
    int rc = yes_no(load_person(w));
    return rc > 0 ? list_has_text(w->rec.functions, function) : rc;
}

static int likes_topic(struct walk *w, struct text topic) {
    struct rec_membership m;
    int rc = own_membership(w, &m);
    return rc > 0 ? list_has_text(m.topics, topic) : rc;
}

static int in_own_audience(struct walk *w) {
    struct audience a;
    struct buf err;
    if (!w->s->audience.p || w->nested >= NESTED_MAX)
        return 0;
    buf_init(&err, 512);
    int rc = audience_parse(w->s->audience, &a, &err);
    buf_free(&err);
    if (rc)
        return 0;
    w->nested++;
    rc = node_has(w, &a, a.root);
    w->nested--;
    return rc;
}

static int has_not_answered(struct walk *w) {
    struct rec_registration r;
    if (!w->s->has_meeting)
        return 0;
    int rc = yes_no(registration_of(w, &r));
    if (rc < 0)
        return rc;
    if (rc == 0)
        return in_own_audience(w);
    if (text_is(r.state, "undecided"))
        return 1;
    instant since = r.answered ? r.answered : r.registered;
    return text_is(r.state, "registered") && since < w->s->meeting.postponed;
}

static bool is_this(struct text person, const struct walk *w) {
    return person.p && text_eq(person, w->person);
}

static int is_colleague(struct walk *w) {
    struct text value;
    if (!w->s->owner.p || is_this(w->s->owner, w))
        return 0;
    if (w->s->owned_by.p)
        return yes_no(office_marked(w->o, TABLE_STAFF, key2(w->s->owned_by, w->person), &value));
    return by_organisation(w, is_owners_organisation, TEXT_NONE);
}

static int is_owner(struct walk *w) {
    struct text value;
    if (w->s->owner.p || !w->s->owned_by.p)
        return is_this(w->s->owner, w);
    return yes_no(office_marked(w->o, TABLE_STAFF, key2(w->s->owned_by, w->person), &value));
}

static int term_has(struct walk *w, enum audience_term term, struct text argument) {
    struct text value;
    switch (term) {
    case TERM_AUDIENCE:
        return in_own_audience(w);
    case TERM_REGISTERED:
        return registration_is(w, "registered");
    case TERM_WAITING:
        return registration_is(w, "waiting");
    case TERM_OFFERED:
        return registration_is(w, "offered");
    case TERM_UNDECIDED:
        return registration_is(w, "undecided");
    case TERM_NOT_ANSWERED:
        return has_not_answered(w);
    case TERM_ATTENDED:
        return registration_is(w, "attended");
    case TERM_ABSENT:
        return registration_is(w, "absent");
    case TERM_TOLD:
        return is_told(w);
    case TERM_MEMBERS:
        return is_member(w);
    case TERM_TOPIC:
        return likes_topic(w, argument);
    case TERM_FUNCTION:
        return has_function(w, argument);
    case TERM_PLEDGE:
        return by_organisation(w, organisation_pledged, argument);
    case TERM_REGION:
        return by_organisation(w, organisation_in_region, argument);
    case TERM_GROUP:
        return yes_no(office_marked(w->o, TABLE_GROUP_MEMBER, key2(argument, w->person), &value));
    case TERM_OWNER:
        return is_owner(w);
    case TERM_COLLEAGUES:
        return is_colleague(w);
    case TERM_ADVISER:
        return is_this(w->s->adviser, w);
    case TERM_LEAD:
        return is_this(w->s->lead, w);
    case TERM_OPERATORS:
        return has_function(w, OPERATOR);
    case TERM_SUBSCRIBERS:
        return is_subscriber(w);
    case TERM_ASSESSORS:
    case TERM_APPLICANT:
    case TERM_PARTNERS:
    case TERM_STAFF:
    case TERM_COHORT:
        return audience_programme_has(w->o, w->s, term, w->person);
    case TERM_COUNT:
        break;
    }
    return 0;
}

static int node_has(struct walk *w, const struct audience *a, unsigned at) {
    const struct audience_node *n = &a->nodes[at];
    int rc;
    switch (n->joint) {
    case JOINT_AND:
        rc = node_has(w, a, n->left);
        return rc <= 0 ? rc : node_has(w, a, n->right);
    case JOINT_OR:
        rc = node_has(w, a, n->left);
        return rc ? rc : node_has(w, a, n->right);
    case JOINT_NOT:
        rc = node_has(w, a, n->left);
        return rc < 0 ? rc : !rc;
    default:
        return term_has(w, n->term, n->argument);
    }
}

int audience_has(struct office *o, const struct audience *audience, const struct subject *subject,
                 struct text person) {
    struct walk w = {.o = o, .s = subject, .person = person};
    return node_has(&w, audience, audience->root);
}

/* ---- who may pass: a sorted walk over the smallest table that holds them all ---- */

struct candidate {
    char id[65];
    size_t n;
};

static struct text candidate_text(const struct candidate *c) {
    return (struct text){c->id, c->n};
}

static int take(struct text id, struct candidate *ret) {
    must(id.n < sizeof ret->id);
    memcpy(ret->id, id.p, id.n);
    ret->n = id.n;
    return 0;
}

/* The next row of `table` under `first` (absent: any row) after that person. */
static int next_in(struct walk *w, enum table table, struct text first, struct text after,
                   struct candidate *ret) {
    struct key prefix, from;
    struct bytes key, value;
    key_clear(&prefix);
    if (first.p)
        key_text(&prefix, first);
    from = prefix;
    if (after.n) {
        key_text(&from, after);
        from.b[from.n++] = 0;
    }
    int rc = store_seek(w->o->txn, table, key_bytes(&from), &key, &value);
    if (rc)
        return rc;
    if (!key_has_prefix(key, &prefix))
        return -ENOENT;
    size_t at = prefix.n;
    struct text id;
    return key_next_text(key, &at, &id) ? take(id, ret) : -EBADMSG;
}

static int next_single(struct text person, struct text after, struct candidate *ret) {
    if (!person.p || (after.n && text_cmp(person, after) <= 0))
        return -ENOENT;
    return take(person, ret);
}

static int next_member(struct walk *w, struct text after, struct candidate *ret) {
    struct key prefix, at = {.n = 0};
    struct bytes value;
    if (!w->s->has_network)
        return -ENOENT;
    prefix = key1(w->s->network.network);
    int rc = yes_no(office_next(w->o, TABLE_WHOLE, &prefix, &at, &value));
    if (rc < 0)
        return rc;
    return rc ? next_in(w, TABLE_PERSON, TEXT_NONE, after, ret)
              : next_in(w, TABLE_MEMBERSHIP, w->s->network.network, after, ret);
}

static int next_smaller(int rc_a, const struct candidate *a, int rc_b, struct candidate *ret) {
    /* *ret holds b already */
    if (rc_a && rc_a != -ENOENT)
        return rc_a;
    if (rc_a == 0 &&
        (rc_b == -ENOENT || (rc_b == 0 && text_cmp(candidate_text(a), candidate_text(ret)) < 0))) {
        *ret = *a;
        return 0;
    }
    return rc_b;
}

static int node_next(struct walk *w, const struct audience *a, unsigned at, struct text after,
                     struct candidate *ret);

static int next_own_audience(struct walk *w, struct text after, struct candidate *ret) {
    struct audience a;
    struct buf err;
    if (!w->s->audience.p || w->nested >= NESTED_MAX)
        return -ENOENT;
    buf_init(&err, 512);
    int rc = audience_parse(w->s->audience, &a, &err);
    buf_free(&err);
    if (rc)
        return -ENOENT;
    w->nested++;
    rc = node_next(w, &a, a.root, after, ret);
    w->nested--;
    return rc;
}

/* Of any of the owner's organisations. */
static int next_colleague(struct walk *w, struct text after, struct candidate *ret) {
    struct rec_person owner;
    struct candidate one;
    struct text organisation;
    int rc = -ENOENT,
        found = w->s->owner.p ? office_get(w->o, TABLE_PERSON, key1(w->s->owner), &owner) : -ENOENT;
    if (found)
        return found;
    while (codec_next_text(&owner.organisations, &organisation))
        rc = next_smaller(next_in(w, TABLE_STAFF, organisation, after, &one), &one, rc, ret);
    return rc;
}

static int next_of_programme(struct walk *w, enum audience_term term, struct text after,
                             struct candidate *ret) {
    struct text person;
    int rc = audience_programme_next(w->o, w->s, term, after, &person);
    return rc ? rc : take(person, ret);
}

static int term_next(struct walk *w, const struct audience_node *n, struct text after,
                     struct candidate *ret) {
    struct text meeting = w->s->has_meeting ? w->s->meeting.meeting : TEXT_NONE;
    struct candidate other;
    int rc;
    switch (n->term) {
    case TERM_AUDIENCE:
        return next_own_audience(w, after, ret);
    case TERM_NOT_ANSWERED:
        rc = next_own_audience(w, after, &other);
        return next_smaller(
            rc, &other, meeting.p ? next_in(w, TABLE_REGISTRATION, meeting, after, ret) : -ENOENT,
            ret);
    case TERM_REGISTERED:
    case TERM_WAITING:
    case TERM_OFFERED:
    case TERM_UNDECIDED:
    case TERM_ATTENDED:
    case TERM_ABSENT:
        return meeting.p ? next_in(w, TABLE_REGISTRATION, meeting, after, ret) : -ENOENT;
    case TERM_TOLD:
        return meeting.p ? next_in(w, TABLE_TOLD, meeting, after, ret) : -ENOENT;
    case TERM_MEMBERS:
    case TERM_SUBSCRIBERS:
        return next_member(w, after, ret);
    case TERM_TOPIC:
        if (!w->s->has_network)
            return -ENOENT;
        return next_in(w, TABLE_MEMBERSHIP, w->s->network.network, after, ret);
    case TERM_FUNCTION:
        return next_in(w, TABLE_FUNCTION, n->argument, after, ret);
    case TERM_OPERATORS:
        return next_in(w, TABLE_FUNCTION, OPERATOR, after, ret);
    case TERM_GROUP:
        return next_in(w, TABLE_GROUP_MEMBER, n->argument, after, ret);
    case TERM_OWNER:
        if (!w->s->owner.p && w->s->owned_by.p)
            return next_in(w, TABLE_STAFF, w->s->owned_by, after, ret);
        return next_single(w->s->owner, after, ret);
    case TERM_COLLEAGUES:
        return w->s->owned_by.p ? next_in(w, TABLE_STAFF, w->s->owned_by, after, ret)
                                : next_colleague(w, after, ret);
    case TERM_ADVISER:
        return next_single(w->s->adviser, after, ret);
    case TERM_LEAD:
        return next_single(w->s->lead, after, ret);
    case TERM_ASSESSORS:
    case TERM_APPLICANT:
    case TERM_PARTNERS:
    case TERM_STAFF:
    case TERM_COHORT:
        return next_of_programme(w, n->term, after, ret);
    default:
        return next_in(w, TABLE_PERSON, TEXT_NONE, after, ret);
    }
}

static int node_next(struct walk *w, const struct audience *a, unsigned at, struct text after,
                     struct candidate *ret) {
    const struct audience_node *n = &a->nodes[at];
    struct candidate other;
    switch (n->joint) {
    case JOINT_AND: /* either side holds them all; a negation would hold nearly everybody */
        return node_next(w, a, a->nodes[n->left].joint == JOINT_NOT ? n->right : n->left, after,
                         ret);
    case JOINT_OR: {
        int rc = node_next(w, a, n->left, after, &other);
        return next_smaller(rc, &other, node_next(w, a, n->right, after, ret), ret);
    }
    case JOINT_NOT:
        return next_in(w, TABLE_PERSON, TEXT_NONE, after, ret);
    default:
        return term_next(w, n, after, ret);
    }
}

int audience_next(struct office *o, const struct audience *audience, const struct subject *subject,
                  struct text after, struct text *ret_person) {
    unsigned looks = UINT_MAX;
    return audience_look(o, audience, subject, after, &looks, ret_person);
}

int audience_look(struct office *o, const struct audience *audience, const struct subject *subject,
                  struct text after, unsigned *looks, struct text *ret_person) {
    struct arena *arena = o->arena;
    struct candidate c = {.n = 0}, next;
    int rc;
    if (after.n)
        take(after, &c);
    o->arena = o->scratch;
    do {
        struct walk w = {.o = o, .s = subject};
        arena_reset(o->scratch);
        rc = !*looks ? -EAGAIN : node_next(&w, audience, audience->root, candidate_text(&c), &next);
        if (rc)
            break;
        --*looks;
        c = next;
        rc = audience_has(o, audience, subject, candidate_text(&c));
    } while (rc == 0);
    o->arena = arena;
    if (rc < 0 && rc != -EAGAIN)
        return rc;
    *ret_person = arena_text(arena, candidate_text(&c));
    return rc < 0 ? rc : 0;
}
