/**
 * Test certificates: an authority, and what it signs. ECDSA on P-256, as all
 * programs that speak TLS today can verify.
 *
 * This module alone loads the library for X.509, which has a lock file of its
 * own, `lib/net/certificate.lock`.
 *
 * @module
 */

import "npm:reflect-metadata@^0.2.2";
import * as x509 from "npm:@peculiar/x509@^2.2.0";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
/** Certificates are valid from an hour ago, for clocks that are behind. */
const BACKDATED_MS = 3_600_000;

/** A certificate and its key, in PEM. */
export interface CertificatePair {
  /** The certificate. */
  cert: string;
  /** The key. */
  key: string;
}

/** When a certificate is valid. */
export interface Validity {
  /** For how long, in days. */
  days: number;
  /** From when on, in milliseconds since 1970; default an hour ago. */
  fromMs?: number;
}

/**
 * Makes an authority.
 *
 * @param name Its name.
 * @param validity When it is valid.
 * @returns Its certificate and its key.
 */
export async function makeAuthority(
  name: string,
  validity: Validity,
): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, KEY_USES);
  const cert = await x509.X509CertificateGenerator.create({
    ...common(name, validity),
    issuer: [{ CN: [name] }],
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${cert.toString("pem")}\n`, key: await keyPem(keys) };
}

/**
 * Makes a certificate that an authority signs.
 *
 * @param authority The authority.
 * @param names The names and addresses of a server, or the name of a client.
 * @param purpose Whose certificate it is.
 * @param validity When it is valid.
 * @returns The certificate and its key.
 * @throws {Error} If the authority is not PEM.
 */
export async function issueCertificate(
  authority: CertificatePair,
  names: string[],
  purpose: "server" | "client",
  validity: Validity,
): Promise<CertificatePair> {
  const issuer = new x509.X509Certificate(authority.cert);
  const [der] = x509.PemConverter.decode(authority.key);
  const signingKey = await crypto.subtle.importKey(
    "pkcs8",
    der!,
    ALGORITHM,
    false,
    ["sign"],
  );
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, KEY_USES);
  const cert = await x509.X509CertificateGenerator.create({
    ...common(names[0]!, validity),
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        purpose === "server"
          ? x509.ExtendedKeyUsage.serverAuth
          : x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({
        type: isAddress(value) ? "ip" as const : "dns" as const,
        value,
      }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${cert.toString("pem")}\n`, key: await keyPem(keys) };
}

const KEY_USES: ["sign", "verify"] = ["sign", "verify"];

function common(name: string, { days, fromMs }: Validity) {
  const startMs = fromMs ?? Date.now() - BACKDATED_MS;
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0]! &= 0x7f; // a serial number is positive
  serial[0]! |= 0x40;
  return {
    subject: [{ CN: [name] }],
    serialNumber: Array.from(
      serial,
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join(""),
    notBefore: new Date(startMs),
    notAfter: new Date(startMs + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
}

async function keyPem(keys: CryptoKeyPair): Promise<string> {
  const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`;
}

/** Whether a name is an IPv4 or an IPv6 address. */
function isAddress(name: string): boolean {
  return name.includes(":") || /^[0-9.]+$/.test(name);
}
