# The platform of this repository: docs/deployment.md, which also has one for your application.
FROM node:22-alpine AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && node .ci/runtime.mjs /app

FROM node:22-alpine
ENV NODE_ENV=production \
    PORT=8888 \
    TLS_PORT=0 \
    DATA_DIR=/data
RUN mkdir /data && chown node:node /data
WORKDIR /app
COPY --from=build /app .
USER 1000:1000
EXPOSE 8888
# Liveness, not readiness: an orchestrator may restart an unhealthy container, and without Redis it must not.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: SIGTERM reaches Node, which drains its connections.
CMD ["node", "dist/main.js"]
