// The child's side of exchange.py: pictures in, scores out.

import fs from 'node:fs';
import path from 'node:path';

/** Every picture as {height, width, rgb: Uint8Array}. */
export function readPictures(folder) {
  const sizes = JSON.parse(fs.readFileSync(path.join(folder, 'pictures.json'), 'utf8'));
  const bytes = fs.readFileSync(path.join(folder, 'pictures.raw'));
  let start = 0;
  return sizes.map(([height, width]) => {
    const rgb = bytes.subarray(start, start + height * width * 3);
    start += rgb.length;
    return { height, width, rgb };
  });
}

/** rows: one array of numbers a picture. */
export function writeScores(folder, rows) {
  const scores = Float32Array.from(rows.flatMap((row) => Array.from(row)));
  fs.writeFileSync(path.join(folder, 'scores.raw'), Buffer.from(scores.buffer));
}
