/* Every construct, every error with its line, every limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names of the tests: a few words, two truths, and a list in a list. */
static int value_of(void *ctx, const struct template_scope *scope, struct text name,
                    struct template_value *ret) {
    static const struct text people[] = {{"Ane", 3}, {"Bo", 2}, {"Cilla", 5}};
    (void)ctx;
    if (text_is(name, "first"))
        *ret = (struct template_value){.kind = TEMPLATE_TEXT, .text = TEXT_LIT("Åse *A*")};
    else if (text_is(name, "mark"))
        *ret = (struct template_value){.kind = TEMPLATE_TEXT, .text = TEXT_LIT("**b**")};
    else if (text_is(name, "empty"))
        *ret = (struct template_value){.kind = TEMPLATE_TEXT, .text = TEXT_LIT("")};
    else if (text_is(name, "yes") || text_is(name, "no"))
        *ret = (struct template_value){.kind = TEMPLATE_BOOL, .is_true = text_is(name, "yes")};
    else if (text_is(name, "people") || text_is(name, "days"))
        *ret = (struct template_value){.kind = TEMPLATE_LIST, .count = name.p[0] == 'p' ? 3 : 2};
    else if (text_is(name, "nobody"))
        *ret = (struct template_value){.kind = TEMPLATE_LIST, .count = 0};
    else if (text_is(name, "many"))
        *ret = (struct template_value){.kind = TEMPLATE_LIST, .count = UINT32_MAX};
    else if (text_is(name, "broken"))
        return -EIO;
    else if (scope && text_is(scope->list, "days") && text_is(name, "."))
        *ret = (struct template_value){.kind = TEMPLATE_TEXT,
                                       .text = scope->index ? TEXT_LIT("tue") : TEXT_LIT("mon")};
    else if (scope && text_is(name, "who")) {
        while (scope && !text_is(scope->list, "people"))
            scope = scope->outer;
        if (!scope)
            return -ENOENT;
        *ret = (struct template_value){.kind = TEMPLATE_TEXT, .text = people[scope->index]};
    } else if (!text_is(name, "absent"))
        return -ENOENT;
    return 0;
}

static int partial_of(void *ctx, struct text name, struct text *ret) {
    static const struct {
        const char *name, *source;
    } partials[] = {
        {"hello", "Hello {{first}}!\n"},
        {"loop", "x{{>loop}}"},
        {"open", "\n{{#yes}}"},
        {"close", "{{/yes}}"},
        {"unknown", "\n{{what}}"},
        {"none", ""},
        {"p1", "1{{>p2}}"},
        {"p2", "2{{>p3}}"},
        {"p3", "3{{>p4}}"},
        {"p4", "4"},
    };
    (void)ctx;
    for (unsigned i = 0; i < COUNT_OF(partials); i++) {
        if (text_is(name, partials[i].name)) {
            *ret = text_of(partials[i].source);
            return 0;
        }
    }
    return -ENOENT;
}

static void escape_stars(struct buf *to, struct text text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '*')
            buf_char(to, '\\');
        buf_char(to, text.p[i]);
    }
}

static int parse_and_render(const char *source, template_escape_fn *escape, struct buf *to,
                            struct template_error *reterr) {
    struct template *template = NULL;
    int rc = template_parse(&template, text_of(source), partial_of, NULL, reterr);
    if (rc == 0)
        rc = template_render(template, value_of, NULL, escape, to, reterr);
    template_free(&template);
    return rc;
}

