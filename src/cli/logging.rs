//! Log lines on stderr: for the journal a level that it understands and no time, elsewhere time and level.

use std::io::Write;

/// Starts the log. `RUST_LOG` chooses what is said; warnings of everybody and our own notices otherwise.
pub fn start() {
    let journal = std::env::var_os("JOURNAL_STREAM").is_some() || std::env::var_os("NOTIFY_SOCKET").is_some();
    let mut builder = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error,facegate=info"));
    builder.format(move |out, record| {
        if journal {
            let level = match record.level() {
                log::Level::Error => 3,
                log::Level::Warn => 4,
                log::Level::Info => 6,
                log::Level::Debug | log::Level::Trace => 7,
            };
            writeln!(out, "<{level}>{}", record.args())
        } else {
            writeln!(out, "{} {:5} {}", jiff::Timestamp::now().strftime("%H:%M:%S%.3fZ"), record.level(), record.args())
        }
    });
    // A second start (in tests) keeps the first log.
    let _ = builder.try_init();
}
