/** Where places and admissions are kept: `localStorage`, so that a reload and other tabs find them, or the like. */
export type ClientStorage = {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
};

/** The prefix of every key that is stored: other scripts of the site have their own. */
export const PREFIX = 'frontrow:';

/** Keeps values as long as the client lives. */
export function memoryStorage(): ClientStorage {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

/** One JSON value of a storage. */
export function storedIn<Value>(storage: ClientStorage, name: string) {
  const key = PREFIX + name;
  return {
    key,
    read(): Value | undefined {
      try {
        return JSON.parse(storage.getItem(key) ?? 'null') ?? undefined;
      } catch {
        return undefined; // an earlier version stored another format
      }
    },
    write: (value: Value): void => storage.setItem(key, JSON.stringify(value)),
    remove: (): void => storage.removeItem(key),
  };
}
