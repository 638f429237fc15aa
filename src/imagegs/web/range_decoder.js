// The arithmetic decoder of a layer (docs/format.md, section 6).

const sliceSize = 2 ** 16; // bytes between two chances to do something else

/** A stream of decisions. Bytes behind its end count as 0. */
export class RangeDecoder {
    /** @param {Uint8Array} bytes */
    constructor(bytes) {
        this.bytes = bytes;
        this.offset = 0;
        this.low = 0; // low, high and value are unsigned numbers of 32 bits
        this.high = 0xffffffff;
        this.value = 0;
        for (let i = 0; i < 4; ++i) this.value = ((this.value << 8) | this.byte()) >>> 0;
    }

    /** The next byte. */
    byte() {
        return this.offset < this.bytes.length ? this.bytes[this.offset++] : 0;
    }

    /** Reads a decision that is 1 with the probability p / 65536. @param {number} p 1..65535 */
    bit(p) {
        const range = this.high - this.low;
        const middle = this.low + Math.floor((range * p) / 65536); // 48 bits: exact in float64
        const bit = this.value <= middle ? 1 : 0;
        if (bit) this.high = middle;
        else this.low = middle + 1;
        while (((this.low ^ this.high) & 0xff000000) === 0) {
            this.low = (this.low << 8) >>> 0;
            this.high = ((this.high << 8) | 255) >>> 0;
            this.value = ((this.value << 8) | this.byte()) >>> 0;
        }
        return bit;
    }

    /** Reads one of 0..n - 1, all equally likely. @param {number} n @returns {number} */
    uniform(n) {
        let low = 0;
        while (n > 1) {
            const h = Math.floor(n / 2);
            if (this.bit(Math.floor(((n - h) * 65536) / n))) ((low += h), (n -= h));
            else n = h;
        }
        return low;
    }

    /**
     * Whether bytes are left that are not zero. Yields now and then.
     *
     * @returns {Generator<undefined, boolean>}
     */
    *hasMore() {
        for (let i = this.offset; i < this.bytes.length; ++i) {
            if (this.bytes[i]) return true;
            if (i % sliceSize === 0) yield;
        }
        return false;
    }
}
