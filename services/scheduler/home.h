/* home - whether the folder that core lies in is still the one it was: data that was copied or
 * restored opens on hold, because letters it would send may have left from the original.
 *
 * Marks of meta: "instance" (an id made with the home), "home-generation" (one more at each
 * restore), "home-mark" (of the files and the machine), "position" (against what the home had come
 * to).
 */
#ifndef SCHEDULER_HOME_H
#define SCHEDULER_HOME_H

#include "services/scheduler/office.h"

MUST_CHECK int home_found(struct office *o, const struct rec_input *home);

#endif
