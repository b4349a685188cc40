// Runs the suites: `node run.mjs [--big] [NAME...]`, NAME being part of a suite's file name.
//
// One file after the other (two cores are few for two browsers), each in its own process. What cannot
// run here is said aloud before and after, and counted as skipped: nothing passes by being absent.
import { spawn } from 'node:child_process';
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
const counts = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
for (const file of files) {
  let run = await runFile(file);
  // Browsers have bad moments of their own. A file with a failure gets one more chance, said aloud:
  // what fails twice is ours.
  if (run.bad) {
    console.log(`AGAIN: ${path.basename(file)} failed (${run.names.join('; ') || 'it did not end'}); once more`);
    run = await runFile(file);
  }
  for (const key of Object.keys(counts)) counts[key] += run.counts[key];
}
sayAbsent();
for (const [key, value] of Object.entries(counts)) console.log(`ℹ ${key} ${value}`);
process.exit(counts.fail + counts.cancelled > 0 || counts.tests === 0 ? 1 : 0);

/** One file in its own process: its words passed on, its summary read ("ℹ pass 3" or "# pass 3"). */
function runFile(file) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', file],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    child.on('close', (code) => {
      const seen = Object.fromEntries(Object.keys(counts).map((key) =>
        [key, Number([...text.matchAll(new RegExp(`^(?:ℹ|#) ${key} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0)]));
      // A file that died before its summary is one failure, not none.
      if (code !== 0 && seen.fail + seen.cancelled === 0) seen.fail = seen.tests = 1;
      const names = [...new Set([...text.matchAll(/^✖ (.+) \([\d.]+ms\)$/gm)].map((m) => m[1]))];
      resolve({ counts: seen, bad: seen.fail + seen.cancelled > 0, names });
    });
  });
}
