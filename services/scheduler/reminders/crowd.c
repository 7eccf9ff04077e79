#include "services/scheduler/reminders/crowd.h"

#include <stdlib.h>

#define ROOM_FIRST 256

void crowd_open(struct crowd *c) {
    *c = (struct crowd){.arena = arena_new()};
}

void crowd_close(struct crowd *c) {
    arena_free(&c->arena);
    free(c->seats);
}

/* FNV-1a: ids are short, and who chooses them gains nothing by having them meet. */
static size_t hash(struct text t) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < t.n; i++)
        h = (h ^ (unsigned char)t.p[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

/* Where that person sits, or would. */
static struct text *seat_of(const struct crowd *c, struct text person) {
    size_t i = hash(person) & (c->room - 1);
    while (c->seats[i].p && !text_eq(c->seats[i], person))
        i = (i + 1) & (c->room - 1);
    return &c->seats[i];
}

static void grow(struct crowd *c) {
    struct crowd more = {
        .arena = c->arena, .count = c->count, .room = c->room ? 2 * c->room : ROOM_FIRST};
    more.seats = calloc(more.room, sizeof *more.seats);
    must(more.seats);
    for (size_t i = 0; i < c->room; i++)
        if (c->seats[i].p)
            *seat_of(&more, c->seats[i]) = c->seats[i];
    free(c->seats);
    *c = more;
}

void crowd_add(struct crowd *c, struct text person) {
    if (2 * c->count >= c->room)
        grow(c);
    struct text *seat = seat_of(c, person);
    if (seat->p)
        return;
    *seat = arena_text(c->arena, person);
    c->count++;
}
