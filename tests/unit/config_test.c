/* What is written is read; what is wrong is named with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/folder.h"

struct settings {
    char *name;
    int64_t port;
    bool open;
    msec lease;
    int64_t room;
    struct config_list hosts;
};
#define ROW(field, kind, fallback, min, max, doc)                                                  \
    { #field, kind, offsetof(struct settings, field), fallback, min, max, doc }
static const struct config_row rows[] = {
    ROW(name, CONFIG_STRING, "Cirkel \"1\"", 1, 20, "What it is called."),
    ROW(port, CONFIG_INT, "5570", 1, 65535, "Where it listens."),
    ROW(open, CONFIG_BOOL, "no", 0, 0, "Whether anyone may come in."),
    ROW(lease, CONFIG_SPAN, "5s", 1 * SECONDS, 1 * DAYS,
        "How long it is held. This is a longer text so that the sample file has to fold it, which "
        "it does at the blank before the ninety-sixth column."),
    ROW(room, CONFIG_SIZE, "64M", 0, 0, "How much it holds."),
    ROW(hosts, CONFIG_LIST, "a, b", 0, 3, "Who it knows."),
};

struct rule {
    char *about;
    struct config_list when;
    msec late;
};
static const struct config_row rule_rows[] = {
    {"about", CONFIG_STRING, offsetof(struct rule, about), NULL, 1, 10, "What it is about."},
    {"when", CONFIG_LIST, offsetof(struct rule, when), NULL, 1, 3, "When."},
    {"late", CONFIG_SPAN, offsetof(struct rule, late), "1h", 0, 0, "How late."},
};

static char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];

static void write_text(const char *text, size_t n) {
    assert_int_equal(write_file(path, 0600, (struct bytes){text, n}), 0);
}

/* What is complained about, with the file's name cut off every line. */
static const char *without_path(struct buf *error) {
    static char told[2000];
    struct text rest = buf_as_text(error), line;
    size_t n = 0, cut = strlen(path);
    memset(told, 0, sizeof told);
    while (text_cut(&rest, '\n', &line)) {
        assert_true(text_starts(line, path));
        n += (size_t)snprintf(told + n, sizeof told - n, "%.*s\n", (int)(line.n - cut),
                              line.p + cut);
    }
    return told;
}

static void reads_values(void **state) {
    (void)state;
    static const char *const files[] = {
        "\xef\xbb\xbfname=x\nport=1\nopen=yes\nlease=2h\nroom=3K\nhosts={x}\n",
        ("# all of it\n  name = \"x\" // here\nport\n = 1 /* a\n b */ open = on\n\nlease = 120m "
         "room=\"3 KiB\" hosts = { 'x', }"),
        "hosts = x\nname = 'x'\nport = 01\nopen = true\nlease = \"1h 60m\"\nroom = 3072",
    };
    for (unsigned i = 0; i < COUNT_OF(files); i++) {
        struct settings s;
        struct buf error;
        buf_init(&error, 2000);
        write_text(files[i], strlen(files[i]));
        int rc = config_read(path, rows, COUNT_OF(rows), &s, &error);
        assert_string_equal(without_path(&error), "");
        assert_int_equal(rc, 0);
        assert_string_equal(s.name, "x");
        assert_int_equal(s.port, 1);
        assert_true(s.open);
        assert_int_equal(s.lease, 2 * HOURS);
        assert_int_equal(s.room, 3072);
        assert_int_equal(s.hosts.count, 1);
        assert_string_equal(s.hosts.items[0], "x");
        config_free(rows, COUNT_OF(rows), &s);
        assert_null(s.name);
        buf_free(&error);
        assert_int_equal(remove(path), 0);
    }
}

static void assert_defaults(struct settings *s) {
    assert_string_equal(s->name, "Cirkel \"1\"");
    assert_int_equal(s->port, 5570);
    assert_false(s->open);
    assert_int_equal(s->lease, 5 * SECONDS);
    assert_int_equal(s->room, 64 << 20);
    assert_int_equal(s->hosts.count, 2);
    assert_string_equal(s->hosts.items[1], "b");
    config_free(rows, COUNT_OF(rows), s);
}

static void falls_back(void **state) {
    (void)state;
    struct settings s;
    struct buf error;
    buf_init(&error, 2000);
    write_text("", 0);
    assert_int_equal(config_read(path, rows, COUNT_OF(rows), &s, &error), 0);
    assert_defaults(&s);
    assert_int_equal(remove(path), 0);
    write_text("hosts = {}", 10);
    assert_int_equal(config_read(path, rows, COUNT_OF(rows), &s, &error), 0);
    assert_int_equal(s.hosts.count, 0);
    assert_int_equal(remove(path), 0);
    config_free(rows, COUNT_OF(rows), &s);
    buf_free(&error);
}

