// The conformance files, for tests of the decoder.

import { readFileSync, readdirSync } from "node:fs";

const folder = new URL("../../conformance/", import.meta.url);

const bytesOf = (path) => new Uint8Array(readFileSync(new URL(path, folder)));
const jsonOf = (path) => JSON.parse(readFileSync(new URL(path, folder), "utf8"));

/** Names of the files that must be read. */
export const validNames = readdirSync(new URL("valid/", folder))
    .filter((name) => name.endsWith(".gsimg"))
    .map((name) => name.replace(".gsimg", ""));

/** [name, message] of the files that must be refused. */
export const invalidNames = Object.entries(jsonOf("invalid/expected.json"));

/** The bytes of a file and what a decoder should find in them. */
export const valid = (name) => ({
    bytes: bytesOf(`valid/${name}.gsimg`),
    expected: jsonOf(`valid/${name}.json`),
});

export const invalid = (name) => bytesOf(`invalid/${name}.gsimg`);
