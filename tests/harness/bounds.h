/* bounds - what 64 KiB may cost whoever reads them: 50 ms of the processor and 16 MiB.
 *
 * A decoder is given 64 KiB made of each of some hundred pieces, said again and again, and of a
 * beginning of its own before them; what it makes of them is its own affair.
 */
#ifndef HARNESS_BOUNDS_H
#define HARNESS_BOUNDS_H

#include "common/base.h"

#define BOUNDS_BYTES ((size_t)64 * 1024)

typedef void bounds_fn(void *ctx, struct bytes in);
/* `pieces`, `heads`: more of them, separated by NULs as they stand in a string, which ends with an
 * empty one; NULL: none. Every failure is the test's: cmocka's fail_msg(). */
void bounds_hold(const char *decoder, bounds_fn *fn, void *ctx, const char *heads,
                 const char *pieces);

#endif
