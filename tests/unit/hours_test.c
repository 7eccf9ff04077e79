/* Hours: who may log them and when, corrections, and the sum that always is the sum. */
/* service: scheduler */
#include "tests/unit/participation.inc"

#define LOG "hours.log"

/* Everything that was logged adds up, row by row, and the index says the same. */
static void audit(struct trial *t) {
    struct key from = {.n = 0};
    struct bytes key, value;
    int64_t x = 0, y = 0;
    unsigned rows = 0;
    while (store_seek(t->txn, TABLE_HOURS, key_bytes(&from), &key, &value) == 0) {
        struct rec_hours r;
        struct text minutes;
        after_key(&from, key);
        assert_int_equal(office_read(office_now(t), TABLE_HOURS, value, &r), 0);
        struct key k = key2(r.person, r.date);
        key_text(&k, r.programme);
        key_text(&k, r.organisation);
        key_text(&k, r.hours);
        assert_int_equal(office_marked(office_now(t), TABLE_HOURS_OF, k, &minutes), 0);
        struct key want = key_no((uint64_t)r.minutes);
        assert_true(bytes_eq((struct bytes){minutes.p, minutes.n}, key_bytes(&want)));
        *(text_is(r.organisation, "x") ? &x : &y) += r.minutes;
        rows++;
    }
    assert_int_equal(trial_table(t, TABLE_HOURS_OF), rows);
    assert_int_equal(participation(t, "x").minutes, x);
    assert_int_equal(participation(t, "y").minutes, y);
}

static void test_refused(void **context) {
    static const char *const rows[][4] = {
        {"not-found", "programme",
         "{'programme':'q','participation':'x','person':'x1','date':'2022-05-01','minutes':60,"
         "'kind':'meeting'}"},
        {"not-found", "participation",
         "{'programme':'p','participation':'host','person':'x1','date':'2022-05-01','minutes':60,"
         "'kind':'meeting'}"},
        {"not-found", "person",
         "{" IN "'person':'nobody','date':'2022-05-01','minutes':60,'kind':'meeting'}"},
        {"not-entitled", "person",
         "{" IN "'person':'x3','date':'2022-05-01','minutes':60,'kind':'meeting'}"},
        {"not-entitled", "person",
         "{" IN "'person':'y1','date':'2022-05-01','minutes':60,'kind':'meeting'}"},
        {"too-early", "date",
         "{" IN "'person':'x1','date':'2022-05-03','minutes':60,'kind':'meeting'}"},
        {"too-late", "date",
         "{" IN "'person':'x1','date':'2022-03-31','minutes':60,'kind':'meeting'}"},
        {"conflict", "minutes",
         "{" IN "'person':'x1','date':'2022-05-01','minutes':1381,'kind':'meeting'}"},
        {"already", "hours",
         "{" IN "'hours':'h','person':'x1','date':'2022-05-01','minutes':60,'kind':'meeting'}"},
    };
    struct trial t;
    (void)context;
    open_staffed(&t);
    t.now = trial_wall("2022-05-02T23:59");
    trial_do(&t, LOG,
             "{" IN "'hours':'h','person':'x1','date':'2022-05-01','minutes':60,'kind':'meeting'}");
    for (unsigned i = 0; i < COUNT_OF(rows); i++)
        REFUSED(&t, rows[i][0], rows[i][1], LOG, "%s", rows[i][2]);
    /* the day begins where the programme is */
    t.now = trial_wall("2022-05-03T00:00");
    trial_do(&t, LOG, "{" IN "'person':'x1','date':'2022-05-03','minutes':1440,'kind':'meeting'}");
    t.now = trial_wall("2024-04-02T00:00");
    trial_do(&t, LOG, "{" IN "'person':'x1','date':'2024-03-31','minutes':60,'kind':'meeting'}");
    REFUSED(&t, "too-late", "date", LOG,
            "{" IN "'person':'x1','date':'2024-04-01','minutes':60,'kind':'meeting'}");
    audit(&t);
    assert_int_equal(participation_complete_all(office_now(&t), TEXT_LIT("p")), 0);
    REFUSED(&t, "wrong-state", "participation", LOG,
            "{" IN "'person':'x1','date':'2023-03-31','minutes':60,'kind':'meeting'}");
    trial_close(&t);
}

