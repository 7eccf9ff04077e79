/* supervise - keeps the programs of a home running (scheduler, intake, notifier, gateway), and
 * stops them in order.
 *
 * A worker that ends is started again after a pause that doubles from 0.2 s to 30 s, and begins
 * anew once it has lived a minute. One that says its configuration is wrong (exit code 2) stops
 * all, and so does one that will not work on what the home holds (65).
 *
 * OWNERSHIP  One supervisor a home: run/cirkel.lock.
 */
#ifndef CIRKEL_SUPERVISE_H
#define CIRKEL_SUPERVISE_H

#include "common/base.h"

#include <sys/types.h>

/* Runs until it is told to stop; an exit code. `quiet`: no lines for people. */
int supervise(const char *home, bool clock, bool debug, bool quiet);

/* The same in a process of its own, which ends with ours; what the programs log goes to run/log.
 * 0 with *ret 0 when a supervisor is at work already. */
MUST_CHECK int supervise_aside(const char *home, bool debug, pid_t *ret);
/* Tells it to stop and waits; its exit code. */
int supervise_stop(pid_t pid);
bool supervise_ended(pid_t pid, int *ret_code);

/* Lets the service that runs there, if one does, read its configuration again. False: none does. */
bool supervise_reload(const char *home);

#endif
