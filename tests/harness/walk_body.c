/* A body for any message, from its rows: every field of every message is said without anyone
 * listing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/harness/walk_known.h"

#define FIELDS_MOST 32
#define LEFT_OUT 3 /* of a thousand that are required */

/* What is known of a message's fields, looked up once. */
static struct known {
    bool looked;
    unsigned count;
    const struct field *fields;
    const struct hint *hints[FIELDS_MOST];
    const struct walk_choice *choice;
    unsigned groups;
} known[MSG_COUNT], known_parts[PART_COUNT];

static void look(struct known *k, const struct shape *shape) {
    if (k->looked)
        return;
    k->looked = true;
    k->fields = shape->fields();
    for (; k->fields[k->count].kind != FIELD_END; k->count++) {
        must(k->count < FIELDS_MOST);
        k->hints[k->count] = walk_hint(shape->name, &k->fields[k->count]);
    }
    k->choice = walk_choice_of(shape->name);
    while (k->choice && k->groups < COUNT_OF(k->choice->groups) && k->choice->groups[k->groups])
        k->groups++;
}

/* ---- values by kind ---- */

static void put_scalar(enum field_kind kind, const struct field *f, const struct hint *h,
                       struct buf *to) {
    int64_t span = f->max - f->min;
    if (h && h->put) {
        h->put(h, to);
        return;
    }
    switch (kind) {
    case FIELD_ID:
        pack_str(to, walk_text("x%u", 1 + walk_below(3)));
        break;
    case FIELD_INT:
        pack_int(to, f->min + walk_below(span < 6 ? (unsigned)span + 1 : 6));
        break;
    case FIELD_BOOL:
        pack_bool(to, walk_chance(50));
        break;
    case FIELD_INSTANT:
        pack_int(to, walk.t.now);
        break;
    case FIELD_WALL:
        pack_str(to, walk_wall(-1, 20));
        break;
    case FIELD_DATE:
        pack_text(to, (struct text){walk_wall(-2, 20), 10});
        break;
    case FIELD_ADDRESS:
        pack_str(to, "somebody@x.example");
        break;
    case FIELD_LINK:
        pack_str(to, walk_text("https://x.example/%u", walk_below(3)));
        break;
    case FIELD_WORD:
        walk_put_word(f->choices, to);
        break;
    default:
        pack_str(to, walk_chance(90) ? "Text" : "Œuvre — blåbær\n2");
    }
}

static void put_map(struct known *k, const struct shape *shape, struct buf *to);

static unsigned how_many(const struct field *f, const struct hint *h) {
    unsigned n =
        h && h->b ? (unsigned)h->a + walk_below((unsigned)(h->b - h->a) + 1) : 1 + walk_below(2);
    return n > f->max ? (unsigned)f->max : n;
}

/* Numbers in a list are drawn between the hint's bounds; there is one of them then. */
static void put_list(const struct field *f, const struct hint *h, struct buf *to) {
    bool numbers = f->item == FIELD_INT;
    unsigned n = numbers ? 1 : how_many(f, h);
    pack_array(to, n);
    while (n-- > 0)
        put_scalar(f->item, f, h, to);
}

static void put_rows(const struct field *f, struct buf *to) {
    unsigned part = (unsigned)(f->part - part_shapes), n = 1 + walk_below(2);
    look(&known_parts[part], f->part);
    pack_array(to, n);
    for (unsigned i = 1; i <= n; i++) {
        walk.row = i;
        put_map(&known_parts[part], f->part, to);
    }
    walk.row = 0;
}

static void put_value(const struct field *f, const struct hint *h, struct buf *to) {
    static const char *const languages_of[] = {"da", "sv", "en"};
    switch (f->kind) {
    case FIELD_LIST:
        put_list(f, h, to);
        break;
    case FIELD_MAP:
        if (h && h->put)
            h->put(h, to);
        else
            pack_map(to, 0);
        break;
    case FIELD_ROWS:
        if (h && h->put)
            h->put(h, to);
        else
            put_rows(f, to);
        break;
    case FIELD_TEXTS:
        if (walk_chance(70)) {
            pack_str(to, "T");
            break;
        }
        pack_map(to, 1);
        pack_str(to, languages_of[walk_below(3)]);
        pack_str(to, "T");
        break;
    default:
        put_scalar(f->kind, f, h, to);
    }
}

/* ---- which fields ---- */

static bool names(const char *group, const char *field) {
    size_t n = strlen(field);
    for (const char *at = group; (at = strstr(at, field)); at += n)
        if ((at == group || at[-1] == ' ') && (at[n] == 0 || at[n] == ' '))
            return true;
    return false;
}

static bool is_given(const struct known *k, unsigned i, unsigned group) {
    const struct field *f = &k->fields[i];
    const struct hint *h = k->hints[i];
    if (k->groups && names(k->choice->groups[group], f->name))
        return true;
    for (unsigned g = 0; g < k->groups; g++)
        if (names(k->choice->groups[g], f->name))
            return walk_below(200) == 0;
    if (f->required)
        return walk_below(1000) >= LEFT_OUT;
    return walk_chance(h ? h->percent : 20);
}

/* The first field of a part is its id: each row has one of its own. */
static void put_map(struct known *k, const struct shape *shape, struct buf *to) {
    unsigned group = k->groups ? walk_below(k->groups) : 0, n = 0;
    uint32_t given = 0;
    bool part = walk.row > 0;
    if (k->groups)
        walk_context.group = group;
    for (unsigned i = 0; i < k->count; i++)
        if (is_given(k, i, group)) {
            given |= 1u << i;
            n++;
        }
    pack_map(to, n);
    for (unsigned i = 0; i < k->count; i++) {
        if (!(given & (1u << i)))
            continue;
        pack_text(to, field_name(&k->fields[i]));
        if (part && i == 0 && strcmp(shape->name, "attendance") != 0)
            pack_str(to, walk_text("%s%u", walk_row_prefix(shape->name), walk.row));
        else
            put_value(&k->fields[i], k->hints[i], to);
    }
}

void walk_body(enum msg_type type, struct buf *to) {
    walk_context = (struct walk_context){.type = type};
    walk.making = 0;
    look(&known[type], &msg_shapes[type]);
    put_map(&known[type], &msg_shapes[type], to);
}
