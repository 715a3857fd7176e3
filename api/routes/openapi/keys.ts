import { z } from 'zod';
import { keyBody, keyId, keyList, newKey } from '../../../shared/contract/keys.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';

const ofAdmin = operations('Keys', 'admin');

export const keyPaths: OperationPaths = {
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
