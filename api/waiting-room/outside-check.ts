import { z } from 'zod';
import type { Config } from '../../shared/config.ts';
import { createFairSlots } from '../../shared/domain/fair-slots.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { ApiError } from '../http/errors.ts';

/** Milliseconds that the outside service may take, and bytes of its answer, which is little more than a boolean. */
const TIMEOUT_MS = 3_000;
const MAX_ANSWER_BYTES = 16 * 1024;

/** Active checks, and checks that wait for a slot. Each client has one at a time, so none delays the others. */
const BOUNDS = { slots: 32, waitingOfClient: 8, waiting: 1_000 };

/** The part of the answer of Turnstile's and hCaptcha's `siteverify` that is used here. */
const verdict = z.object({ success: z.boolean() });

/**
 * Requests from an outside service whether a visitor passed its check. It posts `secret`, `response` and `remoteip` as
 * a form, as Turnstile and hCaptcha take them. While the service does not answer, nobody joins.
 */
export function createOutsideCheck(deps: {
  config: Pick<Config, 'CHALLENGE_URL' | 'CHALLENGE_SECRET' | 'CHALLENGE_SITE_KEY'>;
  log: Logger;
}) {
  const { config, log } = deps;
  const { CHALLENGE_URL: url, CHALLENGE_SECRET: secret, CHALLENGE_SITE_KEY: siteKey } = config;
  const runFairly = createFairSlots(BOUNDS);

  async function verify(proof: string, address: string): Promise<boolean> {
    if (url === undefined || secret === undefined) throw new ApiError('UNAVAILABLE');
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body: new URLSearchParams({ secret, response: proof, remoteip: address }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return verdict.parse(JSON.parse(await textOf(answer))).success;
    } catch (fault) {
      log.warn({ fault: (fault as Error).message }, 'the outside check at joining failed');
      throw new ApiError('UNAVAILABLE', 'The check of visitors is not available. Try again.');
    }
  }

  return {
    siteKey,

    /** Whether a service is set up. */
    isSet: url !== undefined && secret !== undefined,

    /**
     * Whether the service accepts this token.
     *
     * @param client has its share of the checks
     * @param address the client's, which is sent to the service
     * @throws ApiError OVERLOADED where too many checks wait; UNAVAILABLE where the service gives no answer
     */
    async check({ proof, client, address }: { proof: string; client: string; address: string }): Promise<boolean> {
      const checking = runFairly(client, () => verify(proof, address));
      if (checking === undefined) throw new ApiError('OVERLOADED', 'Too many visitors are being checked. Try again.');
      return checking;
    },
  };
}

export type OutsideCheck = ReturnType<typeof createOutsideCheck>;

/** The text of an answer. @throws Error where it is too long */
async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
