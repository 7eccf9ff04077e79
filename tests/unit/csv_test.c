/* service: cirkel */
#include "services/cirkel/csv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct text cells_of(struct buf *to, const struct csv_row *row) {
    buf_clear(to);
    for (unsigned i = 0; i < row->count; i++)
        buf_printf(to, "%s<%.*s>", i ? " " : "", TEXT_ARGS(row->cells[i]));
    return buf_as_text(to);
}

/* Rows as "LINE <cell> <cell>", or "LINE !what is wrong". */
static void read_all(const char *file, size_t n, struct buf *to) {
    struct arena *arena = arena_new();
    struct csv_reader reader;
    struct csv_row row;
    const char *wrong;
    struct buf cells;
    int rc;

    buf_init(&cells, 1 << 16);
    csv_open(&reader, arena, (struct text){file, n});
    while ((rc = csv_next(&reader, &row, &wrong)) != -ENOENT) {
        struct text line = cells_of(&cells, &row);
        if (rc)
            buf_printf(to, "%u !%.20s\n", row.line, wrong);
        else
            buf_printf(to, "%u %.*s\n", row.line, TEXT_ARGS(line));
    }
    buf_free(&cells);
    arena_free(&arena);
}

static void test_reading(void **state) {
    static const struct {
        const char *file, *rows;
    } cases[] = {
        {"", ""},
        {"\n\r\n;;\n", ""},
        {"a,b\n1,2\n", "1 <a> <b>\n2 <1> <2>\n"},
        {"a;b\r\n1;2", "1 <a> <b>\n2 <1> <2>\n"},
        {"a\tb\n1\t2\n", "1 <a> <b>\n2 <1> <2>\n"},
        {"\xef\xbb\xbf"
         "a;b,c;d\n",
         "1 <a> <b,c> <d>\n"},
        {"a\n\n2\n", "1 <a>\n3 <2>\n"},
        {"a,b\n\"x, \"\"y\"\"\nz\",2\nc,3\n", "1 <a> <b>\n2 <x, \"y\"\nz> <2>\n4 <c> <3>\n"},
        {"a, b \n 1 ,\" 2 \" \n", "1 <a> <b>\n2 <1> < 2 >\n"},
        {"a,b\n,\n1,\n", "1 <a> <b>\n3 <1> <>\n"},
        {"a\n\"x\"y\n3\n", "1 <a>\n2 !something follows th\n3 <3>\n"},
        {"a\n\"x\n3\n", "1 <a>\n2 !a quote is opened an\n"},
        {"a\n\xff\n3\n", "1 <a>\n2 !not UTF-8; save the \n3 <3>\n"},
        {"a\n'=1+1\n'-2\n'a\n''=b\n", "1 <a>\n2 <=1+1>\n3 <-2>\n4 <'a>\n5 <'=b>\n"},
        {"\"a;b;c\",d\n", "1 <a;b;c> <d>\n"},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf rows;
        buf_init(&rows, 1 << 16);
        read_all(cases[i].file, strlen(cases[i].file), &rows);
        assert_string_equal(buf_cstr(&rows), cases[i].rows);
        buf_free(&rows);
    }
}

static void test_writing(void **state) {
    static const struct {
        const char *cell, *written;
    } cases[] = {
        {"", ""},
        {"Kolding", "Kolding"},
        {"a,b", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""},
        {"+45 12", "'+45 12"},
        {"-1", "'-1"},
        {"@sum", "'@sum"},
        {"\t=1", "\"'\t=1\""},
        {"\r=1", "\"'\r=1\""},
        {"'=1", "''=1"},
        {"'quoted'", "'quoted'"},
        {"a=b", "a=b"},
        {" x", "\" x\""},
        {"x\v", "\"x\v\""},
        {"two\nlines", "\"two\nlines\""},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf line, back;
        buf_init(&line, 1 << 16);
        buf_init(&back, 1 << 16);
        csv_cell(&line, text_of(cases[i].cell), true);
        assert_string_equal(buf_cstr(&line), cases[i].written);
        csv_cell(&line, TEXT_LIT("x"), false);
        csv_end_row(&line);
        read_all(line.p, line.n, &back); /* what is written is read as it was */
        buf_clear(&line);
        buf_printf(&line, "1 <%s> <x>\n", cases[i].cell);
        assert_string_equal(buf_cstr(&back), buf_cstr(&line));
        buf_free(&line);
        buf_free(&back);
    }
}

static void test_lists_in_cells(void **state) {
    static const char *const items[] = {"a", "b|c", "d\\", ""};
    struct arena *arena = arena_new();
    struct text cell, item;
    struct buf b;
    unsigned n = 0;

    (void)state;
    buf_init(&b, 1000);
    for (unsigned i = 0; i < COUNT_OF(items); i++)
        csv_list_item(&b, text_of(items[i]), i == 0);
    assert_string_equal(buf_cstr(&b), "a|b\\|c|d\\\\|");
    cell = buf_as_text(&b);
    while (csv_next_item(arena, &cell, &item))
        assert_true(text_is(item, items[n++]));
    assert_int_equal(n, 3); /* a trailing separator gives no empty last item */
    buf_free(&b);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_lists_in_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
