/** Calls `act` when this process is told to end: by Ctrl-C, a signal, or the death of who started it. It may be called more than once. */
export function onEnding(act: () => void): void {
  process.on('SIGINT', act);
  process.on('SIGTERM', act);
  process.on('SIGHUP', act);
  process.on('disconnect', act);
  whenParentDies(act);
}

/** npm that is killed with -9 tells nobody: then this process gets another parent, and nobody is left who could stop it. */
function whenParentDies(act: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return; // started by hand, perhaps to outlive its shell
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) act();
  }, 500).unref();
}
