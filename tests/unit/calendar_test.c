/* service: notifier */
/* Calendar entries: read back by libical, and the bytes clients are particular about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/notifier/calendar.h"

#include <errno.h>
#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>

static struct rec_meeting sample(void) {
    return (struct rec_meeting){
        .meeting = TEXT_LIT("workwear-2022"),
        .title = {.any = TEXT_LIT("Workwear; what, and how"),
                  .sv = TEXT_LIT("Arbetskläder: löften")},
        .starts = TEXT_LIT("2022-05-24T09:00"),
        .minutes = 150,
        .ends = TEXT_LIT("2022-05-24T11:30"),
        .zone = TEXT_LIT("Europe/Stockholm"),
        .place = TEXT_LIT("Science Park Borås, Skaraborgsvägen 3A"),
        .link = TEXT_LIT("https://video.example/m/1"),
        .revision = 3,
    };
}

static struct calendar_in input(const struct rec_meeting *meeting) {
    return (struct calendar_in){
        .method = CALENDAR_REQUEST,
        .meeting = meeting,
        .language = TEXT_LIT("sv"),
        .organiser = TEXT_LIT("office@cirkel.example"),
        .organiser_name = TEXT_LIT("Cirkulär kommun"),
        .attendee = TEXT_LIT("asa@xn--bors-roa.example"),
        .attendee_name = TEXT_LIT("Åsa \"A\", miljö"),
        .domain = TEXT_LIT("cirkel.example"),
        .stamp = 1651734001000,
    };
}

static char *write_entry(const struct calendar_in *in, int expected) {
    struct calendar *calendar = calendar_new();
    struct buf to;
    char why[CALENDAR_WHY_MAX];
    buf_init(&to, 100000);
    assert_int_equal(calendar_write(calendar, in, &to, why), expected);
    char *copy = strdup(buf_cstr(&to));
    buf_free(&to);
    calendar_free(&calendar);
    return copy;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part))
        print_error("no \"%s\" in:\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

static void test_request(void **state) {
    (void)state;
    struct rec_meeting meeting = sample();
    struct calendar_in in = input(&meeting);
    char *text = write_entry(&in, 0);
    assert_has(text, "METHOD:REQUEST\r\n");
    assert_has(text, "UID:meeting-workwear-2022@cirkel.example\r\n");
    assert_has(text, "SEQUENCE:3\r\n");
    assert_has(text, "DTSTAMP:20220505T070001Z\r\n");
    assert_has(text, "DTSTART;TZID=Europe/Stockholm:20220524T090000\r\n");
    assert_has(text, "DTEND;TZID=Europe/Stockholm:20220524T113000\r\n");
    assert_has(text, "\r\nTZID:Europe/Stockholm\r\n");
    assert_has(text, "STATUS:CONFIRMED\r\n");
    assert_has(text, "URL:https://video.example/m/1\r\n");
    assert_null(strstr(text, "freeassociation"));
    assert_null(strstr(text, "DTSTART:18"));
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        assert_true(p > text && p[-1] == '\r');
    char *again = write_entry(&in, 0);
    assert_string_equal(text, again);
    free(again);
    free(text);
}

/* An end is so many minutes after the start, whatever clocks do meanwhile. */
static void test_clock_change(void **state) {
    (void)state;
    static const struct {
        const char *starts;
        int64_t minutes;
        const char *dtend;
    } rows[] = {
        {"2022-10-30T02:30", 90, "DTEND;TZID=Europe/Stockholm:20221030T030000"},
        {"2022-10-30T01:30", 60, "DTEND;TZID=Europe/Stockholm:20221030T023000"},
        {"2022-10-30T01:30", 120, "DTEND:20221030T013000Z"},
        {"2022-10-30T02:30", 30, "DTEND:20221030T010000Z"},
        {"2022-03-27T01:30", 60, "DTEND;TZID=Europe/Stockholm:20220327T033000"},
        {"2022-03-27T02:30", 60, "DTEND;TZID=Europe/Stockholm:20220327T043000"},
    };
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        struct rec_meeting meeting = sample();
        meeting.starts = text_of(rows[i].starts);
        meeting.minutes = rows[i].minutes;
        struct calendar_in in = input(&meeting);
        char *text = write_entry(&in, 0);
        assert_has(text, rows[i].dtend);
        free(text);
    }
}

