// Child processes with their output kept, ended by their own id and nothing else.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { within } from './wait.mjs';

export class Child {
  /** @param {string} command @param {string[]} args @param {object} options as of spawn */
  constructor(command, args, options = {}) {
    this.name = command.split('/').pop();
    this.stdout = '';
    this.stderr = '';
    this.lines = [];
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.exited = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => resolve({ code, signal }));
      this.process.once('error', (error) => resolve({ code: null, signal: null, error }));
    });
    // 'exit' may come before the pipes are read to their end; 'closed' is after that.
    this.closed = once(this.process, 'close').catch(() => {});
    this.#collect('stdout');
    this.#collect('stderr');
  }

  #collect(stream) {
    this.process[stream].setEncoding('utf8');
    this.process[stream].on('data', (text) => {
      // Kept for failure messages; a chatty child must not eat the memory of a long test.
      this[stream] = (this[stream] + text).slice(-400_000);
      this.process.emit('parley-output');
    });
  }

  get running() {
    return this.process.exitCode === null && this.process.signalCode === null && this.process.pid;
  }

  /** Waits until `pick(child)` gives something truthy; fails at once when the child exits first. */
  async output(what, pick, timeout) {
    const found = new Promise((resolve, reject) => {
      const look = () => {
        const hit = pick(this);
        if (hit) resolve(hit);
      };
      this.process.on('parley-output', look);
      Promise.all([this.exited, this.closed]).then(([{ code, signal, error }]) => {
        look();
        reject(new Error(`${this.name} ended (${error?.message ?? signal ?? code}) before ${what}\n${this.stderr}${this.stdout}`));
      });
      look();
    });
    return within(`${what} from ${this.name}`, found, timeout).catch((error) => {
      throw new Error(`${error.message}\n${this.stderr.slice(-4000)}`);
    });
  }

  signal(name) {
    if (this.running) this.process.kill(name);
  }

  /** Asks with SIGTERM, then insists with SIGKILL. Returns {code, signal}. */
  async stop(first = 'SIGTERM', grace = 10_000) {
    this.signal(first);
    try {
      return await within(`${this.name} to end`, this.exited, grace);
    } catch {
      this.signal('SIGKILL');
      return this.exited;
    }
  }
}

/** Runs a command to its end; throws with its output when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${result.status}\n${result.stderr}${result.stdout}`);
  }
  return result.stdout;
}
