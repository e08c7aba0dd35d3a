//! One run of each net on one thread, with the rewriting rules and without.
//!
//! ```text
//! cargo bench --bench nets                                # tract alone
//! python benches/against_onnxruntime.py PROGRAM MODELS    # both engines taking turns, and their ratios
//! ```
//!
//! The nets are those of `FACEGATE_MODELS`, else of `../shared/models`, else the tiny ones of the tests.

use divan::Bencher;
use facegate::vision::Net;
use facegate::vision::models::Library;
use facegate::vision::net::Rules;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("FACEGATE_MODELS").map(PathBuf::from);
    let dir = given.into_iter().chain([here.join("../shared/models"), here.join("tests/fixtures/nets")]);
    let dir = dir.into_iter().find(|d| d.join("manifest.toml").exists()).expect("the tests' nets are part of the tree");
    Library::open(&[dir]).unwrap_or_else(|e| panic!("{e}"))
});

fn main() {
    divan::main();
}

fn names() -> Vec<&'static str> {
    // What can't be loaded (the tests hold such nets) can't be measured.
    LIBRARY.entries().iter().filter(|e| Net::load(e, None).is_ok_and(|mut net| net.run().is_ok())).map(|e| e.name.as_str()).collect()
}

fn measure(bencher: Bencher<'_, '_>, name: &str, rules: &Rules) {
    let entry = LIBRARY.find(name).unwrap_or_else(|e| panic!("{e}"));
    let mut net = Net::load_with(entry, None, rules).unwrap_or_else(|e| panic!("{e}"));
    net.input().iter_mut().enumerate().for_each(|(i, x)| *x = (i as f32 * 0.37).sin());
    bencher.bench_local(|| net.run().map(|outputs| outputs.get(0)[0]).expect("it ran a moment ago"));
}

#[divan::bench(args = names(), sample_count = 40, sample_size = 1)]
fn with_rules(bencher: Bencher<'_, '_>, name: &str) {
    measure(bencher, name, &Rules::default());
}

#[divan::bench(args = names(), sample_count = 40, sample_size = 1)]
fn without_rules(bencher: Bencher<'_, '_>, name: &str) {
    measure(bencher, name, &Rules::none());
}
