/* template_inner - a compiled template: a row of nodes, sections by where they end.
 *
 * INVARIANTS A section's body is the nodes after it up to `end`; ends never cross.
 */
#ifndef COMMON_TEMPLATE_INNER_H
#define COMMON_TEMPLATE_INNER_H

#include "common/template.h"

enum node_kind { NODE_TEXT, NODE_VARIABLE, NODE_UNESCAPED, NODE_SECTION, NODE_INVERTED };

struct node {
    enum node_kind kind;
    struct text text;   /* what is written, or the name */
    struct text source; /* the partial's name */
    unsigned line;
    unsigned end;    /* sections: one past the last node of the body */
    unsigned within; /* one more than the index of the section around it; 0 at the top */
};

struct template {
    struct arena *arena; /* the sources */
    struct node *nodes;
    unsigned count, capacity;
};

int template_fail(struct template_error *reterr, int rc, struct text source, unsigned line,
                  const char *fmt, ...) PRINTF_LIKE(5, 6);

#endif
