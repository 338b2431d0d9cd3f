// @ts-check
// In JavaScript that every Node can read: an older one stops at the first TypeScript file, with a stack trace.
const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  console.error(
    `This program needs Node.js ${NEEDED} or later; it was started with ${process.versions.node}. Install it, or run \`npm ci\`, which installs one in the project.`,
  );
  process.exit(1);
}
