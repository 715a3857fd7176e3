import { createRandom } from '../../kit/random.ts';
import { BODY_CATEGORIES } from './body-inputs.ts';
import { BYTE_CATEGORIES } from './byte-inputs.ts';
import { type Category, category, type Input, type World } from './category.ts';
import { HEAD_CATEGORIES } from './head-inputs.ts';
import { MISTAKE_CATEGORIES } from './mistake-inputs.ts';
import { anyRequest, readable } from './requests.ts';
import { SOCKET_CATEGORIES } from './socket-inputs.ts';
import { pickWeighted } from './values.ts';

const CATEGORIES: readonly Category[] = [
  category(10, 'valid', (random, world) => readable(anyRequest(random, world))),
  ...BODY_CATEGORIES,
  ...MISTAKE_CATEGORIES,
  ...HEAD_CATEGORIES,
  ...BYTE_CATEGORIES,
  ...SOCKET_CATEGORIES,
];

/** The input with this number of this seed: the same each time, but for the ids of tickets. */
export function inputOf(seed: number, index: number, world: World): Input {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) + index);
  const { what, make } = pickWeighted(random, CATEGORIES);
  return { what, ...make(random, world) };
}
