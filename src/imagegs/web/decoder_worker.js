// The package's worker.

import { serveWorker } from "./worker.js";

serveWorker(self);
