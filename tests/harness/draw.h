/* draw - numbers by chance, the same again from the same state. */
#ifndef TESTS_HARNESS_DRAW_H
#define TESTS_HARNESS_DRAW_H

#include "common/base.h"

uint64_t draw_from(uint64_t *state);
/* A number of the environment, such as SEED or N. */
unsigned long draw_number(const char *name, unsigned long fallback);

#endif
