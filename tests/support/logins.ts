import { beforeAll, beforeEach } from '@jest/globals';
import { send } from './client.ts';
import { quickHash } from './databases.ts';
import { useSystem } from './system.ts';

export const SECRET = 'a secret that only this test knows, and nobody else';

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A system with AUTH=on for the calling test file, whose event is empty before each test, and two logged-in users. */
export function useLogins() {
  const system = useSystem({ AUTH: 'on', AUTH_SECRET: SECRET, ZONES: 1, ROWS: 2, SEATS_PER_ROW: 10 });
  const tokens = { anna: '', ben: '' };

  const post = (path: string, body: unknown, token = '', headers = {}) =>
    send(system().url, 'POST', path, body, { ...headers, ...(token ? bearer(token) : {}) });
  const get = (path: string, token = '') => send(system().url, 'GET', path, undefined, token ? bearer(token) : {});
  const login = async (email: string, password: string) => post('/api/users/login', { email, password });
  const hold = (token: string, wish: object, headers = {}) =>
    post('/api/bookings?wait=20', { eventId: 1, ...wish }, token, headers);

  beforeAll(async () => {
    const passwordHash = await quickHash("ben's own");
    await system().prisma.user.update({ where: { id: 2 }, data: { passwordHash } });
    tokens.anna = String((await login('test@example.com', 'password')).body.token);
    tokens.ben = String((await login('user2@example.com', "ben's own")).body.token);
  });
  beforeEach(async () => {
    await system().clearEvent();
    await system().seats.open(1);
  });
  return { system, tokens, post, get, login, hold };
}
