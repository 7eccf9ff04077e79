#include "services/intake/intake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

#define BURST 1000
#define HIGH_WATER 20000 /* as many as may be pending: an answer is never too many */
#define SELF_TEST_WAIT (5 * SECONDS)

static struct door_who who_is(const struct front *front, const struct peer *from) {
    const struct key_client *client;
    if (!front->is_outside)
        return (struct door_who){.owner = TEXT_LIT(KEYRING_OFFICE)};
    client = keyring_find_z85(front->intake->keyring, text_of(from->user));
    if (!client)
        return (struct door_who){.is_unknown = true};
    return (struct door_who){.owner = text_of(client->owner), .client = client};
}

static void refuse(struct intake *intake, const struct door_who *who, const struct door_item *item,
                   struct ask *ask, unsigned slot) {
    if (asides_note(&intake->asides, who->owner, item)) {
        batch_wake(intake->batch);
        log_debug("request_refused", "code=%s field=%s", item->complaint.code,
                  item->complaint.field);
    }
    ask_answer(ask, slot,
               &(struct answer){.status = "refused",
                                .code = text_of(item->complaint.code),
                                .field = text_of(item->complaint.field),
                                .text = text_of(item->complaint.text)});
}

static void take_item(struct intake *intake, const struct door_who *who,
                      const struct door_item *item, struct ask *ask, unsigned slot) {
    if (intake->is_stopping)
        ask_answer(ask, slot, &(struct answer){.status = "retry"});
    else if (item->is_good)
        batch_add(intake->batch, who->owner, item, ask, slot);
    else
        refuse(intake, who, item, ask, slot);
}

static void on_frame(void *ctx, const struct peer *from, struct bytes payload) {
    struct front *front = ctx;
    struct intake *intake = front->intake;
    struct door_reading *reading = &intake->reading;
    struct door_who who = who_is(front, from);
    struct ask *ask;
    door_read(reading, &who, payload);
    ask = ask_new(&intake->askers, front->door, from, reading->is_array, reading->count);
    for (unsigned i = 0; i < reading->count; i++)
        ask_set_id(ask, i, reading->items[i].id);
    for (unsigned i = 0; i < reading->count; i++)
        take_item(intake, &who, &reading->items[i], ask, i);
}

static int open_here(struct intake *intake) {
    char endpoint[PATH_MAX];
    struct bus_options options = {.endpoint = endpoint,
                                  .max_bytes = DOOR_FRAME_BYTES,
                                  .burst = BURST,
                                  .high_water = HIGH_WATER};
    arguments_endpoint(intake->home, "run/intake.ipc", endpoint);
    intake->here = (struct front){.intake = intake};
    return bus_serve(intake->bus, &options, on_frame, &intake->here, &intake->here.door);
}

static int open_outside(struct intake *intake) {
    char keys[PATH_MAX];
    struct bus_key key;
    struct bus_options options = {.endpoint = intake->settings.listen,
                                  .max_bytes = DOOR_FRAME_BYTES,
                                  .burst = BURST,
                                  .high_water = HIGH_WATER,
                                  .curve = &key};
    arguments_path(intake->home, "keys", keys);
    int r = keyring_server(keys, true, &key);
    if (r < 0) {
        log_error("server_key_unreadable", "file=keys/server.key error=%s",
                  keyring_server_trouble(r));
        return r;
    }
    intake->outside = (struct front){.intake = intake, .is_outside = true};
    r = bus_admit(intake->bus, keyring_admit, intake->keyring);
    if (r == 0)
        r = bus_serve(intake->bus, &options, on_frame, &intake->outside, &intake->outside.door);
    explicit_bzero(&key, sizeof key);
    if (r < 0) {
        log_error("door_not_opened", "endpoint=%s error=%s", intake->settings.listen, strerror(-r));
        return r;
    }
    r = bus_self_test(intake->bus, intake->outside.door, SELF_TEST_WAIT);
    if (r < 0)
        log_error("door_not_tight", "endpoint=%s error=%s; a stranger was not refused",
                  intake->settings.listen, strerror(-r));
    return r;
}

int front_open(struct intake *intake) {
    int r = open_here(intake);
    if (r < 0) {
        log_error("door_not_opened", "endpoint=run/intake.ipc error=%s", strerror(-r));
        return r;
    }
    if (intake->settings.listen[0] == '\0')
        return 0;
    r = open_outside(intake);
    if (r == 0)
        log_info("door_opened", "endpoint=%s", bus_endpoint(intake->outside.door));
    return r;
}

void front_send(void *ctx, struct door *door, const struct peer *to, struct bytes payload) {
    struct intake *intake = ctx;
    if (bus_send(door, to, payload) < 0)
        intake->answers_lost++;
}
