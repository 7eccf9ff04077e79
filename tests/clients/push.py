#!/usr/bin/python3
"""Says one event to Cirkel over the network and prints what became of it.

    push.py tcp://cirkel.example:7411 web.key person.register '{"name": "Anna", …}' [ID]

web.key is what `cirkel key new web --types 'person.*' --out DIR` wrote. The same ID said again changes nothing.
"""
import json
import sys
import uuid

import msgpack
import zmq


def push(endpoint, key_file, type, body, id=None, patience=10000):
    with open(key_file) as file:
        key = dict(line.strip().split(" = ", 1) for line in file if " = " in line)
    door = zmq.Context.instance().socket(zmq.REQ)
    door.curve_serverkey, door.linger = key["server"].encode(), 0
    door.curve_publickey, door.curve_secretkey = key["public"].encode(), key["secret"].encode()
    door.connect(endpoint)
    door.send(msgpack.packb({"v": 1, "id": id or uuid.uuid4().hex, "type": type, "body": body}))
    answer = msgpack.unpackb(door.recv()) if door.poll(patience) else None
    door.close()
    return answer


if __name__ == "__main__":
    answer = push(*sys.argv[1:4], json.loads(sys.argv[4]), *sys.argv[5:6])
    print(json.dumps(answer, ensure_ascii=False))
    sys.exit(0 if answer and answer["status"] in ("applied", "accepted") else 1)
