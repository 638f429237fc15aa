// The rules for JavaScript: those of the library, of its tests and tools, and of the scripts of pages.

import js from "@eslint/js";

const browser = Object.fromEntries(
    `AbortController AbortSignal Blob CSSStyleSheet DOMException ErrorEvent Event FinalizationRegistry
    GPUBufferUsage GPUMapMode GPUOutOfMemoryError GPURenderPipeline GPUTextureUsage IntersectionObserver
    MessageChannel ProgressEvent Request ResizeObserver Response TextDecoder URL Worker console customElements
    devicePixelRatio document fetch getComputedStyle matchMedia performance queueMicrotask reportError self`
        .split(/\s+/)
        .map((name) => [name, "readonly"]),
);
const node = Object.fromEntries(
    [
        "AbortController",
        "Buffer",
        "MessageChannel",
        "URL",
        "console",
        "performance",
        "process",
        "structuredClone",
    ].map((name) => [name, "readonly"]),
);
const strict = {
    "default-case-last": "error",
    eqeqeq: "error",
    "no-control-regex": "off", // names are checked for control characters
    "no-else-return": "error",
    "no-implicit-coercion": ["error", { boolean: false }],
    "no-shadow-restricted-names": "error",
    "no-throw-literal": "error",
    "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    "no-useless-rename": "error",
    "no-var": "error",
    "object-shorthand": "error",
    "prefer-const": ["error", { destructuring: "all" }],
    "prefer-object-has-own": "error",
    radix: "error",
};

export default [
    { ignores: ["**/types/", "**/node_modules/", "build/", "dist/", "demo/", ".venv/"] },
    { linterOptions: { reportUnusedDisableDirectives: "error" } },
    js.configs.recommended,
    { rules: strict },
    { files: ["src/imagegs/web/**/*.js"], languageOptions: { globals: browser } },
    { files: ["tests/**/*.mjs"], languageOptions: { globals: node } },
    {
        files: ["**/*.cjs"],
        languageOptions: {
            sourceType: "commonjs",
            globals: { ...node, __dirname: "readonly", require: "readonly" },
        },
    },
    {
        // Scripts that stand in a page one behind the other: what is named in one is used in another.
        files: [
            "src/imagegs/pages/*.js",
            "src/imagegs/viewer/page/*.js",
            "src/imagegs/evaluation/report_page/*.js",
        ],
        languageOptions: { sourceType: "script", ecmaVersion: "latest" },
        rules: {
            "no-undef": "off",
            "no-unused-vars": ["error", { vars: "local", argsIgnorePattern: "^_" }],
        },
    },
];
