/* service: cirkel */
#include "services/cirkel/report.h"

#include "common/clock.h"
#include "services/cirkel/verbs.h"
#include "tests/harness/folder.h"
#include "tests/harness/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TOWNS 100
#define ROWS 40      /* of hours, each person */
#define MOST 1000    /* milliseconds of the processor for the report of them all */
#define SANITIZED 10 /* times slower at most */
#define BAD "<script>alert(1)</script> & \"x\" | *y* [z](javascript:1) ![i](data:1) `c` =1+1"

static char home[FOLDER_BYTES];

static void put_programme(struct txn *txn, const char *language) {
    struct rec_programme p = {.programme = TEXT_LIT("prog"),
                              .state = TEXT_LIT("running"),
                              .name = {.any = TEXT_LIT("Programme " BAD)},
                              .lead = TEXT_LIT("lead"),
                              .funder = TEXT_LIT(BAD),
                              .places = TOWNS,
                              .taken = TOWNS,
                              .starts = TEXT_LIT("2022-01-01"),
                              .ends = TEXT_LIT("2022-12-31"),
                              .budget_minutes = 6000,
                              .budget_per = TEXT_LIT("organisation"),
                              .zone = TEXT_LIT("Europe/Copenhagen"),
                              .opened = 1};
    struct buf hosts, languages;

    buf_init(&hosts, 100);
    buf_init(&languages, 100);
    codec_add_text(&hosts, TEXT_LIT("host"));
    codec_add_text(&languages, text_of(language));
    p.hosts = codec_list(&hosts, 0, 1);
    p.languages = codec_list(&languages, 0, 1);
    rows_put(txn, TABLE_PROGRAMME, ROWS_KEY("prog"), &p);
    buf_free(&hosts);
    buf_free(&languages);
}

static void put_person(struct txn *txn, const char *id, const char *name, bool protected) {
    struct rec_person p = {.person = text_of(id),
                           .state = TEXT_LIT("active"),
                           .name = text_of(name),
                           .email = TEXT_LIT("secret@town.example"),
                           .language = TEXT_LIT("da"),
                           .protected = protected};
    rows_put(txn, TABLE_PERSON, ROWS_KEY(id), &p);
}

static void put_organisation(struct txn *txn, const char *id, const char *name) {
    struct rec_organisation o = {.organisation = text_of(id),
                                 .state = TEXT_LIT("active"),
                                 .name = text_of(name),
                                 .kind = TEXT_LIT("municipality"),
                                 .country = TEXT_LIT("DK")};
    rows_put(txn, TABLE_ORGANISATION, ROWS_KEY(id), &o);
}

static void put_hours(struct txn *txn, const char *town, const char *person, const char *id,
                      const char *date, int64_t minutes, const char *kind) {
    struct rec_hours h = {.hours = text_of(id),
                          .programme = TEXT_LIT("prog"),
                          .organisation = text_of(town),
                          .person = text_of(person),
                          .date = text_of(date),
                          .minutes = minutes,
                          .kind = text_of(kind),
                          .logged = 1};
    rows_put(txn, TABLE_HOURS, ROWS_KEY("prog", town, id), &h);
}

static void put_participation(struct txn *txn, const char *town, const char *a, const char *b) {
    struct rec_participation p = {.programme = TEXT_LIT("prog"),
                                  .organisation = text_of(town),
                                  .state = TEXT_LIT("running"),
                                  .zone = TEXT_LIT("Europe/Copenhagen"),
                                  .starts = TEXT_LIT("2022-01-01"),
                                  .ends = TEXT_LIT("2022-12-31"),
                                  .budget_minutes = 6000,
                                  .began = 1,
                                  .hypothesis = {.any = TEXT_LIT(BAD)},
                                  .tested = 1};
    struct buf staff;

    buf_init(&staff, 1000);
    codec_add_text(&staff, text_of(a));
    codec_add_text(&staff, text_of(b));
    p.staff = codec_list(&staff, 0, 2);
    rows_put(txn, TABLE_PARTICIPATION, ROWS_KEY("prog", town), &p);
    buf_free(&staff);
}

