/* clock - what time it is: the machine's clock, or one that a test or a player moves.
 *
 * The wall clock is read anew at every call; no decision rests on a monotonic timer. A virtual
 * clock is a small file that every process maps: frozen at a moment until it is moved, or running
 * on from one. It belongs to trial homes only (cirkel play, run --demo, tests).
 *
 * ERRORS     0 or -errno. Nothing here logs.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/base.h"

/* NULL: the machine's clock. Else the virtual clock in this file; -ENOENT when there is none,
 * -EBADMSG when the file is something else. */
MUST_CHECK int clock_use(const char *virtual_path);
instant clock_now(void);  /* of the clock in use */
instant clock_real(void); /* always the machine's */
msec clock_boot(void);    /* since boot, suspend included: for leases; always the machine's */
msec clock_awake(void);   /* since boot, without suspend */
bool clock_is_synchronised(void); /* by the network, as far as the kernel knows */
bool clock_is_virtual(void);

/* Make or move a virtual clock; running: it goes on from `now` at the machine's pace. */
MUST_CHECK int clock_set(const char *virtual_path, instant now, bool running);

#endif
