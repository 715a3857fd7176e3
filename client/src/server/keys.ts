import type { BuyerToken, BuyerTokenRequest, KeyRequest, KeyView, NewKey } from '../contract.ts';
import { FrontrowError } from '../error.ts';
import type { FollowOptions } from '../tickets.ts';
import type { Transport } from '../transport.ts';

/** Tokens with which a customer's browser acts as the buyer. */
export const createBuyerTokens = (transport: Transport) => ({
  /** Makes a token for `seconds`, 60 to 86,400; an hour without it. Needs the scope `sell`. */
  create: async (wanted: BuyerTokenRequest, following?: FollowOptions): Promise<BuyerToken> =>
    (await transport.request<BuyerToken>('POST', '/api/buyer-tokens', { ...following, body: wanted })).body,
});

/** The keys of trusted servers: for a client whose `key` is the admin token. */
export const createKeys = (transport: Transport) => ({
  /**
   * Makes a key. Only this answer has its secret, `key`. It is sent once: after NO_ANSWER there may be a key whose
   * secret nobody has, which `list` shows by its name. Revoke it.
   */
  create: async (wanted: KeyRequest, { signal }: Pick<FollowOptions, 'signal'> = {}): Promise<NewKey> =>
    (await transport.attempt<NewKey>('POST', '/admin/keys', { signal, body: wanted })).body,

  /** All keys that are not revoked, the oldest first. */
  list: async (following?: FollowOptions): Promise<KeyView[]> =>
    (await transport.request<{ keys: KeyView[] }>('GET', '/admin/keys', following)).body.keys,

  /** Revokes a key: within five seconds it is refused everywhere. @throws FrontrowError KEY_UNKNOWN */
  async revoke(id: number, { signal, onRetry }: FollowOptions = {}): Promise<void> {
    let isRepeated = false;
    const noted: FollowOptions = {
      signal,
      onRetry(error, pauseMs) {
        isRepeated = true;
        onRetry?.(error, pauseMs);
      },
    };
    await transport.request('DELETE', `/admin/keys/${id}`, noted).catch((fault) => {
      // The answer to an attempt before was lost.
      if (!(isRepeated && fault instanceof FrontrowError && fault.code === 'KEY_UNKNOWN')) throw fault;
    });
  },
});
