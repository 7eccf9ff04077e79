/* service: scheduler */
/* What rules and meetings say of moments and of people: it is refused with a sentence, or it is a
 * time of the day and a tree that holds together, whose arguments are pieces of what was said. */
#include "services/scheduler/reminders/audience.h"
#include "services/scheduler/reminders/moment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_node(const struct audience *audience, unsigned at, struct text said,
                       unsigned *seen) {
    must(at < audience->count && ++*seen <= audience->count);
    const struct audience_node *node = &audience->nodes[at];
    if (node->joint == JOINT_TERM) {
        must(node->term < TERM_COUNT);
        must(!node->argument.p || (node->argument.p >= said.p &&
                                   node->argument.p + node->argument.n <= said.p + said.n));
        return;
    }
    check_node(audience, node->left, said, seen);
    if (node->joint != JOINT_NOT)
        check_node(audience, node->right, said, seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text said = {(const char *)data, size};
    struct audience audience;
    struct moment moment;
    struct buf error;
    unsigned seen = 0;
    buf_init(&error, size + 4096);
    if (audience_parse(said, &audience, &error) == 0) {
        must(audience.count <= AUDIENCE_NODES);
        check_node(&audience, audience.root, said, &seen);
        must(seen == audience.count);
    } else {
        must(error.n > 0);
    }
    buf_clear(&error);
    if (moment_parse(said, &rec_shapes[REC_MEETING], &moment, &error) == 0)
        must(moment.anchor && moment.at >= -1 && moment.at < 24 * 60);
    else
        must(error.n > 0);
    buf_free(&error);
    return 0;
}
