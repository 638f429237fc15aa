// The package's worker.

import { serveWorker } from "./worker.js";

serveWorker(/** @type {any} */ (self)); // TypeScript takes it for a window
