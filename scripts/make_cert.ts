#!/usr/bin/env -S deno run --lock=lib/net/certificate.lock --allow-read=certs --allow-write=certs
/**
 * Make certificates: writes a test authority, and a certificate for a server or a
 * client that it signs.
 *
 * Protocol:   none; files in PEM, as TLS uses them
 * Socket:     none
 * Permission: --allow-read and --allow-write of the folder, certs unless --folder
 *             names another
 *
 *     $ deno task make-cert
 *     wrote certs/authority.pem, certs/authority-key.pem
 *     wrote certs/server.pem, certs/server-key.pem
 *     ...
 *
 *     $ deno task tcp-server --tls-cert certs/server.pem --tls-key certs/server-key.pem
 *     listening tcp 127.0.0.1:12000
 *
 * @module
 */

import { RunError, withContext } from "../lib/cli/context.ts";
import { flag, integer, text } from "../lib/cli/option.ts";
import { UsageError } from "../lib/cli/options.ts";
import { defineProgram } from "../lib/cli/program.ts";
import type { CertificatePair } from "../lib/net/certificate.ts";

/** How long the authority is valid, in days. */
const AUTHORITY_DAYS = 3650;
/** Only the owner may read a key. */
const KEY_MODE = 0o600;
/** The names of this machine for programs on it. */
const LOCAL_NAMES = ["localhost", "127.0.0.1", "::1"];

/** Makes the certificates; returns the exit code. */
export const main = defineProgram({
  name: "make-cert",
  summary: "Writes a test authority, and a certificate that it signs.",
  operands: "[NAME...]",
  details: [
    "NAME is a name or an address by which clients reach the server; localhost, 127.0.0.1 and ::1 unless given. With --client NAME is that of the client.",
    "The authority is made once, and then used again. Give its certificate authority.pem to the other side, and keep the keys: authority-key.pem makes certificates that its users trust. No file is overwritten.",
  ],
  options: {
    client: flag("make a certificate for a client"),
    as: text("FILE", "the name of the files (server, or client)"),
    days: integer("how long the certificate is valid", {
      max: AUTHORITY_DAYS,
      default: "365",
    }),
    folder: text("FOLDER", "where the files are", { default: "certs" }),
  },
  examples: ["", "lab.example 192.0.2.1", "ada --client"],
}, async ({ options, operands, terminal }) => {
  const { client: isClient, folder, days } = options;
  const { as = isClient ? "client" : "server" } = options;
  if (isClient && operands.length !== 1) {
    throw new UsageError("--client needs the NAME of the client");
  }
  const names = operands.length > 0 ? operands : LOCAL_NAMES;
  const bad = names.find((name) => !/^[\w.:*-]+$/.test(name));
  if (bad !== undefined) {
    throw new UsageError(`"${bad}" is neither a name nor an address`);
  }
  const certificate = paths(as);
  const authority = paths("authority");
  if (as === "authority") throw new UsageError("--as authority is taken");
  for (const path of Object.values(certificate)) {
    if (await read(path) === null) continue;
    throw new RunError(
      `Cannot make ${path}: it exists; remove it, or choose another name with --as`,
    );
  }
  // Loaded here, so that --help does not fetch the library.
  const { issueCertificate, makeAuthority } = await import(
    "../lib/net/certificate.ts"
  );
  const [cert, key] = [await read(authority.cert), await read(authority.key)];
  if ((cert === null) !== (key === null)) {
    const [there, missing] = cert === null
      ? [authority.key, authority.cert]
      : [authority.cert, authority.key];
    throw new RunError(
      `Cannot use ${there}: ${missing} is missing; restore it, or remove both to make a new authority`,
    );
  }
  let signer = { cert: cert ?? "", key: key ?? "" };
  if (cert === null) {
    signer = await makeAuthority("Roundtrip test authority", {
      days: AUTHORITY_DAYS,
    });
  }
  const issued = await withContext(
    { action: "sign with", read: authority.key },
    () =>
      issueCertificate(signer, names, isClient ? "client" : "server", { days }),
  );
  if (cert === null) await write(authority, signer);
  await write(certificate, issued);
  const [example = ""] = names;
  terminal.info(
    isClient
      ? [
        "the server asks for it with",
        `  --tls-client-ca ${authority.cert}`,
      ].join("\n")
      : [
        `valid for ${names.join(", ")}, ${days} days; use it with`,
        `  deno task tcp-server --tls-cert ${certificate.cert} --tls-key ${certificate.key}`,
        `  deno task tcp-client ${example} --tls --tls-ca ${authority.cert} hello`,
      ].join("\n"),
  );
  return 0;

  function paths(name: string): CertificatePair {
    return {
      cert: `${folder}/${name}.pem`,
      key: `${folder}/${name}-key.pem`,
    };
  }

  async function write(
    { cert, key }: CertificatePair,
    pair: CertificatePair,
  ): Promise<void> {
    await withContext(
      { action: "use the folder", write: folder },
      () => Deno.mkdir(folder, { recursive: true, mode: 0o700 }),
    );
    const create = (path: string, text: string, mode: number) =>
      withContext(
        { action: "write", write: path },
        () => Deno.writeTextFile(path, text, { createNew: true, mode }),
      );
    await create(key, pair.key, KEY_MODE);
    await create(cert, pair.cert, 0o644);
    terminal.print(`wrote ${cert}, ${key}`);
  }
});

/** Reads a file; `null` if there is none. */
async function read(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    return await withContext(
      { action: "read", read: path },
      () => Promise.reject(error),
    );
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
