// Workers from a text that the page itself holds. Such a worker has the page's origin, as browsers demand.

/**
 * Starts a worker from the text of its script.
 *
 * @param {string} text
 * @param {WorkerOptions} [options]
 * @returns {Worker}
 */
export function workerFromText(text, options) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
        return new Worker(trusted(url), options);
    } finally {
        URL.revokeObjectURL(url);
    }
}

/** @typedef {{createScriptURL(url: string): string}} ScriptPolicy */
/** @typedef {{createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy}} TrustedTypes */

/** @type {ScriptPolicy | null} */
let policy = null;

/**
 * The address in the form that a page with Trusted Types demands, if its Content-Security-Policy allows a
 * policy named "imagegs"; else the address itself.
 *
 * @param {string} url
 * @returns {string}
 */
function trusted(url) {
    const { trustedTypes } = /** @type {{trustedTypes?: TrustedTypes}} */ (globalThis);
    try {
        policy ??= trustedTypes?.createPolicy("imagegs", { createScriptURL: (text) => text }) ?? null;
        return policy ? policy.createScriptURL(url) : url;
    } catch {
        return url; // the page does not allow the policy
    }
}
