// The frame of a file (docs/format.md, sections 1, 2 and 7): signature, version, chunks with lengths and
// checksums.

import { crc32, crc32InSlices } from "./checksum.js";
import { FormatError, LimitError, require, requireMore } from "./errors.js";

const signature = [0x89, 0x47, 0x53, 0x49, 0x0d, 0x0a, 0x1a, 0x0a];
const oldest = 3,
    newest = 4; // versions; the newest one has chunk BLKS
const order = ["HEAD", "mETA", "gRAN", "GAUS", "LATT", "TURN", "BLKS", "LAYR", "TAIL"];
const layerChunk = "LAYR";
const gaussianChunks = ["GAUS", layerChunk];
const mostChunks = 1024;

/** @typedef {{name: string, length: number}} ChunkHead */
/** @typedef {{name: string, payload: Uint8Array}} Chunk */

/** Collects the bytes of a file as they come, and hands out each chunk as soon as all its bytes are there. */
export class Container {
    /** @param {number} maxBytes the limit for the file */
    constructor(maxBytes) {
        this.maxBytes = maxBytes;
        this.data = new Uint8Array(0);
        this.size = 0; // bytes of the file so far: the rest of data is free
        this.offset = 0; // where the next field starts
        this.ended = false; // no more bytes will come
        this.version = 0; // 0 where it is not known yet
        /** @type {Set<string>} */
        this.seen = new Set(); // types of chunks so far
        this.chunks = 0;
        this.layers = 0;
    }

    /** Adds the next bytes of the file. Throws LimitError. @param {Uint8Array} bytes */
    push(bytes) {
        const size = this.size + bytes.length;
        if (size > this.maxBytes)
            throw new LimitError(`the file is over the limit of ${this.maxBytes} bytes`);
        if (size > this.data.length) {
            const larger = new Uint8Array(Math.min(this.maxBytes, Math.max(size, 2 * this.data.length)));
            larger.set(this.data.subarray(0, this.size));
            this.data = larger;
        }
        this.data.set(bytes, this.size);
        this.size = size;
    }

    /** Whether the last chunk has been read. */
    get complete() {
        return this.seen.has("TAIL");
    }

    /**
     * The next chunk; null where its bytes have not all come yet, and after the last chunk. Yields now and
     * then. Throws FormatError, LimitError.
     *
     * @returns {Generator<undefined, Chunk | null>}
     */
    *next() {
        if (this.offset === 0 && !this.readFrame()) return null;
        if (this.complete) return this.checkEnd();
        const head = this.head();
        if (!head || !this.has(12 + head.length, head)) return null;
        const start = this.offset,
            end = start + 8 + head.length;
        const payload = this.data.subarray(start + 8, end);
        const sum = yield* crc32InSlices(payload, crc32(this.data.subarray(start, start + 4)));
        require(sum === this.u32(end), `chunk ${head.name}: checksum mismatch`);
        this.checkPlace(head.name);
        this.seen.add(head.name);
        this.chunks += 1;
        if (head.name === layerChunk) this.layers += 1;
        if (head.name === "TAIL")
            require(!head.length, `chunk TAIL: must be empty, has ${head.length} bytes`);
        this.offset = end + 4;
        return { name: head.name, payload };
    }

    /** Whether the head of the current chunk has come, and the chunk holds Gaussians. */
    isAtGaussians() {
        return this.offset > 0 && gaussianChunks.includes(this.head()?.name ?? "");
    }

    /** The bytes that, as far as is known, the current chunk still lacks; 1 or more where it is not whole. */
    get lacking() {
        const left = this.size - this.offset;
        return this.offset === 0 || left < 8 ? 1 : 12 + this.u32(this.offset + 4) - left;
    }

    /** @param {number} at */
    u32(at) {
        return (
            (this.data[at] |
                (this.data[at + 1] << 8) |
                (this.data[at + 2] << 16) |
                (this.data[at + 3] << 24)) >>>
            0
        );
    }

