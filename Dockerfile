# One image for migrate, api and worker; docker-compose.yml has the command of each. `docker build -t frontrow .`

FROM node:24.19.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --workspaces=false --omit=dev --no-audit --no-fund
COPY . .
RUN npm run build

# Packages of production, without the optional ones, which build and run the system on a developer's machine.
# @prisma/client also carries compilers for four other databases.
FROM node:24.19.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --workspaces=false --omit=dev --omit=optional --no-audit --no-fund
RUN find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name '*_small_bg.postgresql.*' -delete
RUN find node_modules -name '*.map' -delete

FROM node:24.19.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY package.json ./
COPY lua lua
COPY prisma prisma
COPY scripts/node.sh scripts/
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/build/web build/web
COPY --from=build /app/build/embed build/embed
COPY --from=build /app/build/shared build/shared
COPY --from=build /app/build/commands build/commands
COPY --from=build /app/build/local build/local
COPY --from=build /app/build/workers build/workers
COPY --from=build /app/build/api build/api
USER node
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
CMD ["scripts/node.sh", "build/api/main.js"]
