/* release - ends what the service itself holds, after showing what that means. */
#ifndef CIRKEL_RELEASE_H
#define CIRKEL_RELEASE_H

#include "services/cirkel/verbs.h"

/* `release --hold`; returns an exit code. */
int release_hold(const struct options *options, int argc, char **argv);

#endif
