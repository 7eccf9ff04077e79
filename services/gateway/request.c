#include "services/gateway/request.h"

#include <errno.h>

#include "common/pack.h"

#define FIELDS_READ 12 /* of a request, which has 9 */

struct reading {
    struct request *to;
    struct text query;
    struct bytes body;
    bool has_version;
};

static int read_version(struct pack_reader *r, struct reading *reading) {
    int64_t v;
    if (!pack_read_int(r, &v) || v != REQUEST_VERSION)
        return request_refuse(reading->to, "bad-value", "v", "must be 1, the version");
    reading->has_version = true;
    return 0;
}

/* A text that is there, within so many bytes, without control characters. */
static int read_text(struct pack_reader *r, struct reading *reading, const char *field, size_t most,
                     struct text *ret) {
    struct text t;
    bool is_good = pack_read_text(r, &t) && t.n > 0;
    for (size_t i = 0; is_good && i < t.n; i++)
        is_good = (unsigned char)t.p[i] >= 0x20 && t.p[i] != 0x7f;
    if (!is_good)
        return request_refuse(reading->to, "bad-value", field,
                              "must be a text that is not empty, without control characters");
    if (t.n > most) {
        complain(&reading->to->complaint, "too-long", field, "is %zu bytes; at most %zu", t.n,
                 most);
        return -EBADMSG;
    }
    *ret = t;
    return 0;
}

static int read_id(struct pack_reader *r, struct reading *reading) {
    return read_text(r, reading, "id", REQUEST_ID_BYTES, &reading->to->id);
}

static int read_query(struct pack_reader *r, struct reading *reading) {
    return read_text(r, reading, "query", REQUEST_ID_BYTES, &reading->query);
}

static int read_body(struct pack_reader *r, struct reading *reading) {
    return pack_peek(r) == PACK_MAP && pack_read_raw(r, &reading->body)
               ? 0
               : request_refuse(reading->to, "bad-value", "body", "must be a map of fields");
}

static int read_after(struct pack_reader *r, struct reading *reading) {
    return read_text(r, reading, "after", REQUEST_BYTES, &reading->to->after);
}

static int read_limit(struct pack_reader *r, struct reading *reading) {
    int64_t limit;
    if (!pack_read_int(r, &limit) || limit < 1 || limit > REQUEST_ROWS)
        return request_refuse(reading->to, "bad-value", "limit", "must be a number from 1 to 100");
    reading->to->limit = (unsigned)limit;
    return 0;
}

static int read_language(struct pack_reader *r, struct reading *reading) {
    struct text t;
    if (!pack_read_text(r, &t) || !(text_is(t, "da") || text_is(t, "sv") || text_is(t, "en")))
        return request_refuse(reading->to, "bad-value", "language", "must be da, sv or en");
    reading->to->language = t;
    return 0;
}

static int read_person(struct pack_reader *r, struct reading *reading) {
    struct text t;
    if (!pack_read_text(r, &t) || check_id(t))
        return request_refuse(reading->to, "bad-value", "person",
                              "must be an id: 1 to 64 of a-z 0-9 - . _");
    reading->to->person = t;
    return 0;
}

static int read_token(struct pack_reader *r, struct reading *reading) {
    return read_text(r, reading, "token", REQUEST_TOKEN_BYTES, &reading->to->token);
}

static const struct {
    const char *name;
    int (*read)(struct pack_reader *r, struct reading *reading);
} fields[] = {
    {"v", read_version},         {"id", read_id},         {"query", read_query},
    {"body", read_body},         {"after", read_after},   {"limit", read_limit},
    {"language", read_language}, {"person", read_person}, {"token", read_token},
};

/* A name that is not ours is repeated only if it cannot hurt whoever reads it. */
static int refuse_name(struct reading *reading, struct text name, const char *code,
                       const char *text) {
    char field[17] = "";
    if (name.n < sizeof field && check_id(name) == 0)
        must(text_copy(name, field, sizeof field) == 0);
    return request_refuse(reading->to, code, field, text);
}