static void put_solution(struct txn *txn) {
    struct rec_solution s = {.solution = TEXT_LIT("sol"),
                             .state = TEXT_LIT("published"),
                             .programme = TEXT_LIT("prog"),
                             .organisation = TEXT_LIT("town"),
                             .zone = TEXT_LIT("Europe/Copenhagen"),
                             .title = {.any = TEXT_LIT("# " BAD)},
                             .text = {.any = TEXT_LIT("One\n\n# Two\n- three")},
                             .visibility = TEXT_LIT("public"),
                             .version = 1,
                             .published = 1};
    struct buf links;

    buf_init(&links, 1000);
    codec_add_text(&links, TEXT_LIT("https://x.example/a?b=c&d='e'|f"));
    s.links = codec_list(&links, 0, 1);
    rows_put(txn, TABLE_SOLUTION, ROWS_KEY("sol"), &s);
    buf_free(&links);
}

/* An application that is decided, and told or not. */
static void put_application(struct txn *txn, const char *id, const char *organisation,
                            instant told) {
    struct rec_application a = {.application = text_of(id),
                                .state = TEXT_LIT("assessed"),
                                .call = TEXT_LIT("call"),
                                .programme = TEXT_LIT("prog"),
                                .zone = TEXT_LIT("Europe/Copenhagen"),
                                .organisation = text_of(organisation),
                                .contact = TEXT_LIT("lead"),
                                .closes = TEXT_LIT("2021-12-01T12:00"),
                                .outcome = TEXT_LIT("declined"),
                                .reasons = {.any = TEXT_LIT("Because " BAD)},
                                .started = 1,
                                .submitted = 1,
                                .decided = 1,
                                .released = told};
    rows_put(txn, TABLE_APPLICATION, ROWS_KEY(id), &a);
}

static void put_small(struct txn *txn) {
    put_programme(txn, "en");
    put_organisation(txn, "host", "=Host");
    put_organisation(txn, "town", "@Town " BAD);
    put_person(txn, "lead", "Lead", false);
    put_person(txn, "anna", "+Anna | <b>", false);
    put_person(txn, "hidden", "Hilda Hidden", true);
    put_participation(txn, "town", "anna", "hidden");
    put_hours(txn, "town", "anna", "h1", "2022-03-01", 90, "workshop");
    put_hours(txn, "town", "anna", "h2", "2022-03-01", 30, "preparation");
    put_hours(txn, "town", "hidden", "h3", "2022-07-02", 60, "local-test");
    put_hours(txn, "town", "former", "h4", "2022-07-01", 15, "meeting");
    put_solution(txn);
    put_application(txn, "told", "town", 1);
    put_application(txn, "untold", "host", 0);
}

static void put_many(struct txn *txn) {
    static const char *const kinds[] = {"workshop", "preparation", "local-test", "meeting"};
    char town[16], person[2][16], id[24], date[16];

    put_programme(txn, "da");
    for (unsigned i = 0; i < TOWNS; i++) {
        snprintf(town, sizeof town, "t%u", i);
        put_organisation(txn, town, town);
        for (unsigned k = 0; k < 2; k++) {
            snprintf(person[k], sizeof person[k], "p%u-%u", i, k);
            put_person(txn, person[k], person[k], false);
            for (unsigned row = 0; row < ROWS; row++) {
                snprintf(id, sizeof id, "h%u-%u", k, row);
                snprintf(date, sizeof date, "2022-%02u-%02u", row % 12 + 1, row % 28 + 1);
                put_hours(txn, town, person[k], id, date, 60, kinds[row % 4]);
            }
        }
        put_participation(txn, town, person[0], person[1]);
    }
}

