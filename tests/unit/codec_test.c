/* Every row of every shape, at its limits and beyond them; and what random bytes do. */
#include "proto/codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/harness/draw.h"

#define BODY_BYTES ((size_t)8 << 20)
#define ROUNDS 100000

union any_struct {
    union any_msg msg;
    union any_frame frame;
#include "proto/rows_none.inc"
#define RECORD(NAME, name, doc) struct rec_##name of_##name;
#include "proto/records.def"
#include "proto/rows_end.inc"
#include "proto/rows_none.inc"
#define PART(name, doc) struct part_##name name;
#include "proto/parts.def"
#include "proto/rows_end.inc"
};

static const struct {
    const struct shape *shapes;
    unsigned count;
    enum codec_mode mode;
} families[] = {
    {msg_shapes, MSG_COUNT, CODEC_STRICT},
    {part_shapes, PART_COUNT, CODEC_STRICT},
    {rec_shapes, REC_COUNT, CODEC_LENIENT},
    {frame_shapes, FRAME_COUNT, CODEC_LENIENT},
};

/* How the value of a field is made. */
enum variant {
    USUAL,
    MOST,      /* at its limit */
    PAST,      /* one past it */
    BELOW,     /* one below the other limit */
    ITEM_PAST, /* an item one past its limit */
    NO_SUCH,   /* of its kind, but nothing that is */
    WRONG,     /* of another kind */
    NIL,
    ABSENT,
    TWICE,
    VARIANTS
};

static void write_body(const struct shape *shape, const struct field *special, enum variant how,
                       struct buf *to);

static void write_fill(struct buf *to, const char *head, char fill, size_t n) {
    char *p = malloc(n + 1);

    memset(p, fill, n + 1);
    memcpy(p, head, strlen(head) < n ? strlen(head) : n);
    pack_text(to, (struct text){p, n});
    free(p);
}

static void write_address(struct buf *to, size_t n) {
    char address[300];

    memset(address, 'a', sizeof address);
    address[64] = '@';
    for (size_t i = 65 + 50; i < n - 1; i += 51)
        address[i] = '.';
    pack_text(to, (struct text){address, n});
}

static void write_text(enum field_kind kind, size_t most, const char *choices, enum variant how,
                       struct buf *to) {
    size_t n = how == MOST ? most : most + 1;
    const char *last = choices ? strrchr(choices, '|') : NULL;

    if (kind == FIELD_WORD && how == USUAL)
        pack_text(to, (struct text){choices, strcspn(choices, "|")});
    else if (kind == FIELD_WORD)
        pack_str(to, how == MOST ? (last ? last + 1 : choices) : "no-such-word");
    else if (kind == FIELD_WALL)
        pack_str(to, how == USUAL  ? "2022-05-24T09:00"
                     : how == MOST ? "2200-12-31T23:59"
                                   : "2022-02-30T09:00");
    else if (kind == FIELD_DATE)
        pack_str(to, how == USUAL ? "2022-05-24" : how == MOST ? "2200-12-31" : "2022-5-24");
    else if (kind == FIELD_ADDRESS && (how == USUAL || how == NO_SUCH))
        pack_str(to, how == USUAL ? "anna@city.example" : "anna city.example");
    else if (kind == FIELD_ADDRESS)
        write_address(to, n);
    else if (kind == FIELD_LINK && (how == USUAL || how == NO_SUCH))
        pack_str(to, how == USUAL ? "https://a.example/x?y=1" : "http://a.example/");
    else if (how == USUAL)
        pack_str(to, "a");
    else if (how == NO_SUCH)
        pack_str(to, kind == FIELD_ID ? "A" : "\x1b");
    else
        write_fill(to, kind == FIELD_LINK ? "https://" : "", 'a', n);
}

static void write_list(const struct field *f, enum variant how, struct buf *to) {
    uint32_t n = how == MOST ? (uint32_t)f->max : how == PAST ? (uint32_t)f->max + 1 : 1;
    enum variant item = how == ITEM_PAST ? PAST : how == MOST ? MOST : USUAL;

    if (f->kind == FIELD_MAP)
        pack_map(to, n);
    else
        pack_array(to, n);
    for (uint32_t i = 0; i < n; i++) {
        if (f->kind == FIELD_MAP)
            pack_str(to, "key");
        if (f->kind == FIELD_ROWS)
            write_body(f->part, how == ITEM_PAST ? f->part->fields() : NULL, item, to);
        else if (f->item == FIELD_INT) /* past the largest there is comes the smallest */
            pack_int(to, item == USUAL  ? 0
                         : item == MOST ? f->item_max
                                        : (int64_t)((uint64_t)f->item_max + 1));
        else
            write_text(f->item, (size_t)f->item_max, NULL, item, to);
    }
}

