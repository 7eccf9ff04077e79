/* sim_story - files of events, read once, merged by time and played as often as one likes. */
#ifndef HARNESS_SIM_STORY_H
#define HARNESS_SIM_STORY_H

#include "tests/harness/sim.h"

struct sim_story {
    struct sim_line *lines;
    size_t count, room;
    struct arena *arena;
};

/* Adds the lines of a file; fails the test when one cannot be read. */
void sim_story_read(struct sim_story *story, const char *path);
/* By time; what was read first comes first. */
void sim_story_order(struct sim_story *story);
void sim_story_free(struct sim_story *story);
/* All lines at their moments, and `after` more. */
void sim_story_play(struct sim *s, const struct sim_story *story, msec after);

#endif
