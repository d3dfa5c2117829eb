/** Builds the page into dist/: npm run build. Takes the device's phrases from edge/locale. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build, transform } from "esbuild";

import { licencesOf } from "./licences.js";
import { tableOf } from "./phrases_table.js";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const finished = join(here, "dist");
/** Whoever serves the page meanwhile has the old one, and then the new one. */
const target = join(here, "dist.new");
const STATIC = ["index.html", "manifest.webmanifest", "icons/icon.svg"];
STATIC.push(...["icon-192", "icon-512", "maskable-512", "touch-180"].map((name) => `icons/${name}.png`));
/** What every phone that opens the page knows how to read. */
const TARGET = ["chrome100", "safari15.4", "firefox100"];

const phrases = {
  name: "facecue-phrases",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^facecue-phrases$/ }, ({ path }) => ({ path, namespace: "phrases" }));
    onLoad({ filter: /.*/, namespace: "phrases" }, () => {
      const table = tableOf(join(here, "..", "..", "edge", "locale"));
      return { contents: JSON.stringify(table), loader: "json" };
    });
  },
};

rmSync(target, { recursive: true, force: true });
mkdirSync(join(target, "icons"), { recursive: true });
for (const file of STATIC) cpSync(join(source, file), join(target, file));

const version = JSON.parse(readFileSync(join(here, "package.json"), "utf8")).version;
await build({
  entryPoints: [join(source, "main.js"), join(source, "style.css")],
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: TARGET,
  legalComments: "none",
  define: { VERSION: JSON.stringify(version) },
  plugins: [phrases],
  logLevel: "warning",
});

const files = readdirSync(target, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(target.length + 1))
  .sort();
const hash = createHash("sha256");
for (const file of files) hash.update(file).update(readFileSync(join(target, file)));
const worker = await transform(readFileSync(join(source, "service-worker.js"), "utf8"), {
  minify: true,
  target: TARGET,
  define: {
    VERSION: JSON.stringify(`${version}-${hash.digest("hex").slice(0, 12)}`),
    FILES_OF_PAGE: JSON.stringify(["./", ...files.map((file) => `./${file}`)]),
  },
});
writeFileSync(join(target, "service-worker.js"), worker.code);
writeFileSync(join(target, "licences.txt"), licencesOf(join(here, "node_modules"), "mqtt"));
rmSync(finished, { recursive: true, force: true });
renameSync(target, finished);
