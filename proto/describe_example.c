#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "proto/codec_inner.h"
#include "proto/describe.h"

#define EXAMPLE_BYTES ((size_t)64 * 1024)
#define EXAMPLE_INSTANT ((instant)1653375600000)

/* Values that read like the office's, by the name of their field. Where a row names a shape, it is
 * for that shape only, and the field is shown although it is optional. */
static const struct {
    const char *shape, *field, *value;
} values[] = {
    {"organisation.register", "name", "City of Example"},
    {"organisation.merge", "into", "example-city"},
    {"organisation.update", "name", "City of Example"},
    {"person.merge", "into", "p-0018"},
    {"person.update", "email", "anna.holm@city.example"},
    {"quiet.set", "from", "21:00"},
    {"quiet.set", "to", "07:00"},
    {"network.open", "name", "Circular furniture"},
    {"network.open", "topics", ""},
    {"network.update", "name", "Circular furniture and interiors"},
    {"group.create", "name", "Kitchens"},
    {"topic", "name", "Leasing"},
    {"option", "text", "In June"},
    {"meeting.update", "title", "Kick-off: what furniture costs"},
    {"meeting.move", "reason", "The room is not free."},
    {"meeting.cancel", "reason", "The speaker is ill."},
    {"registration.make", "diet", "vegetarian"},
    {"registration.change", "diet", "vegetarian, no nuts"},
    {"material.expect", "from", "p-0017"},
    {"idea.send", "contact", "anna.holm@city.example"},
    {"idea.answer", "text", "Gladly: it is on the agenda in June."},
    {"pledge.follow_up", "text", "Half of the chairs are second-hand now."},
    {"support.request", "text", "How do we write leasing into a tender?"},
    {"support.answer", "text", "Here is a text that others have used."},
    {"support.note", "text", "Telephoned; they send the draft."},
    {NULL, "audience", "members"},
    {NULL, "case", "case-7"},
    {NULL, "country", "DK"},
    {NULL, "group", "kitchens"},
    {NULL, "host", "office"},
    {NULL, "idea", "idea-3"},
    {NULL, "lead", "p-0001"},
    {NULL, "material", "slides-1"},
    {NULL, "meeting", "kickoff-2022"},
    {NULL, "name", "Anna Holm"},
    {NULL, "network", "furniture"},
    {NULL, "option", "june"},
    {NULL, "organisation", "city-of-example"},
    {NULL, "person", "p-0017"},
    {NULL, "plan", "meeting-week-before/meeting:kickoff-2022/0"},
    {NULL, "pledge", "10-furniture"},
    {NULL, "poll", "next-meeting"},
    {NULL, "purpose", "photos"},
    {NULL, "question", "When shall we meet next?"},
    {NULL, "reason", "The mail server moves."},
    {NULL, "source", "Member before 2022"},
    {NULL, "text", "Could we look at leasing next time?"},
    {NULL, "text_version", "2022-01"},
    {NULL, "title", "Kick-off"},
    {NULL, "token", "the token of the link"},
    {NULL, "topic", "leasing"},
    {NULL, "zone", "Europe/Copenhagen"},
};

static const char *own_value(const struct shape *shape, const struct field *f) {
    for (size_t i = 0; i < COUNT_OF(values); i++)
        if (values[i].shape && strcmp(values[i].shape, shape->name) == 0 &&
            text_is(field_name(f), values[i].field))
            return values[i].value;
    return NULL;
}

static struct text value_of(const struct shape *shape, const struct field *f) {
    const char *own = own_value(shape, f);

    if (own)
        return text_of(own);
    for (size_t i = 0; i < COUNT_OF(values); i++)
        if (!values[i].shape && text_is(field_name(f), values[i].field))
            return text_of(values[i].value);
    return field_name(f);
}

static struct text text_value(const struct shape *shape, const struct field *f) {
    struct text t = value_of(shape, f);

    switch (f->kind) {
    case FIELD_WORD:
        return (struct text){f->choices, strcspn(f->choices, "|")};
    case FIELD_WALL:
        return TEXT_LIT("2022-05-24T09:00");
    case FIELD_DATE:
        return TEXT_LIT("2022-05-31");
    case FIELD_ADDRESS:
        return TEXT_LIT("anna.holm@city.example");
    case FIELD_LINK:
        return TEXT_LIT("https://video.example/kickoff");
    default:
        return t.n <= (size_t)f->max ? t : (struct text){t.p, (size_t)f->max};
    }
}

static int64_t int_value(const struct field *f) {
    int64_t v = text_is(field_name(f), "delivery") ? 4711 : 120;

    return v < f->min ? f->min : v > f->max ? f->max : v;
}

/* What must be given, and one of each "either this or that". */
static bool is_shown(const struct shape *shape, const struct field *f) {
    return f->required || own_value(shape, f) || strstr(f->doc, "either this or") ||
           strstr(f->doc, "or else") || strstr(f->doc, "required for");
}

static void fill(struct arena *arena, const struct shape *shape, char *to);

static struct list list_value(struct arena *arena, const struct field *f) {
    union any_part part;
    struct bytes kept;
    struct buf items;

    buf_init(&items, EXAMPLE_BYTES);
    if (f->kind == FIELD_MAP)
        codec_add_text(&items, TEXT_LIT("june"));
    if (f->kind == FIELD_ROWS) {
        fill(arena, f->part, (char *)&part);
        codec_encode(f->part, &part, &items);
    } else if (f->item == FIELD_INT) {
        codec_add_int(&items, f->item_max < 2022 ? f->item_max : 2022);
    } else {
        codec_add_text(&items, TEXT_LIT("leasing"));
    }
    kept = arena_bytes(arena, buf_as_bytes(&items));
    buf_free(&items);
    return (struct list){kept, 1};
}

static void fill_field(struct arena *arena, const struct shape *shape, const struct field *f,
                       void *value) {
    switch (f->kind) {
    case FIELD_INT:
        *(int64_t *)value = int_value(f);
        break;
    case FIELD_BOOL:
        *(bool *)value = true;
        break;
    case FIELD_INSTANT:
        *(instant *)value = EXAMPLE_INSTANT;
        break;
    case FIELD_TEXTS:
        *(struct texts *)value = (struct texts){.any = text_value(shape, f)};
        break;
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        *(struct list *)value = list_value(arena, f);
        break;
    case FIELD_RAW:
        *(struct bytes *)value = (struct bytes){"\x80", 1};
        break;
    default:
        *(struct text *)value = text_value(shape, f);
    }
}

static void fill(struct arena *arena, const struct shape *shape, char *to) {
    memset(to, 0, shape->size);
    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++)
        if (is_shown(shape, f))
            fill_field(arena, shape, f, to + f->offset);
}

void describe_example(enum msg_type type, struct buf *to) {
    const struct shape *shape = &msg_shapes[type];
    struct arena *arena = arena_new();
    union any_msg msg;
    struct buf request;

    fill(arena, shape, (char *)&msg);
    buf_init(&request, EXAMPLE_BYTES);
    pack_map(&request, 4);
    pack_str(&request, "v");
    pack_int(&request, 1);
    pack_str(&request, "id");
    pack_str(&request, "web-2022-05-02-0001");
    pack_str(&request, "type");
    pack_str(&request, shape->name);
    pack_str(&request, "body");
    codec_encode(shape, &msg, &request);
    must(json_from_pack(buf_as_bytes(&request), to) == 0 || to->over);
    buf_free(&request);
    arena_free(&arena);
}