static int read_field(struct pack_reader *r, struct reading *reading, unsigned *has) {
    struct text name;
    if (!pack_read_text(r, &name))
        return request_refuse(reading->to, "malformed", "", "must have texts as keys");
    for (unsigned i = 0; i < COUNT_OF(fields); i++) {
        if (!text_is(name, fields[i].name))
            continue;
        if (*has & 1U << i)
            return refuse_name(reading, name, "bad-value", "is given twice");
        *has |= 1U << i;
        return pack_read_nil(r) ? 0 : fields[i].read(r, reading);
    }
    return refuse_name(reading, name, "unknown-field",
                       "is not a field of a request: v, id, query, body, after, limit, language, "
                       "person and token are");
}

/* Reads on after something bad, so that the answer can carry the id. */
static int read_fields(struct bytes frame, struct reading *reading) {
    struct pack_reader r = pack_read(frame);
    struct complaint first;
    unsigned has = 0;
    uint32_t pairs;
    int result = 0;
    if (!pack_read_map(&r, &pairs))
        return request_refuse(reading->to, "malformed", "", "must be a map");
    /* Whoever gives more has given an unknown one or one twice by then. */
    for (uint32_t i = 0; i < pairs && i < FIELDS_READ; i++) {
        struct pack_reader next = r;
        must(pack_skip(&next) && pack_skip(&next));
        if (read_field(&r, reading, &has) < 0 && result == 0) {
            first = reading->to->complaint;
            result = -EBADMSG;
        }
        r = next;
    }
    if (result < 0)
        reading->to->complaint = first;
    return result;
}

static int check_given(struct reading *reading) {
    const struct {
        bool is_given;
        const char *name;
    } required[] = {{reading->has_version, "v"},
                    {reading->to->id.p != NULL, "id"},
                    {reading->query.p != NULL, "query"},
                    {reading->body.p != NULL, "body"}};
    for (unsigned i = 0; i < COUNT_OF(required); i++)
        if (!required[i].is_given)
            return request_refuse(reading->to, "missing", required[i].name, "is required");
    return 0;
}

static int check_right(const struct who *who, struct reading *reading) {
    struct request *to = reading->to;
    if (who->is_unknown)
        return request_refuse(to, "not-allowed", "", "this key is not known any more");
    if (query_find(reading->query, &to->query) < 0)
        return request_refuse(to, "unknown-type", "query", "there is no query of this name");
    if (who->client && !keyring_may_ask(who->client, to->query))
        return request_refuse(to, "not-allowed", "query", "this key may not ask this");
    if (to->person.p && who->client && !who->client->may_ask_as_person)
        return request_refuse(to, "not-allowed", "person",
                              "this key may ask as a person only with a token");
    if (to->person.p && to->token.p)
        return request_refuse(to, "conflict", "person", "give a person or a token, not both");
    if (query_infos[to->query].who == QUERY_PERSON && !to->person.p && !to->token.p)
        return request_refuse(to, "missing", "token",
                              "is required: this is asked as a person, with the token of a link");
    return 0;
}

void request_read(struct request *ret, const struct who *who, struct bytes frame) {
    struct reading reading = {.to = ret};
    *ret = (struct request){.limit = REQUEST_ROWS_DEFAULT};
    if (frame.n > REQUEST_BYTES) {
        complain(&ret->complaint, "too-large", "", "is %zu bytes; at most %zu", frame.n,
                 REQUEST_BYTES);
        return;
    }
    if (!pack_is_one(frame, CODEC_DEPTH)) {
        complain(&ret->complaint, "malformed", "",
                 "must be one MessagePack map with texts as keys, nested at most %d deep, in "
                 "UTF-8, without fractions or extension types",
                 CODEC_DEPTH);
        return;
    }
    if (read_fields(frame, &reading) < 0 || check_given(&reading) < 0 ||
        check_right(who, &reading) < 0)
        return;
    ret->is_good = codec_decode(&query_infos[ret->query].shape, CODEC_STRICT, reading.body,
                                &ret->body, &ret->complaint) == 0;
}

int request_refuse(struct request *request, const char *code, const char *field, const char *text) {
    complain(&request->complaint, code, field, "%s", text);
    return -EBADMSG;
}
