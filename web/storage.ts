/** The prefix of every key that these pages store: other pages of the host have their own. */
const PREFIX = 'frontrow:';

/** `localStorage` is shared by all tabs and outlives them, `sessionStorage` belongs to one tab. */
type Area = 'localStorage' | 'sessionStorage';

const storages = { localStorage: usableStorage('localStorage'), sessionStorage: usableStorage('sessionStorage') };

/** Values of this page alone, where the browser stores nothing. */
const memory = new Map<string, string>();

/** One JSON value in the browser's storage, or in this page's memory where the browser stores nothing. */
export function storedValue<Value>(name: string, area: Area = 'localStorage') {
  const storage = storages[area];
  const key = PREFIX + name;
  return {
    key,
    /** Whether a reload finds the value again. */
    isDurable: storage !== undefined,
    read(): Value | undefined {
      const text = memory.get(key) ?? storage?.getItem(key) ?? undefined;
      return text === undefined ? undefined : parsed(text);
    },
    write(value: Value): void {
      const text = JSON.stringify(value);
      memory.set(key, text);
      try {
        storage?.setItem(key, text);
        if (storage !== undefined) memory.delete(key); // other tabs may change it
      } catch {
        // The storage is full: the value stays in this page's memory.
      }
    },
    remove(): void {
      memory.delete(key);
      storage?.removeItem(key);
    },
  };

  function parsed(text: string): Value | undefined {
    try {
      return JSON.parse(text) as Value;
    } catch {
      return undefined; // an earlier version stored another format
    }
  }
}

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
