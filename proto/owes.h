/* owes - what can be owed (owes.def): the kinds of obligations, as rules and records name them. */
#ifndef PROTO_OWES_H
#define PROTO_OWES_H

#include "common/base.h"

struct owes {
    const char *kind;  /* "answer-offer" */
    const char *about; /* kind of its subject: "application" */
    const char *doc;
};
extern const struct owes owes[];
extern const unsigned owes_count;

const struct owes *owes_find(struct text kind); /* NULL: nothing of that name is ever owed */

#endif