    /** Reads signature and version; false where they have not come yet. */
    readFrame() {
        const { data, size } = this,
            n = Math.min(size, 8);
        for (let i = 0; i < n; ++i) if (data[i] !== signature[i]) throw new FormatError(this.whatIsWrong());
        if (size < 10) {
            if (!this.ended) return false;
            require(size, "the file is empty");
            require(size >= 8, `truncated in the signature: ${size} of 8 bytes`);
            throw new FormatError(`truncated in the version: ${size - 8} of 2 bytes`);
        }
        const version = data[8] | (data[9] << 8);
        require(version >= oldest &&
            version <= newest, `version ${version} is not supported, only versions ${oldest} and ${newest}`);
        this.version = version;
        this.offset = 10;
        return true;
    }

    /** The message about a wrong signature. */
    whatIsWrong() {
        const start = [...this.data.subarray(0, Math.min(4, this.size))];
        if (start.length === 4 && start.every((byte, i) => byte === (signature[i] & 127)))
            return "damaged signature: a 7-bit transfer stripped the top bit of every byte";
        if (start.length === 4 && start.every((byte, i) => byte === signature[i]))
            return "damaged signature: a text-mode transfer converted the newlines";
        return "not a gsimg file";
    }

    /** The head of the current chunk; null where it has not come yet. @returns {ChunkHead | null} */
    head() {
        const start = this.offset,
            number = this.chunks + 1,
            left = this.size - start;
        require(!left || this.chunks < mostChunks, `more than ${mostChunks} chunks`);
        if (left < 8) {
            if (!this.ended) return null;
            requireMore(left, `the file ends without chunk ${this.missing("TAIL") ?? "TAIL"}`);
            requireMore(false, `truncated in the head of chunk ${number}: ${left} of 8 bytes`);
        }
        const type = this.data.subarray(start, start + 4),
            name = String.fromCharCode(...type);
        const hex = () => [...type].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
        require(/^[A-Za-z]{4}$/.test(name), () =>
            `chunk ${number}: its type ${hex()} is not four ASCII letters`);
        return { name, length: this.u32(start + 4) };
    }

    /** Whether so many bytes of the current chunk have come. @param {number} bytes @param {ChunkHead} head */
    has(bytes, { name, length }) {
        const left = this.size - this.offset;
        if (left >= bytes) return true;
        if (!this.ended) {
            if (this.offset + bytes <= this.maxBytes) return false;
            throw new LimitError(`chunk ${name}: the file is over the limit of ${this.maxBytes} bytes`);
        }
        requireMore(left - 8 >= length, `chunk ${name}: ${length} bytes declared, ${left - 8} left`);
        requireMore(false, `chunk ${name}: truncated in the checksum: ${left - 8 - length} of 4 bytes`);
        return false; // requireMore() throws
    }

    /** Checks whether a chunk may follow those so far. @param {string} name */
    checkPlace(name) {
        const { seen } = this;
        require(name === layerChunk || !seen.has(name), `chunk ${name} occurs twice`);
        if (!order.includes(name)) {
            require(/^[a-z]/.test(name), `unknown critical chunk ${name}`);
            require(seen.size, `the first chunk must be HEAD, not ${name}`);
            return;
        }
        const missing = this.missing(name);
        require(!missing, `chunk ${missing} is missing before chunk ${name}`);
        const late = order.slice(order.indexOf(name) + 1).some((later) => seen.has(later));
        require(!late, `chunk ${name} is out of order`);
        require(name !== "BLKS" ||
            this.version >= newest, `chunk BLKS is not part of version ${this.version}`);
        require(name !== "LATT" || !seen.has("GAUS"), "chunk LATT: the numbers are in chunk GAUS already");
    }

    /**
     * A chunk that must come before this one and has not.
     *
     * @param {string} name
     * @returns {string | undefined}
     */
    missing(name) {
        const numbers = this.seen.has("LATT") ? layerChunk : "GAUS";
        /** @type {Record<string, string[]>} */
        const needs = {
            HEAD: [],
            TURN: ["HEAD", "LATT"],
            BLKS: ["HEAD", "LATT"],
            LAYR: ["HEAD", "LATT"],
            TAIL: ["HEAD", numbers],
        };
        return (needs[name] ?? ["HEAD"]).find((each) => !this.seen.has(each));
    }

    /** Checks that nothing follows the last chunk. */
    checkEnd() {
        require(this.size === this.offset, () => `${this.size - this.offset} bytes after the end chunk`);
        return null;
    }
}
