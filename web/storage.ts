import { type ClientStorage, PREFIX, storedIn } from '../client/src/storage.ts';

/** `localStorage` is shared by all tabs and outlives them, `sessionStorage` belongs to one tab. */
type Area = 'localStorage' | 'sessionStorage';

const storages = { localStorage: usableStorage('localStorage'), sessionStorage: usableStorage('sessionStorage') };

/** Values of this page alone, where the browser stores nothing. */
const memory = new Map<string, string>();

/** A storage of the browser, or this page's memory where the browser stores nothing. */
function storageOf(area: Area): ClientStorage {
  const storage = storages[area];
  return {
    getItem: (key) => memory.get(key) ?? storage?.getItem(key) ?? null,
    setItem(key, text) {
      memory.set(key, text);
      try {
        storage?.setItem(key, text);
        if (storage !== undefined) memory.delete(key); // other tabs may change it
      } catch {
        // The storage is full: the value stays in this page's memory.
      }
    },
    removeItem(key) {
      memory.delete(key);
      storage?.removeItem(key);
    },
  };
}

/** The storage that all tabs share. */
export const pageStorage = storageOf('localStorage');

/** Whether a reload finds stored values again. */
export const isStorageDurable = storages.localStorage !== undefined;

/** One JSON value in the browser's storage. */
export const storedValue = <Value>(name: string, area: Area = 'localStorage') => storedIn<Value>(storageOf(area), name);

/** All values of all tabs whose names begin with a word. */
export function storedValuesOf<Value>(name: string): Value[] {
  const start = `${PREFIX}${name}:`;
  const keys = new Set([...memory.keys(), ...Object.keys(storages.localStorage ?? {})]);
  return [...keys]
    .filter((key) => key.startsWith(start))
    .map((key) => storedValue<Value>(key.slice(PREFIX.length)).read())
    .filter((value) => value !== undefined);
}

/** Removes the values of all tabs whose names begin with one of these words. */
export function removeStoredValues(names: readonly string[]): void {
  const pattern = new RegExp(`^${PREFIX}(${names.join('|')})\\b`);
  for (const key of [...memory.keys()]) if (pattern.test(key)) memory.delete(key);
  const storage = storages.localStorage;
  if (storage === undefined) return;
  for (const key of Object.keys(storage)) if (pattern.test(key)) storage.removeItem(key);
}

/** Reading the storage itself throws in a browser that is set to store nothing. */
function usableStorage(area: Area): Storage | undefined {
  const probe = `${PREFIX}probe`;
  try {
    const storage = globalThis[area];
    storage.setItem(probe, probe);
    storage.removeItem(probe);
    return storage;
  } catch {
    return undefined;
  }
}
