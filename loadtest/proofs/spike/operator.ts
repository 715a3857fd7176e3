import { ADMIN_TOKEN } from '../../kit/rig.ts';

/** An operator of the system at this address. @throws Error where it refuses */
export const operatorOf =
  (url: string) =>
  async (method: 'GET' | 'PUT' | 'PATCH' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` };
    const answer = await fetch(url + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
