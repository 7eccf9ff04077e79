/* verify_replay - has the scheduler give the inputs to the step once more, and tells what differs.
 */
#ifndef CIRKEL_VERIFY_REPLAY_H
#define CIRKEL_VERIFY_REPLAY_H

#include "services/cirkel/verify.h"

struct replayed {
    json_t *said; /* what the scheduler said; NULL: it was not asked */
};

/* `backup`: NULL: the last one that is known, else from the beginning. 0 or an exit code. */
MUST_CHECK int replayed_read(const char *home, const char *backup, struct replayed *ret);
/* Adds what differs to the findings. */
void replayed_report(const struct replayed *replayed, struct verify *v, bool json);

#endif
