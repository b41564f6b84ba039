// Where the card's tests are; HubSpot's own functions live on `self`, which node does not have.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['tests/**/*.test.{ts,tsx}'], setupFiles: ['tests/setup.ts'], environment: 'node' },
});
