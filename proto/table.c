#include "proto/table.h"

const struct table_info table_infos[TABLE_COUNT] = {
#define TABLE(NAME, name_, record_, key_, doc_) {#name_, REC_##record_, key_, doc_},
#include "proto/tables.def"
#undef TABLE
};

const char *const table_names[TABLE_COUNT] = {
#define TABLE(NAME, name_, record_, key_, doc_) #name_,
#include "proto/tables.def"
#undef TABLE
};
