/* audience_walk - who may be in an audience: a sorted walk over the smallest tables that hold them
 * all, each of whom is then asked about. */
#include "services/scheduler/reminders/audience_inner.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "services/scheduler/reminders/audience_programme.h"
#include "services/scheduler/reminders/subject.h"

struct walk {
    struct office *o;
    const struct subject *s;
    unsigned nested;
};

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
    int rc = office_next(w->o, TABLE_WHOLE, &prefix, &at, &value);
    if (rc && rc != -ENOENT)
        return rc;
    return rc ? next_in(w, TABLE_MEMBERSHIP, w->s->network.network, after, ret)
              : next_in(w, TABLE_PERSON, TEXT_NONE, after, ret);
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
    if (!w->s->audience.p || w->nested >= AUDIENCE_NESTED_MOST)
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
        return next_in(w, TABLE_FUNCTION, AUDIENCE_OPERATOR, after, ret);
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