static void renders(void **state) {
    (void)state;
    static const struct {
        const char *source, *expected;
    } cases[] = {
        {"", ""},
        {"plain } text }} { x", "plain } text }} { x"},
        {"a {{first}} b", "a Åse \\*A\\* b"},
        {"{{ mark }}{{{ mark }}}", "\\*\\*b\\*\\***b**"},
        {"{{mark}}}", "\\*\\*b\\*\\*}"},
        {"[{{empty}}]", "[]"},
        {"a{{! a comment }}b", "ab"},
        {"a\n  {{! alone\n on two }}  \nb\n", "a\nb\n"},
        {"{{#yes}}y{{/yes}}{{#no}}n{{/no}}", "y"},
        {"{{^yes}}y{{/yes}}{{^no}}n{{/no}}", "n"},
        {"{{#empty}}e{{/empty}}{{^empty}}not{{/empty}}", "not"},
        {"{{#first}}f{{/first}}{{^first}}not{{/first}}", "f"},
        {"{{#absent}}a{{/absent}}{{^absent}}not{{/absent}}", "not"},
        {"{{#nobody}}n{{/nobody}}{{^nobody}}none{{/nobody}}", "none"},
        {"{{#people}}{{who}}, {{/people}}", "Ane, Bo, Cilla, "},
        {"{{^people}}none{{/people}}", ""},
        {"{{#people}}{{/people}}", ""},
        {"{{#days}}{{.}} {{/days}}", "mon tue "},
        {"{{#people}}{{#days}}{{who}}/{{.}} {{/days}}{{/people}}",
         "Ane/mon Ane/tue Bo/mon Bo/tue Cilla/mon Cilla/tue "},
        {"{{#people}}{{#days}}{{/days}}{{/people}}x", "x"},
        {"{{#days}}{{#yes}}{{.}}{{/yes}}{{/days}}", "montue"},
        {"{{#people}}\n- {{who}}\n{{/people}}\nend\n", "- Ane\n- Bo\n- Cilla\nend\n"},
        {"a\n  {{#yes}}  \nb\n\t{{/yes}}\t\nc", "a\nb\nc"},
        {"a\r\n{{#yes}}\r\nb\r\n{{/yes}}\r\nc", "a\r\nb\r\nc"},
        {"a {{#yes}} b\n{{/yes}}", "a  b\n"},
        {"{{#yes}}\n{{/yes}}", ""},
        {"  {{first}}  \n", "  Åse \\*A\\*  \n"},
        {"a\n{{>hello}}\nb", "a\nHello Åse \\*A\\*!\nb"},
        {"a {{>hello}} b", "a Hello Åse \\*A\\*!\n b"},
        {"{{>none}}{{>p1}}", "1234"},
        {"{{#people}}{{#people}}{{who}}{{/people}} {{/people}}",
         "AneBoCilla AneBoCilla AneBoCilla "},
    };
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf to;
        struct template_error error = {0};
        buf_init(&to, 1000);
        int rc = parse_and_render(cases[i].source, escape_stars, &to, &error);
        if (rc)
            print_error("%s: %s\n", cases[i].source, error.what);
        assert_int_equal(rc, 0);
        assert_string_equal(buf_cstr(&to), cases[i].expected);
        buf_free(&to);
    }
}

