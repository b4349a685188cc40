// Files with random content and their SHA-256, made without holding them in memory.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, existsSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { until } from './wait.mjs';

const block = 1024 * 1024;

/** @returns {{path: string, name: string, size: number, sha256: string}} */
export function makeFile(dir, name, size) {
  const at = path.join(dir, name);
  const fd = openSync(at, 'w');
  const hash = createHash('sha256');
  for (let left = size; left > 0; left -= block) {
    const bytes = randomBytes(Math.min(block, left));
    writeSync(fd, bytes);
    hash.update(bytes);
  }
  closeSync(fd);
  return { path: at, name, size, sha256: hash.digest('hex') };
}

export async function sha256Of(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Waits until a download of that size lies in `dir`; returns its path. */
export async function downloaded(dir, size, options) {
  const name = await until(`a download of ${size} bytes in ${readdirSync(dir).join(' ') || 'an empty folder'}`, () =>
    readdirSync(dir).find((entry) => !/\.(crdownload|part)$/.test(entry) && existsSync(path.join(dir, entry))
      && statSync(path.join(dir, entry)).size === size), options);
  return path.join(dir, name);
}
