/* config_kept - the settings, rules and letters of a home as one row of table CONFIG, so that what
 * was done with them can be done over again when they have changed.
 *
 * ERRORS     0 or -errno.
 */
#ifndef SCHEDULER_CONFIG_KEPT_H
#define SCHEDULER_CONFIG_KEPT_H

#include "common/store.h"
#include "common/token.h"

/* The key of table CONFIG under which the hash of what holds now is found. */
#define CONFIG_NOW "now"

/* Keeps what `home` holds now, unless it is kept already. */
MUST_CHECK int config_keep(struct txn *txn, const char *home, char ret_hash[TOKEN_ID_MAX]);
/* Writes it out as a home of configuration only, in the folder `to`. */
MUST_CHECK int config_unpack(struct bytes kept, const char *to);

#endif
