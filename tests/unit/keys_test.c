/* Idempotency keys, from the door to the answer: the same key never becomes two events, and nobody
 * is told "accepted" before his event is stored. */
/* service: intake */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/loop.h"
#include "services/intake/batch.h"
#include "tests/harness/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[FOLDER_BYTES];
static struct loop *loop;
static struct journal *journal;
static struct memory *memory;
static struct asides asides;
static struct askers askers;
static struct pending *pending;
static struct batch *batch;
static struct door_reading reading;
static struct buf frame, said; /* said: one line an answer, as JSON */
static uint64_t last_accepted, last_asked;
static int failed;

static void on_send(void *ctx, struct door *door, const struct peer *to, struct bytes payload) {
    (void)ctx;
    (void)door;
    (void)to;
    assert_int_equal(json_from_pack(payload, &said), 0);
    buf_char(&said, '\n');
}

static void on_accepted(void *ctx, uint64_t last, uint64_t awaited) {
    (void)awaited;
    (void)ctx;
    last_accepted = last;
}

static void on_ask(void *ctx, uint64_t seq) {
    (void)ctx;
    last_asked = seq;
}

static void on_failed(void *ctx, int error) {
    (void)ctx;
    failed = error;
}

static instant now(void *ctx) {
    (void)ctx;
    return clock_now();
}

static struct room room;
static uint64_t keys_most = MEMORY_KEYS_MOST;

static void open_all(size_t limit) {
    uint64_t damaged;
    struct batch_options options = {.loop = loop,
                                    .asides = &asides,
                                    .room = &room,
                                    .on_accepted = on_accepted,
                                    .on_ask = on_ask,
                                    .on_failed = on_failed,
                                    .now = now};
    room.home = dir;
    assert_int_equal(journal_open(&journal, dir, true, limit), 0);
    options.journal = journal;
    options.memory = memory = memory_new(keys_most);
    assert_int_equal(memory_load(memory, journal, &damaged), 0);
    options.pending = pending = pending_new(loop, &askers);
    assert_int_equal(batch_new(&batch, &options), 0);
}

static void close_all(void) {
    batch_free(&batch);
    pending_free(&pending);
    memory_free(&memory);
    journal_close(&journal);
    assert_int_equal(askers.slots, 0);
}

/* Says it as `owner`, without a commit. */
static void say(const char *owner, const char *json) {
    static const struct peer nobody = {.id_len = 0};
    const struct door_who who = {.owner = text_of(owner)};
    char error[JSON_ERROR_TEXT];
    buf_clear(&frame);
    assert_int_equal(json_to_pack(text_of(json), &frame, error), 0);
    door_read(&reading, &who, buf_as_bytes(&frame));
    struct ask *ask = ask_new(&askers, NULL, &nobody, reading.is_array, reading.count);
    for (unsigned i = 0; i < reading.count; i++)
        ask_set_id(ask, i, reading.items[i].id);
    for (unsigned i = 0; i < reading.count; i++) {
        assert_true(reading.items[i].is_good);
        batch_add(batch, who.owner, &reading.items[i], ask, i);
    }
}

static void heard(const char *want) {
    assert_string_equal(buf_cstr(&said), want);
    buf_clear(&said);
}

#define ANSWER(id, choice, more)                                                                   \
    "{\"v\":1,\"id\":\"" id                                                                        \
    "\",\"type\":\"poll.answer\",\"body\":{\"poll\":\"p\",\"person\":\"q\","                       \
    "\"option\":\"" choice "\"}" more "}"
#define EARLY ",\"wait\":\"accepted\""
#define CONFLICT                                                                                   \
    "\"again\":true,\"error\":{\"code\":\"conflict\",\"field\":\"id\",\"text\":\"was used for "    \
    "something else\"}"

static void accepted_after_the_commit(void **state) {
    (void)state;
    say("web", ANSWER("a", "x", EARLY));
    heard("");
    batch_commit(batch);
    assert_int_equal(last_accepted, 1);
    heard("{\"v\":1,\"id\":\"a\",\"status\":\"accepted\",\"seq\":1}\n");
}

static void decided(void **state) {
    (void)state;
    say("web", ANSWER("a", "x", ""));
    batch_commit(batch);
    heard("");
    pending_decide(pending, 1,
                   &(struct answer){.status = "refused",
                                    .code = TEXT_LIT("too-late"),
                                    .text = TEXT_LIT("It is closed.")});
    heard("{\"v\":1,\"id\":\"a\",\"status\":\"refused\",\"seq\":1,\"error\":{\"code\":\"too-late\","
          "\"text\":\"It is closed.\"}}\n");
    pending_decide(pending, 1, &(struct answer){.status = "applied"});
    heard("");
}

