/* What a query is made of, what a frame asks, as whom, and which rows of a small core come back. */
/* service: gateway */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/json.h"
#include "common/pack.h"
#include "proto/visible.h"
#include "services/gateway/cursor.h"
#include "services/gateway/person.h"
#include "services/gateway/asking.h"
#include "tests/harness/folder.h"
#include "tests/harness/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1646125200000) /* 2022-03-01T09:00Z */

static const struct token_key links = {{7}};
static const struct who office = {.client = NULL}, unknown = {.is_unknown = true};
static struct key_client web; /* may ask what is public, and facts */
static struct buf frame, out, json;

/* ---- the rows ---- */

static void views_show_what_records_have(void **state) {
    (void)state;
    for (unsigned i = 0; i < VIEW_COUNT; i++)
        for (const struct field *f = view_infos[i].shape.fields(); f->kind != FIELD_END; f++) {
            const struct field *of = shape_field(view_infos[i].record, field_name(f));
            if (!of || of->kind != f->kind || of->item != f->item || of->part != f->part ||
                of->offset != f->offset)
                fail_msg("view %s shows %s otherwise than %s has it", view_infos[i].shape.name,
                         f->name, view_infos[i].record->name);
            if (f->kind == FIELD_ADDRESS || f->kind == FIELD_RAW)
                fail_msg("view %s shows %s", view_infos[i].shape.name, f->name);
        }
}

static void queries_are_found(void **state) {
    enum query_type found;
    (void)state;
    for (unsigned i = 0; i < QUERY_COUNT; i++) {
        assert_int_equal(query_find(text_of(query_infos[i].shape.name), &found), 0);
        assert_int_equal(found, i);
        if (query_infos[i].count == QUERY_ONE)
            assert_true(query_infos[i].shape.fields()[0].required);
        assert_true(strlen(query_infos[i].shape.name) + sizeof QUERY_RIGHT <= QUERY_RIGHT_MAX);
    }
    assert_int_equal(query_find(TEXT_LIT("meetings"), &found), -ENOENT);
}

static const char *written(enum view_type view, const void *record, struct text language) {
    buf_clear(&out);
    buf_clear(&json);
    query_write(view, record, language, 0, &out);
    assert_int_equal(json_from_pack(buf_as_bytes(&out), &json), 0);
    return buf_cstr(&json);
}

static void rows_are_written_for_people(void **state) {
    const struct rec_preference no = {
        .person = TEXT_LIT("p"), .class = TEXT_LIT("news"), .at = NOW};
    struct rec_poll poll = {.poll = TEXT_LIT("p"),
                            .state = TEXT_LIT("open"),
                            .network = TEXT_LIT("net"),
                            .zone = TEXT_LIT("Europe/Stockholm"),
                            .question = {.sv = TEXT_LIT("Vad?"), .en = TEXT_LIT("What?")},
                            .closes = TEXT_LIT("2022-06-01T12:00")};
    (void)state;
    assert_string_equal(written(VIEW_preference, &no, TEXT_NONE),
                        "{\"class\":\"news\",\"on\":false,\"at\":\"2022-03-01T09:00:00Z\"}");
    assert_string_equal(written(VIEW_poll, &poll, TEXT_NONE),
                        "{\"poll\":\"p\",\"state\":\"open\",\"network\":\"net\","
                        "\"zone\":\"Europe/Stockholm\",\"question\":{\"sv\":\"Vad?\",\"en\":"
                        "\"What?\"},\"options\":[],\"closes\":\"2022-06-01T12:00:00+02:00\"}");
    poll.zone = TEXT_LIT("Nowhere/Land");
    assert_non_null(strstr(written(VIEW_poll, &poll, TEXT_LIT("da")),
                           "\"question\":\"What?\",\"options\":[],\"closes\":"
                           "\"2022-06-01T12:00:00Z\""));
}

