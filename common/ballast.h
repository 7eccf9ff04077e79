/* ballast - a file that keeps room on a disk, thrown overboard when there is none left, and how
 * much room there is before that.
 *
 * INVARIANTS The room left counts bytes and files (inodes) alike: the worse of the two decides.
 * ERRORS     0 or -errno. A disk that cannot be asked has good room: what is written will say more.
 */
#ifndef COMMON_BALLAST_H
#define COMMON_BALLAST_H

#include "common/base.h"

enum disk_room {
    ROOM_GOOD,
    ROOM_LOW,    /* less than a tenth, and than 640 MiB: take in no more than must be */
    ROOM_SCARCE, /* less than half of that: begin nothing new at all */
};
/* Of the disk that the folder is on, less what a missing ballast would take. */
enum disk_room ballast_room(const char *dir);

/* Makes dir/ballast, 64 MiB or an eighth of a small disk. 0 also when it is there; -ENOSPC unless
 * room stays good with it; -EOPNOTSUPP where files cannot be made without being written. */
MUST_CHECK int ballast_load(const char *dir);
MUST_CHECK int ballast_release(const char *dir); /* -ENOENT: there is none */

#endif
