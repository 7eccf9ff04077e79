#include "tests/harness/calls.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void calls_refused(struct trial *t, const char *code, const char *field, const char *got) {
    if (strcmp(code, got) || (field && strcmp(field, t->refusal.field)))
        fail_msg("expected %s %s, got %s %s: %s", code, field ? field : "", got, t->refusal.field,
                 t->refusal.text);
}

static void person(struct trial *t, const char *person, const char *organisation) {
    trial_do(
        t, "person.register",
        "{'person':'%s','name':'%s','email':'%s@x.example','language':'da','organisation':'%s'}",
        person, person, person, organisation);
}

void calls_world(struct trial *t, unsigned places, unsigned towns) {
    char name[40];
    trial_open(t, "", "2022-01-03T09:00");
    trial_do(t, "organisation.register",
             "{'organisation':'ddc','name':'DDC','kind':'other','country':'DK'}");
    trial_do(t, "organisation.register",
             "{'organisation':'uni','name':'U','kind':'research','country':'DK'}");
    person(t, "lead", "ddc");
    for (unsigned i = 0; i < CALLS_ASSESSORS; i++) {
        snprintf(name, sizeof name, "as%u", i);
        person(t, name, "uni");
    }
    for (unsigned i = 0; i < towns; i++) {
        trial_do(t, "organisation.register",
                 "{'organisation':'t%u','name':'T','kind':'municipality','country':'DK'}", i);
        char town[20];
        snprintf(town, sizeof town, "t%u", i);
        snprintf(name, sizeof name, "t%u-a", i);
        person(t, name, town);
        snprintf(name, sizeof name, "t%u-b", i);
        person(t, name, town);
    }
    trial_do(t, "programme.open",
             "{'programme':'prog','name':'P','hosts':['ddc'],'lead':'lead','places':%u,"
             "'starts':'2022-04-01','ends':'2024-03-31','budget_minutes':36000,'least_staff':2,"
             "'zone':'Europe/Copenhagen','phases':[{'phase':'scope','name':'Scope'}]}",
             places);
}

void calls_open(struct trial *t) {
    trial_do(t, "call.open",
             "{'call':'call','programme':'prog','opens':'2022-01-10T09:00',"
             "'closes':'2022-01-28T23:59','accept_days':14,'criteria':["
             "{'criterion':'staff','text':'S','kind':'must'},"
             "{'criterion':'backing','text':'B','kind':'must'},"
             "{'criterion':'ambition','text':'A','kind':'score','weight':3,'highest':5},"
             "{'criterion':'problem','text':'P','kind':'score'}],'questions':["
             "{'question':'problem','text':'P','required':true},"
             "{'question':'plans','text':'L','required':true},"
             "{'question':'partners','text':'R'}]}");
}

void calls_start(struct trial *t, unsigned town) {
    trial_do(t, "application.start",
             "{'application':'app%u','call':'call','organisation':'t%u','contact':'t%u-a'}", town,
             town, town);
}

void calls_fill(struct trial *t, unsigned town) {
    calls_start(t, town);
    trial_do(t, "application.edit",
             "{'application':'app%u','answers':{'problem':'waste','plans':'many'},"
             "'staff':['t%u-a','t%u-b'],'budget_accepted':true}",
             town, town, town);
}

void calls_submit(struct trial *t, unsigned town) {
    calls_fill(t, town);
    trial_do(t, "application.submit", "{'application':'app%u'}", town);
}

void calls_eligible(struct trial *t, unsigned towns) {
    trial_until(t, "2022-01-20T10:00");
    for (unsigned i = 0; i < towns; i++)
        calls_submit(t, i);
    trial_until(t, "2022-02-05T09:00");
    for (unsigned i = 0; i < towns; i++)
        trial_do(t, "application.judge_eligible", "{'application':'app%u','ok':true}", i);
}

void calls_decide(struct trial *t, unsigned town, const char *outcome, unsigned rank) {
    if (rank)
        trial_do(t, "decision.make",
                 "{'application':'app%u','outcome':'%s','rank':%u,'reasons':'because'}", town,
                 outcome, rank);
    else
        trial_do(t, "decision.make", "{'application':'app%u','outcome':'%s','reasons':'because'}",
                 town, outcome);
}

struct rec_programme calls_programme(struct trial *t) {
    struct rec_programme p;
    trial_get(t, TABLE_PROGRAMME, key1(TEXT_LIT("prog")), &p);
    return p;
}

struct rec_call calls_call(struct trial *t) {
    struct rec_call c;
    trial_get(t, TABLE_CALL, key1(TEXT_LIT("call")), &c);
    return c;
}

struct rec_application calls_application(struct trial *t, unsigned town) {
    struct rec_application a;
    char id[20];
    snprintf(id, sizeof id, "app%u", town);
    trial_get(t, TABLE_APPLICATION, key1(text_of(id)), &a);
    return a;
}

static bool next(struct trial *t, enum table table, struct key *at, struct bytes *ret_value) {
    struct bytes key;
    if (at->n)
        at->b[at->n++] = 0;
    if (store_seek(t->txn, table, key_bytes(at), &key, ret_value))
        return false;
    must(key.n < STORE_KEY_MAX);
    memcpy(at->b, key.p, key.n);
    at->n = key.n;
    return true;
}

static struct text owed(struct trial *t, const char *kind, struct text about) {
    struct key at = {.n = 0};
    struct bytes value;
    while (next(t, TABLE_OBLIGATION, &at, &value)) {
        struct rec_obligation r;
        trial_get(t, TABLE_OBLIGATION, at, &r);
        if (text_is(r.kind, kind) && text_eq(r.about, about))
            return r.state;
    }
    return TEXT_LIT("none");
}

struct text calls_owed(struct trial *t, const char *kind, const char *about) {
    return owed(t, kind, text_of(about));
}

static bool is_due(struct trial *t, instant at, const char *word, struct key key) {
    struct key k = key_no((uint64_t)at);
    struct bytes value;
    key_text(&k, text_of(word));
    memcpy(k.b + k.n, key.b, key.n);
    k.n += key.n;
    return store_get(t->txn, TABLE_DUE, key_bytes(&k), &value) == 0;
}

void calls_check(struct trial *t) {
    struct rec_programme p = calls_programme(t);
    struct key at = {.n = 0};
    struct bytes value;
    int64_t taken = 0;
    unsigned reserves = 0;
    while (next(t, TABLE_APPLICATION, &at, &value)) {
        struct rec_application a;
        trial_get(t, TABLE_APPLICATION, at, &a);
        bool offered = text_is(a.state, "selected");
        taken += offered || text_is(a.state, "accepted");
        assert_int_equal(is_due(t, a.offer_expires + MINUTES, "place", at), offered);
        bool owes = text_is(owed(t, "answer-offer", a.application), "open");
        assert_int_equal(owes, offered);
        if (!text_is(a.state, "reserve"))
            continue;
        struct key k = key1(a.programme);
        key_u64(&k, (uint64_t)a.rank);
        assert_int_equal(store_get(t->txn, TABLE_RESERVE, key_bytes(&k), &value), 0);
        assert_true(text_eq((struct text){value.p, value.n}, a.application));
        reserves++;
    }
    assert_int_equal(p.taken, taken);
    assert_true(p.taken <= p.places);
    assert_int_equal(trial_table(t, TABLE_RESERVE), reserves); /* and nothing else */
}
