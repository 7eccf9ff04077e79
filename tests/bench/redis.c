/* redis - a load for a redis server, with the same way of measuring as load.
 *
 *     redis --port N --op xadd|delayed [--name NAME] [--connections N] [--outstanding N]
 *           [--seconds S]
 *
 * xadd appends 300 bytes to a stream. delayed is what a job queue on redis does for each job: a key
 * against doubles, the job, its due time in a sorted set; one Lua script by its hash.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/bench/bench.h"

#define BODY_BYTES 300
#define KEY_BYTES 32
#define WARM (NS / 5)
#define READ_BYTES 65536
#define DELAY_S 36000
#define PATIENCE_MS 20000
#define EVENTS 64

static const char script[] =
    "if not redis.call('SET','k:'..ARGV[1],1,'NX','EX',86400) then return 0 end "
    "redis.call('HSET','j:'..ARGV[1],'d',ARGV[2]) "
    "redis.call('ZADD','delayed',ARGV[3],ARGV[1]) return 1";

struct connection {
    int fd;
    char *in, *out;
    size_t in_n, out_n, out_at, out_size;
    uint64_t *since; /* a ring: answers come in order */
    long head, tail;
};

struct redis {
    bool is_delayed;
    long window; /* of one connection */
    int epoll;
    char sha[41];
    uint64_t seed, answered;
    struct samples samples;
};

/* ---- requests ---- */

static void put(struct connection *connection, const void *p, size_t n) {
    if (connection->out_n + n > connection->out_size) {
        connection->out_size = 2 * (connection->out_n + n);
        connection->out = realloc(connection->out, connection->out_size);
        if (!connection->out)
            die("out of memory");
    }
    memcpy(connection->out + connection->out_n, p, n);
    connection->out_n += n;
}

static void put_head(struct connection *connection, char kind, size_t n) {
    char text[32];
    int size = snprintf(text, sizeof text, "%c%zu\r\n", kind, n);
    put(connection, text, (size_t)size);
}

static void put_part(struct connection *connection, const char *p, size_t n) {
    put_head(connection, '$', n);
    put(connection, p, n);
    put(connection, "\r\n", 2);
}

static void put_word(struct connection *connection, const char *word) {
    put_part(connection, word, strlen(word));
}

static void say(struct redis *redis, struct connection *connection) {
    char body[BODY_BYTES], key[KEY_BYTES + 1], due[32];
    snprintf(key, sizeof key, "%016llx%016llx", (unsigned long long)random_word(&redis->seed),
             (unsigned long long)random_word(&redis->seed));
    snprintf(due, sizeof due, "%lld", ((long long)time(NULL) + DELAY_S) * 1000);
    memset(body, 'x', sizeof body);
    memcpy(body, key, KEY_BYTES);
    if (redis->is_delayed) {
        put_head(connection, '*', 6);
        put_word(connection, "EVALSHA");
        put_word(connection, redis->sha);
        put_word(connection, "0");
        put_word(connection, key);
        put_part(connection, body, sizeof body);
        put_word(connection, due);
    } else {
        put_head(connection, '*', 5);
        put_word(connection, "XADD");
        put_word(connection, "s");
        put_word(connection, "*");
        put_word(connection, "d");
        put_part(connection, body, sizeof body);
    }
    connection->since[connection->tail++ % redis->window] = now_ns();
}

static void watch(struct redis *redis, struct connection *connection, int op, bool writable) {
    struct epoll_event event = {.events = EPOLLIN | (writable ? (uint32_t)EPOLLOUT : 0),
                                .data.ptr = connection};
    if (epoll_ctl(redis->epoll, op, connection->fd, &event))
        die("redis: epoll: %s", strerror(errno));
}

static void flush(struct redis *redis, struct connection *connection) {
    while (connection->out_at < connection->out_n) {
        ssize_t n = send(connection->fd, connection->out + connection->out_at,
                         connection->out_n - connection->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(redis, connection, EPOLL_CTL_MOD, true);
            return;
        }
        if (n < 0)
            die("redis: %s", strerror(errno));
        connection->out_at += (size_t)n;
    }
    connection->out_at = connection->out_n = 0;
}

/* ---- answers ---- */

