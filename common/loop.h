/* loop - the event loop of a process. With bus and http, the only user of <uv.h>.
 *
 * OWNERSHIP  The loop owns every timer. Callers hold none, so none can free a libuv handle
 *            too early; loop_close() closes them all and waits for libuv to let go.
 * ERRORS     0 or -errno. Nothing here logs.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include "common/base.h"

struct loop;
typedef void loop_fn(void *ctx);

MUST_CHECK int loop_open(struct loop **ret);
void loop_close(struct loop **loop); /* NULL is fine; *loop becomes NULL */

/* Runs until loop_stop(). On SIGTERM or SIGINT calls drain(ctx) once (NULL: stops at once), then
 * gives it `grace` before it stops by itself; a second signal hurries nobody. SIGHUP calls
 * reload(ctx) if there is one, and is ignored if not. SIGPIPE is ignored from loop_open() on. */
MUST_CHECK int loop_run(struct loop *loop, loop_fn *drain, loop_fn *reload, void *ctx, msec grace);
void loop_stop(struct loop *loop);

/* Calls fn(ctx) once, `span` from now by the monotonic clock, never from inside this call.
 * Asking again for the same (fn, ctx) moves the call; it does not add one. */
void loop_after(struct loop *loop, msec span, loop_fn *fn, void *ctx);
void loop_cancel(struct loop *loop, loop_fn *fn, void *ctx); /* of loop_soon(), too */

/* Calls fn(ctx) once at the end of this turn, before the loop may sleep: where what arrived in a
 * turn is committed together. Asking twice is asking once. Asked from inside such a call, it comes
 * at the end of the next turn, which does not sleep. When the loop stops, the last turn is ended
 * too. */
void loop_soon(struct loop *loop, loop_fn *fn, void *ctx);

/* Calls fn(ctx) at the end of every turn: the place to assert what must hold between turns. */
void loop_each_turn(struct loop *loop, loop_fn *fn, void *ctx);

/* Child processes of a supervisor: `argv` is executed with nothing inherited but stdout and stderr.
 * on_exit(ctx, pid, status, signal) is called once when it ends, but not after loop_close(), which
 * leaves children alone. */
typedef void loop_exit_fn(void *ctx, int pid, int64_t status, int signal);
MUST_CHECK int loop_spawn(struct loop *loop, char *const argv[], loop_exit_fn *on_exit, void *ctx,
                          int *ret_pid);

/* Calls from other threads: fn(ctx) on the loop's thread soon after loop_wake(), which alone of all
 * these may be called by any thread. Calls that come together are one. A waker is closed before its
 * loop, when no thread uses it any more. */
struct loop_waker;
MUST_CHECK int loop_waker_open(struct loop *loop, loop_fn *fn, void *ctx, struct loop_waker **ret);
void loop_waker_close(struct loop_waker **waker); /* NULL is fine */
void loop_wake(struct loop_waker *waker);

struct uv_loop_s;
struct uv_loop_s *loop_uv(struct loop *loop); /* for bus and http only */

#endif
