#include "common/bus.h"
#include "common/bus_door.h"
#include "common/clock.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01" /* RFC 27 */
#define TEST_TICK 10                          /* ms between two looks */
#define Z85_KEY 40

/* Frames of a request, RFC 27; a CURVE client's credential is its public key. */
enum {
    ZAP_VERSION,
    ZAP_ID,
    ZAP_DOMAIN,
    ZAP_ADDRESS,
    ZAP_ROUTING_ID,
    ZAP_MECHANISM,
    ZAP_KEY,
    ZAP_N
};

struct zap_request {
    unsigned count;
    struct zap_frame {
        size_t n;
        uint8_t p[64]; /* a longer frame is cut, n tells */
    } frames[ZAP_N];
};

static bool frame_is(const struct zap_frame *frame, const char *s) {
    return frame->n == strlen(s) && memcmp(frame->p, s, frame->n) == 0;
}

static int read_request(void *sock, struct zap_request *ret) {
    bool more = true;

    memset(ret, 0, sizeof *ret);
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        while (zmq_msg_recv(&part, sock, ZMQ_DONTWAIT) < 0) {
            if (errno == EINTR)
                continue;
            must(errno == EAGAIN && ret->count == 0); /* the rest is always there */
            zmq_msg_close(&part);
            return -EAGAIN;
        }
        if (ret->count < ZAP_N) {
            struct zap_frame *frame = &ret->frames[ret->count];
            frame->n = zmq_msg_size(&part);
            memcpy(frame->p, zmq_msg_data(&part),
                   frame->n < sizeof frame->p ? frame->n : sizeof frame->p);
        }
        ret->count++;
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    return 0;
}

static bool may_enter(const struct bus *bus, const struct zap_request *request,
                      char ret_user[BUS_USER_MAX + 1]) {
    const struct zap_frame *frames = request->frames;
    bool yes;

    if (request->count != ZAP_N || !frame_is(&frames[ZAP_VERSION], "1.0") ||
        !frame_is(&frames[ZAP_DOMAIN], BUS_ZAP_DOMAIN) ||
        !frame_is(&frames[ZAP_MECHANISM], "CURVE") || frames[ZAP_KEY].n != BUS_KEY_BYTES)
        return false;
    yes = bus->admit(bus->admit_ctx, frames[ZAP_KEY].p, ret_user);
    ret_user[BUS_USER_MAX] = '\0';
    return yes && ret_user[0];
}

static void answer(void *sock, const struct zap_frame *id, bool yes, const char *user) {
    const struct bytes parts[] = {
        {"1.0", 3},
        {id->p, id->n < sizeof id->p ? id->n : sizeof id->p},
        {yes ? "200" : "400", 3},
        {yes ? "OK" : "No", 2},
        {user, yes ? strlen(user) : 0},
        {"", 0},
    };

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < COUNT_OF(parts) ? ZMQ_SNDMORE : 0);
        while (zmq_send(sock, parts[i].p, parts[i].n, flags) < 0)
            must(errno == EINTR); /* a handler that got stuck would keep everybody out for ever */
    }
}

static int take_request(struct door *door) {
    char user[BUS_USER_MAX + 1] = "";
    struct zap_request request;

    if (read_request(door->sock, &request))
        return -EAGAIN;
    answer(door->sock, &request.frames[ZAP_ID], may_enter(door->bus, &request, user), user);
    return 0;
}

/* A stranger: a client of its own context with a key that nobody has seen before. */
struct stranger {
    void *zmq, *sock, *monitor;
};

static int stranger_open(struct stranger *stranger, const struct door *door) {
    struct bus_key key;
    struct bus_options options = {
        .endpoint = door->endpoint, .curve = &key, .server_key = door->public_key};
    int rc = bus_key_new(&key);

    if (rc)
        return rc;
    *stranger = (struct stranger){.zmq = zmq_ctx_new()};
    must(stranger->zmq != NULL);
    stranger->sock = zmq_socket(stranger->zmq, ZMQ_DEALER);
    must(stranger->sock != NULL);
    rc = bus_set_options(stranger->sock, ZMQ_DEALER, &options);
    if (rc == 0)
        rc = bus_set_client_curve(stranger->sock, &options);
    if (rc == 0)
        rc = bus_set_int(stranger->sock, ZMQ_LINGER, 0);
    if (rc == 0)
        rc = bus_watch_handshake(stranger->zmq, stranger->sock, &stranger->monitor);
    if (rc == 0 && zmq_connect(stranger->sock, options.endpoint))
        rc = bus_error();
    return rc;
}

static void stranger_close(struct stranger *stranger) {
    if (!stranger->zmq)
        return;
    zmq_close(stranger->sock);
    if (stranger->monitor)
        zmq_close(stranger->monitor);
    while (zmq_ctx_term(stranger->zmq))
        must(errno == EINTR);
}

int bus_admit(struct bus *bus, bus_admit_fn *fn, void *ctx) {
    struct door *door;
    int rc;

    must(fn != NULL);
    bus->admit = fn;
    bus->admit_ctx = ctx;
    if (bus->zap)
        return 0;
    rc = bus_door_new(bus, ZMQ_REP, take_request, &door);
    if (rc)
        return rc;
    rc = bus_set_int(door->sock, ZMQ_LINGER, 0);
    if (rc == 0)
        rc = bus_door_bind(door, ZAP_ENDPOINT);
    if (rc == 0)
        rc = bus_door_start(door);
    if (rc)
        bus_door_free(&door);
    else
        bus->zap = door;
    return rc;
}

int bus_self_test(struct bus *bus, struct door *door, msec wait) {
    msec until = clock_boot() + wait;
    struct stranger stranger = {NULL, NULL, NULL};
    int rc;

    if (!door->curve_server)
        return -EINVAL;
    rc = stranger_open(&stranger, door);
    if (rc == 0)
        rc = -ETIMEDOUT;
    while (rc == -ETIMEDOUT && clock_boot() < until) {
        uv_run(loop_uv(bus->loop), UV_RUN_NOWAIT);
        switch (bus_handshake(stranger.monitor, TEST_TICK)) {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
            rc = -EACCES;
            break;
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            rc = 0;
            break;
        default:
            break;
        }
    }
    stranger_close(&stranger);
    return rc;
}

int bus_key_new(struct bus_key *ret) {
    char public_key[Z85_KEY + 1], secret_key[Z85_KEY + 1];

    if (zmq_curve_keypair(public_key, secret_key))
        return bus_error();
    must(zmq_z85_decode(ret->public_key, public_key) &&
         zmq_z85_decode(ret->secret_key, secret_key));
    explicit_bzero(secret_key, sizeof secret_key);
    return 0;
}

void bus_key_text(const uint8_t key[BUS_KEY_BYTES], char ret_z85[BUS_KEY_TEXT]) {
    must(zmq_z85_encode(ret_z85, key, BUS_KEY_BYTES) != NULL);
}

int bus_key_parse(struct text z85, uint8_t ret_key[BUS_KEY_BYTES]) {
    uint8_t key[BUS_KEY_BYTES];
    char terminated[Z85_KEY + 1];

    if (z85.n != Z85_KEY || text_copy(z85, terminated, sizeof terminated) ||
        !zmq_z85_decode(key, terminated))
        return -EINVAL;
    memcpy(ret_key, key, sizeof key);
    explicit_bzero(terminated, sizeof terminated);
    explicit_bzero(key, sizeof key);
    return 0;
}