static void says_what_is_wrong(void **state) {
    (void)state;
    static const struct {
        const char *file, *told;
    } cases[] = {
        {"\n# c\nport = x", ":3: port is \"x\", expected a whole number\n"},
        {"port = 0x10", ":1: port is \"0x10\", expected a whole number\n"},
        {"port = \"\"", ":1: port is \"\", expected a whole number\n"},
        {"port = 99999", ":1: port is 99999, expected 1 to 65535\n"},
        {"port = 99999999999999999999",
         ":1: port is \"99999999999999999999\", expected a whole number\n"},
        {"open = maybe", ":1: open is \"maybe\", expected yes or no\n"},
        {"lease = 5", ":1: lease is \"5\", expected a span such as 30s, 5m, 2h, 7d\n"},
        {"lease = 2d", ":1: lease is 2d, expected 1s to 1d\n"},
        {"room = 5X", ":1: room is \"5X\", expected a size such as 64K, 10M, 1G\n"},
        {"name = ''", ":1: name is 0 bytes, expected 1 to 20\n"},
        {"hosts = {a,\nb,c,d}", ":1: hosts is 4 items, expected 0 to 3\n"},
        {"port = 0\n\nopen = 7\n",
         ":1: port is 0, expected 1 to 65535\n:3: open is \"7\", expected yes or no\n"},
        {"port = 1\nport = 2", ":2: port is set again, expected once (it is in line 1)\n"},
        {"hosts = {a, b}\nhosts = {c}",
         ":2: hosts is set again, expected once (it is in line 1)\n"},
        {"/* \n */\n\nprot = 1", ":4: there is no setting \"prot\", expected perhaps \"port\"\n"},
        {"colour = red", ":1: there is no setting \"colour\"\n"},
        {"include(\"/etc/passwd\")", ":1: there is no setting \"include\"\n"},
        {"port 3", ":1: missing equal sign after option 'port'\n"},
        {"port = {1}", ":1: unexpected token '{'\n"},
        {"port =", ":2: premature end of file\n"},
        {"\nname = \"x\n\n", ":2: the text is not closed, expected a quotation mark\n"},
        {"name = 'x\\", ":1: the text is not closed, expected a quotation mark\n"},
        {"\n/* x", ":2: the comment is not closed, expected */\n"},
        {"hosts = {a\n\n", ":1: { is not closed, expected }\n"},
        {"\n}", ":2: } closes nothing\n"},
        {"name = \"${HOME}\"", ":1: ${…} is not expanded here, expected \\${ or '${'\n"},
        {"name = ${HOME}", ":1: ${…} is not expanded here\n"},
        {"name = \"\\400\"", ":1: a character by its number, expected the character\n"},
        {"name = \"\xff\"", ":1: the file is not UTF-8\n"},
    };
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct settings s;
        struct buf error;
        buf_init(&error, 2000);
        write_text(cases[i].file, strlen(cases[i].file));
        assert_int_equal(config_read(path, rows, COUNT_OF(rows), &s, &error), -EBADMSG);
        assert_string_equal(without_path(&error), cases[i].told);
        buf_free(&error);
        assert_int_equal(remove(path), 0);
    }
}

static void a_missing_file_is_told(void **state) {
    (void)state;
    struct settings s;
    struct buf error;
    buf_init(&error, 2000);
    assert_int_equal(config_read("/nowhere/x.conf", rows, COUNT_OF(rows), &s, &error), -ENOENT);
    assert_string_equal(buf_cstr(&error),
                        "/nowhere/x.conf: cannot be read: No such file or directory\n");
    buf_clear(&error);
    write_text("a\0b", 3);
    assert_int_equal(config_read(path, rows, COUNT_OF(rows), &s, &error), -EBADMSG);
    assert_string_equal(without_path(&error), ":1: a zero byte\n");
    assert_int_equal(remove(path), 0);
    buf_free(&error);
}

static int note_rule(void *ctx, struct text title, unsigned line, void *section) {
    struct rule *rule = section;
    buf_printf(ctx, "%.*s@%u: %s,", TEXT_ARGS(title), line, rule->about);
    for (unsigned i = 0; i < rule->when.count; i++)
        buf_printf(ctx, " %s", rule->when.items[i]);
    buf_printf(ctx, ", %d h\n", (int)(rule->late / HOURS));
    config_free(rule_rows, COUNT_OF(rule_rows), rule);
    return text_is(title, "stop") ? -ECANCELED : 0;
}