static void assessments_are_hidden_until_ones_own_is_in(void **state) {
    const struct rec_programme programme = {.lead = TEXT_LIT("lead")};
    struct rec_assessment own = {.state = TEXT_LIT("asked")};
    (void)state;
    assert_true(visible_assessments(&programme, NULL, TEXT_LIT("lead")));
    assert_false(visible_assessments(&programme, NULL, TEXT_LIT("other")));
    assert_false(visible_assessments(&programme, &own, TEXT_LIT("other")));
    own.state = TEXT_LIT("conflict");
    assert_false(visible_assessments(&programme, &own, TEXT_LIT("other")));
    own.state = TEXT_LIT("submitted");
    assert_true(visible_assessments(&programme, &own, TEXT_LIT("other")));
}

/* ---- requests ---- */

static void read_json(struct request *ret, const struct who *who, const char *text) {
    char error[JSON_ERROR_TEXT];
    buf_clear(&frame);
    assert_int_equal(json_to_pack(text_of(text), &frame, error), 0);
    request_read(ret, who, buf_as_bytes(&frame));
}

#define HEAD "\"v\":1,\"id\":\"a\",\"query\":\"meetings.coming\""
#define BODY "\"body\":{\"network\":\"net\"}"
#define OWN "{\"v\":1,\"id\":\"a\",\"query\":\"registrations.own\",\"body\":{}"

static void requests(void **state) {
    static const struct {
        const char *json, *id, *code, *field;
    } rows[] = {
        {"{" HEAD "," BODY "}", "a", NULL, NULL},
        {"{" HEAD ",\"body\":{},\"limit\":100,\"language\":\"sv\"}", "a", NULL, NULL},
        {"{" HEAD "," BODY ",\"after\":null}", "a", NULL, NULL},
        {"7", "", "malformed", ""},
        {"[]", "", "malformed", ""},
        {"{}", "", "missing", "v"},
        {"{" HEAD "}", "a", "missing", "body"},
        {"{" HEAD ",\"body\":7}", "a", "bad-value", "body"},
        {"{" HEAD "," BODY ",\"limit\":101}", "a", "bad-value", "limit"},
        {"{" HEAD "," BODY ",\"limit\":0}", "a", "bad-value", "limit"},
        {"{" HEAD "," BODY ",\"limit\":\"9\"}", "a", "bad-value", "limit"},
        {"{" HEAD "," BODY ",\"language\":\"fi\"}", "a", "bad-value", "language"},
        {"{" HEAD "," BODY ",\"after\":\"\"}", "a", "bad-value", "after"},
        {"{" HEAD "," BODY ",\"person\":\"P 1\"}", "a", "bad-value", "person"},
        {"{" HEAD "," BODY ",\"sort\":\"x\"}", "a", "unknown-field", "sort"},
        {"{" HEAD ",\"body\":{\"netwrok\":\"net\"}}", "a", "unknown-field", "netwrok"},
        {"{\"x\":[1],\"v\":1,\"id\":\"late\"}", "late", "unknown-field", "x"},
        {"{\"v\":1,\"id\":\"a\",\"query\":\"meetings.all\",\"body\":{}}", "a", "unknown-type",
         "query"},
        {OWN "}", "a", "missing", "token"},
        {OWN ",\"person\":\"p\"}", "a", NULL, NULL},
        {OWN ",\"person\":\"p\",\"token\":\"t\"}", "a", "conflict", "person"},
    };
    struct request r;
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        read_json(&r, &office, rows[i].json);
        if (r.is_good != !rows[i].code || !text_is(r.id, rows[i].id) ||
            (rows[i].code && (strcmp(r.complaint.code, rows[i].code) != 0 ||
                              strcmp(r.complaint.field, rows[i].field) != 0)))
            fail_msg("%s: id '%.*s' code %s field '%s'", rows[i].json, TEXT_ARGS(r.id),
                     r.is_good ? "none" : r.complaint.code, r.complaint.field);
    }
    request_read(&r, &office, (struct bytes){"\xc1", 1});
    assert_string_equal(r.complaint.code, "malformed");
}

