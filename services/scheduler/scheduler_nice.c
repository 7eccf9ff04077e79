#include <errno.h>
#include <sys/resource.h>

#include "common/log.h"
#include "services/scheduler/scheduler.h"

#define NICE 5

/* Events that are accepted can wait while intake takes more; a connection that waits for its arm
 * cannot. Coming back takes a right (LimitNICE of a unit, or root): without it we stay nice. */
void scheduler_be_nice(struct scheduler *s, bool nice) {
    if (nice == s->is_nice)
        return;
    if (setpriority(PRIO_PROCESS, 0, nice ? NICE : 0))
        log_debug("nice_not_changed", "to=%d error=%d", nice ? NICE : 0, errno);
    else
        s->is_nice = nice;
}
