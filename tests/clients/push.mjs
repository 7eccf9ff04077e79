// Says one event to Cirkel over the network and prints what became of it.
//
//     node push.mjs tcp://cirkel.example:7411 web.key person.register '{"name": "Anna", …}' [ID]
//
// Needs: npm install zeromq @msgpack/msgpack. web.key is what `cirkel key new web --types 'person.*' --out DIR`
// wrote. The same ID said again changes nothing.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { decode, encode } from "@msgpack/msgpack";
import { Request } from "zeromq";

const [endpoint, keyFile, type, body, id = randomUUID()] = process.argv.slice(2);
const key = Object.fromEntries(
    readFileSync(keyFile, "utf8").split("\n").filter((line) => line.includes(" = "))
        .map((line) => line.split(" = ", 2)));
const door = new Request({
    linger: 0,
    receiveTimeout: 10_000,
    curveServerKey: key.server,
    curvePublicKey: key.public,
    curveSecretKey: key.secret,
});
door.connect(endpoint);
await door.send(encode({ v: 1, id, type, body: JSON.parse(body) }));
const [frame] = await door.receive();
const answer = decode(frame);
console.log(JSON.stringify(answer));
door.close();
process.exitCode = ["applied", "accepted"].includes(answer.status) ? 0 : 1;
