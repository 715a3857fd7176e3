import type { Method } from '../../../client/src/index.ts';

/** Sends a command of the overview, which shows its refusal. @returns the answer; undefined if it was refused */
export type Command = (method: Method, path: string, body: object) => Promise<unknown>;
