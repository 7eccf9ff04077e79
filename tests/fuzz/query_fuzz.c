/* Whatever comes to the gateway: what is good is within its limits and was allowed, a token or a
 * cursor of nobody's is refused, and every refusal has a code, a sentence and a readable answer. */
/* service: gateway */
#include "common/pack.h"
#include "services/gateway/asking.h"
#include "services/gateway/cursor.h"
#include "services/gateway/person.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cursor(struct text cursor) {
    char again[CURSOR_TEXT];
    struct key key, back;
    if (cursor_read(TEXT_LIT("q"), cursor, &key) < 0)
        return;
    cursor_write(TEXT_LIT("q"), key_bytes(&key), again);
    must(cursor_read(TEXT_LIT("q"), text_of(again), &back) == 0);
    must(bytes_eq(key_bytes(&key), key_bytes(&back)));
}

static void check_good(struct request *request, const struct key_client *client) {
    static const struct token_key links = {{1}};
    const struct query_info *info = &query_infos[request->query];
    struct token token;
    struct text person;
    must(!client || keyring_may_ask(client, request->query));
    must(request->limit >= 1 && request->limit <= REQUEST_ROWS);
    must(request->id.n > 0 && request->id.n <= REQUEST_ID_BYTES && text_is_utf8(request->id));
    must(!request->person.p || (check_id(request->person) == 0 && !request->token.p));
    must(!request->person.p || !client || client->may_ask_as_person);
    must(info->who != QUERY_PERSON || request->person.p || request->token.p);
    must((person_find(request, &links, 1, &token, &person) == 0) == !request->token.p);
    if (request->after.p)
        check_cursor(request->after);
}

static void check_bad(const struct request *request) {
    struct buf out;
    must(request->complaint.code && request->complaint.text[0]);
    must(request->id.n <= REQUEST_ID_BYTES);
    buf_init(&out, 4096);
    asking_refuse(request, "refused", &out);
    must(!out.over && pack_is_one(buf_as_bytes(&out), CODEC_DEPTH));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct key_client client = {.owner = "web"};
    const struct who whos[] = {{.client = NULL}, {.client = &client}};
    for (unsigned i = 0; i < QUERY_COUNT; i += 2)
        client.may_ask[i] = true;
    for (unsigned i = 0; i < COUNT_OF(whos); i++) {
        struct request request;
        request_read(&request, &whos[i], (struct bytes){data, size});
        if (request.is_good)
            check_good(&request, whos[i].client);
        else
            check_bad(&request);
    }
    check_cursor((struct text){(const char *)data, size});
    return 0;
}
