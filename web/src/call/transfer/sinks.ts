// Where a received file goes. Each sink takes bytes in order and keeps no more than a block in
// memory of its own, the memory sink excepted, which says how much it can hold.

import { randomId } from '../peer_messages.ts';

export type SinkKind = 'disk' | 'private-disk' | 'memory';

export interface Sink {
  readonly kind: SinkKind;
  /** Resolves when the bytes are handed on for good. Rejects when the disk refuses. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The file is whole and verified. The Blob to hand to the user; null when it is in place. */
  finish(mime: string): Promise<Blob | null>;
  /** Throws everything away. */
  discard(): Promise<void>;
}

/** Without a disk a browser holds Blobs; large ones go to its own temporary files where it can. */
export const kMaxMemoryBytes = 2 ** 31;
const kBlobPartBytes = 4 * 1024 * 1024;

/** Joins writes into parts of a few MiB, so that 4 GB are not 65,536 little Blobs. */
export class MemorySink implements Sink {
  readonly kind = 'memory';
  private parts: Blob[] = [];
  private open: Uint8Array<ArrayBuffer>[] = [];
  private openBytes = 0;

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.open.push(bytes);
    this.openBytes += bytes.length;
    if (this.openBytes >= kBlobPartBytes) this.closePart();
  }

  private closePart(): void {
    if (this.openBytes === 0) return;
    this.parts.push(new Blob(this.open));
    this.open = [];
    this.openBytes = 0;
  }

  async finish(): Promise<Blob> {
    this.closePart();
    // Never the sender's type: a page of theirs must not run under this origin.
    return new Blob(this.parts, { type: 'application/octet-stream' });
  }

  async discard(): Promise<void> {
    this.parts = [];
    this.open = [];
    this.openBytes = 0;
  }
}

/** A file chosen by the user, or one in the page's private file system. */
export class FileSink implements Sink {
  constructor(
    readonly kind: 'disk' | 'private-disk',
    private readonly handle: FileSystemFileHandle,
    private readonly writable: FileSystemWritableFileStream,
  ) {}

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.writable.write(bytes);
  }

  async finish(): Promise<Blob | null> {
    await this.writable.close();
    if (this.kind === 'disk') return null;
    const file = await this.handle.getFile();
    return file.slice(0, file.size, 'application/octet-stream');
  }

  async discard(): Promise<void> {
    await this.writable.abort().catch(() => undefined);
    // Not in every browser: an empty file with the chosen name may stay behind.
    const removable = this.handle as FileSystemFileHandle & { remove?: () => Promise<void> };
    await removable.remove?.().catch(() => undefined);
  }
}

interface SavePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/** A folder for each page, known to be in use by a lock of the same name: windows share the disk. */
const kPrivatePrefix = 'parley-received-';
let privateFolder: string | null = null;

async function takePrivateFolder(): Promise<FileSystemDirectoryHandle> {
  if (!privateFolder) {
    const name = kPrivatePrefix + randomId();
    privateFolder = name;
    // Held as long as the page lives; the browser lets go of it then.
    await new Promise<void>((held) => {
      void navigator.locks.request(name, () => {
        held();
        return new Promise(() => undefined);
      });
    });
  }
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(privateFolder, { create: true });
}

export function availableSinks(): SinkKind[] {
  const sinks: SinkKind[] = [];
  if ((globalThis as SavePicker).showSaveFilePicker) sinks.push('disk');
  const writable = globalThis.FileSystemFileHandle?.prototype as object | undefined;
  if (globalThis.navigator?.storage?.getDirectory !== undefined && writable && 'createWritable' in writable && navigator.locks) {
    sinks.push('private-disk');
  }
  sinks.push('memory');
  return sinks;
}

/** null: the user closed the dialogue. Call within a user gesture. */
export async function openDisk(name: string): Promise<Sink | null> {
  try {
    const handle = await (globalThis as SavePicker).showSaveFilePicker!({ suggestedName: name });
    return new FileSink('disk', handle, await handle.createWritable());
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}

/** null: there is no private disk here, or not enough room on it. */
export async function openPrivateDisk(id: string, size: number): Promise<Sink | null> {
  if (!availableSinks().includes('private-disk')) return null;
  try {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    if (size > quota - usage) return null;
    const folder = await takePrivateFolder();
    const handle = await folder.getFileHandle(`${id}.part`, { create: true });
    return new FileSink('private-disk', handle, await handle.createWritable());
  } catch {
    return null; // private windows of some browsers have the interface but no disk
  }
}

/** Files of earlier visits, whose pages are gone: nobody can ask for them any more. */
export async function clearPrivateDisk(): Promise<void> {
  if (!availableSinks().includes('private-disk')) return;
  try {
    const { held = [] } = await navigator.locks.query();
    const inUse = new Set(held.map((lock) => lock.name));
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) {
      if (name.startsWith(kPrivatePrefix) && !inUse.has(name)) await root.removeEntry(name, { recursive: true });
    }
  } catch {
    // No disk in this window, or another one was faster.
  }
}
