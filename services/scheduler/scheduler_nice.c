#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "common/log.h"
#include "services/scheduler/scheduler.h"

#define NICER 15

/* Coming back takes a right (LimitNICE of a unit, or root). It is tried with one step, which nobody
 * notices when it cannot be taken back. */
void scheduler_try_nice(struct scheduler *s) {
    errno = 0;
    s->priority = getpriority(PRIO_PROCESS, 0);
    s->may_be_nice = errno == 0 && setpriority(PRIO_PROCESS, 0, s->priority + 1) == 0 &&
                     setpriority(PRIO_PROCESS, 0, s->priority) == 0;
    if (!s->may_be_nice)
        log_info("never_nice", "it may not be: events are applied as if somebody waited for them");
}

/* Events that nobody waits for can wait while intake takes more; what is due, a connection that
 * waits for its arm, and who waits for a decision cannot. */
void scheduler_be_nice(struct scheduler *s, bool nice) {
    if (nice == s->is_nice || !s->may_be_nice)
        return;
    if (setpriority(PRIO_PROCESS, 0, s->priority + (nice ? NICER : 0)))
        log_debug("nice_not_changed", "nice=%d error=%s", nice, strerror(errno));
    else
        s->is_nice = nice;
}
