#include "common/bus_door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define MAX_BYTES_DEFAULT ((size_t)64 * 1024)
#define MAX_BYTES_LEAST 1024 /* a CURVE greeting must fit */
#define CURVE_OVERHEAD 64    /* of an encrypted frame: 33 bytes (RFC 26), and some air */
#define BURST_DEFAULT 256
#define HIGH_WATER_DEFAULT 1000
#define ZAP_ENFORCE_DOMAIN 93 /* ZMQ_ZAP_ENFORCE_DOMAIN: in the library, but not in its header */

static const char *ipc_path(const char *endpoint) {
    return strncmp(endpoint, "ipc://", 6) == 0 ? endpoint + 6 : NULL;
}

static int set_rows(void *sock, const int (*rows)[2], size_t n) {
    for (size_t i = 0; i < n; i++) {
        int rc = bus_set_int(sock, rows[i][0], rows[i][1]);
        if (rc)
            return rc;
    }
    return 0;
}

/* libzmq silently takes a path away from whoever had it bound, and removes a file in its way. */
static int claim_path(struct door *door, const char *path) {
    char lock_path[sizeof door->endpoint + 8];
    struct stat st;
    int rc;

    if (path[0] == '@' || path[0] == '*')
        return -EINVAL; /* no abstract names: no file modes guard them */
    strcpy(lock_path, path);
    strcat(lock_path, ".lock");
    rc = lock_file_fd(lock_path, &door->lock_fd);
    if (rc)
        return rc;
    if (lstat(path, &st))
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    return unlink(path) ? -errno : 0;
}

/* ZMQ_EVENTS also runs what libzmq has put off, so its edge is armed again. */
static int events_of(const struct door *door) {
    int events = 0;
    size_t n = sizeof events;

    while (zmq_getsockopt(door->sock, ZMQ_EVENTS, &events, &n))
        must(errno == EINTR);
    return events;
}

static void on_busy(uv_idle_t *handle) {
    (void)handle;
}

static void on_wake(uv_poll_t *handle, int status, int events) {
    (void)handle;
    (void)status;
    (void)events;
}

static void on_look(uv_prepare_t *handle) {
    struct door *door = handle->data;

    if (events_of(door) & ZMQ_POLLIN)
        uv_idle_start(&door->busy, on_busy);
    else
        uv_idle_stop(&door->busy);
}

static void on_check(uv_check_t *handle) {
    struct door *door = handle->data;

    uv_idle_stop(&door->busy);
    if (!door->take)
        return;
    for (unsigned i = 0; i < door->burst && door->sock; i++)
        if (door->take(door) == -EAGAIN)
            return;
}

static void on_handle_closed(uv_handle_t *handle) {
    struct door *door = handle->data;

    if (--door->handles == 0)
        free(door);
}

/* A message is a burst of parts; what does not belong is thrown away as it comes. */
static bool take_part(int type, unsigned index, struct bus_frame *frame, zmq_msg_t *part,
                      zmq_msg_t *body) {
    size_t n = zmq_msg_size(part);
    unsigned first = type == ZMQ_ROUTER ? 1 : 0;

    if (index < first) {
        if (n > sizeof frame->from.id)
            return false;
        memcpy(frame->from.id, zmq_msg_data(part), n);
        frame->from.id_len = (uint8_t)n;
        return true;
    }
    if (index == first && n == 0 && zmq_msg_more(part)) {
        frame->from.delimiter = true;
        return true;
    }
    if (zmq_msg_more(part) || n == 0)
        return false;
    return zmq_msg_move(body, part) == 0;
}

int bus_error(void) {
    int err = errno;

    return err == EHOSTUNREACH ? -EAGAIN : err < ZMQ_HAUSNUMERO ? -err : -EIO;
}

size_t bus_max_bytes(const struct bus_options *options) {
    return options->max_bytes ? options->max_bytes : MAX_BYTES_DEFAULT;
}

int bus_set_int(void *sock, int option, int value) {
    return zmq_setsockopt(sock, option, &value, sizeof value) ? bus_error() : 0;
}

