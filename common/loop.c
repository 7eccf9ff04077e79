#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* close_range() */
#endif
#include "common/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define TIMER_BUCKETS 1024
#define SPAN_MAX (365 * DAYS)

struct call {
    loop_fn *fn; /* NULL: cancelled */
    void *ctx;
};
struct calls {
    struct call *list;
    size_t n, cap;
};

struct timer {
    uv_timer_t uv;
    struct loop *loop;
    struct timer *next; /* in its bucket while it is set, else in `spare` */
    struct call call;
};

struct child {
    uv_process_t uv;
    struct loop *loop;
    struct child *next;
    loop_exit_fn *on_exit;
    void *ctx;
};

enum { ON_TERM, ON_INT, ON_HUP, SIGNAL_COUNT };

struct loop {
    uv_loop_t uv;
    uv_prepare_t turn_end;
    uv_idle_t soon_handle;
    uv_timer_t grace_timer;
    uv_signal_t signals[SIGNAL_COUNT];
    struct timer *timers[TIMER_BUCKETS];
    struct timer *spare;
    struct child *children;
    struct calls soon, each_turn;
    loop_fn *drain, *reload;
    void *ctx;
    msec grace;
    bool draining;
};

static bool same_call(struct call a, struct call b) {
    return a.fn == b.fn && a.ctx == b.ctx;
}

static struct call *find_call(struct calls *calls, struct call call) {
    for (size_t i = 0; i < calls->n; i++)
        if (same_call(calls->list[i], call))
            return &calls->list[i];
    return NULL;
}

static void add_call(struct calls *calls, struct call call) {
    if (calls->n == calls->cap) {
        calls->cap = calls->cap ? calls->cap * 2 : 8;
        calls->list = realloc(calls->list, calls->cap * sizeof *calls->list);
        must(calls->list != NULL);
    }
    calls->list[calls->n++] = call;
}

/* Makes the calls that are in the list now; what they ask for is left for the next turn. */
static void end_turn(struct loop *loop) {
    struct calls *soon = &loop->soon;
    size_t n = soon->n;

    for (size_t i = 0; i < n; i++) {
        struct call call = soon->list[i];
        soon->list[i].fn = NULL;
        if (call.fn)
            call.fn(call.ctx);
    }
    if (n > 0)
        memmove(soon->list, soon->list + n, (soon->n - n) * sizeof *soon->list);
    soon->n -= n;
}

/* Idle handles come after timers and events and before every prepare handle: so the bus, which
 * looks at its sockets in a prepare handle, also sees what is done here. While one is active, the
 * loop does not sleep. */
static void on_soon(uv_idle_t *handle) {
    struct loop *loop = handle->data;

    end_turn(loop);
    if (loop->soon.n == 0)
        uv_idle_stop(handle);
}

static void on_turn_end(uv_prepare_t *handle) {
    struct loop *loop = handle->data;

    for (size_t i = 0; i < loop->each_turn.n; i++)
        loop->each_turn.list[i].fn(loop->each_turn.list[i].ctx);
}

static struct timer **bucket_of(struct loop *loop, struct call call) {
    uint64_t mix = (uint64_t)(uintptr_t)call.fn * 31 + (uint64_t)(uintptr_t)call.ctx;

    mix *= 0x9e3779b97f4a7c15u; /* Fibonacci hashing: pointers differ in their middle bits */
    return &loop->timers[mix >> 54];
}

/* Where the timer hangs, or the NULL at the end of its bucket. */
static struct timer **find_timer(struct loop *loop, struct call call) {
    struct timer **at = bucket_of(loop, call);

    while (*at && !same_call((*at)->call, call))
        at = &(*at)->next;
    return at;
}

/* Timers are kept for the next one who asks: closing a handle takes a turn. */
static void put_away(struct timer **at) {
    struct timer *timer = *at;

    uv_timer_stop(&timer->uv);
    *at = timer->next;
    timer->next = timer->loop->spare;
    timer->loop->spare = timer;
}

