/** A setting that is wrong or missing. It ends the start with its message and no stack. */
export class ConfigError extends Error {}
