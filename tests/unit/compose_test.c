/* service: notifier */
/* Whole messages in three languages, read back by GMime; what must never come out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/codec.h"
#include "services/notifier/compose.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] =
    "Subject: {{meeting.title}}: {{meeting.starts.date}}\n"
    "\n"
    "# {{meeting.title}}\n"
    "\n"
    "{{#person.name}}\nDear {{person.name}},\n{{/person.name}}\n"
    "\n"
    "it starts **{{meeting.starts}}**{{#meeting.place}} at {{meeting.place}}{{/meeting.place}}.\n"
    "{{#meeting.capacity}}\nPlaces: {{meeting.capacity}}.\n{{/meeting.capacity}}\n"
    "Registered: {{meeting.registered}}.\n"
    "\n"
    "{{#meeting.breakouts}}\n- {{name}}\n{{/meeting.breakouts}}\n"
    "\n"
    "{{#registration.breakout_name}}\nYou are in *{{registration.breakout_name}}*.\n"
    "{{/registration.breakout_name}}\n"
    "\n"
    "{{#meeting.text}}\n> {{meeting.text}}\n{{/meeting.text}}\n"
    "\n"
    "[I come]({{link.yes}}) ![spy](https://spy.example/x.png) <b>raw</b>\n"
    "\n"
    "{{office.name}}, {{network.host_name}}\n";

struct sample {
    struct arena *arena;
    struct buf records, lists;
    struct rec_meeting meeting;
    struct rec_network network;
    struct rec_registration registration;
    struct rec_occasion occasion;
    struct rec_ledger row;
    struct settings settings;
    struct token_key links;
    struct letter_in in;
};

static char office_name[] = "Cirkulär kommun", sender[] = "office@cirkel.example", empty[] = "",
            link_base[] = "https://cirkel.example/l/", domain[] = "cirkel.example";

static struct bytes encoded(struct sample *s, enum rec_type type, const void *record) {
    buf_clear(&s->records);
    codec_encode(&rec_shapes[type], record, &s->records);
    return arena_bytes(s->arena, buf_as_bytes(&s->records));
}

static void pack(struct sample *s) {
    s->occasion.meeting = encoded(s, REC_MEETING, &s->meeting);
    s->occasion.network = encoded(s, REC_NETWORK, &s->network);
    s->row.registration = encoded(s, REC_REGISTRATION, &s->registration);
}

static void set_up(struct sample *s) {
    *s = (struct sample){.arena = arena_new()};
    buf_init(&s->records, 100000);
    buf_init(&s->lists, 10000);
    struct part_breakout hall = {.breakout = TEXT_LIT("hall"),
                                 .name = {.da = TEXT_LIT("Salen"), .sv = TEXT_LIT("Salen *1*")}};
    struct part_breakout room = {.breakout = TEXT_LIT("room"),
                                 .name = {.any = TEXT_LIT("1. Room")}};
    codec_add_part(&s->lists, PART_breakout, &hall);
    codec_add_part(&s->lists, PART_breakout, &room);
    s->meeting = (struct rec_meeting){
        .meeting = TEXT_LIT("m1"),
        .state = TEXT_LIT("called"),
        .kind = TEXT_LIT("workshop"),
        .title = {.da = TEXT_LIT("Arbejdstøj – hvordan?"),
                  .sv = TEXT_LIT("Arbetskläder"),
                  .en = TEXT_LIT("Workwear")},
        .text = {.any = TEXT_LIT("# One\n\n- two <b>[x](http://evil.example)")},
        .starts = TEXT_LIT("2022-05-05T09:00"),
        .ends = TEXT_LIT("2022-05-05T11:30"),
        .zone = TEXT_LIT("Europe/Stockholm"),
        .minutes = 150,
        .mode = TEXT_LIT("room"),
        .place = TEXT_LIT("Borås"),
        .audience = TEXT_LIT("members"),
        .revision = 2,
        .planned = 1,
        .breakouts = codec_list(&s->lists, 0, 2),
    };
    s->network = (struct rec_network){.network = TEXT_LIT("kommun"),
                                      .state = TEXT_LIT("open"),
                                      .name = {.any = TEXT_LIT("Cirkulär kommun")},
                                      .host = TEXT_LIT("spb"),
                                      .lead = TEXT_LIT("lead"),
                                      .zone = TEXT_LIT("Europe/Stockholm")};
    s->registration = (struct rec_registration){.meeting = TEXT_LIT("m1"),
                                                .person = TEXT_LIT("p1"),
                                                .state = TEXT_LIT("registered"),
                                                .zone = TEXT_LIT("Europe/Stockholm"),
                                                .breakout = TEXT_LIT("hall")};
    s->occasion = (struct rec_occasion){.class = TEXT_LIT("service"),
                                        .about_kind = TEXT_LIT("meeting"),
                                        .about = TEXT_LIT("m1"),
                                        .zone = TEXT_LIT("Europe/Stockholm"),
                                        .host = TEXT_LIT("Science Park Borås")};
    s->row = (struct rec_ledger){.no = 7,
                                 .occasion = 1,
                                 .class = TEXT_LIT("service"),
                                 .person = TEXT_LIT("p1"),
                                 .due = 1651129200000,
                                 .decided = 1651129201000,
                                 .zone = TEXT_LIT("Europe/Stockholm"),
                                 .language = TEXT_LIT("sv"),
                                 .name = TEXT_LIT("Åsa Öberg"),
                                 .address = TEXT_LIT("asa@borås.example"),
                                 .message_id = TEXT_LIT("<7.abcdefghijklmnop@cirkel.example>")};
    s->settings = (struct settings){.office_name = office_name,
                                    .sender = sender,
                                    .reply_to = empty,
                                    .link_base = link_base,
                                    .message_domain = domain};
    s->in = (struct letter_in){.row = &s->row,
                               .occasion = &s->occasion,
                               .hash = TEXT_LIT("h1"),
                               .source = text_of(source),
                               .settings = &s->settings,
                               .links = &s->links,
                               .arena = s->arena};
    pack(s);
}

static void tear_down(struct sample *s) {
    buf_free(&s->records);
    buf_free(&s->lists);
    arena_free(&s->arena);
}

/* The message, or "" and the reason. */
static char *composed(struct sample *s, int expected, char why[LETTER_WHY_MAX]) {
    struct composer *composer = composer_new();
    struct buf to;
    buf_init(&to, COMPOSE_MAX);
    int rc = compose(composer, &s->in, &to, why);
    if (rc != expected)
        print_error("%d: %s\n", rc, why);
    assert_int_equal(rc, expected);
    char *copy = strdup(rc == 0 ? buf_cstr(&to) : "");
    buf_free(&to);
    composer_free(&composer);
    return copy;
}

