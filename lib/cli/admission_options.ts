/**
 * The options for whom a server serves.
 *
 * @module
 */

import {
  AdmissionControl,
  type AdmissionRules,
  DEFAULT_SOURCE_LIMITS,
  type SourceLimits,
} from "../net/admission.ts";
import { type Network, parseNetworks } from "../net/networks.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { custom, integer, type Option } from "./option.ts";

const networks = (help: string) => custom("CIDR,...", parseNetworks, help);

/** The options for the networks that a server serves. */
export type AccessOptions = Record<
  "allowFrom" | "denyFrom",
  Option<Network[] | undefined>
>;

const ACCESS_OPTIONS: AccessOptions = {
  allowFrom: networks("serve these networks alone, as in 10.0.0.0/8,::1"),
  denyFrom: networks("refuse these networks, even if they are allowed"),
};

/** The options for whose connections a server accepts. */
export type ConnectionAdmissionOptions =
  & AccessOptions
  & Record<"maxPerSource" | "maxConnectRate", Option<number | undefined>>;

/**
 * Returns the options for whose connections a server accepts.
 *
 * @param defaults Replaces some of the default limits.
 * @param what What is limited.
 * @returns The options `--allow-from`, `--deny-from`, `--max-per-source` and
 * `--max-connect-rate`.
 */
export function connectionAdmission(
  defaults: Partial<SourceLimits> = {},
  what = "connections",
): ConnectionAdmissionOptions {
  const limits = { ...DEFAULT_SOURCE_LIMITS, ...defaults };
  return {
    ...ACCESS_OPTIONS,
    maxPerSource: integer(
      `${what} of one address, or of one IPv6 /64, at once; more are refused (${limits.maxPerSource}, loopback exempt)`,
    ),
    maxConnectRate: integer(
      `new ${what} of the same a second (${limits.maxConnectsPerSec}, loopback exempt)`,
    ),
  };
}

/** The options for whose datagrams a server answers. */
export type DatagramAdmissionOptions =
  & AccessOptions
  & Record<"maxRate", Option<number>>;

/**
 * Returns the options for whose datagrams a server answers.
 *
 * @param maxPerSec The default of the rate.
 * @returns The options `--allow-from`, `--deny-from` and `--max-rate`.
 */
export function datagramAdmission(
  maxPerSec: number = DEFAULT_SOURCE_LIMITS.maxDatagramsPerSec,
): DatagramAdmissionOptions {
  return {
    ...ACCESS_OPTIONS,
    maxRate: integer(
      "replies a second to one address or IPv6 /64, plus bursts of a quarter",
      { default: `${maxPerSec}` },
    ),
  };
}

/** The values of these options. */
export interface AdmissionValues {
  /** Of `--allow-from`. */
  allowFrom: Network[] | undefined;
  /** Of `--deny-from`. */
  denyFrom: Network[] | undefined;
  /** Of `--max-per-source`. */
  maxPerSource?: number | undefined;
  /** Of `--max-connect-rate`. */
  maxConnectRate?: number | undefined;
  /** Of `--max-rate`. */
  maxRate?: number;
}

/**
 * Gives the rules that the options state.
 *
 * @param options Their values.
 * @param defaults As in {@linkcode connectionAdmission}.
 * @returns The rules.
 */
export function admissionRules(
  options: AdmissionValues,
  defaults: Partial<SourceLimits> = {},
): AdmissionRules {
  return {
    allow: options.allowFrom,
    deny: options.denyFrom,
    limits: {
      maxPerSource: options.maxPerSource,
      maxConnectsPerSec: options.maxConnectRate,
      maxDatagramsPerSec: options.maxRate,
    },
    defaults,
  };
}

/**
 * Creates the admission control of a server; with `--verbose` it logs refusals.
 *
 * @param run A run of a program that has the options.
 * @param defaults As in {@linkcode connectionAdmission}.
 * @returns The admission control.
 */
export function admissionControl(
  { options, terminal }: {
    options: AdmissionValues & { verbose: boolean };
    terminal: Terminal;
  },
  defaults?: Partial<SourceLimits>,
): AdmissionControl {
  return new AdmissionControl(
    admissionRules(options, defaults),
    options.verbose ? { log: (line) => terminal.log(line) } : {},
  );
}
