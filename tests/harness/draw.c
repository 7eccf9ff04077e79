#include "tests/harness/draw.h"

#include <stdlib.h>

/* SplitMix64 (Steele, Lea and Flood, 2014). */
uint64_t draw_from(uint64_t *state) {
    uint64_t x = (*state += 0x9e3779b97f4a7c15u);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

unsigned long draw_number(const char *name, unsigned long fallback) {
    const char *s = getenv(name);
    return s ? strtoul(s, NULL, 10) : fallback;
}
