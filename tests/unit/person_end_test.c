/* Records that are one, and a person who is erased: what goes over, what ends, what stays behind.
 */
/* service: scheduler */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "services/scheduler/reminders/plan.h"
#include "tests/harness/trial.h"

#define TWO "'options':[{'option':'x','text':'X'},{'option':'y','text':'Y'}]"

static void test_merge_people(void **context) {
    struct trial t;
    struct rec_ledger row;
    struct rec_person p;
    (void)context;
    trial_open_six(&t);
    trial_settle(&t);
    trial_register(&t, "a");
    trial_register(&t, "b");
    trial_do(&t, "registration.cancel", "{'meeting':'m','person':'a'}");
    trial_register(&t, "c");
    trial_fire(&t); /* c's confirmation is queued */
    trial_do(&t, "preference.set", "{'person':'c','class':'news','on':false}");
    trial_do(&t, "person.merge", "{'person':'a','into':'b'}");
    trial_expect(&t, "b", "registered"); /* a's cancelled one does not undo it */
    trial_do(&t, "person.merge", "{'person':'c','into':'d'}");
    trial_expect(&t, "d", "registered");
    trial_expect(&t, "c", "cancelled");
    assert_int_equal(trial_meeting(&t, "m").registered, 2);
    /* what was about to leave leaves, under the other's name */
    assert_int_equal(trial_rows(&t, "registration-confirmed", "d", "queued", &row), 1);
    assert_true(text_is(row.address, "c@molndal.example"));
    assert_true(trial_arm(&t, row.no, 1));
    trial_result(&t, row.no, 1, "accepted");
    /* told under either name: one correction each, and none to the records that ended */
    t.now += DAYS;
    trial_do(&t, "meeting.move", "{'meeting':'m','starts':'2022-05-25T09:00'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "meeting-moved", "d", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-moved", "b", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-moved", NULL, NULL, NULL), 4); /* b d e f */
    /* nothing personal stays behind, and what c did not want d does not get */
    trial_get(&t, TABLE_PERSON, key1(TEXT_LIT("c")), &p);
    assert_true(text_is(p.state, "merged") && !p.email.p && !p.name.p);
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-05-01T09:00',"
             "'audience':'members'," TWO "}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "d", "suppressed", NULL), 1);
    assert_string_equal(trial_say(&t, "registration.make", "{'meeting':'m','person':'c'}"),
                        "wrong-state");
    trial_close(&t);
}

/* She speaks for what she spoke for under either name, and is a member through it. */
static void test_merge_what_she_is(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "person.update", "{'person':'c','functions':['buyer'],'organisations':['boras']}");
    trial_do(&t, "membership.end", "{'network':'net','person':'c'}");
    trial_do(
        &t, "person.register",
        "{'person':'x','name':'X','email':'x@x.example','language':'sv','functions':['cook']}");
    trial_do(&t, "membership.grant",
             "{'network':'net','organisation':'boras','source':'all of them'}");
    trial_do(&t, "person.merge", "{'person':'c','into':'x'}");
    trial_register(&t, "x"); /* through boras: neither x nor c was a member herself */
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-05-01T09:00',"
             "'audience':'function:buyer and function:cook'," TWO "}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "x", "accepted", NULL), 1);
    trial_close(&t);
}

/* What she had of news under the one name counts under the other. */
static void test_merge_cap(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "person.update", "{'person':'c','functions':['buyer']}");
    trial_do(&t, "preference.set", "{'person':'d','class':'news','on':true,'most':1}");
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-05-01T09:00',"
             "'audience':'function:buyer'," TWO "}");
    trial_settle(&t);
    trial_do(&t, "person.merge", "{'person':'c','into':'d'}");
    t.now += DAYS;
    trial_do(&t, "poll.open",
             "{'poll':'r','network':'net','question':'Q','closes':'2022-05-01T09:00',"
             "'audience':'members'," TWO "}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "poll-opened", "d", "accepted", NULL), 1);
    assert_int_equal(trial_rows(&t, "poll-opened", "d", "digested", NULL), 1);
    trial_close(&t);
}

