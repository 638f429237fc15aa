// imagegs for web pages: reads .gsimg files and paints them. docs/web.md tells how to use it.

export { decode } from "./decoder.js";
export { ChangedError, FormatError, LimitError, UnsupportedError } from "./errors.js";
export { GrainSampler } from "./grain_sampler.js";
export { levelOf } from "./levels.js";
export { defaultLimits } from "./limits.js";
export { mapsOf } from "./maps.js";
export { openPicture } from "./open_picture.js";
export { Painting } from "./painting.js";
export { Picture, loadPicture } from "./picture.js";
export { makeRenderer } from "./renderer.js";
export { Sampler } from "./sampler.js";
export { serveWorker } from "./worker.js";
