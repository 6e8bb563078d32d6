// Makes editor.js of editor.mjs and the packages that package-lock.json names, with vendored.toml, which says what it is
// made of, and the licences of all that is in it. Takes the folder to write to (by default the one above this one).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, version } from "esbuild";

const here = import.meta.dirname;
const out = resolve(process.argv[2] ?? join(here, ".."));
const made = await build({
  absWorkingDir: here,
  entryPoints: ["editor.mjs"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  metafile: true,
  write: false,
});
const script = made.outputFiles[0].contents;
const names = Object.keys(made.metafile.inputs).map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
const packages = [...new Set(names.filter(Boolean))].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { name, version, license, text: readFileSync(join(folder, "LICENSE"), "utf8").trim() };
});
const manifest = [
  "# Scripts that are made of the work of others; written by editor/build.mjs. Their licences are in LICENCES.txt.",
  '["editor.js"]',
  `sha384 = "${createHash("sha384").update(script).digest("base64")}"`,
  'made_from = "editor/editor.mjs, with the packages of editor/package-lock.json"',
  `made_by = "esbuild ${version}"`,
  ...packages.map(
    ({ name, version, license }) =>
      `[["editor.js".packages]]\nname = "${name}"\nversion = "${version}"\nlicence = "${license}"`,
  ),
];
const licences = packages.map(({ name, version, text }) => `== ${name} ${version}\n${text}\n`);
writeFileSync(join(out, "editor.js"), script);
writeFileSync(join(out, "vendored.toml"), `${manifest.join("\n")}\n`);
writeFileSync(join(out, "LICENCES.txt"), licences.join("\n"));
