import { createCore } from '../../client/src/core.ts';
import type { FrontrowError, Method } from '../../client/src/index.ts';
import type { Credential, Scope } from '../../shared/contract/keys.ts';
import { isFinal, isRefused } from '../refused.ts';
import { storedAdminToken } from '../stored-values.ts';

/** The operator who is logged in, and the requests that are sent with the operator's key. */
export type Operator = {
  /** As the trail names it: `admin token`, or `key <name>`. */
  name: string;
  can: (scope: Scope) => boolean;
  /** Reads a resource. Throws FrontrowError. */
  read: <Answer>(path: string) => Promise<Answer>;
  /** Sends a command. Throws FrontrowError. */
  command: <Answer>(method: Method, path: string, body?: object) => Promise<Answer>;
  /** Sends a change, which is done once however often it is sent under its key. Throws FrontrowError. */
  act: <Answer>(act: Act) => Promise<{ isDone: boolean; answer: Answer }>;
};

/** A change with its idempotency key. It is done unless it is in the queue still. */
export type Act = { method: 'POST' | 'PATCH'; path: string; body: object; key: string };

/** Milliseconds that an act may take: an operator's job has a minute on the server. */
const ACT_TIMEOUT_MS = 70_000;

/**
 * The phases of the operator's pages, and the transitions between them:
 *
 * - `connecting`: the server has not said yet what the stored key may do. It does → `in`. It refuses → `door`. It does
 *   not answer: it is asked again.
 * - `door`: there is no key, or it was refused. The operator enters one → `connecting`. `isClosed`: no key would help.
 * - `in`: the key is valid. A request is refused for want of a valid key, or the operator leaves → `door`.
 */
export type Entrance =
  | { phase: 'connecting'; trouble?: string }
  | { phase: 'door'; refusal?: string; isClosed?: boolean }
  | { phase: 'in'; operator: Operator };

/** Milliseconds until a server that did not answer is asked again. */
const RETRY_MS = 2_000;

/**
 * Logs an operator in with the key that this tab stores.
 *
 * @param show is called with each phase
 */
export function createEntrance(show: (entrance: Entrance) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;

  async function identify(): Promise<void> {
    clearTimeout(timer);
    try {
      const { name, scopes } = await send<Credential>('GET', '/admin/me');
      if (!isStopped) show({ phase: 'in', operator: operatorOf(name, scopes) });
    } catch (fault) {
      if (!isStopped) takeRefusal(fault as Error);
    }
  }

  function takeRefusal(fault: Error): void {
    if (isFinal(fault)) {
      show(doorAfter(fault));
    } else {
      show({
        phase: 'connecting',
        trouble: isRefused(fault) ? fault.message : 'The server does not answer.',
      });
      timer = setTimeout(() => void identify(), RETRY_MS);
    }
  }

  /** Requests with the key. One that is not valid any more leads back to the door. */
  const operatorOf = (name: string, scopes: readonly Scope[]): Operator => {
    const checked = async <Answer>(sent: Promise<Answer>): Promise<Answer> => {
      try {
        return await sent;
      } catch (fault) {
        if (isRefused(fault) && fault.status === 401) show(doorAfter(fault));
        throw fault;
      }
    };
    return {
      name,
      can: (scope) => scopes.includes(scope),
      read: (path) => checked(send('GET', path)),
      command: (...args) => checked(send(...args)),
      act: (act) => checked(sendAct(act)),
    };
  };

  void identify();
  return {
    /** Logs in with this key, for this tab. */
    enter(key: string): void {
      storedAdminToken().write(key);
      show({ phase: 'connecting' });
      void identify();
    },
    /** Forgets the key, and says why if it was refused. */
    leave(refusal?: string): void {
      storedAdminToken().remove();
      show(refusal === undefined ? { phase: 'door' } : { phase: 'door', refusal });
    },
    stop(): void {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** The door after a refusal. A key that was refused is forgotten. */
function doorAfter(refused: FrontrowError): Entrance {
  const key = storedAdminToken().read();
  storedAdminToken().remove();
  if (refused.code === 'UNAUTHENTICATED')
    return key === undefined ? { phase: 'door' } : { phase: 'door', refusal: refused.message };
  if (key === undefined) return { phase: 'door', refusal: refused.message, isClosed: true };
  return { phase: 'door', refusal: 'This is not the admin token.' };
}

/** The client of the operator, with the key that this tab stores. */
const client = createCore({ baseUrl: location.origin, token: () => storedAdminToken().read() });

async function send<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
  return (await client.attempt<Answer>(method, path, { body, cache: 'no-store' })).body;
}

async function sendAct<Answer>({ method, path, body, key }: Act) {
  const { status, body: answer } = await client.attempt<Answer>(method, path, { body, key, timeoutMs: ACT_TIMEOUT_MS });
  return { isDone: status !== 202, answer };
}
