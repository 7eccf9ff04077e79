#include "services/intake/door.h"

#include <errno.h>
#include <string.h>

#include "common/pack.h"

#define BODIES_BYTES (2 * DOOR_FRAME_BYTES)
#define FIELDS_READ 8 /* of a request, which has 5 */

enum { HAS_V = 1, HAS_ID = 2, HAS_TYPE = 4, HAS_BODY = 8, HAS_WAIT = 16 };

struct envelope {
    unsigned has;
    struct bytes body;
};

static bool has_controls(struct text t) {
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.p[i] < 0x20 || t.p[i] == 0x7f)
            return true;
    return false;
}

static int refuse(struct door_item *item, const char *code, const char *field, const char *text) {
    complain(&item->complaint, code, field, "%s", text);
    return -EBADMSG;
}

static int read_version(struct pack_reader *r, struct door_item *item) {
    int64_t v;
    return pack_read_int(r, &v) && v == DOOR_VERSION
               ? 0
               : refuse(item, "bad-value", "v", "must be 1, the version");
}

static int read_name(struct pack_reader *r, const char *field, struct door_item *item,
                     struct text *ret) {
    struct text t;
    if (!pack_read_text(r, &t) || t.n == 0 || has_controls(t))
        return refuse(item, "bad-value", field,
                      "must be a text of 1 to 64 bytes without control characters");
    if (t.n > DOOR_ID_BYTES) {
        complain(&item->complaint, "too-long", field, "is %zu bytes; at most %d", t.n,
                 DOOR_ID_BYTES);
        return -EBADMSG;
    }
    *ret = t;
    return 0;
}

static int read_body(struct pack_reader *r, struct door_item *item, struct bytes *ret) {
    return pack_peek(r) == PACK_MAP && pack_read_raw(r, ret)
               ? 0
               : refuse(item, "bad-value", "body", "must be a map of fields");
}

static int read_wait(struct pack_reader *r, struct door_item *item) {
    struct text wait;
    item->early = pack_read_text(r, &wait) && text_is(wait, "accepted");
    return item->early ? 0 : refuse(item, "bad-value", "wait", "must be accepted, or absent");
}

static unsigned field_of(struct text name) {
    static const struct {
        const char *name;
        unsigned field;
    } fields[] = {
        {"v", HAS_V}, {"id", HAS_ID}, {"type", HAS_TYPE}, {"body", HAS_BODY}, {"wait", HAS_WAIT}};
    for (unsigned i = 0; i < COUNT_OF(fields); i++)
        if (text_is(name, fields[i].name))
            return fields[i].field;
    return 0;
}

/* A name that is not ours is repeated only if it cannot hurt whoever reads it. */
static int refuse_name(struct door_item *item, const char *code, struct text name,
                       const char *text) {
    char field[17] = "";
    if (name.n < sizeof field && check_id(name) == 0)
        must(text_copy(name, field, sizeof field) == 0);
    return refuse(item, code, field, text);
}

static int read_field(struct pack_reader *r, struct door_item *item, struct envelope *envelope) {
    struct text name;
    if (!pack_read_text(r, &name))
        return refuse(item, "malformed", "", "must have texts as keys");
    unsigned field = field_of(name);
    if (field == 0)
        return refuse_name(item, "unknown-field", name,
                           "is not a field of a request: v, id, type, body and wait are");
    if (envelope->has & field)
        return refuse_name(item, "bad-value", name, "is given twice");
    if (pack_read_nil(r))
        return 0;
    envelope->has |= field;
    switch (field) {
    case HAS_V:
        return read_version(r, item);
    case HAS_ID:
        return read_name(r, "id", item, &item->id);
    case HAS_TYPE:
        return read_name(r, "type", item, &item->type);
    case HAS_BODY:
        return read_body(r, item, &envelope->body);
    default:
        return read_wait(r, item);
    }
}

/* Reads on after something bad, so that the answer can carry the id. */
static int read_envelope(struct bytes request, struct door_item *item, struct envelope *ret) {
    struct pack_reader r = pack_read(request);
    struct complaint first;
    uint32_t pairs;
    int result = 0;
    if (!pack_read_map(&r, &pairs))
        return refuse(item, "malformed", "", "must be a map, or an array of maps");
    /* Whoever gives more has given an unknown one or one twice by then. */
    for (uint32_t i = 0; i < pairs && i < FIELDS_READ; i++) {
        struct pack_reader field = r;
        if (read_field(&r, item, ret) == 0)
            continue;
        if (result == 0)
            first = item->complaint;
        result = -EBADMSG;
        r = field;
        if (!pack_skip(&r) || !pack_skip(&r))
            break;
    }
    if (result < 0)
        item->complaint = first;
    return result;
}

