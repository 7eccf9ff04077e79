#include "common/bus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

struct scene {
    struct loop *loop;
    struct bus *bus;
    struct door *server;
    unsigned received, answered;
    char user[BUS_USER_MAX + 1];
    const struct bus_key *friend;
};

static void begin(struct scene *scene) {
    *scene = (struct scene){.loop = NULL};
    assert_int_equal(loop_open(&scene->loop), 0);
    assert_int_equal(bus_open(&scene->bus, scene->loop), 0);
}

static void end(struct scene *scene) {
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

static void echo(void *ctx, const struct peer *from, struct bytes payload) {
    struct scene *scene = ctx;

    scene->received++;
    memcpy(scene->user, from->user, sizeof scene->user);
    assert_int_equal(bus_send(scene->server, from, payload), 0);
}

static void on_answer(void *ctx, const struct peer *from, struct bytes payload) {
    struct scene *scene = ctx;

    assert_int_equal(from->id_len, 0);
    assert_int_equal(payload.n, 5);
    scene->answered++;
    loop_stop(scene->loop);
}

static bool admit_friend(void *ctx, const uint8_t key[BUS_KEY_BYTES],
                         char ret_user[BUS_USER_MAX + 1]) {
    struct scene *scene = ctx;

    strcpy(ret_user, "web-frontend");
    return scene->friend && memcmp(key, scene->friend->public_key, BUS_KEY_BYTES) == 0;
}

static bool admit_nameless(void *ctx, const uint8_t key[BUS_KEY_BYTES],
                           char ret_user[BUS_USER_MAX + 1]) {
    (void)ctx;
    (void)key;
    (void)ret_user;
    return true;
}

static bool admit_all(void *ctx, const uint8_t key[BUS_KEY_BYTES],
                      char ret_user[BUS_USER_MAX + 1]) {
    (void)ctx;
    (void)key;
    strcpy(ret_user, "anybody");
    return true;
}

static void serve_curve(struct scene *scene, const struct bus_key *key, bus_admit_fn *admit) {
    struct bus_options options = {.endpoint = "tcp://127.0.0.1:0", .curve = key};

    begin(scene);
    assert_int_equal(bus_serve(scene->bus, &options, echo, scene, &scene->server), -EPERM);
    assert_int_equal(bus_admit(scene->bus, admit, scene), 0);
    assert_int_equal(bus_serve(scene->bus, &options, echo, scene, &scene->server), 0);
    assert_null(strstr(bus_endpoint(scene->server), ":0"));
}

/* Dials, and says hello for as long as `span` until somebody takes it: how many answers came? */
static unsigned try_door(struct scene *scene, const struct bus_key *own, const uint8_t *server_key,
                         msec span) {
    struct bus_options options = {
        .endpoint = bus_endpoint(scene->server), .curve = own, .server_key = server_key};
    struct door *client;

    scene->answered = 0;
    assert_int_equal(bus_dial(scene->bus, &options, on_answer, scene, &client), 0);
    for (msec waited = 0; waited < span; waited += 20) {
        int rc = bus_send(client, NULL, (struct bytes){"hello", 5});
        assert_true(rc == 0 || rc == -EAGAIN);
        run_for(scene, rc ? 20 : span - waited);
        if (rc == 0)
            break;
    }
    return scene->answered;
}

static void test_curve_lets_in_whom_it_knows(void **state) {
    struct bus_key server, known, unknown;
    struct scene scene;
    void *zmq, *plain;
    int linger = 0;

    (void)state;
    assert_int_equal(bus_key_new(&server), 0);
    assert_int_equal(bus_key_new(&known), 0);
    assert_int_equal(bus_key_new(&unknown), 0);
    serve_curve(&scene, &server, admit_friend);
    scene.friend = &known;
    assert_int_equal(try_door(&scene, &known, server.public_key, 20 * SECONDS), 1);
    assert_string_equal(scene.user, "web-frontend");
    assert_int_equal(try_door(&scene, &unknown, server.public_key, 300), 0);
    assert_int_equal(try_door(&scene, &known, unknown.public_key, 300), 0); /* a wrong door */
    assert_int_equal(try_door(&scene, NULL, NULL, 300), 0);                 /* no CURVE at all */

    zmq = zmq_ctx_new();
    plain = zmq_socket(zmq, ZMQ_REQ);
    assert_int_equal(zmq_setsockopt(plain, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_connect(plain, bus_endpoint(scene.server)), 0);
    assert_int_equal(zmq_send(plain, "hello", 5, 0), 5);
    run_for(&scene, 300);
    assert_int_equal(scene.received, 1);
    zmq_close(plain);
    zmq_ctx_term(zmq);
    end(&scene);
}

static void test_the_self_test_tells_a_good_door_from_a_bad_one(void **state) {
    static const struct {
        bus_admit_fn *admit;
        int rc;
    } rows[] = {{admit_friend, 0}, {admit_nameless, 0}, {admit_all, -EACCES}};
    struct bus_key server;

    (void)state;
    assert_int_equal(bus_key_new(&server), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scene scene;
        serve_curve(&scene, &server, rows[i].admit);
        assert_int_equal(bus_self_test(scene.bus, scene.server, 5 * SECONDS), rows[i].rc);
        end(&scene);
    }
}

static void test_keys_have_a_text(void **state) {
    struct bus_key key;
    uint8_t back[BUS_KEY_BYTES];
    char text[BUS_KEY_TEXT];

    (void)state;
    assert_int_equal(bus_key_new(&key), 0);
    bus_key_text(key.public_key, text);
    assert_int_equal(strlen(text), 40);
    assert_int_equal(bus_key_parse(text_of(text), back), 0);
    assert_memory_equal(back, key.public_key, sizeof back);
    assert_int_equal(bus_key_parse(text_of("short"), back), -EINVAL);
    text[7] = ' ';
    assert_int_equal(bus_key_parse(text_of(text), back), -EINVAL);
    memset(text, '#', 40); /* more than 32 bits a group */
    assert_int_equal(bus_key_parse(text_of(text), back), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve_lets_in_whom_it_knows),
        cmocka_unit_test(test_the_self_test_tells_a_good_door_from_a_bad_one),
        cmocka_unit_test(test_keys_have_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
