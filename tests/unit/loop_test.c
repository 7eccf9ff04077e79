#include "common/loop.h"
#include "common/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

struct story {
    struct loop *loop;
    char said[64]; /* what happened, one letter each */
    unsigned turns;
    int left;
};

static void say(struct story *story, const char *letter) {
    must(strlen(story->said) + 2 < sizeof story->said);
    strcat(story->said, letter);
}

static void say_a(void *ctx) {
    say(ctx, "a");
}
static void say_b(void *ctx) {
    say(ctx, "b");
}
static void say_c(void *ctx) {
    say(ctx, "c");
}

static void stop(void *ctx) {
    struct story *story = ctx;

    loop_stop(story->loop);
}

static void begin(struct story *story) {
    *story = (struct story){.loop = NULL};
    assert_int_equal(loop_open(&story->loop), 0);
}

static void run_for(struct story *story, msec span) {
    loop_after(story->loop, span, stop, story);
    assert_int_equal(loop_run(story->loop, NULL, NULL, NULL, 0), 0);
}

static void test_timers_come_in_their_order(void **state) {
    struct story story;
    msec began = clock_boot();

    (void)state;
    begin(&story);
    loop_after(story.loop, 30, say_c, &story);
    loop_after(story.loop, 10, say_a, &story);
    loop_after(story.loop, 20, say_b, &story);
    run_for(&story, 50);
    assert_string_equal(story.said, "abc");
    assert_true(clock_boot() - began >= 49);
    loop_close(&story.loop);
    assert_null(story.loop);
    loop_close(&story.loop);
}

static void test_a_timer_is_its_function_and_context(void **state) {
    struct story story, other;

    (void)state;
    begin(&story);
    other = (struct story){.loop = NULL};
    loop_after(story.loop, 5, say_a, &story);
    loop_after(story.loop, 20, say_a, &story); /* moved, not added */
    loop_after(story.loop, 10, say_b, &story);
    loop_after(story.loop, 10, say_a, &other);
    loop_after(story.loop, 10, say_c, &story);
    loop_cancel(story.loop, say_c, &story);
    loop_cancel(story.loop, say_c, &other); /* there is none */
    run_for(&story, 40);
    assert_string_equal(story.said, "ba");
    assert_string_equal(other.said, "a");
    loop_close(&story.loop);
}

static void tick(void *ctx) {
    struct story *story = ctx;

    if (--story->left > 0)
        loop_after(story->loop, 0, tick, story);
    else
        loop_stop(story->loop);
}

static void test_a_timer_may_ask_again(void **state) {
    struct story story;

    (void)state;
    begin(&story);
    story.left = 20;
    loop_after(story.loop, 0, tick, &story);
    assert_int_equal(story.left, 20); /* never from inside the call */
    assert_int_equal(loop_run(story.loop, NULL, NULL, NULL, 0), 0);
    assert_int_equal(story.left, 0);
    loop_close(&story.loop);
}

static void test_many_timers_are_told_apart(void **state) {
    static struct story stories[3000];
    struct story story;

    (void)state;
    begin(&story);
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        stories[i] = (struct story){.loop = NULL};
        loop_after(story.loop, 1 + (msec)(i % 20), say_a, &stories[i]);
    }
    for (size_t i = 0; i < COUNT_OF(stories); i += 3)
        loop_cancel(story.loop, say_a, &stories[i]);
    run_for(&story, 60);
    for (size_t i = 0; i < COUNT_OF(stories); i++)
        assert_string_equal(stories[i].said, i % 3 ? "a" : "");
    loop_close(&story.loop);
}

static void work(void *ctx) {
    struct story *story = ctx;

    say(story, "w");
    loop_soon(story->loop, say_b, story);
    loop_soon(story->loop, say_c, story);
    loop_soon(story->loop, say_b, story); /* asking twice is asking once */
}

static void test_soon_is_before_the_loop_sleeps(void **state) {
    struct story story;

    (void)state;
    begin(&story);
    loop_after(story.loop, 5, work, &story);
    loop_after(story.loop, 20, say_a, &story);
    run_for(&story, 30);
    assert_string_equal(story.said, "wbca");

    story.said[0] = '\0';
    loop_soon(story.loop, say_b, &story);
    loop_soon(story.loop, say_c, &story);
    loop_cancel(story.loop, say_c, &story);
    run_for(&story, 1);
    assert_string_equal(story.said, "b");
    loop_close(&story.loop);
}

static void again(void *ctx) {
    struct story *story = ctx;

    if (--story->left > 0)
        loop_soon(story->loop, again, story);
    else
        say(story, "d");
}

static void test_soon_from_soon_does_not_starve_or_sleep(void **state) {
    struct story story;

    (void)state;
    begin(&story);
    story.left = 1000;
    loop_soon(story.loop, again, &story);
    run_for(&story, 500);
    assert_string_equal(story.said, "d");

    story.left = 2000000000;
    loop_soon(story.loop, again, &story);
    run_for(&story, 20); /* ends: the timer is served beside it */
    assert_true(story.left > 0);
    loop_cancel(story.loop, again, &story);
    loop_close(&story.loop);
}

static void work_and_stop(void *ctx) {
    struct story *story = ctx;

    loop_soon(story->loop, say_a, story);
    loop_stop(story->loop);
}

static void test_the_last_turn_is_ended(void **state) {
    struct story story;

    (void)state;
    begin(&story);
    loop_after(story.loop, 1, work_and_stop, &story);
    assert_int_equal(loop_run(story.loop, NULL, NULL, NULL, 0), 0);
    assert_string_equal(story.said, "a");
    loop_close(&story.loop);
}

