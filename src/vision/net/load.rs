//! From a file to a net that is ready: digest, names, shapes, operators, a run on the built-in picture.

use super::Net;
use crate::units::Digest;
use crate::vision::models::{Answer, Entry, ModelError, Role, YUNET_OUTPUTS};
use crate::vision::ops::Rules;
use sha2::{Digest as _, Sha256};
use std::io::Read;
use std::sync::Arc;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::unimpl::UnimplementedOp;
use tract_onnx::tract_hir::internal::InferenceOp;

/// The largest file that is read: six times the largest net that this program is meant for.
pub const MOST_BYTES: u64 = 64 << 20;

pub fn load(entry: &Entry, size: Option<(usize, usize)>, rules: &Rules) -> Result<Net, ModelError> {
    let [_, _, height, width] = entry.input.shape;
    let size = size.unwrap_or((height, width));
    fits(entry, size)?;
    let model = parse(entry, &read(entry)?, rules)?;
    // The answer is recorded for the manifest's size; a net for another size is of the same weights and operators.
    let mut net = prepare(entry, model.clone(), (height, width), rules)?;
    let is_tested = Answer::of(entry).map(|answer| answer.hold_against(&mut net)).transpose()?.is_some();
    if !is_tested {
        log::warn!(
            "net {}: no answer to the built-in picture is recorded, so this processor's arithmetic was not tested with it",
            entry.name
        );
    }
    if size != (height, width) {
        net = prepare(entry, model, size, rules)?;
    }
    net.is_tested = is_tested;
    net.input().fill(0.0);
    Ok(net)
}

fn fits(entry: &Entry, (height, width): (usize, usize)) -> Result<(), ModelError> {
    let why = if (height, width) == (entry.input.height(), entry.input.width()) {
        return Ok(());
    } else if !entry.is_resizable() {
        "its size is fixed by its file"
    } else if height % 32 != 0 || width % 32 != 0 {
        "both must be multiples of 32"
    } else if !(32..=2048).contains(&height) || !(32..=2048).contains(&width) {
        "both must be 32 to 2048"
    } else {
        return Ok(());
    };
    Err(ModelError::Size { name: entry.name.clone(), height, width, why })
}

/// The bytes of the file, if they are the ones that the manifest means.
pub(in crate::vision) fn read(entry: &Entry) -> Result<Vec<u8>, ModelError> {
    let failed = |source| ModelError::File { name: entry.name.clone(), path: entry.file.clone(), source };
    let file = std::fs::File::open(&entry.file).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::with_capacity(size.min(MOST_BYTES) as usize);
    // One byte more than allowed shows a file that is larger than it says, such as a device.
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    let size = size.max(bytes.len() as u64);
    if size > MOST_BYTES {
        return Err(ModelError::TooLarge { name: entry.name.clone(), path: entry.file.clone(), bytes: size, most: MOST_BYTES });
    }
    let found = Digest(Sha256::digest(&bytes).into());
    if found != entry.digest {
        return Err(ModelError::Digest { name: entry.name.clone(), path: entry.file.clone(), expected: entry.digest, found });
    }
    Ok(bytes)
}

fn parse(entry: &Entry, bytes: &[u8], rules: &Rules) -> Result<InferenceModel, ModelError> {
    let not_onnx = |why: String| ModelError::NotOnnx { name: entry.name.clone(), path: entry.file.clone(), why };
    // Shapes written into the file beside its input belong to one size; they are inferred anew from the input's.
    let reader = rules.reader().with_ignore_value_info(true).with_ignore_output_shapes(true);
    // tract's reader indexes by names of the file without looking: on a damaged file that is a panic, and here an error.
    let parsed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reader.model_for_read(&mut &bytes[..])));
    let model = parsed.map_err(|_| not_onnx("its parts don't fit together".into()))?.map_err(|e| not_onnx(format!("{e:#}")))?;

    let mut operators: Vec<String> =
        model.nodes().iter().filter(|n| n.op_is::<UnimplementedOp>()).map(|n| unknown_operator(&*n.op)).collect();
    operators.sort();
    operators.dedup();
    if !operators.is_empty() {
        return Err(ModelError::Operators { name: entry.name.clone(), operators });
    }

    let names = |outlets: &[OutletId]| outlets.iter().map(|o| model.node(o.node).name.clone()).collect::<Vec<_>>();
    let inputs = names(&model.inputs);
    if inputs != [entry.input.name.as_str()] {
        return Err(mismatch(entry, "input", &entry.input.name, &inputs.join(", ")));
    }
    let shape = model.input_fact(0).ok().and_then(|f| f.shape.as_concrete_finite().ok().flatten());
    if let Some(shape) = shape
        && shape.as_slice() != entry.input.shape
    {
        return Err(mismatch(entry, &format!("shape of input `{}`", entry.input.name), &shown(&entry.input.shape), &shown(&shape)));
    }
    let labels: Vec<&str> = model.outputs.iter().filter_map(|o| model.outlet_label(*o)).collect();
    if let Some(missing) = entry.outputs.iter().find(|o| !labels.contains(&o.as_str())) {
        return Err(mismatch(entry, "outputs", &format!("`{missing}`"), &labels.join(", ")));
    }
    Ok(model)
}