static void reads_sections(void **state) {
    (void)state;
    static const struct {
        const char *file;
        int rc;
        const char *rules, *told;
    } cases[] = {
        {"", 0, "", ""},
        {"# first\nrule \"a b\" {\n about = meeting # it\n when = {\"starts - 7d\",\n 'x'}\n}\n\n"
         "rule c\n{ about=x when=y late = 2h }",
         0, "a b@2: meeting, starts - 7d x, 1 h\nc@9: x, y, 2 h\n", ""},
        {"rule a { about=x when=y }\nrule b { about=x }\nrule c { when=y }\nrule d {about=x "
         "when=z}",
         -EBADMSG, "a@1: x, y, 1 h\nd@4: x, z, 1 h\n",
         ":2: when is missing\n:3: about is missing\n"},
        {"rule a {\n\n about=x\n when={}\n}", -EBADMSG, "",
         ":1: when is 0 items, expected 1 to 3\n"},
        {"rule a {\n about = meetingmeeting\n when = 1\n late = soon }", -EBADMSG, "",
         ":2: about is 14 bytes, expected 1 to 10\n"
         ":4: late is \"soon\", expected a span such as 30s, 5m, 2h, 7d\n"},
        {"rule a {\n about = x\n wehn = y\n}", -EBADMSG, "",
         ":3: there is no setting \"wehn\", expected perhaps \"when\"\n"},
        {"rule a { about=x when=y }\nrule a { about=x when=y }", -EBADMSG, "a@1: x, y, 1 h\n",
         ":2: found duplicate title 'a'\n"},
        {"about = x", -EBADMSG, "", ":1: \"about\" is not known here, expected rule \"title\" {\n"},
        {"role a { about=x }", -EBADMSG, "",
         ":1: \"role\" is not known here, expected rule \"title\" {\n"},
        {"rule { about=x }", -EBADMSG, "", ":1: missing title for section 'rule'\n"},
        {"rule a {\n about=x", -EBADMSG, "", ":1: { is not closed, expected }\n"},
        {"rule a { about { b = 1 } }", -EBADMSG, "", ":1: unexpected {\n"},
        {"rule stop { about=x when=y }\nrule b { }", -ECANCELED, "stop@1: x, y, 1 h\n", ""},
    };
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf error, rules;
        buf_init(&error, 2000);
        buf_init(&rules, 2000);
        write_text(cases[i].file, strlen(cases[i].file));
        int rc = config_read_sections(path, "rule", rule_rows, COUNT_OF(rule_rows),
                                      sizeof(struct rule), note_rule, &rules, &error);
        assert_string_equal(without_path(&error), cases[i].told);
        assert_string_equal(buf_cstr(&rules), cases[i].rules);
        assert_int_equal(rc, cases[i].rc);
        buf_free(&error);
        buf_free(&rules);
        assert_int_equal(remove(path), 0);
    }
}

static void spans_and_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int span_rc, size_rc;
        int64_t span, size;
    } cases[] = {
        {"0", 0, 0, 0, 0},
        {"12", -EBADMSG, 0, 0, 12},
        {" 7d ", 0, -EBADMSG, 7 * DAYS, 0},
        {"1w1d 1h 1min 1s1ms", 0, -EBADMSG, 8 * DAYS + HOURS + MINUTES + SECONDS + 1, 0},
        {"3 KiB", -EBADMSG, 0, 0, 3072},
        {"1T", -EBADMSG, 0, 0, (int64_t)1 << 40},
        {"1K 1K", -EBADMSG, -EBADMSG, 0, 0},
        {"", -EBADMSG, -EBADMSG, 0, 0},
        {"s", -EBADMSG, -EBADMSG, 0, 0},
        {"0x", -EBADMSG, -EBADMSG, 0, 0},
        {"-1s", -EBADMSG, -EBADMSG, 0, 0},
        {"99999999999999w", -ERANGE, -EBADMSG, 0, 0},
        {"99999999T", -EBADMSG, -ERANGE, 0, 0},
    };
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        int64_t span = 0, size = 0;
        assert_int_equal(config_span(text_of(cases[i].text), &span), cases[i].span_rc);
        assert_int_equal(config_size(text_of(cases[i].text), &size), cases[i].size_rc);
        assert_int_equal(span, cases[i].span);
        assert_int_equal(size, cases[i].size);
    }
}

/* The sample file says nothing; without its #s before names it says what the fallbacks say. */
static void prints_a_sample(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    assert_non_null(to);
    config_print(rows, COUNT_OF(rows), to);
    assert_int_equal(fclose(to), 0);
    assert_non_null(strstr(text, "# What it is called.\n# From 1 to 20 bytes.\n"
                                 "#name = \"Cirkel \\\"1\\\"\"\n"));
    assert_non_null(strstr(text, "# From 1s to 1d.\n#lease = 5s\n"));
    assert_non_null(strstr(text, "#hosts = {\"a\", \"b\"}\n"));
    for (unsigned uncommented = 0; uncommented < 2; uncommented++) {
        struct settings s;
        struct buf error;
        buf_init(&error, 2000);
        write_text(text, n);
        assert_int_equal(config_read(path, rows, COUNT_OF(rows), &s, &error), 0);
        assert_defaults(&s);
        buf_free(&error);
        assert_int_equal(remove(path), 0);
        for (char *p = text; *p; p++) {
            if (*p == '#' && p[1] != ' ')
                *p = ' ';
            assert_true(strcspn(p, "\n") < 98);
        }
    }
    free(text);
}

static int make_path(void **state) {
    (void)state;
    int rc = folder_make(folder, "config-test");
    snprintf(path, sizeof path, "%s/conf", folder);
    return rc;
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values),       cmocka_unit_test(falls_back),
        cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(a_missing_file_is_told),
        cmocka_unit_test(reads_sections),     cmocka_unit_test(spans_and_sizes),
        cmocka_unit_test(prints_a_sample),
    };
    return cmocka_run_group_tests(tests, make_path, remove_folder);
}