static GMimeMessage *read_back(const char *text) {
    g_mime_init();
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    assert_non_null(message);
    return message;
}

static void drop_returns(char *text) {
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    *to = '\0';
}

/* The decoded part of that subtype, wherever it stands. */
static char *part_of(GMimeMessage *message, const char *subtype) {
    char *found = NULL;
    GMimePartIter *iter = g_mime_part_iter_new(GMIME_OBJECT(message));
    do {
        GMimeObject *at = g_mime_part_iter_get_current(iter);
        if (!GMIME_IS_PART(at) || found ||
            strcmp(g_mime_content_type_get_media_subtype(g_mime_object_get_content_type(at)),
                   subtype) != 0)
            continue;
        GMimeStream *stream = g_mime_stream_mem_new();
        (void)g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(at)), stream);
        GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
        found = strndup((const char *)bytes->data, bytes->len);
        if (strcmp(subtype, "plain") == 0 || strcmp(subtype, "html") == 0)
            drop_returns(found);
        g_object_unref(stream);
    } while (g_mime_part_iter_next(iter));
    g_mime_part_iter_free(iter);
    assert_non_null(found);
    return found;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part))
        print_error("no \"%s\" in:\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

static void assert_lines(const char *text) {
    size_t length = 0;
    for (const char *p = text; *p; p++) {
        length = *p == '\n' ? 0 : length + 1;
        assert_true(length <= 998);
        assert_true(*p != '\n' || (p > text && p[-1] == '\r'));
        assert_true(*p != '\r' || p[1] == '\n');
        assert_true((unsigned char)*p < 0x80);
    }
}

static void test_languages(void **state) {
    static const struct {
        const char *language, *subject, *starts, *breakout;
    } cases[] = {
        {"da", "Arbejdstøj – hvordan?: torsdag den 5. maj 2022",
         "torsdag den 5. maj 2022 kl. 09.00", "You are in Salen."},
        {"sv", "Arbetskläder: torsdag 5 maj 2022", "torsdag 5 maj 2022 kl. 09:00",
         "You are in Salen *1*."},
        {"en", "Workwear: Thursday, 5 May 2022", "Thursday, 5 May 2022 at 09:00",
         "You are in Salen *1*."},
    };
    (void)state;
    struct sample s;
    char why[LETTER_WHY_MAX];
    set_up(&s);
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        s.row.language = text_of(cases[i].language);
        char *text = composed(&s, 0, why);
        assert_lines(text);
        GMimeMessage *message = read_back(text);
        assert_string_equal(g_mime_message_get_subject(message), cases[i].subject);
        char *plain = part_of(message, "plain"), *html = part_of(message, "html"), lang[40];
        assert_has(plain, cases[i].starts);
        assert_has(plain, cases[i].breakout);
        assert_has(html, cases[i].starts);
        (void)snprintf(lang, sizeof lang, "<html lang=\"%s\">", cases[i].language);
        assert_has(html, lang);
        char *again = composed(&s, 0, why);
        assert_string_equal(text, again);
        free(again);
        free(plain);
        free(html);
        free(text);
        g_object_unref(message);
    }
    tear_down(&s);
}

