/** Calls `act`, perhaps more than once, when this process is to end: on Ctrl-C, a signal, or its parent's death. */
export function onEnding(act: () => void): void {
  process.on('SIGINT', act);
  process.on('SIGTERM', act);
  process.on('SIGHUP', act);
  process.on('disconnect', act);
  whenParentDies(act);
}

/** An npm that is killed with -9 sends no signal: this process gets another parent, and no terminal could stop it. */
function whenParentDies(act: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return; // started by hand, perhaps to outlive its shell
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) act();
  }, 500).unref();
}
