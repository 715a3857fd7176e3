/** A promise's result, unless it takes longer than this or fails. */
export function within<Result, Other>(ms: number, promise: Promise<Result>, otherwise: Other): Promise<Result | Other> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(otherwise), ms);
    const settle = (result: Result | Other) => {
      clearTimeout(timer);
      resolve(result);
    };
    promise.then(settle, () => settle(otherwise));
  });
}
