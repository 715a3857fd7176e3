import { z } from 'zod';
import { credential, keyBody, keyId, keyList, newKey } from '../../../shared/contract/keys.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';

const ofAdmin = operations('Keys', 'admin');
const ofOperator = operations('Keys', 'operator');

export const keyPaths: OperationPaths = {
  '/admin/me': {
    get: ofOperator(
      'showCredential',
      'Show the name and the scopes of the key, or of the admin token, that the request carries',
      {},
      ok('Its name and scopes.', credential),
    ),
  },
  '/admin/keys': {
    get: ofAdmin('listKeys', 'List the keys of trusted servers, without their secrets', {}, ok('The keys.', keyList)),
    post: ofAdmin(
      'createKey',
      'Make a key. Its secret is shown only in this answer',
      { body: keyBody },
      { '201': answer('Made. It is valid at every API process within three seconds.', newKey) },
      ['TOO_MANY_KEYS'],
    ),
  },
  '/admin/keys/{id}': {
    delete: ofAdmin(
      'revokeKey',
      'Revoke a key: it is refused everywhere within five seconds',
      { path: z.object({ id: keyId }) },
      { '204': { description: 'Revoked.' } },
      ['KEY_UNKNOWN'],
    ),
  },
};
