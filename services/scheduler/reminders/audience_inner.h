/* audience_inner - what asking about an audience and walking over it share. */
#ifndef SCHEDULER_AUDIENCE_INNER_H
#define SCHEDULER_AUDIENCE_INNER_H

#include "services/scheduler/reminders/audience.h"

#define AUDIENCE_NESTED_MOST 3                 /* "audience" inside an audience */
#define AUDIENCE_OPERATOR TEXT_LIT("operator") /* the function */

#endif
