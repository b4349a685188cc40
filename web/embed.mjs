// Writes the C++ file that carries a built page: `node embed.mjs DIST OUT.cc`. The bytes come in by
// the assembler's .incbin, which costs nothing to compile; the gzip variants stand beside OUT.cc.
// The same input gives the same output, byte for byte.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};

function filesBelow(directory, prefix = '') {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${prefix}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(join(directory, entry.name), path) : [path];
    })
    .sort();
}

const [dist, out] = process.argv.slice(2).map((path) => resolve(path));
const packed = join(dirname(out), 'gzip');
mkdirSync(packed, { recursive: true });

const quote = (text) => JSON.stringify(text); // paths and types are plain ASCII
const blocks = [];
const declarations = [];
const rows = [];
filesBelow(dist).forEach((path, index) => {
  const type = types[extname(path)];
  if (!type) throw new Error(`${path}: no content type for this ending; add it to embed.mjs`);
  const bytes = readFileSync(join(dist, path));
  const etag = createHash('sha256').update(bytes).digest('hex');
  const small = gzipSync(bytes, { level: 9 });
  const symbol = `parley_page_${index}`;
  const span = (name, file) => {
    blocks.push(
      `asm(".section .rodata\\n.balign 16\\n.globl ${name}\\n.globl ${name}_end\\n"\n` +
        `    "${name}:\\n.incbin \\"${file}\\"\\n${name}_end:\\n.byte 0\\n.previous\\n");`,
    );
    declarations.push(`extern const std::uint8_t ${name}[];`, `extern const std::uint8_t ${name}_end[];`);
    return `{${name}, ${name}_end}`;
  };
  const plain = span(symbol, join(dist, path));
  let gzip = '{}';
  if (small.length < bytes.length * 0.9) {
    const file = join(packed, `${index}.gz`);
    writeFileSync(file, small);
    gzip = span(`${symbol}_gz`, file);
  }
  rows.push(`      Asset{${quote(path)}, ${quote(type)}, ${quote(`"${etag}"`)},\n            ${plain}, ${gzip}},`);
});

writeFileSync(
  out,
  `// Made by web/embed.mjs.
#include "web/page.h"

#include <array>

${blocks.join('\n')}

extern "C" {
${declarations.join('\n')}
}

namespace parley::web {

std::span<const Asset> assets() {
  static const std::array<Asset, ${rows.length}> kAssets{{
${rows.join('\n')}
  }};
  return kAssets;
}

}  // namespace parley::web
`,
);
