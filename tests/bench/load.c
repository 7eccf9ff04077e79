/* load - says messages at the front door, or asks queries of the gateway, and measures how long the
 * answers take.
 *
 *     load --at ENDPOINT [--key FILE] [--name NAME] [--type TYPE] [--until accepted|applied]
 *          [--connections N] [--outstanding N] [--array K] [--rate PER_SECOND]
 *          [--seconds S | --count N] [--mark WORD] [--first N] [--people N] [--meeting ID]
 *
 * Outstanding are the frames under way on all connections; an array is one frame of K messages.
 * A query is answered at once, whatever is waited for. With a rate, frames are said at their time
 * and measured from it, as long as there is room. The n-th message is made from n: its id is
 * MARK-n, its person (and meeting) counted from it. Prints NAME, what was outstanding, messages a
 * second, p50 and p99 in microseconds of a frame, and how many messages were only accepted though
 * it was waited until they were applied. Any other answer ends it.
 */
#include <errno.h>
#include <msgpack.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "tests/bench/bench.h"

#define ID_BYTES 65
#define WARM (NS / 5)
#define PATIENCE_MS 20000

struct load {
    const char *name, *mark, *meeting;
    long outstanding, connections, array, people;
    bool until_applied;
    double rate;
    uint64_t first, said,
        count; /* messages: number of the next, said so far, to be said (0: no end) */
    uint64_t answered, late;
    const struct kind *kind;
    void **sockets;
    zmq_pollitem_t *polled;
    uint64_t *since; /* of each slot */
    long *spare, spares;
    msgpack_sbuffer out;
    msgpack_unpacked in;
    struct samples samples;
};

/* ---- what is said ---- */

struct kind { /* of message or query: how its body is made from a number */
    const char *type;
    void (*body)(const struct load *load, uint64_t n, msgpack_packer *to);
    bool is_query;
};

static void put(msgpack_packer *to, const char *text) {
    size_t n = strlen(text);
    msgpack_pack_str(to, n);
    msgpack_pack_str_body(to, text, n);
}

static void put_numbered(msgpack_packer *to, const char *format, uint64_t n)
    __attribute__((format(printf, 2, 0)));
static void put_numbered(msgpack_packer *to, const char *format, uint64_t n) {
    char text[ID_BYTES];
    snprintf(text, sizeof text, format, (unsigned long long)n);
    put(to, text);
}

static void put_person(const struct load *load, uint64_t n, msgpack_packer *to) {
    put(to, "person");
    put_numbered(to, "p%08llu", load->people ? n % (uint64_t)load->people : n);
}

static void person_register(const struct load *load, uint64_t n, msgpack_packer *to) {
    char email[ID_BYTES];
    snprintf(email, sizeof email, "anna.andersson.%llu@kommun%03llu.example", (unsigned long long)n,
             (unsigned long long)n % 290);
    msgpack_pack_map(to, 5);
    put_person(load, n, to);
    put(to, "name");
    put_numbered(to, "Anna Andersson, miljöstrateg, kommunstyrelsen %llu", n);
    put(to, "email");
    put(to, email);
    put(to, "language");
    put(to, "sv");
    put(to, "functions");
    msgpack_pack_array(to, 3);
    put(to, "environment");
    put(to, "procurement");
    put(to, "strategy");
}

static void membership_grant(const struct load *load, uint64_t n, msgpack_packer *to) {
    msgpack_pack_map(to, 3);
    put(to, "network");
    put(to, "net");
    put_person(load, n, to);
    put(to, "source");
    put(to, "from before");
}

static void preference_set(const struct load *load, uint64_t n, msgpack_packer *to) {
    msgpack_pack_map(to, 3);
    put_person(load, n, to);
    put(to, "topic");
    put_numbered(to, "topic-%llu", load->people ? n / (uint64_t)load->people : 0);
    put(to, "on");
    msgpack_pack_true(to);
}