static void keys_have_rights(void **state) {
    const struct who by_web = {.client = &web};
    struct request r;
    (void)state;
    read_json(&r, &by_web, "{" HEAD "," BODY "}");
    assert_true(r.is_good);
    read_json(&r, &by_web, OWN ",\"person\":\"p\"}");
    assert_string_equal(r.complaint.code, "not-allowed");
    assert_string_equal(r.complaint.field, "query");
    web.may_ask[QUERY_REGISTRATIONS_OWN] = true;
    read_json(&r, &by_web, OWN ",\"person\":\"p\"}");
    assert_string_equal(r.complaint.field, "person");
    read_json(&r, &by_web, OWN ",\"token\":\"t\"}");
    assert_true(r.is_good);
    web.may_ask_as_person = true;
    read_json(&r, &by_web, OWN ",\"person\":\"p\"}");
    assert_true(r.is_good);
    read_json(&r, &unknown, "{" HEAD "," BODY "}");
    assert_string_equal(r.complaint.code, "not-allowed");
}

static void tokens_say_as_whom(void **state) {
    static const struct {
        enum query_type query;
        const char *purpose;
        instant expiry;
        const char *code;
    } rows[] = {
        {QUERY_REGISTRATIONS_OWN, "query", 0, NULL},
        {QUERY_REGISTRATIONS_OWN, "query", NOW + 1, NULL},
        {QUERY_REGISTRATIONS_OWN, "query", NOW, "too-late"},
        {QUERY_REGISTRATIONS_OWN, "preference.set", 0, "not-allowed"},
        {QUERY_REGISTRATIONS_OWN, "", 0, "not-allowed"},
        {QUERY_PREFERENCES_OWN, "preference.set", 0, NULL},
        {QUERY_PREFERENCES_OWN, "registration.answer", 0, "not-allowed"},
    };
    struct token hold;
    struct text person;
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        char word[TOKEN_MAX];
        struct request r = {.query = rows[i].query};
        assert_int_equal(token_make(&links, text_of(rows[i].purpose), TEXT_NONE, TEXT_LIT("anna"),
                                    TEXT_NONE, rows[i].expiry, word),
                         0);
        r.token = text_of(word);
        int rc = person_find(&r, &links, NOW, &hold, &person);
        assert_int_equal(rc, rows[i].code ? -EBADMSG : 0);
        if (rows[i].code)
            assert_string_equal(r.complaint.code, rows[i].code);
        else
            assert_true(text_is(person, "anna"));
    }
    struct request forged = {.token = TEXT_LIT("AAAA")};
    assert_int_equal(person_find(&forged, &links, NOW, &hold, &person), -EBADMSG);
}

static void cursors_come_back(void **state) {
    char word[CURSOR_TEXT], long_word[CURSOR_TEXT + 4];
    struct key key = {.n = 0}, back;
    (void)state;
    for (unsigned n = 1; n <= STORE_KEY_MAX; n++) {
        key.b[key.n++] = (uint8_t)(n * 37);
        cursor_write(TEXT_LIT("q"), key_bytes(&key), word);
        assert_int_equal(cursor_read(TEXT_LIT("q"), text_of(word), &back), 0);
        assert_true(bytes_eq(key_bytes(&key), key_bytes(&back)));
        assert_int_equal(cursor_read(TEXT_LIT("p"), text_of(word), &back), -EBADMSG);
    }
    memset(long_word, 'A', sizeof long_word);
    for (unsigned n = 0; n <= sizeof long_word; n++)
        assert_int_equal(cursor_read(TEXT_LIT("q"), (struct text){long_word, n}, &back), -EBADMSG);
    assert_int_equal(cursor_read(TEXT_LIT("q"), TEXT_LIT("ab cd=+/"), &back), -EBADMSG);
}

/* ---- a small core ---- */

static struct store *store;
static struct asking asking;

static void put_person(struct txn *txn, const char *id) {
    const struct rec_person p = {
        .person = text_of(id), .state = TEXT_LIT("active"), .language = TEXT_LIT("da")};
    rows_put(txn, TABLE_PERSON, key1(p.person), &p);
}

