/* digest - letters to one person of one kind, gathered until a moment and sent as one.
 *
 * A letter that goes into a digest has a row of its own, `digested`, which follows what becomes of
 * the digest's letter. That letter is an ordinary one: a rule speaks about the digest when it
 * closes, and the notifier writes the items into it.
 *
 * INVARIANTS A digest is known by person, kind and the end of its window, so one moment has one
 *            digest, whatever happens twice. An item joins, and a digest closes with the items it
 *            then has, in one transaction. What is superseded or of no use any more falls out
 *            before it closes; after that, and before its letter has left, the letter is made anew
 *            without it. Its letter is of use as long as any of its items is.
 */
#ifndef SCHEDULER_DIGEST_H
#define SCHEDULER_DIGEST_H

#include "services/scheduler/office.h"

struct zone;
struct rule;

#define DIGEST_KIND_MAX 48 /* bytes of a class or topic that can be gathered */

/* The end of the window that `now` lies in: after it, at so many minutes after midnight; on a day
 * of the week (1: Monday), or (0) any. */
instant digest_closes(const struct zone *zone, int minutes, int weekday, instant now);

/* Puts a row that is not in the ledger yet into the digest of that kind which closes next, unless
 * it would be of no use then, the digest is full, or no rule speaks about digests. `look`: only
 * *row is written, as in digest_join_kind(). */
MUST_CHECK int digest_join(struct office *o, const struct rec_person *p, struct text kind,
                           bool weekly, bool look, struct text why, struct rec_ledger *row,
                           bool *ret_joined);
/* The same for a letter whose rule wants it `together` with others of that rule: the first waits so
 * long, the next ones go with it. One that stays alone goes by itself after all. */
MUST_CHECK int digest_join_kind(struct office *o, const struct rule *rule,
                                const struct rec_person *p, bool look, struct rec_ledger *row,
                                bool *ret_joined);
/* due: its window is over. */
MUST_CHECK int digest_close(struct office *o, struct key key);
/* The digest has this letter now. */
MUST_CHECK int digest_written(struct office *o, struct text id, const struct rec_ledger *letter);

/* Rows under the digest of a row that is `digested`. */
struct key digest_item_key(const struct rec_ledger *row);
/* After when nothing is of use that is in the digest of this letter; 0: something always is;
 * -ENOENT: nothing is in it any more. */
MUST_CHECK int digest_until(struct office *o, const struct rec_ledger *letter, instant *ret);
/* It is in its digest no more: what is held without it is of use so much shorter. */
MUST_CHECK int digest_item_left(struct office *o, const struct rec_ledger *row);
/* The letter of a digest moved: so do its items, or they say how it is with it. */
MUST_CHECK int digest_follow(struct office *o, const struct rec_ledger *letter, const char *event);
/* Whether a row says why it ended by the fate of the digest that it was in; in one word. */
bool digest_is_fate(const struct rec_ledger *row, struct text *ret_state);
/* Whether it still says what is so; if not, what is left of it goes in another letter. */
MUST_CHECK int digest_recheck(struct office *o, const struct rec_ledger *letter, bool *ret_old);
/* Whether there is a letter that the item goes in. */
MUST_CHECK int digest_is_written(struct office *o, const struct rec_ledger *row, bool *ret);
/* Whether the letter that an item is in may have left. */
MUST_CHECK int digest_has_left(struct office *o, const struct rec_ledger *row, bool *ret);

#endif
