import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The one default export of the package: Vite's configuration file has this form.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // Every asset is a file of its own origin: the content security policy allows nothing else.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
