/* answer - what a frontend is told about one request. */
#ifndef INTAKE_ANSWER_H
#define INTAKE_ANSWER_H

#include "common/base.h"

struct answer {
    const char *status;            /* applied accepted refused conflict retry unknown */
    uint64_t seq;                  /* 0: it has none */
    bool again;                    /* this key was said before */
    struct bytes result;           /* an encoded map; empty: none */
    struct text code, field, text; /* of the error; an absent code: none */
};

/* Appends {v, id, status, seq?, again?, result?, error?}. */
void answer_encode(const struct answer *answer, struct text id, struct buf *to);

#endif
