//! The rule `one-pass-prelu`: finds PReLU where a file writes it with plain arithmetic.
//!
//! Two forms are known, with a constant slope `a` for each channel:
//! `max(x, a * x)` where no slope exceeds 1, and `a * x + b * max(x, 0)` with `b = 1 - a`.

use super::prelu::Prelu;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::Rewriter;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::math::{Add, Max, Mul};

/// How far `a + b` may be from 1: both were rounded to f32 when the file was written, and slopes are of the order of 1.
const ROUNDING: f32 = 1e-6;

pub fn one_pass_prelu(model: &mut TypedModel) -> TractResult<()> {
    // Slopes come as constants behind operators that add their axes: those are folded first.
    model.prop_consts()?;
    Rewriter::default().with_rule_for::<TypedBinOp>("one-pass-prelu", rule).rewrite(&(), model)
}

fn rule(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &TypedBinOp) -> TractResult<Option<TypedModelPatch>> {
    let found = if op.0.is::<Max>() {
        max_form(model, node)
    } else if op.0.is::<Add>() {
        sum_form(model, node)
    } else {
        None
    };
    let Some((x, slopes)) = found else { return Ok(None) };
    let fact = model.outlet_fact(x)?;
    // Slopes must not widen x, or the operator's output would be another shape than the node's.
    if fact.datum_type != f32::datum_type() || fact.shape != node.outputs[0].fact.shape {
        return Ok(None);
    }
    let Some(prelu) = Prelu::per_channel(&slopes, &fact.shape) else { return Ok(None) };
    let mut patch = TypedModelPatch::new("one-pass-prelu");
    let tap = patch.tap_model(model, x)?;
    let out = patch.wire_node(name, prelu, &[tap])?;
    patch.shunt_outside(model, node.id.into(), out[0])?;
    Ok(Some(patch))
}

/// `max(x, a * x)`: x and a.
fn max_form(model: &TypedModel, node: &TypedNode) -> Option<(OutletId, Arc<Tensor>)> {
    either_way(node, |x, other| {
        let (factor_of, slopes) = scaled(model, other)?;
        let most = values(&slopes)?.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        (factor_of == x && most <= 1.0).then_some((x, slopes))
    })
}

/// `a * x + b * max(x, 0)`: x and a.
fn sum_form(model: &TypedModel, node: &TypedNode) -> Option<(OutletId, Arc<Tensor>)> {
    either_way(node, |sloped, rest| {
        let (x, a) = scaled(model, sloped)?;
        let (relu, b) = scaled(model, rest)?;
        let fits = |(a, b): (&f32, &f32)| (a + b - 1.0).abs() <= ROUNDING * a.abs().max(1.0);
        let complementary = a.shape() == b.shape() && values(&a)?.iter().zip(values(&b)?).all(fits);
        (complementary && relu_of(model, relu)? == x).then_some((x, a))
    })
}

/// `x * constant`: x and the constant.
fn scaled(model: &TypedModel, outlet: OutletId) -> Option<(OutletId, Arc<Tensor>)> {
    either_way(binary::<Mul>(model, outlet)?, |x, constant| Some((x, model.outlet_fact(constant).ok()?.konst.clone()?)))
}

/// `max(x, 0)`: x.
fn relu_of(model: &TypedModel, outlet: OutletId) -> Option<OutletId> {
    either_way(binary::<Max>(model, outlet)?, |x, zero| {
        let zero = model.outlet_fact(zero).ok()?.konst.clone()?;
        values(&zero)?.iter().all(|v| *v == 0.0).then_some(x)
    })
}

fn binary<O: BinMiniOp>(model: &TypedModel, outlet: OutletId) -> Option<&TypedNode> {
    let node = model.node(outlet.node);
    node.op_as::<TypedBinOp>().filter(|op| op.0.is::<O>()).map(|_| node)
}

/// Tries both orders of a commutative node's two inputs.
fn either_way<T>(node: &TypedNode, find: impl Fn(OutletId, OutletId) -> Option<T>) -> Option<T> {
    let &[a, b] = node.inputs.as_slice() else { return None };
    find(a, b).or_else(|| find(b, a))
}

fn values(tensor: &Tensor) -> Option<&[f32]> {
    tensor.as_plain_ram()?.as_slice().ok()
}
