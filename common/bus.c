#include "common/bus.h"
#include "common/bus_door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static int send_part(struct door *door, const void *p, size_t n, int flags) {
    while (zmq_send(door->sock, p, n, flags | ZMQ_DONTWAIT) < 0)
        if (errno != EINTR)
            return bus_error();
    return 0;
}

/* On a CURVE door the owner of the key stands beside the body (never beside the first frame). */
static bool name_user(const struct door *door, zmq_msg_t *body, struct peer *peer) {
    const char *user;

    if (!door->curve_server)
        return true;
    user = zmq_msg_gets(body, "User-Id");
    return user && user[0] && text_copy(text_of(user), peer->user, sizeof peer->user) == 0;
}

static int take_frame(struct door *door) {
    struct bus_frame frame;
    zmq_msg_t body;
    int rc;

    zmq_msg_init(&body);
    rc = bus_read_frame(door->sock, door->type, &frame, &body);
    if (rc == 0) {
        if (frame.good && zmq_msg_size(&body) <= door->max_bytes &&
            name_user(door, &body, &frame.from))
            door->fn(door->ctx, &frame.from,
                     (struct bytes){zmq_msg_data(&body), zmq_msg_size(&body)});
        else
            door->dropped++;
    }
    zmq_msg_close(&body);
    return rc == 0 ? 0 : -EAGAIN;
}

static int new_door(struct bus *bus, int type, const struct bus_options *options, bus_recv_fn *fn,
                    void *ctx, struct door **ret) {
    struct door *door;
    int rc = bus_door_new(bus, type, fn ? take_frame : NULL, &door);

    if (rc)
        return rc;
    door->fn = fn;
    door->ctx = ctx;
    door->max_bytes = bus_max_bytes(options);
    if (options->burst)
        door->burst = options->burst;
    rc = bus_set_options(door->sock, type, options);
    if (rc) {
        bus_door_free(&door);
        return rc;
    }
    *ret = door;
    return 0;
}

/* A door others come to. */
static int open_server(struct bus *bus, int type, const struct bus_options *options,
                       bus_recv_fn *fn, void *ctx, struct door **ret) {
    struct door *door;
    int rc;

    if (options->server_key)
        return -EINVAL;
    if (options->curve && !bus->zap)
        return -EPERM;
    rc = new_door(bus, type, options, fn, ctx, &door);
    if (rc)
        return rc;
    if (options->curve) {
        door->curve_server = true;
        memcpy(door->public_key, options->curve->public_key, BUS_KEY_BYTES);
        rc = bus_set_server_curve(door->sock, options->curve);
    }
    if (rc == 0)
        rc = bus_door_bind(door, options->endpoint);
    if (rc == 0)
        rc = bus_door_start(door);
    if (rc)
        bus_door_free(&door);
    else
        *ret = door;
    return rc;
}

int bus_open(struct bus **ret, struct loop *loop) {
    struct bus *bus = calloc(1, sizeof *bus);

    must(bus != NULL);
    bus->loop = loop;
    bus->zmq = zmq_ctx_new();
    if (!bus->zmq) {
        int rc = bus_error();
        free(bus);
        return rc;
    }
    *ret = bus;
    return 0;
}

void bus_close(struct bus **bus) {
    struct bus *gone = *bus;

    if (!gone)
        return;
    *bus = NULL;
    for (struct door *door = gone->doors; door; door = door->next)
        bus_door_close(door);
    while (zmq_ctx_term(gone->zmq))
        must(errno == EINTR);
    for (struct door *door = gone->doors; door; door = door->next)
        bus_door_release(door); /* not before libzmq has let go of everything */
    free(gone);
}

int bus_serve(struct bus *bus, const struct bus_options *options, bus_recv_fn *fn, void *ctx,
              struct door **ret) {
    must(fn != NULL);
    return open_server(bus, ZMQ_ROUTER, options, fn, ctx, ret);
}

int bus_dial(struct bus *bus, const struct bus_options *options, bus_recv_fn *fn, void *ctx,
             struct door **ret) {
    struct door *door;
    int rc;

    must(fn != NULL);
    rc = new_door(bus, ZMQ_DEALER, options, fn, ctx, &door);
    if (rc)
        return rc;
    rc = bus_set_client_curve(door->sock, options);
    if (rc == 0)
        rc = text_copy(text_of(options->endpoint), door->endpoint, sizeof door->endpoint);
    if (rc == 0 && zmq_connect(door->sock, options->endpoint))
        rc = bus_error();
    if (rc == 0)
        rc = bus_door_start(door);
    if (rc)
        bus_door_free(&door);
    else
        *ret = door;
    return rc;
}

int bus_radio(struct bus *bus, const struct bus_options *options, struct door **ret) {
    return open_server(bus, ZMQ_PUB, options, NULL, NULL, ret);
}

int bus_send(struct door *door, const struct peer *to, struct bytes payload) {
    int rc;

    must((door->type == ZMQ_ROUTER) == (to != NULL) && door->type != ZMQ_PUB);
    if (payload.n == 0)
        return -EINVAL;
    if (to) {
        rc = send_part(door, to->id, to->id_len, ZMQ_SNDMORE);
        if (rc)
            return rc;
        if (to->delimiter)
            must(send_part(door, "", 0, ZMQ_SNDMORE) == 0);
        must(send_part(door, payload.p, payload.n, 0) == 0);
        return 0;
    }
    return send_part(door, payload.p, payload.n, 0);
}

int bus_tell(struct door *radio, struct text topic, struct bytes payload) {
    int rc;

    must(radio->type == ZMQ_PUB);
    rc = send_part(radio, topic.p ? topic.p : "", topic.n, ZMQ_SNDMORE);
    if (rc)
        return rc;
    must(send_part(radio, payload.p, payload.n, 0) == 0);
    return 0;
}

uint64_t bus_dropped(const struct door *door) {
    return door->dropped;
}

const char *bus_endpoint(const struct door *door) {
    return door->endpoint;
}
