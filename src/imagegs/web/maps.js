// The maps of a file that can be shown: those of a texture stack, or the picture as a single map.

import { FormatError } from "./errors.js";

/** @type {Record<number, string[]>} */
const pictureChannels = { 1: ["Y"], 2: ["Y", "A"], 3: ["R", "G", "B"], 4: ["R", "G", "B", "A"] };
/** The fields of a map in the metadata, and the type of each. */
const fields = {
    name: "string",
    file: "string",
    kind: "string",
    bit_depth: "number",
    channels: "number",
    color_space: "string",
    unit_length: "boolean",
    cutout: "boolean", // for who writes files: a mask is shown with soft edges
};
/** What stands for fields that an entry lacks. */
const defaults = { cutout: false };

/**
 * @typedef {object} TextureMap
 * @property {string} name
 * @property {number[]} columns      the columns of the colours that are this map's channels, 1 to 4
 * @property {string[]} channels     the names of these channels within the map
 * @property {string} colorSpace     "srgb" or "linear"; the values are shown as they are
 * @property {boolean} unitLength    whether colours v stand for vectors 2 v - 1 of length 1
 */

/**
 * The maps of a file, from the list in its metadata (docs/textures.md). A file without a list is a single
 * map, "Picture", if its channels are those of a picture; else every channel is a map. Throws FormatError for
 * a damaged list.
 *
 * @param {{channels: string[], metadata: Record<string, any> | null}} picture
 * @returns {TextureMap[]}
 */
export function mapsOf({ channels, metadata }) {
    if (metadata && Object.hasOwn(metadata, "maps")) return fromList(metadata.maps, channels);
    const own = pictureChannels[channels.length];
    if (own && own.every((name, i) => name === channels[i]))
        return [
            {
                name: "Picture",
                columns: channels.map((_, i) => i),
                channels,
                colorSpace: "srgb",
                unitLength: false,
            },
        ];
    const linear = { colorSpace: "linear", unitLength: false };
    return channels.map((name, i) => ({ name, columns: [i], channels: [name], ...linear }));
}

/** @param {unknown} list the list in the metadata @param {string[]} channels @returns {TextureMap[]} */
function fromList(list, channels) {
    /** @type {(condition: unknown, problem: string) => void} */
    const check = (condition, problem) => {
        if (!condition) throw new FormatError(`the list of maps ${problem}`);
    };
    check(Array.isArray(list) && list.length, "is damaged: no list, or an empty one");
    const maps = /** @type {Record<string, any>[]} */ (list).map((entry, i) => {
        const valid = entry && typeof entry === "object" && !Array.isArray(entry);
        check(valid, `is damaged: map ${i + 1} is no object`);
        /** @type {Record<string, unknown>} */
        const whole = { ...defaults, ...entry };
        for (const [field, type] of Object.entries(fields))
            check(typeof whole[field] === type, `is damaged: map ${i + 1} has no valid ${field}`);
        const own = pictureChannels[entry.channels];
        check(
            own && [8, 16].includes(entry.bit_depth),
            `is damaged: map ${i + 1} has no valid bit_depth or channels`,
        );
        check(
            !entry.unit_length || own.length === 3,
            `is damaged: map ${i + 1} has no vectors of three channels`,
        );
        check(!whole.cutout || own.length !== 3, `is damaged: map ${i + 1} has no channel for a mask`);
        const columns = own.map((name) => channels.indexOf(`${entry.name}.${name}`));
        return {
            name: entry.name,
            columns,
            channels: own,
            colorSpace: entry.color_space,
            unitLength: entry.unit_length,
        };
    });
    check(
        new Set(maps.map(({ name }) => name)).size === maps.length,
        "is damaged: two maps have the same name",
    );
    const expected = maps.flatMap(({ name, channels: own }) => own.map((channel) => `${name}.${channel}`));
    const fits = expected.length === channels.length && expected.every((name, i) => name === channels[i]);
    check(fits, "does not fit the channels of the file");
    return maps;
}
