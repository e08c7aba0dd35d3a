//! A net that is loaded, checked and ready to run.
//!
//! Loading holds everything the manifest says against the file (digest, names, shapes, operators) and runs the net once on a built-in
//! picture whose answer is recorded: what a wrong kernel or a broken build would change is found at start and not at the door. A run gives
//! an error where a number of an output isn't finite, and an error never opens anything.

mod load;

use crate::vision::models::{Entry, ModelError};
use std::sync::Arc;
use tract_onnx::prelude::*;

pub use crate::vision::ops::Rules;
pub use load::MOST_BYTES;

/// A net that is ready to run. One thread runs it at a time; it can be sent to another.
#[derive(Debug)]
pub struct Net {
    entry: Entry,
    shape: [usize; 4],
    state: TypedSimpleState,
    input: Arc<Tensor>,
    outputs: TVec<TValue>,
    is_tested: bool,
}

impl Net {
    /// Reads, checks and prepares the file of a net. `size` (height, width) sets another input than the manifest's; only nets of the YuNet
    /// family take one, of multiples of 32. Takes 60 to 300 ms.
    ///
    /// # Errors
    /// The file is missing, larger than [`MOST_BYTES`], has another digest, is no ONNX file, holds operators that aren't known here, has
    /// other inputs or outputs than the manifest says, or answers the built-in picture otherwise than recorded.
    pub fn load(entry: &Entry, size: Option<(usize, usize)>) -> Result<Net, ModelError> {
        load::load(entry, size, &Rules::default())
    }

    /// As [`Net::load`], with a choice of the rewriting rules: for benches and for tests that hold a rule against its absence.
    ///
    /// # Errors
    /// As [`Net::load`].
    pub fn load_with(entry: &Entry, size: Option<(usize, usize)>, rules: &Rules) -> Result<Net, ModelError> {
        load::load(entry, size, rules)
    }

    /// What the manifest says of it.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// 1, 3, height, width of the input as it was loaded.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// Whether a recorded answer was there to test it with, and it gave that answer.
    pub fn is_tested(&self) -> bool {
        self.is_tested
    }

    /// How many operators of this name the optimised net has.
    #[cfg(test)]
    pub(crate) fn count_of(&self, operator: &str) -> usize {
        self.state.model().nodes().iter().filter(|n| n.op.name() == operator).count()
    }

    /// The input, to be filled before [`Net::run`]: three planes of height x width in the entry's colour order, row by row, already
    /// normalised. Holds what was last written to it.
    pub fn input(&mut self) -> &mut [f32] {
        // Unshared since the last run ended, so nothing is copied here; `make_mut` copies where the engine should ever keep it.
        let view = Arc::make_mut(&mut self.input).to_plain_array_view_mut::<f32>();
        view.ok().and_then(|v| v.into_slice()).expect("`load` made it of f32 and in one piece, and nothing changes that")
    }

    /// Runs the net on the input. The outputs come in the manifest's order.
    ///
    /// # Errors
    /// The engine failed, or an output holds a number that isn't finite.
    pub fn run(&mut self) -> Result<Outputs<'_>, ModelError> {
        self.outputs.clear();
        let input = self.input.clone().into_tvalue();
        self.outputs = match self.state.run(tvec!(input)) {
            Ok(outputs) => outputs,
            Err(e) => {
                // What the failed run left must not reach the next.
                let _ = self.state.reset_turn();
                return Err(ModelError::Run { name: self.entry.name.clone(), why: format!("{e:#}") });
            }
        };
        for (output, name) in self.outputs.iter().zip(&self.entry.outputs) {
            let numbers = numbers(output);
            if let Some(at) = numbers.iter().position(|n| !n.is_finite()) {
                return Err(ModelError::NotFinite { name: self.entry.name.clone(), output: name.clone(), at, value: numbers[at] });
            }
        }
        Ok(Outputs { tensors: &self.outputs })
    }
}

/// What a run gave.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'n> {
    tensors: &'n [TValue],
}

impl<'n> Outputs<'n> {
    /// The numbers of an output, by its place in the manifest, row by row. All are finite.
    ///
    /// # Panics
    /// There is no such output: the manifest's count was checked when it was read.
    pub fn get(&self, output: usize) -> &'n [f32] {
        numbers(&self.tensors[output])
    }

    /// The shape of an output.
    ///
    /// # Panics
    /// As [`Outputs::get`].
    pub fn shape(&self, output: usize) -> &'n [usize] {
        self.tensors[output].shape()
    }

    /// How many outputs.
    pub fn count(&self) -> usize {
        self.tensors.len()
    }
}

