//! Operators of our own for tract, and the rules that bring them into a net.
//!
//! A rule rewrites a part of the net's graph into something that gives the same numbers faster. Each has a name and a switch in [`Rules`], so
//! that a bench or a doubt can do without it.

mod prelu;
mod rewrite;

use tract_onnx::prelude::*;

/// Which rules are applied when a net is loaded. All, unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// `one-pass-prelu`: PReLU as one operator that walks its input once, for PRelu nodes and for the two ways in which files write it
    /// with plain arithmetic.
    pub one_pass_prelu: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { one_pass_prelu: true }
    }
}

impl Rules {
    /// The nets exactly as tract has them.
    pub fn none() -> Rules {
        Rules { one_pass_prelu: false }
    }

    /// An ONNX reader with these rules' own readings of nodes.
    pub fn reader(&self) -> tract_onnx::Onnx {
        let mut onnx = tract_onnx::onnx();
        if self.one_pass_prelu {
            onnx.op_register.insert("PRelu", prelu::read);
        }
        onnx
    }

    /// Applies the rules to a net as it comes from the reader, before tract optimises it.
    pub fn apply(&self, model: &mut TypedModel) -> TractResult<()> {
        if self.one_pass_prelu {
            rewrite::one_pass_prelu(model)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::Net;
    use crate::vision::models::Library;
    use std::path::Path;

    /// The same net with and without the rules on the same picture: how many one-pass operators, and the largest difference.
    fn compared(name: &str) -> (usize, f32) {
        let library = Library::open(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nets")]).unwrap();
        let entry = library.find(name).unwrap();
        let (mut with, mut without) = (Net::load(entry, None).unwrap(), Net::load_with(entry, None, &Rules::none()).unwrap());
        assert_eq!(without.count_of("OnePassPrelu"), 0);
        for net in [&mut with, &mut without] {
            net.input().iter_mut().enumerate().for_each(|(i, x)| *x = (i as f32 * 0.37).sin());
        }
        let difference = with.run().unwrap().get(0).iter().zip(without.run().unwrap().get(0)).map(|(a, b)| (a - b).abs());
        let difference = difference.fold(0.0, f32::max);
        (with.count_of("OnePassPrelu"), difference)
    }

    #[test]
    fn prelu_in_each_of_its_forms_becomes_one_pass_and_gives_the_same_numbers() {
        for name in ["tiny_node", "tiny_max", "tiny_sum"] {
            let (operators, difference) = compared(name);
            assert_eq!(operators, 3, "{name}");
            assert!(difference <= 1e-6, "{name}: {difference}");
        }
    }

    #[test]
    fn a_maximum_with_a_slope_above_one_is_left_alone() {
        // Each of its three layers has one such slope.
        let (operators, difference) = compared("tiny_steep_max");
        assert_eq!((operators, difference), (0, 0.0));
    }
}
