#include "services/scheduler/reminders/crowd.h"

#include <stdlib.h>

#define ROOM_FIRST 256

void crowd_open(struct crowd *c) {
    *c = (struct crowd){.arena = arena_new()};
}

void crowd_close(struct crowd *c) {
    arena_free(&c->arena);
    free(c->people);
}

static int by_text(const void *a, const void *b) {
    return text_cmp(*(const struct text *)a, *(const struct text *)b);
}

static void leave_one_of_each(struct crowd *c) {
    size_t kept = 0;
    if (c->named)
        qsort(c->people, c->named, sizeof *c->people, by_text);
    for (size_t i = 0; i < c->named; i++)
        if (!kept || !text_eq(c->people[kept - 1], c->people[i]))
            c->people[kept++] = c->people[i];
    c->named = kept;
}

void crowd_add(struct crowd *c, struct text person) {
    if (c->named == c->room) {
        leave_one_of_each(c);
        if (2 * c->named >= c->room) { /* few were named twice */
            c->room = c->room ? 2 * c->room : ROOM_FIRST;
            c->people = reallocarray(c->people, c->room, sizeof *c->people);
            must(c->people);
        }
    }
    c->people[c->named++] = arena_text(c->arena, person);
}

size_t crowd_count(struct crowd *c) {
    leave_one_of_each(c);
    return c->named;
}
