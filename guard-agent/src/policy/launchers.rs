//! Programs that are looked through when a command line is judged: what they
//! are given to run stands in their place. Policies add theirs under
//! `launchers`.

/// File names of interpreters and launchers, and the words some of them put
/// before the command (`npm exec -- prisma`, `uv run alembic`).
pub(crate) const DEFAULT: &[&str] = &[
    // Shells and interpreters.
    "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "busybox", "toybox", "node",
    "nodejs", "python", "python2", "python3", "perl", "ruby", "php", "lua", "java", "tsx",
    "ts-node", // Package runners.
    "npx", "npm", "pnpm", "pnpx", "yarn", "yarnpkg", "bunx", "bun", "deno", "corepack", "uv",
    "uvx", "pipx", "pipenv", "poetry", "rye", "hatch", "pdm", "bundle", "bundler", "rbenv",
    "pyenv", "nvm", "asdf", "mise", "dotenv", "direnv", "doppler", "cross-env",
    // Programs that start another one.
    "env", "sudo", "doas", "su", "runuser", "nohup", "nice", "ionice", "chrt", "taskset",
    "timeout", "time", "xargs", "setsid", "setarch", "setpriv", "stdbuf", "unbuffer", "script",
    "strace", "ltrace", "gdb", "watch", "flock", "unshare", "nsenter", "chroot", "systemd-run",
    "command", "parallel", "firejail", "bwrap", "tini", "dumb-init", "catatonit", "ld.so",
    // Their words.
    "exec", "run", "dlx", "x", "tool", "--",
];
