#!/usr/bin/python3
"""Says events to Cirkel over the network and prints what became of them.

    push.py tcp://cirkel.example:7411 web.key person.register '{"name": "Anna", …}' [ID]

web.key is what `cirkel key new web --types 'person.*' --out DIR` wrote. The same ID said again changes nothing: whoever
has no answer, or none that is final, says the same again under the same ID, and keeps the ID until then.
"""
import json
import sys
import time
import uuid

import msgpack
import zmq

FINAL = ("applied", "refused", "conflict")


def push_all(endpoint, key_file, requests, patience=60000):
    """Up to 256 at once; the answer to each, after so many ms None where there was none."""
    with open(key_file) as file:
        key = dict(line.strip().split(" = ", 1) for line in file if " = " in line)
    answers, open_ones, end = {}, requests, time.monotonic() + patience / 1000
    while open_ones and time.monotonic() < end:
        door = zmq.Context.instance().socket(zmq.DEALER)
        door.curve_serverkey, door.linger = key["server"].encode(), 0
        door.curve_publickey, door.curve_secretkey = key["public"].encode(), key["secret"].encode()
        door.connect(endpoint)
        door.send(msgpack.packb(open_ones))
        if door.poll(min(3000, max(0, 1000 * (end - time.monotonic())))):
            answers.update((answer["id"], answer) for answer in msgpack.unpackb(door.recv()))
        door.close()
        open_ones = [r for r in requests if answers.get(r["id"], {}).get("status") not in FINAL]
        time.sleep(0.2 if open_ones else 0)  # "retry": not now; "accepted": it is safe, and not yet decided
    return [answers.get(request["id"]) for request in requests]


def push(endpoint, key_file, type, body, id=None, patience=60000):
    return push_all(endpoint, key_file, [{"v": 1, "id": id or uuid.uuid4().hex, "type": type, "body": body}], patience)[0]


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    id = sys.argv[5] if len(sys.argv) == 6 else uuid.uuid4().hex
    answer = push(*sys.argv[1:4], json.loads(sys.argv[4]), id)
    if not answer:
        sys.exit(f"No answer from {sys.argv[1]}. It may have been taken or not: say it again with the ID {id}")
    print(json.dumps(answer, ensure_ascii=False))
    sys.exit(0 if answer["status"] in ("applied", "accepted") else 1)
