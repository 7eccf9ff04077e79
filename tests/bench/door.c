/* door - the limit of our own front door: the same requests and answers, and nothing is stored.
 *
 *     door --at ENDPOINT
 *
 * A ROUTER that takes a request apart with msgpack-c and answers "accepted". Ends with its parent.
 */
#include <msgpack.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <zmq.h>

#include "tests/bench/bench.h"

static int64_t seq;

static void put_text(msgpack_packer *to, const char *text, size_t n) {
    msgpack_pack_str(to, n);
    msgpack_pack_str_body(to, text, n);
}

static void answer_one(const msgpack_object *request, msgpack_packer *to) {
    if (request->type != MSGPACK_OBJECT_MAP)
        die("door: a request is no map");
    for (uint32_t i = 0; i < request->via.map.size; i++) {
        const msgpack_object_kv *pair = &request->via.map.ptr[i];
        if (pair->key.via.str.size != 2 || memcmp(pair->key.via.str.ptr, "id", 2) != 0)
            continue;
        msgpack_pack_map(to, 4);
        put_text(to, "v", 1);
        msgpack_pack_int(to, 1);
        put_text(to, "id", 2);
        put_text(to, pair->val.via.str.ptr, pair->val.via.str.size);
        put_text(to, "status", 6);
        put_text(to, "accepted", 8);
        put_text(to, "seq", 3);
        msgpack_pack_int64(to, ++seq);
        return;
    }
    die("door: a request has no id");
}

static void answer(zmq_msg_t *request, msgpack_unpacked *unpacked, msgpack_sbuffer *to) {
    msgpack_packer packer;
    size_t at = 0;
    if (msgpack_unpack_next(unpacked, zmq_msg_data(request), zmq_msg_size(request), &at) !=
        MSGPACK_UNPACK_SUCCESS)
        die("door: a request is not msgpack");
    const msgpack_object *whole = &unpacked->data;
    msgpack_sbuffer_clear(to);
    msgpack_packer_init(&packer, to, msgpack_sbuffer_write);
    if (whole->type == MSGPACK_OBJECT_ARRAY) {
        msgpack_pack_array(&packer, whole->via.array.size);
        for (uint32_t i = 0; i < whole->via.array.size; i++)
            answer_one(&whole->via.array.ptr[i], &packer);
    } else {
        answer_one(whole, &packer);
    }
}

int main(int argc, char **argv) {
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    int no_limit = 0;
    msgpack_unpacked unpacked;
    msgpack_sbuffer out;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &no_limit, sizeof no_limit);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &no_limit, sizeof no_limit);
    if (zmq_bind(socket, option(argc, argv, "--at", "")))
        die("door: %s", zmq_strerror(zmq_errno()));
    msgpack_unpacked_init(&unpacked);
    msgpack_sbuffer_init(&out);
    for (;;) {
        zmq_msg_t peer, request;
        zmq_msg_init(&peer);
        zmq_msg_init(&request);
        if (zmq_msg_recv(&peer, socket, 0) < 0 || zmq_msg_recv(&request, socket, 0) < 0)
            die("door: %s", zmq_strerror(zmq_errno()));
        answer(&request, &unpacked, &out);
        if (zmq_msg_send(&peer, socket, ZMQ_SNDMORE) >= 0)
            zmq_send(socket, out.data, out.size, 0);
        zmq_msg_close(&request);
    }
}
