/* smtp_thread - the side of the channel that waits: a thread holds one connection and speaks SMTP
 * by libcurl.
 *
 * libcurl writes the dot when the read callback says that the letter is at its end. It is asked
 * once more after the last byte, because it is told no size; there the thread waits for its order,
 * which it has asked for with the first bytes.
 */
#include "common/clock.h"
#include "services/notifier/smtp_inner.h"

#include <curl/curl.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MOST 8 /* several only while addresses are tried side by side */
#define CONNECT_WAIT (30 * SECONDS)
#define ORDER_PATIENCE (30 * SECONDS)
#define QUIT_WAIT (5 * SECONDS)
#define LOOK_EVERY ((msec)50)
#define SAID_MOST ((uint64_t)256 * 1024) /* bytes from the server for one letter */
#define BACKSTOP (60 * SECONDS)          /* our own watch is to be first */
#define STATE_SYN_SENT 2 /* as in netinet/tcp.h, which does not go together with linux/tcp.h */
#define STACK_BYTES ((size_t)512 * 1024)

struct smtp_thread {
    struct smtp_pool *pool;
    pthread_t id;
    pthread_cond_t has_order;
    CURL *curl;
    int sockets[SOCKETS_MOST]; /* -1: none */

    /* the letter in work */
    struct smtp_job *job;
    size_t at; /* bytes of it given to libcurl */
    enum smtp_step step;
    struct smtp_reply reply;
    enum smtp_trouble trouble;
    bool is_quitting;
    msec since, looked; /* the last sign of life, by the boot clock */
    uint64_t heard_before;
    char detail[CURL_ERROR_SIZE];
};

/* ---- queues ---- */

void smtp_jobs_init(struct smtp_jobs *jobs) {
    jobs->first = NULL;
    jobs->end = &jobs->first;
}

void smtp_jobs_add(struct smtp_jobs *jobs, struct smtp_job *job) {
    job->next = NULL;
    *jobs->end = job;
    jobs->end = &job->next;
}

struct smtp_job *smtp_jobs_take(struct smtp_jobs *jobs) {
    struct smtp_job *job = jobs->first;
    if (job) {
        jobs->first = job->next;
        if (!jobs->first)
            jobs->end = &jobs->first;
    }
    return job;
}

static struct smtp_job *wait_for_job(struct smtp_thread *t) {
    struct smtp_pool *pool = t->pool;
    struct smtp_job *job = NULL;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping && (pool->is_held || !(job = smtp_jobs_take(&pool->queue))))
        pthread_cond_wait(&pool->has_work, &pool->lock);
    if (job)
        job->thread = t;
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void tell(struct smtp_pool *pool, struct smtp_job *job, enum smtp_news news) {
    pthread_mutex_lock(&pool->lock);
    if (!job->news)
        smtp_jobs_add(&pool->news, job);
    job->news |= news;
    pool->is_held |= news == NEWS_ENDED && job->verdict.relay;
    pthread_mutex_unlock(&pool->lock);
    loop_wake(pool->waker);
}

void smtp_give_order(struct smtp_pool *pool, struct smtp_job *job, enum smtp_order order,
                     msec until) {
    pthread_mutex_lock(&pool->lock);
    job->order = order;
    job->until = until;
    if (job->thread)
        pthread_cond_signal(&job->thread->has_order);
    pthread_mutex_unlock(&pool->lock);
}

static bool is_dropped(struct smtp_thread *t) {
    pthread_mutex_lock(&t->pool->lock);
    bool dropped = t->job->order == ORDER_DROP;
    pthread_mutex_unlock(&t->pool->lock);
    return dropped || t->pool->stopping;
}

static enum smtp_order wait_for_order(struct smtp_thread *t, msec *ret_until) {
    struct smtp_pool *pool = t->pool;
    struct smtp_job *job = t->job;
    struct timespec end;
    int rc = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ORDER_PATIENCE / SECONDS;
    pthread_mutex_lock(&pool->lock);
    while (job->order == ORDER_WAIT && !pool->stopping && rc == 0)
        rc = pthread_cond_timedwait(&t->has_order, &pool->lock, &end);
    enum smtp_order order = job->order;
    *ret_until = job->until;
    pthread_mutex_unlock(&pool->lock);
    return order;
}

