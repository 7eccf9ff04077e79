/* ask - one frame that waits for its answer: who sent it, and what is known of each request in it.
 *
 * OWNERSHIP  An ask belongs to itself: it goes when its last slot is answered.
 */
#ifndef INTAKE_ASK_H
#define INTAKE_ASK_H

#include "common/base.h"
#include "common/bus.h"
#include "services/intake/answer.h"

struct ask;

/* Where answers go. The payload is borrowed. */
typedef void ask_send_fn(void *ctx, struct door *door, const struct peer *to, struct bytes payload);
struct askers {
    ask_send_fn *send;
    void *ctx;
    unsigned slots; /* of all asks that wait now */
    struct buf out;
};
void askers_init(struct askers *askers, ask_send_fn *send, void *ctx);
void askers_free(struct askers *askers); /* no ask may be waiting */

/* An array of no requests is answered at once, and NULL. */
struct ask *ask_new(struct askers *askers, struct door *door, const struct peer *from,
                    bool is_array, unsigned count);
void ask_set_id(struct ask *ask, unsigned slot, struct text id); /* at most DOOR_ID_BYTES */
/* Each slot once; the last one sends the answer and frees the ask. */
void ask_answer(struct ask *ask, unsigned slot, const struct answer *answer);

#endif
