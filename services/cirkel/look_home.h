/* look_home - whether data was restored or copied and has not been started since: the hold that its
 * scheduler will open with is in no record yet.
 *
 * INVARIANTS Says what home_found() of the scheduler will find, by the same marks.
 */
#ifndef CIRKEL_LOOK_HOME_H
#define CIRKEL_LOOK_HOME_H

#include "services/cirkel/look.h"

bool look_home_is_other(struct look *look, const char *home);

#endif
