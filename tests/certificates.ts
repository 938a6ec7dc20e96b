/**
 * Certificates of every kind, made once by each process that tests.
 *
 * @module
 */

import {
  type CertificatePair,
  issueCertificate,
  makeAuthority,
} from "../lib/net/certificate.ts";
import { ScratchFolder } from "./scratch.ts";

const DAY_MS = 86_400_000;
const NAMES = ["localhost", "127.0.0.1"];

/** What the certificates are. */
export type CertificateKind = keyof Awaited<ReturnType<typeof make>>;

let made: ReturnType<typeof make> | null = null;

/** The certificates: an authority, what it signed, and a stranger's. */
export function certificates(): ReturnType<typeof make> {
  return made ??= make();
}

async function make() {
  const authority = await makeAuthority("test authority", { days: 10 });
  const stranger = await makeAuthority("another authority", { days: 10 });
  const twin = await makeAuthority("test authority", { days: 10 });
  const issue = (
    names: string[],
    { purpose = "server" as "server" | "client", fromDays = 0, by = authority },
  ) =>
    issueCertificate(by, names, purpose, {
      days: 2,
      fromMs: Date.now() - DAY_MS / 2 + fromDays * DAY_MS,
    });
  return {
    authority,
    stranger,
    good: await issue(NAMES, {}),
    renewed: await issue(NAMES, {}),
    expired: await issue(NAMES, { fromDays: -10 }),
    early: await issue(NAMES, { fromDays: 10 }),
    other: await issue(["other.example"], {}),
    address: await issue(["192.0.2.1"], {}),
    strange: await issue(NAMES, { by: stranger }),
    twin: await issue(NAMES, { by: twin }),
    client: await issue(["ada"], { purpose: "client" }),
    strangeClient: await issue(["eve"], { purpose: "client", by: stranger }),
  } satisfies Record<string, CertificatePair>;
}

/** The same as files, for programs. */
export class CertificateFiles implements Disposable {
  readonly folder = new ScratchFolder();

  static async make(): Promise<CertificateFiles> {
    const files = new CertificateFiles();
    for (const [kind, { cert, key }] of Object.entries(await certificates())) {
      files.folder.file(`${kind}.pem`, cert);
      files.folder.file(`${kind}-key.pem`, key);
    }
    return files;
  }

  cert(kind: CertificateKind): string {
    return `${this.folder.path}/${kind}.pem`;
  }

  key(kind: CertificateKind): string {
    return `${this.folder.path}/${kind}-key.pem`;
  }

  /** The options of a server. */
  server(kind: CertificateKind = "good"): string[] {
    return ["--tls-cert", this.cert(kind), "--tls-key", this.key(kind)];
  }

  /** The options of a client. */
  client(kind: CertificateKind = "authority"): string[] {
    return ["--tls", "--tls-ca", this.cert(kind)];
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}
