#include "common/bus.h"
#include "common/bus_door.h"
#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#define SEND_WAIT 3000 /* ms for the server to be there */

struct caller {
    void *zmq, *sock, *monitor;
    bool met; /* the server was there once */
};

static int take_answer(struct caller *caller, struct buf *ret) {
    struct bus_frame frame;
    zmq_msg_t body;
    int rc;

    zmq_msg_init(&body);
    rc = bus_read_frame(caller->sock, ZMQ_DEALER, &frame, &body);
    if (rc == 0 && !frame.good)
        rc = -EAGAIN;
    if (rc == 0) {
        buf_clear(ret);
        buf_add(ret, zmq_msg_data(&body), zmq_msg_size(&body));
        rc = ret->over ? -EMSGSIZE : 0;
    }
    zmq_msg_close(&body);
    return rc;
}

static bool wait_for_server(void *monitor) {
    msec until = clock_boot() + SEND_WAIT, left = SEND_WAIT;

    for (; left > 0; left = until - clock_boot())
        if (bus_handshake(monitor, left) == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            return true;
    return false;
}

int caller_open(struct caller **ret, const struct bus_options *options) {
    struct caller *caller = calloc(1, sizeof *caller);
    int rc;

    must(caller != NULL);
    caller->zmq = zmq_ctx_new();
    must(caller->zmq != NULL);
    caller->sock = zmq_socket(caller->zmq, ZMQ_DEALER);
    must(caller->sock != NULL);
    rc = bus_set_options(caller->sock, ZMQ_DEALER, options);
    if (rc == 0)
        rc = bus_set_client_curve(caller->sock, options);
    if (rc == 0)
        rc = bus_set_int(caller->sock, ZMQ_SNDTIMEO, SEND_WAIT);
    /* An answer is taken even if the server went when it had given it (see bus_set_options). */
    if (rc == 0)
        rc = bus_set_int(caller->sock, ZMQ_IMMEDIATE, 0);
    if (rc == 0)
        rc = bus_watch_handshake(caller->zmq, caller->sock, &caller->monitor);
    if (rc == 0 && zmq_connect(caller->sock, options->endpoint))
        rc = bus_error();
    if (rc)
        caller_close(&caller);
    else
        *ret = caller;
    return rc;
}

void caller_close(struct caller **caller) {
    struct caller *gone = *caller;

    if (!gone)
        return;
    *caller = NULL;
    zmq_close(gone->sock);
    if (gone->monitor)
        zmq_close(gone->monitor);
    while (zmq_ctx_term(gone->zmq))
        must(errno == EINTR);
    free(gone);
}

int caller_send(struct caller *caller, struct bytes payload) {
    if (payload.n == 0)
        return -EINVAL;
    if (!caller->met)
        caller->met = wait_for_server(caller->monitor);
    if (!caller->met)
        return -EAGAIN;
    while (zmq_send(caller->sock, payload.p, payload.n, 0) < 0)
        if (errno != EINTR)
            return bus_error();
    return 0;
}

int caller_recv(struct caller *caller, msec wait, struct buf *ret) {
    msec until = clock_boot() + wait;

    for (;;) {
        zmq_pollitem_t item = {.socket = caller->sock, .events = ZMQ_POLLIN};
        int rc = take_answer(caller, ret);
        msec left = until - clock_boot();
        if (rc != -EAGAIN)
            return rc;
        if (left <= 0)
            return -ETIMEDOUT;
        if (zmq_poll(&item, 1, (long)left) < 0 && errno != EINTR)
            return bus_error();
    }
}
