import { createRandom } from '../../kit/random.ts';
import { BODY_CATEGORIES } from './body-inputs.ts';
import { BYTE_CATEGORIES } from './byte-inputs.ts';
import { HEAD_CATEGORIES } from './head-inputs.ts';
import { MISTAKE_CATEGORIES } from './mistake-inputs.ts';
import { anyRequest, whole } from './requests.ts';
import { SOCKET_CATEGORIES } from './socket-inputs.ts';
import { pickWeighted, type Random } from './values.ts';

/** What inputs may speak of: what is there in the system that they go to. */
export type World = { tickets: readonly string[]; events: readonly number[]; adminToken: string | undefined };

/** A request that has to be answered. */
export type AskedFor = {
  path: string;
  head: boolean;
  /** Only a refusal is right. */
  refused?: boolean;
  /** It must not be answered with "later": its content is wrong at any time. */
  decided?: boolean;
};

/** One input: bytes for one connection. */
export type Input = {
  /** What was done to it. */
  what: string;
  bytes: Buffer;
  /** The requests that are in it, where they can be read and so must all be answered. */
  asks?: readonly AskedFor[];
  /** Sent byte by byte. */
  drips?: boolean;
  /** Bytes of WebSocket frames, sent once the upgrade in `bytes` was accepted. */
  frames?: Buffer;
  /** Whether a message that is sent after these frames must be answered, unless the server has closed. */
  goesOn?: boolean;
};

/** What is done, by weight. */
export type Categories = readonly (readonly [
  weight: number,
  readonly [what: string, make: (random: Random, world: World) => Omit<Input, 'what'>],
])[];

const CATEGORIES: Categories = [
  [10, ['valid', (random, world) => whole(anyRequest(random, world))]],
  ...[...BODY_CATEGORIES, ...MISTAKE_CATEGORIES, ...HEAD_CATEGORIES, ...BYTE_CATEGORIES, ...SOCKET_CATEGORIES],
];

/** The input with this number of this seed: the same one each time, but for the ids of tickets. */
export function inputOf(seed: number, index: number, world: World): Input {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) + index);
  const [what, make] = pickWeighted(random, CATEGORIES);
  return { what, ...make(random, world) };
}
