//! PReLU in one pass: `x` where `x > 0`, else `slope * x`, with one slope a channel (He et al. 2015, "Delving Deep into Rectifiers", eq. 1).
//!
//! tract reads an ONNX `PRelu` as Mul, Greater and Iff: three walks through memory, more than half of the time of a MobileFaceNet.

use std::sync::Arc;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::internal::*;

/// The operator. Its input and output have the same shape; channels lie along `axis`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prelu {
    /// Which axis the slopes belong to.
    pub axis: usize,
    /// One a channel.
    pub slopes: Arc<[f32]>,
}

// Slopes are finite (see `per_channel`), so equality is total.
impl Eq for Prelu {}

impl Prelu {
    /// Slopes that are constant, finite and vary along one axis at most, as an operator for an input of this shape; None for any others.
    pub fn per_channel(slopes: &Tensor, shape: &[TDim]) -> Option<Prelu> {
        let values = slopes.as_plain_ram()?.as_slice::<f32>().ok()?;
        let leading = shape.len().checked_sub(slopes.rank())?;
        if !values.iter().all(|v| v.is_finite()) {
            return None;
        }
        let mut varying = slopes.shape().iter().enumerate().filter(|(_, n)| **n != 1).map(|(axis, _)| axis + leading);
        let (axis, single) = (varying.next(), varying.next().is_none());
        // One slope for all: any axis will do; the channels' lets it be changed like any other.
        let axis = axis.unwrap_or(1.min(shape.len().checked_sub(1)?));
        let channels = shape[axis].to_usize().ok()?;
        let slopes = match values.len() {
            1 => vec![values[0]; channels],
            n if single && n == channels => values.to_vec(),
            _ => return None,
        };
        Some(Prelu { axis, slopes: slopes.into() })
    }

    /// In place over numbers of this shape.
    fn apply(&self, shape: &[usize], numbers: &mut [f32]) {
        let inner: usize = shape[self.axis + 1..].iter().product();
        if inner == 1 {
            for pixel in numbers.chunks_exact_mut(self.slopes.len()) {
                pixel.iter_mut().zip(self.slopes.iter()).for_each(|(x, slope)| *x = prelu(*x, *slope));
            }
        } else {
            for (plane, slope) in numbers.chunks_exact_mut(inner).zip(self.slopes.iter().cycle()) {
                plane.iter_mut().for_each(|x| *x = prelu(*x, *slope));
            }
        }
    }
}

/// NaN stays NaN.
#[inline(always)]
fn prelu(x: f32, slope: f32) -> f32 {
    if x > 0.0 { x } else { slope * x }
}

impl Op for Prelu {
    fn name(&self) -> StaticName {
        "OnePassPrelu".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("axis: {}, slopes: {}", self.axis, self.slopes.len())])
    }

    op_as_typed_op!();
}

impl EvalOp for Prelu {
    op_out_of_plan!();

    fn eval(&self, _ctx: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        // Copies only where somebody else still reads the input.
        let mut tensor = args_1!(inputs).into_tensor();
        let shape: TVec<usize> = tensor.shape().into();
        ensure!(shape.get(self.axis) == Some(&self.slopes.len()), "{:?} got an input of {shape:?}", self);
        self.apply(&shape, tensor.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(tvec!(tensor.into_tvalue()))
    }
}

impl TypedOp for Prelu {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs.len() == 1 && inputs[0].datum_type == f32::datum_type(), "PReLU takes one input of f32, got {inputs:?}");
        ensure!(inputs[0].shape.get(self.axis).is_some_and(|n| *n == self.slopes.len().to_dim()), "{:?} got {:?}", self, inputs[0]);
        Ok(tvec!(inputs[0].without_value()))
    }

    fn axes_mapping(&self, inputs: &[&TypedFact], outputs: &[&TypedFact]) -> TractResult<AxesMapping> {
        AxesMapping::natural(inputs, outputs)
    }

    fn change_axes(&self, model: &TypedModel, node: &TypedNode, _io: InOut, change: &AxisOp) -> TractResult<Option<AxisChangeConsequence>> {
        let Some(axis) = change.transform_axis(self.axis) else { return Ok(None) };
        let op: Box<dyn TypedOp> = Box::new(Prelu { axis, slopes: self.slopes.clone() });
        Ok(Some(AxisChangeConsequence::new(model, node, Some(op), change)))
    }

    fn cost(&self, inputs: &[&TypedFact]) -> TractResult<TVec<(Cost, TDim)>> {
        Ok(tvec!((Cost::FMA(f32::datum_type()), inputs[0].shape.volume())))
    }

    as_op!();
}

/// Reads an ONNX PRelu node.
pub fn read(_: &tract_onnx::model::ParsingContext, _: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(OnnxPrelu), vec![]))
}

/// The node before shapes are known.
#[derive(Debug, Clone)]
struct OnnxPrelu;

