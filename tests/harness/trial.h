/* trial - an office inside a test: a core of its own, the real step, and a clock the test moves.
 *
 * The rulebook is the one that ships, or one given as text (its letters are those that ship). Walls
 * are those of Europe/Stockholm. Every failure is the test's: cmocka's fail_msg().
 */
#ifndef HARNESS_TRIAL_H
#define HARNESS_TRIAL_H

#include "common/store.h"
#include "common/zone.h"
#include "services/scheduler/reminders/rule.h"
#include "services/scheduler/step.h"
#include "tests/harness/folder.h"

struct trial;
/* What the other end does with a letter: an outcome of frames.def; NULL: it is not even tried. */
typedef const char *trial_fate_fn(struct trial *t, const struct rec_ledger *row);

struct trial {
    char home[FOLDER_BYTES];
    struct settings settings;
    struct rulebook rules;
    struct token_key links;
    struct store *core;
    struct txn *txn;
    struct step step;
    struct arena *arena; /* what trial_* hands out lives here until trial_close() */
    instant now;
    msec boot;
    uint64_t seq;
    unsigned long inputs; /* what was put into the step */
    trial_fate_fn *fate;  /* NULL: everything is accepted */
    struct complaint refusal;
};

void trial_open(struct trial *t, const char *rules, const char *wall);
void trial_close(struct trial *t);
void trial_commit(struct trial *t);
/* Another rulebook from now on, all plans derived anew. */
void trial_rules(struct trial *t, const char *rules);
/* Whether such a rulebook is refused; the lines that say why are in *reterr. */
bool trial_refuses(struct trial *t, const char *rules, struct buf *reterr);
instant trial_wall(const char *wall);

/* Says it now: "applied", or the code of the refusal, which must have changed nothing. */
const char *trial_say(struct trial *t, const char *type, const char *body, ...) PRINTF_LIKE(3, 4);
/* The same, received earlier than it is applied. */
const char *trial_said(struct trial *t, instant received, const char *type, const char *body, ...)
    PRINTF_LIKE(4, 5);
/* An event as the inbox keeps it, in the arena; and one applied: its refusal is in t->refusal. */
struct bytes trial_payload(struct trial *t, instant received, struct text id, struct text type,
                           struct bytes body);
void trial_apply(struct trial *t, struct bytes payload);
/* Fails the test when it is refused. */
void trial_do(struct trial *t, const char *type, const char *body, ...) PRINTF_LIKE(3, 4);

void trial_fire(struct trial *t); /* everything that is due now; nothing is delivered */
void trial_away(struct trial *t, const char *wall); /* the same then: nothing leaves before */
void trial_settle(
    struct trial *t); /* the same, and delivers, until nothing is left at this moment */
void trial_until(struct trial *t, const char *wall); /* settles at every moment up to then */
bool trial_arm(struct trial *t, int64_t no, int64_t attempt);
void trial_result(struct trial *t, int64_t no, int64_t attempt, const char *outcome);

/* Rows of the ledger that fit; NULL fits all. Writes the last of them to *ret_last (may be NULL).
 */
unsigned trial_rows(struct trial *t, const char *rule, const char *person, const char *state,
                    struct rec_ledger *ret_last);
unsigned trial_plans(struct trial *t, const char *rule, const char *state);
/* Reads a record into a struct rec_NAME; fails the test when there is none. */
void trial_get(struct trial *t, enum table table, struct key key, void *ret);
/* A row of the ledger; and that it is in that state, else why it is not fails the test. */
struct rec_ledger trial_row(struct trial *t, int64_t no);
void trial_row_is(struct trial *t, int64_t no, const char *state);
struct rec_registration trial_registration(struct trial *t, const char *meeting,
                                           const char *person);
struct rec_meeting trial_meeting(struct trial *t, const char *meeting);
uint64_t trial_count(struct trial *t, enum count count);
/* Rows of a table. */
unsigned trial_table(struct trial *t, enum table table);

/* A small world: Borås and Mölndal, the network "net" led by "lead", the people a … f (a, b, c are
 * members), and a video meeting "m" for members on 2022-05-24T09:00, called when `called`. */
void trial_world(struct trial *t, bool called);
/* A trial at 2022-04-01T08:00 with that world, "m" called, and all six of them members. */
void trial_open_six(struct trial *t);
void trial_register(struct trial *t, const char *person);                  /* for "m" */
void trial_expect(struct trial *t, const char *person, const char *state); /* of it */

#endif
