/* bench - what the programs of a measurement share: options, time, and how long answers took.
 *
 * ERRORS: whatever goes wrong ends the program with one line; a measurement is not continued.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdint.h>

#define NS ((uint64_t)1000000000)

struct samples { /* nanoseconds, in no order */
    uint64_t *p;
    unsigned long n, size;
};

_Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...);
uint64_t now_ns(void); /* of the monotonic clock */
uint64_t random_word(uint64_t *state);

/* What follows "--name"; the default when it is not there. */
const char *option(int argc, char **argv, const char *name, const char *otherwise);
double option_number(int argc, char **argv, const char *name, double otherwise);

void samples_add(struct samples *samples, uint64_t value);

/* Prints "name outstanding rate p50_us p99_us late": late are answers that came before what was
 * waited for. Sorts the samples. */
void report(const char *name, long outstanding, double rate, struct samples *samples,
            unsigned long late);

#endif
