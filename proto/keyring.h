/* keyring - who may come in and what they may say: the files under keys/.
 *
 *     keys/server.key            our own pair: two lines of Z85, public and secret; mode 0600
 *     keys/clients/OWNER.conf    public = '<z85>'  types = {"registration.*"}  operator = false
 *
 * TRUST      A client file that cannot be read in full lets nobody in: whoever made a slip of the
 *            pen is shut out until it is mended, and never let in by it.
 * OWNERSHIP  struct key_client is borrowed from the keyring until its next reload or its close.
 * ERRORS     0 or -errno; complaints are lines "FILE:LINE: what is wrong" in *reterr, which the
 *            caller made with buf_init(). Nothing here logs.
 */
#ifndef PROTO_KEYRING_H
#define PROTO_KEYRING_H

#include "common/base.h"
#include "common/bus.h"
#include "proto/query.h"
#include "proto/shape.h"

#define KEYRING_OFFICE "office" /* who speaks over ipc; no client may be called so */
#define KEYRING_CLIENTS 1000
#define KEYRING_TYPES 64

struct key_client {
    char owner[65];
    char public_z85[BUS_KEY_TEXT];
    uint8_t public_key[BUS_KEY_BYTES];
    bool is_operator;
    unsigned type_count;
    char types[KEYRING_TYPES][65]; /* "registration.make", "registration.*", "query.*" or "*" */
    bool may[MSG_COUNT];
    bool may_ask[QUERY_COUNT];
    bool may_ask_as_person; /* of anybody, by id and without a token: query.as_person */
};

struct keyring;

/* `dir` is the keys folder; one without clients/ holds no clients. -EBADMSG when some client files
 * are bad: *ret is made all the same, without them. Any other error: *ret is not written. */
MUST_CHECK int keyring_open(struct keyring **ret, const char *dir, struct buf *reterr);
void keyring_close(struct keyring **keyring);

/* Looks at the folder and its files; 1 when they were read anew, 0 when nothing changed, -EBADMSG
 * as keyring_open(), once a change. Any other error: nobody is let in until it can be read again.
 */
MUST_CHECK int keyring_reload_if_changed(struct keyring *keyring, struct buf *reterr);

/* NULL when nobody owns it. */
const struct key_client *keyring_find(const struct keyring *keyring,
                                      const uint8_t public_key[BUS_KEY_BYTES]);
const struct key_client *keyring_find_z85(const struct keyring *keyring, struct text z85);

/* A bus_admit_fn; ctx is the keyring. What a door to the net calls a peer is the peer's key as Z85,
 * so that a key taken back is seen at each frame: keyring_find_z85(). */
bool keyring_admit(void *ctx, const uint8_t key[BUS_KEY_BYTES], char ret_user[BUS_USER_MAX + 1]);

/* Whether the client may say it: its patterns and, for what only operators say, its right. */
bool keyring_allows(const struct key_client *client, enum msg_type type);

bool keyring_may_ask(const struct key_client *client, enum query_type query);

/* Every client by owner, until fn returns non-zero, which is returned. */
typedef int keyring_fn(void *ctx, const struct key_client *client);
int keyring_list(const struct keyring *keyring, keyring_fn *fn, void *ctx);

/* Makes a pair and writes the public half to clients/OWNER.conf; the secret half is nowhere but in
 * *ret. -EEXIST when the owner has a key; -EBADMSG with a complaint for an owner that is no id, or
 * a type that fits no message and no query. */
MUST_CHECK int keyring_new_client(const char *dir, struct text owner, const struct text *types,
                                  unsigned type_count, bool is_operator, struct bus_key *ret,
                                  struct buf *reterr);
/* Removes the file; who is connected with it is refused within 5 s. -ENOENT. */
MUST_CHECK int keyring_revoke(const char *dir, struct text owner);

/* Our own pair; when there is none: made if `create`, else -ENOENT. -EBADMSG: the file is something
 * else; -EPERM: others than its owner may read it. */
MUST_CHECK int keyring_server(const char *dir, bool create, struct bus_key *ret);
const char *keyring_server_trouble(int error); /* the same, in words */

#endif
