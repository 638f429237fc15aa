// Reads KTX2 files by the package ktx-parse: what it finds in each, and whether it would write the same bytes.
import { readFileSync } from "node:fs";
import { read, write } from "ktx-parse";

const found = process.argv.slice(2).map((path) => {
    const bytes = readFileSync(path);
    const file = read(new Uint8Array(bytes));
    return {
        vkFormat: file.vkFormat,
        width: file.pixelWidth,
        height: file.pixelHeight,
        levels: file.levels.map((level) => Buffer.from(level.levelData).toString("hex")),
        descriptor: file.dataFormatDescriptor[0],
        texts: file.keyValue,
        same: bytes.equals(write(file, { keepWriter: true })),
    };
});
console.log(JSON.stringify(found));
