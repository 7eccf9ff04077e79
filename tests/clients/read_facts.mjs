// Reads facts from Cirkel over the network, one JSON a line, until there are no more.
//
//     node read_facts.mjs tcp://cirkel.example:7412 web.key [NUMBER]
//
// Needs: npm install zeromq @msgpack/msgpack. NUMBER is the last fact that is known already. web.key is what
// `cirkel key new web --types 'query.facts.*' --out DIR` wrote. Any other query is asked in the same way.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { decode, encode } from "@msgpack/msgpack";
import { Request } from "zeromq";

const [endpoint, keyFile, known = "0"] = process.argv.slice(2);
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

async function* readAll(query, body) {
    for (let after; ;) {
        await door.send(encode({ v: 1, id: randomUUID(), query, body, ...(after && { after }) }));
        const [frame] = await door.receive();
        const answer = decode(frame);
        if (answer.status !== "ok")
            throw new Error(JSON.stringify(answer));
        yield* answer.rows;
        after = answer.next;
        if (!after)
            return;
    }
}

for await (const fact of readAll("facts.since", { no: Number(known) }))
    console.log(JSON.stringify(fact));
door.close();