/* ---- the socket ---- */

static int socket_of(const struct smtp_thread *t) {
    for (int i = SOCKETS_MOST - 1; i >= 0; i--)
        if (t->sockets[i] >= 0)
            return t->sockets[i];
    return -1;
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose,
                                    struct curl_sockaddr *address) {
    struct smtp_thread *t = ctx;
    (void)purpose;
    for (int i = 0; i < SOCKETS_MOST; i++)
        if (t->sockets[i] < 0) {
            t->sockets[i] =
                socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
            return t->sockets[i] < 0 ? CURL_SOCKET_BAD : t->sockets[i];
        }
    return CURL_SOCKET_BAD;
}

static int on_close_socket(void *ctx, curl_socket_t fd) {
    struct smtp_thread *t = ctx;
    for (int i = 0; i < SOCKETS_MOST; i++)
        if (t->sockets[i] == fd)
            t->sockets[i] = -1;
    return close(fd);
}

static bool look_at_socket(const struct smtp_thread *t, uint64_t *ret_heard) {
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t size = sizeof info;
    int fd = socket_of(t);
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        return false;
    *ret_heard = info.tcpi_bytes_received;
    return info.tcpi_state != STATE_SYN_SENT;
}

/* Has the server spoken before it was its turn, or gone? */
static bool is_quiet(const struct smtp_thread *t) {
    struct pollfd fd = {.fd = socket_of(t), .events = POLLIN | POLLRDHUP};
    return poll(&fd, 1, 0) == 0;
}

/* ---- what libcurl calls ---- */

static void said(struct smtp_thread *t, enum smtp_step step) {
    t->step = step;
    t->reply = (struct smtp_reply){.code = 0};
    t->since = clock_boot();
}

static int on_debug(CURL *curl, curl_infotype type, char *data, size_t size, void *ctx) {
    struct smtp_thread *t = ctx;
    struct bytes command = {data, size};
    enum smtp_step step;
    (void)curl;
    if (type != CURLINFO_HEADER_OUT || t->is_quitting)
        return 0;
    t->since = clock_boot();
    if (size >= 4 && memcmp(data, "QUIT", 4) == 0)
        t->is_quitting = true;
    else if (smtp_step_of(command, &step))
        said(t, step);
    else
        t->reply = (struct smtp_reply){.code = 0}; /* the rest of a login */
    return 0;
}

static size_t on_reply_line(char *data, size_t size, size_t count, void *ctx) {
    struct smtp_thread *t = ctx;
    struct bytes line = {data, size * count};
    if (t->is_quitting)
        return line.n;
    if (!smtp_reply_line(&t->reply, line)) {
        t->trouble = SMTP_FLOOD;
        return 0;
    }
    return line.n;
}

static void take_back_go(struct smtp_thread *t) {
    pthread_mutex_lock(&t->pool->lock);
    if (t->job->order == ORDER_GO)
        t->job->order = ORDER_WAIT;
    pthread_mutex_unlock(&t->pool->lock);
}

/* All is said but the dot. 0: it may go. Where the text, or the disk that the arm is on, took
 * longer than the arm holds, it is asked for anew. */
static size_t end_letter(struct smtp_thread *t) {
    msec until, end = clock_boot() + ORDER_PATIENCE;
    enum smtp_order order = wait_for_order(t, &until);
    while (order == ORDER_GO && clock_boot() >= until && clock_boot() < end) {
        take_back_go(t);
        tell(t->pool, t->job, NEWS_READY);
        order = wait_for_order(t, &until);
    }
    if (order != ORDER_GO)
        t->trouble = order == ORDER_DROP || t->pool->stopping ? SMTP_STOPPED : SMTP_NOT_ARMED;
    else if (!is_quiet(t))
        t->trouble = SMTP_EARLY;
    else if (clock_boot() >= until)
        t->trouble = SMTP_LEASE_OVER;
    if (t->trouble)
        return CURL_READFUNC_ABORT;
    said(t, SMTP_DOT);
    return 0;
}

