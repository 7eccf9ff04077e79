/* mentions - records that name a person or an organisation in passing: who leads, hosts, asks or
 * advises. Two records become one.
 */
#ifndef SCHEDULER_MENTIONS_H
#define SCHEDULER_MENTIONS_H

#include "services/scheduler/office.h"

/* Whoever is named `from` is named `into` from now on. */
MUST_CHECK int mentions_move_person(struct office *o, struct text from, struct text into);
MUST_CHECK int mentions_move_organisation(struct office *o, struct text from, struct text into);

#endif
