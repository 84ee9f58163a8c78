import { defineConfig } from 'vitest/config';

// The appliance that `npm run dev` talks to; its certificate is its own, so it is not verified here.
const appliance = process.env['GATEHOUSE_URL'] ?? 'https://localhost:8443';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0, // everything comes from our own host: the Content-Security-Policy refuses data: scripts and fonts
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 300,
  },
  server: {
    proxy: {
      '/api': { target: appliance, secure: false, ws: true, changeOrigin: true, headers: { origin: appliance } },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
