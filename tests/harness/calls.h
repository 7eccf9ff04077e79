/* calls - a programme inside a trial: "prog" of ddc, led by "lead", with the call "call" from
 * 2022-01-10T09:00 to 2022-01-28T23:59 in Europe/Copenhagen, no rules, and it is 2022-01-03T09:00.
 *
 * Town 0 … is the organisation "t0" with the people "t0-a" (contact) and "t0-b"; its application is
 * "app0". "as0" … "as3" of the university "uni" can assess.
 */
#ifndef HARNESS_CALLS_H
#define HARNESS_CALLS_H

#include "tests/harness/trial.h"

#define CALLS_ASSESSORS 4

void calls_world(struct trial *t, unsigned places, unsigned towns); /* the call is not made yet */
void calls_open(struct trial *t);                                   /* planned for 2022-01-10 */
/* Fails the test unless it ends with that code and field (NULL: any). */
void calls_refused(struct trial *t, const char *code, const char *field, const char *got);

/* A draft of that town; filled in; submitted; judged eligible: each does what comes before too,
 * now. */
void calls_start(struct trial *t, unsigned town);
void calls_fill(struct trial *t, unsigned town);
void calls_submit(struct trial *t, unsigned town);
/* Submits for all of them on 2022-01-20, and judges them eligible on 2022-02-05, after the closing.
 */
void calls_eligible(struct trial *t, unsigned towns);
void calls_decide(struct trial *t, unsigned town, const char *outcome, unsigned rank);

struct rec_programme calls_programme(struct trial *t);
struct rec_call calls_call(struct trial *t);
struct rec_application calls_application(struct trial *t, unsigned town);
/* "open", "met", … of what is owed about a subject; "none" when nothing ever was. */
struct text calls_owed(struct trial *t, const char *kind, const char *about);
/* Places, ranks and dues agree with each other. */
void calls_check(struct trial *t);

#endif
