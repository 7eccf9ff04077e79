/* Facts after a number: for whoever follows, after a time without hearing. */
#include "services/gateway/asking.h"

static void since(struct asking *a) {
    key_u64(&a->start, (uint64_t)a->request->body.facts_since.no + 1);
}

static int row(struct asking *a, struct bytes key, struct bytes value) {
    struct rec_fact f;
    (void)key;
    if (asking_read(a, TABLE_FACT, value, &f) && asked(a->request->body.facts_since.type, f.type))
        asking_add(a, &f);
    return 0;
}

const struct answerer answer_facts_since = {TABLE_FACT, since, row};