static void registration_make(const struct load *load, uint64_t n, msgpack_packer *to) {
    msgpack_pack_map(to, 3);
    put(to, "meeting");
    put(to, load->meeting);
    put_person(load, n, to);
    put(to, "diet");
    put(to, "vegetarian, no nuts");
}

/* Towns k01, k02 … as tests/flow/programme_test.py founds them: so many as there are `people`. */
static void put_town(const struct load *load, const char *name, const char *format, uint64_t n,
                     msgpack_packer *to) __attribute__((format(printf, 3, 0)));
static void put_town(const struct load *load, const char *name, const char *format, uint64_t n,
                     msgpack_packer *to) {
    put(to, name);
    put_numbered(to, format, n % (uint64_t)load->people + 1);
}

static void application_edit(const struct load *load, uint64_t n, msgpack_packer *to) {
    msgpack_pack_map(to, 2);
    put_town(load, "application", "a-k%02llu", n, to);
    put(to, "problem");
    put_numbered(to, "Byggeaffald fra nedrivning, udkast nummer %llu", n);
}

#define MONTHS 6 /* July to December 2022 */
#define DAYS 28

/* Both of a town's staff, one day after another. */
static void hours_log(const struct load *load, uint64_t n, msgpack_packer *to) {
    uint64_t turn = n / (uint64_t)load->people, day = turn / 2 % (MONTHS * DAYS);
    char date[ID_BYTES];
    snprintf(date, sizeof date, "2022-%02d-%02d", 7 + (int)(day / DAYS), 1 + (int)(day % DAYS));
    msgpack_pack_map(to, 6);
    put(to, "programme");
    put(to, "p");
    put_town(load, "participation", "k%02llu", n, to);
    put_town(load, "person", turn % 2 ? "k%02llu-a" : "k%02llu-b", n, to);
    put(to, "date");
    put(to, date);
    put(to, "minutes");
    msgpack_pack_int(to, 30);
    put(to, "kind");
    put(to, "preparation");
}

static void meetings_show(const struct load *load, uint64_t n, msgpack_packer *to) {
    (void)n;
    msgpack_pack_map(to, 1);
    put(to, "meeting");
    put(to, load->meeting);
}

static void meetings_coming(const struct load *load, uint64_t n, msgpack_packer *to) {
    (void)load;
    (void)n;
    msgpack_pack_map(to, 0);
}

static const struct kind kinds[] = {
    {"person.register", person_register, false},   {"membership.grant", membership_grant, false},
    {"preference.set", preference_set, false},     {"registration.make", registration_make, false},
    {"application.edit", application_edit, false}, {"hours.log", hours_log, false},
    {"meetings.show", meetings_show, true},        {"meetings.coming", meetings_coming, true},
};

static const struct kind *kind_of(const char *type) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    die("load: --type %s is not prepared", type);
}

/* The slot is in the id, so that an answer finds what it is for. */
static void put_request(struct load *load, long slot, msgpack_packer *to) {
    char id[ID_BYTES];
    uint64_t n = load->first + load->said++;
    snprintf(id, sizeof id, "%s-%llu.%ld", load->mark, (unsigned long long)n, slot);
    bool can_wait = !load->until_applied && !load->kind->is_query;
    msgpack_pack_map(to, can_wait ? 5 : 4);
    put(to, "v");
    msgpack_pack_int(to, 1);
    put(to, "id");
    put(to, id);
    put(to, load->kind->is_query ? "query" : "type");
    put(to, load->kind->type);
    if (can_wait) {
        put(to, "wait");
        put(to, "accepted");
    }
    put(to, "body");
    load->kind->body(load, n, to);
}

static void say(struct load *load, long slot, uint64_t since) {
    msgpack_packer packer;
    msgpack_sbuffer_clear(&load->out);
    msgpack_packer_init(&packer, &load->out, msgpack_sbuffer_write);
    if (load->array > 1)
        msgpack_pack_array(&packer, (size_t)load->array);
    for (long i = 0; i < load->array; i++)
        put_request(load, slot, &packer);
    load->since[slot] = since;
    if (zmq_send(load->sockets[slot % load->connections], load->out.data, load->out.size, 0) < 0)
        die("load: %s", zmq_strerror(errno));
}

