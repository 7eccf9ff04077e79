/* bus_door - a ZeroMQ socket on the loop: what bus, bus_zap and bus_call share. Not for others.
 *
 * libzmq's descriptor is edge-triggered and only means "look at ZMQ_EVENTS", and every send,
 * receive or look may swallow the edge. So a door is served after every poll (check) and looked at
 * once more before the next (prepare); if something waits, an idle handle keeps the loop from
 * sleeping.
 *
 * OWNERSHIP  The bus owns its doors; a door is freed when libuv has let go of its handles, which is
 *            a turn after it was closed.
 * ERRORS     0 or -errno. Nothing here logs.
 */
#ifndef COMMON_BUS_DOOR_H
#define COMMON_BUS_DOOR_H

#include "common/bus.h"

#include <uv.h>

#define BUS_ZAP_DOMAIN "bus"

struct bus {
    struct loop *loop;
    void *zmq;
    struct door *doors;
    struct door *zap;
    bus_admit_fn *admit;
    void *admit_ctx;
};

/* Takes exactly one whole message and does what it asks; -EAGAIN when none waits. */
typedef int bus_take_fn(struct door *door);

struct door {
    struct bus *bus;
    struct door *next;
    void *sock; /* NULL: closed */
    int type;   /* ZMQ_ROUTER and so on */
    bus_take_fn *take;
    bus_recv_fn *fn;
    void *ctx;
    size_t max_bytes;
    unsigned burst;
    bool curve_server;
    uint8_t public_key[BUS_KEY_BYTES];
    uint64_t dropped;
    int lock_fd;
    char endpoint[256];
    unsigned handles; /* that libuv holds */
    uv_poll_t poll;
    uv_prepare_t look;
    uv_check_t check;
    uv_idle_t busy;
};

/* One message, less what ZeroMQ wrapped it in. The body is a zmq_msg_t of the caller's. */
struct bus_frame {
    struct peer from;
    bool good; /* of the one form that is taken */
};

int bus_error(void); /* errno of a zmq call as -errno */
size_t bus_max_bytes(const struct bus_options *options);
MUST_CHECK int bus_set_options(void *sock, int type, const struct bus_options *options);
MUST_CHECK int bus_set_int(void *sock, int option, int value);
MUST_CHECK int bus_set_client_curve(void *sock, const struct bus_options *options);
MUST_CHECK int bus_set_server_curve(void *sock, const struct bus_key *key);
/* Reads every part of the next message without waiting; -EAGAIN when there is none. */
struct zmq_msg_t;
MUST_CHECK int bus_read_frame(void *sock, int type, struct bus_frame *ret, struct zmq_msg_t *body);

/* *ret_monitor, a socket of the same context, tells how the handshakes of a client went. */
MUST_CHECK int bus_watch_handshake(void *zmq, void *sock, void **ret_monitor);
/* Waits up to `wait` for one: its ZMQ_EVENT_HANDSHAKE_…, or 0. */
int bus_handshake(void *monitor, msec wait);

MUST_CHECK int bus_door_new(struct bus *bus, int type, bus_take_fn *take, struct door **ret);
MUST_CHECK int bus_door_bind(struct door *door, const char *endpoint);
MUST_CHECK int bus_door_start(struct door *door); /* puts it on the loop and on the bus */
void bus_door_free(struct door **door);           /* one that was not started */
void bus_door_close(struct door *door);           /* one that was; its path is kept */
void bus_door_release(struct door *door);         /* removes the socket file, gives up its lock */

#endif
