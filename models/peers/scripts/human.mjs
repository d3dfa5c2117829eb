// Human's emotion net on whole pictures: node human.mjs PACKAGES FOLDER
// The library detects the face first; what follows here is the rest of its src/gear/emotion.ts.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { readPictures, writeScores } from './exchange.mjs';

const [packages, folder] = process.argv.slice(2);
const require = createRequire(path.join(packages, 'package.json'));
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');
const model = path.join(packages, 'node_modules', '@vladmandic', 'human', 'models', 'emotion');

await tf.setBackend('wasm');
await tf.ready();
const { modelTopology, weightsManifest } = JSON.parse(fs.readFileSync(`${model}.json`, 'utf8'));
const weights = fs.readFileSync(`${model}.bin`);
const net = await tf.loadGraphModel(tf.io.fromMemory({
  modelTopology,
  weightSpecs: weightsManifest.flatMap((group) => group.weights),
  weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
}));
const side = net.inputs[0].shape[2];

const rows = readPictures(folder).map(({ height, width, rgb }) => tf.tidy(() => {
  const picture = tf.tensor4d(Float32Array.from(rgb), [1, height, width, 3]).div(255);
  const fitted = tf.image.resizeBilinear(picture, [side, side], false);
  const grey = fitted.mul(tf.tensor1d([0.2989, 0.587, 0.114])).sum(3, true);
  return net.execute(grey.sub(0.5).mul(2)).dataSync();
}));
writeScores(folder, rows);
