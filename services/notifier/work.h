/* work - the deliveries the notifier works on, from the hint that there is one to the word that its
 * result is recorded.
 *
 *     WAITING → PREPARING → ASKING (arm said) → SENDING → TELLING (result said) → gone
 *                              ↑                   │
 *                              └── its arm is over ┘
 *
 * INVARIANTS No last step without an arm that was granted for this delivery and attempt. A result
 *            is said until it is recorded. At most twice `in_flight` deliveries are here; what
 *            comes beyond is left to the scheduler, which says it again. A turn composes a few
 *            letters, so frames keep flowing.
 * OWNERSHIP  work owns its deliveries and the channel; store, settings and key are borrowed.
 * ERRORS     One that cannot be composed is reported as failed. Storage that fails (-EIO) stops the
 *            loop, and work_close() gives 74.
 */
#ifndef NOTIFIER_WORK_H
#define NOTIFIER_WORK_H

#include "common/base.h"
#include "common/loop.h"
#include "common/store.h"
#include "common/token.h"
#include "proto/settings.h"
#include "services/notifier/channel.h"

struct work;
struct work_options {
    const char *home;
    struct loop *loop;
    struct store *store;
    const struct settings *settings;
    const struct token_key *links;
    const struct channel *channel;
    const char *boot;                          /* a fresh word for each start */
    int (*say)(void *ctx, struct bytes frame); /* to the scheduler; may fail */
    void *ctx;
};

MUST_CHECK int work_open(struct work **ret, const struct work_options *options);
int work_close(struct work **work); /* the exit code of the process */

void work_take(struct work *work, struct bytes frame); /* from the scheduler */
/* Takes nothing new, ends what may have left, and stops the loop. */
void work_drain(struct work *work);

#endif
