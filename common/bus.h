/* bus - frames of bytes over ZeroMQ on a loop. With its parts (bus_zap, bus_call), the only user of
 * <zmq.h>.
 *
 * A door is one socket: a served door (ROUTER) answers many peers, a dialled door (DEALER) speaks
 * to one server, a radio (PUB) tells whoever listens. Inside the house a frame is a hint that
 * something was committed, never the only copy of it: it may be lost, and it may come twice.
 *
 * TRUST      Payloads are not trusted. A served door takes exactly one body frame (after an
 *            optional empty delimiter, which is echoed) of at most `max_bytes`; everything else is
 *            dropped and counted. A CURVE door admits no peer unless the ZAP handler of this
 *            process says yes (RFC 27; deny by default, also when there is no handler: ZMQ option
 *            93). It is asked once a connection: whoever takes a key back looks at `user` of each
 *            frame, too.
 * INVARIANTS At most `burst` frames a door are handed over in a turn, so timers are never starved.
 * OWNERSHIP  A payload and a peer handed to a callback are borrowed until it returns; struct peer
 *            may be copied by value and kept. bus_close() closes every door.
 * ERRORS     0 or -errno; -EAGAIN: the peer is away (a dialled door: also in its first moments) or
 *            its queue is full, which is no failure inside the house, because the row is still in
 *            the store. -EINVAL: an empty payload. Nothing here logs.
 */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include "common/base.h"
#include "common/loop.h"

struct bus;
struct door;

#define BUS_KEY_BYTES 32
#define BUS_KEY_TEXT 41 /* a key as Z85, and its end */
#define BUS_USER_MAX 64

struct peer { /* who a frame came from, and where its answer goes */
    uint8_t id[32];
    uint8_t id_len;
    bool delimiter;
    char user[BUS_USER_MAX + 1]; /* who bus_admit_fn said it is; empty on ipc */
};

struct bus_key { /* a CURVE key pair, RFC 26 */
    uint8_t public_key[BUS_KEY_BYTES];
    uint8_t secret_key[BUS_KEY_BYTES];
};

struct bus_options {
    const char *endpoint;
    size_t max_bytes;            /* of one frame; 0: 64 KiB */
    unsigned burst;              /* frames a turn; 0: 256 */
    int high_water;              /* frames queued a peer; 0: 1,000 */
    const struct bus_key *curve; /* served: our pair. dialled: the client's pair. NULL: no CURVE */
    const uint8_t *server_key;   /* dialled with CURVE: the server's public key */
};

typedef void bus_recv_fn(void *ctx, const struct peer *from, struct bytes payload);
/* Whether the owner of this public key may come in; if so writes who it is. */
typedef bool bus_admit_fn(void *ctx, const uint8_t key[BUS_KEY_BYTES],
                          char ret_user[BUS_USER_MAX + 1]);

/* For a process that listens to the net, before all else. Descriptors for a flood of idle
 * connections, for libzmq turns in circles when it has none left; and an end to what a peer may
 * make it keep, such as a message of endlessly many parts: then this process falls and is started
 * anew, and not the machine. */
MUST_CHECK int bus_limit_process(void);
/* The same end, so many bytes further off: for what this process keeps on purpose. */
MUST_CHECK int bus_limit_memory(size_t kept);

MUST_CHECK int bus_open(struct bus **ret, struct loop *loop);
void bus_close(struct bus **bus);

/* Must be called before a CURVE door is served; serving one without it is refused (-EPERM). */
MUST_CHECK int bus_admit(struct bus *bus, bus_admit_fn *fn, void *ctx);

/* ipc: the path is ours for the life of the bus (PATH.lock), -EBUSY when another process has it;
 * the socket file gets mode 0660. A file in its way that is no socket: -EEXIST. */
MUST_CHECK int bus_serve(struct bus *bus, const struct bus_options *options, bus_recv_fn *fn,
                         void *ctx, struct door **ret);
MUST_CHECK int bus_dial(struct bus *bus, const struct bus_options *options, bus_recv_fn *fn,
                        void *ctx, struct door **ret);
MUST_CHECK int bus_radio(struct bus *bus, const struct bus_options *options, struct door **ret);

/* `to` is NULL on a dialled door. The payload is copied. */
MUST_CHECK int bus_send(struct door *door, const struct peer *to, struct bytes payload);
MUST_CHECK int bus_tell(struct door *radio, struct text topic, struct bytes payload);

uint64_t bus_dropped(const struct door *door); /* frames of the wrong form, since it was opened */
/* The endpoint really bound (a port of 0 is filled in); borrowed while the door lives. */
const char *bus_endpoint(const struct door *door);

/* Connects to our own CURVE door with a fresh random key and expects silence (promises 1.2, Z1).
 * 0 when refused as it must be; -EACCES when the door let a stranger in; -ETIMEDOUT when it said
 * nothing. Blocks up to `wait`; needs
 * the loop not to be running: it turns it itself. */
MUST_CHECK int bus_self_test(struct bus *bus, struct door *door, msec wait);

MUST_CHECK int bus_key_new(struct bus_key *ret);
void bus_key_text(const uint8_t key[BUS_KEY_BYTES], char ret_z85[BUS_KEY_TEXT]);
MUST_CHECK int bus_key_parse(struct text z85, uint8_t ret_key[BUS_KEY_BYTES]);

/* A caller is the blocking end for commands, which have no loop. */
struct caller;
MUST_CHECK int caller_open(struct caller **ret, const struct bus_options *options);
void caller_close(struct caller **caller);
/* Waits some 3 s for the server to be there (and to let us in); -EAGAIN. */
MUST_CHECK int caller_send(struct caller *caller, struct bytes payload);
/* Waits up to `wait` for the next frame, which *ret (made by buf_init) holds until the next call;
 * -ETIMEDOUT, or -EMSGSIZE past the limit of *ret. */
MUST_CHECK int caller_recv(struct caller *caller, msec wait, struct buf *ret);

#endif
