import { z } from 'zod';
import {
  entryBody,
  entryView,
  gateKeyId,
  gateKeyList,
  gateKeyView,
  jwksView,
  verifiedView,
  verifyBody,
} from '../../../shared/contract/gate.ts';
import { answer, type OperationPaths, ok, operations } from './operations.ts';
import { asVisitor, ofEvent } from './parameters.ts';

const ofSite = operations('Gate', 'public');
const ofAdmin = operations('Gate', 'admin');

/** Headers of the proxy in front of a site. nginx sends the first ones, Traefik and Caddy the others. */
const ofProxy = z.object({
  'X-Original-URL': z.string().optional(),
  'X-Original-Method': z.string().optional(),
  'X-Forwarded-Proto': z.string().optional(),
  'X-Forwarded-Host': z.string().optional(),
  'X-Forwarded-Uri': z.string().optional(),
  'X-Forwarded-Method': z.string().optional(),
});

const redirect = (description: string) => ({
  description,
  headers: z.object({ Location: z.string(), 'Set-Cookie': z.string().optional() }),
});

const ofKey = { path: z.object({ id: gateKeyId }) };

export const gatePaths: OperationPaths = {
  '/gate/{id}': {
    get: ofSite(
      'askGate',
      "Decide a request to a site of the event, for the site's proxy",
      { ...ofEvent, header: ofProxy },
      {
        '204': { description: 'The request passes.' },
        '302': redirect('For Traefik and Caddy: to the waiting page, or to the same address with an admission.'),
        '401': redirect('For nginx: the same.'),
      },
      ['EVENT_UNKNOWN', 'SITE_UNKNOWN'],
    ),
  },
  '/api/gate/verify': {
    post: ofSite(
      'verifyAdmission',
      'Verify an entry, which is taken by that, or an admission to a site: its signature, and all that changed since',
      { body: verifyBody },
      ok('It is valid.', verifiedView),
      ['ADMISSION_INVALID'],
    ),
  },
  '/api/events/{id}/waiting-room/entry': {
    post: ofSite(
      'enterSite',
      'Get the address of a site of the event, with an entry once the turn has come',
      { ...ofEvent, ...asVisitor, body: entryBody, bodyOptional: true },
      ok('The address.', entryView),
      ['EVENT_UNKNOWN', 'SITE_UNKNOWN', 'PLACE_UNKNOWN', 'ADMISSION_REQUIRED', 'ADMISSION_INVALID'],
    ),
  },
  '/.well-known/jwks.json': {
    get: ofSite(
      'showPublicKeys',
      'The public keys that verify admissions to sites',
      {},
      { '200': { ...answer('The keys (RFC 7517).', jwksView), headers: z.object({ 'Cache-Control': z.string() }) } },
    ),
  },
  '/admin/gate-keys': {
    get: ofAdmin('listGateKeys', 'List the keys that sign admissions to sites', {}, ok('The keys.', gateKeyList)),
    post: ofAdmin(
      'publishGateKey',
      'Publish a new key. It signs once no cache is without it',
      {},
      { '201': answer('The new key.', gateKeyView) },
      ['TOO_MANY_KEYS'],
    ),
  },
  '/admin/gate-keys/{id}': {
    delete: ofAdmin(
      'withdrawGateKey',
      'Withdraw a key at once, with all admissions that it has signed',
      ofKey,
      { '204': { description: 'Withdrawn.' } },
      ['KEY_UNKNOWN'],
    ),
  },
};
