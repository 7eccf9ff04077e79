// Says one event to Cirkel over the network and prints what became of it.
//
//     node push.mjs tcp://cirkel.example:7411 web.key person.register '{"name": "Anna", …}' [ID]
//
// Needs: npm install zeromq @msgpack/msgpack. web.key is what `cirkel key new web --types 'person.*' --out DIR`
// wrote. The same ID said again changes nothing: whoever has no answer, or none that is final, says the same again
// under the same ID, and keeps the ID until then.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { decode, encode } from "@msgpack/msgpack";
import { Dealer } from "zeromq";

const FINAL = ["applied", "refused", "conflict"];
const [endpoint, keyFile, type, body, id = randomUUID()] = process.argv.slice(2);
if (!body) {
    console.error("Usage: node push.mjs ENDPOINT KEYFILE TYPE BODY [ID]");
    process.exit(2);
}
const key = Object.fromEntries(
    readFileSync(keyFile, "utf8").split("\n").filter((line) => line.includes(" = "))
        .map((line) => line.split(" = ", 2)));

async function ask(request) {
    const door = new Dealer({
        linger: 0,
        receiveTimeout: 3000,
        curveServerKey: key.server,
        curvePublicKey: key.public,
        curveSecretKey: key.secret,
    });
    try {
        door.connect(endpoint);
        await door.send(encode(request));
        const [frame] = await door.receive();
        return decode(frame);
    } catch (error) {
        if (error.code !== "EAGAIN")
            throw error;
        return undefined; // no answer in time
    } finally {
        door.close();
    }
}

let answer;
for (const end = Date.now() + 60_000; !FINAL.includes(answer?.status) && Date.now() < end;) {
    answer = await ask({ v: 1, id, type, body: JSON.parse(body) }) ?? answer;
    if (!FINAL.includes(answer?.status))
        await sleep(200); // "retry": not now; "accepted": it is safe, and not yet decided
}
if (answer)
    console.log(JSON.stringify(answer));
else
    console.error(`No answer from ${endpoint}. It may have been taken or not: say it again with the ID ${id}`);
process.exitCode = ["applied", "accepted"].includes(answer?.status) ? 0 : 1;