static void test_corrected(void **context) {
    struct trial t;
    struct rec_hours r;
    struct part_correction c;
    struct key k = key2(TEXT_LIT("p"), TEXT_LIT("x"));
    (void)context;
    key_text(&k, TEXT_LIT("h"));
    open_staffed(&t);
    t.now = trial_wall("2022-05-02T09:00");
    trial_do(&t, LOG,
             "{" IN
             "'hours':'h','person':'x1','date':'2022-05-01','minutes':60,'kind':'local-test'}");
    trial_do(&t, LOG,
             "{" IN "'person':'x1','date':'2022-05-01','minutes':1000,'kind':'preparation'}");
    assert_int_equal(participation(&t, "x").minutes, 1060);
    REFUSED(&t, "not-found", "hours", "hours.correct",
            "{" IN "'hours':'i','minutes':1,'reason':'r'}");
    REFUSED(&t, "not-found", "hours", "hours.correct",
            "{'programme':'p','participation':'y','hours':'h','minutes':1,'reason':'r'}");
    REFUSED(&t, "already", "minutes", "hours.correct",
            "{" IN "'hours':'h','minutes':60,'reason':'r'}");
    REFUSED(&t, "conflict", "minutes", "hours.correct",
            "{" IN "'hours':'h','minutes':441,'reason':'r'}");
    trial_do(&t, "hours.correct", "{" IN "'hours':'h','minutes':440,'reason':'more'}");
    trial_do(&t, "hours.correct", "{" IN "'hours':'h','minutes':0,'reason':'none'}");
    assert_int_equal(participation(&t, "x").minutes, 1000);
    trial_get(&t, TABLE_HOURS, k, &r);
    assert_int_equal(r.history.count, 2);
    assert_true(codec_next_part(&r.history, PART_correction, &c));
    assert_int_equal(c.minutes, 60);
    assert_true(text_is(c.reason, "more"));
    assert_true(codec_next_part(&r.history, PART_correction, &c));
    assert_int_equal(c.minutes, 440);
    for (unsigned i = 2; i < 50; i++)
        trial_do(&t, "hours.correct", "{" IN "'hours':'h','minutes':%u,'reason':'r'}", i);
    REFUSED(&t, "full", "hours", "hours.correct", "{" IN "'hours':'h','minutes':1,'reason':'r'}");
    audit(&t);
    trial_close(&t);
}

static void attend(struct trial *t, const char *meeting, const char *person, int minutes) {
    trial_do(t, "attendance.record", "{'meeting':'%s','entries':[{'person':'%s','minutes':%d}]}",
             meeting, person, minutes);
}

static struct rec_hours only_row(struct trial *t, const char *organisation) {
    struct key from = key2(TEXT_LIT("p"), text_of(organisation));
    struct bytes key, value;
    struct rec_hours r;
    assert_int_equal(store_seek(t->txn, TABLE_HOURS, key_bytes(&from), &key, &value), 0);
    assert_int_equal(office_read(office_now(t), TABLE_HOURS, value, &r), 0);
    return r;
}

static void test_attendance(void **context) {
    struct trial t;
    struct rec_hours r;
    (void)context;
    open_staffed(&t);
    meet(&t, "w", "workshop", "staff", "2022-05-10T09:00");
    trial_do(
        &t, "attendance.record",
        "{'meeting':'w','entries':[{'person':'x1','minutes':120},{'person':'x3','minutes':120},"
        "{'person':'lead','minutes':120},{'person':'y2','minutes':0}]}");
    assert_int_equal(trial_table(&t, TABLE_HOURS), 1); /* only the staff, and who was there */
    assert_int_equal(participation(&t, "x").minutes, 120);
    r = only_row(&t, "x");
    assert_true(text_is(r.kind, "workshop") && text_is(r.meeting, "w") &&
                text_is(r.date, "2022-05-10") && text_is(r.person, "x1"));
    REFUSED(&t, "conflict", "hours", "hours.correct",
            "{" IN "'hours':'%.*s','minutes':1,'reason':'r'}", TEXT_ARGS(r.hours));
    attend(&t, "w", "x1", 120); /* again */
    assert_int_equal(only_row(&t, "x").history.count, 0);
    attend(&t, "w", "x1", 90); /* corrected, though she has left the staff */
    trial_do(&t, "staff.replace", "{" IN "'person':'x1','by':'x3'}");
    attend(&t, "w", "x1", 0);
    assert_int_equal(participation(&t, "x").minutes, 0);
    assert_int_equal(only_row(&t, "x").history.count, 2);
    assert_int_equal(trial_table(&t, TABLE_HOURS), 1);
    meet(&t, "v", "other", "staff", "2022-05-11T09:00");
    attend(&t, "v", "x1", 60); /* not of the staff any more */
    assert_int_equal(participation(&t, "x").minutes, 0);
    attend(&t, "v", "y1", 60);
    assert_true(text_is(only_row(&t, "y").kind, "meeting"));
    audit(&t);
    trial_close(&t);
}