static void count_turn(void *ctx) {
    struct story *story = ctx;

    story->turns++;
}

static void test_an_idle_loop_sleeps(void **state) {
    struct rusage before, after;
    struct story story;

    (void)state;
    begin(&story);
    loop_each_turn(story.loop, count_turn, &story);
    getrusage(RUSAGE_SELF, &before);
    run_for(&story, 300);
    getrusage(RUSAGE_SELF, &after);
    assert_in_range(story.turns, 1, 4);
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 4);
    loop_close(&story.loop);
}

static void drain(void *ctx) {
    say(ctx, "d");
}

static void drain_and_stop(void *ctx) {
    say(ctx, "d");
    stop(ctx);
}

static void reload(void *ctx) {
    say(ctx, "r");
}

static void raise_hup(void *ctx) {
    (void)ctx;
    raise(SIGHUP);
}

static void raise_term(void *ctx) {
    (void)ctx;
    raise(SIGTERM);
    raise(SIGINT);
}

static void test_signals_drain_and_reload(void **state) {
    struct story story;
    msec began = clock_boot();

    (void)state;
    begin(&story);
    loop_after(story.loop, 5, raise_hup, &story);
    loop_after(story.loop, 10, raise_term, &story);
    assert_int_equal(loop_run(story.loop, drain, reload, &story, 50), 0);
    assert_string_equal(story.said, "rd"); /* once, and then the grace is over */
    assert_true(clock_boot() - began >= 55);

    story.said[0] = '\0';
    loop_after(story.loop, 5, raise_term, &story);
    assert_int_equal(loop_run(story.loop, drain_and_stop, NULL, &story, 10 * SECONDS), 0);
    assert_string_equal(story.said, "d");

    loop_after(story.loop, 5, raise_term, &story);
    assert_int_equal(loop_run(story.loop, NULL, NULL, NULL, 10 * SECONDS), 0);
    assert_true(clock_boot() - began < 5 * SECONDS);
    assert_true(signal(SIGPIPE, SIG_IGN) == SIG_IGN);
    loop_close(&story.loop);
}

static void on_exit_of(void *ctx, int pid, int64_t status, int signal_number) {
    struct story *story = ctx;
    char said[32];

    assert_true(pid > 0);
    snprintf(said, sizeof said, "%d.%d ", (int)status, signal_number);
    say(story, said);
    if (--story->left == 0)
        loop_stop(story->loop);
}

static void test_children_inherit_nothing_and_are_told_of(void **state) {
    static char shell[] = "/bin/sh", minus_c[] = "-c", missing[] = "/nonexistent/program";
    static char look[] =
        "for i in 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$i ] && exit 9; done; exit 3";
    static char die[] = "kill -9 $$";
    char *looker[] = {shell, minus_c, look, NULL}, *dier[] = {shell, minus_c, die, NULL};
    char *nobody[] = {missing, NULL};
    struct story story;
    int pid = 0, leak = open("/dev/null", O_RDONLY);

    (void)state;
    begin(&story);
    assert_true(leak >= 3);
    assert_true(loop_spawn(story.loop, nobody, on_exit_of, &story, &pid) < 0);
    assert_int_equal(pid, 0);
    story.left = 1;
    assert_int_equal(loop_spawn(story.loop, looker, on_exit_of, &story, &pid), 0);
    assert_true(pid > 0);
    assert_int_equal(loop_run(story.loop, NULL, NULL, NULL, 0), 0);
    assert_string_equal(story.said, "3.0 ");
    story.left = 1;
    assert_int_equal(loop_spawn(story.loop, dier, on_exit_of, &story, &pid), 0);
    assert_int_equal(loop_run(story.loop, NULL, NULL, NULL, 0), 0);
    assert_string_equal(story.said, "3.0 0.9 ");
    close(leak);
    loop_close(&story.loop);
}

static void *wake_often(void *ctx) {
    for (int i = 0; i < 1000; i++)
        loop_wake(ctx);
    return NULL;
}

static void test_another_thread_wakes_the_loop(void **state) {
    struct story story;
    struct loop_waker *waker;
    pthread_t thread;

    (void)state;
    begin(&story);
    assert_int_equal(loop_waker_open(story.loop, stop, &story, &waker), 0);
    assert_int_equal(pthread_create(&thread, NULL, wake_often, waker), 0);
    msec began = clock_boot();
    loop_after(story.loop, 10 * SECONDS, stop, &story);
    assert_int_equal(loop_run(story.loop, NULL, NULL, NULL, 0), 0);
    assert_true(clock_boot() - began < 5 * SECONDS);
    assert_int_equal(pthread_join(thread, NULL), 0);
    loop_waker_close(&waker);
    assert_null(waker);
    loop_waker_close(&waker);
    loop_close(&story.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_come_in_their_order),
        cmocka_unit_test(test_a_timer_is_its_function_and_context),
        cmocka_unit_test(test_a_timer_may_ask_again),
        cmocka_unit_test(test_many_timers_are_told_apart),
        cmocka_unit_test(test_soon_is_before_the_loop_sleeps),
        cmocka_unit_test(test_soon_from_soon_does_not_starve_or_sleep),
        cmocka_unit_test(test_the_last_turn_is_ended),
        cmocka_unit_test(test_an_idle_loop_sleeps),
        cmocka_unit_test(test_signals_drain_and_reload),
        cmocka_unit_test(test_children_inherit_nothing_and_are_told_of),
        cmocka_unit_test(test_another_thread_wakes_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
