// The adaptive model, which the blocks of a file use in turn.

import assert from "node:assert/strict";
import { test } from "node:test";

import { AdaptiveModel, family } from "../../src/imagegs/web/adaptive_model.js";
import { RangeDecoder } from "../../src/imagegs/web/range_decoder.js";

/** Reads n numbers of several families from noise. @returns {number[]} */
function readNumbers(model, n, seed) {
    let state = seed;
    const noise = Uint8Array.from({ length: 20 * n }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state >>> 24;
    });
    model.stream = new RangeDecoder(noise);
    return Array.from({ length: n }, (_, i) => {
        model.enter(i % 3 ? family.color + (i % 2) : family.shorter, i % 16, (7 * i) % 16);
        return model.integer();
    });
}

test("a model that goes back to what it had learned reads on as one that was never away", () => {
    const kept = new AdaptiveModel(2),
        shared = new AdaptiveModel(2);
    readNumbers(kept, 300, 1);
    readNumbers(shared, 300, 1);
    const learned = shared.learned();
    shared.recall(null);
    assert.deepEqual(readNumbers(shared, 300, 2), readNumbers(new AdaptiveModel(2), 300, 2));
    shared.recall(learned);
    for (const field of ["one", "seen", "weights"]) assert.deepEqual(shared[field], kept[field], field);
    assert.deepEqual(readNumbers(shared, 300, 3), readNumbers(kept, 300, 3));
    assert.deepEqual(shared.learned(), kept.learned());
});

test("what was learned from little is little", () => {
    const model = new AdaptiveModel(32);
    readNumbers(model, 1, 1);
    const { places, weights } = model.learned();
    assert.ok(places.length > 0 && places.length <= 3 * 26); // three counters a decision, 26 decisions a number
    assert.equal(weights.length, places.length); // three weights for each node, which has three counters
    readNumbers(model, 300, 1);
    const more = model.learned().places;
    assert.equal(new Set(more).size, more.length);
    model.recall(null);
    assert.equal(model.learned().places.length, 0);
});