static void write_texts(const struct field *f, enum variant how, struct buf *to) {
    if (how == USUAL) {
        pack_str(to, "a");
        return;
    }
    pack_map(to, how == MOST ? 3 : 1);
    for (unsigned i = 0; i < (how == MOST ? 3 : 1); i++) {
        pack_str(to, how == NO_SUCH ? "de" : i == 0 ? "en" : i == 1 ? "da" : "sv");
        write_text(FIELD_TEXT, (size_t)f->max, NULL, how == NO_SUCH ? USUAL : how, to);
    }
}

static void write_int(const struct field *f, enum variant how, struct buf *to) {
    if (how == PAST && f->max == INT64_MAX)
        pack_raw(to, (struct bytes){"\xcf\x80\0\0\0\0\0\0\0", 9});
    else
        pack_int(to, how == USUAL   ? f->min + (f->min < f->max)
                     : how == MOST  ? f->max
                     : how == BELOW ? f->min - 1
                                    : f->max + 1);
}

static void write_value(const struct field *f, enum variant how, struct buf *to) {
    if (how == NIL) {
        pack_nil(to);
        return;
    }
    if (how == WRONG) {
        pack_raw(to, f->kind == FIELD_BOOL ? (struct bytes){"\x01", 1} : (struct bytes){"\xc3", 1});
        return;
    }
    switch (f->kind) {
    case FIELD_INT:
        write_int(f, how, to);
        break;
    case FIELD_BOOL:
        pack_bool(to, true);
        break;
    case FIELD_INSTANT:
        if (how == NO_SUCH)
            pack_str(to, "2022-05-24T09:00:00");
        else
            pack_int(to, how == USUAL ? 1 : how == BELOW ? -1 : 7289654400000 - (how == MOST));
        break;
    case FIELD_TEXTS:
        write_texts(f, how, to);
        break;
    case FIELD_LIST:
    case FIELD_MAP:
    case FIELD_ROWS:
        write_list(f, how, to);
        break;
    case FIELD_RAW:
        if (how == USUAL) {
            pack_bytes(to, (struct bytes){"\x80", 1});
        } else {
            size_t n = (size_t)f->max + (how == PAST);
            void *p = calloc(1, n);
            pack_bytes(to, (struct bytes){p, n});
            free(p);
        }
        break;
    default:
        write_text(f->kind, (size_t)f->max, f->choices, how, to);
    }
}

/* A map of all fields of a shape, `special` made as `how` says (NULL: all of them). */
static void write_body(const struct shape *shape, const struct field *special, enum variant how,
                       struct buf *to) {
    uint32_t count = 0;

    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++)
        count++;
    pack_map(to, count + (how == TWICE) - (how == ABSENT));
    for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++) {
        bool is_special = f == special || !special;
        if (how == ABSENT && is_special)
            continue;
        for (int i = 0; i < (how == TWICE && is_special ? 2 : 1); i++) {
            pack_text(to, field_name(f));
            write_value(f, is_special && how != TWICE ? how : USUAL, to);
        }
    }
}

/* Whether that variant of the field is past a limit, and the code then. */
static const char *expected_code(const struct field *f, enum variant how) {
    bool is_text = f->kind == FIELD_ID || f->kind == FIELD_TEXT || f->kind == FIELD_ADDRESS ||
                   f->kind == FIELD_LINK || f->kind == FIELD_TEXTS;
    bool is_list = f->kind == FIELD_LIST || f->kind == FIELD_MAP || f->kind == FIELD_ROWS;

    switch (how) {
    case PAST:
        return is_text || is_list || f->kind == FIELD_RAW ? "too-long"
               : f->kind == FIELD_BOOL                    ? NULL
                                                          : "bad-value";
    case BELOW:
        return (f->kind == FIELD_INT && f->min > INT64_MIN) || f->kind == FIELD_INSTANT
                   ? "bad-value"
                   : NULL;
    case ITEM_PAST:
        return !is_list ? NULL : f->kind != FIELD_ROWS && f->item == FIELD_INT ? "bad-value" : "*";
    case NO_SUCH:
        return is_list || f->kind == FIELD_INT || f->kind == FIELD_BOOL || f->kind == FIELD_RAW
                   ? NULL
                   : "bad-value";
    case WRONG:
    case TWICE:
        return "bad-value";
    case NIL:
    case ABSENT:
        return f->required ? "missing" : NULL;
    default:
        return NULL;
    }
}

/* Variants that mean nothing for a kind are not written. */
static bool is_meant(const struct field *f, enum variant how) {
    if (how == PAST || how == BELOW || how == ITEM_PAST || how == NO_SUCH)
        return expected_code(f, how) != NULL;
    return true;
}