static void says_what_is_wrong(void **state) {
    (void)state;
    static const struct {
        const char *source;
        int rc;
        unsigned line;
        const char *where, *what;
    } cases[] = {
        {"a\nb {{first", -EBADMSG, 2, "", "expected }}"},
        {"{{{first}}", -EBADMSG, 1, "", "expected }}}"},
        {"{{}}", -EBADMSG, 1, "", "is not a name"},
        {"{{a b}}", -EBADMSG, 1, "", "is not a name"},
        {"{{a\nb}}", -EBADMSG, 1, "", "is not a name"},
        {"{{=<% %>=}}", -EBADMSG, 1, "", "delimiters"},
        {"{{&first}}", -EBADMSG, 1, "", "expected {{{name}}}"},
        {"\n{{#yes}}\n\n", -EBADMSG, 2, "", "expected {{/yes}}"},
        {"\n\n{{/yes}}", -EBADMSG, 3, "", "closes nothing"},
        {"{{#yes}}\n{{#no}}\n{{/yes}}{{/no}}", -EBADMSG, 3, "", "{{/no}} is expected"},
        {"{{>nowhere}}", -EBADMSG, 1, "", "no partial \"nowhere\""},
        {" {{>hello}}", -EBADMSG, 1, "", "indented"},
        {"\n{{>loop}}", -EFBIG, 1, "loop", "partials"},
        {"{{>open}}{{/yes}}", -EBADMSG, 2, "open", "expected {{/yes}}"},
        {"{{#yes}}{{>close}}", -EBADMSG, 1, "close", "closes nothing"},
        {"\xff", -EBADMSG, 1, "", "UTF-8"},
        {"a\n{{what}}", -ENOENT, 2, "", "\"what\" is not known"},
        {"{{#what}}{{/what}}", -ENOENT, 1, "", "\"what\" is not known"},
        {"{{>unknown}}", -ENOENT, 2, "unknown", "\"what\" is not known"},
        {"{{who}}", -ENOENT, 1, "", "\"who\" is not known"},
        {"{{#people}}{{/people}}{{who}}", -ENOENT, 1, "", "\"who\" is not known"},
        {"{{absent}}", -ENOENT, 1, "", "absent"},
        {"{{{absent}}}", -ENOENT, 1, "", "absent"},
        {"{{yes}}", -EPROTO, 1, "", "not a text"},
        {"{{people}}", -EPROTO, 1, "", "not a text"},
        {"\n\n\n{{broken}}", -EIO, 4, "", "\"broken\" cannot be had"},
        {"{{#many}}\n{{/many}}", -EMSGSIZE, 1, "", "too long"},
        {"{{#many}}\nxxxxxxxxx{{/many}}", -EMSGSIZE, 2, "", "too long"},
        {"{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}{{#yes}}\n{{#yes}}", -EFBIG, 2,
         "", "8 sections"},
    };
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct buf to;
        struct template_error error = {0};
        buf_init(&to, 1000);
        assert_int_equal(parse_and_render(cases[i].source, NULL, &to, &error), cases[i].rc);
        if (!strstr(error.what, cases[i].what))
            fail_msg("%s: %s, not: %s", cases[i].source, error.what, cases[i].what);
        assert_int_equal(error.line, cases[i].line);
        assert_string_equal(error.source, cases[i].where);
        buf_free(&to);
    }
}

static void is_bounded(void **state) {
    (void)state;
    struct template *template = NULL;
    struct template_error error;
    char *source = calloc(1, TEMPLATE_SOURCE_MAX + 1);
    assert_non_null(source);
    memset(source, 'x', TEMPLATE_SOURCE_MAX + 1);
    struct text much = {source, TEMPLATE_SOURCE_MAX + 1};
    assert_int_equal(template_parse(&template, much, NULL, NULL, &error), -EFBIG);
    for (unsigned i = 0; i + 5 <= TEMPLATE_SOURCE_MAX; i += 5)
        memcpy(source + i, "{{x}}", 5);
    much.n = TEMPLATE_SOURCE_MAX / 5 * 5;
    assert_int_equal(template_parse(&template, much, NULL, NULL, &error), -EFBIG);
    assert_null(template);
    free(source);
}

static int note_use(void *ctx, const struct template_use *use) {
    buf_printf(ctx, "%s%.*s:%u", use->is_section ? "#" : "", TEXT_ARGS(use->name), use->line);
    if (use->within.p)
        buf_printf(ctx, " in %.*s", TEXT_ARGS(use->within));
    if (use->source.p)
        buf_printf(ctx, " of %.*s", TEXT_ARGS(use->source));
    buf_str(ctx, "\n");
    return text_is(use->name, "stop") ? -ECANCELED : 0;
}

static void lists_its_names(void **state) {
    (void)state;
    struct template *template = NULL;
    struct template_error error;
    struct buf names;
    buf_init(&names, 1000);
    struct text source =
        TEXT_LIT("{{a}}\n{{#b}}\n{{^c}}\n{{{d}}}{{/c}}\n{{/b}}{{>hello}}{{stop}}{{e}}");
    assert_int_equal(template_parse(&template, source, partial_of, NULL, &error), 0);
    assert_int_equal(template_names(template, note_use, &names), -ECANCELED);
    assert_string_equal(buf_cstr(&names),
                        "a:1\n#b:2\n#c:3 in b\nd:4 in b\nfirst:1 of hello\nstop:5\n");
    buf_free(&names);
    template_free(&template);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(lists_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
