import { createDocument } from 'zod-openapi';
import { adminPaths } from './admin.ts';
import { bookingPaths } from './bookings.ts';
import { buyerPaths } from './buyers.ts';
import { compatPaths } from './compat.ts';
import { eventPaths } from './events.ts';
import { healthPaths } from './health.ts';
import { keyPaths } from './keys.ts';
import { orderPaths } from './orders.ts';
import { userPaths } from './users.ts';
import { waitingRoomPaths } from './waiting-room.ts';

const description =
  'Queue-backed seat booking. A request answers with a ticket; its outcome is polled, or pushed over WebSocket `/ws`.';

const securitySchemes = {
  user: { type: 'http', scheme: 'bearer', description: 'The token of `POST /api/users/login`, where AUTH=on.' },
  operator: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN: it has every scope.' },
  key: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A key of `POST /admin/keys`: scope `sell` to sell and to name buyers, `return` to return sold seats, `read` ' +
      'to read what is not the own, `operate` for what operators do. Every route refuses an invalid key with 401.',
  },
} as const;

/** The API as OpenAPI 3.1, made from the schemas that parse requests and type answers. */
export const openApiDocument = () =>
  createDocument({
    openapi: '3.1.0',
    info: { title: 'Frontrow', version: '1', description },
    components: { securitySchemes },
    paths: {
      ...compatPaths,
      ...bookingPaths,
      ...orderPaths,
      ...eventPaths,
      ...waitingRoomPaths,
      ...adminPaths,
      ...keyPaths,
      ...buyerPaths,
      ...userPaths,
      ...healthPaths,
    },
  });
