"""A table of the core, read by liblmdb itself: no process of ours is asked while it counts."""
import ctypes

import msgpack


class Table:

    class Stat(ctypes.Structure):
        _fields_ = [("psize", ctypes.c_uint), ("depth", ctypes.c_uint), ("branch", ctypes.c_size_t),
                    ("leaf", ctypes.c_size_t), ("overflow", ctypes.c_size_t), ("entries", ctypes.c_size_t)]

    class Value(ctypes.Structure):
        _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]

    READ_ONLY, RESIZED, LAST, PREVIOUS = 0x20000, -30785, 6, 12  # as in lmdb.h
    HEAD = 5  # bytes before a record in its row: the format and a checksum

    def __init__(self, folder, name):
        self.lmdb, self.env, self.name = ctypes.CDLL("liblmdb.so.0"), ctypes.c_void_p(), name.encode()
        self.must(self.lmdb.mdb_env_create(ctypes.byref(self.env)))
        self.must(self.lmdb.mdb_env_set_maxdbs(self.env, 4))
        self.must(self.lmdb.mdb_env_open(self.env, folder.encode(), self.READ_ONLY, 0o600))

    def must(self, error):
        if error:
            raise SystemExit(f"bench: lmdb error {error} at {self.name.decode()}")

    def begin(self):
        txn, table = ctypes.c_void_p(), ctypes.c_uint()
        error = self.lmdb.mdb_txn_begin(self.env, None, self.READ_ONLY, ctypes.byref(txn))
        if error == self.RESIZED:  # the scheduler made it larger: its size is taken over
            self.must(self.lmdb.mdb_env_set_mapsize(self.env, ctypes.c_size_t(0)))
            error = self.lmdb.mdb_txn_begin(self.env, None, self.READ_ONLY, ctypes.byref(txn))
        self.must(error)
        self.must(self.lmdb.mdb_dbi_open(txn, self.name, 0, ctypes.byref(table)))
        return txn, table

    def count(self):
        (txn, table), stat = self.begin(), self.Stat()
        self.must(self.lmdb.mdb_stat(txn, table, ctypes.byref(stat)))
        self.lmdb.mdb_txn_abort(txn)
        return stat.entries

    def last(self, count):
        """The last records, the latest first; their moments in milliseconds."""
        (txn, table), cursor, key, value, rows = self.begin(), ctypes.c_void_p(), self.Value(), self.Value(), []
        self.must(self.lmdb.mdb_cursor_open(txn, table, ctypes.byref(cursor)))
        while len(rows) < count:
            self.must(self.lmdb.mdb_cursor_get(cursor, ctypes.byref(key), ctypes.byref(value),
                                               self.PREVIOUS if rows else self.LAST))
            rows.append(msgpack.unpackb(ctypes.string_at(value.data + self.HEAD, value.size - self.HEAD)))
        self.lmdb.mdb_cursor_close(cursor)
        self.lmdb.mdb_txn_abort(txn)
        return rows

    def close(self):
        self.lmdb.mdb_env_close(self.env)
