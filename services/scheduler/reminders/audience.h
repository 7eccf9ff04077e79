/* audience - "members and pledge:10-mobler": who a letter is for.
 *
 *     terms joined by and / or / not, with parentheses; `and` binds closer than `or`
 *
 * A person appears once, in order of id, however many ways they qualify.
 *
 * TRUST      Expressions come from configuration and from meetings: at most AUDIENCE_NODES terms
 *            and joints, nesting bounded.
 */
#ifndef SCHEDULER_AUDIENCE_H
#define SCHEDULER_AUDIENCE_H

#include "common/base.h"

#define AUDIENCE_NODES 32

enum audience_term {
#define TERM(NAME, name, takes, doc) TERM_##NAME,
#include "services/scheduler/reminders/terms.def"
#undef TERM
    TERM_COUNT
};

enum audience_joint { JOINT_TERM, JOINT_AND, JOINT_OR, JOINT_NOT };
struct audience_node {
    enum audience_joint joint;
    enum audience_term term;
    struct text argument; /* borrows from the expression */
    uint8_t left, right;
};
struct audience {
    struct audience_node nodes[AUDIENCE_NODES];
    unsigned count;
    uint8_t root;
};

/* -EINVAL with a sentence in *reterr. */
MUST_CHECK int audience_parse(struct text t, struct audience *ret, struct buf *reterr);
bool audience_mentions(const struct audience *audience, enum audience_term term);

struct office;
struct subject;
/* Whether the person is in it, as things stand in this transaction: 1, 0 or -errno. */
MUST_CHECK int audience_has(struct office *o, const struct audience *audience,
                            const struct subject *subject, struct text person);
/* The next person after `after` (absent: the first) who is in it; -ENOENT at the end. The arena
 * holds the id. */
MUST_CHECK int audience_next(struct office *o, const struct audience *audience,
                             const struct subject *subject, struct text after,
                             struct text *ret_person);
/* The same, but everyone looked at costs one of *looks: those who have a function may be few among
 * many. -EAGAIN when they are used up: *ret_person, who is not in it, is whom to go on after. */
MUST_CHECK int audience_look(struct office *o, const struct audience *audience,
                             const struct subject *subject, struct text after, unsigned *looks,
                             struct text *ret_person);

#endif
