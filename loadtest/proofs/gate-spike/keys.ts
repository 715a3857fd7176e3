import { setTimeout as sleep } from 'node:timers/promises';
import { gateKeyList, gateKeyView, jwksView } from '../../../shared/contract/gate.ts';
import { oneByOne } from '../../kit/one-by-one.ts';
import type { Operator } from '../../kit/operator.ts';
import { ADMIN_TOKEN } from '../../kit/rig.ts';
import type { Stores } from '../../kit/stores.ts';
import { type Browser, browse, type Crowd, cookieOf, endOf, isOfKey, tryIn } from './crowd.ts';

/** Kept admissions that have to live so many milliseconds on, so that only the withdrawn key puts them out. */
const ALIVE_MS = 15_000;

/** Tries of each kept admission after the withdrawal, and the milliseconds between. */
const TRIES = 3;
const TRY_MS = 1_500;
const AT_ONCE = 8;

/** Milliseconds until a change of keys must have reached all APIs. Beyond, the run has failed. */
const TIMEOUT_MS = 60_000;

/** The parts that a change of keys needs. */
type Scene = { crowd: Crowd; operate: Operator; stores: Stores; apiUrls: string[] };

/** Waits until all APIs show keys that fulfil a condition. Returns the milliseconds. */
async function untilShown(apiUrls: string[], isRight: (ids: string[]) => boolean): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const shown = await Promise.all(
      apiUrls.map(async (url) => jwksView.parse(await (await fetch(`${url}/.well-known/jwks.json`)).json())),
    );
    if (shown.every(({ keys }) => isRight(keys.map(({ kid }) => kid)))) return performance.now() - startedAt;
    if (performance.now() - startedAt > TIMEOUT_MS) throw new Error('the APIs do not show the change of keys');
    await sleep(20);
  }
}

/**
 * Publishes a new key. Once all APIs have it, moves the publication of both back in PostgreSQL, as if ten minutes had
 * passed: the new key signs now, and the old one verifies.
 */
export async function changeKey({ operate, stores, apiUrls }: Scene): Promise<{ oldKey: string; newKey: string }> {
  const before = gateKeyList.parse(await operate('GET', '/admin/gate-keys'));
  const oldKey = before.keys.find(({ state }) => state === 'signing')?.id ?? '';
  const { id: newKey } = gateKeyView.parse(await operate('POST', '/admin/gate-keys'));
  await untilShown(apiUrls, (ids) => ids.includes(oldKey) && ids.includes(newKey));
  await stores.prisma.$executeRaw`UPDATE gate_key SET published_at = published_at - interval '10 minutes'`;
  return { oldKey, newKey };
}

/** The kept admissions by a key that live on for a while. */
const livingOf = ({ kept }: Crowd, key: string) =>
  kept.filter((browser) => isOfKey(browser, key) && endOf(cookieOf(browser)) > Date.now() + ALIVE_MS);

/**
 * Withdraws the old key. Its kept admissions are tried before and after, by copies: browsers may get the next one.
 *
 * @returns the milliseconds until all APIs have refused it, when that was, and how many of its admissions were valid
 *   before
 */
export async function withdrawKey({ crowd, apiUrls }: Scene, oldKey: string) {
  const living = livingOf(crowd, oldKey).map(({ cookie }) => ({ cookie }));
  let valid = 0;
  await oneByOne(living.length, AT_ONCE, async (i) => {
    if (await browse(crowd, { ...(living[i] as Browser) }, { isPage: false })) valid += 1;
  });
  const request = { method: 'DELETE', headers: { authorization: `Bearer ${ADMIN_TOKEN}` } };
  crowd.withdrawnKey = oldKey;
  const { status } = await fetch(`${apiUrls[0]}/admin/gate-keys/${oldKey}`, request);
  if (status !== 204) throw new Error(`withdrawing a key answered ${status}`);
  const ms = await untilShown(apiUrls, (ids) => !ids.includes(oldKey));
  const refusedMs = Date.now();
  for (let tries = 0; tries < TRIES && (await crowd.rest(TRY_MS)); tries += 1)
    await oneByOne(living.length, AT_ONCE, async (i) => {
      const cookie = living[i]?.cookie;
      await tryIn(crowd, 'withdrawn key', { cookie, isPage: false });
      await tryIn(crowd, 'withdrawn key', { cookie });
    });
  return { ms, refusedMs, living: living.length, valid };
}

export type Withdrawal = Awaited<ReturnType<typeof withdrawKey>> & { oldKey: string; newKey: string };
