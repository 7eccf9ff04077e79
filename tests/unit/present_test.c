#include "proto/present.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"

#define MOMENT ((instant)1653375600000) /* 2022-05-24T09:00:00+02:00 */

static const struct zone *copenhagen(void) {
    const struct zone *zone = NULL;

    assert_int_equal(zone_find(TEXT_LIT("Europe/Copenhagen"), &zone), 0);
    return zone;
}

static void expect_json(enum rec_type type, const void *from, enum present_raw raw,
                        const char *expected) {
    struct buf b;

    buf_init(&b, 1 << 16);
    present_json(&rec_shapes[type], from, copenhagen(), raw, &b);
    assert_string_equal(buf_cstr(&b), expected);
    buf_free(&b);
}

static void expect_field(enum rec_type type, const void *from, const char *name,
                         const char *expected) {
    struct buf b;

    buf_init(&b, 1 << 16);
    assert_int_equal(
        present_field(&rec_shapes[type], from, text_of(name), TEXT_LIT("sv"), copenhagen(), &b), 0);
    assert_string_equal(buf_cstr(&b), expected);
    buf_free(&b);
}

static void test_poll(void **state) {
    struct part_option option = {
        .option = TEXT_LIT("june"),
        .text = {.da = TEXT_LIT("I juni"), .sv = TEXT_LIT("I juni, helst")}};
    struct rec_poll poll = {.poll = TEXT_LIT("when"),
                            .state = TEXT_LIT("open"),
                            .network = TEXT_LIT("furniture"),
                            .zone = TEXT_LIT("Europe/Copenhagen"),
                            .question = {.any = TEXT_LIT("\"When\"\nnext?")},
                            .audience = TEXT_LIT("members"),
                            .closes = TEXT_LIT("2022-06-01T12:00"),
                            .opened = MOMENT};
    struct buf options, votes;

    (void)state;
    buf_init(&options, 1000);
    buf_init(&votes, 1000);
    codec_add_part(&options, PART_option, &option);
    poll.options = codec_list(&options, 0, 1);
    codec_add_text(&votes, TEXT_LIT("june"));
    codec_add_int(&votes, 4);
    codec_add_text(&votes, TEXT_LIT("may"));
    codec_add_int(&votes, 2);
    poll.votes = codec_list(&votes, 0, 2);
    expect_json(REC_POLL, &poll, PRESENT_NO_RAW,
                "{\"poll\":\"when\",\"state\":\"open\",\"network\":\"furniture\","
                "\"zone\":\"Europe/Copenhagen\",\"question\":\"\\\"When\\\"\\nnext?\","
                "\"options\":[{\"option\":\"june\",\"text\":{\"da\":\"I juni\",\"sv\":\"I juni, "
                "helst\"}}],\"audience\":\"members\",\"closes\":\"2022-06-01T12:00\","
                "\"opened\":\"2022-05-24T09:00:00+02:00\",\"votes\":{\"june\":4,\"may\":2}}");
    expect_field(REC_POLL, &poll, "question", "\"When\" next?");
    expect_field(REC_POLL, &poll, "options", "june I juni, helst");
    expect_field(REC_POLL, &poll, "votes", "june 4, may 2");
    expect_field(REC_POLL, &poll, "opened", "2022-05-24T09:00");
    expect_field(REC_POLL, &poll, "closes", "2022-06-01T12:00");
    expect_field(REC_POLL, &poll, "closed", "");
    buf_free(&options);
    buf_free(&votes);
}

static void test_lists_and_truths(void **state) {
    struct rec_person person = {.person = TEXT_LIT("p"),
                                .state = TEXT_LIT("active"),
                                .language = TEXT_LIT("da"),
                                .restricted = true};
    struct buf items, b;

    (void)state;
    buf_init(&items, 1000);
    codec_add_text(&items, TEXT_LIT("a"));
    codec_add_text(&items, TEXT_LIT("b"));
    person.functions = codec_list(&items, 0, 2);
    person.organisations = codec_list(&items, items.n, 0);
    expect_json(REC_PERSON, &person, PRESENT_NO_RAW,
                "{\"person\":\"p\",\"state\":\"active\",\"language\":\"da\",\"organisations\":[],"
                "\"functions\":[\"a\",\"b\"],\"restricted\":true}");
    expect_field(REC_PERSON, &person, "functions", "a, b");
    expect_field(REC_PERSON, &person, "restricted", "yes");
    expect_field(REC_PERSON, &person, "protected", "");
    buf_init(&b, 10);
    assert_int_equal(
        present_field(&rec_shapes[REC_PERSON], &person, TEXT_LIT("shoe_size"), TEXT_NONE, NULL, &b),
        -ENOENT);
    buf_free(&b);
    buf_free(&items);
}

static void test_records_inside(void **state) {
    struct rec_group_member member = {
        .group = TEXT_LIT("g"), .person = TEXT_LIT("p"), .joined = MOMENT};
    struct rec_event event = {.owner = TEXT_LIT("web"),
                              .id = TEXT_LIT("1"),
                              .type = TEXT_LIT("group.add"),
                              .received = MOMENT};
    struct rec_case inside = {.case_ = TEXT_LIT("c"),
                              .state = TEXT_LIT("open"),
                              .network = TEXT_LIT("n"),
                              .zone = TEXT_LIT("Europe/Copenhagen"),
                              .person = TEXT_LIT("p"),
                              .requested = MOMENT};
    struct rec_occasion occasion = {0};
    struct buf body, b;

    (void)state;
    buf_init(&body, 1000);
    codec_encode(&rec_shapes[REC_GROUP_MEMBER], &member, &body);
    event.body = buf_as_bytes(&body);
    expect_json(REC_EVENT, &event, PRESENT_NO_RAW,
                "{\"owner\":\"web\",\"id\":\"1\",\"type\":\"group.add\","
                "\"received\":\"2022-05-24T09:00:00+02:00\"}");
    expect_json(REC_EVENT, &event, PRESENT_RAW,
                "{\"owner\":\"web\",\"id\":\"1\",\"type\":\"group.add\","
                "\"received\":\"2022-05-24T09:00:00+02:00\",\"body\":{\"group\":\"g\","
                "\"person\":\"p\",\"joined\":1653375600000}}");
    event.body = (struct bytes){"\xc1", 1};
    expect_json(REC_EVENT, &event, PRESENT_RAW,
                "{\"owner\":\"web\",\"id\":\"1\",\"type\":\"group.add\","
                "\"received\":\"2022-05-24T09:00:00+02:00\",\"body\":\"wQ\"}");
    buf_clear(&body);
    codec_encode(&rec_shapes[REC_CASE], &inside, &body);
    occasion.case_ = buf_as_bytes(&body);
    buf_init(&b, 1 << 16);
    present_json(&rec_shapes[REC_OCCASION], &occasion, copenhagen(), PRESENT_RAW, &b);
    assert_non_null(strstr(buf_cstr(&b), "\"case\":{\"case\":\"c\",\"state\":\"open\""));
    assert_non_null(strstr(buf_cstr(&b), "\"requested\":\"2022-05-24T09:00:00+02:00\""));
    buf_free(&b);
    buf_free(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll),
        cmocka_unit_test(test_lists_and_truths),
        cmocka_unit_test(test_records_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
