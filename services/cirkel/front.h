/* front - speaks to intake at the front door of this machine, and hears what became of it.
 *
 * Whatever gets no answer is said again under the same id, which is harmless.
 *
 * OWNERSHIP  What an answer holds is borrowed until the callback returns.
 * ERRORS     0 or -errno; -ETIMEDOUT: nobody answered for as long as our patience.
 */
#ifndef CIRKEL_FRONT_H
#define CIRKEL_FRONT_H

#include "services/cirkel/lines.h"

#include <sys/types.h>

#define FRONT_BATCH 256 /* lines said at once */
#define FRONT_BATCH_BYTES (900u << 10)

struct answer {
    struct text status; /* applied accepted refused conflict quarantined … */
    int64_t seq;        /* 0: it never became an event */
    bool again;
    struct text code, field, text;
    struct bytes result, raw;
};
bool answer_is_refusal(const struct answer *answer);

typedef void front_fn(void *ctx, const struct line *line, const struct answer *answer);

struct front;
MUST_CHECK int front_open(struct front **ret, const char *home);
void front_close(struct front **front);
/* front_say() does not wait, but ends with -ECHILD, when this child of ours has ended. 0: none. */
void front_watch(struct front *front, pid_t server);
/* Up to FRONT_BATCH lines, in order; fn for each once it is known what became of it. `patience`:
 * how long without any answer. */
MUST_CHECK int front_say(struct front *front, const struct line *lines, unsigned count,
                         msec patience, front_fn *fn, void *ctx);

#endif
