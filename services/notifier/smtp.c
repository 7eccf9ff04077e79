/* smtp - letters to one mail server, which takes them on from there.
 *
 * The last step is the dot. Threads do the speaking (smtp_thread.c); here, on the loop, letters
 * become jobs and news becomes outcomes, and a server that cannot be reached is left alone for a
 * while: one letter tries it then, the others are sent back. */
#include "common/clock.h"
#include "common/log.h"
#include "services/notifier/smtp_inner.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWORD_MOST ((size_t)254)

struct channel_state {
    struct channel_options options;
    struct smtp_pool pool;
    char ca_file[PATH_MAX];
    bool is_down, is_probing;
    msec down_until; /* boot clock */
    char down_why[160];
};

/* ---- outcomes ---- */

static void done(struct channel_state *state, struct channel_letter *letter,
                 const struct channel_outcome *outcome) {
    letter->mine = NULL;
    state->options.done(state->options.ctx, letter, outcome);
}

/* The server could not be reached a moment ago: nothing is tried, and nothing has left. */
static void send_back(struct channel_state *state, struct channel_letter *letter) {
    msec wait = state->down_until - clock_boot();
    struct channel_outcome outcome = {.word = "deferred",
                                      .reply = "not tried: the mail server could not be reached",
                                      .why = "trouble=relay-down",
                                      .wait = wait > 0 ? wait : 0};
    done(state, letter, &outcome);
}

static void free_job(struct smtp_job **job) {
    free(*job);
    *job = NULL;
}

static void send_back_waiting(struct channel_state *state) {
    for (;;) {
        pthread_mutex_lock(&state->pool.lock);
        struct smtp_job *job = smtp_jobs_take(&state->pool.queue);
        state->pool.is_held = job != NULL;
        pthread_mutex_unlock(&state->pool.lock);
        if (!job)
            return;
        if (job->is_probe)
            state->is_probing = false;
        if (job->letter)
            send_back(state, job->letter);
        free_job(&job);
    }
}

static void went_down(struct channel_state *state, const struct smtp_verdict *verdict) {
    state->down_until = clock_boot() + state->options.settings->smtp_pause;
    if (!state->is_down)
        log_error("relay_unreachable", "%s next_ms=%d", verdict->why,
                  (int)state->options.settings->smtp_pause);
    state->is_down = true;
    send_back_waiting(state);
}

static void came_back(struct channel_state *state) {
    if (state->is_down)
        log_info("relay_back", "letters leave again");
    state->is_down = false;
}

/* ---- news ---- */

static void job_ready(struct channel_state *state, struct smtp_job *job) {
    came_back(state);
    if (job->letter)
        state->options.ready(state->options.ctx, job->letter);
}

static void job_ended(struct channel_state *state, struct smtp_job *job) {
    const struct smtp_verdict *verdict = &job->verdict;
    struct channel_outcome outcome = {.word = verdict->word,
                                      .reply = verdict->reply,
                                      .why = verdict->why,
                                      .bounced = verdict->bounced};
    if (job->is_probe)
        state->is_probing = false;
    if (verdict->relay)
        went_down(state, verdict);
    else if (verdict->has_answer)
        came_back(state);
    if (job->letter)
        done(state, job->letter, &outcome);
    free_job(&job);
}

static void on_news(void *ctx) {
    struct channel_state *state = ctx;
    struct smtp_pool *pool = &state->pool;
    for (;;) {
        unsigned news = 0;
        pthread_mutex_lock(&pool->lock);
        struct smtp_job *job = smtp_jobs_take(&pool->news);
        if (job) {
            news = job->news;
            job->news = 0;
        }
        pthread_mutex_unlock(&pool->lock);
        if (!job)
            return;
        if (news & NEWS_ENDED)
            job_ended(state, job);
        else if (news & NEWS_READY)
            job_ready(state, job);
    }
}

/* ---- letters ---- */

static struct smtp_job *new_job(const struct channel_letter *letter) {
    struct smtp_job *job = calloc(1, sizeof *job + letter->message.n);
    must(job);
    job->size = letter->message.n;
    memcpy(job->message, letter->message.p, job->size);
    must(text_copy(letter->sender, job->sender, sizeof job->sender) == 0);
    must(text_copy(letter->recipient, job->recipient, sizeof job->recipient) == 0);
    return job;
}

static void prepare(struct channel_state *state, struct channel_letter *letter) {
    struct smtp_pool *pool = &state->pool;
    if (!smtp_address_is_safe(letter->recipient) || !smtp_address_is_safe(letter->sender)) {
        struct channel_outcome outcome = {.word = "failed",
                                          .reply = "not tried: this is no e-mail address",
                                          .why = "trouble=address",
                                          .bounced = smtp_address_is_safe(letter->sender)};
        done(state, letter, &outcome);
        return;
    }
    if (state->is_down && (state->is_probing || clock_boot() < state->down_until)) {
        send_back(state, letter);
        return;
    }
    struct smtp_job *job = new_job(letter);
    job->letter = letter;
    letter->mine = job;
    job->is_probe = state->is_probing = state->is_down;
    pthread_mutex_lock(&pool->lock);
    smtp_jobs_add(&pool->queue, job);
    pthread_cond_signal(&pool->has_work);
    pthread_mutex_unlock(&pool->lock);
}