static void on_timer(uv_timer_t *handle) {
    struct timer *timer = handle->data;
    struct call call = timer->call;

    put_away(find_timer(timer->loop, call));
    call.fn(call.ctx);
}

static struct timer *take_timer(struct loop *loop) {
    struct timer *timer = loop->spare;

    if (timer) {
        loop->spare = timer->next;
        return timer;
    }
    timer = calloc(1, sizeof *timer);
    must(timer != NULL);
    must(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->uv.data = timer;
    timer->loop = loop;
    return timer;
}

static void on_grace_over(uv_timer_t *handle) {
    loop_stop(handle->data);
}

static void on_signal(uv_signal_t *handle, int signal_number) {
    struct loop *loop = handle->data;

    if (signal_number == SIGHUP) {
        if (loop->reload)
            loop->reload(loop->ctx);
        return;
    }
    if (loop->draining)
        return;
    loop->draining = true;
    if (!loop->drain) {
        loop_stop(loop);
        return;
    }
    must(uv_timer_start(&loop->grace_timer, on_grace_over,
                        loop->grace > 0 ? (uint64_t)loop->grace : 1, 0) == 0);
    loop->drain(loop->ctx);
}

static int watch_signals(struct loop *loop) {
    static const int numbers[SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGHUP};

    for (int i = 0; i < SIGNAL_COUNT; i++) {
        int rc = uv_signal_start(&loop->signals[i], on_signal, numbers[i]);
        if (rc)
            return rc;
    }
    return 0;
}

static void on_timer_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void on_child_closed(uv_handle_t *handle) {
    free(handle->data);
}

static void on_child_exit(uv_process_t *handle, int64_t status, int signal_number) {
    struct child *child = handle->data;
    struct child **at = &child->loop->children;
    loop_exit_fn *on_exit = child->on_exit;
    void *ctx = child->ctx;
    int pid = handle->pid;

    while (*at != child)
        at = &(*at)->next;
    *at = child->next;
    uv_close((uv_handle_t *)handle, on_child_closed);
    on_exit(ctx, pid, status, signal_number);
}

/* Who uses the loop closes what he put on it first; else we would wait here for ever. */
static void must_be_closing(uv_handle_t *handle, void *ctx) {
    (void)ctx;
    must(uv_is_closing(handle));
}

static void close_handles(struct loop *loop) {
    for (size_t i = 0; i < TIMER_BUCKETS; i++)
        while (loop->timers[i])
            put_away(&loop->timers[i]);
    for (struct timer *timer = loop->spare; timer; timer = timer->next)
        uv_close((uv_handle_t *)&timer->uv, on_timer_closed);
    for (struct child *child = loop->children; child; child = child->next)
        uv_close((uv_handle_t *)&child->uv, on_child_closed);
    for (int i = 0; i < SIGNAL_COUNT; i++)
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    uv_close((uv_handle_t *)&loop->grace_timer, NULL);
    uv_close((uv_handle_t *)&loop->soon_handle, NULL);
    uv_close((uv_handle_t *)&loop->turn_end, NULL);
}

int loop_open(struct loop **ret) {
    struct loop *loop = calloc(1, sizeof *loop);
    int rc;

    must(loop != NULL);
    rc = uv_loop_init(&loop->uv);
    if (rc) {
        free(loop);
        return rc;
    }
    signal(SIGPIPE, SIG_IGN);
    must(uv_prepare_init(&loop->uv, &loop->turn_end) == 0);
    must(uv_idle_init(&loop->uv, &loop->soon_handle) == 0);
    must(uv_timer_init(&loop->uv, &loop->grace_timer) == 0);
    loop->turn_end.data = loop->soon_handle.data = loop->grace_timer.data = loop;
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        must(uv_signal_init(&loop->uv, &loop->signals[i]) == 0);
        loop->signals[i].data = loop;
    }
    /* libuv runs prepare handles last started first: this one is the end of the turn. */
    must(uv_prepare_start(&loop->turn_end, on_turn_end) == 0);
    *ret = loop;
    return 0;
}

