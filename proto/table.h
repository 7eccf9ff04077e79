/* table - the tables of `core` by name (tables.def), for store.h. */
#ifndef PROTO_TABLE_H
#define PROTO_TABLE_H

#include "proto/shape.h"

enum table {
#define TABLE(NAME, name, record, key, doc) TABLE_##NAME,
#include "proto/tables.def"
#undef TABLE
    TABLE_COUNT
};

struct table_info {
    const char *name;
    enum rec_type record; /* REC_NONE: an index or marks */
    const char *key, *doc;
};
extern const struct table_info table_infos[TABLE_COUNT];
extern const char *const table_names[TABLE_COUNT];

#endif
