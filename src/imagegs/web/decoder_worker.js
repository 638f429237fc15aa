// The script of the package's worker.

import { serveWorker } from "./worker.js";

// TypeScript takes `self` for a window.
serveWorker(/** @type {import("./worker.js").Scope} */ (/** @type {unknown} */ (self)));
