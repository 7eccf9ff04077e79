/* names - somebody goes by another id: in lists and fields that name people or organisations. */
#ifndef SCHEDULER_NAMES_H
#define SCHEDULER_NAMES_H

#include "services/scheduler/office.h"

/* `into` in the place of `from`, once; absent: nobody. False, and nothing is changed, when it is
 * not named. */
bool names_change(struct office *o, struct list *names, struct text from, struct text into);
bool name_change(struct text *name, struct text from, struct text into);

#endif
