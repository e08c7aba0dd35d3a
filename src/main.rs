use std::process::ExitCode;

fn main() -> ExitCode {
    facegate::cli::main()
}
