// Things to undo, undone in reverse order. Every process, socket and directory that a test makes is
// pushed here at once, so that a test that fails half-way leaves nothing behind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export class Cleanup {
  #undo = [];

  /** Registers `fn` (may be async); returns `value` for convenience. */
  add(fn, value) {
    this.#undo.push(fn);
    return value;
  }

  /** Makes a temporary directory that goes away with this cleanup. */
  tempDir(name) {
    const dir = mkdtempSync(path.join(tmpdir(), `parley-e2e-${name}-`));
    this.add(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    return dir;
  }

  /** Undoes everything; the first error is thrown after all have had their turn. */
  async run() {
    let first;
    while (this.#undo.length > 0) {
      try {
        await this.#undo.pop()();
      } catch (error) {
        first ??= error;
      }
    }
    if (first) throw first;
  }
}

/** What lasts as long as the test process: browsers, the certificate authority. */
export const atEnd = new Cleanup();
