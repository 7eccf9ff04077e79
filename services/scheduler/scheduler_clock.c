/* What time it is, as long as the clock can be believed: when it jumps, time goes on by the boot
 * clock, nothing leaves, and intake lets nothing go, until the clock is right again or somebody has
 * looked. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "services/scheduler/reminders/halt.h"
#include "services/scheduler/scheduler.h"

#define SANE_FOR (5 * MINUTES)
#define UNSET "the machine has started, and its clock has not been set by the network yet"
#define FRESH_BOOT (1 * HOURS) /* a machine that has run for longer has been believed before */

static bool is_guarded(const struct scheduler *s) {
    const char *how = s->settings.clock_guard;
    return strcmp(how, "off") != 0 && (!clock_is_virtual() || strcmp(how, "trial") == 0);
}

static void doubt(struct scheduler *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void doubt(struct scheduler *s, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->clock.why, sizeof s->clock.why, fmt, ap);
    va_end(ap);
    log_error("clock_doubted",
              "%s; nothing leaves until it is right again, or: cirkel release --hold",
              s->clock.why);
    s->clock.is_doubted = s->clock.begin = true;
    s->clock.sane_since = 0;
}

static void believe(struct scheduler *s, bool lift) {
    s->clock.guard = (struct guard){.wall = 0};
    s->clock.is_doubted = false;
    s->clock.end = lift;
    log_info("clock_believed", "%s", lift ? "it is right again" : "somebody has looked");
}

static void doubt_jump(struct scheduler *s, enum guard_verdict verdict, msec by) {
    static const char *const words[] = {[GUARD_BACK] = "the clock went back by",
                                        [GUARD_FORWARD] = "the clock jumped forward by",
                                        [GUARD_SLEPT] = "the machine slept for"};
    const char *unit = by < 2 * HOURS ? "minutes" : by < 2 * DAYS ? "hours" : "days";
    msec one = by < 2 * HOURS ? MINUTES : by < 2 * DAYS ? HOURS : DAYS;
    doubt(s, "%s %" PRId64 " %s", words[verdict], by / one, unit);
}

/* The hold was taken away: somebody has looked, and the clock holds as it is. */
static bool was_released(struct scheduler *s) {
    struct key key = key1(TEXT_LIT("clock"));
    struct bytes value;
    struct txn *txn;
    if (s->clock.begin || store_begin_read(s->core, &txn))
        return false;
    bool gone = store_get(txn, TABLE_HALT, key_bytes(&key), &value) == -ENOENT;
    store_abort(&txn);
    return gone;
}

/* Right again, and for a while. That the machine slept stays true; what counts then is that the
 * clock goes with the boot clock. */
static bool is_sane(struct scheduler *s, enum guard_verdict verdict, msec boot) {
    bool fine = s->clock.waits_for_sync ? clock_is_synchronised()
                                        : verdict == GUARD_FINE || verdict == GUARD_SLEPT;
    if (!fine)
        s->clock.sane_since = 0;
    else if (!s->clock.sane_since)
        s->clock.sane_since = boot;
    return fine && (s->clock.waits_for_sync || boot - s->clock.sane_since >= SANE_FOR);
}

instant scheduler_clock(struct scheduler *s) {
    instant wall = clock_now();
    msec boot = clock_boot(), by;
    if (!is_guarded(s))
        return wall;
    struct guard looked = s->clock.guard;
    enum guard_verdict verdict = guard_look(&looked, wall, boot, clock_awake(), &by);
    if (!s->clock.is_doubted && verdict != GUARD_FINE)
        doubt_jump(s, verdict, by);
    if (!s->clock.is_doubted) {
        s->clock.guard = looked;
        return wall;
    }
    bool released = was_released(s);
    if (!released && !is_sane(s, verdict, boot))
        return s->clock.guard.wall ? guard_expected(&s->clock.guard, boot) : wall;
    bool was_unset = s->clock.waits_for_sync;
    s->clock.waits_for_sync = false;
    if (!released && was_unset && verdict == GUARD_BACK) { /* what was before it was set is ahead */
        doubt_jump(s, verdict, by);
        s->clock.end = true;
        return guard_expected(&s->clock.guard, boot);
    }
    believe(s, !released);
    return wall;
}

/* The last thing given says what time it was then, also when we were killed. */
static int last_given(void *ctx, const struct rec_input *input) {
    *(instant *)ctx = input->now;
    return 0;
}

static bool is_unset(const struct scheduler *s) {
    char trial[4200];
    snprintf(trial, sizeof trial, "%s/trial", s->home);
    return strcmp(s->settings.clock_guard, "on") == 0 && access(trial, F_OK) != 0 &&
           clock_boot() < FRESH_BOOT && !clock_is_synchronised();
}

/* A clock that was doubted when we stopped is held against what we knew then. One that was not set
 * yet may say anything: until it is, time goes on from there, too. */
void scheduler_clock_begin(struct scheduler *s, instant last) {
    instant wall = clock_now();
    struct rec_halt halt;
    if (!is_guarded(s))
        return;
    struct guard before = {last, clock_boot(), clock_awake()};
    int rc =
        last ? office_get(&s->step.office, TABLE_HALT, key1(TEXT_LIT("clock")), &halt) : -ENOENT;
    if (rc == 0) {
        s->clock.guard = before;
        s->clock.is_doubted = true;
        s->clock.waits_for_sync = text_is(halt.reason, UNSET);
    } else if (is_unset(s)) {
        s->clock.guard = before;
        s->clock.waits_for_sync = true;
        doubt(s, UNSET);
    } else if (last - wall > GUARD_BACK_MOST) {
        s->clock.guard = before;
        doubt_jump(s, GUARD_BACK, last - wall);
    }
}

int scheduler_clock_last(struct txn *txn, instant *ret) {
    struct bytes key, value;
    int rc = store_last(txn, TABLE_INPUTS, &key, &value);
    *ret = 0;
    if (rc == 0)
        rc = inputs_each(value, last_given, ret);
    return rc == -ENOENT ? 0 : rc;
}

int scheduler_clock_note(struct scheduler *s) {
    int rc = 0;
    if (s->clock.end)
        rc = step_unhold(&s->step, s->now, "clock");
    if (rc == 0 && s->clock.begin && s->clock.is_doubted)
        rc = step_hold(&s->step, s->now, "clock", text_of(s->clock.why));
    return rc;
}
