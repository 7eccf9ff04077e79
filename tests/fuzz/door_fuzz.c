/* Whatever comes to the front door: what is good is within the limits of its message, was allowed,
 * and reads the same again; what is bad has a code and a sentence. */
/* service: intake */
#include "common/pack.h"
#include "services/intake/answer.h"
#include "services/intake/door.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_good(const struct door_item *item, const struct key_client *client) {
    union any_msg msg;
    struct complaint complaint;
    struct buf again;
    must(!client || keyring_allows(client, item->msg));
    must(item->id.n > 0 && item->id.n <= DOOR_ID_BYTES && text_is_utf8(item->id));
    must(text_is(item->type, msg_shapes[item->msg].name));
    must(codec_decode(&msg_shapes[item->msg], CODEC_STRICT, item->body, &msg, &complaint) == 0);
    buf_init(&again, 2 * DOOR_FRAME_BYTES);
    codec_encode(&msg_shapes[item->msg], &msg, &again);
    must(bytes_eq(buf_as_bytes(&again), item->body));
    buf_free(&again);
}

static void check_bad(const struct door_item *item) {
    struct answer answer = {.status = "refused",
                            .code = text_of(item->complaint.code),
                            .field = text_of(item->complaint.field),
                            .text = text_of(item->complaint.text)};
    struct buf out;
    must(item->complaint.code && item->complaint.text[0]);
    must(item->id.n <= DOOR_ID_BYTES && item->type.n <= DOOR_ID_BYTES);
    buf_init(&out, DOOR_REQUEST_BYTES);
    answer_encode(&answer, item->id, &out);
    must(!out.over && pack_is_one(buf_as_bytes(&out), CODEC_DEPTH));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct door_reading reading;
    static struct key_client client = {.owner = "web"};
    const struct door_who whos[] = {{.owner = TEXT_LIT("office")},
                                    {.owner = TEXT_LIT("web"), .client = &client}};
    if (reading.bodies.limit == 0)
        door_init(&reading);
    for (unsigned i = 0; i < MSG_COUNT; i += 2)
        client.may[i] = true;
    for (unsigned who = 0; who < COUNT_OF(whos); who++) {
        door_read(&reading, &whos[who], (struct bytes){data, size});
        must(reading.count <= DOOR_REQUESTS && (reading.is_array || reading.count == 1));
        for (unsigned i = 0; i < reading.count; i++)
            if (reading.items[i].is_good)
                check_good(&reading.items[i], whos[who].client);
            else
                check_bad(&reading.items[i]);
    }
    return 0;
}
