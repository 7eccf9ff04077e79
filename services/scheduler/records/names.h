/* names - somebody goes by another id: in lists and fields that name people or organisations. */
#ifndef SCHEDULER_NAMES_H
#define SCHEDULER_NAMES_H

#include "services/scheduler/office.h"

/* `into` in the place of `from`, once; absent: nobody. False, and nothing is changed, when it is
 * not named. */
bool names_change(struct office *o, struct list *names, struct text from, struct text into);
/* Both, once each, `names` first; at most `most`. */
struct list names_join(struct office *o, struct list names, struct list more, uint32_t most);
bool name_change(struct text *name, struct text from, struct text into);

#endif
