import { beforeEach, expect, test } from '@jest/globals';

/** A storage whose values are its own properties, as in a browser. */
class FakeStorage {
  [key: string]: unknown;
  getItem(key: string) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }
  setItem(key: string, text: string) {
    if (key.endsWith(':full')) throw new Error('the storage is full');
    this[key] = text;
  }
  removeItem(key: string) {
    delete this[key];
  }
}

const [shared, ofTab] = [new FakeStorage(), new FakeStorage()];
const define = (name: string, get: () => unknown) =>
  Object.defineProperty(globalThis, name, { configurable: true, get });
define('localStorage', () => shared);
define('sessionStorage', () => ofTab);
const { removeStoredValues, storedValue } = await import('./storage.ts');

beforeEach(() => {
  for (const storage of [shared, ofTab]) for (const key of Object.keys(storage)) storage.removeItem(key);
});

test('a value is stored as JSON under the prefix of these pages, for all tabs or for one', () => {
  storedValue<object>('place:1').write({ visitorToken: 'a' });
  storedValue<string>('admin-token', 'sessionStorage').write('secret');
  expect({ ...shared }).toEqual({ 'frontrow:place:1': '{"visitorToken":"a"}' });
  expect({ ...ofTab }).toEqual({ 'frontrow:admin-token': '"secret"' });
  expect(storedValue<object>('place:1').read()).toEqual({ visitorToken: 'a' });
  storedValue('place:1').remove();
  expect(storedValue('place:1').read()).toBeUndefined();
});

test('a value of another format counts as absent', () => {
  shared.setItem('frontrow:user', 'no JSON');
  expect(storedValue('user').read()).toBeUndefined();
});

test('where the storage is full, the page itself remembers the value', () => {
  const value = storedValue<number>('full');
  value.write(1);
  expect([value.read(), Object.keys(shared)]).toEqual([1, []]);
  value.remove();
  expect(value.read()).toBeUndefined();
});

test('the values of a user are removed by their names, and no others', () => {
  for (const key of ['frontrow:user', 'frontrow:purchase:1', 'frontrow:users', 'frontrow:place:1', 'user'])
    shared.setItem(key, '1');
  removeStoredValues(['user', 'purchase']);
  expect(Object.keys(shared)).toEqual(['frontrow:users', 'frontrow:place:1', 'user']);
});
