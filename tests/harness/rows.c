#include "tests/harness/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"

#define RECORD_BYTES_MOST ((size_t)1 << 20)

struct key rows_key(const char *const *parts) {
    struct key key;
    key_clear(&key);
    for (; *parts; parts++)
        key_text(&key, text_of(*parts));
    return key;
}

void rows_put(struct txn *txn, enum table table, struct key key, const void *rec) {
    struct buf value;
    buf_init(&value, RECORD_BYTES_MOST);
    codec_encode(&rec_shapes[table_infos[table].record], rec, &value);
    assert_int_equal(store_put(txn, table, key_bytes(&key), buf_as_bytes(&value)), 0);
    buf_free(&value);
}

void rows_mark(struct txn *txn, enum table table, struct key key, const char *value) {
    assert_int_equal(store_put(txn, table, key_bytes(&key), (struct bytes){value, strlen(value)}),
                     0);
}

void rows_del(struct txn *txn, enum table table, struct key key) {
    assert_int_equal(store_del(txn, table, key_bytes(&key)), 0);
}