static void test_plain(void **state) {
    (void)state;
    struct sample s;
    char why[LETTER_WHY_MAX];
    set_up(&s);
    char *text = composed(&s, 0, why);
    GMimeMessage *message = read_back(text);
    char *plain = part_of(message, "plain"), *html = part_of(message, "html");
    assert_has(plain, "Arbetskläder\n\nDear Åsa Öberg,\n\nit starts");
    assert_has(plain, "at Borås. Registered: 0.\n");
    assert_has(plain, "\n- Salen *1*\n- 1. Room\n");
    assert_has(plain, "\n> # One\n>\n> - two <b>[x](http://evil.example)\n");
    assert_has(plain, "\nI come:\nhttps://cirkel.example/l/");
    assert_has(plain, "\nspy raw\n");
    assert_null(strchr(plain, '\\'));
    assert_null(strstr(plain, "Places"));
    assert_has(html, "<strong>torsdag");
    assert_has(html, "<a href=\"https://cirkel.example/l/");
    assert_null(strstr(html, "<img"));
    assert_null(strstr(html, "<b>"));
    assert_null(strstr(html, "evil.example\""));
    assert_null(strstr(html, "<h1>One"));
    free(plain);
    free(html);
    free(text);
    g_object_unref(message);
    tear_down(&s);
}

