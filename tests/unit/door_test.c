/* What the front door makes of a frame: who may say what, and what is wrong, by code and field. */
/* service: intake */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/json.h"
#include "common/pack.h"
#include "services/intake/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct door_reading reading;
static struct buf frame;

static const struct door_who office = {.owner = {"office", 6}};
static const struct door_who unknown = {.is_unknown = true};

static void read_json(const struct door_who *who, const char *json) {
    char error[JSON_ERROR_TEXT];
    buf_clear(&frame);
    assert_int_equal(json_to_pack(text_of(json), &frame, error), 0);
    door_read(&reading, who, buf_as_bytes(&frame));
}

static void expect(const char *json, const char *id, const char *code, const char *field) {
    const struct door_item *item = &reading.items[0];
    assert_int_equal(reading.count, 1);
    if (item->is_good != (code == NULL) || !text_is(item->id, id) ||
        (code &&
         (strcmp(item->complaint.code, code) != 0 || strcmp(item->complaint.field, field) != 0)))
        fail_msg("%s: id '%.*s' code %s field '%s' (%s)", json, TEXT_ARGS(item->id),
                 item->is_good ? "none" : item->complaint.code, item->complaint.field,
                 item->complaint.text);
    if (code)
        assert_true(item->complaint.text[0] != '\0');
}

#define BODY "\"body\":{\"person\":\"p-1\",\"purpose\":\"news\",\"text_version\":\"2\"}"
#define HEAD "\"v\":1,\"id\":\"a\",\"type\":\"consent.give\""
#define LONG "0123456789012345678901234567890123456789012345678901234567890123"

static void single_requests(void **state) {
    (void)state;
    static const struct {
        const char *json, *id, *code, *field;
    } rows[] = {
        {"{" HEAD "," BODY "}", "a", NULL, NULL},
        {"{" BODY "," HEAD ",\"wait\":\"accepted\"}", "a", NULL, NULL},
        {"{\"v\":1,\"id\":\"" LONG "\",\"type\":\"consent.give\"," BODY "}", LONG, NULL, NULL},
        {"{\"v\":1,\"id\":\"Åse 1/2\",\"type\":\"consent.give\"," BODY "}", "Åse 1/2", NULL, NULL},
        {"7", "", "malformed", ""},
        {"\"x\"", "", "malformed", ""},
        {"null", "", "malformed", ""},
        {"{}", "", "missing", "v"},
        {"{\"v\":1}", "", "missing", "id"},
        {"{\"v\":1,\"id\":\"a\"}", "a", "missing", "type"},
        {"{" HEAD "}", "a", "missing", "body"},
        {"{\"id\":\"a\",\"type\":\"consent.give\"," BODY "}", "a", "missing", "v"},
        {"{\"v\":2,\"id\":\"a\",\"type\":\"consent.give\"," BODY "}", "a", "bad-value", "v"},
        {"{\"v\":\"1\",\"id\":\"a\",\"type\":\"consent.give\"," BODY "}", "a", "bad-value", "v"},
        {"{\"v\":1,\"id\":7,\"type\":\"consent.give\"," BODY "}", "", "bad-value", "id"},
        {"{\"v\":1,\"id\":\"\",\"type\":\"consent.give\"," BODY "}", "", "bad-value", "id"},
        {"{\"v\":1,\"id\":\"a\\nb\",\"type\":\"consent.give\"," BODY "}", "", "bad-value", "id"},
        {"{\"v\":1,\"id\":\"" LONG "x\",\"type\":\"consent.give\"," BODY "}", "", "too-long", "id"},
        {"{\"v\":1,\"id\":\"a\",\"type\":true," BODY "}", "a", "bad-value", "type"},
        {"{\"v\":1,\"id\":\"a\",\"type\":\"consent.take\"," BODY "}", "a", "unknown-type", "type"},
        {"{" HEAD ",\"body\":[]}", "a", "bad-value", "body"},
        {"{" HEAD "," BODY ",\"wait\":\"applied\"}", "a", "bad-value", "wait"},
        {"{" HEAD "," BODY ",\"wait\":true}", "a", "bad-value", "wait"},
        {"{" HEAD "," BODY ",\"owner\":\"x\"}", "a", "unknown-field", "owner"},
        {"{" HEAD "," BODY ",\"\\u001b[\":\"x\"}", "a", "unknown-field", ""},
        {"{" HEAD "," BODY ",\"wait\":null}", "a", NULL, NULL},
        {"{" HEAD ",\"body\":null}", "a", "missing", "body"},
        {"{\"v\":3,\"x\":[{\"y\":1}]," BODY ",\"id\":\"late\"}", "late", "bad-value", "v"},
        {"{" HEAD ",\"body\":{}}", "a", "missing", "person"},
        {"{" HEAD ",\"body\":{\"person\":\"P 1\",\"purpose\":\"n\",\"text_version\":\"1\"}}", "a",
         "bad-value", "person"},
        {"{" HEAD ",\"body\":{\"person\":\"p\",\"purpose\":\"n\",\"text_version\":1}}", "a",
         "bad-value", "text_version"},
        {"{" HEAD ",\"body\":{\"person\":\"p\",\"purpose\":\"n\",\"text_version\":\"" LONG "x\"}}",
         "a", "too-long", "text_version"},
        {"{" HEAD ",\"body\":{\"person\":\"p\",\"purpose\":\"n\",\"text_versoin\":\"1\"}}", "a",
         "unknown-field", "text_versoin"},
    };
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        read_json(&office, rows[i].json);
        assert_false(reading.is_array);
        expect(rows[i].json, rows[i].id, rows[i].code, rows[i].field);
    }
    read_json(&office, "{" HEAD "," BODY ",\"wait\":\"accepted\"}");
    assert_true(reading.items[0].early);
    assert_int_equal(reading.items[0].msg, MSG_CONSENT_GIVE);
}