/* The bytes of one answer (a line, or a line and a bulk), 0 when it is not all there yet. */
static size_t answer_size(const char *p, size_t n) {
    const char *end = n ? memchr(p, '\n', n) : NULL;
    size_t line = end ? (size_t)(end - p) + 1 : 0;
    if (line && *p == '-')
        die("redis: %.*s", (int)line, p);
    if (line && *p == '$') {
        size_t whole = line + strtoul(p + 1, NULL, 10) + 2;
        return n < whole ? 0 : whole;
    }
    return line;
}

static void hear(struct redis *redis, struct connection *connection) {
    size_t at = 0, size;
    ssize_t n =
        recv(connection->fd, connection->in + connection->in_n, READ_BYTES - connection->in_n, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("redis: the connection is gone");
    connection->in_n += (size_t)n;
    while ((size = answer_size(connection->in + at, connection->in_n - at)) > 0) {
        at += size;
        redis->answered++;
        samples_add(&redis->samples,
                    now_ns() - connection->since[connection->head++ % redis->window]);
        say(redis, connection);
    }
    memmove(connection->in, connection->in + at, connection->in_n - at);
    connection->in_n -= at;
}

/* ---- connections and the measurement ---- */

static void dial(struct redis *redis, struct connection *connection, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(connection->fd, (struct sockaddr *)&to, sizeof to))
        die("redis: %s", strerror(errno));
    connection->in = malloc(READ_BYTES);
    connection->since = calloc((size_t)redis->window, sizeof *connection->since);
    if (!connection->in || !connection->since)
        die("out of memory");
}

static void load_script(struct redis *redis, struct connection *connection) {
    char answer[256];
    put_head(connection, '*', 3);
    put_word(connection, "SCRIPT");
    put_word(connection, "LOAD");
    put_word(connection, script);
    flush(redis, connection);
    ssize_t n = recv(connection->fd, answer, sizeof answer - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    if (sscanf(answer, "$40 %40s", redis->sha) != 1)
        die("redis: the script was not taken: %s", answer);
}

static void measure(struct redis *redis, const char *name, long outstanding, double seconds) {
    uint64_t warm = now_ns() + WARM, end = warm + (uint64_t)(seconds * (double)NS), before = 0;
    bool is_warm = false;
    for (uint64_t now = now_ns(); now < end; now = now_ns()) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(redis->epoll, events, EVENTS, PATIENCE_MS);
        if (n == 0)
            die("redis: no answer for %d s", PATIENCE_MS / 1000);
        if (!is_warm && now >= warm) {
            is_warm = true;
            warm = now;
            before = redis->answered;
            redis->samples.n = 0;
        }
        for (int i = 0; i < n; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                watch(redis, connection, EPOLL_CTL_MOD, false);
            if (events[i].events & EPOLLIN)
                hear(redis, connection);
            flush(redis, connection);
        }
    }
    double took = (double)(now_ns() - warm) / (double)NS;
    report(name, outstanding, (double)(redis->answered - before) / took, &redis->samples, 0);
}

int main(int argc, char **argv) {
    long count = (long)option_number(argc, argv, "--connections", 1);
    long outstanding = (long)option_number(argc, argv, "--outstanding", 1);
    struct redis redis = {
        .is_delayed = strcmp(option(argc, argv, "--op", "xadd"), "delayed") == 0,
        .window = outstanding / count,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .seed = now_ns(),
    };
    struct connection *connections = calloc((size_t)count, sizeof *connections);
    if (!connections || redis.window < 1)
        die("redis: as many outstanding as connections");
    for (long i = 0; i < count; i++)
        dial(&redis, &connections[i], (int)option_number(argc, argv, "--port", 6379));
    load_script(&redis, &connections[0]);
    for (long i = 0; i < count; i++) {
        fcntl(connections[i].fd, F_SETFL, O_NONBLOCK);
        watch(&redis, &connections[i], EPOLL_CTL_ADD, false);
        for (long k = 0; k < redis.window; k++)
            say(&redis, &connections[i]);
        flush(&redis, &connections[i]);
    }
    measure(&redis, option(argc, argv, "--name", "redis"), outstanding,
            option_number(argc, argv, "--seconds", 1));
    return EXIT_SUCCESS;
}
