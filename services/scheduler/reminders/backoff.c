#include "services/scheduler/reminders/backoff.h"

/* SplitMix64 (Steele, Lea, Flood 2014): enough to spread retries. */
static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

msec backoff_next(unsigned attempt, msec first, msec longest, uint64_t seed) {
    msec most = first;
    for (unsigned i = 1; i < attempt && most < longest; i++)
        most *= 2;
    if (most > longest)
        most = longest;
    msec least = first / 2 < most ? first / 2 : most;
    return least + (msec)(mix(seed ^ ((uint64_t)attempt << 56)) % (uint64_t)(most - least + 1));
}
