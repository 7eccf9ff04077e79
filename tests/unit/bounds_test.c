/* What 64 KiB of anything may cost those who read what is common to all, and the front door. */
/* service: intake */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config.h"
#include "common/json.h"
#include "common/pack.h"
#include "common/template.h"
#include "proto/settings.h"
#include "services/intake/door.h"
#include "tests/harness/bounds.h"

static void read_door(void *ctx, struct bytes in) {
    const struct door_who who = {.owner = TEXT_LIT("office")};
    door_read(ctx, &who, in);
}

static void test_door(void **state) {
    static struct door_reading reading;
    (void)state;
    door_init(&reading);
    bounds_hold("front door", read_door, &reading,
                "\x84\xa1v\x01\xa2id\xa1x\xa4type\xafperson.register\xa4"
                "body\0\x84\xa1v\x01\xa2id\xa1x\xa4type\xaa"
                "note.write\xa4"
                "body\x81\xa4text\xda\xff\xff\0\xdc\1\1\0",
                NULL);
    door_free(&reading);
}

static void read_shapes(void *ctx, struct bytes in) {
    union any_msg msg;
    union any_frame frame;
    enum frame_type type;
    struct complaint complaint;
    (void)ctx;
    for (unsigned i = 0; i < MSG_COUNT; i += 8)
        (void)!codec_decode(&msg_shapes[i], CODEC_STRICT, in, &msg, &complaint);
    (void)!frame_decode(in, &type, &frame);
    (void)pack_is_one(in, PACK_DEPTH);
}

static void test_codec(void **state) {
    (void)state;
    bounds_hold("codec", read_shapes, NULL,
                "\x82\xa7meeting\xa1m\xa7"
                "entries\xdc\1\1\0\xdf\0",
                NULL);
}

static void read_json(void *ctx, struct bytes in) {
    char error[JSON_ERROR_TEXT];
    struct buf to;
    (void)ctx;
    buf_init(&to, 1 << 20);
    (void)!json_to_pack((struct text){(const char *)in.p, in.n}, &to, error);
    buf_clear(&to);
    (void)!json_from_pack(in, &to);
    buf_free(&to);
}

static void test_json(void **state) {
    (void)state;
    bounds_hold("JSON", read_json, NULL, "[\0{\"v\":1,\"id\":\"x\",\"body\":{\"a\":\"\0{\"a\":[\0",
                "1,\0\"a\",\0{},\0");
}

static void read_settings(void *ctx, struct bytes in) {
    char path[64];
    const int *file = ctx;
    struct config_row rows[] = {{"a", CONFIG_LIST, 0, "", 0, 0, "A."}};
    struct config_list a;
    struct buf error;
    snprintf(path, sizeof path, "/proc/self/fd/%d", *file);
    must(ftruncate(*file, 0) == 0 && pwrite(*file, in.p, in.n, 0) == (ssize_t)in.n);
    buf_init(&error, 1 << 20);
    if (config_read(path, rows, COUNT_OF(rows), &a, &error) == 0)
        config_free(rows, COUNT_OF(rows), &a);
    buf_free(&error);
}

static void test_config(void **state) {
    int file = memfd_create("config", MFD_CLOEXEC);
    (void)state;
    assert_true(file >= 0);
    bounds_hold("settings", read_settings, &file, "a = {\0a = \"\0", "\"a\", \0a = {\"b\"}\n\0");
    close(file);
}

static int value_of(void *ctx, const struct template_scope *scope, struct text name,
                    struct template_value *ret) {
    (void)ctx;
    (void)scope;
    *ret = name.p[0] == 'a' ? (struct template_value){.kind = TEMPLATE_LIST, .count = 50}
                            : (struct template_value){.kind = TEMPLATE_TEXT, .text = name};
    return 0;
}

/* As much longer as an escape makes a text. */
static void escape(struct buf *to, struct text text) {
    for (size_t i = 0; i < text.n; i++) {
        buf_char(to, '\\');
        buf_char(to, text.p[i]);
    }
}

static void read_template(void *ctx, struct bytes in) {
    struct template *template = NULL;
    struct template_error error;
    struct buf to;
    (void)ctx;
    buf_init(&to, 256 * 1024);
    if (template_parse(&template, (struct text){(const char *)in.p, in.n}, NULL, NULL, &error) == 0)
        (void)!template_render(template, value_of, NULL, escape, &to, &error);
    template_free(&template);
    buf_free(&to);
}

static void test_template(void **state) {
    (void)state;
    bounds_hold("template", read_template, NULL, "{{#a}}\0{{#a}}{{#a}}{{#a}}{{#a}}\0",
                "{{b}}\0{{#a}}{{b}}{{/a}}\0{{#a}}{{#a}}{{#a}}b{{/a}}{{/a}}{{/a}}\0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_door),   cmocka_unit_test(test_codec),    cmocka_unit_test(test_json),
        cmocka_unit_test(test_config), cmocka_unit_test(test_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
