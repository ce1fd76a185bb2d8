import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

// One page with everything in it; serfsim puts title and data in (serfsim/replays/page.py).
export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
  build: { outDir: "dist", target: "es2022", chunkSizeWarningLimit: 1000 },
});