static void test_headers(void **state) {
    (void)state;
    struct sample s;
    char why[LETTER_WHY_MAX], reply_to[] = "svar@cirkel.example";
    set_up(&s);
    s.settings.reply_to = reply_to;
    char *text = composed(&s, 0, why);
    assert_has(text, "Date: Thu, 28 Apr 2022 09:00:01 +0200\r\n");
    assert_has(text, "Message-Id: <7.abcdefghijklmnop@cirkel.example>\r\n");
    assert_has(text, "Auto-Submitted: auto-generated\r\n");
    assert_has(text, "Content-Language: sv\r\n");
    assert_has(text, "Reply-To: svar@cirkel.example\r\n");
    assert_has(text, "<asa@xn--bors-soa.example>");
    assert_has(text, "<office@cirkel.example>");
    assert_null(strstr(text, "List-Unsubscribe"));
    assert_null(strstr(text, "text/calendar"));
    free(text);
    s.row.class = TEXT_LIT("news");
    text = composed(&s, 0, why);
    assert_has(text, "List-Unsubscribe: <https://cirkel.example/l/");
    assert_has(text, ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    free(text);
    tear_down(&s);
}

static void test_sample(void **state) {
    (void)state;
    struct sample s;
    char why[LETTER_WHY_MAX];
    set_up(&s);
    s.in.links = NULL;
    s.row.class = TEXT_LIT("news");
    char *text = composed(&s, 0, why);
    assert_has(text, "List-Unsubscribe: <https://cirkel.example/l/sample>");
    assert_has(text, "I come: https://cirkel.example/l/sample");
    free(text);
    tear_down(&s);
}

static void test_calendar(void **state) {
    (void)state;
    struct sample s;
    char why[LETTER_WHY_MAX];
    set_up(&s);
    s.occasion.calendar = TEXT_LIT("cancel");
    char *text = composed(&s, 0, why);
    assert_lines(text);
    assert_has(text, "multipart/mixed");
    assert_has(text, "Content-Type: text/calendar; charset=utf-8; method=CANCEL\r\n");
    assert_has(text, "Content-Disposition: attachment; filename=invite.ics\r\n");
    GMimeMessage *message = read_back(text);
    char *entry = part_of(message, "calendar"), *file = part_of(message, "ics");
    assert_string_equal(entry, file);
    assert_has(entry, "METHOD:CANCEL\r\n");
    assert_has(entry, "SEQUENCE:2\r\n");
    free(entry);
    free(file);
    free(text);
    g_object_unref(message);
    s.occasion.meeting = (struct bytes){NULL, 0};
    s.in.source = TEXT_LIT("Subject: x\n\nx\n");
    s.in.hash = TEXT_LIT("h2");
    free(composed(&s, -EBADMSG, why));
    tear_down(&s);
}

/* One message to one person, whatever is written where. */
static void test_injection(void **state) {
    static const char *const evil[] = {"x\r\nBcc: evil@x.example", "x\nBcc: evil@x.example\n\nBody",
                                       "=?utf-8?q?x=0D=0ABcc:_evil@x.example?=",
                                       "\"x\" <evil@x.example>, y", "x\r\n.\r\nMAIL FROM:<e@x>"};
    (void)state;
    struct sample s;
    char why[LETTER_WHY_MAX];
    set_up(&s);
    for (unsigned i = 0; i < COUNT_OF(evil); i++) {
        struct text bad = text_of(evil[i]);
        s.occasion.host = bad;
        if (!strchr(evil[i], '\r')) { /* such a record cannot be */
            s.meeting.title = (struct texts){.any = bad};
            s.meeting.place = bad;
        }
        bool is_refused = strpbrk(evil[i], "\r\n") != NULL;
        s.row.name = is_refused ? TEXT_LIT("x") : bad;
        pack(&s);
        s.occasion.calendar = TEXT_LIT("request");
        char *text = composed(&s, 0, why);
        assert_lines(text);
        const char *header_end = strstr(text, "\r\n\r\n"), *bcc = strstr(text, "\nBcc");
        assert_true(!bcc || bcc > header_end);
        assert_null(strstr(text, "\r\n.\r\n"));
        GMimeMessage *message = read_back(text);
        assert_int_equal(internet_address_list_length(g_mime_message_get_all_recipients(message)),
                         1);
        g_object_unref(message);
        free(text);
        s.row.name = bad;
        free(composed(&s, is_refused ? -EINVAL : 0, why));
        s.row.name = TEXT_NONE;
        s.row.address = TEXT_LIT("a@x.example\r\nBcc: e@x.example");
        free(composed(&s, -EINVAL, why));
        s.row.address = TEXT_LIT("a@x.example");
        s.row.message_id = bad;
        free(composed(&s, -EINVAL, why));
        s.row.message_id = TEXT_LIT("7@cirkel.example");
    }
    tear_down(&s);
}

static void test_refused(void **state) {
    static const struct {
        const char *source, *why;
    } cases[] = {
        {"Subject: x\n\nDear {{person.email}}\n", "person.email"},
        {"Subject: {{meeting.link}}\n\nx\n", "meeting.link"},
        {"Subject: x\n\n{{meeting.link}}\n", "meeting.link"},
        {"Subject: x\n\n{{#meeting.place}}\n", "meeting.place"},
        {"Subject:\n\nx\n", "Subject"},
        {"Hello\n", "Subject"},
        {"", "Subject"},
    };
    (void)state;
    struct sample s;
    set_up(&s);
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        char why[LETTER_WHY_MAX];
        struct composer *composer = composer_new();
        struct buf to;
        buf_init(&to, COMPOSE_MAX);
        s.in.source = text_of(cases[i].source);
        assert_true(compose(composer, &s.in, &to, why) < 0);
        assert_has(why, cases[i].why);
        buf_free(&to);
        composer_free(&composer);
    }
    tear_down(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages), cmocka_unit_test(test_plain),
        cmocka_unit_test(test_headers),   cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_injection), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