static void broken_bytes(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *id;
    } rows[] = {
        {"\xc1", 1, ""},
        {"\xdf\xff\xff\xff\xff", 5, ""},
        {"\xdd\xff\xff\xff\xff", 5, ""},
        {"\x82\xa1v\x01\xa2id", 7, ""},
        {"\x81\xa2id\xa1"
         "a\x00",
         7, "a"}, /* something after it */
        {"\x82\xa2id\xa1"
         "a\xa4"
         "body\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00",
         20, "a"}, /* a float: the id is saved */
        {"\x82\xa2id\xa1\xff\xa1x\xcb", 9, ""},
        {"\x81\xa2id\xa5"
         "a",
         6, ""},
        {"\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x90", 11, ""},
    };
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        char what[16];
        snprintf(what, sizeof what, "row %u", i);
        door_read(&reading, &office, (struct bytes){rows[i].bytes, rows[i].n});
        expect(what, rows[i].id, "malformed", "");
    }
    /* A key twice: nothing is the last or the first one. */
    buf_clear(&frame);
    pack_map(&frame, 2);
    for (int i = 0; i < 2; i++) {
        pack_str(&frame, "id");
        pack_str(&frame, "a");
    }
    door_read(&reading, &office, buf_as_bytes(&frame));
    expect("twice", "a", "bad-value", "id");
}

static void sizes(void **state) {
    (void)state;
    static char big[DOOR_REQUEST_BYTES + 100];
    memset(big, 'x', sizeof big);
    buf_clear(&frame);
    pack_map(&frame, 4);
    pack_str(&frame, "v");
    pack_int(&frame, 1);
    pack_str(&frame, "id");
    pack_str(&frame, "big");
    pack_str(&frame, "type");
    pack_str(&frame, "consent.give");
    pack_str(&frame, "body");
    pack_map(&frame, 1);
    pack_str(&frame, "person");
    pack_text(&frame, (struct text){big, sizeof big});
    door_read(&reading, &office, buf_as_bytes(&frame));
    expect("big", "big", "too-large", "");
    buf_clear(&frame);
    pack_array(&frame, DOOR_REQUESTS + 1);
    for (unsigned i = 0; i <= DOOR_REQUESTS; i++)
        pack_map(&frame, 0);
    door_read(&reading, &office, buf_as_bytes(&frame));
    assert_false(reading.is_array);
    expect("many", "", "too-large", "");
}

static void arrays(void **state) {
    (void)state;
    read_json(&office, "[]");
    assert_true(reading.is_array);
    assert_int_equal(reading.count, 0);
    read_json(&office,
              "[{" HEAD "," BODY "},7,{\"v\":1,\"id\":\"b\"},{\"v\":1,\"id\":\"c\",\"type\":"
              "\"poll.answer\",\"body\":{\"option\":\"o\",\"poll\":\"p\",\"person\":\"q\"}}]");
    assert_true(reading.is_array);
    assert_int_equal(reading.count, 4);
    assert_true(reading.items[0].is_good && reading.items[3].is_good);
    assert_string_equal(reading.items[1].complaint.code, "malformed");
    assert_string_equal(reading.items[2].complaint.field, "type");
    union any_msg msg;
    struct complaint complaint;
    assert_int_equal(codec_decode(&msg_shapes[MSG_POLL_ANSWER], CODEC_STRICT, reading.items[3].body,
                                  &msg, &complaint),
                     0);
    assert_true(text_is(msg.poll_answer.person, "q"));
}

static void equal_bodies_are_equal_bytes(void **state) {
    (void)state;
    read_json(&office,
              "[{" HEAD "," BODY "},{" HEAD ",\"body\":{\"text_version\":\"2\",\"purpose\":"
              "\"news\",\"person\":\"p-1\"}}]");
    assert_true(reading.items[0].is_good && reading.items[1].is_good);
    assert_true(bytes_eq(reading.items[0].body, reading.items[1].body));
}

static void who_may_say_what(void **state) {
    (void)state;
    static struct key_client client = {.owner = "web"};
    const struct door_who web = {.owner = TEXT_LIT("web"), .client = &client};
    static const char pause[] =
        "{\"v\":1,\"id\":\"a\",\"type\":\"sending.pause\",\"body\":{\"reason\":\"r\"}}";
    static const char give[] = "{" HEAD "," BODY "}";
    memset(client.may, 0, sizeof client.may);
    client.may[MSG_CONSENT_GIVE] = true;
    read_json(&web, give);
    expect(give, "a", NULL, NULL);
    read_json(&web, pause);
    expect(pause, "a", "not-allowed", "type");
    read_json(&office, pause);
    expect(pause, "a", NULL, NULL);
    read_json(&unknown, give);
    expect(give, "a", "not-allowed", "");
}

static int begin(void **state) {
    (void)state;
    door_init(&reading);
    buf_init(&frame, 2 * DOOR_FRAME_BYTES);
    return 0;
}

static int end(void **state) {
    (void)state;
    door_free(&reading);
    buf_free(&frame);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_requests),
        cmocka_unit_test(broken_bytes),
        cmocka_unit_test(sizes),
        cmocka_unit_test(arrays),
        cmocka_unit_test(who_may_say_what),
        cmocka_unit_test(equal_bodies_are_equal_bytes),
    };
    return cmocka_run_group_tests_name("door", tests, begin, end);
}
