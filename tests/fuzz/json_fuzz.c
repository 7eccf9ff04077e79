/* JSON to MessagePack, to JSON, to MessagePack: the bytes are the same. And any bytes that are
 * MessagePack can be printed. */
#include "common/json.h"
#include "common/pack.h"

#define MOST ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text text = {(const char *)data, size};
    struct bytes bytes = {data, size};
    char error[JSON_ERROR_TEXT];
    struct buf first, json, second;

    buf_init(&first, MOST);
    buf_init(&json, MOST);
    buf_init(&second, MOST);
    if (json_to_pack(text, &first, error) == 0) {
        must(json_from_pack(buf_as_bytes(&first), &json) == 0);
        must(json_to_pack(buf_as_text(&json), &second, error) == 0);
        must(bytes_eq(buf_as_bytes(&first), buf_as_bytes(&second)));
    }
    buf_clear(&json);
    if (json_from_pack(bytes, &json) == 0)
        must(pack_is_one(bytes, PACK_DEPTH) && text_is_utf8(buf_as_text(&json)));
    buf_free(&first);
    buf_free(&json);
    buf_free(&second);
    return 0;
}