fn numbers(tensor: &TValue) -> &[f32] {
    tensor.as_plain_ram().and_then(|t| t.as_slice().ok()).expect("`load` checked that every output is of f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Digest;
    use crate::vision::models::{Library, Role};
    use sha2::Digest as _;
    use std::path::Path;

    fn library() -> Library {
        Library::open(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nets")]).unwrap()
    }

    fn entry(name: &str) -> Entry {
        library().find(name).unwrap().clone()
    }

    fn said(entry: &Entry) -> String {
        Net::load(entry, None).unwrap_err().to_string()
    }

    #[test]
    fn a_net_loads_runs_and_gives_the_recorded_answer() {
        let mut net = Net::load(&entry("tiny_node"), None).unwrap();
        assert!(net.is_tested());
        assert_eq!(net.shape(), [1, 3, 32, 32]);
        assert_eq!(net.input().len(), 3 * 32 * 32);
        net.input().fill(0.25);
        let first = net.run().unwrap().get(0).to_vec();
        assert_eq!(first.len(), 8);
        assert_eq!(net.run().unwrap().get(0), first, "a run leaves nothing behind");
        net.input().fill(-0.25);
        assert_ne!(net.run().unwrap().get(0), first);
    }

    #[test]
    fn a_net_can_be_sent_to_another_thread() {
        let mut net = Net::load(&entry("tiny_max"), None).unwrap();
        let here = net.run().unwrap().get(0).to_vec();
        let there = std::thread::spawn(move || net.run().unwrap().get(0).to_vec()).join().unwrap();
        assert_eq!(here, there);
    }

    #[test]
    fn outputs_come_in_the_manifests_order() {
        let mut net = Net::load(&entry("tiny_detector"), None).unwrap();
        assert!(net.is_tested());
        let outputs = net.run().unwrap();
        assert_eq!(outputs.count(), 12);
        assert_eq!(outputs.shape(0), [1, 64, 1]);
        assert_eq!(outputs.shape(8), [1, 4, 4]);
        assert_eq!(outputs.shape(11), [1, 4, 10]);
    }

    #[test]
    fn a_detector_takes_other_multiples_of_32_and_nothing_else() {
        let entry = entry("tiny_detector");
        let mut net = Net::load(&entry, Some((96, 160))).unwrap();
        assert!(net.is_tested());
        assert_eq!(net.shape(), [1, 3, 96, 160]);
        assert_eq!(net.run().unwrap().shape(0), [1, 12 * 20, 1]);
        for (size, why) in [((96, 150), "multiples of 32"), ((0, 64), "32 to 2048"), ((64, 4096), "32 to 2048")] {
            let said = Net::load(&entry, Some(size)).unwrap_err().to_string();
            assert!(said.contains(why) && said.contains(&format!("{}x{}", size.1, size.0)), "{said}");
        }
        assert!(Net::load(&self::entry("tiny_max"), Some((64, 64))).unwrap_err().to_string().contains("fixed by its file"));
    }

    #[test]
    fn another_digest_says_both() {
        let mut entry = entry("tiny_max");
        let right = entry.digest;
        entry.digest = Digest([7; 32]);
        let said = said(&entry);
        assert!(said.contains(&right.to_string()) && said.contains(&"07".repeat(32)) && said.contains("tiny_max.onnx"), "{said}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let mut entry = entry("tiny_max");
        entry.file = "/nowhere/net.onnx".into();
        assert!(said(&entry).contains("cannot read its file /nowhere/net.onnx"));
    }

    #[test]
    fn a_file_above_the_limit_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut entry = entry("tiny_max");
        entry.file = dir.path().join("large.onnx");
        std::fs::File::create(&entry.file).unwrap().set_len(MOST_BYTES + 1).unwrap();
        let said = said(&entry);
        assert!(said.contains(&(MOST_BYTES + 1).to_string()) && said.contains(&MOST_BYTES.to_string()), "{said}");
    }

    #[test]
    fn damaged_bytes_with_a_right_digest_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let mut entry = entry("tiny_max");
        let whole = std::fs::read(&entry.file).unwrap();
        entry.file = dir.path().join("damaged.onnx");
        let zeros = whole.iter().enumerate().map(|(i, b)| if i % 97 == 13 { 0 } else { *b }).collect();
        for bytes in [Vec::new(), b"no net at all".to_vec(), whole[..whole.len() / 2].to_vec(), whole[..whole.len() - 40].to_vec(), zeros] {
            std::fs::write(&entry.file, &bytes).unwrap();
            entry.digest = Digest(sha2::Sha256::digest(&bytes).into());
            assert!(Net::load(&entry, None).is_err(), "{} bytes", bytes.len());
        }
    }

    #[test]
    fn an_unknown_operator_is_named() {
        assert!(said(&entry("tiny_unknown")).ends_with("Frobnicate"), "{}", said(&entry("tiny_unknown")));
    }

    #[test]
    fn a_manifest_that_says_otherwise_than_the_file_says_both() {
        type Change = fn(&mut Entry);
        let cases: [(Change, [&str; 2]); 6] = [
            (|e| e.input.name = "picture".into(), ["says picture", "file input"]),
            (|e| e.input.shape = [1, 3, 64, 64], ["says 1x3x64x64", "file 1x3x32x32"]),
            (|e| e.outputs = vec!["features".into()], ["says `features`", "file embedding"]),
            (|e| e.dimension = Some(128), ["says 1x128", "file 1x8"]),
            (|e| (e.role, e.live_index) = (Role::Liveness, Some(8)), ["live_index 8 below N", "file 1x8"]),
            (|e| e.role = Role::Detector, ["says 1x16x1 (YuNet at 32x32)", "file 1x8"]),
        ];
        for (change, sides) in cases {
            let mut entry = entry("tiny_max");
            change(&mut entry);
            let said = said(&entry);
            assert!(sides.iter().all(|side| said.contains(side)), "{said}");
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_an_error() {
        let mut net = Net::load(&entry("tiny_nan"), None).unwrap();
        assert!(!net.is_tested());
        let said = net.run().unwrap_err().to_string();
        assert!(said.contains("number 0 of its output `embedding` is NaN"), "{said}");

        let mut net = Net::load(&entry("tiny_max"), None).unwrap();
        net.input().fill(f32::NAN);
        assert!(matches!(net.run(), Err(ModelError::NotFinite { .. })));
        net.input().fill(0.0);
        assert!(net.run().is_ok(), "one bad picture spoils no other");
    }

    #[test]
    fn another_answer_than_recorded_is_refused() {
        let mut entry = entry("tiny_sum");
        let answer = entry.answer.as_mut().unwrap();
        answer[2] += 0.01;
        let said = said(&entry);
        assert!(said.contains("number 2 is") && said.contains("otherwise than recorded"), "{said}");
        entry.answer = Some(vec![0.0; 9]);
        assert!(Net::load(&entry, None).is_err(), "more numbers than the net has");
    }
}
