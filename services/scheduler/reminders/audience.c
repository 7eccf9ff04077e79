#include "services/scheduler/reminders/audience.h"

#include <errno.h>
#include <string.h>

#include "proto/codec.h"

#define NESTING_MAX 8

static const struct {
    const char *name;
    bool takes;
} terms[TERM_COUNT] = {
#define TERM(NAME, name_, takes_, doc) {name_, takes_},
#include "services/scheduler/reminders/terms.def"
#undef TERM
};

struct parser {
    struct text rest, word; /* word.n == 0: the end */
    struct audience *to;
    struct buf *err;
    unsigned depth;
};

static void advance(struct parser *p) {
    p->rest = text_trim(p->rest);
    size_t n = 0;
    if (p->rest.n && (p->rest.p[0] == '(' || p->rest.p[0] == ')'))
        n = 1;
    else
        while (n < p->rest.n && !strchr(" ()", p->rest.p[n]))
            n++;
    p->word = (struct text){p->rest.p, n};
    p->rest = (struct text){p->rest.p + n, p->rest.n - n};
}

static int node(struct parser *p, struct audience_node n, uint8_t *ret) {
    if (p->to->count == AUDIENCE_NODES) {
        buf_printf(p->err, "the audience has more than %d terms and joints", AUDIENCE_NODES);
        return -EINVAL;
    }
    *ret = (uint8_t)p->to->count;
    p->to->nodes[p->to->count++] = n;
    return 0;
}

static int parse_term(struct parser *p, uint8_t *ret) {
    struct text argument = p->word, name;
    bool takes = memchr(p->word.p, ':', p->word.n) != NULL;
    if (!text_cut(&argument, ':', &name))
        name = TEXT_NONE;
    if (text_is(name, "colleagues")) /* of a ladder: the owner's */
        name = text_of(terms[TERM_COLLEAGUES].name);
    for (unsigned i = 0; i < TERM_COUNT; i++) {
        if (!text_is(name, terms[i].name))
            continue;
        if (takes != terms[i].takes || (takes && check_id(argument))) {
            buf_printf(p->err, "%s %s", terms[i].name,
                       terms[i].takes ? "takes an id after a colon, as in topic:furniture"
                                      : "takes nothing after it");
            return -EINVAL;
        }
        struct audience_node n = {.term = (enum audience_term)i,
                                  .argument = takes ? argument : TEXT_NONE};
        advance(p);
        return node(p, n, ret);
    }
    buf_printf(p->err, "\"%.*s\" is no audience; expected one of", TEXT_ARGS(p->word));
    for (unsigned i = 0; i < TERM_COUNT; i++)
        buf_printf(p->err, " %s%s", terms[i].name, terms[i].takes ? ":X" : "");
    return -EINVAL;
}

static int parse_or(struct parser *p, uint8_t *ret);

static int parse_not(struct parser *p, uint8_t *ret) {
    int rc;
    if (p->depth > NESTING_MAX) {
        buf_printf(p->err, "the audience nests deeper than %d", NESTING_MAX);
        return -EINVAL;
    }
    if (p->word.n == 0) {
        buf_str(p->err, "the audience ends where a term is expected");
        return -EINVAL;
    }
    p->depth++;
    if (text_is(p->word, "not")) {
        uint8_t of;
        advance(p);
        rc = parse_not(p, &of);
        if (rc == 0)
            rc = node(p, (struct audience_node){.joint = JOINT_NOT, .left = of}, ret);
    } else if (text_is(p->word, "(")) {
        advance(p);
        rc = parse_or(p, ret);
        if (rc == 0 && !text_is(p->word, ")")) {
            buf_str(p->err, "a parenthesis of the audience is not closed");
            rc = -EINVAL;
        }
        if (rc == 0)
            advance(p);
    } else {
        rc = parse_term(p, ret);
    }
    p->depth--;
    return rc;
}

static int parse_joined(struct parser *p, const char *word, enum audience_joint joint,
                        int (*part)(struct parser *, uint8_t *), uint8_t *ret) {
    int rc = part(p, ret);
    while (rc == 0 && text_is(p->word, word)) {
        struct audience_node n = {.joint = joint, .left = *ret};
        advance(p);
        rc = part(p, &n.right);
        if (rc == 0)
            rc = node(p, n, ret);
    }
    return rc;
}

static int parse_and(struct parser *p, uint8_t *ret) {
    return parse_joined(p, "and", JOINT_AND, parse_not, ret);
}

static int parse_or(struct parser *p, uint8_t *ret) {
    return parse_joined(p, "or", JOINT_OR, parse_and, ret);
}

int audience_parse(struct text t, struct audience *ret, struct buf *reterr) {
    struct parser p = {.rest = t, .to = ret, .err = reterr};
    ret->count = 0;
    advance(&p);
    int rc = parse_or(&p, &ret->root);
    if (rc == 0 && p.word.n) {
        buf_printf(reterr, "\"%.*s\" where and, or, or the end is expected", TEXT_ARGS(p.word));
        rc = -EINVAL;
    }
    return rc;
}

bool audience_mentions(const struct audience *a, enum audience_term term) {
    for (unsigned i = 0; i < a->count; i++)
        if (a->nodes[i].joint == JOINT_TERM && a->nodes[i].term == term)
            return true;
    return false;
}
