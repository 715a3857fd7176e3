import type { Random } from '../../kit/random.ts';

/** The objects of a system that inputs may name. `cursor`: a place in its feed. */
export type World = {
  tickets: readonly string[];
  events: readonly number[];
  adminToken: string | undefined;
  cursor: string | undefined;
};

/** A request in an input that must be answered. */
export type Expected = {
  path: string;
  isHead: boolean;
  /** Only a refusal is right. */
  isRefused?: boolean;
  /** A temporary refusal is wrong: the content is wrong at any time. */
  isDecided?: boolean;
};

/** One input: bytes for one connection. */
export type Input = {
  /** The category. */
  what: string;
  bytes: Buffer;
  /** The requests in it, where they are readable and so must all be answered. */
  expected?: readonly Expected[];
  /** Sent byte by byte. */
  isSlow?: boolean;
  /** Bytes of WebSocket frames, sent after the upgrade in `bytes` was accepted. */
  frames?: Buffer;
  /** Whether a message after these frames must be answered, unless the server has closed the socket. */
  staysOpen?: boolean;
};

type Make = (random: Random, world: World) => Omit<Input, 'what'>;

/** One kind of input, and how often it comes. */
export type Category = { weight: number; what: string; make: Make };

export const category = (weight: number, what: string, make: Make): Category => ({ weight, what, make });
