/* rows - rows put into a store by hand, for tests of what reads them.
 *
 * ERRORS     What does not go as it should is the test's failure: cmocka's.
 */
#ifndef TESTS_HARNESS_ROWS_H
#define TESTS_HARNESS_ROWS_H

#include "common/store.h"
#include "proto/table.h"

struct key rows_key(const char *const *parts); /* of texts, up to NULL */
#define ROWS_KEY(...) rows_key((const char *const[]){__VA_ARGS__, NULL})

void rows_put(struct txn *txn, enum table table, struct key key, const void *rec);
void rows_mark(struct txn *txn, enum table table, struct key key, const char *value);
void rows_del(struct txn *txn, enum table table, struct key key);

#endif
