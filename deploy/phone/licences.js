/** What others made and the built page holds: their terms, to go along with it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The licence texts of a package and of all it depends on.
 *
 * @param {string} modules the folder node_modules
 * @param {string} name
 * @returns {string}
 */
export function licencesOf(modules, name) {
  const found = new Map();
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    // Types and the like are not there where only some platforms need them.
    const folder = join(modules, next);
    if (found.has(next) || !existsSync(folder)) continue;
    const { version, license, dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const files = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
    const texts = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
    found.set(next, [`${next} ${version} (${license})`, ...texts].join("\n\n"));
    waiting.push(...Object.keys(dependencies));
  }
  return [...found.entries()].sort().map(([, text]) => `${text}\n`).join(`\n${"-".repeat(72)}\n\n`);
}