impl Expansion for OnnxPrelu {
    fn name(&self) -> StaticName {
        "PRelu".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(&'s self, s: &mut Solver<'r>, inputs: &'p [TensorProxy], outputs: &'p [TensorProxy]) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        s.equals(&inputs[0].datum_type, &outputs[0].datum_type)?;
        s.equals(&inputs[0].shape, &outputs[0].shape)?;
        Ok(())
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let x = model.outlet_fact(inputs[0])?.clone();
        let slopes = model.outlet_fact(inputs[1])?.konst.clone();
        if x.datum_type == f32::datum_type()
            && let Some(op) = slopes.and_then(|s| Prelu::per_channel(&s, &x.shape))
        {
            return model.wire_node(name, op, &inputs[..1]);
        }
        // Slopes that are computed or vary along several axes: max(x, 0) + slope * min(x, 0), with tract's own operators.
        let zero = tensor0(0f32).cast_to_dt(x.datum_type)?.into_owned().broadcast_into_rank(x.rank())?;
        let zero = model.add_const(format!("{name}.zero"), zero)?;
        let mut slope = inputs[1];
        while model.outlet_fact(slope)?.rank() < x.rank() {
            slope = model.wire_node(format!("{name}.add-axis-{}", model.outlet_fact(slope)?.rank()), AxisOp::Add(0), &[slope])?[0];
        }
        let above = model.wire_node(format!("{name}.above"), math::max(), &[inputs[0], zero])?[0];
        let below = model.wire_node(format!("{name}.below"), math::min(), &[inputs[0], zero])?[0];
        let below = model.wire_node(format!("{name}.sloped"), math::mul(), &[below, slope])?[0];
        model.wire_node(name, math::add(), &[above, below])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(op: &Prelu, shape: &[usize], numbers: &[f32]) -> Vec<f32> {
        let input = Tensor::from_shape(shape, numbers).unwrap().into_tvalue();
        let kept = input.clone();
        let output = op.eval(&EvalContext::out_of_plan(), tvec!(input)).unwrap();
        let bits = |numbers: &[f32]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        let kept = kept.as_plain_ram().unwrap().as_slice::<f32>().unwrap();
        assert_eq!(bits(kept), bits(numbers), "an input that others read stays as it is");
        output[0].as_plain_ram().unwrap().as_slice().unwrap().to_vec()
    }

    #[test]
    fn each_channel_has_its_slope_whatever_the_layout() {
        let numbers = [-1.0, 2.0, -3.0, -4.0, 5.0, -6.0];
        let planes = Prelu { axis: 1, slopes: vec![0.5, -1.0].into() };
        assert_eq!(run(&planes, &[1, 2, 1, 3], &numbers), [-0.5, 2.0, -1.5, 4.0, 5.0, 6.0]);
        let pixels = Prelu { axis: 3, slopes: vec![0.5, -1.0].into() };
        assert_eq!(run(&pixels, &[1, 1, 3, 2], &numbers), [-0.5, 2.0, -1.5, 4.0, 5.0, 6.0]);
        let batch = Prelu { axis: 1, slopes: vec![10.0].into() };
        assert_eq!(run(&batch, &[2, 1, 3], &numbers), [-10.0, 2.0, -30.0, -40.0, 5.0, -60.0]);
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        let out = run(&Prelu { axis: 0, slopes: vec![0.5].into() }, &[1, 3], &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [f32::INFINITY, f32::NEG_INFINITY]);
    }

    #[test]
    fn a_shape_it_was_not_made_for_is_an_error() {
        let op = Prelu { axis: 1, slopes: vec![0.5; 4].into() };
        let input = Tensor::zero::<f32>(&[1, 3, 2, 2]).unwrap().into_tvalue();
        assert!(op.eval(&EvalContext::out_of_plan(), tvec!(input)).is_err());
    }

    #[test]
    fn only_finite_slopes_along_one_axis_are_taken() {
        let shape: TVec<TDim> = [1, 4, 2, 2].iter().map(|d: &usize| d.to_dim()).collect();
        let slopes = |shape: &[usize], values: &[f32]| Tensor::from_shape(shape, values).unwrap();
        let taken = |t: Tensor| Prelu::per_channel(&t, &shape);
        assert_eq!(taken(slopes(&[4, 1, 1], &[0.1, 0.2, 0.3, 0.4])).unwrap().axis, 1);
        assert_eq!(taken(slopes(&[1, 4, 1, 1], &[0.1; 4])).unwrap().axis, 1);
        assert_eq!(taken(slopes(&[1], &[0.1])).unwrap(), Prelu { axis: 1, slopes: vec![0.1; 4].into() });
        assert_eq!(taken(slopes(&[2], &[0.1, 0.2])).unwrap().axis, 3);
        assert!(taken(slopes(&[4, 2, 1], &[0.1; 8])).is_none());
        assert!(taken(slopes(&[3, 1, 1], &[0.1; 3])).is_none());
        assert!(taken(slopes(&[4, 1, 1], &[0.1, f32::NAN, 0.1, 0.1])).is_none());
        assert!(taken(slopes(&[1, 1, 4, 1, 1], &[0.1; 4])).is_none());
    }
}