static void check_same(const struct shape *shape, enum codec_mode mode, const void *decoded) {
    struct buf first, second;
    union any_struct again, followed;

    buf_init(&first, BODY_BYTES);
    buf_init(&second, BODY_BYTES);
    codec_encode(shape, decoded, &first);
    assert_int_equal(codec_decode(shape, mode, buf_as_bytes(&first), &again, NULL), 0);
    codec_follow(shape, decoded, buf_as_bytes(&first), &followed);
    assert_memory_equal(&followed, &again, shape->size);
    codec_encode(shape, &again, &second);
    assert_true(bytes_eq(buf_as_bytes(&first), buf_as_bytes(&second)));
    assert_false(first.over);
    buf_free(&first);
    buf_free(&second);
}

static void check_field(const struct shape *shape, enum codec_mode mode, const struct field *f,
                        enum variant how) {
    const char *code = expected_code(f, how);
    struct complaint c = {"", "", ""};
    char name[64];
    union any_struct decoded;
    struct buf body;
    int err;

    buf_init(&body, BODY_BYTES);
    write_body(shape, f, how, &body);
    assert_false(body.over);
    err = codec_decode(shape, mode, buf_as_bytes(&body), &decoded, &c);
    if ((err == 0) != (code == NULL))
        fail_msg("%s.%s, variant %d: %d, %s: %s", shape->name, f->name, how, err, c.field, c.text);
    if (code) {
        assert_int_equal(text_copy(field_name(f), name, sizeof name), 0);
        if ((code[0] != '*' && strcmp(c.code, code) != 0) || !text_starts(text_of(c.field), name))
            fail_msg("%s.%s, variant %d: %s, %s: %s", shape->name, f->name, how, c.code, c.field,
                     c.text);
        assert_true(strlen(c.text) > 8);
    } else {
        check_same(shape, mode, &decoded);
    }
    buf_free(&body);
}

static void test_every_row_of_every_shape(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++)
        for (unsigned s = 0; s < families[i].count; s++) {
            const struct shape *shape = &families[i].shapes[s];
            for (const struct field *f = shape->fields(); f->kind != FIELD_END; f++)
                for (enum variant how = USUAL; how < VARIANTS; how++)
                    if (is_meant(f, how)) {
                        check_field(shape, CODEC_STRICT, f, how);
                        check_field(shape, CODEC_LENIENT, f, how);
                    }
        }
}

static void test_unknown_fields(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++)
        for (unsigned s = 0; s < families[i].count; s++) {
            const struct shape *shape = &families[i].shapes[s];
            union any_struct decoded;
            struct complaint c;
            struct pack_reader r;
            struct buf body, more;
            uint32_t count;
            buf_init(&body, BODY_BYTES);
            buf_init(&more, BODY_BYTES);
            write_body(shape, NULL, USUAL, &body);
            r = pack_read(buf_as_bytes(&body));
            assert_true(pack_read_map(&r, &count));
            pack_map(&more, count + 1);
            pack_str(&more, "meetinng\x1b");
            pack_raw(&more, (struct bytes){"\x81\xa1k\x92\x01\x02", 6});
            pack_raw(&more, (struct bytes){r.p, (size_t)(r.end - r.p)});
            assert_int_equal(
                codec_decode(shape, CODEC_LENIENT, buf_as_bytes(&more), &decoded, NULL), 0);
            assert_int_equal(codec_decode(shape, CODEC_STRICT, buf_as_bytes(&more), &decoded, &c),
                             -EBADMSG);
            assert_string_equal(c.code, "unknown-field");
            assert_string_equal(c.field, "meetinng?");
            buf_free(&body);
            buf_free(&more);
        }
}

/* Whatever comes in: what is taken can be said again, and is the same then. */
static void test_mutated(void **state) {
    unsigned seed = (unsigned)draw_number("SEED", (unsigned long)time(NULL));
    unsigned taken = 0;
    struct buf b;

    (void)state;
    printf("seed: SEED=%u\n", seed);
    srandom(seed);
    buf_init(&b, BODY_BYTES);
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t family = (size_t)random() % COUNT_OF(families);
        const struct shape *shape =
            &families[family].shapes[(unsigned)random() % families[family].count];
        union any_struct decoded;
        buf_clear(&b);
        write_body(shape, NULL, USUAL, &b);
        for (long n = random() % 3; n > 0; n--)
            b.p[(size_t)random() % b.n] = (char)random();
        if (codec_decode(shape, families[family].mode, buf_as_bytes(&b), &decoded, NULL) == 0) {
            check_same(shape, families[family].mode, &decoded);
            taken++;
        }
    }
    assert_in_range(taken, ROUNDS / 10, ROUNDS);
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_every_shape),
        cmocka_unit_test(test_unknown_fields),
        cmocka_unit_test(test_mutated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
