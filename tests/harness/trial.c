#include "tests/harness/trial.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/json.h"
#include "services/scheduler/reminders/ledger.h"
#include "services/scheduler/reminders/plan.h"
#include "tests/harness/folder.h"

static void write_home(struct trial *t, const char *rules) {
    char path[400], cwd[200];
    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(path, sizeof path, "%s/config/letters", cwd);
    char link[300];
    snprintf(link, sizeof link, "%s/letters", t->home);
    if (access(link, F_OK))
        assert_int_equal(symlink(path, link), 0);
    snprintf(path, sizeof path, "%s/cirkel.conf", t->home);
    assert_int_equal(write_file(path, 0600, (struct bytes){"", 0}), 0);
    snprintf(link, sizeof link, "%s/rules", t->home);
    if (!rules) {
        snprintf(path, sizeof path, "%s/config/rules", cwd);
        assert_int_equal(symlink(path, link), 0);
        return;
    }
    assert_int_equal(make_dir(link, 0700), 0);
    snprintf(path, sizeof path, "%s/rules/trial.conf", t->home);
    assert_int_equal(write_file(path, 0600, (struct bytes){rules, strlen(rules)}), 0);
}

static void read_rules(struct trial *t, const char *rules) {
    struct buf err;
    buf_init(&err, 1 << 16);
    write_home(t, rules);
    if (rulebook_read(t->home, &t->rules, &err))
        fail_msg("%s", buf_cstr(&err));
    buf_free(&err);
}

static void begin(struct trial *t) {
    assert_int_equal(store_begin_write(t->core, &t->txn), 0);
    assert_int_equal(step_begin(&t->step, t->txn), 0);
}

static void derive_all(struct trial *t) {
    struct key cursor = {.n = 0};
    unsigned table = 0;
    bool done = false;
    while (!done)
        assert_int_equal(step_rules(&t->step, t->now, &cursor, &table, &done), 0);
}

void trial_open(struct trial *t, const char *rules, const char *wall) {
    char dir[300];
    struct buf err;
    *t = (struct trial){.now = trial_wall(wall), .arena = arena_new(), .boot = 1000};
    assert_int_equal(folder_make(t->home, "trial"), 0);
    read_rules(t, rules);
    buf_init(&err, 1 << 16);
    if (settings_read(t->home, &t->settings, &err))
        fail_msg("%s", buf_cstr(&err));
    buf_free(&err);
    memset(t->links.secret, 7, sizeof t->links.secret);
    snprintf(dir, sizeof dir, "%s/core", t->home);
    assert_int_equal(make_dir(dir, 0700), 0);
    struct store_options o = {
        .dir = dir, .tables = table_names, .count = TABLE_COUNT, .writer = true};
    assert_int_equal(store_open(&t->core, &o), 0);
    step_open(&t->step, &t->settings, &t->rules, &t->links);
    begin(t);
    derive_all(t);
}

void trial_commit(struct trial *t) {
    assert_int_equal(step_end(&t->step), 0);
    assert_int_equal(store_commit(&t->txn), 0);
    begin(t);
}

void trial_close(struct trial *t) {
    assert_int_equal(step_end(&t->step), 0);
    store_abort(&t->txn);
    store_close(&t->core);
    step_close(&t->step);
    rulebook_free(&t->rules);
    settings_free(&t->settings);
    arena_free(&t->arena);
    assert_int_equal(folder_remove(t->home), 0);
}

void trial_rules(struct trial *t, const char *rules) {
    char link[300];
    rulebook_free(&t->rules);
    snprintf(link, sizeof link, "%s/rules", t->home);
    if (unlink(link) &&
        !rules) { /* a link to the shipped ones; else a folder, which is used again */
        char file[320];
        snprintf(file, sizeof file, "%s/trial.conf", link);
        (void)(unlink(file) || rmdir(link));
    }
    read_rules(t, rules);
    derive_all(t);
}

bool trial_refuses(struct trial *t, const char *rules, struct buf *reterr) {
    struct rulebook book;
    char link[300];
    snprintf(link, sizeof link, "%s/rules", t->home);
    (void)unlink(link);
    write_home(t, rules);
    int rc = rulebook_read(t->home, &book, reterr);
    if (rc == 0)
        rulebook_free(&book);
    return rc != 0;
}

