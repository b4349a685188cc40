// Bundles the page. `node build.mjs [--out DIR] [--watch]` writes index.html, app.js, app.css and
// the files of src/static/ into DIR (default dist/); `--tests` bundles test/**/*.test.ts into
// dist-test/ for `node --test`. Nothing is inlined into the HTML: the page's
// Content-Security-Policy allows scripts and styles from its own origin only.
import { build, context } from 'esbuild';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const option = (name, fallback) => {
  const at = args.indexOf(name);
  return at >= 0 && args[at + 1] ? args[at + 1] : fallback;
};

async function filesBelow(directory, suffix) {
  const found = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(path, suffix)));
    else if (entry.name.endsWith(suffix)) found.push(path);
  }
  return found.sort();
}

async function buildTests() {
  const outdir = join(root, 'dist-test');
  await rm(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: await filesBelow(join(root, 'test'), '.test.ts'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    outdir,
    outbase: join(root, 'test'),
    outExtension: { '.js': '.mjs' },
    // What every browser has, Node 18 has only by asking.
    banner: {
      js: "import { webcrypto as nodeWebCrypto } from 'node:crypto';\nglobalThis.crypto ??= nodeWebCrypto;",
    },
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}

async function buildPage() {
  const outdir = resolve(option('--out', join(root, 'dist')));
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const settings = {
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/main.ts', out: 'app' },
      { in: 'src/style/app.css', out: 'app' },
    ],
    bundle: true,
    format: 'iife',
    target: ['chrome100', 'firefox102', 'safari15.4'],
    minify: !args.includes('--watch'),
    sourcemap: args.includes('--watch') ? 'inline' : false,
    legalComments: 'none',
    charset: 'utf8',
    outdir,
    logLevel: 'warning',
  };
  await cp(join(root, 'src/index.html'), join(outdir, 'index.html'));
  if (existsSync(join(root, 'src/static'))) {
    await cp(join(root, 'src/static'), outdir, { recursive: true });
  }
  if (args.includes('--watch')) await (await context(settings)).watch();
  else await build(settings);
}

await (args.includes('--tests') ? buildTests() : buildPage());
