#include "common/bus.h"
#include "common/clock.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define FRAMES 20000
#define TRIES 60 /* a busy machine has not done in one what it is to do */

static char folder[FOLDER_BYTES];

struct scene {
    struct loop *loop;
    struct bus *bus;
    struct door *server, *client;
    unsigned sent, received, answered, want, turns;
    size_t last_bytes;
    char endpoint[FOLDER_BYTES + 64];
};

static void begin(struct scene *scene) {
    *scene = (struct scene){.loop = NULL};
    assert_int_equal(loop_open(&scene->loop), 0);
    assert_int_equal(bus_open(&scene->bus, scene->loop), 0);
    snprintf(scene->endpoint, sizeof scene->endpoint, "ipc://%s/door", folder);
}

static void end(struct scene *scene) {
    bus_close(&scene->bus);
    assert_null(scene->bus);
    bus_close(&scene->bus);
    loop_close(&scene->loop);
}

static void stop(void *ctx) {
    struct scene *scene = ctx;

    loop_stop(scene->loop);
}

static void run_for(struct scene *scene, msec span) {
    loop_after(scene->loop, span, stop, scene);
    assert_int_equal(loop_run(scene->loop, NULL, NULL, NULL, 0), 0);
    loop_cancel(scene->loop, stop, scene);
}

static void count(void *ctx, const struct peer *from, struct bytes payload) {
    struct scene *scene = ctx;

    assert_non_null(payload.p);
    assert_string_equal(from->user, "");
    scene->last_bytes = payload.n;
    if (++scene->received == scene->want)
        loop_stop(scene->loop);
}

static void echo(void *ctx, const struct peer *from, struct bytes payload) {
    struct scene *scene = ctx;

    count(ctx, from, payload);
    assert_int_equal(bus_send(scene->server, from, payload), 0);
}

static void count_answer(void *ctx, const struct peer *from, struct bytes payload) {
    struct scene *scene = ctx;

    assert_int_equal(from->id_len, 0);
    assert_true(payload.n > 0);
    if (++scene->answered == scene->want)
        loop_stop(scene->loop);
}

static void serve(struct scene *scene, bus_recv_fn *fn) {
    struct bus_options options = {.endpoint = scene->endpoint};

    assert_int_equal(bus_serve(scene->bus, &options, fn, scene, &scene->server), 0);
}

static void dial(struct scene *scene) {
    struct bus_options options = {.endpoint = scene->endpoint};

    assert_int_equal(bus_dial(scene->bus, &options, count_answer, scene, &scene->client), 0);
}

/* A frontend as others write it: a socket of a context of its own. */
struct frontend {
    void *zmq, *sock;
};