static void test_read_back(void **state) {
    (void)state;
    struct rec_meeting meeting = sample();
    struct calendar_in in = input(&meeting);
    char *text = write_entry(&in, 0);
    icalcomponent *root = icalparser_parse_string(text);
    assert_non_null(root);
    assert_int_equal(icalcomponent_get_method(root), ICAL_METHOD_REQUEST);
    icalcomponent *event = icalcomponent_get_first_component(root, ICAL_VEVENT_COMPONENT);
    assert_string_equal(icalcomponent_get_summary(event), "Arbetskläder: löften");
    assert_string_equal(icalcomponent_get_location(event),
                        "Science Park Borås, Skaraborgsvägen 3A");
    assert_int_equal(icalcomponent_count_properties(event, ICAL_ATTENDEE_PROPERTY), 1);
    icalproperty *who = icalcomponent_get_first_property(event, ICAL_ATTENDEE_PROPERTY);
    assert_string_equal(icalproperty_get_attendee(who), "mailto:asa@xn--bors-roa.example");
    icalparameter *rsvp = icalproperty_get_first_parameter(who, ICAL_RSVP_PARAMETER);
    assert_int_equal(icalparameter_get_rsvp(rsvp), ICAL_RSVP_TRUE);
    icalcomponent_free(root);
    free(text);
}

static void test_states(void **state) {
    (void)state;
    struct rec_meeting meeting = sample();
    struct calendar_in in = input(&meeting);
    meeting.tentative = true;
    char *text = write_entry(&in, 0);
    assert_has(text, "STATUS:TENTATIVE\r\n");
    free(text);
    in.method = CALENDAR_CANCEL;
    meeting.revision = 4;
    text = write_entry(&in, 0);
    assert_has(text, "METHOD:CANCEL\r\n");
    assert_has(text, "STATUS:CANCELLED\r\n");
    assert_has(text, "SEQUENCE:4\r\n");
    assert_has(text, "UID:meeting-workwear-2022@cirkel.example\r\n");
    free(text);
}

/* Nothing anybody writes becomes a line of its own. */
static void test_injection(void **state) {
    (void)state;
    struct rec_meeting meeting = sample();
    struct calendar_in in = input(&meeting);
    meeting.title.sv = TEXT_LIT("a\r\nATTENDEE:mailto:evil@x.example\nX:1");
    meeting.place = TEXT_LIT("b\r\nATTENDEE:mailto:evil@x.example");
    meeting.link = TEXT_LIT("https://x.example/\r\nATTENDEE:mailto:evil@x.example");
    in.attendee_name = TEXT_LIT("c\"\r\nATTENDEE:mailto:evil@x.example");
    in.organiser_name = TEXT_LIT("d^n\r\nATTENDEE:mailto:evil@x.example");
    char *text = write_entry(&in, 0);
    icalcomponent *root = icalparser_parse_string(text);
    icalcomponent *event = icalcomponent_get_first_component(root, ICAL_VEVENT_COMPONENT);
    assert_int_equal(icalcomponent_count_properties(event, ICAL_ATTENDEE_PROPERTY), 1);
    assert_int_equal(icalcomponent_count_properties(event, ICAL_URL_PROPERTY), 0);
    assert_null(strstr(text, "\nX:1"));
    assert_null(strstr(text, "\nATTENDEE:mailto"));
    icalcomponent_free(root);
    free(text);
    in.attendee = TEXT_LIT("a@x.example\r\nX:1");
    free(write_entry(&in, -EINVAL));
}

static void test_refused(void **state) {
    (void)state;
    struct rec_meeting meeting = sample();
    struct calendar_in in = input(&meeting);
    meeting.zone = TEXT_LIT("Europe/Nowhere");
    free(write_entry(&in, -EINVAL));
    meeting = sample();
    meeting.starts = TEXT_LIT("soon");
    free(write_entry(&in, -EINVAL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),   cmocka_unit_test(test_clock_change),
        cmocka_unit_test(test_read_back), cmocka_unit_test(test_states),
        cmocka_unit_test(test_injection), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
