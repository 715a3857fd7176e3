/** The paths of the compat routes, which answer 200, 201 and 409 only. */
export const COMPAT_PATHS = /^\/(reserve|occupancy|availability|initialize|stats|clear|waiting-room)([/?]|$)/i;