static void said_again(void **state) {
    (void)state;
    say("web", ANSWER("a", "x", EARLY));
    batch_commit(batch);
    buf_clear(&said);
    for (int round = 0; round < 2; round++) {
        say("web", ANSWER("a", "x", EARLY));
        heard("{\"v\":1,\"id\":\"a\",\"status\":\"accepted\",\"seq\":1,\"again\":true}\n");
        say("web", ANSWER("a", "y", ""));
        heard("{\"v\":1,\"id\":\"a\",\"status\":\"conflict\",\"seq\":1," CONFLICT "}\n");
        last_asked = 0;
        say("web", ANSWER("a", "x", ""));
        assert_int_equal(last_asked, 1);
        pending_decide(pending, 1, &(struct answer){.status = "applied"});
        heard("{\"v\":1,\"id\":\"a\",\"status\":\"applied\",\"seq\":1,\"again\":true}\n");
        close_all(); /* and after a restart */
        open_all(0);
    }
    /* Another owner's key is another key. */
    say("other", ANSWER("a", "y", EARLY));
    batch_commit(batch);
    heard("{\"v\":1,\"id\":\"a\",\"status\":\"accepted\",\"seq\":2}\n");
}

static void said_twice_in_a_batch(void **state) {
    (void)state;
    uint64_t first, last;
    say("web", "[" ANSWER("a", "x", EARLY) "," ANSWER("a", "x", "") "," ANSWER("a", "y", "") "]");
    say("web", ANSWER("a", "x", EARLY));
    heard("");
    batch_commit(batch);
    heard("{\"v\":1,\"id\":\"a\",\"status\":\"accepted\",\"seq\":1,\"again\":true}\n");
    pending_decide(pending, 1, &(struct answer){.status = "applied"});
    heard("[{\"v\":1,\"id\":\"a\",\"status\":\"accepted\",\"seq\":1},"
          "{\"v\":1,\"id\":\"a\",\"status\":\"applied\",\"seq\":1,\"again\":true},"
          "{\"v\":1,\"id\":\"a\",\"status\":\"conflict\"," CONFLICT "}]\n");
    assert_int_equal(journal_range(journal, &first, &last), 0);
    assert_int_equal(last, 1);
}

static int check_event(void *ctx, uint64_t seq, struct bytes payload) {
    struct rec_event event;
    struct msg_poll_answer body;
    struct complaint complaint;
    (void)ctx;
    assert_int_equal(seq, 1);
    assert_int_equal(
        codec_decode(&rec_shapes[REC_EVENT], CODEC_LENIENT, payload, &event, &complaint), 0);
    assert_true(text_is(event.owner, "web") && text_is(event.id, "a") &&
                text_is(event.type, "poll.answer") && event.received > 0);
    assert_int_equal(
        codec_decode(&msg_shapes[MSG_POLL_ANSWER], CODEC_STRICT, event.body, &body, &complaint), 0);
    assert_true(text_is(body.option, "x"));
    return 0;
}

static void what_the_inbox_keeps(void **state) {
    (void)state;
    say("web", ANSWER("a", "x", EARLY));
    batch_commit(batch);
    assert_int_equal(journal_read(journal, 1, 10, check_event, NULL), 0);
    buf_clear(&said);
}

static void a_full_disk_is_retry(void **state) {
    (void)state;
    char id[300];
    unsigned n = 0;
    close_all();
    assert_int_equal(folder_remove(dir), 0);
    open_all(256 * 1024);
    do {
        buf_clear(&said);
        snprintf(id, sizeof id, ANSWER("%u", "x", EARLY), ++n);
        say("web", id);
        batch_commit(batch);
    } while (strstr(buf_cstr(&said), "\"accepted\"") && n < 100000);
    assert_non_null(strstr(buf_cstr(&said), "\"status\":\"retry\""));
    assert_null(strstr(buf_cstr(&said), "seq"));
    assert_int_equal(failed, 0);
    assert_int_equal(memory_count(memory), n - 1);
    assert_int_equal(journal_drop(journal, n, 100000), 0);
    buf_clear(&said);
    say("web", id);
    batch_commit(batch);
    snprintf(id, sizeof id, "{\"v\":1,\"id\":\"%u\",\"status\":\"accepted\",\"seq\":%u}\n", n, n);
    heard(id);
}