/* The same letter queued for both: it leaves once. The lead is followed to her other name. */
static void test_merge_with_letters_queued(void **context) {
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    trial_world(&t, true);
    trial_fire(&t);
    trial_do(&t, "person.merge", "{'person':'a','into':'b'}");
    assert_int_equal(trial_rows(&t, "meeting-invitation", "b", "queued", NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "b", "withdrawn", NULL), 1);
    assert_int_equal(trial_rows(&t, NULL, "a", NULL, NULL), 0);
    trial_do(&t, "person.merge", "{'person':'lead','into':'f'}");
    trial_do(&t, "idea.send", "{'idea':'i','network':'net','text':'T','person':'b'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "idea-arrived", "f", "accepted", NULL), 1);
    trial_close(&t);
}

/* Two records with one address: it is found again after one of them ended. */
static void test_merge_same_address(void **context) {
    struct trial t;
    struct rec_membership m;
    (void)context;
    trial_open_six(&t);
    for (unsigned i = 1; i <= 2; i++)
        trial_do(&t, "person.register",
                 "{'person':'twin%u','name':'N','email':'t@x.example','language':'sv'}", i);
    trial_do(&t, "person.merge", "{'person':'twin1','into':'twin2'}");
    trial_do(&t, "membership.request",
             "{'network':'net','name':'N','email':'T@x.example','language':'sv'}");
    trial_get(&t, TABLE_MEMBERSHIP, key2(TEXT_LIT("net"), TEXT_LIT("twin2")), &m);
    trial_close(&t);
}

static void test_merge_protected(void **context) {
    struct trial t;
    struct rec_ledger row;
    (void)context;
    trial_open_six(&t);
    trial_fire(&t);
    trial_do(&t, "person.protect", "{'person':'e','on':true}");
    trial_do(&t, "person.merge", "{'person':'e','into':'a'}");
    assert_true(trial_rows(&t, NULL, "a", "queued", &row) == 0);
    trial_close(&t);
}

static void test_merge_organisations(void **context) {
    struct trial t;
    struct rec_person p;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "organisation.register",
             "{'organisation':'third','name':'T','kind':'region','country':'SE'}");
    trial_do(&t, "person.update", "{'person':'a','organisations':['molndal','third','boras']}");
    trial_do(&t, "membership.grant", "{'network':'net','organisation':'boras','source':'s'}");
    trial_do(&t, "pledge.record", "{'organisation':'boras','pledge':'x','years':[2022]}");
    trial_do(&t, "organisation.merge", "{'organisation':'boras','into':'molndal'}");
    trial_get(&t, TABLE_PERSON, key1(TEXT_LIT("a")), &p);
    assert_int_equal(p.organisations.count, 2); /* named once */
    trial_get(&t, TABLE_PERSON, key1(TEXT_LIT("b")), &p);
    assert_true(list_has_text(p.organisations, TEXT_LIT("molndal")));
    struct rec_membership m;
    trial_get(&t, TABLE_WHOLE, key2(TEXT_LIT("net"), TEXT_LIT("molndal")), &m);
    assert_true(text_is(m.state, "active"));
    struct rec_pledge pledge;
    trial_get(&t, TABLE_PLEDGE, key2(TEXT_LIT("molndal"), TEXT_LIT("x")), &pledge);
    assert_string_equal(trial_say(&t, "organisation.update", "{'organisation':'boras','name':'B'}"),
                        "wrong-state");
    trial_close(&t);
}