instant trial_wall(const char *wall) {
    const struct zone *zone;
    struct wall w;
    assert_int_equal(zone_find(TEXT_LIT("Europe/Stockholm"), &zone), 0);
    if (wall_parse(text_of(wall), &w))
        fail_msg("no wall time: %s", wall);
    return zone_instant(zone, w);
}

/* ---- saying ---- */

struct bytes trial_payload(struct trial *t, instant received, struct text id, struct text type,
                           struct bytes body) {
    struct buf b;
    struct rec_event e = {
        .owner = TEXT_LIT("office"), .id = id, .type = type, .received = received, .body = body};
    buf_init(&b, 1 << 20);
    codec_encode(&rec_shapes[REC_EVENT], &e, &b);
    struct bytes out = arena_bytes(t->arena, buf_as_bytes(&b));
    buf_free(&b);
    return out;
}

void trial_apply(struct trial *t, struct bytes payload) {
    uint64_t writes = txn_writes(t->txn);
    t->inputs++;
    int rc = step_event(&t->step, t->now, ++t->seq, payload);
    if (rc)
        fail_msg("event %llu ended with %d", (unsigned long long)t->seq, rc);
    t->refusal = t->step.office.refusal;
    if (t->refusal.code)
        assert_int_equal(txn_writes(t->txn) - writes, 2); /* its decision and the position */
}

static struct bytes event(struct trial *t, instant received, const char *type, const char *body) {
    struct buf b;
    char why[JSON_ERROR_TEXT], id[32];
    buf_init(&b, 1 << 20);
    if (json_to_pack(text_of(body), &b, why))
        fail_msg("%s in %s", why, body);
    snprintf(id, sizeof id, "trial-%llu", (unsigned long long)t->seq + 1);
    struct bytes out = trial_payload(t, received, text_of(id), text_of(type), buf_as_bytes(&b));
    buf_free(&b);
    return out;
}

static const char *say(struct trial *t, instant received, const char *type, const char *body,
                       va_list ap) {
    char *text = NULL;
    if (vasprintf(&text, body, ap) < 0)
        fail_msg("no memory");
    for (char *c = text; *c; c++) /* so that bodies need no backslashes */
        *c = *c == '\'' ? '"' : *c;
    trial_apply(t, event(t, received, type, text));
    free(text);
    return t->refusal.code ? t->refusal.code : "applied";
}

const char *trial_say(struct trial *t, const char *type, const char *body, ...) {
    va_list ap;
    va_start(ap, body);
    const char *code = say(t, t->now, type, body, ap);
    va_end(ap);
    return code;
}

const char *trial_said(struct trial *t, instant received, const char *type, const char *body, ...) {
    va_list ap;
    va_start(ap, body);
    const char *code = say(t, received, type, body, ap);
    va_end(ap);
    return code;
}

void trial_do(struct trial *t, const char *type, const char *body, ...) {
    va_list ap;
    va_start(ap, body);
    const char *code = say(t, t->now, type, body, ap);
    va_end(ap);
    if (strcmp(code, "applied"))
        fail_msg("%s was refused: %s %s: %s", type, code, t->refusal.field, t->refusal.text);
}

/* ---- time and letters ---- */

void trial_fire(struct trial *t) {
    unsigned n = 0;
    int rc;
    while ((rc = step_due(&t->step, t->now, t->now)) == 0)
        if (t->inputs++, ++n > 100000)
            fail_msg("what is due never ends");
    if (rc != -ENOENT)
        fail_msg("step_due: %d", rc);
}

static int64_t readdressed(struct trial *t, int64_t no) {
    struct rec_ledger row;
    int rc = ledger_get(&t->step.office, (uint64_t)no, &row);
    return rc ? 0 : row.readdressed;
}

