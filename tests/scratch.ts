/**
 * Files that tests write, in a folder of the project that git ignores.
 *
 * A folder of the system's would not do: Deno forbids writing to a folder that
 * holds an executable which may be run, and that may be Deno itself.
 *
 * @module
 */

import { join } from "node:path/posix";

/** The one folder to which tests may write. */
export const SCRATCH = ".scratch";

/** A folder of its own for a test, which is removed with the scope. */
export class ScratchFolder implements Disposable {
  readonly path: string;

  constructor() {
    Deno.mkdirSync(SCRATCH, { recursive: true });
    this.path = Deno.realPathSync(Deno.makeTempDirSync({ dir: SCRATCH }));
  }

  /** Writes a file in it that only we can read, and gives its path. */
  file(name: string, content: string | Uint8Array = ""): string {
    const path = join(this.path, name);
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    Deno.writeFileSync(path, bytes, { mode: 0o600 });
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