static void finish(struct channel_state *state, struct channel_letter *letter) {
    smtp_give_order(&state->pool, letter->mine, ORDER_GO, letter->until);
}

/* A thread drops it, also when none has taken it yet. */
static void abandon(struct channel_state *state, struct channel_letter *letter) {
    struct smtp_job *job = letter->mine;
    job->letter = NULL;
    letter->mine = NULL;
    smtp_give_order(&state->pool, job, ORDER_DROP, 0);
}

static void flush(struct channel_state *state) {
    (void)state;
}

/* ---- what it reads ---- */

static int path_of(const char *home, const char *name, char ret[PATH_MAX]) {
    int n = snprintf(ret, PATH_MAX, "%s%s%s", name[0] == '/' ? "" : home, name[0] == '/' ? "" : "/",
                     name);
    return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* NULL, or what is wrong with the file. */
static const char *read_password(const char *path, char ret[PASSWORD_MOST + 1]) {
    struct stat info;
    struct buf content;
    if (stat(path, &info) < 0)
        return strerror(errno);
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return "others may read it; chmod 600";
    int rc = read_file(path, PASSWORD_MOST, &content);
    if (rc == 0) {
        struct text password = text_trim(buf_as_text(&content));
        rc = password.n == 0 || memchr(password.p, '\n', password.n)
                 ? -EBADMSG
                 : text_copy(password, ret, PASSWORD_MOST + 1);
        explicit_bzero(content.p, content.n);
    }
    buf_free(&content);
    return rc == 0 ? NULL : "it does not hold a password alone on a line";
}

static void complain(struct buf *errors, const char *path, const char *why) {
    buf_printf(errors, "%s:1: %s\n", path, why);
}

static int check(const char *home, const struct settings *s, struct buf *errors) {
    char path[PATH_MAX], password[PASSWORD_MOST + 1];
    size_t before = errors->n;
    struct stat info;
    if (s->smtp_user[0] && path_of(home, s->smtp_password_file, path) == 0) {
        const char *why = read_password(path, password);
        explicit_bzero(password, sizeof password);
        if (why)
            complain(errors, path, why);
    }
    if (s->smtp_ca_file[0] && path_of(home, s->smtp_ca_file, path) == 0 && stat(path, &info) < 0)
        complain(errors, path, strerror(errno));
    return errors->n == before ? 0 : -EINVAL;
}

/* ---- the channel ---- */

static void make_url(const struct settings *s, char *ret, size_t size) {
    bool is_number = strchr(s->smtp_host, ':') != NULL; /* IPv6 */
    (void)snprintf(ret, size, "%s://%s%s%s:%d%s%s",
                   strcmp(s->smtp_tls, "implicit") == 0 ? "smtps" : "smtp", is_number ? "[" : "",
                   s->smtp_host, is_number ? "]" : "", (int)s->smtp_port,
                   s->smtp_hello[0] ? "/" : "", s->smtp_hello);
}

static void close_smtp(struct channel_state **state) {
    struct channel_state *s = *state;
    struct smtp_job *job;
    if (!s)
        return;
    smtp_threads_stop(&s->pool);
    while ((job = smtp_jobs_take(&s->pool.queue)) || (job = smtp_jobs_take(&s->pool.news)))
        free_job(&job);
    loop_waker_close(&s->pool.waker);
    (void)pthread_mutex_destroy(&s->pool.lock);
    (void)pthread_cond_destroy(&s->pool.has_work);
    explicit_bzero(s->pool.password, sizeof s->pool.password);
    free(s);
    *state = NULL;
}

static int read_secrets(struct channel_state *state) {
    const struct channel_options *options = &state->options;
    const struct settings *s = options->settings;
    char path[PATH_MAX];
    int rc = 0;
    if (s->smtp_ca_file[0]) {
        rc = path_of(options->home, s->smtp_ca_file, state->ca_file);
        state->pool.ca_file = state->ca_file;
    }
    if (rc == 0 && s->smtp_user[0]) {
        rc = path_of(options->home, s->smtp_password_file, path);
        if (rc == 0 && read_password(path, state->pool.password))
            rc = -EINVAL;
    }
    return rc;
}

static int open_smtp(struct channel_state **ret, const struct channel_options *options) {
    struct channel_state *state = calloc(1, sizeof *state);
    must(state);
    state->options = *options;
    struct smtp_pool *pool = &state->pool;
    pool->settings = options->settings;
    smtp_jobs_init(&pool->queue);
    smtp_jobs_init(&pool->news);
    make_url(options->settings, pool->url, sizeof pool->url);
    must(pthread_mutex_init(&pool->lock, NULL) == 0);
    must(pthread_cond_init(&pool->has_work, NULL) == 0);
    int rc = read_secrets(state);
    if (rc == 0)
        rc = loop_waker_open(options->loop, on_news, state, &pool->waker);
    if (rc == 0)
        rc = smtp_threads_start(pool);
    if (rc < 0) {
        close_smtp(&state);
        return rc;
    }
    *ret = state;
    return 0;
}

const struct channel channel_smtp = {
    .name = "smtp",
    .batch = 2, /* while one is composed, connections stand still that wait for an arm */
    .grace = 60 * SECONDS,
    .check = check,
    .open = open_smtp,
    .close = close_smtp,
    .prepare = prepare,
    .finish = finish,
    .abandon = abandon,
    .flush = flush,
};