/* What could not be remembered after a restart is not accepted. */
static void too_many_keys_is_retry(void **state) {
    (void)state;
    close_all();
    keys_most = 2;
    for (int round = 0; round < 2; round++) {
        open_all(0);
        say("web", "[" ANSWER("a", "x", EARLY) "," ANSWER("b", "x", EARLY) "]");
        batch_commit(batch);
        buf_clear(&said);
        say("web", "[" ANSWER("c", "x", EARLY) "," ANSWER("a", "x", EARLY) "]");
        batch_commit(batch);
        assert_non_null(strstr(buf_cstr(&said), "\"id\":\"c\",\"status\":\"retry\""));
        assert_non_null(strstr(buf_cstr(&said), "\"id\":\"a\",\"status\":\"accepted\""));
        assert_int_equal(memory_count(memory), 2);
        assert_int_equal(failed, 0);
        close_all();
    }
    keys_most = MEMORY_KEYS_MOST;
    open_all(0);
    buf_clear(&said);
    say("web", ANSWER("c", "x", EARLY));
    batch_commit(batch);
    heard("{\"v\":1,\"id\":\"c\",\"status\":\"accepted\",\"seq\":3}\n");
}

static void stop(void *ctx) {
    (void)ctx;
    loop_stop(loop);
}

static void the_turn_commits_and_a_second_is_enough(void **state) {
    (void)state;
    say("web", ANSWER("a", "x", EARLY));
    say("web", ANSWER("b", "x", ""));
    loop_after(loop, PENDING_WAIT / 2, stop, NULL);
    assert_int_equal(loop_run(loop, NULL, NULL, NULL, 0), 0);
    heard("{\"v\":1,\"id\":\"a\",\"status\":\"accepted\",\"seq\":1}\n");
    loop_after(loop, PENDING_WAIT, stop, NULL);
    assert_int_equal(loop_run(loop, NULL, NULL, NULL, 0), 0);
    heard("{\"v\":1,\"id\":\"b\",\"status\":\"accepted\",\"seq\":2}\n");
}

static void too_many_wait(void **state) {
    (void)state;
    char json[300];
    for (unsigned n = 1; n <= PENDING_MAX + 10; n++) {
        snprintf(json, sizeof json, ANSWER("%u", "x", ""), n);
        say("web", json);
    }
    batch_commit(batch);
    assert_true(askers.slots <= PENDING_MAX);
    assert_non_null(strstr(buf_cstr(&said), "\"status\":\"accepted\""));
    pending_release(pending);
    assert_int_equal(askers.slots, 0);
    buf_clear(&said);
}

static void asides_are_few(void **state) {
    (void)state;
    struct door_item item = {.id = TEXT_LIT("a")};
    uint64_t ever = 0;
    complain(&item.complaint, "malformed", "", "It is nothing.");
    for (unsigned i = 0; i < 3 * ASIDES_A_SECOND; i++)
        if (asides_note(&asides, TEXT_LIT("web"), &item))
            batch_wake(batch);
    batch_commit(batch);
    assert_int_equal(journal_aside_count(journal, &ever), 0);
    assert_int_equal(ever, ASIDES_A_SECOND);
    assert_true(asides.refused == 3 * ASIDES_A_SECOND && asides.left_out == 2 * ASIDES_A_SECOND);
}

static int begin(void **state) {
    (void)state;
    if (folder_make(dir, "keys_test") || loop_open(&loop) < 0)
        return -1;
    door_init(&reading);
    buf_init(&frame, DOOR_FRAME_BYTES);
    buf_init(&said, (size_t)16 << 20);
    asides_init(&asides);
    askers_init(&askers, on_send, NULL);
    failed = 0;
    open_all(0);
    return 0;
}

static int end(void **state) {
    (void)state;
    close_all();
    askers_free(&askers);
    asides_free(&asides);
    buf_free(&said);
    buf_free(&frame);
    door_free(&reading);
    loop_close(&loop);
    return folder_remove(dir);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(accepted_after_the_commit),
        ROW(decided),
        ROW(said_again),
        ROW(said_twice_in_a_batch),
        ROW(what_the_inbox_keeps),
        ROW(a_full_disk_is_retry),
        ROW(too_many_keys_is_retry),
        ROW(the_turn_commits_and_a_second_is_enough),
        ROW(too_many_wait),
        ROW(asides_are_few),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