/// "Unimplemented(Foo)" is how tract calls an operator Foo that it doesn't know.
fn unknown_operator(op: &dyn InferenceOp) -> String {
    let name = op.name();
    name.strip_prefix("Unimplemented(").and_then(|n| n.strip_suffix(')')).unwrap_or(&name).to_owned()
}

fn prepare(entry: &Entry, model: InferenceModel, (height, width): (usize, usize), rules: &Rules) -> Result<Net, ModelError> {
    let failed = |e: TractError| ModelError::Prepare { name: entry.name.clone(), why: format!("{e:#}") };
    let shape = [1, 3, height, width];
    let typed = || -> TractResult<TypedModel> {
        let fact = InferenceFact::dt_shape(f32::datum_type(), shape);
        let mut model = model.with_input_fact(0, fact)?.with_outputs_by_name(&entry.outputs)?.into_typed()?;
        rules.apply(&mut model)?;
        Ok(model)
    };
    let model = typed().map_err(failed)?;
    outputs_fit(entry, &model, (height, width))?;
    let state = || -> TractResult<TypedSimpleState> { model.into_optimized()?.into_runnable()?.spawn() };
    let input = Tensor::zero::<f32>(&shape).map_err(failed)?;
    Ok(Net { entry: entry.clone(), shape, state: state().map_err(failed)?, input: Arc::new(input), outputs: tvec!(), is_tested: false })
}

fn outputs_fit(entry: &Entry, model: &TypedModel, size: (usize, usize)) -> Result<(), ModelError> {
    for (place, name) in entry.outputs.iter().enumerate() {
        let fact = model.output_fact(place).map_err(|e| ModelError::Prepare { name: entry.name.clone(), why: format!("{e:#}") })?;
        let found = fact.shape.as_concrete().map(<[usize]>::to_vec).unwrap_or_default();
        if fact.datum_type != f32::datum_type() {
            return Err(mismatch(
                entry,
                &format!("numbers of output `{name}`"),
                "f32 (version 1 knows no other)",
                &format!("{:?}", fact.datum_type),
            ));
        }
        let what = format!("shape of output `{name}`");
        match entry.role {
            Role::Detector => {
                let expected = yunet_shape(place, size);
                if found != expected {
                    return Err(mismatch(entry, &what, &format!("{} (YuNet at {}x{})", shown(&expected), size.1, size.0), &shown(&found)));
                }
            }
            Role::Encoder => {
                let expected = [1, entry.dimension.unwrap_or(0)];
                if found != expected {
                    return Err(mismatch(entry, &what, &shown(&expected), &shown(&found)));
                }
            }
            Role::Liveness => {
                let live = entry.live_index.unwrap_or(usize::MAX);
                if found.len() != 2 || found[0] != 1 || found[1] < 2 || live >= found[1] {
                    return Err(mismatch(entry, &what, &format!("1xN with live_index {live} below N"), &shown(&found)));
                }
            }
        }
    }
    Ok(())
}

/// cls, obj, bbox and kps for the strides 8, 16 and 32: 1 x cells x (1, 1, 4 or 10).
fn yunet_shape(place: usize, (height, width): (usize, usize)) -> Vec<usize> {
    const STRIDES: [usize; 3] = [8, 16, 32];
    const NUMBERS: [usize; YUNET_OUTPUTS / STRIDES.len()] = [1, 1, 4, 10];
    let stride = STRIDES[place % STRIDES.len()];
    vec![1, (height / stride) * (width / stride), NUMBERS[place / STRIDES.len()]]
}

fn mismatch(entry: &Entry, what: &str, expected: &str, found: &str) -> ModelError {
    ModelError::Mismatch { name: entry.name.clone(), what: what.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

fn shown(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}
