/* incoming - mail that comes back, read from a Maildir (setting `bounces`) and said at the front
 * door: a delivery.report, or a preference.set for whoever asks by mail for no more news.
 *
 * A message in new/ is read, its letter is looked up in the core, and what it says goes to intake
 * under a key made of the message, so that it counts once however often it is said. Then it is
 * moved: to cur/ when it is dealt with, to .unread/new/ when a person must read it. Nothing is
 * deleted.
 *
 * TRUST      Mail is anybody's (mail_report.h). Whatever is no plain file, too big, or means
 *            nothing goes to the person. One message is looked at at a time, after the letters that
 *            leave.
 * INVARIANTS No read transaction outlives a turn. A message is moved only after its answer.
 * OWNERSHIP  Options are borrowed.
 * ERRORS     Trouble of the machine is logged once and tried again; nothing here stops the loop.
 */
#ifndef NOTIFIER_INCOMING_H
#define NOTIFIER_INCOMING_H

#include "common/base.h"
#include "common/loop.h"
#include "common/store.h"
#include "common/token.h"
#include "proto/settings.h"

struct incoming;
struct incoming_options {
    const char *home;
    struct loop *loop;
    struct store *store;
    const struct settings *settings;
    const struct token_key *links;
    int (*ask)(void *ctx, struct bytes request); /* at intake's door; may fail */
    void *ctx;
};

/* Makes the folders. *ret is NULL when there is no such setting. */
MUST_CHECK int incoming_open(struct incoming **ret, const struct incoming_options *options);
void incoming_close(struct incoming **incoming);
void incoming_take(struct incoming *incoming, struct bytes answer); /* from intake */

#endif