/* What was logged by hand before leaves less of the day. */
static void test_no_day_is_longer(void **context) {
    struct trial t;
    (void)context;
    open_staffed(&t);
    meet(&t, "w", "workshop", "staff", "2022-05-10T09:00");
    trial_do(&t, LOG,
             "{" IN "'person':'x1','date':'2022-05-10','minutes':1400,'kind':'preparation'}");
    attend(&t, "w", "x1", 120);
    assert_int_equal(participation(&t, "x").minutes, 1440);
    REFUSED(&t, "conflict", "minutes", LOG,
            "{" IN "'person':'x1','date':'2022-05-10','minutes':1,'kind':'preparation'}");
    audit(&t);
    trial_close(&t);
}

/* Of a day before the programme, nothing counts; of a network's meetings neither. */
static void test_other_meetings(void **context) {
    struct trial t;
    (void)context;
    open_programme(&t, NO_RULES, "2022-03-01T12:00", "organisation");
    begin(&t, "x", "organisation");
    begin(&t, "y", "organisation");
    trial_do(&t, "staff.name", "{" IN "'persons':['x1','x2']}");
    meet(&t, "w", "workshop", "staff", "2022-03-10T09:00");
    attend(&t, "w", "x1", 120);
    trial_do(
        &t, "network.open",
        "{'network':'net','name':'Net','host':'host','lead':'lead','zone':'Europe/Copenhagen'}");
    trial_do(
        &t, "meeting.plan",
        "{'meeting':'n','network':'net','kind':'network','title':'M','starts':'2022-05-10T09:00',"
        "'minutes':120,'mode':'room','place':'Hall','audience':'members'}");
    trial_do(&t, "meeting.call", "{'meeting':'n'}");
    t.now = trial_wall("2022-05-10T12:00");
    attend(&t, "n", "x1", 120);
    assert_int_equal(trial_table(&t, TABLE_HOURS), 0);
    trial_close(&t);
}

static void test_person_ends(void **context) {
    struct trial t;
    struct rec_hours r;
    (void)context;
    open_staffed(&t);
    meet(&t, "w", "workshop", "staff", "2022-05-10T09:00");
    attend(&t, "w", "x1", 60);
    attend(&t, "w", "x2", 90);
    trial_do(&t, LOG,
             "{" IN "'hours':'h','person':'x1','date':'2022-05-01','minutes':30,"
             "'kind':'preparation','text':'with Ms Hansen'}");
    trial_do(&t, "hours.correct", "{" IN "'hours':'h','minutes':31,'reason':'Hansen was ill'}");
    trial_do(&t, "hours.correct", "{" IN "'hours':'h','minutes':30,'reason':'Hansen was not'}");
    trial_do(&t, "person.merge", "{'person':'x1','into':'x2'}");
    assert_int_equal(participation(&t, "x").minutes,
                     120); /* one was at the meeting, the longer stay */
    audit(&t);
    attend(&t, "w", "x2", 100);
    assert_int_equal(participation(&t, "x").minutes, 130);
    trial_do(&t, "person.erase", "{'person':'x2'}");
    struct key k = key2(TEXT_LIT("p"), TEXT_LIT("x"));
    key_text(&k, TEXT_LIT("h"));
    trial_get(&t, TABLE_HOURS, k, &r);
    assert_true(text_is(r.person, "x2") && !r.text.p && r.minutes == 30 && r.history.count == 2);
    assert_null(memmem(r.history.raw.p, r.history.raw.n, "Hansen", 6));
    assert_int_equal(participation(&t, "x").minutes, 130);
    audit(&t);
    trial_close(&t);
}