static size_t on_read(char *to, size_t size, size_t count, void *ctx) {
    struct smtp_thread *t = ctx;
    size_t n = t->job->size - t->at;
    if (t->step == SMTP_DOT)
        return 0;
    if (t->step != SMTP_BODY)
        tell(t->pool, t->job, NEWS_READY);
    said(t, SMTP_BODY);
    if (n == 0)
        return end_letter(t);
    if (is_dropped(t)) {
        t->trouble = SMTP_STOPPED;
        return CURL_READFUNC_ABORT;
    }
    if (n > size * count)
        n = size * count;
    memcpy(to, t->job->message + t->at, n);
    t->at += n;
    return n;
}

static msec patience(const struct smtp_thread *t) {
    return t->is_quitting        ? QUIT_WAIT
           : t->step == SMTP_DOT ? t->pool->settings->smtp_reply_timeout
                                 : t->pool->settings->smtp_timeout;
}

/* Called often while there is nothing to do, and at least once a second. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct smtp_thread *t = ctx;
    msec now = clock_boot();
    uint64_t heard = 0;
    (void)a, (void)b, (void)c, (void)d;
    if (now - t->looked < LOOK_EVERY)
        return 0;
    t->looked = now;
    bool is_connected = look_at_socket(t, &heard);
    if (t->pool->stopping || (t->step != SMTP_DOT && is_dropped(t)))
        t->trouble = SMTP_STOPPED;
    else if (now - t->since > patience(t))
        t->trouble = SMTP_SLOW;
    else if (!is_connected && now - t->since > CONNECT_WAIT)
        t->trouble = SMTP_UNREACHABLE;
    else if (is_connected && heard > t->heard_before + SAID_MOST)
        t->trouble = SMTP_FLOOD;
    else
        return 0;
    return 1;
}

/* ---- a letter ---- */

static enum smtp_trouble trouble_of(CURLcode rc) {
    switch (rc) {
    case CURLE_OK:
        return SMTP_FINE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return SMTP_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return SMTP_SLOW;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
        return SMTP_TLS;
    case CURLE_LOGIN_DENIED:
        return SMTP_LOGIN;
    default:
        return SMTP_LOST;
    }
}

static void speak(struct smtp_thread *t, bool is_fresh) {
    CURL *e = t->curl;
    struct curl_slist *to = curl_slist_append(NULL, t->job->recipient);
    must(to);
    t->at = 0;
    t->trouble = SMTP_FINE;
    t->is_quitting = false;
    t->detail[0] = '\0';
    t->looked = 0;
    t->heard_before = 0;
    (void)look_at_socket(t, &t->heard_before);
    said(t, SMTP_CONNECT);
    curl_easy_setopt(e, CURLOPT_MAIL_FROM, t->job->sender);
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L);
    CURLcode rc = curl_easy_perform(e);
    if (!t->trouble)
        t->trouble = trouble_of(rc);
    /* libcurl keeps a connection also when the answer to the dot did not come; the next letter
     * would take that answer for its own. A connection that was shut it finds dead. */
    if (rc != CURLE_OK && !t->reply.is_whole && socket_of(t) >= 0)
        (void)shutdown(socket_of(t), SHUT_RDWR);
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(to);
}

/* A connection that was kept may have come to its end meanwhile: that says nothing of the letter.
 */
static bool was_stale(const struct smtp_thread *t) {
    long connects = 1;
    (void)curl_easy_getinfo(t->curl, CURLINFO_NUM_CONNECTS, &connects);
    bool is_answered = t->reply.is_whole && t->reply.code != 421 && t->reply.code != 452;
    return connects == 0 && t->trouble == SMTP_LOST && t->step <= SMTP_MAIL && !is_answered;
}

static void send_letter(struct smtp_thread *t, struct smtp_job *job) {
    t->job = job;
    if (is_dropped(t)) {
        said(t, SMTP_CONNECT);
        t->trouble = SMTP_STOPPED;
    } else {
        speak(t, false);
        if (was_stale(t))
            speak(t, true);
    }
    /* The library's words are of use where it failed, not where we made it stop. */
    bool is_ours = t->trouble >= SMTP_FLOOD || t->trouble == SMTP_FINE || t->trouble == SMTP_SLOW;
    smtp_judge(t->step, t->trouble, &t->reply, is_ours ? "" : t->detail, &job->verdict);
    t->job = NULL;
}

