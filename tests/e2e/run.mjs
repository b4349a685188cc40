// Runs the suites: `node run.mjs [--big] [NAME...]`, NAME being part of a suite's file name.
//
// One file after the other (two cores are few for two browsers), each in its own process. What cannot
// run here is said aloud before and after, and counted as skipped: nothing passes by being absent.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { executables } from './lib/browsers.mjs';
import { binary, binaryMissing } from './lib/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const folder = process.argv.includes('--big') ? 'big' : process.argv.includes('--selfcheck') ? 'selfcheck' : 'suites';

if (binaryMissing && folder !== 'selfcheck') {
  console.error(`e2e: ${binary} is not there. Build it first (tools/build release parley), or set PARLEY_BIN.`);
  process.exit(2);
}
const absent = Object.keys(executables).filter((kind) => !executables[kind]);
const sayAbsent = () => {
  for (const kind of absent) console.log(`SKIPPED: ${kind} is not installed; its tests did not run`);
};
sayAbsent();

const files = readdirSync(path.join(here, folder)).filter((name) => name.endsWith('.test.mjs')).sort()
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => path.join(here, folder, name));
const result = spawnSync(process.execPath, ['--test', '--test-concurrency=1',
  `--test-reporter=${process.env.PARLEY_E2E_REPORTER ?? 'spec'}`, ...files], { stdio: 'inherit' });
sayAbsent();
process.exit(result.status ?? 1);