/* Two records of one person, each with a whole day: together they are no two days. */
static void test_merged_day(void **context) {
    struct trial t;
    struct rec_hours r;
    (void)context;
    open_staffed(&t);
    t.now = trial_wall("2022-05-10T12:00");
    trial_do(&t, LOG,
             "{" IN "'hours':'h1','person':'x1','date':'2022-05-01','minutes':1000,"
             "'kind':'preparation'}");
    trial_do(&t, LOG,
             "{" IN "'hours':'h2','person':'x2','date':'2022-05-01','minutes':1000,"
             "'kind':'preparation'}");
    trial_do(&t, "person.merge", "{'person':'x1','into':'x2'}");
    assert_int_equal(participation(&t, "x").minutes, 1440);
    struct key k = key2(TEXT_LIT("p"), TEXT_LIT("x"));
    key_text(&k, TEXT_LIT("h1"));
    trial_get(&t, TABLE_HOURS, k, &r);
    assert_true(text_is(r.person, "x2") && r.minutes == 440 && r.history.count == 1);
    audit(&t);
    trial_close(&t);
}

static uint32_t roll(uint32_t *seed, uint32_t sides) {
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % sides;
}

/* Whatever is said, in whatever order: the sums are sums. */
static void test_random(void **context) {
    struct trial t;
    (void)context;
    for (uint32_t run = 1; run <= 3; run++) {
        uint32_t seed = run;
        open_staffed(&t);
        for (unsigned i = 0; i < 4; i++) {
            char id[4], starts[20];
            snprintf(id, sizeof id, "m%u", i);
            snprintf(starts, sizeof starts, "2022-05-0%uT09:00", i + 1);
            meet(&t, id, i % 2 ? "workshop" : "other", i == 3 ? "group:g" : "staff", starts);
        }
        for (unsigned i = 0; i < 1500; i++) {
            const char *town = roll(&seed, 2) ? "x" : "y";
            uint32_t a = roll(&seed, 4) + 1, b = roll(&seed, 4) + 1, what = roll(&seed, 100);
            uint32_t day = roll(&seed, 6) + 1, minutes = roll(&seed, 900);
            if (what < 45)
                (void)trial_say(
                    &t, LOG,
                    "{'programme':'p','participation':'%s','hours':'h%u','person':'%s%u',"
                    "'date':'2022-05-0%u','minutes':%u,'kind':'meeting'}",
                    town, i % 70, town, a, day, minutes + 1);
            else if (what < 65)
                (void)trial_say(&t, "hours.correct",
                                "{'programme':'p','participation':'%s','hours':'h%u','minutes':%u,"
                                "'reason':'r'}",
                                town, roll(&seed, 70), minutes);
            else if (what < 90)
                (void)trial_say(&t, "attendance.record",
                                "{'meeting':'m%u','entries':[{'person':'%s%u','minutes':%u}]}",
                                roll(&seed, 4), town, a, roll(&seed, 3) ? minutes : 0);
            else if (what < 99 || i < 700)
                (void)trial_say(
                    &t, "staff.replace",
                    "{'programme':'p','participation':'%s','person':'%s%u','by':'%s%u'}", town,
                    town, a, town, b);
            else
                (void)trial_say(&t, "person.merge", "{'person':'%s%u','into':'%s%u'}", town, a,
                                town, b);
            if (i % 25 == 0)
                audit(&t);
        }
        audit(&t);
        assert_true(trial_table(&t, TABLE_HOURS) > 20);
        trial_close(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_corrected),
        cmocka_unit_test(test_attendance),     cmocka_unit_test(test_no_day_is_longer),
        cmocka_unit_test(test_other_meetings), cmocka_unit_test(test_person_ends),
        cmocka_unit_test(test_merged_day),     cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