static void make_home(void (*fill)(struct txn *txn)) {
    char path[FOLDER_BYTES + 16];
    struct store_options options = {
        .dir = path, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    struct journal *journal;
    struct store *store;
    struct txn *txn;

    assert_int_equal(folder_empty(home), 0);
    snprintf(path, sizeof path, "%s/inbox", home);
    assert_int_equal(make_dir(path, 0700), 0);
    assert_int_equal(journal_open(&journal, path, true, 0), 0);
    journal_close(&journal);
    snprintf(path, sizeof path, "%s/cirkel.conf", home);
    assert_int_equal(write_file(path, 0600, (struct bytes){"", 0}), 0);
    snprintf(path, sizeof path, "%s/core", home);
    assert_int_equal(make_dir(path, 0700), 0);
    assert_int_equal(store_open(&store, &options), 0);
    assert_int_equal(store_begin_write(store, &txn), 0);
    fill(txn);
    assert_int_equal(store_commit(&txn), 0);
    store_close(&store);
}

static struct paper *read_paper(const char *until) {
    struct report report = {.bad = 0};

    assert_int_equal(look_open(&report.look, home), 0);
    assert_int_equal(report_read(&report, home, "prog", until), 0);
    assert_int_equal(report.bad, 0);
    look_close(&report.look);
    return report.paper;
}

static const struct paper_table *table_of(const struct paper *paper, const char *name) {
    const struct paper_table *t = paper->first;
    while (t && strcmp(t->name, name))
        t = t->next;
    assert_non_null(t);
    return t;
}

static void assert_csv(const struct paper *paper, const char *table, const char *expected) {
    struct buf csv;

    buf_init(&csv, 1 << 20);
    report_csv(paper, table_of(paper, table), &csv);
    assert_string_equal(buf_cstr(&csv), expected);
    buf_free(&csv);
}

static void test_hours_and_their_sums(void **state) {
    struct paper *paper;

    (void)state;
    make_home(put_small);
    paper = read_paper("2022-12-31");
    assert_csv(
        paper, "hours",
        "Municipality,Person,Workshop,Preparation,Local test,Meeting,In all\r\n"
        "\"'@Town <script>alert(1)</script> & \"\"x\"\" | *y* [z](javascript:1) ![i](data:1) `c` "
        "=1+1\",'+Anna | <b>,1.5,0.5,0.0,0.0,2.0\r\n"
        "\"'@Town <script>alert(1)</script> & \"\"x\"\" | *y* [z](javascript:1) ![i](data:1) `c` "
        "=1+1\",(protected identity),0.0,0.0,1.0,0.0,1.0\r\n"
        "\"'@Town <script>alert(1)</script> & \"\"x\"\" | *y* [z](javascript:1) ![i](data:1) `c` "
        "=1+1\",former,0.0,0.0,0.0,0.3,0.3\r\n");
    assert_int_equal(paper->plot.first->minutes, 195);
    assert_int_equal(paper->plot.first->count, 3); /* one point a day */
    assert_int_equal(paper->plot.first->points[0].minutes, 120);
    paper_free(&paper);
    paper = read_paper("2022-07-01"); /* that day included */
    assert_int_equal(paper->plot.first->minutes, 135);
    assert_int_equal(paper->plot.today, 182);
    paper_free(&paper);
}

static void test_what_was_not_told_is_not_shown(void **state) {
    struct paper *paper;

    (void)state;
    make_home(put_small);
    paper = read_paper(NULL);
    assert_int_equal(table_of(paper, "applications")->rows, 2);
    assert_int_equal(table_of(paper, "decisions")->rows, 1);
    paper_free(&paper);
}

static void has_not(const struct buf *page, const char *text) {
    if (memmem(page->p, page->n, text, strlen(text)))
        fail_msg("%s is in the page", text);
}

static void has(const struct buf *page, const char *text) {
    if (!memmem(page->p, page->n, text, strlen(text)))
        fail_msg("%s is not in the page", text);
}

static void test_hostile_texts(void **state) {
    struct paper *paper;
    struct buf page;

    (void)state;
    make_home(put_small);
    paper = read_paper(NULL);
    buf_init(&page, 1 << 22);
    report_html(paper, &page);
    has_not(&page, "<script");
    has_not(&page, "<b>");
    has_not(&page, "<em>");
    has_not(&page, "<code>");
    has_not(&page, "href=\"javascript");
    has_not(&page, "<img");
    has_not(&page, "Hilda");
    has_not(&page, "secret@");
    has(&page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;");
    has(&page, "One # Two - three");
    has(&page, "<a href=\"https://x.example/a?b=c&amp;d=&#x27;e&#x27;%7Cf\">");
    has(&page, "<html lang=\"en\">");
    has(&page, "<th scope=\"row\">");
    has(&page, "aria-labelledby=\"plot-title plot-desc\"");
    buf_clear(&page);
    report_markdown(paper, "hours.svg", &page);
    has_not(&page, " <script");
    has_not(&page, "Hilda");
    has(&page, "\\<script\\>");
    has(&page, "\\| \\*y\\* \\[z\\](javascript:1)");
    buf_clear(&page);
    report_svg(paper, &page);
    has_not(&page, "<script");
    buf_free(&page);
    paper_free(&paper);
}

static void test_every_state_has_its_words(void **state) {
    static const struct {
        const char *machine;
        enum rec_type record;
        const char *field;
    } all[] = {
        {"programme", REC_PROGRAMME, "state"},      {"call", REC_CALL, "state"},
        {"application", REC_APPLICATION, "state"},  {"outcome", REC_APPLICATION, "outcome"},
        {"evidence", REC_EVIDENCE, "kind"},         {"participation", REC_PARTICIPATION, "state"},
        {"meeting", REC_MEETING, "state"},          {"milestone", REC_MILESTONE, "state"},
        {"visibility", REC_SOLUTION, "visibility"}, {"hours", REC_HOURS, "kind"}};
    static const char *const languages[] = {"da", "sv", "en"};

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(all); i++) {
        const struct field *f = shape_field(&rec_shapes[all[i].record], text_of(all[i].field));
        struct text choices = text_of(f->choices), one;
        while (text_cut(&choices, '|', &one))
            for (unsigned k = 0; k < COUNT_OF(languages); k++) {
                struct text word = report_state(text_of(languages[k]), all[i].machine, one);
                if (word.p == one.p)
                    fail_msg("no word for %s %.*s", all[i].machine, TEXT_ARGS(one));
            }
    }
    for (unsigned i = 0; i < WORD_COUNT; i++)
        for (unsigned k = 0; k < COUNT_OF(languages); k++)
            assert_true(report_word(text_of(languages[k]), (enum report_word)i)[0] != 0);
}

static void test_nothing_at_all(void **state) {
    struct report report = {.bad = 0};

    (void)state;
    make_home(put_many);
    assert_int_equal(look_open(&report.look, home), 0);
    assert_int_equal(report_read(&report, home, "none", NULL), -ENOENT);
    assert_int_equal(report_read(&report, home, "prog", "some day"), -EINVAL);
    look_close(&report.look);
}

static msec processor(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (msec)t.tv_sec * SECONDS + t.tv_nsec / 1000000;
}

static void test_a_hundred_participations_in_time(void **state) {
    struct options options = {.home = home};
    char out[FOLDER_BYTES + 32], program[] = "prog", *argv[] = {program};
    msec began, most = MOST;

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    most *= SANITIZED;
#endif
    make_home(put_many);
    snprintf(out, sizeof out, "%s/out", home);
    options.out = out;
    options.format = "html";
    began = processor();
    assert_int_equal(verb_report(&options, 1, argv), EXIT_DONE);
    began = processor() - began;
    print_message("the report of %d participations: %lld ms\n", TOWNS, (long long)began);
    assert_true(began <= most);
    options.format = "csv";
    assert_int_equal(verb_report(&options, 1, argv), EXIT_DONE);
    options.format = "md";
    assert_int_equal(verb_report(&options, 1, argv), EXIT_DONE);
}

static int begin(void **state) {
    (void)state;
    return folder_make(home, "report_test");
}

static int end(void **state) {
    (void)state;
    return folder_remove(home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_and_their_sums),
        cmocka_unit_test(test_what_was_not_told_is_not_shown),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_every_state_has_its_words),
        cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_a_hundred_participations_in_time),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
