// `npm ci` when it is needed: writes node_modules/.parley-installed with the hash of the lock file
// and does nothing while that fits. All build trees share the one node_modules beside this file.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const stamp = join(root, 'node_modules', '.parley-installed');
const wanted = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');

function installed() {
  try {
    return readFileSync(stamp, 'utf8') === wanted;
  } catch {
    return false;
  }
}

if (installed()) {
  const now = new Date();
  utimesSync(stamp, now, now);
} else {
  // No scripts of packages: esbuild's binary comes as a package of its own.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  if (npm.status !== 0) {
    console.error('web: `npm ci` failed. The page needs npm and its packages once; -DPARLEY_PAGE=OFF builds without it.');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