static void frontend_open(struct frontend *frontend, int type, const char *endpoint) {
    int linger = 0;

    frontend->zmq = zmq_ctx_new();
    frontend->sock = zmq_socket(frontend->zmq, type);
    assert_int_equal(zmq_setsockopt(frontend->sock, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_connect(frontend->sock, endpoint), 0);
}

static void frontend_close(struct frontend *frontend) {
    zmq_close(frontend->sock);
    zmq_ctx_term(frontend->zmq);
}

static void keep_sending(void *ctx) {
    struct scene *scene = ctx;
    int rc = 0;

    while (scene->sent < scene->want && rc == 0) {
        rc = bus_send(scene->client, NULL, (struct bytes){&scene->sent, sizeof scene->sent});
        scene->sent += rc == 0;
    }
    assert_true(rc == 0 || rc == -EAGAIN);
    if (rc == -EAGAIN)
        loop_after(scene->loop, 1, keep_sending, scene);
}

static void in_order(void *ctx, const struct peer *from, struct bytes payload) {
    struct scene *scene = ctx;
    unsigned number;

    assert_int_equal(payload.n, sizeof number);
    memcpy(&number, payload.p, sizeof number);
    assert_int_equal(number, scene->received);
    count(ctx, from, payload);
}

static void test_all_frames_arrive_over_ipc(void **state) {
    struct scene scene;
    struct stat st;

    (void)state;
    begin(&scene);
    scene.want = FRAMES;
    serve(&scene, in_order);
    dial(&scene);
    assert_string_equal(bus_endpoint(scene.server), scene.endpoint);
    assert_int_equal(stat(scene.endpoint + strlen("ipc://"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    loop_soon(scene.loop, keep_sending, &scene);
    run_for(&scene, 20 * SECONDS);
    assert_int_equal(scene.received, FRAMES);
    assert_int_equal(bus_dropped(scene.server), 0);
    end(&scene);
}

static void test_all_frames_come_back(void **state) {
    struct scene scene;

    (void)state;
    begin(&scene);
    scene.want = 3000;
    serve(&scene, echo);
    dial(&scene);
    /* The server's stop at the last frame is not the last answer. */
    loop_soon(scene.loop, keep_sending, &scene);
    run_for(&scene, 20 * SECONDS);
    if (scene.answered < scene.want)
        run_for(&scene, 20 * SECONDS);
    assert_int_equal(scene.answered, scene.want);
    end(&scene);
}

static void test_a_delimiter_is_echoed(void **state) {
    struct frontend req, dealer;
    struct scene scene;
    char answer[8];
    int more;
    size_t n = sizeof more;

    (void)state;
    begin(&scene);
    serve(&scene, echo);
    frontend_open(&req, ZMQ_REQ, scene.endpoint);
    frontend_open(&dealer, ZMQ_DEALER, scene.endpoint);
    assert_int_equal(zmq_send(req.sock, "req", 3, 0), 3);
    assert_int_equal(zmq_send(dealer.sock, "bare", 4, 0), 4);
    scene.want = 2;
    run_for(&scene, 20 * SECONDS);
    assert_int_equal(zmq_recv(req.sock, answer, sizeof answer, 0), 3);
    assert_memory_equal(answer, "req", 3);
    assert_int_equal(zmq_recv(dealer.sock, answer, sizeof answer, 0), 4);
    assert_int_equal(zmq_getsockopt(dealer.sock, ZMQ_RCVMORE, &more, &n), 0);
    assert_int_equal(more, 0);
    frontend_close(&req);
    frontend_close(&dealer);
    end(&scene);
}

static void test_other_forms_are_dropped_and_counted(void **state) {
    static const char *const forms[][4] = {
        /* NULL ends a message */
        {"a", "b", NULL, NULL}, {"", "a", "b", NULL},   {"", "", "a", NULL},
        {"a", "", NULL, NULL},  {"", NULL, NULL, NULL}, {"", "", NULL, NULL},
    };
    struct frontend frontend;
    struct scene scene;

    (void)state;
    begin(&scene);
    serve(&scene, count);
    frontend_open(&frontend, ZMQ_DEALER, scene.endpoint);
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        for (size_t k = 0; forms[i][k]; k++)
            assert_true(zmq_send(frontend.sock, forms[i][k], strlen(forms[i][k]),
                                 forms[i][k + 1] ? ZMQ_SNDMORE : 0) >= 0);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(zmq_send(frontend.sock, "part", 4, ZMQ_SNDMORE), 4);
    assert_int_equal(zmq_send(frontend.sock, "end", 3, 0), 3);
    assert_int_equal(zmq_send(frontend.sock, "good", 4, 0), 4);
    scene.want = 1;
    run_for(&scene, 20 * SECONDS);
    assert_int_equal(scene.received, 1);
    assert_int_equal(scene.last_bytes, 4);
    assert_int_equal(bus_dropped(scene.server), COUNT_OF(forms) + 1);
    frontend_close(&frontend);
    end(&scene);
}

static void test_a_long_identity_is_dropped(void **state) {
    struct frontend frontend;
    struct scene scene;
    int linger = 0;

    (void)state;
    begin(&scene);
    serve(&scene, count);
    frontend.zmq = zmq_ctx_new();
    frontend.sock = zmq_socket(frontend.zmq, ZMQ_DEALER);
    zmq_setsockopt(frontend.sock, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(
        zmq_setsockopt(frontend.sock, ZMQ_ROUTING_ID, "a-name-of-more-than-thirty-two-bytes", 36),
        0);
    assert_int_equal(zmq_connect(frontend.sock, scene.endpoint), 0);
    assert_int_equal(zmq_send(frontend.sock, "x", 1, 0), 1);
    for (unsigned i = 0; i < TRIES && bus_dropped(scene.server) == 0; i++)
        run_for(&scene, 300);
    assert_int_equal(scene.received, 0);
    assert_int_equal(bus_dropped(scene.server), 1);
    frontend_close(&frontend);
    end(&scene);
}

static void test_what_is_too_long_never_arrives(void **state) {
    static char big[1 << 20];
    struct bus_options options = {.max_bytes = 4096};
    struct frontend frontend;
    struct scene scene;

    (void)state;
    begin(&scene);
    options.endpoint = scene.endpoint;
    assert_int_equal(bus_serve(scene.bus, &options, count, &scene, &scene.server), 0);
    frontend_open(&frontend, ZMQ_DEALER, scene.endpoint);
    assert_true(zmq_send(frontend.sock, big, 4097, 0) > 0); /* dropped by us */
    scene.want = 1;
    assert_true(zmq_send(frontend.sock, big, 4096, 0) > 0);
    run_for(&scene, 20 * SECONDS);
    assert_int_equal(scene.last_bytes, 4096);
    assert_int_equal(bus_dropped(scene.server), 1);
    assert_true(zmq_send(frontend.sock, big, sizeof big, 0) > 0); /* hung up on by libzmq */
    run_for(&scene, 300);
    assert_int_equal(scene.received, 1);
    frontend_close(&frontend);

    frontend_open(&frontend, ZMQ_DEALER, scene.endpoint);
    assert_true(zmq_send(frontend.sock, "x", 1, 0) > 0); /* and the next one is served */
    scene.want = 2;
    run_for(&scene, 20 * SECONDS);
    assert_int_equal(scene.received, 2);
    frontend_close(&frontend);
    end(&scene);
}

static void test_a_path_has_one_server(void **state) {
    struct bus_options options;
    struct scene scene;
    struct door *door;
    struct stat st;
    char file[FOLDER_BYTES + 32];
    int status;
    pid_t pid;

    (void)state;
    begin(&scene);
    serve(&scene, count);
    options = (struct bus_options){.endpoint = scene.endpoint};
    assert_int_equal(bus_serve(scene.bus, &options, count, &scene, &door), -EBUSY);
    pid = fork();
    if (pid == 0) {
        struct scene other = {.loop = NULL};
        if (loop_open(&other.loop) || bus_open(&other.bus, other.loop))
            _exit(2);
        _exit(bus_serve(other.bus, &options, count, &other, &door) == -EBUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    end(&scene);

    pid = fork();
    if (pid == 0) { /* one that dies and leaves its socket file behind */
        begin(&scene);
        serve(&scene, count);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(stat(scene.endpoint + strlen("ipc://"), &st), 0);
    begin(&scene);
    serve(&scene, count);
    end(&scene);
    assert_int_equal(stat(scene.endpoint + strlen("ipc://"), &st), -1);

    begin(&scene);
    snprintf(file, sizeof file, "%s/letters", folder);
    assert_int_equal(write_file(file, 0600, (struct bytes){"x", 1}), 0);
    snprintf(file, sizeof file, "ipc://%s/letters", folder);
    options.endpoint = file;
    assert_int_equal(bus_serve(scene.bus, &options, count, &scene, &door), -EEXIST);
    options.endpoint = "ipc://@abstract";
    assert_int_equal(bus_serve(scene.bus, &options, count, &scene, &door), -EINVAL);
    options.endpoint = "nonsense";
    assert_true(bus_serve(scene.bus, &options, count, &scene, &door) < 0);
    assert_true(bus_dial(scene.bus, &options, count, &scene, &door) < 0);
    end(&scene);
}

static void test_who_is_away_is_said_to_be(void **state) {
    struct peer nobody = {.id = "none", .id_len = 4};
    struct scene scene;

    (void)state;
    begin(&scene);
    dial(&scene);
    assert_int_equal(bus_send(scene.client, NULL, (struct bytes){"x", 1}), -EAGAIN);
    assert_int_equal(bus_send(scene.client, NULL, (struct bytes){"", 0}), -EINVAL);
    serve(&scene, count);
    assert_int_equal(bus_send(scene.server, &nobody, (struct bytes){"x", 1}), -EAGAIN);
    scene.want = 1;
    keep_sending(&scene); /* the server came late, and is found */
    run_for(&scene, 20 * SECONDS);
    assert_int_equal(scene.received, 1);
    end(&scene);
}

static void answer_in_child(const char *endpoint) {
    struct bus_options options = {.endpoint = endpoint};
    struct scene scene;

    begin(&scene);
    scene.want = 2;
    if (bus_serve(scene.bus, &options, echo, &scene, &scene.server))
        _exit(1);
    run_for(&scene, 10 * SECONDS);
    end(&scene);
    _exit(scene.received == 2 ? 0 : 2);
}

static void test_a_caller_waits_for_its_answer(void **state) {
    struct bus_options options;
    struct caller *caller;
    char endpoint[FOLDER_BYTES + 64];
    struct buf answer;
    int status;
    pid_t pid;

    (void)state;
    snprintf(endpoint, sizeof endpoint, "ipc://%s/called", folder);
    options = (struct bus_options){.endpoint = endpoint};
    pid = fork();
    if (pid == 0)
        answer_in_child(endpoint);
    buf_init(&answer, 8);
    assert_int_equal(caller_open(&caller, &options), 0);
    assert_int_equal(caller_send(caller, (struct bytes){"hello", 5}), 0);
    assert_int_equal(caller_recv(caller, 20 * SECONDS, &answer), 0);
    assert_string_equal(buf_cstr(&answer), "hello");
    assert_int_equal(caller_recv(caller, 20, &answer), -ETIMEDOUT);
    assert_int_equal(caller_send(caller, (struct bytes){"too long for it", 15}), 0);
    assert_int_equal(caller_recv(caller, 20 * SECONDS, &answer), -EMSGSIZE);
    caller_close(&caller);
    assert_null(caller);
    buf_free(&answer);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(caller_open(&caller, &options), 0); /* nobody is there any more */
    assert_int_equal(caller_send(caller, (struct bytes){"hello", 5}), -EAGAIN);
    caller_close(&caller);
}

static void tell_news(void *ctx) {
    struct scene *scene = ctx;

    assert_int_equal(bus_tell(scene->server, TEXT_LIT("news"), (struct bytes){"body", 4}), 0);
    loop_after(scene->loop, 10, tell_news, scene);
}

static void test_a_radio_is_heard(void **state) {
    struct bus_options options;
    struct frontend listener;
    struct scene scene;
    char part[8];
    int n = -1;

    (void)state;
    begin(&scene);
    options = (struct bus_options){.endpoint = scene.endpoint};
    assert_int_equal(bus_radio(scene.bus, &options, &scene.server), 0);
    frontend_open(&listener, ZMQ_SUB, scene.endpoint);
    assert_int_equal(zmq_setsockopt(listener.sock, ZMQ_SUBSCRIBE, "news", 4), 0);
    tell_news(&scene);
    for (unsigned i = 0; i < TRIES && n < 0; i++) {
        run_for(&scene, 300);
        n = zmq_recv(listener.sock, part, sizeof part, ZMQ_DONTWAIT);
    }
    assert_int_equal(n, 4);
    assert_memory_equal(part, "news", 4);
    assert_int_equal(zmq_recv(listener.sock, part, sizeof part, ZMQ_DONTWAIT), 4);
    assert_memory_equal(part, "body", 4);
    frontend_close(&listener);
    end(&scene);
}

static void count_turn(void *ctx) {
    struct scene *scene = ctx;

    scene->turns++;
}

static void test_idle_doors_sleep(void **state) {
    struct scene scene;

    (void)state;
    begin(&scene);
    serve(&scene, echo);
    dial(&scene);
    loop_each_turn(scene.loop, count_turn, &scene);
    for (unsigned i = 0; i < TRIES && (scene.turns == 0 || scene.turns > 5); i++) {
        scene.turns = 0; /* until they have met */
        run_for(&scene, 300);
    }
    assert_in_range(scene.turns, 1, 5);
    end(&scene);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(folder, "bus_test");
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_frames_arrive_over_ipc),
        cmocka_unit_test(test_all_frames_come_back),
        cmocka_unit_test(test_a_delimiter_is_echoed),
        cmocka_unit_test(test_other_forms_are_dropped_and_counted),
        cmocka_unit_test(test_a_long_identity_is_dropped),
        cmocka_unit_test(test_what_is_too_long_never_arrives),
        cmocka_unit_test(test_a_path_has_one_server),
        cmocka_unit_test(test_who_is_away_is_said_to_be),
        cmocka_unit_test(test_a_caller_waits_for_its_answer),
        cmocka_unit_test(test_a_radio_is_heard),
        cmocka_unit_test(test_idle_doors_sleep),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
