import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { jwksView } from '../../../shared/contract/gate.ts';

const inBase64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens that were made from an admission without the key that signs. */
export async function forge(admission: string, keysUrl: string): Promise<string[]> {
  const [header = '', payload = '', signature = ''] = admission.split('.');
  const { kid = '' } = decodeProtectedHeader(admission);
  const claims = decodeJwt(admission);
  const later = { ...claims, position: 1, exp: Number(claims.exp) + 3_600, until: Number(claims.until) + 3_600 };
  const { privateKey } = await generateKeyPair('EdDSA');
  const { keys } = jwksView.parse(await (await fetch(keysUrl)).json());
  const publicKey = Buffer.from(keys.find((key) => key.kid === kid)?.x ?? kid, 'base64url');
  const sign = (alg: string, key: Parameters<SignJWT['sign']>[0], more: object = {}) =>
    new SignJWT(later).setProtectedHeader({ alg, kid, typ: 'admission+jwt', ...more }).sign(key);
  const unsigned = inBase64({ alg: 'none', kid, typ: 'admission+jwt' });
  return [
    `${header}.${inBase64(later)}.${signature}`,
    await sign('EdDSA', privateKey),
    await sign('EdDSA', privateKey, { kid: 'a-key-that-was-never-published' }),
    await sign('HS256', publicKey.length < 32 ? Buffer.alloc(32, publicKey) : publicKey),
    `${unsigned}.${payload}.`,
    `${unsigned}.${payload}.${signature}`,
    `${header}.${payload}.${'A'.repeat(signature.length)}`,
    `${header}.${payload}`,
  ];
}
