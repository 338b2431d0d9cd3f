# The service, and with another command its stand-in Invoice Cloud and its command line. There is no build: Node runs
# the TypeScript as it is. Give it DATABASE_URL and MASTER_KEY: the container keeps nothing of its own.
FROM node:24-bookworm-slim

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY ic-idp ./
COPY src ./src
COPY sandbox ./sandbox

RUN ln -s /app/ic-idp /usr/local/bin/ic-idp

ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000
# The files above belong to root, so the service cannot change its own program.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts"]
