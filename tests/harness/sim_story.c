#include "tests/harness/sim_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct sim_story *story, const struct sim_line *l, struct bytes raw) {
    if (story->count == story->room) {
        story->room = story->room ? 2 * story->room : 512;
        story->lines = realloc(story->lines, story->room * sizeof *story->lines);
        must(story->lines);
    }
    struct sim_line *to = &story->lines[story->count];
    const char *from = raw.p, *kept = arena_bytes(story->arena, raw).p;
    *to = *l;
    to->id.p = kept + (l->id.p - from);
    to->type.p = kept + (l->type.p - from);
    to->body.p = kept + ((const char *)l->body.p - from);
    to->all.p = kept;
    to->no = story->count++;
}

void sim_story_read(struct sim_story *story, const char *path) {
    FILE *file = fopen(path, "re");
    struct buf keep;
    char *line = NULL, why[200];
    size_t room = 0;
    ssize_t n;
    if (!file)
        fail_msg("%s cannot be read", path);
    if (!story->arena)
        story->arena = arena_new();
    buf_init(&keep, 1 << 20);
    while ((n = getline(&line, &room, file)) > 0) {
        struct sim_line l;
        if (sim_line_read((struct text){line, (size_t)n}, &keep, &l, why))
            fail_msg("%s: %s in %s", path, why, line);
        if (!l.id.p || !l.type.p || !l.body.p || !l.at)
            fail_msg("%s: id, type, body and at are needed: %s", path, line);
        add(story, &l, l.all);
    }
    buf_free(&keep);
    free(line);
    fclose(file);
}

static int by_time(const void *a, const void *b) {
    const struct sim_line *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->no < y->no ? -1 : x->no > y->no;
}

void sim_story_order(struct sim_story *story) {
    qsort(story->lines, story->count, sizeof *story->lines, by_time);
}

void sim_story_free(struct sim_story *story) {
    arena_free(&story->arena);
    free(story->lines);
    *story = (struct sim_story){.count = 0};
}

void sim_story_play(struct sim *s, const struct sim_story *story, msec after) {
    for (size_t i = 0; i < story->count; i++) {
        const struct sim_line *l = &story->lines[i];
        if (l->at != s->t.now)
            sim_advance(s, l->at);
        sim_say(s, l->id, l->type, l->body);
    }
    sim_advance(s, s->t.now + after);
}
