//! 1:K search through an index: one probe against K templates, one a person. `cargo bench --bench search`

use divan::{Bencher, black_box};
use facegate::gallery::{Builder, Index, Rotation};
use facegate::units::{Digest, Embedding, PersonId, TemplateId};
use std::sync::Arc;

fn main() {
    divan::main();
}

/// Numbers between -1 and 1; the same at each run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn embedding(&mut self, dimension: usize) -> Embedding {
        let numbers: Vec<f32> = (0..dimension).map(|_| self.next()).collect();
        Embedding::normalised(&numbers).unwrap()
    }
}

fn index(k: usize, dimension: usize) -> Index {
    let mut numbers = Numbers(1);
    let mut builder = Builder::new(Digest([0; 32]), Arc::new(Rotation::from_seed(&[7; 32], dimension)));
    for id in 1..=k as i64 {
        // A turned random vector is a random vector: no need to turn it.
        assert!(builder.add_turned(PersonId(id), TemplateId(id), numbers.embedding(dimension).values()));
    }
    builder.build()
}

#[divan::bench(args = [100, 10_000, 100_000], consts = [128, 512])]
fn search<const DIMENSION: usize>(bencher: Bencher<'_, '_>, k: usize) {
    let (index, probe) = (index(k, DIMENSION), Numbers(2).embedding(DIMENSION));
    bencher.bench_local(|| black_box(&index).search(black_box(&probe)));
}

#[divan::bench(args = [128, 512])]
fn rotation_from_seed(dimension: usize) -> Rotation {
    Rotation::from_seed(black_box(&[7; 32]), dimension)
}