int bus_set_options(void *sock, int type, const struct bus_options *options) {
    int high_water = options->high_water ? options->high_water : HIGH_WATER_DEFAULT;
    size_t max_bytes = bus_max_bytes(options);
    int64_t most = (int64_t)(max_bytes > MAX_BYTES_LEAST ? max_bytes : MAX_BYTES_LEAST);
    const int always[][2] = {
        {ZMQ_LINGER, 500},         {ZMQ_SNDHWM, high_water}, {ZMQ_RCVHWM, high_water},
        {ZMQ_HANDSHAKE_IVL, 3000}, {ZMQ_RECONNECT_IVL, 20},  {ZMQ_RECONNECT_IVL_MAX, 2000},
    };
    static const int on_tcp[][2] = {
        {ZMQ_IPV6, 1},
        {ZMQ_HEARTBEAT_IVL, 10000},
        {ZMQ_HEARTBEAT_TIMEOUT, 30000},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 60},
        {ZMQ_TCP_KEEPALIVE_INTVL, 15},
        {ZMQ_TCP_KEEPALIVE_CNT, 4},
    };
    int rc = set_rows(sock, always, COUNT_OF(always));

    most += CURVE_OVERHEAD;
    if (rc == 0 && zmq_setsockopt(sock, ZMQ_MAXMSGSIZE, &most, sizeof most))
        rc = bus_error();
    if (rc == 0 && !ipc_path(options->endpoint))
        rc = set_rows(sock, on_tcp, COUNT_OF(on_tcp));
    if (rc == 0 && type == ZMQ_ROUTER)
        rc = bus_set_int(sock, ZMQ_ROUTER_MANDATORY, 1);
    /* A queue for a server that is away would only grow stale. It costs what came just before the
     * server went, if we had not taken it yet (measured). */
    if (rc == 0 && type == ZMQ_DEALER)
        rc = bus_set_int(sock, ZMQ_IMMEDIATE, 1);
    return rc;
}

int bus_set_client_curve(void *sock, const struct bus_options *options) {
    const struct bus_key *key = options->curve;

    if (!key)
        return options->server_key ? -EINVAL : 0;
    if (!options->server_key)
        return -EINVAL;
    if (zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY, options->server_key, BUS_KEY_BYTES) ||
        zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, key->public_key, BUS_KEY_BYTES) ||
        zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, key->secret_key, BUS_KEY_BYTES))
        return bus_error();
    return 0;
}

int bus_set_server_curve(void *sock, const struct bus_key *key) {
    int on = 1;

    /* Without the last one, no handler would mean: everybody may come in. */
    if (zmq_setsockopt(sock, ZMQ_CURVE_SERVER, &on, sizeof on) ||
        zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, key->secret_key, BUS_KEY_BYTES) ||
        zmq_setsockopt(sock, ZMQ_ZAP_DOMAIN, BUS_ZAP_DOMAIN, strlen(BUS_ZAP_DOMAIN)) ||
        zmq_setsockopt(sock, ZAP_ENFORCE_DOMAIN, &on, sizeof on))
        return bus_error();
    return 0;
}

int bus_read_frame(void *sock, int type, struct bus_frame *ret, struct zmq_msg_t *body) {
    bool more = true;

    *ret = (struct bus_frame){.good = true};
    for (unsigned index = 0; more; index++) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        while (zmq_msg_recv(&part, sock, ZMQ_DONTWAIT) < 0) {
            if (errno == EINTR)
                continue;
            must(errno == EAGAIN && index == 0); /* the rest of a message is always there */
            zmq_msg_close(&part);
            return -EAGAIN;
        }
        more = zmq_msg_more(&part);
        ret->good = ret->good && take_part(type, index, ret, &part, body);
        zmq_msg_close(&part);
    }
    ret->good = ret->good && zmq_msg_size(body) > 0;
    return 0;
}