/* Asked anew for where it goes now, as it would be given out anew. */
bool trial_arm(struct trial *t, int64_t no, int64_t attempt) {
    struct frame_arm arm = {.delivery = no, .attempt = attempt, .boot = TEXT_LIT("trial")};
    bool granted;
    msec until;
    do {
        arm.readdressed = readdressed(t, no);
        t->inputs++;
        int rc = step_arm(&t->step, t->now, t->boot, &arm, &granted, &until);
        if (rc)
            fail_msg("step_arm: %d", rc);
    } while (!granted && readdressed(t, no) > arm.readdressed);
    return granted;
}

void trial_result(struct trial *t, int64_t no, int64_t attempt, const char *outcome) {
    struct frame_result r = {.delivery = no,
                             .attempt = attempt,
                             .boot = TEXT_LIT("trial"),
                             .readdressed = readdressed(t, no),
                             .outcome = text_of(outcome)};
    r.bounced = strcmp(outcome, "bounced") == 0;
    if (r.bounced)
        r.outcome = TEXT_LIT("failed");
    t->inputs++;
    int rc = step_result(&t->step, t->now, &r);
    if (rc)
        fail_msg("step_result: %d", rc);
}

void trial_away(struct trial *t, const char *wall) {
    t->now = trial_wall(wall);
    trial_fire(t);
}

static void get(struct trial *t, enum table table, struct bytes value, void *ret) {
    struct complaint c;
    struct bytes copy = arena_bytes(t->arena, value);
    if (codec_decode(&rec_shapes[table_infos[table].record], CODEC_STORED, copy, ret, &c))
        fail_msg("%s: %s: %s", table_infos[table].name, c.field, c.text);
}

/* Tries what waits once; false when nothing was tried. */
static bool deliver(struct trial *t) {
    struct key from = {.n = 0};
    struct bytes key, value;
    bool any = false;
    while (store_seek(t->txn, TABLE_OUTBOX, key_bytes(&from), &key, &value) == 0) {
        struct rec_ledger row;
        size_t at = 0;
        uint64_t due, no;
        assert_true(key_next_u64(key, &at, &due) && key_next_u64(key, &at, &no));
        if ((instant)due > t->now)
            break;
        from = key_no(due);
        key_u64(&from, no + 1);
        trial_get(t, TABLE_LEDGER, key_no(no), &row);
        const char *fate = t->fate ? t->fate(t, &row) : "accepted";
        if (!fate)
            continue;
        any = true;
        if (trial_arm(t, row.no, row.attempts + 1))
            trial_result(t, row.no, row.attempts + 1, fate);
    }
    return any;
}

void trial_settle(struct trial *t) {
    unsigned n = 0;
    do {
        trial_fire(t);
        if (++n > 1000)
            fail_msg("letters never come to rest");
    } while (deliver(t));
}

void trial_until(struct trial *t, const char *wall) {
    instant until = trial_wall(wall), next;
    for (;;) {
        trial_settle(t);
        assert_int_equal(step_next(&t->step, &next), 0);
        if (!next || next > until)
            break;
        t->now = next > t->now ? next : t->now + 1;
    }
    t->now = until;
}

/* ---- looking ---- */

unsigned trial_rows(struct trial *t, const char *rule, const char *person, const char *state,
                    struct rec_ledger *ret_last) {
    struct key from = {.n = 0};
    struct bytes key, value;
    unsigned n = 0;
    while (store_seek(t->txn, TABLE_LEDGER, key_bytes(&from), &key, &value) == 0) {
        struct rec_ledger row;
        get(t, TABLE_LEDGER, value, &row);
        from = key_no((uint64_t)row.no + 1);
        if ((rule && !text_is(row.rule, rule)) || (person && !text_is(row.person, person)) ||
            (state && !text_is(row.state, state)))
            continue;
        n++;
        if (ret_last)
            *ret_last = row;
    }
    return n;
}

static void after(struct key *from, struct bytes key) {
    memcpy(from->b, key.p, key.n);
    from->n = key.n;
    from->b[from->n++] = 0;
}

unsigned trial_plans(struct trial *t, const char *rule, const char *state) {
    struct key from = {.n = 0};
    struct bytes key, value;
    unsigned n = 0;
    while (store_seek(t->txn, TABLE_PLAN, key_bytes(&from), &key, &value) == 0) {
        struct rec_plan plan;
        after(&from, key);
        get(t, TABLE_PLAN, value, &plan);
        n += (!rule || text_is(plan.rule, rule)) && (!state || text_is(plan.state, state));
    }
    return n;
}

