// Loaded into wrangler by `--import`: when the process that started it is gone, even by SIGKILL, its whole group goes too.
process.once("disconnect", () => process.kill(process.platform === "win32" ? process.pid : 0, "SIGTERM"))
process.channel?.unref()