/* Whatever else names a person names the one who stays: who leads, asks, advises, answers. */
static void test_merge_mentions(void **context) {
    struct trial t;
    struct rec_network network;
    struct rec_case c;
    struct rec_idea idea;
    struct rec_poll poll;
    struct rec_poll_answer answer;
    struct rec_consent consent;
    int64_t votes = 0, n;
    struct text option;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "support.request", "{'case':'case','network':'net','person':'a','text':'Help'}");
    trial_do(&t, "support.assign", "{'case':'case','person':'lead'}");
    trial_do(&t, "idea.send", "{'idea':'idea','network':'net','person':'a','text':'Think'}");
    trial_do(&t, "poll.open",
             "{'poll':'q','network':'net','question':'Q','closes':'2022-05-01T09:00',"
             "'audience':'members'," TWO "}");
    trial_do(&t, "poll.answer", "{'poll':'q','person':'b','option':'x'}");
    t.now += HOURS;
    trial_do(&t, "poll.answer", "{'poll':'q','person':'a','option':'y'}");
    trial_do(&t, "consent.give", "{'person':'a','purpose':'photo','text_version':'1'}");
    trial_do(&t, "person.merge", "{'person':'a','into':'b'}");
    trial_do(&t, "person.merge", "{'person':'lead','into':'f'}");
    trial_get(&t, TABLE_NETWORK, key1(TEXT_LIT("net")), &network);
    trial_get(&t, TABLE_CASE, key1(TEXT_LIT("case")), &c);
    trial_get(&t, TABLE_IDEA, key1(TEXT_LIT("idea")), &idea);
    assert_true(text_is(network.lead, "f") && text_is(c.adviser, "f"));
    assert_true(text_is(c.person, "b") && text_is(idea.person, "b"));
    trial_get(&t, TABLE_POLL, key1(TEXT_LIT("q")), &poll);
    trial_get(&t, TABLE_POLL_ANSWER, key2(TEXT_LIT("q"), TEXT_LIT("b")), &answer);
    while (codec_next_pair_int(&poll.votes, &option, &n))
        votes += n;
    assert_true(text_is(answer.option, "y")); /* the later word */
    assert_int_equal(votes, 1);
    assert_int_equal(trial_table(&t, TABLE_POLL_ANSWER), 1);
    trial_get(&t, TABLE_CONSENT, key2(TEXT_LIT("b"), TEXT_LIT("photo")), &consent);
    assert_int_equal(trial_table(&t, TABLE_CONSENT), 1);
    trial_close(&t);
}

static void each_has_not(struct trial *t, const char *word) {
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        struct key from = {.n = 0};
        struct bytes key, value;
        while (table != TABLE_TEXT &&
               store_seek(t->txn, table, key_bytes(&from), &key, &value) == 0) {
            if (memmem(value.p, value.n, word, strlen(word)) ||
                memmem(key.p, key.n, word, strlen(word)))
                fail_msg("%s is left in %s", word, table_infos[table].name);
            memcpy(from.b, key.p, key.n);
            from.n = key.n;
            from.b[from.n++] = 0;
        }
    }
}

static void test_erase(void **context) {
    struct trial t;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "person.register",
             "{'person':'x','name':'Xerxes','email':'xerxes@x.example','language':'sv'}");
    trial_do(&t, "person.register",
             "{'person':'y','name':'Xerxes','email':'xerxes@x.example','language':'sv'}");
    trial_do(&t, "membership.grant", "{'network':'net','person':'x','source':'s'}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'x','diet':'Xerophagy'}");
    trial_settle(&t);
    trial_do(&t, "idea.send", "{'idea':'i','network':'net','person':'x','text':'Xylophones'}");
    trial_do(&t, "support.request",
             "{'case':'c','network':'net','person':'x','text':'Xylophones are dear.'}");
    trial_do(&t, "support.answer", "{'case':'c','text':'Xylophones are free.'}");
    trial_settle(&t);
    t.now = trial_wall("2022-05-24T12:00");
    trial_do(&t, "attendance.record", "{'meeting':'m','entries':[{'person':'x','minutes':60}]}");
    trial_fire(&t);
    trial_do(&t, "person.merge", "{'person':'x','into':'y'}");
    trial_do(&t, "person.erase", "{'person':'y'}");
    trial_settle(&t);
    each_has_not(&t, "Xerxes");
    each_has_not(&t, "xerxes@x.example");
    each_has_not(&t, "Xerophagy");
    each_has_not(&t, "Xylophones"); /* nor in the letters about it that others got */
    assert_int_equal(trial_rows(&t, NULL, "y", "accepted", NULL),
                     6); /* what was sent stays counted */
    trial_close(&t);
}