static int check_envelope(const struct envelope *envelope, struct door_item *item) {
    static const struct {
        unsigned field;
        const char *name;
    } required[] = {{HAS_V, "v"}, {HAS_ID, "id"}, {HAS_TYPE, "type"}, {HAS_BODY, "body"}};
    for (unsigned i = 0; i < COUNT_OF(required); i++)
        if (!(envelope->has & required[i].field))
            return refuse(item, "missing", required[i].name, "is required");
    return 0;
}

static int check_right(const struct door_who *who, struct door_item *item) {
    if (who->is_unknown)
        return refuse(item, "not-allowed", "", "this key is not known any more");
    if (msg_find(item->type, &item->msg) < 0)
        return refuse(item, "unknown-type", "type", "there is no message of this type");
    if (!who->client || keyring_allows(who->client, item->msg))
        return 0;
    return refuse(item, "not-allowed", "type",
                  !who->client->is_operator && !(msg_shapes[item->msg].speakers & FRONTEND)
                      ? "only operators may say this"
                      : "this key may not say this");
}

static void read_request(struct door_reading *ret, const struct door_who *who, struct bytes request,
                         struct door_item *item) {
    struct envelope envelope = {.has = 0};
    union any_msg msg;
    size_t start = ret->bodies.n;
    *item = (struct door_item){.size = request.n};
    if (read_envelope(request, item, &envelope) < 0 || check_envelope(&envelope, item) < 0)
        return;
    if (request.n > DOOR_REQUEST_BYTES) {
        complain(&item->complaint, "too-large", "", "is %zu bytes; at most %zu", request.n,
                 DOOR_REQUEST_BYTES);
        return;
    }
    if (check_right(who, item) < 0 ||
        codec_decode_scanned(&msg_shapes[item->msg], CODEC_STRICT, envelope.body, &msg,
                             &item->complaint) < 0)
        return;
    codec_encode(&msg_shapes[item->msg], &msg, &ret->bodies);
    must(!ret->bodies.over);
    /* The buffer may move yet: door_read() makes it an address. */
    item->body = (struct bytes){NULL, ret->bodies.n - start};
    item->is_good = true;
}

/* What can be saved of a frame whose bytes are broken: perhaps the id, for the answer. */
static void read_broken(struct bytes frame, struct door_item *item) {
    struct envelope envelope = {.has = 0};
    *item = (struct door_item){.size = frame.n};
    (void)read_envelope(frame, item, &envelope);
    if (!text_is_utf8(item->id))
        item->id = TEXT_NONE;
    if (!text_is_utf8(item->type))
        item->type = TEXT_NONE;
    complain(&item->complaint, "malformed", "",
             "must be one MessagePack map, or an array of maps, with texts as keys, nested at most "
             "%d deep, in UTF-8, without fractions or extension types",
             CODEC_DEPTH);
}

static void read_array(struct door_reading *ret, const struct door_who *who, struct bytes frame) {
    struct pack_reader r = pack_read(frame);
    uint32_t count;
    must(pack_read_array(&r, &count));
    if (count > DOOR_REQUESTS) {
        ret->count = 1;
        ret->items[0] = (struct door_item){.size = frame.n};
        complain(&ret->items[0].complaint, "too-large", "", "has %u requests; at most %d", count,
                 DOOR_REQUESTS);
        return;
    }
    ret->is_array = true;
    ret->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes request;
        must(pack_read_raw(&r, &request));
        read_request(ret, who, request, &ret->items[i]);
    }
}

void door_init(struct door_reading *reading) {
    reading->is_array = false;
    reading->count = 0;
    buf_init(&reading->bodies, BODIES_BYTES);
}

void door_free(struct door_reading *reading) {
    buf_free(&reading->bodies);
}

void door_read(struct door_reading *ret, const struct door_who *who, struct bytes frame) {
    struct pack_reader r = pack_read(frame);
    bool is_array = pack_peek(&r) == PACK_ARRAY;
    size_t at = 0;
    buf_clear(&ret->bodies);
    ret->is_array = false;
    ret->count = 1;
    if (frame.n > DOOR_FRAME_BYTES || !pack_is_one(frame, CODEC_DEPTH + (is_array ? 1 : 0)))
        read_broken(frame, &ret->items[0]);
    else if (is_array)
        read_array(ret, who, frame);
    else
        read_request(ret, who, frame, &ret->items[0]);
    for (unsigned i = 0; i < ret->count; i++)
        if (ret->items[i].is_good) {
            ret->items[i].body.p = ret->bodies.p + at;
            at += ret->items[i].body.n;
        }
}