/* ---- what is heard ---- */

static bool is(const msgpack_object *object, const char *text) {
    return object->type == MSGPACK_OBJECT_STR && object->via.str.size == strlen(text) &&
           memcmp(object->via.str.ptr, text, object->via.str.size) == 0;
}

static _Noreturn void die_of(const msgpack_object *answer) {
    fputs("load: ", stderr);
    msgpack_object_print(stderr, *answer);
    die("%s", "");
}

/* Counts one answer; the slot of it. */
static long hear_one(struct load *load, const msgpack_object *answer) {
    const msgpack_object *status = NULL;
    long slot = -1;
    if (answer->type != MSGPACK_OBJECT_MAP)
        die_of(answer);
    for (uint32_t i = 0; i < answer->via.map.size; i++) {
        const msgpack_object_kv *pair = &answer->via.map.ptr[i];
        if (is(&pair->key, "status"))
            status = &pair->val;
        else if (is(&pair->key, "id")) {
            const char *dot = memrchr(pair->val.via.str.ptr, '.', pair->val.via.str.size);
            slot = dot ? strtol(dot + 1, NULL, 10) : -1;
        }
    }
    if (!status || slot < 0 || slot >= load->outstanding)
        die_of(answer);
    if (load->until_applied && is(status, "accepted"))
        load->late++;
    else if (!is(status, load->kind->is_query  ? "ok"
                         : load->until_applied ? "applied"
                                               : "accepted"))
        die_of(answer);
    load->answered++;
    return slot;
}

static long hear(struct load *load, zmq_msg_t *frame) {
    size_t at = 0;
    long slot = -1;
    if (msgpack_unpack_next(&load->in, zmq_msg_data(frame), zmq_msg_size(frame), &at) !=
        MSGPACK_UNPACK_SUCCESS)
        die("load: an answer is not msgpack");
    const msgpack_object *whole = &load->in.data;
    if (load->array == 1)
        return hear_one(load, whole);
    if (whole->type != MSGPACK_OBJECT_ARRAY || whole->via.array.size != (uint32_t)load->array)
        die_of(whole);
    for (uint32_t i = 0; i < whole->via.array.size; i++)
        slot = hear_one(load, &whole->via.array.ptr[i]);
    return slot;
}

/* Takes all answers of one connection. */
static void hear_all(struct load *load, void *socket) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0) {
        long slot = hear(load, &frame);
        samples_add(&load->samples, now_ns() - load->since[slot]);
        load->spare[load->spares++] = slot;
    }
    zmq_msg_close(&frame);
}

/* ---- the measurement ---- */

/* Says what may be said now; `due` is when the next is, with a rate. */
static void say_all(struct load *load, uint64_t *due) {
    uint64_t now = now_ns();
    while (load->spares && (!load->count || load->said < load->count)) {
        if (load->rate > 0 && *due > now)
            return;
        say(load, load->spare[--load->spares], load->rate > 0 ? *due : now_ns());
        if (load->rate > 0)
            *due += (uint64_t)((double)NS * (double)load->array / load->rate);
    }
}

static void wait_for_answers(struct load *load, uint64_t due) {
    uint64_t now = now_ns();
    bool paced = load->rate > 0 && load->spares;
    long wait = !paced ? PATIENCE_MS : due > now ? (long)((due - now) / 1000000) : 0;
    if (paced && load->spares == load->outstanding && wait > 0)
        wait++;
    if (zmq_poll(load->polled, (int)load->connections, wait) == 0 && !paced)
        die("load: no answer for %d s", PATIENCE_MS / 1000);
    for (long i = 0; i < load->connections; i++)
        if (load->polled[i].revents)
            hear_all(load, load->sockets[i]);
}

