#include "proto/describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/pack.h"
#include "proto/codec.h"
#include "proto/machine.h"
#include "proto/query.h"

#define DOCUMENT_BYTES ((size_t)1 << 20)

static bool find_body(struct bytes request, struct bytes *ret) {
    struct pack_reader r = pack_read(request);
    struct text key;
    uint32_t count;

    if (!pack_read_map(&r, &count))
        return false;
    for (; count > 0; count--) {
        if (!pack_read_text(&r, &key) || !pack_read_raw(&r, ret))
            return false;
        if (text_is(key, "body"))
            return true;
    }
    return false;
}

/* The examples of PROTOCOL.md are what the codec takes. */
static void test_every_example_decodes(void **state) {
    char error[JSON_ERROR_TEXT];
    struct buf json, pack;

    (void)state;
    buf_init(&json, 1 << 16);
    buf_init(&pack, 1 << 16);
    for (unsigned i = 0; i < MSG_COUNT; i++) {
        struct complaint c;
        struct bytes body;
        union any_msg msg;
        buf_clear(&json);
        buf_clear(&pack);
        describe_example((enum msg_type)i, &json);
        assert_int_equal(json_to_pack(buf_as_text(&json), &pack, error), 0);
        assert_true(find_body(buf_as_bytes(&pack), &body));
        if (codec_decode(&msg_shapes[i], CODEC_STRICT, body, &msg, &c) != 0)
            fail_msg("%s: %s %s", buf_cstr(&json), c.field, c.text);
    }
    buf_free(&json);
    buf_free(&pack);
}

static void expect_heading(const char *document, const char *prefix, const char *name) {
    char heading[100];

    snprintf(heading, sizeof heading, "\n### %s%s\n", prefix, name);
    if (!strstr(document, heading))
        fail_msg("not described: %s%s", prefix, name);
}

static void expect_fields(const char *document, const struct shape *shape) {
    char row[100];

    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++) {
        snprintf(row, sizeof row, "| `%.*s` | ", TEXT_ARGS(field_name(f)));
        if (!strstr(document, row) || !strstr(document, f->doc))
            fail_msg("not described: %s.%s", shape->name, f->name);
    }
}

static void expect_shapes(const char *document, const char *prefix, const struct shape *shapes,
                          unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        expect_heading(document, prefix, shapes[i].name);
        expect_fields(document, &shapes[i]);
    }
}

static void test_everything_is_described(void **state) {
    const char *document;
    struct buf b;

    (void)state;
    buf_init(&b, DOCUMENT_BYTES);
    describe_protocol(&b);
    document = buf_cstr(&b);
    assert_false(b.over);
    assert_true(text_is_utf8(buf_as_text(&b)));
    expect_shapes(document, "", msg_shapes, MSG_COUNT);
    expect_shapes(document, "Part ", part_shapes, PART_COUNT);
    expect_shapes(document, "Record ", rec_shapes, REC_COUNT);
    expect_shapes(document, "Frame ", frame_shapes, FRAME_COUNT);
    for (unsigned i = 0; i < QUERY_COUNT; i++)
        expect_shapes(document, "", &query_infos[i].shape, 1);
    for (unsigned i = 0; i < VIEW_COUNT; i++)
        expect_shapes(document, "View ", &view_infos[i].shape, 1);
    for (unsigned i = 0; i < transition_count; i++)
        assert_non_null(strstr(document, transitions[i].because));
    buf_free(&b);
}

/* What a letter's link says can be said. */
static void test_links_say_messages(void **state) {
    static const char *const messages[] = {
#define LETTER_LINK(name, message, kind, value, days, doc) message,
#include "proto/links.def"
#undef LETTER_LINK
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        enum msg_type type;
        if (strcmp(messages[i], "query") == 0) /* the one that only lets look */
            continue;
        if (msg_find(text_of(messages[i]), &type) != 0)
            fail_msg("no such message: %s", messages[i]);
        assert_true(msg_shapes[type].speakers & FRONTEND);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_example_decodes),
        cmocka_unit_test(test_everything_is_described),
        cmocka_unit_test(test_links_say_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