/* What others keep of her, and what comes back when she is gone. */
static void test_erase_with_letters_on_their_way(void **context) {
    struct trial t;
    struct rec_ledger row;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "person.register",
             "{'person':'w','name':'Xerxes','email':'w@x.example','language':'sv'}");
    trial_do(&t, "person.register",
             "{'person':'x','name':'Xerxes','email':'Xerxes@x.example','language':'sv'}");
    trial_do(&t, "network.update", "{'network':'net','lead':'w'}");
    trial_do(&t, "membership.grant", "{'network':'net','person':'x','source':'s'}");
    trial_do(&t, "support.request", "{'case':'c','network':'net','person':'a','text':'T'}");
    trial_do(&t, "support.assign", "{'case':'c','person':'x'}");
    trial_do(&t, "idea.send",
             "{'idea':'i','network':'net','contact':'xerxes@x.example','text':'Xylophones'}");
    trial_settle(&t);
    trial_do(&t, "person.merge", "{'person':'w','into':'x'}");
    trial_do(&t, "registration.make", "{'meeting':'m','person':'x'}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "registration-confirmed", "x", "queued", &row), 1);
    assert_true(trial_arm(&t, row.no, 1));
    trial_do(&t, "person.erase", "{'person':'x'}");
    struct frame_result late = {.delivery = row.no,
                                .attempt = 1,
                                .boot = TEXT_LIT("trial"),
                                .outcome = TEXT_LIT("deferred"),
                                .reply = TEXT_LIT("450 <xerxes@x.example> is busy")};
    assert_int_equal(step_result(&t.step, t.now, &late), 0);
    assert_int_equal(trial_rows(&t, "registration-confirmed", "x", "suppressed", &row), 1);
    assert_true(text_is(row.reason, "the person was erased")); /* nobody tries it again */
    each_has_not(&t, "Xerxes"); /* nor as who leads, or advises, in what others got */
    each_has_not(&t, "xerxes@x.example");
    each_has_not(&t, "Xylophones");
    trial_close(&t);
}

static struct bytes aside(struct trial *t, const char *word) {
    struct buf b;
    buf_init(&b, 1000);
    pack_map(&b, 2);
    pack_str(&b, "topics");
    pack_array(&b, 1);
    pack_text(&b, text_of(word));
    pack_str(&b, "text");
    pack_str(&b, "Xylophones");
    struct bytes out =
        trial_payload(t, t->now, TEXT_LIT("id"), TEXT_LIT("person.update"), buf_as_bytes(&b));
    buf_free(&b);
    return out;
}

/* An event that made us fall is kept for whoever looks why, but not when it is about her. */
static void test_erase_what_was_set_aside(void **context) {
    static const struct {
        const char *word;
        bool kept;
    } events[] = {{"x", false}, {"xerxes@X.example", false}, {"xerxe", true}, {"a", true}};
    struct trial t;
    struct rec_quarantined q;
    (void)context;
    trial_open_six(&t);
    trial_do(&t, "person.register",
             "{'person':'x','name':'Xerxes','email':'Xerxes@x.example','language':'sv'}");
    uint64_t first = t.seq + 1;
    for (unsigned i = 0; i < COUNT_OF(events); i++)
        assert_int_equal(step_quarantine(&t.step, t.now, ++t.seq, aside(&t, events[i].word), 3), 0);
    assert_int_equal(step_quarantine(&t.step, t.now, ++t.seq, (struct bytes){"?", 1}, 3), 0);
    trial_do(&t, "person.erase", "{'person':'x'}");
    for (unsigned i = 0; i <= COUNT_OF(events); i++) {
        trial_get(&t, TABLE_QUARANTINE, key_no(first + i), &q);
        assert_int_equal(q.event.p != NULL, i < COUNT_OF(events) && events[i].kept);
    }
    trial_close(&t);
}

