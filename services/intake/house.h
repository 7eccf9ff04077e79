/* house - the way to the scheduler. Every frame is a hint: when the scheduler is away, nothing is
 * lost, because it reads the inbox itself.
 *
 * ERRORS     0 or -errno, those of the bus.
 */
#ifndef INTAKE_HOUSE_H
#define INTAKE_HOUSE_H

#include "common/base.h"
#include "common/bus.h"
#include "services/intake/answer.h"

struct house;

/* What became of an event. The answer is borrowed until the call returns. */
typedef void house_decided_fn(void *ctx, uint64_t seq, const struct answer *answer);

MUST_CHECK int house_open(struct house **ret, struct loop *loop, struct bus *bus, const char *home,
                          house_decided_fn *on_decided, void *ctx);
void house_close(struct house **house); /* before the bus is closed */

/* `awaited` is the first event that somebody waits to be decided. When nobody waits (0), the
 * scheduler is told every 10 ms at most: its commits take the disk from ours. */
void house_tell_accepted(struct house *house, uint64_t last, uint64_t awaited);
void house_ask_decision(struct house *house, uint64_t seq);

/* The last event of which we heard that it is decided, and with it all before; 0: none yet. */
uint64_t house_position(const struct house *house);

/* What time it is: by the clock, or, while that cannot be trusted, as the scheduler said lately. */
instant house_now(const struct house *house);

/* By which moment events and keys may go (0: none may), and the first event that must stay; true
 * when the scheduler has said so lately. */
bool house_keep(const struct house *house, instant *ret_now, uint64_t *ret_needed);

#endif
