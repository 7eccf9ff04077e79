#include "common/loop.h"

#include <stdlib.h>
#include <uv.h>

struct loop_waker {
    uv_async_t uv;
    loop_fn *fn;
    void *ctx;
};

static void on_wake(uv_async_t *handle) {
    struct loop_waker *waker = handle->data;

    waker->fn(waker->ctx);
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

int loop_waker_open(struct loop *loop, loop_fn *fn, void *ctx, struct loop_waker **ret) {
    struct loop_waker *waker = calloc(1, sizeof *waker);
    int rc;

    must(waker != NULL && fn != NULL);
    waker->uv.data = waker;
    waker->fn = fn;
    waker->ctx = ctx;
    rc = uv_async_init(loop_uv(loop), &waker->uv, on_wake);
    if (rc) {
        free(waker);
        return rc;
    }
    *ret = waker;
    return 0;
}

void loop_waker_close(struct loop_waker **waker) {
    if (!*waker)
        return;
    uv_close((uv_handle_t *)&(*waker)->uv, on_closed);
    *waker = NULL;
}

void loop_wake(struct loop_waker *waker) {
    must(uv_async_send(&waker->uv) == 0);
}