static void put_assessment(struct txn *txn, const char *person, const char *in_state) {
    const struct rec_assessment s = {.application = TEXT_LIT("ans"),
                                     .person = text_of(person),
                                     .state = text_of(in_state),
                                     .programme = TEXT_LIT("prog"),
                                     .organisation = TEXT_LIT("city"),
                                     .zone = TEXT_LIT("Europe/Copenhagen"),
                                     .due = TEXT_LIT("2022-02-20T12:00"),
                                     .asked = NOW,
                                     .half = NOW};
    rows_put(txn, TABLE_ASSESSMENT, key2(s.application, s.person), &s);
}

static void put_solution(struct txn *txn, const char *id, const char *visibility) {
    const struct rec_solution s = {.solution = text_of(id),
                                   .state = TEXT_LIT("published"),
                                   .programme = TEXT_LIT("prog"),
                                   .organisation = TEXT_LIT("city"),
                                   .zone = TEXT_LIT("Europe/Copenhagen"),
                                   .title = {.any = TEXT_LIT("Lån")},
                                   .text = {.any = TEXT_LIT("Lån en stol")},
                                   .visibility = text_of(visibility),
                                   .version = 1};
    rows_put(txn, TABLE_SOLUTION, key1(s.solution), &s);
}

static void put_participation(struct txn *txn) {
    const struct rec_participation p = {.programme = TEXT_LIT("prog"),
                                        .organisation = TEXT_LIT("city"),
                                        .state = TEXT_LIT("completed"),
                                        .zone = TEXT_LIT("Europe/Copenhagen"),
                                        .starts = TEXT_LIT("2022-04-01"),
                                        .ends = TEXT_LIT("2024-03-01"),
                                        .began = NOW};
    struct key staff = key2(TEXT_LIT("ass2"), p.programme),
               was = key2(TEXT_LIT("ass1"), p.programme);
    rows_put(txn, TABLE_PARTICIPATION, key2(p.programme, p.organisation), &p);
    key_text(&staff, p.organisation);
    key_text(&was, p.organisation);
    rows_mark(txn, TABLE_STAFF_OF, staff, "now");
    rows_mark(txn, TABLE_STAFF_OF, was, "was");
}