/* ---- the thread ---- */

static void set_tls(CURL *e, const struct smtp_pool *pool) {
    const char *tls = pool->settings->smtp_tls;
    bool is_verified = strcmp(tls, "verified") == 0 || strcmp(tls, "implicit") == 0;
    long level = strcmp(tls, "none") == 0            ? CURLUSESSL_NONE
                 : strcmp(tls, "opportunistic") == 0 ? CURLUSESSL_TRY
                                                     : CURLUSESSL_ALL;
    curl_easy_setopt(e, CURLOPT_USE_SSL, level);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, is_verified ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, is_verified ? 2L : 0L);
    if (pool->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, pool->ca_file);
}

static void set_limits(CURL *e, const struct settings *s) {
    msec longest =
        s->smtp_timeout > s->smtp_reply_timeout ? s->smtp_timeout : s->smtp_reply_timeout;
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(longest + BACKSTOP));
    curl_easy_setopt(e, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((longest + BACKSTOP) / SECONDS));
    curl_easy_setopt(e, CURLOPT_MAXCONNECTS, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
}

static void set_options(struct smtp_thread *t) {
    const struct smtp_pool *pool = t->pool;
    CURL *e = t->curl;
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(e, CURLOPT_URL, pool->url);
    set_tls(e, pool);
    set_limits(e, pool->settings);
    if (pool->settings->smtp_user[0]) {
        curl_easy_setopt(e, CURLOPT_USERNAME, pool->settings->smtp_user);
        curl_easy_setopt(e, CURLOPT_PASSWORD, pool->password);
        curl_easy_setopt(e, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    }
    curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(e, CURLOPT_READDATA, t);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_reply_line);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug);
    curl_easy_setopt(e, CURLOPT_DEBUGDATA, t);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->detail);
}

static void *run(void *ctx) {
    struct smtp_thread *t = ctx;
    struct smtp_job *job;
    t->curl = curl_easy_init();
    must(t->curl);
    set_options(t);
    while ((job = wait_for_job(t))) {
        send_letter(t, job);
        tell(t->pool, job, NEWS_ENDED);
    }
    /* Whoever does not answer to QUIT would hold us here. */
    if (socket_of(t) >= 0)
        (void)shutdown(socket_of(t), SHUT_RDWR);
    curl_easy_cleanup(t->curl);
    return NULL;
}

static int start_one(struct smtp_thread *t, const pthread_attr_t *attributes) {
    pthread_condattr_t monotonic;
    for (int i = 0; i < SOCKETS_MOST; i++)
        t->sockets[i] = -1;
    must(pthread_condattr_init(&monotonic) == 0);
    must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&t->has_order, &monotonic) == 0);
    (void)pthread_condattr_destroy(&monotonic);
    int rc = -pthread_create(&t->id, attributes, run, t);
    if (rc < 0)
        (void)pthread_cond_destroy(&t->has_order);
    return rc;
}

int smtp_threads_start(struct smtp_pool *pool) {
    pthread_attr_t attributes;
    sigset_t all, before;
    int rc = 0;
    unsigned wanted = (unsigned)pool->settings->smtp_connections;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOSYS;
    pool->threads = calloc(wanted, sizeof *pool->threads);
    must(pool->threads && pthread_attr_init(&attributes) == 0);
    must(pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0);
    (void)sigfillset(&all); /* signals are the loop's */
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    for (unsigned i = 0; i < wanted && rc == 0; i++) {
        pool->threads[i].pool = pool;
        rc = start_one(&pool->threads[i], &attributes);
        pool->count += rc == 0;
    }
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    (void)pthread_attr_destroy(&attributes);
    return rc;
}

void smtp_threads_stop(struct smtp_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->has_work);
    for (unsigned i = 0; i < pool->count; i++)
        pthread_cond_signal(&pool->threads[i].has_order);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->count; i++) {
        must(pthread_join(pool->threads[i].id, NULL) == 0);
        (void)pthread_cond_destroy(&pool->threads[i].has_order);
    }
    free(pool->threads);
    pool->threads = NULL;
    pool->count = 0;
    curl_global_cleanup();
}
