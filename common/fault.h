/* fault - named places where a test build can be told to die, fail or wait.
 *
 * fault_point("notifier.armed_not_sent") is nothing in a release (FAULTS not defined). In a test
 * build the file named by CIRKEL_FAULTS says what happens at the N-th visit of a process, one line
 * each: "NAME N kill|eio|enospc|stop|abort"; "NAME P drop" pretends -EAGAIN at P visits of 100.
 * The list of points is taken from the source (make faults), so a new one is tested unasked.
 */
#ifndef COMMON_FAULT_H
#define COMMON_FAULT_H

#include "common/base.h"

#ifdef FAULTS
int fault_point(const char *name); /* 0, or -errno to pretend */
/* The point "NAME.NUMBER": poison in one event or row. */
int fault_point_at(const char *name, uint64_t number);
#else
static inline int fault_point(const char *name) {
    (void)name;
    return 0;
}
static inline int fault_point_at(const char *name, uint64_t number) {
    (void)name;
    (void)number;
    return 0;
}
#endif

#endif
