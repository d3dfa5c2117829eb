// face-api's expression net on whole pictures: node face_api.mjs PACKAGES FOLDER

import { createRequire } from 'node:module';
import path from 'node:path';
import { readPictures, writeScores } from './exchange.mjs';

const [packages, folder] = process.argv.slice(2);
const require = createRequire(path.join(packages, 'package.json'));
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
const model = path.join(packages, 'node_modules', '@vladmandic', 'face-api', 'model');
const LABELS = ['neutral', 'happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised'];

await faceapi.tf.setBackend('wasm');
await faceapi.tf.ready();
const net = faceapi.nets.faceExpressionNet;
await net.loadFromDisk(model);

const rows = [];
for (const { height, width, rgb } of readPictures(folder)) {
  // The library itself brings the tensor to 112 px and subtracts its mean.
  const picture = faceapi.tf.tensor3d(rgb, [height, width, 3], 'int32');
  const found = await net.predictExpressions(picture);
  rows.push(LABELS.map((label) => found[label]));
  picture.dispose();
}
writeScores(folder, rows);
