/* sample - of each letter in each language one row of a future, with all it is made of, in a small
 * store of its own, out of which the notifier writes the letter as its reader would get it.
 *
 * ERRORS 0 or -errno. Nothing is kept before sample_close() gives 0.
 */
#ifndef SCHEDULER_SAMPLE_H
#define SCHEDULER_SAMPLE_H

#include "services/scheduler/forecast/outlook.h"

struct sample;
/* `dir`: an empty folder. */
MUST_CHECK int sample_open(struct sample **ret, const char *dir);
MUST_CHECK int sample_close(struct sample **sample); /* NULL is fine */

/* Keeps it when it is to reach its reader and the first of its letter and language. `letter`
 * is of the future that `from` is a transaction of; it is borrowed until the last sample is taken.
 */
MUST_CHECK int sample_take(struct sample *sample, struct txn *from,
                           const struct outlook_letter *letter);

#endif
