/* What is said of calls, answers, scores and decisions: values that must fit one another. */
#include "common/pack.h"
#include "tests/harness/walk_known.h"

/* The rank belongs to a reserve and only to one. */
void walk_put_outcome(const struct hint *h, struct buf *to) {
    if (walk_context.group == 1 && walk_chance(95))
        pack_str(to, "reserve");
    else
        walk_put_word(h->word, to);
}

void walk_put_ok(const struct hint *h, struct buf *to) {
    (void)h;
    pack_bool(to, (walk_context.group < 3) == walk_chance(97));
}

void walk_put_answers(const struct hint *h, struct buf *to) {
    unsigned n = walk_chance(85) ? 2 : 1;
    (void)h;
    pack_map(to, n);
    pack_str(to, n == 2 ? "q1" : "q2");
    pack_str(to, "Because.");
    if (n == 2) {
        pack_str(to, walk_chance(98) ? "q2" : "q9");
        pack_str(to, "And so.");
    }
}

void walk_put_scores(const struct hint *h, struct buf *to) {
    unsigned n = walk_chance(92) ? 2 : 1;
    (void)h;
    pack_map(to, n);
    pack_str(to, "c2");
    pack_int(to, walk_below(walk_chance(97) ? 6 : 20));
    if (n == 2) {
        pack_str(to, walk_chance(97) ? "c3" : "c1");
        pack_int(to, walk_below(6));
    }
}

void walk_put_criteria(const struct hint *h, struct buf *to) {
    static const char *const ids[] = {"c1", "c2", "c3"};
    (void)h;
    pack_array(to, 3);
    for (unsigned i = 0; i < 3; i++) {
        pack_map(to, i == 2 ? 4 : 3);
        pack_str(to, "criterion");
        pack_str(to, ids[i]);
        pack_str(to, "text");
        pack_str(to, "C");
        pack_str(to, "kind");
        pack_str(to, i == 0 ? "must" : "score");
        if (i == 2) {
            pack_str(to, "weight");
            pack_int(to, 2);
        }
    }
}
