// Builds the stories page (never part of the binary) into DIR: node stories/build.mjs [DIR]
import { build } from 'esbuild';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

export async function buildStories(out) {
  await mkdir(out, { recursive: true });
  await build({
    absWorkingDir: join(here, '..'),
    entryPoints: [{ in: 'stories/main.ts', out: 'stories' }, { in: 'src/style/app.css', out: 'app' }],
    bundle: true, format: 'iife', target: 'es2022', charset: 'utf8', outdir: out, logLevel: 'warning',
  });
  await cp(join(here, 'index.html'), join(out, 'index.html'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = resolve(process.argv[2] ?? join(here, '..', 'dist-stories'));
  await buildStories(out);
  console.log(`open ${join(out, 'index.html')}`);
}
