/* backup_place - the folder a backup or a restored home is made in: first as NAME.part beside it,
 * which then gets the name, so that what has the name is whole.
 *
 * ERRORS     What the user must know is said on stderr, with what to do next; then an exit code.
 */
#ifndef CIRKEL_BACKUP_PLACE_H
#define CIRKEL_BACKUP_PLACE_H

#include "common/base.h"
#include "services/cirkel/home.h"

struct backup_place {
    char folder[HOME_PATH /
                2]; /* as it was said, without a slash at its end; what a link leads to */
    char part[HOME_PATH];
};
/* `what` needs it ("backup"). Refuses what cannot be renamed, and what another attempt left. */
MUST_CHECK int backup_place(const char *what, const char *name, struct backup_place *ret);
/* Makes the part; -EEXIST when it is somebody else's. */
MUST_CHECK int backup_place_make(const struct backup_place *place);
/* Takes the part away with all that is in it. */
void backup_place_clear(const struct backup_place *place);
/* It gets the name; what has it already must be an empty folder. Durable. 0 or -errno. */
MUST_CHECK int backup_place_name(const struct backup_place *place);

#endif