static int make_core(void **state) {
    static char dir[FOLDER_BYTES];
    const struct store_options options = {
        .dir = dir, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    const struct rec_programme programme = {.programme = TEXT_LIT("prog"),
                                            .state = TEXT_LIT("running"),
                                            .name = {.any = TEXT_LIT("Byer")},
                                            .hosts = {{"\xa3"
                                                       "ddc",
                                                       4},
                                                      1},
                                            .lead = TEXT_LIT("lead"),
                                            .places = 6,
                                            .starts = TEXT_LIT("2022-04-01"),
                                            .ends = TEXT_LIT("2024-03-01"),
                                            .zone = TEXT_LIT("Europe/Copenhagen"),
                                            .opened = NOW};
    struct txn *txn;
    assert_int_equal(folder_make(dir, "query_test"), 0);
    *state = dir;
    assert_int_equal(store_open(&store, &options), 0);
    assert_int_equal(store_begin_write(store, &txn), 0);
    rows_put(txn, TABLE_PROGRAMME, key1(programme.programme), &programme);
    put_person(txn, "lead");
    put_person(txn, "ass1");
    put_person(txn, "ass2");
    put_person(txn, "nobody");
    put_assessment(txn, "ass1", "submitted");
    put_assessment(txn, "ass2", "asked");
    put_solution(txn, "for-all", "public");
    put_solution(txn, "for-cohort", "cohort");
    put_participation(txn);
    assert_int_equal(store_commit(&txn), 0);
    asking_init(&asking);
    return 0;
}

static int end_core(void **state) {
    asking_free(&asking);
    store_close(&store);
    return folder_remove(*state);
}

/* The answer as JSON. */
static const char *answered(const char *request_json, const char *person) {
    struct request r;
    struct txn *txn;
    read_json(&r, &office, request_json);
    assert_true(r.is_good);
    assert_int_equal(store_begin_read(store, &txn), 0);
    buf_clear(&out);
    buf_clear(&json);
    assert_int_equal(asking_answer(&asking, txn, &r, text_of(person), NOW, &out), 0);
    store_abort(&txn);
    assert_int_equal(json_from_pack(buf_as_bytes(&out), &json), 0);
    return buf_cstr(&json);
}

static unsigned rows_with(const char *answer, const char *word) {
    unsigned n = 0;
    for (const char *p = answer; (p = strstr(p, word)) != NULL; p++)
        n++;
    return n;
}

#define ASSESSMENTS                                                                                \
    "{\"v\":1,\"id\":\"q\",\"query\":\"assessments.list\",\"person\":\"x\",\"body\":{"             \
    "\"application\":\"ans\"}}"
#define SOLUTIONS "{\"v\":1,\"id\":\"q\",\"query\":\"solutions.list\",\"body\":{}}"

static void who_sees_what(void **state) {
    static const struct {
        const char *request, *person, *word;
        unsigned count;
    } rows[] = {
        {ASSESSMENTS, "lead", "\"application\":", 2},
        {ASSESSMENTS, "ass1", "\"application\":", 2},
        {ASSESSMENTS, "ass2", "\"application\":", 1},
        {ASSESSMENTS, "ass2", "\"person\":\"ass2\"", 1},
        {ASSESSMENTS, "nobody", "\"application\":", 0},
        {SOLUTIONS, NULL, "\"solution\":", 1},
        {SOLUTIONS, "nobody", "\"solution\":", 1},
        {SOLUTIONS, "ass1", "\"solution\":", 1},
        {SOLUTIONS, "ass2", "\"solution\":", 2},
        {SOLUTIONS, "unknown", "\"not-found\"", 1},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        const char *answer = answered(rows[i].request, rows[i].person);
        if (rows_with(answer, rows[i].word) != rows[i].count)
            fail_msg("%s as %s: %s", rows[i].request, rows[i].person ? rows[i].person : "nobody",
                     answer);
    }
}

static void a_page_ends_where_the_next_begins(void **state) {
    char request[300];
    const char *next;
    (void)state;
    next = strstr(answered("{\"v\":1,\"id\":\"q\",\"query\":\"solutions.list\",\"limit\":1,"
                           "\"body\":{}}",
                           "ass2"),
                  "\"next\":");
    assert_non_null(next);
    (void)snprintf(request, sizeof request,
                   "{\"v\":1,\"id\":\"q\",\"query\":\"solutions.list\",\"limit\":1,\"body\":{},"
                   "\"after\":%.*s}",
                   (int)strcspn(next + 7, "}"), next + 7);
    const char *second = answered(request, "ass2");
    assert_int_equal(rows_with(second, "\"solution\":\"for-cohort\""), 1);
    assert_null(strstr(second, "\"next\""));
}

static int set_up(void **state) {
    (void)state;
    buf_init(&frame, 1 << 20);
    buf_init(&out, 4 << 20);
    buf_init(&json, 4 << 20);
    web.may_ask[QUERY_MEETINGS_COMING] = true;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buf_free(&frame);
    buf_free(&out);
    buf_free(&json);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_show_what_records_have),
        cmocka_unit_test(queries_are_found),
        cmocka_unit_test(rows_are_written_for_people),
        cmocka_unit_test(assessments_are_hidden_until_ones_own_is_in),
        cmocka_unit_test(requests),
        cmocka_unit_test(keys_have_rights),
        cmocka_unit_test(tokens_say_as_whom),
        cmocka_unit_test(cursors_come_back),
        cmocka_unit_test_setup_teardown(who_sees_what, make_core, end_core),
        cmocka_unit_test_setup_teardown(a_page_ends_where_the_next_begins, make_core, end_core),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