void loop_close(struct loop **loop) {
    struct loop *gone = *loop;

    if (!gone)
        return;
    *loop = NULL;
    close_handles(gone);
    uv_walk(&gone->uv, must_be_closing, NULL);
    uv_run(&gone->uv, UV_RUN_DEFAULT);
    must(uv_loop_close(&gone->uv) == 0);
    free(gone->soon.list);
    free(gone->each_turn.list);
    free(gone);
}

int loop_run(struct loop *loop, loop_fn *drain, loop_fn *reload, void *ctx, msec grace) {
    int rc;

    loop->drain = drain;
    loop->reload = reload;
    loop->ctx = ctx;
    loop->grace = grace;
    loop->draining = false;
    rc = watch_signals(loop);
    if (rc == 0) {
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        end_turn(loop);
    }
    for (int i = 0; i < SIGNAL_COUNT; i++)
        uv_signal_stop(&loop->signals[i]);
    uv_timer_stop(&loop->grace_timer);
    return rc;
}

void loop_stop(struct loop *loop) {
    uv_stop(&loop->uv);
}

void loop_after(struct loop *loop, msec span, loop_fn *fn, void *ctx) {
    struct call call = {fn, ctx};
    struct timer **at = find_timer(loop, call);
    /* libuv counts from the start of the turn; a turn may have been long. Its time is not moved on
     * here, so a timer that asks again from its own call waits for the next turn. */
    int64_t late = (int64_t)(uv_hrtime() / 1000000) - (int64_t)uv_now(&loop->uv);

    must(fn != NULL);
    span = span < 1 ? 1 : span > SPAN_MAX ? SPAN_MAX : span;
    if (!*at) {
        *at = take_timer(loop);
        (*at)->next = NULL;
        (*at)->call = call;
    }
    must(uv_timer_start(&(*at)->uv, on_timer, (uint64_t)(span + (late > 0 ? late : 0)), 0) == 0);
}

void loop_cancel(struct loop *loop, loop_fn *fn, void *ctx) {
    struct call call = {fn, ctx};
    struct timer **at = find_timer(loop, call);
    struct call *soon = find_call(&loop->soon, call);

    if (*at)
        put_away(at);
    if (soon)
        soon->fn = NULL;
}

void loop_soon(struct loop *loop, loop_fn *fn, void *ctx) {
    struct call call = {fn, ctx};

    must(fn != NULL);
    if (find_call(&loop->soon, call))
        return;
    add_call(&loop->soon, call);
    must(uv_idle_start(&loop->soon_handle, on_soon) == 0);
}

void loop_each_turn(struct loop *loop, loop_fn *fn, void *ctx) {
    must(fn != NULL);
    add_call(&loop->each_turn, (struct call){fn, ctx});
}

int loop_spawn(struct loop *loop, char *const argv[], loop_exit_fn *on_exit, void *ctx,
               int *ret_pid) {
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
    };
    uv_process_options_t options = {
        .exit_cb = on_child_exit,
        .file = argv[0],
        .args = (char **)argv,
        .stdio_count = COUNT_OF(stdio),
        .stdio = stdio,
    };
    struct child *child;
    int rc;

    /* What we open is closed on exec; what we were given by our own parent may not be. */
    if (close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC))
        return -errno;
    child = calloc(1, sizeof *child);
    must(child != NULL);
    child->uv.data = child;
    child->loop = loop;
    child->on_exit = on_exit;
    child->ctx = ctx;
    rc = uv_spawn(&loop->uv, &child->uv, &options);
    if (rc) {
        uv_close((uv_handle_t *)&child->uv, on_child_closed);
        return rc;
    }
    child->next = loop->children;
    loop->children = child;
    *ret_pid = child->uv.pid;
    return 0;
}

struct uv_loop_s *loop_uv(struct loop *loop) {
    return &loop->uv;
}
