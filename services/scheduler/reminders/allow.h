/* allow - the addresses that a trial installation may write to (setting trial_only). */
#ifndef SCHEDULER_ALLOW_H
#define SCHEDULER_ALLOW_H

#include "common/base.h"

/* What the ledger says of everybody else. */
#define ALLOW_REASON "trial: only the addresses of trial_only are written to"

/* `list`: addresses and domains, with commas or spaces between; empty allows all. Letters' case is
 * one. */
bool allow_has(const char *list, struct text address);

#endif
