#include "services/gateway/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "services/gateway/person.h"

#define BURST 128 /* queries a door that share a snapshot */
#define SELF_TEST_WAIT (5 * SECONDS)

static struct who who_is(const struct front *front, const struct peer *from) {
    const struct key_client *client;
    if (!front->is_outside)
        return (struct who){.client = NULL};
    client = keyring_find_z85(front->gateway->keyring, text_of(from->user));
    return (struct who){.client = client, .is_unknown = !client};
}

/* ---- the snapshot of a turn ---- */

static void end_snapshot(void *ctx) {
    struct gateway *gateway = ctx;
    store_abort(&gateway->snapshot);
}

static int need_snapshot(struct gateway *gateway) {
    if (gateway->snapshot)
        return 0;
    if (!gateway->store)
        return -EAGAIN;
    int rc = store_begin_read(gateway->store, &gateway->snapshot);
    if (rc == 0)
        loop_soon(gateway->loop, end_snapshot, gateway);
    return rc;
}

static void fail(struct gateway *gateway, int error) {
    if (gateway->is_stopping)
        return;
    log_error("core_failed", "error=%s; ending", strerror(-error));
    gateway->exit_code = EXIT_STORAGE;
    gateway->is_stopping = true;
    loop_stop(gateway->loop);
}

/* ---- a query ---- */

static int answer(struct gateway *gateway, struct request *request) {
    struct token token;
    struct text person;
    instant now = clock_now();
    if (!request->is_good || person_find(request, &gateway->links, now, &token, &person) < 0) {
        asking_refuse(request, "refused", &gateway->out);
        return 0;
    }
    int rc = need_snapshot(gateway);
    if (rc == 0)
        rc =
            asking_answer(&gateway->asking, gateway->snapshot, request, person, now, &gateway->out);
    return rc;
}

static void on_frame(void *ctx, const struct peer *from, struct bytes payload) {
    struct front *front = ctx;
    struct gateway *gateway = front->gateway;
    struct who who = who_is(front, from);
    struct request request;
    request_read(&request, &who, payload);
    buf_clear(&gateway->out);
    int rc = answer(gateway, &request);
    if (rc < 0) {
        buf_clear(&gateway->out);
        asking_refuse(&request, "retry", &gateway->out);
    }
    if (rc < 0 && rc != -EAGAIN)
        fail(gateway, rc);
    must(!gateway->out.over);
    gateway->answered++;
    gateway->refused += request.complaint.code != NULL;
    if (request.complaint.code)
        log_debug("query_refused", "code=%s field=%s", request.complaint.code,
                  request.complaint.field);
    if (bus_send(front->door, from, buf_as_bytes(&gateway->out)) < 0)
        gateway->answers_lost++;
}

/* ---- the doors ---- */

static int open_here(struct gateway *gateway) {
    char endpoint[PATH_MAX];
    struct bus_options options = {.endpoint = endpoint, .max_bytes = REQUEST_BYTES, .burst = BURST};
    arguments_endpoint(gateway->home, "run/gateway.ipc", endpoint);
    gateway->here = (struct front){.gateway = gateway};
    return bus_serve(gateway->bus, &options, on_frame, &gateway->here, &gateway->here.door);
}

static int open_outside(struct gateway *gateway) {
    char keys[PATH_MAX];
    struct bus_key key;
    struct bus_options options = {.endpoint = gateway->settings.gateway_listen,
                                  .max_bytes = REQUEST_BYTES,
                                  .burst = BURST,
                                  .curve = &key};
    arguments_path(gateway->home, "keys", keys);
    int r = keyring_server(keys, false, &key); /* `cirkel init` made it */
    if (r < 0) {
        log_error("server_key_unreadable", "file=keys/server.key error=%s",
                  keyring_server_trouble(r));
        return r;
    }
    gateway->outside = (struct front){.gateway = gateway, .is_outside = true};
    r = bus_admit(gateway->bus, keyring_admit, gateway->keyring);
    if (r == 0)
        r = bus_serve(gateway->bus, &options, on_frame, &gateway->outside, &gateway->outside.door);
    explicit_bzero(&key, sizeof key);
    if (r < 0) {
        log_error("door_not_opened", "endpoint=%s error=%s", gateway->settings.gateway_listen,
                  strerror(-r));
        return r;
    }
    r = bus_self_test(gateway->bus, gateway->outside.door, SELF_TEST_WAIT);
    if (r < 0)
        log_error("door_not_tight", "endpoint=%s error=%s; a stranger was not refused",
                  gateway->settings.gateway_listen, strerror(-r));
    return r;
}

int front_open(struct gateway *gateway) {
    int r = open_here(gateway);
    if (r < 0) {
        log_error("door_not_opened", "endpoint=run/gateway.ipc error=%s%s", strerror(-r),
                  r == -EBUSY ? "; another gateway runs" : "");
        return r;
    }
    if (gateway->settings.gateway_listen[0] == '\0')
        return 0;
    r = open_outside(gateway);
    if (r == 0)
        log_info("door_opened", "endpoint=%s", bus_endpoint(gateway->outside.door));
    return r;
}
