import { createCore } from '../client/src/core.ts';
import { pageStorage } from './storage.ts';
import { storedSession } from './stored-values.ts';

/** The client of this page, with the token of the user who is logged in. */
export const frontrow = createCore({
  baseUrl: location.origin,
  token: () => storedSession().read()?.token,
  storage: pageStorage,
});

/** Reads a resource once. @throws FrontrowError */
export const get = async <Answer>(path: string): Promise<Answer> => (await frontrow.attempt<Answer>('GET', path)).body;
