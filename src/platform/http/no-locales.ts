/** Stands in for zod's messages in other languages, by the alias in wrangler.toml: esbuild cannot see that nobody asks for them. */
export {}