unsigned trial_table(struct trial *t, enum table table) {
    uint64_t rows;
    assert_int_equal(store_check(t->txn, table, NULL, NULL, &rows), 0);
    return (unsigned)rows;
}

void trial_get(struct trial *t, enum table table, struct key key, void *ret) {
    struct bytes value;
    int rc = store_get(t->txn, table, key_bytes(&key), &value);
    if (rc)
        fail_msg("no such %s (%d)", table_infos[table].name, rc);
    get(t, table, value, ret);
}

struct rec_ledger trial_row(struct trial *t, int64_t no) {
    struct rec_ledger row;
    trial_get(t, TABLE_LEDGER, key_no((uint64_t)no), &row);
    return row;
}

void trial_row_is(struct trial *t, int64_t no, const char *state) {
    struct rec_ledger row = trial_row(t, no);
    if (!text_is(row.state, state))
        fail_msg("it is %.*s (%.*s); expected %s", TEXT_ARGS(row.state), TEXT_ARGS(row.reason),
                 state);
}

struct rec_registration trial_registration(struct trial *t, const char *meeting,
                                           const char *person) {
    struct rec_registration r;
    trial_get(t, TABLE_REGISTRATION, key2(text_of(meeting), text_of(person)), &r);
    return r;
}

struct rec_meeting trial_meeting(struct trial *t, const char *meeting) {
    struct rec_meeting r;
    trial_get(t, TABLE_MEETING, key1(text_of(meeting)), &r);
    return r;
}

uint64_t trial_count(struct trial *t, enum count count) {
    return t->step.office.counts[count];
}

void trial_world(struct trial *t, bool called) {
    static const char *const people[][3] = {{"lead", "molndal", "sv"}, {"a", "boras", "sv"},
                                            {"b", "boras", "da"},      {"c", "molndal", "en"},
                                            {"d", "boras", "sv"},      {"e", "molndal", "sv"},
                                            {"f", "molndal", "sv"}};
    static const char *const towns[] = {"boras", "molndal"};
    for (unsigned i = 0; i < COUNT_OF(towns); i++)
        trial_do(
            t, "organisation.register",
            "{'organisation':'%s','name':'%s','kind':'municipality','country':'SE','region':'vg'}",
            towns[i], towns[i]);
    for (unsigned i = 0; i < COUNT_OF(people); i++)
        trial_do(t, "person.register",
                 "{'person':'%s','name':'%s','email':'%s@%s.example','language':'%s','organisation'"
                 ":'%s'}",
                 people[i][0], people[i][0], people[i][0], people[i][1], people[i][2],
                 people[i][1]);
    trial_do(
        t, "network.open",
        "{'network':'net','name':'Net','host':'molndal','lead':'lead','zone':'Europe/Stockholm',"
        "'topics':[{'topic':'mobler','name':'Furniture'}]}");
    for (unsigned i = 1; i <= 3; i++)
        trial_do(t, "membership.grant", "{'network':'net','person':'%s','source':'trial'}",
                 people[i][0]);
    trial_do(
        t, "meeting.plan",
        "{'meeting':'m','network':'net','kind':'network','title':'M','starts':'2022-05-24T09:00',"
        "'minutes':120,'mode':'video','link':'https://video.example/m','audience':'members'}");
    if (called)
        trial_do(t, "meeting.call", "{'meeting':'m'}");
}

void trial_open_six(struct trial *t) {
    trial_open(t, NULL, "2022-04-01T08:00");
    trial_world(t, true);
    for (const char *p = "def"; *p; p++)
        trial_do(t, "membership.grant", "{'network':'net','person':'%c','source':'s'}", *p);
}

void trial_register(struct trial *t, const char *person) {
    trial_do(t, "registration.make", "{'meeting':'m','person':'%s'}", person);
}

void trial_expect(struct trial *t, const char *person, const char *state) {
    struct rec_registration r = trial_registration(t, "m", person);
    if (!text_is(r.state, state))
        fail_msg("%s is %.*s; expected %s", person, TEXT_ARGS(r.state), state);
}
