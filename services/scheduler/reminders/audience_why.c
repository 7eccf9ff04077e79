#include "services/scheduler/reminders/audience_why.h"

#include <errno.h>

#include "common/zone.h"

struct asking {
    struct office *o;
    const struct audience *audience;
    const struct subject *s;
    struct text person;
    struct buf *to;
    unsigned nested;
};

static const char *const term_names[TERM_COUNT] = {
#define TERM(NAME, name, takes, doc) [TERM_##NAME] = name,
#include "services/scheduler/reminders/terms.def"
#undef TERM
};

static int has(const struct asking *a, unsigned node) {
    struct audience part = *a->audience;
    part.root = (uint8_t)node;
    return audience_has(a->o, &part, a->s, a->person);
}

static void add_day(const struct asking *a, instant at, struct text zone) {
    char day[RFC3339_TEXT];
    if (!at)
        return;
    instant_format(at, office_zone(a->o, zone), day);
    buf_printf(a->to, " since %.10s", day);
}

/* ---- what a term asked for ---- */

static int say_registration(const struct asking *a) {
    struct rec_registration r;
    if (!a->s->has_meeting) {
        buf_str(a->to, "it is about no meeting");
        return 0;
    }
    int rc = office_get(a->o, TABLE_REGISTRATION, key2(a->s->meeting.meeting, a->person), &r);
    if (rc == -ENOENT)
        buf_str(a->to, "there is no registration");
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    buf_printf(a->to, "the registration is %.*s", TEXT_ARGS(r.state));
    add_day(a, shape_since(&rec_shapes[REC_REGISTRATION], &r), r.zone);
    return 0;
}

static int say_membership(const struct asking *a) {
    struct rec_membership m;
    struct text network = a->s->network.network;
    if (!a->s->has_network) {
        buf_str(a->to, "it belongs to no network");
        return 0;
    }
    if (text_is(a->s->network.state, "closed")) {
        buf_printf(a->to, "%.*s is closed", TEXT_ARGS(network));
        return 0;
    }
    int rc = office_get(a->o, TABLE_MEMBERSHIP, key2(network, a->person), &m);
    if (rc == -ENOENT)
        buf_printf(a->to, "there is no membership of %.*s, own or of an organisation",
                   TEXT_ARGS(network));
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    buf_printf(a->to, "the membership of %.*s is %.*s", TEXT_ARGS(network), TEXT_ARGS(m.state));
    add_day(a, text_is(m.state, "lapsed") ? m.lapses : shape_since(&rec_shapes[REC_MEMBERSHIP], &m),
            m.zone);
    return 0;
}

static void say_who(const struct asking *a, const char *what, struct text who) {
    if (who.p)
        buf_printf(a->to, "%s is %.*s", what, TEXT_ARGS(who));
    else
        buf_printf(a->to, "there is no %s", what);
}

static int say_missing(struct asking *a, unsigned node);

/* The subject's own audience, as its record says it. */
static int say_own(struct asking *a) {
    struct audience own;
    struct asking inner = *a;
    struct buf err;
    buf_init(&err, 512);
    bool bad = !a->s->audience.p || a->nested > 2 || audience_parse(a->s->audience, &own, &err);
    buf_free(&err);
    if (bad) {
        buf_str(a->to, "it says of no audience");
        return 0;
    }
    inner.audience = &own;
    inner.nested++;
    return say_missing(&inner, own.root);
}

static int say_term(struct asking *a, const struct audience_node *n) {
    switch (n->term) {
    case TERM_AUDIENCE:
        return say_own(a);
    case TERM_NOT_ANSWERED:
    case TERM_REGISTERED:
    case TERM_WAITING:
    case TERM_OFFERED:
    case TERM_UNDECIDED:
    case TERM_ATTENDED:
    case TERM_ABSENT:
        return say_registration(a);
    case TERM_MEMBERS:
    case TERM_SUBSCRIBERS:
        return say_membership(a);
    case TERM_TOLD:
        buf_str(a->to, "nothing else was told before, or it is known already");
        return 0;
    case TERM_OWNER:
        say_who(a, "owner", a->s->owner.p ? a->s->owner : a->s->owned_by);
        return 0;
    case TERM_ADVISER:
        say_who(a, "adviser", a->s->adviser);
        return 0;
    case TERM_LEAD:
        say_who(a, "lead", a->s->lead);
        return 0;
    default:
        buf_str(a->to, "does not belong there");
        return 0;
    }
}

/* The first part that keeps the person out of a node that does not have her. */
static int say_missing(struct asking *a, unsigned node) {
    const struct audience_node *n = &a->audience->nodes[node];
    int rc;
    switch (n->joint) {
    case JOINT_AND:
        rc = has(a, n->left);
        return rc < 0 ? rc : say_missing(a, rc ? n->right : n->left);
    case JOINT_OR:
        rc = say_missing(a, n->left);
        buf_str(a->to, "; ");
        return rc ? rc : say_missing(a, n->right);
    case JOINT_NOT:
        buf_str(a->to, "is among those who are left out");
        return 0;
    default:
        buf_printf(a->to, "not in %s%s%.*s: ", term_names[n->term], n->argument.p ? ":" : "",
                   TEXT_ARGS(n->argument));
        return say_term(a, n);
    }
}

int audience_why(struct office *o, const struct audience *audience, const struct subject *subject,
                 struct text person, struct buf *to) {
    struct asking a = {.o = o, .audience = audience, .s = subject, .person = person, .to = to};
    int rc = has(&a, audience->root);
    if (rc)
        return rc;
    rc = say_missing(&a, audience->root);
    return rc < 0 ? rc : 0;
}
