#include "services/scheduler/records/names.h"

bool names_change(struct office *o, struct list *names, struct text from, struct text into) {
    struct list list = *names;
    if (!list_has_text(list, from))
        return false;
    struct text *kept = arena_take(o->arena, (list.count + 1) * sizeof *kept), id;
    bool there = into.p && list_has_text(list, into);
    uint32_t n = 0;
    while (codec_next_text(&list, &id)) {
        bool ends = text_eq(id, from);
        if (!ends || (into.p && !there))
            kept[n++] = ends ? into : id;
    }
    *names = office_list_of(o, kept, n);
    return true;
}

struct list names_join(struct office *o, struct list names, struct list more, uint32_t most) {
    struct text *both = arena_take(o->arena, (names.count + more.count + 1) * sizeof *both), id;
    struct list first = names;
    uint32_t n = 0;
    while (codec_next_text(&first, &id))
        both[n++] = id;
    while (n < most && codec_next_text(&more, &id))
        if (!list_has_text(names, id))
            both[n++] = id;
    return office_list_of(o, both, n);
}

bool name_change(struct text *name, struct text from, struct text into) {
    if (!name->p || !text_eq(*name, from))
        return false;
    *name = into;
    return true;
}