static void measure(struct load *load, double seconds) {
    uint64_t begin = now_ns(), due = begin, warm = load->count ? begin : begin + WARM;
    uint64_t end = warm + (uint64_t)(seconds * (double)NS), before = 0;
    bool is_warm = load->count > 0;
    for (uint64_t now = begin; load->count ? load->answered < load->count : now < end;
         now = now_ns()) {
        if (!is_warm && now >= warm) {
            is_warm = true;
            warm = now;
            before = load->answered;
            load->samples.n = 0;
        }
        say_all(load, &due);
        wait_for_answers(load, due);
    }
    double took = (double)(now_ns() - warm) / (double)NS;
    report(load->name, load->outstanding, (double)(load->answered - before) / took, &load->samples,
           load->late);
}

/* ---- connections ---- */

static void use_key(void *socket, const char *path) {
    static const struct {
        const char *name;
        int option;
    } parts[] = {{"public", ZMQ_CURVE_PUBLICKEY},
                 {"secret", ZMQ_CURVE_SECRETKEY},
                 {"server", ZMQ_CURVE_SERVERKEY}};
    char line[256], name[32], value[128];
    FILE *file = fopen(path, "r");
    if (!file)
        die("load: %s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file))
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (sscanf(line, "%31s = %127s", name, value) == 2 && strcmp(name, parts[i].name) == 0)
                zmq_setsockopt(socket, parts[i].option, value, 41);
    fclose(file);
}

static void dial(struct load *load, const char *endpoint, const char *key) {
    void *context = zmq_ctx_new();
    int none = 0;
    load->sockets = calloc((size_t)load->connections, sizeof *load->sockets);
    load->polled = calloc((size_t)load->connections, sizeof *load->polled);
    load->since = calloc((size_t)load->outstanding, sizeof *load->since);
    load->spare = calloc((size_t)load->outstanding, sizeof *load->spare);
    if (!load->sockets || !load->polled || !load->since || !load->spare)
        die("out of memory");
    for (long i = 0; i < load->connections; i++) {
        void *socket = load->sockets[i] = zmq_socket(context, ZMQ_DEALER);
        zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
        zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
        zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
        if (key)
            use_key(socket, key);
        if (zmq_connect(socket, endpoint))
            die("load: %s: %s", endpoint, zmq_strerror(errno));
        load->polled[i] = (zmq_pollitem_t){.socket = socket, .events = ZMQ_POLLIN};
    }
    for (long slot = load->outstanding; slot-- > 0;)
        load->spare[load->spares++] = slot;
}

int main(int argc, char **argv) {
    struct load load = {
        .name = option(argc, argv, "--name", "load"),
        .mark = option(argc, argv, "--mark", "load"),
        .meeting = option(argc, argv, "--meeting", ""),
        .outstanding = (long)option_number(argc, argv, "--outstanding", 1),
        .connections = (long)option_number(argc, argv, "--connections", 1),
        .array = (long)option_number(argc, argv, "--array", 1),
        .people = (long)option_number(argc, argv, "--people", 0),
        .until_applied = strcmp(option(argc, argv, "--until", "accepted"), "applied") == 0,
        .rate = option_number(argc, argv, "--rate", 0),
        .first = (uint64_t)option_number(argc, argv, "--first", 0),
        .count = (uint64_t)option_number(argc, argv, "--count", 0),
        .kind = kind_of(option(argc, argv, "--type", "person.register")),
    };
    if (load.outstanding < load.connections || load.connections < 1 || load.array < 1 ||
        load.count % (uint64_t)load.array)
        die("load: as many outstanding as connections, and a count of whole arrays");
    msgpack_sbuffer_init(&load.out);
    msgpack_unpacked_init(&load.in);
    dial(&load, option(argc, argv, "--at", ""), option(argc, argv, "--key", NULL));
    measure(&load, option_number(argc, argv, "--seconds", 1));
    fflush(stdout);
    _Exit(EXIT_SUCCESS); /* what is still under way is nobody's business any more */
}
