#!/usr/bin/python3
"""Reads facts from Cirkel over the network, one JSON a line, until there are no more.

    read_facts.py tcp://cirkel.example:7412 web.key [NUMBER]

NUMBER is the last fact that is known already. web.key is what `cirkel key new web --types 'query.facts.*' --out DIR`
wrote. Any other query is asked in the same way.
"""
import json
import sys
import uuid

import msgpack
import zmq


def connect(endpoint, key_file):
    with open(key_file) as file:
        key = dict(line.strip().split(" = ", 1) for line in file if " = " in line)
    door = zmq.Context.instance().socket(zmq.DEALER)
    door.curve_serverkey, door.linger = key["server"].encode(), 0
    door.curve_publickey, door.curve_secretkey = key["public"].encode(), key["secret"].encode()
    door.connect(endpoint)
    return door


def ask(door, query, body, patience=10000, **more):
    """One page; None when there is no answer."""
    door.send(msgpack.packb({"v": 1, "id": uuid.uuid4().hex, "query": query, "body": body, **more}))
    return msgpack.unpackb(door.recv()) if door.poll(patience) else None


def read_all(door, query, body, **more):
    """Every row of every page."""
    while True:
        answer = ask(door, query, body, **more)
        if not answer or answer["status"] != "ok":
            raise RuntimeError(f"{query}: {answer}")
        yield from answer["rows"]
        if "next" not in answer:
            return
        more["after"] = answer["next"]


if __name__ == "__main__":
    known = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for fact in read_all(connect(*sys.argv[1:3]), "facts.since", {"no": known}):
        print(json.dumps(fact, ensure_ascii=False), flush=True)