int bus_watch_handshake(void *zmq, void *sock, void **ret_monitor) {
    static const char endpoint[] = "inproc://handshake";
    void *monitor;

    if (zmq_socket_monitor(sock, endpoint,
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH))
        return bus_error();
    monitor = zmq_socket(zmq, ZMQ_PAIR);
    must(monitor != NULL);
    must(zmq_connect(monitor, endpoint) == 0);
    *ret_monitor = monitor;
    return 0;
}

int bus_handshake(void *monitor, msec wait) {
    zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
    uint8_t head[6]; /* the event, a value; then a frame with the address */
    uint16_t event;

    if (zmq_poll(&item, 1, (long)wait) <= 0)
        return 0;
    if (zmq_recv(monitor, head, sizeof head, ZMQ_DONTWAIT) != sizeof head)
        return 0;
    memcpy(&event, head, sizeof event);
    while (zmq_recv(monitor, head, sizeof head, ZMQ_DONTWAIT) < 0 && errno == EINTR)
        continue;
    return event;
}

int bus_door_new(struct bus *bus, int type, bus_take_fn *take, struct door **ret) {
    struct door *door = calloc(1, sizeof *door);

    must(door != NULL);
    door->bus = bus;
    door->type = type;
    door->take = take;
    door->burst = BURST_DEFAULT;
    door->lock_fd = -1;
    door->sock = zmq_socket(bus->zmq, type);
    if (!door->sock) {
        int rc = bus_error();
        free(door);
        return rc;
    }
    *ret = door;
    return 0;
}

int bus_door_bind(struct door *door, const char *endpoint) {
    const char *path = ipc_path(endpoint);
    size_t n = sizeof door->endpoint;
    int rc;

    if (strlen(endpoint) >= sizeof door->endpoint)
        return -ENAMETOOLONG;
    rc = path ? claim_path(door, path) : 0;
    if (rc)
        return rc;
    if (zmq_bind(door->sock, endpoint) || (path && chmod(path, 0660)) ||
        zmq_getsockopt(door->sock, ZMQ_LAST_ENDPOINT, door->endpoint, &n))
        return bus_error();
    return 0;
}

int bus_door_start(struct door *door) {
    uv_loop_t *uv = loop_uv(door->bus->loop);
    size_t n = sizeof(int);
    int fd, rc;

    if (zmq_getsockopt(door->sock, ZMQ_FD, &fd, &n))
        return bus_error();
    rc = uv_poll_init(uv, &door->poll, fd);
    if (rc)
        return rc;
    must(uv_prepare_init(uv, &door->look) == 0);
    must(uv_check_init(uv, &door->check) == 0);
    must(uv_idle_init(uv, &door->busy) == 0);
    door->poll.data = door->look.data = door->check.data = door->busy.data = door;
    door->handles = 4;
    must(uv_poll_start(&door->poll, UV_READABLE, on_wake) == 0);
    must(uv_prepare_start(&door->look, on_look) == 0);
    must(uv_check_start(&door->check, on_check) == 0);
    door->next = door->bus->doors;
    door->bus->doors = door;
    return 0;
}

void bus_door_free(struct door **door) {
    struct door *gone = *door;

    *door = NULL;
    zmq_close(gone->sock);
    bus_door_release(gone);
    free(gone);
}

void bus_door_close(struct door *door) {
    uv_handle_t *handles[] = {(uv_handle_t *)&door->poll, (uv_handle_t *)&door->look,
                              (uv_handle_t *)&door->check, (uv_handle_t *)&door->busy};

    uv_poll_stop(&door->poll); /* first: the descriptor is libzmq's */
    for (size_t i = 0; i < COUNT_OF(handles); i++)
        uv_close(handles[i], on_handle_closed);
    zmq_close(door->sock);
    door->sock = NULL;
}

void bus_door_release(struct door *door) {
    if (door->lock_fd < 0)
        return;
    if (door->endpoint[0])
        unlink(ipc_path(door->endpoint));
    close(door->lock_fd);
    door->lock_fd = -1;
}
