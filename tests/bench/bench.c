#include "tests/bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

uint64_t random_word(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

const char *option(int argc, char **argv, const char *name, const char *otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

double option_number(int argc, char **argv, const char *name, double otherwise) {
    const char *value = option(argc, argv, name, NULL);
    char *end;
    double number = value ? strtod(value, &end) : otherwise;
    if (value && (end == value || *end))
        die("%s %s: a number was expected", name, value);
    return number;
}

void samples_add(struct samples *samples, uint64_t value) {
    if (samples->n == samples->size) {
        samples->size = samples->size ? 2 * samples->size : 65536;
        samples->p = realloc(samples->p, samples->size * sizeof *samples->p);
        if (!samples->p)
            die("out of memory");
    }
    samples->p[samples->n++] = value;
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double part_us(const struct samples *samples, double part) {
    return samples->n ? (double)samples->p[(unsigned long)(part * (double)(samples->n - 1))] / 1000
                      : 0;
}

void report(const char *name, long outstanding, double rate, struct samples *samples,
            unsigned long late) {
    if (samples->n)
        qsort(samples->p, samples->n, sizeof *samples->p, compare);
    printf("%s %ld %.0f %.0f %.0f %lu\n", name, outstanding, rate, part_us(samples, .5),
           part_us(samples, .99), late);
}