/* A mailbox of two: whoever stays is found by it, and what speaks against it still does. */
static void test_shared_address(void **context) {
    struct trial t;
    struct rec_ledger row;
    (void)context;
    trial_open_six(&t);
    for (unsigned i = 0; i < 3; i++)
        trial_do(&t, "person.register",
                 "{'person':'%c','name':'X','email':'Post@x.example','language':'sv'}", 'x' + i);
    trial_do(&t, "membership.grant", "{'network':'net','person':'y','source':'s'}");
    trial_do(&t, "idea.send", "{'idea':'i','network':'net','contact':'post@x.example','text':'T'}");
    trial_fire(&t);
    trial_rows(&t, NULL, "y", "queued", &row);
    assert_true(trial_arm(&t, row.no, 1));
    trial_result(&t, row.no, 1, "bounced");
    trial_do(&t, "person.erase", "{'person':'z'}");
    trial_do(&t, "person.erase", "{'person':'x'}");
    assert_int_equal(trial_table(&t, TABLE_SUPPRESSION), 1);
    assert_string_equal(trial_say(&t, "membership.request",
                                  "{'network':'net','name':'Y','email':'post@x.example',"
                                  "'language':'sv'}"),
                        "already");
    struct rec_idea idea;
    trial_get(&t, TABLE_IDEA, key1(TEXT_LIT("i")), &idea);
    assert_true(text_is(idea.contact, "post@x.example")); /* it may be y's */
    trial_do(&t, "person.erase", "{'person':'y'}");
    assert_int_equal(trial_table(&t, TABLE_SUPPRESSION), 0);
    each_has_not(&t, "post@x.example");
    trial_close(&t);
}

/* While a letter's people are considered, some at a time: she is one of them, once. */
static void test_merge_while_it_fires(void **context) {
    struct trial t;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    t.settings.fire_slice = 1;
    trial_world(&t, true);
    while (!trial_rows(&t, "meeting-invitation", "a", NULL, NULL))
        assert_int_equal(step_due(&t.step, t.now, t.now), 0);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "c", NULL, NULL), 0);
    trial_do(&t, "person.merge", "{'person':'a','into':'c'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "c", NULL, NULL), 1);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "b", NULL, NULL), 1);
    trial_close(&t);
}

/* The record that stays has an address that nothing is sent to: what waits for the other goes. */
static void test_merge_into_who_got_nothing(void **context) {
    struct trial t;
    struct rec_ledger row;
    (void)context;
    trial_open(&t, NULL, "2022-04-01T08:00");
    trial_world(&t, false);
    trial_fire(&t);
    trial_rows(&t, NULL, "c", "queued", &row);
    assert_true(trial_arm(&t, row.no, 1));
    trial_result(&t, row.no, 1, "bounced");
    trial_do(&t, "meeting.call", "{'meeting':'m'}");
    trial_fire(&t);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "c", "suppressed", NULL), 1);
    trial_do(&t, "person.merge", "{'person':'a','into':'c'}");
    trial_settle(&t);
    assert_int_equal(trial_rows(&t, "meeting-invitation", "c", "accepted", &row), 1);
    assert_true(text_is(row.address, "a@boras.example"));
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_people),
        cmocka_unit_test(test_merge_cap),
        cmocka_unit_test(test_merge_what_she_is),
        cmocka_unit_test(test_merge_with_letters_queued),
        cmocka_unit_test(test_merge_same_address),
        cmocka_unit_test(test_merge_protected),
        cmocka_unit_test(test_merge_organisations),
        cmocka_unit_test(test_merge_mentions),
        cmocka_unit_test(test_merge_while_it_fires),
        cmocka_unit_test(test_merge_into_who_got_nothing),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_erase_with_letters_on_their_way),
        cmocka_unit_test(test_erase_what_was_set_aside),
        cmocka_unit_test(test_shared_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
