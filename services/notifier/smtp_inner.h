/* smtp_inner - what the loop's side (smtp.c) and the threads' side (smtp_thread.c) of the channel
 * share.
 *
 * The loop puts jobs into the queue; a thread takes one, speaks, and puts news of it into the list
 * of news: first that all is said but the dot, then how it ended. The loop answers with an order.
 *
 * OWNERSHIP  A job belongs to the loop before it is taken and after it has ended; in between the
 *            thread reads what was set before, and writes `verdict`. `letter` is the loop's alone.
 *            What stands under "locked" is read and written under the pool's lock only.
 */
#ifndef NOTIFIER_SMTP_INNER_H
#define NOTIFIER_SMTP_INNER_H

#include "common/base.h"
#include "common/loop.h"
#include "proto/settings.h"
#include "services/notifier/channel.h"
#include "services/notifier/smtp_reply.h"

#include <pthread.h>
#include <stdatomic.h>

enum smtp_order { ORDER_WAIT, ORDER_GO, ORDER_DROP };
enum smtp_news { NEWS_READY = 1, NEWS_ENDED = 2 };

struct smtp_thread;
struct smtp_job {
    struct channel_letter *letter; /* NULL: abandoned */
    bool is_probe;
    struct smtp_verdict verdict;
    char sender[256], recipient[256];

    /* locked */
    struct smtp_job *next;      /* in the queue or the news */
    struct smtp_thread *thread; /* who took it */
    enum smtp_order order;
    msec until;
    unsigned news; /* of enum smtp_news; in the list of news when not 0 */

    size_t size;
    char message[];
};

struct smtp_jobs {
    struct smtp_job *first, **end;
};

struct smtp_pool {
    const struct settings *settings;
    const char *ca_file; /* NULL: the system's */
    char url[600], password[256];
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    struct smtp_jobs queue, news; /* locked */
    bool is_held; /* locked; the server is in trouble: none takes a job until the loop knows */
    struct loop_waker *waker;
    atomic_bool stopping;
    struct smtp_thread *threads;
    unsigned count; /* of them */
};

void smtp_jobs_init(struct smtp_jobs *jobs);
void smtp_jobs_add(struct smtp_jobs *jobs, struct smtp_job *job);
struct smtp_job *smtp_jobs_take(struct smtp_jobs *jobs); /* NULL: none */

MUST_CHECK int smtp_threads_start(struct smtp_pool *pool);
void smtp_threads_stop(struct smtp_pool *pool); /* within about a second */
void smtp_give_order(struct smtp_pool *pool, struct smtp_job *job, enum smtp_order order,
                     msec until);

#endif
